"""What was chosen in the dock, kept in the project: a project that is opened again begins there.

A project may come from anybody. What it says is shown in fields and used when the user presses a
button; its area is coordinates, never the name of a file, and its scenes are names, never
addresses: the catalogue says where they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from qgis.core import QgsProject

from ..core.errors import FirstLightError
from ..core.text import redact
from ..core.types import Aoi

SCOPE = "firstlight"
MOST_IDS = 500


def write_choices(project: QgsProject, choices: Mapping[str, str | None]) -> None:
    """Keep choices by name; one that is empty, or holds a secret, is forgotten."""
    for name, value in choices.items():
        if value and redact(value) == value:
            project.writeEntry(SCOPE, f"/{name}", value)
        else:
            project.removeEntry(SCOPE, f"/{name}")


def read_choices(project: QgsProject, names: Iterable[str]) -> dict[str, str]:
    """The choices that the project holds, by name."""
    found = {name: str(project.readEntry(SCOPE, f"/{name}", "")[0]) for name in names}
    return {name: value for name, value in found.items() if value}


def ids_to_text(ids: Sequence[str]) -> str:
    """Names of scenes, as many as a person ticks; empty where there are none."""
    return json.dumps(list(ids[:MOST_IDS])) if ids else ""


def ids_from_text(text: str) -> frozenset[str]:
    """The names of such a text; none where it holds none."""
    try:
        tree = json.loads(text) if text else []
    except ValueError:
        return frozenset()
    found = tree[:MOST_IDS] if isinstance(tree, list) else []
    return frozenset(one for one in found if isinstance(one, str))


def area_to_text(aoi: Aoi | None) -> str:
    """The geometry of an area as GeoJSON; empty where there is none."""
    return "" if aoi is None else json.dumps(aoi.geometry)


def area_from_text(text: str) -> Aoi | None:
    """The area of such a text; None where it is none."""
    try:
        tree = json.loads(text)
        return Aoi.from_geometry(tree) if isinstance(tree, dict) else None
    except (ValueError, FirstLightError):
        return None
