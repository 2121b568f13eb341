"""Rasters that name other files in places where GDAL finds them: none of these is reached for, and
the rasters themselves are refused by one sentence.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.core.errors import FirstLightError, RasterError, ValidationError
from firstlight.core.gdal.drivers import open_dataset
from firstlight.core.operations.registry import get_operation
from firstlight.core.raster.facts import check_raster, read_facts
from firstlight.core.raster.open_file import check_map_file
from firstlight.core.raster.reader import RasterReader
from firstlight.core.raster.vrt_sources import check_vrt_sources
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from support.rasters import ramp, write_raster
from support.visitors import watched_address


@pytest.fixture
def visitors() -> Iterator[tuple[str, list[str]]]:
    with watched_address() as watched:
        yield watched


def tagged(path: Path, domain: str, **items: str) -> Path:
    """A GeoTIFF with metadata of its own, inside the file."""
    from osgeo import gdal

    write_raster(path, ramp((600, 600)))
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.SetMetadata({key.upper(): value for key, value in items.items()}, domain)
    dataset = None
    assert not path.with_name(f"{path.name}.aux.xml").exists()
    return path


def vrt_of(source: Path, *, more: str = "", band: str = "", attributes: str = "") -> str:
    return (
        f"<VRTDataset rasterXSize='64' rasterYSize='64'{attributes}><SRS>EPSG:32632</SRS>"
        "<GeoTransform>600000,10,0,5200020,0,-10</GeoTransform>"
        f"<VRTRasterBand dataType='UInt16' band='1'><SimpleSource>"
        f"<SourceFilename relativeToVRT='0'>{source}</SourceFilename><SourceBand>1</SourceBand>"
        f"</SimpleSource>{band}</VRTRasterBand>{more}</VRTDataset>"
    )


def doors(path: Path, folder: Path) -> Iterator[None]:
    """Every way in which a user's raster is opened."""
    for door in (read_facts, check_raster, RasterReader):
        with pytest.raises(FirstLightError):
            door(path)
        yield
    with pytest.raises(FirstLightError):
        create_band_stack({"red": BandSource(path)}, folder / "s.vrt")
    yield


