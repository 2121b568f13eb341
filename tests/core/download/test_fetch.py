"""One URL → one file: what is tried again, what is not, and that nothing half-written ever has the
final name.
"""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from firstlight.core.download.fetch import FetchFailed
from firstlight.core.download.http import Waits
from firstlight.core.errors import BandDownloadError, Cancelled, DiskFullError, FirstLightError
from firstlight.core.files.checksum import Checksum
from firstlight.core.text import public_url
from support.disks import fill
from support.fetching import OPTIONS, FetchTrial
from support.range_server import ALWAYS, EMPTY_BODY, Fault, FaultyServer
from support.rasters import noise, write_raster
from support.waiting import PATIENCE_S, Gate, NotedWaits

FILE = "nir.tif"
NOISE = noise((256, 256), 7, 1, 60000)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[FaultyServer]:
    write_raster(tmp_path / "served" / FILE, NOISE)
    with FaultyServer(tmp_path / "served") as server:
        yield server


@pytest.fixture
def trial(served: FaultyServer, tmp_path: Path) -> FetchTrial:
    return FetchTrial(served, tmp_path / "out")


def test_a_file_arrives_whole_with_its_sum(trial: FetchTrial) -> None:
    got = trial.run()
    assert trial.target.read_bytes() == trial.content
    assert (got.size_bytes, got.attempts) == (len(trial.content), 1)
    assert got.sha256 == hashlib.sha256(trial.content).hexdigest()
    assert trial.names() == [FILE]
    assert [s[0] for s in trial.states] == ["downloading"] * len(trial.states)
    assert trial.states[-1][1:3] == (len(trial.content), len(trial.content))
    received = [s[1] for s in trial.states]
    assert received == sorted(received)


@pytest.mark.parametrize(
    ("status", "requests_made", "hint"),
    [
        (400, 1, "Search again"),
        (401, 1, "public catalogs do not require auth"),
        (403, 1, "search again, or attach a QGIS authentication"),
        (404, 1, "The file is not there; choose another scene or leave the band out."),
        (405, 1, "Search again"),
        (410, 1, "Search again"),
        (451, 1, "Search again"),
        (408, 3, "Try again later"),
        (425, 3, "Try again later"),
        (429, 3, "Try again later"),
        (500, 3, "Try again later"),
        (502, 3, "Try again later"),
        (503, 3, "Try again later"),
        (504, 3, "Try again later"),
    ],
)
def test_the_status_decides_whether_to_try_again(
    trial: FetchTrial, status: int, requests_made: int, hint: str
) -> None:
    trial.server.break_next(FILE, Fault(status=status))
    with pytest.raises(FetchFailed) as caught:
        trial.run()
    error = caught.value
    assert trial.server.count(FILE) == requests_made == error.attempts
    assert error.status == status
    assert error.reason.startswith(f"HTTP {status}")
    tried = ", tried 3 times" if requests_made == 3 else ""
    assert (
        str(error) == f"Band download failed for 'nir' from {trial.server.url(FILE)}: "
        f"{error.reason}{tried}. {error.hint}"
    )
    assert hint in error.hint
    assert trial.names() == []


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("fresh_is_good", [True, False])
def test_a_refused_address_is_renewed_once(
    trial: FetchTrial, status: int, fresh_is_good: bool
) -> None:
    trial.server.break_next(FILE, Fault(status=status, times=1 if fresh_is_good else ALWAYS))
    asked: list[bool] = []

    def open_url(renew: bool) -> str:
        asked.append(renew)
        return f"{trial.server.url(FILE)}?sig={'FRESH' if renew else 'STALE'}"

    if fresh_is_good:
        assert trial.run(open_url=open_url).attempts == 1
    else:
        with pytest.raises(FetchFailed, match=f"HTTP {status}") as caught:
            trial.run(open_url=open_url)
        assert caught.value.status == status
        assert not {"STALE", "FRESH"} & set(str(caught.value).replace("=", " ").split())
    assert asked == [False, True]
    assert [r.query for r in trial.server.requests] == ["sig=STALE", "sig=FRESH"]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_passing_status_passes(trial: FetchTrial, status: int) -> None:
    trial.server.break_next(FILE, Fault(status=status, times=2))
    assert trial.run().attempts == 3
    assert trial.server.count(FILE) == 3
    retrying = [s[3] for s in trial.states if s[0] == "retrying"]
    assert len(retrying) == 2
    assert all(text.startswith(f"HTTP {status}") for text in retrying)


