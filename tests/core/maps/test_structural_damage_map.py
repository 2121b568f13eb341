"""Structural damage end to end: radar in power and dB, one optical band, tiles, threads, and what
is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.structural_damage import (
    RADAR_STRUCTURE,
    StructuralDamage,
    structural_kernel,
)
from firstlight.core.cli import main
from firstlight.core.errors import AlgorithmError, InputError
from firstlight.core.maps.structural_damage import STRUCTURAL_DAMAGE
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.rasters import read_band, write_raster
from support.run import run_operation
from support.stacks import write_stack

SHAPE = (170, 150)
DAYS = {"pre": "2024-08-01T06:00:00Z", "post": "2024-08-13T06:00:00Z"}


def town(seed: int = 0) -> tuple[dict[str, Any], Any]:
    """Power of both dates with speckle, and where the buildings are gone."""
    random = np.random.default_rng(seed)
    built, gone = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    built[20:150, 20:130] = True
    gone[30:70, 30:80] = True
    scene = np.where(
        built, np.where(random.random(SHAPE) < 0.12, random.lognormal(1.2, 0.6, SHAPE), 0.08), 0.06
    )
    rubble = np.where(gone, np.where(random.random(SHAPE) < 0.03, 1.0, 0.1), scene)
    dates = {
        date: (level * random.gamma(4.4, 1 / 4.4, SHAPE)).astype(np.float32)
        for date, level in (("pre", scene), ("post", rubble))
    }
    dates["post"][100:110, 60:70] = np.nan
    return dates, gone


def band_stack(folder: Path, name: str, data: Any, rule: Radiometry, day: str) -> Path:
    tags = {"sensor": "sentinel1" if name in ("vv", "vh") else "sentinel2", "datetime": day}
    return write_stack(folder, {name: data}, rule, tags, nodata=rule.nodata)


def run(pair: dict[str, Path], output: Path, settings: Settings | None = None, **more: Any) -> Any:
    return run_operation(STRUCTURAL_DAMAGE, settings, **pair, output=output, **more)


POWER = Radiometry(1.0, 0.0, float("nan"), "power")
DB = Radiometry(1.0, 0.0, float("nan"), "dB")


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, Path]:
    return {
        date: band_stack(tmp_path / date, "vv", data, POWER, DAYS[date])
        for date, data in town()[0].items()
    }


def decibel(power: Any) -> Any:
    level = np.log10(power)
    return level * np.float32(10)


def test_tiles_give_what_the_whole_array_gives(pair: dict[str, Path], tmp_path: Path) -> None:
    dates, _ = town()
    result = run(pair, tmp_path / "out").value
    values = {
        f"{date}.band": np.pad(decibel(data), 6, constant_values=np.nan)
        for date, data in dates.items()
    }
    kernel = structural_kernel(
        StructuralDamage(True, RADAR_STRUCTURE), {name: name for name in values}, ()
    )
    assert kernel.survey is not None
    whole = [made[6:-6, 6:-6] for made in kernel.settled(kernel.survey.tally(values)).run(values)]
    for layer, truth in zip(kernel.layers, whole):
        stored = (
            truth
            if truth.dtype == np.uint8
            else np.where(np.isnan(truth), np.float32(-9999), truth)
        )
        assert np.array_equal(read_band(tmp_path / "out" / f"{layer.name}.tif"), stored), layer.name
    codes = whole[3]
    assert np.isin(codes[37:63, 37:73], (2, 3)).mean() > 0.9
    assert np.isin(codes[80:, :], (2, 3)).mean() < 0.01
    assert (codes[100:110, 60:70] == 255).all()
    assert result.statistics["changed"]["area_ha"] == pytest.approx(
        np.isin(codes, (2, 3)).sum() / 100
    )
    assert result.statistics["structured_pixels"] == np.isin(codes, (1, 2, 3)).sum()
    assert any(
        "districts of about 130 m, from pixels of 10 m: single buildings cannot be judged" in w
        for w in result.warnings
    )


@pytest.mark.thorough
def test_threads_change_no_byte_and_db_is_power(pair: dict[str, Path], tmp_path: Path) -> None:
    made = {}
    for name in ("serial", "threads"):
        run(pair, tmp_path / name, Settings(engine=name, workers=2, tile_size=64))
        made[name] = {path.name: path.read_bytes() for path in (tmp_path / name).glob("*.tif")}
    assert made["serial"] == made["threads"]
    assert len(made["serial"]) == 4
    logs = {
        date: band_stack(tmp_path / f"{date}_db", "vv", decibel(data), DB, DAYS[date])
        for date, data in town()[0].items()
    }
    run(logs, tmp_path / "db")
    assert np.array_equal(
        read_band(tmp_path / "db" / "structural_damage.tif"),
        read_band(tmp_path / "serial" / "structural_damage.tif"),
    )


def test_an_optical_band_with_its_cloud_mask(tmp_path: Path) -> None:
    pair = {}
    for date, data in town(3)[0].items():
        numbers = np.rint(
            np.clip(1000 + 2000 * np.sqrt(np.nan_to_num(data, nan=0.5)), 1, 60000)
        ).astype(np.uint16)
        red = write_raster(tmp_path / date / "red.tif", numbers)
        scl = write_raster(
            tmp_path / date / "scl.tif",
            np.where(np.arange(150) < 20, 9, 4).astype(np.uint8) * np.ones((170, 1), np.uint8),
        )
        sources = {
            "red": BandSource(red, radiometry=Radiometry(0.0001, -0.1, 0.0, "reflectance")),
            "scl": BandSource(scl, radiometry=Radiometry(1.0, 0.0, 0.0, "class"), is_class=True),
        }
        create_band_stack(
            sources, tmp_path / date / "s.vrt", tags={"sensor": "sentinel2", "datetime": DAYS[date]}
        )
        pair[date] = tmp_path / date / "s.vrt"
    result = run(pair, tmp_path / "out", structure="0.3").value
    codes = read_band(tmp_path / "out" / "structural_damage.tif")
    assert (codes[:, :20] == 255).all()
    assert np.isin(codes[37:63, 37:73], (2, 3)).mean() > 0.5
    assert np.isin(codes[80:, 40:], (2, 3)).mean() < 0.02
    assert result.statistics["band"] == "red"
    wider = run(pair, tmp_path / "wider", structure="0.3", mask_dilation=50).value
    codes = read_band(tmp_path / "wider" / "structural_damage.tif")
    assert (codes[:, :25] == 255).all()
    assert wider.statistics["structured_pixels"] == np.isin(codes, (1, 2, 3)).sum()


def test_the_command_tells_its_limits(
    pair: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "structural-damage",
        "--pre",
        str(pair["pre"]),
        "--post",
        str(pair["post"]),
        "--output",
        str(tmp_path / "o"),
    ]
    assert main([*words, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert "never single buildings" in data["provenance"]["note"]
    assert data["statistics"]["usual_intensity_change_db"]["spread"] >= 0.1
    assert {"structural_damage", "structural_change", "intensity_change", "correlation"} <= set(
        data["outputs"]
    )


def test_fields_alone_have_no_statement_and_say_so(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    pair = {
        date: band_stack(
            tmp_path / date,
            "vv",
            (0.06 * random.gamma(4.4, 1 / 4.4, SHAPE)).astype(np.float32),
            POWER,
            day,
        )
        for date, day in DAYS.items()
    }
    result = run(pair, tmp_path / "out").value
    codes = read_band(tmp_path / "out" / "structural_damage.tif")
    assert np.isin(codes, (0, 255)).all()
    assert (codes == 255).sum() < 200  # corners, where half of the window lies beyond the picture
    assert any("No built-up land was compared" in warning for warning in result.warnings)


def test_a_scene_without_any_pixel_says_so(pair: dict[str, Path], tmp_path: Path) -> None:
    empty = band_stack(
        tmp_path / "e", "vv", np.full(SHAPE, np.nan, np.float32), POWER, DAYS["post"]
    )
    result = run({**pair, "post": empty}, tmp_path / "out").value
    assert set(np.unique(read_band(tmp_path / "out" / "structural_damage.tif"))) == {255}
    assert any("No pixel was observed on both dates" in warning for warning in result.warnings)


def test_what_cannot_be_compared_is_refused(pair: dict[str, Path], tmp_path: Path) -> None:
    data = town()[0]["post"]
    with pytest.raises(
        InputError, match="The window of 12 pixels cannot be used: it has no middle"
    ):
        run(pair, tmp_path / "out", window=12)
    with pytest.raises(InputError, match="The least structure 'much' cannot be used"):
        run(pair, tmp_path / "out", structure="much")
    with pytest.raises(AlgorithmError, match="do not both have vh \\(they share vv\\)"):
        run(pair, tmp_path / "out", band="vh")
    other = band_stack(tmp_path / "vh", "vh", data, POWER, DAYS["post"])
    with pytest.raises(AlgorithmError, match="share no band"):
        run({**pair, "post": other}, tmp_path / "out")
    rough = Radiometry(1.0, 0.0, float("nan"), "amplitude")
    with pytest.raises(
        AlgorithmError, match="the unit of vv is amplitude, and the comparison needs power or dB"
    ):
        run(
            {**pair, "post": band_stack(tmp_path / "grd", "vv", data, rough, DAYS["post"])},
            tmp_path / "out",
        )
