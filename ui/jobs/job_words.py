"""A job in words: how it stands, since when, and where its results are."""

from __future__ import annotations

import os
from datetime import datetime

from qgis.PyQt.QtCore import QCoreApplication, QDateTime, QLocale

from ...core.monitor import Level
from ...core.text import time_text
from ...plugin.jobs.job import Job
from ...plugin.jobs.job_record import JobState
from ..parts.job_names import name_text, place_of
from ..parts.sentences import describe_waiting, figures_of, project_name

DOUBT, FAULT = "⚠ ", "✖ "


def state_text(job: Job) -> str:
    """``Running, 43 %``."""
    words = {
        JobState.WAITING: _tr("Waits for its turn"),
        JobState.RUNNING: _tr("Running, {percent} %"),
        JobState.DONE: _tr("Done"),
        JobState.PARTIAL: _tr("Done in part"),
        JobState.FAILED: _tr("Failed"),
        JobState.CANCELLED: _tr("Stopped at {percent} %"),
        JobState.INTERRUPTED: _tr("Interrupted at {percent} %"),
    }
    text = words[job.state].format(percent=round(100 * job.fraction))
    if job.state == JobState.DONE and job.result is not None and job.result.warnings:
        return _tr("Done, with doubts")
    return text


def time_line(job: Job) -> str:
    """When it was started, and how long it took."""
    started = moment_text(job.started)
    if job.finished is None:
        return _tr("since {time}").format(time=started)
    took = time_text((job.finished - job.started).total_seconds())
    return _tr("{time}, took {duration}").format(time=started, duration=took)


def moment_text(moment: datetime) -> str:
    """A time as it is written here; today only the clock."""
    local = QDateTime.fromSecsSinceEpoch(int(moment.timestamp()))
    short = QLocale.FormatType.ShortFormat
    if local.date() == QDateTime.currentDateTime().date():
        return str(QLocale().toString(local.time(), short))
    return str(QLocale().toString(local, short))


def row_text(job: Job) -> str:
    """Two lines for the list."""
    return f"{name_text(job)}\n{state_text(job)} · {time_line(job)}"


def details_text(job: Job) -> str:
    """All that is to be read about it: doubts first, then figures, then files."""
    lines = []
    if job.waits:
        lines.append(describe_waiting(job))
    if job.error is not None:
        lines.append(f"{FAULT}{job.error}")
    doubts = list(job.result.warnings) if job.result is not None else []
    told = [note.text for note in job.notes if note.level in (Level.WARNING, Level.ERROR)]
    lines += [f"{DOUBT}{text}" for text in dict.fromkeys([*doubts, *told])]
    if job.state == JobState.INTERRUPTED:
        lines.append(_tr("QGIS ended before this job did. What had come is kept."))
    if not job.state.has_ended and job.message:
        lines.append(job.message)
    if job.result is not None:
        figures = figures_of(job.result)
        paths = [str(layer.path) for layer in job.result.layers]
        lines += ["", *figures]
        untold = [path for path in paths if not any(path in line for line in figures)]
        lines += ["", *untold] if untold else []
    place = place_of(job)
    if place is not None:  # whose name is not said with every file in it
        lines = [line.replace(f"{place}{os.sep}", "") for line in lines]
    lines += ["", _tr("Started in {project}.").format(project=project_name(job.project))]
    if place is not None:
        lines.append(_tr("Writes to {folder}").format(folder=place))
    return "\n".join(lines).strip()


def log_text(job: Job) -> str:
    """Every note, as they came; what is told of each scene or map is told once."""
    marks = {Level.WARNING: DOUBT, Level.ERROR: FAULT}
    lines = list(dict.fromkeys(f"{marks.get(note.level, '')}{note.text}" for note in job.notes))
    if job.error is not None:
        lines.append(f"{FAULT}{job.error}")
    return "\n".join(lines) or _tr("Nothing was told.")


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))
