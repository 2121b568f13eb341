"""A combo box for catalogues: the known ones by title, what they need and whether they answer, or
any typed URL.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from qgis.PyQt.QtCore import QCoreApplication, QSignalBlocker, Qt
from qgis.PyQt.QtWidgets import QComboBox, QWidget

from ...core.discovery.band_config import load_sensors
from ...core.discovery.catalogs import Catalog, catalog_choices, get_catalog
from ...core.enums import AccessKind
from ...core.operations.archives.catalogs import Answer
from ...plugin.language import said
from ...plugin.sample_place import is_of_sample
from ...plugin.settings_store import read_account_choices, read_catalogs
from ..parts.path_text import short_path
from ..parts.plain import plain_tip

TITLE_ROLE = Qt.ItemDataRole.UserRole + 1


class CatalogCombo(QComboBox):
    """Known catalogues and those that the user added, by title; a URL may be typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answers: dict[str, Answer] = {}
        self._sensors: tuple[str, ...] = ()
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        # A long name shows its beginning, not its end.
        self.currentIndexChanged.connect(lambda _: self.lineEdit().setCursorPosition(0))
        self.editTextChanged.connect(self._show_tip)
        self.reload()
        self._show_tip()
        self.setMinimumContentsLength(12)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def reload(self) -> None:
        """Offer what is known now; the choice stays, also where its catalogue is not offered any
        more.
        """
        chosen = self.value()
        blocker = QSignalBlocker(self)
        self.clear()
        logins = set(read_account_choices())
        for name in catalog_choices():
            catalog = get_catalog(name)
            if self._sensors and not can_answer(catalog, self._sensors, logins):
                continue
            self._add(name, said(catalog.title), needs_text(catalog))
        for stored in read_catalogs():
            self._add(stored.url, stored.title, stored.url)
        blocker.unblock()
        if chosen:
            self.set_value(chosen)
        self.lineEdit().setCursorPosition(0)

    def offer_for(self, sensors: Sequence[str]) -> None:
        """Offer only catalogues that have files of one of these sensors which can be opened here;
        and those that the user added, of which nothing is known.
        """
        self._sensors = tuple(sensors)
        self.reload()

    def _add(self, name: str, title: str, tip: str) -> None:
        answer = self._answers.get(name)
        self.addItem(title if answer is None else f"{title}: {_short(answer)}", name)
        row = self.count() - 1
        self.setItemData(row, title, TITLE_ROLE)
        tip = tip if answer is None else f"{tip}\n{answer}"
        self.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)

    def show_answers(self, answers: Iterable[Answer]) -> None:
        """Say beside each title whether the catalogue answers."""
        self._answers.update({answer.catalog: answer for answer in answers})
        self.reload()

    def value(self) -> str:
        """Name of a known catalogue, the address of one that the user added, or what was typed."""
        text = str(self.currentText()).strip()
        for row in range(self.count()):
            if text in (self.itemText(row), self.itemData(row, TITLE_ROLE)):
                return str(self.itemData(row))
        return text

    def set_value(self, name: str | None) -> None:
        """Choose a catalogue by name, URL or path; a path is called by its end."""
        index = self.findData(name)
        if index < 0 and name and path_title(name) != name:
            index = self.count()
            self._add(name, path_title(name), name)
        if index >= 0:
            self.setCurrentIndex(index)
        else:
            self.setEditText(name or "")
        self.lineEdit().setCursorPosition(0)  # typed text, too

    def _show_tip(self, *_: object) -> None:
        """What can be chosen; and a path as it is, where another name stands for it."""
        tip = self.tr("A known catalogue, the address (URL) of any STAC API, or a table (Parquet)")
        value = self.value()
        is_path = path_title(value) != value
        self.setToolTip(plain_tip(f"{value}\n{tip}" if is_path else tip))

    def set_last(self, name: str) -> None:
        """Choose the catalogue of the last time, unless it is one that is not served now."""
        if name in catalog_choices() or "/" in name or "\\" in name:
            self.set_value(name)


def path_title(catalog: str) -> str:
    """What a catalogue of files on this computer is called; others are called as they are."""
    if is_of_sample(catalog):
        return _tr("Sample event (this computer)")
    return short_path(catalog)


def can_answer(catalog: Catalog, sensors: Sequence[str], logins: Collection[str]) -> bool:
    """Whether a catalogue has files of one of these sensors that this user can open."""
    return any(
        catalog.needs(collection).is_open or bool(set(catalog.logins) & set(logins))
        for sensor in sensors
        for collection in catalog.collections.get(sensor, ())
    )


def needs_text(catalog: Catalog) -> str:
    """Address of a catalogue, and what the files of each sensor need, a line for each."""
    words = words_of_access()
    sensors = load_sensors()
    either = _tr(" or ")
    lines = []
    for sensor, ids in catalog.collections.items() if catalog.access else ():
        needs = dict.fromkeys(words[catalog.needs(one)] for one in ids)
        title = said(sensors[sensor].title) if sensor in sensors else sensor
        lines.append(f"{title}: {either.join(needs)}")
    return "\n".join([catalog.url, *lines] if catalog.url else lines)


def words_of_access() -> dict[AccessKind, str]:
    """What files need, in words."""
    return {
        AccessKind.NOTHING: _tr("open to all"),
        AccessKind.TOKEN: _tr("open, by a short-lived token"),
        AccessKind.UNKNOWN: _tr("not known what it takes"),
        AccessKind.ACCOUNT: _tr("takes a free account"),
        AccessKind.READER_PAYS: _tr("the reader pays"),
    }


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))


def _short(answer: Answer) -> str:
    return f"{answer.seconds:.1f} s" if answer.is_good else _tr("does not answer")
