"""Rasters in a zip or a tar are read in place, and what could make GDAL open more is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from firstlight.core.errors import RasterError, ValidationError
from firstlight.core.files.archive import list_files
from firstlight.core.gdal.containers import file_of, find_subdataset, gdal_name, member_path
from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.vrt_sources import check_vrt_sources
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.repair import repair_stack
from support.packages import stored, tarred, zipped
from support.rasters import read_band, write_raster


def packed(tmp_path: Path, ending: str = ".zip") -> Path:
    """An archive with ``in/red.tif``."""
    write_raster(tmp_path / "red" / "in" / "red.tif", stored(1000))
    folder = tmp_path / "red"
    return zipped(folder, "") if ending == ".zip" else tarred(folder, ending)


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_a_member_is_a_raster_by_its_name(tmp_path: Path, ending: str) -> None:
    archive = packed(tmp_path, ending)
    path = member_path(archive, "in/red.tif")
    assert file_of(path) == archive
    assert gdal_name(path) == f"/vsi{ending[1:]}/{{{archive}}}/in/red.tif"
    assert read_facts(path).grid.shape == (32, 32)
    as_qgis_says = Path(f"/vsi{ending[1:]}/{archive}/in/red.tif")  # two slashes: one is lost
    assert file_of(as_qgis_says) == archive
    assert read_facts(as_qgis_says).grid.shape == (32, 32)


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_a_stack_reads_and_finds_its_archive_again(tmp_path: Path, ending: str) -> None:
    archive = packed(tmp_path, ending)
    source = BandSource(member_path(archive, "in/red.tif"))
    stack = create_band_stack({"red": source}, tmp_path / "s.vrt").path
    assert read_band(stack)[0, 0] == 1000
    assert check_vrt_sources(stack).files == (source.path,)
    moved = tmp_path / "moved" / archive.name
    moved.parent.mkdir()
    archive.rename(moved)
    with pytest.raises(ValidationError, match="not found"):
        check_vrt_sources(stack)
    repair_stack(stack, [moved.parent])
    assert check_vrt_sources(stack).files == (member_path(moved, "in/red.tif"),)
    assert read_band(stack)[0, 0] == 1000


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.tif", b"<VRTDataset rasterXSize='1' rasterYSize='1'/>", "only GeoTIFF and JPEG 2000"),
        ("a.tif", b"", "only GeoTIFF and JPEG 2000"),
        ("a.jp2", b"<GMLJP2CoverageCollection/>", "only GeoTIFF and JPEG 2000"),
        ("b.tif", None, "holds no file of that name"),
        ("red.tif", None, "red.tif.aux.xml lies beside it"),
        ("green.tif", None, "green.tif.ovr lies beside it"),
    ],
)
def test_a_member_that_could_open_more_is_refused(
    tmp_path: Path, name: str, text: bytes | None, why: str
) -> None:
    band = write_raster(tmp_path / "band.tif", stored(1000))
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.write(band, "red.tif")
        target.write(band, "green.tif")
        target.writestr("red.tif.aux.xml", "<PAMDataset/>")
        target.writestr("green.tif.OVR", "<VRTDataset/>")
        if text is not None:
            target.writestr(name, text)
    path = member_path(archive, name)
    with pytest.raises(RasterError, match=why):
        read_facts(path)
    vrt = tmp_path / "s.vrt"
    vrt.write_text(
        "<VRTDataset rasterXSize='32' rasterYSize='32'><VRTRasterBand dataType='UInt16' band='1'>"
        f"<SimpleSource><SourceFilename>{path}</SourceFilename><SourceBand>1</SourceBand>"
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises((RasterError, ValidationError), match=why):
        check_vrt_sources(vrt)


@pytest.mark.parametrize(
    "name",
    [
        "/vsizip/{/vsicurl/http://127.0.0.1/x.zip}/a.tif",
        "/vsizip//vsicurl/http://127.0.0.1/x.zip/a.tif",
        "/vsizip/{/vsizip/{/d/x.zip}/y.zip}/a.tif",
        "/vsicurl/http://127.0.0.1/x.zip/a.tif",
        "/vsigzip//d/a.tif.gz",
    ],
)
def test_an_archive_elsewhere_or_in_another_is_none(tmp_path: Path, name: str) -> None:
    assert find_subdataset(name) is None
    vrt = tmp_path / "s.vrt"
    vrt.write_text(
        "<VRTDataset rasterXSize='1' rasterYSize='1'><VRTRasterBand dataType='Byte' band='1'>"
        f"<SimpleSource><SourceFilename>{name}</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(ValidationError):
        check_vrt_sources(vrt)


def test_links_in_a_tar_are_no_files(tmp_path: Path) -> None:
    import tarfile

    archive = tmp_path / "x.tar"
    with tarfile.open(archive, "w") as target:
        link = tarfile.TarInfo("a.tif")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        target.addfile(link)
    assert list_files(archive).names == ()
    with pytest.raises(RasterError, match="holds no file of that name"):
        read_facts(member_path(archive, "a.tif"))
