"""From the address a catalogue gives to one that can be opened now: ``s3://`` → https, tokens,
headers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..errors import AccessError
from ..gdal.environment import RemoteOptions
from ..settings import Settings
from ..types import parse_time
from .catalogs import catalog_names, get_buckets, get_catalog

AUTHENTICATION_HINT = (
    "This catalog is not supported. Public catalogs (Earth Search, Planetary Computer) do not "
    "require auth. "
    "In QGIS, an authentication can be attached to the catalogue."
)
EXPIRY_MARGIN_S = 300.0
"""A token is renewed so long before it expires: a band may take that long."""


@dataclass(frozen=True)
class _Token:
    query: str
    expires: float


class Access:
    """Opens the files of catalogues: keeps tokens until shortly before they expire; safe to use
    from many threads.

    Parameters
    ----------
    settings : Settings
        Timeouts, proxies, headers.
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._tokens: dict[str, _Token] = {}
        self._given: dict[str, str] = {}  # address of a file → the token it was last opened with
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Access], tuple[Settings]]:
        """In another process it begins without tokens. The catalogues' file is not read there: see
        :func:`locate`.
        """
        return Access, (self._settings,)

    def url(self, href: str, catalog: str, collection: str, renew: bool = False) -> str:
        """The address to open.

        Parameters
        ----------
        href : str
            As the item gives it.
        catalog, collection : str
            Whose item it is.
        renew : bool
            The last address was refused: its token is not used again, whatever it says of itself.

        Raises
        ------
        AccessError
            If the file needs an account, or no token can be had.
        """
        return self.open(*locate(href, catalog, collection), renew)

    def open(self, url: str, token_url: str, renew: bool = False) -> str:
        """Address to open, from what :func:`locate` found; see :meth:`url`.

        Raises
        ------
        AccessError
            If no token can be had.
        """
        return f"{url}?{self._token(token_url, url, renew)}" if token_url else url

    def headers(self, url: str) -> Mapping[str, str]:
        """Headers of the user's authentication for this host."""
        return self._settings.headers_for(url)

    def remote_options(self, url: str) -> RemoteOptions:
        """Options by which GDAL reaches a URL: the same waits, proxy and headers as everything
        else.
        """
        from requests.utils import select_proxy

        settings = self._settings
        proxy = select_proxy(url, dict(settings.proxies)) or ""
        return RemoteOptions(
            settings.connect_timeout_s,
            settings.read_timeout_s,
            proxy,
            self.headers(url),
            settings.authorities,
        )

    def _token(self, address: str, url: str, renew: bool) -> str:
        # one at a time: four bands that begin together, or are refused together, need one token,
        # not four
        with self._lock:
            known = self._tokens.get(address)
            refused = (
                renew and known is not None and self._given.get(url, known.query) == known.query
            )
            if known is None or refused or known.expires - EXPIRY_MARGIN_S <= self._clock():
                known = self._tokens[address] = self._fetch(address)
            self._given[url] = known.query
            return known.query

    def _fetch(self, address: str) -> _Token:
        import requests

        failure = f"No access token from {urlsplit(address).netloc}"
        hint = "Try again later, or choose another catalogue."
        try:
            with requests.Session() as session:
                configure_session(session, self._settings)
                timeout = (self._settings.connect_timeout_s, self._settings.read_timeout_s)
                answer = session.get(address, timeout=timeout, headers=dict(self.headers(address)))
                if answer.status_code != 200:
                    raise AccessError(failure, f"HTTP {answer.status_code} {answer.reason}", hint)
                body: Any = answer.json()
            return _Token(
                str(body["token"]).lstrip("?"), parse_time(str(body["msft:expiry"])).timestamp()
            )
        except (ValueError, KeyError, TypeError) as error:  # a page of HTML too
            raise AccessError(
                failure, f"the answer holds no token ({type(error).__name__})", hint
            ) from error
        except requests.RequestException as error:
            raise AccessError(
                failure,
                f"it cannot be reached ({type(error).__name__})",
                "Check the network and the proxy.",
            ) from error


def configure_session(session: Any, settings: Settings) -> None:
    """Give a ``requests.Session`` the user's proxies and certificates."""
    session.proxies.update(settings.proxies)
    if settings.authorities:
        usual = session.merge_environment_settings

        def merged(url: str, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
            # requests lets REQUESTS_CA_BUNDLE win over session.verify; what the user told QGIS
            # counts more.
            return usual(
                url, proxies, stream, settings.authorities if verify is None else verify, cert
            )

        session.merge_environment_settings = merged


def public_address(href: str) -> str:
    """``s3://bucket/key`` → https where the bucket is public; other addresses as they are.

    Raises
    ------
    AccessError
        Where the bucket is not known to be public, or its reader must pay.
    """
    parts = urlsplit(href)
    if parts.scheme != "s3":
        return href
    public, paid = get_buckets()
    if parts.netloc in public:
        return f"{public[parts.netloc]}{parts.path}"
    reason = (
        "its bucket asks the reader to pay"
        if parts.netloc in paid
        else f"the bucket {parts.netloc} is not known to be public"
    )
    raise AccessError(
        f"{href} cannot be opened", f"requires authentication: {reason}", AUTHENTICATION_HINT
    )


def locate(href: str, catalog: str, collection: str) -> tuple[str, str]:
    """The address of a file without a token, and where its token is had; empty where it needs none,
    or has one.

    Raises
    ------
    AccessError
        As :func:`public_address`.
    """
    url = public_address(href)
    if catalog not in catalog_names() or "?" in url:
        return url, ""
    known = get_catalog(catalog)
    if not known.sas_token_url or not (urlsplit(url).hostname or "").endswith(known.token_hosts):
        return url, ""
    return url, known.sas_token_url.format(collection=collection)
