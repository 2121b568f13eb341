"""Catalogues that break off, refuse, lead astray or say one thing and do another: all of their
scenes are found nevertheless, with few questions, and what was odd is told.
"""

from __future__ import annotations

import dataclasses
import email.utils
import gzip
import json
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.cli import main
from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.catalogs import get_catalog
from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.errors import Cancelled, DiscoveryError, NoScenesError
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.scenes.find import SceneQuery, find_scenes
from firstlight.core.settings import Settings
from firstlight.core.stac import body as body_module
from firstlight.core.types import Aoi, SearchQuery
from support.june import NEWEST_FIRST, band_links, june_items
from support.odd_catalogue import SORT_CLASS, Asked, OddCatalogue, Reply
from support.stac_server import make_item
from support.waiting import PATIENCE_S, Gate, StopWhen

AREA = Aoi.from_bounds(7.2, 46.2, 7.8, 46.8)
TWO_PARTS = Aoi.from_geometry(
    {
        "type": "MultiPolygon",
        "coordinates": [
            [[[x, 46.2], [x + 0.1, 46.2], [x + 0.1, 46.4], [x, 46.4], [x, 46.2]]]
            for x in (7.2, 7.6)
        ],
    }
)
JUNE = (
    datetime(2024, 6, 1, tzinfo=timezone.utc),
    datetime(2024, 6, 30, 23, 59, 59, tzinfo=timezone.utc),
)


def start(url: str, **change: Any) -> SearchQuery:
    return dataclasses.replace(SearchQuery(AREA, *JUNE, "sentinel2", url), **change)


def search(
    settings: Settings, api: OddCatalogue, url: str = "", **change: Any
) -> tuple[list[str], list[str]]:
    """Ids of the scenes, and the warnings."""
    monitor = RecordingMonitor()
    scenes = SceneSearch(start(url or api.url, **change), settings).next(monitor)
    return [scene.id for scene in scenes], told(monitor, "warning")


def told(monitor: RecordingMonitor, level: str) -> list[str]:
    notes = (event for event in monitor.events if isinstance(event, Note))
    return [note.text for note in notes if note.level == level]


class OnceBad(OddCatalogue):
    """Answers something else at the first search, or at the first question at all."""

    def __init__(self, reply: Reply, at: str, **more: Any) -> None:
        super().__init__(june_items(), **more)
        self.bad = reply
        self.at = at
        self.left = 1

    def any(self, asked: Asked) -> Reply | None:
        if self.left and (asked.path.rstrip("/") == self.at):
            self.left -= 1
            return self.bad
        return None


PAGE = json.dumps({"type": "FeatureCollection", "links": [], "features": june_items()}).encode()
LATER = email.utils.format_datetime(datetime(2020, 1, 1, tzinfo=timezone.utc), usegmt=True)


@pytest.mark.parametrize("at", ["", "/search"])
@pytest.mark.parametrize(
    "reply",
    [
        *(Reply(status, {"message": "try later"}) for status in (429, 500, 502, 503, 504)),
        Reply(429, {}, {"Retry-After": "0"}),
        Reply(503, b"<html>busy</html>", {"Retry-After": LATER}),
        Reply(reset=True),
        Reply(body=PAGE[:1000], promised=500),
        Reply(body=PAGE[:1000]),
    ],
    ids=["429", "500", "502", "503", "504", "seconds", "a date", "reset", "cut off", "half"],
)
def test_what_is_temporary_is_asked_for_again_and_told(
    settings: Settings, reply: Reply, at: str
) -> None:
    with OnceBad(reply, at) as api:
        monitor = RecordingMonitor()
        scenes = SceneSearch(start(api.url), settings).next(monitor)
    assert [scene.id for scene in scenes] == NEWEST_FIRST
    assert told(monitor, "warning") == []
    assert ["Asked again in 0.0 s" in text for text in told(monitor, "info")] == [True]


def test_a_server_that_says_when_is_not_asked_before(settings: Settings) -> None:
    with OnceBad(Reply(429, {}, {"Retry-After": "1"}), "/search") as api:
        begin = time.monotonic()
        assert search(settings, api) == (NEWEST_FIRST, [])
        assert time.monotonic() - begin >= 1


def test_a_wait_that_is_too_long_is_not_waited(settings: Settings) -> None:
    with OnceBad(Reply(503, {"message": "busy"}, {"Retry-After": "1000000000"}), "/search") as api:
        with pytest.raises(DiscoveryError, match="HTTP 503: busy, and it asks to wait 100000"):
            search(settings, api)
        assert len(api.searches) == 1


