"""One URL → one file: written beside the target as ``.part``, resumed where it stopped, checked,
then renamed.
"""

from __future__ import annotations

import glob
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import Any

from ..accounts.providers import login_hint
from ..addresses.signature import is_signed
from ..errors import BandDownloadError, Cancelled, DiskFullError, RasterError
from ..files.checksum import Checksum
from ..files.journal import Origin
from ..files.part_file import PartFile
from ..monitor import BandState
from ..text import public_url, size_text, time_text
from .answers import BUSY, TOO_MANY, Trouble, pixels
from .http import (
    REFUSED,
    Pace,
    Waits,
    body_chunks,
    body_length,
    content_range,
    is_encoded,
    open_response,
    strong_validator,
    unsatisfied_size,
)

JITTER = 0.25
"""Waits differ by up to so much of themselves, so that four bands that were refused together do not
come again together.
"""
MOST_WAIT_S = 60.0
"""The longest wait between two tries that the server has not asked for."""
HINTS = {
    401: "The server requires authentication; public catalogs do not require auth.",
    403: "The server requires authentication or a signed address; search again, or attach a "
    "QGIS authentication.",
    404: "The file is not there; choose another scene or leave the band out.",
}
MOST_BYTES = 20_000_000_000
"""Larger than any single band that agencies deliver."""


@dataclass(frozen=True)
class FetchOptions:
    """How patient to be."""

    attempts: int = 3
    delay_s: float = 2.0
    """Before the second try; doubled for each further one."""
    jitter: float = JITTER
    waits: Waits = field(default_factory=Waits)
    timeout_s: float = 300.0
    """For something to come: see :class:`~.http.Pace`."""
    busy_s: float = 120.0
    """How long in all to wait for a server that says that it is busy (HTTP 429, 503), besides the
    other tries.
    """


@dataclass(frozen=True)
class Fetched:
    """A file that arrived."""

    path: Path
    size_bytes: int
    sha256: str
    etag: str | None
    attempts: int
    seconds: float
    verified: bool
    """Whether the catalogue's checksum was compared."""
    resumed_bytes: int
    """Bytes that an earlier run or try had brought already."""


@dataclass(frozen=True)
class FetchJob:
    """What to fetch, and what is known of it beforehand."""

    name: str
    """For the sentences: ``'nir'``."""
    url: str
    """As the catalogue gives it: for the sentences and the record."""
    target: Path
    open_url: Callable[[bool], str] | None = None
    """Gives the address to open; called with True after a refusal (HTTP 401, 403), to get a fresh
    one.
    """
    headers: Mapping[str, str] = field(default_factory=dict)
    """To be sent along."""
    expected_bytes: int | None = None
    checksum: Checksum | None = None
    """As the catalogue states it."""
    account: str = ""
    """The account that it needs, as the catalogue states it."""
    warn: Callable[[str], None] = lambda _: None
    """Takes a sentence about the file that should be known before it is used."""
    busy: Callable[[], None] = lambda: None
    """Is told when the server says that it is busy."""
    most_bytes: int = MOST_BYTES
    """A file that is larger is not fetched, whatever its server says."""


class FetchFailed(BandDownloadError):
    """A download that was given up; carries what a table wants to show."""

    def __init__(self, job: FetchJob, trouble: Trouble, attempts: int) -> None:
        tried = f", tried {attempts} times" if attempts > 1 else ""
        super().__init__(
            f"Band download failed for '{job.name}' from {public_url(job.url)}",
            f"{trouble.reason}{tried}",
            _hint(job, trouble),
        )
        self.reason = trouble.reason
        self.attempts = attempts
        self.status = trouble.status


def _hint(job: FetchJob, trouble: Trouble) -> str:
    """What to do, from the most to the least particular."""
    if trouble.status in REFUSED and not trouble.hint:
        if login := login_hint(job.url):
            return login
        if job.account:
            return f"By its catalogue it requires authentication: {job.account}."
        if is_signed(job.url):
            return "Its signed address is not good any more; get the items from their catalogue."
    later = f"Try again later{_kept(job, ', and it goes on from there')}."
    usual = "Search again, or choose another scene." if trouble.final else later
    return trouble.hint or HINTS.get(trouble.status or 0, usual)


