"""Is a Dask cluster fit for the work? Asked before the work starts, where each answer is one
sentence.

Left alone, other versions show as a ``CancelledError`` without a word, a missing package as an
endless wait, and a missing file as thousands of failed tiles.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import EngineError
from ...workers import within
from ..package import PACKAGE, core_files, digest, make_zip

CHECK_S = 30.0
"""Most time for each question to the cluster."""
COMPARED = ("python", "dask", "distributed", "msgpack", "cloudpickle", "numpy")
"""They decide whether messages are understood, and numpy and GDAL whether the bytes are the same.
"""
CHOOSE_ANOTHER = "Or choose another engine, threads for example."
Facts = Mapping[str, "str | None"]
"""Name → version; None where it is missing."""


def check_cluster(
    client: Any, address: str, files: Sequence[tuple[str, int]], stop: threading.Event
) -> None:
    """Compare client, scheduler and workers; send them FirstLight where they have none; look for
    the files.

    Parameters
    ----------
    client : distributed.Client
    address : str
        For messages.
    files : sequence of (str, int)
        Path and size in bytes of what each worker must see.
    stop : threading.Event

    Raises
    ------
    EngineError
        If anything does not fit.
    Cancelled, TooLate
    """
    failure = f"The Dask cluster at {address} cannot be used"
    versions = within(CHECK_S, stop, client.get_versions)
    here = _compared(versions["client"])
    # Python and Dask first: without the same ones, nothing else can be asked.
    nodes = {"the scheduler": _compared(versions["scheduler"])}
    nodes.update(
        (f"the worker {name}", _compared(node)) for name, node in versions["workers"].items()
    )
    _compare(failure, here, nodes)

    libraries, ours = _ask(client, stop)
    _compare(failure, {"GDAL": _probe(core_files(), PACKAGE)()["GDAL"]}, libraries)
    if any(node[PACKAGE] is None for node in ours.values()):
        _refuse_others(
            failure, {name: node for name, node in ours.items() if node[PACKAGE] is not None}
        )
        _send(client, stop)
        ours = _ask(client, stop)[1]
    _refuse_others(failure, ours)
    _check_files(client, failure, files, stop)


def differences(here: Facts, nodes: Mapping[str, Facts]) -> list[str]:
    """Every library that is not everywhere the same as here, as part of a sentence."""
    texts = []
    for library, version in here.items():
        others: dict[str | None, list[str]] = {}
        for node, facts in nodes.items():
            if library in facts and facts[library] != version:
                others.setdefault(facts[library], []).append(node)
        for other, names in others.items():
            where = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
            texts.append(
                f"{library} is {version or 'missing'} here and {other or 'missing'} on {where}"
            )
    return texts


def _compare(failure: str, here: Facts, nodes: Mapping[str, Facts]) -> None:
    texts = differences(here, nodes)
    if texts:
        raise EngineError(
            failure, "; ".join(texts), f"Install the same versions everywhere. {CHOOSE_ANOTHER}"
        )


def _refuse_others(failure: str, nodes: Mapping[str, Facts]) -> None:
    texts = differences({PACKAGE: digest()}, nodes)
    if texts:
        reason = "; ".join(texts).replace(PACKAGE, "the code of FirstLight")
        raise EngineError(
            failure,
            reason,
            "Install the same version there, or restart its scheduler and workers. "
            f"{CHOOSE_ANOTHER}",
        )


def _compared(node: Mapping[str, Any]) -> Facts:
    packages = node["packages"]
    facts = {name: packages.get(name) for name in COMPARED}
    if facts["python"]:
        facts["python"] = ".".join(facts["python"].split(".")[:2])
    return facts


def _ask(client: Any, stop: threading.Event) -> tuple[dict[str, Facts], dict[str, Facts]]:
    """Facts that the probe finds: GDAL on the workers, and FirstLight there and, since it unpacks
    the work too, on the scheduler.

    Dask before 2023.5 hands the work on as it is, and sends uploads to workers alone.
    """
    from distributed.diagnostics import plugin

    probe = _probe(core_files(), PACKAGE)
    workers = {
        f"the worker {name}": facts
        for name, facts in within(CHECK_S, stop, lambda: client.run(probe)).items()
    }
    libraries: dict[str, Facts] = {name: {"GDAL": facts["GDAL"]} for name, facts in workers.items()}
    everywhere = dict(workers)
    if hasattr(plugin, "SchedulerUploadFile"):
        everywhere["the scheduler"] = within(CHECK_S, stop, lambda: client.run_on_scheduler(probe))
    return libraries, {name: {PACKAGE: facts[PACKAGE]} for name, facts in everywhere.items()}


def _probe(files: Sequence[str], package: str) -> Callable[[], dict[str, str | None]]:
    """A function that tells what a computer has.

    It is made here and not at module level: then its code travels, and not its name, which the
    other computer may not know.
    """

    def probe() -> dict[str, str | None]:
        import contextlib
        import hashlib
        import importlib
        import pkgutil

        facts: dict[str, str | None] = {"GDAL": None, package: None}
        with contextlib.suppress(ImportError):
            facts["GDAL"] = importlib.import_module("osgeo.gdal").__version__
        try:
            importlib.import_module(f"{package}.core")
        except ImportError:
            return facts
        digest = hashlib.sha256()
        try:
            for name in files:
                digest.update((pkgutil.get_data(package, name) or b"").replace(b"\r\n", b"\n"))
            facts[package] = digest.hexdigest()[:8]
        except OSError:
            facts[package] = "without some of its modules"
        return facts

    return probe


def _send(client: Any, stop: threading.Event) -> None:
    with tempfile.TemporaryDirectory(prefix="firstlight-") as folder:
        path = make_zip(Path(folder))
        within(CHECK_S, stop, lambda: client.upload_file(str(path)))


def _check_files(
    client: Any, failure: str, files: Sequence[tuple[str, int]], stop: threading.Event
) -> None:
    def look() -> list[str]:
        import os

        return [
            path
            for path, size in files
            if not os.path.isfile(path) or os.path.getsize(path) != size
        ]

    for worker, missing in within(CHECK_S, stop, lambda: client.run(look)).items():
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise EngineError(
                failure,
                f"the worker {worker} does not see {missing[0]}{more} as this computer does",
                "Put the stack and its bands where all workers find them under the same path. "
                f"{CHOOSE_ANOTHER}",
            )
