"""One grid, a grid for each pixel size, or what is common: what is written and what is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.errors import BandStackError, ExtentMismatchError
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.rasters import noise, read_band, write_raster

S2 = Radiometry(0.0001, -0.1, 0.0, "reflectance", "as the item states")


@pytest.fixture
def bands(tmp_path: Path) -> dict[str, Path]:
    """10, 20 and 60 m over the same ground."""
    return {
        "coastal": write_raster(tmp_path / "B01.tif", noise((20, 20), 1), resolution=60.0),
        "blue": write_raster(tmp_path / "B02.tif", noise((120, 120), 2)),
        "red": write_raster(tmp_path / "B04.tif", noise((120, 120), 3)),
        "swir16": write_raster(tmp_path / "B11.tif", noise((60, 60), 4), resolution=20.0),
    }


def test_preserve_gives_each_pixel_size_its_own_stack_and_changes_no_pixel(
    bands: dict[str, Path], tmp_path: Path
) -> None:
    stack = create_band_stack(
        bands, tmp_path / "s.vrt", list(bands), resolution_mode="preserve", tags={"item_id": "one"}
    )
    all_of_them = (stack, *stack.companions)
    assert [one.path.name for one in all_of_them] == ["s.vrt", "s_20m.vrt", "s_60m.vrt"]
    assert [[band.name for band in one.bands] for one in all_of_them] == [
        ["blue", "red"],
        ["swir16"],
        ["coastal"],
    ]
    assert [one.grid.resolution for one in all_of_them] == [
        (10.0, 10.0),
        (20.0, 20.0),
        (60.0, 60.0),
    ]
    for one in all_of_them:
        for band in one.bands:
            assert np.array_equal(read_band(one.path, band.index), read_band(bands[band.name]))
            assert band.resampled_from_m is None
    told = stack.to_dict()
    assert [one["path"] for one in told["companions"]] == [
        str(tmp_path / "s_20m.vrt"),
        str(tmp_path / "s_60m.vrt"),
    ]
    assert told["band_mapping"] == {"blue": 1, "red": 2}
    json.dumps(told)


def test_preserve_with_one_pixel_size_is_a_plain_stack(
    bands: dict[str, Path], tmp_path: Path
) -> None:
    two = {name: bands[name] for name in ("blue", "red")}
    stack = create_band_stack(two, tmp_path / "s.vrt", list(two), resolution_mode="preserve")
    assert stack.companions == ()
    text = (tmp_path / "s.vrt").read_bytes()
    create_band_stack(two, tmp_path / "s.vrt", list(two))
    assert (tmp_path / "s.vrt").read_bytes() == text


def test_preserve_refuses_bands_of_another_place(bands: dict[str, Path], tmp_path: Path) -> None:
    bands["swir16"] = write_raster(
        tmp_path / "B11.tif", noise((60, 60), 4), resolution=20.0, origin=(700000.0, 5200020.0)
    )
    with pytest.raises(ExtentMismatchError, match="band 'swir16' does not overlap the others"):
        create_band_stack(bands, tmp_path / "s.vrt", list(bands), resolution_mode="preserve")
    assert not list(tmp_path.glob("*.vrt*"))


def test_a_nested_vrt_is_replaced_only_together_with_the_stack(tmp_path: Path) -> None:
    """The text beside an older stack stays until the new one is in its place, and goes then."""
    hidden = BandSource(
        write_raster(tmp_path / "c.tif", noise((60, 60), 4), resolution=20.0, nodata=None),
        radiometry=S2,
    )
    fine = BandSource(write_raster(tmp_path / "f.tif", noise((120, 120), 2)), radiometry=S2)
    create_band_stack({"red": fine, "nir": hidden}, tmp_path / "s.vrt", ["red", "nir"])
    [old] = tmp_path.glob("s.nir.*.vrt")
    before = {path: path.read_bytes() for path in tmp_path.glob("*.vrt")}
    sneaky = write_raster(tmp_path / "g.tif", noise((120, 120), 2))
    with sneaky.open("r+b") as file:
        file.truncate(
            sneaky.stat().st_size // 2
        )  # its header is sound: what is missing is seen when pixels are compared
    with pytest.raises(BandStackError, match="the pixels of band 'red' cannot be read"):
        create_band_stack(
            {"red": BandSource(sneaky, radiometry=S2), "nir": hidden},
            tmp_path / "s.vrt",
            ["red", "nir"],
            resample_method="cubic",
        )
    assert {path: path.read_bytes() for path in tmp_path.glob("*.vrt")} == before
    create_band_stack(
        {"red": fine, "nir": hidden}, tmp_path / "s.vrt", ["red", "nir"], resample_method="cubic"
    )
    [new] = tmp_path.glob("s.nir.*.vrt")
    assert new != old
    (tmp_path / "s.mine.vrt").write_text("mine")
    create_band_stack({"red": fine}, tmp_path / "s.vrt")
    assert sorted(p.name for p in tmp_path.glob("*.vrt")) == ["s.mine.vrt", "s.vrt"], (
        "only what is ours is removed"
    )


def test_on_the_command_line(
    bands: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["stack", "--sensor", "sentinel2", "--output", str(tmp_path / "s.vrt")]
    words += [
        word for name in ("blue", "red", "swir16") for word in ("--band", f"{name}={bands[name]}")
    ]
    assert main([*words, "--mode", "preserve"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in out] == [
        str(tmp_path / "s.vrt"),
        str(tmp_path / "s_20m.vrt"),
    ]
    assert main([*words, "--mode", "intersect", "--resolution", "20", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["resolution"] == [20.0, 20.0]
    assert main([*words, "--mode", "preserve", "--resolution", "20"]) == 1
    assert "cannot keep their own resolutions and have 20 as well" in capsys.readouterr().err


def test_a_radar_image_in_whole_numbers_is_amplitude_not_power(
    shared: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"{name}={shared(f's1-grd-india-gcp/iw-{name}.tiff')}" for name in ("vv", "vh")]
    stack = str(tmp_path / "s.vrt")
    assert (
        main(
            [
                "stack",
                "--sensor",
                "sentinel1",
                "--band",
                words[0],
                "--band",
                words[1],
                "--output",
                stack,
                "--json",
            ]
        )
        == 0
    )
    told = capsys.readouterr()
    assert {one["unit"] for one in json.loads(told.out)["radiometry"].values()} == {"amplitude"}
    assert (
        "Bands 'vv', 'vh' were warped to EPSG:4326 by ground control points, without "
        "terrain correction" in told.err
    )
    main(["validate", stack])
    assert "Band 'vv' holds uncalibrated amplitude" in capsys.readouterr().out
