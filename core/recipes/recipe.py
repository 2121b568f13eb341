"""The declaration of a map: what its doors, files and texts are derived from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..algorithms.kernel import Kernel, Layer
from ..execution.apply import Applied
from ..monitor import Monitor
from ..operation import AlgorithmInfo, OperationResult, Output, OutputKind
from ..products.map_shapes import AREA_NAME, UNSEEN_NAME
from ..products.perimeter import PERIMETER_NAME
from ..settings import Settings
from ..shapes.area_pixels import AreaPixels
from .inputs import MapInputs, StackRequest
from .layers import Extent, MapLayer
from .params import MapParams
from .results import MapResult

CODES_TEXT = "In classes 255 is not observed, and 254 outside of the area."
P = TypeVar("P", bound=MapParams)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Facts of a finished run that only the algorithm knows."""

    formula: str = ""
    statistics: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready, units in the names; those that the recipe names in ``numbers`` are outputs."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Values that were worked out, in place of those that were given."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready: class limits, an offset."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Values of ``numbers`` that stand in the statistics under another name."""
    warnings: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    """For people, above the areas."""


@dataclass(frozen=True, kw_only=True)
class MapRecipe(Generic[P]):
    """A map: a kernel, and what is declared of it.

    File names, outputs at the doors, the help of ``output``, provenance keys, tags, styles and the
    outline are derived.
    """

    name: str
    """Of the operation: ``burn-severity``."""
    title: str
    """Of the operation, for people."""
    subject: str = ""
    """In sentences and on the map: ``Water``; empty: the title."""
    group: str
    summary: str
    params: type[P]
    layers: tuple[MapLayer, ...] = ()
    """In the order of the doors; empty where ``output`` is itself the one layer."""
    extents: tuple[Extent, ...] = ()
    """The first one whose layer is written is what the map is about: its layer's areas stand on top
    of the statistics, and it is outlined. Without any there is neither outline nor catalogue.
    """
    numbers: tuple[Output, ...] = ()
    """Statistics that are outputs at the doors."""
    note: str = ""
    """Sentences for everybody who looks at the map; they go into files, layers and texts."""
    least: str = ""
    """Sentence that says why the mapped area is rather the least; empty where errors go both ways.
    """
    algorithm: AlgorithmInfo | None = None
    kernel: Callable[[P, MapInputs], Kernel]
    """Make the kernel for some inputs."""
    stacks: Callable[[P], Mapping[str, StackRequest]] | None = None
    """Name the bands that are wanted of each stack: ``pre``, ``post``."""
    open: Callable[[P, Monitor], MapInputs] | None = None
    """Open the inputs, where that takes more than ``stacks`` can say."""
    report: Callable[[MapJob[P], Applied], Findings] | None = None
    """Tell what was found."""
    compute: Callable[[MapJob[P], Settings, Monitor], tuple[Applied, Findings]] | None = None
    """Compute and report, where one pass of the kernel is not all."""
    present: Callable[[MapJob[P], MapResult, Findings], OperationResult] | None = None
    """Hand the result to the doors, where the map is none of classes."""
    tags: Callable[[P, Kernel], Mapping[str, str]] | None = None
    """Tags of its own for the files."""

    @property
    def about(self) -> str:
        """The subject in sentences."""
        return self.subject or self.title

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Named results at the doors: rasters, outline, numbers."""
        rasters = [Output(one.output_name, one.title, OutputKind.RASTER) for one in self.layers]
        if not self.extents:
            return (*rasters, *self.numbers)
        return (
            *rasters,
            Output("perimeter", "Outline", OutputKind.VECTOR),
            *self.numbers,
            *(
                Output(
                    f"{extent.name}_km2",
                    f"{extent.title or extent.heading} (km²)",
                    OutputKind.NUMBER,
                )
                for extent in self.extents
            ),
            Output("not_observed_percent", "Not observed (%)", OutputKind.NUMBER),
        )

    def files_text(self) -> str:
        """List the files for the help of ``output``: ``Gets a.tif, b.tif or c.tif …``."""
        files: dict[str, list[str]] = {"": []}
        listed: set[str] = set()
        for declared in self.layers:
            fresh = [one for one in declared.variants if one.name not in listed]
            listed.update(one.name for one in fresh)
            files.setdefault(declared.when, []).append(" or ".join(map(_file_text, fresh)))
        always = [*files.pop(""), *([PERIMETER_NAME, UNSEEN_NAME] if self.extents else [])]
        parts = [f"Gets {' and '.join(filter(None, (', '.join(always[:-1]), always[-1])))}"]
        parts += [f"{when} also {' and '.join(names)}" for when, names in files.items()]
        parts += [f"with an area also {AREA_NAME}"] if self.extents else []
        coded = any(layer.classes for one in self.layers for layer in one.variants)
        return f"{'; '.join(parts)}. {CODES_TEXT if coded else ''}".strip()


def _file_text(layer: Layer) -> str:
    """Name a layer's file, with its classes where there are two."""
    if len(layer.classes) != 2:
        return f"{layer.name}.tif"
    codes = [f"{one.code} {one.name.partition(' (')[0].lower()}" for one in layer.classes]
    return f"{layer.name}.tif ({', '.join(codes)})"


@dataclass(frozen=True, kw_only=True)
class MapJob(Generic[P]):
    """One run of a recipe."""

    recipe: MapRecipe[P]
    params: P
    inputs: MapInputs
    kernel: Kernel
    area: AreaPixels | None = None
    """Pixels that are asked for; None: all."""
    chunked: bool = False
    """Layers are written as chunks and a VRT."""

    @property
    def outputs(self) -> dict[str, Path]:
        """Name of each layer that is written → file."""
        paths = {layer.name: self.params.layer_path(layer) for layer in self.kernel.layers}
        if self.chunked:
            return {name: path.with_suffix(".vrt") for name, path in paths.items()}
        return paths

    @property
    def output(self) -> Path:
        """The file of the first layer: all of it, where a map is one file and no folder."""
        return next(iter(self.outputs.values()))

    @property
    def extents(self) -> tuple[Extent, ...]:
        """Those whose layer is written."""
        return tuple(one for one in self.recipe.extents if one.layer.name in self.outputs)

    @property
    def title(self) -> str:
        """For people: ``Flood``."""
        named = self.extents[0].map_title if self.extents else ""
        return named or self.recipe.about

    @property
    def heading(self) -> str:
        """Name of its group on the map, with the days that it compares, which its layers need not
        repeat: ``Flood 2024-10-09 to 2024-10-21``.
        """
        return f"{self.title} {self.inputs.span}".strip()

    def output_names(self) -> dict[str, str]:
        """Name of an output at the doors → name of the layer that is written for it."""
        written = self.outputs
        found = {}
        for declared in self.recipe.layers:
            match = next((one.name for one in declared.variants if one.name in written), None)
            if match is not None:
                found[declared.output_name] = match
        return found

    def with_kernel(self, kernel: Kernel) -> MapJob[P]:
        """Return the same run of a kernel that has settled."""
        return replace(self, kernel=kernel)
