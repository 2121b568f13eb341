"""A line between a client and a store of files: so much latency, so much width, everything counted.

    python tests/benchmarks/link.py build/bench/scene --delay-ms 50 --mbit 100        serves until
    Ctrl+C

Two servers, the same promises:

``nginx``
    in a network namespace of its own behind a veth pair, the line's width kept by the kernel (``tc
    tbf``), so that it is shared by all connections and headers count too. Needs Linux, root, nginx
    and its Lua module.
``python``
    ``scripts/range_server.py`` with sendfile, on loopback, anywhere. The width is kept by the
    server itself and counts only bodies.

The latency is waited for before each answer: once per request, and twice more for the first request
on a connection, as TCP and TLS need. Neither has TLS, loss, slow start worth the name or a limit
per connection: a real store of objects is slower, and more so for those who open many connections.
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

ROOT = Path(__file__).resolve().parents[2]
if TYPE_CHECKING:
    from scripts.range_server import FileServer, RangeHandler
else:
    # scripts/ is no package: load the one file by its path.
    _spec = importlib.util.spec_from_file_location(
        "bench_range_server", ROOT / "scripts" / "range_server.py"
    )
    _module = sys.modules.setdefault(_spec.name, importlib.util.module_from_spec(_spec))
    _spec.loader.exec_module(_module)
    FileServer, RangeHandler = _module.FileServer, _module.RangeHandler

HANDSHAKES = 2
"""Round trips more for the first request on a connection: TCP and TLS."""
PIECE_BYTES = 64 * 1024
IDLE = "/.idle"
"""Asked for by the runner itself; not counted."""
FRAME = 1514 / 1448
"""Bytes on an Ethernet line for each byte of a body: 1448 of 1514 are left by Ethernet, IP and TCP
with time stamps.
"""
START_LIMIT_S = 10.0


@dataclass(frozen=True)
class LinkSpec:
    """What the line is like."""

    root: Path
    """The folder to serve."""
    log: Path
    """One line per answer is added: method, path, bytes of the body, range, status; separated by
    tabs.
    """
    delay_ms: float = 0.0
    mbit: float = 0.0
    """10^6 bits per second over all connections together; 0 is unlimited."""


@dataclass(frozen=True)
class Traffic:
    """What went over the line."""

    requests: int
    bytes: int
    """Of the bodies."""


@dataclass(frozen=True)
class Link:
    """A line that is up."""

    url: str
    """Of the served folder, without a slash at the end."""
    kind: str
    """``nginx`` or ``python``."""
    pid: int
    """The server's; its children are workers of the same server."""
    log: Path
    spent: float = 1.0
    """Of the line's width, for each byte of a body."""

    def mark(self) -> int:
        """Where the log ends now."""
        self._settle()
        return self.log.stat().st_size

    def traffic(self, mark: int) -> Traffic:
        """What has gone over the line since the mark."""
        self._settle()
        with self.log.open(encoding="utf-8") as file:
            file.seek(mark)
            lines = [line.split("\t") for line in file]
        sizes = [int(line[2]) for line in lines if line[1] != IDLE]
        return Traffic(len(sizes), sum(sizes))

    def _settle(self) -> None:
        """Wait until every answer that a client already has is in the log.

        A client may have its last byte before the server has written its line. The answer to this
        request comes after: nginx's one worker does one thing after the other, and the Python
        server waits on purpose.
        """
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with contextlib.suppress(urllib.error.HTTPError):  # there is no such file
            direct.open(
                urllib.request.Request(self.url + IDLE, method="HEAD"), timeout=START_LIMIT_S
            )


def nginx_is_possible() -> bool:
    """Whether everything is there that the nginx server needs."""
    programs = all(shutil.which(name) for name in ("nginx", "ip", "tc"))
    return sys.platform == "linux" and os.geteuid() == 0 and programs and len(_lua_modules()) == 2


