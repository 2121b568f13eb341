"""Only the area: the tiles of a remote COG that it touches, by few range requests at once, instead
of the whole band.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..enums import Compression
from ..errors import Cancelled, RasterError, known
from ..files.atomic import open_file, part_of, put_in_place, scratch_file, write_all
from ..files.checksum import sha256_of
from ..files.journal import MARK_BYTES, Origin
from ..files.part_file import band_failure
from ..gdal.load_ahead import OTHERS_FIRST_S
from ..monitor import BandState
from ..sharing.budgets import ConnectionShare
from ..sharing.fair_slots import Share
from ..text import public_url, size_text
from ..workers import LinkedStop
from .answers import Trouble, is_page, pixels
from .fetch import (
    FetchJob,
    FetchOptions,
    OnState,
    check_stated_size,
    too_large,
    with_retries,
)
from .http import (
    Pace,
    body_chunks,
    content_range,
    is_encoded,
    open_response,
    strong_validator,
)
from .mirror_file import MirrorFile, Span
from .window_plan import AREA_TAG, HEAD_BYTES, NotWindowable, WindowPlan

if TYPE_CHECKING:
    from ..raster.grid import Window

MOST_SPANS_AT_ONCE = 8
"""Of one band."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class RemoteFile:
    """What the first request told of a file."""

    validator: str | None
    """For ``If-Range``; None where the server gives none that is strong enough."""
    size: int


NO_PARTS = {400, 405, 406, 412, 501}
"""Refusals that may be meant for the range that was asked for."""


def _warm_up_soon() -> None:
    time.sleep(OTHERS_FIRST_S)
    from .cog_mirror import warm_up

    warm_up()


class Shared:
    """What the windows of one scene share: a bound on their requests, and the few threads on which
    GDAL works.

    Each thread that GDAL works on first reads the table of coordinate systems, some 20 ms; so not
    every band has one.

    Parameters
    ----------
    slots : Share or ConnectionShare
        For their requests, of all bands together.
    workers : int
        Threads for GDAL.
    compression : Compression
        Of the files that are written.
    """

    def __init__(
        self,
        slots: Share | ConnectionShare,
        workers: int,
        compression: Compression = Compression.ZSTD,
    ) -> None:
        from multiprocessing.pool import ThreadPool

        self.compression = compression
        self.slots = slots
        self._pool = ThreadPool(workers)
        for _ in range(workers):
            self._pool.apply_async(_warm_up_soon)

    def compute(self, work: Callable[[], Result]) -> Result:
        """Do it on one of those threads."""
        return self._pool.apply(work)

    def close(self) -> None:
        """Let the threads go."""
        self._pool.terminate()


