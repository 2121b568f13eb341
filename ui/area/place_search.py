"""Looking up a place by its name: a button beside the area's text, and what it has to ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qgis.core import QgsApplication
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
)

from ...core.operation import OperationResult
from ...plugin.map_view import zoom_to_area
from ...plugin.places import (
    FIND_PLACES,
    Place,
    allow_places,
    places_allowed,
    places_offered,
    service_host,
)
from ..parts.plain import PlainLabel
from .area_choice import AreaChoice


class PlaceSearch(QWidget):
    """Asks once whether names may be sent, then looks up what stands in the area's field whenever
    its button is pressed.

    Parameters
    ----------
    area : AreaChoice
        What is chosen.
    edit : QLineEdit
        Where the name stands.
    start : callable, optional
        Starts an operation, as :meth:`Page.start` does.
    """

    def __init__(
        self, area: AreaChoice, edit: QLineEdit, start: Callable[..., bool] | None
    ) -> None:
        super().__init__()
        self._area, self._edit, self._start = area, edit, start
        self.places_menu = QMenu(self)
        self.button = QToolButton(objectName="place_button")
        self.button.setIcon(QgsApplication.getThemeIcon("/search.svg"))
        self.button.setToolTip(self.tr("Look up the place that is written here by its name"))
        self.button.setAccessibleName(self.tr("Look up a place"))
        self.button.setVisible(start is not None and places_offered())
        self.question = PlainLabel(objectName="place_question")
        self.question.setWordWrap(True)
        self.allow_button = QPushButton(self.tr("Allow"), objectName="allow_places_button")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.question, 1)
        layout.addWidget(self.allow_button)
        self.hide()
        self.button.clicked.connect(self._look_up)
        self.allow_button.clicked.connect(self._allow)

    def look_up(self, name: str) -> None:
        """Look a name up as if it had been written here."""
        self._edit.setText(name)
        self._look_up()

    def _look_up(self) -> None:
        name = self._edit.text().strip()
        self._edit.setModified(False)  # a name is no area: it is not to be read as one
        if not name:
            self._ask(self.tr("Write the name of a place in the field first."), False)
        elif not places_allowed():
            self._ask(
                self.tr("The name is sent to {host}, OpenStreetMap's search.").format(
                    host=service_host()
                ),
                True,
            )
        elif self._start is not None:
            self.hide()
            self._start(FIND_PLACES, {"name": name}, self._show, lambda _: None)

    def _ask(self, sentence: str, may_allow: bool) -> None:
        self.question.setText(sentence)
        self.allow_button.setVisible(may_allow)
        self.show()

    def _allow(self) -> None:
        allow_places(True)
        self._look_up()

    def _show(self, result: OperationResult) -> None:
        """One place is taken, of several the user chooses."""
        places: tuple[Place, ...] = result.value
        if len(places) == 1:
            self._take(places[0])
            return
        self.places_menu.clear()
        for place in places:
            action = self.places_menu.addAction(place.name.replace("&", "&&"))
            action.triggered.connect(partial(self._take, place))
        self.places_menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))

    def _take(self, place: Place, *_: object) -> None:
        self._area.choose(place.aoi)
        zoom_to_area(self._area.canvas, place.aoi)
