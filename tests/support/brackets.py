"""A language in which each text stands in brackets: what is shown without them, nobody can
translate.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from functools import cache
from html import unescape
from pathlib import Path
from types import ModuleType

from qgis.PyQt.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    Qt,
    QTranslator,
)
from qgis.PyQt.QtWidgets import QAbstractItemView, QComboBox, QTabWidget, QWidget

ROOT = Path(__file__).resolve().parents[2]
NAME = "qx"
"""Code of the language: nobody speaks it (ISO 639-2 keeps ``qaa`` to ``qtz`` for private use)."""
_WORD = re.compile(r"[A-Za-z]{3,}")
_TAG = re.compile(r"<[^>]*>")
_BRACKETS = re.compile(r"⟦[^⟦⟧]*⟧")


@cache
def sentences_script() -> ModuleType:
    """``scripts/write_sentences.py``, which reads texts out of the sources."""
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
def bracket_table() -> dict[str, str]:
    """Every text of the sources → the same in brackets."""
    return {text: f"⟦{text}⟧" for text in sentences_script().texts()}


@cache
def _window_texts() -> frozenset[tuple[str, str]]:
    found = sentences_script().texts_of_windows()
    return frozenset((context, text) for context, texts in found.items() for text in texts)


class BracketTranslator(QTranslator):
    """Qt's part: texts of windows."""

    def translate(self, context: str, text: str, *_: object) -> str:
        """The text in brackets, where the sources give it to ``tr`` in this context."""
        return f"⟦{text}⟧" if (context, text) in _window_texts() else ""

    def isEmpty(self) -> bool:
        """It is not, though nothing was loaded."""
        return False

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)


def write_brackets(folder: Path) -> None:
    """The language's file, as ``resources/languages`` has them."""
    text = json.dumps(bracket_table(), ensure_ascii=False)
    (folder / f"{NAME}.json").write_text(text, encoding="utf-8")


def untranslated(text: str, names: re.Pattern[str] | None = None) -> str:
    """What of a text stands outside brackets and is made of words; ``names`` are none."""
    bare, before = text, ""
    while bare != before:
        before, bare = bare, _BRACKETS.sub("", bare)
    if names is not None:
        bare = names.sub("", bare)
    return bare.strip() if _WORD.search(bare) else ""


def texts_of(widget: QWidget) -> list[str]:
    """What a person can read in a widget and in those within it: texts, tips, entries, heads."""
    found = []
    for part in (widget, *widget.findChildren(QWidget)):
        found += [part.toolTip(), part.accessibleName(), part.windowTitle()]
        for ask in ("text", "title", "placeholderText", "toPlainText", "specialValueText"):
            if callable(getattr(part, ask, None)):
                found.append(getattr(part, ask)())
        if isinstance(part, QComboBox):
            found += [part.itemText(row) for row in range(part.count())]
        if isinstance(part, QTabWidget):
            found += [part.tabText(place) for place in range(part.count())]
        if isinstance(part, QAbstractItemView) and part.model() is not None:
            found += _texts_of_model(part.model())
    return [unescape(_TAG.sub(" ", text)) for text in dict.fromkeys(found) if text]


def _texts_of_model(model: QAbstractItemModel, above: QModelIndex | None = None) -> list[str]:
    above = above or QModelIndex()
    roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
    columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(above)
    flat = isinstance(model, (QAbstractListModel, QAbstractTableModel))  # no rows within rows
    found = [
        model.headerData(column, Qt.Orientation.Horizontal, role)
        for column in range(columns)
        for role in roles
    ]
    for row in range(model.rowCount(above)):
        for column in range(columns):
            index = model.index(row, column, above)
            found += [model.data(index, role) for role in roles]
            if column == 0 and not flat:
                found += _texts_of_model(model, index)
    return [text for text in found if isinstance(text, str)]