def test_a_fault_that_names_a_wait_is_asked_again_all_the_same(settings: Settings) -> None:
    """Only a server that is busy knows when it will not be."""
    reply = Reply(500, {"message": "odd"}, {"Retry-After": "1000000000"})
    with OnceBad(reply, "/search") as api:
        assert search(settings, api) == (NEWEST_FIRST, [])
        assert len(api.searches) == 2


def test_a_wait_is_cancelled(settings: Settings) -> None:
    with OnceBad(Reply(503, {}, {"Retry-After": "300"}), "/search") as api:
        begin = time.monotonic()
        with pytest.raises(Cancelled):
            SceneSearch(start(api.url), settings).next(StopWhen(lambda: len(api.searches) > 0))
        assert time.monotonic() - begin < PATIENCE_S


class Strict(OddCatalogue):
    """Refuses what a rule does not allow."""

    def __init__(self, allows: Callable[[Asked], bool], reply: Reply, **more: Any) -> None:
        super().__init__(june_items(), **more)
        self.allows = allows
        self.refusal = reply

    def search(self, asked: Asked) -> Reply | None:
        return None if self.allows(asked) else self.refusal


def small(asked: Asked) -> bool:
    return int(asked.query["limit"]) <= 20


def one_polygon(asked: Asked) -> bool:
    return (asked.query.get("intersects") or {}).get("type") != "MultiPolygon"


def boxed(asked: Asked) -> bool:
    return "intersects" not in asked.query


def unsorted(asked: Asked) -> bool:
    return "sortby" not in asked.query


def whole_seconds(asked: Asked) -> bool:
    return "." not in asked.query["datetime"]


def get(asked: Asked) -> bool:
    return asked.method == "GET"


NOTHING = Reply(body={"type": "FeatureCollection", "features": [], "links": []})


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("allows", "reply"),
    [
        (small, Reply(413, b"")),
        (small, Reply(400, {"description": "limit must be at most 20"})),
        (small, Reply(422, {"detail": [{"loc": ["limit"], "msg": "less than or equal to 20"}]})),
        (small, Reply(502, {"message": "Internal server error"})),
        (small, Reply(504, b"<html>time-out</html>")),
        (small, Reply(reset=True)),
        (one_polygon, Reply(400, {"errors": ["unsupported geometry"]})),
        (one_polygon, NOTHING),
        (boxed, Reply(414, b"")),
        (boxed, Reply(413, b"")),
        (boxed, Reply(400, b"")),
        (boxed, Reply(501, {"message": "intersects is not implemented"})),
        (boxed, Reply(500, {"message": "TopologyException"})),
        (boxed, NOTHING),
        (unsorted, Reply(400, {"code": "InvalidParameterValue"})),
        (unsorted, Reply(500, {})),
        (unsorted, NOTHING),
        (unsorted, Reply(body={"code": "BadRequest", "description": "no such field"})),
        (whole_seconds, Reply(400, {"description": "datetime is no RFC 3339"})),
        (whole_seconds, Reply(422, {})),
        (get, Reply(405, {})),
        (get, Reply(501, b"")),
        (get, Reply(403, {"message": "Forbidden"})),
        (get, Reply(404, {})),
        (get, Reply(415, {})),
        (get, Reply(400, {"message": "use another method"})),
        (get, Reply(body=b"<!DOCTYPE html><html>welcome</html>")),
    ],
)
def test_what_is_refused_is_asked_otherwise_and_done_here(
    settings: Settings, allows: Callable[[Asked], bool], reply: Reply
) -> None:
    with Strict(allows, reply, sorts=True, page=5) as api:
        assert search(settings, api, aoi=TWO_PARTS) == (NEWEST_FIRST, [])
        refused = [one for one in api.searches if not allows(one)]
        assert refused
        assert len(refused) <= 8
        page_by_page = len(api.searches) - len(refused)
        assert page_by_page <= 5, "what was learned is kept"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_keeps_the_question(settings: Settings, status: int) -> None:
    wrong = make_item("may", when="2024-05-01T00:00:00Z", assets=band_links())
    far = make_item("far", bbox=(20, 46, 21, 47), assets=band_links())

    class Moved(OddCatalogue):
        def any(self, asked: Asked) -> Reply | None:
            if asked.path == "/search":
                return Reply(status, b"", {"Location": "/v2/search"})
            return Reply(body=self.answer(asked)) if asked.path == "/v2/search" else None

    with Moved([*june_items(), wrong, far]) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])
        last = api.searches[-1]
        assert (last.method, last.path) == ("POST" if status > 303 else "GET", "/v2/search")
        assert last.query["collections"] == ["sentinel-2-l2a"]
        assert len(api.searches) == 2


