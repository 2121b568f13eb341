"""Closed sets of names: each member is its text, at every door and in every file.

Sets that belong to one module stand there; here are those that settings, files and several wings
share.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any


class StrEnum(str, Enum):
    """Names that are their text: the same in f-strings, JSON, dict keys and ``repr``.

    ``enum.StrEnum`` comes with Python 3.11 only. ``repr`` is that of the text, since the ``repr``
    of a kernel tells an interrupted run's tiles from another's.
    """

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return repr(str(self.value))

    def __format__(self, spec: str) -> str:
        return format(str(self.value), spec)


class Clouds(StrEnum):
    """What becomes of pixels that a scene's own mask calls cloud or shadow."""

    AUTO = "auto"
    """What suits the operation."""
    MASK = "mask"
    """They have no data."""
    KEEP = "keep"
    """They stay."""


class AreaMask(StrEnum):
    """Pixels that count where an area is given."""

    SHAPE = "shape"
    """Those whose centres lie in it."""
    BOX = "box"
    """The rectangle of pixels around it."""


class OpenStrEnum(StrEnum):
    """Names of which files and catalogues of others may hold more: those are kept as they are."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_, member._value_ = "OTHER", value
        return member

    def __reduce_ex__(self, protocol: Any) -> tuple[type[OpenStrEnum], tuple[str]]:
        """By the text: Python 3.11 pickles by the name."""
        return type(self), (str(self.value),)


class Unit(OpenStrEnum):
    """Physical unit of a band after scaling."""

    NONE = ""
    REFLECTANCE = "reflectance"
    KELVIN = "kelvin"
    POWER = "power"
    AMPLITUDE = "amplitude"
    DECIBEL = "dB"
    METRE = "m"
    CLASS = "class"

    @property
    def is_backscatter(self) -> bool:
        """Member of radar's units."""
        return self in (Unit.POWER, Unit.AMPLITUDE, Unit.DECIBEL)


class Evidence(StrEnum):
    """Source of a band's rule, the weakest last."""

    ITEM = "item"
    """The item states the figures."""
    PRODUCT = "product"
    """The item's collection or name tells its product."""
    ASSUMED = "assumed"
    """Nothing tells: what a file's header says against it is believed."""


class AccessKind(StrEnum):
    """What the files of an offer need, the least first."""

    NOTHING = "nothing"
    TOKEN = "token"  # nosec B105 # the name of a kind, no secret
    """Short-lived, had by anybody: FirstLight fetches it by itself."""
    UNKNOWN = "unknown"
    """Nothing tells."""
    ACCOUNT = "account"
    """Free of charge, to be made at the provider."""
    READER_PAYS = "reader pays"
    """An account that is charged for what is read."""

    @property
    def is_open(self) -> bool:
        """False where the files are known to be closed to somebody without an account."""
        return self not in (AccessKind.ACCOUNT, AccessKind.READER_PAYS)

    @classmethod
    def most(cls, kinds: Iterable[AccessKind]) -> AccessKind:
        """The most demanding of several; of none: unknown."""
        order = list(cls)
        return max(kinds, key=order.index, default=cls.UNKNOWN)


class OrbitDirection(OpenStrEnum):
    """Direction of flight over the equator."""

    UNKNOWN = ""
    ASCENDING = "ascending"
    DESCENDING = "descending"


class Priority(StrEnum):
    """Rank of a sensor for an event."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class Polarisation(StrEnum):
    """Names of radar's bands: sent and received plane."""

    VV = "vv"
    VH = "vh"
    HH = "hh"
    HV = "hv"


class Status(StrEnum):
    """Outcome of an operation."""

    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


class SceneStatus(StrEnum):
    """Outcome of one scene's ingestion."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"


class DownloadWindow(StrEnum):
    """Part of a band that is fetched."""

    AOI = "aoi"
    FULL = "full"


class StackFormat(StrEnum):
    """File format of a stack."""

    VRT = "vrt"
    GEOTIFF = "geotiff"


class Resampling(StrEnum):
    """Method by which bands are brought to another grid."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    CUBIC = "cubic"
    AVERAGE = "average"


class Depth(StrEnum):
    """Depth of validation: samples, every tile, or none."""

    QUICK = "quick"
    DEEP = "deep"
    SKIP = "skip"


class OnInvalid(StrEnum):
    """Treatment of a raster that is not valid."""

    REJECT = "reject"
    WARN = "warn"
    SKIP = "skip"
    CLEANUP = "cleanup"


class Screenshot(StrEnum):
    """Occasion for a picture of a validated raster."""

    NEVER = "never"
    ON_FAILURE = "on_failure"
    ALWAYS = "always"


class Compression(StrEnum):
    """Compression of layers."""

    ZSTD = "zstd"
    DEFLATE = "deflate"


class OutputType(StrEnum):
    """Number type of layers."""

    FLOAT32 = "float32"
    INT16 = "int16"


class Layout(StrEnum):
    """How a layer is written: as one file, or as a file per chunk and a VRT over them."""

    AUTO = "auto"
    COG = "cog"
    CHUNKS = "chunks"


class EngineName(StrEnum):
    """Engine that computes tiles."""

    AUTO = "auto"
    SERIAL = "serial"
    THREADS = "threads"
    CLUSTER = "cluster"
    SPARK = "spark"
