"""GDAL is led nowhere: what it reads over HTTP is fetched for it, by the gate."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from firstlight.core.addresses.gate import Gate
from firstlight.core.discovery.access import Access
from firstlight.core.errors import RasterError
from firstlight.core.gdal.drivers import open_band
from firstlight.core.gdal.environment import RemoteOptions, quiet_gdal, remote_gdal
from firstlight.core.gdal.errors import checked, gdal_errors
from firstlight.core.raster.remote import forget, read_remote_facts
from firstlight.core.settings import Settings
from support.range_server import Fault, FaultyServer
from support.rasters import noise, write_raster
from support.waiting import PATIENCE_S

NAME = "b.tif"
PIXELS = noise((1024, 1024))
PUBLIC = "https://stac.example"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FaultyServer]:
    write_raster(tmp_path / NAME, PIXELS, compress="NONE")
    write_raster(tmp_path / "moved.tif", PIXELS, compress="NONE")
    with FaultyServer(tmp_path) as made:
        yield made


@pytest.fixture
def inner(tmp_path: Path) -> Iterator[FaultyServer]:
    """Where a catalogue of the internet has no business to lead."""
    folder = tmp_path / "inner"
    folder.mkdir()
    write_raster(folder / NAME, PIXELS[::-1], compress="NONE")
    with FaultyServer(folder) as made:
        yield made


@pytest.fixture
def settings() -> Settings:
    return dataclasses.replace(Settings(), read_timeout_s=PATIENCE_S)


class Outside(Gate):
    """That of a catalogue of the internet, in which one port of this computer lies, too."""

    port: int = 0

    def addresses(self, host: str, port: int, address: str = "") -> list[str]:
        return ["127.0.0.1"] if port == self.port else super().addresses(host, port, address)


def outside(server: FaultyServer) -> Gate:
    gate = Outside(PUBLIC, lambda host, _: ["127.0.0.1" if host.startswith("in.") else "8.8.8.8"])
    object.__setattr__(gate, "port", server.port)
    return gate


def url_at(server: FaultyServer, host: str, name: str = NAME) -> str:
    return f"http://{host}:{server.port}/{name}"


def opened(address: str, options: RemoteOptions) -> Any:
    forget(address)
    return checked(open_band(f"/vsicurl/{address}", options.name(address)))


def failure(options: RemoteOptions, address: str) -> Any:
    return gdal_errors(lambda why: RasterError("It failed", options.told(why, address), ""))


def test_a_redirect_that_the_gate_refuses_is_not_followed(
    server: FaultyServer, inner: FaultyServer, settings: Settings
) -> None:
    server.break_next(NAME, Fault(redirect=url_at(inner, "in.example")))
    address, options = Access(settings).reach(url_at(server, "out.example"), outside(server))
    with pytest.raises(RasterError) as caught:
        read_remote_facts(address, options, Path(NAME))
    said = str(caught.value)
    assert said.startswith(f"{url_at(server, 'out.example')} cannot be read: in.example cannot")
    assert "it lies on this computer (127.0.0.1), its catalogue https://stac.example lies" in said
    assert server.requests
    assert not inner.requests


def test_a_server_that_changes_its_mind_is_not_followed(
    server: FaultyServer, inner: FaultyServer, settings: Settings
) -> None:
    """It answered well before: GDAL has opened the file."""
    address, options = Access(settings).reach(url_at(server, "out.example"), outside(server))
    with remote_gdal(options):
        dataset = opened(address, options)
        band = dataset.GetRasterBand(1)
        assert (band.ReadAsArray(0, 0, 8, 8) == PIXELS[:8, :8]).all()
        server.break_next(NAME, Fault(redirect=url_at(inner, "in.example")))
        with pytest.raises(RasterError) as caught, failure(options, address):
            checked(band.ReadAsArray(0, 900, 1024, 8))
    assert "in.example cannot be opened: it lies on this computer" in str(caught.value)
    assert not inner.requests


def test_a_name_that_changes_its_mind_is_not_followed(
    server: FaultyServer, settings: Settings
) -> None:
    looked_up: list[str] = []

    def rebound(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["169.254.169.254"]

    gate = Gate("http://127.0.0.1:8721", rebound)
    address, options = Access(settings).reach(url_at(server, "rebound.example"), gate)
    with pytest.raises(RasterError, match=r"at an address for machines alone \(169\.254\.169\.254"):
        read_remote_facts(address, options, Path(NAME))
    assert not server.requests


def asked(server: FaultyServer) -> list[tuple[str, str]]:
    """In no order: GDAL asks for the pieces of one window at the same time."""
    return sorted((request.method, request.range or "") for request in server.requests)


def read_windows(address: str, options: RemoteOptions) -> list[Any]:
    with remote_gdal(options), quiet_gdal():
        dataset = opened(address, options)
        windows = [(0, 0, 16, 16), (500, 500, 100, 100), (0, 1000, 1024, 24)]
        return [dataset.GetRasterBand(1).ReadAsArray(*window) for window in windows]


def test_what_the_server_is_asked_is_what_gdal_would_ask_it(
    server: FaultyServer, settings: Settings
) -> None:
    direct = read_windows(server.url(NAME), RemoteOptions())
    by_gdal = asked(server)
    server.requests.clear()
    through = read_windows(*Access(settings).reach(server.url(NAME)))
    assert asked(server) == by_gdal
    assert len(by_gdal) > 3
    assert all(np.array_equal(a, b) for a, b in zip(direct, through))


def test_where_a_redirect_led_is_remembered_until_that_is_refused(
    server: FaultyServer, settings: Settings
) -> None:
    server.break_next(NAME, Fault(redirect="moved.tif"))
    access = Access(settings)
    read_windows(*access.reach(server.url(NAME)))
    assert server.count(NAME) == 1
    assert server.count("moved.tif") > 3
    server.break_next("moved.tif", Fault(status=403, times=1))
    windows = read_windows(*access.reach(server.url(NAME)))
    assert server.count(NAME) == 2
    assert np.array_equal(windows[0], PIXELS[:16, :16])


@pytest.mark.parametrize(
    ("fault", "whole"),
    [
        (Fault(short_by_bytes=10), False),
        (Fault(short_by_bytes=10, no_length=True), False),
        (Fault(reset_after_bytes=200), False),
        (Fault(no_length=True), True),
        (Fault(ignore_range=True), False),
    ],
    ids=["short", "short and no length", "reset", "no length", "the whole file each time"],
)
def test_a_body_that_ends_early_is_a_failure(
    server: FaultyServer, settings: Settings, fault: Fault, whole: bool
) -> None:
    server.break_next(NAME, dataclasses.replace(fault, only_get=True))
    access = Access(settings)
    address, options = access.reach(server.url(NAME))
    with remote_gdal(options), quiet_gdal():
        try:
            read = opened(address, options).ReadAsArray()
        except RuntimeError:
            read = None
    assert np.array_equal(read, PIXELS) if whole else read is None


def test_a_server_that_is_gone_is_told_of_once(settings: Settings) -> None:
    address, options = Access(settings).reach("http://127.0.0.1:9/a.tif?sig=SECRET")
    with pytest.raises(RasterError) as caught:
        read_remote_facts(address, options, Path("a.tif"))
    said = str(caught.value)
    assert said.startswith("http://127.0.0.1:9/a.tif cannot be read: it cannot be reached.")
    assert "SECRET" not in repr(options)
    assert options.trouble() == ""


def test_nobody_gets_a_file_without_its_key(server: FaultyServer, settings: Settings) -> None:
    access = Access(settings)
    address = access.reach(server.url(NAME))[0]
    base, key, name = address.rsplit("/", 2)
    assert base.startswith("http://127.0.0.1:")
    assert len(key) == 32
    for path in ("", "/", f"/{name}", f"/{'0' * 32}/{name}", f"/{key}/{name}.aux.xml", f"/{key}/"):
        assert requests.get(f"{base}{path}", timeout=PATIENCE_S).status_code == 404
    assert not server.requests
    assert requests.get(address, timeout=PATIENCE_S).status_code == 200
    del access
    assert requests.get(address, timeout=PATIENCE_S).status_code == 404, "nobody reads it any more"


def test_gdal_goes_through_nobody_s_proxy(server: FaultyServer, settings: Settings) -> None:
    from osgeo import gdal

    options = {"GDAL_HTTP_PROXY": "127.0.0.1:9", "GDAL_HTTP_HEADERS": "X-Other: key"}
    for name, value in options.items():
        gdal.SetConfigOption(name, value)
    try:
        windows = read_windows(*Access(settings).reach(server.url(NAME)))
    finally:
        for name in options:
            gdal.SetConfigOption(name, None)
    assert windows[0] is not None
    assert not [request for request in server.requests if "x-other" in request.headers]
