"""A band from whoever has it: its own catalogue first, then the others, each with its own item's
facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ..discovery.catalogs import catalog_title
from ..errors import AccessError, FirstLightError, RasterError
from ..monitor import Level
from ..types import BandFile
from .answers import Trouble
from .fetch import FetchFailed, FetchJob, FetchOptions
from .plan import BandJob, BandOffer
from .scene_progress import SceneProgress

TRIES = 2
"""Tries at a provider while another one has the band as well."""
PATIENCE_S = 60.0
"""How long such a provider may be busy, or send next to nothing."""
NOT_THERE = {404, 410}
"""Says nothing about a provider's other files."""

Failure = tuple[BandOffer, FirstLightError]


def hurried(options: FetchOptions) -> FetchOptions:
    """Less patience: somebody else has the band as well."""
    return replace(
        options,
        attempts=min(options.attempts, TRIES),
        timeout_s=min(options.timeout_s, PATIENCE_S),
        busy_s=min(options.busy_s, PATIENCE_S),
    )


class Providers:
    """Goes from one provider to the next, and remembers which one failed.

    Parameters
    ----------
    troubled : set of (str, str)
        Catalogue and collection of those that failed before: they are asked last.
    progress : SceneProgress
        Is told of every change.
    """

    def __init__(self, troubled: set[tuple[str, str]], progress: SceneProgress) -> None:
        self._troubled = troubled
        self._progress = progress

    def bring(self, job: BandJob, fetch_band: Callable[[BandJob], BandFile]) -> BandFile:
        """A band from the first provider that gives it.

        Parameters
        ----------
        fetch_band : callable
            Gets the job with the offers that are left, the one to take first.

        Raises
        ------
        FetchFailed, AccessError, RasterError
            The one failure, or one sentence with those of all providers.
        """
        failures: list[Failure] = []
        offers = sorted(job.offers, key=self._is_troubled)
        for place, offer in enumerate(offers):
            try:
                file = fetch_band(replace(job, asset=offer.asset, offers=tuple(offers[place:])))
            except (FetchFailed, AccessError, RasterError) as error:
                self._note(offer, error)
                failures.append((offer, error))
                continue
            if offer != job.offers[0]:
                self._tell(offer, job.offers[0], failures)
            return file
        raise _joint(job, failures)

    def _is_troubled(self, offer: BandOffer) -> bool:
        return (offer.catalog, offer.collection) in self._troubled

    def _note(self, offer: BandOffer, error: FirstLightError) -> None:
        """Ask a provider last from now on, unless only this file of it is missing or damaged."""
        missing = isinstance(error, FetchFailed) and error.status in NOT_THERE
        if not missing and not isinstance(error, RasterError):
            self._troubled.add((offer.catalog, offer.collection))

    def _tell(self, taken: BandOffer, own: BandOffer, failures: Sequence[Failure]) -> None:
        why = "; ".join(_by_provider(failures)) or "where another file could not be had"
        text = (
            f"{own.asset.band} comes from {catalog_title(taken.catalog)}, item {taken.item_id}, "
            f"instead of {catalog_title(own.catalog)} ({why})"
        )
        self._progress.tell(Level.WARNING, text)


def _by_provider(failures: Iterable[Failure]) -> list[str]:
    """``Earth Search: HTTP 503``, for each."""
    return [
        f"{catalog_title(offer.catalog)}: "
        f"{error.reason if isinstance(error, FetchFailed) else error.why}"
        for offer, error in failures
    ]


def _joint(job: BandJob, failures: Sequence[Failure]) -> FirstLightError:
    """The one failure, or one sentence with those of all providers."""
    first = failures[0][1]
    if len(failures) == 1:
        return first
    tries = sum(error.attempts for _, error in failures if isinstance(error, FetchFailed))
    asset = job.offers[0].asset
    trouble = Trouble("; ".join(_by_provider(failures)), final=True, hint=first.hint)
    return FetchFailed(FetchJob(asset.band, asset.href, job.target), trouble, tries)
