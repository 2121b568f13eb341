"""A look-up of places on loopback that answers like Nominatim's ``/search``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class PlaceServer:
    """What it answers, and what it was asked."""

    url: str
    places: Sequence[dict[str, Any]]
    status: int = 200
    asked: list[str] = field(default_factory=list)


def place(name: str, west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """One answer: Nominatim writes numbers as texts, latitudes first."""
    return {
        "place_id": 1,
        "display_name": name,
        "lat": str((south + north) / 2),
        "lon": str((west + east) / 2),
        "boundingbox": [str(south), str(north), str(west), str(east)],
        "class": "boundary",
        "type": "administrative",
        "importance": 0.5,
    }


@contextmanager
def place_server(*places: dict[str, Any], status: int = 200) -> Iterator[PlaceServer]:
    """Serve these places, whatever is asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            made.asked.append(parse_qs(parts.query).get("q", [""])[0])
            body = json.dumps(list(made.places)).encode()
            self.send_response(made.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = PlaceServer(f"http://127.0.0.1:{server.server_address[1]}/search", places, status)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
