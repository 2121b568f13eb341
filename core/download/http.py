"""HTTP as downloads need it: answers sorted by what to do next, no secrets in
sentences.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..discovery.session import MOST_REDIRECTS, InsecureRedirect
from ..discovery.session import new_session as new_session

MOST_WAIT_S = 60.0
"""The longest wait between two tries, whatever the server asks for."""
TEMPORARY = {408, 425, 429}
"""Besides 5xx: worth another try (RFC 9110, RFC 8470, RFC 6585)."""
SAY_WHEN = {429, 503}
"""Where ``Retry-After`` counts (RFC 9110, 10.2.3)."""
READ_BYTES = 256 * 1024
"""The most to take from a connection at a time; what has come is taken at once, however little it
is.
"""
REFUSED = {401, 403}
"""With a fresh address it may be let in."""


@dataclass(frozen=True)
class Waits:
    """How long a server may take."""

    connect_s: float = 10.0
    read_s: float = 30.0
    """Without a single byte: then the connection counts as stalled."""


class Trouble(Exception):
    """What went wrong with one request, and whether another try may help."""

    def __init__(
        self,
        reason: str,
        status: int | None = None,
        wait_s: float | None = None,
        final: bool = False,
        hint: str = "",
    ) -> None:
        super().__init__(reason)
        self.hint = hint
        """What to do, where that is not plain from the rest."""
        self.reason = reason
        self.status = status
        self.wait_s = wait_s
        """As the server asks; None: as usual."""
        self.final = final


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
    status = response.status_code
    if status in (200, 206, 416):
        return
    temporary = status in TEMPORARY or status >= 500
    wait_s = retry_after(response.headers.get("Retry-After", "")) if status in SAY_WHEN else None
    raise Trouble(f"HTTP {status}", status, wait_s, final=not temporary)


def retry_after(text: str, now: float | None = None) -> float | None:
    """Seconds to wait, from a ``Retry-After`` header: a number or a date; None where it says
    nothing; at most a minute.
    """
    text = text.strip()
    if _is_number(text):
        return min(float(text), MOST_WAIT_S)
    try:
        moment = email.utils.parsedate_to_datetime(text).timestamp()
    except (
        TypeError,
        ValueError,
        OverflowError,
    ):  # Python 3.10 raises TypeError for what is no date
        return None
    return min(max(0.0, moment - (time.time() if now is None else now)), MOST_WAIT_S)


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
    """The body as it comes. ``read1`` gives what is there; the usual ways wait until a block is
    full.
    """
    raw = response.raw
    if is_encoded(response):  # although asked not to: then the bytes to keep are the unpacked ones
        yield from response.iter_content(READ_BYTES)
        return
    # urllib3 has read1 since version 2.0; before, only the http.client response inside it has.
    read1 = partial(raw.read1, decode_content=False) if hasattr(raw, "read1") else raw._fp.read1
    while chunk := read1(READ_BYTES):
        yield chunk


def is_encoded(response: Any) -> bool:
    """Whether the server packed the body, although it was asked not to."""
    return response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")


def _root(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    text = " ".join(str(getattr(error, "strerror", None) or error).split())
    return text if len(text) <= 120 else f"{text[:117]}…"
