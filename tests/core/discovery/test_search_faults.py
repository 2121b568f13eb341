"""Searching when the catalogue has a bad day: what came is kept, and what went wrong is one
sentence.
"""

from __future__ import annotations

import copy
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
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from firstlight.core.discovery import stac_client
from firstlight.core.discovery.access import gate_of
from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.coverage import covered_percent
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.discovery.session import new_session
from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.errors import Cancelled, DiscoveryError
from firstlight.core.monitor import Event, Note, Progress, RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.stac.home import Home
from firstlight.core.stac.transport import Request, Transport, Trouble
from firstlight.core.types import Aoi, SearchQuery
from support.june import NEWEST_FIRST, S2_BANDS, band_links, june_items
from support.stac_server import CONFORMS_TO, Behaviour, StacServer, make_item
from support.stac_sorting import SORT, SortingServer
from support.waiting import Gate, StopWhen, stop_at

AREA = Aoi.from_bounds(7.2, 46.2, 7.8, 46.8)
JUNE = (
    datetime(2024, 6, 1, tzinfo=timezone.utc),
    datetime(2024, 6, 30, 23, 59, 59, tzinfo=timezone.utc),
)
S2 = get_sensor("sentinel2")


def start(settings: Settings, url: str, **change: Any) -> tuple[SceneSearch, RecordingMonitor]:
    query = SearchQuery(AREA, *JUNE, "sentinel2", url, limit=100)
    return SceneSearch(dataclasses.replace(query, **change), settings), RecordingMonitor()


def search(settings: Settings, api: StacServer, **change: Any) -> tuple[list[str], list[Note]]:
    one, monitor = start(settings, api.base_url, **change)
    scenes = one.next(monitor)
    return [scene.id for scene in scenes], warnings_of(monitor)


def warnings_of(monitor: RecordingMonitor) -> list[Note]:
    """What was warned of; that something is asked for again is told at a lower level."""
    notes = (event for event in monitor.events if isinstance(event, Note))
    return [note for note in notes if note.level == "warning"]


@pytest.mark.parametrize("sorts", [True, False], ids=["sorts", "does not sort"])
@pytest.mark.parametrize("status", [500, 502, 503, 404, 401])
def test_a_catalogue_that_dies_at_page_two_leaves_page_one_and_one_sentence(
    settings: Settings, status: int, sorts: bool
) -> None:
    conforms = (*CONFORMS_TO, SORT) if sorts else CONFORMS_TO
    mood = Behaviour(page_size=5, die_at_page=2, die_status=status, conforms_to=conforms)
    with SortingServer(june_items(), mood) as api:
        one, monitor = start(settings, api.base_url)
        found = [scene.id for scene in one.next(monitor)]
        notes = warnings_of(monitor)
        assert found == (NEWEST_FIRST[:5] if sorts else NEWEST_FIRST[-5:])
        assert [note.level for note in notes] == ["warning"]
        assert notes[0].text.startswith(
            f"The list is not complete. Searching 127.0.0.1:{api.port} "
        )
        assert f"HTTP {status}" in notes[0].text
        assert ("STAC catalog requires authentication" in notes[0].text) == (status == 401)
        asked = len(api.searches)
        assert one.next(monitor) == []
        assert not one.has_more
        assert len(api.searches) == asked, "a search that broke is over"


def test_what_waits_is_given_before_the_catalogue_is_asked_again(settings: Settings) -> None:
    with SortingServer(
        june_items(), Behaviour(page_size=6, die_at_page=2, conforms_to=(*CONFORMS_TO, SORT))
    ) as api:
        one, monitor = start(settings, api.base_url, limit=4)
        assert [scene.id for scene in one.next(monitor)] == NEWEST_FIRST[:4]
        assert not warnings_of(monitor), "nothing has gone wrong yet"
        assert [scene.id for scene in one.next(monitor)] == NEWEST_FIRST[4:6]
        assert len(warnings_of(monitor)) == 1
        assert one.next(monitor) == []


