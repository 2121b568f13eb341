"""The watch on sockets sees what listens and connects beyond loopback, in any process."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "check_sockets.py"
TEST_NET = "192.0.2.1"  # RFC 5737: nobody's
START = "import socket; s = socket.socket({family}, {kind}); s.setblocking(False); "


def _may_trace() -> bool:
    return bool(shutil.which("strace")) and not subprocess.run(["strace", "-qq", "true"]).returncode


pytestmark = pytest.mark.skipif(not _may_trace(), reason="strace is missing, or may not trace")


def watch(code: str, family: str = "socket.AF_INET", kind: str = "socket.SOCK_STREAM") -> list[str]:
    """What is said of a program, which does it in a process of its own."""
    inner = START.format(family=family, kind=kind) + code
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    done = subprocess.run(
        [sys.executable, SCRIPT, sys.executable, "-c", outer], capture_output=True, text=True
    )
    assert done.returncode == bool(done.stderr), done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("reaches beyond")]


INET6 = {"family": "socket.AF_INET6"}


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        ("s.bind(('0.0.0.0', 0))", {}, '"0.0.0.0"'),
        ("s.bind(('', 0)); s.listen()", {}, '"0.0.0.0"'),
        ("s.bind(('::', 0))", INET6, '"::"'),
        ("s.listen()", {}, "listen("),
        (f"s.connect_ex(('{TEST_NET}', 80))", {}, f'"{TEST_NET}"'),
        (f"s.connect_ex(('{TEST_NET}', 53))", {"kind": "socket.SOCK_DGRAM"}, f'"{TEST_NET}"'),
        ("s.connect_ex(('2001:db8::1', 80))", INET6, '"2001:db8::1"'),
    ],
)
def test_what_reaches_further_is_seen(code: str, words: dict[str, str], said: str) -> None:
    lines = watch(code, **words)
    assert lines
    assert any(said in line for line in lines)


def test_a_name_that_is_asked_for_sends_nothing_but_the_question() -> None:
    """The order of addresses, and the question to the resolver."""
    assert watch("socket.getaddrinfo('localhost', 80)") == []
    assert watch("s.connect_ex(('0.0.0.0', 0))", kind="socket.SOCK_DGRAM") == []


def test_loopback_and_files_are_fine(tmp_path: Path) -> None:
    here = "s.bind(('127.0.0.1', 0)); s.listen(); t = socket.create_connection(s.getsockname())"
    assert watch(here) == []
    assert watch("s.bind(('::1', 0))", **INET6) == []
    mapped = "s.connect_ex(('::ffff:127.0.0.1', 9))"
    assert watch(mapped, **INET6) == []
    assert watch(f"s.bind({str(tmp_path / 's')!r}); s.listen()", family="socket.AF_UNIX") == []


def test_the_command_s_own_failure_is_passed_on() -> None:
    done = subprocess.run([sys.executable, SCRIPT, sys.executable, "-c", "import sys; sys.exit(7)"])
    assert done.returncode == 7
