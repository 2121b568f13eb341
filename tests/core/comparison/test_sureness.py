"""Agreement of two maps by the confidence that lies beside them, against a naive count."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.comparison.sureness import sure_codes
from firstlight.core.operation import OperationResult
from support.radar_chips import Chip, make_chip, wet
from support.rasters import read_band
from support.run import run_operation, small_tiles
from support.schemas import check
from support.simulated_maps import POWER, simulated_fire
from support.stacks import write_stack

BURNED = (4, 5, 6, 7)
"""Codes of severity, by its documentation."""
KINDS = ("neither", "one", "both")


@pytest.fixture(scope="module")
def fires(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two maps of one fire, each with its confidence."""
    folder = tmp_path_factory.mktemp("fires")
    place = simulated_fire(3, folder)
    for kind in ("burn-severity", "burned-area"):
        run_operation(kind, small_tiles(256), pre=place.pre, post=place.post, output=folder / kind)
    return folder


def radar(folder: Path, chip: Chip) -> Path:
    """A stack of a date, of power."""
    bands = {
        name: (10 ** (band / 10)).astype(np.float32)
        for name, band in (("vv", chip.vv), ("vh", chip.vh))
    }
    return write_stack(folder, bands, POWER, nodata=POWER.nodata)


def compare(folder: Path, output: Path, **words: Any) -> OperationResult:
    one, other = folder / "burned-area" / "burned.tif", folder / "burn-severity" / "severity.tif"
    result = run_operation("compare", map=one, other=other, output=output, **words)
    check("compare.json", result.json_data())
    return result


def own(folder: Path, name: str, codes: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """What a map observed and shows, and percent of confidence in what it says."""
    mapped, percent = read_band(folder / name), read_band(folder / "confidence.tif").astype(int)
    affected = np.isin(mapped, codes)
    return mapped != 255, affected, np.where(affected, percent, 100 - percent)


@pytest.mark.thorough
def test_agreement_where_maps_are_sure_equals_a_naive_count(fires: Path, tmp_path: Path) -> None:
    result = compare(fires, tmp_path / "out")
    seen, first, sure_first = own(fires / "burned-area", "burned.tif", (1,))
    other_seen, second, sure_second = own(fires / "burn-severity", "severity.tif", BURNED)
    both_seen = seen & other_seen
    number = (sure_first >= 90).astype(int) + (sure_second >= 90)
    told = result.json_data()["statistics"]["by_confidence"]
    for count, kind in enumerate(KINDS):
        chosen = both_seen & (number == count)
        assert chosen.sum() > 20, "each kind is there to be counted"
        agreed = (first == second)[chosen].mean()
        assert told[kind]["agree_percent"] == pytest.approx(100 * agreed, rel=1e-3), kind
        share = chosen.sum() / both_seen.sum()
        assert told[kind]["share_percent"] == pytest.approx(100 * share, rel=1e-3), kind
    expected = np.where(both_seen, 2 * number + (first != second), 255)
    np.testing.assert_array_equal(read_band(tmp_path / "out" / "sureness.tif"), expected)
    assert told["both"]["agree_percent"] > told["neither"]["agree_percent"]
    assert "Where both are 90 % sure or more, they agree on " in result.text
    assert result.json_data()["statistics"]["without_confidence"] == []


@pytest.mark.thorough
def test_a_map_without_confidence_is_said(fires: Path, tmp_path: Path) -> None:
    (tmp_path / "lone").mkdir()
    shutil.copy(fires / "burned-area" / "burned.tif", tmp_path / "lone")
    shutil.copy(fires / "burned-area" / "confidence.tif", tmp_path / "lone")  # whose is it?
    other = fires / "burn-severity" / "severity.tif"
    lone = tmp_path / "lone" / "burned.tif"
    result = run_operation("compare", map=lone, other=other, output=tmp_path / "out")
    told = result.json_data()["statistics"]
    assert told["without_confidence"] == ["No confidence lies beside burned.tif"]
    assert told["by_confidence"]["both"] == {"share_percent": 0.0, "agree_percent": None}
    assert told["by_confidence"]["one"]["agree_percent"] is not None
    again = shutil.copy(lone, tmp_path / "lone" / "again.tif")
    plain = run_operation("compare", map=lone, other=again, output=tmp_path / "plain")
    told = plain.json_data()["statistics"]
    assert (told["by_confidence"], len(told["without_confidence"])) == (None, 2)
    assert not (tmp_path / "plain" / "sureness.tif").exists()
    assert "No confidence lies beside again.tif" in plain.text


@pytest.mark.thorough
def test_confidence_that_is_about_other_codes_or_layers_counts_for_nothing(
    fires: Path, tmp_path: Path
) -> None:
    told = compare(fires, tmp_path / "out", positive="1,5,6").json_data()["statistics"]
    assert (
        told["without_confidence"] == ["The confidence beside severity.tif is that of other codes"]
        or told["by_confidence"] is None
    )
    shape, made = (192, 256), tmp_path / "flood" / "out"
    pre, post = (
        radar(tmp_path / "flood" / str(seed), make_chip(wet(shape, share, 5), seed))
        for seed, share in ((1, 0.1), (2, 0.3))
    )
    run_operation("sar-water", small_tiles(256), pre=pre, post=post, output=made)
    result = run_operation(
        "compare", map=made / "flooded.tif", other=made / "water.tif", output=tmp_path / "two"
    )
    told = result.json_data()["statistics"]
    assert told["without_confidence"] == [
        "The confidence beside water.tif is that of another layer"
    ]
    assert told["by_confidence"]["both"]["share_percent"] == 0


def test_what_is_no_percent_makes_nobody_sure() -> None:
    codes = np.array([[0, 1, 2, 3, 4, 255, 254]], np.uint8)
    nothing = np.full(codes.shape, np.nan, np.float32)
    for odd in (nothing, np.full(codes.shape, 255.0), np.full(codes.shape, -1.0)):
        assert sure_codes(codes, odd, None).tolist() == [[0, 0, 1, 1, 255, 255, 254]]
    low = np.full(codes.shape, 10.0)  # sure of what is not affected
    assert sure_codes(codes, low, None).tolist() == [[2, 0, 1, 3, 255, 255, 254]]
    assert sure_codes(codes, low, low).tolist() == [[4, 0, 3, 3, 255, 255, 254]]
