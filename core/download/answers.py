"""What servers say where a file should be: refusals of object stores, archives, pages to log in.
One sentence for each, and whether another try may help.

Sources: Amazon S3 API reference, *Error responses*; Microsoft, *Blob Storage error codes*; Google
Cloud Storage, *HTTP status and error codes*; RFC 9110, RFC 6585, RFC 8470.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

TEMPORARY = {408, 425, 429}
"""Besides 5xx: worth another try."""
PERMANENT = {501, 505, 511}
"""Of 5xx: the same the next time."""
TOO_MANY = 429
BUSY = {TOO_MANY, 503}
"""The server is there and asks to wait."""
MESSAGE_BYTES = 16 * 1024
"""As much of a refusal is read."""
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""TIFF 6.0, section 2, and BigTIFF, in both byte orders."""
JPEG2000_STARTS = (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")
"""ISO/IEC 15444-1: a JP2 file, and a bare codestream."""
PAGES = ("text/html", "application/xhtml+xml")
MESSAGES = ("application/json", "application/problem+json", "application/xml", "text/xml")
_LOGIN = re.compile(
    r"log[\s_-]?(in|on)\b|sign[\s_-]?(in|on)\b|\bsso\b|\boauth|authenti|type=.password",
    re.IGNORECASE,
)
_CODE = re.compile(r"<(?:\w+:)?Code>\s*([A-Za-z0-9_.-]{2,60})\s*</")
_MESSAGE = re.compile(r"<(?:\w+:)?Message>\s*([^<]{2,300})")
_TITLE = re.compile(r"<title[^>]*>\s*([^<]{1,200})", re.IGNORECASE)


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


@dataclass(frozen=True)
class Meaning:
    """What a refusal comes to."""

    reason: str
    hint: str


ARCHIVED = Meaning(
    "the file lies in an archive, and must be brought back from there first",
    "Ask the provider to restore it, or choose another catalogue or scene.",
)
EXPIRED = Meaning(
    "its signed address has expired", "Search again, or get the items from their catalogue anew."
)
PAYS = Meaning(
    "its bucket asks the reader to pay", "Choose another catalogue that has the scene for free."
)
BACK_SOON = Meaning(
    "the file is being brought back from an archive", "Try again in some hours, or another scene."
)
BY_CODE = {
    "InvalidObjectState": ARCHIVED,
    "BlobArchived": ARCHIVED,
    "BlobBeingRehydrated": BACK_SOON,
    "RestoreAlreadyInProgress": BACK_SOON,
    "ExpiredToken": EXPIRED,
    "TokenRefreshRequired": EXPIRED,
    "RequestTimeTooSkewed": Meaning(
        "this computer's clock differs too much from the server's", "Set the clock, and run again."
    ),
    "UserProjectMissing": PAYS,
    "UserProjectAccountProblem": PAYS,
}
BY_STATUS = {
    202: BACK_SOON,
    204: Meaning("the server has nothing at this address", "Choose another scene."),
    402: Meaning("the server asks for payment", "Choose another catalogue or scene."),
    407: Meaning("the proxy wants a login", "Give the proxy's user and password."),
    511: Meaning("this network wants a login first", "Log in with a browser, and run again."),
}
_EXPIRED_WORDS = re.compile(
    r"request has expired|not valid in the specified time frame|token (has |is )?expired"
    r"|expiration of the signature|signature (has |is )?expired",
    re.IGNORECASE,
)


def refusal(response: Any, wait_s: float | None) -> Trouble:
    """The trouble that an answer stands for whose status is no success.

    Parameters
    ----------
    response : requests.Response
        Its body is not read yet.
    wait_s : float, optional
        As the server asks to wait.
    """
    status = response.status_code
    code, text = _said(response)
    meaning = BY_CODE.get(code) or BY_STATUS.get(status)
    if meaning is None and status in (400, 401, 403) and _EXPIRED_WORDS.search(text):
        meaning = EXPIRED
    shown = f"HTTP {status}, {code}" if code else f"HTTP {status}"
    if meaning is not None:
        return Trouble(f"{meaning.reason} ({shown})", status, final=True, hint=meaning.hint)
    temporary = status in TEMPORARY or (status >= 500 and status not in PERMANENT)
    return Trouble(shown, status, wait_s if status in BUSY else None, final=not temporary)


def _said(response: Any) -> tuple[str, str]:
    """Code and text of a refusal, where the server gives any."""
    code = str(response.headers.get("x-ms-error-code", ""))
    body = _beginning(response)
    match = _CODE.search(body)
    return code or (match[1] if match else ""), body


def _beginning(response: Any) -> str:
    """The first bytes of a body, as text."""
    from http.client import HTTPException

    from urllib3.exceptions import HTTPError

    if response.headers.get("Content-Length") == "0":
        return ""
    read = response.raw.read1 if hasattr(response.raw, "read1") else response.raw._fp.read1
    try:
        data: bytes = read(MESSAGE_BYTES)
    except (HTTPError, HTTPException, OSError):  # the status has said what matters
        return ""
    return data.decode("utf-8", "replace")


def pixels(response: Any, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a whole body, the first of which has come and begins as a file may.

    Raises
    ------
    Trouble
        At once, for a page or a message; both are final.
    """
    first = next(chunks, b"")
    trouble = _page(response, first)
    if trouble is not None:
        raise trouble
    return chain((first,), chunks)


def is_page(response: Any) -> bool:
    """Whether an answer calls itself a page or a message."""
    return _media_type(response) in (*PAGES, *MESSAGES)


def _media_type(response: Any) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _page(response: Any, first: bytes) -> Trouble | None:
    if not first or first.startswith((*TIFF_STARTS, *JPEG2000_STARTS)):
        return None
    text = first[:MESSAGE_BYTES].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    start, kind = text[:15].lower(), _media_type(response)
    if kind in PAGES or start.startswith(("<!doctype html", "<html")):
        return _web_page(response, text)
    if kind in MESSAGES or start.startswith(("<error", "{")) or _CODE.search(text):
        return _message(response, text)
    return None


def _web_page(response: Any, text: str) -> Trouble:
    match = _TITLE.search(text)
    title = " ".join(html.unescape(match[1]).split())[:60] if match else ""
    called = f" ('{title}')" if title else ""
    parts = urlsplit(response.url)
    host = parts.netloc.rpartition("@")[2]
    if _LOGIN.search(f"{parts.path} {parts.netloc} {text}"):
        return Trouble(
            f"{host} sends a page to log in{called} where the file should be",
            final=True,
            hint="The file requires authentication: give your login for this host, or choose "
            "another catalogue.",
        )
    return Trouble(
        f"{host} sends a web page{called} where the file should be",
        final=True,
        hint="Open the address in a browser: the page may say what its provider wants.",
    )


def _message(response: Any, text: str) -> Trouble:
    code, said = _CODE.search(text), _words(text)
    meaning = BY_CODE.get(code[1]) if code else None
    if meaning is None and _EXPIRED_WORDS.search(text):
        meaning = EXPIRED
    if meaning is not None:
        return Trouble(meaning.reason, final=True, hint=meaning.hint)
    shown = ": ".join(part for part in (code[1] if code else "", said) if part) or repr(text[:60])
    return Trouble(
        f"its server sends a message where the file should be ({shown})",
        final=True,
        hint="Choose another scene, or tell the provider.",
    )


def _words(text: str) -> str:
    """What a message says, in short."""
    match = _MESSAGE.search(text)
    if match:
        return " ".join(html.unescape(match[1]).split())[:120]
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    names = ("message", "detail", "error_description", "description", "error", "title")
    found = (tree.get(name) for name in names) if isinstance(tree, dict) else ()
    return next((" ".join(one.split())[:120] for one in found if isinstance(one, str)), "")