def test_a_server_that_redirects_for_ever_is_named(settings: Settings) -> None:
    class Circling(OddCatalogue):
        def any(self, asked: Asked) -> Reply | None:
            return Reply(307, b"", {"Location": f"{asked.path.rstrip('/')}/x"})

    with Circling() as api, pytest.raises(DiscoveryError, match="redirects more than 10 times"):
        search(settings, api)


Link = Callable[[OddCatalogue, Asked, int], Any]


def post(body: Callable[[Asked, int], Any], **more: Any) -> Link:
    def link(api: OddCatalogue, asked: Asked, token: int) -> Any:
        more.setdefault("href", f"{api.url}/search")
        return {"rel": "next", "method": "POST", "body": body(asked, token), **more}

    return link


def whole_body(asked: Asked, token: int) -> Any:
    return {**asked.query, "token": str(token)}


LINKS: dict[str, Link] = {
    "relative to the page": post(whole_body, href="search"),
    "relative to the host": post(whole_body, href="/search"),
    "an inner number": post(whole_body, href="http://10.0.0.7/search"),
    "an inner name": post(whole_body, href="http://stac-api:8000/search"),
    "a closed port": post(whole_body, href="http://127.0.0.1:9/search"),
    "an inner path": post(whole_body, href="http://localhost:9/inner/path/search"),
    "a host that is not there": post(whole_body, href="https://catalogue.invalid/search"),
    "https of the same host": post(whole_body, href="https://127.0.0.1/search"),
    "merged": post(lambda asked, token: {"token": str(token)}, merge=True),
    "without the filter": post(lambda asked, token: {"token": str(token)}, merge=False),
    "the filter half lost": post(
        lambda asked, token: {"limit": 5, "token": str(token), "bbox": [-180, -90, 180, 90]}
    ),
    "a body in the address": lambda api, asked, token: {
        "rel": "next",
        "method": "POST",
        "href": f"/search?token={token}",
    },
    "no method": lambda api, asked, token: {"rel": "next", "href": f"?token={token}"},
    "a GET": lambda api, asked, token: {
        "rel": "next",
        "method": "GET",
        "href": f"http://10.0.0.1/search?token={token}&limit=5",
    },
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS.keys())
def test_every_next_link_leads_on(settings: Settings, link: Link) -> None:
    wrong = [
        make_item("may", when="2024-05-01T00:00:00Z", assets=band_links()),
        make_item("far", bbox=(20, 46, 21, 47), assets=band_links()),
        make_item("other", collection="sentinel-2-c1-l2a", assets=band_links()),
    ]

    class Leading(OddCatalogue):
        def next_link(self, asked: Asked, token: int) -> Any:
            return link(self, asked, token)

    with Leading([*wrong, *june_items()], page=5) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])
        assert all(one.query["collections"] == ["sentinel-2-l2a"] for one in api.searches)
        assert all("datetime" in one.query for one in api.searches)


@pytest.mark.parametrize(
    ("token", "questions"),
    [(lambda token: "0", 2), (lambda token: "5", 2), (lambda token: str(token % 10), 3)],
    ids=["to the first", "to itself", "between two"],
)
def test_a_next_link_that_leads_in_a_circle_ends_the_list(
    settings: Settings, token: Callable[[int], str], questions: int
) -> None:
    class Circling(OddCatalogue):
        def answer(self, asked: Asked) -> dict[str, Any]:
            page = super().answer(asked)
            asked_from = int(asked.query.get("token") or 0)
            again = {**asked.query, "token": token(asked_from + 5)}
            link = {"rel": "next", "method": "POST", "href": f"{self.url}/search", "body": again}
            return {**page, "links": [link]}

    with Circling(june_items(), page=5) as api:
        found, warnings = search(settings, api)
        assert len(api.searches) == questions
    assert found == sorted(found, reverse=True)
    assert len(found) >= 5
    assert len(warnings) == 1
    assert warnings[0].startswith("The list may not be complete. 127.0.0.1:")


@pytest.mark.parametrize("name", ["page", "offset", "startIndex", "token"])
def test_more_than_a_catalogue_links_to_is_asked_for(settings: Settings, name: str) -> None:
    class Silent(OddCatalogue):
        def answer(self, asked: Asked) -> dict[str, Any]:
            place = int(asked.query.get(name) or 0)
            start = max(0, place - 1) * 5 if name == "page" else place
            found = self.found(asked.query)
            page = {"type": "FeatureCollection", "features": found[start : start + 5], "links": []}
            return {**page, "context": {"matched": len(found), "returned": 5}}

    with Silent(june_items()) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


def test_more_than_a_catalogue_gives_is_told(settings: Settings) -> None:
    class Silent(OddCatalogue):
        def answer(self, asked: Asked) -> dict[str, Any]:
            page = {"type": "FeatureCollection", "features": self.items[:5], "links": []}
            return {**page, "numberMatched": 12}

    with Silent(june_items()) as api:
        found, warnings = search(settings, api)
    assert found == NEWEST_FIRST[-5:]
    assert len(warnings) == 1
    assert "5 of 12 scenes came, it has no link to the next page" in warnings[0]