def test_one_attempt_is_one_attempt(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(status=503))
    with pytest.raises(FetchFailed, match=r"HTTP 503[^,]*\. Try again later"):
        trial.run(dataclasses.replace(OPTIONS, attempts=1))
    assert trial.server.count(FILE) == 1


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [
        (None, [2.0, 4.0, 8.0]),
        ("0", [0.0, 0.0, 0.0]),
        ("7", [7.0, 7.0, 7.0]),
        ("soon", [2.0, 4.0, 8.0]),
        ("-5", [2.0, 4.0, 8.0]),
    ],
)
def test_waits_double_unless_the_server_says_how_long(
    trial: FetchTrial, retry_after: str | None, waits: list[float]
) -> None:
    trial.server.break_next(FILE, Fault(status=429, times=3, retry_after=retry_after))
    trial.stop = stop = NotedWaits()
    trial.run(dataclasses.replace(OPTIONS, attempts=4, delay_s=2.0))
    assert stop.asked == waits


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_an_hour_is_not_asked_again(trial: FetchTrial, status: int) -> None:
    trial.server.break_next(FILE, Fault(status=status, retry_after="3600"))
    trial.stop = stop = NotedWaits()
    with pytest.raises(FetchFailed, match=r"asks to wait 60 min\. Try again in 60 min"):
        trial.run()
    assert stop.asked == []
    assert trial.server.count(FILE) == 1


def test_too_many_requests_are_waited_for_much_longer_than_three_tries(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(status=429, times=5))
    trial.stop = stop = NotedWaits()
    trial.run(dataclasses.replace(OPTIONS, attempts=2, delay_s=2.0))
    assert stop.asked == [2.0, 4.0, 8.0, 16.0, 32.0]


def test_a_busy_server_is_given_up_after_the_time_that_is_set(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(status=503, retry_after="10"))
    trial.stop = stop = NotedWaits()
    with pytest.raises(FetchFailed, match=r"HTTP 503: the server asks to wait 10 s"):
        trial.run(dataclasses.replace(OPTIONS, busy_s=35.0))
    assert stop.asked == [10.0, 10.0, 10.0]


def test_no_wait_is_longer_than_a_minute(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(status=503, times=7))
    trial.stop = stop = NotedWaits()
    trial.run(dataclasses.replace(OPTIONS, attempts=8, delay_s=10.0))
    assert stop.asked == [10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 60.0]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(reset_after_bytes=0, times=2),
        Fault(reset_after_bytes=5000, times=2),
        Fault(short_by_bytes=1, times=2),
        Fault(short_by_bytes=100_000, times=2),
        dataclasses.replace(EMPTY_BODY, times=2),
    ],
    ids=["reset at once", "reset in the middle", "short by a byte", "short by much", "empty"],
)
def test_a_broken_transfer_is_tried_again(trial: FetchTrial, fault: Fault) -> None:
    trial.server.break_next(FILE, fault)
    assert trial.run().attempts == 3
    assert trial.target.read_bytes() == trial.content
    assert trial.names() == [FILE]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(reset_after_bytes=5000), r"the connection broke \("),
        (Fault(short_by_bytes=1), r"the connection broke|bytes came where the server announced"),
        (EMPTY_BODY, "the file came empty"),
        (Fault(short_by_bytes=1, no_length=True), r"what came is no raster|damaged"),
        (Fault(stall_after_bytes=5000), "the server did not answer in time|the connection broke"),
        (Fault(slow_s=PATIENCE_S), "the server did not answer in time"),
    ],
    ids=["reset", "short", "empty", "short and no length", "stall", "no answer"],
)
def test_a_transfer_that_stays_broken_fails_with_its_reason(
    trial: FetchTrial, fault: Fault, reason: str
) -> None:
    trial.server.break_next(FILE, fault)
    hangs = fault.slow_s is not None or fault.stall_after_bytes is not None
    waits = Waits(PATIENCE_S, 0.3) if hangs else OPTIONS.waits
    with pytest.raises(
        FetchFailed, match=f"{reason}.*, tried 2 times\\. Try again later"
    ) as caught:
        trial.run(dataclasses.replace(OPTIONS, attempts=2, waits=waits))
    assert not trial.target.exists()
    kept = any(name != FILE for name in trial.names())
    assert ("what has come is kept" in str(caught.value)) is kept


@pytest.mark.parametrize(
    "fault",
    [
        Fault(body=b"x" * 1000, media_type="image/tiff"),
        Fault(body=b"II*\0\x08\0\0\0", media_type="image/tiff"),
    ],
    ids=["noise", "the head of a TIFF"],
)
def test_what_is_no_raster_is_tried_again_and_then_named(trial: FetchTrial, fault: Fault) -> None:
    trial.server.break_next(FILE, dataclasses.replace(fault, times=2))
    assert trial.run().attempts == 3
    trial.target.unlink()
    trial.server.break_next(FILE, fault)
    with pytest.raises(FetchFailed, match=r"what came is no raster \(.*, tried 3 times"):
        trial.run()
    assert trial.names() == []


