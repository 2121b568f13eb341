"""The range server of ``scripts/``, with faults: the network as it is on a bad day.

>>> with FaultyServer(folder) as server:
...     server.break_next("blue.tif", Fault(status=503, times=2, retry_after="1"))
...     fetch(server.url("blue.tif"))
...     assert server.count("blue.tif") == 3
"""

from __future__ import annotations

import gzip
import importlib.util
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from scripts.range_server import Content, FileServer, RangeHandler
else:
    # scripts/ is no package and tests/ may be imported under several names: load the one file by
    # its path.
    _PATH = Path(__file__).resolve().parents[2] / "scripts" / "range_server.py"
    _NAME = "firstlight_range_server"
    if _NAME not in sys.modules:
        _spec = importlib.util.spec_from_file_location(_NAME, _PATH)
        sys.modules[_NAME] = importlib.util.module_from_spec(_spec)
        _spec.loader.exec_module(sys.modules[_NAME])
    Content, FileServer, RangeHandler = (
        getattr(sys.modules[_NAME], name) for name in ("Content", "FileServer", "RangeHandler")
    )

from .waiting import Gate

ALWAYS = 1_000_000


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request, and how often. Exactly one kind is given."""

    times: int = ALWAYS
    """How many requests suffer it; those after are answered well."""
    status: int | None = None
    """Answer with this HTTP status."""
    retry_after: str | None = None
    """``Retry-After`` to go with the status: seconds or an HTTP date."""
    reset_after_bytes: int | None = None
    """Reset the connection (RST) after so many bytes of the body."""
    short_by_bytes: int | None = None
    """Promise the whole length, send so many bytes less, then close politely."""
    stall_after_bytes: int | None = None
    """Send so many bytes of the body and then nothing, until the client leaves or the server stops.
    """
    gate: Gate | None = None
    """Stand at this gate, then answer well: before the answer, or after ``stall_after_bytes``."""
    slow_s: float | None = None
    """Wait so long before answering, then answer well."""
    slow_chunks_s: float | None = None
    """Wait so long before each chunk of the body."""
    chunk_bytes: int = 16 * 1024
    """Of a slow body."""
    pace: Callable[[], object] = lambda: None
    """Called before each slow chunk: may wait until the client has dealt with those before."""
    body: bytes | None = None
    """Answer 200 with this instead of the file: an HTML login page, or nothing at all."""
    media_type: str = "text/html; charset=utf-8"
    """Of ``body``."""
    redirect: str | None = None
    """Send elsewhere."""
    ignore_range: bool = False
    """Answer 200 with the whole file, whatever range was asked for."""
    shift_range: int = 0
    """Answer 206 with a range that begins so many bytes later than asked."""
    cut_range: int = 0
    """Answer 206 with a range that ends so many bytes earlier than asked, and say so."""
    gzip: bool = False
    """Answer with ``Content-Encoding: gzip``, although asked not to."""
    no_length: bool = False
    """Do not say how long the body is; goes with ``short_by_bytes``."""
    ignore_condition: bool = False
    """Send the range of whatever the file is now, although ``If-Range`` names another: some stores
    never look at it.
    """
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Say this instead of the truth (``{"ETag": 'W/"1"'}``); None leaves a header out."""
    rot: Mapping[int, bytes] = field(default_factory=dict)
    """Bytes of the file that come wrong: position → what is sent there."""
    only_get: bool = False
    """HEAD requests are spared, and not counted."""


HTML_PAGE = Fault(body=b"<!DOCTYPE html><html><body>Please log in</body></html>")
EMPTY_BODY = Fault(body=b"", media_type="image/tiff")


@dataclass(frozen=True)
class Request:
    """One request that came in."""

    method: str
    path: str
    """Without the leading slash and the query."""
    query: str
    range: str | None
    headers: dict[str, str]
    """Names in lower case."""


