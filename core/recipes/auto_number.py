"""A number that may be left to the program: ``auto``, or what a person gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import InputError


@dataclass(frozen=True)
class AutoNumber:
    """A value of such a parameter."""

    text: str
    """As it was given."""
    number: float | None
    """None where it is to be found."""

    @property
    def is_auto(self) -> bool:
        """Tell whether the number is to be found."""
        return self.number is None

    def otherwise(self, fallback: float) -> float:
        """Return the number that was given, else ``fallback``."""
        return fallback if self.number is None else self.number


@dataclass(frozen=True)
class AutoNumberRule:
    """The numbers and words that such a parameter may be."""

    name: str
    """For sentences: ``threshold``."""
    lowest: float
    highest: float
    example: str
    """A number as it is written."""
    unit: str = ""
    words: Mapping[str, float | None] = field(default_factory=dict)
    """Words beside ``auto``, and what they mean: ``none`` is 0."""
    hint: str = ""
    """Advice where a number is out of bounds."""

    def read(self, text: str, among: str = "") -> AutoNumber:
        """Read a value; words count in any case.

        Parameters
        ----------
        text : str
        among : str, optional
            The list that it stands in, for the sentence.

        Raises
        ------
        InputError
            If it is neither a word nor a number, or the number is out of bounds.
        """
        words = {"auto": None, **self.words}
        if text.lower() in words:
            return AutoNumber(text, words[text.lower()])
        what = f"The {self.name} '{among or text}' cannot be used"
        subject, pronoun = (f"'{text}'", "them") if among else ("it", "it")
        try:
            number = float(text)
        except ValueError:
            known = ", ".join(words)
            why = f"{subject} is neither {known} nor a number"
            raise InputError(what, why, f"Write {pronoun} like {self.example}.") from None
        if not self.lowest <= number <= self.highest:
            bounds = f"{self.lowest:g} to {self.highest:g} {self.unit}".rstrip()
            raise InputError(what, f"{subject} does not lie within {bounds}", self.hint)
        return AutoNumber(text, number)