def test_a_vrt_in_the_place_of_a_band_is_refused(trial: FetchTrial, tmp_path: Path) -> None:
    secret = write_raster(tmp_path / "secret.tif")
    vrt = (
        '<VRTDataset rasterXSize="64" rasterYSize="64"><VRTRasterBand dataType="UInt16" '
        'band="1"><SimpleSource>'
        "<SourceFilename "
        f'relativeToVRT="0">{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    trial.server.break_next(FILE, Fault(body=vrt.encode(), media_type="image/tiff"))
    with pytest.raises(FirstLightError, match="no raster"):
        trial.run()


def test_the_stated_checksum_is_verified(trial: FetchTrial) -> None:
    assert (
        trial.run(checksum=Checksum("sha256", hashlib.sha256(trial.content).hexdigest())).attempts
        == 1
    )
    trial.target.unlink()
    with pytest.raises(
        FetchFailed, match=r"the checksum is sha256 [0-9a-f]{64} where the catalogue states 0{64}"
    ):
        trial.run(checksum=Checksum("sha256", "0" * 64))
    assert trial.names() == []


def test_the_stated_size_is_verified(trial: FetchTrial) -> None:
    size = len(trial.content)
    assert trial.run(expected_bytes=size).size_bytes == size
    trial.target.unlink()
    for other in (size + 1, 5):
        told: list[str] = []
        assert trial.run(expected_bytes=other, warn=told.append).size_bytes == size
        [text] = told
        assert text.startswith(f"the file has {size} bytes where the catalogue states {other}: it")
        trial.target.unlink()


def test_a_size_and_a_sum_of_another_file_cost_one_request(trial: FetchTrial) -> None:
    size = len(trial.content)
    with pytest.raises(
        FetchFailed,
        match=rf"the file has {size} bytes where the catalogue states 5\. What the catalogue",
    ):
        trial.run(expected_bytes=5, checksum=Checksum("sha256", "0" * 64))
    assert trial.server.count(FILE) == 1
    assert trial.names() == []


def test_a_length_that_nobody_says_is_that_of_the_catalogue(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(no_length=True))
    with pytest.raises(FetchFailed, match="more came than the 5 bytes that are stated"):
        trial.run(expected_bytes=5)
    assert trial.names() == []


@pytest.mark.parametrize("sent", [None, 0, 5000], ids=["no answer", "no byte", "in the body"])
def test_a_stop_is_seen_between_reads(trial: FetchTrial, sent: int | None) -> None:
    """A read that hangs is left behind by ``workers``; here it comes back when the server goes
    on.
    """
    gate = Gate()
    trial.server.break_next(FILE, Fault(gate=gate, stall_after_bytes=sent))
    trial.stop_at(gate)
    with pytest.raises(Cancelled, match="Downloading 'nir'"):
        trial.run()
    assert not trial.target.exists()
    assert trial.server.count(FILE) == 1


def test_a_stop_ends_a_long_wait(trial: FetchTrial) -> None:
    class StoppedInTheWait(NotedWaits):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return super().wait(timeout)

    trial.server.break_next(FILE, Fault(status=503))
    trial.stop = stop = StoppedInTheWait()
    with pytest.raises(Cancelled):
        trial.run(dataclasses.replace(OPTIONS, delay_s=30.0))
    assert stop.asked == [30.0]
    assert trial.server.count(FILE) == 1


def test_a_line_as_good_as_dead_is_given_up_and_shows_progress(
    trial: FetchTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]

    def take_long(state: str, size: int, *_: object) -> None:
        clock[0] += 200 if size else 0.0  # each read

    monkeypatch.setattr(
        "firstlight.core.download.http.time", SimpleNamespace(monotonic=lambda: clock[0])
    )
    monkeypatch.setattr("firstlight.core.download.http.READ_BYTES", 256 * 1024)
    trial.on_state = take_long
    write_raster(trial.server.root / FILE, noise((700, 700), 1, 1, 60000))
    with pytest.raises(FetchFailed, match=r"it came too slowly \(.* in 400 s\)"):
        trial.run(dataclasses.replace(OPTIONS, attempts=1, timeout_s=300))
    assert not trial.target.exists()
    sizes = [size for _, size, _, _ in trial.states]
    assert len(sizes) == 3
    assert sizes == sorted(set(sizes))
    assert sizes[-1] < len(trial.content)


def test_a_slow_line_that_makes_progress_takes_its_time(
    trial: FetchTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]

    def take_long(state: str, size: int, *_: object) -> None:
        clock[0] = size / 2000  # two kilobytes a second

    monkeypatch.setattr(
        "firstlight.core.download.http.time", SimpleNamespace(monotonic=lambda: clock[0])
    )
    trial.on_state = take_long
    write_raster(trial.server.root / FILE, noise((1000, 1000), 1, 1, 60000))
    trial.run(dataclasses.replace(OPTIONS, attempts=1, timeout_s=300))
    assert clock[0] > 900


def test_a_folder_that_is_a_file_is_named(trial: FetchTrial) -> None:
    folder = trial.target.parent / "scene"
    folder.write_text("in the way")
    trial.target = folder / FILE
    with pytest.raises(
        BandDownloadError,
        match=r"Band download failed for 'nir': .*nir\.tif\.part cannot be written",
    ):
        trial.run()
    assert folder.read_text() == "in the way"


def test_a_full_disk_is_named_at_once(trial: FetchTrial, small_disk: Path) -> None:
    fill(small_disk)
    trial.target = small_disk / FILE
    trial.server.break_next(FILE, Fault(no_length=True))
    with pytest.raises(
        DiskFullError, match=r"the disk of .* is full\. Free some room and run again: it goes on"
    ):
        trial.run()
    assert trial.server.count(FILE) == 1
    assert trial.names() == ["filler"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_file_that_may_grow_no_more_is_named(trial: FetchTrial) -> None:
    script = (
        "import resource, sys, threading, requests\n"
        "from pathlib import Path\n"
        "from firstlight.core.download.fetch import *\n"
        "from firstlight.core.errors import FirstLightError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "job = FetchJob('nir', sys.argv[1], Path(sys.argv[2]))\n"
        "try: fetch(job, FetchOptions(delay_s=0), requests.Session(), threading.Event(), print, "
        "lambda *s: None)\n"
        "except FirstLightError as error: print(type(error).__name__, error)\n"
    )
    url, target = trial.server.url(FILE), str(trial.target)
    done = subprocess.run(
        [sys.executable, "-c", script, url, target],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "cannot be written (File too large). Choose another folder." in done.stdout, done.stderr
    assert trial.server.count(FILE) == 1
    assert (
        not trial.target.exists()
    )  # whether a first piece was small enough to be kept depends on the network


def test_a_target_that_cannot_be_replaced_is_named(trial: FetchTrial) -> None:
    trial.target.mkdir()
    with pytest.raises(BandDownloadError, match=r"nir\.tif"):
        trial.run()


def test_an_older_file_stays_until_the_new_one_is_whole(trial: FetchTrial) -> None:
    trial.target.write_bytes(b"old")
    trial.server.break_next(FILE, Fault(short_by_bytes=10))
    with pytest.raises(FetchFailed):
        trial.run()
    assert trial.target.read_bytes() == b"old"
    trial.server.mend()
    trial.run()
    assert trial.target.read_bytes() == trial.content


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/a/b.tif?sig=SECRET&x=1", "https://h/a/b.tif"),
        ("https://user:SECRET@h:8/a.tif#SECRET", "https://h:8/a.tif"),
        ("s3://bucket/a.tif", "s3://bucket/a.tif"),
        ("/a/b.tif", "/a/b.tif"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert public_url(url) == shown


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        pytest.param("{base}?sig=SECRET", Fault(status=404), id="404"),
        pytest.param("{base}?sig=SECRET", Fault(status=503), id="503"),
        pytest.param("{base}?sig=SECRET", Fault(reset_after_bytes=10), id="reset"),
        pytest.param("{base}?sig=SECRET", EMPTY_BODY, id="empty"),
        pytest.param("http://127.0.0.1:9/nir.tif?sig=SECRET", None, id="refused"),
        pytest.param("s3://bucket/nir.tif?sig=SECRET", None, id="s3"),
        pytest.param("http://?sig=SECRET", None, id="no host"),
        pytest.param("nir.tif?sig=SECRET", None, id="no scheme"),
    ],
)
def test_no_sentence_tells_a_token(trial: FetchTrial, url: str, fault: Fault | None) -> None:
    if fault:
        trial.server.break_next(FILE, fault)
    with pytest.raises(FetchFailed) as caught:
        trial.run(url=url.format(base=trial.server.url(FILE)))
    assert "SECRET" not in f"{caught.value} {caught.value.reason} {trial.states}"


@pytest.mark.parametrize(
    "url", ["s3://bucket/nir.tif", "file:///etc/hostname", "nir.tif", "ftp://127.0.0.1/nir.tif"]
)
def test_what_is_no_web_address_fails_at_once(trial: FetchTrial, url: str) -> None:
    with pytest.raises(FetchFailed, match=r"Check the URL\.") as caught:
        trial.run(url=url)
    assert caught.value.attempts == 1


def test_faults_forever_are_what_the_server_was_told() -> None:
    assert Fault().times == ALWAYS  # so that "tried 3 times" above is the client's doing
