"""What is to be printed of an event, and where to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..operation import LayerOutput


@dataclass(frozen=True)
class PrintSheet:
    """Texts of a printed event; a layout shows them by the names of these fields."""

    title: str = ""
    area: str = ""
    headline: str = ""
    range: str = ""
    not_observed: str = ""
    reason: str = ""
    doubts: str = ""
    areas: str = ""
    """A line for each class."""
    sources: str = ""
    limits: str = ""
    before: str = ""
    """Title of the picture before."""
    after: str = ""
    footer: str = ""

    def to_dict(self) -> dict[str, str]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def from_dict(cls, tree: Mapping[str, Any]) -> PrintSheet:
        """A sheet that was kept; what is missing stays empty."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: str(text) for name, text in tree.items() if name in known})


@dataclass(frozen=True)
class PrintRequest:
    """What is to be printed, and where to."""

    sheet: PrintSheet
    layers: tuple[LayerOutput, ...]
    """As the run put them on the map."""
    target: Path
    """Ends in ``.pdf``."""
    template: Path | None = None
    """A layout of the user's."""
