"""FirstLight's own code as something that can be compared with another computer's, and
sent there.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

PACKAGE = __name__.partition(".")[0]


def core_files() -> tuple[str, ...]:
    """The modules that workers need, and the shipped configuration that these read, relative to the
    package, with ``/``; also where the package lies in a zip, as on such a worker.
    """
    config = (f"config/{entry.name}" for entry in (files(PACKAGE) / "config").iterdir())
    shipped = sorted(name for name in config if name.endswith(".yaml"))
    return ("__init__.py", *sorted(_modules(files(PACKAGE) / "core", "core")), *shipped)


def _modules(folder: Any, name: str) -> Iterator[str]:
    for entry in folder.iterdir():
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _modules(entry, path)
        elif path.endswith(".py"):
            yield path


def _source(name: str) -> bytes:
    return files(PACKAGE).joinpath(*name.split("/")).read_bytes()


@lru_cache(maxsize=1)
def digest() -> str:
    """Digest of the modules that have been loaded here; read once, since a file that changes later
    is not loaded again.
    """
    return digest_of([_source(name) for name in core_files()])


def digest_of(texts: list[bytes]) -> str:
    """Eight hexadecimal digits for sources; how their lines end makes no difference."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:8]


def make_zip(folder: Path) -> Path:
    """A zip that can stand on Python's path: the code, and the shipped configuration. What is the
    user's own travels as values.
    """
    path = folder / f"{PACKAGE}-{digest()}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in core_files():
            target.writestr(f"{PACKAGE}/{name}", _source(name))
    return path