class FaultyHandler(RangeHandler):
    """Answers like the range server, but first asks the server whether this request is to fail."""

    server: FaultyServer
    fault: Fault | None = None

    def answer(self, with_body: bool) -> None:
        """Note the request and answer it, well or badly."""
        if (
            self.server.stopping.is_set()
        ):  # over a connection from before: a server that is gone answers nothing
            self.close_connection = True
            return
        with self.server.busy():
            self._answer(with_body)

    def _answer(self, with_body: bool) -> None:
        fault = self.fault = self.server.note(self)
        if fault is None:
            super().answer(with_body)
            return
        if fault.gate is not None and fault.stall_after_bytes is None:
            fault.gate.pass_through()
        if fault.slow_s is not None:
            self.server.stopping.wait(fault.slow_s)
        if fault.status is not None:
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            self.refuse(fault.status, headers)
        elif fault.redirect is not None:
            self.refuse(HTTPStatus.FOUND, {"Location": fault.redirect})
        elif fault.gzip:
            self._answer_packed()
        elif fault.body is not None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", fault.media_type)
            self.send_header("Content-Length", str(len(fault.body)))
            self.end_headers()
            if with_body:
                self.server.count_bytes(self, len(fault.body))
                self.wfile.write(fault.body)
        else:
            super().answer(with_body)

    def _answer_packed(self) -> None:
        content = self.find()
        assert content is not None
        packed = gzip.compress(content.path.read_bytes())
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed)))
        self.send_header("ETag", content.etag)
        self.end_headers()
        self.wfile.write(packed)

    def wanted(self, content: Content) -> tuple[int, int] | None:
        """The range to send, or what a confused server would send instead."""
        if self.fault is not None and self.fault.ignore_condition:
            del self.headers["If-Range"]
        span = super().wanted(content)
        if span is None or self.fault is None or self.fault.ignore_range:
            return None if self.fault and self.fault.ignore_range else span
        return (span[0] + self.fault.shift_range, span[1] - self.fault.cut_range)

    def send_header(self, keyword: str, value: str) -> None:
        """Leave the length out where the fault says so; then the end of the connection is the end
        of the body.
        """
        if keyword == "Content-Length" and self.fault is not None and self.fault.no_length:
            keyword, value = "Connection", "close"
        if self.fault is not None and keyword in self.fault.headers:
            said = self.fault.headers[keyword]
            if said is None:
                return
            value = said
        super().send_header(keyword, value)

    def send_body(self, file: BinaryIO, start: int, length: int) -> None:
        """Send the body, or as much of it as the fault lets through."""
        fault = self.fault or Fault()
        if fault.reset_after_bytes is not None:
            self._send(file, start, min(length, fault.reset_after_bytes))
            self.wfile.flush()
            # No lingering: closing sends RST, as a router does that has forgotten the connection.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif fault.short_by_bytes is not None:
            self._send(file, start, max(0, length - fault.short_by_bytes))
            self.close_connection = True
        elif fault.stall_after_bytes is not None:
            sent = min(length, fault.stall_after_bytes)
            self._send(file, start, sent)
            self.wfile.flush()
            if fault.gate is None:
                self.server.stopping.wait()
                self.close_connection = True
            else:
                fault.gate.pass_through()
                self._send(file, start + sent, length - sent)
        elif fault.slow_chunks_s is not None:
            sent = 0
            while sent < length and not self.server.stopping.wait(fault.slow_chunks_s):
                fault.pace()
                step = min(fault.chunk_bytes, length - sent)
                self._send(file, start + sent, step)
                sent += step
            self.close_connection = self.close_connection or sent < length
        else:
            self._send(file, start, length)

    def _send(self, file: BinaryIO, start: int, length: int) -> None:
        self.server.count_bytes(self, length)
        rot = self.fault.rot if self.fault else {}
        if not rot:
            super().send_body(file, start, length)
            return
        file.seek(start)
        body = bytearray(file.read(length))
        for place, wrong in rot.items():
            for offset, byte in enumerate(wrong, start=place - start):
                if 0 <= offset < len(body):
                    body[offset] = byte
        self.wfile.write(body)

    def finish(self) -> None:
        """Close the streams; a connection that was reset on purpose has nothing left to flush."""
        try:
            super().finish()
        except OSError:
            self.close_connection = True


