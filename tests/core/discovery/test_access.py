"""From the addresses of catalogues to files: public buckets, accounts, and tokens that expire in
the middle of a job.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery import access as access_module
from firstlight.core.discovery.access import EXPIRY_MARGIN_S, Access, public_address
from firstlight.core.discovery.catalogs import Catalog
from firstlight.core.download.band_downloader import download_bands
from firstlight.core.download.plan import plan_downloads
from firstlight.core.errors import AccessError
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.types import BandAsset, BandFailure, BandFile, Radiometry, SceneItem
from support.rasters import ramp, write_raster
from support.token_server import SECRET, Clock, TokenServer

HOSTS = (".blob.core.windows.net", "127.0.0.1")
GUARDED = "planetary-computer"
"""The catalogue whose token address the fixture below changes to loopback."""
BANDS = ("blue", "green", "red", "nir")


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        ("https://x.example/a.tif", "https://x.example/a.tif"),
        ("http://x.example/a.tif?v=1", "http://x.example/a.tif?v=1"),
        (
            "s3://sentinel-cogs/sentinel-s2-l2a-cogs/B02.tif",
            "https://sentinel-cogs.s3.us-west-2.amazonaws.com/sentinel-s2-l2a-cogs/B02.tif",
        ),
        (
            "s3://e84-earth-search-sentinel-data/sentinel-2-c1-l2a/B02.tif",
            "https://e84-earth-search-sentinel-data.s3.us-west-2.amazonaws.com/sentinel-2-c1-l2a/B02.tif",
        ),
        (
            "s3://copernicus-dem-30m/a/b.tif",
            "https://copernicus-dem-30m.s3.eu-central-1.amazonaws.com/a/b.tif",
        ),
        # Of others nothing is known: Amazon says where they lie, and whether they are open.
        ("s3://somebodys-bucket/a b.tif", "https://somebodys-bucket.s3.amazonaws.com/a%20b.tif"),
        ("s3://some.body/a%20b.tif", "https://s3.amazonaws.com/some.body/a%20b.tif"),
    ],
)
def test_public_buckets_are_opened_over_https(given: str, opened: str) -> None:
    assert public_address(given) == opened


@pytest.mark.parametrize(
    ("href", "why"),
    [
        ("s3://usgs-landsat/collection02/a_SR_B2.TIF", "its bucket asks the reader to pay"),
        ("s3://sentinel-s2-l1c/tiles/27/V/WK/B02.jp2", "its bucket asks the reader to pay"),
        ("s3://sentinel-s1-l1c/GRD/2025/iw-hh.tiff", "its bucket asks the reader to pay"),
        (
            "https://usgs-landsat.s3.us-west-2.amazonaws.com/collection02/a_SR_B2.TIF",
            "its bucket asks the reader to pay",
        ),
    ],
)
def test_other_buckets_give_the_sentence_about_authentication(href: str, why: str) -> None:
    with pytest.raises(AccessError) as caught:
        public_address(href)
    sentence = str(caught.value)
    assert sentence.startswith(f"{href} cannot be opened: requires authentication: {why}. ")
    assert "(Earth Search for Sentinel-2, Planetary Computer for all sensors)" in sentence


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    """Four bands behind tokens; the catalogue's configuration points at it, the product's code is
    as it is.
    """
    for place, name in enumerate(BANDS):
        write_raster(tmp_path / "served" / f"{name}.tif", ramp((64, 64), 100 + place, 4000 + place))
    known = access_module.get_catalog
    with TokenServer(tmp_path / "served", clock) as made:

        def changed(name: str) -> Catalog:
            catalog = known(name)
            return (
                dataclasses.replace(
                    catalog,
                    url=made.url(""),
                    sas_token_url=made.token_template,
                    token_hosts=HOSTS,
                )
                if name == GUARDED
                else catalog
            )

        monkeypatch.setattr(access_module, "get_catalog", changed)
        yield made


def scene(
    server: TokenServer,
    catalog: str = GUARDED,
    collection: str = "sentinel-2-l2a",
    scene_id: str = "S2A_X",
) -> SceneItem:
    bands = {
        name: BandAsset(name, server.url(f"{name}.tif"), 10.0, Radiometry(unit="reflectance"))
        for name in BANDS
    }
    return SceneItem(
        id=scene_id,
        sensor="sentinel2",
        catalog=catalog,
        collection=collection,
        datetime=datetime(2024, 6, 1, tzinfo=timezone.utc),
        bbox=(7, 46, 8, 47),
        footprint=None,
        cloud_percent=None,
        epsg=32632,
        resolution_m=10.0,
        bands=bands,
    )


def download(
    one: SceneItem, folder: Path, settings: Settings, access: Access
) -> tuple[list[BandFile], list[BandFailure], RecordingMonitor]:
    monitor = RecordingMonitor()
    files, failures = download_bands(plan_downloads(one, BANDS, folder), settings, monitor, access)
    return files, failures, monitor


def tokens_in(text: str) -> bool:
    return SECRET in text or "S3CRET" in text


def test_one_token_serves_four_bands_that_begin_together(
    server: TokenServer, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    settings = dataclasses.replace(settings, parallel_downloads=4)
    files, failures, _ = download(
        scene(server), tmp_path / "out", settings, Access(settings, clock)
    )
    assert [one.band for one in files] == list(BANDS)
    assert not failures
    assert server.asked == ["sentinel-2-l2a"]
    assert server.refusals == []


def test_a_token_is_kept_between_scenes_and_fetched_once_for_each_collection(
    server: TokenServer, settings: Settings, clock: Clock
) -> None:
    access = Access(settings, clock)
    hrefs = [server.url(f"{name}.tif") for name in BANDS]
    first = [access.url(href, GUARDED, "sentinel-2-l2a") for href in hrefs * 3]
    second = [access.url(href, GUARDED, "landsat-c2-l2") for href in hrefs]
    assert server.asked == ["sentinel-2-l2a", "landsat-c2-l2"]
    assert len({url.partition("?")[2] for url in first}) == 1
    assert {url.partition("?")[2] for url in first}.isdisjoint(
        {url.partition("?")[2] for url in second}
    )
    assert [url.partition("?")[0] for url in first[:4]] == hrefs


@pytest.mark.parametrize(
    ("before_expiry_s", "fetched"),
    [(EXPIRY_MARGIN_S + 60, 1), (EXPIRY_MARGIN_S + 1, 1), (EXPIRY_MARGIN_S, 2), (1, 2), (-60, 2)],
)
def test_a_token_is_renewed_shortly_before_it_expires(
    server: TokenServer, settings: Settings, clock: Clock, before_expiry_s: float, fetched: int
) -> None:
    access = Access(settings, clock)
    href = server.url("blue.tif")
    old = access.url(href, GUARDED, "c")
    clock.now += server.lifetime_s - before_expiry_s
    new = access.url(href, GUARDED, "c")
    assert len(server.asked) == fetched
    assert (old == new) == (fetched == 1)


def test_a_token_that_expires_between_two_scenes_is_renewed_without_a_refusal(
    server: TokenServer, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    access = Access(settings, clock)
    download(scene(server, scene_id="one"), tmp_path / "one", settings, access)
    clock.now += 3600
    files, failures, _ = download(scene(server, scene_id="two"), tmp_path / "two", settings, access)
    assert len(files) == 4
    assert not failures
    assert len(server.asked) == 2
    assert server.refusals == []


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_token_refused_in_mid_job_is_renewed_once_for_all_bands(
    server: TokenServer, settings: Settings, clock: Clock, tmp_path: Path, at_once: int
) -> None:
    settings = dataclasses.replace(settings, parallel_downloads=at_once)
    access = Access(settings, clock)
    for name in BANDS:
        access.url(server.url(f"{name}.tif"), GUARDED, "sentinel-2-l2a")
    server.revoke()  # by its own account it is still good
    files, failures, monitor = download(scene(server), tmp_path / "out", settings, access)
    assert [one.band for one in files] == list(BANDS)
    assert not failures
    assert len(server.asked) == 2, "four refusals, one new token"
    assert 1 <= len(server.refusals) <= at_once
    assert [one.attempts for one in files] == [1, 1, 1, 1], (
        "an expired token is no failure of the server"
    )
    assert "retrying" in [getattr(event, "state", "") for event in monitor.events]


def test_many_threads_refused_together_fetch_one_new_token(
    server: TokenServer, settings: Settings, clock: Clock
) -> None:
    access = Access(settings, clock)
    hrefs = [server.url(f"{name}.tif") for name in BANDS] * 4
    for href in hrefs:
        access.url(href, GUARDED, "c")
    ready, urls = threading.Barrier(len(hrefs)), []

    def renew(href: str) -> None:
        ready.wait()
        urls.append(access.url(href, GUARDED, "c", renew=True))

    threads = [threading.Thread(target=renew, args=(href,)) for href in dict.fromkeys(hrefs)]
    ready = threading.Barrier(len(threads))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.asked) == 2
    assert len({url.partition("?")[2] for url in urls}) == 1


def test_a_fresh_token_that_is_refused_is_given_up_with_a_final_sentence(
    server: TokenServer, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    server.accepts = lambda _query: False
    files, failures, monitor = download(
        scene(server), tmp_path / "out", settings, Access(settings, clock)
    )
    assert files == []
    assert [one.status for one in failures] == [403] * 4
    for one in failures:
        assert (
            f"Band download failed for '{one.band}' from {server.url(one.band)}.tif: HTTP 403"
            in one.error
        )
        assert "authentication" in one.error
        assert not tokens_in(one.error)
    assert all(server.count(f"{name}.tif") == 2 for name in BANDS), "twice is enough"
    assert not tokens_in(" ".join(map(str, monitor.events)))


def test_the_token_is_never_seen_in_messages_or_on_the_disk(
    server: TokenServer,
    settings: Settings,
    clock: Clock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    access = Access(settings, clock)
    access.url(server.url("blue.tif"), GUARDED, "sentinel-2-l2a")
    server.revoke()
    (server.root / "nir.tif").unlink()  # one failure too
    with caplog.at_level("WARNING"):
        files, failures, monitor = download(scene(server), tmp_path / "out", settings, access)
    assert [one.band for one in failures] == ["nir"]
    seen = [str(monitor.events), str(files), str(failures), caplog.text]
    seen += [
        path.read_text(encoding="utf-8")
        for path in (tmp_path / "out").rglob("*")
        if path.suffix in (".json", ".txt", ".vrt")
    ]
    assert any("blue" in text for text in seen)
    assert [text for text in seen if tokens_in(text)] == []
    record = json.loads(next((tmp_path / "out").rglob("bands.json")).read_text(encoding="utf-8"))
    assert record["blue"]["url"] == server.url("blue.tif")
    assert any(SECRET in request.query for request in server.requests), "it was used, though"


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, b"{}", "HTTP 500"),
        (429, b"{}", "HTTP 429"),
        (200, b"<html>", "the answer holds no token"),
        (200, b"{}", "the answer holds no token"),
        (200, b"[]", "the answer holds no token"),
        (200, b'{"token": "sig=S3CRET", "msft:expiry": "soon"}', "the answer holds no token"),
    ],
)
def test_no_token_is_one_sentence_without_secrets(
    server: TokenServer,
    settings: Settings,
    clock: Clock,
    tmp_path: Path,
    status: int,
    body: bytes,
    why: str,
) -> None:
    server.token_status, server.token_body = status, body
    files, failures, _ = download(
        scene(server), tmp_path / "out", settings, Access(settings, clock)
    )
    assert files == []
    for one in failures:
        assert one.error.startswith(f"No access token from 127.0.0.1:{server.port}: {why}")
        assert not tokens_in(one.error)


def test_an_unreachable_token_server_is_one_sentence(
    server: TokenServer, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.stop()
    with pytest.raises(
        AccessError, match=r"No access token from 127\.0\.0\.1:\d+: it cannot be reached"
    ):
        Access(settings, clock).url("http://127.0.0.1:1/blue.tif", GUARDED, "c")


@pytest.mark.parametrize(
    ("catalog", "collection"),
    [
        ("earth-search", "sentinel-2-l2a"),
        ("file", "somebody-elses"),
        ("", ""),
        ("http://127.0.0.1:1/stac", "c"),
        ("no-such-catalogue", "c"),
    ],
)
def test_other_catalogues_get_no_token(
    server: TokenServer, settings: Settings, clock: Clock, catalog: str, collection: str
) -> None:
    href = "https://x.blob.core.windows.net/blue.tif"
    assert Access(settings, clock).url(href, catalog, collection) == href
    assert server.asked == []


@pytest.mark.parametrize("catalog", ["file", "https://stac.example/copy"])
def test_plain_items_of_a_file_get_a_token_by_their_collection(
    server: TokenServer, settings: Settings, clock: Clock, catalog: str
) -> None:
    href = "https://x.blob.core.windows.net/blue.tif"
    url = Access(settings, clock).url(href, catalog, "sentinel-2-l2a")
    assert url.startswith(f"{href}?se=")
    assert server.asked == ["sentinel-2-l2a"]


SIGNED = "https://x.blob.core.windows.net/a.tif?v=2&st=2020-01-01&se={}&sp=rl&sr=c&sig=OLD%3D"


@pytest.mark.parametrize("ends", ["2020-01-02T00%3A00%3A00Z", "2020-01-02"])
@pytest.mark.parametrize("catalog", [GUARDED, "file"])
def test_a_signature_that_has_expired_is_taken_off_and_a_token_is_had(
    server: TokenServer, settings: Settings, clock: Clock, ends: str, catalog: str
) -> None:
    url = Access(settings, clock).url(SIGNED.format(ends), catalog, "sentinel-2-l2a")
    assert url.startswith("https://x.blob.core.windows.net/a.tif?v=2&se=")
    assert url.endswith(SECRET)
    assert "OLD" not in url


def test_a_signature_that_holds_is_used_until_it_is_refused_or_about_to_expire(
    server: TokenServer, settings: Settings
) -> None:
    clock = Clock(datetime(2099, 1, 1, tzinfo=timezone.utc).timestamp())
    access = Access(settings, clock)
    href = SIGNED.format("2099-01-01T01%3A00%3A00Z")
    assert access.url(href, GUARDED, "sentinel-2-l2a") == href
    assert server.asked == []
    assert access.url(href, GUARDED, "sentinel-2-l2a", renew=True).endswith(SECRET)
    assert server.asked == ["sentinel-2-l2a"]
    clock.now += 3400
    assert access.url(href, GUARDED, "sentinel-2-l2a").endswith(SECRET)


def test_signatures_of_others_are_left_as_they_are(
    server: TokenServer, settings: Settings, clock: Clock
) -> None:
    for href in (
        "https://b.s3.amazonaws.com/a.tif?X-Amz-Date=20200101T000000Z&X-Amz-Expires=60"
        "&X-Amz-Signature=x",
        "https://storage.googleapis.com/b/a.tif?Expires=1577836800&Signature=x",
        "https://mine.blob.core.windows.net/a.tif?se=2020-01-02&sig=x",
    ):
        assert Access(settings, clock).url(href, "file", "my-own") == href
    assert server.asked == []


@pytest.mark.parametrize("ahead_s", [-86_400.0, 7200.0])
def test_a_wrong_clock_of_this_computer_wastes_no_token(
    server: TokenServer, settings: Settings, clock: Clock, ahead_s: float
) -> None:
    server.ahead_s = ahead_s
    access = Access(settings, clock)
    for _ in range(3):
        access.url(server.url("blue.tif"), GUARDED, "c")
        clock.now += 700
    assert len(server.asked) == 1
    clock.now += 700
    access.url(server.url("blue.tif"), GUARDED, "c")
    assert len(server.asked) == 2


def test_a_collection_that_gives_no_tokens_is_opened_without(
    server: TokenServer, settings: Settings, clock: Clock
) -> None:
    server.token_status = 404
    access = Access(settings, clock)
    for _ in range(2):
        assert access.url(server.url("a.tif"), GUARDED, "c") == server.url("a.tif")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "href",
    [
        "https://planetarycomputer.microsoft.com/api/data/v1/item/preview.png",
        "https://example.org/blue.tif",
        "https://blob.core.windows.net.evil.example/blue.tif",
    ],
)
def test_a_token_goes_to_blob_storage_only(
    server: TokenServer, settings: Settings, clock: Clock, href: str
) -> None:
    assert Access(settings, clock).url(href, GUARDED, "c") == href
    assert server.asked == []


def test_a_token_goes_to_blob_storage(
    server: TokenServer, settings: Settings, clock: Clock
) -> None:
    url = Access(settings, clock).url(
        "https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/a.tif", GUARDED, "c"
    )
    assert url.startswith("https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/a.tif?se=")
    assert url.endswith(SECRET)


def test_the_recorded_answer_of_the_real_token_server_is_understood(recorded: Any) -> None:
    answer = recorded("planetary-computer/sas_token_shape_REDACTED")
    assert {"msft:expiry", "token"} <= set(answer)
    when = datetime.strptime(answer["msft:expiry"], "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=timezone.utc
    )
    assert when == datetime(2024, 5, 14, 19, 0, 49, tzinfo=timezone.utc)


def test_headers_of_an_authentication_go_to_their_host_only(settings: Settings) -> None:
    mine = dataclasses.replace(settings, headers={"files.example": {"Authorization": "Bearer x"}})
    access = Access(mine)
    assert access.headers("https://files.example/a.tif") == {"Authorization": "Bearer x"}
    assert access.headers("https://other.example/a.tif") == {}
