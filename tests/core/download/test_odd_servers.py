"""Servers as they are: refusals with a meaning, pages for files, parts that cannot be had, bodies
that never end. Each ends with the window, the whole band, or one true sentence, and few requests.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import rasterio

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.download.band_downloader import download_bands
from firstlight.core.download.fetch import FetchFailed
from firstlight.core.download.plan import plan_downloads
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.types import BandFailure, BandFile
from support.fetching import FetchTrial
from support.range_server import Fault, FaultyServer
from support.rasters import noise, write_raster
from support.stac_server import make_item

FILE = "nir.tif"
BANDS = ("red", "nir")
LEFT, TOP = 600000.0, 5200020.0
BOX = (10.31, 46.93, 10.33, 46.945)
AREA: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [
        [[BOX[0], BOX[1]], [BOX[2], BOX[1]], [BOX[2], BOX[3]], [BOX[0], BOX[3]], [BOX[0], BOX[1]]]
    ],
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[FaultyServer]:
    """Two tiled bands of a megabyte each."""
    folder = tmp_path / "served"
    for seed, name in enumerate(BANDS):
        write_raster(
            folder / f"{name}.tif",
            noise((700, 700), seed, 1, 60000),
            resolution=10.0,
            origin=(LEFT, TOP),
        )
        with rasterio.open(folder / f"{name}.tif") as source:
            profile, pixels = source.profile, source.read()
        profile.update(tiled=True, blockxsize=128, blockysize=128)
        with rasterio.open(folder / f"{name}.tif", "w", **profile) as target:
            target.write(pixels)
    with FaultyServer(folder) as server:
        yield server


@pytest.fixture
def trial(served: FaultyServer, tmp_path: Path) -> FetchTrial:
    return FetchTrial(served, tmp_path / "out")


class Odd(ThreadingHTTPServer):
    """Answers all requests by one function: status, headers, chunks of the body."""

    daemon_threads = True

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _OddHandler)
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self) -> Odd:
        return self

    def __exit__(self, *_: Any) -> None:
        self.shutdown()
        self.server_close()

    def url(self, name: str = FILE) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client may go in the middle."""


class _OddHandler(BaseHTTPRequestHandler):
    server: Odd

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, headers, chunks = self.server.answer(self)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(chunk)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def refuse(status: int, body: bytes = b"", **headers: str) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: (status, {"Content-Length": str(len(body)), **sent}, [body])


def error(code: str, text: str = "No.") -> bytes:
    return (
        f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'.encode()
    )


LOGIN = b"<!DOCTYPE html><html><head><title>Earthdata Login</title></head><form></form></html>"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refuse(403, error("InvalidObjectState")), "lies in an archive"),
        (refuse(409, error("BlobArchived")), "lies in an archive"),
        (refuse(409, x_ms_error_code="BlobBeingRehydrated"), "being brought back"),
        (refuse(202), "being brought back from an archive (HTTP 202). Try again in some hours"),
        (refuse(204), "nothing at this address"),
        (refuse(403, error("AccessDenied", "Request has expired")), "signed address has expired"),
        (refuse(400, error("ExpiredToken")), "signed address has expired"),
        (
            refuse(
                403,
                error("AuthenticationFailed", "Signature not valid in the specified time frame"),
            ),
            "signed address has expired",
        ),
        (refuse(403, error("RequestTimeTooSkewed")), "clock differs"),
        (refuse(400, error("UserProjectMissing")), "asks the reader to pay"),
        (refuse(404, error("NoSuchKey")), "HTTP 404, NoSuchKey. The file is not there"),
        (refuse(401, b'{"detail": "Token missing"}'), "HTTP 401. The server requires auth"),
        (refuse(501), "HTTP 501"),
        (refuse(511, LOGIN), "this network wants a login first"),
        (refuse(200, LOGIN, Content_Type="text/html"), "page to log in ('Earthdata Login')"),
        (refuse(200, LOGIN, Content_Type="image/tiff"), "page to log in ('Earthdata Login')"),
        (
            refuse(200, b"<html><title>Down for repair</title>", Content_Type="text/html"),
            "sends a web page ('Down for repair')",
        ),
        (
            refuse(200, b'{"message": "Order the product first"}', Content_Type="application/json"),
            "sends a message where the file should be (Order the product first)",
        ),
        (refuse(200, error("NoSuchKey", "Gone")), "(NoSuchKey: Gone)"),
        (refuse(200, error("InvalidObjectState")), "lies in an archive"),
        (refuse(200, b"x", Content_Encoding="br"), "packs the file (br)"),
        (refuse(200, b"x", Content_Length=str(10**15)), "no band is larger than 20.00 GB"),
    ],
)
def test_a_permanent_answer_is_asked_for_once_and_has_one_true_sentence(
    trial: FetchTrial, answer: Any, said: str
) -> None:
    with Odd(answer) as server:
        with pytest.raises(FetchFailed) as caught:
            trial.run(url=server.url())
        assert said in str(caught.value)
        assert "tried" not in str(caught.value)
        assert "Try again later" not in str(caught.value)
        assert len(server.asked) == 1
    assert trial.names() == []


