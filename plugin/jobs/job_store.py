"""Jobs in the user's profile: one small file each, written whole or not at all, off the main
thread.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import uuid4

from qgis.core import QgsApplication

from ...core.errors import Cancelled, FirstLightError
from ...core.files.atomic import WriteFailure, write_whole
from ...core.files.lock import LOCK_NAME, folder_lock
from ...core.monitor import Level
from ...core.types import SceneItem
from ..monitors import log
from .job_record import JobRecord

MOST_KEPT = 100
"""Jobs that are remembered; the oldest that have ended go first."""


YOUNG_S = 60.0


def profile_folder() -> Path:
    """Where the jobs of this user's profile are."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "firstlight" / "jobs"


class JobStore:
    """Files of jobs.

    Parameters
    ----------
    folder : Path
        Need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.session = uuid4().hex
        self._pending: dict[Path, str | None] = {}
        self._changed = threading.Condition()
        self._writing = False
        self._alive = ExitStack()
        self._failed = False
        self._hold()

    def _hold(self) -> None:
        """Keep a lock as long as this QGIS lives: whose lock is free has ended."""
        place = self._session_folder(self.session)
        try:
            place.mkdir(parents=True, exist_ok=True)
            self._alive.enter_context(folder_lock(place, lambda: True, lambda: None))
        except (OSError, FirstLightError) as error:
            self._tell(error)

    def close_down(self, wait_s: float = 2.0) -> None:
        """Write what is left, and say that this QGIS has ended."""
        self.flush(wait_s)
        self._alive.close()
        with suppress(OSError):  # an empty folder is in nobody's way
            self._session_folder(self.session).rmdir()

    def read(self) -> list[JobRecord]:
        """All jobs, the oldest first; a file that cannot be read is left alone."""
        self._forget_sessions()
        records = []
        for path in sorted(self._folder.glob("*.job.json")):
            try:
                record = JobRecord.from_json(path.read_text(encoding="utf-8"))
                if self._path(record.id) == path and record.session.isalnum():
                    records.append(record)
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                log(f"The job in {path} cannot be read: {error}.", Level.WARNING)
        return records

    def lives(self, session: str) -> bool:
        """Whether the QGIS of that key still runs."""
        if session == self.session:
            return True
        place = self._session_folder(session)
        if not place.is_dir():
            return False
        try:
            with folder_lock(place, lambda: True, lambda: None):
                pass
        except Cancelled:
            return True
        except FirstLightError:
            return False
        with suppress(OSError):  # another QGIS looks at it too
            (place / LOCK_NAME).unlink(missing_ok=True)
            place.rmdir()
        return False

    def write(self, record: JobRecord) -> None:
        """Keep a job; comes back at once."""
        self._put(self._path(record.id), record.to_json())

    def keep_scenes(self, job_id: str, scenes: tuple[SceneItem, ...]) -> Path:
        """Keep the scenes of a job, without tokens, as a file that operations read; comes back at
        once.
        """
        path = self._folder / f"{job_id}.scenes.json"
        self._put(path, json.dumps([scene.to_dict() for scene in scenes]))
        return path

    def is_there(self, job_id: str) -> bool:
        """Whether the job is still remembered: another QGIS may have taken it up."""
        path = self._path(job_id)
        with self._changed:
            if path in self._pending:
                return self._pending[path] is not None
        return path.is_file()

    def remove(self, job_id: str, scenes: str, in_use: set[str]) -> None:
        """Forget a job; its results stay.

        Parameters
        ----------
        scenes : str
            File that it reads its scenes from; goes too if it is one of :meth:`keep_scenes`.
        in_use : set of str
            Those that other jobs need.
        """
        self._put(self._path(job_id), None)
        if Path(scenes).parent == self._folder and scenes not in in_use:
            self._put(Path(scenes), None)

    def flush(self, wait_s: float) -> bool:
        """Wait until all is written; false where that takes longer."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._pending and not self._writing, timeout=wait_s
            )

    def _forget_sessions(self) -> None:
        """Remove what QGIS left behind that has crashed; of one that has just begun the lock may
        be on its way.
        """
        for place in self._session_folder("").glob("*"):
            with suppress(OSError):
                if time.time() - place.stat().st_mtime > YOUNG_S:
                    self.lives(place.name)

    def _put(self, path: Path, text: str | None) -> None:
        with self._changed:
            self._pending[path] = text
            if not self._writing:
                self._writing = True
                threading.Thread(target=self._work, name="firstlight-jobs", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._pending:
                    self._writing = False
                    self._changed.notify_all()
                    return
                path = next(iter(self._pending))
                text = self._pending.pop(path)
            try:
                if text is None:
                    path.unlink(missing_ok=True)
                else:
                    write_whole(path, text, _failure(path), make_folder=True)
            except (OSError, FirstLightError) as error:
                self._tell(error)

    def _tell(self, error: Exception) -> None:
        """Once: jobs run without being remembered."""
        if not self._failed:
            self._failed = True
            log(f"Jobs are not remembered over a restart of QGIS: {error}", Level.WARNING)

    def _path(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.job.json"

    def _session_folder(self, session: str) -> Path:
        return self._folder / "sessions" / session


def _failure(path: Path) -> WriteFailure:
    return WriteFailure(f"The job cannot be kept in {path.parent}", "Free some room there.")