def test_a_sort_that_is_stated_and_not_done_is_done_here(settings: Settings) -> None:
    class Unsorted(OddCatalogue):
        def found(self, query: dict[str, Any]) -> list[dict[str, Any]]:
            return super().found({**query, "sortby": None})

    mixed = [june_items()[n] for n in (3, 11, 0, 7, 5, 1, 9, 2, 10, 4, 8, 6)]
    with Unsorted(mixed, page=4, sorts=True) as api:
        one = SceneSearch(start(api.url, limit=4), settings)
        pages = [[scene.id for scene in one.next(RecordingMonitor())] for _ in range(3)]
    assert pages == [NEWEST_FIRST[:4], NEWEST_FIRST[4:8], NEWEST_FIRST[8:]]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"code": "InternalError", "description": "out of order"}, "with an error: out of order"),
        ({"message": "over quota"}, "with an error: over quota"),
        ({"type": "FeatureCollection", "features": None}, "with an error: FeatureCollection|no f"),
        (b"<html>Log in</html>", "is no STAC .it is a web page, perhaps one to log in"),
        (b"[" * 100_000, "is no STAC .its JSON is nested too deep"),
        (b"[1, 2]", "is no STAC"),
    ],
)
def test_an_answer_that_is_none_is_said_as_it_is(settings: Settings, body: Any, why: str) -> None:
    class Wrong(OddCatalogue):
        def search(self, asked: Asked) -> Reply:
            return Reply(body=body)

    with Wrong(june_items()) as api:
        with pytest.raises(DiscoveryError, match=why) as caught:
            search(settings, api)
        assert len(api.searches) <= 12
    assert len(str(caught.value)) < 300


def test_an_answer_without_end_is_cut_off(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_module, "MOST_BYTES", 3 << 20)

    class Long(OddCatalogue):
        def search(self, asked: Asked) -> Reply:
            return Reply(body=b" " * (4 << 20))

    with Long() as api, pytest.raises(DiscoveryError, match="its answer is longer than 3 MB"):
        search(settings, api, collection="sentinel-2-l2a")


def without(*names: str) -> Callable[[dict[str, Any]], Any]:
    return lambda page: {name: value for name, value in page.items() if name not in names}


LANDINGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no conformance": without("conformsTo"),
    "conformance a text": lambda page: {**page, "conformsTo": "all"},
    "no links": without("links"),
    "no search link": lambda page: {**page, "links": page["links"][:2]},
    "no link at all": lambda page: {**page, "links": []},
    "damaged links": lambda page: {**page, "links": [None, 5, {"rel": "search"}, *page["links"]]},
    "relative links": lambda page: {
        **page,
        "links": [{**one, "href": f".{one['href'].partition(':9')[2]}"} for one in page["links"]],
    },
    "no type": without("type", "stac_version"),
    "a web page": lambda page: b"<html><body>Welcome</body></html>",
    "an error": lambda page: {"code": "InternalError", "description": "oops"},
}


@pytest.mark.parametrize("change", LANDINGS.values(), ids=LANDINGS.keys())
def test_a_first_page_that_says_too_little_does_not_close_the_catalogue(
    settings: Settings, change: Callable[[dict[str, Any]], Any]
) -> None:
    class Meagre(OddCatalogue):
        link_base = "http://127.0.0.1:9"

        def any(self, asked: Asked) -> Reply | None:
            return Reply(body=change(self.landing())) if asked.path == "/" else None

    with Meagre(june_items(), page=5) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


def test_a_first_page_that_fails_does_not_close_the_catalogue(settings: Settings) -> None:
    class Broken(OddCatalogue):
        def any(self, asked: Asked) -> Reply | None:
            return Reply(404, {}) if asked.path == "/" else None

    with Broken(june_items()) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


@pytest.mark.parametrize("end", ["/", "/search", "/search?limit=1"])
def test_the_address_of_the_search_itself_will_do(settings: Settings, end: str) -> None:
    with OddCatalogue(june_items(), page=5) as api:
        assert search(settings, api, api.url + end) == (NEWEST_FIRST, [])


COLLECTIONS: dict[str, Any] = {
    "one is damaged": lambda good: [{"id": "broken", "links": None, "extent": 5}, *good],
    "entries that are none": lambda good: [None, 5, "x", {}, {"id": 7}, *good],
    "the list is an object": lambda good: {"sentinel-2-l2a": {}},
    "there is none": lambda good: None,
}


