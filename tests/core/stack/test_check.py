"""A stack that was written wrongly never gets its name: each kind of fault, planted and found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.errors import BandStackError, CRSMismatchError
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.check import check_written
from firstlight.core.stack.grid import place_bands
from firstlight.core.stack.source import open_band
from firstlight.core.stack.vrt import StackStyle
from firstlight.core.types import Radiometry
from support.rasters import noise, write_raster

S2 = Radiometry(0.0001, -0.1, 0.0, "reflectance", "as the item states")
NAMES = ("red", "nir", "swir16", "scl", "far")


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, BandSource]:
    """Bands whose numbers cannot be mistaken for each other's."""
    from rasterio.warp import transform_bounds

    left, _, _, top = transform_bounds("EPSG:32632", "EPSG:32633", 600000, 5199380, 600640, 5200020)
    return {
        "red": BandSource(write_raster(tmp_path / "red.tif", noise((64, 64), 1)), 1, S2),
        "nir": BandSource(write_raster(tmp_path / "nir.tif", noise((64, 64), 2)), 1, S2),
        "swir16": BandSource(
            write_raster(tmp_path / "swir16.tif", noise((32, 32), 3, 8000, 9000), resolution=20.0),
            1,
            S2,
        ),
        "scl": BandSource(
            write_raster(tmp_path / "scl.tif", (noise((64, 64), 4) % 11 + 1).astype(np.uint8)),
            1,
            Radiometry(nodata=0.0, unit="class"),
            is_class=True,
        ),
        "far": BandSource(
            write_raster(
                tmp_path / "far.tif",
                noise((80, 80), 5, 12000, 13000),
                epsg=32633,
                origin=(left, top),
            ),
            1,
            S2,
        ),
    }


def spoil(pattern: str, by: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        changed = re.sub(pattern, by, text, count=1, flags=re.DOTALL)
        assert changed != text
        return changed

    return change


FAULTS: dict[str, tuple[Callable[[str], str], str]] = {
    "nothing": (lambda text: text, ""),
    "another file": (spoil(">red.tif</SourceF", ">nir.tif</SourceF"), "no source for red"),
    "another band's file, too": (
        lambda text: (
            text.replace(">red.tif</SourceF", ">x</SourceF")
            .replace(">nir.tif</SourceF", ">red.tif</SourceF")
            .replace(">x</SourceF", ">nir.tif</SourceF")
        ),
        r"band 'red' of the written stack has \d+ at column 32, row 32, where its file has \d+",
    ),
    "a file that is not there": (
        spoil(">red.tif</SourceF", ">green.tif</SourceF"),
        "source file '.*green.tif' not found",
    ),
    "no source": (spoil("<SimpleSource.*?</SimpleSource>", ""), "no source for red"),
    "shifted by a pixel": (
        spoil('<DstRect xOff="0"', '<DstRect xOff="1"'),
        "band 'red' of the written stack has",
    ),
    "shifted by half a pixel": (
        spoil('<SrcRect xOff="0"', '<SrcRect xOff="0.5"'),
        "band 'red' of the written stack has",
    ),
    "upside down in size": (
        spoil(
            '(nir.tif</S.*?)<DstRect xOff="0" yOff="0" xSize="64" ySize="64"',
            r'\1<DstRect xOff="0" yOff="0" xSize="60" ySize="60"',
        ),
        "'nir'",
    ),
    "names exchanged": (
        spoil("<Description>red", "<Description>nir"),
        r"has the bands \['nir', 'nir', .* where \['red', 'nir'",
    ),
    "another grid": (spoil("600000.0, 10.0", "600005.0, 10.0"), "the written stack lies at"),
    "scale lost": (spoil("<Scale>0.0001", "<Scale>1"), "band 'red' lost its scale, offset or unit"),
    "unit lost": (
        spoil("<UnitType>reflectance</UnitType>", ""),
        "band 'red' lost its scale, offset or unit",
    ),
    "nodata lost": (
        spoil("<NoDataValue>0</NoDataValue>", ""),
        "band 'red' has nodata None where 0.0 was meant",
    ),
    "classes blended": (
        spoil(
            'resampling="nearest"(.*?scl.tif.*?)xSize="64" ySize="64"',
            r'resampling="bilinear"\1xSize="63.5" ySize="63.5"',
        ),
        "band 'scl'",
    ),
}


@pytest.mark.parametrize(("fault", "why"), FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_found(
    sources: dict[str, BandSource], tmp_path: Path, fault: Callable[[str], str], why: str
) -> None:
    stack = create_band_stack(sources, tmp_path / "s.vrt", NAMES)
    (tmp_path / "s.vrt").write_text(
        fault((tmp_path / "s.vrt").read_text(encoding="utf-8")), encoding="utf-8"
    )
    opened = [open_band(name, sources[name], "It") for name in NAMES]
    placed, _ = place_bands(opened, stack.grid.crs, "It")
    if not why:
        check_written(tmp_path / "s.vrt", placed, stack.grid, StackStyle(), "It")
        return
    with pytest.raises(BandStackError, match=why):
        check_written(tmp_path / "s.vrt", placed, stack.grid, StackStyle(), "It")


def test_a_fault_in_a_nested_vrt_is_found(sources: dict[str, BandSource], tmp_path: Path) -> None:
    stack = create_band_stack(sources, tmp_path / "s.vrt", NAMES)
    [nested] = tmp_path.glob("s.far.*.vrt")
    text = nested.read_text(encoding="utf-8")
    nested.write_text(text.replace(">far.tif<", ">red.tif<"), encoding="utf-8")
    placed, _ = place_bands(
        [open_band(name, sources[name], "It") for name in NAMES], stack.grid.crs, "It"
    )
    with pytest.raises(BandStackError, match="no source for far"):
        check_written(tmp_path / "s.vrt", placed, stack.grid, StackStyle(), "It")


@pytest.fixture
def exceptions_on() -> Iterator[None]:
    """As when another plugin has called gdal.UseExceptions()."""
    from osgeo import gdal, osr

    before = gdal.GetUseExceptions(), osr.GetUseExceptions()
    gdal.UseExceptions()
    osr.UseExceptions()
    yield
    for module, was in reversed(list(zip((gdal, osr), before))):  # they stand on each other
        if not was:
            module.DontUseExceptions()


@pytest.mark.usefixtures("exceptions_on")
def test_it_makes_no_difference_whether_gdal_raises(
    sources: dict[str, BandSource], tmp_path: Path
) -> None:
    create_band_stack(sources, tmp_path / "s.vrt", NAMES)
    mars = write_raster(
        tmp_path / "mars.tif",
        epsg=None,
        crs="+proj=longlat +R=3396190 +no_defs",
        resolution=0.001,
        origin=(10, 47),
    )
    with pytest.raises(CRSMismatchError, match=r"band 'nir' .* cannot be warped to EPSG:32632: "):
        create_band_stack({**sources, "nir": BandSource(mars)}, tmp_path / "s.vrt", NAMES)
