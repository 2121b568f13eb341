"""Which addresses a catalogue may lead to: judged by where it lies itself.

A catalogue of the internet leads to the internet. One of a company's network may lead there as
well, one on this computer anywhere but to the link's own addresses, where clouds keep the keys of
their machines (169.254.169.254).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import urlsplit

from ..errors import AccessError
from .spelling import is_local, plain_address, shown

LOCAL_CATALOG = "file"
"""The catalogue of items that came from a file of the user's."""
UNNAMED = "items from a file"
"""Stands for what such items lead to without naming it."""
HINT = "If you trust the catalogue, tell its provider, or download the file by hand."
Resolve = Callable[[str, int], "list[str]"]


class Place(IntEnum):
    """Where a host lies, the more inward the higher."""

    INTERNET = 0
    NETWORK = 1
    """A private network: RFC 1918, RFC 4193, RFC 6598 and the like."""
    COMPUTER = 2
    """This computer: loopback, or a file."""
    LINK = 3
    """Link-local, multicast, reserved: no place for data."""


NAMES = {
    Place.INTERNET: "in the internet",
    Place.NETWORK: "in a private network",
    Place.COMPUTER: "on this computer",
    Place.LINK: "at an address for machines alone",
}
_EMBEDDED = (  # IPv6 that stands for IPv4: RFC 6052, RFC 8215
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
)


def place_of(address: str) -> Place:
    """Where an IP address lies.

    Raises
    ------
    ValueError
        If it is none.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = _inner(ip)
    if ip.is_loopback or ip.is_unspecified:  # Linux connects 0.0.0.0 to itself
        return Place.COMPUTER
    if ip.is_link_local or ip.is_multicast or (ip.version == 4 and ip.is_reserved):
        return Place.LINK
    return Place.INTERNET if ip.is_global else Place.NETWORK


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    teredo = ip.teredo
    found = ip.ipv4_mapped or ip.sixtofour or (teredo[1] if teredo else None)
    if found is None and any(ip in network for network in _EMBEDDED):
        found = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if found is None and int(ip) >> 32 == 0 and int(ip) > 1:  # ::10.0.0.1, long out of use
        found = ipaddress.IPv4Address(int(ip))
    return found or ip


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host, as the system orders them.

    Raises
    ------
    OSError
        If there are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Gate:
    """What addresses of one catalogue are held to.

    Parameters
    ----------
    home : str
        The catalogue's URL; ``file`` for items from a file.
    resolve : callable
        Host and port → IP addresses.
    """

    home: str
    resolve: Resolve = field(default=resolve, compare=False)
    _led_to: set[tuple[str, int]] = field(
        default_factory=set, init=False, compare=False, repr=False
    )
    """Hosts and ports that only a redirect named."""

    def check(self, address: str, known: bool = True) -> None:
        """Refuse an address that the catalogue has no business to lead to.

        Parameters
        ----------
        address : str
            As :func:`~.spelling.plain_address` gives it.
        known : bool
            Names are looked up. Off where the look-up is made when the connection is, or by a
            proxy: then what is plain from the name alone is refused.

        Raises
        ------
        AccessError
            Saying where it lies, and where the catalogue does.
        """
        if is_local(address):
            self._admit(address, Place.COMPUTER, "a file")
            return
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 443
        if parts.scheme not in ("http", "https"):
            return  # becomes https, or is refused, once its store is known
        literal = _literal(host)
        if literal or known:
            self.addresses(host, port, address)

    def follow(self, source: str, target: str) -> None:
        """Refuse a redirect that leads from a file's items to somewhere inside that they do not
        name; those of catalogues are judged as any address, when the connection is made.

        Raises
        ------
        AccessError
            Saying where it leads.
        """
        parts = urlsplit(target)
        if self.home == LOCAL_CATALOG and urlsplit(source).netloc != parts.netloc:
            # Its name may stand for something else when it is connected to.
            usual = 443 if parts.scheme == "https" else 80
            self._led_to.add((parts.hostname or "", parts.port or usual))
            with suppress(OSError):  # nothing is connected to, or a proxy looks it up
                Gate(UNNAMED, self.resolve).check(target)

    def addresses(self, host: str, port: int, address: str = "") -> list[str]:
        """The host's IP addresses, every one of which is admitted: for a connection to one of them.

        Raises
        ------
        AccessError
            If one of them is not.
        OSError
            If there are none.
        """
        judge = Gate(UNNAMED, self.resolve) if (host, port) in self._led_to else self
        literal = _literal(host)
        found = [literal] if literal else self.resolve(host, port)
        for ip in found:
            judge._admit(address or host, place_of(ip), ip if ip != host else "")
        return found

    def _admit(self, address: str, place: Place, where: str) -> None:
        if place == Place.INTERNET:
            return
        home = self.place
        if place <= home:
            return
        at = f" ({where})" if where else ""
        raise AccessError(
            f"{shown(address)} cannot be opened",
            f"it lies {NAMES[place]}{at}, {self._who} {NAMES[home]}",
            HINT,
        )

    @property
    def _who(self) -> str:
        if self.home == UNNAMED:
            return "where redirects and addresses for GDAL may lead no further than"
        return f"its catalogue {shown(self.home)} lies"

    @property
    def place(self) -> Place:
        """Where the catalogue lies; in the internet where nothing says otherwise."""
        if self.home == LOCAL_CATALOG:
            return Place.COMPUTER
        try:
            parts = urlsplit(self.home)
            host = parts.hostname or ""
            if parts.scheme not in ("http", "https") or not host:
                return Place.INTERNET
            literal = _literal(host)
            found = [literal] if literal else self.resolve(host, parts.port or 443)
            return min(place_of(ip) for ip in found)
        except (OSError, ValueError):
            return Place.INTERNET


def _literal(host: str) -> str:
    """The IP address that a host's name is, in any spelling that a system takes for one."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(name))  # 127.1, 2130706433, 0x7f.0.0.1
    except (OSError, UnicodeEncodeError):
        return ""


def check_href(href: str, gate: Gate) -> str:
    """The plain form of an address that an item gives, if the catalogue may lead there by its name.

    Raises
    ------
    AccessError
        See :func:`~.spelling.plain_address` and :meth:`Gate.check`.
    """
    address = plain_address(href)
    spelled = gate.home == LOCAL_CATALOG and href.strip().startswith("/vsi")
    (Gate(UNNAMED, gate.resolve) if spelled else gate).check(address, known=False)
    return address
