"""The sample catalogue: a STAC API on this computer over one small scene of real Sentinel-2 pixels
and two simulated events.

``make`` makes the scenes' files, ``serve`` answers searches and range requests for them on
  loopback::

    .venv/bin/python scripts/sample_catalog.py make build/sample
    .venv/bin/python scripts/sample_catalog.py serve build/sample

``serve`` prints one line of JSON when everything answers, and ends with its server when it is told
to (SIGTERM, Ctrl-C) or when the process that started it is gone.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import ModuleType
from typing import Any

from range_server import LOOPBACK, FileServer
from sample.events import make_events
from sample.files import SampleError, write_json
from sample.items import collections
from sample.real_scene import make as make_scene

EVENTS = "events"
"""The folder of the simulated events below the real scene's."""


def make(folder: Path) -> bool:
    """Make what is not there yet, the real scene and the simulated events; False where all was
    there.
    """
    # The scene first: made anew it clears the folder.
    fresh = make_scene(folder)
    return make_events(folder / EVENTS) or fresh


def serve(
    folder: Path,
    port: int = 0,
    ready_file: Path | None = None,
    data_port: int = 0,
    pause_s: float = 0.0,
) -> None:
    """Serve a folder made by ``make`` until told to stop.

    Parameters
    ----------
    folder : Path
        As ``make`` left it.
    port : int
        The catalogue's port; 0 takes a free one.
    ready_file : Path, optional
        Gets the JSON that is also printed, when everything answers.
    data_port : int
        The files' port; 0 takes a free one.
    pause_s : float
        After every few kilobytes of a file.

    Raises
    ------
    SampleError
        If the folder is not complete or the catalogue does not come up.
    """
    if not (folder / "item.json").is_file() or not (folder / EVENTS / "events.json").is_file():
        raise SampleError(
            f"The sample catalogue cannot be served: there is no scene in {folder}. Run 'make "
            f"{folder}' first."
        )
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    catalog: _Rustac | _Fallback = _Rustac() if _rustac().exists() else _Fallback()
    with FileServer(folder, data_port) as files:
        files.pause_s = pause_s
        try:
            # Needed for the start only; later there would be nobody to remove it after a SIGKILL.
            with tempfile.TemporaryDirectory(prefix="firstlight-catalog-") as place:
                url = catalog.start(port, _with_addresses(folder, files, Path(place)))
            ready = {
                "catalog_url": url,
                "data_url": files.base_url,
                "pids": [os.getpid(), *catalog.pids],
            }
            if ready_file is not None:
                part = ready_file.with_name(ready_file.name + ".part")
                part.write_text(json.dumps(ready))
                part.replace(ready_file)  # a reader never sees half of it
            print(json.dumps(ready), flush=True)
            # An orphan has nobody left who would end it.
            while os.getppid() == parent:
                time.sleep(0.5)
                catalog.check()
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(
                    number, signal.SIG_IGN
                )  # the second Ctrl-C must not leave the catalogue behind
            catalog.stop()


class _Told(BaseException):
    """A signal told this process to end."""


def _stop(number: int, frame: object) -> None:
    raise _Told


def _with_addresses(folder: Path, files: FileServer, place: Path) -> list[Path]:
    """Collections and items, in this order, whose hrefs lead to the file server; a folder can be
    served at any port.
    """
    sources = [folder / "item.json", *sorted((folder / EVENTS / "items").glob("*.json"))]
    items = [json.loads(path.read_text()) for path in sources]
    for item in items:
        for asset in item["assets"].values():
            asset["href"] = files.url(asset["href"])
    parts = []
    for tree in [*collections(items), *items]:
        parts.append(place / f"{len(parts):03}-{tree['id']}.json")
        write_json(parts[-1], tree)
    return parts


def _rustac() -> Path:
    return Path(sys.executable).parent / "rustac"


def _end_with_parent() -> None:
    """Let the kernel end the catalogue if this process dies without a chance to do so (Linux:
    PR_SET_PDEATHSIG).
    """
    _LIBC.prctl(1, signal.SIGTERM)


_LIBC = ctypes.CDLL(None)


