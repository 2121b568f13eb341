"""Searching: a real client against a real server, with the moods that catalogues have."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.errors import Cancelled, DiscoveryError
from firstlight.core.monitor import Event, Note, Progress, RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, SceneItem, SearchQuery
from support.june import NEWEST_FIRST, band_links, june_items
from support.silent_server import silent_server
from support.stac_server import CONFORMS_TO, Behaviour, StacServer, make_item
from support.waiting import PATIENCE_S, StopWhen, stop_at


def search_scenes(
    asked: SearchQuery, settings: Settings, monitor: RecordingMonitor
) -> list[SceneItem]:
    """The first scenes of a new search."""
    return SceneSearch(asked, settings).next(monitor)


AREA = Aoi.from_bounds(7.2, 46.2, 7.8, 46.8)


def query(catalog: str, **change: Any) -> SearchQuery:
    start, end = (
        datetime(2024, 6, 1, tzinfo=timezone.utc),
        datetime(2024, 6, 30, 23, 59, 59, tzinfo=timezone.utc),
    )
    return dataclasses.replace(SearchQuery(AREA, start, end, "sentinel2", catalog), **change)


def search(
    settings: Settings,
    items: list[dict[str, Any]],
    behaviour: Behaviour | None = None,
    **change: Any,
) -> tuple[list[str], list[Note]]:
    monitor = RecordingMonitor()
    with StacServer(items, collections=["sentinel-2-l2a"], behaviour=behaviour) as api:
        scenes = search_scenes(query(api.base_url, **change), settings, monitor)
    assert [s.datetime for s in scenes] == sorted((s.datetime for s in scenes), reverse=True), (
        "the newest first"
    )
    notes = [e for e in monitor.events if isinstance(e, Note) and e.level == "warning"]
    return [scene.id for scene in scenes], notes


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(),
        Behaviour(page_size=5),
        Behaviour(page_size=1),
        Behaviour(page_size=4, empty_last_page=True),
        Behaviour(page_size=5, next_without_query=True),
    ],
    ids=[
        "one page",
        "three pages",
        "a page for each",
        "an empty page at the end",
        "a next link without the query",
    ],
)
def test_all_pages_are_read(settings: Settings, behaviour: Behaviour) -> None:
    assert search(settings, june_items(), behaviour) == (NEWEST_FIRST, [])


def test_cloud_is_filtered_here_and_over_all_pages(settings: Settings) -> None:
    found, _ = search(settings, june_items(), Behaviour(page_size=3), max_cloud_percent=40.0)
    assert found == [f"day{n:02d}" for n in (5, 4, 3, 2, 1, 0)]


def test_scenes_without_a_cloud_figure_pass(settings: Settings) -> None:
    assert search(settings, [make_item("radar", assets=band_links())], max_cloud_percent=0.0) == (
        ["radar"],
        [],
    )


def test_the_limit_counts_scenes_that_pass_not_those_that_came(settings: Settings) -> None:
    cloudy_first = list(reversed(june_items()))
    found, _ = search(
        settings, cloudy_first, Behaviour(page_size=2), max_cloud_percent=20.0, limit=2
    )
    assert len(found) == 2
    assert set(found) <= {"day00", "day01", "day02"}


SORTS = (*CONFORMS_TO, "https://api.stacspec.org/v1.0.0/item-search#sort")


def test_where_the_server_sorts_no_page_is_read_in_vain_and_more_goes_on_where_the_last_ended(
    settings: Settings,
) -> None:
    newest_first = list(reversed(june_items()))
    with StacServer(newest_first, behaviour=Behaviour(page_size=4, conforms_to=SORTS)) as api:
        search = SceneSearch(query(api.base_url, limit=4), settings)
        got = []
        for pages in (1, 2, 3):
            got.append([scene.id for scene in search.next(RecordingMonitor())])
            assert len(api.searches) == pages
        assert got == [NEWEST_FIRST[:4], NEWEST_FIRST[4:8], NEWEST_FIRST[8:]]
        assert search.next(RecordingMonitor()) == []
        assert not search.has_more


def test_where_the_server_cannot_sort_the_newest_still_come_first(settings: Settings) -> None:
    with StacServer(june_items(), behaviour=Behaviour(page_size=4)) as api:
        search = SceneSearch(query(api.base_url, limit=5), settings)
        got = [[scene.id for scene in search.next(RecordingMonitor())] for _ in range(3)]
        assert got == [NEWEST_FIRST[:5], NEWEST_FIRST[5:10], NEWEST_FIRST[10:]]
        assert len(api.searches) == 3


def test_a_scene_that_comes_twice_is_one(settings: Settings) -> None:
    assert (
        search(settings, [*june_items(), *june_items()], Behaviour(page_size=5))[0] == NEWEST_FIRST
    )


def test_dates_and_area_are_asked_for(settings: Settings) -> None:
    elsewhere = make_item("elsewhere", bbox=(20, 46, 21, 47), assets=band_links())
    too_early = make_item("may", when="2024-05-31T23:59:59Z", assets=band_links())
    first, last = (
        make_item(n, when=w, assets=band_links())
        for n, w in (("a", "2024-06-01T00:00:00Z"), ("b", "2024-06-30T23:59:59Z"))
    )
    assert search(settings, [elsewhere, too_early, first, last])[0] == ["b", "a"]


def test_nothing_found_is_an_empty_list(settings: Settings) -> None:
    assert search(settings, []) == ([], [])


@pytest.mark.parametrize("east", [True, False])
def test_an_area_across_the_antimeridian_finds_scenes_on_both_sides(
    settings: Settings, east: bool
) -> None:
    items = [
        make_item("west", bbox=(179.2, -17, 179.8, -16), assets=band_links()),
        make_item("east", bbox=(-179.8, -17, -179.2, -16), assets=band_links()),
        make_item("far", bbox=(0, -17, 1, -16), assets=band_links()),
    ]
    found, _ = search(settings, items, aoi=Aoi.from_bounds(179, -18, -179, -15))
    assert ("east" if east else "west") in found
    assert "far" not in found


@pytest.mark.parametrize("status", [500, 503, 404, 401])
def test_a_catalogue_that_dies_at_page_two_keeps_what_came_and_warns_once(
    settings: Settings, status: int
) -> None:
    found, notes = search(
        settings, june_items(), Behaviour(page_size=5, die_at_page=2, die_status=status)
    )
    assert found == ["day04", "day03", "day02", "day01", "day00"]
    assert len(notes) == 1
    assert notes[0].level == "warning"
    assert notes[0].text.startswith("The list is not complete. Searching 127.0.0.1")
    assert f"HTTP {status}" in notes[0].text


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (500, "HTTP 500: "),
        (503, "HTTP 503: "),
        (404, "HTTP 404: "),
        (
            401,
            "HTTP 401: STAC catalog requires authentication. This catalog is not supported "
            "without an account. Public catalogs (Earth Search for Sentinel-2, Planetary Computer "
            "for all sensors) do not require auth.",
        ),
        (
            403,
            "HTTP 403: STAC catalog requires authentication. This catalog is not supported "
            "without an account. Public catalogs (Earth Search for Sentinel-2, Planetary Computer "
            "for all sensors) do not require auth.",
        ),
    ],
)
def test_a_catalogue_that_refuses_is_named_with_its_status(
    settings: Settings, status: int, why: str
) -> None:
    with pytest.raises(DiscoveryError) as caught:
        search(settings, june_items(), Behaviour(die_at_page=1, die_status=status))
    assert f"failed: {why}" in str(caught.value)
    assert caught.value.hint
    assert len(str(caught.value)) < 400


def test_an_answer_that_is_no_json_is_named(settings: Settings) -> None:
    with pytest.raises(
        DiscoveryError, match=r"failed: the answer is no STAC \(.*Is the URL a STAC API\?"
    ):
        search(settings, june_items(), Behaviour(garbage=True))


def test_a_catalogue_that_is_not_there_is_named(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(
            DiscoveryError, match=r"failed: it cannot be reached\. Check the network and the proxy"
        ) as caught:
            search_scenes(query(url), settings, RecordingMonitor())
    assert url in str(caught.value)


def test_a_catalogue_without_the_sensor_is_named(settings: Settings) -> None:
    with (
        StacServer(june_items()) as api,
        pytest.raises(
            DiscoveryError, match=r"failed: it has none of the collections landsat-c2-l2"
        ),
    ):
        search_scenes(query(api.base_url, sensor="landsat"), settings, RecordingMonitor())


def test_a_known_catalogue_without_the_sensor_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StacServer(june_items()) as api:
        monkeypatch.setenv("FIRSTLIGHT_SAMPLE_URL", api.base_url)
        with pytest.raises(
            DiscoveryError,
            match=r"it has no Landsat 8/9 scenes\. It has: sentinel2, sentinel1, dem\.",
        ):
            search_scenes(query("sample", sensor="landsat"), settings, RecordingMonitor())
        assert not api.searches


@contextmanager
def answering(body: bytes, status: int = 200, **headers: str) -> Iterator[str]:
    """A server that answers everything the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


