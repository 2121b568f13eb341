"""Where a catalogue may lead to: judged by where it lies, at the name, at redirects, and at the
moment of the connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.core.addresses.gate import Gate, Place, check_href, place_of
from firstlight.core.discovery.session import new_session
from firstlight.core.errors import AccessError
from firstlight.core.settings import Settings
from support.range_server import Fault, FaultyServer
from support.waiting import PATIENCE_S

PUBLIC = "https://stac.example"
HOSTS = {
    "stac.example": ["93.184.215.14"],
    "files.example": ["93.184.215.15"],
    "inner.example": ["10.1.2.3"],
    "mixed.example": ["93.184.215.15", "127.0.0.1"],
    "here.example": ["127.0.0.1"],
    "stac.corp.example": ["10.0.0.1"],
}


def look_up(host: str, port: int) -> list[str]:
    if host not in HOSTS:
        raise OSError("no such host")
    return HOSTS[host]


def gate(home: str) -> Gate:
    return Gate(home, look_up)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("93.184.215.14", Place.INTERNET),
        ("2606:2800:220:1::1", Place.INTERNET),
        ("10.1.2.3", Place.NETWORK),
        ("172.31.0.1", Place.NETWORK),
        ("192.168.1.1", Place.NETWORK),
        ("100.64.0.1", Place.NETWORK),
        ("198.18.0.1", Place.NETWORK),
        ("fd00::1", Place.NETWORK),
        ("127.0.0.1", Place.COMPUTER),
        ("127.255.0.9", Place.COMPUTER),
        ("0.0.0.0", Place.COMPUTER),
        ("::1", Place.COMPUTER),
        ("::", Place.COMPUTER),
        ("::ffff:127.0.0.1", Place.COMPUTER),
        ("::ffff:10.0.0.1", Place.NETWORK),
        ("64:ff9b::7f00:1", Place.COMPUTER),
        ("64:ff9b::5db8:d70e", Place.INTERNET),
        ("2002:0a00:0001::", Place.NETWORK),
        ("::169.254.169.254", Place.LINK),
        ("::10.0.0.1", Place.NETWORK),
        ("::127.0.0.1", Place.COMPUTER),
        ("64:ff9b:1::7f00:1", Place.COMPUTER),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", Place.COMPUTER),
        ("fe80::1", Place.LINK),
        ("169.254.169.254", Place.LINK),
        ("fe80::1%eth0", Place.LINK),
        ("224.0.0.1", Place.LINK),
        ("255.255.255.255", Place.LINK),
    ],
)
def test_addresses_have_a_place(address: str, place: Place) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    "href",
    [
        "http://127.0.0.1/x",
        "http://127.1/x",
        "http://2130706433/x",
        "http://0x7f.0.0.1/x",
        "http://localhost:8000/x",
        "http://LOCALHOST./x",
        "http://app.localhost/x",
        "http://[fe80::1%25eth0]/x",
        "http://[::1]/x",
        "http://[::ffff:7f00:1]/x",
        "http://0.0.0.0/x",
        "http://10.0.0.1/x",
        "http://192.168.1.1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/x",
        "/vsicurl/http://127.0.0.1/x",
        "/vsicurl?use_head=no&url=http://10.0.0.1/x",
        "file:///etc/passwd",
        "/etc/passwd",
        "C:\\Windows\\win.ini",
    ],
)
def test_a_catalogue_of_the_internet_leads_no_further_in(href: str) -> None:
    with pytest.raises(AccessError, match=r"it lies .*, its catalogue https://stac\.example lies"):
        check_href(href, gate(PUBLIC))


@pytest.mark.parametrize("host", ["inner.example", "mixed.example", "here.example"])
def test_a_name_is_judged_by_all_of_its_addresses(host: str) -> None:
    with pytest.raises(AccessError, match=r"\((10\.1\.2\.3|127\.0\.0\.1)\)"):
        gate(PUBLIC).check(f"https://{host}/a.tif")


@pytest.mark.parametrize(
    ("home", "href"),
    [
        (PUBLIC, "https://files.example/a"),
        (PUBLIC, "https://93.184.215.14/a"),
        ("https://stac.corp.example", "http://10.9.9.9/a"),
        ("https://stac.corp.example", "https://inner.example/a"),
        ("https://stac.corp.example", "https://files.example/a"),
        ("http://10.0.0.7/stac", "http://192.168.3.3/a"),
        ("http://127.0.0.1:8721", "http://127.0.0.1:8722/a"),
        ("http://localhost:8721", "http://10.0.0.1/a"),
        ("file", "http://127.0.0.1:1/a"),
        ("file", "/data/a.tif"),
        ("file", "file:///data/a.tif"),
    ],
)
def test_a_catalogue_leads_to_where_it_lies_itself_and_outwards(home: str, href: str) -> None:
    gate(home).check(href)


@pytest.mark.parametrize(
    ("home", "href"),
    [
        ("https://stac.corp.example", "http://127.0.0.1/a"),
        ("https://stac.corp.example", "/etc/passwd"),
        ("https://stac.corp.example", "http://169.254.169.254/a"),
        ("http://127.0.0.1:1", "http://169.254.169.254/a"),
        ("file", "http://169.254.169.254/a"),
        ("https://gone.example", "http://10.0.0.1/a"),
        ("not-a-url", "http://10.0.0.1/a"),
        ("https://mixed.example", "http://127.0.0.1/a"),
    ],
)
def test_a_catalogue_leads_no_further_in_than_it_lies(home: str, href: str) -> None:
    with pytest.raises(AccessError):
        gate(home).check(href)


@pytest.mark.parametrize(
    "href",
    ["/vsicurl/http://127.0.0.1/a", "/vsicurl?url=http://10.0.0.1/a"],
)
def test_items_of_a_file_lead_inside_only_by_plain_addresses(href: str) -> None:
    with pytest.raises(AccessError, match="redirects and addresses for GDAL may lead no further"):
        check_href(href, gate("file"))
    check_href(href, gate("http://127.0.0.1:8721"))
    check_href("/vsicurl/https://files.example/a", gate("file"))


@pytest.mark.parametrize(
    ("home", "followed"), [("file", False), ("http://127.0.0.1:8721", True), (PUBLIC, False)]
)
def test_items_of_a_file_are_redirected_no_further_in(
    inner: FaultyServer, tmp_path: Path, home: str, followed: bool
) -> None:
    (tmp_path / "b.tif").write_bytes(b"II*")
    with FaultyServer(tmp_path) as outer:
        outer.break_next("a.tif", Fault(redirect=inner.url("a.tif")))
        outer.break_next("c.tif", Fault(redirect="b.tif"))
        if followed:
            assert get(outer.url("a.tif"), gate(home)) == 200
        else:
            with pytest.raises(AccessError):
                get(outer.url("a.tif"), gate(home))
        if home != PUBLIC:
            assert get(outer.url("c.tif"), gate(home)) == 200, "its own host may be anywhere"
    assert bool(inner.requests) == followed


def test_where_items_of_a_file_are_redirected_to_stays_where_it_was_looked_at(
    inner: FaultyServer, tmp_path: Path
) -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    with FaultyServer(tmp_path) as outer:
        outer.break_next("a.tif", Fault(redirect=f"http://rebound.example:{inner.port}/a.tif"))
        with pytest.raises(AccessError, match=r"rebound\.example .* it lies on this computer"):
            get(outer.url("a.tif"), Gate("file", lambda host, port: next(answers)))
    assert inner.requests == []


@pytest.fixture
def inner(tmp_path: Path) -> Iterator[FaultyServer]:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    with FaultyServer(tmp_path) as server:
        yield server


def get(url: str, allowed: Gate) -> int:
    with new_session(Settings(), gate=allowed) as session:
        session.trust_env = False
        return int(session.get(url, timeout=PATIENCE_S).status_code)


def test_no_connection_is_made_to_what_a_name_stands_for(inner: FaultyServer) -> None:
    url = f"http://here.example:{inner.port}/a.tif"
    with pytest.raises(AccessError, match=r"here\.example cannot be opened: it lies on this"):
        get(url, gate(PUBLIC))
    assert inner.requests == []
    assert get(url, gate("file")) == 200, "the name is looked up by the gate alone"


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_looked_at(
    inner: FaultyServer,
) -> None:
    answers = iter([["127.0.0.1"], ["10.255.255.1"]])
    allowed = Gate("file", lambda host, port: next(answers))
    assert get(f"http://rebound.example:{inner.port}/a.tif", allowed) == 200
    assert inner.requests[0].headers["host"] == f"rebound.example:{inner.port}"


def test_of_several_addresses_the_next_is_tried(inner: FaultyServer) -> None:
    """A name may stand for computers that are off."""
    allowed = Gate("file", lambda host, port: ["127.0.0.2", "127.0.0.1"])
    assert get(f"http://double.example:{inner.port}/a.tif", allowed) == 200


def test_the_name_stays_the_host_s_whatever_was_connected_to(inner: FaultyServer) -> None:
    import requests

    looked_up: list[str] = []

    def find(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.2", "127.0.0.1"]

    with new_session(Settings(), gate=Gate("file", find)) as session:
        session.trust_env = False
        for _ in range(3):
            session.get(f"http://named.example:{inner.port}/a.tif", timeout=PATIENCE_S)
            session.adapters["http://"].close()
        with pytest.raises(requests.ConnectionError, match=r"named\.example"):
            session.get(f"https://named.example:{inner.port}/a.tif", timeout=PATIENCE_S)
    names = {request.headers["host"] for request in inner.requests}
    assert names == {f"named.example:{inner.port}"}
    assert set(looked_up) == {"named.example"}


def test_a_redirect_is_held_to_the_same(inner: FaultyServer, tmp_path: Path) -> None:
    with FaultyServer(tmp_path) as outer:
        places = {"out.example": "127.0.0.1", "in.example": "127.0.0.1"}
        seen: list[str] = []

        class Half(Gate):
            """Takes the outer server for one of the internet."""

            def addresses(self, host: str, port: int, address: str = "") -> list[str]:
                seen.append(host)
                if port == outer.port:
                    return [places[host]]
                return super().addresses(host, port, address)

        outer.break_next("a.tif", Fault(redirect=f"http://here.example:{inner.port}/a.tif"))
        with pytest.raises(AccessError, match=r"here\.example"):
            get(f"http://out.example:{outer.port}/a.tif", Half(PUBLIC, look_up))
    assert seen == ["out.example", "here.example"]
    assert inner.requests == []


def test_a_host_that_cannot_be_found_is_unreachable_as_ever(inner: FaultyServer) -> None:
    import requests

    with pytest.raises(requests.ConnectionError):
        get("http://nowhere.example/a.tif", gate(PUBLIC))


def test_behind_a_proxy_what_is_plain_from_the_name_is_refused(inner: FaultyServer) -> None:
    with new_session(
        Settings(proxies={"http": inner.url("")}), gate=gate("https://gone.example")
    ) as session:
        session.trust_env = False
        with pytest.raises(AccessError):
            session.get("http://169.254.169.254/latest", timeout=PATIENCE_S)
        assert inner.requests == []
        session.get("http://only-the-proxy-knows.example/a.tif", timeout=PATIENCE_S)
    assert len(inner.requests) == 1, "the proxy itself may lie anywhere"