def _kept(job: FetchJob, more: str = "") -> str:
    """Said only where something has come, and was not thrown away as wrong."""
    parts = job.target.parent.glob(f"{glob.escape(job.target.name)}*.part")
    return f"; what has come is kept{more}" if any(part.stat().st_size for part in parts) else ""


OnState = Callable[[BandState, int, "int | None", str], None]


def fetch(
    job: FetchJob,
    options: FetchOptions,
    session: Any,
    stop: threading.Event,
    check: Callable[[Path], object],
    on_state: OnState,
) -> Fetched:
    """Download one file, going on from what an earlier try or run has left.

    Parameters
    ----------
    session : requests.Session
        From :func:`~.http.new_session`.
    stop : threading.Event
        Looked at between all reads and during waits.
    check : callable
        Gets the finished ``.part`` and raises :class:`RasterError` if it is no raster.
    on_state : callable
        Gets state (``downloading``, ``resuming``, ``retrying``), bytes so far, bytes in all (None:
        not known), detail.

    Raises
    ------
    FetchFailed
        After the last try, or at once where another try is useless (404, 403 …). What has come
        stays as ``.part``.
    DiskFullError
        If the disk takes no more.
    Cancelled
        If ``stop`` was set; what has come stays as ``.part``.
    """
    started = time.monotonic()
    part = PartFile(
        job.target, job.name, stop, job.checksum.algorithm if job.checksum else "sha256"
    )
    one = _Download(job, options, session, stop, part, on_state)
    attempts = with_retries(
        job, options, stop, lambda url: _bring_and_check(one, url, check), on_state
    )
    if stop.is_set():
        raise _stopped(job)
    part.commit()
    seconds = time.monotonic() - started
    sha256 = part.hexdigest("sha256")
    return Fetched(
        job.target,
        part.size,
        sha256,
        one.etag,
        attempts,
        seconds,
        job.checksum is not None,
        one.resumed,
    )


def with_retries(
    job: FetchJob,
    options: FetchOptions,
    stop: threading.Event,
    once: Callable[[str], object],
    on_state: OnState,
) -> int:
    """Call ``once`` with the address to open until it raises no :class:`Trouble`; the number of
    tries.

    Raises
    ------
    FetchFailed, Cancelled
        See :func:`fetch`.
    """
    renewed = renew = False
    patience = _Patience(job, options)
    while True:
        try:
            url = job.url if job.open_url is None else job.open_url(renew)
            renew = False
            once(url)
            return patience.attempts + 1
        except Trouble as trouble:
            if trouble.status in REFUSED and job.open_url is not None and not renewed:
                renewed = renew = True  # a token that has expired is no failure of the server
                wait = 0.0
            else:
                wait = patience.wait_after(trouble)
            on_state(BandState.RETRYING, 0, None, trouble.reason)
            if stop.wait(wait):
                raise _stopped(job) from None


class _Patience:
    """How long to wait after each failure, and when to give up."""

    def __init__(self, job: FetchJob, options: FetchOptions) -> None:
        self._job = job
        self._options = options
        self.attempts = 0
        self._counted = 0
        self._busy_s = 0.0

    def wait_after(self, trouble: Trouble) -> float:
        """Seconds until the next try.

        Raises
        ------
        FetchFailed
            If there is to be none.
        """
        self.attempts += 1
        wait = self._usual_wait() if trouble.wait_s is None else trouble.wait_s
        asked = trouble.status in BUSY and trouble.wait_s is not None
        busy = (asked or trouble.status == TOO_MANY) and not trouble.final and wait > 0
        if busy:
            self._job.busy()
        if busy and self._busy_s + wait <= self._options.busy_s:
            self._busy_s += wait
            return wait
        self._counted += 1
        if busy and asked:  # to ask before that is of no use
            reason = f"{trouble.reason}: the server asks to wait {time_text(wait)}"
            hint = f"Try again in {time_text(wait)}{_kept(self._job)}."
            trouble = Trouble(reason, trouble.status, final=True, hint=hint)
        if trouble.final or busy or self._counted >= self._options.attempts:
            raise FetchFailed(self._job, trouble, self.attempts) from trouble
        return min(wait, MOST_WAIT_S)

    def _usual_wait(self) -> float:
        """Twice as long each time, and never quite the same."""
        doubled = self._options.delay_s * 2.0 ** min(self.attempts - 1, 30)
        return min(doubled * (1 + SystemRandom().uniform(0, self._options.jitter)), MOST_WAIT_S)


