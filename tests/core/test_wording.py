"""Parameters and operations named in sentences: each door shows its own words."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.core.cli import WORDING
from firstlight.core.errors import InputError
from firstlight.core.monitor import BandProgress, Note, Progress, RecordingMonitor
from firstlight.core.operation import OperationResult
from firstlight.core.operations.registry import OPERATIONS
from firstlight.core.operations.stack import STACK
from firstlight.core.report import Finding, ValidationReport
from firstlight.core.settings import Settings
from firstlight.core.wording import MARK, Wording
from support.operations import NAMES, NamesParams

TITLES = Wording(lambda: (STACK,), lambda p: p.title, lambda operation, _: operation.title)
SENTENCE = "No --unit, and no ‘nonsense’: run flight repair."


@pytest.mark.parametrize(
    ("text", "cli", "dock"),
    [
        ("Lower ‘hand_limit’.", "Lower --hand-limit.", "Lower Height limit."),
        ("‘unit’ of another", "--unit of another", "Unit of radar of another"),
        ("‘stack.band’", "--band", "Bands"),
        ("‘flight stack’ makes it", "flight stack makes it", "Stack local bands makes it"),
        ("‘flight stack --unit db’.", "flight stack --unit db.", "Stack local bands."),
        ("‘names.unit’, ‘flight nowhere’, ‘it’", None, None),
        ("the file’s ‘Own Name’ and 'unit'", None, None),
    ],
)
def test_a_name_is_replaced_where_it_is_known(text: str, cli: str | None, dock: str | None) -> None:
    assert WORDING.text(text, NAMES) == (cli or text)
    assert TITLES.text(text, NAMES) == (dock or text)


def test_an_operation_s_own_parameter_comes_first() -> None:
    wording = Wording(lambda: (NAMES, STACK), lambda p: p.help, lambda operation, _: operation.name)
    own = next(p for p in STACK.parameters() if p.name == "offset")
    assert wording.text("‘offset’", STACK) == own.help


def test_events_and_results_are_in_the_door_s_words() -> None:
    monitor = RecordingMonitor()
    result = WORDING.run(NAMES, NamesParams(), Settings(), monitor)
    assert monitor.events == [Note("warning", "Lower --hand-limit.")]
    assert result.text == SENTENCE
    assert result.json_data() == {"warnings": [SENTENCE]}


def test_a_failure_is_the_same_one_in_the_door_s_words() -> None:
    with pytest.raises(InputError) as caught:
        WORDING.run(NAMES, NamesParams(fails=True), Settings(), RecordingMonitor())
    assert str(caught.value) == "The unit: --unit is missing. Run flight repair."
    assert caught.value.args == ("The unit", "--unit is missing", "Run flight repair.")
    with pytest.raises(InputError, match="Parameter --hand-limit of flight names cannot be"):
        WORDING.make_params(NAMES, {"hand_limit": "low"})


def test_progress_never_runs_backwards_at_a_door() -> None:
    def run(params: object, settings: Settings, monitor: RecordingMonitor) -> OperationResult:
        for fraction in (0.0, 0.9, 0.0, 0.5, 1.0):
            monitor.emit(Progress(fraction, "a step"))
        return OperationResult(None, "")

    monitor = RecordingMonitor()
    WORDING.run(dataclasses.replace(NAMES, run=run), NamesParams(), Settings(), monitor)
    fractions = [event.fraction for event in monitor.events if isinstance(event, Progress)]
    assert fractions == [0.0, 0.9, 0.9, 0.9, 1.0]


def test_every_kind_of_event_and_findings_are_reworded() -> None:
    def run(params: object, settings: Settings, monitor: RecordingMonitor) -> OperationResult:
        monitor.emit(Progress(0.5, "‘unit’", "‘scale’"))
        monitor.emit(BandProgress("scene", "red", "failed", detail="‘offset’"))
        finding = Finding("code", "error", "‘unit’ is missing")
        return OperationResult(None, "", value=ValidationReport(Path("stack.vrt"), (), (finding,)))

    monitor = RecordingMonitor()
    operation = dataclasses.replace(NAMES, run=run)
    result = WORDING.run(operation, NamesParams(), Settings(), monitor)
    assert monitor.events == [
        Progress(0.5, "--unit", "--scale"),
        BandProgress("scene", "red", "failed", detail="--offset"),
    ]
    assert result.value.sentences("error") == ["--unit is missing"]


def texts_of_core() -> Iterator[tuple[str, str]]:
    """Place and text of every text in core's sources but docstrings; … for what is filled in."""
    root = Path(__file__).resolve().parents[2] / "core"
    for path in sorted(root.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        skipped: set[int] = set()
        for node in ast.walk(tree):  # from the outside to the inside
            if isinstance(node, ast.Expr):
                skipped.add(id(node.value))
            if id(node) in skipped or not isinstance(node, (ast.Constant, ast.JoinedStr)):
                continue
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            skipped.update(id(part) for part in parts if part is not node)
            text = "".join(
                str(getattr(part, "value", "")) if isinstance(part, ast.Constant) else "…"
                for part in parts
            )
            if " " in text:
                yield f"{path.relative_to(root)}:{node.lineno}", text


def test_every_name_in_core_s_texts_is_one_of_a_parameter_or_operation() -> None:
    known = {operation.name: {p.name for p in operation.parameters()} for operation in OPERATIONS}
    everything = set().union(*known.values())
    seen = 0
    for place, text in texts_of_core():
        for named, _, owner, parameter in MARK.findall(text):
            seen += 1
            assert not named or named in known, (place, text)
            names = known[owner] if owner else everything
            assert not parameter or parameter in names, (place, text)
    assert seen > 20


def test_core_s_texts_do_not_speak_the_command_line_s_words() -> None:
    # argparse, what the command line asks, and the programs of Dask and Spark
    own = (
        "cli.py",
        "doors/sentence.py",
        "execution/local_cluster.py",
        "scenes/table_on_spark.py",
    )
    for place, text in texts_of_core():
        if not place.startswith(own):
            plain = MARK.sub("", text)
            assert not re.search(r"(?:^|[\s(])--[a-z]|NAME=PATH|\bflight [a-z]+ ", plain), place


def test_titles_and_helps_need_no_door() -> None:
    for operation in OPERATIONS:
        texts = [*operation.about(), *(f"{p.title} {p.help}" for p in operation.parameters())]
        assert not [text for text in texts if MARK.search(text)], operation.name
