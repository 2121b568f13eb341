"""A job as a file: what is kept of it over a restart, without secrets."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ...core.enums import Status, StrEnum
from ...core.errors import FirstLightError
from ...core.monitor import Level, Note
from ...core.operation import AreaRow, LayerOutput, OperationResult, ResultSummary
from ...core.types import MapClass
from .pace import JobPace

VERSION = 1


class JobState(StrEnum):
    """Where a job is on its way."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """QGIS ended before the job did."""

    @property
    def has_ended(self) -> bool:
        """Nothing more comes."""
        return self not in (JobState.WAITING, JobState.RUNNING)


@dataclasses.dataclass(frozen=True)
class JobRecord:
    """What is kept of a job."""

    id: str
    operation: str
    """Its name."""
    title: str
    values: Mapping[str, Any]
    """Plain values of which the operation makes its parameters."""
    project: str
    session: str
    """Key of the QGIS that it was started in."""
    state: JobState
    started: datetime
    finished: datetime | None = None
    fraction: float = 0.0
    message: str = ""
    whole: bool = True
    """False where a value is missing, because it holds a secret."""
    waits: bool = False
    """Its layers wait to be put on the map."""
    result: OperationResult | None = None
    error: FirstLightError | None = None
    notes: tuple[Note, ...] = ()
    pace: JobPace | None = None
    """What was measured of it; None of one that did not come to its end."""

    def to_json(self) -> str:
        """The file's text."""
        kept: dict[str, Any] = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self)
        }
        kept["values"] = dict(self.values)
        kept["notes"] = [[note.level, note.text] for note in self.notes]
        if self.error is not None:
            kept["error"] = [self.error.what, self.error.why, self.error.hint]
        if self.result is not None:
            kept["result"] = _result_to_tree(self.result)
        if self.pace is not None:
            kept["pace"] = dataclasses.asdict(self.pace)
        return json.dumps({"version": VERSION, **kept}, default=_plain, indent=1)

    @classmethod
    def from_json(cls, text: str) -> JobRecord:
        """Read a file's text.

        Raises
        ------
        ValueError, KeyError, TypeError, AttributeError
            If it is no such file.
        """
        tree = json.loads(text)
        if tree.pop("version") != VERSION:
            raise ValueError("it is of another version")
        kept = _known(cls, tree)
        error, result, finished = kept.get("error"), kept.get("result"), kept.get("finished")
        return cls(
            **{
                **kept,
                "state": JobState(kept["state"]),
                "started": _time(kept["started"]),
                "finished": None if finished is None else _time(finished),
                "error": None if error is None else FirstLightError(*error),
                "result": None if result is None else _result_from_tree(result),
                "pace": _pace(kept.get("pace")),
                "notes": tuple(Note(Level(level), text) for level, text in kept.get("notes", ())),
            }
        )


def _result_to_tree(result: OperationResult) -> dict[str, Any]:
    return {
        "text": result.text,
        "status": result.status,
        "layers": [dataclasses.asdict(layer) for layer in result.layers],
        "outputs": dict(result.outputs),
        "warnings": result.warnings,
        "summary": None if result.summary is None else dataclasses.asdict(result.summary),
    }


def _result_from_tree(tree: Mapping[str, Any]) -> OperationResult:
    return OperationResult(
        data=None,
        text=str(tree["text"]),
        status=Status(tree["status"]),
        layers=tuple(_layer(each) for each in tree["layers"]),
        outputs=dict(tree["outputs"]),
        warnings=tuple(map(str, tree["warnings"])),
        summary=None if tree.get("summary") is None else _summary(tree["summary"]),
    )


def _layer(tree: Mapping[str, Any]) -> LayerOutput:
    kept = _known(LayerOutput, tree)
    acquired = kept.get("acquired")
    classes = (
        MapClass(each["code"], each["name"], tuple(each["color"])) for each in kept["classes"]
    )
    typed = {
        "path": Path(kept["path"]),
        "acquired": None if acquired is None else _time(acquired),
        "classes": tuple(classes),
        "warnings": tuple(kept.get("warnings", ())),
    }
    return LayerOutput(**{**kept, **typed})


def _pace(tree: Mapping[str, Any] | None) -> JobPace | None:
    return None if tree is None else JobPace(**_known(JobPace, tree))


def _summary(tree: Mapping[str, Any]) -> ResultSummary:
    rows = (
        AreaRow(**{**_known(AreaRow, row), "color": tuple(row["color"])}) for row in tree["rows"]
    )
    return ResultSummary(**{**_known(ResultSummary, tree), "rows": tuple(rows)})


def _known(kind: type[Any], tree: Mapping[str, Any]) -> dict[str, Any]:
    """What this version knows of what another one may have written."""
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in tree.items() if name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
