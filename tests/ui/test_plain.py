"""Text of catalogues and files in the dock: shown as it is, whatever Qt would make of it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from qgis.PyQt.QtCore import Qt

from firstlight.ui.parts.plain import PlainLabel, plain_tip

UI = Path(__file__).resolve().parents[2] / "ui"
EVIL = (
    "a <img src='/tmp/x.png'>",
    "<b>bold</b>",
    "&lt;img src='x'&gt;",
    "  <!doctype html><p>x",
    "<?xml version='1.0'?><html/>",
)


@pytest.mark.parametrize("text", EVIL)
def test_a_tool_tip_is_not_html(text: str) -> None:
    assert Qt.mightBeRichText(text)
    tip = plain_tip(text)
    assert not Qt.mightBeRichText(tip)
    assert tip.replace("\u2060", "") == text


def test_control_characters_are_spelled_out_and_lines_stay() -> None:
    assert plain_tip("a\x1b[31m\u202eb\nc") == "a\\x1b[31m\\u202eb\nc"


def test_a_label_is_not_html(qtbot) -> None:
    label = PlainLabel(EVIL[0], objectName="x")
    qtbot.addWidget(label)
    assert (label.textFormat(), label.objectName()) == (Qt.TextFormat.PlainText, "x")


def test_the_dock_has_no_other_labels_and_tips() -> None:
    """A tool tip is a sentence of ours, which is translated, or plain."""
    wrong = []
    for path in sorted(UI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name) and node.func.id == "QLabel":
                wrong.append(f"{path.name}:{node.lineno} QLabel")
            if isinstance(node.func, ast.Attribute) and node.func.attr == "setToolTip":
                maker = ast.unparse(node.args[-1]).partition("(")[0]
                if maker not in ("self.tr", "plain_tip"):
                    wrong.append(f"{path.name}:{node.lineno} {maker}")
    assert not wrong
