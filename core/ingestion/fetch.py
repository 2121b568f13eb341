"""One URL → one file: written beside the target as ``.part``, checked, then renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..errors import BandDownloadError, Cancelled, DiskFullError, RasterError

CHUNK_BYTES = 16 * 1024
"""Small: a read waits until it has so much, and only between reads are the clock and the stop flag looked at."""
MOST_WAIT_S = 60.0
"""The longest wait between two tries, whatever the server asks for."""
TEMPORARY = {408, 425, 429}
"""Besides 5xx: worth another try."""
REFUSED = {401, 403}
HINTS = {
    401: "The server requires authentication; public catalogs do not require auth.",
    403: "The server requires authentication or a signed address; search again, or attach a QGIS authentication.",
    404: "The file is not there; choose another scene or leave the band out.",
}


@dataclass(frozen=True)
class FetchOptions:
    """How patient to be."""

    attempts: int = 3
    delay_s: float = 2.0
    """Before the second try; doubled for each further one."""
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    timeout_s: float = 300.0
    """For the whole file, one try."""


@dataclass(frozen=True)
class Fetched:
    """A file that arrived."""

    path: Path
    size_bytes: int
    sha256: str
    etag: str | None
    attempts: int
    seconds: float


@dataclass(frozen=True)
class FetchJob:
    """What to fetch, and what is known of it beforehand."""

    name: str
    """For the sentences: ``'nir'``."""
    url: str
    """As the catalogue gives it: for the sentences and the record."""
    target: Path
    open_url: Callable[[bool], str] | None = None
    """Gives the address to open; called with True after a refusal (HTTP 401, 403), to get a fresh one."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """To be sent along."""
    expected_bytes: int | None = None
    sha256: str | None = None
    """As the catalogue states it, hex."""


class _TryAgain(Exception):
    """A failure that may pass."""

    def __init__(self, reason: str, status: int | None = None, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.wait_s = wait_s


class FetchFailed(BandDownloadError):
    """A download that was given up; carries what a table wants to show."""

    def __init__(self, job: FetchJob, reason: str, attempts: int, status: int | None, hint: str) -> None:
        tried = f", tried {attempts} times" if attempts > 1 else ""
        super().__init__(f"Band download failed for '{job.name}' from {public_url(job.url)}", f"{reason}{tried}", hint)
        self.reason = reason
        self.attempts = attempts
        self.status = status


def fetch(
    job: FetchJob,
    options: FetchOptions,
    session: Any,
    stop: threading.Event,
    check: Callable[[Path], object],
    on_state: Callable[[str, int, int | None, str], None],
) -> Fetched:
    """Download one file.

    Parameters
    ----------
    session : requests.Session
        Carries proxies and certificates.
    stop : threading.Event
        Looked at between all reads and during waits.
    check : callable
        Gets the finished ``.part`` and raises :class:`RasterError` if it is no raster.
    on_state : callable
        Gets state (``downloading``, ``retrying``), bytes so far, bytes in all (None: not known), detail.

    Raises
    ------
    FetchFailed
        After the last try, or at once where another try is useless (404, 403 …).
    DiskFullError
        If the disk takes no more.
    Cancelled
        If ``stop`` was set; the ``.part`` is removed.
    """
    started = time.monotonic()
    part = part_of(job.target)
    renewed = False
    attempt = 0
    while True:
        attempt += 1
        try:
            url = job.url if job.open_url is None else job.open_url(renewed)
            size, sha256, etag = _once(job, url, options, session, stop, part, on_state)
            check(part)
            if stop.is_set():
                raise Cancelled(f"Downloading '{job.name}'")
            with _disk_errors(job, job.target):
                part.replace(job.target)
            return Fetched(job.target, size, sha256, etag, attempt, time.monotonic() - started)
        except (_TryAgain, RasterError) as error:
            trouble = error if isinstance(error, _TryAgain) else _TryAgain(f"what came is no raster ({error.why})")
            refused = trouble.status in REFUSED
            if refused and not renewed:
                renewed = True
                attempt -= 1  # a token that has expired is no failure of the server
            elif refused or attempt == options.attempts:
                hint = HINTS.get(trouble.status or 0, "Try again later; bands that are there already are kept.")
                raise FetchFailed(job, trouble.reason, attempt, trouble.status, hint) from error
            wait = options.delay_s * 2 ** max(0, attempt - 1) if trouble.wait_s is None else trouble.wait_s
            on_state("retrying", 0, None, trouble.reason)
            if stop.wait(min(wait, MOST_WAIT_S)):
                raise Cancelled(f"Downloading '{job.name}'") from None
        finally:
            if not stop.is_set():  # then it was removed where it was written
                remove_quietly(part)  # renamed already where all went well


def _once(
    job: FetchJob,
    url: str,
    options: FetchOptions,
    session: Any,
    stop: threading.Event,
    part: Path,
    on_state: Callable[[str, int, int | None, str], None],
) -> tuple[int, str, str | None]:
    import requests

    try:
        # identity: a compressed body would make Content-Length speak of other bytes than those on the disk
        with session.get(
            url,
            stream=True,
            timeout=(options.connect_timeout_s, options.read_timeout_s),
            headers={"Accept-Encoding": "identity", **job.headers},
        ) as response:
            _check_status(job, response)
            total = _length(response) or job.expected_bytes
            on_state("downloading", 0, total, "")
            size, sha256 = _save(job, options, response, stop, part, total, on_state)
            etag = response.headers.get("ETag")
    except requests.Timeout as error:
        raise _TryAgain("the server did not answer in time") from error
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        raise _TryAgain(f"the connection broke ({_root(error)})") from error
    except requests.RequestException as error:
        # not the library's own words: they hold the whole address, token included
        raise FetchFailed(job, f"the address cannot be used ({type(error).__name__})", 1, None, "Check the URL.") from error
    if size == 0:
        raise _TryAgain("the file came empty")
    stated = _length(response)
    for expected, who in ((stated, "the server announced"), (job.expected_bytes, "the catalogue states")):
        if expected is not None and size != expected:
            raise _TryAgain(f"{size} bytes came where {who} {expected}")
    if job.sha256 and sha256 != job.sha256:
        raise _TryAgain(f"the checksum is sha256 {sha256} where the catalogue states {job.sha256}")
    return size, sha256, etag


def _check_status(job: FetchJob, response: Any) -> None:
    status = response.status_code
    if status == 200:
        return
    reason = f"HTTP {status}"
    if status in TEMPORARY or status >= 500:
        raise _TryAgain(reason, status, _retry_after(response))
    if status in REFUSED and job.open_url is not None:
        raise _TryAgain(reason, status, 0.0)  # with a fresh address it may be let in
    raise FetchFailed(job, reason, 1, status, HINTS.get(status, "Search again, or choose another scene."))


def _save(
    job: FetchJob,
    options: FetchOptions,
    response: Any,
    stop: threading.Event,
    part: Path,
    total: int | None,
    on_state: Callable[[str, int, int | None, str], None],
) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    ends = time.monotonic() + options.timeout_s
    with _disk_errors(job, part):
        part.parent.mkdir(parents=True, exist_ok=True)
        file = part.open("wb")
    try:
        for chunk in response.iter_content(CHUNK_BYTES):
            if stop.is_set():
                raise Cancelled(f"Downloading '{job.name}'")
            if time.monotonic() > ends:
                raise _TryAgain(f"it took longer than {options.timeout_s:g} s")
            with _disk_errors(job, part):
                file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            on_state("downloading", size, total, "")
    finally:
        own = os.fstat(file.fileno())
        with _disk_errors(job, part):
            file.close()
        if stop.is_set():
            # A worker that was left behind may wake much later, when another run has a file of this name.
            with suppress(OSError):
                if os.path.samestat(own, part.stat()):
                    part.unlink()
    return size, digest.hexdigest()


@contextmanager
def _disk_errors(job: FetchJob, part: Path) -> Iterator[None]:
    """Name what the disk says; kept apart from the network, whose errors are OSErrors too."""
    try:
        yield
    except OSError as error:
        what = f"Band download failed for '{job.name}'"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(what, f"the disk of {part.parent} is full", "Free some room and run again.") from error
        raise BandDownloadError(what, f"{part} cannot be written ({error.strerror})", "Choose another folder.") from error


def _length(response: Any) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isdigit() else None


def _retry_after(response: Any) -> float | None:
    text = response.headers.get("Retry-After", "")
    return min(float(text), MOST_WAIT_S) if text.isdigit() else None


def part_of(target: Path) -> Path:
    """The name of a file while it is coming."""
    return target.with_name(f"{target.name}.part")


def remove_quietly(path: Path) -> None:
    """Remove a half file, if it is there and can be removed."""
    with suppress(OSError):
        path.unlink()


def public_url(url: str) -> str:
    """The URL without its query, which may hold a token."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _root(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    text = " ".join(str(error).split())
    return text if len(text) <= 120 else f"{text[:117]}…"