def test_a_page_is_not_taken_for_one_by_its_media_type_alone(trial: FetchTrial) -> None:
    content = trial.content
    for kind in ("text/html", "application/xml", "text/plain"):
        with Odd(refuse(200, content, Content_Type=kind)) as server:
            trial.run(url=server.url())
        trial.target.unlink()


def test_the_account_that_a_catalogue_names_is_said(trial: FetchTrial) -> None:
    with Odd(refuse(401)) as server, pytest.raises(FetchFailed, match="OpenID Connect"):
        trial.run(url=server.url(), account="a login (OpenID Connect) of id.example")


def test_a_signed_address_that_is_refused_is_known_for_what_it_is(trial: FetchTrial) -> None:
    with Odd(refuse(403)) as server, pytest.raises(FetchFailed) as caught:
        trial.run(url=server.url(f"{FILE}?X-Amz-Expires=60&X-Amz-Signature=S3CRET"))
    assert "signed address is not good any more" in str(caught.value)
    assert "S3CRET" not in str(caught.value)


# ---- what unpacks to more than it should


def endless(_: Any) -> Any:
    return 200, {}, (b"II*\0" + bytes(1 << 20) for _ in range(10**9))


def test_a_body_without_end_is_given_up(trial: FetchTrial) -> None:
    with (
        Odd(endless) as server,
        pytest.raises(FetchFailed, match=r"more than 3\.0 MB came, and still no end"),
    ):
        trial.run(url=server.url(), most_bytes=3_000_000)
    assert trial.names() == []


def test_a_packed_band_is_unpacked(trial: FetchTrial) -> None:
    content = trial.content
    for encoding, body in (("gzip", gzip.compress(content)), ("deflate", zlib.compress(content))):
        with Odd(refuse(200, body, Content_Encoding=encoding)) as server:
            trial.run(url=server.url())
        assert trial.target.read_bytes() == content
        trial.target.unlink()