@dataclass
class _Download:
    """One file's download, from its first try to its last."""

    job: FetchJob
    options: FetchOptions
    session: Any
    stop: threading.Event
    part: PartFile
    on_state: OnState
    etag: str | None = None
    resumed: int = 0
    mismatches: int = 0


def _bring_and_check(one: _Download, url: str, check: Callable[[Path], object]) -> None:
    job, part = one.job, one.part
    total = _bring(one, url)
    if total is not None and part.size < total:
        raise Trouble(f"the connection broke (only {part.size} of {total} bytes came)")
    if total is not None and part.size > total:
        part.discard()
        raise Trouble(f"{part.size} bytes came where the server announced {total}")
    if total is None:
        _check_size(job, part.size)
    if (
        job.checksum is not None
        and (found := part.hexdigest(job.checksum.algorithm)) != job.checksum.hexdigest
    ):
        one.mismatches += 1
        part.discard()
        name = job.checksum.algorithm
        reason = (
            f"the checksum is {name} {found} where the catalogue states {job.checksum.hexdigest}"
        )
        # Once more, for a fault on the way; the same again is a fault of the file or of the
        # catalogue.
        hint = (
            "The file or what the catalogue states of it is wrong: choose another scene, or "
            "tell the provider."
        )
        raise Trouble(reason, final=one.mismatches > 1, hint=hint if one.mismatches > 1 else "")
    try:
        check(part.path)
    except RasterError as error:
        part.discard()
        raise Trouble(f"what came is no raster ({error.why})") from error


def _bring(one: _Download, url: str) -> int | None:
    """Ask for the file, or for what is missing of it, and write it down; the size that the whole
    should have.
    """
    job, part = one.job, one.part
    asked = public_url(job.url)
    origin = _earlier(part, asked, job)
    if origin is not None and part.size == origin.total:
        one.etag, one.resumed = origin.etag, part.size
        return origin.total  # all of it had come when it was stopped; the checks follow
    headers = dict(job.headers)
    if origin is not None:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": str(origin.validator)}
    with open_response(one.session, url, headers, one.options.waits) as response:
        if origin is not None and part.size == unsatisfied_size(response):
            one.etag, one.resumed = origin.etag, part.size
            return part.size  # all of it had come, from a server that had not said how much that is
        new = _origin(asked, response)
        if response.status_code != 200:
            _check_range(part, origin, new, response)
        check_stated_size(job, new.total)
        _check_room(job, part, new.total)
        _receive(one, response, new, origin is not None and response.status_code == 206)
        return new.total


def _earlier(part: PartFile, asked: str, job: FetchJob) -> Origin | None:
    """Origin of the bytes that an earlier run has left, where the rest of them may be asked for."""
    origin = part.load(asked)
    if origin is None or origin.validator is None:
        return None  # the rest could be of another file: from the first byte, then
    if part.size == origin.total and job.expected_bytes not in (None, origin.total):
        # Complete, and not what the catalogue states: it may have been put right meanwhile.
        return None
    return origin


def _receive(one: _Download, response: Any, origin: Origin, resume: bool) -> None:
    """Write an answer's body down, behind what is there or from the first byte."""
    part, chunks = one.part, body_chunks(response)
    if response.status_code == 200:
        chunks = pixels(response, chunks)
    one.etag = origin.etag
    one.resumed = part.size if resume else 0
    if resume:
        detail = f"Partial file detected, resuming at {part.size / 1e6:.1f} MB"
        one.on_state(BandState.RESUMING, part.size, origin.total, detail)
    part.begin(origin, resume)
    try:
        _save(one, chunks, part.size, origin.total)
    except Overrun:
        part.close()
        part.discard()
        raise
    finally:
        part.close()


