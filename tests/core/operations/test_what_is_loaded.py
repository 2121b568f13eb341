"""An operation loads what it needs: who stacks bands does not wait for maps and their engines."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.waiting import PATIENCE_S

NEEDLESS = ("recipes", "execution", "algorithms", "products", "maps", "stac", "discovery.catalogs")


@pytest.mark.parametrize("module", ["stack", "validate"])
def test_stacking_and_validating_load_neither_maps_nor_catalogues(module: str) -> None:
    script = (
        f"import firstlight.core.operations.{module}, sys\n"
        f"rooms = tuple('firstlight.core.' + room + '.' for room in {NEEDLESS!r})\n"
        "print(sorted(name for name in sys.modules if (name + '.').startswith(rooms)))\n"
        "print(sorted({'subprocess', 'tarfile', 'rasterio', 'osgeo'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd="/",
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]
