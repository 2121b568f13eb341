"""QGIS's proxies, certificates and authentications as plain values, the form that ``requests``
takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from qgis.core import QgsApplication, QgsNetworkAccessManager
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy, QNetworkRequest

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
    manager = QgsApplication.authManager()
    for url, authcfg in logins.items():
        host = next(iter(login_keys(url)), "")
        request = QNetworkRequest(QUrl(url))
        if (
            authcfg not in manager.configIds()
            or not manager.updateNetworkRequest(request, authcfg)[0]
        ):
            log(
                f"The authentication '{authcfg}' for {host} cannot be used: it is gone, or "
                "QGIS's passwords are locked.",
                Level.WARNING,
            )
            continue
        names = [bytes(name) for name in request.rawHeaderList()]
        headers = {
            name.decode("latin-1"): bytes(request.rawHeader(name)).decode("latin-1")
            for name in names
        }
        if headers:
            by_host[host] = {**by_host.get(host, {}), **headers}
        else:
            log(
                f"The authentication '{authcfg}' for {host} sends no headers: that kind is not "
                "supported.",
                Level.WARNING,
            )
    return by_host
