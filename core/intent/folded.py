"""A sentence as it is compared: small letters without accents, taken part by part."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

TAKEN = "\x00"
"""Stands where something was understood: nothing is read across it."""
_OTHERS = str.maketrans(
    {
        **{"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"},
        **dict.fromkeys("’‘ʼ′`´", "'"),
        **dict.fromkeys("‐‑‒–—−", "-"),
        **dict.fromkeys("“”„‟″", '"'),
    }
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def fold(text: str) -> str:
    """Small letters without accents; typographic marks as those of a keyboard."""
    return "".join(_fold_letter(letter) for letter in text)


@lru_cache(maxsize=4096)
def _fold_letter(letter: str) -> str:
    if unicodedata.category(letter) in ("Cf", "Cc"):  # marks without width; ends of lines
        return " "
    plain = unicodedata.normalize("NFKD", letter.translate(_OTHERS).casefold())
    return "".join(c for c in plain.translate(_OTHERS) if not unicodedata.combining(c))


def fold_name(name: str) -> str:
    """A name as it is compared with others: words with one space between them."""
    return " ".join(re.findall(r"[^\W_]+", fold(name)))


def spellings(term: str) -> tuple[str, ...]:
    """A term of the configuration as it may stand in a folded text: with ``u`` and ``ue`` for
    ``ü``.
    """
    term = unicodedata.normalize("NFC", term).lower()
    return tuple(dict.fromkeys((fold(term), fold(term.translate(_UMLAUTS)))))


def pattern_of(terms: Iterable[str]) -> str:
    """A pattern that finds any of the terms as whole words in a folded text, the longest first.

    A ``*`` at an end of a term stands for any letters.
    """
    known = {spelling for term in terms for spelling in spellings(term)}
    ordered = sorted(known, key=lambda term: ("*" in term, -len(term), term))
    return rf"(?<![^\W_])(?:{'|'.join(map(_one, ordered))})"


def _one(term: str) -> str:
    parts = re.escape(term).replace(r"\*", r"[^\W\d_]*")
    parts = parts.replace(r"\ ", r"\s+").replace(r"\-", r"\s*-?\s*")
    return parts + (r"\s*" if term.endswith("'") else r"(?![^\W_])")


class Sentence:
    """A text, folded, with the place of each sign in the original.

    Parameters
    ----------
    text : str
        As somebody wrote it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        folded: list[str] = []
        self._origin: list[int] = []
        for place, letter in enumerate(text):
            for sign in _fold_letter(letter):
                folded.append(sign)
                self._origin.append(place)
        self._origin.append(len(text))
        self.folded = "".join(folded)

    def take(self, start: int, end: int) -> str:
        """Mark a part of the folded text as understood; what stood there, as it was written."""
        written = self.written(start, end)
        self.folded = f"{self.folded[:start]}{TAKEN * (end - start)}{self.folded[end:]}"
        return written

    def written(self, start: int, end: int) -> str:
        """A part as it was written."""
        last = self._origin[end - 1] + 1 if end > start else self._origin[start]
        # accents that are signs of their own belong to the letter before
        while last < len(self.text) and unicodedata.combining(self.text[last]):
            last += 1
        return self.text[self._origin[start] : last].strip()

    def runs(self) -> list[tuple[int, int]]:
        """Start and end of each part that is not taken yet."""
        return [match.span() for match in re.finditer(f"[^{TAKEN}]+", self.folded)]
