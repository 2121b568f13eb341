"""One job at a time in a folder: the second waits, and no crash leaves a lock behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import pytest

from firstlight.core.errors import Cancelled
from firstlight.core.files import lock as lock_module
from firstlight.core.files.lock import LOCK_NAME, folder_lock
from support.waiting import PATIENCE_S, wait_until

HOLD = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from firstlight.core.files.lock import folder_lock\n"
    "with folder_lock(Path(sys.argv[1]), lambda: False, lambda: print('waits', flush=True)):\n"
    "    print('has it', flush=True)\n"
    "    sys.stdin.read()\n"
)


def holder(folder: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", HOLD, str(folder)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "has it\n"
    return process


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = holder(tmp_path)
    yield process
    process.kill()
    process.communicate()


class Waited:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def test_held_and_gone_afterwards(tmp_path: Path) -> None:
    waited = Waited()
    for _ in range(2):
        with folder_lock(tmp_path, lambda: False, waited):
            assert [path.name for path in tmp_path.iterdir()] == [LOCK_NAME]
        assert list(tmp_path.iterdir()) == []
    assert waited.times == 0


def test_gone_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), folder_lock(tmp_path, lambda: False, Waited()):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_a_crash_has_left_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).touch()
    waited = Waited()
    with folder_lock(tmp_path, lambda: False, waited):
        pass
    assert waited.times == 0


def test_never_two_at_once_in_this_process(tmp_path: Path) -> None:
    inside, most, waited = 0, 0, Waited()

    def job() -> None:
        nonlocal inside, most
        with folder_lock(tmp_path, lambda: False, waited):
            inside += 1
            most = max(most, inside)
            wait_until(lambda: waited.times == 4)  # all others have come and say that they wait
            inside -= 1

    threads = [threading.Thread(target=job) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert most == 1
    assert waited.times == 4, "each says once that it waits"
    assert list(tmp_path.iterdir()) == []


def test_another_process_is_waited_for_and_told_once(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    waited = Waited()
    looks = 0

    def stopped() -> bool:
        nonlocal looks
        looks += 1
        if looks == 2:
            other.communicate("")  # its input ends: it lets go
        return False

    with folder_lock(tmp_path, stopped, waited):
        assert other.returncode == 0
        assert (tmp_path / LOCK_NAME).exists()
    assert waited.times == 1
    assert looks >= 2


def test_who_is_killed_lets_go(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    waited = Waited()
    with folder_lock(tmp_path, lambda: False, waited):
        assert waited.times == 0
    assert list(tmp_path.iterdir()) == []


def test_a_wait_can_be_stopped(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    with (
        pytest.raises(Cancelled, match=f"Waiting for {tmp_path}"),
        folder_lock(tmp_path, lambda: True, Waited()),
    ):
        raise AssertionError("held by another")
    assert (tmp_path / LOCK_NAME).exists(), "the other's"


def test_only_the_file_that_bears_the_name_is_a_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening and locking, who had it may have removed the file, and another may have made
    and locked a new one.
    """
    real, path = lock_module._try_lock, tmp_path / LOCK_NAME
    tries = 0

    def late(file: FileIO, folder: Path) -> bool:
        nonlocal tries
        tries += 1
        if tries == 1:
            path.unlink()
            path.touch()
        return real(file, folder)

    monkeypatch.setattr(lock_module, "_try_lock", late)
    with folder_lock(tmp_path, lambda: False, Waited()), FileIO(path, "r+") as another:
        assert not real(another, tmp_path), "what others find under the name is locked"
    assert tries == 2


def test_a_child_process_does_not_inherit_it(tmp_path: Path) -> None:
    with folder_lock(tmp_path, lambda: False, Waited()):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    waited = Waited()
    with folder_lock(tmp_path, lambda: False, waited):
        assert waited.times == 0
    child.communicate(b"\n")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(folder)]
    if (
        sys.platform != "linux"
        or os.geteuid() != 0
        or subprocess.run(words, capture_output=True, check=False).returncode
    ):
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_in_a_folder_that_may_only_be_read_nothing_is_held(read_only: Path) -> None:
    waited = Waited()
    with (
        folder_lock(read_only, lambda: False, waited),
        folder_lock(read_only, lambda: False, waited),
    ):
        assert list(read_only.iterdir()) == []
    assert waited.times == 0


WINDOWS = """
import errno, sys, types
from io import FileIO
from pathlib import Path
from firstlight.core.errors import FirstLightError
from firstlight.core.files import lock
answers = [int(number) for number in sys.argv[2].split(",")]
msvcrt = types.ModuleType("msvcrt")
msvcrt.LK_NBLCK = 2
def locking(handle, mode, count):
    number = answers.pop(0)
    if number:
        raise OSError(number, "Input/output error")
msvcrt.locking = locking
sys.modules["msvcrt"] = msvcrt
sys.platform = "win32"
try:
    with lock.folder_lock(Path(sys.argv[1]), lambda: False, lambda: print("waits")):
        print("has it")
except FirstLightError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([0], ["has it"]),
        ([errno.EACCES, errno.EDEADLK, 0], ["waits", "has it"]),
        ([errno.EACCES, errno.EIO], ["waits", "IngestionError The folder {folder} cannot be held"]),
        ([errno.EINVAL], ["IngestionError The folder {folder} cannot be held for this job: "]),
    ],
    ids=["free", "held twice", "held, then broken", "no locks there"],
)
def test_windows_is_waited_for_only_where_another_has_the_lock(
    tmp_path: Path, answers: list[int], said: list[str]
) -> None:
    """With a stand-in for ``msvcrt``, since this is no Windows: how its answers are taken."""
    words = [sys.executable, "-c", WINDOWS, str(tmp_path), ",".join(map(str, answers))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    lines = done.stdout.splitlines()
    assert len(lines) == len(said), done.stderr
    for line, start in zip(lines, said):
        assert line.startswith(start.format(folder=tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_link_in_the_place_of_the_lock_is_left_alone(tmp_path: Path) -> None:
    folder, victim = tmp_path / "shared", tmp_path / "victim"
    folder.mkdir()
    (folder / LOCK_NAME).symlink_to(victim)
    with folder_lock(folder, lambda: False, Waited()):
        pass
    assert not victim.exists()
