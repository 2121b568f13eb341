"""Which files this process has open: GDAL's, too, as the kernel tells."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

OWN = Path("/proc/self/fd")
needs_the_kernels_list = pytest.mark.skipif(
    not OWN.is_dir(), reason="this system does not tell which files are open"
)


def open_below(folder: Path) -> list[Path]:
    """The open files in a folder; a file that is open twice stands there twice."""
    found = []
    for one in os.listdir(OWN):
        with suppress(OSError):  # the list itself was open when it was read
            found.append(Path(os.readlink(OWN / one)))
    return [path for path in found if path.is_relative_to(folder.resolve())]
