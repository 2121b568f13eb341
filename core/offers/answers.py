"""Whether catalogues answer, and how fast: one request for each one's landing page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..discovery.catalogs import Catalog
from ..discovery.session import InsecureRedirect, new_session
from ..discovery.table.item_table import try_table
from ..errors import AccessError, DependencyError, DiscoveryError
from ..monitor import EventQueue, Monitor, Progress
from ..settings import Settings
from ..workers import run_parallel

MOST_WAIT_S = 15.0
"""Longest wait for one catalogue, where the settings do not say less."""


@dataclass(frozen=True)
class Answer:
    """Answer of one catalogue."""

    catalog: str
    """Its name, or its URL."""
    seconds: float
    problem: str = ""
    """Reason why it cannot be used now; empty where it answers."""

    @property
    def is_good(self) -> bool:
        """True where it answers as a STAC API does."""
        return not self.problem

    def __str__(self) -> str:
        if self.is_good:
            return f"answers in {self.seconds:.1f} s"
        return f"does not answer: {self.problem}"


def ask_catalogs(catalogs: Sequence[Catalog], settings: Settings, monitor: Monitor) -> list[Answer]:
    """Ask all of them at once.

    Raises
    ------
    Cancelled
        If the monitor asked to stop.
    """
    events = EventQueue(monitor)
    done: list[None] = []

    def ask(catalog: Catalog) -> Answer:
        answer = ask_catalog(catalog, settings)
        done.append(None)
        events.put(Progress(len(done) / len(catalogs), f"{catalog.title} {answer}"))
        return answer

    return run_parallel(ask, catalogs, len(catalogs), events)


def ask_catalog(catalog: Catalog, settings: Settings) -> Answer:
    """Ask for the landing page of one; a catalogue of files answers by being there."""
    import requests

    if catalog.is_table:
        return _ask_table(catalog, settings)
    if catalog.url.startswith("file:"):
        return Answer(catalog.name, 0.0)
    waits = (
        min(settings.connect_timeout_s, MOST_WAIT_S),
        min(settings.read_timeout_s, MOST_WAIT_S),
    )
    begin = time.monotonic()
    try:
        with new_session(settings) as session:
            answer = session.get(catalog.address, timeout=waits)
        problem = _problem(answer)
    except requests.Timeout:
        problem = "not in time"
    except InsecureRedirect as error:
        problem = str(error)
    except AccessError as error:  # of its login, or an answer without end
        problem = error.why
    except requests.RequestException as error:
        problem = f"it cannot be reached ({type(error).__name__})"
    return Answer(catalog.name, time.monotonic() - begin, problem)


def _ask_table(catalog: Catalog, settings: Settings) -> Answer:
    """Look at the first file of a table."""
    begin, problem = time.monotonic(), ""
    try:
        try_table(catalog.address, catalog.url, settings)
    except (AccessError, DependencyError, DiscoveryError) as error:
        problem = error.why
    return Answer(catalog.name, time.monotonic() - begin, problem)


def _problem(answer: Any) -> str:
    """Reason why a landing page is none; empty where it is one."""
    if answer.status_code in (401, 403):
        return f"it asks for a login (HTTP {answer.status_code})"
    if answer.status_code != 200:
        return f"HTTP {answer.status_code} {answer.reason}".rstrip()
    try:
        body = answer.json()
    except ValueError:
        return "the answer is no JSON"
    is_catalog = isinstance(body, dict) and "stac_version" in body and "links" in body
    return "" if is_catalog else "the answer is no STAC catalogue"