@pytest.mark.parametrize(
    ("domain", "items"),
    [
        ("OVERVIEWS", {"overview_file": "/vsicurl/{url}"}),
        ("OVERVIEWS", {"overview_file": ":::BASE:::../../etc/other.tif"}),
        ("GEOLOCATION", {"x_dataset": "/vsicurl/{url}", "y_dataset": "/vsicurl/{url}"}),
    ],
)
def test_a_tiff_that_names_others_in_its_own_tags(
    domain: str, items: dict[str, str], visitors: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = visitors
    path = tagged(
        tmp_path / "red.tif",
        domain,
        **{key: value.format(url=url) for key, value in items.items()},
    )
    for _ in doors(path, tmp_path):
        pass
    with pytest.raises(ValidationError, match="would make GDAL open another file"):
        read_facts(path)
    vrt = tmp_path / "red.vrt"
    vrt.write_text(vrt_of(path))
    with pytest.raises(ValidationError, match="would make GDAL open another file"):
        check_vrt_sources(vrt)
    assert not seen


def test_gdal_itself_would_have_gone_there(visitors: tuple[str, list[str]], tmp_path: Path) -> None:
    """What the tests here are worth: without the gate the server is asked."""
    url, seen = visitors
    path = tagged(tmp_path / "red.tif", "OVERVIEWS", overview_file=f"/vsicurl/{url}")
    dataset = open_dataset(str(path))
    dataset.GetRasterBand(1).GetOverviewCount()
    assert seen


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # GDAL does not mind the unknown entity, where others say that this is no XML.
        (
            "red.tif.aux.xml",
            "<PAMDataset><Metadata domain='OVERVIEWS'><MDI key='OVERVIEW_FILE'>/vsicurl/{url}&x;"
            "</MDI></Metadata></PAMDataset>",
        ),
        ("red.tif.Ovr", "<GDAL_WMS><ServerUrl>{url}</ServerUrl></GDAL_WMS>"),
        (
            "red.tif.ovr",
            'DatasetHeader Begin\n\tDataSetType = ERStorage\n\tDataFile = "/vsicurl/{url}"\n'
            "\tRasterInfo Begin\n\tRasterInfo End\nDatasetHeader End\n",
        ),
        ("red.tif.mSk", "WMTS:{url}"),
    ],
)
def test_sidecars_that_name_others(
    name: str, text: str, visitors: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = visitors
    path = write_raster(tmp_path / "red.tif")
    (tmp_path / name).write_text(text.format(url=url))
    for _ in doors(path, tmp_path):
        pass
    assert not seen


def test_an_overview_beside_a_raster_that_names_another(
    visitors: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = visitors
    path = write_raster(tmp_path / "red.tif")
    tagged(tmp_path / "red.tif.ovr", "OVERVIEWS", overview_file=f"/vsicurl/{url}")
    for _ in doors(path, tmp_path):
        pass
    assert not seen


def test_overviews_that_gdal_has_made_are_read(tmp_path: Path) -> None:
    from osgeo import gdal

    path = write_raster(tmp_path / "red.tif", ramp((600, 600)))
    gdal.Open(str(path)).BuildOverviews("AVERAGE", [2])  # read-only: beside the file
    assert (tmp_path / "red.tif.ovr").exists()
    assert read_facts(path).grid.shape == (600, 600)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (
            "<Metadata domain='OVERVIEWS'><MDI key='OVERVIEW_FILE'>/vsicurl/{url}</MDI></Metadata>",
            "names further files",
        ),
        (
            "<GeoLocTransformer><Metadata><MDI key='X_DATASET'>/vsicurl/{url}</MDI></Metadata>"
            "</GeoLocTransformer>",
            "names further files",
        ),
        (
            "<GDALWarpOptions><Transformer><RPCTransformer><DEMPath>dem.tif</DEMPath>"
            "</RPCTransformer></Transformer></GDALWarpOptions>",
            "it is text",
        ),
        (
            "<MaskBand><VRTRasterBand><SimpleSource><SourceFilename xmlns='x'>dem.tif"
            "</SourceFilename></SimpleSource></VRTRasterBand></MaskBand>",
            "XML namespaces",
        ),
        (f"{'<a>' * 20_000}{'</a>' * 20_000}", "nested without end"),
    ],
    ids=["overviews", "geolocation", "heights", "namespace", "depth"],
)
def test_a_vrt_that_names_others(
    more: str,
    reason: str,
    visitors: tuple[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, seen = visitors
    monkeypatch.chdir(tmp_path)
    Path("dem.tif").write_text(f"<GDAL_WMS><ServerUrl>{url}</ServerUrl></GDAL_WMS>")
    path = tmp_path / "red.vrt"
    path.write_text(vrt_of(write_raster(tmp_path / "red.tif"), more=more.format(url=url)))
    with pytest.raises(ValidationError, match=reason):
        check_vrt_sources(path)
    for _ in doors(path, tmp_path):
        pass
    assert not seen


def test_a_vrt_is_read_as_utf8_whatever_it_declares(tmp_path: Path) -> None:
    path = tmp_path / "red.vrt"
    text = vrt_of(write_raster(tmp_path / "röt.tif"))
    path.write_text(f"<?xml version='1.0' encoding='iso-8859-1'?>{text}", encoding="utf-8")
    assert check_vrt_sources(path).files == (tmp_path / "röt.tif",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("name", ["red.tif", "red.tif.ovr", "red.tif.aux.xml", "source.tif"])
def test_a_pipe_is_never_waited_for(name: str, tmp_path: Path) -> None:
    path = tmp_path / "red.tif"
    if name == "source.tif":
        path = tmp_path / "red.vrt"
        path.write_text(vrt_of(tmp_path / name))
    elif name != "red.tif":
        write_raster(path)
    os.mkfifo(tmp_path / name)
    for _ in doors(path, tmp_path):
        pass


@pytest.mark.parametrize("name", ["/dev/zero", ".", "/", ""])
def test_devices_and_folders_without_a_name_are_no_rasters(name: str) -> None:
    with pytest.raises(RasterError, match="it is no plain file"):
        read_facts(Path(name))


def test_a_vrt_with_a_source_without_a_name(tmp_path: Path) -> None:
    """A child in front of the text: GDAL sees no name, and others a folder."""
    path = tmp_path / "red.vrt"
    path.write_text(vrt_of(Path("<a/>/vsicurl/http://127.0.0.1:9/t")))
    with pytest.raises(ValidationError, match="not found"):
        check_vrt_sources(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tif", vrt_of(Path("/vsicurl/{url}"))),
        ("b.tiff", "<GDAL_WMTS><GetCapabilitiesUrl>{url}</GetCapabilitiesUrl></GDAL_WMTS>"),
        (
            "c.gpkg",
            "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/vsicurl/{url}</SrcDataSource>"
            "</OGRVRTLayer></OGRVRTDataSource>",
        ),
        ("d.gpkg", "<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>"),
        ("e.geojson", "<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>"),
        ("f.tif", ""),
        ("g.kml", "<kml/>"),
    ],
)
def test_a_map_is_what_its_name_says(
    name: str, text: str, visitors: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = visitors
    (tmp_path / name).write_text(text.replace("{url}", url))
    with pytest.raises(FirstLightError, match=r"its format is .*, not"):
        check_map_file(tmp_path / name)
    assert not seen


@pytest.mark.parametrize(
    "text",
    [
        "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/vsicurl/{url}</SrcDataSource>"
        "</OGRVRTLayer></OGRVRTDataSource>",
        "<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>",
    ],
)
def test_an_area_is_read_from_formats_that_hold_their_shapes(
    text: str, visitors: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = visitors
    path = tmp_path / "area.geojson"
    path.write_text(text.format(url=url))
    operation = get_operation("discover")
    with pytest.raises(FirstLightError, match=r"The area file .* cannot be used"):
        operation.make_params({"area": str(path), "start": "2024-01-01", "end": "2024-01-02"})
    assert not seen


@pytest.mark.thorough
def test_a_vrt_of_more_files_than_one_looks_at_is_a_sentence(tmp_path: Path) -> None:
    one = "<SimpleSource><SourceFilename relativeToVRT='1'>{}.tif</SourceFilename></SimpleSource>"
    sources = "".join(one.format(number) for number in range(50_001))
    band = f"<VRTRasterBand dataType='Byte' band='1'>{sources}</VRTRasterBand>"
    path = tmp_path / "many.vrt"
    path.write_text(f"<VRTDataset rasterXSize='9' rasterYSize='9'>{band}</VRTDataset>")
    with pytest.raises(ValidationError, match="names 50001 files, and 50000 are the most"):
        check_vrt_sources(path)


def test_what_is_planted_after_a_first_look_is_seen(tmp_path: Path) -> None:
    """Each state of a file is looked at once; another state is another look."""
    band = write_raster(tmp_path / "red.tif", ramp((16, 16)), nodata=0)
    stack = create_band_stack({"red": BandSource(band)}, tmp_path / "s.vrt").path
    notes = band.with_name(band.name + ".aux.xml")
    evil = (
        "<PAMDataset><Metadata domain='OVERVIEWS'><MDI key='OVERVIEW_FILE'>/etc/passwd</MDI>"
        "</Metadata></PAMDataset>"
    )
    harmless = evil.replace("OVERVIEW_FILE", "OVERVIEW_FIL").replace("OVERVIEWS", "OVERVIEWx")
    for _ in range(2):
        check_vrt_sources(stack)
        notes.write_text(evil)
        with pytest.raises(ValidationError, match="another file"):
            check_vrt_sources(stack)
        notes.write_text(harmless.ljust(len(evil)))
        check_vrt_sources(stack)
        notes.unlink()
