"""From a catalogue's height model, or a file, to slope and HAND of an area."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.errors import AlgorithmError, Cancelled, InputError, NoScenesError, RasterError
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.terrain import TERRAIN, run_terrain
from firstlight.core.operations.terrain_map import CREDIT
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.recipes.inputs import StackRequest, open_inputs
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.terrain import layers as terrain_layers
from firstlight.core.terrain.utm import is_metric, metric_crs
from firstlight.core.types import Radiometry
from support.range_server import Fault, FaultyServer
from support.rasters import write_raster
from support.stac_server import StacServer, make_item

SECOND = 1 / 3600
WEST, SOUTH, SIDE = 10.0, 46.9, 0.1
"""Of the first of two cells beside each other; small ones, of a tenth of a degree."""
AREA = "10.07,46.93,10.13,46.97"
"""Across the seam between the cells."""


def ground(lon: Any, lat: Any) -> Any:
    """Metres: a valley that falls to the south along 10.1° E, with some relief."""
    return (
        900
        + 8000 * np.abs(lon - 10.1)
        + 4000 * (lat - 46.9)
        + 3 * np.sin(lon * 900) * np.cos(lat * 700)
    )


def write_cell(path: Path, west: float, step: float, height: Any = ground) -> Path:
    """Point heights as the Copernicus DEM has them: pixels of ``step`` by one second around whole
    seconds, nothing declared.
    """
    rows, cols = round(SIDE / SECOND), round(SIDE / step)
    lons = west + step * np.arange(cols)
    lats = SOUTH + SIDE - SECOND * np.arange(rows)
    data = np.broadcast_to(height(lons[None], lats[:, None]), (rows, cols)).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    import rasterio
    from rasterio.transform import Affine

    options = {
        "driver": "GTiff",
        "width": cols,
        "height": rows,
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:4326",
    }
    options |= {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}
    transform = Affine(step, 0, west - step / 2, 0, -SECOND, SOUTH + SIDE + SECOND / 2)
    with rasterio.open(path, "w", transform=transform, **options) as target:
        target.write(data, 1)
    return path


@dataclass(frozen=True)
class World:
    """A catalogue with a height model of two cells, the eastern one half as fine from
    west to east.
    """

    url: str
    files: FaultyServer
    api: StacServer


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("cells")) as made:
        yield made


@contextmanager
def made_world(folder: Path) -> Iterator[World]:
    items = []
    with FaultyServer(folder) as files:
        for name, west, step in (("west", WEST, SECOND), ("east", WEST + SIDE, 2 * SECOND)):
            write_cell(folder / f"{name}.tif", west, step)
            box = (
                west - step / 2,
                SOUTH + SECOND / 2,
                west + SIDE - step / 2,
                SOUTH + SIDE + SECOND / 2,
            )
            assets = {
                "data": {
                    "href": files.url(f"{name}.tif"),
                    "raster:bands": [{"data_type": "float32", "unit": "meter"}],
                }
            }
            items.append(
                make_item(
                    f"DEM_{name}", box, "2021-04-22T00:00:00Z", "cop-dem-glo-30", assets, gsd=30
                )
            )
        with StacServer(items) as api:
            yield World(api.base_url, files, api)


def run(output: Path, **params: Any) -> Any:
    monitor = params.pop("monitor", RecordingMonitor())
    return run_terrain(TERRAIN.make_params({"output": output, **params}), Settings(), monitor)


def read(path: Path) -> tuple[Any, Any]:
    """Values, NaN = no data; and the dataset's profile with its unit."""
    import rasterio

    with rasterio.open(path) as dataset:
        values = dataset.read(1)
        facts = {**dataset.profile, "unit": dataset.units[0], "tags": dataset.tags()}
        return np.where(values == dataset.nodata, np.nan, values), facts


def lonlat(facts: Any) -> tuple[Any, Any]:
    """Of the pixels' centres."""
    from rasterio.warp import transform

    rows, cols = np.indices((facts["height"], facts["width"])) + 0.5
    a, _, c, _, e, f = tuple(facts["transform"])[:6]
    xs, ys = transform(facts["crs"], "EPSG:4326", (c + a * cols).ravel(), (f + e * rows).ravel())
    return np.reshape(xs, rows.shape), np.reshape(ys, rows.shape)


