"""Maps as operations: which parameter takes which input, whatever it is called at the doors."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.core.errors import InputError
from firstlight.core.maps.registry import MAPS, get_map
from firstlight.core.operations.registry import OPERATIONS
from firstlight.core.params import InputRole

BEFORE, AFTER, HAND, SLOPE = InputRole.BEFORE, InputRole.AFTER, InputRole.HAND, InputRole.SLOPE
TWO = {BEFORE: "pre", AFTER: "post"}
TERRAIN = {HAND: "hand", SLOPE: "slope"}
FIELDS = {
    "index": {AFTER: "stack"},
    "burn-severity": TWO,
    "burned-area": TWO,
    "thermal-anomaly": {AFTER: "stack"},
    "sar-water": {**TWO, **TERRAIN},
    "water": {BEFORE: "pre", AFTER: "stack", **TERRAIN},
    "wind-damage": TWO,
    "structural-damage": TWO,
    "fuse": {},
}


def test_every_map_says_which_parameter_takes_which_input() -> None:
    assert {operation.name: operation.role_fields() for operation in MAPS} == FIELDS
    assert set(MAPS) <= set(OPERATIONS)


def test_a_map_is_run_on_passes_without_the_names_of_its_parameters() -> None:
    paths = {name: Path(f"{name}.tif") for name in ("pre", "post", "hand", "slope")}
    params = get_map("water").map_inputs(Path("out"), **paths)
    assert (params.stack, params.pre, params.hand, params.slope, params.output) == (
        Path("post.tif"),
        Path("pre.tif"),
        Path("hand.tif"),
        Path("slope.tif"),
        Path("out"),
    )
    assert params.threshold == "auto"
    alone = get_map("thermal-anomaly").map_inputs(Path("out"), **paths)
    assert alone.stack == Path("post.tif")
    assert not get_map("thermal-anomaly").takes(HAND)


def test_a_map_of_two_dates_needs_both() -> None:
    with pytest.raises(InputError, match="Parameter ‘pre’ of ‘flight burn-severity’: is missing"):
        get_map("burn-severity").map_inputs(Path("out"), post=Path("post.tif"))
    with pytest.raises(KeyError):
        get_map("stack")