@contextlib.contextmanager
def open_link(spec: LinkSpec, kind: str = "auto") -> Iterator[Link]:
    """Start a server and stop it again.

    Parameters
    ----------
    kind : str
        ``nginx``, ``python``, or ``auto``: nginx where it can be had.

    Raises
    ------
    RuntimeError
        If the server does not start.
    """
    spec.log.parent.mkdir(parents=True, exist_ok=True)
    spec.log.touch()
    if kind == "nginx" or (kind == "auto" and nginx_is_possible()):
        with _nginx(spec) as link:
            yield link
    else:
        with _python(spec) as link:
            yield link


# nginx in a network namespace


def _lua_modules() -> list[str]:
    names = ("ndk_http_module.so", "ngx_http_lua_module.so")
    return [path for name in names for path in glob.glob(f"/usr/lib*/nginx/modules/{name}")]


def _nginx_settings(spec: LinkSpec, folder: Path, address: str) -> str:
    modules = "".join(f"load_module {path};\n" for path in _lua_modules())
    folders = "".join(
        f"  {name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    wait = ""
    if spec.delay_ms:
        wait = f"""access_by_lua_block {{
        local first = tonumber(ngx.var.connection_requests) == 1
        ngx.sleep({spec.delay_ms / 1000} * (first and {1 + HANDSHAKES} or 1))
      }}"""
    return f"""{modules}user root;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
{folders}  log_format traffic '$request_method\\t$uri\\t$body_bytes_sent\\t$http_range\\t$status';
  access_log {spec.log.resolve()} traffic;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000;
  types {{ image/tiff tif; application/json json; }}
  server {{
    listen {address};
    root {spec.root.resolve()};
    location / {{
      {wait}
    }}
  }}
}}
"""


@contextlib.contextmanager
def _nginx(spec: LinkSpec) -> Iterator[Link]:
    mine = os.getpid()
    # Named after this process, so that two benchmarks at once do not meet.
    space, here, there, net = f"bench{mine}", f"bh{mine}", f"bt{mine}", f"10.77.{mine % 250}"
    folder = spec.log.parent.resolve() / f"nginx-{mine}"
    folder.mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(
        _nginx_settings(spec, folder, f"{net}.2:8080"), encoding="utf-8"
    )
    inside = ["ip", "netns", "exec", space]
    try:
        _run("ip", "netns", "add", space)
        _run("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        _run("ip", "link", "set", there, "netns", space)
        _run("ip", "address", "add", f"{net}.1/30", "dev", here)
        _run("ip", "link", "set", here, "up")
        _run("ip", "-n", space, "address", "add", f"{net}.2/30", "dev", there)
        _run("ip", "-n", space, "link", "set", there, "up")
        if spec.mbit:
            shape = ["tc", "qdisc", "add", "dev", there, "root", "tbf", "rate", f"{spec.mbit}mbit"]
            _run(*inside, *shape, "burst", "256kb", "latency", "300ms")
        server = subprocess.Popen([*inside, "nginx", "-c", str(folder / "nginx.conf")])
        try:
            _wait_for(f"{net}.2", 8080, server)
            yield Link(f"http://{net}.2:8080", "nginx", server.pid, spec.log, FRAME)
        finally:
            _end(server)
    finally:
        subprocess.run(["ip", "netns", "delete", space], check=False, capture_output=True)
        subprocess.run(["ip", "link", "delete", here], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()}")


# The Python server on loopback


class Width:
    """The width of the line, shared by all connections: each piece is given the time at which it
    may leave.
    """

    def __init__(self, mbit: float) -> None:
        self._bytes_per_s = mbit * 1e6 / 8
        self._free_at = 0.0
        self._lock = threading.Lock()

    def wait_s(self, size: int, now: float) -> float:
        """How long a piece of ``size`` bytes that is ready ``now`` has to wait for the pieces
        before it.
        """
        if not self._bytes_per_s:
            return 0.0
        with self._lock:
            start = max(now, self._free_at)
            self._free_at = start + size / self._bytes_per_s
        return start - now


class LineHandler(RangeHandler):
    """The range server's answers, late and through a narrow line."""

    server: LineServer
    disable_nagle_algorithm = True
    first = True
    sent = 0

    def answer(self, with_body: bool) -> None:
        """Wait as the line asks, answer, write the line of the log."""
        if self.path == IDLE:
            self.server.wait_idle()
            self.refuse(404)
            return
        self.sent = 0
        with self.server.answering():
            time.sleep(self.server.delay_s * (1 + HANDSHAKES if self.first else 1))
            self.first = False
            super().answer(with_body)
            line = "\t".join(
                (
                    self.command,
                    self.path,
                    str(self.sent),
                    self.headers.get("Range") or "-",
                    self.status,
                )
            )
            self.server.write_log(line)

    status = "-"

    def send_response(self, code: int, message: str | None = None) -> None:
        """Remember the status for the log."""
        self.status = str(int(code))
        super().send_response(code, message)

    def send_body(self, file: BinaryIO, start: int, length: int) -> None:
        """Send through the kernel, in pieces when the line is narrow."""
        piece = PIECE_BYTES if self.server.mbit else length
        while length > 0:
            size = min(piece, length)
            time.sleep(self.server.width.wait_s(size, time.monotonic()))
            done = self.connection.sendfile(file, start, size)
            self.sent += done
            start, length = start + size, length - size


class LineServer(FileServer):
    """Serves one folder over a line."""

    def __init__(self, spec: LinkSpec) -> None:
        self.delay_s = spec.delay_ms / 1000
        self.mbit = spec.mbit
        self.width = Width(spec.mbit)
        self._log = spec.log.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._answering = 0
        self._idle = threading.Condition()
        super().__init__(spec.root, 0, LineHandler)

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Count one answer from its beginning to its line in the log."""
        with self._idle:
            self._answering += 1
        try:
            yield
        finally:
            with self._idle:
                self._answering -= 1
                self._idle.notify_all()

    def wait_idle(self) -> None:
        """Wait until no answer is under way."""
        with self._idle:
            self._idle.wait_for(lambda: self._answering == 0, START_LIMIT_S)

    def write_log(self, line: str) -> None:
        """One whole line at a time."""
        with self._lock:
            self._log.write(line + "\n")
            self._log.flush()


@contextlib.contextmanager
def _python(spec: LinkSpec) -> Iterator[Link]:
    command = [
        sys.executable,
        __file__,
        str(spec.root),
        "--log",
        str(spec.log),
        "--server",
        "python",
    ]
    command += ["--delay-ms", str(spec.delay_ms), "--mbit", str(spec.mbit)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        if not url:
            raise RuntimeError("the Python server did not start")
        yield Link(url, "python", server.pid, spec.log)
    finally:
        _end(server)


def _wait_for(host: str, port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nginx does not answer at {host}:{port}")


def _end(server: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def end_in_order() -> None:
    """Let SIGTERM unwind the program as Ctrl+C does, so that servers and namespaces go with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def main() -> None:
    """Serve by hand, or as the runner's own server."""
    end_in_order()
    parser = argparse.ArgumentParser(
        description="Serve a folder over a line of a given latency and width."
    )
    parser.add_argument("root", type=Path)
    parser.add_argument(
        "--delay-ms",
        type=float,
        default=0.0,
        help="before each answer; three times that for the first on a connection",
    )
    parser.add_argument(
        "--mbit", type=float, default=0.0, help="width of the line, 10^6 bit/s; 0 is unlimited"
    )
    parser.add_argument("--log", type=Path, default=ROOT / "build" / "bench" / "traffic.log")
    parser.add_argument("--server", choices=("auto", "nginx", "python"), default="auto")
    given = parser.parse_args()
    spec = LinkSpec(given.root, given.log, given.delay_ms, given.mbit)
    with contextlib.suppress(KeyboardInterrupt):
        if given.server == "python":
            spec.log.parent.mkdir(parents=True, exist_ok=True)
            server = LineServer(spec)
            print(server.base_url, flush=True)
            server.serve_forever()
        else:
            with open_link(spec, given.server) as link:
                print(link.url, link.kind, flush=True)
                threading.Event().wait()


if __name__ == "__main__":
    main()
