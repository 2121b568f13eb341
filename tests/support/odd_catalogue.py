"""A STAC API on loopback of which a test may make every answer odd.

>>> class Refusing(OddCatalogue):
...     def search(self, asked):
...         return Reply(400, {"description": "sortby"}) if "sortby" in asked.query else None
>>> with Refusing(june_items()) as api:
...     ...
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from .stac_server import _collection, _parse_get, _query_text, matches

Json = dict[str, Any]
CORE = "https://api.stacspec.org/v1.0.0"
CLASSES = (f"{CORE}/core", f"{CORE}/collections", f"{CORE}/item-search")
SORT_CLASS = f"{CORE}/item-search#sort"


@dataclass(frozen=True)
class Reply:
    """An answer; ``body`` is sent as it is where it is bytes."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int = 0
    """Bytes that the length promises beyond those that come."""
    reset: bool = False
    """The connection is cut off instead."""


@dataclass(frozen=True)
class Asked:
    """A question that came."""

    method: str
    path: str
    query: Json
    """Of the body, or of the address."""
    words: dict[str, str] = field(default_factory=dict)
    """The address's own query."""
    headers: Mapping[str, str] = field(default_factory=dict)


class OddCatalogue(ThreadingHTTPServer):
    """A good catalogue: its methods answer None where nothing is odd.

    Parameters
    ----------
    items : sequence of dict
        STAC items, given in this order.
    page : int
        The most items in a page.
    sorts : bool
        Says that it sorts, and does.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, items: Sequence[Json] = (), page: int = 100, sorts: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.items = list(items)
        self.page = page
        self.classes: tuple[str, ...] = (*CLASSES, SORT_CLASS) if sorts else CLASSES
        self.methods: tuple[str, ...] = ("POST", "GET")
        self.asked: list[Asked] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def link_base(self) -> str:
        """What its links begin with."""
        return self.url

    @property
    def searches(self) -> list[Asked]:
        """The searches that came."""
        return [one for one in self.asked if one.path.endswith(("/search", "/items"))]

    def __enter__(self) -> OddCatalogue:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients may leave when they like."""

    def any(self, asked: Asked) -> Reply | None:
        """An odd answer to any question."""

    def search(self, asked: Asked) -> Reply | None:
        """An odd answer to a search."""

    def next_link(self, asked: Asked, token: int) -> Json | None:
        """The link to the page that begins at an item."""
        href = f"{self.link_base}/search"
        if asked.method == "GET":
            words = {name: _query_text(value) for name, value in asked.query.items()}
            return {"rel": "next", "href": f"{href}?{urlencode({**words, 'token': token})}"}
        body = {**asked.query, "token": str(token)}
        return {"rel": "next", "method": "POST", "href": href, "body": body}

    def landing(self) -> Json:
        """The first page."""
        links = [("self", "", "GET"), ("data", "/collections", "GET")]
        links += [("search", "/search", method) for method in self.methods]
        return {
            "type": "Catalog",
            "id": "odd",
            "stac_version": "1.0.0",
            "description": "",
            "conformsTo": list(self.classes),
            "links": [
                {"rel": rel, "href": f"{self.link_base}{path}", "method": method}
                for rel, path, method in links
            ],
        }

    def collections(self) -> list[Json]:
        """All collections."""
        return [_collection(name) for name in sorted({item["collection"] for item in self.items})]

    def reply(self, asked: Asked) -> Reply:
        """The answer to a question."""
        with self.lock:
            self.asked.append(asked)
        odd = self.any(asked)
        if odd is not None:
            return odd
        path = asked.path.rstrip("/")
        if path == "":
            return Reply(body=self.landing())
        if path == "/collections":
            return Reply(body={"collections": self.collections(), "links": []})
        if path == "/search":
            return self.search(asked) or Reply(body=self.answer(asked))
        return Reply(404, {"code": "NotFound", "description": f"no {path} here"})

    def found(self, query: Json) -> list[Json]:
        """The items of a query, in the order that is asked for."""
        found = [item for item in self.items if matches(item, query)]
        if query.get("sortby") and SORT_CLASS in self.classes:
            found.sort(key=lambda item: str(item["properties"]["datetime"]), reverse=True)
        return found

    def answer(self, asked: Asked) -> Json:
        """A page of items."""
        found = self.found(asked.query)
        start = int(asked.query.get("token") or 0)
        end = start + min(self.page, int(asked.query.get("limit") or 10))
        link = self.next_link(asked, end) if end < len(found) else None
        return {
            "type": "FeatureCollection",
            "features": found[start:end],
            "links": [] if link is None else [link],
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: OddCatalogue
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer("GET", None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer("POST", json.loads(body or b"{}"))

    def _answer(self, method: str, body: Json | None) -> None:
        parts = urlsplit(self.path)
        words = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        query = _parse_get(words) if body is None else {**_parse_get(words), **body}
        asked = Asked(method, parts.path, query, words, dict(self.headers.items()))
        self._send(self.server.reply(asked))

    def _send(self, reply: Reply) -> None:
        if reply.reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
            return
        body = reply.body
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + reply.promised))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_connection or reply.promised > 0

    def log_message(self, format: str, *args: Any) -> None:
        """Be silent."""
