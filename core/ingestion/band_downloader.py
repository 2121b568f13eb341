"""The bands of one scene, several at once: what can be had is kept, what cannot is named."""

from __future__ import annotations

import threading
import time
from urllib.parse import urlsplit

from ..discovery.access import Access
from ..errors import AccessError, BandDownloadError, RasterError
from ..monitor import BandProgress, EventQueue, Monitor, Note, Progress
from ..raster.reader import check_band_file
from ..settings import Settings
from ..types import BandFailure, BandFile
from ..workers import run_parallel
from .checksum import expected_sha256
from .fetch import FetchFailed, FetchJob, FetchOptions, fetch, part_of, remove_quietly
from .plan import BandJob, DownloadPlan, read_record, record_entry, write_record

REPORT_EVERY_S = 0.1


def download_bands(
    plan: DownloadPlan, settings: Settings, monitor: Monitor, access: Access | None = None
) -> tuple[list[BandFile], list[BandFailure]]:
    """Download what the plan says is missing.

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
        If the disk takes no more; finished bands stay.
    Cancelled
        If the monitor asked to stop; finished bands stay.
    """
    import requests

    events = EventQueue(monitor)
    record = read_record(plan.folder)
    files: dict[str, BandFile] = {}
    failures: dict[str, BandFailure] = {}
    opener = access or Access(settings)
    turns = _Turns(settings.request_delay_ms / 1000)
    missing = []
    for job in plan.jobs:
        band = job.asset.band
        if job.present is not None:
            files[band] = job.present
            monitor.emit(BandProgress(plan.item_id, band, "skipped", job.present.size_bytes, job.present.size_bytes, job.why))
        else:
            missing.append(job)
            if job.target.exists():
                monitor.emit(Note("warning", f"{plan.item_id}: {band}: {job.why}"))
            monitor.emit(BandProgress(plan.item_id, band, "waiting", 0, job.asset.size_bytes))

    def finished(result: BandFile | BandFailure) -> None:
        # Through the queue as well: what the band's worker said before must not arrive after "done".
        if isinstance(result, BandFile):
            files[result.band] = result
            # one record per band as it comes: a killed process loses no finished band
            record[result.band] = record_entry(result)
            write_record(plan.folder, record)
            events.put(BandProgress(plan.item_id, result.band, "done", result.size_bytes, result.size_bytes))
        else:
            failures[result.band] = result
            events.put(BandProgress(plan.item_id, result.band, "failed", detail=result.reason))
            events.put(Note("error", result.error))
        count, total = len(files), len(plan.jobs)
        message = f"{count}/{total} bands complete ({100 * count // total}%)"
        if failures:
            message = f"{count}/{total} bands complete, {len(failures)} failed"
        events.put(Progress((count + len(failures)) / total, message))

    with requests.Session() as session:
        session.proxies.update(settings.proxies)
        session.max_redirects = 10

        def work(job: BandJob) -> BandFile | BandFailure:
            return _one_band(plan, job, settings, session, events, turns, opener)

        try:
            run_parallel(work, missing, settings.parallel_downloads, events, finished)
        finally:
            # A worker that hangs in the network was left behind; its half file must not be.
            for job in missing:
                remove_quietly(part_of(job.target))
    order = [job.asset.band for job in plan.jobs]
    return [files[b] for b in order if b in files], [failures[b] for b in order if b in failures]


def _one_band(
    plan: DownloadPlan,
    job: BandJob,
    settings: Settings,
    session: object,
    events: EventQueue,
    turns: _Turns,
    access: Access,
) -> BandFile | BandFailure:
    asset, item_id = job.asset, plan.item_id
    last = 0.0

    def on_state(state: str, size: int, total: int | None, detail: str) -> None:
        nonlocal last
        now = time.monotonic()
        if state == "downloading" and 0 < size < (total or 0) and now - last < REPORT_EVERY_S:
            return
        last = now
        events.put(BandProgress(item_id, asset.band, state, size, total, detail))

    if turns.wait(asset.href, events.stop):
        return BandFailure(asset.band, asset.href, f"Downloading '{asset.band}' was stopped.", "stopped", 0)

    def open_url(renew: bool) -> str:
        return access.url(asset.href, plan.catalog, plan.collection, renew)

    task = FetchJob(
        name=asset.band,
        url=asset.href,
        target=job.target,
        open_url=open_url,
        headers=access.headers(asset.href),
        expected_bytes=asset.size_bytes,
        sha256=expected_sha256(asset.checksum),
    )
    options = FetchOptions(
        attempts=settings.retry_attempts,
        delay_s=settings.retry_delay_s,
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        timeout_s=settings.timeout_per_band_s,
    )
    try:
        got = fetch(task, options, session, events.stop, check_band_file, on_state)
    except FetchFailed as error:
        return BandFailure(asset.band, asset.href, str(error), error.reason, error.attempts, error.status)
    except (BandDownloadError, RasterError, AccessError) as error:
        return BandFailure(asset.band, asset.href, str(error), error.why, 1)
    return BandFile(asset.band, got.path, asset.href, got.size_bytes, got.seconds, got.attempts, got.sha256)


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
