"""The guide's page *From the map to the briefing*: its commands run, and print what it says."""

from __future__ import annotations

import re
import shlex
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from firstlight.core.cli import main
from support.briefing import prepare, prepare_weather
from support.range_server import FaultyServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "briefing.md"


def steps() -> list[tuple[str, str]]:
    """Each command of the page, and the lines below it."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"^```\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        text = block.replace("\\\n", " ")
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, answer = part.partition("\n")
            found.append((command, answer))
    return found


@pytest.mark.thorough
def test_the_page_s_commands_print_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIRSTLIGHT_WINDOW", raising=False)  # the page's reader has set nothing
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path)
    told = steps()
    assert len(told) >= 8
    with FaultyServer(tmp_path / "weather") as files:
        prepare_weather(tmp_path / "weather", files)
        for command, answer in told:
            program, *words = shlex.split(command)
            assert program == "flight"
            out = StringIO()
            with redirect_stdout(out):
                assert main(words) in (0, 3), command
            printed = " ".join(out.getvalue().split())
            # A long line goes on in the next one, indented.
            sentences = re.split(r"\n(?! )", answer.strip()) if answer.strip() else []
            for sentence in sentences:
                assert " ".join(sentence.split()) in printed, command
    named = set(re.findall(r"`((?:fire|impact|followed|ahead)/[\w./]+)`", PAGE.read_text("utf-8")))
    assert len(named) > 5
    assert not [name for name in named if not (tmp_path / name).exists()]
