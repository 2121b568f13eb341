"""The models that come with the plugin, in the language of QGIS."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtGui import QIcon

from firstlight.plugin.processing import example_model
from firstlight.plugin.processing.provider import FirstLightProvider

ID = "firstlight:fire_before_after"


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("de", "Brand: vorher und nachher"),
        ("es", "Incendio: antes y después"),
        ("fr", "Incendie : avant et après"),
        ("pt_BR", "Incêndio: antes e depois"),
        ("fi", "Fire: before and after"),
    ],
)
def test_models_speak_the_language_of_qgis(
    speak: Callable[[str], None], processing_ready: None, language: str, title: str
) -> None:
    speak(language)
    example_model._contents.cache_clear()
    provider = FirstLightProvider(QIcon(), with_models=True)
    registry = QgsApplication.processingRegistry()
    assert registry.addProvider(provider)
    try:
        listed = registry.algorithmById(ID)
        opened = registry.createAlgorithmById(ID)  # as its dialog does
        for shown in (listed, opened):
            assert (shown.id(), shown.displayName()) == (ID, title)
            assert (shown.group() == "Examples") == (language == "fi")
            assert ("Finds the best" in shown.shortHelpString()) == (language == "fi")
        named = {one.name(): one.description() for one in opened.parameterDefinitions()}
        [burned] = [name for name in named if name.endswith("Burned area")]
        assert (named["DATE"] == "When it burned (UTC)") == (language == "fi")
        assert (named[burned] == "Burned area") == (language == "fi")
    finally:
        registry.removeProvider(provider)
        example_model._contents.cache_clear()
