"""The pieces in which a body is handed on: as they come, and together what is there at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from firstlight.core.download.http import READ_BYTES, Trouble, Waits, body_chunks, open_response
from support.waiting import PATIENCE_S

PIECE = b"0123456789abcdef" * 256
Send = Callable[[bytes], None]


@contextmanager
def chunked(script: Callable[[Send], None]) -> Iterator[str]:
    """A server whose one answer comes in the chunks that ``script`` sends."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            script(self._send)
            self.close_connection = True  # else it waits for the next request

        def _send(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.handle_request, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        thread.join(PATIENCE_S)
        server.server_close()


def session() -> object:
    """As downloads have it, without settings."""
    import requests

    plain = requests.Session()
    plain.trust_env = False
    return plain


def test_what_is_there_at_once_comes_as_one() -> None:
    sent = threading.Event()

    def script(send: Send) -> None:
        for _ in range(8):
            send(PIECE)
        send(b"")
        sent.set()

    with chunked(script) as url, open_response(session(), url, {}, Waits()) as response:
        assert sent.wait(PATIENCE_S)
        pieces = list(body_chunks(response))
    assert b"".join(pieces) == 8 * PIECE
    assert len(pieces) < 8
    assert max(map(len, pieces)) <= READ_BYTES


def test_what_has_come_does_not_wait_for_the_rest() -> None:
    seen = threading.Event()

    def script(send: Send) -> None:
        send(PIECE)
        assert seen.wait(PATIENCE_S), "the first piece was held back"
        send(PIECE)
        send(b"")

    with chunked(script) as url, open_response(session(), url, {}, Waits()) as response:
        pieces = body_chunks(response)
        first = next(pieces)
        seen.set()
        assert first + b"".join(pieces) == 2 * PIECE


def test_what_came_before_a_break_is_handed_on() -> None:
    sent = threading.Event()

    def script(send: Send) -> None:
        send(PIECE)
        send(PIECE)
        sent.set()  # and no end

    got: list[bytes] = []

    def read(url: str) -> None:
        with open_response(session(), url, {}, Waits()) as response:
            assert sent.wait(PATIENCE_S)
            got.extend(body_chunks(response))

    with chunked(script) as url, pytest.raises(Trouble, match="the connection broke"):
        read(url)
    assert b"".join(got) == 2 * PIECE
