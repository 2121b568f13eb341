"""``flight stack`` gives right numbers from a product, or says why not; ``flight describe`` says
who says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import InputError
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.describe import DESCRIBE
from firstlight.core.operations.stack import STACK
from firstlight.core.settings import Settings
from support.rasters import ramp, write_raster

L2 = "LC08_L2SP_192030_20230715_20230725_02_T1"
SAFE = "S2B_MSIL2A_20240612T100031_N0510_R122_T33TWN_20240612T134512.SAFE"


def stack(tmp_path: Path, *bands: str, sensor: str = "sentinel2", **more: Any) -> Any:
    words = {"sensor": sensor, "band": bands, "output": tmp_path / "s.vrt", **more}
    return STACK.run(STACK.make_params(words), Settings(), RecordingMonitor())


def describe(path: Path, **more: Any) -> Any:
    params = DESCRIBE.make_params({"path": path, **more})
    return DESCRIBE.run(params, Settings(), RecordingMonitor())


def test_landsats_names_tell_reflectance_and_temperature(tmp_path: Path) -> None:
    red = write_raster(tmp_path / f"{L2}_SR_B4.TIF", ramp(low=8000, high=20000))
    heat = write_raster(tmp_path / f"{L2}_ST_B10.TIF", ramp(low=40000, high=48000))
    rules = stack(tmp_path, f"red={red}", f"lwir11={heat}", sensor="landsat").data["radiometry"]
    assert (rules["red"]["scale"], rules["red"]["offset"]) == (0.0000275, -0.2)
    assert (rules["lwir11"]["scale"], rules["lwir11"]["offset"]) == (0.00341802, 149.0)
    assert rules["lwir11"]["unit"] == "kelvin"


def test_a_safe_folders_name_tells_the_offset(tmp_path: Path) -> None:
    red = write_raster(tmp_path / SAFE / "R10m" / "T33TWN_20240612T100031_B04_10m.tif")
    rule = stack(tmp_path, f"red={red}").data["radiometry"]["red"]
    assert (rule["scale"], rule["offset"]) == (0.0001, -0.1)


def test_a_band_whose_baseline_nobody_says_is_told(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "T33TWN_20240612T100031_B04_10m.tif")
    data = stack(tmp_path, f"red={red}").data
    assert data["radiometry"]["red"]["unit"] == ""
    assert "No scale is known for red" in data["warnings"][0]
    assert "sentinel2-l2a-old" in data["warnings"][0]


def test_a_header_that_contradicts_the_name_is_believed(tmp_path: Path) -> None:
    """A SAFE band that was written anew with its offset taken off."""
    import rasterio

    red = write_raster(tmp_path / SAFE / "T33TWN_20240612T100031_B04_10m.tif")
    with rasterio.open(red, "r+") as dataset:
        dataset.scales = (0.0001,)
    data = stack(tmp_path, f"red={red}").data
    assert data["radiometry"]["red"]["offset"] == 0.0
    assert any("the file is believed" in warning for warning in data["warnings"])
    asked = stack(tmp_path, f"red={red}", product="sentinel2-l2a").data
    assert asked["radiometry"]["red"]["offset"] == -0.1
    assert any("the product was taken, as asked" in warning for warning in asked["warnings"])


def test_a_product_that_lacks_the_band_or_its_factors_is_refused(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "x_B4.TIF")
    with pytest.raises(InputError, match="no MTL file"):
        stack(tmp_path, f"red={red}", sensor="landsat", product="landsat-c2-l1")
    with pytest.raises(InputError, match="has no band in power"):
        stack(tmp_path, f"vv={red}", sensor="sentinel1", product="landsat-c2-l2")


@pytest.mark.parametrize(
    ("product", "factor", "told"),
    [
        (None, 10000, "times 10000"),
        (None, 100, "in percent"),
        ("reflectance-10000", 10000, ""),
        ("reflectance-percent", 100, ""),
        ("reflectance-10000", 1, "scaled twice"),
        ("sentinel2-l2a", 1000, "offset was taken off"),
    ],
)
def test_values_that_cannot_be_are_told_when_they_are_stacked(
    tmp_path: Path, product: str | None, factor: float, told: str
) -> None:
    values = np.linspace(0.02, 0.6, 64 * 64).reshape(64, 64).astype("float32") * factor
    red = write_raster(tmp_path / "r.tif", values, nodata=-9999)
    more = {"product": product} if product else {}
    warnings = stack(tmp_path, f"red={red}", **more).data["warnings"]
    assert any(told in warning for warning in warnings) if told else not warnings


def test_a_file_whose_name_says_another_band_is_told(tmp_path: Path) -> None:
    swir = write_raster(tmp_path / f"{L2}_SR_B6.TIF", ramp(low=8000, high=20000))
    warnings = stack(tmp_path, f"red={swir}", sensor="landsat").data["warnings"]
    assert any("whose own name says swir16" in warning for warning in warnings)


def test_describe_says_who_says_so(tmp_path: Path) -> None:
    path = write_raster(tmp_path / f"{L2}_SR_B5.TIF", ramp(low=8000, high=20000))
    [band] = describe(path).data["bands"]
    assert band["band"] == {"value": "nir08", "evidence": "name", "source": "the code in its name"}
    assert band["product"]["value"] == "landsat-c2-l2"
    assert (band["scale"]["value"], band["scale"]["evidence"]) == (0.0000275, "name")
    assert (band["nodata"]["value"], band["nodata"]["evidence"]) == (0.0, "header")
    (tmp_path / f"{L2}_MTL.json").write_text(json.dumps({"LANDSAT_METADATA_FILE": {}}))
    told = describe(path)
    assert told.data["bands"][0]["product"]["evidence"] == "metadata"
    assert "nir08 (name: the code in its name)" in told.text
    assert told.outputs["findings"] == 0


def test_describe_tells_what_is_not_known(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "B5.tif", ramp())
    result = describe(path)
    codes = [finding["code"] for finding in result.data["findings"]]
    assert codes == ["band_ambiguous"]
    told = describe(path, sensor="sentinel2")
    assert told.data["bands"][0]["band"]["value"] == "rededge1"
    assert told.data["bands"][0]["sensor"] == {
        "value": "sentinel2",
        "evidence": "user",
        "source": "",
    }
    assert [finding["code"] for finding in told.data["findings"]] == ["scale_unknown"]
    known = describe(path, sensor="sentinel2", product="sentinel2-l2a")
    assert known.data["bands"][0]["offset"]["value"] == -0.1
    assert known.data["bands"][0]["offset"]["evidence"] == "user"


def test_describe_knows_a_stack_of_ours_again(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "r.tif", ramp(low=1100, high=4000))
    stack(tmp_path, f"red={red}", product="sentinel2-l2a")
    [band] = describe(tmp_path / "s.vrt").data["bands"]
    assert (band["sensor"]["value"], band["sensor"]["evidence"]) == ("sentinel2", "header")
    assert (band["offset"]["value"], band["offset"]["evidence"]) == (-0.1, "header")
    assert band["wavelength_nm"]["value"] == 665


def test_describe_does_not_guess_what_radar_holds(tmp_path: Path) -> None:
    """A chip in dB that states no unit is no power."""
    path = write_raster(tmp_path / "vv.tif", ramp(low=-25, high=-5, dtype="float32"), nodata=None)
    assert describe(path).data["bands"][0]["unit"]["evidence"] == "none"
    told = describe(path, product="sentinel1-rtc").data["bands"][0]["unit"]
    assert told == {"value": "power", "evidence": "user", "source": ""}
