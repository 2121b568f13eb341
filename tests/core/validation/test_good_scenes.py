"""No false alarm: sound scenes of snow, cloud, desert, water, night and coast, and the real ones,
raise no finding.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry, ValidationReport
from firstlight.core.validation.image_validator import ValidationSpec, validate
from support.landscapes import BANDS, KINDS, RULE, landscape
from support.rasters import write_raster

REFLECTANCE = Radiometry(0.0001, 0.0, 0.0, "reflectance")
LANDSAT = Radiometry(0.0000275, -0.2, 0.0, "reflectance")


def look(stack: Path, sensor: str, bands: tuple[str, ...]) -> ValidationReport:
    one = get_sensor(sensor)
    spec = ValidationSpec(one, tuple(name for name in one.required if name in bands), bands)
    return validate(stack, spec, Settings(), RecordingMonitor())


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(9))
@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_scene_raises_no_alarm(tmp_path: Path, kind: str, seed: int) -> None:
    pixels = landscape(kind, 256, seed)
    if seed % 3 == 0:  # the edge of an orbit: a wedge without data
        rows, cols = np.indices((256, 256))
        for data in pixels.values():
            data[rows + 3 * cols < 40 * seed] = 0
    sources = {
        name: BandSource(write_raster(tmp_path / f"{name}.tif", pixels[name]), radiometry=RULE)
        for name in BANDS
    }
    create_band_stack(sources, tmp_path / "s.vrt", band_order=list(BANDS))
    assert [f.to_dict() for f in look(tmp_path / "s.vrt", "sentinel2", BANDS).findings] == []


def real(
    shared: Callable[[str], Path],
    tmp_path: Path,
    folder: str,
    sensor: str,
    rule: Radiometry,
    **patterns: str,
) -> ValidationReport:
    one = get_sensor(sensor)
    sources: dict[str, Any] = {}
    for name, pattern in patterns.items():
        path = Path(shutil.copy(next(shared(folder).glob(pattern)), tmp_path))
        is_class = one.bands[name].is_class
        sources[name] = BandSource(
            path,
            radiometry=Radiometry(nodata=rule.nodata, unit="class") if is_class else rule,
            is_class=is_class,
        )
    create_band_stack(sources, tmp_path / "s.vrt", band_order=one.sort(sources))
    return look(tmp_path / "s.vrt", sensor, tuple(one.sort(sources)))


S2_FILES = {
    "blue": "B02.tif",
    "green": "B03.tif",
    "red": "B04.tif",
    "nir": "B08.tif",
    "nir08": "B8A.tif",
    "swir16": "B11.tif",
    "swir22": "B12.tif",
    "scl": "SCL.tif",
}
LANDSAT_FILES = {
    name: f"*_SR_B{number}.TIF"
    for number, name in enumerate(("blue", "green", "red", "nir08", "swir16", "swir22"), 2)
}


def test_the_real_sentinel_2_scene_raises_no_alarm(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    report = real(shared, tmp_path, "s2-l2a-29RKH", "sentinel2", REFLECTANCE, **S2_FILES)
    assert [f.to_dict() for f in report.findings] == []


@pytest.mark.parametrize("date", ["S2A_33TWL_20230815_0_L2A", "S2B_33TWL_20230810_0_L2A"])
@pytest.mark.parametrize("band", ["B02", "B03", "B04", "B08"])
def test_real_jpeg_2000_bands_only_lack_their_place(
    shared: Callable[[str], Path], date: str, band: str
) -> None:
    """They are files without a reference system, and that is what is said: the exception of
    docs/validation.md.
    """
    path = shared("s2-l2a-33TWL-earthsearch") / date / f"{band}.tif"
    report = validate(path, ValidationSpec(get_sensor("sentinel2")), Settings(), RecordingMonitor())
    assert {f.code for f in report.findings} - {"range_implausible"} == {"no_crs"}


@pytest.mark.parametrize("share", [0.3, 0.9, 0.9999])
def test_a_jpeg_2000_that_was_cut_off_is_found(
    shared: Callable[[str], Path], tmp_path: Path, share: float
) -> None:
    path = Path(
        shutil.copy(
            shared("s2-l2a-33TWL-earthsearch") / "S2A_33TWL_20230815_0_L2A" / "B04.tif", tmp_path
        )
    )
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    report = validate(path, ValidationSpec(get_sensor("sentinel2")), Settings(), RecordingMonitor())
    assert "file_truncated" in {f.code for f in report.findings}


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("landsat-c2l2-001062", set()),
        ("landsat-c2l2-stactools/LC08_L2SP_008059_20191201_20200825_02_T1", set()),
        # Antarctica at the end of its orbit: it is half empty, as the finding says
        ("landsat-c2l2-stactools/LC08_L2SR_099120_20191129_20201016_02_T2", {"nodata_share"}),
    ],
)
def test_real_landsat_scenes_raise_no_alarm(
    shared: Callable[[str], Path], tmp_path: Path, folder: str, expected: set[str]
) -> None:
    report = real(
        shared, tmp_path, folder, "landsat", LANDSAT, **LANDSAT_FILES, qa_pixel="*_QA_PIXEL.TIF"
    )
    assert {f.code for f in report.findings} == expected, [f.to_dict() for f in report.findings]


@pytest.mark.parametrize("band", ["iw-vv", "iw-vh"])
def test_real_radar_without_a_grid_is_told_so_and_nothing_else(
    shared: Callable[[str], Path], band: str
) -> None:
    path = shared("s1-grd-india-gcp") / f"{band}.tiff"
    report = validate(path, ValidationSpec(get_sensor("sentinel1")), Settings(), RecordingMonitor())
    assert {f.code for f in report.findings} == {
        "no_crs",
        "not_terrain_corrected",
        "not_calibrated",
        "band_missing",
    }
