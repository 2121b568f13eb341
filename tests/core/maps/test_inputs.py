"""Inputs of a map: several stacks and rasters beside them become one raster with named bands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import AlgorithmError, InputError
from firstlight.core.maps.sar_water import SAR_WATER
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.recipes.inputs import StackRequest, open_inputs
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.rasters import write_raster

POWER = Radiometry(1.0, 0.0, None, "power")
VV = {"backscatter": ("vv", "vh")}


def radar(folder: Path, value: float = 0.1, day: str = "") -> Path:
    band = write_raster(folder / "vv.tif", np.full((60, 80), value, np.float32), nodata=None)
    tags = {"datetime": day, "item_id": folder.name} if day else {}
    create_band_stack({"vv": BandSource(band, radiometry=POWER)}, folder / "s.vrt", tags=tags)
    return folder / "s.vrt"


def read_all(inputs: Any, name: str) -> Any:
    with RasterReader(inputs.path) as reader:
        rows, cols = reader.facts.grid.shape
        return reader.read(inputs.indexes[inputs.bands[name]], Window(0, 0, rows, cols))


def test_a_single_stack_is_read_where_it_lies(tmp_path: Path) -> None:
    stack = radar(tmp_path / "a")
    inputs = open_inputs(
        "Water",
        {"post": StackRequest(stack, VV, masks=False)},
        tmp_path / "out",
        RecordingMonitor(),
    )
    assert inputs.path == stack
    assert inputs.bands == {"post.backscatter": "vv"}
    assert list((tmp_path / "out").iterdir()) == []


def test_a_raster_beside_the_stack_is_brought_onto_its_grid_and_never_crops_it(
    tmp_path: Path,
) -> None:
    stack = radar(tmp_path / "a")
    hand = write_raster(
        tmp_path / "hand.tif",
        np.full((5, 5), 7.0, np.float32),
        nodata=-9999,
        resolution=30.0,
        origin=(600000.0, 5200020.0),
    )
    permanent = np.zeros((60, 40), np.uint8)
    permanent[:, 20:] = 1
    water = write_raster(
        tmp_path / "permanent.tif", permanent, nodata=None, origin=(600004.0, 5200020.0)
    )
    inputs = open_inputs(
        "Water",
        {"post": StackRequest(stack, VV, masks=False)},
        tmp_path / "out",
        RecordingMonitor(),
        extras={"terrain.hand": hand, "permanent.water": water},
    )
    with RasterReader(stack) as reader:
        assert inputs.grid == reader.facts.grid
    height = read_all(inputs, "terrain.hand")
    assert np.nanmax(np.abs(height[:15, :15] - 7)) == 0
    assert np.isnan(height[20:, 20:]).all()
    lasting = read_all(inputs, "permanent.water")
    assert set(np.unique(lasting[np.isfinite(lasting)])) == {
        0.0,
        1.0,
    }  # between its pixels, and yet no halves
    assert set(inputs.describe()) == {"post", "terrain.hand", "permanent.water"}


def test_the_files_say_which_scenes_they_come_from(tmp_path: Path) -> None:
    stacks = {
        "pre": radar(tmp_path / "a", day="2024-05-01T06:00:00Z"),
        "post": radar(tmp_path / "b", day="2024-05-13T06:00:00Z"),
    }
    wanted = {name: StackRequest(path, VV, masks=False) for name, path in stacks.items()}
    inputs = open_inputs("Water", wanted, tmp_path / "out", RecordingMonitor())
    assert inputs.tags() == {
        "pre_item_id": "a",
        "post_item_id": "b",
        "pre_datetime": "2024-05-01T06:00:00Z",
        "post_datetime": "2024-05-13T06:00:00Z",
        "datetime": "2024-05-13T06:00:00Z",
    }
    assert inputs.span == "2024-05-01 to 2024-05-13"
    assert inputs.pixel_m == pytest.approx(10)


def test_bad_inputs_are_named(tmp_path: Path) -> None:
    stack = radar(tmp_path / "a")
    wanted = {"pre": StackRequest(stack, VV), "post": StackRequest(stack, VV)}
    with pytest.raises(InputError, match="Water cannot be mapped: both stacks are"):
        open_inputs("Water", wanted, tmp_path / "out", RecordingMonitor())
    with pytest.raises(AlgorithmError, match=r"has no band green \(it has vv\)"):
        open_inputs(
            "Water",
            {"post": StackRequest(stack, {"green": ("green",)})},
            tmp_path / "out",
            RecordingMonitor(),
        )
    two = write_raster(tmp_path / "two.tif", np.zeros((2, 5, 5), np.float32))
    with pytest.raises(InputError, match="it has 2 bands"):
        open_inputs(
            "Water",
            {"post": StackRequest(stack, VV)},
            tmp_path / "out",
            RecordingMonitor(),
            {"terrain.hand": two},
        )


def test_a_layer_never_replaces_an_input(tmp_path: Path) -> None:
    stack = radar(tmp_path / "a")
    hand = write_raster(tmp_path / "out" / "water.tif", np.zeros((60, 80), np.float32))
    before = hand.read_bytes()
    params = SAR_WATER.make_params({"post": stack, "hand": hand, "output": tmp_path / "out"})
    with pytest.raises(InputError, match=r"water\.tif cannot be written: it is an input"):
        SAR_WATER.run(params, Settings(), RecordingMonitor())
    assert hand.read_bytes() == before


def test_both_dates_on_one_day_are_doubted(tmp_path: Path) -> None:
    """Also to the second: a stack that is compared with itself under another name."""
    for second, doubted in (("00", True), ("01", False)):
        days = {"pre": "2024-05-01T06:00:00Z", "post": f"2024-05-01T06:00:{second}Z"}
        requests = {
            name: StackRequest(radar(tmp_path / second / name, day=day), VV, masks=False)
            for name, day in days.items()
        }
        inputs = open_inputs("Water", requests, tmp_path / "out", RecordingMonitor())
        assert any("are they swapped?" in text for text in inputs.warnings) is doubted
