"""``scan_zip.py ZIP``: what the QGIS plugin site finds in a plugin's zip, by its tools and rules.

The site blocks a version at the first finding of bandit or detect-secrets and shows those of flake8
and of the files; here each is a failure, whether an uploader could skip its rule or not, and so is
a tool that does not answer. That each tool still finds something is tried first.
``scripts/check_site.sh`` installs the tools.
"""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

MOST_BYTES = 25_000_000
SUSPICIOUS = (".exe", ".dll", ".so", ".dylib", ".bat", ".sh", ".ps1", ".cmd")
CONFIGURES_THE_SCAN = (".bandit", ".secrets.baseline", ".flake8")
FOLDERS = ("__MACOSX", ".git", "__pycache__")


def rules(kind: str) -> list[str]:
    """The site's rules of one kind."""
    text = Path(__file__).with_name("site_rules.txt").read_text(encoding="utf-8")
    lines = (line.split() for line in text.splitlines())
    return [rule for line in lines if line[0] == kind for rule in line[1:]]


def run_tool(*words: str, folder: Path) -> str:
    """What a tool prints. A tool that breaks is no tool that finds nothing."""
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        sys.exit(f"The plugin's zip cannot be scanned: {error}. Run scripts/check_site.sh.")
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        sys.exit(f"The plugin's zip cannot be scanned: {words[0]} failed. {done.stderr.strip()}")
    return done.stdout


def by_bandit(folder: Path) -> Iterator[str]:
    """Careless code."""
    known = run_tool("bandit", "--help", folder=folder).split()
    chosen = ",".join(rule for rule in rules("bandit") if rule in known)
    told = json.loads(
        run_tool("bandit", "-r", str(folder), "-f", "json", "-q", "-t", chosen, folder=folder)
    )
    if told["errors"] or not told["metrics"]["_totals"]["loc"]:
        sys.exit(f"The plugin's zip cannot be scanned: bandit read nothing. {told['errors']}")
    for one in told["results"]:
        place = Path(one["filename"]).relative_to(folder)
        yield f"{place}:{one['line_number']} {one['test_id']} {one['issue_text']}"


def by_detect_secrets(folder: Path) -> Iterator[str]:
    """Words that may be passwords."""
    left_out = [
        word for name in rules("detect-secrets-without") for word in ("--disable-plugin", name)
    ]
    order = ["detect-secrets", "scan", "--all-files", "--exclude-files", r"metadata\.txt"]
    told = json.loads(run_tool(*order, *left_out, ".", folder=folder))
    for place, found in told["results"].items():
        for one in found:
            yield f"{place}:{one['line_number']} {one['type']}"


def by_flake8(folder: Path) -> Iterator[str]:
    """Slips in the code."""
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
    order = ["flake8", "--isolated", "--max-line-length=120", "--select", ",".join(rules("flake8"))]
    yield from run_tool(*order, *files, folder=folder).splitlines()


def by_names(file: zipfile.ZipFile, size: int) -> Iterator[str]:
    """Files that are not to be in it, or not so."""
    names = file.namelist()
    tops = {name.partition("/")[0] for name in names}
    if size > MOST_BYTES:
        yield f"the zip has {size} bytes, more than {MOST_BYTES}"
    if len(tops) != 1 or not next(iter(tops)).isidentifier():
        yield f"not one folder at its top, named like a Python package: {sorted(tops)}"
    for one in file.infolist():
        parts = one.filename.rstrip("/").split("/")
        if one.external_attr >> 16 & 0o111 and not one.is_dir():
            yield f"{one.filename} can be executed"
        if one.filename.lower().endswith(SUSPICIOUS):
            yield f"{one.filename} is no file for a plugin"
        if ".pyc" in one.filename or ".." in one.filename or set(parts) & set(FOLDERS):
            yield f"{one.filename} is refused"
        if parts[-1] in CONFIGURES_THE_SCAN:
            yield f"{one.filename} would hide findings from the scan"
        elif parts[-1].startswith("."):
            yield f"{one.filename} is hidden"
    top = next(iter(sorted(tops)))
    yield from (
        f"{top}/{needed} is missing"
        for needed in ("__init__.py", "metadata.txt", "LICENSE")
        if f"{top}/{needed}" not in names
    )


def by_metadata(folder: Path) -> Iterator[str]:
    """What the site asks for in metadata.txt, read as it reads it."""
    for path in folder.glob("*/metadata.txt"):
        parser = configparser.ConfigParser()
        parser.optionxform = str  # type: ignore[assignment, method-assign] # as the site has it
        parser.read_string(path.read_text(encoding="utf-8"))
        given = dict(parser.items("general"))
        yield from (
            f"metadata.txt: {key} is empty" for key in rules("metadata") if not given.get(key)
        )


PLANTED = {
    "plugin/__init__.py": "print(eval('1 + 1'))\ntry:\n    a = 1\nexcept:\n    a = 2\n",
    "plugin/key.txt": "-----BEGIN RSA PRIVATE KEY-----\n",  # pragma: allowlist secret
    "plugin/metadata.txt": "[general]\nname=Planted\n",
}


def scan(path: Path) -> dict[str, list[str]]:
    """What each tool finds in a zip."""
    with tempfile.TemporaryDirectory() as made, zipfile.ZipFile(path) as file:
        folder = Path(made)
        file.extractall(folder)
        return {
            "files": [*by_names(file, path.stat().st_size), *by_metadata(folder)],
            "bandit": [*by_bandit(folder)],
            "detect-secrets": [*by_detect_secrets(folder)],
            "flake8": [*by_flake8(folder)],
        }


def blind_tools() -> list[str]:
    """Tools that do not see what is planted for them."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "planted.zip"
        with zipfile.ZipFile(path, "w") as file:
            for name, text in PLANTED.items():
                file.writestr(name, text)
        return [tool for tool, sentences in scan(path).items() if not sentences]


def main() -> int:
    """Scan, and tell what was found."""
    path = Path(sys.argv[1])
    if blind := blind_tools():
        sys.exit(f"The plugin's zip cannot be scanned: {', '.join(blind)} finds nothing at all.")
    found = scan(path)
    for tool, sentences in found.items():
        print(f"{tool}: {len(sentences)} findings")
        for sentence in sentences:
            print(f"  {sentence}")
    number = sum(map(len, found.values()))
    if number:
        print(f"The plugin site would not take {path.name}: {number} findings.", file=sys.stderr)
    return 1 if number else 0


if __name__ == "__main__":
    sys.exit(main())