class WindowFetch:
    """One band's window: first its header (:meth:`plan`), then its tiles (:meth:`fetch`).

    Parameters
    ----------
    job : FetchJob
        Its target gets the window; ``expected_bytes`` is the size of the whole file.
    session : requests.Session
        From :func:`~.http.new_session`.
    stop : threading.Event
        Looked at between all reads and during waits.
    shared : Shared
        What all bands share.
    """

    def __init__(
        self,
        job: FetchJob,
        options: FetchOptions,
        session: Any,
        stop: threading.Event,
        shared: Shared,
    ) -> None:
        self._job = job
        self._options = options
        self._session = session
        # Its own, so that a band that is given up asks for nothing any more, while the others go
        # on.
        self._stop = LinkedStop(stop)
        self._shared = shared
        self._mirror = MirrorFile(job.target, job.name)
        self._remote: RemoteFile | None = None
        self._lock = threading.Lock()
        self._conditional = True
        self._odd = 0
        self.attempts = 0
        """The most tries that any of its requests took."""

    def plan(self, geometry: Mapping[str, Any], on_state: OnState) -> tuple[WindowPlan, int]:
        """Fetch the header; what the window needs, and the size of the whole file.

        Raises
        ------
        NotWindowable
            If the file, or its server, gives no parts; the whole can still be had.
        RasterError, FetchFailed, BandDownloadError, Cancelled
            See there.
        """
        have, wanted = 0, HEAD_BYTES
        while True:
            self._get_span((have, wanted), on_state)
            size = known(self._remote, "the request has told").size
            have = min(wanted, size)
            from .cog_mirror import plan_window  # loaded meanwhile, see OTHERS_FIRST_S

            try:
                found = self._shared.compute(
                    partial(plan_window, self._mirror.path, have, geometry)
                )
            except RasterError:
                self._mirror.remove()  # of no use to any later run either
                raise
            if isinstance(found, WindowPlan):
                return found, size
            if have == size:
                self._mirror.remove()
                raise NotWindowable(
                    f"The area's part of '{self._job.name}' cannot be read", "its header is damaged"
                )
            wanted = min(found, size)

    def fetch(self, plan: WindowPlan, area_key: str, on_state: OnState) -> tuple[int, str]:
        """Fetch the tiles and write the window to the job's target; bytes and sha2-256 of that
        file.

        Raises
        ------
        NotWindowable
            If the server stops to give parts of the same file; the whole can still be had.
        RasterError, FetchFailed, DiskFullError, BandDownloadError, Cancelled
            See there; the tiles that have come stay for the next run.
        """
        from multiprocessing.pool import ThreadPool

        missing = self._mirror.missing(plan.spans)
        received = plan.span_bytes - sum(stop - start for start, stop in missing)
        if received:
            on_state(
                BandState.RESUMING,
                received,
                plan.span_bytes,
                f"Partial file detected, resuming at {received / 1e6:.1f} MB",
            )

        def told(count: int) -> None:
            nonlocal received
            with self._lock:
                received += count
            on_state(BandState.DOWNLOADING, received, plan.span_bytes, "")

        told(0)
        if missing:
            with ThreadPool(min(len(missing), MOST_SPANS_AT_ONCE)) as pool:
                try:
                    for _ in pool.imap_unordered(
                        lambda span: self._get_span(span, on_state, told), missing
                    ):
                        pass
                finally:
                    self._stop.set_own()  # where one failed, the others need not go on
                    pool.close()
                    pool.join()
        if self._stop.above.is_set():
            raise Cancelled(f"Downloading '{self._job.name}'")
        return self._cut(plan, area_key)

    def remove(self) -> None:
        """Remove the mirror: it has done its work, or is of no use."""
        self._mirror.remove()

    def _cut(self, plan: WindowPlan, area_key: str) -> tuple[int, str]:
        try:
            done = cut_band(self._mirror.path, plan.window, self._job, area_key, self._shared)
        except RasterError:
            self._mirror.remove()  # a tile that cannot be decoded is not to be used again
            raise
        self._mirror.remove()
        return done

    def _get_span(
        self, span: Span, on_state: OnState, told: Callable[[int], None] = lambda _: None
    ) -> None:
        here = [span[0]]  # each try goes on behind what the one before has brought

        def once(url: str) -> None:
            with self._shared.slots.slot(self._stop):
                while here[0] < self._end(span[1]):  # a server may send less than was asked for
                    self._once(url, here, span[1], told)

        attempts = with_retries(self._job, self._options, self._stop, once, on_state)
        self.attempts = max(self.attempts, attempts)

    def _once(self, url: str, here: list[int], stop: int, told: Callable[[int], None]) -> None:
        start = here[0]
        headers = {**self._job.headers, "Range": f"bytes={start}-{stop - 1}"}
        remote = self._remote
        validator = remote.validator if remote is not None and self._conditional else None
        conditional = validator is not None
        if validator is not None:
            headers["If-Range"] = str(validator)
        with self._opened(url, headers) as response:
            if response.status_code == 200 and conditional:
                # Some servers leave the range out where a condition stands, met or not.
                self._conditional = False
                return
            stop = self._check_answer(response, start, stop)
            with self._mirror.failure.named(self._mirror.path):
                file = open_file(self._mirror.path)
            with file:
                file.seek(start)
                self._save(response, file, here, stop, told)
            if here[0] < stop:
                raise Trouble(
                    f"the connection broke (only {here[0] - start} of {stop - start} bytes came)"
                )

    def _save(
        self, response: Any, file: Any, here: list[int], stop: int, told: Callable[[int], None]
    ) -> None:
        """Write the body down, noting every megabyte, and at the end whatever it is that
        ends it.
        """
        digest, position = hashlib.sha256(), here[0]
        pace = Pace(self._options.timeout_s)
        try:
            for chunk in body_chunks(response):
                if self._stop.is_set():
                    raise Cancelled(f"Downloading '{self._job.name}'")
                if position + len(chunk) > stop:
                    raise Trouble("the server sent more bytes than were asked for")
                with self._mirror.failure.named(self._mirror.path):
                    write_all(file, chunk)
                digest.update(chunk)
                position += len(chunk)
                told(len(chunk))
                if position - here[0] >= MARK_BYTES:
                    self._mirror.note((here[0], position), digest.hexdigest())
                    here[0], digest = position, hashlib.sha256()
                pace.add(len(chunk))
        finally:
            if position > here[0] and not self._stop.above.is_set():
                self._mirror.note((here[0], position), digest.hexdigest())
                here[0] = position

    @contextmanager
    def _opened(self, url: str, headers: Mapping[str, str]) -> Iterator[Any]:
        """The answer to a request for a part; where its server refuses parts, the whole is had."""
        try:
            with open_response(self._session, url, headers, self._options.waits) as response:
                yield response
        except Trouble as trouble:
            if trouble.status in NO_PARTS:
                raise self._whole(f"its server refuses parts of files ({trouble.reason})") from None
            raise

    def _end(self, stop: int) -> int:
        """Where a span ends in the file, once its size is known."""
        return stop if self._remote is None else min(stop, self._remote.size)

    def _check_answer(self, response: Any, start: int, stop: int) -> int:
        """Make sure that the answer is of the span that was asked for, of the same file; where it
        ends.
        """
        self._check_form(response)
        first, last, size = known(content_range(response), "the form is right")
        validator = strong_validator(response)
        if self._remote is None:
            if size is None:
                raise self._odd_answer("its server does not say how large the file is")
            check_stated_size(self._job, size)
            if size > self._job.most_bytes:
                raise too_large(self._job, f"the file has {size_text(size)}")
            self._mirror.begin(Origin(public_url(self._job.url), validator, size), size)
            self._remote = RemoteFile(validator, size)
        elif size not in (None, self._remote.size) or validator not in (
            None,
            self._remote.validator,
        ):
            raise self._whole("its server sends parts of several files under one name")
        if first != start or not first <= last < min(stop, self._remote.size):
            raise Trouble("the server sent another part of the file than was asked for")
        return last + 1

    def _check_form(self, response: Any) -> None:
        """Make sure that the answer is a part of a file, and says which."""
        if response.status_code == 416:
            raise Trouble("the file came empty")
        if response.status_code == 200:
            if is_page(response):
                pixels(response, body_chunks(response))  # raises, if it is no file
            raise self._whole("its server gives no parts of files")
        if is_encoded(response):
            raise self._whole("its server packs what it sends")
        if content_range(response) is None:
            raise self._odd_answer("its server does not say which part of the file it sends")

    def _odd_answer(self, why: str) -> Exception:
        """An answer that cannot be used: once, it may pass."""
        self._odd += 1
        return Trouble(why) if self._odd == 1 else self._whole(why)

    def _whole(self, why: str) -> NotWindowable:
        """The window cannot be had; what has come of it is of no use."""
        self._mirror.remove()
        return NotWindowable(f"The area's part of '{self._job.name}' cannot be read", why)


def cut_band(
    source: Path, window: Window, job: FetchJob, area_key: str, shared: Shared
) -> tuple[int, str]:
    """Cut a window out of a mirror, or of a whole band, and give it the job's name; bytes and
    sha2-256.

    Raises
    ------
    DiskFullError
        If the disk has no room for it.
    RasterError
        If it cannot be decoded.
    """
    from .cog_mirror import cut_window

    failure = band_failure(job.name)
    # Not the name of a whole band's part, which may be there too.
    part = part_of(job.target.with_name(f"{job.target.name}.cut"))
    cut = partial(cut_window, source, window, part, {AREA_TAG: area_key}, shared.compression)
    with scratch_file(part, failure):
        shared.compute(cut)
        with failure.named(part):
            size, sha256 = part.stat().st_size, sha256_of(part)
        put_in_place(part, job.target, failure)
    return size, sha256
