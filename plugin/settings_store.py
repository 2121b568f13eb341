"""QgsSettings ↔ the settings of a run, and what the user chose last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qgis.core import QgsSettings

from ..core.settings import Settings, resolve_settings, setting_fields
from .network import read_proxies

_OVERRIDES = "firstlight/settings/"
_LAST = "firstlight/last/"


def read_overrides() -> dict[str, Any]:
    """The settings that the user changed in QGIS, by name; the ``overrides`` of ``resolve_settings``.

    Names that this version does not know (from a newer one, say) are left out rather than refused.
    """
    store = QgsSettings()
    found = {f.name: store.value(_OVERRIDES + f.name, None) for f in setting_fields()}
    return {name: value for name, value in found.items() if value not in (None, "")}


def write_override(name: str, value: Any) -> None:
    """Keep a changed setting; ``None`` goes back to what the files say.

    Raises
    ------
    KeyError
        If there is no such setting.
    """
    if name not in {f.name for f in setting_fields()}:
        raise KeyError(name)
    if value is None:
        QgsSettings().remove(_OVERRIDES + name)
    else:
        QgsSettings().setValue(_OVERRIDES + name, value)


def settings_reader() -> Callable[[], Settings]:
    """Read what QGIS knows now, on the main thread; the result reads the files when the run starts, on its own thread."""
    overrides, proxies = read_overrides(), read_proxies()
    return lambda: replace(resolve_settings(overrides), proxies=proxies)


def read_last(name: str, default: str = "") -> str:
    """What the user chose last: ``catalog``, ``sensor``, ``output``."""
    return str(QgsSettings().value(_LAST + name, default) or default)


def write_last(name: str, value: str) -> None:
    """Keep what the user chose."""
    QgsSettings().setValue(_LAST + name, value)
