"""One URL on a bad day: what has come is never fetched twice, never mixed with another file, and
never trusted unproven.
"""

from __future__ import annotations

import dataclasses
import email.utils
import hashlib
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.download.fetch import FetchFailed, FetchOptions
from firstlight.core.download.http import MOST_REDIRECTS, retry_after
from firstlight.core.errors import BandDownloadError, Cancelled, DiskFullError
from firstlight.core.files.atomic import part_of
from firstlight.core.files.checksum import Checksum
from firstlight.core.files.journal import MARK_BYTES, Origin, journal_of
from firstlight.core.raster.facts import check_band_file
from support.fetching import OPTIONS, ChangingWaits, FetchTrial
from support.journals import rewrite_as_0_1
from support.range_server import HTML_PAGE, Fault, FaultyServer
from support.rasters import noise, write_raster
from support.waiting import Gate, NotedWaits

FILE = "nir.tif"
SLACK = MARK_BYTES + 2 * 256 * 1024
"""What a break may cost: up to a mark, and what was on its way."""


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 3 MB of noise."""
    pixels = noise((1250, 1250), 7, 1, 60000)
    return write_raster(tmp_path_factory.mktemp("band") / FILE, pixels)


@pytest.fixture
def served(tmp_path: Path, band: Path) -> Iterator[FaultyServer]:
    (tmp_path / "served").mkdir()
    shutil.copy(band, tmp_path / "served" / FILE)
    with FaultyServer(tmp_path / "served") as server:
        yield server


@pytest.fixture
def trial(served: FaultyServer, tmp_path: Path) -> FetchTrial:
    return FetchTrial(served, tmp_path / "out")


# ---- what has come is kept


@pytest.mark.parametrize("fault", ["reset_after_bytes", "stall_after_bytes"])
def test_a_break_in_the_middle_goes_on_from_there(trial: FetchTrial, fault: str) -> None:
    trial.server.break_next(FILE, Fault(times=1, **{fault: 2_500_000}))
    waits = ChangingWaits()
    trial.on_state = lambda state, *_: waits.be_patient() if state == "retrying" else None
    got = trial.run(dataclasses.replace(OPTIONS, waits=waits))
    trial.is_right()
    assert (got.attempts, got.etag) == (2, trial.etag)
    assert got.sha256 == hashlib.sha256(trial.content).hexdigest()
    states = [s[0] for s in trial.states]
    came = trial.states[states.index("retrying") - 1][1]
    assert got.resumed_bytes == came, (
        "all that was read is kept; what a reset took from the line's buffers never came"
    )
    assert fault.startswith("reset") or came == 2_500_000
    assert trial.server.bytes_sent(FILE) == 2_500_000 + len(trial.content) - came
    second = trial.server.requests[1].headers
    assert second["range"] == f"bytes={got.resumed_bytes}-"
    assert second["if-range"] == trial.etag
    assert [s[0] for s in trial.states if s[0] != "downloading"] == ["retrying", "resuming"]
    text = [s[3] for s in trial.states if s[0] == "resuming"]
    assert text == [f"Partial file detected, resuming at {got.resumed_bytes / 1e6:.1f} MB"]


def test_break_after_break_fetches_no_byte_twice(trial: FetchTrial) -> None:
    """A polite end loses nothing on the way: so the server sends exactly the file."""
    size = len(trial.content)
    trial.server.break_next(
        FILE, *(Fault(short_by_bytes=size * share // 100, times=1) for share in (90, 60, 30, 5))
    )
    got = trial.run(dataclasses.replace(OPTIONS, attempts=5))
    trial.is_right()
    assert got.attempts == 5
    assert trial.server.bytes_sent(FILE) == size


@pytest.mark.parametrize("version", ["0.1", "today's"])
def test_a_second_run_goes_on_where_the_first_gave_up(trial: FetchTrial, version: str) -> None:
    trial.server.break_next(FILE, Fault(short_by_bytes=1_000_000))
    trial.fails()
    if version == "0.1":
        rewrite_as_0_1(journal_of(part_of(trial.target)))
    kept = part_of(trial.target).stat().st_size
    before = trial.server.bytes_sent(FILE)
    trial.server.mend()
    got = trial.run(checksum=Checksum("sha512", hashlib.sha512(trial.content).hexdigest()))
    assert got.resumed_bytes == kept
    assert trial.server.bytes_sent(FILE) - before == len(trial.content) - kept
    trial.is_right()


def test_a_fresh_address_does_not_begin_anew(trial: FetchTrial) -> None:
    """Tokens change in the query; the file is the same."""
    trial.server.break_next(
        FILE, Fault(short_by_bytes=1_000_000, times=1), Fault(status=403, times=1)
    )
    names = iter(["A", "B", "C"])
    trial.run(open_url=lambda _: f"{trial.server.url(FILE)}?sig={next(names)}")
    trial.is_right()
    assert trial.server.bytes_sent(FILE) == len(trial.content)
    assert [request.query for request in trial.server.requests] == ["sig=A", "sig=B", "sig=C"]


def test_a_complete_part_is_only_checked_and_named(trial: FetchTrial) -> None:
    """The run before was killed between the last byte and the name."""
    trial.leave_part(len(trial.content))
    got = trial.run(checksum=Checksum("md5", hashlib.md5(trial.content).hexdigest()))
    trial.is_right()
    assert trial.server.requests == []
    assert (got.attempts, got.resumed_bytes, got.verified) == (1, len(trial.content), True)


def test_a_complete_part_with_a_wrong_sum_is_fetched_anew(trial: FetchTrial) -> None:
    wrong = bytes(len(trial.content))
    trial.leave_part(len(wrong), data=wrong)
    trial.run(checksum=Checksum("sha256", hashlib.sha256(trial.content).hexdigest()))
    trial.is_right()
    assert trial.ranges() == [None]


def test_a_complete_part_of_an_older_file_does_not_stand_in_the_way_for_ever(
    trial: FetchTrial,
) -> None:
    older = trial.content[:-1000]
    trial.leave_part(len(older), Origin(trial.server.url(FILE), '"older"', len(older)), older)
    trial.run(expected_bytes=len(trial.content))
    trial.is_right()


def test_a_complete_part_of_unknown_length_is_not_fetched_again(trial: FetchTrial) -> None:
    trial.leave_part(len(trial.content), Origin(trial.server.url(FILE), trial.etag, None))
    trial.run()
    trial.is_right()
    assert trial.server.bytes_sent(FILE) == 0


# ---- only ever the same file


def test_a_file_replaced_between_two_tries_comes_whole(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(short_by_bytes=1_000_000, times=1))
    trial.on_state = lambda state, *_: trial.replace() if state == "retrying" else None
    trial.run()
    trial.is_right()
    assert [bool(text) for text in trial.ranges()] == [False, True], (
        "the range was asked for; If-Range made it the whole"
    )


def test_a_file_replaced_between_two_runs_comes_whole(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(short_by_bytes=1_000_000))
    trial.fails()
    trial.server.mend()
    trial.replace()
    trial.run()
    trial.is_right()


@pytest.mark.parametrize("seed", [8, 9])
def test_a_server_that_never_looks_at_the_condition_is_found_out(
    trial: FetchTrial, seed: int
) -> None:
    """It sends the rest of another file as 206: its ETag tells."""
    trial.leave_part(2_000_000)
    trial.replace(seed)
    trial.server.break_next(FILE, Fault(ignore_condition=True, times=1))
    got = trial.run()
    trial.is_right()
    assert got.attempts == 2
    assert trial.states[0][3].startswith("the file on the server has changed")


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"ETag": 'W/"1"'}, True),
        ({"ETag": None}, True),
        ({"ETag": 'W/"1"', "Last-Modified": None}, False),
        ({"ETag": None, "Last-Modified": None}, False),
    ],
    ids=["weak ETag but a date", "only a date", "only a weak ETag", "nothing"],
)
def test_without_a_proof_of_sameness_it_begins_anew(
    trial: FetchTrial, headers: dict[str, str | None], kept: bool
) -> None:
    trial.server.break_next(
        FILE, Fault(short_by_bytes=1_000_000, headers=headers, times=1), Fault(headers=headers)
    )
    trial.run()
    trial.is_right()
    modified = email.utils.formatdate((trial.server.root / FILE).stat().st_mtime, usegmt=True)
    second = trial.server.requests[1].headers
    assert second.get("if-range") == (modified if kept else None)
    assert ("range" in second) == kept


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(shift_range=1000), "the server sent another part of the file than was asked for"),
        (
            Fault(headers={"Content-Range": None}),
            "the server sent another part of the file than was asked for",
        ),
        (
            Fault(headers={"Content-Range": "bytes */5"}),
            "the server sent another part of the file than was asked for",
        ),
        (
            Fault(headers={"Content-Range": "bytes 0-99/100"}),
            "the server sent another part of the file than was asked for",
        ),
        (
            Fault(headers={"Content-Range": "bytes 2000000-2999999/3000000"}),
            "the file on the server has changed (3000000 bytes, it had ",
        ),
        (
            Fault(headers={"Content-Range": "bytes 2000000-2500000/3000000"}),
            "the server sent another part of the file than was asked for",
        ),
        (Fault(headers={"ETag": '"other"'}), "the file on the server has changed"),
        (Fault(status=416), "the file on the server is shorter than what had come"),
    ],
    ids=[
        "shifted",
        "none",
        "no span",
        "from the first",
        "other total",
        "not to the end",
        "other ETag",
        "416",
    ],
)
def test_an_answer_that_is_not_the_rest_is_thrown_away_and_all_fetched_anew(
    trial: FetchTrial, fault: Fault, reason: str
) -> None:
    trial.leave_part(2_000_000)
    trial.server.break_next(FILE, dataclasses.replace(fault, times=1))
    assert trial.run().attempts == 2
    trial.is_right()
    assert trial.ranges() == ["bytes=2000000-", None]
    assert next(s[3] for s in trial.states if s[0] == "retrying").startswith(reason)


def test_the_whole_where_a_part_was_asked_for_is_taken_as_the_whole(trial: FetchTrial) -> None:
    trial.leave_part(2_000_000)
    trial.server.break_next(FILE, Fault(ignore_range=True))
    got = trial.run()
    assert (got.attempts, got.resumed_bytes) == (1, 0)
    trial.is_right()


def test_a_part_where_the_whole_was_asked_for_is_refused(trial: FetchTrial) -> None:
    part = {"Content-Range": "bytes 5-9/10"}
    trial.server.break_next(FILE, Fault(status=206, headers=part, times=1))
    assert trial.run().attempts == 2
    trial.is_right()


def test_a_file_shorter_than_what_had_come_is_fetched_anew(trial: FetchTrial) -> None:
    trial.leave_part(2_000_000)
    write_raster(trial.server.root / FILE)
    trial.run()
    trial.is_right()


def test_a_part_that_somebody_touched_is_cut_back_to_what_is_proven(trial: FetchTrial) -> None:
    trial.leave_part(2_600_000)
    with part_of(trial.target).open("r+b") as file:
        file.seek(2_590_000)
        file.write(b"touched")
    got = trial.run()
    trial.is_right()
    assert MARK_BYTES <= got.resumed_bytes < 2_590_000


def test_a_part_without_a_journal_is_not_trusted(trial: FetchTrial) -> None:
    part_of(trial.target).write_bytes(b"x" * 2_000_000)
    trial.run()
    trial.is_right()
    assert trial.ranges() == [None]


# ---- lengths, encodings, sums


def test_a_short_body_without_a_length_but_with_a_stated_size_goes_on(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(short_by_bytes=1_000_000, no_length=True, times=1))
    got = trial.run(expected_bytes=len(trial.content))
    trial.is_right()
    assert got.attempts == 2
    assert trial.server.bytes_sent(FILE) == len(trial.content)


def test_a_body_without_a_length_is_taken_if_it_is_a_raster(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(short_by_bytes=0, no_length=True))
    trial.run()
    trial.is_right()


def test_more_than_was_announced_never_gets_the_name(trial: FetchTrial) -> None:
    """The body is cut at the announced length, which is then no raster."""
    trial.server.break_next(FILE, Fault(headers={"Content-Length": "5000"}, times=1))
    assert trial.run().attempts == 2
    trial.is_right()


@pytest.mark.parametrize("stated", [None, "size", "sum"])
def test_a_packed_body_is_unpacked(trial: FetchTrial, stated: str | None) -> None:
    trial.server.break_next(FILE, Fault(gzip=True))
    more: dict[str, Any] = {}
    if stated == "size":
        more = {"expected_bytes": len(trial.content)}
    if stated == "sum":
        more = {"checksum": Checksum("sha256", hashlib.sha256(trial.content).hexdigest())}
    assert trial.run(**more).attempts == 1
    trial.is_right()
    assert trial.server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512", "blake2b"])
@pytest.mark.parametrize("broken", [False, True])
def test_every_kind_of_sum_is_verified_while_it_comes(
    trial: FetchTrial, name: str, broken: bool
) -> None:
    """Also over a break: the sum goes on with the bytes."""
    if broken:
        trial.server.break_next(FILE, Fault(reset_after_bytes=2_000_000, times=1))
    right = hashlib.new(name, trial.content).hexdigest()
    got = trial.run(checksum=Checksum(name, right))
    assert got.verified
    assert got.sha256 == hashlib.sha256(trial.content).hexdigest()
    trial.is_right()
    trial.target.unlink()
    error = trial.fails(checksum=Checksum(name, "0" * len(right)))
    assert (
        error.reason
        == f"the checksum is {name} {right} where the catalogue states {'0' * len(right)}"
    )


def test_a_sum_that_is_wrong_once_is_got_over(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(rot={1_500_000: b"rotten"}, times=1))
    got = trial.run(checksum=Checksum("sha256", hashlib.sha256(trial.content).hexdigest()))
    trial.is_right()
    assert (got.attempts, trial.ranges()) == (2, [None, None])


def test_a_sum_that_stays_wrong_ends_after_exactly_two_downloads_and_leaves_nothing(
    trial: FetchTrial,
) -> None:
    found = hashlib.md5(trial.content).hexdigest()
    with pytest.raises(FetchFailed) as caught:
        trial.run(dataclasses.replace(OPTIONS, attempts=9), checksum=Checksum("md5", "0" * 32))
    assert trial.ranges() == [None, None]
    assert trial.names() == []
    assert f"the checksum is md5 {found} where the catalogue states {'0' * 32}" in str(caught.value)


def test_after_a_wrong_sum_nobody_is_sent_to_check_the_url(trial: FetchTrial) -> None:
    assert "URL" not in trial.fails(checksum=Checksum("md5", "0" * 32)).hint


def test_a_page_of_html_leaves_nothing_to_go_on_from(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, HTML_PAGE)
    assert "sends a page to log in where the file should be" in trial.fails().reason
    assert trial.server.count(FILE) == 1
    assert trial.names() == []


def test_a_page_of_html_as_the_answer_to_a_range_costs_no_more_than_the_part(
    trial: FetchTrial,
) -> None:
    trial.leave_part(2_000_000)
    trial.server.break_next(FILE, dataclasses.replace(HTML_PAGE, times=1))
    trial.fails()
    assert trial.run().resumed_bytes > 0
    trial.is_right()


# ---- waits


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("61", 61.0),
        ("9" * 400, 999_999_999_999.0),
        (email.utils.formatdate(NOW + 30, usegmt=True), 30.0),
        (email.utils.formatdate(NOW + 3000, usegmt=True), 3000.0),
        (email.utils.formatdate(NOW - 30, usegmt=True), 0.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tuesday, 14-Nov-23 22:13:50 GMT", 30.0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("Tue, 99 Nov 2023 22:13:50 GMT", None),
        ("Tue, 14 Nov 99999 22:13:50 GMT", None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(text: str, seconds: float | None) -> None:
    """By the server's clock, which its answer tells."""
    assert retry_after(text, email.utils.formatdate(NOW, usegmt=True)) == seconds


