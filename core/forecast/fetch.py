"""Bring the fields of a forecast file that are wanted, by its index; nothing else of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..discovery.access import Access, gate_of
from ..discovery.catalogs import Catalog
from ..discovery.session import new_session
from ..errors import Cancelled, IngestionError
from ..files.atomic import WriteFailure, write_whole
from ..monitor import EventQueue
from ..settings import Settings
from ..text import public_url, size_text
from .files import ForecastFile
from .quantity import INDEX_NAMES

MOST_INDEX_BYTES = 20_000_000
MOST_WHOLE_BYTES = 300_000_000
"""Of a file without an index, which is fetched as a whole; a judgement."""
MOST_FIELD_BYTES = 50_000_000
CHUNK = 1 << 16
REFUSED = (401, 403)
BEGIN, END = b"GRIB", b"7777"
HINT = "Try again later, or choose another catalogue."


@dataclass(frozen=True)
class _Part:
    """A field in a file."""

    offset: int
    length: int


class ForecastFetch:
    """Brings the files of one catalogue.

    Parameters
    ----------
    catalog : Catalog
        Whose files they are: its gate and its tokens count.
    events : EventQueue
        Tells when to stop.
    """

    def __init__(self, catalog: Catalog, settings: Settings, events: EventQueue) -> None:
        self._catalog = catalog
        self._settings = settings
        self._events = events
        self._access = Access(settings)
        self._session = new_session(settings, retries=2, gate=gate_of(catalog.url))

    def bring(self, file: ForecastFile, path: Path) -> Path:
        """The wanted fields as a file; one that is there is not fetched again.

        Raises
        ------
        IngestionError
            If they cannot be had whole.
        AccessError
            If the file needs an account.
        """
        failure = f"The forecast {public_url(file.href)} cannot be fetched"
        if path.is_file() and path.stat().st_size:
            return path
        if file.index_href:
            parts = list(self._parts(file, failure))
            if not parts:
                why = "its index lists neither precipitation nor wind"
                raise IngestionError(failure, why, "Choose another collection.")
            content = b"".join(self._field(file, part, failure) for part in parts)
        else:
            content = self._get(file, file.href, MOST_WHOLE_BYTES, None, failure)
            _check(content, failure)
        write_whole(path, content, WriteFailure(failure, error=IngestionError), make_folder=True)
        return path

    def _parts(self, file: ForecastFile, failure: str) -> Iterator[_Part]:
        """Where the wanted fields are, by the index: a JSON object in each line."""
        text = self._get(file, file.index_href, MOST_INDEX_BYTES, None, failure)
        for line in text.splitlines():
            try:
                row = json.loads(line)
                wanted = row.get("param") in INDEX_NAMES and row.get("number") in (None, "0", 0)
                part = _Part(int(row["_offset"]), int(row["_length"])) if wanted else None
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                why = "its index is damaged"
                raise IngestionError(failure, why, HINT) from None
            if part is not None:
                if part.offset < 0 or not 16 <= part.length <= MOST_FIELD_BYTES:
                    why = f"its index names a field of {part.length} bytes at {part.offset}"
                    raise IngestionError(failure, why, HINT)
                yield part

    def _field(self, file: ForecastFile, part: _Part, failure: str) -> bytes:
        content = self._get(file, file.href, part.length, part, failure)
        _check(content, failure)
        return content

    def _get(
        self, file: ForecastFile, href: str, most: int, part: _Part | None, failure: str
    ) -> bytes:
        """A file, or a part of it; with a fresh token where the last one is refused."""
        for renew in (False, True):
            url = self._access.url(href, self._catalog.url, file.collection, renew)
            try:
                status, content = self._answer(url, most, part, failure)
            except OSError as error:  # every failure of requests is one
                why = f"the server does not answer ({type(error).__name__})"
                raise IngestionError(failure, why, HINT) from error
            if status not in REFUSED:
                break
        if part is not None and status == 200:
            raise IngestionError(failure, "its server sends whole files only", HINT)
        if status != (200 if part is None else 206):
            raise IngestionError(failure, f"HTTP {status}", HINT)
        if part is not None and len(content) != part.length:
            why = f"{len(content)} of {part.length} bytes came"
            raise IngestionError(failure, why, HINT)
        return content

    def _answer(self, url: str, most: int, part: _Part | None, failure: str) -> tuple[int, bytes]:
        headers = {"Accept-Encoding": "identity"}
        if part is not None:
            headers["Range"] = f"bytes={part.offset}-{part.offset + part.length - 1}"
        timeout = (self._settings.connect_timeout_s, self._settings.read_timeout_s)
        with self._session.get(url, headers=headers, timeout=timeout, stream=True) as answer:
            if answer.status_code not in (200, 206) or (part and answer.status_code == 200):
                return answer.status_code, b""
            return answer.status_code, self._read(answer, most, failure)

    def _read(self, answer: Any, most: int, failure: str) -> bytes:
        content = bytearray()
        for chunk in answer.iter_content(CHUNK):
            if self._events.stop.is_set():
                raise Cancelled("Fetching the forecast")
            content += chunk
            if len(content) > most:
                why = f"more than {size_text(most)} came"
                raise IngestionError(failure, why, HINT)
        return bytes(content)


def _check(content: bytes, failure: str) -> None:
    """Refuse what is no whole GRIB2 message, or several of them: FM 92 GRIB, sections 0 and 8."""
    place = 0
    while place < len(content):
        head = content[place : place + 16]
        length = int.from_bytes(head[8:16], "big")
        message = content[place : place + length]
        if head[:4] != BEGIN or head[7:8] != b"\x02" or not message.endswith(END) or length < 32:
            raise IngestionError(failure, "what came is no whole GRIB2 message", HINT)
        place += length
    if not content:
        raise IngestionError(failure, "nothing came", HINT)
