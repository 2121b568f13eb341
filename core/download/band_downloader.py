"""The bands of one scene, several at once: what can be had is kept, what cannot is named."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ..discovery.access import Access
from ..errors import AccessError, BandDownloadError, Cancelled, RasterError
from ..files.checksum import parse_checksum
from ..files.record import BandRecord, read_record, write_record
from ..monitor import BandProgress, BandState, EventQueue, Level, Monitor, Note
from ..raster.reader import check_band_file
from ..settings import Settings
from ..text import size_text
from ..types import BandFailure, BandFile
from ..workers import held, run_parallel
from .cache import BandCache, open_cache
from .cog_mirror import HEAD_BYTES, NotWindowable, area_window
from .fetch import FetchFailed, FetchJob, FetchOptions, OnState, fetch
from .http import Waits, new_session
from .mirror_file import MirrorFile
from .plan import BandJob, DownloadPlan, area_key, check_room
from .speed import Meter, Totals
from .window import Shared, WindowFetch, cut_band

REPORT_EVERY_S = 0.1


def download_bands(
    plan: DownloadPlan, settings: Settings, monitor: Monitor, access: Access | None = None
) -> tuple[list[BandFile], list[BandFailure]]:
    """Download what the plan says is missing: whole bands, or the plan's area of each.

    Parameters
    ----------
    access : Access, optional
        Keeps tokens between scenes; a new one by default.

    Returns
    -------
    files, failures
        Both in the plan's order; bands that were there already are among the files.

    Raises
    ------
    DiskFullError
        If the disk takes no more; what has come stays.
    Cancelled
        If the monitor asked to stop; what has come stays.
    """
    with new_session(
        settings, max(settings.parallel_downloads, settings.parallel_requests)
    ) as session:
        return _SceneDownload(plan, settings, monitor, session, access or Access(settings)).run()


class _SceneDownload:
    """One scene's download under way."""

    def __init__(
        self, plan: DownloadPlan, settings: Settings, monitor: Monitor, session: Any, access: Access
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._session = session
        self._access = access
        self._events = EventQueue(monitor)
        self._turns = _Turns(settings.request_delay_ms / 1000)
        self._shared = (
            None
            if plan.geometry is None
            else Shared(settings.parallel_requests, settings.worker_count)
        )
        self._cache: BandCache = open_cache(settings)
        self._record = read_record(plan.folder)
        self._files: dict[str, BandFile] = {}
        self._failures: dict[str, BandFailure] = {}
        self._totals = Totals({})
        self._unverified: list[str] = []
        self._whole_slots = threading.Semaphore(settings.parallel_downloads)
        self._lock = threading.Lock()
        self._headers_missing = self._area_bytes = self._whole_bytes = 0

    def run(self) -> tuple[list[BandFile], list[BandFailure]]:
        plan, settings = self._plan, self._settings
        missing = [job for job in plan.jobs if job.present is None]
        for job in plan.jobs:
            self._announce(job)
        sizes = {
            job.asset.band: job.present.size_bytes if job.present else job.missing_bytes
            for job in plan.jobs
        }
        self._totals = Totals(
            sizes if plan.geometry is None else {job.asset.band: 0 for job in plan.jobs}
        )
        for band, file in self._files.items():
            self._totals.finished(band, file.size_bytes, "")
        self._headers_missing = len(missing)
        at_once = (
            settings.parallel_downloads if plan.geometry is None else settings.parallel_requests
        )
        try:
            run_parallel(self._one_band, missing, at_once, self._events, self._finished)
        finally:
            if self._shared is not None:
                self._shared.close()
        order = [job.asset.band for job in plan.jobs]
        if self._unverified:
            self._tell(
                Level.INFO,
                f"No checksum is offered for {', '.join(self._unverified)}; lengths were compared",
            )
        self._events.pump(lambda: True)
        return [self._files[b] for b in order if b in self._files], [
            self._failures[b] for b in order if b in self._failures
        ]

    def _announce(self, job: BandJob) -> None:
        band, put = job.asset.band, self._events.put
        if job.present is not None:
            self._files[band] = job.present
            put(
                BandProgress(
                    self._plan.item_id,
                    band,
                    BandState.SKIPPED,
                    job.present.size_bytes,
                    job.present.size_bytes,
                    job.why,
                )
            )
            return
        if job.target.exists():
            self._tell(Level.WARNING, f"{band}: {job.why}")
        put(
            BandProgress(
                self._plan.item_id, band, BandState.WAITING, job.part_bytes, job.asset.size_bytes
            )
        )

    def _one_band(self, job: BandJob) -> BandFile | BandFailure:
        """On a worker's thread: bring one band; what goes wrong with it alone becomes a failure."""
        asset = job.asset
        try:
            if self._plan.geometry is not None and self._shared is not None:
                found = self._one_window(job, self._plan.geometry, self._shared)
                if found is not None:
                    return found
                return self._cut_whole(
                    job, self._whole_band(job), self._plan.geometry, self._shared
                )
            return self._whole_band(job)
        except FetchFailed as error:
            return BandFailure(
                asset.band, asset.href, str(error), error.reason, error.attempts, error.status
            )
        except (BandDownloadError, RasterError, AccessError) as error:
            return BandFailure(asset.band, asset.href, str(error), error.why, 1)

    def _one_window(
        self, job: BandJob, geometry: Mapping[str, Any], shared: Shared
    ) -> BandFile | None:
        """The band's part under the area; None where only the whole can be had."""
        started = time.monotonic()
        band, on_state = job.asset.band, self._on_state(job)
        # No distance between these requests: they are small, and their number at once is bounded.
        task = self._fetch_job(job, in_turn=False)
        window = WindowFetch(task, self._options(), self._session, self._events.stop, shared)
        needed = None
        try:
            needed, size = window.plan(geometry, on_state)
        except NotWindowable as error:
            window.remove()
            self._tell(Level.INFO, f"{band}: the whole band is fetched, since {error.why}")
            return None
        finally:
            self._count_header(
                *((0, 0) if needed is None else (needed.span_bytes + min(HEAD_BYTES, size), size))
            )
        # Once as tiles and once as the window that is cut from them, which is no larger.
        check_room(self._plan, 2 * needed.span_bytes)
        size_bytes, sha256 = window.fetch(needed, area_key(geometry), on_state)
        seconds = time.monotonic() - started
        self._tell(
            Level.DEBUG,
            f"{band}: {needed.span_bytes} bytes of {size} in {len(needed.spans)} requests, "
            f"{seconds:.2f} s",
        )
        return BandFile(
            band, job.target, job.asset.href, size_bytes, seconds, window.attempts, sha256
        )

    def _count_header(self, area_bytes: int, whole_bytes: int) -> None:
        """When the last header is known, before most of the tiles have come, tell what both ways
        cost.
        """
        with self._lock:
            self._headers_missing -= 1
            self._area_bytes += area_bytes
            self._whole_bytes += whole_bytes
            last = self._headers_missing == 0
        if last and self._area_bytes:
            area, whole = size_text(self._area_bytes), size_text(self._whole_bytes)
            self._tell(Level.INFO, f"The area takes {area}; whole bands would take {whole}")

    def _whole_band(self, job: BandJob) -> BandFile:
        asset, events = job.asset, self._events
        kept = self._cache.take(self._plan.item_id, asset, job.target)
        if kept is not None:
            detail = "Taken from the cache"
            events.put(
                BandProgress(
                    self._plan.item_id,
                    asset.band,
                    BandState.SKIPPED,
                    kept.size_bytes,
                    kept.size_bytes,
                    detail,
                )
            )
            return kept
        with held(self._whole_slots, events.stop):
            got = fetch(
                self._fetch_job(job),
                self._options(),
                self._session,
                events.stop,
                check_band_file,
                self._on_state(job),
            )
        file = BandFile(
            asset.band, got.path, asset.href, got.size_bytes, got.seconds, got.attempts, got.sha256
        )
        if not got.verified:
            self._unverified.append(asset.band)
        new = got.size_bytes - got.resumed_bytes
        speed = f", {size_text(new / got.seconds)}/s" if got.seconds > 0 else ""
        self._tell(
            Level.DEBUG,
            f"{asset.band}: {new} of {got.size_bytes} bytes in {got.seconds:.2f} s{speed}, "
            f"sha256 {got.sha256}",
        )
        MirrorFile(
            job.target, asset.band
        ).remove()  # which an interrupted download of an area may have left
        if not self._cache.put(self._plan.item_id, file):
            self._tell(Level.DEBUG, f"{asset.band}: not kept in the cache")
        return file

    def _cut_whole(
        self, job: BandJob, file: BandFile, geometry: Mapping[str, Any], shared: Shared
    ) -> BandFile:
        """Of a band that could be had only whole, the area as well: else it would spread the stack
        over the whole scene.
        """
        try:
            window = shared.compute(partial(area_window, file.path, geometry))
        except NotWindowable:
            return file
        size, sha256 = cut_band(file.path, window, self._fetch_job(job), area_key(geometry), shared)
        return replace(file, size_bytes=size, sha256=sha256)

    def _finished(self, result: BandFile | BandFailure) -> None:
        # Through the queue as well: what the band's worker said before must not arrive after
        # "done".
        put, item_id = self._events.put, self._plan.item_id
        if isinstance(result, BandFile):
            self._files[result.band] = result
            # one record per band as it comes: a killed process loses no finished band
            self._record[result.band] = BandRecord.of(result, self._plan.area_key)
            write_record(self._plan.folder, self._record)
            if result.attempts:
                put(
                    BandProgress(
                        item_id, result.band, BandState.DONE, result.size_bytes, result.size_bytes
                    )
                )
        else:
            self._failures[result.band] = result
            put(BandProgress(item_id, result.band, BandState.FAILED, detail=result.reason))
            put(Note(Level.ERROR, result.error))
        count, total = len(self._files), len(self._plan.jobs)
        message = f"{count}/{total} bands complete ({100 * count // total}%)"
        if self._failures:
            message = f"{count}/{total} bands complete, {len(self._failures)} failed"
        put(
            self._totals.finished(
                result.band, result.size_bytes if isinstance(result, BandFile) else 0, message
            )
        )

    def _on_state(self, job: BandJob) -> OnState:
        item_id, band = self._plan.item_id, job.asset.band
        meter = Meter()
        last = before = 0.0
        lock = threading.Lock()  # an area's requests tell at once

        def on_state(state: BandState, size: int, total: int | None, detail: str) -> None:
            nonlocal last, before
            with lock:
                gained = size - before if state == BandState.DOWNLOADING and size > before else 0
                before = size
                meter.add(int(gained))
                overall = (
                    self._totals.update(band, size, total, int(gained))
                    if state == BandState.DOWNLOADING
                    else None
                )
                now = time.monotonic()
                told = (
                    state != BandState.DOWNLOADING
                    or not 0 < size < (total or 0)
                    or now - last >= REPORT_EVERY_S
                )
                last = now if told else last
                speed = meter.bytes_per_s if state == BandState.DOWNLOADING else None
            if overall is not None:
                self._events.put(overall)
            if told:
                self._events.put(BandProgress(item_id, band, state, size, total, detail, speed))

        return on_state

    def _fetch_job(self, job: BandJob, in_turn: bool = True) -> FetchJob:
        asset, plan = job.asset, self._plan

        def open_url(renew: bool) -> str:
            if in_turn and self._turns.wait(asset.href, self._events.stop):
                raise Cancelled(f"Downloading '{asset.band}'")
            return self._access.url(asset.href, plan.catalog, plan.collection, renew)

        return FetchJob(
            name=asset.band,
            url=asset.href,
            target=job.target,
            open_url=open_url,
            headers=self._access.headers(asset.href),
            expected_bytes=asset.size_bytes,
            checksum=parse_checksum(asset.checksum),
        )

    def _options(self) -> FetchOptions:
        settings = self._settings
        return FetchOptions(
            attempts=settings.retry_attempts,
            delay_s=settings.retry_delay_s,
            waits=Waits(settings.connect_timeout_s, settings.read_timeout_s),
            timeout_s=settings.timeout_per_band_s,
        )

    def _tell(self, level: Level, text: str) -> None:
        self._events.put(Note(level, f"{self._plan.item_id}: {text}"))


class _Turns:
    """Keeps a small distance between the requests to one host."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, url: str, stop: threading.Event) -> bool:
        """Wait for this URL's turn; True if stopped meanwhile."""
        host = urlsplit(url).netloc
        with self._lock:
            turn = max(time.monotonic(), self._next.get(host, 0.0))
            self._next[host] = turn + self._delay_s
        return stop.wait(max(0.0, turn - time.monotonic()))
