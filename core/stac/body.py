"""The body of an answer: how much of it is taken, and what it says."""

from __future__ import annotations

import email.utils
import json
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from ..errors import Cancelled
from .trouble import Trouble, no_stac

Json = Mapping[str, Any]
"""A JSON object of a catalogue; nothing in it is sure."""

MOST_BYTES = 32 << 20
"""Of one answer, unpacked: a hundred items are 1 to 10 MB."""
CHUNK_BYTES = 16 << 10
TEMPORARY = {408, 425, 429, 500, 502, 503, 504, 509, 520, 521, 522, 523, 524, 529, 598, 599}
"""Statuses that may be gone at the next try: RFC 9110, RFC 6585, and those of proxies."""
BUSY = {429, 503}
"""Temporary, and no fault of the question."""
MESSAGE_FIELDS = ("description", "detail", "message", "error", "errors", "title", "reason", "code")


def read_object(response: Any, stop: threading.Event) -> Json:
    """The JSON object of a response.

    Raises
    ------
    Trouble
        If it is a refusal, or no JSON object.
    Cancelled
        If it was asked to stop.
    """
    return object_of(read_bytes(response, stop))


def read_bytes(response: Any, stop: threading.Event, most: int | None = None) -> bytes:
    """The body of a response; ``MOST_BYTES`` of it at most, unless said otherwise.

    Raises
    ------
    Trouble
        If it is a refusal, or longer than ``most``.
    Cancelled
        If it was asked to stop.
    """
    status = response.status_code
    body = _body(response, stop, MOST_BYTES if most is None else most)
    if status >= 400:
        wait_s = retry_after(response.headers.get("Retry-After", ""))
        raise _refusal(status, message_of(body), wait_s)
    return body


def object_of(body: bytes) -> Json:
    """The JSON object of a text.

    Raises
    ------
    Trouble
        If it is none.
    """
    tree = _parse(body)
    if isinstance(tree, dict):
        return tree
    raise no_stac(f"a {type(tree).__name__} where an object should be")


def _refusal(status: int, said: str, wait_s: float | None) -> Trouble:
    return Trouble(
        f"HTTP {status}: {said}" if said else f"HTTP {status}",
        status,
        temporary=status in TEMPORARY,
        heavy=status == 413 or (status >= 500 and status not in {501, 505}),
        wait_s=wait_s if status in BUSY else None,
    )


def _body(response: Any, stop: threading.Event, most: int) -> bytes:
    codings = response.headers.get("Content-Encoding", "")
    if "," in codings:  # packed twice: a few bytes could be anything
        raise no_stac(f"it is packed as {codings[:40]}")
    parts: list[bytes] = []
    size = 0
    for chunk in response.iter_content(CHUNK_BYTES):
        if stop.is_set():
            raise Cancelled()
        size += len(chunk)
        if size > most:
            megabytes = most >> 20
            raise Trouble(f"its answer is longer than {megabytes} MB", heavy=True)
        parts.append(chunk)
    return b"".join(parts)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except RecursionError:
        raise no_stac("its JSON is nested too deep") from None
    except ValueError as error:
        start = body[:200].lstrip().lower()
        if start.startswith(b"<"):
            raise no_stac("it is a web page, perhaps one to log in") from error
        if not start:
            raise no_stac("it is empty") from error
        raise no_stac("its JSON is damaged", temporary=True, heavy=True) from error


def message_of(body: bytes) -> str:
    """What the body of a refusal says, on one short line."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        start = body[:200].lstrip()
        return "" if start.startswith(b"<") else _line(start.decode("utf-8", "replace"))
    return said_by(tree)


def said_by(tree: Any) -> str:
    """The message in a JSON value that should have been something else."""
    while isinstance(tree, dict):
        tree = next((tree[name] for name in MESSAGE_FIELDS if tree.get(name)), "")
    try:
        return _line(tree if isinstance(tree, str) else json.dumps(tree)) if tree else ""
    except RecursionError:
        return ""


def _line(text: str) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= 160 else f"{text[:157]}…"


def retry_after(text: str) -> float | None:
    """Seconds to wait, from a ``Retry-After`` header: a number or a date (RFC 9110, 10.2.3)."""
    text = text.strip()
    if re.fullmatch(r"\d{1,12}(?:\.\d*)?", text, re.ASCII):
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, moment - time.time())
