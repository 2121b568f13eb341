"""QGIS's proxy settings as a plain mapping, the form that ``requests`` and ``pystac-client`` take."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from qgis.core import QgsNetworkAccessManager
from qgis.PyQt.QtNetwork import QNetworkProxy

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
        ``http`` and ``https`` → the proxy's URL, and ``http://host`` → an empty text for each host that goes without it
        (``requests`` looks at ``no_proxy`` in its environment only). Empty where QGIS uses no proxy, or the system's own,
        which ``requests`` finds by itself.
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
