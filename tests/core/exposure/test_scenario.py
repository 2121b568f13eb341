"""Water levels on HAND against a naive cut, and what is hit against a naive count."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from firstlight.core.algorithms.kernel import OUTSIDE
from firstlight.core.algorithms.stage import StageMap
from firstlight.core.cli import main
from firstlight.core.errors import InputError
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.impact.scenario import SCENARIO
from firstlight.core.raster.facts import read_facts
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi
from support.areas import centres_inside, degrees
from support.rasters import read_band, write_raster

WHERE = {"epsg": 32632, "origin": (600000.0, 5200000.0), "resolution": 30.0}
SHAPE = (70, 90)


def heights() -> np.ndarray:
    """A winding valley; some ground of which nothing is known, some with a number that stands for
    that, undeclared.
    """
    rows, cols = np.indices(SHAPE)
    hand = np.abs(rows - 30 - 8 * np.sin(cols / 9.0)) * 0.25
    hand[:4, :10] = np.nan
    hand[60:63, 80:] = 32767
    return hand.astype(np.float32)


@pytest.fixture
def hand(tmp_path: Path) -> Path:
    return write_raster(tmp_path / "hand.tif", heights(), nodata=float("nan"), **WHERE)


def run(folder: Path, **words: Any) -> Any:
    words = {"output": folder / "out", **words}
    return SCENARIO.run(SCENARIO.make_params(words), Settings(), RecordingMonitor())


def test_each_stage_is_a_naive_cut(tmp_path: Path, hand: Path) -> None:
    result = run(tmp_path, hand=hand, stage="2.5, 1,4")
    codes, values = read_band(tmp_path / "out" / "scenario.tif"), heights()
    known = np.isfinite(values) & (values < 9000)
    assert (codes[~known] == 255).all()
    for number, stage in enumerate((1.0, 2.5, 4.0), start=1):
        naive = known & (stage - np.where(known, values, 1e9) > 0)
        assert np.array_equal((codes >= 1) & (codes <= number), naive)
        told = result.data["stages"][number - 1]
        assert told["stage_m"] == stage
        assert told["area"]["affected_km2"] == pytest.approx(naive.sum() * 9e-4)
        assert told["area"]["not_observed_km2"] == pytest.approx((~known).sum() * 9e-4)
    assert (codes == 0).sum() > 0
    assert any("HAND is not known for" in text for text in result.warnings)


def test_ground_as_high_as_the_water_is_dry() -> None:
    cut = StageMap((1.0, 2.0))
    values = np.array([[0.0, 0.99, 1.0, 1.5, 2.0, 9.0, np.nan, -200.0]], np.float32)
    assert cut({"hand": values}).tolist() == [[1, 1, 2, 2, 0, 0, 255, 255]]


def test_what_is_hit_rises_with_the_water(tmp_path: Path, hand: Path) -> None:
    cover = np.where(np.indices(SHAPE)[1] < 45, 40, 50).astype(np.uint8)
    landcover = write_raster(tmp_path / "lc.tif", cover, nodata=None, **WHERE)
    people = np.random.default_rng(3).uniform(0, 4, SHAPE).astype(np.float32)
    population = write_raster(tmp_path / "p_count.tif", people, nodata=None, **WHERE)
    result = run(tmp_path, hand=hand, stage="1,3", landcover=landcover, population=population)
    values = heights()
    for stage, told in zip((1, 3), result.data["stages"]):
        wet = np.isfinite(values) & (values < stage)
        assert told["people"]["affected"] == pytest.approx(people[wet].sum(), rel=1e-5)
        built = next(row for row in told["landcover"] if row["code"] == 50)
        assert built["affected_km2"] == pytest.approx((wet & (cover == 50)).sum() * 9e-4, rel=1e-6)
    with (tmp_path / "out" / "scenario.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["stage_m"] for row in rows} == {"1", "3"}
    assert {row["theme"] for row in rows} == {"area", "landcover", "people"}
    record = json.loads((tmp_path / "out" / "scenario.json").read_text())
    assert record["inputs"]["hand"]["sha256"]
    assert "no reading of a gauge" in record["limits"]


def test_what_a_layer_leaves_open_is_told_once(tmp_path: Path, hand: Path) -> None:
    part = write_raster(tmp_path / "lc.tif", np.full((70, 40), 40, np.uint8), nodata=None, **WHERE)
    result = run(tmp_path, hand=hand, stage="1,2,3", landcover=part)
    assert sum("has no land cover" in text for text in result.warnings) == 1


def test_the_map_says_what_its_codes_are(
    tmp_path: Path, hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "o"
    command = ["scenario", "--hand", str(hand), "--stage", "1,2,3", "--output", str(output)]
    assert main(command) == 0
    assert "3 m: " in capsys.readouterr().out
    with rasterio.open(output / "scenario.tif") as file:
        assert (file.nodata, file.dtypes[0]) == (255, "uint8")
        assert file.tags()["operation"] == "scenario"
        assert len({file.colormap(1)[code] for code in (0, 1, 2, 3)}) == 4


def test_the_folder_is_opened_again(
    tmp_path: Path, hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run(tmp_path, hand=hand, stage="1,2")
    item = json.loads(Path(result.outputs["provenance"]).read_text())
    assert item["properties"]["firstlight:parameters"] == {"stage_m": [1.0, 2.0]}
    [heights] = item["properties"]["firstlight:inputs"]
    assert heights["files"][0]["file:checksum"]
    assert main(["results", str(tmp_path / "out"), "--check"]) == 0
    assert "scenario.tif" in capsys.readouterr().out


@pytest.mark.parametrize("stage", ["", "high", "0,1", "-1", "nan", "1,,inf", "2000"])
def test_levels_that_cannot_be(tmp_path: Path, hand: Path, stage: str) -> None:
    with pytest.raises(InputError):
        run(tmp_path, hand=hand, stage=stage)
    assert not (tmp_path / "out" / "scenario.tif").exists()


def test_an_area_beside_the_heights_is_refused(tmp_path: Path, hand: Path) -> None:
    with pytest.raises(InputError, match="lies beside"):
        run(tmp_path, hand=hand, stage="1", area="20,10,21,11")


def test_the_map_of_an_area_ends_with_the_pixels_whose_centres_lie_in_it(
    tmp_path: Path, hand: Path
) -> None:
    grid = read_facts(hand).grid
    corners = [(10.2, 5.3), (80.4, 12.7), (60.6, 64.1), (20.3, 50.2)]
    aoi = Aoi.from_geometry({"type": "Polygon", "coordinates": [degrees(grid, corners)]})
    inside = centres_inside(aoi, grid)
    run(tmp_path, hand=hand, stage="1,2", output=tmp_path / "whole")
    result = run(tmp_path, hand=hand, stage="1,2", area=aoi)
    whole, codes = (read_band(tmp_path / one / "scenario.tif") for one in ("whole", "out"))
    np.testing.assert_array_equal(codes, np.where(inside, whole, OUTSIDE))
    # The figures take shares of pixels: nearly the same, and nearer to the truth.
    under = ((codes == 1) | (codes == 2)).sum() * 9e-4
    assert result.outputs["under_water_km2"] == pytest.approx(under, rel=0.02)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.tif")) == ["scenario.tif"]
