"""A job by name, and where its results are."""

from __future__ import annotations

from pathlib import Path

from ...core.doors.spelling import results_folder
from ...plugin.jobs.job import Job


def place_of(job: Job) -> Path | None:
    """The folder of its results; None where it writes none."""
    outputs = job.result.outputs if job.result is not None else {}
    page = outputs.get("report") or outputs.get("pdf")
    if page:
        return Path(str(page)).parent
    return results_folder(job.operation, job.values)


def name_text(job: Job) -> str:
    """``Map an event · wildfire_2024-07-20_42.070N_7.280W``."""
    place = place_of(job)
    return f"{job.title} · {place.name}" if place else job.title
