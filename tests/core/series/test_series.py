"""``series``: an event through its passes, held against what was put there."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio

from firstlight.core.errors import InputError
from firstlight.core.files.xml_text import parse_xml
from firstlight.core.operation import OperationResult
from support.rasters import read_band, write_raster
from support.run import run_operation

SIDE, PIXEL = 60, 20.0
DAYS = ("2024-10-21", "2024-10-24", "2024-11-02", "2024-11-14")
AFTER = (1.25, 4.25, 13.25, 25.25)
"""Of the passes at 6:00, after the event at 0:00 of 20 October."""
LEVELS = (0, 3, 12, 30)
"""Rows of the flood that have fallen dry by each pass."""
CLOUD = 255


def truth(index: int) -> npt.NDArray[np.uint8]:
    codes = np.zeros((SIDE, SIDE), np.uint8)
    codes[10 + LEVELS[index] : 50] = 1
    return codes


def observed(index: int) -> npt.NDArray[np.bool_]:
    """A cloud that moves east, a third of the map wide; none on the last day."""
    seen = np.ones((SIDE, SIDE), np.bool_)
    if index < 3:
        seen[:, 20 * index : 20 * index + 20] = False
    return seen


def write(folder: Path, index: int, tag: bool = True) -> Path:
    codes = np.where(observed(index), truth(index), CLOUD).astype(np.uint8)
    path = write_raster(folder / f"{DAYS[index]}.tif", codes, nodata=CLOUD, resolution=PIXEL)
    if tag:
        with rasterio.open(path, "r+") as file:
            file.update_tags(datetime=f"{DAYS[index]}T06:00:00Z", sensor="sentinel1")
    return path


def follow(output: Path, paths: list[Path], **words: Any) -> OperationResult:
    words = {"event_date": "2024-10-20T00:00:00Z", **words}
    return run_operation("series", inputs=paths, output=output, **words)


@pytest.fixture
def made(tmp_path: Path) -> tuple[OperationResult, Path]:
    paths = [write(tmp_path, index) for index in (2, 0, 3, 1)]  # in any order
    return follow(tmp_path / "out", paths), tmp_path / "out"


def naive() -> dict[str, npt.NDArray[Any]]:
    """Pixel by pixel, in plain Python."""
    names = ("first_seen", "last_seen", "filled_day", "largest", "filled")
    made: dict[str, npt.NDArray[Any]] = {name: np.full((SIDE, SIDE), np.nan) for name in names}
    for row in range(SIDE):
        for col in range(SIDE):
            looks = [(AFTER[i], truth(i)[row, col]) for i in range(4) if observed(i)[row, col]]
            wet = [day for day, code in looks if code == 1]
            made["filled_day"][row, col], made["filled"][row, col] = looks[0]
            made["largest"][row, col] = bool(wet)
            if wet:
                made["first_seen"][row, col], made["last_seen"][row, col] = wet[0], wet[-1]
    return made


def test_each_pixel_has_the_days_of_the_simulation(made: tuple[OperationResult, Path]) -> None:
    _, folder = made
    expected = naive()
    for name in ("first_seen", "last_seen", "filled_day"):
        with rasterio.open(folder / f"{name}.tif") as file:
            found = file.read(1, masked=True).filled(np.nan)
            assert file.units == ("d",)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected[name]))
        np.testing.assert_allclose(found, expected[name], atol=1e-3, equal_nan=True)
    for name in ("largest", "filled"):
        np.testing.assert_array_equal(read_band(folder / f"{name}.tif"), expected[name])


def test_gaps_are_filled_from_the_next_pass_with_its_day(
    made: tuple[OperationResult, Path],
) -> None:
    days = read_band(made[1] / "filled_day.tif")
    assert set(np.unique(days[:, :20]).round(2)) == {4.25}, "under the first day's cloud"
    assert set(np.unique(days[:, 20:]).round(2)) == {1.25}


def test_the_table_tells_area_gain_and_recession(made: tuple[OperationResult, Path]) -> None:
    result, folder = made
    with (folder / "series.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["datetime"][:10] for row in rows] == list(DAYS)
    pixel_km2 = PIXEL**2 / 1e6
    latest = np.full((SIDE, SIDE), -1)
    for index, row in enumerate(rows):
        codes, seen = truth(index), observed(index)
        assert float(row["affected_km2"]) == pytest.approx(
            (codes[seen] == 1).sum() * pixel_km2, rel=1e-3
        )
        receded = (seen & (codes == 0) & (latest == 1)).sum()
        assert float(row["receded_km2"]) == pytest.approx(receded * pixel_km2, rel=1e-3)
        assert float(row["gained_km2"]) == 0.0
        assert float(row["not_observed_km2"]) == pytest.approx((~seen).sum() * pixel_km2, rel=1e-3)
        latest[seen] = codes[seen]
    data = result.json_data()
    assert data["statistics"]["largest_pass"][:10] == "2024-10-21"
    assert [one["datetime"] for one in data["statistics"]["passes"]] == [
        row["datetime"] for row in rows
    ]
    whole = float(naive()["largest"].sum()) * pixel_km2
    assert result.outputs["affected_km2"] == pytest.approx(whole, rel=1e-3)
    assert "2024-10-24 06:00 UTC" in result.text
    assert any("Much was not observed on 2024-10-21, 2024-10-24" in t for t in result.warnings)


def test_the_chart_has_a_point_for_each_pass(made: tuple[OperationResult, Path]) -> None:
    root = parse_xml((made[1] / "series.svg").read_bytes())
    dots = [node for node in root.iter() if node.tag.endswith("circle")]
    assert [dot.get("fill") for dot in dots] == ["#ffffff"] * 3 + ["#08519c"]
    heights = [float(str(dot.get("cy"))) for dot in dots]
    assert heights == sorted(heights), "the water goes down"


@pytest.mark.thorough
def test_another_pass_is_added_by_running_again(tmp_path: Path) -> None:
    paths = [write(tmp_path, index) for index in range(4)]
    follow(tmp_path / "out", paths[:3])
    before = {path: path.read_bytes() for path in paths}
    again = follow(tmp_path / "out", paths)
    whole = follow(tmp_path / "other", paths)
    assert {path: path.read_bytes() for path in paths} == before
    for name in ("largest", "first_seen", "last_seen", "filled", "filled_day"):
        pair = [read_band(tmp_path / folder / f"{name}.tif") for folder in ("out", "other")]
        np.testing.assert_array_equal(*pair)
    figures = [result.json_data()["statistics"]["passes"] for result in (again, whole)]
    assert figures[0] == figures[1]
    item = json.loads(Path(again.json_data()["outputs"]["provenance"]).read_text())
    assert item["properties"]["firstlight:operation"] == "series"


def test_without_a_date_days_count_from_the_first_map(tmp_path: Path) -> None:
    paths = [write(tmp_path, index) for index in (1, 2)]
    follow(tmp_path / "out", paths, event_date=None)
    assert read_band(tmp_path / "out" / "filled_day.tif")[0, 0] == 0.0


def test_what_cannot_be_followed_is_named(tmp_path: Path) -> None:
    one, other = write(tmp_path, 0), write(tmp_path, 1)
    with pytest.raises(InputError, match="there is only one map"):
        follow(tmp_path / "out", [one])
    bare = write(tmp_path / "bare", 2, tag=False)
    with pytest.raises(InputError, match=r"2024-11-02\.tif does not say when it was taken"):
        follow(tmp_path / "out", [one, bare])
    with rasterio.open(other, "r+") as file:
        file.update_tags(datetime=f"{DAYS[0]}T06:00:00Z")
    with pytest.raises(InputError, match="are of the same moment"):
        follow(tmp_path / "out", [one, other])
