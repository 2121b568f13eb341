"""The plugin's metadata, its version in every place, and nothing of the makers' machines in the
files.
"""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest

import firstlight
from firstlight import core
from support.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def general() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "metadata.txt", encoding="utf-8")
    return parser["general"]


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "qgisMinimumVersion",
        "description",
        "about",
        "version",
        "author",
        "email",
        "repository",
        "tracker",
        "homepage",
        "tags",
    ],
)
def test_the_keys_that_the_plugin_site_requires_are_there(
    general: configparser.SectionProxy, key: str
) -> None:
    assert general[key].strip()


def test_what_the_metadata_promises(general: configparser.SectionProxy) -> None:
    assert general["name"] == "FirstLight"
    assert general["qgisMinimumVersion"] == "3.22"
    assert general.getboolean("hasProcessingProvider")
    assert re.fullmatch(r"\d+\.\d+\.\d+(-?(alpha|beta|rc)\d*)?", general["version"])
    assert general["email"].count("@") == 1
    assert all(general[key].startswith("https://") for key in ("repository", "tracker", "homepage"))
    assert len(general["description"]) < 200


def test_the_icon_is_there(general: configparser.SectionProxy) -> None:
    assert (ROOT / general["icon"]).is_file()


def test_the_version_is_the_same_everywhere(general: configparser.SectionProxy) -> None:
    project = re.search(
        r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert project is not None
    versions = {general["version"], project[1], core.VERSION, firstlight.__version__}
    assert len(versions) == 1, versions
    assert core.VERSION in core.PRODUCT


def test_every_folder_of_the_product_is_a_package_of_the_distribution() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = text.partition("packages = [\n")[2].partition("]\n")[0]
    listed = re.findall(r'^  "([\w.]+)",$', names, re.MULTILINE)
    folders = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for name in ("core", "plugin", "ui")
        for path in (ROOT / name).rglob("*.py")
    }
    assert len(listed) == len(names.splitlines()), "one on each line"
    assert listed == ["firstlight", *sorted(f"firstlight.{folder}" for folder in folders)]


def test_the_changelog_tells_of_this_version() -> None:
    assert core.VERSION in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_licence_is_the_one_that_is_named(general: configparser.SectionProxy) -> None:
    assert "GNU GENERAL PUBLIC LICENSE" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert general.get("license", "GPL-2.0-or-later").startswith("GPL-2.0")


def tracked_files() -> list[Path]:
    """What git keeps or would keep; without git, what the folders of the project hold."""
    try:
        told = subprocess.run(
            ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        folders = ("core", "plugin", "ui", "config", "docs", "scripts", "tests")
        return [
            f
            for name in folders
            for f in (ROOT / name).rglob("*")
            if f.is_file() and "__pycache__" not in f.parts
        ]
    return [ROOT / name for name in told if (ROOT / name).is_file()]


# Spelled in pieces, so that this file does not find itself.
FORBIDDEN = {
    "a folder of the makers' machine": "(?<![A-Za-z0-9_.])/" + "(?:work|farm)/",
    "a package registry's host": "pypi" + r"\.org|files\.python" + r"hosted|registry\.np" + "mjs",
    "a mirror's host": r"(?:art" + r"ifactory|nex" + r"us|dev" + r"pi)\.[a-z0-9-]+\.[a-z]+",
    "an address in a private network": (
        r"(?<![\d.])(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))"
        r"\.\d{1,3}\.\d{1,3}(?:\.\d{1,3})?:\d+"
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in pattern.finditer(text)]
    assert not found, found


def test_the_search_for_forbidden_words_finds_them() -> None:
    planted = {
        "a folder of the makers' machine": "see " + "/wo" + "rk/shared/x",
        "a package registry's host": "https://py" + "pi.org/simple",
        "a mirror's host": "https://nex" + "us.example.com/x",
        "an address in a private network": "http://10." + "1.2.3:8080/",
    }
    assert all(re.search(FORBIDDEN[what], text) for what, text in planted.items())
