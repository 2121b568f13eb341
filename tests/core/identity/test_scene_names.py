"""The scene of a band's file is read from its name, and bands of several scenes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.core.identity.scene_names import read_scene_name, tell_apart


@pytest.mark.parametrize(
    ("name", "scene"),
    [
        ("T33TWL_20240701T100031_B04_10m.jp2", "2024-07-01 33TWL"),
        ("S2B_MSIL2A_20240701T100031_N0510_R122_T33TWL_20240701T135421.tif", "2024-07-01 33TWL"),
        ("S2A_33TWL_20240701_0_L2A_B04.tif", "2024-07-01 33TWL"),
        ("LC08_L2SP_190028_20240702_20240705_02_T1_SR_B5.TIF", "2024-07-02 190028"),
        ("HLS.S30.T33TWL.2024183T100031.v2.0.B04.tif", "2024-07-01 33TWL"),
        ("S1A_IW_GRDH_1SDV_20240703T053012_20240703T053037_vv.tif", "2024-07-03"),
        ("red_2024-07-01.tif", "2024-07-01"),
        ("2024_07_01-nir.tif", "2024-07-01"),
        ("red.tif", None),
        ("red_12345678.tif", None),
        ("tile_20241399.tif", None),
        ("T33TWL_20241399T100031_B04.tif", None),
    ],
)
def test_day_and_tile_come_from_the_name(name: str, scene: str | None) -> None:
    read = read_scene_name(Path("/data/2020-01-01") / name)
    assert (None if read is None else str(read)) == scene


def test_bands_of_one_scene_are_not_told() -> None:
    one = {
        "red": Path("T33TWL_20240701T100031_B04_10m.jp2"),
        "nir": Path("T33TWL_20240701T100031_B08_10m.jp2"),
        "dem": Path("heights.tif"),
        "scl": Path("scl_20240701.tif"),
    }
    assert tell_apart(one) == []


@pytest.mark.parametrize(
    "other",
    [
        "T33TWL_20240801T100031_B08_10m.jp2",
        "T32TQR_20240701T100031_B08_10m.jp2",
        "LC08_L2SP_190028_20240701_20240705_02_T1_SR_B5.TIF",
        "nir_20240703.tif",
    ],
)
def test_bands_of_several_scenes_are_told(other: str) -> None:
    [sentence] = tell_apart({"red": Path("T33TWL_20240701T100031_B04_10m.jp2"), "nir": Path(other)})
    assert "red 2024-07-01 33TWL, nir 2024-" in sentence
