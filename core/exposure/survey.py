"""All that was given laid under an extent: one :class:`~.report.Exposure`, and what is to be known
of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from ..raster.facts import RasterFacts, read_facts
from ..shapes.features import Feature, FeatureFile, Shape, read_features
from .extent import ExtentMap, covers
from .layers import PeopleKind, cover_names, people_kind
from .report import Exposure, Themes
from .tally import (
    AFFECTED,
    NO_CLASS,
    UNSEEN,
    Hit,
    Zone,
    add_building,
    add_road,
    district_numbers,
    measure,
    sum_area,
    sum_cover,
    sum_people,
)

WHOLE = "whole area"
TOLD = 0.005
"""Share of the affected area that a layer may leave open without a word."""


@dataclass(frozen=True)
class LayerSet:
    """Files to lay under an extent; None where there is none."""

    landcover: Path | None = None
    population: Path | None = None
    population_kind: PeopleKind | None = None
    """None: as its unit or its name says."""
    buildings: Path | None = None
    roads: Path | None = None
    districts: Path | None = None
    district_name: str = ""
    classes: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Title of a product of land cover → names of its codes."""

    @property
    def rasters(self) -> tuple[Path, ...]:
        """Land cover and population, as far as they are given."""
        return tuple(path for path in (self.landcover, self.population) if path is not None)

    @property
    def files(self) -> dict[str, Path]:
        """The files that are given, by what they hold."""
        names = ("landcover", "population", "buildings", "roads", "districts")
        return {name: path for name in names if (path := getattr(self, name)) is not None}


@dataclass
class Survey:
    """What is found under an extent.

    Parameters
    ----------
    warn, step : callable
        Are told sentences, and share and name of what is done next.
    stop : callable
        Asked now and then.
    """

    layers: LayerSet
    warn: Callable[[str], None]
    step: Callable[[float, str], None]
    stop: Callable[[], bool]
    shapes: list[Feature] = field(default_factory=list)
    """Of the districts, in their order."""
    hits: dict[str, list[Hit]] = field(default_factory=dict)
    """``buildings`` and ``roads`` that are affected or not observed."""

    def run(self, extent: ExtentMap) -> Exposure:
        """Sum it all.

        Raises
        ------
        InputError
            If a layer cannot be used.
        RasterError, Cancelled
        """
        whole = Zone(WHOLE)
        sum_area(extent, whole)
        self.shapes = self._read_districts(extent)
        zones = [Zone(one.name or f"district {n}") for n, one in enumerate(self.shapes, start=1)]
        for part, zone in _parts(extent, self.shapes, zones):
            sum_area(part, zone)
        names = self._sum_cover(extent, whole, zones)
        self._sum_people(extent, whole, zones)
        numbers = district_numbers(extent, dict(enumerate(self.shapes))) if self.shapes else None
        for share, kind, add in ((0.6, "buildings", add_building), (0.8, "roads", add_road)):
            path = self.layers.files.get(kind)
            if path is None:
                continue
            self.step(share, kind)
            grid = extent.grid
            features = read_features(FeatureFile.of(path), grid.crs, grid.bounds, stop=self.stop)
            self.hits[kind] = list(_counted(measure(extent, features, numbers), whole, zones, add))
            counted = whole.buildings if kind == "buildings" else whole.roads_m
            if counted.total <= 0:
                self.warn(f"No {kind} of {path.name} lie in the area: are they of this place?")
        files = self.layers.files
        themes = Themes(names, *(kind in files for kind in ("population", "buildings", "roads")))
        return Exposure(whole, zones, themes)

    def _read_districts(self, extent: ExtentMap) -> list[Feature]:
        path = self.layers.districts
        if path is None:
            return []
        file, grid = FeatureFile.of(path), extent.grid
        name = self.layers.district_name
        found = [
            one
            for one in read_features(file, grid.crs, grid.bounds, name, self.stop)
            if one.shape is Shape.POLYGON and any(True for _ in covers(extent, one))
        ]
        if not found:
            self.warn(f"No district of {file.path.name} lies under the extent")
        return found

    def _sum_cover(
        self, extent: ExtentMap, whole: Zone, zones: list[Zone]
    ) -> Mapping[int, str] | None:
        path = self.layers.landcover
        if path is None:
            return None
        self.step(0.15, "land cover")
        facts = _one_band(path, "land cover")
        sum_cover(extent, path, whole, self.stop)
        for part, zone in _parts(extent, self.shapes, zones):
            sum_cover(part, path, zone, self.stop)
        codes = {code for code in whole.cover if code != NO_CLASS}
        names, doubt = cover_names(path, facts, codes, self.layers.classes)
        if doubt:
            self.warn(doubt)
        open_m2 = whole.cover[NO_CLASS].affected if NO_CLASS in whole.cover else 0.0
        self._tell_open(whole, open_m2, f"has no land cover in {path.name}")
        return names

    def _sum_people(self, extent: ExtentMap, whole: Zone, zones: list[Zone]) -> None:
        path = self.layers.population
        if path is None:
            return
        self.step(0.4, "population")
        facts = _one_band(path, "population")
        density = people_kind(facts, self.layers.population_kind) is PeopleKind.DENSITY
        sum_people(extent, path, density, whole, self.stop)
        for part, zone in _parts(extent, self.shapes, zones):
            sum_people(part, path, density, zone, self.stop)
        lacks = f"has no number in {path.name}: nobody is counted there"
        self._tell_open(whole, whole.people.unknown_m2, lacks)

    def _tell_open(self, whole: Zone, open_m2: float, what: str) -> None:
        if whole.area.affected > 0 and open_m2 > TOLD * whole.area.affected:
            self.warn(f"{100 * open_m2 / whole.area.affected:.1f} % of the affected area {what}")


def _one_band(path: Path, what: str) -> RasterFacts:
    facts = read_facts(path)
    if len(facts.bands) != 1:
        why = f"it has {len(facts.bands)} bands"
        raise InputError(f"The {what} {path} cannot be used", why, "Give a raster of one band.")
    return facts


def _parts(
    extent: ExtentMap, shapes: list[Feature], zones: list[Zone]
) -> Iterator[tuple[ExtentMap, Zone]]:
    """The extent in each part of each district."""
    for shape, zone in zip(shapes, zones):
        for window, share in covers(extent, shape):
            yield extent.within(window, share), zone


def _counted(
    found: Iterator[Hit], whole: Zone, zones: list[Zone], add: Callable[..., None]
) -> Iterator[Hit]:
    """Those that are affected or not observed; all are counted."""
    for hit in found:
        add(hit, (whole, *(zones[n] for n in (hit.zone,) if n >= 0)))
        if hit.amounts[AFFECTED] > 1e-6 or hit.amounts[UNSEEN] > 1e-6:
            yield hit