@pytest.mark.parametrize("size", [3, 4, 6, 12])
def test_an_empty_last_page_is_the_end_and_no_trouble(settings: Settings, size: int) -> None:
    with StacServer(june_items(), behaviour=Behaviour(page_size=size, empty_last_page=True)) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


class Forgetful(dict[str, Any]):
    """The memory of a server whose ``next`` link carries no query and that has forgotten it."""

    def get(self, key: str, default: Any = None) -> Any:
        return {}


def test_a_next_link_that_drops_the_query_brings_nothing_that_was_not_asked_for(
    settings: Settings,
) -> None:
    """As recorded of Earth Search: ``{"next": "…"}`` is the whole body, and every collection comes
    back.
    """
    wrong = [
        make_item(
            "cloudy", when="2024-06-20T00:00:00Z", assets=band_links(), **{"eo:cloud_cover": 90}
        ),
        make_item(
            "elsewhere", bbox=(20, 46, 21, 47), when="2024-06-20T00:00:00Z", assets=band_links()
        ),
        make_item("may", when="2024-05-31T23:59:59Z", assets=band_links()),
        make_item("july", when="2024-07-01T00:00:00Z", assets=band_links()),
        make_item(
            "c1", when="2024-06-20T00:00:00Z", collection="sentinel-2-c1-l2a", assets=band_links()
        ),
        make_item(
            "radar",
            when="2024-06-20T00:00:00Z",
            collection="sentinel-1-grd",
            assets=band_links("vv", "vh"),
        ),
    ]
    with StacServer(
        [*june_items(), *wrong], behaviour=Behaviour(page_size=4, next_without_query=True)
    ) as api:
        api.kept_queries = Forgetful()
        found, notes = search(settings, api, max_cloud_percent=50.0)
        assert [seen.query.get("collections") for seen in api.searches][:2] == [
            ["sentinel-2-l2a"],
            None,
        ]
    assert found == [f"day{n:02d}" for n in reversed(range(7))]  # 48 % and less
    assert notes == []


def test_a_scene_that_comes_on_two_pages_is_listed_once(settings: Settings) -> None:
    with StacServer([*june_items(), *june_items()], behaviour=Behaviour(page_size=5)) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


def test_items_without_assets_are_listed_and_say_what_they_lack(settings: Settings) -> None:
    with StacServer(june_items()[:2], behaviour=Behaviour(strip_assets=True)) as api:
        one, monitor = start(settings, api.base_url)
        scenes = one.next(monitor)
    assert [scene.missing_bands for scene in scenes] == [S2_BANDS, S2_BANDS]
    notes = [event.text for event in monitor.events if isinstance(event, Note)]
    assert notes == [f"Scene {name} has no blue, green, red, nir" for name in ("day00", "day01")]


def test_items_without_geometry_are_listed_with_unknown_coverage(settings: Settings) -> None:
    with StacServer(june_items(), behaviour=Behaviour(strip_geometry=True)) as api:
        one, monitor = start(settings, api.base_url)
        scenes = one.next(monitor)
    assert [scene.id for scene in scenes] == NEWEST_FIRST
    assert {scene.coverage_percent for scene in scenes} == {None}


def test_malformed_items_are_left_out_and_counted_in_one_sentence(settings: Settings) -> None:
    bad = [
        make_item("bad bands", assets={"red": {"href": "http://x/r.tif", "raster:bands": 5}}),
        {**make_item("bad box", assets=band_links()), "bbox": [7.0, 46.0, 8.0, "x"]},
    ]
    with StacServer([*june_items(), *bad]) as api:
        found, notes = search(settings, api)
    assert found == NEWEST_FIRST
    assert len(notes) == 1
    assert notes[0].text.startswith("2 of 14 items of 127.0.0.1:")
    assert " cannot be read: Scene bad bands of " in notes[0].text
    assert "cannot be used: it is no valid STAC item" in notes[0].text


def test_an_item_without_a_time_is_one_sentence() -> None:
    with pytest.raises(DiscoveryError, match="its time is 'yesterday'"):
        parse_item(make_item("x", when="yesterday"), S2, "test")