def _origin(asked: str, response: Any) -> Origin:
    validator = strong_validator(response) or None
    span = content_range(response)
    if response.status_code == 206:
        total = span[2] if span else None
    elif is_encoded(response):
        total = validator = None  # the length speaks of the compressed bytes, and so do ranges
    else:
        total = body_length(response)
    return Origin(asked, validator, total)


def _check_range(part: PartFile, origin: Origin | None, new: Origin, response: Any) -> None:
    """Refuse an answer that is not the rest of what is there; then the next try begins anew."""
    span = content_range(response)
    if response.status_code == 416:
        why = "the file on the server is shorter than what had come"
    elif origin is None:
        why = "the server sent a part of the file where the whole was asked for"
    elif span is None or span[0] != part.size or (span[2] is not None and span[1] != span[2] - 1):
        why = "the server sent another part of the file than was asked for"
    elif origin.total is not None and new.total != origin.total:
        why = f"the file on the server has changed ({new.total} bytes, it had {origin.total})"
    elif new.validator is not None and new.validator != origin.validator:
        why = "the file on the server has changed"
    else:
        return
    part.discard()
    raise Trouble(why)


def _check_size(job: FetchJob, size: int | None) -> None:
    if size == 0:
        raise Trouble("the file came empty")
    if size is not None and job.expected_bytes is not None and size != job.expected_bytes:
        raise Trouble(f"the file has {size} bytes where the catalogue states {job.expected_bytes}")


def check_stated_size(job: FetchJob, size: int | None) -> None:
    """Compare the size that the server gives with the catalogue's. The server has the file; of a
    catalogue that is out of date is warned.

    Raises
    ------
    Trouble
        If the file is empty, or the catalogue states a checksum, which cannot hold then.
    """
    if size in (None, job.expected_bytes) or job.expected_bytes is None:
        _check_size(job, size)
        return
    text = f"the file has {size} bytes where the catalogue states {job.expected_bytes}"
    if size == 0:
        raise Trouble("the file came empty")
    if job.checksum is not None:
        hint = "What the catalogue states, its checksum too, is of another file: search again."
        raise Trouble(text, final=True, hint=hint)
    job.warn(f"{text}: it was replaced, or what is stated is out of date")


def _check_room(job: FetchJob, part: PartFile, total: int | None) -> None:
    """Refuse what no band is as large as, and what the disk has no room for, before it comes."""
    if total is None:
        return
    if total > job.most_bytes:
        raise too_large(job, f"the file has {size_text(total)}")
    free = shutil.disk_usage(part.path.parent).free
    if total - part.size > free:
        raise DiskFullError(
            f"There is no room for '{job.name}' from {public_url(job.url)}",
            f"the file has {size_text(total)}, and {size_text(free)} are free",
            "Free some room and run again: it goes on from there.",
        )


class Overrun(Trouble):
    """More came than can be right: of no use to go on from."""


def too_large(job: FetchJob, fact: str) -> Trouble:
    """The trouble of a file that can be no band."""
    return Overrun(
        f"{fact}, and no band is larger than {size_text(job.most_bytes)}",
        final=True,
        hint="Choose another scene, or tell the provider.",
    )


def _save(one: _Download, chunks: Iterator[bytes], size: int, total: int | None) -> None:
    job, pace, most = one.job, Pace(one.options.timeout_s), one.job.most_bytes
    shown = total or job.expected_bytes
    one.on_state(BandState.DOWNLOADING, size, shown, "")
    for chunk in chunks:
        if one.stop.is_set():
            raise _stopped(job)
        one.part.write(chunk)
        size += len(chunk)
        one.on_state(BandState.DOWNLOADING, size, shown, "")
        if total is None and size > (job.expected_bytes or size):
            raise Overrun(f"more came than the {job.expected_bytes} bytes that are stated")
        if size > most:
            raise too_large(job, f"more than {size_text(most)} came, and still no end")
        pace.add(len(chunk))


def _stopped(job: FetchJob) -> Cancelled:
    return Cancelled(f"Downloading '{job.name}'")
