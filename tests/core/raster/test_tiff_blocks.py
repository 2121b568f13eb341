"""Blocks of GeoTIFFs as bytes, in every compression and layout that agencies deliver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import RasterError
from firstlight.core.raster.tiff_blocks import TiffBlocks
from firstlight.core.validation.file_structure import FileCheck, check_structure
from support.rasters import write_raster

DATA = (np.random.default_rng(2).normal(2000, 300, (300, 300)).cumsum(1) / 50 + 1500).astype(
    np.uint16
)
LAYOUTS: dict[str, dict[str, Any]] = {
    "deflate": {"compress": "deflate"},
    "deflate, predictor": {"compress": "deflate", "predictor": 2},
    "lzw": {"compress": "lzw"},
    "zstd": {"compress": "zstd"},
    "packbits": {"compress": "packbits"},
    "none": {"compress": None},
    "strips": {"compress": "deflate", "tiled": False, "blockysize": 37},
    "BigTIFF": {"compress": "deflate", "BIGTIFF": "YES"},
    "big endian": {"compress": "deflate", "ENDIANNESS": "BIG"},
    "COG": {"cog": True},
}


def made(path: Path, words: dict[str, Any]) -> Path:
    words = dict(words)
    if words.get("tiled") is False:
        words["blockxsize"] = 300
    return write_raster(path, DATA, **words)


@pytest.mark.parametrize("words", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_sound_files_have_no_fault_and_every_block_decodes(
    tmp_path: Path, words: dict[str, Any]
) -> None:
    with TiffBlocks(made(tmp_path / "a.tif", words)) as tiff:
        blocks = tiff.blocks()
        assert blocks
        assert list(tiff.find_faults(blocks)) == []
        assert [tiff.decode(block) for block in blocks] == [None] * len(blocks)
        assert tiff.has_leader == tiff.has_trailer == bool(words.get("cog"))
        whole = np.zeros_like(DATA)
        for block in (one for one in blocks if one.level == 0):
            part = tiff.window(block)
            whole[part.row : part.row + part.rows, part.col : part.col + part.cols] = tiff.pixels(
                block
            )
    assert np.array_equal(whole, DATA)
    for deep in (False, True):
        findings = check_structure(FileCheck(tmp_path / "a.tif", "red", deep))
        assert [f.code for f in findings] == (["no_recorded_sum"] if deep else [])


def spoilt(tmp_path: Path, words: dict[str, Any], at: float, length: int) -> list[str]:
    path = made(tmp_path / "a.tif", words)
    with TiffBlocks(path) as tiff:
        block = [one for one in tiff.blocks() if one.level == 0][4]
    with path.open("r+b") as file:
        file.seek(block.offset + int(block.size_bytes * at))
        file.write(bytes(length))
    return [f.code for f in check_structure(FileCheck(path, "red", deep=True))]


@pytest.mark.parametrize(
    "name",
    ["deflate", "deflate, predictor", "lzw", "zstd", "strips", "BigTIFF", "big endian", "COG"],
)
def test_a_block_that_begins_wrong_is_found(tmp_path: Path, name: str) -> None:
    assert "tile_damaged" in spoilt(tmp_path, LAYOUTS[name], 0.0, 6)


@pytest.mark.parametrize(
    "name", ["deflate", "deflate, predictor", "strips", "BigTIFF", "big endian", "COG"]
)
def test_bytes_lost_in_the_middle_of_a_block_are_found(tmp_path: Path, name: str) -> None:
    assert "tile_damaged" in spoilt(tmp_path, LAYOUTS[name], 0.5, 40)


@pytest.mark.parametrize("name", ["none", "zstd"])
def test_changed_numbers_are_not_seen_where_blocks_carry_no_sum(tmp_path: Path, name: str) -> None:
    """Then the download's sum alone tells for certain; docs/validation.md says so. ZSTD may stumble
    over them by chance.
    """
    found = spoilt(tmp_path, LAYOUTS[name], 0.5, 40)
    assert [code for code in found if name == "none" or code != "tile_damaged"] == [
        "no_recorded_sum"
    ]


def test_what_is_no_geotiff_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0" + bytes(40))
    with pytest.raises(RasterError, match="cannot be opened"):
        TiffBlocks(tmp_path / "a.tif")


def sparse(path: Path, *holes: tuple[int, int]) -> Path:
    """Tiles of 128 pixels, 5 x 5 of them; those in ``holes`` were never written."""
    import rasterio
    from rasterio.windows import Window

    words = {
        "driver": "GTiff",
        "width": 640,
        "height": 640,
        "count": 1,
        "dtype": "uint16",
        "nodata": 0,
    }
    with rasterio.open(
        path, "w", **words, tiled=True, blockxsize=128, blockysize=128, SPARSE_OK=True
    ) as target:
        for row in range(5):
            for col in range(5):
                if (row, col) not in holes:
                    target.write(DATA[:128, :128], 1, window=Window(128 * col, 128 * row, 128, 128))
    return path


@pytest.mark.parametrize(
    ("holes", "found"),
    [
        ((), []),
        (((0, 0), (0, 1), (1, 0)), []),  # the corner that an orbit leaves empty
        (tuple((row, 4) for row in range(5)), []),
        (((2, 2),), ["tiles_missing"]),
        (((0, 2),), ["tiles_missing"]),
    ],
    ids=["none", "corner", "side", "middle", "edge between tiles"],
)
def test_without_overviews_absent_tiles_are_suspicious_only_between_others(
    tmp_path: Path, holes: tuple[tuple[int, int], ...], found: list[str]
) -> None:
    findings = check_structure(FileCheck(sparse(tmp_path / "a.tif", *holes), "red", deep=False))
    assert [f.code for f in findings] == found
    assert all(f.severity == "warning" for f in findings)


def test_a_cog_with_an_empty_corner_is_sound(tmp_path: Path) -> None:
    data = np.tile(DATA[:256, :256], (5, 5))
    data[:400, :400] = 0
    path = write_raster(tmp_path / "a.tif", data, cog=True)
    for deep in (False, True):
        assert [f.code for f in check_structure(FileCheck(path, "red", deep))] == (
            ["no_recorded_sum"] if deep else []
        )
