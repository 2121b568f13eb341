"""Fetches of one file from a server with faults."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.download.fetch import Fetched, FetchFailed, FetchJob, FetchOptions, fetch
from firstlight.core.download.http import Waits, new_session
from firstlight.core.files.journal import Origin
from firstlight.core.files.part_file import PartFile
from firstlight.core.raster.facts import check_band_file
from firstlight.core.settings import Settings

from .range_server import FaultyServer
from .rasters import noise, write_raster
from .waiting import PATIENCE_S, Gate

OPTIONS = FetchOptions(
    attempts=3,
    delay_s=0.0,
    jitter=0.0,
    waits=Waits(PATIENCE_S, PATIENCE_S),
    timeout_s=PATIENCE_S,
)
STALLED_S = 2.0
"""Without a byte for so long a connection counts as stalled, where a test lets one stall."""


class ChangingWaits(Waits):
    """Waits that are short until :meth:`be_patient`: only the stall that is meant ends a read."""

    def __init__(self) -> None:
        super().__init__(PATIENCE_S, STALLED_S)

    def be_patient(self) -> None:
        """Let the tries after the stall take their time."""
        object.__setattr__(self, "read_s", PATIENCE_S)


class FetchTrial:
    """Fetches of one file into one folder, with all that was told meanwhile."""

    def __init__(self, server: FaultyServer, folder: Path, file: str = "nir.tif") -> None:
        folder.mkdir(exist_ok=True)
        self.server = server
        self.file = file
        self.target = folder / self.file
        self.states: list[tuple[str, int, int | None, str]] = []
        self.stop = threading.Event()
        self.check: Callable[[Path], object] = check_band_file
        self.on_state: Callable[..., None] = lambda *state: None
        self.verify: bool | str = True

    @property
    def content(self) -> bytes:
        """The file's bytes on the server."""
        return (self.server.root / self.file).read_bytes()

    def run(self, options: FetchOptions = OPTIONS, url: str = "", **job: Any) -> Fetched:
        """Fetch the file with a session of its own."""

        def on_state(*state: Any) -> None:
            self.states.append(state)
            self.on_state(*state)

        with new_session(Settings()) as session:
            session.trust_env = False
            session.verify = self.verify
            task = FetchJob("nir", url or self.server.url(self.file), self.target, **job)
            return fetch(task, options, session, self.stop, self.check, on_state)

    def fails(self, **job: Any) -> FetchFailed:
        """Fetch in vain; gives the failure."""
        with pytest.raises(FetchFailed) as caught:
            self.run(**job)
        assert not self.target.exists()
        return caught.value

    def is_right(self) -> None:
        """Assert that the file is there, right, and alone."""
        assert self.target.read_bytes() == self.content
        assert [path.name for path in self.target.parent.iterdir()] == [self.file]

    def stop_at(self, gate: Gate) -> None:
        """Stop once the server stands at a gate, then let it go on."""

        def watch() -> None:
            assert gate.reached.wait(PATIENCE_S)
            self.stop.set()
            gate.open()

        threading.Thread(target=watch, daemon=True).start()

    def names(self) -> list[str]:
        """Names of all files beside the target."""
        return sorted(path.name for path in self.target.parent.iterdir())

    def replace(self, seed: int = 8) -> bytes:
        """Put another file of the same kind on the server; gives the former content."""
        before = self.content
        write_raster(self.server.root / self.file, noise((1250, 1250), seed, 1, 60000))
        return before

    def ranges(self) -> list[str | None]:
        """Ranges that were asked of the server, one a request."""
        return [request.range for request in self.server.requests]

    def leave_part(
        self, count: int, origin: Origin | None = None, data: bytes | None = None
    ) -> None:
        """Leave the first ``count`` bytes as a run that was killed does."""
        data = self.content if data is None else data
        etag = self.etag
        part = PartFile(self.target, "nir", threading.Event())
        part.begin(origin or Origin(self.server.url(self.file), etag, len(data)), False)
        for start in range(0, count, 100_000):
            part.write(data[start : min(count, start + 100_000)])
        part.close()

    @property
    def etag(self) -> str:
        """The ETag of the file on the server."""
        facts = (self.server.root / self.file).stat()
        return f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'
