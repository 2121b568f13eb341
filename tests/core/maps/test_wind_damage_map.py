"""Wind damage end to end: from band files to classes, areas and sentences, tiled as whole, on one
thread as on several.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.wind_damage import VegetationIndex, WindDamage, wind_kernel
from firstlight.core.cli import main
from firstlight.core.errors import AlgorithmError, InputError
from firstlight.core.maps.wind_damage import WIND_DAMAGE
from firstlight.core.settings import Settings
from support.rasters import read_band
from support.run import run_operation
from support.stacks import write_stack

SHAPE = (200, 260)
BANDS = ("red", "nir", "swir16")


def forest(seed: int = 0, hit_share: float = 0.06) -> tuple[dict[str, dict[str, Any]], Any]:
    """Stored numbers of both dates, and where the storm took the leaves; the last columns
    are bare.
    """
    random = np.random.default_rng(seed)
    hit = np.zeros(SHAPE, bool)
    hit[40 : 40 + round(hit_share * SHAPE[0] * SHAPE[1] / 150), 20:170] = True
    dates: dict[str, dict[str, Any]] = {}
    for date in ("pre", "post"):
        leaves = np.where(np.arange(SHAPE[1]) < 220, 0.9, 0.1) * np.ones(SHAPE)
        if date == "post":
            leaves = np.where(hit, 0.4, leaves - 0.05)
        leaves = leaves + random.normal(0, 0.02, SHAPE)
        reflectance = {
            "red": 0.14 - 0.11 * leaves,
            "nir": 0.15 + 0.25 * leaves,
            "swir16": 0.30 - 0.16 * leaves,
        }
        dates[date] = {
            name: np.rint((data + 0.1) / 0.0001).astype(np.uint16)
            for name, data in reflectance.items()
        }
        dates[date]["scl"] = np.full(SHAPE, 4, np.uint8)
    dates["post"]["scl"][:, :12] = 9
    dates["pre"]["nir"][150:160, 100:120] = 0
    return dates, hit


def stack(folder: Path, pixels: dict[str, Any], day: str) -> Path:
    tags = {"sensor": "sentinel2", "datetime": day}
    return write_stack(folder, pixels, tags=tags, mask_nodata=0)


def run(pair: dict[str, Path], output: Path, settings: Settings | None = None, **more: Any) -> Any:
    return run_operation(WIND_DAMAGE, settings, **pair, output=output, **more)


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, Path]:
    dates, _ = forest()
    days = {"pre": "2024-08-01T10:00:00Z", "post": "2024-08-11T10:00:00Z"}
    return {date: stack(tmp_path / date, pixels, days[date]) for date, pixels in dates.items()}


def test_the_map_is_what_the_whole_array_gives(pair: dict[str, Path], tmp_path: Path) -> None:
    dates, hit = forest()
    result = run(pair, tmp_path / "out").value
    values: dict[str, Any] = {}
    for date, pixels in dates.items():
        for name in BANDS:
            data = pixels[name]
            values[f"{date}.{name}"] = (
                (data.astype(np.float32) - 1000) * np.float32(0.0001)
            ).astype(np.float32)
            values[f"{date}.{name}"][data == 0] = np.nan
        values[f"{date}.scl"] = pixels["scl"].astype(np.float32)
    kernel = wind_kernel(
        WindDamage(VegetationIndex.NDMI), {name: name for name in values}, ("post.scl", "pre.scl")
    )
    assert kernel.survey is not None
    loss, codes, confidence = kernel.settled(kernel.survey.tally(values)).run(values)
    assert np.array_equal(read_band(tmp_path / "out" / "wind_damage.tif"), codes)
    assert np.array_equal(
        read_band(tmp_path / "out" / "vegetation_loss.tif"),
        np.where(np.isnan(loss), np.float32(-9999), loss),
    )
    assert np.array_equal(read_band(tmp_path / "out" / "confidence.tif"), confidence)
    assert (codes[:, :12] == 255).all()
    assert (codes[150:160, 100:120] == 255).all()
    seen = codes != 255
    assert np.isin(codes[hit & seen], (2, 3)).mean() > 0.99
    assert np.isin(codes[~hit & seen], (2, 3)).mean() < 0.005
    statistics = result.statistics
    assert statistics["damaged"]["area_ha"] == pytest.approx(np.isin(codes, (2, 3)).sum() / 100)
    assert statistics["severe"]["area_ha"] == pytest.approx((codes == 3).sum() / 100)
    assert statistics["not_observed"]["pixels"] == (codes == 255).sum()
    assert statistics["noise"] == pytest.approx(0.03, abs=0.015)
    assert result.warnings == ()


def test_masks_are_dilated_in_metres_alike_in_every_tile(
    pair: dict[str, Path], tmp_path: Path
) -> None:
    from scipy.ndimage import distance_transform_edt

    dates, _ = forest()
    dates["post"]["scl"][60:64, 126:130] = 3  # on the corner of four tiles
    pair = {**pair, "post": stack(tmp_path / "m", dates["post"], "2024-08-11T10:00:00Z")}
    result = run(pair, tmp_path / "out", mask_dilation=45).value
    far = distance_transform_edt(dates["post"]["scl"] == 4) > 4.5
    codes = read_band(tmp_path / "out" / "wind_damage.tif")
    seen = codes != 255
    assert np.array_equal(seen, far & (dates["pre"]["nir"] > 0))
    assert result.statistics["vegetated_pixels"] == (seen & (codes > 0)).sum()
    run(pair, tmp_path / "whole", Settings(workers=1, tile_size=4096), mask_dilation=45)
    assert np.array_equal(read_band(tmp_path / "whole" / "wind_damage.tif"), codes)


@pytest.mark.thorough
def test_tiles_and_threads_change_no_byte(pair: dict[str, Path], tmp_path: Path) -> None:
    made = []
    for number, settings in enumerate(
        (
            Settings(engine="serial", tile_size=4096),
            Settings(engine="threads", workers=2, tile_size=4096),
        )
    ):
        run(pair, tmp_path / str(number), settings)
        made.append(
            {path.name: path.read_bytes() for path in (tmp_path / str(number)).glob("*.tif")}
        )
    assert made[0] == made[1]
    assert set(made[0]) == {"vegetation_loss.tif", "wind_damage.tif", "confidence.tif"}
    run(pair, tmp_path / "small", Settings(workers=2, tile_size=64))
    for name in made[0]:
        assert np.array_equal(
            read_band(tmp_path / "small" / name), read_band(tmp_path / "0" / name)
        )


def test_the_command_says_how_much_and_that_it_is_no_count_of_trees(
    pair: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "wind-damage",
        "--pre",
        str(pair["pre"]),
        "--post",
        str(pair["post"]),
        "--index",
        "ndvi",
    ]
    assert main([*words, "--output", str(tmp_path / "a")]) == 0
    text = capsys.readouterr().out
    assert "Severe loss of vegetation: " in text
    assert "Loss of green, not a count of fallen trees" in text
    assert "Change without damage: 0.0" in text
    assert main([*words, "--output", str(tmp_path / "b"), "--offset", "0.02", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["statistics"]["offset"] == 0.02
    assert data["provenance"]["parameters"]["offset"] == "0.02"
    assert {"wind_damage", "vegetation_loss", "confidence", "perimeter"} <= set(data["outputs"])
    assert (tmp_path / "b" / "perimeter.gpkg").is_file()


@pytest.mark.thorough
def test_a_storm_over_half_of_the_forest_is_warned_of(tmp_path: Path) -> None:
    dates, _ = forest(hit_share=0.3)
    pair = {
        date: stack(tmp_path / date, pixels, f"2024-08-{number}T10:00:00Z")
        for number, (date, pixels) in enumerate(dates.items(), 10)
    }
    result = run(pair, tmp_path / "out").value
    assert any(
        "if more than half was hit, the map shows too little" in one for one in result.warnings
    )
    told = run(pair, tmp_path / "told", offset="0.04").value
    assert not any("more than half" in one for one in told.warnings)


def test_cloud_everywhere_and_bare_ground_say_so(pair: dict[str, Path], tmp_path: Path) -> None:
    dates, _ = forest()
    dates["post"]["scl"][:] = 9
    clouded = {**pair, "post": stack(tmp_path / "c", dates["post"], "2024-08-11T10:00:00Z")}
    result = run(clouded, tmp_path / "out").value
    assert set(np.unique(read_band(tmp_path / "out" / "wind_damage.tif"))) == {255}
    assert result.statistics["damaged"]["observed_percent"] is None
    assert any("No pixel was observed on both dates" in one for one in result.warnings)
    bare = run(pair, tmp_path / "bare", vegetated=0.99).value
    assert set(np.unique(read_band(tmp_path / "bare" / "wind_damage.tif"))) == {0, 255}
    assert any(
        "No vegetation (NDVI from 0.99) was seen on both dates" in one for one in bare.warnings
    )


def test_wrong_inputs_are_named(pair: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match="The change without damage 'some' cannot be used: it is neither auto nor a number",
    ):
        run(pair, tmp_path / "out", offset="some")
    with pytest.raises(InputError, match="it does not lie within -2 to 2"):
        run(pair, tmp_path / "out", offset="nan")
    with pytest.raises(InputError, match="both stacks are"):
        run({"pre": pair["pre"], "post": pair["pre"]}, tmp_path / "out")
    dates, _ = forest()
    del dates["post"]["swir16"]
    short = {**pair, "post": stack(tmp_path / "s", dates["post"], "2024-08-11T10:00:00Z")}
    with pytest.raises(AlgorithmError, match="has no band swir16"):
        run(short, tmp_path / "out")
    assert run(short, tmp_path / "ndvi", index="ndvi").status == "done"
