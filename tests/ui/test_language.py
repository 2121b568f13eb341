"""FirstLight in the language of QGIS: its windows, its algorithms, and core's sentences."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QPushButton, QToolButton

from firstlight.core.enums import AccessKind, OrbitDirection
from firstlight.core.errors import InputError
from firstlight.core.execution.progress import TileCount
from firstlight.core.language import LANGUAGES_PATH
from firstlight.core.types import SceneItem
from firstlight.plugin import language
from firstlight.plugin.messages import WORDING
from firstlight.plugin.processing.algorithm import OperationAlgorithm
from firstlight.ui.scenes.scene_columns import notes_text, scene_facts
from support.operations import COUNT

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("de", "es", "fr", "pt")


def writer():
    spec = importlib.util.spec_from_file_location(
        "write_sentences", ROOT / "scripts" / "write_sentences.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_text_of_a_window_is_in_the_file_that_qt_reads(name, speak, qgis_app):
    # else: python scripts/write_sentences.py, with Qt's lrelease there
    table = json.loads((LANGUAGES_PATH / f"{name}.json").read_text(encoding="utf-8"))
    speak(name)
    wrong = [
        (context, text)
        for context, texts in writer().texts_of_windows().items()
        for text in texts
        if text.strip() and QCoreApplication.translate(context, text) != table[text]
    ]
    assert wrong == []


@pytest.mark.parametrize(("name", "words"), [("de_DE", "Karte"), ("pt_BR", "mapa")])
def test_the_dock_speaks_it(speak, request, name, words):
    speak(name)
    dock = request.getfixturevalue("dock")
    texts = [
        button.text() for kind in (QPushButton, QToolButton) for button in dock.findChildren(kind)
    ]
    assert any(words in text.replace("&", "") for text in texts), texts
    assert "Search" not in texts


def test_an_algorithm_and_a_failure_speak_it(speak):
    speak("de")
    from firstlight.core.operations.stack import STACK

    algorithm = OperationAlgorithm(STACK, None)
    assert algorithm.displayName() != STACK.title
    error = WORDING.error(
        InputError("The raster a.tif cannot be used as it is", "it has no id"), COUNT
    )
    assert "a.tif" in str(error)
    assert "cannot be used" not in str(error)


def test_english_and_a_language_that_nobody_has_translated_stay_english(speak):
    for name in ("en_GB", "fi"):
        speak(name)
        assert language.said("Map an event") == "Map an event"


def test_the_language_that_qgis_was_started_with_goes_before_its_settings(speak, qgis_app):
    speak("fr")
    before = qgis_app.translation()
    try:
        qgis_app.setTranslation("de_AT")  # as `qgis --lang de_AT` does
        language.language.cache_clear()
        assert language.language() == "de"
        qgis_app.setTranslation("")
        language.language.cache_clear()
        assert language.language() == "fr"
    finally:
        qgis_app.setTranslation(before)
        language.language.cache_clear()


def test_a_plugin_that_goes_takes_its_language_along(speak, desktop):
    import firstlight

    speak("en")
    QgsSettings().setValue("locale/userLocale", "fr")
    language.language.cache_clear()
    plugin = firstlight.classFactory(desktop)
    plugin.initGui()
    tip = plugin.action.toolTip()
    plugin.unload()
    assert "FirstLight" in tip
    assert plugin._translator is None


def test_facts_and_notes_of_a_scene_are_in_it(speak):
    scene = SceneItem(
        id="A",
        sensor="sentinel2",
        catalog="sample",
        collection="c",
        datetime=datetime(2024, 6, 1, 10, 20, tzinfo=timezone.utc),
        bbox=(10, 45, 11, 46),
        footprint=None,
        cloud_percent=None,
        epsg=32632,
        resolution_m=10,
        bands={},
        relative_orbit=22,
        orbit_direction=OrbitDirection.DESCENDING,
        access=AccessKind.ACCOUNT,
        missing_bands=("swir22",),
        notes=("The catalogue lists no files for this scene",),
    )
    speak("de")
    note = language.said(scene.notes[0])
    assert note != scene.notes[0]
    assert notes_text(scene) == f"erfordert ein Konto; ohne swir22; {note}"
    lines = scene_facts(scene)
    assert "Sentinel-2, Orbit 22 absteigend" in lines
    assert "Dateien: erfordert ein kostenloses Konto" in lines
    assert "Es fehlen: swir22" in lines
    assert lines[-1] == note


@pytest.mark.parametrize("in_chunks", [False, True])
def test_counts_of_tiles_are_in_it(speak, in_chunks):
    moments = iter((0.0, 10.0, 20.0))
    count = TileCount("x", 2, in_chunks=in_chunks, clock=lambda: next(moments))
    speak("de")
    noun = "Block" if in_chunks else "Kachel"
    assert language.said(count.add().detail).startswith(f"{noun} 1 von 2, noch ")
    assert language.said(count.add().detail) == f"{noun} 2 von 2"
