"""Events of one scene's download, told from many threads: of bands, of the scene, sentences."""

from __future__ import annotations

import threading
import time

from ..monitor import BandProgress, BandState, EventQueue, Level, Note
from ..text import size_text
from ..types import BandFailure, BandFile
from .plan import BandJob, DownloadPlan
from .speed import Meter, Totals

REPORT_EVERY_S = 0.1


class SceneProgress:
    """Tells a monitor how far a scene's bands have come.

    Parameters
    ----------
    plan : DownloadPlan
    events : EventQueue
        Everything goes through it, so that what a band's worker said arrives before its "done".
    """

    def __init__(self, plan: DownloadPlan, events: EventQueue) -> None:
        self._item_id = plan.item_id
        self._events = events
        self._lock = threading.Lock()
        self._headers_missing = {job.asset.band for job in plan.jobs if job.present is None}
        self._area_bytes = self._whole_bytes = 0
        # The size of an area's part is known once its header is.
        self._totals = Totals(
            {job.asset.band: _size(job) if plan.geometry is None else 0 for job in plan.jobs}
        )
        for job in plan.jobs:
            self._announce(job)

    def band(self, job: BandJob) -> BandMeter:
        """Report on one band, in place of a function."""
        return BandMeter(self._item_id, job.asset.band, self._totals, self._events)

    def skipped(self, file: BandFile, detail: str) -> None:
        """Tell that a band need not be fetched."""
        size = file.size_bytes
        self._events.put(
            BandProgress(self._item_id, file.band, BandState.SKIPPED, size, size, detail)
        )

    def header_known(self, band: str, area_bytes: int, whole_bytes: int) -> None:
        """Note what one band costs in both ways; with the last of them, before most of the tiles
        have come, tell it. A band that is tried again elsewhere counts as it came first.
        """
        with self._lock:
            if band not in self._headers_missing:
                return
            self._headers_missing.remove(band)
            self._area_bytes += area_bytes
            self._whole_bytes += whole_bytes
            last = not self._headers_missing
        if last and self._area_bytes:
            area, whole = size_text(self._area_bytes), size_text(self._whole_bytes)
            self.tell(Level.INFO, f"The area takes {area}; whole bands would take {whole}")

    def finished(self, result: BandFile | BandFailure, complete: int, failed: int, of: int) -> None:
        """Tell that a band is over, and how many are.

        Parameters
        ----------
        complete, failed, of : int
            Bands that are there, that cannot be had, and all of the plan.
        """
        size = 0
        if isinstance(result, BandFailure):
            state, reason = BandState.FAILED, result.reason
            self._events.put(BandProgress(self._item_id, result.band, state, detail=reason))
            self._events.put(Note(Level.ERROR, result.error))
        else:
            size = result.size_bytes
            if result.attempts:
                self._events.put(
                    BandProgress(self._item_id, result.band, BandState.DONE, size, size)
                )
        message = f"{complete}/{of} bands complete ({100 * complete // of}%)"
        if failed:
            message = f"{complete}/{of} bands complete, {failed} failed"
        self._events.put(self._totals.finished(result.band, size, message))

    def tell(self, level: Level, text: str) -> None:
        """Say a sentence about the scene."""
        self._events.put(Note(level, f"{self._item_id}: {text}"))

    def _announce(self, job: BandJob) -> None:
        if job.present is not None:
            self.skipped(job.present, job.why)
            self._totals.finished(job.asset.band, job.present.size_bytes, "")
            return
        if job.target.exists():
            self.tell(Level.WARNING, f"{job.asset.band}: {job.why}")
        asset = job.asset
        self._events.put(
            BandProgress(
                self._item_id, asset.band, BandState.WAITING, job.part_bytes, asset.size_bytes
            )
        )


class BandMeter:
    """Reports on one band: its bytes, its speed and its share of the scene."""

    def __init__(self, item_id: str, band: str, totals: Totals, events: EventQueue) -> None:
        self._item_id = item_id
        self._band = band
        self._totals = totals
        self._events = events
        self._meter = Meter()
        self._lock = threading.Lock()  # an area's requests tell at once
        self._size = 0
        self._last = 0.0

    def __call__(self, state: BandState, size: int, total: int | None, detail: str) -> None:
        """Tell state, bytes so far and in all, and why."""
        downloading = state == BandState.DOWNLOADING
        overall = None
        with self._lock:
            gained = max(0, size - self._size) if downloading else 0
            self._size = size
            self._meter.add(gained)
            if downloading:
                overall = self._totals.update(self._band, size, total, gained)
            told = not downloading or self._is_due(size, total)
            speed = self._meter.bytes_per_s if downloading else None
        if overall is not None:
            self._events.put(overall)
        if told:
            self._events.put(
                BandProgress(self._item_id, self._band, state, size, total, detail, speed)
            )

    def _is_due(self, size: int, total: int | None) -> bool:
        """Whether to tell now: at the beginning, at the end and now and then between."""
        now = time.monotonic()
        if 0 < size < (total or 0) and now - self._last < REPORT_EVERY_S:
            return False
        self._last = now
        return True


def _size(job: BandJob) -> int:
    return job.present.size_bytes if job.present else job.missing_bytes
