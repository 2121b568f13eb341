"""Areas with their interval and confidence of pixels, on simulated places whose truth is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.judged_maps import JudgedPlaces, judge, steps
from support.rasters import read_band


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> JudgedPlaces:
    return JudgedPlaces(tmp_path_factory.mktemp)


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "seed"), [("burn-severity", 3), ("water", 8)])
def test_the_interval_holds_the_truth(kind: str, seed: int, tmp_path: Path) -> None:
    judged = judge(kind, seed, tmp_path)
    found = judged.result.figures.interval
    assert found is not None
    mapped = judged.result.figures.share_of(judged.result.figures.extents[0]).area_km2
    assert mapped is not None
    assert judged.covered
    assert found.low < 1e6 * mapped < found.high
    assert found.high - found.low < 1e6 * mapped, "half of the area is no statement"
    likely = read_band(tmp_path / "out" / "confidence.tif")
    assert found.expected == pytest.approx(likely[likely != 255].sum(dtype=float))
    told = judged.result.statistics["interval"]
    assert told["low_km2"] == pytest.approx(found.low / 1e6)
    assert told["percent"] == 95
    surest, unsure = judged.sure >= 99, (judged.sure >= 50) & (judged.sure < 70)
    assert judged.right[surest].mean() > 0.98 > 0.85 > judged.right[unsure].mean() > 0.25


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "count"), steps("burn-severity"))
def test_of_many_places_most_intervals_hold_the_truth(
    kind: str, count: int, places: JudgedPlaces
) -> None:
    places.check(kind, count)
