"""Compressing: GDAL decodes what our predictor and its own codec made."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.core.cog.codec import COMPRESSIONS, Codec, compress, pick_codec, predict, predictor
from firstlight.core.errors import RasterError


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_a_block_differs_from_gdals_own_in_nothing(dtype: str, bands: int) -> None:
    """GDAL stores the same bytes when it applies the predictor itself."""
    from osgeo import gdal

    values = (np.random.default_rng(1).normal(0, 60, (32, 48, bands)) + 100).astype(dtype)
    name, kind = "/vsimem/peer.tif", gdal.GetDataTypeByName({"uint8": "Byte"}.get(dtype, dtype))
    options = [
        "COMPRESS=DEFLATE",
        "ZLEVEL=6",
        f"PREDICTOR={predictor(dtype)}",
        "TILED=YES",
        "BLOCKXSIZE=48",
        "BLOCKYSIZE=32",
    ]
    peer = gdal.GetDriverByName("GTiff").Create(
        name, 48, 32, bands, kind, [*options, "INTERLEAVE=PIXEL"]
    )
    for band in range(bands):
        peer.GetRasterBand(band + 1).WriteRaster(
            0, 0, 48, 32, np.ascontiguousarray(values[:, :, band])
        )
    peer.FlushCache()
    offset, size = (
        int(peer.GetRasterBand(1).GetMetadataItem(f"BLOCK_{what}_0_0", "TIFF"))
        for what in ("OFFSET", "SIZE")
    )
    peer = None
    file = gdal.VSIFOpenL(name, "rb")
    gdal.VSIFSeekL(file, offset, 0)
    stored = bytes(gdal.VSIFReadL(1, size, file))
    gdal.VSIFCloseL(file)
    gdal.Unlink(name)
    assert compress([predict(values)], Codec("deflate")) == [stored]


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_blocks_keep_their_order_and_their_bytes_do_not_depend_on_their_neighbours(
    name: str,
) -> None:
    blocks = [np.random.default_rng(n).integers(0, 9, (32, 64), dtype=np.uint8) for n in range(4)]
    together = compress(blocks, Codec(name))
    assert together == [compress([block], Codec(name))[0] for block in blocks]
    assert len(set(together)) == 4


def test_nothing_stays_in_memory() -> None:
    from osgeo import gdal

    compress([np.zeros((16, 16), np.uint8)], Codec("zstd"))
    assert [name for name in gdal.ReadDir("/vsimem/") or [] if "firstlight" in name] == []


def test_without_zstd_in_gdal_it_is_deflate(monkeypatch: pytest.MonkeyPatch) -> None:
    from osgeo import gdal

    assert pick_codec("zstd") == Codec("zstd")
    assert pick_codec("deflate") == Codec("deflate")

    class Bare:
        def GetMetadataItem(self, _name: str) -> str:
            return "<Value>DEFLATE</Value><Value>LERC_ZSTD</Value>"

    monkeypatch.setattr(gdal, "GetDriverByName", lambda _name: Bare())
    assert pick_codec("zstd") == Codec("deflate")


def test_an_unknown_compression_is_named() -> None:
    with pytest.raises(
        RasterError,
        match=r"The compression 'lzw' cannot be used: it is not known\. Known: zstd, deflate\.",
    ):
        pick_codec("lzw")


def test_a_block_that_gdal_refuses_is_an_error_whatever_its_exceptions_are() -> None:
    from osgeo import gdal

    before = gdal.GetUseExceptions()
    try:
        for switch in (gdal.UseExceptions, gdal.DontUseExceptions):
            switch()
            with pytest.raises(RasterError, match="Compressing a block failed"):
                compress([np.zeros((16, 17), np.uint8)], Codec("deflate"))
    finally:
        (gdal.UseExceptions if before else gdal.DontUseExceptions)()
