"""A VRT read the short way gives the pixels that GDAL gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import StackReader
from firstlight.core.raster.vrt_shortcut import shorten
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.rasters import noise, write_raster


def as_gdal_reads(path: Path) -> Any:
    import rasterio

    with rasterio.open(path) as dataset:
        return dataset.read()


@pytest.mark.parametrize("folder", ["", "bands"])
def test_a_stack_is_read_as_gdal_reads_it(tmp_path: Path, folder: str) -> None:
    """A 10 m band, one that lies a few pixels off and ends elsewhere, and one of 20 m, which stays
    as it is.
    """
    rule = Radiometry(0.0001, 0.0, 0.0, "reflectance")
    at = tmp_path / folder
    write_raster(at / "a.tif", noise((60, 80), 1, gaps=0.2))
    write_raster(
        at / "b.tif", noise((50, 100), 2, gaps=0.2), origin=(600000.0 + 70, 5200020.0 + 50)
    )
    write_raster(at / "c.tif", noise((30, 40), 3, gaps=0.2), resolution=20)
    sources = {name: BandSource(at / f"{name}.tif", radiometry=rule) for name in "abc"}
    path = tmp_path / "s.vrt"
    create_band_stack(sources, path, band_order=list(sources))
    assert shorten(path).count("<SimpleSource") == 2
    assert shorten(path).count("<ComplexSource") == 1
    before = path.read_bytes()
    truth = as_gdal_reads(path)
    with StackReader(path) as reader:
        for index in (1, 2, 3):
            assert np.array_equal(reader.read_stored(index), truth[index - 1])
            assert np.array_equal(
                reader.read_stored(index, Window(3, 5, 40, 60)), truth[index - 1, 3:43, 5:65]
            )
    assert path.read_bytes() == before


SOURCE = (
    "<ComplexSource><SourceFilename "
    'relativeToVRT="1">a.tif</SourceFilename><SourceBand>1</SourceBand>'
    '<SourceProperties RasterXSize="80" RasterYSize="60" DataType="UInt16"/>'
    '<SrcRect xOff="0" yOff="0" xSize="80" ySize="60"/><DstRect xOff="0" yOff="0" xSize="80" '
    'ySize="60"/>'
    "<NODATA>0</NODATA></ComplexSource>"
)
NODATA = "<NoDataValue>0</NoDataValue>"


def vrt(path: Path, source: str = SOURCE, nodata: str = NODATA, dtype: str = "UInt16") -> Path:
    band = f'<VRTRasterBand dataType="{dtype}" band="1">{nodata}{source}</VRTRasterBand>'
    path.write_text(
        f'<VRTDataset rasterXSize="80" rasterYSize="60">{band}</VRTDataset>', encoding="utf-8"
    )
    return path


@pytest.mark.parametrize(
    "words",
    [
        {
            "source": SOURCE.replace(
                "<NODATA>", "<ScaleRatio>2</ScaleRatio><ScaleOffset>1</ScaleOffset><NODATA>"
            )
        },
        {"source": SOURCE.replace("<NODATA>", "<LUT>0:5,9000:7</LUT><NODATA>")},
        {"source": SOURCE + SOURCE.replace('<DstRect xOff="0"', '<DstRect xOff="9"')},
        {
            "source": SOURCE.replace(
                '<DstRect xOff="0" yOff="0" xSize="80"', '<DstRect xOff="0" yOff="0" xSize="40"'
            )
        },
        {"source": SOURCE.replace('<SrcRect xOff="0"', '<SrcRect xOff="0.5"')},
        {"dtype": "Byte"},
        {"nodata": "<NoDataValue>7</NoDataValue>"},
        {"nodata": ""},
        {"source": SOURCE.replace("<SrcRect", "<Gone").replace("</SourceProperties>", "")},
    ],
    ids=[
        "scaled",
        "table",
        "two sources",
        "resized",
        "half a pixel",
        "other type",
        "other nodata",
        "no nodata",
        "no rectangle",
    ],
)
def test_what_does_more_than_copy_is_left_to_gdal(tmp_path: Path, words: dict[str, str]) -> None:
    write_raster(tmp_path / "a.tif", noise((60, 80), 1, gaps=0.2))
    path = vrt(tmp_path / "s.vrt", **words)
    assert shorten(path) == str(path)
    with StackReader(path) as reader:
        assert np.array_equal(reader.read_stored(1), as_gdal_reads(path)[0])


def test_the_plain_one_of_them_is_shortened(tmp_path: Path) -> None:
    write_raster(tmp_path / "a.tif", noise((60, 80), 1, gaps=0.2))
    path = vrt(tmp_path / "s.vrt")
    assert "SimpleSource" in shorten(path)
    with StackReader(path) as reader:
        assert np.array_equal(reader.read_stored(1), noise((60, 80), 1, gaps=0.2))


def test_what_cannot_be_parsed_is_left_to_gdal(tmp_path: Path) -> None:
    (tmp_path / "s.vrt").write_text("<VRTDataset", encoding="utf-8")
    assert shorten(tmp_path / "s.vrt") == str(tmp_path / "s.vrt")
