"""An operation loads what it needs: who stacks bands does not wait for maps and their engines, and
a search not for what only the maps of its event need.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from support.waiting import PATIENCE_S

OF_MAPS = ("recipes", "execution", "algorithms", "products", "maps", "stac", "discovery.catalogs")
OF_EVENTS = ("maps", "recipes", "validation", "download", "mosaic", "stack")


def answers(module: str, rooms: Sequence[str], last: str) -> list[str]:
    """What a fresh Python prints once it has loaded a module: what it knows of some rooms, and
    something more.
    """
    script = (
        f"import firstlight.core.operations.{module} as loaded, sys\n"
        f"rooms = tuple('firstlight.core.' + room + '.' for room in {rooms!r})\n"
        "print(sorted(name for name in sys.modules if (name + '.').startswith(rooms)))\n" + last
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd="/",
        check=True,
    )
    return done.stdout.split("\n")[:2]


@pytest.mark.parametrize("module", ["stack", "validate"])
def test_stacking_and_validating_load_neither_maps_nor_catalogues(module: str) -> None:
    libraries = "print(sorted({'subprocess', 'tarfile', 'rasterio', 'osgeo'} & set(sys.modules)))"
    assert answers(module, OF_MAPS, libraries) == ["[]", "[]"]


def test_an_event_is_searched_before_what_makes_maps_is_loaded() -> None:
    ahead = (
        "from firstlight.core.gdal.load_ahead import _load\n"
        "_load(('no_such_library',), (loaded.RUN, loaded.REPORT), False, 0.0)\n"
        "print({loaded.RUN, loaded.REPORT} <= set(sys.modules))"
    )
    assert answers("event", OF_EVENTS, ahead) == ["[]", "True"]


def test_an_event_fetches_bands_before_what_makes_maps_is_loaded() -> None:
    bands = (
        "from firstlight.core.doors.operation_index import get_declared\n"
        "print(sorted(get_declared('burn-severity').bands_read))"
    )
    nothing, read = answers("event_run", ("maps", "recipes", "execution", "products"), bands)
    assert nothing == "[]"
    assert {"'nir'", "'swir22'", "'scl'"} <= set(read.strip("[]").split(", "))


def test_a_program_does_not_wait_for_what_it_no_longer_loads() -> None:
    last = (
        "from firstlight.core.gdal.load_ahead import load_ahead\n"
        "load_ahead('no_such_module', after_s=1e6)\n"
        "print('at its end')"
    )
    assert answers("stack", ("maps",), last) == ["[]", "at its end"]
