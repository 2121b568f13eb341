"""The event in a sentence: *flood at Algemesí after 29 October 2024* fills the page in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from ...core.errors import FirstLightError
from ...core.operations.understand import UNDERSTAND, Understood
from ...core.types import Aoi
from ...plugin.jobs.job import Job
from ...plugin.jobs.job_list import JobList
from ...plugin.map_view import zoom_to_area
from ...plugin.messages import WORDING
from ..area.area_panel import AreaPanel
from ..parts.plain import PlainLabel, plain_tip
from .what_field import WhatField
from .when_field import WhenField

LONGEST_TEXT = 500


class SentenceField(QWidget):
    """A line that is read when Enter is pressed: it fills the fields of the page in, and says below
    what was understood. Nothing is fetched for it.

    Parameters
    ----------
    jobs : JobList
        Reads it beside whatever the page is doing.
    what, when, where : WhatField, WhenField, AreaPanel
        The fields.
    """

    understood = pyqtSignal(object)
    """Carries an :class:`Understood`, once the fields are filled in."""

    def __init__(self, jobs: JobList, what: WhatField, when: WhenField, where: AreaPanel) -> None:
        super().__init__()
        self._jobs = jobs
        self._what, self._when, self._where = what, when, where
        self._job: Job | None = None
        self.edit = QLineEdit(objectName="sentence_edit", maxLength=LONGEST_TEXT)
        self.edit.setPlaceholderText(self.tr("flood at Algemesí after 29 October 2024"))
        self.edit.setAccessibleName(self.tr("The event in a sentence"))
        self.edit.setToolTip(
            plain_tip(
                self.tr(
                    "Say what happened, where and when, and press Enter: the fields below are "
                    "filled in, and nothing is fetched before you press Map it. In English, "
                    "German, French, Spanish or Portuguese."
                )
            )
        )
        self.edit.setClearButtonEnabled(True)
        self.places_button = QToolButton(objectName="sentence_places_button", visible=False)
        self.places_button.setText(self.tr("Which one"))
        self.places_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.places_menu = QMenu(self)
        self.places_button.setMenu(self.places_menu)
        self.label = PlainLabel(objectName="sentence_label", visible=False)
        self.label.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.edit, 1)
        row.addWidget(self.places_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.label)
        self.edit.returnPressed.connect(self.read)
        self.edit.textEdited.connect(lambda _: self._tell(""))

    def read(self, sentence: str = "") -> None:
        """Read the sentence in the field, or another one."""
        if sentence:
            self.edit.setText(sentence)
        text = self.edit.text().strip()
        if not text:
            return
        try:
            params = WORDING.make_params(UNDERSTAND, {"sentence": text})
            job = self._jobs.start(UNDERSTAND, params, kept=False)
        except FirstLightError as error:
            self._tell(str(error))
            return
        self._job = job
        job.ended.connect(partial(self._show, job))

    def _show(self, job: Job) -> None:
        if job is not self._job:
            return  # another sentence was written since
        self._job = None
        if job.result is None:
            self._tell(str(job.error) if job.error else "")
            return
        found: Understood = job.result.value
        self._tell(job.result.text)
        self._offer(found.candidates)
        self._fill_in(found)
        self.understood.emit(found)

    def _fill_in(self, found: Understood) -> None:
        """What is clear; a place that is only named is looked up as if it had been typed."""
        if found.event is not None:
            self._what.set_event(found.event.name)
        if found.moment is not None:
            self._when.event_edit.set_value(str(found.moment))
        if found.area is not None:
            self._choose(found.area)
        elif found.names:
            self._where.area.choose(None)  # that of another sentence is not this one's
            if not found.candidates:
                self._where.place.look_up(", ".join(found.names))

    def _offer(self, candidates: Sequence[Any]) -> None:
        """The places of that name, to choose from."""
        self.places_menu.clear()
        for one in candidates:
            action = self.places_menu.addAction(one.label.replace("&", "&&"))
            action.triggered.connect(partial(self._choose, one.area))
        self.places_button.setVisible(bool(candidates))

    def _choose(self, area: Aoi, *_: object) -> None:
        self.places_button.setVisible(False)
        self._where.area.choose(area)
        zoom_to_area(self._where.area.canvas, area)

    def _tell(self, text: str) -> None:
        self.label.setText(text)
        self.label.setVisible(bool(text))
        self.places_button.setVisible(False)
