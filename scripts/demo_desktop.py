"""Runs inside the QGIS desktop (``qgis --code``): opens FirstLight's dock with the sample catalogue
chosen.

With ``FIRSTLIGHT_DEMO_HEADLESS=1`` it then presses the dock's own buttons as a person would, waits
for the dock's signals, takes pictures of the whole screen and quits; ``outcome.json`` says how it
went. Otherwise the person presses. With ``FIRSTLIGHT_DEMO_OUTAGE=1`` it kills the server when the
download is half-way, starts it again when the run has failed, and presses Run once more.

Read by ``scripts/demo.sh``, which sets ``FIRSTLIGHT_DEMO_DIR`` (pictures, results, outcome) and
``FIRSTLIGHT_DEMO_SCENE`` (the folder of the sample scene).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from qgis.core import Qgis, QgsMapLayer, QgsMapThemeCollection, QgsProject, QgsRectangle
from qgis.PyQt.QtCore import QObject, Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QDockWidget, QPushButton, QScrollArea
from qgis.utils import iface, plugins

WINDOW = (0, 0, 1440, 900)
LIMIT_S = 180
"""Of the whole headless demo, from the moment the window is there."""
DOWN_AFTER_MS = 1500
"""After pressing Run; with the pause that demo.sh asks of the server, the download takes several
times as long.
"""
SETTLE_MS = 700
"""Between "done" and a picture: panels are laid out and repainted by the event loop."""
PERIOD = (date(2019, 12, 1), date(2020, 1, 31))
"""Around the sample scene's placeholder date."""


