"""The command line, run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from firstlight.core import cli

Answer = tuple[int, str, str]
"""Exit code, what it printed, what it told meanwhile."""
Flight = Callable[..., Answer]


def flight_command(capsys: pytest.CaptureFixture[str]) -> Flight:
    """``flight`` as a function of its words."""

    def flight(*words: object) -> Answer:
        capsys.readouterr()
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as stop:  # of argparse
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return flight


def first_result(answer: Answer) -> tuple[int, dict[str, Any], str]:
    """Read the first object of a ``--json`` answer."""
    code, out, err = answer
    return code, json.loads(out)[0], err
