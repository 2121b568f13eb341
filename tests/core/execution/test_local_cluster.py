"""A local cluster belongs to this run alone: loopback, a key, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed", reason="Dask distributed is not installed")

from firstlight.core.execution.credentials import make_credentials
from firstlight.core.execution.dask_cluster.connection import open_cluster
from firstlight.core.execution.dask_cluster.local_cluster import LocalCluster, local_cluster
from firstlight.core.raster.grid import Window
from support.cluster_processes import children, is_cluster
from support.processes import listening
from support.waiting import PATIENCE_S, wait_until

LISTENERS = 4
"""Scheduler and worker, each with its HTTP server."""


@pytest.fixture(scope="module")
def own() -> Iterator[LocalCluster]:
    """A cluster of one worker that is ready."""
    with local_cluster(1, threading.Event()) as cluster:
        wait_until(lambda: len(listening(children())) >= LISTENERS, "it does not listen")
        yield cluster


def test_scheduler_and_workers_listen_on_loopback_only(own: LocalCluster) -> None:
    assert {host for host, _ in listening(children())} == {"127.0.0.1"}


def test_with_its_key_it_computes(own: LocalCluster) -> None:
    stop = threading.Event()
    with open_cluster(own.address, [], 60, stop, 1, own.credentials) as engine:
        assert engine.run(lambda tile: tile.row, [Window(7, 0, 1, 1)], stop) == [7]


@pytest.mark.parametrize("holder", ["nobody", "another run"])
def test_without_its_key_no_code_runs_there(own: LocalCluster, tmp_path: Path, holder: str) -> None:
    mark = tmp_path / "mark"
    args = {} if holder == "nobody" else _connection(make_credentials(tmp_path))
    ends = [f"127.0.0.1:{port}" for _, port in listening(children()) if not _pages(port)]
    assert len(ends) == 2
    for end in ends:
        handler = "run_function" if own.address.endswith(end) else "run"  # else a worker's
        strange = f"tls://{end}" if args else f"tcp://{end}"
        with pytest.raises((OSError, ValueError)):
            asyncio.run(_run_code(strange, handler, mark, args, 3))
        assert not mark.exists()
        args_here = _connection(own.credentials)
        asyncio.run(_run_code(f"tls://{end}", handler, mark, args_here, PATIENCE_S))
        assert mark.exists()  # with the key the same words do run
        mark.unlink()


def _connection(credentials: Any) -> dict[str, Any]:
    args: dict[str, Any] = credentials.security().get_connection_args("client")
    return args


async def _run_code(
    address: str, handler: str, mark: Path, args: dict[str, Any], limit_s: float
) -> None:
    """Ask a scheduler or worker to call a function, as Dask's own client does."""
    from distributed.core import rpc
    from distributed.protocol.pickle import dumps

    path = str(mark)

    def touch(**_: Any) -> None:
        open(path, "w").close()

    async with rpc(address, timeout=limit_s, connection_args=args) as remote:
        await getattr(remote, handler)(function=dumps(touch))


PAGES = ("/health", "/info/main/workers.html", "/json/identity.json", "/metrics", "/")


def _pages(port: int) -> set[int]:
    """Statuses of Dask's pages at a port; empty where it speaks no HTTP."""
    answers = set()
    for page in PAGES:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        with contextlib.suppress(http.client.HTTPException, OSError):
            connection.request("GET", page)
            answers.add(connection.getresponse().status)
        connection.close()
    return answers


def test_its_pages_show_nothing(own: LocalCluster) -> None:
    answers = [_pages(port) for _, port in listening(children())]
    assert sorted(answers, key=len) == [set(), set(), {404}, {404}]


def test_its_folder_and_key_are_for_this_user_alone(own: LocalCluster) -> None:
    folder = own.credentials.key.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(own.credentials.key.stat().st_mode) == 0o600


def test_a_certificate_passes_the_strictest_check(tmp_path: Path) -> None:
    """X509_STRICT is what Python 3.13 asks for."""
    mine, other = (make_credentials(_folder(tmp_path / name)) for name in ("mine", "other"))
    assert _shake_hands(mine, mine)
    assert not _shake_hands(mine, other)
    assert not _shake_hands(other, mine)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _shake_hands(server: Any, client: Any) -> bool:
    """TLS in memory, where each shows a certificate and trusts its own only."""
    ends = []
    wires = ssl.MemoryBIO(), ssl.MemoryBIO()
    for side, purpose in ((server, ssl.Purpose.CLIENT_AUTH), (client, ssl.Purpose.SERVER_AUTH)):
        context = ssl.create_default_context(purpose, cafile=str(side.certificate))
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_cert_chain(side.certificate, side.key)
        incoming, outgoing = wires if side is server and not ends else wires[::-1]
        ends.append(context.wrap_bio(incoming, outgoing, server_side=not ends))
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    try:
        ends[0].write(b"1")
        return ends[1].read(1) == b"1"
    except ssl.SSLError:
        return False


@pytest.mark.thorough
def test_a_cluster_of_its_own_ends_when_its_starter_is_killed() -> None:
    root = Path(__file__).resolve().parents[3]
    program = (
        "import importlib.util, sys, threading, time\n"
        "spec = importlib.util.spec_from_file_location('firstlight', "
        f"{str(root / '__init__.py')!r},"
        f" submodule_search_locations=[{str(root)!r}])\n"
        "module = importlib.util.module_from_spec(spec); sys.modules['firstlight'] = module; "
        "spec.loader.exec_module(module)\n"
        "from firstlight.core.execution.dask_cluster.local_cluster import local_cluster\n"
        "with local_cluster(1, threading.Event()) as own:\n"
        "    print(own.address, own.credentials.key, flush=True)\n"
        "    threading.Event().wait()\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    address, key = starter.stdout.readline().split()
    assert address.startswith("tls://127.0.0.1:")
    wait_until(lambda: len(children(starter.pid)) >= 2, "there is no scheduler with a worker")
    processes = children(starter.pid)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    wait_until(lambda: not any(map(is_cluster, processes)), "its processes go on")
    assert not Path(key).parent.exists()
