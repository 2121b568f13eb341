"""Libraries that FirstLight needs, those that are missing, and the way to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from ..core.errors import DependencyError
from ..core.installation.needed import REQUIRED, Library


def missing_libraries(required: Sequence[Library] = REQUIRED) -> tuple[Library, ...]:
    """The libraries that QGIS's Python does not have; looks for them without importing them."""
    return tuple(library for library in required if find_spec(library.module) is None)


def dependency_error(missing: Sequence[Library]) -> DependencyError | None:
    """One sentence that names what is missing and how to mend it; None where nothing is."""
    if not missing:
        return None
    names = ", ".join(library.package for library in missing)
    packages = " ".join(library.package for library in missing)
    noun = "library" if len(missing) == 1 else "libraries"
    return DependencyError(
        "FirstLight cannot start",
        f"QGIS's Python lacks the {noun} {names}",
        f'Run "python3 -m pip install {packages}" with QGIS\'s own Python (on Windows in the '
        "OSGeo4W shell) and restart QGIS.",
    )