@pytest.mark.parametrize("change", COLLECTIONS.values(), ids=COLLECTIONS.keys())
def test_collections_that_are_damaged_do_not_close_the_catalogue(
    settings: Settings, change: Callable[[Any], Any]
) -> None:
    class Odd(OddCatalogue):
        def any(self, asked: Asked) -> Reply | None:
            listed = {"collections": change(self.collections()), "links": []}
            return Reply(body=listed) if asked.path == "/collections" else None

    with Odd(june_items()) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


@pytest.mark.parametrize(
    ("names", "searched"),
    [
        (("sentinel-2-l2a-cogs", "landsat-c2-l2"), "sentinel-2-l2a-cogs"),
        (("s2-nbar", "SENTINEL-2-L1C", "S2MSI2A"), "S2MSI2A"),
        (("Sentinel-2_L2A", "sentinel-2-l1c"), "Sentinel-2_L2A"),
        (("sentinel-2-l2a-mosaic", "s2_l2a"), "s2_l2a"),
    ],
)
def test_the_collection_is_chosen_from_what_the_catalogue_lists(
    settings: Settings, names: tuple[str, ...], searched: str
) -> None:
    items = [make_item(name, collection=name, assets=band_links()) for name in names]
    with OddCatalogue(items) as api:
        assert search(settings, api)[0] == [searched]


def test_a_collection_that_is_not_there_is_not_called_empty(settings: Settings) -> None:
    with OddCatalogue(june_items()) as api:
        with pytest.raises(DiscoveryError, match="has none of the collections landsat-x") as caught:
            search(settings, api, collection="landsat-x")
        assert caught.value.hint == "Name one of its own collections: sentinel-2-l2a."
        assert search(settings, api, collection="Sentinel-2-L2A")[0] == NEWEST_FIRST


def test_items_of_a_collection_are_had_where_there_is_no_search(settings: Settings) -> None:
    class Features(OddCatalogue):
        def any(self, asked: Asked) -> Reply | None:
            if asked.path == "/search":
                return Reply(404, {})
            if asked.path == "/collections/sentinel-2-l2a/items":
                assert "intersects" not in asked.query
                return Reply(body=self.answer(asked))
            return None

        def next_link(self, asked: Asked, token: int) -> Any:
            return {"rel": "next", "href": f"?token={token}"}

    with Features(june_items(), page=5) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


def test_items_that_cannot_be_read_are_counted(settings: Settings) -> None:
    bad: list[Any] = [
        {"type": "Feature", "id": "x", "collection": "sentinel-2-l2a", "properties": {}},
        {**make_item("y", assets=band_links()), "bbox": ["a", 1, 2, 3]},
        {**make_item("z"), "assets": {"red": 5}, "id": None},
    ]

    class Odd(OddCatalogue):
        def found(self, query: dict[str, Any]) -> list[dict[str, Any]]:
            return self.items

        def collections(self) -> list[dict[str, Any]]:
            return [{"id": "sentinel-2-l2a"}]

    with Odd([*june_items(), *bad, 5, None]) as api:  # type: ignore[list-item]
        found, warnings = search(settings, api)
    assert found == NEWEST_FIRST
    assert len(warnings) == 1
    assert warnings[0].startswith("5 of 17 items of 127.0.0.1:")
    with (
        Odd(bad) as api,
        pytest.raises(DiscoveryError, match=r"cannot be used: 3 of 3 items, its time is None"),
    ):
        search(settings, api)


SECRET = "tok3n-of-mine"


def test_a_token_in_the_address_is_sent_to_its_host_alone_and_never_shown(
    settings: Settings,
) -> None:
    with OddCatalogue(june_items(), page=5) as other:

        class Keyed(OddCatalogue):
            def any(self, asked: Asked) -> Reply | None:
                if asked.words.get("access_token") != SECRET:
                    return Reply(401, {"description": "who are you?"})
                return None

            def next_link(self, asked: Asked, token: int) -> Any:
                link = super().next_link(asked, token)
                assert link is not None
                return {**link, "href": f"https://localhost:{other.server_port}/nowhere/search"}

        with Keyed(june_items(), page=5) as api:
            monitor = RecordingMonitor()
            one = SceneSearch(start(f"{api.url}?access_token={SECRET}"), settings)
            scenes = one.next(monitor)
        assert SECRET not in str(other.asked)
    assert [scene.id for scene in scenes] == NEWEST_FIRST
    assert SECRET not in str(monitor.events)
    assert SECRET not in json.dumps([scene.to_dict() for scene in scenes])
    with pytest.raises(DiscoveryError) as caught:
        SceneSearch(start(f"{api.url}?access_token={SECRET}"), settings).next(RecordingMonitor())
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(one._catalog)


