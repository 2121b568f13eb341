"""A server that takes connections and never says a word."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def silent_server() -> Iterator[tuple[int, Callable[[], bool]]]:
    """Give its port on loopback, and a call that tells whether somebody has come."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        yield (
            server.getsockname()[1],
            lambda: bool(select.select([server], [], [], 0)[0]),
        )
