"""Variables of netCDF files: which numbers mean nothing, what they mean, and of which date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from support.netcdf import write_netcdf

VOID = -9999
DATA = np.arange(400, dtype=np.int16).reshape(20, 20) * 10
DATA[0, :5] = VOID


def values(path: Path) -> Any:
    with RasterReader(path) as reader:
        return reader.read(1, Window(0, 0, 20, 20))


def stacked(folder: Path, file: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    band = f'red=NETCDF:"{file}":sr_b4'
    arguments = ["stack", "--sensor", "sentinel2", "--output", str(folder / "s.vrt"), *more]
    assert main([*arguments, "--band", band + ("#2" if "second" in folder.name else "")]) == 0
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("attributes", "hidden", "low", "high"),
    [
        ({"_FillValue": VOID}, 5, 0.005, 0.399),
        ({"missing_value": VOID}, 5, 0.005, 0.399),
        ({"_FillValue": VOID, "missing_value": VOID}, 5, 0.005, 0.399),
        ({"_FillValue": VOID, "valid_range": (0, 3000)}, 104, 0.005, 0.3),
        ({"valid_min": 0, "valid_max": 3000}, 104, 0.005, 0.3),
        ({"_FillValue": VOID, "scale_factor": 0.0002, "add_offset": -0.1}, 5, -0.09, 0.698),
    ],
    ids=["fill", "missing", "both alike", "range", "ends", "packed"],
)
def test_numbers_that_mean_nothing_and_packed_ones_are_read_as_cf_says(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    attributes: dict[str, Any],
    hidden: int,
    low: float,
    high: float,
) -> None:
    file = write_netcdf(tmp_path / "a scene of mine.nc", DATA, attributes)
    own = "scale_factor" in attributes
    told = stacked(tmp_path, file, capsys, *(() if own else ("--scale", "0.0001", "--offset", "0")))
    got = values(tmp_path / "s.vrt")
    assert int(np.isnan(got).sum()) == hidden
    assert (np.nanmin(got), np.nanmax(got)) == pytest.approx((low, high), abs=1e-6)
    assert "missing_value" not in told


def test_two_numbers_for_nothing_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attributes = {"_FillValue": -32768, "missing_value": VOID}
    file = write_netcdf(tmp_path / "a.nc", DATA, attributes)
    told = stacked(tmp_path, file, capsys, "--scale", "0.0001", "--offset", "0")
    assert "missing_value -9999 beside the _FillValue -32768" in told
    again = stacked(
        tmp_path, file, capsys, "--scale", "0.0001", "--offset", "0", "--nodata", str(VOID)
    )
    assert "missing_value" not in again
    assert int(np.isnan(values(tmp_path / "s.vrt")).sum()) == 5


@pytest.mark.parametrize(("name", "shift"), [("first", 0.0), ("second", 0.0001)])
def test_of_several_dates_the_one_that_is_taken_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, shift: float
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    data = np.stack([DATA, DATA + 1, DATA + 2])
    file = write_netcdf(folder / "a.nc", data, {"_FillValue": VOID}, times=(10, 15, 20))
    told = stacked(folder, file, capsys, "--scale", "0.0001", "--offset", "0")
    taken = "band 2, time 15" if name == "second" else "band 1, time 10"
    assert f"has 3 bands along time (10, 15, 20): {taken}, is taken" in told
    assert values(folder / "s.vrt")[1, 0] == pytest.approx(0.02 + shift, abs=1e-6)
