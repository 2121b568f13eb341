"""Clear sky over the area: right to about a percent, for kilobytes, all scenes at once."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from firstlight.core.discovery import access as access_module
from firstlight.core.discovery.access import Access
from firstlight.core.discovery.catalogs import Catalog
from firstlight.core.discovery.clear_sky import clear_percent, look_at_sky
from firstlight.core.errors import AccessError, Cancelled, RasterError
from firstlight.core.gdal.environment import RemoteOptions
from firstlight.core.monitor import Note, Progress, RecordingMonitor
from firstlight.core.raster.remote import read_over_area
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, BandAsset, Bounds, Radiometry, SceneItem
from support.masks import ORIGIN, SCL_CLEAR, counted_percent, to_lonlat, write_huge_mask, write_mask
from support.range_server import Fault, FaultyServer, GetOnlyServer
from support.token_server import Clock, TokenServer
from support.waiting import PATIENCE_S, Gate, StopWhen, wait_until

Corners = Sequence[tuple[float, float]]
SIDE, PIXEL = 1000, 20.0
EDGE = SIDE * PIXEL
LEFT, TOP = ORIGIN


def patches(
    classes: Sequence[int], side: int = SIDE, seed: int = 5, grain: int = 37
) -> npt.NDArray[np.uint8]:
    """Classes in irregular patches of tens of pixels, as clouds and fields are."""
    dice = np.random.default_rng(seed)
    coarse = dice.choice(np.array(classes, dtype=np.uint8), (side // grain + 2, side // grain + 2))
    rows, cols = np.indices((side, side))
    wave = (6 * np.sin(rows / 23) + 5 * np.cos(cols / 31)).astype(int)
    return coarse[(rows + wave + 12) // grain, (cols + wave + 12) // grain]


SCL = patches(range(12))


def metres(west: float, south: float, east: float, north: float) -> Corners:
    """A box in metres from the upper left corner of the raster, to the right and down."""
    return [
        (LEFT + west, TOP - north),
        (LEFT + east, TOP - north),
        (LEFT + east, TOP - south),
        (LEFT + west, TOP - south),
    ]


def area_of(corners: Corners) -> Aoi:
    ring = to_lonlat(corners)
    return Aoi.from_geometry(
        {"type": "Polygon", "coordinates": [[list(point) for point in (*ring, ring[0])]]}
    )


def raster_bbox(edge: float = EDGE) -> Bounds:
    ring = to_lonlat(
        [(LEFT, TOP), (LEFT + edge, TOP), (LEFT + edge, TOP - edge), (LEFT, TOP - edge)]
    )
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    return (min(xs), min(ys), max(xs), max(ys))


def scene(
    href: str | None, band: str = "scl", sensor: str = "sentinel2", **change: Any
) -> SceneItem:
    bands = {} if href is None else {band: BandAsset(band, href, 20.0, Radiometry(unit="class"))}
    bbox = raster_bbox()
    west, south, east, north = bbox
    outline = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    made = SceneItem(
        id="S2A_X",
        sensor=sensor,
        catalog="file",
        collection="c",
        datetime=datetime(2024, 6, 1, tzinfo=timezone.utc),
        bbox=bbox,
        footprint={"type": "Polygon", "coordinates": [outline]},
        cloud_percent=50.0,
        epsg=32632,
        resolution_m=10.0,
        bands=bands,
    )
    return dataclasses.replace(made, **change)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("masks")
    write_mask(made / "scl.tif", SCL)
    return made


@pytest.fixture
def server(folder: Path) -> Iterator[FaultyServer]:
    with FaultyServer(folder) as made:
        yield made


@pytest.fixture
def access(settings: Settings) -> Access:
    return Access(settings)


SHAPES = {
    "all of it": metres(100, 100, EDGE - 100, EDGE - 100),
    "a part": metres(3000, 4000, 15000, 12000),
    "small": metres(5000, 5000, 6200, 6300),
    "a triangle": [
        (LEFT + 500, TOP - 19000),
        (LEFT + 19500, TOP - 18000),
        (LEFT + 9000, TOP - 700),
    ],
    "a thin strip across": [
        (LEFT + 400, TOP - 400),
        (LEFT + 2400, TOP - 400),
        (LEFT + 19600, TOP - 19600),
        (LEFT + 17600, TOP - 19600),
    ],
    "half outside to the east": metres(10000, 5000, 30000, 15000),
    "half outside to the west": metres(-10000, 5000, 10000, 15000),
    "half outside to the north": metres(5000, -10000, 15000, 10000),
    "half outside to the south": metres(5000, 10000, 15000, 30000),
    "mostly outside": metres(-30000, -30000, 5000, 5000),
    "all around it": metres(-4000, -4000, EDGE + 4000, EDGE + 4000),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_share_is_what_counting_every_pixel_gives(
    server: FaultyServer, access: Access, shape: Corners
) -> None:
    truth = counted_percent(np.isin(SCL, list(SCL_CLEAR)), shape, PIXEL)
    found = clear_percent(scene(server.url("scl.tif")), area_of(shape), access)
    assert found == pytest.approx(truth, abs=2.0)


def test_a_polygon_counts_and_not_its_box(tmp_path: Path, access: Access) -> None:
    """All clear below the diagonal, all cloud above it."""
    rows, cols = np.indices((SIDE, SIDE))
    write_mask(tmp_path / "half.tif", np.where(rows > cols, 4, 9).astype(np.uint8))
    below = [
        (LEFT + 200, TOP - 800),
        (LEFT + EDGE - 800, TOP - EDGE + 200),
        (LEFT + 200, TOP - EDGE + 200),
    ]
    with FaultyServer(tmp_path) as server:
        one = scene(server.url("half.tif"))
        assert clear_percent(one, area_of(below), access) == pytest.approx(100.0, abs=1.5)
        assert clear_percent(
            one, area_of(metres(200, 200, EDGE - 200, EDGE - 200)), access
        ) == pytest.approx(50.0, abs=1.5)


@pytest.mark.parametrize("number", range(12))
def test_every_scl_class(tmp_path: Path, access: Access, number: int) -> None:
    """No data, saturated, shadow and all cloud are not clear; snow is: the ground is seen."""
    write_mask(tmp_path / "one.tif", np.full((600, 600), number, dtype=np.uint8))
    found = clear_percent(
        scene(str(tmp_path / "one.tif")), area_of(metres(1000, 1000, 8000, 8000)), access
    )
    assert found == (100.0 if number in SCL_CLEAR else 0.0)


@pytest.mark.parametrize(
    ("number", "clear"),
    [
        (0b0000000000000001, False),  # fill
        (0b0101010101000010, False),  # dilated cloud
        (0b0000000000000100, False),  # cirrus
        (0b0000000000001000, False),  # cloud
        (0b0000000000010000, False),  # cloud shadow
        (0b0000000000100000, True),  # snow
        (0b0000000001000000, True),  # clear
        (0b0000000010000000, True),  # water
        (21824, True),  # USGS LSDS-1619: clear, all confidences low
        (21952, True),  # water, clear
        (22280, False),  # high confidence cloud
        (23888, False),  # cloud shadow
        (54596, False),  # cirrus
        (0, True),
    ],
)
def test_qa_pixel_bits(tmp_path: Path, access: Access, number: int, clear: bool) -> None:
    write_mask(tmp_path / "qa.tif", np.full((600, 600), number, dtype=np.uint16), resolution=30.0)
    one = scene(str(tmp_path / "qa.tif"), "qa_pixel", "landsat")
    assert clear_percent(one, area_of(metres(1000, 1000, 8000, 8000)), access) == (
        100.0 if clear else 0.0
    )


def test_qa_pixel_of_a_mixed_scene(tmp_path: Path, access: Access) -> None:
    codes = np.array(
        [1, 21824, 21952, 22280, 23888, 54596, 30048], dtype=np.uint16
    )  # 30048: clear over snow
    pixels = codes[patches(range(7), grain=29)]
    write_mask(tmp_path / "qa.tif", pixels)
    shape = metres(2000, 2000, 17000, 16000)
    truth = counted_percent(np.isin(pixels, [21824, 21952, 30048]), shape, PIXEL)
    assert clear_percent(
        scene(str(tmp_path / "qa.tif"), "qa_pixel", "landsat"), area_of(shape), access
    ) == pytest.approx(truth, abs=2)


def test_what_the_raster_does_not_hold_is_not_clear(tmp_path: Path, access: Access) -> None:
    """A swath that ends in the middle of the tile: SCL 0 is no data."""
    pixels = np.full((SIDE, SIDE), 4, dtype=np.uint8)
    pixels[:, : SIDE // 4] = 0
    write_mask(tmp_path / "edge.tif", pixels)
    found = clear_percent(
        scene(str(tmp_path / "edge.tif")), area_of(metres(0, 2000, EDGE, 18000)), access
    )
    assert found == pytest.approx(75.0, abs=1.0)


@pytest.mark.parametrize(
    "shape",
    [metres(60000, 0, 70000, 9000), metres(-900000, 0, -800000, 90000)],
    ids=["beside the raster", "far from it"],
)
def test_an_area_outside_the_scene_sees_nothing(
    server: FaultyServer, access: Access, shape: Corners
) -> None:
    assert clear_percent(scene(server.url("scl.tif")), area_of(shape), access) == 0.0


def test_an_area_as_large_as_a_continent_is_measured_and_not_a_crash(
    server: FaultyServer, access: Access
) -> None:
    """Far from its zone nothing can be projected; the share is that of the whole area."""
    whole = 100 * np.isin(SCL, list(SCL_CLEAR)).mean()
    for box in ((-25.0, 30.0, 45.0, 72.0), (-180.0, -90.0, 180.0, 90.0)):
        area = Aoi.from_bounds(*box)
        share = 100 * (EDGE / 1000) ** 2 / area.area_km2
        found = clear_percent(scene(server.url("scl.tif")), area, access)
        assert found == pytest.approx(whole * share / 100, rel=0.05)


def test_parts_of_an_area_count_by_their_surface(server: FaultyServer, access: Access) -> None:
    """A large part and a small one: as pictures they would have the same number of pixels."""
    large, small = metres(500, 500, 15000, 15000), metres(17000, 17000, 18500, 18500)
    clear = np.isin(SCL, list(SCL_CLEAR))
    surfaces = (14500.0**2, 1500.0**2)
    truth = sum(
        counted_percent(clear, part, PIXEL) * size for part, size in zip((large, small), surfaces)
    ) / sum(surfaces)
    rings = [[[list(p) for p in (*to_lonlat(part), to_lonlat(part)[0])]] for part in (large, small)]
    area = Aoi.from_geometry({"type": "MultiPolygon", "coordinates": rings})
    assert clear_percent(scene(server.url("scl.tif")), area, access) == pytest.approx(
        truth, abs=1.5
    )


def test_many_small_parts_cost_no_more_than_one(server: FaultyServer, access: Access) -> None:
    """A hundred fields are looked at in one picture, not in a hundred."""
    rings = []
    for place in range(100):
        x, y = 500 + place % 10 * 1900, 500 + place // 10 * 1900
        ring = to_lonlat(metres(x, y, x + 600, y + 600))
        rings.append([[list(p) for p in (*ring, ring[0])]])
    area = Aoi.from_geometry({"type": "MultiPolygon", "coordinates": rings})
    assert clear_percent(scene(server.url("scl.tif") + "?v=many"), area, access) is not None
    assert server.count("scl.tif") <= 6


def test_both_sides_of_the_antimeridian_are_seen(tmp_path: Path, access: Access) -> None:
    """Zone 60 reaches across it: the western half of the raster is clear, the eastern
    half cloud.
    """
    from rasterio.warp import transform

    xs, ys = transform("EPSG:4326", "EPSG:32660", [180.0], [-17.0 + 34.0])
    origin = (round(xs[0] - 10000), round(ys[0] + 10000))
    pixels = np.full((SIDE, SIDE), 4, dtype=np.uint8)
    pixels[:, SIDE // 2 :] = 9
    write_mask(
        tmp_path / "ocean.tif", pixels, origin=(float(origin[0]), float(origin[1])), epsg=32660
    )
    one = scene(str(tmp_path / "ocean.tif"), bbox=(179.9, 16.9, -179.9, 17.1), footprint=None)
    area = Aoi.from_bounds(179.95, 16.95, -179.95, 17.05)
    assert clear_percent(one, area, access) == pytest.approx(50.0, abs=1.5)
    uneven = Aoi.from_bounds(179.93, 16.95, -179.99, 17.05)
    assert clear_percent(one, uneven, access) == pytest.approx(100 * 7 / 8, abs=1.5)


@pytest.mark.parametrize("stale", [None, 12.0])
def test_radar_sees_what_it_covers_of_this_area(access: Access, stale: float | None) -> None:
    """Whatever an earlier search over another area said."""
    one = scene("http://127.0.0.1:1/vv.tif", "vv", "sentinel1", coverage_percent=stale)
    west, south, east, north = one.bbox
    half = Aoi.from_bounds(west, south, west + 2 * (east - west), north)
    assert clear_percent(one, half, access) == pytest.approx(50.0)
    (looked,) = look_at_sky([one], half, RecordingMonitor(), access)
    assert (looked.clear_percent, looked.coverage_percent) == (
        pytest.approx(50.0),
        pytest.approx(50.0),
    )


def test_a_scene_without_a_mask_stays_unknown(access: Access) -> None:
    monitor = RecordingMonitor()
    (looked,) = look_at_sky([scene(None)], area_of(SHAPES["a part"]), monitor, access)
    assert looked.clear_percent is None
    assert not [event for event in monitor.events if isinstance(event, Note)], "it is no failure"


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(status=404), "HTTP response code: 404"),
        (Fault(status=500), "HTTP response code: 500"),
        (Fault(status=403), "requires authentication"),
        (Fault(status=401), "requires authentication"),
        (Fault(body=b"<!DOCTYPE html><html>Please log in</html>"), "not recognized as"),
        (Fault(reset_after_bytes=100), "cannot be looked at"),
    ],
)
def test_a_mask_that_cannot_be_read_stays_unknown_and_is_named(
    folder: Path, access: Access, tmp_path: Path, fault: Fault, why: str
) -> None:
    (tmp_path / "gone.tif").write_bytes((folder / "scl.tif").read_bytes())
    (tmp_path / "good.tif").write_bytes((folder / "scl.tif").read_bytes())
    with FaultyServer(tmp_path) as server:
        server.break_next("gone.tif", fault)
        monitor = RecordingMonitor()
        scenes = [
            scene(server.url("gone.tif"), id="gone"),
            scene(server.url("good.tif"), id="good"),
        ]
        gone, good = look_at_sky(scenes, area_of(SHAPES["a part"]), monitor, access)
    assert gone.clear_percent is None
    assert good.clear_percent is not None
    (note,) = [event for event in monitor.events if isinstance(event, Note)]
    assert note.level == "warning"
    assert note.text.startswith("The sky of gone is not known. ")
    assert why in note.text


def test_a_mask_that_breaks_in_the_middle_is_never_taken_for_clear_or_cloud(
    folder: Path, access: Access, tmp_path: Path
) -> None:
    """The header comes, the pixels do not: unknown, or the right number after another try; nothing
    else.
    """
    (tmp_path / "scl.tif").write_bytes((folder / "scl.tif").read_bytes())
    shape = SHAPES["a part"]
    truth = counted_percent(np.isin(SCL, list(SCL_CLEAR)), shape, PIXEL)
    with FaultyServer(tmp_path) as server:
        for fault in (
            Fault(short_by_bytes=700),
            Fault(reset_after_bytes=700),
            Fault(status=500),
            Fault(status=403),
        ):
            server.mend()
            server.break_next("scl.tif", Fault(slow_s=0.0, times=2), fault)
            try:
                found = clear_percent(
                    scene(server.url(f"scl.tif?try={id(fault)}")), area_of(shape), access
                )
            except (RasterError, AccessError):
                continue
            assert found == pytest.approx(truth, abs=2.0)


def test_a_small_area_costs_kilobytes_and_a_handful_of_requests(
    server: FaultyServer, access: Access
) -> None:
    assert clear_percent(scene(server.url("scl.tif")), area_of(SHAPES["small"]), access) is not None
    assert server.bytes_sent("scl.tif") < 50_000
    assert server.count("scl.tif") <= 5


@pytest.mark.thorough
def test_a_mask_of_a_whole_tile_costs_less_than_300_kilobytes(
    tmp_path: Path, access: Access
) -> None:
    """10980² pixels, as a 10 m band has: the overviews are read, never the band."""
    block = (slice(2000, 7490), slice(2000, 7490))
    write_huge_mask(tmp_path / "tile.tif", 10980, 10.0, 4, block, 9)
    edge = 109800.0
    shape = metres(500, 500, edge - 500, edge - 500)
    with FaultyServer(tmp_path) as server:
        found = clear_percent(
            scene(server.url("tile.tif"), bbox=raster_bbox(edge), footprint=None),
            area_of(shape),
            access,
        )
        sent, asked = server.bytes_sent("tile.tif"), server.count("tile.tif")
    assert found == pytest.approx(100 * (1 - 5490**2 / 10880**2), abs=1.0)
    assert (tmp_path / "tile.tif").stat().st_size > 3_000_000
    assert sent < 300_000
    assert asked <= 12


def test_many_scenes_are_looked_at_together(folder: Path, access: Access, tmp_path: Path) -> None:
    """The order stays, every scene has its own number, and the network is not waited for one by
    one.
    """
    names = [f"m{number}.tif" for number in range(12)]
    for number, name in enumerate(names):
        pixels = np.full((200, 200), 4, dtype=np.uint8)
        pixels[: number * 15] = 9
        write_mask(tmp_path / name, pixels)
    scenes = [scene(None, id=name) for name in names]
    with FaultyServer(tmp_path) as server, Gate() as gate:
        for name in names:
            server.break_next(name, Fault(times=1, gate=gate))

        def watch() -> None:
            wait_until(lambda: server.most_at_once > 3)
            gate.open()

        threading.Thread(target=watch, daemon=True).start()
        scenes = [scene(server.url(name), id=name) for name in names]
        monitor = RecordingMonitor()
        looked = look_at_sky(scenes, area_of(metres(20, 20, 3980, 3980)), monitor, access)
        assert server.most_at_once > 3
    assert [one.id for one in looked] == names
    expected = [100 * (1 - number * 15 / 200) for number in range(12)]
    assert [one.clear_percent for one in looked] == pytest.approx(expected, abs=2.0)
    steps = [event for event in monitor.events if isinstance(event, Progress)]
    assert [step.fraction for step in steps] == sorted(step.fraction for step in steps)
    assert steps[-1].message == "Sky: 12 of 12 scenes"


def test_looking_can_be_cancelled_while_the_server_stalls(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "slow.tif").write_bytes((folder / "scl.tif").read_bytes())
    with FaultyServer(tmp_path) as server, Gate() as gate:
        server.break_next("slow.tif", Fault(stall_after_bytes=10, gate=gate))
        scenes, monitor = [scene(server.url("slow.tif"))], StopWhen(gate.reached.is_set)
        with pytest.raises(Cancelled):
            look_at_sky(scenes, area_of(SHAPES["a part"]), monitor, Access(settings))
        assert gate.is_held


@pytest.fixture
def guarded(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    for number in range(4):
        (tmp_path / f"g{number}.tif").write_bytes((folder / "scl.tif").read_bytes())
    known = access_module.get_catalog
    with TokenServer(tmp_path, Clock()) as made:

        def changed(name: str) -> Catalog:
            return dataclasses.replace(
                known(name),
                url=made.url(""),
                sas_token_url=made.token_template,
                token_hosts=("127.0.0.1",),
            )

        monkeypatch.setattr(access_module, "get_catalog", changed)
        yield made


def test_masks_behind_tokens_are_seen_and_an_old_token_is_renewed_once(
    guarded: TokenServer, settings: Settings
) -> None:
    access = Access(settings, guarded.clock)
    hrefs = [guarded.url(f"g{number}.tif") for number in range(4)]
    for href in hrefs:
        access.url(href, "planetary-computer", "c")
    guarded.revoke()
    monitor = RecordingMonitor()
    scenes = [scene(href, catalog="planetary-computer") for href in hrefs]
    looked = look_at_sky(scenes, area_of(SHAPES["a part"]), monitor, access)
    assert [one.clear_percent is not None for one in looked] == [True] * 4
    assert len({one.clear_percent for one in looked}) == 1
    assert len(guarded.asked) == 2
    assert not [event for event in monitor.events if isinstance(event, Note)]


def test_the_token_of_a_mask_is_never_seen(
    guarded: TokenServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    access = Access(settings, guarded.clock)
    (guarded.root / "junk.tif").write_bytes(b"hello" * 1000)
    guarded.break_next("g0.tif", Fault(status=500))
    monitor = RecordingMonitor()
    names = ("g0.tif", "junk.tif", "missing.tif")
    with caplog.at_level("DEBUG"):
        for name in names:
            look_at_sky(
                [scene(guarded.url(name), catalog="planetary-computer")],
                area_of(SHAPES["a part"]),
                monitor,
                access,
            )
    notes = [event.text for event in monitor.events if isinstance(event, Note)]
    assert len(notes) == len(names)
    assert "S3CRET" not in " ".join(notes)
    shown = [record.getMessage() for record in caplog.records if record.name.startswith("rasterio")]
    assert not [text for text in shown if "S3CRET" in text]


def test_a_mask_without_a_coordinate_system_is_named(tmp_path: Path) -> None:
    from support.rasters import write_raster

    write_raster(tmp_path / "nowhere.tif", epsg=None)
    with pytest.raises(RasterError, match="it has no coordinate system"):
        read_over_area(
            str(tmp_path / "nowhere.tif"), area_of(SHAPES["a part"]).geometry, RemoteOptions()
        )


def test_looking_never_holds_pythons_lock_while_the_network_is_waited_for(
    tmp_path: Path, access: Access
) -> None:
    """A mask whose directories lie at its end makes GDAL ask for them late; the window must live on
    meanwhile: here another thread, without whose turn no answer would ever come.
    """
    write_huge_mask(
        tmp_path / "late.tif", 3000, 20.0, 4, (slice(0, 1500), slice(0, 3000)), 9, cog=False
    )
    answered = 0
    gates = [Gate() for _ in range(3)]

    def let_on() -> None:
        nonlocal answered
        for gate in gates:
            assert gate.reached.wait(PATIENCE_S)
            answered += 1
            gate.open()

    with FaultyServer(tmp_path) as server:
        server.break_next("late.tif", *(Fault(times=1, gate=gate) for gate in gates))
        one = scene(server.url("late.tif"), bbox=raster_bbox(60000), footprint=None)
        threading.Thread(target=let_on, daemon=True).start()
        found = clear_percent(one, area_of(metres(200, 200, 59800, 59800)), access)
    assert found == pytest.approx(50.0, abs=1.0)
    assert answered == 3


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_a_server_that_refuses_head_shows_the_sky(
    folder: Path, settings: Settings, status: int
) -> None:
    with FaultyServer(folder) as good:
        area = area_of(SHAPES["a part"])
        right = clear_percent(scene(good.url("scl.tif")), area, Access(settings))
    with GetOnlyServer(folder, status) as odd:
        access = Access(settings)
        assert clear_percent(scene(odd.url("scl.tif")), area, access) == right
        count = len(odd.requests)
        assert clear_percent(scene(odd.url("scl.tif")), area, access) == right
        asked = [request.method for request in odd.requests[count:]]
        assert "HEAD" not in asked, "the host is known for it"


def test_a_mask_that_is_not_there_is_named_all_the_same(folder: Path, settings: Settings) -> None:
    with GetOnlyServer(folder, 403) as odd, pytest.raises((AccessError, RasterError)):
        clear_percent(scene(odd.url("missing.tif")), area_of(SHAPES["a part"]), Access(settings))
