"""The parameters that every operation over tiles shares, declared once."""

from __future__ import annotations

from typing import Any

from .base import param

ENGINES = ("auto", "serial", "threads", "cluster")


def engine_param() -> Any:
    """Who computes; hand it on with ``settings.override(engine=…)``."""
    text = "Who computes the tiles; if not given, as the settings say: auto, which chooses and tells why."
    return param(None, kind="choice", title="Engine", choices=ENGINES, help=text, advanced=True)


def cluster_param() -> Any:
    """Which cluster; hand it on with ``settings.override(cluster=…)``."""
    text = "Address of a Dask scheduler, tcp://host:8786; only of computers that you trust, and that trust you."
    return param(None, kind="text", title="Dask cluster", help=text, advanced=True)


def resume_param() -> Any:
    """Whether finished tiles outlive a stop; hand it on to ``apply_kernel(…, resume=…)``."""
    text = "Keep finished tiles when the run is stopped or dies, and go on from those of an earlier run."
    return param(False, kind="flag", title="Go on from finished tiles", help=text, advanced=True)