def test_retry_after_with_an_odd_digit(trial: FetchTrial) -> None:
    assert retry_after("²") is None


@pytest.mark.parametrize("status", [429, 503])
def test_the_servers_date_is_waited_for(trial: FetchTrial, status: int) -> None:
    began = time.time()
    moment = int(began) + 50
    date = email.utils.formatdate(moment, usegmt=True)
    trial.server.break_next(FILE, Fault(status=status, retry_after=date, times=1))
    trial.stop = stop = NotedWaits()
    trial.run()
    [asked] = stop.asked
    assert asked is not None
    assert moment - time.time() - 1 <= asked <= moment - began + 1  # to the second


def test_503_for_ever_waits_and_ends(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(status=503))
    trial.stop = stop = NotedWaits()
    with pytest.raises(FetchFailed, match=r"HTTP 503, tried 3 times\. Try again later"):
        trial.run(dataclasses.replace(OPTIONS, delay_s=2.0))
    assert stop.asked == [2.0, 4.0]


def test_jitter_never_shortens_and_adds_at_most_a_quarter(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(status=503))
    trial.stop = stop = NotedWaits()
    with pytest.raises(FetchFailed):
        trial.run(FetchOptions(attempts=21, delay_s=0.00001))
    ratios = [(asked or 0) / (0.00001 * 2**number) for number, asked in enumerate(stop.asked)]
    assert len(set(np.round(ratios, 6))) > 5
    assert min(ratios) >= 1.0
    assert max(ratios) <= 1.25


