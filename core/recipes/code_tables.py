"""Tables of the class codes that agencies and programs write, read from
``config/code_tables.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from ..errors import InputError
from ..settings import CONFIG_DIR, read_yaml

MOST_CODES = 70000
"""More than a user can mean: all of 16 bits."""


class Meaning(str, Enum):
    """Statement of a code."""

    AFFECTED = "affected"
    """The event; in a map of permanent water: water all the year round."""
    DRY = "dry"
    """Observed, and not affected."""
    NOT_OBSERVED = "not observed"


class MapSubject(str, Enum):
    """Subject of a map of classes."""

    EVENT = "event"
    PERMANENT_WATER = "permanent water"


@dataclass(frozen=True)
class CodeTable:
    """Codes of one product."""

    title: str
    names: tuple[str, ...]
    """Regular expressions for names and tags, small letters."""
    signature: frozenset[int]
    exactly: frozenset[int]
    affected: frozenset[int]
    permanent: frozenset[int]
    dry: frozenset[int]
    not_observed: frozenset[int]

    def meaning(self, code: int, subject: MapSubject) -> Meaning | None:
        """Return what a code says of a subject; None for one that the table does not know."""
        is_event = subject == MapSubject.EVENT
        if code in (self.affected if is_event else self.permanent):
            return Meaning.AFFECTED
        if code in self.not_observed:
            return Meaning.NOT_OBSERVED
        return Meaning.DRY if code in self.dry | self.affected | self.permanent else None

    def is_about(self, subject: MapSubject) -> bool:
        """Tell whether any of its codes means the subject."""
        return bool(self.affected if subject == MapSubject.EVENT else self.permanent)

    def is_named(self, texts: Iterable[str]) -> bool:
        """Tell whether a name or tag names the product."""
        return any(re.search(name, text.lower()) for text in texts for name in self.names)

    def fits(self, codes: Collection[int]) -> bool:
        """Tell whether codes alone give the product away."""
        found = frozenset(codes)
        if self.exactly:
            return found == self.exactly
        known = self.affected | self.permanent | self.dry | self.not_observed
        return bool(found & self.signature) and found <= known


@lru_cache(maxsize=1)
def load_tables() -> tuple[CodeTable, ...]:
    """Return all tables, in the order in which they are tried."""
    return tuple(map(_table, read_yaml(CONFIG_DIR / "code_tables.yaml")["tables"].values()))


def _table(fields: Mapping[str, Any]) -> CodeTable:
    codes = {
        key: _codes(fields.get(key, ()))
        for key in ("signature", "exactly", "affected", "permanent", "dry", "not_observed")
    }
    if "permanent" not in fields:
        codes["permanent"] = codes["affected"]
    return CodeTable(title=fields["title"], names=tuple(fields["names"]), **codes)


def _codes(items: Iterable[int | str]) -> frozenset[int]:
    return frozenset(parse_codes(",".join(map(str, items)))) if items else frozenset()


@lru_cache(maxsize=1)
def load_words() -> Mapping[str, str]:
    """Return the regular expressions that are sought in class names, by meaning."""
    words: Mapping[str, str] = read_yaml(CONFIG_DIR / "code_tables.yaml")["words"]
    return words


def word_meaning(name: str, subject: MapSubject) -> Meaning | None:
    """Return what the name of a class says of a subject; None where it says nothing known."""
    kind = next((kind for kind, text in load_words().items() if re.search(text, name.lower())), "")
    if subject == MapSubject.PERMANENT_WATER:
        by_kind = {"permanent": Meaning.AFFECTED, "affected": Meaning.DRY}
        if re.fullmatch(r"\W*(open )?(water|rivers?|lakes?)( bod(y|ies))?\W*", name.lower()):
            return Meaning.AFFECTED
    else:
        by_kind = {"permanent": Meaning.DRY, "affected": Meaning.AFFECTED}
    by_kind |= {"dry": Meaning.DRY, "not_observed": Meaning.NOT_OBSERVED}
    return by_kind.get(kind)


def parse_codes(text: str) -> tuple[int, ...]:
    """Read class codes and ranges of them, ``1,2,250-255``, in order.

    Raises
    ------
    InputError
        If one is no class.
    """
    what = f"The codes '{text}' cannot be used"
    codes: set[int] = set()
    for item in text.split(","):
        match = re.fullmatch(r"\s*(-?\d{1,9})(?:\s*-\s*(-?\d{1,9}))?\s*", item)
        if match is None:
            raise InputError(what, "they are no whole numbers", "Write them like 4,5 or 252-255.")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise InputError(what, f"{first} is above {last}", "Write the lower one first.")
        if last - first >= MOST_CODES:
            raise InputError(what, f"{first} to {last} is too many", "Name fewer.")
        codes.update(range(first, last + 1))
    return tuple(sorted(codes))
