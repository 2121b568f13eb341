"""The layers that can be laid under an extent, as parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...exposure.layers import PeopleKind
from ...exposure.survey import LayerSet
from ...offers.context_layers import load_layers
from ...params import Kind, param


@dataclass(frozen=True, kw_only=True)
class LayersBelow:
    """Parameters of every operation that tells what is hit."""

    landcover: Path | None = param(
        None,
        kind=Kind.RASTER_IN,
        title="Land cover",
        help="A raster of classes, such as ESA WorldCover (a context layer).",
    )
    population: Path | None = param(
        None,
        kind=Kind.RASTER_IN,
        title="Population",
        help="A grid of people, such as WorldPop or GHS-POP.",
    )
    population_kind: PeopleKind | None = param(
        None,
        kind=Kind.CHOICE,
        title="Its numbers are",
        choices=tuple(PeopleKind),
        labels={
            PeopleKind.COUNT: "People in each pixel",
            PeopleKind.DENSITY: "People per square kilometre",
        },
        help="count: people in each pixel; density: people for each square kilometre. If not "
        "given, as its unit or its name says.",
        flag="--population-kind",
    )
    buildings: Path | None = param(
        None,
        kind=Kind.VECTOR_IN,
        title="Buildings",
        help="Polygons or points of buildings (GeoPackage, GeoJSON, Shapefile, FlatGeobuf).",
    )
    roads: Path | None = param(None, kind=Kind.VECTOR_IN, title="Roads", help="Lines of roads.")
    districts: Path | None = param(
        None,
        kind=Kind.VECTOR_IN,
        title="Districts",
        help="Polygons with names: each gets its own figures.",
    )
    district_name: str | None = param(
        None,
        kind=Kind.TEXT,
        title="Field of their names",
        help="If not given: name, district, municipality or the first text.",
        flag="--district-name",
        advanced=True,
    )

    def layers(self) -> LayerSet:
        """What is laid under it."""
        return LayerSet(
            landcover=self.landcover,
            population=self.population,
            population_kind=self.population_kind,
            buildings=self.buildings,
            roads=self.roads,
            districts=self.districts,
            district_name=self.district_name or "",
            classes=_known_classes(),
        )


def _known_classes() -> dict[str, dict[int, str]]:
    """Title of each product of land cover that is known → names of its codes."""
    return {
        layer.title: {each.code: each.name for each in layer.classes}
        for layer in load_layers().values()
        if layer.classes
    }