def test_hundred_scenes_are_listed_with_two_questions_a_page(settings: Settings) -> None:
    items = [
        make_item(f"n{n:03d}", when=f"2024-06-{n % 28 + 1:02d}T00:00:00Z", assets=band_links())
        for n in range(100)
    ]
    with OddCatalogue(items, sorts=True) as api:
        assert len(search(settings, api, limit=100, collection="sentinel-2-l2a")[0]) == 100
        assert [one.path for one in api.asked] == ["/", "/search"]
    assert SORT_CLASS in api.classes


class Endless(OddCatalogue):
    """Every page leads to another one."""

    def __init__(self, make: Callable[[int], list[dict[str, Any]]]) -> None:
        super().__init__(june_items())
        self.make = make

    def answer(self, asked: Asked) -> dict[str, Any]:
        number = len(self.searches)
        link = {"rel": "next", "href": f"/search?n={number}"}
        return {"type": "FeatureCollection", "features": self.make(number), "links": [link]}


def test_pages_without_end_and_without_scenes_are_not_called_nothing(settings: Settings) -> None:
    other = [make_item("x", collection="other")]
    for make in (lambda number: [], lambda number: other):
        with Endless(make) as api:
            with pytest.raises(
                DiscoveryError, match="failed: 0 scenes came, its next link brings nothing"
            ):
                search(settings, api)
            assert len(api.searches) < 20


def test_what_came_before_an_endless_list_broke_is_no_proof(settings: Settings) -> None:
    far = make_item("far", bbox=(20, 46, 21, 47), assets=band_links())
    with (
        Endless(lambda number: [far]) as api,
        pytest.raises(DiscoveryError, match="none of what came is wanted, and 1 scene came"),
    ):
        search(settings, api)


@pytest.mark.thorough
def test_pages_of_one_scene_without_end_are_ended(settings: Settings) -> None:
    def one(number: int) -> list[dict[str, Any]]:
        return [make_item(f"n{number}", assets=band_links())]

    with Endless(one) as api:
        found, warnings = search(settings, api, limit=5000)
        assert len(api.searches) == len(found) == 100
    assert len(warnings) == 1
    assert "100 scenes came, in 100 pages that lead on" in warnings[0]


def test_a_list_that_ends_before_its_number_is_told(settings: Settings) -> None:
    class Short(OddCatalogue):
        def answer(self, asked: Asked) -> dict[str, Any]:
            return {**super().answer(asked), "numberMatched": 20}

    with Short(june_items(), page=5) as api:
        found, warnings = search(settings, api)
        assert len(api.searches) == 3
    assert found == NEWEST_FIRST
    assert len(warnings) == 1
    assert "12 of 20 scenes came, and its last page leads no further" in warnings[0]


@pytest.mark.thorough
def test_a_number_that_is_none_is_not_believed(settings: Settings) -> None:
    for number in (None, "many", -1, 0, True, 12.0):

        class Odd(OddCatalogue):
            def answer(self, asked: Asked) -> dict[str, Any]:
                return {**super().answer(asked), "numberMatched": number}  # noqa: B023

        with Odd(june_items()) as api:
            assert search(settings, api) == (NEWEST_FIRST, [])


def test_both_boxes_of_an_area_across_the_antimeridian_are_asked_for(settings: Settings) -> None:
    items = [
        make_item("west", bbox=(179.2, -17, 179.8, -16), assets=band_links()),
        make_item("east", bbox=(-179.8, -17, -179.2, -16), assets=band_links()),
        make_item("far", bbox=(0, -17, 1, -16), assets=band_links()),
    ]

    class Boxes(OddCatalogue):
        def search(self, asked: Asked) -> Reply | None:
            return Reply(400, {"message": "intersects?"}) if "intersects" in asked.query else None

    with Boxes(items, sorts=True) as api:
        found, warnings = search(settings, api, aoi=Aoi.from_bounds(179, -18, -179, -15))
    assert sorted(found) == ["east", "west"]
    assert warnings == []


def test_a_first_answer_that_does_not_come_is_asked_for_again(settings: Settings) -> None:
    with Gate() as gate:

        class Slow(OddCatalogue):
            def search(self, asked: Asked) -> Reply | None:
                if asked is self.searches[0]:
                    gate.pass_through()
                return None

        impatient = dataclasses.replace(settings, read_timeout_s=0.5)
        with Slow(june_items()) as api:
            assert search(impatient, api) == (NEWEST_FIRST, [])
            assert gate.is_held
            gate.open()


