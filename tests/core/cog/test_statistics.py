"""Statistics: of pieces and of the whole the same, the same whatever came first."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.cog.pyramid import halve
from firstlight.core.cog.statistics import BandStatistics, measure, total
from firstlight.core.raster.valid import find_missing

ALL = (-math.inf, math.inf)


@rules(max_examples=60, deadline=None)
@given(
    st.sampled_from(["uint8", "int16", "float32"]),
    st.integers(1, 20_000),
    st.integers(1, 7),
    st.floats(0, 1),
    st.integers(0, 999),
)
def test_pieces_add_up_to_the_whole(
    dtype: str, size: int, pieces: int, share: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(100, 30, size).clip(1, 200).astype(dtype)
    values[random.random(size) < share] = 0
    got = total(measure(part, 0, (80, 120)) for part in np.array_split(values, pieces))
    seen = values[values != 0].astype(np.float64)
    inside = seen[(seen >= 80) & (seen <= 120)]
    assert (got.pixels, got.observed, got.inside) == (size, seen.size, inside.size)
    if seen.size:
        assert (got.low, got.high) == (seen.min(), seen.max())
        assert got.mean == pytest.approx(seen.mean(), rel=1e-12)
        assert math.sqrt(got.deviations / seen.size) == pytest.approx(
            seen.std(), rel=1e-9, abs=1e-9
        )
    if inside.size:
        assert (got.inside_low, got.inside_high) == (inside.min(), inside.max())
        assert got.inside_total == pytest.approx(inside.sum(), rel=1e-12)


@pytest.mark.parametrize("codes", [(1, 7), (0, 255), (3, 3), (40, 64)])
def test_bytes_are_counted_one_by_one_however_many_there_are(codes: tuple[int, int]) -> None:
    values = np.random.default_rng(5).integers(
        codes[0], codes[1], (211, 97), np.uint8, endpoint=True
    )
    values[:3] = 200
    got = measure(values, 200, (2, 60))
    seen = values[values != 200]
    assert dict(got.counts) == {
        code: int((seen == code).sum()) for code in np.unique(seen).tolist()
    }
    assert (got.low, got.high, got.mean) == (
        seen.min(),
        seen.max(),
        pytest.approx(seen.mean(), rel=1e-14),
    )
    assert math.sqrt(got.deviations / seen.size) == pytest.approx(seen.std(), rel=1e-9, abs=1e-12)
    part = seen[(seen >= 2) & (seen <= 60)]
    assert (got.inside, got.inside_total) == (part.size, part.sum())


def test_a_small_spread_on_a_large_mean_is_not_lost() -> None:
    values = np.array([1e6 + 1, 1e6 + 2, 1e6 + 3] * 4000, np.float32)
    got = total(measure(part, -1, ALL) for part in np.array_split(values, 5))
    assert math.sqrt(got.deviations / got.observed) == pytest.approx(math.sqrt(2 / 3), rel=1e-9)


def test_where_nothing_was_seen_nothing_is_said() -> None:
    nothing = measure(np.zeros((3, 4), np.uint8), 0, ALL)
    assert nothing == BandStatistics(pixels=12)
    assert nothing.tags() == {}
    assert (nothing + nothing).pixels == 24


def test_gdal_computes_the_same(tmp_path: object) -> None:
    from osgeo import gdal

    values = np.random.default_rng(3).normal(0, 1, (70, 90)).astype(np.float32)
    values[:9] = -9999
    dataset = gdal.GetDriverByName("MEM").Create("", 90, 70, 1, gdal.GDT_Float32)
    band = dataset.GetRasterBand(1)
    band.SetNoDataValue(-9999)
    band.WriteRaster(0, 0, 90, 70, values)
    told = [float(text) for text in list(measure(values, -9999, ALL).tags().values())[:4]]
    assert told == pytest.approx(band.ComputeStatistics(False), rel=1e-9)


@pytest.mark.parametrize("nodata", [math.nan, -9999.9, -3.4e38])
def test_numbers_that_mean_nothing_count_in_neither_statistics_nor_overviews(
    nodata: float,
) -> None:
    values = np.array([[1, 3, np.inf, np.nan], [5, 7, -np.inf, 9e36]], np.float32)
    values = np.hstack([values, np.full((2, 2), nodata, np.float32)])
    got = measure(values, nodata, ALL)
    assert (got.pixels, got.observed, got.low, got.high, got.mean) == (12, 4, 1.0, 7.0, 4.0)
    small = halve(values[np.newaxis], nodata, "average")[0]
    assert small[0, 0] == 4.0
    assert find_missing(small[0, 1:], nodata).all()