CATALOG = {"type": "Catalog", "stac_version": "1.0.0", "id": "x", "description": "", "links": []}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="an empty object"),
        pytest.param(
            json.dumps({"type": "FeatureCollection", "features": []}).encode(), id="features"
        ),
        pytest.param(json.dumps({**CATALOG, "type": "Collection"}).encode(), id="a collection"),
        pytest.param(json.dumps(CATALOG).encode(), id="a static catalogue"),
        pytest.param(
            json.dumps(
                {**CATALOG, "conformsTo": list(CONFORMS_TO), "links": [{"rel": "search"}]}
            ).encode(),
            id="bad links",
        ),
        pytest.param(json.dumps({**CATALOG, "links": 3}).encode(), id="links a number"),
    ],
)
def test_a_url_that_is_no_stac_api_is_named(settings: Settings, body: bytes) -> None:
    with answering(body) as url, pytest.raises(DiscoveryError) as caught:
        search_scenes(query(url), settings, RecordingMonitor())
    assert url in str(caught.value)


def test_items_without_files_are_listed_and_say_so(settings: Settings) -> None:
    found, notes = search(settings, june_items()[:2], Behaviour(strip_assets=True))
    assert found == ["day01", "day00"]
    assert [note.text for note in notes] == [
        "Scene day00 has no blue, green, red, nir",
        "Scene day01 has no blue, green, red, nir",
    ]


