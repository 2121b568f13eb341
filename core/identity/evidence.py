"""Who says something of a source, and how far that is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from ..enums import StrEnum

T = TypeVar("T")

NO_SCALE = "no scale is known: stored numbers"
"""Reason of a radiometry for which there is no evidence."""


class Evidence(StrEnum):
    """Kinds of evidence, the one that is believed first."""

    USER = "user"
    """The user's word for this run."""
    HEADER = "header"
    """The file's own header: what the pixels were written with."""
    SIDECAR = "sidecar"
    """A file of GDAL's beside it."""
    METADATA = "metadata"
    """The product's metadata beside it: MTL, MTD_MSI."""
    ITEM = "item"
    """The catalogue's item."""
    NAME = "name"
    """The name of the file, or of its folder."""
    ASSUMED = "assumed"
    """Files of the sensor usually are so."""
    NONE = "none"
    """Nobody says it."""


@dataclass(frozen=True)
class Stated(Generic[T]):
    """A value, and who says it."""

    value: T
    evidence: Evidence
    source: str = ""
    """In words: the file, or the field of the header."""

    def to_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {"value": self.value, "evidence": self.evidence, "source": self.source}
