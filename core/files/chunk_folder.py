"""A layer in chunks: a VRT, and its files in a folder beside it, ``X.DIGEST.chunks``."""

from __future__ import annotations

import re
from pathlib import Path

SUFFIX = ".chunks"
_NAMED = re.compile(r">([^<>/]+)/([^<>/]+\.tif)</SourceFilename>")


def chunk_folder(vrt: Path, digest: str) -> str:
    """The name of the folder of a run's chunks; ``digest`` are eight hexadecimal digits."""
    return f"{vrt.stem}.{digest}{SUFFIX}"


def is_chunk_folder(vrt: Path, name: str) -> bool:
    """Whether a folder beside a VRT has the name of one of its chunks."""
    return (
        re.fullmatch(rf"{re.escape(vrt.stem)}\.[0-9a-f]{{8}}{re.escape(SUFFIX)}", name) is not None
    )


def chunk_files(vrt: Path) -> list[Path]:
    """The files that a VRT shows as its chunks, in the order of their names; empty where it is
    none over chunks of its name.
    """
    if vrt.suffix.lower() != ".vrt" or not vrt.is_file():
        return []
    named = dict.fromkeys(_NAMED.findall(vrt.read_text(encoding="utf-8", errors="replace")))
    return sorted(
        vrt.parent / folder / name for folder, name in named if is_chunk_folder(vrt, folder)
    )
