"""Searches that were made or kept, and which of their scenes have been seen: a file in QGIS's
profile.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication

from ..core.errors import FirstLightError
from ..core.files.atomic import WriteFailure, write_whole
from ..core.monitor import Level
from ..core.text import read_json, redact
from ..core.types import Aoi
from .monitors import log
from .project_store import area_from_text, area_to_text

MOST_RECENT = 12
"""Searches that were not given a name."""
MOST_SEEN = 200
"""Names of scenes that are remembered of one search, the newest ones."""
VALUES = ("start", "end", "sensor", "catalog", "max_cloud")


@dataclass(frozen=True)
class KeptSearch:
    """What was searched for, and what was found the last time."""

    area: str
    """GeoJSON."""
    values: dict[str, Any]
    """Of the search's fields, by name."""
    name: str = ""
    """What the user calls it; empty for one that was only made."""
    seen: tuple[str, ...] = ()
    """Ids of the scenes that it has found."""

    @property
    def aoi(self) -> Aoi | None:
        """The area; None where it is none any more."""
        return area_from_text(self.area)

    @property
    def subject(self) -> tuple[Any, ...]:
        """What makes two searches the same: all but their days."""
        same = (self.values.get(name) for name in ("sensor", "catalog", "max_cloud"))
        return (self.area, *same)


class SearchStore:
    """Keeps searches, the newest first.

    Parameters
    ----------
    path : Path, optional
        The file; by default in QGIS's profile.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or Path(QgsApplication.qgisSettingsDirPath()) / "firstlight" / (
            "searches.json"
        )
        self._searches: list[KeptSearch] | None = None

    @property
    def searches(self) -> tuple[KeptSearch, ...]:
        """All of them; the file is read when first asked for."""
        if self._searches is None:
            self._searches = _read(self._path)
        return tuple(self._searches)

    def remember(self, aoi: Aoi, values: Mapping[str, Any], found: Iterable[str]) -> frozenset[str]:
        """Keep a search that was made.

        Returns
        -------
        frozenset of str
            Ids that it had not found before; none where it is the first of its kind.
        """
        made = KeptSearch(area_to_text(aoi), {name: values.get(name) for name in VALUES})
        if redact(str(made.values)) != str(made.values):
            return frozenset()  # a catalogue's address with a secret is not written down
        ids = tuple(found)
        before = [one for one in self.searches if one.subject == made.subject]
        seen = {name for one in before for name in one.seen}
        new = frozenset(ids) - seen if before else frozenset[str]()
        kept = tuple(dict.fromkeys((*ids, *(name for one in before for name in one.seen))))
        kept = kept[:MOST_SEEN]
        named = [replace(one, seen=kept) for one in before if one.name]
        others = [one for one in self.searches if one.subject != made.subject]
        recent = replace(made, seen=kept)
        self._write([recent, *named, *others])
        return new

    def keep(self, aoi: Aoi, values: Mapping[str, Any], name: str) -> None:
        """Keep a search under a name; one of that name is replaced."""
        made = KeptSearch(area_to_text(aoi), {key: values.get(key) for key in VALUES}, name)
        seen = next((one.seen for one in self.searches if one.subject == made.subject), ())
        others = [one for one in self.searches if one.name != name]
        self._write([replace(made, seen=seen), *others])

    def forget(self, search: KeptSearch) -> None:
        """Keep it no longer."""
        self._write([one for one in self.searches if one != search])

    def _write(self, searches: list[KeptSearch]) -> None:
        recent = [one for one in searches if not one.name][:MOST_RECENT]
        self._searches = [one for one in searches if one.name or one in recent]
        failure = WriteFailure("The searches cannot be kept", hint="Free some room.")
        try:
            text = json.dumps([asdict(one) for one in self._searches])
            write_whole(self._path, text, failure, make_folder=True)
        except FirstLightError as error:
            log(str(error), Level.WARNING)  # they are a convenience: the search itself is done


def _read(path: Path) -> list[KeptSearch]:
    try:
        tree = read_json(path.read_text(encoding="utf-8"))
        rows = tree if isinstance(tree, list) else []
        return [
            KeptSearch(
                str(row["area"]),
                {name: row["values"].get(name) for name in VALUES},
                str(row.get("name", "")),
                tuple(map(str, row.get("seen", ()))),
            )
            for row in rows
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return []  # not there yet, or written by somebody else