def test_two_cells_become_one_model_on_a_metric_grid(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(world.api.searches)
    words = [
        "terrain",
        "--area",
        AREA,
        "--catalog",
        world.url,
        "--output",
        str(tmp_path),
        "--buffer",
        "2",
        "--json",
    ]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert all("datetime" not in one.query for one in world.api.searches[before:])
    assert len(world.api.searches) > before
    heights, facts = read(tmp_path / "dem.tif")
    assert facts["crs"] == "EPSG:32632"
    assert facts["transform"][0] == 30
    assert facts["unit"] == "m"
    np.testing.assert_allclose(
        heights, ground(*lonlat(facts)), atol=4
    )  # a bend at the valley's line, cut off by interpolation
    item = Path(told["outputs"].pop("provenance"))
    assert told["outputs"] == {
        name: str(tmp_path / f"{name}.tif") for name in ("dem", "slope", "hand")
    }
    record = json.loads(item.read_text(encoding="utf-8"))
    assert {name: asset["bands"][0]["unit"] for name, asset in record["assets"].items()} == {
        "dem": "m",
        "slope": "degree",
        "hand": "m",
    }
    assert [one["id"] for one in record["properties"]["firstlight:inputs"]] == [
        "DEM_east",
        "DEM_west",
    ]
    assert (tmp_path / "catalog.json").is_file()
    assert told["statistics"]["height_known_percent"] == 100
    assert [one["item_id"] for one in told["provenance"]["inputs"]["heights"]] == [
        "DEM_east",
        "DEM_west",
    ]
    assert told["provenance"]["credit"] == facts["tags"]["credit"] == CREDIT


def test_the_height_model_is_found_fetched_and_put_together_like_any_scene(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No dates, no clouds, no radar."""
    where = ["--area", AREA, "--catalog", world.url, "--sensor", "dem"]
    assert main(["discover", *where, "--output", "json"]) == 0
    items = capsys.readouterr().out
    assert [one["id"] for one in json.loads(items)] == ["DEM_east", "DEM_west"]
    assert (
        main(
            ["discover", *where, "--start", "2024-05-01", "--end", "2024-06-01", "--output", "json"]
        )
        == 0
    )
    assert capsys.readouterr().out == items  # an event's dates do not rule it out
    (tmp_path / "items.json").write_text(items, encoding="utf-8")
    mosaic = tmp_path / "m.tif"
    assert (
        main(
            [
                "mosaic",
                "--items",
                str(tmp_path / "items.json"),
                "--area",
                AREA,
                "--output",
                str(mosaic),
            ]
        )
        == 0
    )
    assert "cloud" not in capsys.readouterr().err
    values, facts = read(mosaic)
    np.testing.assert_allclose(values, ground(*lonlat(facts)), atol=4)
    assert main(["ingest", *where, "--output", str(tmp_path / "stacks")]) == 0
    west, _ = read(next((tmp_path / "stacks").glob("DEM_west/*stack.*")))
    assert 900 < np.nanmean(west) < 2000
    assert main(["discover", "--area", AREA, "--catalog", world.url, "--sensor", "sentinel2"]) == 2
    assert "start and end not given" in capsys.readouterr().err


def test_slope_reaches_the_areas_edge_and_is_gdals(world: World, tmp_path: Path) -> None:
    from osgeo import gdal

    run(tmp_path, area=AREA, catalog=world.url, buffer=1.0)
    slope, facts = read(tmp_path / "slope.tif")
    assert facts["unit"] == "degree"
    assert np.isfinite(slope).all()  # its surroundings were read too
    made = gdal.DEMProcessing("", str(tmp_path / "dem.tif"), "slope", format="MEM").ReadAsArray()
    np.testing.assert_allclose(slope[1:-1, 1:-1], made[1:-1, 1:-1], atol=2e-3)


def test_hand_grows_with_the_distance_from_the_valley(world: World, tmp_path: Path) -> None:
    result = run(tmp_path, area=AREA, catalog=world.url, buffer=2.0)
    hand, facts = read(tmp_path / "hand.tif")
    lon, _ = lonlat(facts)
    assert facts["unit"] == "m"
    assert np.nanmin(hand) == 0
    near, far = hand[np.abs(lon - 10.1) < 0.001], hand[np.abs(np.abs(lon - 10.1) - 0.025) < 0.001]
    assert np.nanmedian(near) < 10 < 50 < np.nanmedian(far)
    share = 100 * np.isnan(hand).mean()
    assert result.outputs["no_drainage_percent"] == pytest.approx(share)
    assert any("HAND is not known" in text for text in result.value.warnings) == (share > 0)


def test_the_place_may_be_that_of_a_stack_in_degrees_and_hand_joins_it(
    world: World, tmp_path: Path
) -> None:
    """A radar chip of 10 m in EPSG:4326: HAND in metres of UTM comes onto its pixels,
    everywhere.
    """
    step = 10 / 111_320
    pixels = np.full((200, 260), 0.05, np.float32)
    chip = write_raster(
        tmp_path / "vv.tif", pixels, nodata=None, epsg=4326, resolution=step, origin=(10.08, 46.95)
    )
    stack = tmp_path / "s.vrt"
    create_band_stack(
        {"vv": BandSource(chip, radiometry=Radiometry(1.0, 0.0, None, "power"))}, stack
    )
    run(tmp_path / "t", like=stack, catalog=world.url, buffer=2.0)
    wanted = {"post": StackRequest(stack, {"backscatter": ("vv",)}, masks=False)}
    extras = {f"terrain.{name}": tmp_path / "t" / f"{name}.tif" for name in ("dem", "hand")}
    inputs = open_inputs("Water", wanted, tmp_path / "out", RecordingMonitor(), extras)
    with RasterReader(inputs.path) as reader:
        assert reader.facts.grid.shape == (200, 260)
        heights = reader.read(inputs.indexes[inputs.bands["terrain.dem"]], Window(0, 0, 200, 260))
        hand = reader.read(inputs.indexes[inputs.bands["terrain.hand"]], Window(0, 0, 200, 260))
    assert np.isfinite(hand).mean() > 0.9
    assert np.nanmin(hand) >= 0
    lons, lats = 10.08 + step * (np.arange(260) + 0.5), 46.95 - step * (np.arange(200) + 0.5)
    np.testing.assert_allclose(heights, ground(lons[None], lats[:, None]), atol=6)


def test_a_file_of_whole_metres_is_taken_and_its_zeros_are_heights(tmp_path: Path) -> None:
    cols = np.indices((60, 70))[1]
    data = np.maximum(0, 40 - cols).astype(np.int16)
    file = write_raster(
        tmp_path / "own.tif",
        data,
        nodata=None,
        epsg=32632,
        resolution=30.0,
        origin=(600000.0, 5200020.0),
    )
    result = run(tmp_path / "t", dem=file, drainage=0.5)
    heights, _ = read(tmp_path / "t" / "dem.tif")
    np.testing.assert_array_equal(heights, data)  # its own pixels, not interpolated
    assert any("taken to its edges" in text for text in result.value.warnings)
    hand, _ = read(tmp_path / "t" / "hand.tif")
    middle = hand[20, 10:60]
    np.testing.assert_allclose(middle, np.maximum(0, 40 - cols[20, 10:60]), atol=1)
    assert "credit" not in result.value.provenance


def test_what_is_missing_of_the_model_is_missing_and_said(world: World, tmp_path: Path) -> None:
    result = run(tmp_path, area="10.15,46.93,10.22,46.97", catalog=world.url, buffer=1.0)
    heights, facts = read(tmp_path / "dem.tif")
    lon, _ = lonlat(facts)
    assert np.isnan(heights[lon > 10.2005]).all()
    assert np.isfinite(heights[lon < 10.199]).all()
    for name in ("slope", "hand"):
        assert np.isnan(read(tmp_path / f"{name}.tif")[0][lon > 10.2005]).all()
    assert "No height is known for" in result.text


def test_the_surroundings_change_what_is_known_not_where(world: World, tmp_path: Path) -> None:
    shapes = []
    for buffer in (0.0, 2.0):
        run(tmp_path / str(buffer), area=AREA, catalog=world.url, buffer=buffer)
        shapes.append(read(tmp_path / str(buffer) / "hand.tif"))
    (alone, facts), (within, same) = shapes
    assert facts["transform"] == same["transform"]
    assert alone.shape == within.shape
    assert np.isnan(within).sum() <= np.isnan(alone).sum()


@pytest.mark.thorough
def test_tiles_and_engines_change_nothing(world: World, tmp_path: Path) -> None:
    made = []
    for number, (tile, workers) in enumerate(((64, 1), (512, 2), (2048, 2))):
        settings = Settings().override(tile_size=tile, workers=workers)
        folder = tmp_path / str(number)
        run_terrain(
            TERRAIN.make_params({"area": AREA, "catalog": world.url, "output": folder}),
            settings,
            RecordingMonitor(),
        )
        made.append(
            [read(folder / f"{name}.tif")[0].tobytes() for name in ("dem", "slope", "hand")]
        )
    assert made[1] == made[2]
    assert made[0] == made[1]


def test_a_cell_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    with made_world(tmp_path / "cells") as broken:
        broken.files.break_next("east.tif", Fault(status=404))
        with pytest.raises(RasterError, match="DEM_east"):
            run(tmp_path / "t", area=AREA, catalog=broken.url)
    assert list((tmp_path / "t").iterdir()) == []


def test_where_there_are_no_heights_it_is_said(world: World, tmp_path: Path) -> None:
    with pytest.raises(NoScenesError, match="No height model found"):
        run(tmp_path, area="20,46.93,20.05,46.97", catalog=world.url, buffer=0.0)
    empty = write_raster(tmp_path / "e.tif", np.full((20, 20), -9999, np.float32), nodata=-9999)
    with pytest.raises(AlgorithmError, match="no height is known anywhere"):
        run(tmp_path / "t", dem=empty)
    assert not list((tmp_path / "t").iterdir())


def test_too_little_memory_is_told_before_anything_is_read(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terrain_layers, "free_bytes", lambda: 10_000)
    with pytest.raises(AlgorithmError, match="smaller area"):
        run(tmp_path, area=AREA, catalog=world.url)


def test_unusable_words_are_named(tmp_path: Path) -> None:
    two = write_raster(tmp_path / "two.tif", np.ones((2, 8, 8), np.float32))
    nowhere = write_raster(tmp_path / "nowhere.tif", np.ones((8, 8), np.float32), epsg=None)
    taken = write_raster(tmp_path / "dem.tif", np.ones((8, 8), np.float32))
    for params, words in (
        ({}, "no place is given"),
        ({"area": AREA, "like": two}, "at once"),
        ({"dem": two}, "2 bands"),
        ({"dem": nowhere}, "no coordinate system"),
        ({"like": nowhere}, "no coordinate system"),
        ({"dem": taken}, "it is an input"),
    ):
        with pytest.raises(InputError, match=words):
            run(tmp_path, **params)


def test_a_stop_leaves_no_half_layer(world: World, tmp_path: Path) -> None:
    class Impatient(RecordingMonitor):
        def cancelled(self) -> bool:
            return any("following" in getattr(event, "message", "") for event in self.events)

    with pytest.raises(Cancelled):
        run(tmp_path, area=AREA, catalog=world.url, monitor=Impatient())
    assert [path for path in tmp_path.iterdir() if path.suffix == ".tif"] == []


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [(10.1, 46.9, "EPSG:32632"), (-0.1, -33.0, "EPSG:32730"),
     (180.0, 10.0, "EPSG:32601"), (-180.0, 10.0, "EPSG:32601"),
     (179.9, -17.0, "EPSG:32760"), (15.0, 85.0, "EPSG:32661"), (15.0, -85.0, "EPSG:32761")],
)  # fmt: skip
def test_the_metric_system_is_that_of_the_place(lon: float, lat: float, crs: str) -> None:
    assert metric_crs(lon, lat) == crs
    assert is_metric(crs)


@pytest.mark.parametrize(
    "crs", ["EPSG:3857", "EPSG:4326", "EPSG:32662", "EPSG:32600", "EPSG:326321", ""]
)
def test_a_web_map_is_not_metric(crs: str) -> None:
    assert not is_metric(crs)


def test_the_operation_tells_its_sources() -> None:
    assert TERRAIN.algorithm is not None
    assert len(TERRAIN.algorithm.references) == 3
