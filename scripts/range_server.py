"""A small static file server that answers HTTP range requests, as the stores of satellite images
do.

Python's own ``http.server`` knows no ranges, and without them GDAL reads whole files. Serves one
folder, on this computer only. ``scripts/sample_catalog.py`` serves the sample scene with it, and
the test server in ``tests/support`` adds faults to the same handler.
"""

from __future__ import annotations

import email.utils
import mimetypes
import re
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

LOOPBACK = "127.0.0.1"
_CHUNK_BYTES = 64 * 1024
_SLOW_CHUNK_BYTES = 4 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_TYPES = {
    ".tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    ".json": "application/json",
}


@dataclass(frozen=True)
class Content:
    """One file as HTTP sees it."""

    path: Path
    size: int
    etag: str
    modified: str
    media_type: str


class Unsatisfiable(ValueError):
    """The range asked for starts behind the end of the file."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Read a ``Range`` header.

    Parameters
    ----------
    header : str
        As sent: ``bytes=0-99``, ``bytes=100-`` or ``bytes=-100``.
    size : int
        Bytes in the file.

    Returns
    -------
    tuple of int or None
        First byte and the byte behind the last one; None where the header asks for several ranges
        or is not understood, which a server may answer with the whole file (RFC 9110, 14.2).

    Raises
    ------
    Unsatisfiable
        If the range holds no byte of the file.
    """
    found = _RANGE.fullmatch(header.strip().replace(" ", ""))
    if found is None or found.group(1) == found.group(2) == "":
        return None
    first, last = found.groups()
    if first == "":  # the last n bytes
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= stop:
        raise Unsatisfiable(header)
    return start, stop


class RangeHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the files below ``server.root``."""

    protocol_version = "HTTP/1.1"
    server_version = "RangeServer"
    # A client that goes away must not keep a thread for ever.
    timeout = 60
    server: FileServer

    def do_GET(self) -> None:
        """Send a file, or a part of it."""
        self.answer(with_body=True)

    def do_HEAD(self) -> None:
        """Send only the headers."""
        self.answer(with_body=False)

    def answer(self, with_body: bool) -> None:
        """Find the file and send it, or say why not."""
        content = self.find()
        if content is None:
            self.refuse(HTTPStatus.NOT_FOUND)
            return
        try:
            wanted = self.wanted(content)
        except Unsatisfiable:
            self.refuse(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                {"Content-Range": f"bytes */{content.size}"},
            )
            return
        start, stop = wanted or (0, content.size)
        self.send_response(HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{content.size}")
        self.send_header("Content-Length", str(stop - start))
        self.send_header("Content-Type", content.media_type)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", content.etag)
        self.send_header("Last-Modified", content.modified)
        self.end_headers()
        if with_body:
            try:
                with content.path.open("rb") as file:
                    self.send_body(file, start, stop - start)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client has gone: nothing to tell anybody

    def find(self) -> Content | None:
        """The file that the request names, if it lies below the root."""
        root = self.server.root.resolve()
        relative = unquote(urlsplit(self.path).path).lstrip("/")
        if "\0" in relative:
            return None
        path = (root / relative).resolve()  # also follows links, so that none leads outside
        if root not in path.parents or not path.is_file():
            return None
        facts = path.stat()
        media_type = (
            _TYPES.get(path.suffix)
            or mimetypes.guess_type(path.name)[0]
            or "application/octet-stream"
        )
        return Content(
            path=path,
            size=facts.st_size,
            etag=f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"',
            modified=email.utils.formatdate(facts.st_mtime, usegmt=True),
            media_type=media_type,
        )

    def wanted(self, content: Content) -> tuple[int, int] | None:
        """The range to send; None for the whole file, also where ``If-Range`` shows that the
        client's part is stale.
        """
        header = self.headers.get("Range")
        condition = self.headers.get("If-Range")
        if header is None or (
            condition is not None and condition not in (content.etag, content.modified)
        ):
            return None
        return parse_range(header, content.size)

    def send_body(self, file: BinaryIO, start: int, length: int) -> None:
        """Send ``length`` bytes of the file from ``start``."""
        file.seek(start)
        pause = self.server.pause_s
        while length > 0 and (
            chunk := file.read(min(_SLOW_CHUNK_BYTES if pause else _CHUNK_BYTES, length))
        ):
            self.wfile.write(chunk)
            length -= len(chunk)
            if pause:
                time.sleep(pause)

    def refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        """Send a status with a one-line body, keeping the connection usable."""
        body = f"{int(status)} {HTTPStatus(status).phrase}\n".encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Be silent: whoever needs the requests counts them."""


class FileServer(ThreadingHTTPServer):
    """Serves a folder on loopback from a thread of its own; a context manager.

    Parameters
    ----------
    root : Path
        The folder; nothing outside it is ever sent.
    port : int
        0 takes a free one.
    handler : type
        A ``RangeHandler``.
    """

    daemon_threads = True
    # The threads of stalled requests end with the process, not before the server may close.
    block_on_close = False

    def __init__(
        self, root: Path, port: int = 0, handler: type[RangeHandler] = RangeHandler
    ) -> None:
        self.root = Path(root)
        self.pause_s = 0.0
        """After every few kilobytes: a slow line, to see a download at work."""
        super().__init__((LOOPBACK, port), handler)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    @property
    def base_url(self) -> str:
        """``http://127.0.0.1:PORT``, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def url(self, path: str) -> str:
        """The address of a file, given relative to the root."""
        return f"{self.base_url}/{path.lstrip('/')}"

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

    def __enter__(self) -> FileServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