def test_a_catalogue_whose_search_is_not_there_is_walked(settings: Settings) -> None:
    class Walked(OddCatalogue):
        def any(self, asked: Asked) -> Reply | None:
            if asked.path == "/items/all.json":
                return Reply(body={"type": "FeatureCollection", "features": self.items})
            return Reply(404, {}) if asked.path == "/search" else None

        def landing(self) -> dict[str, Any]:
            page = super().landing()
            page["links"] = [*page["links"], {"rel": "items", "href": "/items/all.json"}]
            return page

    with Walked(june_items()) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


def test_a_catalogue_that_moved_is_searched_where_it_is(settings: Settings) -> None:
    with OddCatalogue(june_items(), page=5) as api:

        class Moved(OddCatalogue):
            def any(self, asked: Asked) -> Reply | None:
                return Reply(301, b"", {"Location": f"{api.url}/"})

        with Moved() as old:
            assert search(settings, api, old.url) == (NEWEST_FIRST, [])
            assert len(old.asked) == 1


def test_a_cancelled_search_leaves_nobody_waiting(settings: Settings) -> None:
    with Gate() as gate:

        class Standing(OddCatalogue):
            def search(self, asked: Asked) -> Reply | None:
                gate.pass_through()
                return None

        with Standing(june_items()) as api:
            one = SceneSearch(start(api.url), settings)
            with pytest.raises(Cancelled):
                one.next(StopWhen(gate.reached.is_set))
            assert gate.is_held
            assert one.next(RecordingMonitor()) == []
            gate.open()


def far_away(count: int) -> list[dict[str, Any]]:
    return [make_item(f"far{n}", bbox=(20, 46, 21, 47), assets=band_links()) for n in range(count)]


@pytest.mark.parametrize("deaf", ["to the polygon", "to the body"])
def test_a_server_that_does_not_heed_the_question_is_asked_otherwise(
    settings: Settings, deaf: str
) -> None:
    class Deaf(OddCatalogue):
        def found(self, query: dict[str, Any]) -> list[dict[str, Any]]:
            if deaf == "to the polygon":
                query = {name: value for name, value in query.items() if name != "intersects"}
            return super().found(query)

        def answer(self, asked: Asked) -> dict[str, Any]:
            if deaf == "to the body" and asked.method == "POST":
                asked = dataclasses.replace(asked, query=dict(asked.words))
            return super().answer(asked)

    with Deaf([*far_away(200), *june_items()], page=5) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])
        assert len(api.searches) <= 8


def test_a_server_that_heeds_nothing_is_read_to_its_end(settings: Settings) -> None:
    class Deaf(OddCatalogue):
        def found(self, query: dict[str, Any]) -> list[dict[str, Any]]:
            return self.items

    with Deaf([*far_away(30), *june_items()], page=5) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("sentinel-s2-l2a-cogs", True),
        ("S2MSI2A", True),
        ("sentinel-2-l1c", False),
        ("landsat-c2-l2", False),
        ("sentinel-2-l2a-mosaic", False),
    ],
)
def test_a_collection_may_come_under_another_name_of_its_own(
    settings: Settings, name: str, found: bool
) -> None:
    class Renamed(OddCatalogue):
        def answer(self, asked: Asked) -> dict[str, Any]:
            page = super().answer(asked)
            page["features"] = [{**item, "collection": name} for item in page["features"]]
            return page

    with Renamed(june_items(), page=5) as api:
        assert search(settings, api) == (NEWEST_FIRST if found else [], [])


def test_a_place_that_is_kept_in_a_header_is_sent_back(settings: Settings) -> None:
    class Kept(OddCatalogue):
        def answer(self, asked: Asked) -> dict[str, Any]:
            token = asked.headers.get("cmr-search-after", "0")
            return super().answer(dataclasses.replace(asked, query={**asked.query, "token": token}))

        def next_link(self, asked: Asked, token: int) -> Any:
            headers = {"cmr-search-after": str(token), "Authorization": "no", "Host": "x"}
            link = super().next_link(dataclasses.replace(asked, query={}), token)
            assert link is not None
            body = {"limit": 5, "n": token}
            return {**link, "body": body, "merge": True, "headers": headers}

    with Kept(june_items(), page=5) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])
        assert all("Authorization" not in one.headers for one in api.searches)


@pytest.mark.thorough
def test_an_answer_that_unpacks_without_end_is_cut_off(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_module, "MOST_BYTES", 3 << 20)

    class Packed(OddCatalogue):
        def search(self, asked: Asked) -> Reply:
            body = gzip.compress(b" " * (50 << 20))
            assert len(body) < 1 << 20
            return Reply(body=body, headers={"Content-Encoding": "gzip"})

    with Packed() as api, pytest.raises(DiscoveryError, match="its answer is longer than 3 MB"):
        search(settings, api, collection="sentinel-2-l2a")


