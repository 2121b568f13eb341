"""What can be done with a job: one thing first, the others in a menu."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qgis.PyQt.QtCore import QCoreApplication

from ...core.doors.spelling import flight_command, python_code
from ...plugin.jobs.job import Job
from ...plugin.jobs.job_record import JobState
from ...plugin.picture_pair import picture_pair
from ...plugin.processing.call_text import processing_code
from ..parts.job_names import place_of
from .job_words import log_text


@dataclass(frozen=True)
class Deeds:
    """How the page does them."""

    cancel: Callable[[Job], None]
    again: Callable[[Job], None]
    open_here: Callable[[Job], None]
    open_path: Callable[[Path], None]
    is_there: Callable[[Path], bool]
    """Whether a path leads anywhere, as far as that is known by now."""
    show_text: Callable[[str], None]
    copy: Callable[[str], None]
    remove: Callable[[Job], None]
    compare: Callable[[Job], None]
    swipe: Callable[[Job], None]


@dataclass(frozen=True)
class JobAction:
    """One thing that can be done."""

    name: str
    title: str
    """With a mnemonic."""
    do: Callable[[], None]
    why_not: str = ""
    """Why it cannot be done now; empty where it can."""


def job_actions(job: Job, deeds: Deeds) -> list[JobAction]:
    """All that makes sense for a job, the one for its button first."""
    ended, place, report = job.state.has_ended, place_of(job), _report(job)
    actions = []
    if job.waits:
        actions.append(JobAction("open", _tr("&Open here"), lambda: deeds.open_here(job)))
    if not ended:
        actions.append(JobAction("cancel", _tr("&Cancel"), lambda: deeds.cancel(job)))
    if ended and job.state != JobState.DONE:
        resume = job.state in (JobState.INTERRUPTED, JobState.CANCELLED)
        title = _tr("&Resume") if resume else _tr("&Try again")
        actions.append(JobAction("again", title, lambda: deeds.again(job), _secret(job)))
    if report is not None:
        gone = "" if deeds.is_there(report) else _tr("It is not there any more.")
        actions.append(
            JobAction("report", _tr("Open re&port"), lambda: deeds.open_path(report), gone)
        )
    if place is not None:
        gone = "" if deeds.is_there(place) else _tr("It is not there.")
        actions.append(
            JobAction("folder", _tr("Open &folder"), lambda: deeds.open_path(place), gone)
        )
    if job.result is not None and picture_pair(job.result.layers) is not None:
        # Not for the button: its result may be of another project than the map.
        actions.append(JobAction("compare", _tr("&Before | after"), lambda: deeds.compare(job)))
        actions.append(JobAction("swipe", _tr("&Swipe"), lambda: deeds.swipe(job)))
    if job.state == JobState.DONE:
        title = _tr("Start &again")
        actions.append(JobAction("again", title, lambda: deeds.again(job), _secret(job)))
    actions.append(JobAction("log", _tr("&Log"), lambda: deeds.show_text(log_text(job))))
    for name, title, text in _copies(job):
        why_not = _secret(job) or ("" if text else _tr("Processing cannot be given its values."))
        actions.append(JobAction(name, title, lambda text=text: deeds.copy(text), why_not))  # type: ignore[misc]
    if ended:
        actions.append(JobAction("remove", _tr("Remo&ve from list"), lambda: deeds.remove(job)))
    return actions


def _copies(job: Job) -> tuple[tuple[str, str, str], ...]:
    operation, values = job.operation, job.values
    return (
        ("copy_flight", _tr("Copy as &flight command"), flight_command(operation, values)),
        ("copy_python", _tr("Copy as Pyt&hon"), python_code(operation, values)),
        ("copy_processing", _tr("Copy as Processin&g call"), processing_code(operation, values)),
    )


def _report(job: Job) -> Path | None:
    path = job.result.outputs.get("report") if job.result is not None else None
    return Path(str(path)) if path else None


def _secret(job: Job) -> str:
    return "" if job.whole else _tr("It was given a secret, which is not kept.")


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))
