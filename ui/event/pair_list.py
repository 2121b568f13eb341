"""The pairs that an event is mapped from, one for each map of its recipe."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...core.operations.pairs import PairOffer, StepOffers
from ...core.types import SceneItem
from ...plugin.thumbnails import ThumbnailStore
from ..parts.wrapping_label import WrappingLabel
from .pair_view import PairView


class PairList(QWidget):
    """Nothing, a sentence, or the chosen pairs.

    Parameters
    ----------
    store : ThumbnailStore
        Of their pictures.
    """

    changed = pyqtSignal()
    find_wanted = pyqtSignal()
    scenes_wanted = pyqtSignal()
    """The chosen scenes are to be shown where their bands can be chosen."""

    def __init__(self, store: ThumbnailStore) -> None:
        super().__init__()
        self._store = store
        self.views: list[PairView] = []
        self.state_label = WrappingLabel(objectName="pairs_label")
        self.find_button = QPushButton(self.tr("F&ind pairs"), objectName="pairs_button")
        self.scenes_button = QPushButton(
            self.tr("Choose &bands yourself…"), objectName="pair_scenes_button"
        )
        self.scenes_button.setToolTip(self.tr("Opens the scenes of these pairs on the page Scenes"))
        self.scenes_button.hide()
        self._column = QVBoxLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._column)
        layout.addWidget(self.state_label)
        layout.addWidget(self.find_button)
        layout.addWidget(self.scenes_button)
        self.find_button.clicked.connect(self.find_wanted)
        self.scenes_button.clicked.connect(self.scenes_wanted)

    @property
    def known(self) -> bool:
        """Whether pairs were looked for, and some found."""
        return bool(self.views)

    def scenes(self) -> tuple[SceneItem, ...]:
        """The scenes of all chosen pairs, each once."""
        found: dict[tuple[str, str, str], SceneItem] = {}
        for offer in self.chosen():
            for scene in offer.pair.before.scenes + offer.pair.after.scenes:
                found[scene.catalog, scene.collection, scene.id] = scene
        return tuple(found.values())

    def chosen(self) -> list[PairOffer]:
        """The chosen pairs."""
        return [view.chosen for view in self.views if view.chosen is not None]

    def size_bytes(self) -> int:
        """What is to be fetched, estimated; 0 where nothing is known."""
        return sum(offer.size_bytes for offer in self.chosen())

    def show_steps(self, steps: Sequence[StepOffers]) -> None:
        """Show what was found."""
        self.say("")
        for step in steps:
            view = PairView(step, self._store)
            view.changed.connect(self._change)
            self._column.addWidget(view)
            self.views.append(view)
        self._change()

    def say(self, text: str) -> None:
        """Show a sentence in place of pairs."""
        self._store.forget_wanted()
        for view in self.views:
            self._column.removeWidget(view)
            view.hide()
            view.deleteLater()
        self.views.clear()
        self.state_label.setText(text)
        self.state_label.setVisible(bool(text))
        self.scenes_button.hide()
        self.find_button.show()

    def _change(self) -> None:
        self.scenes_button.setVisible(bool(self.scenes()))
        self.find_button.setVisible(not self.views)
        self.changed.emit()
