"""From measurements to a table: each contender against the reference within the same repetition,
then the median.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """One contender in one repetition."""

    name: str
    title: str
    problem: str = ""
    """Empty when it did its work and the result is right."""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    other_share: float = 0.0
    requests: int = 0
    wire_bytes: int = 0
    out_bytes: int = 0
    work_s: float | None = None
    """Its own count without the start of the interpreter and the imports, where it gives one."""


Repetition = Sequence[Record]


@dataclass(frozen=True)
class Floor:
    """What nobody can go below; 0 where there is no such thing."""

    wire_bytes: int = 0
    line_s: float = 0.0


@dataclass(frozen=True)
class Ratio:
    """Of one contender to the reference, over all repetitions in which both were right."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"**{self.median:.2f}** ({self.low:.2f}–{self.high:.2f})"


def paired_ratio(
    repetitions: Sequence[Repetition], name: str, reference: str, value: Callable[[Record], float]
) -> Ratio | None:
    """One contender to the reference.

    The ratio is taken within each repetition, where both met the same state of the machine, and the
    median afterwards: the ratio of two medians would mix quiet and busy minutes. None where they
    never were right in the same repetition.
    """
    ratios = []
    for repetition in repetitions:
        good = {record.name: record for record in repetition if not record.problem}
        if name in good and reference in good and value(good[reference]) > 0:
            ratios.append(value(good[name]) / value(good[reference]))
    if not ratios:
        return None
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


Column = tuple[str, Callable[[list[Record]], str]]


def markdown(repetitions: Sequence[Repetition], reference: str, floor: Floor) -> str:
    """The table, the smallest ratio of times first; contenders with a problem stand at the end with
    its first line.
    """
    by_name: dict[str, list[Record]] = {}
    for repetition in repetitions:
        for record in repetition:
            by_name.setdefault(record.name, []).append(record)
    good = {name: [r for r in records if not r.problem] for name, records in by_name.items()}
    right = [
        name for name, records in good.items() if records and len(records) == len(by_name[name])
    ]
    compared = {name: paired_ratio(repetitions, name, reference, _wall) for name in right}
    right.sort(
        key=lambda name: (getattr(compared[name], "median", math.inf), _middle(good[name], _wall))
    )
    everything = [record for name in right for record in good[name]]
    columns = _columns(everything, floor)
    own = bool(everything) and all(record.work_s for record in everything)
    compared_heads = [
        f"time ÷ {reference}",
        *([f"without imports ÷ {reference}"] if own else []),
        f"CPU ÷ {reference}",
    ]
    heads = ["contender", *compared_heads, *(head for head, _ in columns)]
    rows = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name in right:
        ratios = [
            paired_ratio(repetitions, name, reference, value)
            for value in (_wall, *([_work] if own else []))
        ]
        cpu = paired_ratio(repetitions, name, reference, _cpu)
        cells = [
            good[name][0].title,
            *(str(ratio or "–") for ratio in ratios),
            f"{cpu.median:.2f}" if cpu else "–",
        ]
        rows.append("| " + " | ".join([*cells, *(show(good[name]) for _, show in columns)]) + " |")
    for name, records in by_name.items():
        if name not in right:
            problem = next(record.problem for record in records if record.problem)
            rows.append(
                "| "
                + " | ".join(
                    [records[0].title, problem.replace("|", "/"), *[""] * (len(heads) - 2)]
                )
                + " |"
            )
    return "\n".join(rows)


def _columns(records: Sequence[Record], floor: Floor) -> list[Column]:
    """Those that say something for these records."""
    columns: list[Column] = [
        ("time, s", lambda rs: f"{_middle(rs, _wall):.2f}"),
        ("best, s", lambda rs: f"{min(r.wall_s for r in rs):.2f}"),
    ]
    if any(record.work_s is not None for record in records):
        columns.append(("without imports, s", _show_work))
    if floor.line_s:
        columns.append(("time ÷ line", lambda rs: f"{_middle(rs, _wall) / floor.line_s:.3f}"))
    columns += [
        ("CPU, s", lambda rs: f"{_middle(rs, _cpu):.1f}"),
        ("peak, MB", lambda rs: f"{max(r.peak_mb for r in rs):.0f}"),
    ]
    if any(record.requests for record in records):
        columns += [
            ("requests", lambda rs: f"{_middle(rs, lambda r: r.requests):.0f}"),
            ("over the line, MB", lambda rs: f"{_middle(rs, lambda r: r.wire_bytes) / 1e6:.1f}"),
        ]
        if floor.wire_bytes:
            columns.append(
                (
                    "bytes ÷ needed",
                    lambda rs: f"{_middle(rs, lambda r: r.wire_bytes) / floor.wire_bytes:.3f}",
                )
            )
    if any(record.out_bytes for record in records):
        columns.append(
            ("written, MB", lambda rs: f"{_middle(rs, lambda r: r.out_bytes) / 1e6:.0f}")
        )
    columns.append(
        ("others' CPU", lambda rs: f"{100 * _middle(rs, lambda r: r.other_share):.0f} %")
    )
    return columns


def _wall(record: Record) -> float:
    return record.wall_s


def _cpu(record: Record) -> float:
    return record.cpu_s


def _work(record: Record) -> float:
    return record.work_s or 0.0


def _show_work(records: list[Record]) -> str:
    known = [record.work_s for record in records if record.work_s is not None]
    return f"{statistics.median(known):.2f}" if known else "–"


def _middle(records: Sequence[Record], value: Callable[[Record], float]) -> float:
    return statistics.median(value(record) for record in records)
