"""GDAL's way out: a server on loopback of this process, which fetches for GDAL what it lends.

GDAL looks names up and follows redirects by itself, whatever they lead to, and has no switch
against it (3.6 to 3.13 were looked at). So it is never sent out: it reads from here, and here the
one kind of session asks, by the gate, with the user's logins, proxies and certificates.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import threading
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from ...addresses.gate import Gate
from .loan import Loan, NotFetched, Sessions

HOST = "127.0.0.1"
IDLE_S = 60.0
"""So long a connection of GDAL's is kept open."""
PIECE = 64 << 10
PARTIAL = 206
LONGEST_NAME = 100
HANDED_ON = (
    *("Accept-Ranges", "Content-Encoding", "Content-Range", "Content-Type"),
    *("ETag", "Last-Modified", "Retry-After"),
)
_SIZE = re.compile(r"bytes \d+-\d+/(\d+)")


class Relay:
    """Lends files to the GDAL of this process, and to nobody else: who does not know the key of a
    file gets nothing.
    """

    def __init__(self) -> None:
        self._secret = os.urandom(32)
        self._loans: WeakValueDictionary[str, Loan] = WeakValueDictionary()
        self._lock = threading.Lock()
        self._server: Any = None

    def lend(self, url: str, sessions: Sessions) -> Loan:
        """A file, as long as the loan is kept."""
        loan = Loan(url, sessions)
        with self._lock:
            if self._server is None:
                self._server = _serve(self)
            self._loans[self._path(url, sessions.gate)] = loan
        return loan

    def address(self, url: str, gate: Gate | None) -> str:
        """Where GDAL finds a file that was lent.

        GDAL remembers files by their names: the same file of the same catalogue gets the same one.
        """
        return f"http://{HOST}:{self._server.server_port}{self._path(url, gate)}"

    def find(self, path: str) -> Loan | None:
        """What was lent under an address's path; files beside it were not."""
        return self._loans.get(path)

    def _path(self, url: str, gate: Gate | None) -> str:
        text = f"{gate.home if gate else ''}\n{url}".encode("utf-8", "surrogatepass")
        key = hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:32]
        name = re.sub(r"[^A-Za-z0-9._-]", "_", PurePosixPath(urlsplit(url).path).name)
        return f"/{key}/{name[-LONGEST_NAME:] or 'file'}"


@lru_cache(maxsize=1)
def relay() -> Relay:
    """That of this process."""
    return Relay()


def _serve(lender: Relay) -> Any:
    """Begin to answer, on a thread that ends with the process."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = IDLE_S
        disable_nagle_algorithm = True
        wbufsize = PIECE

        def do_GET(self) -> None:
            loan = lender.find(self.path)
            if loan is None:
                self._say(404, {})
                return
            self._begun = False
            try:
                with loan.answer(self.command, self.headers.get("Range", "")) as response:
                    if self.command == "HEAD":
                        self._say(*head_of(response))
                    else:
                        self._hand_on(response)
            except NotFetched as error:
                if self._begun:  # what is missing must not pass for the end
                    self.close_connection = True
                else:
                    self._say(error.status, {})

        do_HEAD = do_GET  # noqa: N815
        _begun = False

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except Left:
                self.close_connection = True

        def _hand_on(self, response: Any) -> None:
            headers, length = headers_of(response), response.headers.get("Content-Length", "")
            if length.isdecimal():
                headers["Content-Length"] = length
            else:
                headers["Transfer-Encoding"] = "chunked"
            self._say(response.status_code, headers)
            came = 0
            for piece in response.raw.stream(PIECE, decode_content=False):
                came += len(piece)
                frame = b"" if length.isdecimal() else b"%x\r\n" % len(piece)
                self._send(frame + piece + (b"\r\n" if frame else b""))
            if not length.isdecimal():
                self._send(b"0\r\n\r\n")
            elif came < int(length):  # urllib3 before version 2 does not say so
                self.close_connection = True

        def _say(self, status: int, headers: dict[str, str]) -> None:
            self._begun = True
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if not headers.keys() & {"Content-Length", "Transfer-Encoding"}:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def _send(self, data: bytes) -> None:
            try:
                self.wfile.write(data)
            except OSError as error:
                raise Left from error

        def log_message(self, *_: Any) -> None:
            """Nothing is written down."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            """A connection that breaks is GDAL's to notice."""

    server = Server((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, name="firstlight-relay", daemon=True).start()
    return server


class Left(Exception):
    """GDAL has what it wanted, and hangs up."""


def headers_of(response: Any) -> dict[str, str]:
    """What is handed on of an answer's headers."""
    return {name: response.headers[name] for name in HANDED_ON if name in response.headers}


def head_of(response: Any) -> tuple[int, dict[str, str]]:
    """Status and headers for HEAD, by an answer to it or to GET for a single byte."""
    status, headers = response.status_code, headers_of(response)
    length = response.headers.get("Content-Length", "")
    if status == PARTIAL:
        whole = _SIZE.match(headers.pop("Content-Range", ""))
        status, length = 200, whole[1] if whole else ""
    if length.isdecimal():
        headers["Content-Length"] = length
    return status, headers
