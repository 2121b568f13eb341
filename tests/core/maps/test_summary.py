"""A map in a few words: its number, how sure it is, and what was not observed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.maps.fuse import FUSE
from firstlight.core.recipes.results import MapResult
from firstlight.core.recipes.summary import summarise
from support.rasters import write_raster
from support.run import run_operation

SIDE = 100
"""Pixels of 10 m."""


def flooded(path: Path, wide: int, unseen: int = 0) -> Path:
    """An extent: 50 rows, so many columns wide, with rows at the end that nobody saw."""
    codes = np.zeros((SIDE, SIDE), np.uint8)
    codes[10:60, 10 : 10 + wide] = 1
    codes[SIDE - unseen :] = 255
    return write_raster(path, codes, nodata=255)


def fused(tmp_path: Path, name: str, wide: int, unseen: int = 0) -> MapResult:
    source = flooded(tmp_path / f"{name}.tif", wide, unseen)
    other = flooded(tmp_path / f"{name}_2.tif", wide, unseen)
    result = run_operation(FUSE, inputs=[source, other], output=tmp_path / name)
    assert result.summary == summarise(result.value)
    value = result.value
    assert isinstance(value, MapResult)
    return value


def test_the_number_the_edge_and_the_unseen(tmp_path: Path) -> None:
    summary = summarise(fused(tmp_path, "a", 40, unseen=25))
    assert summary.headline == "0.20 km² affected"
    # 180 pixels of edge: half a pixel of each are 90 pixels, or 0.009 km².
    assert summary.range == "0.19 to 0.21 km²"
    assert summary.not_observed == "25.0 % of the map was not observed (0.25 km²)"
    assert "half a pixel" in summary.reason
    counted = {row.name: (row.area_km2, row.counts, row.observed) for row in summary.rows}
    assert counted == {
        "Not affected (observed)": (pytest.approx(0.55), False, True),
        "Affected": (pytest.approx(0.20), True, True),
        "Not observed": (pytest.approx(0.25), False, False),
    }


@pytest.mark.parametrize(
    ("wide", "headline"), [(4, "About 0.02 km² affected"), (8, "0.04 km² affected")]
)
def test_a_wide_interval_is_told_as_about(tmp_path: Path, wide: int, headline: str) -> None:
    result = fused(tmp_path, "a", wide)
    interval = result.figures.interval
    assert interval is not None
    # Half a pixel all around: 52 of 200 pixels, 54 of 400.
    around = 100 * (2 * 50 + 2 * wide - 4) / 2
    assert (interval.high - interval.low) / 2 == pytest.approx(around, rel=0.05)
    assert summarise(result).headline == headline


def test_of_a_method_that_misses_more_the_least_is_quoted(tmp_path: Path) -> None:
    result = fused(tmp_path, "a", 40)
    missing = replace(result.figures, least="Radar misses water in wind.")
    summary = summarise(replace(result, figures=missing))
    assert (summary.headline, summary.range) == (
        "At least 0.19 km² affected",
        "0.20 km² mapped",
    )
    interval = missing.interval
    assert interval is not None
    assert interval.low <= 0.20e6


def test_a_least_area_of_nothing_is_not_quoted(tmp_path: Path) -> None:
    result = fused(tmp_path, "a", 1)
    missing = replace(result.figures, least="Radar misses water in wind.")
    summary = summarise(replace(result, figures=missing))
    assert (summary.headline, summary.range) == ("About 0.01 km² affected", "At least 0.00 km²")


def test_another_map_that_saw_as_much_is_named_and_widens_nothing(tmp_path: Path) -> None:
    one, other = fused(tmp_path, "a", 40), fused(tmp_path, "b", 60)
    summary = summarise(one, "Map A", [("Map B", other)])
    assert summary.headline == "0.20 km² affected"
    assert summary.range == "0.19 to 0.21 km²"
    assert summary.not_observed == ""
    assert summary.reason.startswith("The number is that of Map A. ")
    assert "Map B shows 0.30 km²." in summary.reason


def test_a_map_that_saw_less_says_nothing_of_the_range(tmp_path: Path) -> None:
    one, less = fused(tmp_path, "a", 40), fused(tmp_path, "b", 60, unseen=30)
    summary = summarise(one, "Map A", [("Map B", less)])
    assert summary.range == "0.19 to 0.21 km²"
    assert "Map B" not in summary.reason


def test_without_a_reference_system_no_area_is_claimed(tmp_path: Path) -> None:
    result = fused(tmp_path, "a", 40)
    figures = result.figures
    main = figures.main
    rows = tuple(replace(row, ground=replace(row.ground, area_m2=None)) for row in main.rows)
    nowhere = replace(main, rows=rows)
    layers = {**figures.layers, "consensus": nowhere}
    summary = summarise(replace(result, figures=replace(figures, layers=layers)))
    assert (summary.headline, summary.range) == ("area not known", "")
