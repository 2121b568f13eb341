"""Object storage on the loopback interface as Amazon S3 speaks: put, get, list, delete, each signed
(Signature Version 4), which is checked.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

OCTETS = "application/octet-stream"
ACCESS_KEY, SECRET_KEY, REGION = "loopback", "nobody-else-has-it", "us-east-1"


class ObjectServer:
    """Objects in memory, by ``bucket/key``.

    Attributes
    ----------
    objects : dict of str to bytes
    asked : list of str
        Method and path of each request that was answered.
    full : bool
        No more objects are taken.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.full = False
        self.host = f"{address[0]}:{address[1]}"

    def environment(self) -> dict[str, str]:
        """What GDAL must find in the environment to reach it."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_S3_ENDPOINT": self.host,
            "AWS_HTTPS": "NO",
            "AWS_VIRTUAL_HOSTING": "FALSE",
        }


@contextmanager
def object_server() -> Iterator[ObjectServer]:
    """A server for as long as the block."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listening.daemon_threads = True
    port = int(listening.server_address[1])
    store = ObjectServer(("127.0.0.1", port))
    _Handler.stores[port] = store
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield store
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
        del _Handler.stores[port]


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    stores: ClassVar[dict[int, ObjectServer]] = {}

    def log_message(self, format: str, *words: object) -> None:
        """Say nothing."""

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self._is_signed(body):
            if self._store.full:
                self._answer(507, b"<Error><Code>InsufficientStorage</Code></Error>")
            else:
                self._store.objects[self._key] = body
                self._answer(200)

    def do_GET(self) -> None:
        if self._is_signed(b""):
            words = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            if "prefix" in words or "delimiter" in words or "list-type" in words:
                self._answer(200, self._listing(words), "application/xml")
            elif self._key in self._store.objects:
                self._send(self._store.objects[self._key])
            else:
                self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_HEAD(self) -> None:
        if self._is_signed(b""):
            found = self._store.objects.get(self._key)
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(found or b"")))
            self._send_version(found or b"")
            self.end_headers()

    def do_DELETE(self) -> None:
        if self._is_signed(b""):
            self._store.objects.pop(self._key, None)
            self._answer(204)

    @property
    def _store(self) -> ObjectServer:
        address: Any = self.server.server_address
        return self.stores[address[1]]

    @property
    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).lstrip("/")

    def _send(self, data: bytes) -> None:
        """All of an object, or the range that is asked for."""
        asked = self.headers.get("Range")
        if not asked:
            self._answer(200, data, OCTETS)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(data)), len(data) - 1)
        if start >= len(data):
            self._answer(416)
            return
        part = data[start : end + 1]
        self._answer(206, part, OCTETS, f"bytes {start}-{end}/{len(data)}")

    def _send_version(self, data: bytes) -> None:
        """Which state of an object it is; Hadoop asks for the same to the end of a file."""
        self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()[:32]}"')

    def _listing(self, words: dict[str, str]) -> bytes:
        """The answer of ListObjects: what lies below a prefix, as far as the delimiter."""
        bucket = self._key.rstrip("/")
        prefix, delimiter = words.get("prefix", ""), words.get("delimiter", "")
        entries, folders = [], set()
        for name, data in sorted(self._store.objects.items()):
            key = name.removeprefix(f"{bucket}/")
            if key == name or not key.startswith(prefix):
                continue
            head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            if found:
                folders.add(prefix + head + delimiter)
            else:
                entries.append(
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size>"
                    "<LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>"
                )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in folders
        )
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult>'
            f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<IsTruncated>false</IsTruncated>{''.join(entries)}{common}</ListBucketResult>"
        )
        return text.encode()

    def _answer(self, status: int, body: bytes = b"", kind: str = "", place: str = "") -> None:
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        if place:
            self.send_header("Content-Range", place)
        if kind == OCTETS:
            self._send_version(self._store.objects[self._key])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _is_signed(self, body: bytes) -> bool:
        """Check the signature; answers 403 where it is another one.

        https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
        """
        self._store.asked.append(f"{self.command} {self.path}")
        stated = self.headers.get("Authorization") or ""
        if not stated.startswith("AWS4-HMAC-SHA256 "):
            self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
            return False
        fields = dict(one.strip().split("=", 1) for one in stated[17:].split(","))
        key, _, scope = fields["Credential"].partition("/")
        parts = urlsplit(self.path)
        query = sorted(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        )
        names = fields["SignedHeaders"].split(";")
        headers = [f"{name}:{' '.join((self.headers.get(name) or '').split())}" for name in names]
        payload = self.headers.get("x-amz-content-sha256") or ""
        request = "\n".join(
            (
                self.command,
                parts.path,
                "&".join(query),
                *headers,
                "",
                ";".join(names),
                payload,
            )
        )
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{self.headers.get('x-amz-date')}\n{scope}\n{digest}"
        secret = f"AWS4{SECRET_KEY}".encode()
        for part in scope.split("/"):
            secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
        good = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
        same_body = payload in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest())
        if key != ACCESS_KEY or fields["Signature"] != good or not same_body:
            self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
            return False
        return True
