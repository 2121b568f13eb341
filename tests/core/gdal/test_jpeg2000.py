"""JPEG 2000 that is small on the disk and takes all memory to open, or to read a pixel of."""

from __future__ import annotations

import dataclasses
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from firstlight.core.errors import RasterError
from firstlight.core.gdal.drivers import open_band, open_dataset
from firstlight.core.gdal.environment import RemoteOptions
from firstlight.core.gdal.jpeg2000 import MOST_BYTES, fault
from firstlight.core.raster.facts import check_band_file, read_facts
from firstlight.core.raster.remote import read_over_area
from support.range_server import FaultyServer

SIZES = ">8I"
"""Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz: ITU-T T.800, A.5.1."""


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """64 × 64 pixels in one tile, as OpenJPEG writes them."""
    source = gdal.GetDriverByName("MEM").Create("", 64, 64, 1, gdal.GDT_UInt16)
    source.SetGeoTransform((600000, 10, 0, 5200000, 0, -10))
    source.GetRasterBand(1).WriteArray(np.full((64, 64), 7, np.uint16))
    file = tmp_path / "plain.jp2"
    driver = gdal.GetDriverByName("JP2OpenJPEG")
    driver.CreateCopy(str(file), source, options=["QUALITY=100", "REVERSIBLE=YES"])
    return file


@dataclasses.dataclass(frozen=True)
class Claim:
    """What a header is made to say."""

    size: int = 64
    tile: int = 64
    components: int = 1
    block: int = 4
    """Exponent of a code-block's side."""
    layers: int = 1
    precincts: bytes = b""
    bare: bool = False
    in_tile: bool = False
    """The style stands in the header of the first tile."""
    long_box: bool = False


def lie(plain: Path, claim: Claim) -> Path:
    """A copy with another header; the pixels stay what they are."""
    data = plain.read_bytes()
    start = data.index(b"\xff\x4f\xff\x51")
    boxes, code = bytearray(data[:start]), bytearray(data[start:])
    side, tile = claim.size, claim.tile
    code[8:40] = struct.pack(SIZES, side, side, 0, 0, tile, tile, 0, 0)
    if claim.components > 1:
        length = 38 + 3 * claim.components
        parts = struct.pack(">H", claim.components) + bytes(code[42:45]) * claim.components
        code[4:45] = struct.pack(">H", length) + bytes(code[6:40]) + parts
    style = code.index(b"\xff\x52")
    levels = code[style + 9]
    end = style + 2 + struct.unpack(">H", code[style + 2 : style + 4])[0]
    body = bytearray(code[style + 4 : end])
    body[2:4] = struct.pack(">H", claim.layers)
    body[6:8] = bytes((claim.block, claim.block))
    if claim.precincts:
        body[0] |= 1
        body[10:] = claim.precincts * (levels + 1)
    marker = b"\xff\x52" + struct.pack(">H", 2 + len(body)) + bytes(body)
    if claim.in_tile:
        tile_start = code.index(b"\xff\x90")
        length = struct.unpack(">I", code[tile_start + 6 : tile_start + 10])[0]
        code[tile_start + 6 : tile_start + 10] = struct.pack(">I", length + len(marker))
        code[tile_start + 12 : tile_start + 12] = marker
    else:
        code[style:end] = marker
    boxes[boxes.index(b"ihdr") + 4 : boxes.index(b"ihdr") + 12] = struct.pack(">II", side, side)
    if claim.long_box:
        boxes[-8:] = struct.pack(">I4sQ", 1, b"jp2c", len(code) + 16)
    else:
        boxes[-8:-4] = bytes(4)  # the codestream lasts to the end of the file
    file = plain.with_name("claims.jp2")
    file.write_bytes(bytes(code) if claim.bare else bytes(boxes + code))
    return file


def judged(file: Path, remote: bool = False) -> str:
    data = file.read_bytes()
    return fault(lambda offset, count: data[offset : offset + count], remote)


