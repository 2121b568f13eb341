"""What is known of the selected scene, and what can be done with it."""

from __future__ import annotations

import json

from qgis.PyQt.QtCore import QCoreApplication, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFontDatabase, QImage, QPixmap
from qgis.PyQt.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...core.text import joined, shown
from ...core.types import SceneItem
from ..parts.icon_button import icon_button
from ..parts.plain import PlainLabel
from ..parts.sentences import size_text
from .scene_columns import percent_text, scene_facts

PICTURE_SIDE = 96


class SceneDetails(QWidget):
    """Picture and facts of one scene; its JSON, name and addresses to copy."""

    zoom_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene: SceneItem | None = None
        self.json_window: QDialog | None = None
        self.picture = PlainLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.facts = PlainLabel(objectName="scene_facts")
        self.facts.setWordWrap(True)
        policy = self.facts.sizePolicy()
        policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)  # a long word must not widen a dock
        self.facts.setSizePolicy(policy)
        self.zoom_button = icon_button(
            "scene_zoom_button", "/mActionZoomToSelected.svg", self.tr("Zoom to the scene")
        )
        self.json_button = QToolButton(objectName="scene_json_button", text="JSON")
        self.json_button.setToolTip(self.tr("All that the catalogue says of the scene"))
        self.copy_button = QToolButton(objectName="scene_copy_button", text=self.tr("Cop&y"))
        self.copy_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.copy_button.setToolTip(self.tr("Copy its name, or the addresses of its files"))
        self.copy_menu = QMenu(self)
        self.copy_button.setMenu(self.copy_menu)
        self.close_button = icon_button(
            "scene_close_button", "/mIconClose.svg", self.tr("Close the details")
        )
        for button in (self.json_button, self.copy_button):
            button.setAutoRaise(True)
        buttons = QHBoxLayout()
        for button in (self.zoom_button, self.json_button, self.copy_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        above = QHBoxLayout()
        above.addWidget(self.picture)
        above.addWidget(self.facts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(above)
        layout.addLayout(buttons)  # beside the picture they would make the dock wider
        self.hide()
        self.zoom_button.clicked.connect(self.zoom_wanted)
        self.json_button.clicked.connect(self.show_json)
        self.close_button.clicked.connect(self.hide)
        self.copy_menu.aboutToShow.connect(lambda: fill_copy_menu(self.copy_menu, self.scene))

    def show_scene(self, scene: SceneItem, image: QImage | None) -> None:
        """Show another scene."""
        self.scene = scene
        facts = joined((*scene_facts(scene), _figures(scene)))
        self.facts.setText(facts.replace("_", "_\u200b"))  # a long name may break there
        self.show_picture(image)

    def show_picture(self, image: QImage | None) -> None:
        """Show its picture, once it is there."""
        self.picture.setVisible(image is not None)
        if image is not None:
            side = QSize(PICTURE_SIDE, PICTURE_SIDE)
            self.picture.setPixmap(
                QPixmap.fromImage(image).scaled(
                    side,
                    Qt.AspectRatioMode.KeepAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
            )

    def show_json(self) -> None:
        """Open a window with all that is known, which holds nothing up."""
        if self.scene is None:
            return
        text = scene_json(self.scene)
        window = self.json_window = QDialog(self)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.setWindowTitle(shown(self.scene.id))
        view = QPlainTextEdit(text, readOnly=True, objectName="scene_json")
        view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        copy = QPushButton(window.tr("&Copy"))
        copy.clicked.connect(lambda: QApplication.clipboard().setText(text))
        layout = QVBoxLayout(window)
        layout.addWidget(view)
        layout.addWidget(copy)
        window.resize(view.fontMetrics().averageCharWidth() * 90, 500)
        window.show()


def scene_json(scene: SceneItem) -> str:
    """All that is known of a scene, without signatures and tokens."""
    return json.dumps(scene.to_dict(), indent=2, ensure_ascii=False)


def fill_copy_menu(menu: QMenu, scene: SceneItem | None) -> None:
    """What of a scene can be copied: its name, its JSON, the address of each band's file. Addresses
    go without signatures, which are secrets.
    """
    menu.clear()
    if scene is None:
        return
    facts = scene.to_dict()
    choices = {menu.tr("Name"): scene.id, menu.tr("JSON"): scene_json(scene)}
    addresses: dict[str, str] = facts["band_urls"]
    if addresses:
        choices[menu.tr("Addresses of all bands")] = "\n".join(addresses.values())
    if facts["visualization_url"]:
        choices[menu.tr("Address of the picture")] = facts["visualization_url"]
    choices |= {
        menu.tr("Address of {band}").format(band=shown(band)): url
        for band, url in addresses.items()
    }
    for words, text in choices.items():
        menu.addAction(words).triggered.connect(
            lambda *_, text=text: QApplication.clipboard().setText(text)
        )


def _figures(scene: SceneItem) -> str:
    parts = [_tr("{share} cloud").format(share=percent_text(scene.cloud_percent))]
    if scene.clear_percent is not None:
        parts.append(_tr("{share} clear").format(share=percent_text(scene.clear_percent)))
    parts.append(_tr("covers {share}").format(share=percent_text(scene.coverage_percent)))
    return ", ".join([*parts, size_text(scene.size_bytes)])


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))
