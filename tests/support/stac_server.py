"""A STAC API on loopback with given items: small, but a real server with real paging.

>>> with StacServer([make_item("a", bbox=(7, 46, 8, 47), when="2024-06-01T10:00:00Z")]) as api:
...     requests.post(f"{api.base_url}/search", json={"bbox": [7, 46, 8, 47]}).json()

It offers Core, Collections and Item Search, and by itself neither query, filter nor sortby: like
many servers it ignores what it does not offer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

LOOPBACK = "127.0.0.1"
Json = dict[str, Any]

CONFORMS_TO = (
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/item-search",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)


@dataclass(frozen=True)
class Behaviour:
    """How the API differs from a good one."""

    page_size: int = 10
    """The most items in a page, also where ``limit`` asks for more."""
    die_at_page: int | None = None
    """From this page on (the first is 1) every search answers with ``die_status``."""
    die_status: int = 500
    die_times: int | None = None
    """Die only so many times, then answer well; None for ever."""
    empty_last_page: bool = False
    """The last full page has a ``next`` link that leads to a page without items."""
    next_without_query: bool = False
    """The ``next`` link of a POST carries ``merge: false`` and a body with nothing but the token,
    and the server keeps the query itself; as Earth Search does with filtered queries.
    """
    strip_assets: bool = False
    """Items come without assets, as with ``fields`` that exclude them."""
    strip_geometry: bool = False
    """Items come without geometry and bbox."""
    garbage: bool = False
    """Searches answer 200 with a page of HTML."""
    conforms_to: tuple[str, ...] = CONFORMS_TO


@dataclass
class Seen:
    """One search that came in."""

    method: str
    page: int
    query: Json = field(default_factory=dict)


def make_item(
    item_id: str,
    bbox: Sequence[float] = (7.0, 46.0, 8.0, 47.0),
    when: str = "2024-06-01T10:00:00Z",
    collection: str = "sentinel-2-l2a",
    assets: Mapping[str, Json] | None = None,
    **properties: Any,
) -> Json:
    """Make a STAC 1.0 item whose footprint is its bounding box."""
    west, south, east, north = bbox
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "collection": collection,
        "bbox": list(bbox),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"datetime": when, **properties},
        "assets": dict(assets or {}),
        "links": [],
    }


class StacServer(ThreadingHTTPServer):
    """A STAC API on loopback; a context manager.

    Parameters
    ----------
    items : sequence of dict
        STAC items; each belongs to the collection that it names. Searches give them in this order.
    collections : sequence of dict or str
        Collections, or ids of which plain ones are made; those that the items name are added.
    behaviour : Behaviour
        How it differs from a good server.
    port : int
        0 takes a free one.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        items: Sequence[Json] = (),
        collections: Sequence[Json | str] = (),
        behaviour: Behaviour | None = None,
        port: int = 0,
    ) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.items = list(items)
        self.behaviour = behaviour or Behaviour()
        self.searches: list[Seen] = []
        """Every search, in the order they came, with what it asked for."""
        self.requests: list[str] = []
        """``METHOD /path`` of every request."""
        self.deaths = 0
        self.kept_queries: dict[str, Json] = {}
        self.lock = threading.Lock()
        known = [_collection(c) if isinstance(c, str) else c for c in collections]
        named = dict.fromkeys(item["collection"] for item in self.items)
        self.collections = {c["id"]: c for c in [*(_collection(name) for name in named), *known]}
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    @property
    def base_url(self) -> str:
        """Address of the landing page, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and give the port back."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        self.server_close()

    def __enter__(self) -> StacServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients may leave when they like."""

    def search(self, method: str, query: Json) -> Json | None:
        """One page of matching items; None where the server is to die now."""
        behaviour = self.behaviour
        token = str(query.get("token", "0"))
        with self.lock:
            if behaviour.next_without_query and token != "0":
                query = {**self.kept_queries.get(token, {}), "token": token}
            start = int(token)
            size = max(1, min(int(query.get("limit", behaviour.page_size)), behaviour.page_size))
            page = start // size + 1
            self.searches.append(Seen(method, page, query))
            left = behaviour.die_times is None or self.deaths < behaviour.die_times
            if behaviour.die_at_page is not None and page >= behaviour.die_at_page and left:
                self.deaths += 1
                return None
        found = [item for item in self.items if matches(item, query)]
        answer: Json = {
            "type": "FeatureCollection",
            "features": [self._shown(item) for item in found[start : start + size]],
            "links": [],
            "numberReturned": len(found[start : start + size]),
            "numberMatched": len(found),
        }
        more = start + size < len(found) or (
            behaviour.empty_last_page and start + size >= len(found) > start
        )
        if more:
            answer["links"].append(self._next_link(method, query, str(start + size)))
        return answer

    def _shown(self, item: Json) -> Json:
        shown = dict(item)
        if self.behaviour.strip_assets:
            shown.pop("assets", None)
        if self.behaviour.strip_geometry:
            shown.update(geometry=None)
            shown.pop("bbox", None)
        return shown

    def _next_link(self, method: str, query: Json, token: str) -> Json:
        href = f"{self.base_url}/search"
        link: Json = {"rel": "next", "type": "application/geo+json", "method": method}
        if method == "GET":
            words = {k: _query_text(v) for k, v in query.items()}
            return {**link, "href": f"{href}?{urlencode({**words, 'token': token})}"}
        if self.behaviour.next_without_query:
            with self.lock:
                self.kept_queries[token] = query
            return {**link, "href": href, "merge": False, "body": {"token": token}}
        return {**link, "href": href, "body": {**query, "token": token}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: StacServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        words = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self._route("GET", parts.path.strip("/"), _parse_get(words))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        try:
            query = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            self._send(
                {"code": "BadRequest", "description": "the body is not JSON"},
                HTTPStatus.BAD_REQUEST,
            )
            return
        self._route("POST", urlsplit(self.path).path.strip("/"), query)

    def _route(self, method: str, path: str, query: Json) -> None:
        api = self.server
        with api.lock:
            api.requests.append(f"{method} /{path}")
        steps = path.split("/") if path else []
        if not steps:
            self._send(self._landing())
        elif steps == ["conformance"]:
            self._send({"conformsTo": list(api.behaviour.conforms_to)})
        elif steps == ["collections"]:
            self._send({"collections": list(api.collections.values()), "links": []})
        elif steps == ["search"]:
            self._search(method, query)
        elif steps[0] == "collections" and len(steps) == 2 and steps[1] in api.collections:
            self._send(api.collections[steps[1]])
        elif steps[0] == "collections" and steps[2:] == ["items"] and steps[1] in api.collections:
            self._search(method, {**query, "collections": [steps[1]]})
        else:
            self._send(
                {"code": "NotFoundError", "description": f"no /{path} here"}, HTTPStatus.NOT_FOUND
            )

    def _search(self, method: str, query: Json) -> None:
        if self.server.behaviour.garbage:
            self._send_bytes(
                b"<!DOCTYPE html><html><body>Welcome</body></html>", "text/html", HTTPStatus.OK
            )
            return
        try:
            answer = self.server.search(method, query)
        except (ValueError, TypeError, KeyError) as error:
            self._send({"code": "BadRequest", "description": str(error)}, HTTPStatus.BAD_REQUEST)
            return
        if answer is None:
            self._send(
                {"code": "InternalServerError", "description": "told to die"},
                self.server.behaviour.die_status,
            )
        else:
            self._send(answer)

    def _landing(self) -> Json:
        root = self.server.base_url
        links = [("self", "", "GET"), ("root", "", "GET"), ("conformance", "/conformance", "GET")]
        links += [
            ("data", "/collections", "GET"),
            ("search", "/search", "GET"),
            ("search", "/search", "POST"),
        ]
        return {
            "type": "Catalog",
            "stac_version": "1.0.0",
            "id": "test",
            "description": "A STAC API for tests",
            "conformsTo": list(self.server.behaviour.conforms_to),
            "links": [
                {
                    "rel": rel,
                    "href": f"{root}{path}",
                    "method": method,
                    "type": "application/geo+json" if rel == "search" else "application/json",
                }
                for rel, path, method in links
            ],
        }

    def _send(self, body: Json, status: int = HTTPStatus.OK) -> None:
        self._send_bytes(json.dumps(body).encode(), "application/json", status)

    def _send_bytes(self, body: bytes, media_type: str, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Be silent."""


def matches(item: Json, query: Json) -> bool:
    """Whether an item answers a search: ids, collections, bbox, intersects and datetime, all
    inclusive.
    """
    if query.get("ids") and item["id"] not in query["ids"]:
        return False
    if query.get("collections") and item["collection"] not in query["collections"]:
        return False
    if query.get("datetime") and not _within(
        item["properties"]["datetime"], str(query["datetime"])
    ):
        return False
    if query.get("bbox"):
        box = [float(v) for v in query["bbox"]]
        west, south, east, north = box if len(box) == 4 else (box[0], box[1], box[3], box[4])
        # west > east crosses the antimeridian
        parts = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
        left, bottom, right, top = item["bbox"]
        if top < south or bottom > north or all(right < w or left > e for w, e in parts):
            return False
    return not query.get("intersects") or _intersect(item["geometry"], query["intersects"])


def _intersect(one: Json, other: Json) -> bool:
    from osgeo import ogr

    shapes = [ogr.CreateGeometryFromJson(json.dumps(g)) for g in (one, other)]
    if None in shapes:
        raise ValueError("intersects is no GeoJSON geometry")
    return bool(shapes[0].Intersects(shapes[1]))


def _within(moment: str, asked: str) -> bool:
    first, _, last = asked.partition("/")
    if not _:
        last = first
    at = _time(moment)
    return (first in ("", "..") or _time(first) <= at) and (last in ("", "..") or at <= _time(last))


def _time(text: str) -> datetime:
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


def _parse_get(words: dict[str, str]) -> Json:
    query: Json = dict(words)
    for name in ("ids", "collections"):
        if name in query:
            query[name] = query[name].split(",")
    if "bbox" in query:
        query["bbox"] = [float(v) for v in query["bbox"].split(",")]
    if "intersects" in query:
        query["intersects"] = json.loads(query["intersects"])
    return query


def _query_text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(str(v) for v in value)
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _collection(collection_id: str) -> Json:
    return {
        "type": "Collection",
        "stac_version": "1.0.0",
        "id": collection_id,
        "description": f"Test collection {collection_id}",
        "license": "proprietary",
        "extent": {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [["2015-01-01T00:00:00Z", None]]},
        },
        "links": [],
    }
