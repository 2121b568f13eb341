"""The bands of one scene, several at once: what can be had is kept, what cannot is named. Where one
provider fails, the same band is had from the next that has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..addresses.spelling import is_local
from ..discovery.access import Access, gate_of
from ..discovery.catalogs import requests_at_once
from ..errors import (
    AccessError,
    BandDownloadError,
    Cancelled,
    FirstLightError,
    RasterError,
    known,
    odd_data,
)
from ..files.checksum import parse_checksum
from ..files.record import BandRecord, read_record, write_record
from ..gdal.load_ahead import OTHERS_FIRST_S, load_ahead
from ..monitor import EventQueue, Level, Monitor, Note
from ..settings import Settings
from ..sharing.budgets import AREA_REQUESTS, WHOLE_BANDS
from ..text import size_text
from ..types import BandFailure, BandFile
from ..workers import run_parallel
from .cache import BandCache, freed_bytes, open_cache
from .fetch import Fetched, FetchFailed, FetchJob, FetchOptions, fetch
from .http import Waits, new_session
from .local_band import copy_band
from .mirror_file import MirrorFile
from .plan import BandJob, BandOffer, DownloadPlan, area_key, check_room
from .providers import Providers, hurried
from .scene_progress import SceneProgress
from .turns import TURNS
from .window import Shared, WindowFetch, cut_band
from .window_plan import HEAD_BYTES, NotWindowable

CHECKS = f"{__package__.rpartition('.')[0]}.raster.facts"
"""What opens a file that has come."""


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
    catalogs = {plan.catalog, *(offer.catalog for job in plan.jobs for offer in job.offers)}
    at_once = max(settings.parallel_downloads, settings.parallel_requests)
    with ExitStack() as stack:
        sessions = {
            name: stack.enter_context(new_session(settings, at_once, gate=gate_of(name)))
            for name in catalogs
        }
        return _SceneDownload(plan, settings, monitor, sessions, access or Access(settings)).run()


class _SceneDownload:
    """One scene's download under way."""

    def __init__(
        self,
        plan: DownloadPlan,
        settings: Settings,
        monitor: Monitor,
        sessions: Mapping[str, Any],
        access: Access,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._sessions = sessions
        self._access = access
        self._events = EventQueue(monitor)
        self._progress = SceneProgress(plan, self._events)
        self._providers = Providers(access.troubled, self._progress)
        self._cache: BandCache = open_cache(settings)
        self._forget_old_bands()
        self._record = read_record(plan.folder)
        self._stated = {
            (job.asset.band, offer.catalog, offer.item_id): offer.asset.size_bytes
            for job in plan.jobs
            for offer in job.offers
        }
        self._files = {job.asset.band: job.present for job in plan.jobs if job.present}
        self._failures: dict[str, BandFailure] = {}
        self._unverified: list[str] = []
        self._bands_at_once = requests_at_once((plan.catalog,), settings.parallel_downloads)

    def run(self) -> tuple[list[BandFile], list[BandFailure]]:
        """Download what is missing; files and failures in the plan's order."""
        settings, catalog = self._settings, self._plan.catalog
        missing = [job for job in self._plan.jobs if job.present is None]
        most, at_once = settings.parallel_downloads, self._bands_at_once
        # All scenes of one job have one access: the first of them is to be whole first.
        with WHOLE_BANDS.share(most, catalog, at_once, self._access) as slots:
            self._whole_slots = slots
            if self._plan.geometry is None:
                load_ahead(CHECKS, after_s=OTHERS_FIRST_S)  # each file is opened when it is there
                self._fetch_all(self._whole_band, missing, self._bands_at_once)
            else:
                self._fetch_areas(missing, self._plan.geometry)
        if self._unverified:
            names = ", ".join(self._unverified)
            sentence = f"No checksum is offered for {names}; lengths were compared"
            self._progress.tell(Level.INFO, sentence)
        self._events.pump(lambda: True)
        order = [job.asset.band for job in self._plan.jobs]
        files = [self._files[band] for band in order if band in self._files]
        return files, [self._failures[band] for band in order if band in self._failures]

    def _fetch_areas(self, missing: Sequence[BandJob], geometry: Mapping[str, Any]) -> None:
        settings, catalog = self._settings, self._plan.catalog
        at_once = requests_at_once((catalog,), settings.parallel_requests)
        most = settings.parallel_requests
        with AREA_REQUESTS.share(most, catalog, at_once, self._access) as slots:
            shared = Shared(slots, settings.worker_count, settings.compression)
            one_area = partial(self._area_of_band, geometry=geometry, shared=shared)
            try:
                self._fetch_all(one_area, missing, at_once)
            finally:
                shared.close()

    def _forget_old_bands(self) -> None:
        removed = self._cache.prune_daily()
        if removed:
            freed = size_text(freed_bytes(removed))
            text = f"{len(removed)} bands are older than the cache keeps them; {freed} are freed"
            self._events.put(Note(Level.INFO, text))

    def _fetch_all(
        self, fetch_band: Callable[[BandJob], BandFile], jobs: Sequence[BandJob], at_once: int
    ) -> None:
        """Fetch bands on threads of their own; what goes wrong with one alone becomes a failure."""

        def attempt(job: BandJob) -> BandFile | BandFailure:
            asset = job.asset
            try:
                with odd_data(f"Band download failed for '{asset.band}'", BandDownloadError):
                    return self._providers.bring(job, partial(self._first_that_opens, fetch_band))
            except FetchFailed as error:
                return BandFailure(
                    asset.band, asset.href, str(error), error.reason, error.attempts, error.status
                )
            except (BandDownloadError, RasterError, AccessError) as error:
                return BandFailure(asset.band, asset.href, str(error), error.why, 1)

        run_parallel(attempt, jobs, at_once, self._events, self._finished)

    def _first_that_opens(
        self, fetch_band: Callable[[BandJob], BandFile], job: BandJob
    ) -> BandFile:
        """A band from its first address, or else from the others that its catalogue gives."""
        failure: FirstLightError | None = None
        asset = job.asset
        for href in (asset.href, *asset.alternates):
            account = asset.account if href == asset.href else ""
            one = replace(job, asset=replace(asset, href=href, account=account))
            try:
                return fetch_band(one)
            except (FetchFailed, AccessError) as error:
                if failure is None and asset.alternates:
                    text = f"{asset.band}: {error.why}; its other addresses are tried"
                    self._progress.tell(Level.WARNING, text)
                failure = failure or error
        raise known(failure, "there is one address at least")

    def _area_of_band(self, job: BandJob, geometry: Mapping[str, Any], shared: Shared) -> BandFile:
        """The band's part under the area; cut out of the whole where only that can be had."""
        if is_local(job.asset.href):
            self._progress.header_known(job.asset.band, 0, 0)
            return self._cut_whole(job, self._local_band(job), geometry, shared)
        file = self._window(job, geometry, shared)
        if file is None:
            file = self._cut_whole(job, self._whole_band(job), geometry, shared)
        return file

    def _window(self, job: BandJob, geometry: Mapping[str, Any], shared: Shared) -> BandFile | None:
        """The band's part under the area, by its tiles; None where only the whole can be had."""
        started = time.monotonic()
        band, on_state = job.asset.band, self._progress.band(job)
        # No distance between these requests: they are small, and their number at once is bounded.
        task = self._fetch_job(job, in_turn=False)
        session = self._sessions[job.offers[0].catalog]
        window = WindowFetch(task, self._options(job), session, self._events.stop, shared)
        area_bytes = whole_bytes = 0
        try:
            try:
                needed, size = window.plan(geometry, on_state)
                area_bytes, whole_bytes = needed.span_bytes + min(HEAD_BYTES, size), size
            finally:
                self._progress.header_known(band, area_bytes, whole_bytes)
            # Once as tiles and once as the window that is cut from them, which is no larger.
            check_room(self._plan, 2 * needed.span_bytes)
            size_bytes, sha256 = window.fetch(needed, area_key(geometry), on_state)
        except NotWindowable as error:
            window.remove()
            sentence = f"{band}: the whole band is fetched, since {error.why}"
            self._progress.tell(Level.INFO, sentence)
            return None
        seconds = time.monotonic() - started
        self._progress.tell(
            Level.DEBUG,
            f"{band}: {needed.span_bytes} bytes of {size} in {len(needed.spans)} requests, "
            f"{seconds:.2f} s",
        )
        file = BandFile(
            band, job.target, job.asset.href, size_bytes, seconds, window.attempts, sha256
        )
        return _of(job.offers[0], file)

    def _local_band(self, job: BandJob) -> BandFile:
        """A band of a catalogue of files on this computer; the gate has the say whether it may be
        opened.
        """
        asset, offer = job.asset, job.offers[0]
        started = time.monotonic()
        source = Path(self._access.url(asset.href, offer.catalog, offer.collection))
        size, sha256 = copy_band(source, job.target, asset.band)
        seconds = time.monotonic() - started
        file = BandFile(asset.band, job.target, asset.href, size, seconds, 1, sha256)
        return _of(offer, file)

    def _whole_band(self, job: BandJob) -> BandFile:
        if is_local(job.asset.href):
            return self._local_band(job)
        offer = job.offers[0]
        kept = self._cache.take(offer.item_id, job.asset, job.target)
        if kept is not None:
            self._progress.skipped(kept, "Taken from the cache")
            return _of(offer, kept)
        with self._whole_slots.slot(self._events.stop):
            got = fetch(
                self._fetch_job(job),
                self._options(job),
                self._sessions[offer.catalog],
                self._events.stop,
                _check_band_file,
                self._progress.band(job),
            )
        band = job.asset.band
        file = BandFile(
            band, got.path, job.asset.href, got.size_bytes, got.seconds, got.attempts, got.sha256
        )
        if not got.verified:
            self._unverified.append(band)
        self._progress.tell(Level.DEBUG, _summary(band, got))
        # An interrupted download of an area may have left one.
        MirrorFile(job.target, band).remove()
        if not self._cache.put(offer.item_id, file):
            self._progress.tell(Level.DEBUG, f"{band}: not kept in the cache")
        return _of(offer, file)

    def _cut_whole(
        self, job: BandJob, file: BandFile, geometry: Mapping[str, Any], shared: Shared
    ) -> BandFile:
        """Of a band that could be had only whole, the area as well: else it would spread the stack
        over the whole scene.
        """
        from .cog_mirror import area_window

        try:
            window = shared.compute(partial(area_window, file.path, geometry))
        except NotWindowable:
            return file
        size, sha256 = cut_band(file.path, window, self._fetch_job(job), area_key(geometry), shared)
        return replace(file, size_bytes=size, sha256=sha256)

    def _finished(self, result: BandFile | BandFailure) -> None:
        if isinstance(result, BandFile):
            self._files[result.band] = result
            # one record per band as it comes: a killed process loses no finished band
            stated = self._stated.get((result.band, result.catalog, result.item_id))
            self._record[result.band] = BandRecord.of(result, self._plan.area_key, stated)
            write_record(self._plan.folder, self._record)
        else:
            self._failures[result.band] = result
        self._progress.finished(result, len(self._files), len(self._failures), len(self._plan.jobs))

    def _fetch_job(self, job: BandJob, in_turn: bool = True) -> FetchJob:
        asset, offer = job.asset, job.offers[0]

        def open_url(renew: bool) -> str:
            delay_s, at_once = self._settings.request_delay_ms / 1000, self._bands_at_once
            if in_turn and TURNS.wait(asset.href, delay_s, at_once, self._events.stop):
                raise Cancelled(f"Downloading '{asset.band}'")
            return self._access.url(asset.href, offer.catalog, offer.collection, renew)

        return FetchJob(
            name=asset.band,
            url=asset.href,
            target=job.target,
            open_url=open_url,
            expected_bytes=asset.size_bytes,
            checksum=parse_checksum(asset.checksum),
            account=asset.account,
            busy=partial(TURNS.was_busy, asset.href),
            warn=lambda text: self._progress.tell(Level.WARNING, f"{asset.band}: {text}"),
        )

    def _options(self, job: BandJob) -> FetchOptions:
        options = self._usual_options()
        return options if len(job.offers) == 1 else hurried(options)

    def _usual_options(self) -> FetchOptions:
        settings = self._settings
        return FetchOptions(
            attempts=settings.retry_attempts,
            delay_s=settings.retry_delay_s,
            waits=Waits(settings.connect_timeout_s, settings.read_timeout_s),
            timeout_s=settings.timeout_per_band_s,
            busy_s=settings.busy_wait_s,
        )


def _check_band_file(path: Path) -> None:
    """As :func:`~..raster.facts.check_band_file`, which is loaded while the bytes come."""
    from ..raster.facts import check_band_file

    check_band_file(path)


def _of(offer: BandOffer, file: BandFile) -> BandFile:
    """The file, with whose it is."""
    return replace(file, catalog=offer.catalog, item_id=offer.item_id)


def _summary(band: str, got: Fetched) -> str:
    """A sentence on bytes, time and sum of a whole band."""
    new = got.size_bytes - got.resumed_bytes
    speed = f", {size_text(new / got.seconds)}/s" if got.seconds > 0 else ""
    return (
        f"{band}: {new} of {got.size_bytes} bytes in {got.seconds:.2f} s{speed}, "
        f"sha256 {got.sha256}"
    )