WHOLE = make_item(
    "one",
    assets={
        "red": {
            "href": "http://x/r.tif",
            "gsd": 10,
            "raster:bands": [{"scale": 1e-4, "offset": -0.1, "nodata": 0}],
            "file:size": 5,
        },
        "x": {
            "href": "http://x/n.tif",
            "eo:bands": [{"common_name": "nir"}],
            "file:checksum": "1220" + "0" * 64,
        },
    },
    **{
        "eo:cloud_cover": 5,
        "proj:epsg": 32632,
        "platform": "sentinel-2a",
        "s2:processing_baseline": "05.09",
    },
)


def paths(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(tree, dict):
        return [path, *(p for k, v in tree.items() for p in paths(v, (*path, k)))]
    if isinstance(tree, list):
        return [path, *(p for k, v in enumerate(tree) for p in paths(v, (*path, k)))]
    return [path]


@pytest.mark.thorough
@effort(max_examples=300, deadline=None, derandomize=True)
@given(
    st.data(),
    st.sampled_from(
        [None, "", "x", 5, -1.5, True, [], [None], [[]], {}, {"a": 1}, [1, 2, 3, 4], "nan", 1e999]
    ),
)
def test_no_value_anywhere_in_an_item_breaks_the_search(data: st.DataObject, value: Any) -> None:
    item = copy.deepcopy(WHOLE)
    path = data.draw(st.sampled_from([p for p in paths(item) if p]))
    place: Any = item
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    try:
        scene = parse_item(item, S2, "test")
    except DiscoveryError:
        return
    share = covered_percent(scene.footprint, AREA)
    assert share is None or 0 <= share <= 100
    json.dumps(scene.to_dict())


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[str]:
    """A server that answers everything the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            """Be silent."""

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
        pytest.param(b"<!DOCTYPE html><html>", id="html"),
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
def test_a_url_that_is_no_stac_api_is_one_sentence(settings: Settings, body: bytes) -> None:
    with answering(body) as url:
        one, monitor = start(settings, url)
        with pytest.raises(DiscoveryError) as caught:
            one.next(monitor)
    assert f"({url}) failed: " in str(caught.value)
    assert caught.value.hint
    assert len(str(caught.value)) < 400


def test_a_catalogue_that_states_no_item_search_and_has_one_is_searched(
    settings: Settings,
) -> None:
    with StacServer(june_items(), behaviour=Behaviour(conforms_to=CONFORMS_TO[:2])) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


def test_pages_of_html_are_one_sentence(settings: Settings) -> None:
    with (
        StacServer(june_items(), behaviour=Behaviour(garbage=True)) as api,
        pytest.raises(DiscoveryError, match="is no STAC"),
    ):
        search(settings, api)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("where", ["landing page", "search"])
def test_a_catalogue_that_refuses_says_the_specifications_sentence(
    settings: Settings, status: int, where: str
) -> None:
    if where == "landing page":
        with answering(b'{"code": "Unauthorized"}', status) as url:
            one, monitor = start(settings, url)
            with pytest.raises(DiscoveryError) as caught:
                one.next(monitor)
    else:
        with (
            StacServer(june_items(), behaviour=Behaviour(die_at_page=1, die_status=status)) as api,
            pytest.raises(DiscoveryError) as caught,
        ):
            search(settings, api)
    sentence = str(caught.value)
    assert f"HTTP {status}: STAC catalog requires authentication." in sentence
    assert "This catalog is not supported without an account" in sentence
    assert "(Earth Search for Sentinel-2, Planetary Computer for all sensors)" in sentence


def test_a_catalogue_that_is_not_there_is_one_sentence(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        one, monitor = start(settings, url)
        with pytest.raises(
            DiscoveryError, match=r"failed: it cannot be reached\. Check the network and the proxy"
        ):
            one.next(monitor)


@contextmanager
def stalling(items: list[dict[str, Any]], at_page: int) -> Iterator[tuple[StacServer, Gate]]:
    """A catalogue that stands at a gate when a page is asked for."""
    with Gate() as gate:

        class Stalling(SortingServer):
            def search(self, method: str, query: dict[str, Any]) -> dict[str, Any] | None:
                if len(self.searches) + 1 >= at_page:
                    gate.pass_through()
                return super().search(method, query)

        with Stalling(items, Behaviour(page_size=5)) as api:
            yield api, gate
            gate.open()


@pytest.mark.parametrize("page", [1, 2])
def test_a_search_is_cancelled_while_the_server_stalls(settings: Settings, page: int) -> None:
    with stalling(june_items(), page) as (api, gate):
        one, _ = start(settings, api.base_url)
        with pytest.raises(Cancelled):
            one.next(StopWhen(gate.reached.is_set))
        assert gate.is_held
    assert one.exhausted, "the page that was under way is lost"


def thousand() -> list[dict[str, Any]]:
    return [
        make_item(
            f"n{n:04d}",
            when=f"2024-06-{n % 28 + 1:02d}T{n % 24:02d}:{n % 60:02d}:00Z",
            assets=band_links(),
        )
        for n in range(1000)
    ]


@pytest.mark.thorough
@pytest.mark.parametrize("sorts", [True, False], ids=["sorts", "does not sort"])
def test_a_thousand_items_are_listed_in_order_and_told_of_often(
    settings: Settings, sorts: bool
) -> None:
    items = thousand()
    expected = sorted((-_when(item).timestamp(), item["id"]) for item in items)
    conforms = (*CONFORMS_TO, SORT) if sorts else CONFORMS_TO
    with SortingServer(items, Behaviour(page_size=250, conforms_to=conforms)) as api:
        one, monitor = start(settings, api.base_url, limit=1000)
        scenes = one.next(monitor)
        assert len(api.searches) in (10, 11), (
            "a hundred a page, whatever more the server would give"
        )
    assert [scene.id for scene in scenes] == [name for _, name in expected]
    steps = [event for event in monitor.events if isinstance(event, Progress)]
    assert [step.fraction for step in steps] == sorted(step.fraction for step in steps)
    assert [step.message for step in steps][1:] == [f"{n}00 scenes found" for n in range(1, 10)] + [
        "1000 scenes found"
    ]


def _when(item: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(item["properties"]["datetime"].replace("Z", "+00:00"))


def test_a_thousand_items_can_be_cancelled_between_two_pages(settings: Settings) -> None:
    with SortingServer(thousand(), Behaviour(page_size=50)) as api:
        one, _ = start(settings, api.base_url, limit=1000)

        def first_hundred(event: Event) -> bool:
            return isinstance(event, Progress) and "100 scenes" in event.message

        with pytest.raises(Cancelled), stop_at(first_hundred) as monitor:
            one.next(monitor)
        assert len(api.searches) < 5


def test_where_a_server_cannot_sort_too_many_items_are_named_and_none_is_lost(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stac_client, "MOST_ITEMS", 8)
    with StacServer(june_items(), behaviour=Behaviour(page_size=4)) as api:
        one, monitor = start(settings, api.base_url)
        first = [scene.id for scene in one.next(monitor)]
        notes = [event.text for event in monitor.events if isinstance(event, Note)]
        rest = [scene.id for scene in one.next(monitor)]
    assert first == NEWEST_FIRST[4:]
    assert len(notes) == 1
    assert "holds more than 8 scenes of this search: narrow the dates" in notes[0]
    assert rest == NEWEST_FIRST[:4], "asking for more goes on where it ended"


def test_exactly_the_most_items_are_no_reason_for_a_warning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stac_client, "MOST_ITEMS", 13)
    with StacServer(june_items(), behaviour=Behaviour(page_size=4)) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


def test_a_link_to_the_machines_own_addresses_is_not_followed(settings: Settings) -> None:
    """Where clouds keep keys; not even a catalogue of this computer leads there."""

    session = new_session(settings, gate=gate_of("http://127.0.0.1:8721"))
    home = Home.of("http://127.0.0.1:8721")
    transport = Transport(session, home, (1.0, 1.0), 0.0)
    with pytest.raises(Trouble, match="it lies at an address for machines alone"):
        transport.ask(Request("http://169.254.169.254/latest/meta-data"))
