"""Context layers over an area: real tiles behind a catalogue on loopback."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from firstlight.core.discovery.catalogs import AUTO, get_catalog
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.enums import AccessKind
from firstlight.core.errors import InputError, NoScenesError
from firstlight.core.moment import Moment
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.offers import context_layers
from firstlight.core.offers.context_layers import ContextLayer, layer_names, load_layers
from firstlight.core.operation import OperationResult
from firstlight.core.operations.archives import context as operation
from firstlight.core.operations.archives.context import ContextParams, run_context
from firstlight.core.raster.facts import read_facts
from firstlight.core.recipes.class_meaning import CodeWords, explain_codes
from firstlight.core.recipes.code_tables import MapSubject
from firstlight.core.settings import Settings
from firstlight.core.shapes.class_survey import survey_classes
from firstlight.core.types import Aoi
from support.providers import items_of
from support.range_server import FaultyServer
from support.rasters import write_raster
from support.schemas import check
from support.stac_server import StacServer, make_item

PIXEL = 0.0025
"""Degrees."""
SIDE = 200
AREA = Aoi.from_bounds(7.311, 46.111, 7.689, 46.389)
"""Across both tiles, on none of their pixels' edges."""


class World:
    """A catalogue with two neighbouring tiles of one layer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.items: list[dict[str, Any]] = []

    def add(
        self,
        name: str,
        layer: ContextLayer,
        data: np.ndarray[Any, Any],
        west: float,
        when: dict[str, Any],
        **profile: Any,
    ) -> None:
        write_raster(
            self.folder / f"{name}.tif",
            data,
            epsg=4326,
            resolution=PIXEL,
            origin=(west, 46.5),
            **profile,
        )
        offer = layer.offers[0]
        box = (west, 46.5 - SIDE * PIXEL, west + SIDE * PIXEL, 46.5)
        item = make_item(name, box, collection=offer.collection)
        item["properties"] = {"datetime": "2021-01-01T00:00:00Z", **when}
        item["assets"] = {offer.asset: {"href": f"{name}.tif"}}
        self.items.append(item)


@pytest.fixture
def world(tmp_path: Path) -> World:
    folder = tmp_path / "served"
    folder.mkdir()
    return World(folder)


def codes(seed: int, values: list[int], dtype: str) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).choice(values, (SIDE, SIDE)).astype(dtype)


def fetch(
    world: World,
    layer: ContextLayer,
    output: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    **values: Any,
) -> OperationResult:
    """Run the operation with the layer's offer on loopback; the product's code is as it is."""
    with FaultyServer(world.folder) as files, StacServer(world.items) as api:
        for item in world.items:
            for asset in item["assets"].values():
                asset["href"] = files.url(asset["href"])
        offer = dataclasses.replace(
            layer.offers[0], catalog=api.base_url, access=AccessKind.NOTHING
        )
        here = {layer.name: dataclasses.replace(layer, offers=(offer,))}
        monkeypatch.setattr(operation, "load_layers", lambda: here)
        values = {"area": AREA, **values}
        params = ContextParams(layer=layer.name, catalog=get_catalog(AUTO), output=output, **values)
        result = run_context(params, settings, RecordingMonitor())
        check("context.json", result.json_data())
        return result


CASES = {
    "worldcover": ([0, 10, 50, 80], "uint8", {"nodata": 0}),
    "water-occurrence": ([0, 40, 100, 255], "uint8", {"nodata": 0}),
    "water-seasonality": ([0, 6, 12, 255], "uint8", {"nodata": None}),
    "cop-dem-30": ([-32767, 0, 417, 2000], "float32", {"nodata": None}),
    "nasadem": ([-32768, 0, 417, 2000], "int16", {"nodata": -32768}),
    "dswx-hls": ([0, 1, 2, 252, 253, 254, 255], "uint8", {"nodata": 255}),
    "burned-area": ([-2, -1, 0, 200, 366], "int16", {"nodata": None}),
    "active-fire": ([0, 3, 4, 5, 7, 8, 9], "uint8", {"nodata": None}),
}
JULY = {"datetime": None, "start_datetime": "2021-07-01T00:00:00Z"}
JULY["end_datetime"] = "2021-07-31T23:59:59Z"


@pytest.mark.parametrize("name", CASES)
def test_a_layer_is_its_tiles_pixel_by_pixel(
    world: World, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    layer = load_layers()[name]
    values, dtype, profile = CASES[name]
    when = {"datetime": "2021-07-10T10:00:00Z"} if layer.dated else {}
    tiles = [codes(seed, values, dtype) for seed in (1, 2)]
    for number, tile in enumerate(tiles):
        world.add(f"tile{number}", layer, tile, 7.0 + number * SIDE * PIXEL, when, **profile)
    output = tmp_path / "layer.tif"
    day = {"date": Moment.parse(date(2021, 7, 10))} if layer.dated else {}
    result = fetch(world, layer, output, settings, monkeypatch, **day)
    with rasterio.open(output) as written:
        whole = np.hstack(tiles)
        col = round((written.transform.c - 7.0) / PIXEL)
        row = round((46.5 - written.transform.f) / PIXEL)
        expected = whole[row : row + written.height, col : col + written.width]
        assert (written.width, written.height) == (152, 112)
        assert np.array_equal(written.read(1), expected)
        assert written.nodata == layer.nodata
        assert written.dtypes == (dtype,)
        assert written.crs.to_epsg() == 4326
        tags = written.tags()
        assert (tags["product"], tags["source"]) == (layer.title, layer.source)
        assert tags["credit"]
        assert written.units[0] == (layer.unit if layer.unit != "class" else None)
        if layer.classes:
            first = layer.classes[0]
            assert tags[f"code_{first.code}"] == first.name
            assert written.colormap(1)[first.code][:3] == first.color
    seen = 100 * np.count_nonzero(expected != layer.nodata) / expected.size
    assert result.outputs["observed_percent"] == pytest.approx(seen)
    assert result.layers[0].path == output
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("name", "values", "subject", "affected", "dry"),
    [
        ("worldcover", [10, 50, 80], MapSubject.PERMANENT_WATER, {80}, {10, 50}),
        ("water-seasonality", [0, 6, 12], MapSubject.PERMANENT_WATER, {12}, {0, 6}),
        ("dswx-hls", [0, 1, 2, 253], MapSubject.EVENT, {1, 2}, {0}),
        ("active-fire", [3, 4, 5, 8, 9], MapSubject.EVENT, {8, 9}, {3, 5}),
        ("burned-area", [-2, 0, 200], MapSubject.EVENT, {200}, {-2, 0}),
    ],
)
def test_what_was_fetched_is_understood_by_the_maps(
    world: World,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    values: list[int],
    subject: MapSubject,
    affected: set[int],
    dry: set[int],
) -> None:
    layer = load_layers()[name]
    dtype = "int16" if min(values) < 0 else "uint8"
    when = {"datetime": "2021-07-10T10:00:00Z"} if layer.dated else {}
    for number in (0, 1):
        data = codes(number, values, dtype)
        world.add(f"t{number}", layer, data, 7.0 + number * SIDE * PIXEL, when, nodata=None)
    output = tmp_path / "layer.tif"
    day = {"date": Moment.parse(date(2021, 7, 10))} if layer.dated else {}
    fetch(world, layer, output, settings, monkeypatch, **day)
    meaning = explain_codes(survey_classes(output), read_facts(output), CodeWords(subject), "It")
    assert set(meaning.affected) & set(values) == affected
    assert set(meaning.dry) == dry


def test_the_newest_tile_counts_and_older_ones_fill_its_gaps(
    world: World, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = load_layers()["dswx-hls"]
    old, new = np.full((SIDE, SIDE), 1, np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    new[:, :160] = 255
    for west in (7.0, 7.5):
        world.add(f"old{west}", layer, old, west, {"datetime": "2021-07-01T10:00:00Z"}, nodata=255)
        world.add(f"new{west}", layer, new, west, {"datetime": "2021-07-09T10:00:00Z"}, nodata=255)
    world.add("after", layer, old + 1, 7.0, {"datetime": "2021-07-11T10:00:00Z"}, nodata=255)
    output = tmp_path / "layer.tif"
    july = Moment.parse(date(2021, 7, 10))
    fetch(world, layer, output, settings, monkeypatch, date=july)
    with rasterio.open(output) as written:
        found = set(np.unique(written.read(1)).tolist())
        assert written.tags()["datetime"] == "2021-07-09T10:00:00Z"
    assert found == {0, 1}, "gaps are filled by the pass before, never by one after the day"


def test_nothing_there_is_one_sentence(
    world: World, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = load_layers()["burned-area"]
    far = {"datetime": "2021-07-10T10:00:00Z"}
    world.add("t", layer, codes(1, [0], "int16"), 100.0, far)
    july = Moment.parse(date(2021, 7, 10))
    with pytest.raises(NoScenesError, match="no tile covers the area on 2021-07-10"):
        fetch(world, layer, tmp_path / "x.tif", settings, monkeypatch, date=july)
    assert not (tmp_path / "x.tif").exists()


def test_an_area_of_which_nothing_is_known_is_said_so(
    world: World, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = load_layers()["worldcover"]
    for west in (7.0, 7.5):
        world.add(f"t{west}", layer, codes(1, [0], "uint8"), west, {}, nodata=0)
    result = fetch(world, layer, tmp_path / "x.tif", settings, monkeypatch)
    assert result.data["warnings"] == ["ESA WorldCover 2021 says nothing anywhere in the area."]


@pytest.mark.parametrize("name", layer_names())
def test_every_layer_says_where_its_numbers_come_from(name: str) -> None:
    layer = load_layers()[name]
    assert layer.source
    assert layer.credit
    assert (layer.unit == "class") == bool(layer.classes)
    assert all(each.code != layer.nodata for each in layer.classes)
    assert layer.choose(get_catalog(AUTO)) in layer.offers
    for offer in layer.offers:
        assert layer.choose(get_catalog(offer.catalog)) == offer
    with pytest.raises(InputError, match=r"Brazil Data Cube \(INPE\) does not have it"):
        layer.choose(get_catalog("brazil-data-cube"))


def test_an_open_offer_comes_first() -> None:
    closed, opened = (
        dataclasses.replace(load_layers()["cop-dem-30"].offers[0], access=kind, catalog=name)
        for kind, name in ((AccessKind.ACCOUNT, "asf"), (AccessKind.TOKEN, "planetary-computer"))
    )
    layer = dataclasses.replace(load_layers()["cop-dem-30"], offers=(closed, opened))
    assert layer.choose(get_catalog(AUTO)) == opened
    assert {layer.name for layer, _ in context_layers.offered_by("po-daac")} == {
        "dswx-hls",
        "dswx-s1",
    }


def test_a_modelled_item_of_surface_water_has_its_layer_and_what_it_needs() -> None:
    layer = load_layers()["dswx-hls"]
    [item] = items_of("po-daac")
    scene = parse_item(item, layer.sensor(layer.offers[0]), "po-daac")
    assert scene.bands["layer"].href.endswith("_B01_WTR.tif")
    assert (scene.access, scene.tile) == (AccessKind.ACCOUNT, "15RUQ")


def test_amplitudes_of_the_radar_mosaic_become_decibel(
    world: World, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JAXA: gamma0 = 10 log10(DN²) - 83.0 dB."""
    layer = load_layers()["palsar-hh"]
    for west in (7.0, 7.5):
        data = codes(3, [0, 1, 1000, 4467, 65535], "uint16")
        world.add(f"t{west}", layer, data, west, {"datetime": "2020-01-01T00:00:00Z"}, nodata=None)
    day = Moment.parse(date(2020, 7, 1))
    fetch(world, layer, tmp_path / "hh.tif", settings, monkeypatch, date=day)
    with rasterio.open(tmp_path / "hh.tif") as written:
        values = written.read(1)
        assert (written.nodata, written.units[0]) == (-9999.0, "dB")
    found = sorted({round(float(value), 3) for value in np.unique(values)})
    assert found == [-9999.0, -83.0, -23.0, -10.0, 13.329]


