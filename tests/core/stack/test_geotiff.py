"""A stack as one GeoTIFF: layouts, what is kept, and overviews that suit each band."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import BandStackError
from firstlight.core.stack.band_stack import BandSource, create_band_stack, stack_to_geotiff
from firstlight.core.types import BandStack, Radiometry
from support.rasters import write_raster

S2 = Radiometry(0.0001, -0.1, 0.0, "reflectance", "as the item states")


def pixels(shape: tuple[int, int], seed: int = 0) -> Any:
    made = np.random.default_rng(seed).integers(200, 6000, shape, dtype=np.uint16)
    made[: shape[0] // 3, : shape[1] // 2] = 0
    return made


def make(tmp_path: Path, with_classes: bool = True) -> BandStack:
    red = write_raster(tmp_path / "red.tif", pixels((1200, 1100)))
    sources = {"red": BandSource(red, radiometry=S2, wavelength_nm=665.0)}
    if with_classes:
        classes = np.random.default_rng(1).choice(
            np.array([4, 8, 11], np.uint8), (1200, 1100), p=[0.6, 0.3, 0.1]
        )
        scl = write_raster(tmp_path / "scl.tif", classes)
        sources["scl"] = BandSource(
            scl, radiometry=Radiometry(nodata=0.0, unit="class"), is_class=True
        )
    return create_band_stack(sources, tmp_path / "s.vrt", list(sources), tags={"item_id": "one"})


@pytest.mark.thorough
@pytest.mark.parametrize("tiled", [True, False])
@pytest.mark.parametrize("compress", ["zstd", "deflate", "lzw", "none"])
def test_every_layout_holds_the_same_pixels_and_facts(
    tmp_path: Path, compress: str, tiled: bool
) -> None:
    import rasterio

    stack = make(tmp_path, with_classes=False)
    stack_to_geotiff(stack, tmp_path / "s.tif", compress, tiled)
    with rasterio.open(tmp_path / "s.tif") as tif, rasterio.open(stack.path) as vrt:
        assert np.array_equal(tif.read(), vrt.read())
        assert (tif.descriptions, tif.scales, tif.offsets, tif.units) == (
            ("red",),
            (0.0001,),
            (-0.1,),
            ("reflectance",),
        )
        assert tif.nodatavals == (0.0,)
        assert tif.tags(1)["wavelength"] == "665"
        assert tif.colorinterp == vrt.colorinterp
        assert tif.tags()["item_id"] == "one"
        assert (tif.compression.name if tif.compression else "none") == compress
        assert not tiled or tif.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert tif.block_shapes[0] == (512, 512) if tiled else tif.block_shapes[0][1] == 1100
        assert tif.overviews(1) == [2, 4]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["red.tif", "s.tif", "s.vrt"]


def test_a_compression_that_is_not_known_is_named(tmp_path: Path) -> None:
    stack = make(tmp_path, with_classes=False)
    with pytest.raises(
        BandStackError,
        match=r"the compression 'jpeg' is not known\. Known: zstd, deflate, lzw, none\.",
    ):
        stack_to_geotiff(stack, tmp_path / "s.tif", "jpeg")


@pytest.mark.thorough
@pytest.mark.parametrize("tiled", [True, False])
def test_overviews_are_means_of_what_is_measured_and_the_commonest_of_classes(
    tmp_path: Path, tiled: bool
) -> None:
    import rasterio

    stack = stack_to_geotiff(make(tmp_path), tmp_path / "s.tif", tiled=tiled)
    with rasterio.open(stack.path) as full:
        red, scl = full.read(1), full.read(2)
        assert full.overviews(1) == full.overviews(2) == [2, 4]
    for level, factor in enumerate((2, 4)):
        with rasterio.open(stack.path, overview_level=level) as small:
            mean, common = small.read(1), small.read(2)
        blocks = red.reshape(1200 // factor, factor, 1100 // factor, factor).astype(float)
        blocks[blocks == 0] = np.nan
        count = np.isfinite(blocks).sum((1, 3))
        truth = np.where(count > 0, np.nansum(blocks, (1, 3)) / np.maximum(count, 1), 0)
        assert np.abs(mean - truth).max() <= 0.5 + 1e-6, "the mean, nodata left out"
        parts = scl.reshape(1200 // factor, factor, 1100 // factor, factor)
        votes = np.stack([(parts == one).sum((1, 3)) for one in (4, 8, 11)])
        given = np.select([common == 4, common == 8, common == 11], votes)
        assert np.array_equal(given, votes.max(0)), (
            "no class has more pixels than the one that stands for them"
        )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["red.tif", "s.tif", "s.vrt", "scl.tif"]


def test_floating_bands_make_nan_the_one_nodata_and_lose_nothing(tmp_path: Path) -> None:
    import rasterio

    red = write_raster(tmp_path / "red.tif", pixels((64, 64)))
    heat = np.linspace(-5, 5, 64 * 64, dtype=np.float32).reshape(64, 64)
    heat[10] = 0.0  # a real value, though the other band's nodata
    heat[20] = -9999
    lwir = write_raster(tmp_path / "lwir11.tif", heat, nodata=-9999)
    stack = stack_to_geotiff(
        create_band_stack(
            {"red": BandSource(red, radiometry=S2), "lwir11": lwir},
            tmp_path / "s.vrt",
            ["red", "lwir11"],
        ),
        tmp_path / "s.tif",
    )
    with rasterio.open(stack.path) as tif:
        assert all(math.isnan(value) for value in tif.nodatavals)
        assert np.array_equal(np.isnan(tif.read(1)), pixels((64, 64)) == 0)
        assert np.array_equal(np.isnan(tif.read(2)), heat == -9999)
        assert (tif.read(2)[10] == 0).all()
    assert all(math.isnan(band.radiometry.nodata or 0) for band in stack.bands)


def test_one_nodata_for_all_is_said_where_it_may_hide_a_value(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif", pixels((64, 64)))
    qa = write_raster(tmp_path / "qa.tif", np.full((64, 64), 21824, np.uint16), nodata=1)
    stack = stack_to_geotiff(
        create_band_stack(
            {"red": BandSource(red, radiometry=S2), "qa": qa}, tmp_path / "s.vrt", ["red", "qa"]
        ),
        tmp_path / "s.tif",
    )
    assert stack.warnings == ("A GeoTIFF has one nodata value: 0 counts as no data in qa as well",)
