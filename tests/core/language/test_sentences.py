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
    "Wildfire": "Waldbrand",
    "Burned area": "Verbrannte Fläche",
    "{0} % seen clear": "{0} % klar zu sehen",
    "{0} km² {1}": "{0} km² {1}",
    "before: {0}, {1} before the event": "vorher: {0}, {1} vor dem Ereignis",
    "{0} days": "{0} Tage",
    "after": "nachher",
    "after: {0}, {1} after it": "nachher: {0}, {1} danach",
    "same season": "gleiche Jahreszeit",
    "The number is that of {0}": "Die Zahl ist die von {0}",
    "Do not read it: {0}": "Nicht lesen: {0}",
    "It is old. Not for towns.": "Es ist alt. Nicht für Städte.",
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
        # a name with figures, or with another name
        ("Wildfire 2024-07-20, 42.01N 27.32W", "Waldbrand 2024-07-20, 42.01N 27.32W"),
        ("Burned area (km²)", "Verbrannte Fläche (km²)"),
        ("Burned area (Wildfire)", "Verbrannte Fläche (Waldbrand)"),
        ("Burned area (of others)", "Burned area (of others)"),
        ("Burned area.tif", "Burned area.tif"),
        # a list is translated where each piece of it is known or has no words
        ("Wildfire, 2024-07-20, Burned area", "Waldbrand, 2024-07-20, Verbrannte Fläche"),
        ("Wildfire, with more", "Wildfire, with more"),
        (
            "before: 97 % seen clear, 80 % seen clear, 7 days before the event",
            "vorher: 97 % klar zu sehen, 80 % klar zu sehen, 7 Tage vor dem Ereignis",
        ),
        # a form of a word or two is not stretched over a list
        ("Burned area, 2.5 days", "Verbrannte Fläche, 2.5 Tage"),
        ("Wildfire, 0.1 to 0.4", "Waldbrand, 0.1 bis 0.4"),
        (", ".join(["Wildfire"] * 13), ", ".join(["Wildfire"] * 13)),
        # a figure may stand before what is known
        ("2024: it has no id", "2024: es hat keine Kennung"),
        ("12 %: Something new", "12 %: Something new"),
        # "what: why" within a list
        (
            "Wildfire: after: 97 % seen clear, 7 days after it; same season.",
            "Waldbrand: nachher: 97 % klar zu sehen, 7 Tage danach; gleiche Jahreszeit.",
        ),
        # a value ends where a sentence does
        (
            "The number is that of Burned area. it has no id",
            "Die Zahl ist die von Verbrannte Fläche. es hat keine Kennung",
        ),
        (
            "The number is that of Burned area. See ‘stack.unit’.",
            "Die Zahl ist die von Verbrannte Fläche. Siehe ‘stack.unit’.",
        ),
        # but for one that is known as it is
        ("Do not read it: It is old. Not for towns.", "Nicht lesen: Es ist alt. Nicht für Städte."),
    ],
)
def test_a_sentence_is_found_by_its_form(
    german: sentences.Sentences, english: str, said: str
) -> None:
    assert german.translate(english) == said


def test_a_language_is_read_without_making_its_patterns() -> None:
    """1200 of them take 0.1 s, and QGIS reads its language while it starts."""
    load_sentences.cache_clear()
    sentences._pattern.cache_clear()
    german = load_sentences("de")
    assert german.forms
    assert sentences._pattern.cache_info().currsize == 0
    said = german.translate("Band 'nir' of stack 'a.vrt' cannot be read: it is not there.")
    assert sentences._pattern.cache_info().currsize < len(german.forms) / 20, said


def test_a_value_with_braces_is_no_place(german: sentences.Sentences) -> None:
    assert german.translate("Band '{1}' has {0} % nodata") == "Band „{1}“ hat {0} % ohne Daten"


def test_a_very_long_text_is_left_alone_at_once(german: sentences.Sentences) -> None:
    text = "it names " + ", and ".join("x" * 50 for _ in range(2000))
    assert german.translate(text) == text


def test_a_list_that_nobody_knows_is_given_up_at_once(german: sentences.Sentences) -> None:
    """Known pieces in all ways would be looked at again and again."""
    asked = []
    known = german.whole

    class Counting(dict[str, str]):
        def __contains__(self, text: object) -> bool:
            asked.append(text)
            return text in known

    text = ", ".join(["Wildfire"] * 11 + ["words"])
    counted = sentences.Sentences(Counting(known), german.forms)
    assert counted.translate(text) == text
    assert len(asked) < 1000


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
