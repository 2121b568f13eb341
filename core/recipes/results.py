"""Figures of a map and where they come from, as values; JSON only at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import PRODUCT
from ..algorithms.confidence_layer import NAME as CONFIDENCE
from ..algorithms.kernel import NOT_OBSERVED
from ..confidence.interval import AreaInterval, area_interval, edge_interval
from ..confidence.noise import Noise
from ..execution.layer_statistics import LayerStatistics
from ..products.perimeter import Perimeter
from ..products.result_record import LayerFigures
from ..types import AlgorithmResult, Grid, Radiometry
from .class_statistics import ClassShare, ClassStatistics
from .layers import Extent

SURE = 90
"""Percent of confidence from which an area is called sure."""


@dataclass(frozen=True, kw_only=True)
class MapStatistics:
    """Figures of a map."""

    layers: Mapping[str, ClassStatistics | LayerStatistics]
    """Of each layer, by its name: areas where it holds classes, else minimum, maximum and mean."""
    extents: tuple[Extent, ...]
    """The first one is what the map is about; none where its only layer is one of numbers."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """Facts that only the algorithm knows, JSON-ready: a threshold, the pixels it comes from."""
    perimeter: Perimeter | None = None
    least: str = ""
    """Sentence that says why the area of the first extent is rather the least; empty where it may
    be less or more.
    """
    noise: Noise | None = None
    """Of what the map compares with its limit; None where it tells no confidence."""

    @property
    def main(self) -> ClassStatistics:
        """Areas of the layer that the map is about.

        Raises
        ------
        LookupError
            If the map has no extent.
        """
        return self._classes_of(self.extents[0])

    @property
    def numbers(self) -> LayerStatistics | None:
        """Figures of the first layer of numbers."""
        return next((one for one in self.layers.values() if isinstance(one, LayerStatistics)), None)

    @property
    def interval(self) -> AreaInterval | None:
        """The interval of the first extent's area; None where nothing is known of how sure it is.

        Of a map that tells no confidence it is that of its edge alone.
        """
        area_ha = self.share_of(self.extents[0]).area_ha
        edge = self.perimeter.edge_m2 if self.perimeter else None
        if area_ha is None or edge is None or not self.main.observed.pixels:
            return None
        if self.noise is None:
            return edge_interval(area_ha * 1e4, edge)
        return area_interval(area_ha * 1e4, self._likely(), self.noise.shared, edge)

    @property
    def sure_percent(self) -> float | None:
        """Of the first extent's area, the share with a confidence of ``SURE`` or more; None where
        the map tells none.
        """
        area_ha = self.share_of(self.extents[0]).area_ha
        if self.noise is None or not area_ha:
            return None
        sure = sum(area for percent, area in self._likely().items() if percent >= SURE)
        return min(100.0, 100 * sure / (area_ha * 1e4))

    def _likely(self) -> dict[int, float]:
        """Percent of confidence → square metres."""
        layer = self.layers[CONFIDENCE]
        if not isinstance(layer, LayerStatistics):
            raise TypeError(f"the layer {CONFIDENCE} holds classes")
        return {
            percent: area or 0.0
            for percent, (_, area) in layer.classes.items()
            if percent != NOT_OBSERVED
        }

    def share_of(self, extent: Extent) -> ClassShare:
        """Return area and observed share of an extent."""
        return self._classes_of(extent).sum_of(extent.codes)

    def _classes_of(self, extent: Extent) -> ClassStatistics:
        figures = self.layers[extent.layer.name]
        if not isinstance(figures, ClassStatistics):
            raise TypeError(f"the layer {extent.layer.name} of an extent has no classes")
        return figures

    def record_of(self, layer: str) -> LayerFigures:
        """Return what the catalogue tells of a layer."""
        figures = self.layers[layer]
        if isinstance(figures, ClassStatistics):
            return figures.record()
        told = figures.to_dict()
        return LayerFigures(
            valid_percent=told["observed_percent"],
            minimum=told["min"],
            maximum=told["max"],
            mean=told["mean"],
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, units in the names."""
        numbers = self.numbers.to_dict() if self.numbers else {}
        if not self.extents:
            return {**self.own, **numbers}
        kept = ("min", "max", "mean", "observed_percent")
        return {
            **self.own,
            **{key: numbers[key] for key in kept if key in numbers},
            **self.main.to_dict(),
            **{extent.name: self.share_of(extent).to_dict() for extent in self.extents},
            "layers": {name: figures.to_dict() for name, figures in self.layers.items()},
            **({"perimeter": self.perimeter.to_dict()} if self.perimeter else {}),
            "interval": self.interval.to_dict() if self.interval else None,
            "sure_percent": self.sure_percent,
            "limit_noise": self.noise.to_dict() if self.noise else None,
        }


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Inputs and method of a map."""

    operation: str
    parameters: Mapping[str, Any]
    formula: str
    reference: str
    inputs: Mapping[str, Any]
    """Each input with the state of its files, JSON-ready."""
    radiometry: Mapping[str, Radiometry]
    """Of each band that was read."""
    engine: str
    note: str = ""
    own: Mapping[str, Any] = field(default_factory=dict)
    """Facts that only the algorithm knows, JSON-ready: class limits."""
    about: Extent | None = None
    bands: Mapping[str, str] = field(default_factory=dict)
    """Name in the algorithm → band of the stacks."""
    grid: Grid | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        about = self.about
        return {
            "software": PRODUCT,
            "operation": self.operation,
            "parameters": dict(self.parameters),
            "formula": self.formula,
            "reference": self.reference,
            **({"note": self.note} if self.note else {}),
            **self.own,
            **(
                {"map": {"layer": about.layer.name, "about": about.name, "codes": [*about.codes]}}
                if about
                else {}
            ),
            "inputs": dict(self.inputs),
            **({"bands": dict(self.bands)} if self.bands else {}),
            "radiometry": {band: rule.to_dict() for band, rule in self.radiometry.items()},
            **({"grid": self.grid.to_dict()} if self.grid else {}),
            "engine": self.engine,
        }


@dataclass(frozen=True, kw_only=True)
class MapResult(AlgorithmResult):
    """A map; what it inherits is the same for programs that read JSON."""

    figures: MapStatistics
    origin: Provenance
