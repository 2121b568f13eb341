"""An index where the stack's own mask shows cloud: no data, unless the pixels are to stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firstlight.core.enums import Clouds
from firstlight.core.errors import AlgorithmError
from firstlight.core.maps.index import INDEX, IndexParams
from firstlight.core.operation import OperationResult
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from support.rasters import write_raster
from support.run import RecordingMonitor
from support.stacks import S2, write_stack

VEGETATION, SHADOW, CLOUD, CIRRUS, SNOW, NOTHING = 4, 3, 9, 10, 11, 0
SCL = np.array([[VEGETATION, SHADOW, CLOUD], [CIRRUS, SNOW, NOTHING]], np.uint8)
SEEN = np.array([[True, False, False], [False, True, False]])
NIR = np.array([[4000, 5000, 6000], [4500, 5500, 6500]], np.uint16)
RED = np.array([[2000, 2100, 2200], [2300, 2400, 2500]], np.uint16)
LANDSAT_CLEAR, LANDSAT_CLOUD = 1 << 6, 1 << 3


def stack_of(folder: Path, **masks: np.ndarray) -> Path:
    return write_stack(folder, {"red": RED, "nir": NIR, **masks})


def run(stack: Path, **words: object) -> OperationResult:
    params = IndexParams(stack=stack, output=stack.parent / "index.tif", **words)
    return INDEX.run(params, Settings(), RecordingMonitor())


def pixels(result: OperationResult) -> np.ndarray:
    import rasterio

    with rasterio.open(result.layers[0].path) as file:
        return np.asarray(file.read(1, masked=True).filled(np.nan))


def tags(result: OperationResult) -> dict[str, str]:
    import rasterio

    with rasterio.open(result.layers[0].path) as file:
        return dict(file.tags())


def by_hand() -> np.ndarray:
    red, nir = RED * 0.0001 - 0.1, NIR * 0.0001 - 0.1
    return (nir - red) / (nir + red)


def test_cloud_shadow_and_what_was_not_seen_have_no_value(tmp_path: Path) -> None:
    result = run(stack_of(tmp_path, scl=SCL))
    np.testing.assert_allclose(pixels(result), np.where(SEEN, by_hand(), np.nan), atol=1e-6)
    assert result.data["statistics"]["observed_percent"] == pytest.approx(100 / 3)
    assert "No data where scl shows cloud or its shadow" in result.text
    assert "No data where scl shows cloud or its shadow" in result.layers[0].abstract
    assert (tags(result)["clouds"], tags(result)["cloud_mask"]) == ("left out", "scl")


def test_a_mask_of_bits_is_read_as_bits(tmp_path: Path) -> None:
    bits = np.where(SEEN, LANDSAT_CLEAR, LANDSAT_CLOUD).astype(np.uint16)
    assert np.array_equal(~np.isnan(pixels(run(stack_of(tmp_path, qa_pixel=bits)))), SEEN)


@pytest.mark.parametrize(
    ("band", "codes", "seen"),
    [
        # dark, vegetation, bare; water, saturated, thin cirrus (Sentinel-2 L2A ATBD)
        ("scl", [[2, 4, 5], [6, 1, 10]], [[1, 1, 1], [1, 0, 0]]),
        # clear, water, snow; cloud, shadow, fill (HLS user guide v2, table of Fmask's bits)
        ("fmask", [[0, 1 << 5, 1 << 4], [1 << 1, 1 << 3, 255]], [[1, 1, 1], [0, 0, 0]]),
        # clear, water, snow; cloud, shadow, no data (Digital Earth Australia, oa_fmask)
        ("oa_fmask", [[1, 5, 4], [2, 3, 0]], [[1, 1, 1], [0, 0, 0]]),
    ],
)
def test_water_and_snow_keep_their_value_by_every_mask(
    band: str, codes: list[list[int]], seen: list[list[int]], tmp_path: Path
) -> None:
    result = run(stack_of(tmp_path, **{band: np.array(codes, np.uint8)}))
    assert np.array_equal(~np.isnan(pixels(result)), np.array(seen, bool))


def test_of_two_masks_each_may_say_cloud(tmp_path: Path) -> None:
    other = np.where(RED[0, 0] == RED, LANDSAT_CLOUD, LANDSAT_CLEAR).astype(np.uint16)
    result = run(stack_of(tmp_path, scl=SCL, qa_pixel=other))
    expected = SEEN & (other == LANDSAT_CLEAR)
    assert 0 < np.count_nonzero(expected) < np.count_nonzero(SEEN)
    assert np.array_equal(~np.isnan(pixels(result)), expected)
    assert tags(result)["cloud_mask"] == "scl,qa_pixel"


def test_a_mask_whose_codes_a_scale_would_change_is_refused(tmp_path: Path) -> None:
    bands = {"red": RED, "nir": NIR, "scl": SCL}
    sources = {
        name: BandSource(write_raster(tmp_path / f"{name}.tif", numbers), radiometry=S2)
        for name, numbers in bands.items()
    }
    create_band_stack(sources, tmp_path / "s.vrt", band_order=list(bands))
    with pytest.raises(AlgorithmError, match=r"its mask scl has a scale or an offset"):
        run(tmp_path / "s.vrt")
    run(tmp_path / "s.vrt", clouds=Clouds.KEEP)


def test_all_pixels_are_kept_where_that_is_wished(tmp_path: Path) -> None:
    result = run(stack_of(tmp_path, scl=SCL), clouds=Clouds.KEEP)
    np.testing.assert_allclose(pixels(result), by_hand(), atol=1e-6)
    assert "cloud" not in result.text
    assert "clouds" not in tags(result)


def test_without_a_mask_nothing_changes_and_nothing_is_said(tmp_path: Path) -> None:
    first = run(stack_of(tmp_path)).layers[0].path.read_bytes()
    result = run(stack_of(tmp_path), clouds=Clouds.KEEP)
    assert result.layers[0].path.read_bytes() == first
    assert "cloud" not in result.text


def test_to_leave_clouds_out_needs_a_mask(tmp_path: Path) -> None:
    with pytest.raises(AlgorithmError, match=r"NDVI of s\.vrt: the stack has no mask"):
        run(stack_of(tmp_path), clouds=Clouds.MASK)


def test_a_formula_that_reads_the_mask_decides_itself(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, scl=SCL)
    cloudy = run(stack, formula="where(scl >= 8, 1, 0) + 0 * red")
    assert np.nansum(pixels(cloudy)) == np.count_nonzero(SCL >= 8)
    other = run(stack, formula="nir - red")
    assert np.array_equal(~np.isnan(pixels(other)), SEEN)
    strict = run(stack, formula="scl + 0 * red", clouds=Clouds.MASK)
    assert np.array_equal(~np.isnan(pixels(strict)), SEEN)


def test_where_all_is_cloud_the_mask_is_named(tmp_path: Path) -> None:
    result = run(stack_of(tmp_path, scl=np.full_like(SCL, CLOUD)))
    assert any("no value anywhere: scl shows no ground there" in one for one in result.warnings)
