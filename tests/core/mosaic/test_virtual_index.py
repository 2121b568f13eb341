"""A stack or mosaic straight from the catalogue: nothing is asked of a server before a pixel is
read, and then the right one comes.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.cli import main
from firstlight.core.discovery.access import Access
from firstlight.core.discovery.area import parse_area
from firstlight.core.errors import RasterError
from firstlight.core.execution.apply import apply_layers
from firstlight.core.gdal.environment import RemoteOptions
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.mosaic.reader import MosaicReader
from firstlight.core.mosaic.virtual_index import (
    STACVRTBuilder,
    VirtualRasterIndex,
    build_index,
    mosaic_grid,
)
from firstlight.core.operations.mosaic import MosaicParams, run_mosaic
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, Grid, SceneItem
from support.range_server import FaultyServer, GetOnlyServer
from support.rasters import noise
from support.scenes import LEFT, TOP, MadeScene, area_text, serve, smooth

GRID = Grid("EPSG:32632", (10.0, 0.0, LEFT - 200, 0.0, -10.0, TOP + 100), (350, 420))


def index_of(
    settings: Settings, *scenes: SceneItem, bands: tuple[str, ...] = ("red",)
) -> VirtualRasterIndex:
    return build_index(scenes, bands, Access(settings), RecordingMonitor())


def three(
    server: FaultyServer, offsets: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> list[SceneItem]:
    """Two in zone 32 that overlap, one in zone 33 beside them."""
    from rasterio.warp import transform

    xs, ys = transform("EPSG:32632", "EPSG:32633", [LEFT + 1500], [TOP])
    places = [
        ((LEFT, TOP), 32632),
        ((LEFT + 930, TOP - 370), 32632),
        ((round(xs[0], -1), round(ys[0], -1)), 32633),
    ]
    return [
        serve(
            server,
            MadeScene(f"S{n}", {"red": smooth(n, (240, 230))}, origin, epsg, offset=offsets[n]),
        )
        for n, (origin, epsg) in enumerate(places)
    ]


@pytest.mark.parametrize(
    "offsets", [(0.0, 0.0, 0.0), (0.0, -0.1, 0.0)], ids=["one baseline", "two baselines"]
)
def test_the_vrt_costs_no_request_and_reads_as_the_mosaic(
    tmp_path: Path, server: FaultyServer, settings: Settings, offsets: tuple[float, float, float]
) -> None:
    index = index_of(settings, *three(server, offsets))
    path = STACVRTBuilder(index).build(GRID, tmp_path / "m.vrt")
    with (
        RasterReader(path, remote=RemoteOptions()) as stack,
        MosaicReader(index.plan(GRID)) as mosaic,
    ):
        assert stack.facts.grid == GRID
        assert stack.facts.bands[0].description == "red"
        assert stack.facts.bands[0].dtype == ("float32" if any(offsets) else "uint16")
        assert server.requests == []
        window = Window(0, 0, *GRID.shape)
        got, expected = stack.read(1, window), mosaic.compose(window)[0]
        assert server.requests != []
    both = np.isfinite(got) & np.isfinite(expected)
    assert 0.5 < both.mean() < 1
    assert (np.isfinite(got) != np.isfinite(expected)).mean() < 2e-3, (
        "only at the edge of what is warped"
    )
    np.testing.assert_allclose(got[both], expected[both], atol=3e-4)
    # pixel by pixel where only one scene can have it: row and column of the scene, and where it
    # begins in the grid
    for scene, (row, col), (top, left) in ((0, (15, 25), (10, 20)), (1, (230, 220), (47, 113))):
        stored = smooth(scene, (240, 230))[row, col]
        assert expected[top + row, left + col] == pytest.approx(
            stored * 1e-4 + offsets[scene], abs=1e-6
        )


def test_a_kernel_runs_over_the_vrt_as_over_any_stack(
    tmp_path: Path, server: FaultyServer, settings: Settings
) -> None:
    data = {name: noise((240, 230), n) for n, name in enumerate(("red", "nir"))}
    scene = serve(server, MadeScene("A", data))
    index = index_of(settings, scene, bands=("red", "nir"))
    path = STACVRTBuilder(index).build(GRID, tmp_path / "m.vrt")
    kernel = index_kernel("NDVI", ("red", "nir"))
    with RasterReader(path, remote=RemoteOptions()) as reader:
        bands, outputs = {"red": 1, "nir": 2}, (tmp_path / "n.tif",)
        apply_layers(reader, bands, kernel, outputs, settings, RecordingMonitor())
    with RasterReader(tmp_path / "n.tif") as made:
        got = made.read(1, Window(10, 20, 240, 230))
    red, nir = (data[name].astype(float) for name in ("red", "nir"))
    np.testing.assert_allclose(got, (nir - red) / (nir + red), atol=1e-6)


def test_an_index_comes_straight_from_the_scenes_with_no_more_than_its_blocks_fetched(
    tmp_path: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the command line: two of three scenes, a corner of each, nothing stored but the layer."""
    places = {"A": 0, "B": 8000, "far": 40_000}
    data = {
        name: {band: noise((1024, 1024), n + 5 * m) for m, band in enumerate(("red", "nir"))}
        for n, name in enumerate(places)
    }
    scenes = [
        serve(
            server, MadeScene(name, data[name], (LEFT + east, TOP)), blockxsize=128, blockysize=128
        )
        for name, east in places.items()
    ]
    items = tmp_path / "items.json"
    items.write_text(json.dumps([scene.to_dict() for scene in scenes]), encoding="utf-8")
    area = area_text((LEFT + 7050, TOP - 50), (LEFT + 11_900, TOP - 2450))
    output = tmp_path / "out" / "ndvi.tif"
    words = [
        "mosaic",
        "--items",
        str(items),
        "--area",
        area,
        "--index",
        "NDVI",
        "--rule",
        "first",
        "--output",
        str(output),
    ]
    assert main(words) == 0
    assert "of 2 scenes" in capsys.readouterr().out
    assert [path.name for path in output.parent.iterdir()] == ["ndvi.tif"]
    assert sum(server.bytes_sent(f"far/{band}.tif") for band in ("red", "nir")) == 0
    for name in ("A", "B"):
        for band in ("red", "nir"):
            whole = (Path(server.root) / name / f"{band}.tif").stat().st_size
            assert 0 < server.bytes_sent(f"{name}/{band}.tif") < 0.3 * whole + 40_000, (
                "a quarter of the rows, half of the columns"
            )
    with RasterReader(output) as made:
        got, (_, _, left, _, _, top) = (
            made.read(1, Window(0, 0, *made.grid.shape)),
            made.grid.transform,
        )
    row, first = round((TOP - top) / 10), round((left - LEFT) / 10)
    for name, east in places.items():
        if name != "far":
            red, nir = (data[name][band].astype(float) for band in ("red", "nir"))
            start = max(first, 1024 if name == "B" else 0)  # before that, A lies on top
            stop = min(first + got.shape[1], east // 10 + 1024)
            part = slice(row, row + got.shape[0]), slice(start - east // 10, stop - east // 10)
            expected = ((nir - red) / (nir + red))[part]
            np.testing.assert_allclose(got[:, start - first : stop - first], expected, atol=1e-5)


def test_the_index_knows_what_an_area_needs(server: FaultyServer, settings: Settings) -> None:
    scenes = [
        serve(
            server,
            MadeScene(
                f"T{n}",
                {"red": noise((100, 100), n)},
                (LEFT + 1000 * (n % 3), TOP - 1000 * (n // 3)),
            ),
        )
        for n in range(9)
    ]
    plan = index_of(settings, *scenes).plan(
        Grid("EPSG:32632", (10.0, 0.0, LEFT, 0.0, -10.0, TOP), (300, 300))
    )
    for window in (
        Window(0, 0, 1, 1),
        Window(95, 95, 10, 10),
        Window(100, 0, 100, 300),
        Window(299, 150, 1, 51),
    ):
        rows = range(window.row // 100, (window.row + window.rows - 1) // 100 + 1)
        cols = range(window.col // 100, (window.col + window.cols - 1) // 100 + 1)
        assert {scene.id for scene, _ in plan.in_window(window)} == {
            f"T{3 * row + col}" for row in rows for col in cols
        }
        assert (
            sum(part.rows * part.cols for _, part in plan.in_window(window))
            == window.rows * window.cols
        )
    assert server.requests == []


def test_headers_are_read_only_where_the_catalogue_is_silent(
    server: FaultyServer, settings: Settings
) -> None:
    told = serve(server, MadeScene("told", {"red": noise((100, 100), 1)}))
    made = [
        MadeScene(
            f"U{n}", {"red": noise((100, 100), n)}, (LEFT + 500, TOP - 10 * n), states_grid=False
        )
        for n in range(12)
    ]
    served = [serve(server, one) for one in made]
    server.pause_s = 0.02  # so that an answer lasts until others are asked for
    index = index_of(settings, told, *served)
    assert [scene.bands["red"].grid.bounds[3] for scene in index.scenes[1:]] == [
        one.origin[1] for one in made
    ]
    assert server.count("told/red.tif") == 0
    assert all(server.count(f"{one.id}/red.tif", "GET") <= 2 for one in made)
    assert 1 < server.most_at_once <= 8


def test_the_grid_lies_on_the_pixels_of_the_scenes(
    server: FaultyServer, settings: Settings
) -> None:
    scene = serve(server, MadeScene("A", {"red": noise((100, 100), 1)}, (LEFT + 3, TOP - 7)))
    scenes = index_of(settings, scene).scenes
    aoi = Aoi.from_bounds(10.32, 46.94, 10.325, 46.945)
    grid = mosaic_grid(scenes, aoi, "EPSG:32632")
    assert grid.resolution == (10.0, 10.0)
    assert (grid.bounds[0] - LEFT - 3) % 10 == (grid.bounds[3] - TOP + 7) % 10 == 0
    coarse = mosaic_grid(scenes, aoi, "EPSG:32632", 30.0)
    assert coarse.resolution == (30.0, 30.0)
    assert coarse.bounds[0] % 30 == coarse.bounds[3] % 30 == 0
    for one in (grid, coarse):
        assert one.shape[0] * one.resolution[0] == pytest.approx(556, abs=70), (
            "0.005 degrees of latitude"
        )


def test_a_token_never_gets_into_a_file(
    tmp_path: Path, server: FaultyServer, settings: Settings
) -> None:
    scene = serve(server, MadeScene("A", {"red": noise((100, 100), 1)}))
    signed = dataclasses.replace(scene.bands["red"], href=f"{scene.bands['red'].href}?sig=secret")
    index = index_of(settings, dataclasses.replace(scene, bands={"red": signed}))
    with pytest.raises(RasterError, match="token") as caught:
        STACVRTBuilder(index).build(GRID, tmp_path / "m.vrt")
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "m.vrt").exists()
    private = dataclasses.replace(
        settings, headers={server.base_url.partition("//")[2].rstrip("/"): {"X-Key": "secret"}}
    )
    with pytest.raises(RasterError, match="wants a login"):
        STACVRTBuilder(index_of(private, scene)).build(GRID, tmp_path / "m.vrt")


def test_the_operation_writes_either_kind(
    tmp_path: Path, server: FaultyServer, settings: Settings
) -> None:
    scenes = tuple(three(server))
    area = area_text((LEFT + 200, TOP - 200), (LEFT + 2000, TOP - 2000))
    for rule in ("first", "last"):
        made = {}
        for suffix in (".vrt", ".tif"):
            params = MosaicParams(
                scenes=scenes,
                area=parse_area(area),
                bands=("red",),
                rule=rule,
                output=tmp_path / f"{rule}{suffix}",
            )
            run_mosaic(params, settings, RecordingMonitor())
            with RasterReader(params.output, remote=RemoteOptions()) as reader:
                made[suffix] = reader.read(1, Window(0, 0, *reader.facts.grid.shape))
        both = np.isfinite(made[".vrt"]) & np.isfinite(made[".tif"])
        assert both.mean() > 0.8
        np.testing.assert_allclose(made[".vrt"][both], made[".tif"][both], atol=1e-3)
    with pytest.raises(RasterError, match="can neither leave out clouds nor take a median"):
        run_mosaic(
            dataclasses.replace(params, rule="median", output=tmp_path / "x.vrt"),
            settings,
            RecordingMonitor(),
        )


def test_degrees_need_a_pixel_size_and_keep_their_axes(
    tmp_path: Path, server: FaultyServer, settings: Settings
) -> None:
    scene = serve(server, MadeScene("A", {"red": smooth(1, (240, 230))}))
    area = area_text((LEFT + 200, TOP - 200), (LEFT + 2000, TOP - 2000))
    made = {}
    for suffix in (".vrt", ".tif"):
        words = {
            "scenes": (scene,),
            "area": parse_area(area),
            "bands": ("red",),
            "rule": "first",
            "output": tmp_path / f"d{suffix}",
        }
        params = MosaicParams(**words, crs="EPSG:4326", resolution=0.0001)
        run_mosaic(params, settings, RecordingMonitor())
        with RasterReader(params.output, remote=RemoteOptions()) as reader:
            west, south, east, _ = reader.facts.grid.bounds
            assert (round(west), round(south)) == (10, 47)
            assert 0.02 < east - west < 0.03
            made[suffix] = reader.read(1, Window(0, 0, *reader.facts.grid.shape))
    assert np.isfinite(made[".tif"]).mean() > 0.99
    # A pixel is worth up to 0.009; GDAL, which reads the VRT, blends a little wider where rows are
    # 1.1 pixels apart.
    np.testing.assert_allclose(made[".vrt"], made[".tif"], atol=6e-4)
    assert np.nanmedian(np.abs(made[".vrt"] - made[".tif"])) < 1e-4
    with pytest.raises(RasterError, match="No pixel size is given for EPSG:4326"):
        run_mosaic(dataclasses.replace(params, resolution=None), settings, RecordingMonitor())
    with pytest.raises(RasterError, match="it is not known"):
        run_mosaic(
            dataclasses.replace(params, crs="EPSG:999999", resolution=None),
            settings,
            RecordingMonitor(),
        )


def test_headers_and_pixels_come_from_a_server_that_refuses_head(
    settings: Settings, tmp_path: Path
) -> None:
    made = MadeScene("one", {"red": noise((128, 128), 1, 1, 5000)}, states_grid=False)
    with GetOnlyServer(tmp_path, 405) as server:
        index = index_of(settings, serve(server, made))
        assert index.warnings == ()
        plan = index.plan(index.scenes[0].finest)
        with MosaicReader(plan) as reader:
            values = reader.compose(Window(0, 0, 128, 128))[0]
    np.testing.assert_allclose(values, made.physical(), rtol=1e-6)
