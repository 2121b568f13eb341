"""What the pages in docs say of files, functions and words is there."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for folder in ("core", "plugin", "ui")
    for path in (ROOT / folder).rglob("*.py")
}
LONGEST = 100


def rows(page: str) -> list[list[str]]:
    """The cells of a page's tables, without the lines below their heads."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    lines = re.findall(r"^\|(.+)\|$", text, re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines if "---" not in line]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_lines_are_short(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)", text)
    lost = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not lost
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    long = [line for line in prose.splitlines() if len(line) > LONGEST and line[:1] != "|"]
    assert not [line for line in long if " " in line.lstrip("![-*] ")]


def test_every_step_of_the_way_of_the_data_is_where_the_page_says() -> None:
    steps = [cells for cells in rows("architecture.md") if ".py`" in cells[2]]
    assert len(steps) > 30
    for _, functions, places in steps:
        folder = "execution" if "/" not in places else places.split("/")[0].strip("`")
        paths = [
            f"core/{path}" if "/" in path else f"core/{folder}/{path}"
            for path in re.findall(r"`([a-z_/]+\.py)`", places)
        ]
        assert not [path for path in paths if path not in SOURCES], places
        names = re.findall(r"`([A-Za-z_]+)[.`]", functions)
        text = "\n".join(SOURCES[path] for path in paths)
        if "cluster" not in functions and "serial" not in functions and "threads" not in functions:
            assert not [n for n in names if not re.search(rf"(def|class) {n}\b", text)], functions


def test_the_glossary_s_names_are_in_the_code() -> None:
    table = [cells for cells in rows("glossary.md") if cells[0] != "word"]
    names = [name for cells in table for name in re.findall(r"`([^`]+)`", cells[-2])]
    assert len(names) > 50
    text = "\n".join(SOURCES.values())
    assert not [name for name in names if not re.search(rf"\b{re.escape(name)}\b", text)]
    words = [word for cells in table for word in cells[0].split(", ")]
    assert len(words) == len(set(words)), "a word stands for two things"


def test_the_index_of_decisions_names_each_with_its_title() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^- \[(.+)\]\((\S+)\)", index, re.MULTILINE))
    files = {path.name: path for path in folder.glob("[0-9]*.md")}
    assert set(listed.values()) == set(files)
    for title, name in listed.items():
        text = files[name].read_text(encoding="utf-8")
        assert text.startswith(f"# {title}\n")
        assert title[:4] == f"{name[:3]} "
        assert ("*Draft.*" in text) == (f"({name}) (draft)" in index)


def test_every_option_of_the_command_line_stands_in_a_guide() -> None:
    from firstlight.core.cli import build_parser

    guides = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))
    commands = next(
        action.choices
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    options = {
        option
        for command in commands.values()
        for action in command._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    }
    assert len(options) > 80
    lost = [option for option in options if not re.search(rf"{option}(?![\w-])", guides)]
    assert not lost, "what a person can choose is told in docs/*.md"


def test_the_specification_s_page_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "specification.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.]+?)(?:::(test_\w+))?`", text)
    assert len(named) > 100
    lost = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists()
        or (name and f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert not lost
    told = {cells[0] for cells in rows("specification.md")}
    for kind, last in (("SC", 10), ("US", 4), ("NFR", 4)):
        listed = " ".join(told)
        assert not [n for n in range(1, last + 1) if not re.search(rf"\b{kind}-{n}\b", listed)]
