"""What keeps a sentence from being understood, in words."""

from __future__ import annotations

from dataclasses import dataclass

from ..enums import StrEnum


class Part(StrEnum):
    """What a sentence has to say."""

    EVENT = "event"
    DATE = "date"
    AREA = "area"
    WORDS = "words"
    """All of it, or words of it."""


@dataclass(frozen=True)
class Issue:
    """Why a part of a sentence is not clear, and what to do."""

    part: Part
    why: str
    hint: str

    @property
    def sentence(self) -> str:
        """Both, for a person."""
        return f"{self.why[:1].upper()}{self.why[1:]}. {self.hint}"
