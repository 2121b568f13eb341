"""Files of all sorts as a person has them: opened like GeoTIFFs, or refused before GDAL reaches
for what they name.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.errors import RasterError, ValidationError
from firstlight.core.gdal.containers import file_of, find_subdataset, gdal_name, with_file
from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.raster.vrt_sources import check_vrt_sources
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.repair import repair_stack
from firstlight.core.types import Radiometry
from support.rasters import ramp, write_raster
from support.visitors import watched_address
from support.waiting import PATIENCE_S

WHOLE = Window(0, 0, 64, 64)


@pytest.fixture
def visitors() -> Iterator[tuple[str, list[str]]]:
    """Address of a server on this computer, and what reached it."""
    with watched_address() as watched:
        yield watched


def copy_as(
    path: Path, driver: str, *options: str, epsg: int = 32632, dtype: str = "int16"
) -> Path:
    """A ramp in another format."""
    from osgeo import gdal

    source = path.with_name(f"source of {path.name}.tif")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_raster(source, ramp(dtype=dtype), nodata=None)
    gdal.GetDriverByName(driver).CreateCopy(str(path), gdal.Open(str(source)))
    source.unlink()
    return path


def unplaced(path: Path) -> Path:
    """A ramp as GeoTIFF without a place."""
    from osgeo import gdal

    dataset = gdal.GetDriverByName("GTiff").Create(str(path), 64, 64, 1, gdal.GDT_UInt16)
    dataset.GetRasterBand(1).WriteArray(ramp())
    return path


def container(path: Path, *options: str) -> Path:
    """A netCDF of two variables, Band1 and Band2, one the other upside down."""
    from osgeo import gdal

    source = write_raster(path.with_suffix(".tif"), np.stack([ramp(), ramp()[::-1]]))
    dataset = gdal.Open(str(source))
    gdal.GetDriverByName("netCDF").CreateCopy(str(path), dataset, options=list(options))
    source.unlink()
    return path


def stored(path: Path) -> np.ndarray:
    with RasterReader(path) as reader:
        return reader.read_stored(1, WHOLE)


@pytest.mark.parametrize(
    ("name", "driver"),
    [
        ("red.dat", "ENVI"),
        ("red.img", "ENVI"),
        ("red", "ENVI"),
        ("S1_TC.data/Sigma0_VV.img", "ENVI"),
        ("red.bil", "EHdr"),
        ("hfa.img", "HFA"),
        ("heights.asc", "AAIGrid"),
        ("red.rst", "RST"),
    ],
)
def test_headers_beside_a_raster_are_read(name: str, driver: str, tmp_path: Path) -> None:
    path = copy_as(tmp_path / name, driver)
    facts = read_facts(path)
    assert (facts.driver, facts.grid.shape) == (driver, (64, 64))
    assert facts.grid.crs
    assert np.array_equal(stored(path), ramp(dtype="int16"))
    made = create_band_stack({"red": BandSource(path)}, tmp_path / "s.vrt")
    assert np.array_equal(stored(made.path), ramp(dtype="int16"))


def test_heights_as_points_of_text_are_a_raster(tmp_path: Path) -> None:
    path = copy_as(tmp_path / "heights.xyz", "XYZ")
    assert np.array_equal(stored(path), ramp(dtype="int16"))


def test_a_world_file_and_notes_beside_a_tiff_place_it(tmp_path: Path) -> None:
    path = unplaced(tmp_path / "red.tif")
    assert not read_facts(path).grid.crs
    (tmp_path / "red.tfw").write_text("10\n0\n0\n-10\n600005\n5200015\n")
    assert read_facts(path).grid.transform == (10.0, 0.0, 600000.0, 0.0, -10.0, 5200020.0)
    (tmp_path / "red.tif.aux.xml").write_text(
        '<PAMDataset><SRS>EPSG:32632</SRS><PAMRasterBand band="1"><NoDataValue>7</NoDataValue>'
        "</PAMRasterBand></PAMDataset>"
    )
    facts = read_facts(path)
    assert (facts.grid.crs, facts.bands[0].radiometry.nodata) == ("EPSG:32632", 7.0)


def test_notes_that_qgis_writes_do_not_change_the_state(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "red.tif")
    with RasterReader(path) as reader:
        before = reader.state()
    (tmp_path / "red.tif.aux.xml").write_text("<PAMDataset/>")
    with RasterReader(path) as reader:
        assert reader.state() == before


@pytest.mark.parametrize(
    "sidecar",
    [
        "red.tif.aux.xml=<PAMDataset><Metadata domain='OVERVIEWS'><MDI key='OVERVIEW_FILE'>"
        "/vsicurl/{url}</MDI></Metadata></PAMDataset>",
        "red.tif.aux.xml=<PAMDataset><Metadata Domain='geolocation'><MDI key='X_DATASET'>"
        "/vsicurl/{url}</MDI></Metadata></PAMDataset>",
        "red.tif.aux.xml=<!DOCTYPE a [<!ENTITY b 'c'>]><PAMDataset/>",
        "red.tif.ovr=<GDAL_WMS><ServerUrl>{url}</ServerUrl></GDAL_WMS>",
        "red.tif.msk=<VRTDataset rasterXSize='64' rasterYSize='64'><VRTRasterBand><SimpleSource>"
        "<SourceFilename>/vsicurl/{url}</SourceFilename></SimpleSource></VRTRasterBand>"
        "</VRTDataset>",
    ],
)
def test_a_sidecar_that_names_a_server_is_refused_without_a_request(
    sidecar: str, visitors: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = visitors
    path = write_raster(tmp_path / "red.tif")
    name, _, text = sidecar.partition("=")
    (tmp_path / name).write_text(text.format(url=url))
    with pytest.raises(ValidationError, match="beside it would make GDAL open"):
        read_facts(path)
    with pytest.raises(ValidationError, match="beside it"):
        create_band_stack({"red": BandSource(path)}, tmp_path / "s.vrt")
    assert not seen


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<SourceFilename>/vsicurl/{url}</SourceFilename>", "not on this computer"),
        ('<SourceFilename>NETCDF:"/vsicurl/{url}":red</SourceFilename>', "not on this computer"),
        ('<SourceFilename>HDF5:"{url}"://red</SourceFilename>', "not on this computer"),
        ("<SourceFilename relativeToVRT='1'>tiles.tif</SourceFilename>", "it is text"),
        ("<SourceFilename relativeToVRT='1'>map.png</SourceFilename>", "PNG"),
    ],
)
def test_a_vrt_is_refused_before_anything_in_it_is_opened(
    source: str, reason: str, visitors: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = visitors
    (tmp_path / "tiles.tif").write_text(f"<GDAL_WMS><ServerUrl>{url}</ServerUrl></GDAL_WMS>")
    copy_as(tmp_path / "map.png", "PNG", dtype="uint16")
    path = tmp_path / "red.vrt"
    path.write_text(
        "<VRTDataset rasterXSize='64' rasterYSize='64'><SRS>EPSG:32632</SRS><GeoTransform>600000,"
        "10,0,5200020,0,-10</GeoTransform><VRTRasterBand dataType='UInt16' band='1'><SimpleSource>"
        f"{source.format(url=url)}<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        "</VRTDataset>"
    )

    def stack(vrt: Path) -> None:
        create_band_stack({"red": BandSource(vrt)}, tmp_path / "s.vrt")

    for door in (read_facts, RasterReader, stack):
        with pytest.raises((ValidationError, RasterError), match=reason):
            door(path)
    assert not seen


@pytest.mark.parametrize("text", ["<WCS_GDAL><ServiceURL>{url}</ServiceURL></WCS_GDAL>", "{{}}"])
def test_text_that_names_a_server_is_no_raster(
    text: str, visitors: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = visitors
    path = tmp_path / "red.tif"
    path.write_text(text.format(url=url))
    with pytest.raises(RasterError, match="it is text, not pixels"):
        read_facts(path)
    for name in (f"WMS:{url}", f"/vsicurl/{url}", url, f'NETCDF:"{url}":red'):
        with pytest.raises(RasterError, match="does not exist"):
            read_facts(Path(name))
    assert not seen


def test_a_picture_is_refused_by_its_format(tmp_path: Path) -> None:
    with pytest.raises(RasterError, match="its format, PNG, is not one that is read here"):
        read_facts(copy_as(tmp_path / "map.png", "PNG", dtype="uint16"))


@pytest.mark.parametrize("options", [(), ("FORMAT=NC4",)])
def test_a_container_names_its_rasters_and_each_is_a_band(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    path = container(tmp_path / "two.nc", *options)
    with pytest.raises(RasterError, match=r"container of 2 rasters \(Band1, Band2\)") as error:
        read_facts(path)
    assert f'NETCDF:"{path}":Band1' in error.value.hint
    bands = {f"b{n}": BandSource(Path(f'NETCDF:"{path}":Band{n}')) for n in (1, 2)}
    made = create_band_stack(bands, tmp_path / "s.vrt")
    with RasterReader(made.path) as reader:
        assert np.array_equal(reader.read_stored(2, WHOLE), ramp()[::-1])
        assert str(path) in [name for name, _, _ in reader.state()]
    assert [file_of(file) for file in check_vrt_sources(made.path).files] == [path, path]


def test_a_band_of_a_container_is_warped(tmp_path: Path) -> None:
    inner = Path(f'NETCDF:"{container(tmp_path / "two.nc")}":Band1')
    fine = write_raster(tmp_path / "fine.tif", ramp((128, 128)), resolution=5.0)
    bands = {"fine": BandSource(fine), "b1": BandSource(inner, 1, Radiometry(nodata=9.0))}
    made = create_band_stack(bands, tmp_path / "s.vrt")
    with RasterReader(made.path) as reader:
        assert abs(float(reader.read_stored(2)[64, 64]) - float(ramp()[32, 32])) < 60


def test_a_stack_finds_its_moved_container_again(tmp_path: Path) -> None:
    path = container(tmp_path / "two.nc")
    bands = {f"b{n}": BandSource(Path(f'NETCDF:"{path}":Band{n}')) for n in (1, 2)}
    made = create_band_stack(bands, tmp_path / "s.vrt")
    assert repair_stack(made.path).stack is None
    (tmp_path / "moved").mkdir()
    shutil.move(path, tmp_path / "moved" / "two.nc")
    repair = repair_stack(made.path)
    assert len(repair.mends) == 2
    with RasterReader(made.path) as reader:
        assert np.array_equal(reader.read_stored(1, WHOLE), ramp())
        assert np.array_equal(reader.read_stored(2, WHOLE), ramp()[::-1])


@pytest.mark.parametrize(
    ("text", "file", "name"),
    [
        ('netcdf:"/a/b.nc":red', "/a/b.nc", 'NETCDF:"/a/b.nc":red'),
        ("NETCDF:/a/b.nc:red", "/a/b.nc", 'NETCDF:"/a/b.nc":red'),
        ('HDF5:"/a/b.h5"://group/red', "/a/b.h5", 'HDF5:"/a/b.h5"://group/red'),
        (
            'HDF4_EOS:EOS_GRID:"/a/b.hdf":Grid_500m:"500m 16 days NDVI"',
            "/a/b.hdf",
            'HDF4_EOS:EOS_GRID:"/a/b.hdf":Grid_500m:"500m 16 days NDVI"',
        ),
        ('HDF4_SDS:UNKNOWN:"/a/b.hdf":3', "/a/b.hdf", 'HDF4_SDS:UNKNOWN:"/a/b.hdf":3'),
    ],
)
def test_names_inside_containers_survive_being_paths(text: str, file: str, name: str) -> None:
    path = Path(text)
    assert (file_of(path), gdal_name(path)) == (Path(file), name)
    assert gdal_name(with_file(path, Path("/c/d.x"))) == name.replace(file, "/c/d.x")


@pytest.mark.parametrize("text", ["WMS:http://a/b", "/a/b.nc", "PG:dbname=a", "C:/a.nc"])
def test_other_prefixes_are_no_containers(text: str) -> None:
    assert find_subdataset(Path(text)) is None
    assert file_of(Path(text)) == Path(text)


def name_inside(path: Path, url: str, how: str) -> Path:
    """A raster whose own metadata names another file."""
    from osgeo import gdal

    profile = {"bigtiff": "yes"} if how == "BigTIFF" else {}
    if how == "big-endian":
        profile = {"endianness": "big"}
    write_raster(path, nodata=None, **profile)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    if how == "geolocation":
        dataset.SetMetadata({"X_DATASET": f"/vsicurl/{url}"}, "GEOLOCATION")
    else:
        dataset.SetMetadata({"OVERVIEW_FILE": f"/vsicurl/{url}"}, "OVERVIEWS")
    dataset = None
    return path


@pytest.mark.parametrize("how", ["TIFF", "BigTIFF", "big-endian", "geolocation", "encoded"])
def test_a_tiff_whose_metadata_names_a_server_is_refused_without_a_request(
    how: str, visitors: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = visitors
    path = name_inside(tmp_path / "red.tif", url, how)
    if how == "encoded":  # the same name, as XML may spell it
        data = path.read_bytes()
        data = data.replace(b"OVERVIEW_FILE", b"OVERVIEW_F&#73;LE").replace(b"127.0.0.1", b"127.1")
        path.write_bytes(data)
    (tmp_path / "copy.vrt").write_text(
        "<VRTDataset rasterXSize='64' rasterYSize='64'><VRTRasterBand dataType='UInt16' band='1'>"
        "<SimpleSource><SourceFilename relativeToVRT='1'>red.tif</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )
    write_raster(tmp_path / "beside.tif")
    shutil.copy(path, tmp_path / "beside.tif.ovr")
    for raster in (path, tmp_path / "copy.vrt", tmp_path / "beside.tif"):
        for door in (read_facts, RasterReader):
            with pytest.raises(ValidationError, match="open another file"):
                door(raster)
    assert not seen


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("drivers", "name", "start"),
    [
        ("HDF4 HDF4Image", "{}", b"\x0e\x03\x13\x01"),
        (
            "HDF4 HDF4Image",
            'HDF4_EOS:EOS_GRID:"{}":MOD_Grid_500m:sur_refl_b01',
            b"\x0e\x03\x13\x01",
        ),
        ("netCDF HDF5 HDF5Image", 'NETCDF:"{}":B4', b"\x89HDF\r\n\x1a\n"),
        ("netCDF", "{}", b"CDF\x01"),
        ("GRIB", "{}", b"GRIB"),
    ],
)
def test_a_driver_that_this_gdal_lacks_is_named(
    tmp_path: Path, drivers: str, name: str, start: bytes
) -> None:
    """In a program of its own, for GDAL's drivers are those of the whole process."""
    (tmp_path / "scene.bin").write_bytes(start + bytes(400))
    program = (
        "from osgeo import gdal; gdal.AllRegister()\n"
        f"for name in {drivers.split()!r}:\n"
        "    driver = gdal.GetDriverByName(name)\n"
        "    driver.Deregister() if driver else None\n"
        "from pathlib import Path\n"
        "from firstlight.core.errors import RasterError\n"
        "from firstlight.core.gdal.drivers import identify\n"
        "try:\n"
        f"    identify({name.format(tmp_path / 'scene.bin')!r})\n"
        "except RasterError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert f"no driver for it ({' or '.join(d for d in drivers.split() if 'Im' not in d)})" in (
        done.stdout
    ), done.stderr
