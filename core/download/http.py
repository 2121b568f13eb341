"""HTTP as downloads need it: answers sorted by what to do next, no secrets in
sentences.
"""

from __future__ import annotations

import email.utils
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..discovery.session import MOST_REDIRECTS, InsecureRedirect
from ..discovery.session import new_session as new_session
from ..text import size_text
from .answers import Trouble as Trouble
from .answers import refusal

READ_BYTES = 1 << 20
"""The most to take from a connection at a time; what has come is taken at once, however little it
is.
"""
LEAST_BYTES_PER_S = 1500
"""Slower than the slowest lines that maps are made over, some mobile and satellite ones."""
ZLIB_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""Content codings that servers use unasked, and zlib's ``wbits`` for them."""
REFUSED = {401, 403}
"""With a fresh address it may be let in."""


@dataclass(frozen=True)
class Waits:
    """How long a server may take."""

    connect_s: float = 10.0
    read_s: float = 30.0
    """Without a single byte: then the connection counts as stalled."""


@contextmanager
def open_response(
    session: Any, url: str, headers: Mapping[str, str], waits: Waits
) -> Iterator[Any]:
    """GET a URL; the body is still to be read, inside the block, whose network errors are sorted
    too.

    Raises
    ------
    Trouble
        For anything but the statuses 200, 206 and 416.
    """
    import http.client
    import ssl

    import requests
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    try:
        # identity: a compressed body would make Content-Length speak of other bytes than those on
        # the disk
        sent = {"Accept-Encoding": "identity", **headers}
        with session.get(
            url, stream=True, timeout=(waits.connect_s, waits.read_s), headers=sent
        ) as response:
            _check_status(response)
            yield response
    except InsecureRedirect as error:
        raise Trouble(str(error), final=True) from error
    except (requests.Timeout, ReadTimeoutError, TimeoutError) as error:
        raise Trouble("the server did not answer in time") from error
    except requests.TooManyRedirects as error:
        raise Trouble(
            f"the server redirects more than {MOST_REDIRECTS} times", final=True
        ) from error
    except requests.exceptions.SSLError as error:
        raise Trouble(f"no secure connection could be made ({_root(error)})", final=True) from error
    except (
        requests.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
        # The body is read below requests, whose own errors then do not appear.
        HTTPError,
        http.client.HTTPException,
        ConnectionError,
        ssl.SSLError,
    ) as error:
        raise Trouble(f"the connection broke ({_root(error)})") from error
    except requests.RequestException as error:
        # not the library's own words: they hold the whole address, token included
        raise Trouble(
            f"the address cannot be used ({type(error).__name__})",
            final=True,
            hint="Check the URL.",
        ) from error


def _check_status(response: Any) -> None:
    if response.status_code in (200, 206, 416):
        return
    headers = response.headers
    raise refusal(response, retry_after(headers.get("Retry-After", ""), headers.get("Date", "")))


def retry_after(text: str, date: str = "") -> float | None:
    """Seconds to wait, from a ``Retry-After`` header (RFC 9110, 10.2.3): a number or a date; None
    where it says nothing.

    Parameters
    ----------
    date : str
        The answer's ``Date``: the server's clock counts, this computer's may be wrong.
    """
    text = text.strip()
    if _is_number(text):
        return float(text[:12])
    moment = _moment(text)
    if moment is None:
        return None
    now = _moment(date)
    return max(0.0, moment - (time.time() if now is None else now))


def _moment(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):  # Python 3.10 raises TypeError for no date
        return None


class Pace:
    """Watches that bytes keep coming: a line may be slow, but not as good as dead.

    Parameters
    ----------
    span_s : float
        The time in which at least ``LEAST_BYTES_PER_S`` have to come on the average.
    """

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._begun = time.monotonic()
        self._count = 0

    def add(self, count: int) -> None:
        """Note that bytes have come.

        Raises
        ------
        Trouble
            If they were too few for too long.
        """
        self._count += count
        now = time.monotonic()
        if now - self._begun < self._span_s:
            return
        if self._count < LEAST_BYTES_PER_S * (now - self._begun):
            came = size_text(self._count)
            raise Trouble(f"it came too slowly ({came} in {now - self._begun:.3g} s)")
        self._begun, self._count = now, 0


