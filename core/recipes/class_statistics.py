"""Areas of a class layer, for people and programs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ..algorithms.kernel import NOT_OBSERVED, OUTSIDE, MapClass
from ..execution.layer_statistics import LayerStatistics
from ..products.result_record import LayerFigures


@dataclass(frozen=True)
class Ground:
    """Pixels, and the ground that they cover."""

    pixels: int
    area_m2: float | None
    """None where the raster has no reference system."""

    @property
    def area_km2(self) -> float | None:
        """Square kilometres."""
        return None if self.area_m2 is None else self.area_m2 / 1e6

    @property
    def area_ha(self) -> float | None:
        """Hectares."""
        return None if self.area_m2 is None else self.area_m2 / 1e4

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, units in the names."""
        return {"pixels": self.pixels, "area_km2": self.area_km2, "area_ha": self.area_ha}


@dataclass(frozen=True)
class ClassShare:
    """One class, or several together: their area and share of what was observed."""

    area_km2: float | None
    area_ha: float | None
    observed_percent: float | None
    """None where nothing was observed."""

    def to_dict(self) -> dict[str, float | None]:
        """JSON-ready, units in the names."""
        return {
            "area_km2": self.area_km2,
            "area_ha": self.area_ha,
            "observed_percent": self.observed_percent,
        }


@dataclass(frozen=True)
class ClassRow:
    """One class of a layer."""

    map_class: MapClass
    ground: Ground
    observed_percent: float | None

    @property
    def color(self) -> str:
        """``#rrggbb``."""
        return "#{:02x}{:02x}{:02x}".format(*self.map_class.color)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, units in the names."""
        return {
            "code": self.map_class.code,
            "name": self.map_class.name,
            "color": self.color,
            **self.ground.to_dict(),
            "observed_percent": self.observed_percent,
        }


@dataclass(frozen=True)
class ClassStatistics:
    """Areas of a layer's classes and of what was not observed.

    Shares of classes are of the observed pixels, the share of what was not observed is of all.
    """

    rows: tuple[ClassRow, ...]
    observed: Ground
    not_observed: Ground
    total: Ground
    outside: int = 0
    """Pixels outside of the area that was asked for, which all else leaves out."""

    @property
    def not_observed_percent(self) -> float | None:
        """Of all pixels."""
        return 100 * self.not_observed.pixels / self.total.pixels if self.total.pixels else None

    def sum_of(self, codes: Collection[int]) -> ClassShare:
        """Add up area and observed share of several classes."""
        rows = [row for row in self.rows if row.map_class.code in codes]
        return ClassShare(
            _sum([row.ground.area_km2 for row in rows]),
            _sum([row.ground.area_ha for row in rows]),
            _sum([row.observed_percent for row in rows]),
        )

    def record(self) -> LayerFigures:
        """Return what the catalogue tells."""
        counts = {row.map_class.code: row.ground.pixels for row in self.rows}
        if self.outside:
            counts[OUTSIDE] = self.outside
        share = 100 * self.observed.pixels / self.total.pixels if self.total.pixels else None
        return LayerFigures(
            valid_percent=share, class_pixels={**counts, NOT_OBSERVED: self.not_observed.pixels}
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, units in the names."""
        return {
            "classes": [row.to_dict() for row in self.rows],
            "observed": self.observed.to_dict(),
            "not_observed": {
                "code": NOT_OBSERVED,
                **self.not_observed.to_dict(),
                "percent": self.not_observed_percent,
            },
            "total": self.total.to_dict(),
            **({"outside_pixels": self.outside} if self.outside else {}),
        }


def class_statistics(layer: LayerStatistics, classes: Sequence[MapClass]) -> ClassStatistics:
    """Work out the areas of a layer's classes from the counts of its pixels."""
    counts = {code: Ground(*count) for code, count in layer.classes.items()}
    unseen = counts.get(NOT_OBSERVED, Ground(0, 0.0))
    total = _sum([ground.area_m2 for ground in counts.values()])
    seen = None if total is None or unseen.area_m2 is None else total - unseen.area_m2
    rows = []
    for map_class in classes:
        ground = counts.get(map_class.code, Ground(0, 0.0))
        percent = 100 * ground.pixels / layer.observed if layer.observed else None
        rows.append(ClassRow(map_class, ground, percent))
    return ClassStatistics(
        tuple(rows),
        Ground(layer.observed, seen),
        unseen,
        Ground(layer.pixels, total),
        layer.outside,
    )


def _sum(values: Sequence[float | None]) -> float | None:
    """None where one of them is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
