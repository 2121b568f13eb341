"""QgsSettings ↔ the settings of a run, and what the user chose last."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from qgis.core import QgsSettings

from ..core.accounts.providers import load_providers
from ..core.discovery.catalogs import catalog_names, get_catalog
from ..core.errors import InputError
from ..core.settings import Settings, resolve_settings, setting_fields
from .network import read_accounts, read_authorities, read_headers, read_proxies

_OVERRIDES = "firstlight/settings/"
_LAST = "firstlight/last/"
_CATALOGS = "firstlight/catalogs"
_ACCOUNTS = "firstlight/accounts/"


@dataclass(frozen=True)
class StoredCatalog:
    """A STAC API that the user added."""

    title: str
    url: str
    """Without a slash at the end; the name of the catalogue everywhere else."""
    authcfg: str = ""
    """Id of a QGIS authentication; empty: none."""


def read_catalogs() -> tuple[StoredCatalog, ...]:
    """The catalogues that the user added, in that order; what cannot be understood is left out."""
    try:
        rows = json.loads(str(QgsSettings().value(_CATALOGS, "[]") or "[]"))
        return tuple(
            StoredCatalog(str(row["title"]), str(row["url"]), str(row.get("authcfg", "")))
            for row in rows
        )
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ):  # written by hand, or by another version
        return ()


def add_catalog(title: str, url: str, authcfg: str = "") -> StoredCatalog:
    """Keep a catalogue; one with the same address is replaced.

    Parameters
    ----------
    title : str
        For people; where empty, the name of the host.
    url : str
        Landing page of a STAC API.
    authcfg : str
        Id of a QGIS authentication.

    Raises
    ------
    InputError
        If the address is none, holds a password, or the title is taken.
    """
    host = _host(url)
    catalog = StoredCatalog(title.strip() or host, url.strip().rstrip("/"), authcfg)
    others = [each for each in read_catalogs() if each.url != catalog.url]
    taken = [each.title for each in others] + [get_catalog(name).title for name in catalog_names()]
    if catalog.title in taken:
        raise InputError(
            f"Catalogue '{catalog.title}' cannot be added",
            "there is one of that name",
            "Choose another title.",
        )
    _write_catalogs([*others, catalog])
    return catalog


def remove_catalog(url: str) -> None:
    """Forget a catalogue; its QGIS authentication stays, it may serve others."""
    _write_catalogs([catalog for catalog in read_catalogs() if catalog.url != url])


def _host(url: str) -> str:
    failure = f"The address '{url.strip()}' cannot be used"
    hint = "Give one like https://stac.example.com/v1."
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
        port = parts.port
    except ValueError as error:
        raise InputError(failure, str(error), hint) from None
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() for c in url.strip()):
        raise InputError(failure, "it is no http(s) URL", hint)
    if parts.username or parts.password:
        # it would stand in the settings file for everybody to read
        raise InputError(
            "The address cannot be used",
            "it holds a password",
            "Attach a QGIS authentication instead.",
        )
    return host if port is None else f"{host}:{port}"


def _write_catalogs(catalogs: list[StoredCatalog]) -> None:
    QgsSettings().setValue(_CATALOGS, json.dumps([asdict(catalog) for catalog in catalogs]))


def read_overrides() -> dict[str, Any]:
    """The settings that the user changed in QGIS, by name; the ``overrides`` of
    ``resolve_settings``.

    Names that this version does not know (from a newer one, say) are left out rather than refused.
    """
    store = QgsSettings()
    stored = {f.name: store.value(_OVERRIDES + f.name, None) for f in setting_fields()}
    return {name: value for name, value in stored.items() if value not in (None, "")}


def write_overrides(values: Mapping[str, str]) -> None:
    """Keep what the user says in QGIS; an empty value gives a setting back to files and defaults.

    Parameters
    ----------
    values : mapping
        Name of a setting → its value as text, which fits it.
    """
    store = QgsSettings()
    for name, text in values.items():
        if text:
            store.setValue(_OVERRIDES + name, text)
        else:
            store.remove(_OVERRIDES + name)


def settings_reader() -> Callable[[], Settings]:
    """Read what QGIS knows now, on the main thread; the result reads the files when the run starts,
    on its own thread.
    """
    overrides, proxies = read_overrides(), read_proxies()
    headers = read_headers(
        {catalog.url: catalog.authcfg for catalog in read_catalogs() if catalog.authcfg}
    )
    authorities = read_authorities()
    accounts = read_accounts(read_account_choices())

    def read() -> Settings:
        settings = resolve_settings(overrides)
        return replace(
            settings,
            proxies=proxies,
            headers=headers,
            authorities=authorities,
            accounts=(*accounts, *settings.accounts),
        )

    return read


def account_titles() -> dict[str, str]:
    """Name → title of the providers with which an account can be kept."""
    return {name: one.title for name, one in load_providers().items() if one.ways}


def read_account_choices() -> dict[str, str]:
    """Name of a provider → id of the QGIS authentication that the user chose for it."""
    store = QgsSettings()
    chosen = {name: str(store.value(_ACCOUNTS + name, "") or "") for name in account_titles()}
    return {name: authcfg for name, authcfg in chosen.items() if authcfg}


def write_account_choice(name: str, authcfg: str) -> None:
    """Keep the id of a QGIS authentication for a provider; an empty one forgets it."""
    if authcfg:
        QgsSettings().setValue(_ACCOUNTS + name, authcfg)
    else:
        QgsSettings().remove(_ACCOUNTS + name)


def read_last(name: str, default: str = "") -> str:
    """The user's last choice: ``catalog``, ``sensor``, ``output``."""
    return str(QgsSettings().value(_LAST + name, default) or default)


def write_last(name: str, value: str) -> None:
    """Keep what the user chose."""
    QgsSettings().setValue(_LAST + name, value)
