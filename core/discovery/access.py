"""From the address a catalogue gives to one that can be opened now: ``s3://`` → https, tokens,
headers; none that the catalogue has no business to lead to.
"""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from ..accounts.account import Account, AccountKind
from ..accounts.providers import bucket_address as account_bucket
from ..accounts.providers import login_hint, provider_of
from ..addresses.gate import LOCAL_CATALOG, Gate, check_href
from ..addresses.signature import is_signed, signed_until
from ..addresses.spelling import is_local, local_path
from ..addresses.storage import bucket_address, bucket_of
from ..errors import AccessError
from ..gdal.environment import RemoteOptions
from ..logins import covers, is_loopback
from ..settings import Settings
from ..text import public_url, remember_secret, unsigned_url
from ..types import parse_time
from .catalogs import Catalog, catalog_names, get_buckets, get_catalog
from .relay.loan import Loan, Sessions
from .relay.server import relay
from .session import InsecureRedirect, new_session

AUTHENTICATION_HINT = (
    "This catalog is not supported without an account. Public catalogs (Earth Search for "
    "Sentinel-2, Planetary Computer for all sensors) do not require auth. "
    "‘flight accounts’ lists accounts; in QGIS, an authentication can be attached to the catalogue."
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
        self._sessions: dict[Gate | None, Sessions] = {}
        self._loans: dict[tuple[Gate | None, str], Loan] = {}
        self.troubled: set[tuple[str, str]] = set()
        """Catalogue and collection whose files could not be had in this run: others are tried
        first.
        """
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Access], tuple[Settings]]:
        """In another process it begins without tokens. The catalogues' file is not read there: see
        :func:`locate`.

        No password travels: of a login by password the token that is good now, of proxies those
        without one (there, those of its own environment count).
        """
        settings = self._settings
        proxies = {name: proxy for name, proxy in settings.proxies.items() if "@" not in proxy}
        accounts = tuple(map(self._travelling, settings.logins))
        return Access, (replace(settings, proxies=proxies, accounts=accounts, headers={}),)

    def _travelling(self, account: Account) -> Account:
        if account.kind is not AccountKind.OIDC or account.problem:
            return account
        try:
            with new_session(self._settings) as session:
                headers = session.account_headers(account, "GET", "")
        except AccessError as error:
            return replace(account, problem=error.why)
        return replace(account, kind=AccountKind.HEADERS, secrets=tuple(headers.items()))

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
            If no token can be had, or the file needs an account that is not there.
        """
        provider = provider_of(url)
        if provider is not None and self._settings.account_concerning(url) is None:
            what = f"{url} cannot be opened"
            why = f"requires authentication: an account with {provider.title}"
            raise AccessError(what, why, login_hint(url))
        if not token_url:
            return url
        if is_signed(url) and not renew and not _is_over(url, self._clock()):
            return url  # by its own signature, which the item brought along
        plain = unsigned_url(url)
        query = self._token(token_url, plain, renew)
        return f"{plain}{'&' if '?' in plain else '?'}{query}" if query else plain

    def headers(self, url: str) -> Mapping[str, str]:
        """Headers of the user's login for this host; empty where there is none.

        Raises
        ------
        AccessError
            If the login cannot be used.
        """
        account = self._settings.account_for(url)
        if account is None:
            return {}
        if account.kind is AccountKind.HEADERS and not account.problem:
            return dict(account.secrets)
        with new_session(self._settings) as session:
            headers: Mapping[str, str] = session.login_headers("GET", url)
        return headers

    def reach(self, url: str, gate: Gate | None = None) -> tuple[str, RemoteOptions]:
        """The address at which GDAL finds a file, and options to read it there.

        GDAL itself goes nowhere: see :mod:`.relay.server`.

        Parameters
        ----------
        gate : Gate, optional
            Of the catalogue that the address comes from.

        Raises
        ------
        AccessError
            If the gate refuses the host, or the login cannot be used.
        """
        if is_local(url):
            return url, RemoteOptions()
        if gate is not None:
            with suppress(OSError):  # whoever reads it is told
                gate.check(url)
        has_login = bool(self.headers(url))
        with self._lock:
            loan = self._loans.get((gate, url))
            if loan is None:
                sessions = self._sessions.setdefault(gate, Sessions(self._settings, gate))
                loan = self._loans[gate, url] = relay().lend(url, sessions)
        options = RemoteOptions(*self._timeout, url=url, has_login=has_login, trouble=loan.trouble)
        return relay().address(url, gate), options

    def limited_to(self, urls: Iterable[str]) -> Access:
        """Access that knows only what these addresses need: fit to be sent to other computers."""
        urls = list(urls)
        settings = self._settings
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
            accounts=tuple(
                account
                for account in settings.logins
                if any(covers((*account.hosts, *account.through), url) for url in urls)
            ),
        )
        limited = Access(needed, self._clock)
        limited._tokens, limited._given, limited._lock = self._tokens, self._given, self._lock
        return limited

    @property
    def _timeout(self) -> tuple[float, float]:
        return self._settings.connect_timeout_s, self._settings.read_timeout_s

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
            with new_session(self._settings, gate=Gate(address)) as session:
                answer = session.get(address, timeout=self._timeout)
                if answer.status_code == 404:  # no collection of theirs: open, or of somebody else
                    return _Token("", float("inf"))
                if answer.status_code != 200:
                    raise AccessError(failure, f"HTTP {answer.status_code} {answer.reason}", hint)
                body: Any = answer.json()
            token = str(body["token"]).lstrip("?")
            remember_secret(token)
            ends = parse_time(str(body["msft:expiry"])).timestamp()
            lifetime_s = ends - _server_time(answer.headers.get("Date", ""), self._clock())
            return _Token(token, self._clock() + lifetime_s)
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

    A bucket of which nothing is known is asked: Amazon says where it lies, and whether it is open.

    Raises
    ------
    AccessError
        Where the reader must pay.
    """
    href = account_bucket(href)
    bucket, parts = bucket_of(href), urlsplit(href)
    public, paid = get_buckets()
    if bucket in paid:
        reason = "requires authentication: its bucket asks the reader to pay"
        raise AccessError(f"{public_url(href)} cannot be opened", reason, AUTHENTICATION_HINT)
    if parts.scheme != "s3":
        return href
    if bucket in public:
        return f"{public[bucket]}{parts.path}"
    return bucket_address(bucket, quote(parts.path, safe="/~!$&'()*+,;=:@%"))


