"""Bodies that a session reads itself: those of redirects, and whole answers. A server may send them
without end.
"""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.core.accounts.account import Account, AccountKind
from firstlight.core.discovery.access import Access
from firstlight.core.discovery.catalogs import get_catalog
from firstlight.core.discovery.session import MOST_REDIRECTS, new_session
from firstlight.core.errors import AccessError
from firstlight.core.offers.answers import ask_catalog
from firstlight.core.raster.remote import read_remote_facts
from firstlight.core.settings import Settings
from support.rasters import ramp, write_raster
from support.waiting import PATIENCE_S

PIECE = 1 << 20
MOST_PIECES = 200
BUFFERED = 16
"""Pieces that systems take in before anybody reads them, and many more."""


class Endless:
    """Redirects from ``/moved`` with a long body, answers ``/long`` with one, and gives a file."""

    def __init__(self, file: bytes) -> None:
        self._file = file
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.sent = self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, path: str) -> str:
        """An address here."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/{path}"

    def close(self) -> None:
        """Answer no more."""
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as asked:
            while line := asked.readline():
                while asked.readline() not in (b"\r\n", b""):
                    pass
                try:
                    self._say(connection, *line.decode().split()[:2])
                except OSError:
                    return

    def _say(self, connection: socket.socket, method: str, path: str) -> None:
        if path == "/file.tif":
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(self._file)}\r\n\r\n".encode()
            connection.sendall(head + (b"" if method == "HEAD" else self._file))
            return
        if path == "/short":
            connection.sendall(
                b"HTTP/1.1 302 Found\r\nLocation: /file.tif\r\nContent-Length: 5\r\n\r\nmoved"
            )
            return
        status = b"200 OK" if path == "/long" else b"302 Found\r\nLocation: /file.tif"
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(0 if method == "HEAD" else MOST_PIECES):
            connection.sendall(b"%x\r\n" % PIECE + b" " * PIECE + b"\r\n")
            self.sent += 1
        connection.sendall(b"0\r\n\r\n")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Endless]:
    made = Endless(write_raster(tmp_path / "f.tif", ramp()).read_bytes())
    yield made
    made.close()


@pytest.fixture
def settings() -> Settings:
    return dataclasses.replace(Settings(), read_timeout_s=PATIENCE_S)


@pytest.mark.parametrize("stream", [True, False])
def test_the_body_of_a_redirect_is_left(server: Endless, settings: Settings, stream: bool) -> None:
    with new_session(settings) as session:
        answer = session.get(server.url("moved"), stream=stream, timeout=PATIENCE_S)
        assert len(answer.content) > 1000
        assert len(answer.history) == 1
    assert server.sent <= BUFFERED


def test_it_is_left_where_redirects_are_not_followed(server: Endless, settings: Settings) -> None:
    with new_session(settings) as session:
        answer = session.get(server.url("moved"), allow_redirects=False, timeout=PATIENCE_S)
    assert (answer.status_code, answer.content) == (302, b"")
    assert server.sent <= BUFFERED


def test_after_a_short_redirect_the_connection_is_used_again(
    server: Endless, settings: Settings
) -> None:
    with new_session(settings) as session:
        for _ in range(MOST_REDIRECTS + 1):
            assert session.get(server.url("short"), timeout=PATIENCE_S).status_code == 200
    import urllib3

    kept = int(urllib3.__version__.partition(".")[0]) >= 2
    assert server.connections == 1 or not kept


def test_gdal_s_redirects_are_left_too(server: Endless, settings: Settings) -> None:
    address, options = Access(settings).reach(server.url("moved"))
    facts = read_remote_facts(address, options, Path("f.tif"))
    assert facts.driver == "GTiff"
    assert server.sent <= BUFFERED


def test_a_whole_answer_is_not_taken_without_end(server: Endless, settings: Settings) -> None:
    said = ask_catalog(get_catalog(server.url("long")), settings)
    assert said.problem == "its answer is longer than 32 MB"
    assert server.sent <= 32 + BUFFERED
    server.sent = 0
    with pytest.raises(AccessError, match="its answer is longer than 32 MB"):
        Access(settings).open("https://files.example/a.tif", server.url("long"))
    assert server.sent <= 32 + BUFFERED


def test_a_catalogue_whose_login_cannot_be_used_says_so(
    server: Endless, settings: Settings
) -> None:
    host = server.url("").split("/")[2]
    account = Account("m", "Mine", AccountKind.HEADERS, (host,), "a test", problem="it is locked")
    settings = dataclasses.replace(settings, accounts=(account,))
    assert "it is locked" in ask_catalog(get_catalog(server.url("long")), settings).problem
