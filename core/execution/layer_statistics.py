"""Figures of finished layers, in physical units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ..algorithms.kernel import NOT_OBSERVED
from ..cog.raster_spec import RasterSpec
from ..cog.statistics import BandStatistics
from ..raster.classes import OUTSIDE
from ..raster.grid import Window
from ..raster.pixel_area import ground_of


@dataclass(frozen=True)
class LayerStatistics:
    """Figures of a layer, in physical units.

    Values outside the index's range come from negative reflectance (dark water, shadow, haze): they
    stay in the layer as the formula gives them, but do not enter minimum, maximum and mean, which a
    single one of them could spoil.
    """

    pixels: int = 0
    observed: int = 0
    inside: int = 0
    """Observed pixels within the range."""
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    classes: Mapping[int, tuple[int, float | None]] = field(default_factory=dict)
    """Classes or whole percents of a layer of bytes, ``NOT_OBSERVED`` among them, ``OUTSIDE`` not:
    code → pixels and square metres (None without a reference system).
    """
    outside: int = 0
    """Pixels outside of the area that was asked for, which all other figures leave out."""
    engine: str = field(default="", compare=False)
    """The engine that computed it and why, as a sentence; empty where the caller chose it, or all
    tiles were there already.
    """

    @classmethod
    def of(cls, stored: BandStatistics, spec: RasterSpec, engine: str = "") -> LayerStatistics:
        """From the statistics of the stored numbers; classes are counted apart."""
        return cls(
            stored.pixels,
            stored.observed,
            stored.inside,
            stored.inside_total * spec.scale + spec.offset * stored.inside,
            stored.inside_low * spec.scale + spec.offset,
            stored.inside_high * spec.scale + spec.offset,
            engine=engine,
        )

    def to_dict(self) -> dict[str, float | int | None]:
        """Statistics with units in the names; None where nothing was observed."""
        return {
            "min": self.low if self.inside else None,
            "max": self.high if self.inside else None,
            "mean": self.total / self.inside if self.inside else None,
            "outside_range_percent": 100 * (self.observed - self.inside) / self.observed
            if self.observed
            else 0.0,
            "observed_percent": 100 * self.observed / self.pixels if self.pixels else 0.0,
            "observed_pixels": self.observed,
            "pixels": self.pixels,
        }


class Written(Protocol):
    """A finished layer, with what its statistics need."""

    @property
    def spec(self) -> RasterSpec:
        """What was written."""

    def statistics(self) -> list[BandStatistics]:
        """Statistics of each band, in stored units."""

    def statistics_by_span(self) -> list[tuple[Window, tuple[BandStatistics, ...]]]:
        """Statistics for each span of pixels, row by row, and of each band."""


def written_statistics(writer: Written, engine: str, outside: int = 0) -> list[LayerStatistics]:
    """Statistics of a finished layer's bands; areas span by span, because a pixel's area depends on
    its latitude, or on where it lies in a projection.

    Parameters
    ----------
    outside : int
        Pixels outside of the area that was asked for.
    """
    bands = [LayerStatistics.of(band, writer.spec, engine) for band in writer.statistics()]
    bands = [replace(one, pixels=one.pixels - outside, outside=outside) for one in bands]
    counted = writer.spec.dtype == "uint8" and len(bands) == 1
    return [replace(bands[0], classes=_class_areas(writer))] if counted else bands


def _class_areas(writer: Written) -> dict[int, tuple[int, float | None]]:
    classes: dict[int, tuple[int, float | None]] = {}
    ground_area = ground_of(writer.spec.grid)
    for window, [part] in writer.statistics_by_span():
        area = None if ground_area is None else ground_area.mean(window)
        spoken = [(code, count) for code, count in part.counts if code != OUTSIDE]
        missing = part.pixels - sum(count for _, count in part.counts)
        for code, count in (*spoken, (NOT_OBSERVED, missing)):
            pixels, ground = classes.get(code, (0, 0.0))
            ground = None if area is None or ground is None else ground + count * area
            classes[code] = (pixels + count, ground)
    return classes