_ports: set[int] = set()
"""Those that a server of this process had."""


class FaultyServer(FileServer):
    """Serves a folder on loopback, counts what is asked for, and fails when told to. A context
    manager.
    """

    def __init__(self, root: Path, port: int = 0) -> None:
        self.requests: list[Request] = []
        """Every request, in the order they came."""
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._faults: dict[str, list[Fault]] = {}
        self._bytes: dict[str, int] = {}
        self._active = 0
        self.most_at_once = 0
        """The most requests that were being answered at the same time."""
        super().__init__(root, port, FaultyHandler)

    def server_bind(self) -> None:
        """Take no port twice in a process: GDAL remembers what an address held, and a later test's
        file may have the same name.
        """
        asked = self.server_address
        super().server_bind()
        while not asked[1] and self.server_port in _ports:
            self.socket.close()
            self.socket = socket.socket(self.address_family, self.socket_type)
            self.server_address = asked
            super().server_bind()
        _ports.add(self.server_port)

    def break_next(self, path: str, *faults: Fault) -> None:
        """Let the next requests for a file fail: the first fault as often as it says, then the
        second, and so on.
        """
        with self._lock:
            self._faults.setdefault(path.lstrip("/"), []).extend(faults)

    def mend(self, path: str | None = None) -> None:
        """Forget the faults of a file, or all."""
        with self._lock:
            if path is None:
                self._faults.clear()
            else:
                self._faults.pop(path.lstrip("/"), None)

    def count(self, path: str, method: str | None = None) -> int:
        """How many requests there were for a file."""
        wanted = path.lstrip("/")
        with self._lock:
            return sum(r.path == wanted and method in (None, r.method) for r in self.requests)

    def bytes_sent(self, path: str) -> int:
        """Bytes of bodies sent for a file."""
        with self._lock:
            return self._bytes.get(path.lstrip("/"), 0)

    def note(self, handler: FaultyHandler) -> Fault | None:
        """Remember a request; the fault it shall suffer, if any."""
        parts = urlsplit(handler.path)
        path = unquote(parts.path).lstrip("/")
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.requests.append(
                Request(handler.command, path, parts.query, handler.headers.get("Range"), headers)
            )
            waiting = self._faults.get(path, [])
            if not waiting or (waiting[0].only_get and handler.command == "HEAD"):
                return None
            fault = waiting[0]
            if fault.times > 1:
                waiting[0] = replace(fault, times=fault.times - 1)
            else:
                waiting.pop(0)
            return fault

    def count_bytes(self, handler: FaultyHandler, length: int) -> None:
        """Add to the bytes sent for a file."""
        path = unquote(urlsplit(handler.path).path).lstrip("/")
        with self._lock:
            self._bytes[path] = self._bytes.get(path, 0) + length

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count one request as being answered."""
        with self._lock:
            self._active += 1
            self.most_at_once = max(self.most_at_once, self._active)
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: broken connections are what this server is for."""

    def stop(self) -> None:
        """Wake the stalled requests, then stop."""
        self.stopping.set()
        super().stop()

    def __enter__(self) -> FaultyServer:
        self.start()
        return self


class _GetOnlyHandler(FaultyHandler):
    server: GetOnlyServer

    def _answer(self, with_body: bool) -> None:
        if with_body:
            super()._answer(with_body)
            return
        self.server.note(self)
        self.refuse(self.server.head_status)


class GetOnlyServer(FaultyServer):
    """Refuses the method HEAD, as addresses do that are signed for GET.

    Parameters
    ----------
    root : Path
        The folder.
    head_status : int
        With which it is refused.
    """

    def __init__(self, root: Path, head_status: int = 403) -> None:
        super().__init__(root)
        self.RequestHandlerClass = _GetOnlyHandler
        self.head_status = head_status