BOMBS = {
    "one tile of a million pixels a side": Claim(10**6, 10**6),
    "the same, without boxes": Claim(10**6, 10**6, bare=True),
    "the same, behind a long box": Claim(10**6, 10**6, long_box=True),
    "many tiles of many bands": Claim(2000, 8, components=60),
    "code-blocks of 4 pixels": Claim(20000, 20000, block=0),
    "the same, said in a tile": Claim(20000, 20000, block=0, in_tile=True),
    "precincts of one pixel": Claim(4096, 4096, precincts=b"\x00"),
    "layers": Claim(8192, 8192, layers=65535, precincts=b"\x66"),
}
HONEST = {
    "a scene of Sentinel-2": Claim(10980, 1024),
    "a scene in one tile": Claim(10980, 10980),
    "a scene in one tile with small blocks": Claim(10980, 10980, block=3),
    "a picture of three bands": Claim(10980, 1024, components=3),
    "precincts as usual": Claim(10980, 1024, precincts=b"\x88"),
    "layers as usual": Claim(10980, 1024, layers=20),
}


@pytest.mark.parametrize("claim", HONEST.values(), ids=HONEST)
def test_what_agencies_deliver_is_no_bomb(plain: Path, claim: Claim) -> None:
    assert judged(lie(plain, claim)) == ""


@pytest.mark.parametrize("claim", BOMBS.values(), ids=BOMBS)
def test_a_header_that_would_take_all_memory_is_refused(plain: Path, claim: Claim) -> None:
    file = lie(plain, claim)
    assert file.stat().st_size < 1000
    for look in (read_facts, check_band_file, lambda path: open_dataset(str(path))):
        with pytest.raises(RasterError, match=r"takes about [0-9.e+]+ GB of memory: it declares"):
            look(file)


def test_a_tile_s_own_style_is_not_looked_for_over_the_network(plain: Path) -> None:
    """Headers of tiles lie all over the file."""
    file = lie(plain, BOMBS["the same, said in a tile"])
    assert judged(file)
    assert judged(file, remote=True) == ""


def test_a_remote_bomb_is_refused_without_its_token(plain: Path) -> None:
    bomb = lie(plain, BOMBS["one tile of a million pixels a side"])
    with FaultyServer(plain.parent) as server:
        url = f"{server.url(bomb.name)}?sig=SECRET"
        area = {"type": "Polygon", "coordinates": [[[9, 46], [10, 46], [10, 47], [9, 46]]]}
        with pytest.raises(RasterError, match="of memory") as caught:
            read_over_area(url, area, RemoteOptions())
        assert "SECRET" not in str(caught.value)
        dataset = open_band(f"/vsicurl/{server.url(plain.name)}", plain.name)
        assert dataset.RasterXSize == 64
        assert server.bytes_sent(plain.name) < 10 * plain.stat().st_size


def test_a_bomb_in_an_archive_or_named_by_a_vrt_is_refused(plain: Path) -> None:
    bomb = lie(plain, BOMBS["one tile of a million pixels a side"])
    with zipfile.ZipFile(plain.with_name("a.zip"), "w") as archive:
        archive.write(bomb, "a.jp2")
    with pytest.raises(RasterError, match="of memory"):
        read_facts(Path(f"/vsizip/{{{plain.with_name('a.zip')}}}/a.jp2"))
    vrt = plain.with_name("a.vrt")
    vrt.write_text(
        '<VRTDataset rasterXSize="64" rasterYSize="64"><VRTRasterBand dataType="UInt16" band="1">'
        f'<SimpleSource><SourceFilename relativeToVRT="1">{bomb.name}</SourceFilename>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(RasterError, match="of memory"):
        check_band_file(vrt)


@pytest.mark.parametrize("cut", [0, 3, 12, 20, 60, 100, 130, 160])
def test_a_header_that_was_cut_is_no_bomb(plain: Path, cut: int) -> None:
    file = plain.with_name("cut.jp2")
    file.write_bytes(plain.read_bytes()[:cut])
    assert judged(file) == ""


def test_a_plain_one_is_read(plain: Path) -> None:
    for file in (plain, lie(plain, Claim(bare=True)), lie(plain, Claim(long_box=True))):
        dataset = gdal.OpenEx(str(file))
        assert dataset.GetRasterBand(1).ReadRaster(5, 5, 1, 1) == b"\x07\x00"
    assert check_band_file(plain).grid.shape == (64, 64)


def test_the_estimate_is_of_the_decoders_size(plain: Path) -> None:
    """What OpenJPEG was seen to take: 320 MB for one tile of 60 000 pixels a side."""
    reason = judged(lie(plain, Claim(60000, 60000)))
    assert reason == ""
    assert judged(lie(plain, Claim(120000, 120000))), f"more than {MOST_BYTES} bytes"
