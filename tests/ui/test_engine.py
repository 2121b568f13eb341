"""The Tools tab on a Dask cluster: which engine runs and why, how far it is, and a window that is
never held up.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from qgis.PyQt.QtCore import Qt

from firstlight.core.monitor import Event, EventQueue, Progress
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.dock import press_run
from support.rasters import write_raster
from support.waiting import PATIENCE_MS, wait_until


@pytest.fixture
def cluster(tmp_path: Path):
    """A scheduler and two workers, as `dask scheduler` and `dask worker` start them."""
    pytest.importorskip("distributed", reason="Dask distributed is not installed")
    from support.dask_cluster import DaskCluster

    (tmp_path / "cluster").mkdir()
    with DaskCluster(tmp_path / "cluster") as made:
        made.add_worker()
        made.add_worker()
        made.wait_for(2)
        yield made


@pytest.fixture
def big_stack(tmp_path: Path) -> Path:
    """49 tiles of 256 pixels."""
    sources = {}
    for seed, name in enumerate(("red", "nir")):
        data = np.random.default_rng(seed).integers(1200, 9000, (1700, 1700), dtype=np.uint16)
        path = write_raster(tmp_path / f"{name}.tif", data)
        sources[name] = BandSource(path, radiometry=Radiometry(0.0001, -0.1, 0.0, "reflectance"))
    create_band_stack(sources, tmp_path / "big.vrt", band_order=list(sources))
    return tmp_path / "big.vrt"


def choose_index(dock, stack: Path, output: Path, **values: str) -> None:
    panel = dock.files.tools_panel
    dock.show_page(dock.files)
    panel.choose("index")
    panel.form.set_values({"name": "NDVI", "stack": str(stack), "output": str(output), **values})


def test_a_run_on_a_cluster_says_so_and_never_holds_up_the_window(
    dock, desktop, qtbot, cluster, big_stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_TILE_SIZE", "256")
    said: list[str] = []
    notes: list[str] = []

    choose_index(dock, big_stack, tmp_path / "ndvi.tif", engine="cluster", cluster=cluster.address)

    def number_of(text: str) -> int:
        found = re.search(r"tile (\d+) of ", text)
        return int(found[1]) if found else 0

    def look(_: object) -> None:
        said.append(dock.status_label.text())
        notes.append(dock.files.tools_panel.result_text.toPlainText())

    put = EventQueue.put

    def put_and_wait(events: EventQueue, event: Event) -> None:
        """From the fifth tile on wait until the dock has shown it: the window lives on."""
        put(events, event)
        if isinstance(event, Progress) and number_of(event.detail) >= 5:
            wait_until(lambda: any(number_of(text) >= 5 for text in said))

    monkeypatch.setattr(EventQueue, "put", put_and_wait)
    with qtbot.waitSignal(dock.run_finished, timeout=PATIENCE_MS) as caught:
        qtbot.mouseClick(dock.files.tools_panel.run_button, Qt.MouseButton.LeftButton)
        [job] = dock.shared.jobs.running
        job.happened.connect(look)
    assert caught.args == ["done"]
    sentence = f"Engine: Dask cluster at {cluster.address} (as asked for)."
    assert sentence in notes, "told while it runs"
    assert sentence in dock.files.tools_panel.result_text.toPlainText()
    assert any(
        text.startswith(f"NDVI: tiles, Dask cluster {cluster.address} (tile ") for text in said
    )
    assert any(text.endswith("s left)") for text in said)


def test_what_the_router_chose_stands_in_the_answer(
    dock, qtbot, big_stack: Path, tmp_path: Path
) -> None:
    choose_index(dock, big_stack, tmp_path / "ndvi.tif")
    assert press_run(dock, qtbot, dock.files.tools_panel.run_button) == "done"
    said = dock.files.tools_panel.result_text.toPlainText()
    assert re.search(r"Engine: .+ \(4 tiles(, one core)?\)\.", said)


def test_a_cluster_that_is_not_there_is_a_sentence(
    dock, qtbot, big_stack: Path, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="Dask distributed is not installed")
    choose_index(
        dock, big_stack, tmp_path / "ndvi.tif", engine="cluster", cluster="nonsense://nowhere"
    )
    assert press_run(dock, qtbot, dock.files.tools_panel.run_button) == "failed"
    assert dock.status_label.text().startswith(
        "The Dask cluster at nonsense://nowhere cannot be used: "
    )
    assert not (tmp_path / "ndvi.tif").exists()
