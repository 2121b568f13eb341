"""Mosaics against whole arrays and rasterio's warper: values, rules, clouds, seams, zones; and what
they cost on the network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from firstlight.core.discovery.area import parse_area
from firstlight.core.errors import Cancelled, InputError, RasterError, SceneReadError
from firstlight.core.monitor import Event, Note, Progress, RecordingMonitor
from firstlight.core.operation import OperationResult
from firstlight.core.operations.mosaic import MosaicParams, run_mosaic
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.types import Grid, Radiometry, SceneItem
from support.grids import exact_places
from support.range_server import ALWAYS, Fault, FaultyServer
from support.rasters import noise
from support.scenes import LEFT, TOP, MadeScene, area_text, serve, smooth
from support.waiting import Gate, StopWhen, stop_at

Floats = npt.NDArray[np.float64]


@pytest.fixture
def small(settings: Settings) -> Settings:
    """Tiles of 128 pixels: many of them, in lines that no scene of these tests lies on."""
    return dataclasses.replace(settings, tile_size=128)


def run(
    folder: Path, scenes: list[SceneItem], area: str, settings: Settings, **more: Any
) -> OperationResult:
    monitor = more.pop("monitor", None) or RecordingMonitor()
    output = folder / more.pop("name", "mosaic.tif")
    return run_mosaic(
        MosaicParams(scenes=tuple(scenes), area=parse_area(area), output=output, **more),
        settings,
        monitor,
    )


def pixels(result: OperationResult) -> tuple[Floats, tuple[float, float], str]:
    """All bands, (bands, rows, cols), NaN = no data; the upper left corner; the
    coordinate system.
    """
    import rasterio

    with rasterio.open(result.value.outputs["mosaic"]) as dataset:
        values = dataset.read(masked=True).astype(float)
        scale = np.array(dataset.scales)[:, None, None]
        return (
            (values * scale).filled(np.nan),
            (dataset.transform.c, dataset.transform.f),
            dataset.crs.to_string(),
        )


def laid(
    made: MadeScene, corner: tuple[float, float], shape: tuple[int, int], band: str = "red"
) -> Floats:
    """A scene's values on a canvas, pixel by pixel, naively."""
    canvas = np.full(shape, np.nan)
    values = made.physical(band)
    step = made.resolution.get(band, 10.0)
    for row in range(shape[0]):
        line = int((made.origin[1] - (corner[1] - 10 * row - 5)) // step)
        if not 0 <= line < values.shape[0]:
            continue
        columns = ((corner[0] + 10 * np.arange(shape[1]) + 5 - made.origin[0]) // step).astype(int)
        good = (columns >= 0) & (columns < values.shape[1])
        canvas[row, good] = values[line, columns[good]]
    return canvas


def three_scenes() -> list[MadeScene]:
    """Overlapping, of different processing baselines, each with a hole."""
    made = []
    for number, (east, south) in enumerate(((0, 0), (1370, 410), (530, 1650))):
        data = {
            name: noise((211, 237), 10 * number + place)
            for place, name in enumerate(("red", "nir"))
        }
        data["red"][40 + 30 * number : 90 + 30 * number, 50:120] = 0
        origin = (LEFT + east, TOP - south)
        made.append(
            MadeScene(
                f"S{number}",
                data,
                origin,
                offset=(0.0, -0.1, 0.0)[number],
                when=f"2024-06-0{3 - number}T10:00:00Z",
            )
        )
    return made


WHOLE = area_text((LEFT - 300, TOP + 200), (LEFT + 4100, TOP - 4000))


@pytest.mark.parametrize(
    ("rule", "order"),
    [("first", "given"), ("last", "given"), ("first", "date"), ("median", "given")],
)
def test_pixels_are_those_of_whole_arrays(
    tmp_path: Path, server: FaultyServer, small: Settings, rule: str, order: str
) -> None:
    made = three_scenes()
    scenes = [serve(server, one) for one in made]
    result = run(
        tmp_path, scenes, WHOLE, small, bands=("red", "nir"), rule=rule, order=order, clouds="keep"
    )
    got, corner, crs = pixels(result)
    assert crs == "EPSG:32632"
    layers = np.stack(
        [[laid(one, corner, got.shape[1:], band) for band in ("red", "nir")] for one in made]
    )
    layers[:, :, np.isnan(layers).any(axis=1).any(axis=0)] = (
        np.where(  # a pixel's bands come from the same scenes
            np.isnan(layers).any(axis=1, keepdims=True), np.nan, layers
        )[:, :, np.isnan(layers).any(axis=1).any(axis=0)]
    )
    if rule == "median":
        with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
            expected = np.nanmedian(layers, axis=0)
    else:
        turn = [0, 1, 2] if (rule, order) == ("first", "given") else [2, 1, 0]
        expected = layers[turn[0]]
        for other in turn[1:]:
            expected = np.where(np.isnan(expected), layers[other], expected)
    assert (np.isnan(got) == np.isnan(expected)).all()
    assert 0.3 < np.isfinite(got[0]).mean() < 0.9
    np.testing.assert_allclose(got, expected, atol=2e-7, rtol=0)


def test_a_pixel_with_a_hole_in_one_band_is_taken_whole_from_the_next_scene(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    data = {"red": noise((60, 60), 1), "nir": noise((60, 60), 2)}
    data["nir"][10:20, 10:20] = 0
    first, second = (
        MadeScene("A", data),
        MadeScene("B", {"red": noise((60, 60), 3), "nir": noise((60, 60), 4)}),
    )
    area = area_text((LEFT + 20, TOP - 20), (LEFT + 580, TOP - 580))
    result = run(
        tmp_path,
        [serve(server, first), serve(server, second)],
        area,
        small,
        bands=("red", "nir"),
        rule="first",
    )
    got, corner, _ = pixels(result)
    row, col = round((TOP - corner[1]) / 10), round((corner[0] - LEFT) / 10)
    np.testing.assert_allclose(
        got[0, 12 - row, 12 - col], second.physical("red")[12, 12], atol=1e-6
    )
    np.testing.assert_allclose(got[0, 25 - row, 25 - col], first.physical("red")[25, 25], atol=1e-6)


def with_sky(number: int, cloudy: tuple[slice, slice], cloud: int) -> MadeScene:
    classes = np.full((80, 80), 4, dtype=np.uint8)
    classes[cloudy] = cloud
    data = {"red": noise((160, 160), number), "scl": classes}
    return MadeScene(f"C{number}", data, resolution={"scl": 20.0})


@pytest.mark.thorough
@pytest.mark.parametrize("rule", ["clear", "median", "first"])
def test_clouds_are_left_out_where_the_rule_says_so(
    tmp_path: Path, server: FaultyServer, small: Settings, rule: str
) -> None:
    cloudy, clearer = (
        with_sky(1, np.s_[:50, :], 9),
        with_sky(2, np.s_[20:40, 10:30], 1),
    )  # clouds; saturated, beside 4: a mean would be 2
    scenes = [serve(server, one) for one in (cloudy, clearer)]
    area = area_text((LEFT + 30, TOP - 30), (LEFT + 1570, TOP - 1570))
    got, corner, _ = pixels(run(tmp_path, scenes, area, small, bands=("red",), rule=rule))
    layers = []
    for one in (cloudy, clearer):
        clear = np.isin(one.bands["scl"], [2, 4, 5, 6, 7, 11]).repeat(2, 0).repeat(2, 1)
        seen = (
            dataclasses.replace(one, bands={"red": np.where(clear, one.bands["red"], 0)})
            if rule != "first"
            else one
        )
        layers.append(laid(seen, corner, got.shape[1:]))
    if rule == "median":
        with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
            expected = np.nanmedian(np.stack(layers), axis=0)
    else:
        best, other = layers[::-1] if rule == "clear" else layers
        expected = np.where(np.isnan(best), other, best)
    assert np.isnan(expected).any() == (rule != "first"), "where both are cloudy there is no data"
    np.testing.assert_allclose(got[0], expected, atol=2e-7, rtol=0)


def test_a_scene_that_is_all_cloud_costs_its_mask_alone(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    scenes = [
        serve(server, one) for one in (with_sky(1, np.s_[:, :], 9), with_sky(2, np.s_[:1, :1], 9))
    ]
    area = area_text((LEFT + 30, TOP - 30), (LEFT + 1570, TOP - 1570))
    run(tmp_path, scenes, area, small, bands=("red",), rule="median")
    assert server.count("C1/scl.tif") > 0
    assert server.count("C1/red.tif") == 0


def test_a_mask_is_never_averaged_on_a_coarser_grid(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    classes = np.random.default_rng(3).choice(np.array([1, 4, 9, 11], dtype=np.uint8), (390, 390))
    made = MadeScene("A", {"red": noise((780, 780), 1), "scl": classes}, resolution={"scl": 20.0})
    scene = serve(server, made, cog=True)  # its overviews are interpolated
    area = area_text((LEFT + 130, TOP - 130), (LEFT + 7600, TOP - 7600))
    got, corner, _ = pixels(
        run(tmp_path, [scene], area, small, bands=("red",), rule="median", resolution=60.0)
    )
    row, col = round((TOP - corner[1]) / 60), round((corner[0] - LEFT) / 60)
    middle = classes[1::3, 1::3][row : row + got.shape[1], col : col + got.shape[2]]
    assert got.shape[1] > 100
    np.testing.assert_array_equal(np.isfinite(got[0]), np.isin(middle, [4, 11]))


def interpolated(
    made: MadeScene, corner: tuple[float, float], shape: tuple[int, int], crs: str
) -> Floats:
    """Between the four around each pixel's centre; NaN where one of them is missing."""
    source = Grid(
        f"EPSG:{made.epsg}",
        (10.0, 0.0, made.origin[0], 0.0, -10.0, made.origin[1]),
        made.bands["red"].shape,
    )
    target = Grid(crs, (10.0, 0.0, corner[0], 0.0, -10.0, corner[1]), shape)
    rows, cols = exact_places(source, target, Window(0, 0, *shape))
    height, width = source.shape
    inside = (rows >= 0) & (cols >= 0) & (rows < height - 1) & (cols < width - 1)
    top, left = (np.where(inside, np.floor(one), 0).astype(int) for one in (rows, cols))
    y, x, values = rows - top, cols - left, made.physical()
    upper = values[top, left] * (1 - x) + values[top, left + 1] * x
    lower = values[top + 1, left] * (1 - x) + values[top + 1, left + 1] * x
    return np.where(inside, upper * (1 - y) + lower * y, np.nan)


ZONES = {
    "at 12 degrees east": (32632, 32633, 12.0, 47.0),
    "at the antimeridian, south": (32760, 32701, 180.0, -17.0),
}


@pytest.mark.parametrize(("west", "east", "lon", "lat"), ZONES.values(), ids=ZONES.keys())
def test_two_zones_come_onto_one_grid(
    tmp_path: Path,
    server: FaultyServer,
    small: Settings,
    west: int,
    east: int,
    lon: float,
    lat: float,
) -> None:
    from rasterio.warp import transform

    corners = [
        tuple(round(v[0], -1) for v in transform("EPSG:4326", f"EPSG:{epsg}", [lon], [lat]))
        for epsg in (west, east)
    ]
    made = [
        MadeScene(
            "W", {"red": smooth(0, (300, 300))}, (corners[0][0] - 2500, corners[0][1] + 1500), west
        ),
        MadeScene(
            "E", {"red": smooth(3, (300, 300))}, (corners[1][0] - 300, corners[1][1] + 1500), east
        ),
    ]
    scenes = [serve(server, one) for one in made]
    right = lon + 0.02 if lon < 180 else -179.98
    area = f"{lon - 0.03},{lat - 0.01},{right},{lat + 0.01}"
    got, corner, crs = pixels(run(tmp_path, scenes, area, small, bands=("red",), rule="first"))
    assert crs == f"EPSG:{west}", "the zone whose scenes cover most of the area"
    own, other = (
        laid(made[0], corner, got.shape[1:]),
        interpolated(made[1], corner, got.shape[1:], crs),
    )
    kept = np.isfinite(own)
    np.testing.assert_allclose(got[0][kept], own[kept], atol=2e-7)
    filled = ~kept & np.isfinite(got[0]) & np.isfinite(other)
    assert kept.sum() > 10_000
    assert filled.sum() > 10_000
    # lines are straight to a hundredth of a pixel, and a pixel is worth up to 0.009 here
    apart = np.abs(got[0][filled] - other[filled])
    assert apart.max() < 9e-5
    assert np.median(apart) < 5e-6
    assert (np.isfinite(got[0]) == (kept | np.isfinite(other))).mean() > 0.99, (
        "but for half a pixel along the scene's edge"
    )


def test_a_coarse_band_is_interpolated_onto_the_fine_grid(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    data = {"red": noise((240, 240), 1), "swir16": smooth(1, (120, 120))}
    made = MadeScene("A", data, resolution={"swir16": 20.0})
    area = area_text((LEFT + 100, TOP - 100), (LEFT + 2300, TOP - 2300))
    got, corner, _ = pixels(
        run(tmp_path, [serve(server, made)], area, small, bands=("red", "swir16"), rule="first")
    )
    rows = (
        (TOP - corner[1]) / 20 + (np.arange(got.shape[1]) + 0.5) / 2 - 0.5
    )  # in pixels of 20 m, from centre to centre
    cols = (corner[0] - LEFT) / 20 + (np.arange(got.shape[2]) + 0.5) / 2 - 0.5
    top, left = np.floor(rows).astype(int)[:, None], np.floor(cols).astype(int)[None]
    y, x = (rows - np.floor(rows))[:, None], (cols - np.floor(cols))[None]
    v = made.physical("swir16")
    expected = (v[top, left] * (1 - x) + v[top, left + 1] * x) * (1 - y) + (
        v[top + 1, left] * (1 - x) + v[top + 1, left + 1] * x
    ) * y
    np.testing.assert_allclose(got[1], expected, atol=1e-4)


def test_the_bytes_do_not_depend_on_threads(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    scenes = [serve(server, one) for one in three_scenes()]
    for workers in (1, 3):
        run(
            tmp_path,
            scenes,
            WHOLE,
            dataclasses.replace(small, workers=workers),
            bands=("red",),
            name=f"{workers}.tif",
        )
    assert (tmp_path / "1.tif").read_bytes() == (tmp_path / "3.tif").read_bytes()


def of_tile(number: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, Progress) and f"tile {number} of" in event.detail


@pytest.mark.thorough
@pytest.mark.parametrize("rule", ["first", "median"])
def test_finished_tiles_are_kept_where_that_is_asked_and_belong_to_these_scenes(
    tmp_path: Path, server: FaultyServer, small: Settings, rule: str
) -> None:
    scenes = [serve(server, one) for one in three_scenes()]
    whole = run(tmp_path, scenes, WHOLE, small, bands=("red",), rule=rule, name="whole.tif")
    for again, finds in ((scenes, 4), (scenes[:2], 0)):
        with pytest.raises(Cancelled), stop_at(of_tile(4)) as stop:
            run(
                tmp_path, scenes, WHOLE, small, bands=("red",), rule=rule, monitor=stop, resume=True
            )
        assert (tmp_path / "mosaic.tif.tiles.part").is_file()
        monitor = RecordingMonitor()
        run(tmp_path, again, WHOLE, small, bands=("red",), rule=rule, monitor=monitor, resume=True)
        told = [
            event.detail
            for event in monitor.events
            if isinstance(event, Progress) and "tile" in event.detail
        ]
        assert int(told[0].split()[1]) > finds
        assert (int(told[0].split()[1]) == 1) == (finds == 0)
        if again is scenes:
            assert (tmp_path / "mosaic.tif").read_bytes() == whole.value.outputs[
                "mosaic"
            ].read_bytes()
    assert not (tmp_path / "mosaic.tif.tiles.part").exists()


def test_scaled_whole_numbers_keep_scale_nodata_names_and_where_they_come_from(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    scenes = [serve(server, one) for one in three_scenes()]
    whole = run(
        tmp_path,
        scenes,
        WHOLE,
        dataclasses.replace(small, output_dtype="int16"),
        bands=("red", "nir"),
        rule="last",
    )
    exact = run(tmp_path, scenes, WHOLE, small, bands=("red", "nir"), rule="last", name="exact.tif")
    with RasterReader(whole.value.outputs["mosaic"]) as reader:
        facts = reader.facts
    assert [band.description for band in facts.bands] == ["red", "nir"]
    assert {band.dtype for band in facts.bands} == {"int16"}
    assert facts.bands[0].radiometry.scale == pytest.approx(1e-4)
    assert facts.bands[0].radiometry.unit == "reflectance"
    assert facts.tags["scenes"] == "S2,S1,S0"
    assert facts.tags["rule"] == "last"
    assert facts.tags["sensor"] == "sentinel2"
    np.testing.assert_allclose(pixels(whole)[0], pixels(exact)[0], atol=5.1e-5)


def test_an_index_needs_no_file_in_between(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    made = three_scenes()
    scenes = [serve(server, one) for one in made]
    bands, corner, _ = pixels(
        run(tmp_path, scenes, WHOLE, small, bands=("red", "nir"), rule="first")
    )
    index, again, _ = pixels(
        run(tmp_path, scenes, WHOLE, small, index="NDVI", rule="first", name="ndvi.tif")
    )
    assert corner == again
    np.testing.assert_allclose(index[0], (bands[1] - bands[0]) / (bands[1] + bands[0]), atol=1e-5)
    with pytest.raises(InputError, match="a VRT computes nothing"):
        run(tmp_path, scenes, WHOLE, small, index="NDVI", rule="first", name="ndvi.vrt")


def test_only_the_needed_blocks_are_fetched_each_of_them_once(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    made = MadeScene("A", {"red": noise((1024, 1024), 1)})
    scene = serve(server, made, blockxsize=256, blockysize=256)
    size = (Path(server.root) / "A/red.tif").stat().st_size
    run(
        tmp_path,
        [scene],
        area_text((LEFT + 100, TOP - 100), (LEFT + 2400, TOP - 2400)),
        small,
        bands=("red",),
        rule="first",
    )
    assert server.bytes_sent("A/red.tif") < size * (4 / 16) * 1.15 + 40_000, (
        "four of sixteen blocks, read two by two"
    )
    before = server.bytes_sent("A/red.tif")
    run(
        tmp_path,
        [scene],
        area_text((LEFT + 50, TOP - 50), (LEFT + 10190, TOP - 10190)),
        small,
        bands=("red",),
        rule="first",
    )
    assert server.bytes_sent("A/red.tif") - before < size * 1.1 + 40_000, (
        "64 tiles across 16 blocks"
    )


def test_what_the_first_scene_fills_is_not_fetched_from_the_next(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    scenes = [serve(server, MadeScene(name, {"red": noise((200, 200), 1)})) for name in ("A", "B")]
    run(
        tmp_path,
        scenes,
        area_text((LEFT + 50, TOP - 50), (LEFT + 1900, TOP - 1900)),
        small,
        bands=("red",),
        rule="first",
    )
    assert server.count("B/red.tif") == 0


def test_scenes_without_stated_grids_give_the_same_pixels(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    made = three_scenes()
    told = run(
        tmp_path, [serve(server, one) for one in made], WHOLE, small, bands=("red",), rule="first"
    )
    untold = [serve(server, dataclasses.replace(one, states_grid=False)) for one in made]
    assert all(scene.bands["red"].grid is None for scene in untold)
    again = run(tmp_path, untold, WHOLE, small, bands=("red",), rule="first", name="again.tif")
    np.testing.assert_array_equal(pixels(told)[0], pixels(again)[0])


@pytest.mark.thorough
@pytest.mark.parametrize("states_grid", [True, False])
def test_a_scene_that_is_gone_is_named_and_the_others_go_on(
    tmp_path: Path, server: FaultyServer, small: Settings, states_grid: bool
) -> None:
    made = [dataclasses.replace(one, states_grid=states_grid) for one in three_scenes()]
    scenes = [serve(server, one) for one in made]
    server.break_next("S1/red.tif", Fault(status=404, times=ALWAYS))
    monitor = RecordingMonitor()
    result = run(tmp_path, scenes, WHOLE, small, bands=("red",), rule="first", monitor=monitor)
    assert any(isinstance(e, Note) and "S1" in e.text and "404" in e.text for e in monitor.events)
    assert result.status == "partial"
    assert "S1" not in result.value.provenance["scenes"]
    assert any("S1" in line for line in result.value.warnings)
    alone = run(
        tmp_path,
        [scenes[0], scenes[2]],
        WHOLE,
        small,
        bands=("red",),
        rule="first",
        name="alone.tif",
    )
    np.testing.assert_array_equal(pixels(result)[0], pixels(alone)[0])


def test_a_scene_that_is_gone_ends_it_where_that_is_wanted(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    scenes = [serve(server, one) for one in three_scenes()]
    server.break_next("S1/red.tif", Fault(status=404, times=ALWAYS))
    with pytest.raises(SceneReadError, match="S1"):
        run(tmp_path, scenes, WHOLE, small, bands=("red",), rule="first", on_error="fail")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["served"]


def test_a_passing_failure_is_tried_again(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    scenes = [serve(server, one) for one in three_scenes()]
    server.break_next("S1/red.tif", Fault(reset_after_bytes=100, times=1, only_get=True))
    result = run(tmp_path, scenes, WHOLE, small, bands=("red",), rule="first", on_error="fail")
    assert result.status == "done"


def test_a_file_that_lies_elsewhere_than_stated_is_not_used(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    scene = serve(server, MadeScene("A", {"red": noise((200, 200), 1)}))
    grid = scene.bands["red"].grid
    assert grid is not None
    moved = dataclasses.replace(grid, transform=(10.0, 0.0, LEFT + 10, 0.0, -10.0, TOP))
    wrong = dataclasses.replace(
        scene, bands={"red": dataclasses.replace(scene.bands["red"], grid=moved)}
    )
    with pytest.raises(
        RasterError, match=r"none of them can be read .*lies elsewhere than its catalogue says"
    ):
        run(
            tmp_path,
            [wrong],
            area_text((LEFT + 50, TOP - 50), (LEFT + 1900, TOP - 1900)),
            small,
            bands=("red",),
            rule="first",
        )


def test_what_makes_no_sense_is_refused(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    scene = serve(server, with_sky(1, np.s_[:1, :1], 9))
    inside, beside = area_text((LEFT + 30, TOP - 30), (LEFT + 900, TOP - 900)), "20,46,20.1,46.1"
    with pytest.raises(InputError, match="no mean"):
        run(tmp_path, [scene], inside, small, bands=("red", "scl"))
    with pytest.raises(RasterError, match="none of them touches the area"):
        run(tmp_path, [scene], beside, small, bands=("red",), rule="first")
    with pytest.raises(InputError, match="none of them can be used"):
        run(tmp_path, [scene], inside, small, bands=("nir",), rule="first")
    with pytest.raises(InputError, match="at once"):
        run(tmp_path, [scene], inside, small, bands=("red",), index="NDVI")
    with pytest.raises(InputError, match="no scenes"):
        run(tmp_path, [], inside, small)


def test_radar_power_comes_out_in_db(tmp_path: Path, server: FaultyServer, small: Settings) -> None:
    made = MadeScene("A", {"red": noise((100, 100), 1)}, scale=1.0)
    scene = serve(server, made)
    power = dataclasses.replace(scene.bands["red"], radiometry=Radiometry(nodata=0.0, unit="power"))
    radar = dataclasses.replace(scene, bands={"red": power})
    result = run(
        tmp_path,
        [radar],
        area_text((LEFT + 50, TOP - 50), (LEFT + 900, TOP - 900)),
        small,
        bands=("red",),
        rule="first",
    )
    got, corner, _ = pixels(result)
    np.testing.assert_allclose(got[0], 10 * np.log10(laid(made, corner, got.shape[1:])), atol=1e-4)
    with RasterReader(result.value.outputs["mosaic"]) as reader:
        assert reader.facts.bands[0].radiometry.unit == "dB"
        np.testing.assert_allclose(reader.read(1, Window(0, 0, 5, 5)), got[0, :5, :5], atol=1e-5)
    with pytest.raises(InputError, match="units differ"):
        run(
            tmp_path,
            [radar, dataclasses.replace(scene, id="B")],
            WHOLE,
            small,
            bands=("red",),
            rule="first",
        )


def test_it_stops_when_asked_and_leaves_nothing(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    scenes = [serve(server, one) for one in three_scenes()]
    with pytest.raises(Cancelled), stop_at(of_tile(2)) as monitor:
        run(tmp_path, scenes, WHOLE, small, bands=("red",), rule="first", monitor=monitor)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["served"]


def test_it_stops_while_a_server_stalls(
    tmp_path: Path, server: FaultyServer, small: Settings
) -> None:
    scene = serve(server, MadeScene("A", {"red": noise((600, 600), 1)}))
    area = area_text((LEFT + 50, TOP - 50), (LEFT + 5900, TOP - 5900))
    with Gate() as gate:
        stall = Fault(stall_after_bytes=20_000, times=ALWAYS, only_get=True, gate=gate)
        server.break_next("A/red.tif", stall)
        monitor = StopWhen(gate.reached.is_set)
        with pytest.raises(Cancelled):
            run(tmp_path, [scene], area, small, bands=("red",), rule="first", monitor=monitor)
        assert gate.is_held
        assert sorted(path.name for path in tmp_path.iterdir()) == ["served"]