def gate_of(catalog: str) -> Gate:
    """What addresses of a catalogue are held to, given by its name or URL; any other name is that
    of a file of the user's.
    """
    if catalog in catalog_names():
        return Gate(get_catalog(catalog).url)
    return Gate(catalog if catalog.startswith(("http://", "https://")) else LOCAL_CATALOG)


def locate(href: str, catalog: str, collection: str) -> tuple[str, str]:
    """The address of a file, and where its token is had; empty where it needs none.

    A signature that the item brings along is kept as long as it holds, where a token can be had
    instead; for files elsewhere, always.

    Raises
    ------
    AccessError
        As :func:`public_address`, or if the catalogue has no business to lead there.
    """
    address = check_href(href, gate_of(catalog))
    if is_local(address):
        return local_path(address), ""
    url = public_address(address)
    known = _token_catalog(url, catalog, collection)
    if known is None or not known.sas_token_url:
        return url, ""
    plain = unsigned_url(url) if is_signed(url) and _is_over(url, time.time()) else url
    return plain, known.sas_token_url.format(collection=quote(collection, safe=""))


def _token_catalog(url: str, catalog: str, collection: str) -> Catalog | None:
    """The catalogue that gives tokens for a file; items of a file, or of a copy of the catalogue,
    are known by their collection.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not is_loopback(host):
        return None  # a token is as good as a login: not for everybody to read
    own = catalog in catalog_names()
    for name in (catalog,) if own else catalog_names():
        known = get_catalog(name)
        listed = own or any(collection in names for names in known.collections.values())
        if known.sas_token_url and host.endswith(known.token_hosts) and listed:
            return known
    return None


def _is_over(url: str, now: float) -> bool:
    """Whether an address's own signature has expired, or is about to."""
    ends = signed_until(url)
    return ends is not None and ends - EXPIRY_MARGIN_S <= now


def _server_time(date: str, here: float) -> float:
    """The moment at which a server answered, by its own clock: that of this computer may be wrong,
    and the server's is the one that tokens expire by.
    """
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):  # Python 3.10 raises TypeError for no date
        return here
