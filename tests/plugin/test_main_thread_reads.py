"""The main thread reads headers at the most: no pixel, and it waits for no disk."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject

from firstlight.core.algorithms.indices import STRETCHED
from firstlight.core.operation import LayerOutput
from firstlight.core.raster import view
from firstlight.plugin import spreads
from firstlight.plugin.disk import DiskLook
from firstlight.plugin.layers import add_layer
from firstlight.plugin.picture_style import FALSE, NATURAL, natural_look, show_looks, style_of
from firstlight.ui.results.own_layers import open_own
from support.main_thread import bytes_read
from support.map_layers import wait_for_colors
from support.rasters import write_raster
from support.waiting import Gate

SIDE = 800
HEADER = 100_000
"""Bytes that opening a file may take; its pixels are a dozen times as many."""
WHEN = datetime(2024, 7, 1, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _warm(project: QgsProject, tmp_path: Path) -> None:
    """What is read once only, modules and the tables of PROJ, has been read."""
    if not Path("/proc/thread-self/io").is_file():
        pytest.skip("this system does not count what a thread reads")
    owner = QObject()
    open_own(output(write_raster(tmp_path / "small.tif", np.ones((8, 8), np.uint16))), owner)
    wait_for_colors()


def bright(path: Path, names: tuple[str, ...] = ("",), low: int = 1200, high: int = 4800) -> Path:
    """Bands of stored numbers without a scale, statistics or overviews, in one strip each row."""
    random = np.random.default_rng(7)
    bands = random.integers(low, high, (len(names), SIDE, SIDE), dtype=np.uint16)
    write_raster(path, bands, nodata=None)
    raster = gdal.Open(str(path), gdal.GA_Update)
    for number, name in enumerate(names, 1):
        raster.GetRasterBand(number).SetDescription(name)
    raster = None
    assert path.stat().st_size > 10 * HEADER
    return path


def output(path: Path, style: str = "natural_color") -> LayerOutput:
    return LayerOutput(path, "One", style, "group", WHEN)


def limits(layer: QgsRasterLayer) -> tuple[float, float]:
    stretch = layer.renderer().contrastEnhancement()
    return stretch.minimumValue(), stretch.maximumValue()


@pytest.mark.parametrize("style", ["natural_color", STRETCHED, "no such style"])
def test_a_band_without_statistics_comes_at_once_and_its_limits_later(
    project: QgsProject, tmp_path: Path, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = []
    read = view.read_spread

    def note(*given, **more):
        readers.append(threading.current_thread() is threading.main_thread())
        return read(*given, **more)

    path = bright(tmp_path / "one.tif")
    monkeypatch.setattr(view, "read_spread", note)
    before = bytes_read()
    layer = add_layer(output(path, style), project)
    assert bytes_read() - before < HEADER
    assert limits(layer) == (0.0, 0.3), "the usual ones until it is known better"
    wait_for_colors()
    assert bytes_read() - before < HEADER
    assert readers == [False]
    low, high = limits(layer)
    assert low == pytest.approx(1272, abs=40)
    assert high == pytest.approx(4728, abs=40)


def test_both_styles_of_a_picture_get_their_limits(project: QgsProject, tmp_path: Path) -> None:
    path = bright(tmp_path / "five.tif", ("blue", "green", "red", "nir", "swir22"))
    before = bytes_read()
    layer = add_layer(output(path), project)
    wait_for_colors()
    assert bytes_read() - before < HEADER
    manager = layer.styleManager()
    assert manager.currentStyle() == style_of(layer, NATURAL)
    for look in (FALSE, NATURAL):
        manager.setCurrentStyle(style_of(layer, look))
        assert layer.renderer().redContrastEnhancement().maximumValue() > 4000, look


def test_what_somebody_has_chosen_meanwhile_stays(project: QgsProject, tmp_path: Path) -> None:
    layer = add_layer(output(bright(tmp_path / "one.tif")), project)
    mine = layer.renderer().clone()
    sip.transferto(mine, None)
    stretch = type(layer.renderer().contrastEnhancement())(layer.renderer().contrastEnhancement())
    stretch.setMaximumValue(77.0)
    sip.transferto(stretch, None)
    mine.setContrastEnhancement(stretch)
    layer.setRenderer(mine)
    wait_for_colors()
    assert limits(layer) == (0.0, 77.0)


def test_a_layer_that_has_gone_meanwhile_is_left_alone(project: QgsProject, tmp_path: Path) -> None:
    layer = add_layer(output(bright(tmp_path / "one.tif")), project)
    project.removeMapLayer(layer.id())
    assert sip.isdeleted(layer)
    wait_for_colors()


def test_swipe_and_before_after_read_nothing_either(qgis_app: object, tmp_path: Path) -> None:
    path = bright(tmp_path / "one.tif")
    before, owner = bytes_read(), QObject()
    layer = open_own(output(path), owner)
    wait_for_colors()
    assert bytes_read() - before < HEADER
    assert limits(layer)[1] > 4000


def test_in_a_thread_of_its_own_the_limits_are_there_at_once(tmp_path: Path) -> None:
    """Printing does not wait for the event loop: it has none."""
    path, seen = bright(tmp_path / "one.tif"), []

    def work() -> None:
        owner = QObject()
        layer = open_own(output(path), owner)
        seen.append(limits(layer))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen[0][1] > 4000
    assert not spreads.looking()


def test_a_file_that_cannot_be_read_keeps_the_usual_limits(
    project: QgsProject, tmp_path: Path, desktop
) -> None:
    path = bright(tmp_path / "one.tif")
    layer = add_layer(output(path), project)
    wait_for_colors()
    path.write_bytes(b"no raster any more")
    show_looks(layer, [natural_look(layer)])
    wait_for_colors()
    assert limits(layer) == (0.0, 0.3)
    assert "one.tif" in desktop.logged()


def test_a_disk_that_does_not_answer_holds_nobody_up(qgis_app: object, wait_for) -> None:
    owner, told = QObject(), []
    with Gate() as gate:

        def ask(path: Path) -> bool:
            assert threading.current_thread() is not threading.main_thread()
            gate.pass_through()
            return True

        disk = DiskLook(ask, lambda: told.append("answered"), owner)
        assert disk.ask(Path("/away")) is None
        assert disk.ask(Path("/away")) is None, "one question at a time"
        wait_for(gate.reached.is_set)
        assert gate.is_held
        gate.open()
        wait_for(lambda: told == ["answered"])
    assert disk.ask(Path("/away")) is True


def test_an_answer_that_comes_too_late_is_nobodys(qgis_app: object, wait_for) -> None:
    owner, told = QObject(), []
    with Gate() as gate:
        disk = DiskLook(lambda _: gate.pass_through(), lambda: told.append("answered"), owner)
        disk.ask(Path("/away"))
        sip.delete(owner)
        gate.open()
        wait_for(lambda: not disk._asked)
    assert told == []
