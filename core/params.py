"""What an operation declares, once, as every door needs to know it: parameters, outputs, and of an
algorithm what it is good for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .enums import AreaMask, StrEnum

AREA_HELP = "A vector file, WKT, or west,south,east,north in degrees."
"""How an area is given as text; Processing has an order of its own."""


class Kind(StrEnum):
    """Kinds of parameters: what a value is, and so how each door asks for it.

    Each door has one table with a hook for every kind: :mod:`firstlight.core.casts` (text →
    value), ``core.cli``, ``plugin.processing.parameters`` and ``ui.fields``.
    """

    AREA = "area"
    """:class:`~.types.Aoi`; given as a file, WKT or west,south,east,north in degrees."""
    CATALOG = "catalog"
    """:class:`~.discovery.catalogs.Catalog`; given by its name or URL."""
    SENSOR = "sensor"
    """:class:`~.discovery.band_config.Sensor`; given by its name."""
    EVENT = "event"
    """:class:`~.discovery.events.EventType`; given by its name or a pattern."""
    DATE = "date"
    """:class:`~.moment.Moment`; given as an ISO date or time, UTC."""
    CHOICE = "choice"
    """One of ``choices``, as it is declared there: a member where they are an enum's."""
    CHOICES = "choices"
    """Tuple of some of ``choices``."""
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    BANDS = "bands"
    """Tuple of lower-case band names."""
    BAND_FILES = "band_files"
    """Tuple of :class:`BandPath`; given as ``NAME=PATH`` or ``NAME=PATH#BAND``."""
    FILE_IN = "file_in"
    FOLDERS_IN = "folders_in"
    """Tuple of paths."""
    RASTER_IN = "raster_in"
    SOURCE_IN = "source_in"
    """A path, or an address as text: what begins with ``http://`` or ``https://``."""
    VECTOR_IN = "vector_in"
    """A path, or one with a layer behind it: ``a.gpkg|layername=roads``."""
    LAYER_IN = "layer_in"
    """The same, or a raster's."""
    RASTERS_IN = "rasters_in"
    """Tuple of paths."""
    RASTER_OUT = "raster_out"
    VECTOR_OUT = "vector_out"
    FOLDER_OUT = "folder_out"

    @property
    def is_output(self) -> bool:
        """Member of those that name what is written."""
        return self in (Kind.RASTER_OUT, Kind.VECTOR_OUT, Kind.FOLDER_OUT)


class Door(StrEnum):
    """Ways into an operation."""

    CLI = "cli"
    PROCESSING = "processing"
    DOCK = "dock"


@dataclass(frozen=True)
class BandPath:
    """A file that holds a band, named by the user."""

    name: str
    """Lower case, as the sensor calls the band."""
    path: Path
    index: int = 1
    """From 1."""

    def __str__(self) -> str:
        return f"{self.name}={self.path}" + (f"#{self.index}" if self.index != 1 else "")


class InputRole(StrEnum):
    """The part that a raster plays in a map, whatever its parameter is called at the doors."""

    BEFORE = "pre"
    AFTER = "post"
    HAND = "hand"
    SLOPE = "slope"


@dataclass(frozen=True)
class Param:
    """One parameter of an operation, as every door needs to know it."""

    name: str
    kind: Kind
    title: str
    """Short label, sentence case."""
    help: str
    default: Any
    """Value that the doors show; ``None`` where it is optional and has none."""
    required: bool
    choices: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """The choices for people, in the same order; empty: they speak for themselves."""
    minimum: float | None = None
    maximum: float | None = None
    positional: bool = False
    """On the command line it has no ``--name``."""
    flag: str = ""
    """The command line's name where it is not the field's: ``--band``."""
    suffix: str = ""
    """For outputs: ``.tif``, ``.vrt``, ``.geojson``."""
    also: tuple[str, ...] = ()
    """Other suffixes that an output may have."""
    advanced: bool = False
    role: InputRole | None = None
    """For the inputs of maps: what the raster is there for."""
    unit: str = ""
    """Unit of a number, as names have it: ``m``, ``ha``."""
    order: int = 0
    """Place at the doors: lower ones come first, equal ones in the order of their fields, so that
    parameters which are inherited need not stand before a class's own.
    """
    doors: tuple[Door, ...] = tuple(Door)

    def label(self, choice: str) -> str:
        """A choice for people; itself where it has no other words."""
        return dict(zip(self.choices, self.labels)).get(choice, str(choice))


def param(
    default: Any = dataclasses.MISSING,
    *,
    kind: Kind,
    title: str,
    help: str = "",
    choices: Sequence[str] | Callable[[], Sequence[str]] = (),
    labels: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
    make_default: Callable[[], Any] | None = None,
    **more: Any,
) -> Any:
    """Declare a field of a params dataclass; see :class:`Param` for the keywords.

    Parameters
    ----------
    default : object, optional
        What the doors show; without one the parameter is required.
    choices : sequence of str or callable
        A function is called when a door asks, not at import.
    labels : mapping or callable, optional
        Choice → words for people, where the choice alone is one of the command line.
    make_default : callable, optional
        Makes the field's own default where that is another value than the one shown: the
        catalogue of a name.
    """
    if kind not in tuple(Kind):  # a plain text that is one of them will do
        raise ValueError(f"unknown parameter kind {kind!r}")
    required = default is dataclasses.MISSING
    declared = {
        "kind": Kind(kind),
        "title": title,
        "help": help,
        "choices": choices,
        "labels": labels or {},
        "default": None if required else default,
        "required": required,
        **more,
    }
    metadata = {"param": declared}
    if required:
        return field(metadata=metadata)
    if make_default is not None:
        return field(default_factory=make_default, metadata=metadata)
    return field(default=default, metadata=metadata)


AREA_ORDER = 2
"""Of an area at the doors, and of which of its pixels count."""
AREA_MASK_HELP = (
    "shape: only pixels whose centre lies in the area are mapped and counted, all others are "
    "outside of it; box: the whole rectangle of pixels around it."
)


def area_mask_param() -> Any:
    """Declare which pixels count where an area is given."""
    return param(
        AreaMask.SHAPE,
        kind=Kind.CHOICE,
        title="Pixels of the area",
        choices=tuple(AreaMask),
        labels={"shape": "Those in its shape", "box": "All of the box around it"},
        help=AREA_MASK_HELP,
        flag="--area-mask",
        advanced=True,
        order=AREA_ORDER,
    )


class OutputKind(StrEnum):
    """Kinds of named results."""

    TEXT = "text"
    NUMBER = "number"
    RASTER = "raster"
    STACK = "stack"
    """A raster that names the files beside it: of use where it lies, and nowhere else."""
    VECTOR = "vector"
    FOLDER = "folder"


@dataclass(frozen=True)
class Output:
    """A named result that is not a parameter: text, a number or a file for models to use."""

    name: str
    title: str
    kind: OutputKind = OutputKind.TEXT


@dataclass(frozen=True)
class AlgorithmInfo:
    """Facts to be known of an algorithm before it is used: every door shows it, and
    docs/algorithms.md is held to it.
    """

    events: tuple[str, ...]
    """Names from ``config/events.yaml``: the events it is good for."""
    bands: tuple[str, ...]
    """Bands that its stacks must have."""
    references: tuple[str, ...]
    """Author and year with a DOI, or the agency's document."""
    limits: str
    """When not to use it: sentences."""
