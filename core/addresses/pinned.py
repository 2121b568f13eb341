"""Connections of ``requests``: to addresses that a gate has admitted, and to no others. What is
looked at is what is connected to, whatever the name stands for a moment later (DNS rebinding). What
comes back begins within bounds.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Any

from .answer_head import BoundedResponse
from .gate import Gate


def guarded_adapter(gate: Gate | None, **words: Any) -> Any:
    """An ``HTTPAdapter`` whose answers begin within bounds, and that asks the gate, where there is
    one, about every host that it connects to, those of redirects included.

    Behind a proxy the proxy looks names up; then a host is refused by what its name says, or by
    what this computer finds for it, if it finds anything.

    Parameters
    ----------
    **words
        For ``HTTPAdapter``.
    """
    from requests.adapters import HTTPAdapter
    from requests.utils import select_proxy
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    class Pinned:
        """Connects by admitted IP addresses; the name stays for TLS and the ``Host`` header."""

        _dns_host: str
        port: int
        response_class: Any = BoundedResponse

        def _new_conn(self) -> Any:
            if gate is None:
                return super()._new_conn()  # type: ignore[misc]
            name = self._dns_host
            try:
                found = gate.addresses(name, self.port)
            except OSError as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise NewConnectionError(self, f"Failed to resolve '{name}' ({reason})") from error  # type: ignore[arg-type]
            for place, ip in enumerate(found, 1):
                self._dns_host = ip
                try:
                    return super()._new_conn()  # type: ignore[misc]
                except (NewConnectionError, ConnectTimeoutError):
                    if place == len(found):
                        raise
                finally:
                    self._dns_host = name
            raise NewConnectionError(self, f"No address of '{name}'")  # type: ignore[arg-type]

    class Plain(Pinned, HTTPConnection):
        pass

    class Secure(Pinned, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            kwargs.update(_as_others_check())
            super().init_poolmanager(*args, **kwargs)  # type: ignore[no-untyped-call]
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

        def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
            kwargs.update(_as_others_check())
            return super().proxy_manager_for(proxy, **kwargs)  # type: ignore[no-untyped-call]

        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            proxies = kwargs.get("proxies") or (args[4] if len(args) > 4 else {})
            if gate is not None and select_proxy(request.url, proxies):
                with suppress(OSError):  # a name that only the proxy knows
                    gate.check(request.url)
            return super().send(request, *args, **kwargs)

    return Adapter(**words)


def _as_others_check() -> dict[str, Any]:
    """For urllib3: certificates are checked as GDAL and QGIS check them. From Python 3.13 on it
    also refuses an authority without some extensions of RFC 5280, as that of many an office is.
    """
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context()
    if not context.verify_flags & ssl.VERIFY_X509_STRICT:
        return {}
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return {"ssl_context": context}
