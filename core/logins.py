"""Names under which logins are kept: one for each host, and for http a name of its own."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

PORTS = {"https": 443, "http": 80}


def login_keys(url: str) -> tuple[str, ...]:
    """Keys under which a login that may be sent to a URL can stand, the likeliest first.

    ``host`` or ``host:port`` stands for https, and on loopback, where nobody listens in, for http
    too; ``http://host`` for a login whose catalogue is at http itself, and for https there. An
    address with a login of its own, or that cannot be understood, gets none.
    """
    try:
        parts = urlsplit(url)
        host = _host(parts)
    except ValueError:  # such as http://[::1/
        return ()
    if not host or parts.scheme not in PORTS or "@" in parts.netloc:
        return ()
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return host, f"http://{host}"
    return (f"http://{host}",)


def covers(hosts: Iterable[str], url: str) -> bool:
    """True if a login for these hosts may be sent to a URL.

    Parameters
    ----------
    hosts : iterable of str
        Keys of :func:`login_keys`; ``.example.com`` for every host below it, at the usual port
        only; ``example.com:*`` for every port.
    """
    keys = login_keys(url)
    return any(_is_for(host, key) for host in hosts for key in keys)


def _is_for(host: str, key: str) -> bool:
    if "://" in key or "://" in host:
        return host == key
    if host.startswith("."):
        return key.endswith(host)
    return key in (host, host.removesuffix(":*")) or (
        host.endswith(":*") and key.rpartition(":")[0] == host[:-2]
    )


def is_loopback(host: str) -> bool:
    """True for the names of this computer itself."""
    return host in ("localhost", "::1") or (
        host.startswith("127.") and host.replace(".", "").isdecimal()
    )


def _host(parts: SplitResult) -> str:
    """Host in small letters, and its port where that is not the usual one."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    usual = parts.port is None or parts.port == PORTS.get(parts.scheme)
    return host if usual else f"{host}:{parts.port}"