def test_a_slow_first_byte_is_no_fault(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(slow_s=0.3))
    assert trial.run().attempts == 1


# ---- redirects


def test_a_redirect_is_followed_and_the_part_belongs_to_the_address_asked(
    trial: FetchTrial,
) -> None:
    trial.server.break_next("moved.tif", Fault(redirect=trial.server.url(FILE)))
    trial.server.break_next(FILE, Fault(short_by_bytes=1_000_000, times=1))
    trial.run(url=trial.server.url("moved.tif"))
    trial.is_right()
    assert trial.server.bytes_sent(FILE) == len(trial.content)


def test_a_redirect_loop_ends_at_once(trial: FetchTrial) -> None:
    trial.server.break_next(FILE, Fault(redirect=trial.server.url(FILE)))
    error = trial.fails()
    assert error.reason == f"the server redirects more than {MOST_REDIRECTS} times"
    assert (error.attempts, trial.server.count(FILE)) == (1, MOST_REDIRECTS + 1)


SECRETS = {"Authorization": "Bearer secret", "X-Api-Key": "secret", "Cookie": "session=secret"}


def test_private_headers_stay_with_their_host(trial: FetchTrial, tmp_path: Path) -> None:
    with FaultyServer(trial.server.root) as other:
        trial.leave_part(2_000_000)
        trial.server.break_next(FILE, Fault(redirect=other.url(FILE)))
        trial.run(headers=SECRETS)
        assert {name.lower() for name in SECRETS} <= set(trial.server.requests[0].headers)
        (request,) = other.requests
    assert "secret" not in str(request.headers)
    assert request.range == "bytes=2000000-", "what is no secret goes along"
    assert request.headers["if-range"] == trial.etag
    trial.is_right()


