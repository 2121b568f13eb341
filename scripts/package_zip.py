"""``package_zip.py FOLDER ZIP SECONDS``: looks through what is to be in the plugin's zip, and
writes it; ``SECONDS`` since 1970 is the time of all its files.
"""

from __future__ import annotations

import re
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

TOP = "firstlight"
MOST_BYTES = 4_000_000
COMPILED = (".so", ".pyd", ".dll", ".dylib", ".pyc", ".exe", ".a", ".o")
DEVELOPERS = ("tests", "scripts", ".ci", ".github", ".gitignore", ".gitattributes")
REPOSITORY_ONLY = re.compile(
    r"<!-- only in the repository -->\n.*?<!-- until here -->\n", re.DOTALL
)
"""What a page says to those who have the repository."""
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def strip_pages(top: Path) -> None:
    """Take out of the pages what they say of files that are not in the zip."""
    for page in pages(top):
        text = page.read_text(encoding="utf-8")
        kept = REPOSITORY_ONLY.sub("", text)
        if kept != text:
            page.write_text(kept, encoding="utf-8")


def pages(top: Path) -> list[Path]:
    """The guide, and what else is written for people."""
    return sorted(top.rglob("*.md"))


def faults(top: Path) -> Iterator[str]:
    """What must not be in it, or is missing."""
    if [folder.name for folder in top.parent.iterdir()] != [TOP]:
        yield "more than one folder at its top"
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if path.is_symlink():
            yield f"{name} is a link"
        if path.name.endswith(COMPILED) or ".so." in path.name:
            yield f"{name} is compiled"
        if name.split("/")[0] in DEVELOPERS:
            yield f"{name} is for developers"
    for needed in ("metadata.txt", "LICENSE", "README.md", "__init__.py"):
        if not (top / needed).is_file():
            yield f"{needed} is missing"
    for page in pages(top):
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                yield f"{page.relative_to(top)} leads to {target}, which is not in it"


def write_zip(top: Path, target: Path, seconds: int) -> None:
    """Write the files in the order of their names."""
    moment = time.gmtime(seconds)[:6]
    part = target.with_name(f"{target.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path in sorted(top.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(top.parent).as_posix(), moment)
                entry.external_attr = 0o100644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                file.writestr(entry, path.read_bytes())
    part.replace(target)


def main() -> int:
    """Write the zip unless something is wrong with it."""
    folder, target, seconds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    strip_pages(folder / TOP)
    found = list(faults(folder / TOP))
    if not found:
        write_zip(folder / TOP, target, seconds)
        if target.stat().st_size > MOST_BYTES:
            found = [f"it has {target.stat().st_size} bytes, more than {MOST_BYTES}"]
    for fault in found:
        print(f"The plugin's zip is not right: {fault}.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
