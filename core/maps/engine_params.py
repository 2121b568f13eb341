"""The parameters that every operation over tiles shares, declared once."""

from __future__ import annotations

from typing import Any

from ..enums import EngineName
from ..params import param
from ..settings import Settings

ENGINES = tuple(EngineName)


def engine_param() -> Any:
    """Who computes; see :func:`with_engine`."""
    text = (
        "Who computes the tiles; if not given, as the settings say: auto, which chooses and "
        "tells why."
    )
    return param(None, kind="choice", title="Engine", choices=ENGINES, help=text, advanced=True)


def cluster_param() -> Any:
    """Which cluster; see :func:`with_engine`."""
    text = (
        "Use the Dask scheduler at this address, tcp://host:8786; only of computers that you trust."
    )
    return param(None, kind="text", title="Dask cluster", help=text, advanced=True)


def with_engine(settings: Settings, engine: str | None, cluster: str | None) -> Settings:
    """The settings with what was given for this run; who gives a cluster and no engine wants it to
    be used.

    Raises
    ------
    SettingsError
        For a bad value.
    """
    return settings.override(
        engine=engine or (EngineName.CLUSTER if cluster else None), cluster=cluster
    )


def resume_param() -> Any:
    """Whether finished tiles outlive a stop; hand it on to ``apply_kernel(…, resume=…)``."""
    text = (
        "Keep finished tiles when the run is stopped or dies, and go on from those of an "
        "earlier run."
    )
    return param(False, kind="flag", title="Go on from finished tiles", help=text, advanced=True)