def test_private_headers_go_along_on_their_own_host(trial: FetchTrial) -> None:
    trial.server.break_next("moved.tif", Fault(redirect="/" + FILE))
    trial.run(url=trial.server.url("moved.tif"), headers=SECRETS)
    assert all(request.headers["x-api-key"] == "secret" for request in trial.server.requests)
    assert len(trial.server.requests) == 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not here: no certificate can be made")
    folder = tmp_path_factory.mktemp("tls")
    words = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    words += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    words += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([openssl, *words], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def secure(trial: FetchTrial, certificate: tuple[Path, Path]) -> Iterator[FaultyServer]:
    server = FaultyServer(trial.server.root)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    trial.verify = str(certificate[0])
    with server:
        yield server


def https(server: FaultyServer, name: str = FILE) -> str:
    return server.url(name).replace("http:", "https:")


def test_https_works(trial: FetchTrial, secure: FaultyServer) -> None:
    trial.run(url=https(secure))
    trial.is_right()


def test_from_https_to_http_is_refused(trial: FetchTrial, secure: FaultyServer) -> None:
    secure.break_next(FILE, Fault(redirect=trial.server.url(FILE)))
    error = trial.fails(url=https(secure))
    assert (
        error.reason == "the server sends from https to http, which anybody could read and change"
    )
    assert error.attempts == 1
    assert trial.server.requests == []


def test_from_https_by_https_to_http_is_refused_too(
    trial: FetchTrial, secure: FaultyServer
) -> None:
    secure.break_next("moved.tif", Fault(redirect="/" + FILE))
    secure.break_next(
        FILE, Fault(redirect=trial.server.url(FILE).upper().replace(FILE.upper(), FILE))
    )
    assert "from https to http" in trial.fails(url=https(secure, "moved.tif")).reason
    assert trial.server.requests == []


def test_from_http_to_https_is_followed(trial: FetchTrial, secure: FaultyServer) -> None:
    trial.server.break_next(FILE, Fault(redirect=https(secure)))
    trial.run()
    trial.is_right()


def test_a_certificate_of_nobody_is_refused_at_once(
    trial: FetchTrial, secure: FaultyServer
) -> None:
    trial.verify = True
    error = trial.fails(url=https(secure))
    assert error.reason.startswith("no secure connection could be made (")
    assert (error.attempts, secure.requests) == (1, [])


# ---- the disk


def test_a_full_disk_ends_it_and_with_more_room_it_goes_on(
    trial: FetchTrial, small_disk: Path
) -> None:
    trial.target = small_disk / FILE
    trial.server.break_next(FILE, Fault(no_length=True, times=1))
    with pytest.raises(DiskFullError, match="is full"):
        trial.run()
    assert trial.server.count(FILE) == 1, "another try would meet the same"
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    got = trial.run()
    trial.is_right()
    assert got.resumed_bytes >= MARK_BYTES
    assert trial.ranges()[1] == f"bytes={got.resumed_bytes}-"


def test_a_folder_that_may_only_be_read_is_named(trial: FetchTrial, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=8m,ro", str(small_disk)], check=True)
    trial.target = small_disk / FILE
    with pytest.raises(
        BandDownloadError,
        match=r"\.part cannot be written \(Read-only file system\)\. Choose another folder\.",
    ):
        trial.run()


def test_a_folder_that_becomes_read_only_at_the_end_keeps_the_part(
    trial: FetchTrial, small_disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    trial.target = small_disk / FILE

    def check(path: Path) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    trial.check = check
    with pytest.raises(BandDownloadError, match=r"nir\.tif cannot be written \(Read-only"):
        trial.run()
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    trial.check = check_band_file
    trial.run()
    trial.is_right()
    assert trial.server.bytes_sent(FILE) == len(trial.content)


# ---- stops


def test_a_stop_before_the_first_request_asks_nothing_more(trial: FetchTrial) -> None:
    trial.stop.set()
    with pytest.raises(Cancelled, match="Downloading 'nir'"):
        trial.run()
    assert not trial.target.exists()
    assert trial.server.bytes_sent(FILE) <= len(trial.content)


@pytest.mark.parametrize("state", ["downloading", "resuming", "retrying"])
def test_a_stop_at_any_moment_keeps_what_has_come(trial: FetchTrial, state: str) -> None:
    trial.server.break_next(FILE, Fault(short_by_bytes=1_000_000, times=1))
    trial.on_state = lambda now, size, *_: (
        trial.stop.set() if now == state and (size or now == "retrying") else None
    )
    with pytest.raises(Cancelled, match="Downloading 'nir'"):
        trial.run()
    assert not trial.target.exists()
    assert journal_of(part_of(trial.target)).exists()
    trial.stop.clear()
    trial.on_state = lambda *_: None
    trial.server.mend()
    before = trial.server.requests[:]
    got = trial.run()
    trial.is_right()
    assert len(trial.server.requests) == len(before) + 1
    if state != "downloading":
        assert got.resumed_bytes > 1_000_000


def test_a_stop_while_nothing_has_come_leaves_nothing(trial: FetchTrial) -> None:
    gate = Gate()
    trial.server.break_next(FILE, Fault(stall_after_bytes=0, gate=gate))
    trial.stop_at(gate)
    with pytest.raises(Cancelled):
        trial.run()
    assert trial.names() == []


def test_a_stop_during_the_check_keeps_all_and_the_next_run_asks_nothing(trial: FetchTrial) -> None:
    trial.check = lambda _: trial.stop.set()
    with pytest.raises(Cancelled):
        trial.run()
    assert not trial.target.exists()
    trial.stop.clear()
    trial.check = check_band_file
    trial.run()
    trial.is_right()
    assert trial.server.count(FILE) == 1


def test_a_stop_in_the_middle_of_a_stall_is_kept_up_to_the_last_byte(trial: FetchTrial) -> None:
    gate = Gate()
    trial.server.break_next(FILE, Fault(stall_after_bytes=1_700_000, times=1, gate=gate))

    def stop_when_all_came(state: str, size: int, *_: object) -> None:
        if size == 1_700_000:
            trial.stop.set()
            gate.open()

    trial.on_state = stop_when_all_came
    with pytest.raises(Cancelled):
        trial.run()
    trial.stop.clear()
    trial.on_state = lambda *_: None
    assert trial.run().resumed_bytes == 1_700_000
    trial.is_right()
