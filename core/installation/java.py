"""A Java for Spark, which runs on some versions only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

VERSIONS = (17, 21)
"""Spark 4 runs on these (seen: 17.0.15 and 21.0.13; 25 fails)."""
ANSWER_S = 20.0
FOLDERS = (
    "/usr/lib/jvm",
    "/Library/Java/JavaVirtualMachines",
    "C:/Program Files/Eclipse Adoptium",
    "C:/Program Files/Java",
    "C:/Program Files/Microsoft",
)


def find_java() -> tuple[Path | None, list[str]]:
    """The home of a Java that Spark runs on, and what else was found.

    Returns
    -------
    Path or None
        A folder with ``bin/java``, for ``JAVA_HOME``.
    list of str
        Version and home of each other Java.
    """
    others = []
    for home in _homes():
        version = java_version(home)
        if version in VERSIONS:
            return home, []
        if version is not None:
            others.append(f"{version} in {home}")
    return None, others


def java_version(home: Path) -> int | None:
    """Its first number; None where there is no Java that runs."""
    program = home / "bin" / ("java.exe" if os.name == "nt" else "java")
    if not program.is_file():
        return None
    with suppress(OSError, subprocess.TimeoutExpired):
        # A program of this computer, a list of arguments, no shell.
        told = subprocess.run(  # nosec B603
            [str(program), "-version"],
            capture_output=True,
            text=True,
            timeout=ANSWER_S,
            check=False,
        )
        found = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
        return int(found[1]) if found else None
    return None


def _homes() -> Iterator[Path]:
    """Where a Java may be, the user's own choice first; each once."""
    seen = set()
    for home in _all_homes():
        real = home.resolve()
        if real not in seen:
            seen.add(real)
            yield home


def _all_homes() -> Iterator[Path]:
    if own := os.environ.get("JAVA_HOME"):
        yield Path(own)
    for folder in map(Path, FOLDERS):
        for home in sorted(folder.glob("*")) if folder.is_dir() else ():
            yield home / "Contents" / "Home" if (home / "Contents").is_dir() else home
    if program := shutil.which("java"):
        yield Path(program).resolve().parents[1]
