"""The ``flight`` command where its surroundings are odd: streams that are closed or full, terminals
that know ASCII only, no home folder; and text from elsewhere that a terminal would obey.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.errors import is_shortage
from support.command import Flight, flight_command
from support.rasters import ramp, write_raster
from support.thorough import few

COMMAND = (sys.executable, "-m", "firstlight.core.cli")
UNIX = pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")


@pytest.fixture
def flight(capsys: pytest.CaptureFixture[str]) -> Flight:
    return flight_command(capsys)


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A line of the shell in which ``$FLIGHT`` is the command."""
    env = {**os.environ, "FLIGHT": " ".join(COMMAND), **environment}
    return subprocess.run(["bash", "-c", line], capture_output=True, env=env, check=False)


@UNIX
def test_a_closed_stdout_is_told() -> None:
    done = shell("$FLIGHT info --bands sentinel2 >&-")
    assert done.returncode == 1
    assert b"The result of flight info cannot be printed: Bad file descriptor." in done.stderr
    assert b"Traceback" not in done.stderr


@UNIX
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_stdout_is_told() -> None:
    done = shell("$FLIGHT info --bands sentinel2 >/dev/full")
    assert done.returncode == 1
    assert b"cannot be printed: No space left on device." in done.stderr
    assert b"Exception" not in done.stderr


@pytest.mark.thorough
@UNIX
@few(
    "stream",
    [
        "2>/dev/full",
        "0<&- 2>&-",
        "2>&-",
    ],
    2,
)
def test_without_stderr_the_work_is_done(stream: str, tmp_path: Path) -> None:
    bands = [write_raster(tmp_path / f"{name}.tif", ramp()) for name in ("red", "nir")]
    stacked = f"$FLIGHT stack --band red={bands[0]} --band nir={bands[1]} --output {tmp_path}/s.vrt"
    assert shell(f"{stacked} --sensor sentinel2 {stream}").returncode == 0
    # Nothing that was printed has got into a file that took the stream's number.
    assert (tmp_path / "s.vrt").read_bytes().startswith(b"<VRTDataset")
    assert shell(f"$FLIGHT validate {tmp_path}/no.tif {stream}").returncode == 1


@UNIX
def test_nobody_listens_to_stderr_any_more(tmp_path: Path) -> None:
    bands = [write_raster(tmp_path / f"{name}.tif", ramp()) for name in ("red", "nir")]
    stacked = f"$FLIGHT stack --band red={bands[0]} --band nir={bands[1]} --output {tmp_path}/s.vrt"
    done = shell(f"{stacked} --sensor sentinel2 2> >(exec true) >/dev/null")
    assert done.returncode == 0
    assert (tmp_path / "s.vrt").exists()


@UNIX
@few("locale", ["C", "POSIX", "xx_XX.bad"])
def test_a_terminal_that_knows_ascii_only(locale: str, tmp_path: Path) -> None:
    write_raster(tmp_path / "rot.tif", np.full((8, 8), 5, np.uint16))
    results_of(tmp_path, "ümläut")
    quiet = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = shell(f"$FLIGHT results {tmp_path}", PYTHONIOENCODING="ascii", **quiet)
    assert done.returncode == 3, done.stderr
    assert b"\\xfcml\\xe4ut" in done.stdout
    done.stderr.decode("ascii")
    done = shell(f"$FLIGHT describe {tmp_path}/ümläut.tif", **quiet)
    assert done.returncode == 2
    assert b"it is not in the terminal's encoding. Set a locale of UTF-8" in done.stderr


@pytest.mark.thorough
@UNIX
def test_no_home_folder() -> None:
    alone = "env -u HOME -u XDG_CACHE_HOME setpriv --reuid 54321 --regid 54321 --clear-groups"
    if shell(f"{alone} true").returncode:
        pytest.skip("only root may become somebody without a home")
    if shell(f"{alone} $FLIGHT --version").returncode:
        pytest.skip("nobody else can read this Python")
    assert shell(f"{alone} $FLIGHT info --bands sentinel2").returncode == 0
    done = shell(f"{alone} $FLIGHT cache")
    assert b"Bands cannot be kept: this user has no home folder." in done.stderr
    assert done.returncode == 2
    done = shell(f"{alone} $FLIGHT validate '~nosuchuser/x.tif'")
    assert b"fault in FirstLight" not in done.stderr + done.stdout


def results_of(folder: Path, title: str) -> Path:
    """A folder with one result of that title, which names a file that is not there."""
    item = {
        "properties": {"firstlight:operation": "burn-severity", "title": title},
        "assets": {f"x{title}": {"href": f"./{title}.tif".replace("/", "_"), "title": title}},
    }
    (folder / "x.stac.json").write_text(json.dumps(item))
    return folder


@pytest.mark.parametrize(
    "evil",
    [
        "\x1b[31mred\x1b]0;owned\x07",
        "a\nwarning: forged",
        "a\r\x1b[2Kflight: done",
        "\u202etxt.exe",
        "\u2028next",
        "\x9b31m",
        "\ud800",
        "\u200bhidden",
        "\U000e0041tag",
    ],
)
def test_text_from_elsewhere_is_shown_and_never_obeyed(
    evil: str, flight: Flight, tmp_path: Path
) -> None:
    code, out, err = flight("results", results_of(tmp_path, evil))
    assert code == 3
    for text in (out, err):
        (text.encode("utf-8"))
        assert not any(mark in text for mark in evil if not mark.isprintable() and mark != "\n")
        assert not any(line.startswith("warning: forged") for line in text.splitlines())
    assert "\\" in out
    code, out, _ = flight("results", tmp_path, "--json")
    assert json.loads(out)[0]["title"] == evil


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("can't allocate lock"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (ImportError("libgdal.so: failed to map segment from shared object"), True),
        (RuntimeError("something else"), False),
        (ModuleNotFoundError("No module named '_gdal'"), False),
    ],
)
def test_what_comes_of_a_shortage_is_told_from_faults(error: Exception, short: bool) -> None:
    assert is_shortage(error) == short
    later = ModuleNotFoundError("No module named '_gdal'")
    later.__context__ = error
    assert is_shortage(later) == short, "a library hides the reason behind another one"


@pytest.mark.skipif(sys.platform != "linux", reason="limits a process as Linux does")
def test_a_process_that_gets_no_memory_says_so(tmp_path: Path) -> None:
    """Its libraries do not fit into it."""
    import resource

    path = write_raster(tmp_path / "red.tif")
    most = 350 << 20
    done = subprocess.run(
        [sys.executable, "-m", "firstlight.core.cli", "describe", str(path)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)),
    )
    assert done.returncode == 1
    assert "there is not enough memory. Use a smaller area." in done.stderr
    assert "fault in FirstLight" not in done.stderr


def test_memory_that_is_not_there_is_a_sentence(
    flight: Flight, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write_raster(tmp_path / "red.tif")

    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("firstlight.core.operations.describe.identify_source", exhausted)
    code, _, err = flight("describe", path)
    assert (code, err.strip().splitlines()[-1]) == (
        1,
        "flight describe failed: there is not enough memory. Use a smaller area.",
    )
