"""A sensor is proposed only where names of files tell one."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.core.identity.sensor_of_files import sensor_of_files


@pytest.mark.parametrize(
    ("names", "sensor"),
    [
        (["B02.tif", "B03.tif", "B8A.tif"], "sentinel2"),
        (["B04.tif", "B08.tif"], "sentinel2"),
        (["B02.tif", "B03.tif"], ""),  # HLS writes Landsat's so, too
        (["T32TQM_20240801T101559_B04_10m.jp2"], "sentinel2"),
        (["S2B_T29RKH_20240101/B02.tif"], "sentinel2"),
        (["LC09_L2SP_198030_20240801_02_T1_SR_B2.TIF", "qa.tif"], "landsat"),
        (["HLS.L30.T10SEG.B05.tif"], "landsat"),
        (["MOD09GA_b01.tif"], "modis"),
        (["LC08_a_B4.TIF", "S2A_B02.jp2"], ""),
        (["red.tif", "nir.tif"], ""),
        ([], ""),
    ],
)
def test_names_tell_a_sensor_or_none(names: list[str], sensor: str) -> None:
    assert sensor_of_files(map(Path, names)) == sensor
