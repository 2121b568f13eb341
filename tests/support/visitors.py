"""A server on this computer that is not to be reached: it remembers who came."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def watched_address() -> Iterator[tuple[str, list[str]]]:
    """An address, and the requests that reached it so far."""
    seen: list[str] = []

    class Visit(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            seen.append(self.request.recv(4096).decode("latin-1", "replace"))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Visit) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/x.tif", seen
        finally:
            server.shutdown()
