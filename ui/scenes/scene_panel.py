"""The scenes that were found: a table or a gallery, a filter, and what can be done with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qgis.PyQt.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFileDialog,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...core.types import SceneItem
from ...plugin.settings_store import read_last, write_last
from ...plugin.thumbnails import ThumbnailStore
from ..parts.icon_button import icon_button
from ..parts.margins import MARGINS
from ..parts.plain import PlainLabel
from .pictures import VisiblePictures
from .scene_columns import DATE
from .scene_details import SceneDetails, fill_copy_menu
from .scene_model import SceneModel
from .scene_views import SceneGallery, SceneTable

PICTURES = "scene_pictures"
"""Name of the user's last choice: whether pictures are shown."""


class ScenePanel(QGroupBox):
    """The table of scenes: sorted by a click on a title, chosen by check boxes, filtered by words
    and limits; more of them, and their sky, on request.
    """

    chosen_changed = pyqtSignal()
    more_wanted = pyqtSignal()
    sky_wanted = pyqtSignal()
    pointed = pyqtSignal(object)
    """Carries the number of the scene that is pointed at or selected; None where none is."""
    zoom_wanted = pyqtSignal(int)
    """Carries the number of a scene that is to be seen on the map."""
    save_wanted = pyqtSignal(str)
    """Carries the path of the file that the list is to be written to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("3  Scenes"))
        self.model = SceneModel(self)
        self.table = SceneTable(self.model)
        self.gallery = SceneGallery(self.model)
        self.gallery.setSelectionModel(self.table.selectionModel())
        self.views = QStackedWidget()
        self.views.addWidget(self.table)
        self.views.addWidget(self.gallery)
        self.details = SceneDetails()
        self._store: ThumbnailStore | None = None
        self._current: int | None = None
        self._awaited = 0
        self._dialog: QFileDialog | None = None
        self.filter_edit = QLineEdit(objectName="scene_filter")
        self.filter_edit.setClearButtonEnabled(True)
        self.filter_edit.setPlaceholderText(self.tr("Filter: 32TPT cloud<20"))
        self.filter_edit.setAccessibleName(self.tr("Filter of the list"))
        self.filter_edit.setToolTip(
            self.tr(
                "Words that a scene must have (of its name, date, orbit, notes), and limits: "
                "cloud<20 clear>80 covers>=99 size<500"
            )
        )
        self.gallery_button = icon_button(
            "gallery_button", "/mActionIconView.svg", self.tr("As a gallery"), checkable=True
        )
        self.pictures_button = icon_button(
            "pictures_button",
            "/mIconRaster.svg",
            self.tr("Show the catalogue's small pictures"),
            checkable=True,
        )
        self.footprints_button = icon_button(
            "footprints_button",
            "/mActionShowAllLayers.svg",
            self.tr("Show the footprints on the map"),
            checkable=True,
        )
        self.footprints_button.setChecked(True)
        self.pick_button = icon_button(
            "pick_button",
            "/mActionSelectRectangle.svg",
            self.tr("Pick a scene by a click on the map; with Ctrl it is ticked; Esc ends it"),
            checkable=True,
        )
        self.list_button = QToolButton(objectName="scene_list_button", text=self.tr("List"))
        self.list_button.setAutoRaise(True)
        self.list_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.chosen_label = PlainLabel(objectName="chosen_label")
        self.chosen_label.setWordWrap(True)
        self.sky_button = QPushButton(self.tr("Clear s&ky"), objectName="sky_button", enabled=False)
        self.sky_button.setToolTip(
            self.tr(
                "Reads a small picture of each cloud mask: how much of your area is free of cloud"
            )
        )
        self.more_button = QPushButton(self.tr("More results"), objectName="more_button")
        self.more_button.setToolTip(self.tr("Goes on with the search where it ended"))
        self.more_button.hide()
        self._build()
        self.pictures = VisiblePictures(self.model, (self.table, self.gallery))
        self._connect()
        self.set_scenes(())

    def _build(self) -> None:
        menu = QMenu(self.list_button)
        self.group_action = menu.addAction(self.tr("Group by &pass"))
        self.group_action.setCheckable(True)
        self.tick_action = menu.addAction(self.tr("&Tick all that are shown"))
        self.untick_action = menu.addAction(self.tr("&Untick all"))
        self.save_action = menu.addAction(self.tr("&Save the list…"))
        self.list_button.setMenu(menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        tools, below = QHBoxLayout(), QHBoxLayout()
        tools.setSpacing(1)
        tools.addWidget(self.filter_edit, 1)
        for button in (
            self.gallery_button,
            self.pictures_button,
            self.footprints_button,
            self.pick_button,
            self.list_button,
        ):
            tools.addWidget(button)
        below.addWidget(self.sky_button)
        below.addWidget(self.more_button)
        below.addStretch(1)
        layout.addLayout(tools)
        layout.addWidget(self.views, 1)
        layout.addWidget(self.details)
        layout.addWidget(self.chosen_label)
        layout.addLayout(below)

    def _connect(self) -> None:
        self.filter_edit.textChanged.connect(self._filter)
        self.gallery_button.toggled.connect(self._show_view)
        self.pictures_button.toggled.connect(self._want_pictures)
        self.group_action.triggered.connect(self._group)
        self.tick_action.triggered.connect(lambda: self.model.choose(self.model.shown_numbers))
        self.untick_action.triggered.connect(
            lambda: self.model.choose(self.model.chosen_numbers, False)
        )
        self.save_action.triggered.connect(self._ask_file)
        self.model.chosen_changed.connect(self._tell)
        self.model.rows_changed.connect(self._follow_rows)
        self.table.selectionModel().currentRowChanged.connect(self._select)
        for view in (self.table, self.gallery):
            view.entered.connect(lambda index: self.pointed.emit(self.model.number_at(index.row())))
            view.doubleClicked.connect(self._open)
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            view.customContextMenuRequested.connect(self._show_menu)
            view.viewport().installEventFilter(self)
        self.details.zoom_wanted.connect(self._zoom)
        self.sky_button.clicked.connect(self.sky_wanted)
        self.more_button.clicked.connect(self.more_wanted)

    def offer_pictures(self, store: ThumbnailStore) -> None:
        """Have pictures to show, from now on."""
        self._store = store
        store.arrived.connect(self._show_picture)
        self.pictures_button.setChecked(read_last(PICTURES, "yes") == "yes")

    def set_scenes(
        self,
        scenes: Sequence[SceneItem],
        has_more: bool = False,
        all_chosen: bool = False,
        new: Collection[str] = (),
        ticked: Collection[str] = (),
    ) -> None:
        """Show scenes; the first one is chosen, or all.

        Parameters
        ----------
        scenes : sequence of SceneItem
            What was found.
        has_more : bool
            Whether to offer more results.
        all_chosen : bool
            Tick all of them.
        new : collection of str
            Ids of those that were not there when this was searched before.
        ticked : collection of str
            Ids of those to be ticked instead, where any of them is there.
        """
        self._current = None
        self.details.hide()
        if self._store is not None:
            self._store.forget_wanted()
        self.model.set_scenes(scenes, all_chosen, new, ticked)
        self.more_button.setVisible(has_more)
        self._arrange()
        self.pointed.emit(None)
        if scenes:
            self.table.scrollTo(self.model.index(0, DATE))

    def await_ticked(self, number: int) -> None:
        """Say, while the table is empty, how many scenes a search will tick again."""
        self._awaited = number
        self._tell()

    def add_scenes(self, scenes: Sequence[SceneItem], has_more: bool) -> None:
        """Show more scenes below (or among, where sorted) those that are there."""
        self.model.add_scenes(scenes)
        self.more_button.setVisible(has_more)
        self._arrange()

    def show_sky(self, looked: Sequence[SceneItem]) -> tuple[SceneItem, ...]:
        """Fill in the clear shares; gives back the scenes whose mask could not be read."""
        failed = self.model.show_sky(looked)
        self._arrange()
        return failed

    def chosen(self) -> tuple[SceneItem, ...]:
        """The scenes with a tick."""
        return self.model.chosen()

    def selected_number(self) -> int | None:
        """The number of the scene whose row is selected."""
        return self._current

    def select(self, number: int) -> None:
        """Select a scene, and bring its row into view; one that the filter hides is left alone."""
        row = self.model.row_of(number)
        if row is not None:
            index = self.model.index(row, DATE)
            self.table.setCurrentIndex(index)
            self.table.scrollTo(index)
            self.gallery.scrollTo(index)

    def set_busy(self, busy: bool) -> None:
        """Lock the buttons while something runs."""
        self.more_button.setEnabled(not busy)
        self.sky_button.setEnabled(not busy and bool(self.model.scenes))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The pointer leaves the list: what is selected is what counts."""
        if event.type() == QEvent.Type.Leave:
            self.pointed.emit(self._current)
        return bool(super().eventFilter(watched, event))

    def _arrange(self) -> None:
        self.table.arrange()
        self._tell()

    def _follow_rows(self) -> None:
        """Rows were laid anew: what was selected is selected again, where it is shown."""
        number, row = self._current, None
        if number is not None:
            row = self.model.row_of(number)
        if row is not None and self.table.currentIndex().row() != row:
            self.table.setCurrentIndex(self.model.index(row, DATE))
        if self.model.is_grouped != self.group_action.isChecked():
            self.group_action.setChecked(self.model.is_grouped)
        self._tell()

    def _filter(self, text: str) -> None:
        number = self._current
        self.model.set_filter(text)
        self._current = number
        self._follow_rows()
        self._arrange()

    def _group(self, grouped: bool) -> None:
        if grouped:
            self.table.forget_order()
        self.model.set_grouped(grouped)

    def _show_view(self, as_gallery: bool) -> None:
        self.views.setCurrentWidget(self.gallery if as_gallery else self.table)
        if as_gallery:
            self.pictures_button.setChecked(True)
        self.pictures.look()

    def _want_pictures(self, wanted: bool) -> None:
        write_last(PICTURES, "yes" if wanted else "no")
        store = self._store if wanted else None
        self.pictures.set_store(store)
        self.model.set_pictures(store)
        self.table.set_tall(wanted and store is not None)
        self._arrange()

    def _select(self, current: QModelIndex, _: QModelIndex) -> None:
        if not current.isValid():
            return
        self._current = self.model.number_at(current.row())
        scene = self.model.scene_at(current.row())
        image = None if self._store is None else self._store.image(scene)
        self.details.show_scene(scene, image)
        self.pointed.emit(self._current)

    def _show_picture(self, _: object) -> None:
        scene = self.details.scene
        if scene is not None and self._store is not None:
            self.details.show_picture(self._store.image(scene))

    def _open(self, index: QModelIndex) -> None:
        """A double click: the details, and the scene on the map."""
        self.select(self.model.number_at(index.row()))
        self.details.show()
        self._zoom()

    def _zoom(self) -> None:
        if self._current is not None:
            self.zoom_wanted.emit(self._current)

    def _show_menu(self, at: QPoint) -> None:
        is_gallery = self.views.currentWidget() is self.gallery
        view = self.gallery if is_gallery else self.table
        index = view.indexAt(at)
        if index.isValid():
            self.select(self.model.number_at(index.row()))
            self.menu_of(self.model.number_at(index.row())).popup(view.viewport().mapToGlobal(at))

    def menu_of(self, number: int) -> QMenu:
        """What can be done with one scene."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        scene = self.model.scenes[number]
        ticked = number in self.model.chosen_numbers
        tick = menu.addAction(self.tr("Untick") if ticked else self.tr("Tick"))
        tick.triggered.connect(lambda: self.model.choose((number,), not ticked))
        same = self.model.same_pass(number)
        if len(same) > 1:
            whole = menu.addAction(
                self.tr("Tick its whole pass ({number} scenes)").format(number=len(same))
            )
            whole.triggered.connect(lambda: self.model.choose(same))
        menu.addAction(self.tr("Zoom to")).triggered.connect(lambda: self.zoom_wanted.emit(number))
        menu.addAction(self.tr("Details")).triggered.connect(self.details.show)
        menu.addAction(self.tr("JSON…")).triggered.connect(self.details.show_json)
        copy = menu.addMenu(self.tr("Copy"))
        fill_copy_menu(copy, scene)
        return menu

    def _ask_file(self) -> None:
        """Let a file be chosen to write the list to; nothing waits for it."""
        dialog = self._dialog = QFileDialog(self, self.tr("A file for the list of scenes"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(
            [
                self.tr("GeoJSON, to be opened here again (*.geojson)"),
                self.tr("Table (*.csv)"),
                self.tr("STAC items (*.json)"),
            ]
        )
        dialog.setDefaultSuffix("geojson")
        dialog.filterSelected.connect(
            lambda words: dialog.setDefaultSuffix(words.rpartition("*.")[2].rstrip(")"))
        )
        dialog.fileSelected.connect(self.save_wanted)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _tell(self) -> None:
        found, shown, chosen = len(self.model.scenes), self.model.rowCount(), self.chosen()
        if not found and self._awaited:
            text = self.tr("Ticked in this project: {number}. Search shows them again.").format(
                number=self._awaited
            )
        elif not found:
            text = self.tr("No scenes yet.")
        else:
            text = self.tr("{chosen} of {found} chosen").format(chosen=len(chosen), found=found)
        if shown < found:
            text += self.tr(", {shown} shown").format(shown=shown)
        if self.model.new_count:
            text += self.tr(", {new} new since last time").format(new=self.model.new_count)
        self.chosen_label.setText(text)
        self.save_action.setEnabled(bool(found))
        self.chosen_changed.emit()

    def close_down(self) -> None:
        """Fetch no more pictures."""
        if self._store is not None:
            self._store.close_down()
