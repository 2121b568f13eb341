"""The seam to whoever reads the pages that operations write: a person, in a language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reader:
    """A language, and how core's sentences are put into it.

    Parameters
    ----------
    language : str
        As HTML names it: ``de``.
    translate : callable
        Takes a sentence in English.
    """

    language: str = "en"
    translate: Callable[[str], str] = str


_readers: list[Reader] = []


def use_reader(reader: Reader | None) -> None:
    """Write pages for this reader from now on; None: in English."""
    _readers[:] = [] if reader is None else [reader]


def reader() -> Reader:
    """Whoever reads here; in English where nobody has said."""
    return _readers[0] if _readers else Reader()