def test_tiles_on_a_sinusoidal_grid_keep_it(
    world: World, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rasterio.crs import CRS
    from rasterio.transform import from_origin

    layer = load_layers()["burned-area"]
    crs = CRS.from_proj4("+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs")
    data = codes(5, [-1, 0, 200], "int16")
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 1, "dtype": "int16"}
    transform = from_origin(520_000.0, 5_180_000.0, 463.3127165279169, 463.3127165279167)
    with rasterio.open(
        world.folder / "sinu.tif", "w", crs=crs, transform=transform, tiled=True, **profile
    ) as file:
        file.write(data, 1)
    item = make_item("sinu", (6.5, 45.5, 8.5, 46.6), collection=layer.offers[0].collection)
    item["properties"]["datetime"] = "2021-07-10T00:00:00Z"
    item["assets"] = {layer.offers[0].asset: {"href": "sinu.tif"}}
    world.items.append(item)
    day = Moment.parse(date(2021, 7, 10))
    fetch(world, layer, tmp_path / "x.tif", settings, monkeypatch, date=day)
    with rasterio.open(tmp_path / "x.tif") as written:
        assert "sinusoidal" in written.crs.to_wkt().lower()
        col = round((written.transform.c - transform.c) / transform.a)
        row = round((transform.f - written.transform.f) / transform.a)
        part = data[row : row + written.height, col : col + written.width]
        assert part.shape == written.shape
        assert np.array_equal(written.read(1), part)