@pytest.mark.thorough
def test_a_packed_bomb_takes_little_memory(trial: FetchTrial) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = packer.compress(b"II*\0") + b"".join(packer.compress(bytes(1 << 20)) for _ in range(512))
    body += packer.flush()
    assert len(body) < 1_000_000
    with Odd(refuse(200, body, Content_Encoding="gzip")) as server:
        tracemalloc.start()
        with pytest.raises(FetchFailed, match=r"more than 50\.0 MB came"):
            trial.run(url=server.url(), most_bytes=50_000_000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 30_000_000
    assert trial.names() == []


@pytest.mark.parametrize(
    "body", [b"no gzip at all", gzip.compress(b"II*\0" * 9999)[:-9]], ids=["no gzip", "cut short"]
)
def test_a_packed_body_that_is_damaged_is_named(trial: FetchTrial, body: bytes) -> None:
    with (
        Odd(refuse(200, body, Content_Encoding="gzip")) as server,
        pytest.raises(FetchFailed, match="packed file is"),
    ):
        trial.run(url=server.url())
    assert not trial.target.exists()


def small_file_of_a_huge_block(path: Path) -> Path:
    """A few kilobytes that say they hold one strip of 40000 × 40000 zeros."""
    with rasterio.open(
        path, "w", driver="GTiff", width=40000, height=40000, count=1, dtype="uint16",
        blockysize=40000, sparse_ok=True, compress="deflate", crs="EPSG:32632",
        transform=rasterio.transform.from_origin(LEFT, TOP, 10, 10),
    ):  # fmt: skip
        pass
    assert path.stat().st_size < 100_000
    return path


def test_a_tiny_file_that_unpacks_to_gigabytes_is_never_unpacked(trial: FetchTrial) -> None:
    body = small_file_of_a_huge_block(trial.target.parent / "huge.tif").read_bytes()
    (trial.target.parent / "huge.tif").unlink()
    with Odd(refuse(200, body)) as server, pytest.raises(FetchFailed) as caught:
        trial.run(url=server.url())
    assert "one of its blocks unpacks to 3.2 GB (40000 × 40000 pixels)" in str(caught.value)
    assert trial.names() == []


# ---- windows


class World:
    """A scene of two bands, some with other addresses."""

    def __init__(self, server: FaultyServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.assets = {
            name: {"href": server.url(f"{name}.tif"), "raster:bands": [{"nodata": 0}]}
            for name in BANDS
        }

    def run(
        self, area: Any = AREA, **settings: Any
    ) -> tuple[list[BandFile], list[BandFailure], list[str]]:
        item = make_item("S2A_X", (10.3, 46.88, 10.41, 46.96), assets=self.assets)
        scene = parse_item(item, get_sensor("sentinel2"), "file")
        monitor = RecordingMonitor()
        chosen = dataclasses.replace(
            Settings(), retry_delay_s=0.0, request_delay_ms=0, cache_days=0, **settings
        )
        files, failures = download_bands(
            plan_downloads(scene, BANDS, self.folder, area), chosen, monitor
        )
        notes = [event.text for event in monitor.events if isinstance(event, Note)]
        return files, failures, notes


@pytest.fixture
def world(served: FaultyServer, tmp_path: Path) -> World:
    return World(served, tmp_path / "out")


def same_pixels(file: BandFile, served: Path) -> bool:
    """Whether a window's pixels are those of the whole at its place."""
    with rasterio.open(served) as whole, rasterio.open(file.path) as part:
        window = whole.window(*part.bounds).round_offsets().round_lengths()
        return bool(np.array_equal(whole.read(window=window), part.read()))


TEN = 10


@pytest.mark.parametrize(
    ("faults", "said", "whole"),
    [
        ((Fault(headers={"Content-Range": "bytes 0-32767/*"}),), "how large the file is", True),
        ((Fault(headers={"Content-Range": None}),), "which part of the file", True),
        ((Fault(ignore_range=True),), "gives no parts", True),
        ((Fault(gzip=True),), "gives no parts", True),
        ((Fault(times=1), Fault(ignore_range=True)), "gives no parts", True),
        ((Fault(times=1), Fault(headers={"ETag": '"another"'})), "parts of several files", True),
        ((Fault(headers={"ETag": 'W/"weak"', "Last-Modified": None}),), "", False),
        ((Fault(headers={"ETag": None, "Last-Modified": None}),), "", False),
        ((Fault(cut_range=TEN, times=2), Fault(times=0)), "", False),
    ],
)
def test_the_window_is_had_or_the_whole_band_and_a_line_says_so(
    world: World, faults: tuple[Fault, ...], said: str, whole: bool
) -> None:
    world.server.break_next(FILE, *faults)
    files, failures, notes = world.run()
    assert failures == []
    assert [text for text in notes if "the whole band is fetched" in text and said in text] == [
        text for text in notes if "the whole band is fetched" in text
    ]
    assert any("the whole band is fetched" in text for text in notes) == whole
    for file in files:
        assert same_pixels(file, world.server.root / f"{file.band}.tif")


@pytest.mark.parametrize("status", [400, 405, 406, 501])
def test_a_server_that_refuses_the_range_gives_the_whole(
    world: World, status: int, served: FaultyServer
) -> None:
    content = (served.root / FILE).read_bytes()

    def answer(request: Any) -> Any:
        if request.headers["Range"]:
            return status, {"Content-Length": "0"}, []
        return 200, {"Content-Length": str(len(content))}, [content]

    with Odd(answer) as server:
        world.assets["nir"]["href"] = server.url()
        files, failures, notes = world.run()
        assert failures == []
        assert any(f"refuses parts of files (HTTP {status})" in text for text in notes)
        assert len(server.asked) == 2
    assert all(same_pixels(file, served.root / f"{file.band}.tif") for file in files)


def test_a_range_that_is_dropped_under_a_condition_is_asked_for_without(
    world: World, served: FaultyServer
) -> None:
    content = (served.root / FILE).read_bytes()
    kinds: list[tuple[bool, bool]] = []

    def answer(request: Any) -> Any:
        span, condition = request.headers["Range"], request.headers["If-Range"]
        kinds.append((bool(span), bool(condition)))
        if condition or not span:
            return 200, {"Content-Length": str(len(content)), "ETag": '"x"'}, [content]
        first, last = (int(part) for part in span.removeprefix("bytes=").split("-"))
        last = min(last, len(content) - 1)
        headers = {
            "Content-Range": f"bytes {first}-{last}/{len(content)}",
            "Content-Length": str(last - first + 1),
            "ETag": '"x"',
        }
        return 206, headers, [content[first : last + 1]]

    with Odd(answer) as server:
        world.assets["nir"]["href"] = server.url()
        files, failures, notes = world.run()
    assert failures == []
    assert not any("the whole band" in text for text in notes)
    assert all(same_pixels(file, served.root / f"{file.band}.tif") for file in files)
    assert (True, False) in kinds[1:]


# ---- several addresses


@pytest.mark.parametrize("area", [AREA, None])
@pytest.mark.parametrize(
    "answer", [refuse(404), refuse(403), refuse(200, LOGIN), refuse(500), None]
)
def test_the_next_address_is_tried_where_one_fails(world: World, area: Any, answer: Any) -> None:
    good = world.assets["nir"]["href"]
    with Odd(answer) as server:
        world.assets["nir"] |= {
            "href": server.url() if answer else "http://127.0.0.1:1/nir.tif",
            "alternate": {"mirror": {"href": good}},
        }
        files, failures, notes = world.run(area, retry_attempts=2)
    assert failures == []
    assert [file.url for file in files if file.band == "nir"] == [good]
    assert any("its other addresses are tried" in text for text in notes)
    record = json.loads(next(world.folder.rglob("bands.json")).read_text())
    assert record["nir"]["url"] == good
    again, _, _ = world.run(area)
    assert all(file.attempts == 0 for file in again), "what has come from either is there"


def test_where_no_address_opens_the_first_one_is_named(world: World) -> None:
    with Odd(refuse(401)) as first, Odd(refuse(404)) as second:
        world.assets["nir"] |= {
            "href": first.url(),
            "auth:refs": ["oidc"],
            "alternate": {"mirror": {"href": second.url(), "auth:refs": ["oidc"]}},
        }
        _, (failure,), _ = world.run()
    assert "By its catalogue it requires authentication: an account (oidc)" in failure.error
    assert failure.status == 401
