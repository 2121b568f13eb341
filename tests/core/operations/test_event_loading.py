"""An event's search waits for nothing that only its maps need."""

from __future__ import annotations

import subprocess
import sys

from support.waiting import PATIENCE_S

NEEDLESS = ("maps", "recipes", "validation", "download", "mosaic", "stack")


def test_an_event_is_searched_before_what_makes_maps_is_loaded() -> None:
    script = (
        "import sys\n"
        "from firstlight.core.operations import event\n"
        f"rooms = tuple('firstlight.core.' + room + '.' for room in {NEEDLESS!r})\n"
        "print(sorted(name for name in sys.modules if (name + '.').startswith(rooms)))\n"
        "from firstlight.core.gdal.load_ahead import _load\n"
        "_load(event.RUN)\n"
        "print(event.RUN in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd="/",
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["[]", "True"]