def test_tiles_of_another_width_are_brought_to_the_first(
    world: World, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copernicus DEM halves its columns towards the poles."""
    layer = load_layers()["cop-dem-30"]
    slope = np.broadcast_to(np.arange(SIDE, dtype="float32"), (SIDE, SIDE))
    world.add("north", layer, slope, 7.0, {}, nodata=None)
    write_raster(
        world.folder / "south.tif",
        slope[:, ::2] + 0.5,
        epsg=None,
        nodata=None,
        crs="EPSG:4326",
        transform=rasterio.Affine(2 * PIXEL, 0, 7.0, 0, -PIXEL, 46.0),
    )
    south = make_item("south", (7.0, 45.5, 7.5, 46.0), collection=layer.offers[0].collection)
    south["assets"] = {"data": {"href": "south.tif"}}
    world.items.append(south)
    area = Aoi.from_bounds(7.1, 45.8, 7.4, 46.2)
    fetch(world, layer, tmp_path / "x.tif", settings, monkeypatch, area=area)
    with rasterio.open(tmp_path / "x.tif") as written:
        values = written.read(1)
    assert np.isfinite(values).all()
    assert (values != layer.nodata).all()
    inside = values[:, 2:-2]
    assert np.abs(inside - inside[0]).max() <= 0.5 + 1e-4, "both halves show the same slope"


def test_an_area_across_the_antimeridian_is_one_layer(
    world: World, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = load_layers()["worldcover"]
    west, east = codes(1, [10, 20], "uint8"), codes(2, [50, 80], "uint8")
    world.add("west", layer, west, 179.5, {}, nodata=0)
    world.add("east", layer, east, -180.0, {}, nodata=0)
    area = Aoi.from_bounds(179.8, 46.1, -179.8, 46.4)
    fetch(world, layer, tmp_path / "x.tif", settings, monkeypatch, area=area)
    with rasterio.open(tmp_path / "x.tif") as written:
        values = written.read(1)
        assert written.width * PIXEL < 1.0
    assert set(np.unique(values)) == {10, 20, 50, 80}
