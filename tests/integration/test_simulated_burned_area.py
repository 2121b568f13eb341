"""The sample catalogue's simulated fire, mapped as burned area and compared with its truth; and the
weeks before it, without fire.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.events import simulated_event
from support.rasters import read_band

pytestmark = pytest.mark.thorough
"""The simulated events take half a minute to be made."""

Flight = Callable[..., tuple[int, str, str]]


def test_the_fire_is_found_and_nothing_before_it(
    sample_catalog: None, flight: Flight, tmp_path: Path
) -> None:
    event = simulated_event("fire")
    stacks = {}
    for role in ("before_early", "before", "after"):
        day = event.scene(role).item["properties"]["datetime"][:10]
        words = [
            "--catalog",
            "sample",
            f"--area={event.area_text}",
            "--start",
            day,
            "--end",
            day,
            "--sensor",
            "sentinel2",
        ]
        flight("ingest", *words, "--bands", "nir,swir16,swir22,scl", "--output", tmp_path / role)
        [stacks[role]] = (tmp_path / role).rglob("*_stack.vrt")

    def mapped(pre: str, post: str) -> Any:
        code, out, err = flight(
            "burned-area",
            "--pre",
            stacks[pre],
            "--post",
            stacks[post],
            "--output",
            tmp_path / f"{pre}_{post}",
            "--json",
        )
        assert code == 0, err
        return read_band(json.loads(out)["outputs"]["burned"])

    codes = mapped("before", "after")
    severity = read_band(event.truth["severity"])
    burned = np.isin(severity, (4, 5, 6, 7))
    seen = (
        (codes != 255)
        & (read_band(event.truth["hidden_after"]) == 0)
        & (read_band(event.truth["hidden_before"]) == 0)
    )
    found = codes == 1
    agreement = (found & burned & seen).sum() / ((found | burned) & seen).sum()
    false = (found & ~burned & seen).sum() / (~burned & seen).sum()
    codes = mapped("before_early", "before")
    assert (codes == 1).sum() / (codes != 255).sum() < 0.005
    strong = np.isin(severity, (5, 6, 7)) & seen
    assert agreement > 0.95
    assert false < 0.006
    assert found[strong].mean() > 0.99