def test_items_without_a_footprint_are_found_all_the_same(settings: Settings) -> None:
    assert search(settings, june_items(), Behaviour(strip_geometry=True))[0] == NEWEST_FIRST


def test_a_missing_optional_band_is_no_warning(settings: Settings) -> None:
    items = [make_item("a", assets=band_links("blue", "green", "red", "nir"))]
    assert search(settings, items) == (["a"], [])


def test_an_unusable_item_is_left_out_with_a_warning(settings: Settings) -> None:
    bad = {
        **make_item("bad", assets=band_links()),
        "properties": {"datetime": "2024-06-02T00:00:00Z"},
        "id": "",
    }
    found, notes = search(settings, [*june_items(), bad])
    assert found == NEWEST_FIRST
    assert [n.text for n in notes] == [
        f"Scene without id of {notes[0].text.split(' of ')[1].split(' cannot')[0]} cannot be "
        "used: it has no id. Leave it out, and tell whoever offers it."
    ]


def test_a_malformed_item_is_left_out_with_a_warning(settings: Settings) -> None:
    bad = make_item("bad", assets={"red": {"href": "http://x/red.tif", "gsd": "10 m"}})
    found, notes = search(settings, [*june_items(), bad])
    assert set(found) >= set(NEWEST_FIRST)
    assert len(notes) <= 1


def test_older_landsats_are_left_out(settings: Settings) -> None:
    bands = band_links("blue", "green", "red", "nir08", "swir16", "swir22")
    items = [
        make_item(f"l{n}", collection="landsat-c2-l2", assets=bands, platform=f"landsat-{n}")
        for n in (5, 7, 8, 9)
    ]
    assert set(search(settings, items, sensor="landsat")[0]) == {"l8", "l9"}


def test_progress_is_told_and_never_goes_back(settings: Settings) -> None:
    monitor = RecordingMonitor()
    with StacServer(june_items(), behaviour=Behaviour(page_size=5)) as api:
        search_scenes(query(api.base_url), settings, monitor)
    steps = [e for e in monitor.events if isinstance(e, Progress)]
    assert [s.fraction for s in steps] == sorted(s.fraction for s in steps)
    assert steps[-1].message == "12 scenes found"


def test_a_search_is_cancelled_while_the_server_is_silent(settings: Settings) -> None:
    endless = dataclasses.replace(settings, read_timeout_s=10 * PATIENCE_S)
    with silent_server() as (port, somebody_came), pytest.raises(Cancelled):
        search_scenes(query(f"http://127.0.0.1:{port}"), endless, StopWhen(somebody_came))


def test_a_silent_server_is_given_up(settings: Settings) -> None:
    impatient = dataclasses.replace(settings, read_timeout_s=0.2)
    with (
        silent_server() as (port, _),
        pytest.raises(DiscoveryError, match=r"did not answer in time|cannot be reached"),
    ):
        search_scenes(query(f"http://127.0.0.1:{port}"), impatient, RecordingMonitor())


def test_a_search_can_be_cancelled_between_pages(settings: Settings) -> None:
    def found(event: Event) -> bool:
        return isinstance(event, Progress) and "found" in event.message

    with StacServer(june_items(), behaviour=Behaviour(page_size=1)) as api:
        with pytest.raises(Cancelled), stop_at(found) as monitor:
            search_scenes(query(api.base_url), settings, monitor)
        assert len(api.searches) <= 2