def body_length(response: Any) -> int | None:
    """Bytes in the body, where the server says so."""
    text = response.headers.get("Content-Length", "")
    return int(text) if _is_number(text) else None


def strong_validator(response: Any) -> str | None:
    """For ``If-Range``: a strong ETag (RFC 9110, 8.8.1), else ``Last-Modified``; None where there
    is neither.
    """
    etag: str = response.headers.get("ETag", "")
    modified: str | None = response.headers.get("Last-Modified")
    return etag if etag.startswith('"') else modified


def unsatisfied_size(response: Any) -> int | None:
    """The file's size in a 416 (``Content-Range: bytes */1234``), where the server says it."""
    text = response.headers.get("Content-Range", "").strip().rpartition("*/")[2]
    return int(text) if response.status_code == 416 and _is_number(text) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def content_range(response: Any) -> tuple[int, int, int | None] | None:
    """First byte, last byte and size of the whole (None: ``*``) of a ``Content-Range``; None where
    there is no sound one.
    """
    unit, _, rest = response.headers.get("Content-Range", "").strip().partition(" ")
    span, _, total = rest.partition("/")
    first, _, last = span.partition("-")
    if unit.lower() != "bytes" or not (
        _is_number(first) and _is_number(last) and (total == "*" or _is_number(total))
    ):
        return None
    return int(first), int(last), None if total == "*" else int(total)


def body_chunks(response: Any) -> Iterator[bytes]:
    """The body as it comes, in pieces of a megabyte at most. ``read1`` gives what is there; the
    usual ways wait until a block is full.
    """
    if is_encoded(response):  # although asked not to: then the bytes to keep are the unpacked ones
        yield from _unpacked(response)
    else:
        yield from _sent(response)


def _sent(response: Any) -> Iterator[bytes]:
    """The body's bytes as they are sent. What is there at once comes as one: TLS gives 16 kB at a
    time, and each piece is hashed, written and told by itself.
    """
    raw = response.raw
    # urllib3 has read1 since version 2.0; before, only the http.client response inside it has.
    read1 = partial(raw.read1, decode_content=False) if hasattr(raw, "read1") else raw._fp.read1
    pieces: list[bytes] = []
    size = 0
    while True:
        chunk = b""
        try:
            chunk = read1(READ_BYTES - size)
        finally:
            if pieces and not chunk:  # also before it is told that the connection broke
                yield b"".join(pieces)
        if not chunk:
            return
        pieces.append(chunk)
        size += len(chunk)
        if size >= READ_BYTES or not _more_is_there(raw._fp):
            yield b"".join(pieces)
            pieces, size = [], 0


def _more_is_there(answer: Any) -> bool:
    """Whether the next read need not wait for the network."""
    from urllib3.util import wait_for_read

    return not answer.isclosed() and bool(wait_for_read(answer, 0.0))


def _unpacked(response: Any) -> Iterator[bytes]:
    """A packed body, in pieces that stay small however much it unpacks to."""
    encoding = response.headers["Content-Encoding"].strip().lower()
    if encoding not in ZLIB_WINDOWS:
        raise Trouble(
            f"its server packs the file ({encoding[:20]}), although it was asked not to",
            final=True,
            hint="Choose another catalogue, or tell the provider.",
        )
    unpacker = zlib.decompressobj(ZLIB_WINDOWS[encoding])
    try:
        for data in _sent(response):
            while data and not unpacker.eof:
                yield unpacker.decompress(data, READ_BYTES)
                data = unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error as error:
        raise Trouble(f"the packed file is damaged ({error})") from error
    if not unpacker.eof:
        raise Trouble("the connection broke (the packed file is not whole)")


def is_encoded(response: Any) -> bool:
    """Whether the server packed the body, although it was asked not to."""
    return response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")


def _root(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    text = " ".join(str(getattr(error, "strerror", None) or error).split())
    return text if len(text) <= 120 else f"{text[:117]}…"