class Demo(QObject):
    """One walk through the dock, step by step, each started by the signal that the one before has
    ended.
    """

    def __init__(self, folder: Path, scene: Path, headless: bool, outage: bool) -> None:
        super().__init__()
        self._outage = outage
        self._left: list[str] = []
        self._server: subprocess.Popen[bytes] | None = None
        self._folder = folder
        self._scene = scene
        self._headless = headless
        self._began = time.monotonic()
        self._step = "starting"
        self._layers: list[str] = []
        self._pictures: list[str] = []
        self._events: list[dict[str, Any]] = []
        self._reports: list[str] = []
        self._finished = False

    def begin(self) -> None:
        """Open the dock and fill it in."""
        if self._headless:
            QTimer.singleShot(
                LIMIT_S * 1000,
                lambda: self._finish(f"not ready after {LIMIT_S} s, while {self._step}"),
            )
            sys.excepthook = self._uncaught
            iface.mainWindow().setGeometry(*WINDOW)  # under Xvfb no window manager does it
        self._guard(self._open)

    def _open(self) -> None:
        self._step = "opening the dock"
        if "firstlight" not in plugins:
            raise RuntimeError("QGIS has not loaded the plugin; its log is in the demo's folder")
        plugin = plugins["firstlight"]
        if plugin.dock is None or not plugin.dock.isVisible():
            plugin.action.trigger()
        if plugin.dock is None:
            raise RuntimeError("the plugin has no dock: a library is missing")
        iface.newProject(False)  # the map instead of the page with recent projects
        # The dock and the legend need the height; a person can bring the others back from the View
        # menu.
        for name in ("Browser", "Browser2"):
            panel = iface.mainWindow().findChild(QDockWidget, name)
            if panel is not None:
                panel.hide()
        self._dock = plugin.dock
        self._dock.show_page(self._dock.scenes)
        west, south, east, north = json.loads((self._scene / "item.json").read_text())["bbox"]
        canvas = iface.mapCanvas()
        canvas.setExtent(QgsRectangle(west, south, east, north).buffered(0.004))
        canvas.refresh()
        self._dock.set_catalog("sample")
        self._dock.set_sensor("sentinel2")
        self._dock.set_dates(*PERIOD)
        self._dock.set_area(west, south, east, north)
        self._dock.set_output(str(self._folder / "results"))
        if self._headless:
            self._dock.search_finished.connect(
                lambda found: self._guard(lambda: self._choose(found))
            )
            self._dock.layers_added.connect(self._layers.extend)
            self._dock.run_finished.connect(lambda status: self._guard(lambda: self._look(status)))
            self._later(self._search)
        else:
            # 0: until it is closed
            iface.messageBar().pushMessage(
                "FirstLight",
                "Everything is chosen: press Search, then Run.",
                Qgis.MessageLevel.Info,
                0,
            )

    def _search(self) -> None:
        self._picture("1-area")
        self._step = "searching"
        self._press(self._dock.scenes.search_panel.search_button)

    def _choose(self, found: int) -> None:
        if found < 1:
            raise RuntimeError(f"the search found nothing: {self._dock.status_label.text()}")
        self._step = "showing the scenes"
        self._later(self._run)

    def _run(self) -> None:
        rows = self._dock.scenes.scene_panel.table.model().rowCount()
        if rows < 1:
            raise RuntimeError("scenes were found, but the table is empty")
        self._picture("2-scenes")
        self._step = "running"
        self._press(self._dock.scenes.run_panel.run_button)
        if self._outage:
            QTimer.singleShot(DOWN_AFTER_MS, lambda: self._guard(self._pull_down))

    def _pull_down(self) -> None:
        """End the server as a power cut would; its process ids are in the file that it wrote when
        it was ready.
        """
        self._step = "waiting for the run to fail"
        ready = json.loads((self._folder / "catalog.json").read_text())
        for pid in ready["pids"]:
            os.kill(pid, signal.SIGKILL)

    def _start_again(self) -> None:
        """The same server at the same addresses."""
        self._step = "starting the server again"
        self._picture("outage")
        self._outage = False
        self._left = sorted(path.name for path in (self._folder / "results").rglob("*.part"))
        ready = json.loads((self._folder / "catalog.json").read_text())
        again = self._folder / "catalog-again.json"
        words = [urlsplit(ready[name]).port for name in ("catalog_url", "data_url")]
        python = Path(os.environ["FIRSTLIGHT_DEMO_PYTHON"])
        serve = [str(python), os.environ["FIRSTLIGHT_DEMO_SERVER"], "serve", str(self._scene)]
        self._server = subprocess.Popen(
            [
                *serve,
                "--port",
                str(words[0]),
                "--data-port",
                str(words[1]),
                "--ready-file",
                str(again),
            ],
            stdout=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )

        def look() -> None:
            if not again.exists():
                QTimer.singleShot(200, look)
                return
            self._step = "running again"
            self._guard(lambda: self._press(self._dock.scenes.run_panel.run_button))

        look()

    def _look(self, status: str) -> None:
        if self._outage:
            if status != "failed":
                raise RuntimeError(f"the run ended as '{status}' although the server was killed")
            self._later(self._start_again)
            return
        if status != "done":
            raise RuntimeError(f"the run ended as '{status}': {self._dock.status_label.text()}")
        self._step = "drawing the map"
        wanted = [QgsProject.instance().mapLayer(layer_id) for layer_id in self._layers]
        if len(wanted) < 2 or not all(layer is not None and layer.isValid() for layer in wanted):
            raise RuntimeError(
                f"a stack and an index were expected on the map, there are {len(wanted)} layers"
            )
        self._when_drawn(self._show_index)

    def _show_index(self) -> None:
        self._picture("3-ndvi")
        self._step = "opening a second map"
        self._open_second_map()

    def _open_second_map(self) -> None:
        """View > New Map View with a theme: the picture above, the index below, each hiding nothing
        of the other.
        """
        project = QgsProject.instance()
        layers = [project.mapLayer(layer_id) for layer_id in self._layers]
        record = QgsMapThemeCollection.MapThemeRecord()
        for layer in layers:
            if layer.bandCount() > 1:
                record.addLayerRecord(QgsMapThemeCollection.MapThemeLayerRecord(layer))
        project.mapThemeCollection().insert("Natural colour", record)
        self._second = iface.createNewMapCanvas("Natural colour")
        self._second.setTheme("Natural colour")
        panel = self._second.parent()
        while not isinstance(panel, QDockWidget):
            panel = panel.parent()
        window = iface.mainWindow()
        panel.setFloating(False)
        window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, panel)
        window.resizeDocks([panel], [window.height() // 2 - 50], Qt.Orientation.Vertical)
        iface.messageBar().clearWidgets()
        self._later(self._zoom)  # when both have their size

    def _zoom(self) -> None:
        layer = QgsProject.instance().mapLayer(self._layers[0])
        for canvas in (iface.mapCanvas(), self._second):
            canvas.setExtent(layer.extent())
        self._dock.findChild(QScrollArea, "scenes_scroll").ensureWidgetVisible(
            self._dock.scenes.scene_panel.table
        )
        self._when_drawn(self._show_both)

    def _show_both(self) -> None:
        self._picture("4-result")
        iface.closeMapCanvas("Natural colour")
        self._events = (
            [] if self._left else json.loads((self._scene / "events" / "events.json").read_text())
        )
        self._later(self._next_event)

    def _next_event(self) -> None:
        """Map a simulated event on its page, as a person would: say what, where and when; when the
        best pair is there, press Map it.
        """
        if not self._events:
            self._finish("")
            return
        event = self._events.pop(0)
        self._step = f"looking for pairs of the {event['title']}"
        page = self._dock.event_page
        self._dock.show_page(page)
        page.what.set_event(event["event"])
        self._dock.set_area(*event["area"])
        page.catalog_combo.set_value("sample")
        page.save.set_output(str(self._folder / "results" / event["name"]))
        page.when.event_edit.set_value(event["moment"])

        def found(pairs: int) -> None:
            page.pairs_finished.disconnect()
            if pairs < 1:
                raise RuntimeError(f"there is no pair: {page.pair_list.state_label.text()}")
            self._later(lambda: self._map(event))

        page.pairs_finished.connect(lambda pairs: self._guard(lambda: found(pairs)))

    def _map(self, event: dict[str, Any]) -> None:
        self._step = f"mapping the {event['title']}"
        page = self._dock.event_page
        before, report = len(self._layers), Path(page.save.folder()) / "report.html"
        self._dock.run_finished.disconnect()

        def done(status: str) -> None:
            if status != "done":
                raise RuntimeError(f"the {event['name']} ended as '{status}': {page.status}")
            self._reports.append(str(report))
            self._guard(lambda: self._show_event(event["name"], self._layers[before:]))

        self._dock.run_finished.connect(lambda status: self._guard(lambda: done(status)))
        self._press(page.map_button)

    def _show_event(self, name: str, layers: list[str]) -> None:
        self._step = f"drawing the {name}"
        project = QgsProject.instance()
        rasters = [
            layer
            for layer in (project.mapLayer(one) for one in layers)
            # What came early has been replaced since.
            if layer is not None and layer.type() == QgsMapLayer.LayerType.RasterLayer
        ]
        canvas = iface.mapCanvas()
        canvas.setDestinationCrs(rasters[0].crs())
        canvas.setExtent(rasters[0].extent())
        iface.messageBar().clearWidgets()
        self._when_drawn(lambda: self._event_drawn(name))

    def _event_drawn(self, name: str) -> None:
        self._picture(f"5-{name}")
        self._later(self._next_event)

    def _press(self, button: QPushButton) -> None:
        if not button.isEnabled():
            raise RuntimeError(
                f"the button '{button.text()}' is off: {self._dock.status_label.text()}"
            )
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def _when_drawn(self, step: Callable[[], None]) -> None:
        """Go on when the map has been drawn: after a change it first waits, then draws in the
        background.
        """

        def look() -> None:
            if any(canvas.isDrawing() for canvas in iface.mapCanvases()):
                QTimer.singleShot(100, look)
            else:
                self._later(step)

        for canvas in iface.mapCanvases():
            canvas.refresh()
        QTimer.singleShot(500, look)

    def _later(self, step: Callable[[], None]) -> None:
        QTimer.singleShot(SETTLE_MS, lambda: self._guard(step))

    def _guard(self, step: Callable[[], None]) -> None:
        """Run a step; what goes wrong in it is the outcome."""
        if self._finished:
            return
        try:
            step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the outcome
            traceback.print_exc()
            self._finish(f"{error} (while {self._step})")

    def _uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Take QGIS's place for exceptions in the plugin's own slots: its modal box is one that
        nobody closes here.
        """
        traceback.print_exception(kind, error, trace)
        self._finish(f"{kind.__name__} in the plugin: {error} (while {self._step})")

    def _picture(self, name: str) -> None:
        """Save what is on the screen, boxes and menus included."""
        path = self._folder / f"{name}.png"
        if not QApplication.primaryScreen().grabWindow(0).save(str(path)):
            raise RuntimeError(f"the picture {path} cannot be written")
        self._pictures.append(str(path))

    def _finish(self, problem: str) -> None:
        """Write down how it went and quit QGIS as File > Exit does."""
        if self._finished:
            return
        if not self._headless:
            iface.messageBar().pushWarning("FirstLight", f"The demo cannot go on: {problem}")
            return
        self._finished = True
        if problem:
            QApplication.primaryScreen().grabWindow(0).save(str(self._folder / "failure.png"))
        project = QgsProject.instance()
        layers = [project.mapLayer(layer_id) for layer_id in self._layers]
        outcome: dict[str, Any] = {
            "ok": not problem,
            "problem": problem,
            "seconds": round(time.monotonic() - self._began, 1),
            "layers": [
                {"name": layer.name(), "path": layer.source()}
                for layer in layers
                if layer is not None
            ],
            "pictures": self._pictures,
            "reports": self._reports,
            "left_by_the_outage": self._left,
        }
        (self._folder / "outcome.json").write_text(json.dumps(outcome, indent=1) + "\n")
        if self._server is not None:
            self._server.terminate()
        project.setDirty(False)
        box = QApplication.activeModalWidget()
        if box is not None:
            box.close()  # behind an open box QGIS does not quit
        # Not from inside a slot of a task that is just ending: QGIS waits for its tasks when it
        # quits.
        QTimer.singleShot(500, iface.actionExit().trigger)


# A global, because nothing else holds it.
firstlight_demo = Demo(
    Path(os.environ["FIRSTLIGHT_DEMO_DIR"]),
    Path(os.environ["FIRSTLIGHT_DEMO_SCENE"]),
    os.environ.get("FIRSTLIGHT_DEMO_HEADLESS") == "1",
    os.environ.get("FIRSTLIGHT_DEMO_OUTAGE") == "1",
)
if iface.mainWindow().isVisible():
    QTimer.singleShot(0, firstlight_demo.begin)
else:
    iface.initializationCompleted.connect(firstlight_demo.begin)
