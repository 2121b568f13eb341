"""What the tests of clusters see of other processes, that may end at any moment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from support.processes import (
    children,
    command_line,
    family,
    has_ended,
    kill,
    listening,
    parent,
    send,
)
from support.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")

LISTENS = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
"""


def test_a_child_and_what_it_listens_on() -> None:
    words = [sys.executable, "-c", LISTENS]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        assert parent(process.pid) == os.getpid()
        assert process.pid in children(os.getpid())
        assert process.pid in family(os.getpid())
        assert b"create_server" in command_line(process.pid)
        assert listening([process.pid]) == [("127.0.0.1", port)]
        assert not has_ended(process.pid)


def test_its_own_sockets_count() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert listener.getsockname()[:2] in listening([os.getpid()])


@pytest.mark.parametrize("asked_for", [False, True])
def test_one_that_has_ended_listens_on_nothing(asked_for: bool) -> None:
    """Whether its parent has asked for it or not."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    if asked_for:
        process.wait()
    wait_until(lambda: has_ended(process.pid), "it goes on")
    assert listening([process.pid]) == []
    assert command_line(process.pid) == b""
    assert children(process.pid) == []
    if asked_for:  # its number may be another one's at any moment
        assert parent(process.pid) == 0
    else:
        send(process.pid, signal.SIGCONT)
        kill(process.pid)
        process.wait()
