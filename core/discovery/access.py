"""From the address a catalogue gives to one that can be opened now: ``s3://`` → https, tokens,
headers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from ..errors import AccessError
from ..gdal.environment import RemoteOptions
from ..logins import is_loopback, login_keys
from ..settings import Settings
from ..types import parse_time
from .catalogs import catalog_names, get_buckets, get_catalog
from .session import InsecureRedirect, new_session

AUTHENTICATION_HINT = (
    "This catalog is not supported without an account. Public catalogs (Earth Search for "
    "Sentinel-2, Planetary Computer for all sensors) do not require auth. "
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
        self._landings: dict[str, str] = {}  # address at a host with a login → where it ends
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

    def reach(self, url: str, renew: bool = False) -> tuple[str, RemoteOptions]:
        """The address at which GDAL finds a file, and options to read it there.

        GDAL sends headers wherever it is redirected to. For a host with a login, redirects are
        therefore followed here, and GDAL is sent to where they end.

        Raises
        ------
        AccessError
            If the server sends from https to http.
        """
        if not self.headers(url):
            return url, self._options(url)
        if renew or url not in self._landings:
            self._landings[url] = self._land(url)
        landing = self._landings[url]
        return landing, self._options(landing)

    def remote_options(self, url: str) -> RemoteOptions:
        """Options by which GDAL reaches a URL: the same waits, proxy and headers as everything
        else. A server that redirects to another host gets no headers: see :meth:`reach`.
        """
        landing, options = self.reach(url)
        same = urlsplit(landing).netloc == urlsplit(url).netloc
        return replace(self._options(url), headers=options.headers if same else {})

    def limited_to(self, urls: Iterable[str]) -> Access:
        """Access that knows only what these addresses need: fit to be sent to other computers."""
        urls = list(urls)
        settings = self._settings
        keys = {key for url in urls for key in login_keys(url)}
        schemes = {"all", "no", *(urlsplit(url).scheme for url in urls)}
        needed = Settings(
            connect_timeout_s=settings.connect_timeout_s,
            read_timeout_s=settings.read_timeout_s,
            authorities=settings.authorities,
            proxies={
                name: proxy
                for name, proxy in settings.proxies.items()
                if name.partition("://")[0] in schemes
            },
            headers={host: each for host, each in settings.headers.items() if host in keys},
        )
        limited = Access(needed, self._clock)
        limited._tokens, limited._given, limited._lock = self._tokens, self._given, self._lock
        return limited

    @property
    def _timeout(self) -> tuple[float, float]:
        return self._settings.connect_timeout_s, self._settings.read_timeout_s

    def _options(self, url: str) -> RemoteOptions:
        from requests.utils import select_proxy

        settings = self._settings
        proxy = select_proxy(url, dict(settings.proxies)) or ""
        return RemoteOptions(*self._timeout, proxy, self.headers(url), settings.authorities)

    def _land(self, url: str) -> str:
        """The address where a URL's redirects end; the URL where its server does not answer."""
        import requests

        try:
            with (
                new_session(self._settings) as session,
                session.get(
                    url, timeout=self._timeout, headers={"Range": "bytes=0-0"}, stream=True
                ) as answer,
            ):
                return str(answer.url)
        except InsecureRedirect as error:
            public = url.partition("?")[0]
            raise AccessError(f"{public} cannot be opened", str(error)) from error
        except requests.RequestException:
            return url  # GDAL says why

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
            with new_session(self._settings) as session:
                answer = session.get(address, timeout=self._timeout)
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
        except InsecureRedirect as error:
            raise AccessError(failure, str(error), hint) from error
        except requests.RequestException as error:
            raise AccessError(
                failure,
                f"it cannot be reached ({type(error).__name__})",
                "Check the network and the proxy.",
            ) from error


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
    parts = urlsplit(url)
    safe = parts.scheme == "https" or is_loopback(parts.hostname or "")
    if not known.sas_token_url or not (parts.hostname or "").endswith(known.token_hosts):
        return url, ""
    # a token is as good as a login: not for everybody to read
    return url, known.sas_token_url.format(collection=quote(collection, safe="")) if safe else ""
