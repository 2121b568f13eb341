"""The parameters that maps share, as classes to inherit from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..algorithms.kernel import Layer
from ..algorithms.masks import Radius, dilation_radius
from ..enums import AreaMask, Clouds, EngineName, Layout
from ..params import AREA_HELP, AREA_ORDER, InputRole, Kind, area_mask_param, param
from ..settings import Settings
from ..shapes.area_pixels import AreaPixels, area_pixels
from ..types import Aoi, Grid
from .inputs import StackRequest

MOST_DILATION_M = 5000.0
STACKS_ORDER, _OUTPUT, _MASKS, _ENGINE = -2, -1, 3, 9
"""Order at the doors; a map's own parameters, at 0, stand between."""


def stack_param(role: InputRole, title: str, help: str, default: Any = dataclasses.MISSING) -> Any:
    """Declare the stack before or after the event, under whatever name the doors know it by."""
    return param(
        default, kind=Kind.RASTER_IN, title=title, help=help, role=role, order=STACKS_ORDER
    )


ENGINE_LABELS: dict[str, str] = {
    EngineName.AUTO: "Automatic",
    EngineName.SERIAL: "One tile after the other",
    EngineName.THREADS: "Several threads",
    EngineName.CLUSTER: "Dask cluster",
    EngineName.SPARK: "Apache Spark",
}


def clouds_param(help: str) -> Any:
    """Declare what becomes of cloud; ``help`` says what each of the three words means there."""
    return param(
        Clouds.AUTO,
        kind=Kind.CHOICE,
        title="Clouds",
        choices=tuple(Clouds),
        labels={
            Clouds.AUTO: "Automatic",
            Clouds.MASK: "Leave cloud out",
            Clouds.KEEP: "Keep cloud",
        },
        help=help,
        advanced=True,
    )


@dataclass(frozen=True, kw_only=True)
class EngineParams:
    """Parameters of every operation over tiles."""

    engine: str | None = param(
        None,
        kind=Kind.CHOICE,
        title="Engine",
        choices=tuple(EngineName),
        labels=ENGINE_LABELS,
        help="Who computes the tiles; auto chooses and says why. If not given, as the "
        "settings say.",
        advanced=True,
        order=_ENGINE,
    )
    cluster: str | None = param(
        None,
        kind=Kind.TEXT,
        title="Dask cluster",
        help="Use the Dask scheduler at this address, tcp://host:8786; only of computers that you "
        "trust.",
        advanced=True,
        order=_ENGINE,
    )
    layout: str | None = param(
        None,
        kind=Kind.CHOICE,
        title="Layout",
        choices=tuple(Layout),
        labels={"auto": "Automatic", "cog": "One file", "chunks": "A file for each chunk"},
        help="cog: each layer is one file; chunks: a file per chunk and a VRT over them, written "
        "where they are computed; auto: chunks for what is large and computed on a cluster. If not "
        "given, as the settings say.",
        advanced=True,
        order=_ENGINE,
    )
    spark: str | None = param(
        None,
        kind=Kind.TEXT,
        title="Spark",
        help="Use Spark with the master at this address, spark://host:7077; only of computers that "
        "you trust.",
        advanced=True,
        order=_ENGINE,
    )
    resume: bool = param(
        False,
        kind=Kind.FLAG,
        title="Go on from finished tiles",
        help="Keep finished tiles when the run is stopped or dies, and go on from those of an "
        "earlier run.",
        advanced=True,
        order=_ENGINE,
    )

    def engine_settings(self, settings: Settings) -> Settings:
        """Return the settings with what was given for this run; who gives a cluster or Spark
        and no engine wants it to be used.

        Raises
        ------
        SettingsError
            For a bad value.
        """
        engine = self.engine or (
            EngineName.SPARK if self.spark else EngineName.CLUSTER if self.cluster else None
        )
        return settings.override(
            engine=engine, cluster=self.cluster, spark=self.spark, layout=self.layout
        )


@dataclass(frozen=True, kw_only=True)
class MapParams(EngineParams):
    """Parameters of every map."""

    output: Path = param(kind=Kind.FOLDER_OUT, title="Folder", order=_OUTPUT)
    """The help text comes from the recipe: it lists the files."""
    area: Aoi | None = param(
        None,
        kind=Kind.AREA,
        title="Area",
        help=f"{AREA_HELP} Only what lies in it is mapped and counted; if not given, all.",
        order=AREA_ORDER,
    )
    area_mask: AreaMask = area_mask_param()

    def area_pixels(self, grid: Grid) -> AreaPixels | None:
        """Return the pixels of a map that lie in the area; None where none is given.

        Raises
        ------
        AreaError
            If the area lies beside the map, or cannot be brought to its reference system.
        """
        return None if self.area is None else area_pixels(self.area, grid, self.area_mask)

    def layer_path(self, layer: Layer) -> Path:
        """Return the file that a layer is written to."""
        return self.output / f"{layer.name}.tif"

    def extras(self) -> dict[str, Path]:
        """Return the rasters beside the stacks, by their names in the joined stack."""
        return {}

    def requests(
        self, bands: Mapping[str, Sequence[str]], masks: bool = True
    ) -> dict[str, StackRequest]:
        """Ask the same bands of each stack that was given: ``pre``, ``post`` → request."""
        roles = (InputRole.BEFORE, InputRole.AFTER)
        return {
            words["role"].value: StackRequest(getattr(self, name), bands, masks=masks)
            for name, words in self._declared().items()
            if words.get("role") in roles and getattr(self, name) is not None
        }

    def recorded(self) -> dict[str, Any]:
        """Return what the provenance tells of the parameters: all but inputs, output, area and
        engine, with the unit in the name.
        """
        apart = {"area", "area_mask", *(f.name for f in dataclasses.fields(EngineParams))}
        return {
            f"{name}_{words['unit']}" if words.get("unit") else name: getattr(self, name)
            for name, words in self._declared().items()
            if name not in apart and not words["kind"].startswith(("raster", "folder"))
        }

    def _declared(self) -> dict[str, Mapping[str, Any]]:
        return {f.name: f.metadata["param"] for f in dataclasses.fields(self)}


@dataclass(frozen=True, kw_only=True)
class OpticalMapParams(MapParams):
    """Parameters of every map of optical stacks."""

    mask_dilation: float = param(
        0.0,
        kind=Kind.NUMBER,
        title="Mask dilation (m)",
        unit="m",
        help="Metres around each cloud and cloud shadow that count as not observed too: "
        "masks miss rims and haze.",
        minimum=0.0,
        maximum=MOST_DILATION_M,
        advanced=True,
        order=_MASKS,
    )

    def dilation(self, grid: Grid) -> Radius:
        """Return the dilation in pixels of a grid.

        Raises
        ------
        InputError
            If the grid has no reference system, or the dilation is too wide for it.
        """
        return dilation_radius(self.mask_dilation, grid)


def affected_codes_param(help: str, **more: Any) -> Any:
    """Declare which codes of a map of classes mean affected."""
    return param(None, kind=Kind.TEXT, title="Affected codes", help=help, **more)


def unseen_codes_param(
    help: str = "Codes that say nothing, such as cloud; none: also what a file declares as no data "
    "is a class. If not given, as the file or a known product says.",
    **more: Any,
) -> Any:
    """Declare which codes of a map of classes say nothing."""
    return param(
        None,
        kind=Kind.TEXT,
        title="Codes not observed",
        help=help,
        flag="--not-observed",
        **more,
    )
