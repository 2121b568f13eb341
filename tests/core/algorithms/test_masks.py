"""Masks: classes from the agencies' tables, and dilation against scipy's and against the
definition.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.core.algorithms.masks import (
    clear_pixels,
    dilate,
    dilation_halo,
    dilation_radius,
)
from firstlight.core.errors import InputError
from firstlight.core.raster.cloud_mask import (
    CLEAR,
    CLOUD,
    NO_DATA,
    SEEN,
    SHADOW,
    SNOW,
    WATER,
    is_clear,
    is_water,
    mask_classes,
)
from firstlight.core.raster.pixel_area import pixel_size_m
from firstlight.core.types import Grid


def test_scl_classes_as_esa_lists_them() -> None:
    listed = [
        NO_DATA,
        NO_DATA,
        CLEAR,
        SHADOW,
        CLEAR,
        CLEAR,
        WATER,
        CLEAR,
        CLOUD,
        CLOUD,
        CLOUD,
        SNOW,
    ]
    assert mask_classes("scl", np.arange(12, dtype=np.uint8)).tolist() == listed
    assert (
        mask_classes("scl", np.array([12, 255, -1, np.nan], np.float32)).tolist() == [NO_DATA] * 4
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, NO_DATA),  # fill
        (21824, CLEAR),
        (21826, CLOUD),  # dilated cloud over land
        (21890, CLOUD),  # dilated cloud, marked clear as well
        (21952, WATER),
        (22018, CLOUD),  # dilated cloud over water
        (22080, CLEAR),  # cloud of medium confidence: the cloud bit is not set
        (22144, WATER),
        (22280, CLOUD),  # high confidence cloud
        (23888, SHADOW),
        (23952, SHADOW),  # over water
        (30048, SNOW),
        (54596, CLOUD),  # high confidence cirrus
        (54852, CLOUD),
        (55052, CLOUD),
    ],
)
def test_qa_pixel_values_of_the_product_guide(value: int, expected: int) -> None:
    """USGS LSDS-1619, table of QA_PIXEL values: what each means."""
    for kind in (np.uint16, np.float32, np.int64):
        assert mask_classes("qa_pixel", np.array([value], kind)).tolist() == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, CLEAR),
        (0b11000000, CLEAR),  # much aerosol
        (0b01100000, WATER),
        (0b10010000, SNOW),
        (0b00101000, SHADOW),  # over water
        (0b00000100, CLOUD),  # adjacent
        (0b01000010, CLOUD),
        (0b00001010, CLOUD),  # and shadow
        (0b00000001, CLOUD),  # cirrus, in future versions
        (255, NO_DATA),
        (-1, NO_DATA),
    ],
)
def test_fmask_values_of_the_hls_user_guide(value: int, expected: int) -> None:
    for kind in (np.int16, np.float32, np.int64):
        pixels = np.array([value], kind)
        assert mask_classes("fmask", pixels).tolist() == [expected]
        assert is_water("fmask", pixels).tolist() == [0 < value < 255 and bool(value & 32)]
    if value >= 0:
        assert mask_classes("fmask", np.array([value], np.uint8)).tolist() == [expected]
    assert not is_water("fmask", np.array([np.nan], np.float32)).any()


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, NO_DATA), (1, CLEAR), (2, CLOUD), (3, SHADOW), (4, SNOW), (5, WATER), (6, NO_DATA),
     (255, NO_DATA), (-1, NO_DATA)],
)  # fmt: skip
def test_oa_fmask_holds_classes_not_bits(value: int, expected: int) -> None:
    for kind in (np.int16, np.float32):
        pixels = np.array([value], kind)
        assert mask_classes("oa_fmask", pixels).tolist() == [expected]
        assert is_water("oa_fmask", pixels).tolist() == [value == 5]
    assert not is_water("oa_fmask", np.array([np.nan], np.float32)).any()


def test_no_value_of_qa_pixel_is_no_data() -> None:
    assert mask_classes("qa_pixel", np.array([np.nan, -1], np.float32)).tolist() == [
        NO_DATA,
        NO_DATA,
    ]


def test_the_classes_agree_with_what_the_search_counts_as_clear() -> None:
    for band, count in (("scl", 300), ("qa_pixel", 65536), ("fmask", 256), ("oa_fmask", 256)):
        every = np.arange(-1, count)
        assert np.array_equal(np.isin(mask_classes(band, every), SEEN), is_clear(band, every))


def naive(mask: Any, down: float, along: float) -> Any:
    """Straight from the definition: every pair of pixels."""
    grown = np.zeros(mask.shape, bool)
    for y, x in np.argwhere(mask):
        gy, gx = np.ogrid[: mask.shape[0], : mask.shape[1]]
        grown |= (
            ((gy - y) / max(down, 1e-9)) ** 2 + ((gx - x) / max(along, 1e-9)) ** 2
        ) <= 1 + 1e-9
    return grown


@pytest.mark.thorough
@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.tuples(st.integers(1, 25), st.integers(1, 25)),
    st.floats(0, 12, width=16),
    st.floats(0, 12, width=16),
    st.sampled_from([0.0, 0.01, 0.1, 1.0]),
    st.integers(0, 999),
)
def test_dilation_is_what_the_definition_says(
    shape: tuple[int, int], down: float, along: float, share: float, seed: int
) -> None:
    mask = np.random.default_rng(seed).random(shape) < share
    assert np.array_equal(dilate(mask, (down, along)), naive(mask, down, along))


@pytest.mark.parametrize("radius", [1, 2.5, 5, 12, 13.9])
def test_dilation_equals_scipys(radius: float) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    mask = np.random.default_rng(3).random((200, 170)) < 0.002
    reach = math.floor(radius)
    gy, gx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    assert np.array_equal(
        dilate(mask, (radius, radius)), ndimage.binary_dilation(mask, gx**2 + gy**2 <= radius**2)
    )
    assert np.array_equal(
        dilate(mask, (radius, radius)), ndimage.distance_transform_edt(~mask) <= radius
    )


def test_dilation_leaves_its_input_alone() -> None:
    mask = np.zeros((5, 5), bool)
    mask[2, 2] = True
    for radius in ((0.0, 0.0), (1.0, 1.0)):
        grown = dilate(mask, radius)
        grown[:] = True
        assert mask.sum() == 1


def test_only_cloud_and_shadow_are_dilated() -> None:
    row = np.full((1, 11), 4, np.float32)
    for code, spreads in (
        (0, False),
        (1, False),
        (3, True),
        (6, False),
        (8, True),
        (9, True),
        (10, True),
        (11, False),
    ):
        row[0, 5] = code
        clear = clear_pixels({"pre.scl": row}, ["pre.scl"], (2.0, 2.0))
        assert clear[0, [3, 4, 6, 7]].tolist() == [not spreads] * 4
        assert clear[0, [2, 8]].all()
        assert clear[0, 5] == (code in (6, 11))
    row[0, 5] = np.nan
    assert clear_pixels({"scl": row}, ["scl"], (2.0, 2.0)).sum() == 10


def test_every_mask_has_its_say() -> None:
    before, after = np.full((1, 7), 4, np.float32), np.full((1, 7), 21824, np.float32)
    before[0, 0], after[0, 6] = 9, 22280
    values = {"pre.nir": before, "pre.scl": before, "post.qa_pixel": after}
    assert clear_pixels(values, ["pre.scl", "post.qa_pixel"], (1.0, 1.0)).tolist() == [
        [False] * 2 + [True] * 3 + [False] * 2
    ]
    assert clear_pixels(values, []).all()


@pytest.mark.parametrize("tile", [16, 37])
@pytest.mark.parametrize("radius", [(3.0, 5.5), (9.2, 4.0)])
def test_tiles_with_the_halo_give_what_the_whole_gives(
    tile: int, radius: tuple[float, float]
) -> None:
    scl = (
        np.random.default_rng(1)
        .choice([4, 9, 0], (90, 77), p=[0.985, 0.01, 0.005])
        .astype(np.float32)
    )
    halo = dilation_halo(radius)
    padded = np.pad(scl, halo, constant_values=np.nan)
    found = np.zeros(scl.shape, bool)
    for y in range(0, 90, tile):
        for x in range(0, 77, tile):
            part = padded[y : y + tile + 2 * halo, x : x + tile + 2 * halo]
            clear = clear_pixels({"scl": part}, ["scl"], radius)
            found[y : y + tile, x : x + tile] = clear[
                halo : part.shape[0] - halo, halo : part.shape[1] - halo
            ]
    assert np.array_equal(found, clear_pixels({"scl": scl}, ["scl"], radius))


def grid(crs: str, size: float, top: float = 5e6, rows: int = 100, left: float = 10.0) -> Grid:
    return Grid(crs, (size, 0.0, left, 0.0, -size, top), (rows, 100))


def test_metres_as_pixels() -> None:
    assert dilation_radius(0, grid("", 10)) == (0.0, 0.0)
    assert dilation_radius(100, grid("EPSG:32632", 20, left=5e5)) == (5.0, 5.0)
    assert dilation_radius(100, grid("EPSG:2225", 10, 2e6, left=6e6)) == pytest.approx(
        (32.808, 32.808), abs=1e-3
    )  # US survey feet
    assert dilation_halo((5.0, 5.9)) == 5
    assert dilation_halo((0.9, 0.2)) == 0


@pytest.mark.parametrize("latitude", [0.5, -45.0, 60.0])
def test_in_degrees_a_column_is_narrower_than_a_row(latitude: float) -> None:
    """Against lengths from the projection library's geodesic."""
    pyproj = pytest.importorskip("pyproj")
    geod = pyproj.Geod(ellps="WGS84")
    top = latitude + (0.05 if latitude > 0 else 0.0)
    size = pixel_size_m(grid("EPSG:4326", 0.0001, top, rows=500 if latitude > 0 else 1))
    far = top if latitude > 0 else top - 0.0001
    assert size is not None
    assert size[0] == pytest.approx(geod.inv(10, far, 10, far - 0.0001)[2], rel=1e-4)
    assert size[1] == pytest.approx(geod.inv(10, far, 10.0001, far)[2], rel=1e-5)


def test_what_cannot_be_dilated_is_told() -> None:
    with pytest.raises(InputError, match=r"by 100 m: the stack has no coordinate reference system"):
        dilation_radius(100, grid("", 10))
    with pytest.raises(InputError, match=r"that is 2000 pixels, and 1000 are the most"):
        dilation_radius(1000, grid("EPSG:32632", 0.5, left=5e5))
