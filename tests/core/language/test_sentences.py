"""Core's sentences in another language: found by their form, with their values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firstlight.core.language import sentences
from firstlight.core.language.sentences import load_sentences, make_sentences

TABLE = {
    "Band '{0}' has {1} % nodata": "Band „{0}“ hat {1} % ohne Daten",
    "The raster {0} cannot be used as it is": "Das Raster {0} ist so nicht brauchbar",
    "The raster {0} cannot be used": "Das Raster {0} ist unbrauchbar",
    "{0} to {1}": "{0} bis {1}",
    "it has no id": "es hat keine Kennung",
    "it names {0}, and {1}": "es nennt {1} und {0}",
    "Choose one before and one after.": "Eines davor und eines danach wählen.",
    "Dry (observed)": "Trocken (gesehen)",
    "See ‘stack.unit’.": "Siehe ‘stack.unit’.",
}


@pytest.fixture(scope="module")
def german() -> sentences.Sentences:
    return make_sentences(TABLE)


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("it has no id", "es hat keine Kennung"),
        ("it has no id.", "es hat keine Kennung."),
        ("Band 'nir' has 12 % nodata", "Band „nir“ hat 12 % ohne Daten"),
        ("Band 'nir' has 12 % nodata.", "Band „nir“ hat 12 % ohne Daten."),
        # what says more is meant
        ("The raster a.tif cannot be used as it is", "Das Raster a.tif ist so nicht brauchbar"),
        ("The raster a.tif cannot be used", "Das Raster a.tif ist unbrauchbar"),
        # places may change their order, and a value may be a sentence
        ("it names A, and B", "es nennt B und A"),
        ("it names it has no id, and B", "es nennt B und es hat keine Kennung"),
        # what: why. What to do
        (
            "The raster /d/a: b.tif cannot be used: it has no id. Choose one before and one after.",
            "Das Raster /d/a: b.tif ist unbrauchbar: es hat keine Kennung. "
            "Eines davor und eines danach wählen.",
        ),
        # a part that nobody translated stays, the rest does not
        ("it has no id. Something new.", "es hat keine Kennung. Something new."),
        ("Something new: it has no id.", "Something new: it has no id."),
        ("", ""),
        ("  Dry (observed)\n\nmore", "  Trocken (gesehen)\n\nmore"),
        ("See ‘stack.unit’.", "Siehe ‘stack.unit’."),
        ("Dry (observed) or not", "Dry (observed) or not"),
        # a form of one word is not found in what is a sentence of another kind
        ("0.1 to 0.4", "0.1 bis 0.4"),
        ("it has no id to it has no id", "es hat keine Kennung bis es hat keine Kennung"),
        ("The VRT that we write to the disk", "The VRT that we write to the disk"),
    ],
)
def test_a_sentence_is_found_by_its_form(
    german: sentences.Sentences, english: str, said: str
) -> None:
    assert german.translate(english) == said


def test_a_value_with_braces_is_no_place(german: sentences.Sentences) -> None:
    assert german.translate("Band '{1}' has {0} % nodata") == "Band „{1}“ hat {0} % ohne Daten"


def test_a_very_long_text_is_left_alone_at_once(german: sentences.Sentences) -> None:
    text = "it names " + ", and ".join("x" * 50 for _ in range(2000))
    assert german.translate(text) == text


def test_a_language_is_read_once_and_one_that_is_not_there_is_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xx.json").write_text(
        json.dumps({"it has no id": "…", "new": ""}), encoding="utf-8"
    )
    monkeypatch.setattr(sentences, "LANGUAGES_PATH", tmp_path)
    load_sentences.cache_clear()
    assert load_sentences("xx").translate("it has no id") == "…"
    assert load_sentences("xx").translate("new") == "new"
    assert load_sentences("yy").translate("it has no id") == "it has no id"
    load_sentences.cache_clear()
