"""QGIS's proxies, certificates and authentications as plain values, the form that ``requests``
takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from qgis.core import QgsApplication, QgsAuthMethodConfig, QgsNetworkAccessManager
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy, QNetworkRequest

from ..core.accounts.account import Account, AccountKind
from ..core.accounts.providers import Provider, load_providers
from ..core.errors import FirstLightError
from ..core.files.atomic import WriteFailure, write_whole
from ..core.logins import login_keys
from ..core.monitor import Level
from .monitors import log

_SCHEMES = {
    QNetworkProxy.ProxyType.HttpProxy: "http",
    QNetworkProxy.ProxyType.HttpCachingProxy: "http",
    QNetworkProxy.ProxyType.Socks5Proxy: "socks5h",
}


THIS_COMPUTER = ("localhost", "127.0.0.1")
"""Never behind a proxy: the sample catalogue runs here."""


def read_proxies() -> dict[str, str]:
    """The proxy that the user set in QGIS, in the form of ``requests``.

    Returns
    -------
    dict
        ``http`` and ``https`` → the proxy's URL, and ``http://host`` → an empty text for each host
        that goes without it (``requests`` looks at ``no_proxy`` in its environment only). Empty
        where QGIS uses no proxy, or the system's own, which ``requests`` finds by itself.
    """
    manager = QgsNetworkAccessManager.instance()
    proxy = manager.fallbackProxy()
    scheme = _SCHEMES.get(proxy.type())
    if scheme is None or not proxy.hostName():
        return {}
    login = ""
    if proxy.user():
        login = f"{quote(proxy.user(), safe='')}:{quote(proxy.password(), safe='')}@"
    port = f":{proxy.port()}" if proxy.port() else ""
    url = f"{scheme}://{login}{proxy.hostName()}{port}"
    proxies = {"http": url, "https": url}
    for entry in (*THIS_COMPUTER, *manager.excludeList(), *manager.noProxyList()):
        host = urlsplit(entry if "//" in entry else f"//{entry}").hostname
        if host:
            proxies |= {f"http://{host}": "", f"https://{host}": ""}
    return proxies


def read_authorities() -> str:
    """A file with all certificates that QGIS trusts, where the user has added some of their own;
    else an empty text.

    The file lies in QGIS's profile and is written anew each time: a certificate that was removed is
    trusted no more.
    """
    manager = QgsApplication.authManager()
    if not manager.databaseCAs() and not manager.extraFileCAs():
        return ""
    path = Path(QgsApplication.qgisSettingsDirPath()) / "firstlight" / "authorities.pem"
    try:
        write_whole(
            path,
            bytes(manager.trustedCaCertsPemText()),
            WriteFailure("The certificates of QGIS cannot be used", hint=""),
            make_folder=True,
        )
    except FirstLightError as error:
        log(str(error), Level.WARNING)
        return ""
    return str(path)


def read_headers(logins: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The HTTP headers that QGIS authentications ask for; call it on the main thread.

    QGIS asks for its master password where it has not been given in this session.

    Parameters
    ----------
    logins : mapping
        URL → id of a QGIS authentication.

    Returns
    -------
    dict
        Host (with its port; for a catalogue at http ``http://host``) → headers. A host whose
        authentication cannot be used is left out, and the log says so; its server then answers
        with 401, which is told to the user.
    """
    by_host: dict[str, dict[str, str]] = {}
    for url, authcfg in logins.items():
        host = next(iter(login_keys(url)), "")
        headers = _headers(url, authcfg)
        if headers:
            by_host[host] = {**by_host.get(host, {}), **headers}
        else:
            _tell_unusable(authcfg, host)
    return by_host


def read_accounts(chosen: Mapping[str, str]) -> tuple[Account, ...]:
    """The accounts that the user keeps in QGIS; call it on the main thread.

    Parameters
    ----------
    chosen : mapping
        Name of a provider → id of a QGIS authentication. Its name and password, or the headers it
        makes, are taken for the provider's own hosts.

    Returns
    -------
    tuple of Account
        Those that cannot be used are left out, and the log says so.
    """
    accounts = []
    for name, authcfg in chosen.items():
        provider = load_providers().get(name)
        account = provider and _account(provider, authcfg)
        if account:
            accounts.append(account)
        else:
            _tell_unusable(authcfg, name)
    return tuple(accounts)


def _account(provider: Provider, authcfg: str) -> Account | None:
    config = QgsAuthMethodConfig()
    manager = QgsApplication.authManager()
    if authcfg not in manager.configIds():
        return None
    if not manager.loadAuthenticationConfig(authcfg, config, True)[0]:
        return None
    origin = f"QGIS authentication '{config.name()}'"
    username, password = config.config("username"), config.config("password")
    for way in provider.ways if password else ():
        values = (username, password) if len(way.fields) == 2 else (password,)
        if all(values) and (len(values) == 2 or not username or len(provider.ways) == 1):
            return provider.account(dict(zip(way.fields, values)), origin)
    hosts = tuple(host for way in provider.ways[:1] for host in way.hosts)
    headers = () if password else _headers(f"https://{hosts[0].lstrip('.')}/", authcfg).items()
    kind = AccountKind.HEADERS
    title = provider.title
    return Account(provider.name, title, kind, hosts, origin, tuple(headers)) if headers else None


def _headers(url: str, authcfg: str) -> dict[str, str]:
    """The headers that an authentication adds to a request; empty where it cannot be used."""
    manager = QgsApplication.authManager()
    request = QNetworkRequest(QUrl(url))
    if authcfg not in manager.configIds():
        return {}
    if not manager.updateNetworkRequest(request, authcfg)[0]:
        return {}
    return {
        bytes(name).decode("latin-1"): bytes(request.rawHeader(name)).decode("latin-1")
        for name in request.rawHeaderList()
    }


def _tell_unusable(authcfg: str, target: str) -> None:
    log(
        f"The authentication '{authcfg}' for {target} cannot be used: it is gone, QGIS's "
        "passwords are locked, or it sends no headers.",
        Level.WARNING,
    )