@pytest.mark.parametrize("codings", ["gzip, gzip", "gzip,deflate", "gzip,"])
def test_what_is_packed_twice_is_not_unpacked(settings: Settings, codings: str) -> None:
    """A kilobyte could be a terabyte."""

    class Packed(OddCatalogue):
        def search(self, asked: Asked) -> Reply:
            body = gzip.compress(gzip.compress(b"{}"))
            return Reply(body=body, headers={"Content-Encoding": codings})

    with Packed() as api, pytest.raises(DiscoveryError, match="it is packed as gzip,"):
        search(settings, api, collection="sentinel-2-l2a")


def test_a_catalogue_behind_a_proxy_is_searched_below_its_own_path(settings: Settings) -> None:
    class Proxied(OddCatalogue):
        link_base = "http://127.0.0.9:9"  # where nobody listens

        def reply(self, asked: Asked) -> Reply:
            if not asked.path.startswith("/api/stac"):
                return Reply(body=b"<html>Our company</html>")
            inner = dataclasses.replace(asked, path=asked.path[len("/api/stac") :] or "/")
            return super().reply(inner)

    with Proxied(june_items(), page=5) as api:
        assert search(settings, api, f"{api.url}/api/stac/") == (NEWEST_FIRST, [])


def test_a_token_stands_in_nothing_that_the_command_prints_or_writes(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    class Keyed(OddCatalogue):
        def any(self, asked: Asked) -> Reply | None:
            return None if asked.words.get("apikey") == SECRET else Reply(401, {})

    out = tmp_path / "scenes.geojson"
    words = ["discover", "--area", "7.2,46.2,7.8,46.8", "--start", "2024-06-01", "--end"]
    with Keyed(june_items(), page=5) as api:
        place = ["--catalog", f"{api.url}/?apikey={SECRET}"]
        assert main([*words, "2024-06-30", *place, "--scenes", str(out), "--output", "json"]) == 0
        assert len(json.loads(out.read_text())["features"]) == 12
        assert main([*words, "2024-06-30", *place, "--max-cloud", "0", "--sensor", "landsat"]) == 1
    assert main([*words, "2024-06-30", *place]) == 1
    printed = "".join(capfd.readouterr())
    assert api.url in printed
    assert SECRET not in printed + out.read_text()


def test_what_a_catalogue_has_and_is_left_out_is_counted(settings: Settings) -> None:
    bands = band_links("blue", "green", "red", "nir08")
    items = [
        make_item(f"l{n}", collection="landsat-c2-l2", assets=bands, platform=f"LANDSAT_{n}")
        for n in (5, 7, 7)
    ]
    late = make_item("late", collection="landsat-c2-l2", platform="landsat-8")
    late["properties"]["datetime"] = "2024-07-09T00:00:00Z"

    class Careless(OddCatalogue):
        def found(self, query: dict[str, Any]) -> list[dict[str, Any]]:
            return self.items

    for number, item in enumerate(items):
        item["id"] = f"{item['id']}-{number}"
    with Careless([*items, {**late, "bbox": [7, 46, 8, 47], "geometry": None}]) as api:
        query = SceneQuery(AREA, *JUNE, get_catalog(api.url), get_sensor("landsat"))
        with pytest.raises(NoScenesError) as caught:
            find_scenes(query, settings, RecordingMonitor())
    assert "(left out: 2 of landsat-7, 1 of landsat-5, 1 of another time)" in caught.value.why


def test_a_catalogue_that_does_not_list_its_collections_is_not_called_empty(
    settings: Settings,
) -> None:
    class Unlisted(OddCatalogue):
        def any(self, asked: Asked) -> Reply | None:
            return Reply(500, {}) if asked.path == "/collections" else None

    with (
        Unlisted([make_item("x", collection="my-own", assets=band_links())]) as api,
        pytest.raises(DiscoveryError, match="it does not list its collections, and nothing came"),
    ):
        search(settings, api)


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("limit must be less than or equal to 30", 30),
        ("Limit 100 exceeds the maximum of 42 items", 42),
        ("the page size is too large", 50),
        ("result window is too large: 10000", 50),
    ],
)
def test_a_limit_that_a_server_names_is_heeded(settings: Settings, said: str, limit: int) -> None:
    class Limited(OddCatalogue):
        def search(self, asked: Asked) -> Reply | None:
            small = int(asked.query["limit"]) <= limit
            return None if small else Reply(400, {"description": said})

    with Limited(june_items()) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])
        assert [one.query["limit"] for one in api.searches] == [100, limit]


def test_an_error_that_comes_once_as_a_good_answer_is_asked_for_again(settings: Settings) -> None:
    with OnceBad(Reply(body={"message": "over quota"}), "/search", sorts=True) as api:
        assert search(settings, api) == (NEWEST_FIRST, [])
        first, second, *_ = api.searches
        assert first.query == second.query
