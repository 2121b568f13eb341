"""Only the area: the tiles of a remote COG that it touches, by few range requests at once, instead of the whole band."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from ..errors import Cancelled, RasterError
from ..raster.cog_mirror import HEAD_BYTES, NotWindowable, WindowPlan, create_mirror, cut_window, plan_window, warm_up
from ..workers import held
from .checksum import sha256_of
from .fetch import FetchJob, FetchOptions, OnState, with_retries
from .http import Trouble, body_chunks, content_range, open_response, public_url
from .part_file import disk_errors, part_of, remove_quietly, write_all

Result = TypeVar("Result")


@dataclass(frozen=True)
class RemoteFile:
    """What the first request told of a file."""

    etag: str | None
    size: int


class Shared:
    """What the windows of one scene share: a bound on their requests, and the few threads on which GDAL works.

    Each thread that GDAL works on first reads the table of coordinate systems, some 20 ms; so not every band has one.

    Parameters
    ----------
    requests : int
        At once, of all bands together.
    workers : int
        Threads for GDAL.
    """

    def __init__(self, requests: int, workers: int) -> None:
        from multiprocessing.pool import ThreadPool

        self.slots = threading.Semaphore(requests)
        self._pool = ThreadPool(workers)
        for _ in range(workers):
            self._pool.apply_async(warm_up)

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

    def __init__(self, job: FetchJob, options: FetchOptions, session: Any, stop: threading.Event, shared: Shared) -> None:
        self._job = job
        self._options = options
        self._session = session
        self._stop = stop
        self._shared = shared
        self._mirror = job.target.with_name(f"{job.target.name}.mirror.part")
        self._journal = job.target.with_name(f"{job.target.name}.mirror.part.jsonl")
        self._remote: RemoteFile | None = None
        self._lock = threading.Lock()
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
            assert self._remote is not None  # the request has told
            have = min(wanted, self._remote.size)
            found = self._shared.compute(partial(plan_window, self._mirror, have, geometry))
            if isinstance(found, WindowPlan):
                return found, self._remote.size
            if have == self._remote.size:
                raise NotWindowable(f"The area's part of '{self._job.name}' cannot be read", "its header is damaged")
            wanted = min(found, self._remote.size)

    def fetch(self, plan: WindowPlan, on_state: OnState) -> tuple[int, str]:
        """Fetch the tiles and write the window to the job's target; bytes and sha2-256 of that file.

        Raises
        ------
        RasterError, FetchFailed, DiskFullError, BandDownloadError, Cancelled
            See there; the tiles that have come stay for the next run.
        """
        from multiprocessing.pool import ThreadPool

        done = self._finished_spans()
        missing = [span for span in plan.spans if span not in done]
        received = plan.span_bytes - sum(stop - start for start, stop in missing)
        if received:
            on_state("resuming", received, plan.span_bytes, f"Partial file detected, resuming at {received / 1e6:.1f} MB")

        def told(count: int) -> None:
            nonlocal received
            with self._lock:
                received += count
            on_state("downloading", received, plan.span_bytes, "")

        def one(span: tuple[int, int]) -> None:
            self._get_span(span, on_state, told)

        told(0)
        if missing:
            with ThreadPool(min(len(missing), 8)) as pool:
                for _ in pool.imap_unordered(one, missing):
                    pass
        if self._stop.is_set():
            raise Cancelled(f"Downloading '{self._job.name}'")
        return self._cut(plan)

    def remove(self) -> None:
        """Remove the mirror: it has done its work, or is of no use."""
        remove_quietly(self._mirror)
        remove_quietly(self._journal)

    def _cut(self, plan: WindowPlan) -> tuple[int, str]:
        part = part_of(self._job.target)
        try:
            self._shared.compute(partial(cut_window, self._mirror, plan.window, part))
        except RasterError:
            remove_quietly(part)
            self.remove()  # a tile that cannot be decoded is not to be used again
            raise
        size, sha256 = part.stat().st_size, sha256_of(part)
        with disk_errors(self._job.name, self._job.target):
            part.replace(self._job.target)
        self.remove()
        return size, sha256

    def _get_span(self, span: tuple[int, int], on_state: OnState, told: Callable[[int], None] = lambda _: None) -> None:
        def once(url: str) -> None:
            with held(self._shared.slots, self._stop):
                self._once(url, span, told)

        attempts = with_retries(self._job, self._options, self._stop, once, on_state)
        self.attempts = max(self.attempts, attempts)

    def _once(self, url: str, span: tuple[int, int], told: Callable[[int], None]) -> None:
        start, stop = span
        headers = {**self._job.headers, "Range": f"bytes={start}-{stop - 1}"}
        if self._remote is not None and self._remote.etag is not None:
            headers["If-Range"] = self._remote.etag
        with open_response(self._session, url, headers, self._options.waits) as response:
            stop = self._check_answer(response, start, stop)
            digest, count = hashlib.sha256(), 0
            ends = time.monotonic() + self._options.timeout_s
            with disk_errors(self._job.name, self._mirror):
                file = self._mirror.open("r+b", buffering=0)
            try:
                with file:
                    file.seek(start)
                    for chunk in body_chunks(response):
                        if self._stop.is_set():
                            raise Cancelled(f"Downloading '{self._job.name}'")
                        if start + count + len(chunk) > stop:
                            raise Trouble("the server sent more bytes than were asked for")
                        with disk_errors(self._job.name, self._mirror):
                            write_all(file, chunk)
                        digest.update(chunk)
                        count += len(chunk)
                        told(len(chunk))
                        if time.monotonic() > ends:
                            raise Trouble(f"it took longer than {self._options.timeout_s:g} s")
                if start + count < stop:
                    raise Trouble(f"the connection broke (only {count} of {stop - start} bytes came)")
            except Trouble:
                told(-count)
                raise
        self._note({"span": [start, stop], "sha256": digest.hexdigest()})

    def _check_answer(self, response: Any, start: int, stop: int) -> int:
        """Make sure that the answer is the span that was asked for; where it ends."""
        if response.status_code == 200:
            if self._remote is None:
                raise NotWindowable(f"The area's part of '{self._job.name}' cannot be read", "its server gives no parts of files")
            self.remove()
            raise Trouble("the file on the server has changed, or it gives no parts any more", final=True)
        span = content_range(response)
        if response.status_code == 416:
            raise Trouble("the file is empty")
        if span is None or span[2] is None:
            raise Trouble("the server does not say which part of the file it sends")
        first, last, size = span[0], span[1], span[2]
        if first != start or last + 1 != min(stop, size):
            raise Trouble("the server sent another part of the file than was asked for")
        if self._remote is None:
            self._begin(response, size)
        elif size != self._remote.size:
            raise Trouble(f"the file on the server has changed ({size} bytes, it had {self._remote.size})")
        return last + 1

    def _begin(self, response: Any, size: int) -> None:
        """The first answer: go on with the mirror that an earlier run has left, if it is of the same file."""
        if self._job.expected_bytes is not None and size != self._job.expected_bytes:
            raise Trouble(f"the file has {size} bytes where the catalogue states {self._job.expected_bytes}")
        etag = response.headers.get("ETag", "")
        validator = etag if etag.startswith('"') else response.headers.get("Last-Modified")
        origin = {"url": public_url(self._job.url), "validator": validator, "size": size}
        known = self._lines()
        same = bool(known) and known[0] == origin and validator is not None
        if not same or not self._mirror.exists() or self._mirror.stat().st_size != size:
            with disk_errors(self._job.name, self._mirror):
                create_mirror(self._mirror, size)
                self._journal.write_text(f"{json.dumps(origin)}\n", encoding="utf-8")
        self._remote = RemoteFile(validator, size)

    def _finished_spans(self) -> set[tuple[int, int]]:
        """Spans of an earlier run whose bytes in the mirror agree with their sums."""
        done = set()
        with self._mirror.open("rb") as file:
            for line in self._lines()[1:]:
                start, stop = line["span"]
                file.seek(start)
                if hashlib.sha256(file.read(stop - start)).hexdigest() == line["sha256"]:
                    done.add((start, stop))
        return done

    def _note(self, entry: Mapping[str, Any]) -> None:
        with self._lock, disk_errors(self._job.name, self._journal), self._journal.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(entry)}\n")

    def _lines(self) -> Sequence[Mapping[str, Any]]:
        try:
            texts = self._journal.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []
        lines = []
        for text in texts:
            try:
                lines.append(json.loads(text))
            except ValueError:  # cut short by a crash
                break
        return lines
