"""Mend a stack whose band files were moved or renamed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..monitor import EventQueue, Level, Monitor, Note
from ..operation import LayerOutput, Operation, OperationResult, Output
from ..params import param
from ..settings import Settings
from ..stack.repair import repair_stack
from ..workers import run_in_background


@dataclass(frozen=True, kw_only=True)
class RepairParams:
    """Which stack, and where its files may be."""

    # a file rather than a raster: QGIS does not open a stack whose sources are gone
    path: Path = param(kind="file_in", title="Stack", help="The VRT to mend.", positional=True)
    folder: tuple[Path, ...] = param(
        (),
        kind="folders_in",
        title="Folder",
        help="Searched for band files, with all that is below, after the stack's own folder.",
        flag="--folder",
    )


def run_repair(params: RepairParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Mend it, and name each mend."""
    done = run_in_background(lambda: repair_stack(params.path, params.folder), EventQueue(monitor))
    if done.stack is None:
        text = f"{params.path}: every band file is in its place; nothing was changed"
        return OperationResult(
            {"path": str(params.path), "mends": [], "backup": None}, text, outputs={"mends": ""}
        )
    for warning in done.stack.warnings:
        monitor.emit(Note(Level.WARNING, warning))
    lines = [str(mend) for mend in done.mends]
    names = ", ".join(band.name for band in done.stack.bands)
    return OperationResult(
        data={
            "path": str(params.path),
            "mends": [
                {"band": one.band, "before": one.before, "after": one.after, "reason": one.reason}
                for one in done.mends
            ],
            "backup": str(done.backup),
            "stack": done.stack.to_dict(),
        },
        text="\n".join(
            [
                f"{params.path}: mended; the old one is {done.backup}",
                *(f"  {line}" for line in lines),
            ]
        ),
        layers=(
            LayerOutput(
                params.path,
                params.path.stem,
                "natural_color",
                params.path.stem,
                abstract=f"Bands {names}, mended",
            ),
        ),
        outputs={"mends": "\n".join(lines)},
        value=done,
    )


REPAIR = Operation(
    name="repair",
    title="Mend a stack",
    group="Stacks",
    summary="Finds the moved or renamed band files of a stack again, makes it anew on its old "
    "grid, and keeps the old text.",
    params=RepairParams,
    run=run_repair,
    outputs=(Output("mends", "What was mended"),),
)
