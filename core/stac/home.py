"""Where a catalogue is: its own host, what its address keeps secret, and what its links mean.

Catalogues behind a proxy write links with the names that their host has inside: another port, a
private address, http for https, a path without its beginning. The host that was asked is right
then. A link to another public host is believed first, and never gets what belongs to the own one.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

WEB = ("http", "https")
INNER_ENDS = (".local", ".internal", ".svc", ".lan", ".localdomain", ".intranet", ".home.arpa")
"""Ends of names that nobody outside can know (RFC 6762, RFC 8375, and usual ones)."""


@dataclass(frozen=True)
class Home:
    """A catalogue's own address.

    Parameters
    ----------
    url : str
        For everybody to read: without login and query.
    netloc : str
        Host and port, with the login where the address has one.
    query : tuple
        Names and values of the address's own query, such as ``access_token``.
    """

    url: str
    netloc: str = field(repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, address: str) -> Home:
        """From the address as the user gave it."""
        parts = urlsplit(address)
        return cls(public_url(address), parts.netloc, tuple(parse_qsl(parts.query)))

    @property
    def is_local(self) -> bool:
        """A file or folder of this computer."""
        return urlsplit(self.url).scheme == "file"

    @property
    def name(self) -> str:
        """Host and port, or the path, for a person."""
        parts = urlsplit(self.url)
        return str(local_path(self.url)) if self.is_local else parts.netloc

    def moved(self, url: str) -> Home:
        """The same catalogue where a redirect of its own page ended."""
        if self._is_own(url):
            return replace(self, url=public_url(url))
        return Home.of(public_url(url))

    def _is_own(self, url: str) -> bool:
        """At the own host and port, also by https where the own address is by http."""
        own, other = _origin(self.url), _origin(url)
        return other == own or (
            own[0] == "http" and own[2] == 80 and other == ("https", own[1], 443)
        )

    def leads_inside(self, url: str) -> bool:
        """Whether a public catalogue sends into the inner network of whoever reads it."""
        own, other = urlsplit(self.url).hostname or "", urlsplit(url).hostname or ""
        return is_inner(other) and not is_inner(own)

    def with_secrets(self, url: str) -> str:
        """A URL as it is asked for: login and query of the own address at the own host alone."""
        parts = urlsplit(url)
        if not (self.query or "@" in self.netloc) or not self._is_own(url):
            return url
        given = parse_qsl(parts.query, keep_blank_values=True)
        names = {name for name, _ in given}
        more = [pair for pair in self.query if pair[0] not in names]
        query = "&".join(text for text in (parts.query, urlencode(more)) if text)
        login, at, _ = self.netloc.rpartition("@")
        netloc = f"{login}{at}{parts.netloc.rpartition('@')[2]}"
        return urlunsplit((parts.scheme, netloc, parts.path, query, ""))

    def places_of(self, href: str, base: str) -> list[str]:
        """What a link may mean, the likeliest first; none where it leads nowhere.

        Parameters
        ----------
        base : str
            The URL of the answer that holds the link.
        """
        try:
            target = urljoin(base, href.strip())
            parts, own = urlsplit(target), urlsplit(self.url)
            host, own_host = parts.hostname or "", own.hostname or ""
            _ = parts.port
        except ValueError:
            return []
        if self.is_local or parts.scheme not in WEB:
            return [target] if self.is_local and parts.scheme in (*WEB, "file") else []
        if _origin(target) == _origin(self.url):
            return [target]
        here = urlunsplit((own.scheme, own.netloc, parts.path, parts.query, ""))
        insecure = own.scheme == "https" and parts.scheme == "http"
        if host != own_host and not is_inner(host):
            secure = urlunsplit(parts._replace(scheme="https", fragment=""))
            return [secure if insecure else target, here]
        # a public catalogue's link never leads into the inner network of whoever reads it
        return [here, target] if is_inner(own_host) and not insecure else [here]

    def next_places(self, href: str, asked: str) -> list[str]:
        """The same of a link to the next page, which is where the present page is."""
        places = self.places_of(href, asked)
        if not places:
            return []
        present, parts = urlsplit(asked), urlsplit(places[0])
        same = urlunsplit((present.scheme, present.netloc, present.path, parts.query, ""))
        alike = present.path.rsplit("/", 1)[-1] == parts.path.rsplit("/", 1)[-1]
        if not alike or same in places:
            return places
        inner = _origin(urljoin(asked, href)) != _origin(places[0])
        return [same, *places] if inner else [*places, same]


def public_url(address: str) -> str:
    """An address that everybody may read: without login, query and fragment."""
    parts = urlsplit(address)
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, parts.path, "", "")).rstrip("/")


def is_inner(host: str) -> bool:
    """Whether a host's name or number is of use only inside some network."""
    host = host.lower().rstrip(".")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(INNER_ENDS)


def local_path(url: str) -> Path:
    """The path of a ``file:`` URL."""
    from urllib.request import url2pathname  # http.client and email with it

    return Path(url2pathname(urlsplit(url).path))


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or usual
