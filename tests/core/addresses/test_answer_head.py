"""The beginning of an answer ends, whatever a server does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from firstlight.core.addresses import answer_head
from firstlight.core.addresses.gate import Gate
from firstlight.core.discovery.session import new_session
from firstlight.core.download.answers import Trouble
from firstlight.core.download.http import Waits, open_response
from firstlight.core.settings import Settings
from support.waiting import PATIENCE_S

GATES = (None, Gate("file"))


@contextmanager
def server(speak: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Its address; ``speak`` answers each connection until the event is set."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def serve(one: socket.socket) -> None:
        with one, suppress(OSError):
            one.recv(65536)
            speak(one, over)

    def accept() -> None:
        with suppress(OSError):
            while not over.is_set():
                one, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(one,)))
                threads[-1].start()

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        door = threading.Thread(target=accept)
        door.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/a.tif"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            for thread in (door, *threads):
                thread.join()


def ask(url: str, gate: Gate | None, read_s: float = PATIENCE_S) -> bytes:
    with new_session(Settings(), gate=gate) as session:
        session.trust_env = False
        with open_response(session, url, {}, Waits(PATIENCE_S, read_s)) as response:
            return bytes(response.raw.read())


def without_end(line: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def speak(one: socket.socket, over: threading.Event) -> None:
        while not over.is_set():
            one.sendall(line * 100)

    return speak


@pytest.mark.parametrize("gate", GATES)
def test_continue_without_end_is_given_up(gate: Gate | None) -> None:
    words = b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"
    said = "256 kB of headers came, and still no end"
    with server(without_end(words)) as url, pytest.raises(Trouble, match=said) as caught:
        ask(url, gate)
    assert not caught.value.final, "another server may stand behind the same name"


@pytest.mark.parametrize("gate", GATES)
def test_a_head_that_trickles_is_given_up(
    monkeypatch: pytest.MonkeyPatch, gate: Gate | None
) -> None:
    """Each byte comes in time, the whole does not."""
    monkeypatch.setattr(answer_head, "WHOLE_HEAD", 0.3 / PATIENCE_S)

    def speak(one: socket.socket, over: threading.Event) -> None:
        one.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.02):
            one.sendall(b"x")

    with server(speak) as url, pytest.raises(Trouble, match="did not answer in time"):
        ask(url, gate)


@pytest.mark.parametrize("gate", GATES)
def test_a_body_is_as_long_and_as_slow_as_it_likes(
    monkeypatch: pytest.MonkeyPatch, gate: Gate | None
) -> None:
    """The bounds are those of the head alone; a hundred of ``100 Continue`` are borne."""
    body = bytes(range(256)) * 1000
    monkeypatch.setattr(answer_head, "MOST_BYTES", 16 << 10)

    def speak(one: socket.socket, over: threading.Event) -> None:
        one.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        one.sendall(body)

    with server(speak) as url:
        assert ask(url, gate) == body
