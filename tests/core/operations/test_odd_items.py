"""One odd item or band among good ones: it is named, and the others' results are there."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from osgeo import gdal, osr

from support.command import Flight, flight_command
from support.rasters import ramp, write_raster
from support.scene import AREA, World, small_world

Item = dict[str, Any]


@pytest.fixture
def flight(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Flight:
    monkeypatch.setenv("FIRSTLIGHT_RETRY_ATTEMPTS", "1")
    monkeypatch.setenv("FIRSTLIGHT_CACHE_DAYS", "0")
    return flight_command(capsys)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with small_world(tmp_path / "served", size=96) as made:
        yield made


def with_geotransform(*numbers: float) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        dataset = gdal.Open(str(write_raster(path, ramp((96, 96)))), gdal.GA_Update)
        dataset.SetGeoTransform(numbers)

    return make


def on_a_local_plane(path: Path) -> None:
    dataset = gdal.Open(str(write_raster(path, ramp((96, 96)))), gdal.GA_Update)
    system = osr.SpatialReference()
    system.ImportFromWkt('LOCAL_CS["site",UNIT["metre",1]]')
    dataset.SetSpatialRef(system)


def sparse(path: Path) -> None:
    """A few kilobytes that unpack to gigabytes of nothing."""
    options = ["SPARSE_OK=TRUE", "COMPRESS=DEFLATE", "TILED=YES", "BIGTIFF=YES"]
    dataset = gdal.GetDriverByName("GTiff").Create(
        str(path), 400_000, 400_000, 1, gdal.GDT_UInt16, options
    )
    dataset.SetGeoTransform((600000, 0.01, 0, 5200000, 0, -0.01))
    system = osr.SpatialReference()
    system.ImportFromEPSG(32632)
    dataset.SetSpatialRef(system)


ODD_BANDS: dict[str, Callable[[Path], None]] = {
    "nan": with_geotransform(float("nan"), 10, 0, 5200000, 0, -10),
    "infinite": with_geotransform(600000, float("inf"), 0, 5200000, 0, -10),
    "tiny": with_geotransform(600000, 1e-300, 0, 5200000, 0, -1e-300),
    "huge": with_geotransform(600000, 1e300, 0, 5200000, 0, -1e300),
    "tilted": with_geotransform(600000, 0, 0, 5200000, 0, 0),
    "local": on_a_local_plane,
    "sparse": sparse,
    "empty": lambda path: path.write_bytes(b"") and None,
}


@pytest.mark.thorough
@pytest.mark.parametrize("window", ["aoi", "full"])
@pytest.mark.parametrize("kind", ODD_BANDS)
def test_an_odd_band_ends_its_own_scene_at_most(
    kind: str, window: str, flight: Flight, world: World, tmp_path: Path
) -> None:
    (world.folder / "odd.tif").unlink(missing_ok=True)
    ODD_BANDS[kind](world.folder / "odd.tif")
    code, out, _ = flight(
        "discover",
        *("--catalog", world.url, "--area", AREA, "--start", "2024-06-01", "--end", "2024-06-30"),
        *("--output", "json"),
    )
    assert code == 0
    [good] = json.loads(out)
    odd = copy.deepcopy(good)
    odd["id"] = "ODD"
    for part in ("band_info", "radiometry"):
        odd.get(part, {}).pop("blue", None)
    odd["band_urls"]["blue"] = good["band_urls"]["blue"].replace("blue", "odd")
    (tmp_path / "items.json").write_text(json.dumps([odd, good]))
    code, _, err = flight(
        *("ingest", "--items", tmp_path / "items.json", "--area", AREA, "--bands", "red,nir,blue"),
        *("--window", window, "--output", tmp_path / "out", "--skip-validation"),
    )
    assert "fault in FirstLight" not in err
    assert code in (0, 3)
    assert (tmp_path / "out" / good["id"] / f"{good['id']}_stack.vrt").exists()


def changed(**parts: Any) -> Callable[[Item], None]:
    def change(item: Item) -> None:
        for path, value in parts.items():
            *way, last = path.split("__")
            place: Any = item
            for key in way:
                place = place[key]
            place[last] = value

    return change


ODD_ITEMS: dict[str, Callable[[Item], None]] = {
    "address": changed(band_urls__blue="http://[::1/y"),
    "port": changed(band_urls__blue="http://127.0.0.1:99999/x.tif"),
    "half a letter": changed(band_urls__blue="http://127.0.0.1:9/\ud800"),
    "size": changed(band_info__blue__size_bytes=1e30),
    "less than nothing": changed(band_info__blue__size_bytes=-5),
    "grid": changed(
        band_info__blue__grid={"crs": "x", "transform": [0, 0, 0, 0, 0, 0], "shape": [1e18, 1e18]}
    ),
    "name": changed(id="../\x00\x1b[31m\nODD"),
    "day": changed(datetime="0001-01-01T00:00:00+23:59"),
    "cloud": changed(cloud_cover=1e308),
}


@pytest.mark.parametrize("kind", ODD_ITEMS)
def test_an_odd_item_is_named_and_the_other_ingested(
    kind: str, flight: Flight, world: World, tmp_path: Path
) -> None:
    _, out, _ = flight(
        "discover",
        *("--catalog", world.url, "--area", AREA, "--start", "2024-06-01", "--end", "2024-06-30"),
        *("--output", "json"),
    )
    [good] = json.loads(out)
    odd = copy.deepcopy(good)
    odd["id"] = "ODD"
    ODD_ITEMS[kind](odd)
    (tmp_path / "items.json").write_text(json.dumps([odd, good]))
    code, out, err = flight(
        *("ingest", "--items", tmp_path / "items.json", "--area", AREA, "--bands", "red,nir,blue"),
        *("--output", tmp_path / "out", "--skip-validation"),
    )
    assert "fault in FirstLight" not in err
    assert "\x1b" not in out + err
    assert code in (0, 3)
    assert (tmp_path / "out" / good["id"] / f"{good['id']}_stack.vrt").exists()
    if kind == "grid":  # it cannot even be read
        assert code == 3
        assert "Entry 1 of " in err
        assert "items.json is left out" in err
