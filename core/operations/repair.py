"""Mend a stack whose band files were moved or renamed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..monitor import EventQueue, Level, Monitor, Note
from ..operation import LayerOutput, Operation, OperationResult, Output
from ..params import Kind, param
from ..settings import Settings
from ..stack.repair import repair_stack
from ..text import joined
from ..workers import run_in_background


@dataclass(frozen=True, kw_only=True)
class RepairParams:
    """Stack, and folders in which its files may be."""

    # a file rather than a raster: QGIS does not open a stack whose sources are gone
    path: Path = param(kind=Kind.FILE_IN, title="Stack", help="The VRT to mend.", positional=True)
    folder: tuple[Path, ...] = param(
        (),
        kind=Kind.FOLDERS_IN,
        title="Folder",
        help="Searched for band files, with all that is below, after the stack's own folder.",
        flag="--folder",
    )


def run_repair(params: RepairParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Mend it, and name each mend."""
    repair = run_in_background(
        lambda: repair_stack(params.path, params.folder), EventQueue(monitor)
    )
    if repair.stack is None:
        text = f"{params.path}: every band file is in its place; nothing was changed"
        return OperationResult(
            {"path": str(params.path), "mends": [], "backup": None}, text, outputs={"mends": ""}
        )
    for warning in repair.stack.warnings:
        monitor.emit(Note(Level.WARNING, warning))
    lines = [str(mend) for mend in repair.mends]
    names = ", ".join(band.name for band in repair.stack.bands)
    return OperationResult(
        data={
            "path": str(params.path),
            "mends": [
                {
                    "band": mend.band,
                    "before": mend.before,
                    "after": mend.after,
                    "reason": mend.reason,
                }
                for mend in repair.mends
            ],
            "backup": str(repair.backup),
            "stack": repair.stack.to_dict(),
        },
        text=joined(
            [
                f"{params.path}: mended; the old one is {repair.backup}",
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
        outputs={"mends": joined(lines)},
        value=repair,
    )


REPAIR = Operation(
    name="repair",
    title="Mend a stack",
    group="Stacks",
    summary="Makes a stack anew whose band files were moved or renamed. It keeps its "
    "grid, and the old text beside it.",
    params=RepairParams,
    run=run_repair,
    outputs=(Output("mends", "What was mended"),),
)
