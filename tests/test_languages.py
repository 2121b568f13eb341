"""What is shipped for other languages: complete, of today's sources, and with every value."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from firstlight.core.language.sentences import HOLE, make_sentences
from firstlight.core.wording import MARK

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("de", "es", "fr", "pt")
NAMED = re.compile(r"\{[a-z_]+(?:![rs])?(?::[^}]*)?\}")
"""Places for values in texts of windows."""


@cache
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "write_sentences", ROOT / "scripts" / "write_sentences.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@cache
def texts() -> tuple[str, ...]:
    return tuple(script().texts())


@cache
def table(language: str) -> dict[str, str]:
    path = ROOT / "resources" / "languages" / f"{language}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_sources_has_a_translation(language: str) -> None:
    # else: python scripts/write_sentences.py, and translate what it says is new
    assert [text for text in texts() if not table(language).get(text)] == []
    assert sorted(set(table(language)) - set(texts())) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_and_marks_are_those_of_the_original(language: str) -> None:
    for text, said in table(language).items():
        for pattern in (HOLE, NAMED, MARK):
            wanted = sorted(match.group() for match in pattern.finditer(text))
            assert sorted(match.group() for match in pattern.finditer(said)) == wanted, text
        mnemonics = [len(re.findall(r"&(?=\w)", part)) for part in (text, said)]
        assert mnemonics[0] == mnemonics[1], text
        assert ("\n" in text) == ("\n" in said), text


@pytest.mark.thorough
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_is_recognised_and_no_other_one_is_taken_for_it(language: str) -> None:
    sentences = make_sentences(table(language))
    wrong = []
    for text, said in table(language).items():
        numbers = dict.fromkeys(HOLE.findall(text))
        if numbers:
            filled = HOLE.sub(lambda hole: f"«{hole[1]}»", text)
            wanted = HOLE.sub(lambda hole: f"«{hole[1]}»", said)
            if sentences.translate(filled) != wanted:
                wrong.append((text, sentences.translate(filled)))
    assert wrong == []


def test_texts_are_found_where_people_read_them() -> None:
    """The list is made of the sources: a look at each kind of place."""
    for known in (
        "Map an event",  # a title
        "The band '{0}' cannot be used",  # an error
        "Narrow the dates and the area, or choose another catalogue.",  # what to do
        "MTBS burn severity",  # of the configuration
    ):
        assert any(known in text for text in texts()), known
    assert not [text for text in texts() if text.startswith(("SELECT", "npt.", "/"))]
