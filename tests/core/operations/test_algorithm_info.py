"""What is told of each algorithm: complete, true to the page about it, and shown at the doors."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from firstlight.core.algorithms.indices import load_indices
from firstlight.core.cli import build_parser
from firstlight.core.discovery.band_config import load_sensors
from firstlight.core.discovery.events import event_names
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operation import Operation
from firstlight.core.operations.info import INFO
from firstlight.core.operations.registry import OPERATIONS
from firstlight.core.settings import Settings

PAGE = Path(__file__).resolve().parents[3] / "docs" / "algorithms.md"
ALGORITHMS = [operation for operation in OPERATIONS if operation.algorithm is not None]


@pytest.mark.parametrize("operation", ALGORITHMS, ids=lambda one: one.name)
def test_the_page_holds_each_algorithm_with_its_sources(operation: Operation) -> None:
    assert operation.algorithm is not None
    text = PAGE.read_text(encoding="utf-8")
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    assert any(f"`{operation.name}`" in line for line in heads), operation.name
    for reference in operation.algorithm.references:
        found = re.search(r"doi:\S+[^\s,;.]", reference)
        assert (found.group() if found else reference) in text, reference


@pytest.mark.parametrize("operation", ALGORITHMS, ids=lambda one: one.name)
def test_nothing_is_missing(operation: Operation) -> None:
    info = operation.algorithm
    assert info is not None
    assert info.references
    assert info.limits.endswith(".")
    assert set(info.events) <= set(event_names())
    assert info.events
    known = {band for sensor in load_sensors().values() for band in sensor.bands}
    assert set(info.bands) <= known
    assert operation.outputs, "a model wants its figures"


def test_the_command_line_says_when_not_to_use_it() -> None:
    for operation in ALGORITHMS:
        assert "When not to use it" in "".join(operation.about())
    assert "Key & Benson" in " ".join(help_of("burn-severity").split())


def test_info_lists_each_algorithm_with_all_that_is_known() -> None:
    told = INFO.run(INFO.make_params({}), Settings(), RecordingMonitor())
    listed = json.loads(json.dumps(told.json_data()))["algorithms"]
    assert list(listed) == [operation.name for operation in ALGORITHMS]
    lines = told.text.splitlines()
    for operation in ALGORITHMS:
        info, one = operation.algorithm, listed[operation.name]
        assert info is not None
        assert (one["events"], one["bands"], one["references"]) == (
            list(info.events),
            list(info.bands),
            list(info.references),
        )
        assert one["limits"] == info.limits
        [line] = [text for text in lines if text.startswith(f"  {operation.name}: ")]
        assert all(word in line for word in (*info.events, *info.bands))
        assert list(one["parameters"]) == [p.name for p in operation.parameters()]
    least = listed["burned-area"]["parameters"]["min_area"]
    assert (least["minimum"], least["default"], least["required"]) == (0, 1.0, False)
    assert listed["burn-severity"]["parameters"]["index"]["choices"] == ["dnbr", "rdnbr", "rbr"]


def help_of(name: str) -> str:
    import argparse

    [commands] = [
        action
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    return str(commands.choices[name].format_help())


def test_the_formulas_that_info_tells_are_those_that_are_computed() -> None:
    told = INFO.run(INFO.make_params({}), Settings(), RecordingMonitor()).json_data()["indices"]
    assert told == {name: index.formula.text for name, index in load_indices().items()}
