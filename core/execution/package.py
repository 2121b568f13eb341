"""FirstLight's own code as something that can be compared with another computer's, and
sent there.
"""

from __future__ import annotations

import hashlib
import zipfile
from functools import lru_cache
from pathlib import Path

PACKAGE = __name__.partition(".")[0]
_ROOT = Path(__file__).resolve().parents[2]


def core_files() -> tuple[str, ...]:
    """The modules that workers need, relative to the package, with ``/``."""
    names = [path.relative_to(_ROOT).as_posix() for path in (_ROOT / "core").rglob("*.py")]
    return ("__init__.py", *sorted(names))


@lru_cache(maxsize=1)
def digest() -> str:
    """Digest of the modules that have been loaded here; read once, since a file that changes later
    is not loaded again.
    """
    return digest_of([(_ROOT / name).read_bytes() for name in core_files()])


def digest_of(texts: list[bytes]) -> str:
    """Eight hexadecimal digits for sources; how their lines end makes no difference."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:8]


def make_zip(folder: Path) -> Path:
    """A zip that can stand on Python's path; it holds code only: what kernels take from ``config``
    travels as values.
    """
    path = folder / f"{PACKAGE}-{digest()}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in core_files():
            target.write(_ROOT / name, f"{PACKAGE}/{name}")
    return path
