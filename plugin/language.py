"""The language that QGIS speaks: for windows by Qt, for core's sentences by their forms."""

from __future__ import annotations

from functools import lru_cache

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

from ..core.language import LANGUAGES_PATH

ENGLISH = ("en", "c")
"""What core says is in it; QGIS calls it C where the system has no language."""


@lru_cache(maxsize=1)
def language() -> str:
    """``de``, ``pt`` …: what QGIS's own windows are in, without the country.

    That is what it was started with (``qgis --lang de``), which its settings know nothing of; where
    nobody has said, what they say.
    """
    started = QgsApplication.instance().translation() if QgsApplication.instance() else ""
    return str(started or QgsApplication.locale()).replace("-", "_").partition("_")[0].lower()


def install_language() -> QTranslator | None:
    """Let Qt know the texts of FirstLight's windows; None where there are none in this language.

    Whoever calls keeps the translator, and takes it away with :func:`remove_language`.
    """
    path = LANGUAGES_PATH / f"firstlight_{language()}.qm"
    if not path.is_file():
        return None
    translator = QTranslator()
    if not translator.load(str(path)):
        return None
    QCoreApplication.installTranslator(translator)
    return translator


def remove_language(translator: QTranslator | None) -> None:
    """Undo :func:`install_language`."""
    if translator is not None:
        QCoreApplication.removeTranslator(translator)


def said(text: str) -> str:
    """What core says, in the language of QGIS; in English where nobody has translated it.

    Parameters
    ----------
    text : str
        A title, a sentence, several, or lines of them.
    """
    name = language()
    if name in ENGLISH:  # QGIS asks for hundreds at its start
        return text
    from ..core.language.sentences import load_sentences

    return load_sentences(name).translate(text)