class _Rustac:
    """The STAC API server ``rustac serve`` with all scenes in its memory."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pids(self) -> list[int]:
        return [self._process.pid] if self._process else []

    def start(self, port: int, parts: list[Path]) -> str:
        log_file = parts[0].with_name("rustac.log")
        last = json.loads(parts[-1].read_text())  # when the last item is there, all are
        # A free port may be taken by somebody else before the server has it: try again with another
        # one.
        for _ in range(1 if port else 3):
            url = f"http://{LOOPBACK}:{_take_port(port)}"
            order = [str(_rustac()), "serve", "--addr", url.partition("//")[2], *map(str, parts)]
            with log_file.open("wb") as log:
                self._process = subprocess.Popen(
                    order,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=_end_with_parent,
                )
            if self._wait(f"{url}/collections/{last['collection']}/items/{last['id']}", seconds=20):
                return url
            self.stop()
        lines = log_file.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise SampleError(
            f"The sample catalogue cannot be served at {url}: rustac did not come up "
            f"({lines[-1]}). Is the port free?"
        )

    def _wait(self, url: str, seconds: float) -> bool:
        assert self._process is not None
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._process.poll() is None:
            if _answers(url):
                return True
            time.sleep(0.1)
        return False

    def check(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise SampleError(
                "The sample catalogue has stopped: rustac ended with code "
                f"{self._process.returncode}. Start it again."
            )

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Fallback:
    """The tests' own STAC API, where rustac does not exist (Python 3.10)."""

    pids: tuple[int, ...] = ()

    def __init__(self) -> None:
        self._api: Any = None

    def start(self, port: int, parts: list[Path]) -> str:
        trees = [json.loads(part.read_text()) for part in parts]
        kinds = {
            kind: [tree for tree in trees if tree["type"] == kind]
            for kind in ("Feature", "Collection")
        }
        try:
            self._api = _stac_server().StacServer(kinds["Feature"], kinds["Collection"], port=port)
        except OSError as error:
            raise SampleError(
                f"The sample catalogue cannot be served at port {port}: {error.strerror}. Take "
                "another port."
            ) from None
        self._api.start()
        return str(self._api.base_url)

    def check(self) -> None:
        """Runs in this process: it cannot have stopped alone."""

    def stop(self) -> None:
        if self._api is not None:
            self._api.stop()


def _stac_server() -> ModuleType:
    import importlib.util

    path = Path(__file__).resolve().parents[1] / "tests" / "support" / "stac_server.py"
    spec = importlib.util.spec_from_file_location("firstlight_stac_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _take_port(port: int) -> int:
    """A free port for 0, else the port asked for, if nobody has it: another catalogue there would
    answer in place of this one.
    """
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as servers do: a port just given back is free
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            why = error.strerror or str(error)
            raise SampleError(
                f"The sample catalogue cannot be served at port {port}: {why}. Take another port."
            ) from None
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    # No proxy: the address is this computer.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def main(words: list[str] | None = None) -> int:
    """Run ``make`` or ``serve``; the exit code."""
    parser = argparse.ArgumentParser(
        description="The sample catalogue: real Sentinel-2 pixels and simulated events behind a "
        "STAC API on this computer."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    maker = verbs.add_parser("make", help="make the scenes' files, if they are not there yet")
    server = verbs.add_parser("serve", help="serve them until told to stop")
    for verb in (maker, server):
        verb.add_argument("folder", type=Path, metavar="DIR")
    server.add_argument(
        "--port", type=int, default=0, help="port of the catalogue (default: a free one)"
    )
    server.add_argument(
        "--data-port", type=int, default=0, help="port of the files (default: a free one)"
    )
    server.add_argument(
        "--pause",
        type=float,
        default=0.0,
        metavar="S",
        help="seconds to wait after every few kilobytes",
    )
    server.add_argument(
        "--ready-file", type=Path, help="gets the JSON with the addresses when everything answers"
    )
    given = parser.parse_args(words)
    folder = given.folder.resolve()
    try:
        if given.verb == "make":
            fresh = make(folder)
            print(f"{'Made' if fresh else 'Complete already'}: {folder}", file=sys.stderr)
        else:
            serve(folder, given.port, given.ready_file, given.data_port, given.pause)
    except SampleError as error:
        print(error, file=sys.stderr)
        return 1
    except _Told:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
