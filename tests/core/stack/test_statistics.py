"""Statistics that a stack states of its bands, so that nobody has to read them to show it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.cog.statistics import BandStatistics
from firstlight.core.files.file_state import UNSETTLED_NS
from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.stated_statistics import stated_statistics
from firstlight.core.stack import statistics
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.rasters import write_raster

REFLECTANCE = Radiometry(0.0001, -0.1, 0, "reflectance", "of the test")


def stack(tmp_path: Path, cog: bool = False) -> tuple[Path, np.ndarray]:
    """A band that grows brighter downwards, without data in its right half."""
    data = np.linspace(1000, 9000, 900 * 800).reshape(900, 800).astype(np.uint16)
    data[:, 400:] = 0
    path = write_raster(tmp_path / "nir.tif", data, cog=cog)
    made = create_band_stack({"nir": BandSource(path, 1, REFLECTANCE)}, tmp_path / "s.vrt")
    return made.path, data[:, :400] * 0.0001 - 0.1


@pytest.mark.parametrize("cog", [False, True])
def test_they_are_those_of_the_pixels_in_physical_units(tmp_path: Path, cog: bool) -> None:
    path, seen = stack(tmp_path, cog)
    stated = stated_statistics(path, 1)
    assert stated is not None
    assert stated.mean == pytest.approx(seen.mean(), rel=0.01)
    assert stated.minimum == pytest.approx(seen.min(), abs=0.005)
    assert stated.maximum == pytest.approx(seen.max(), abs=0.005)
    assert stated.deviation == pytest.approx(seen.std(), rel=0.01)
    low, high = stated.most
    assert stated.minimum <= low < stated.mean < high <= stated.maximum
    tags = read_facts(path).bands[0].tags
    assert tags["STATISTICS_APPROXIMATE"] == "YES", "no program that counts may take them"


def test_a_large_band_without_overviews_is_looked_at_in_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "MOST_PIXELS", 1000)
    path, seen = stack(tmp_path)
    stated = stated_statistics(path, 1)
    assert stated is not None
    assert stated.mean == pytest.approx(seen.mean(), rel=0.02)


def test_a_band_of_nothing_states_nothing(tmp_path: Path) -> None:
    empty = write_raster(tmp_path / "nir.tif", np.zeros((40, 40), np.uint16))
    path = create_band_stack({"nir": empty}, tmp_path / "s.vrt").path
    assert stated_statistics(path, 1) is None
    assert "STATISTICS" not in path.read_text()


def test_the_same_stack_is_the_same_bytes(tmp_path: Path) -> None:
    path, _ = stack(tmp_path)
    before = path.read_bytes()
    stack(tmp_path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["", "no xml", "<VRTDataset><VRTRasterBand/></VRTDataset>"])
def test_odd_text_states_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.vrt"
    path.write_text(text)
    assert stated_statistics(path, 1) is None
    assert stated_statistics(tmp_path / "gone.vrt", 1) is None
    assert stated_statistics(tmp_path / "a.tif", 1) is None


def test_they_hold_while_the_band_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = np.linspace(1000, 9000, 600 * 600).reshape(600, 600).astype(np.uint16)
    path = write_raster(tmp_path / "nir.tif", data)
    time.sleep(2 * UNSETTLED_NS / 1e9)
    first = create_band_stack({"nir": path}, tmp_path / "maps.vrt").path
    with monkeypatch.context() as patch:
        patch.setattr(statistics, "_samples", None)  # not to be read again
        again = create_band_stack({"nir": path}, tmp_path / "stack.vrt").path
    assert stated_statistics(again, 1) == stated_statistics(first, 1)
    write_raster(path, data // 2)
    changed = stated_statistics(create_band_stack({"nir": path}, tmp_path / "s.vrt").path, 1)
    assert changed is not None
    assert changed.mean == pytest.approx((data // 2).mean(), rel=0.01)


def test_those_of_a_stack_hold_for_what_is_stacked_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = stack(tmp_path)
    rule = read_facts(path).bands[0].radiometry
    with monkeypatch.context() as patch:
        patch.setattr(statistics, "_samples", None)  # not to be read again
        again = create_band_stack({"nir": BandSource(path, 1, rule)}, tmp_path / "pair.vrt").path
    assert stated_statistics(again, 1) == stated_statistics(path, 1)
    other = BandSource(path, 1, replace(rule, nodata=None))
    zeros = stated_statistics(create_band_stack({"nir": other}, tmp_path / "o.vrt").path, 1)
    assert zeros is not None
    assert zeros.minimum == pytest.approx(-0.1), "what is no data there is a number here"
    assert zeros.mean < seen.mean()


@pytest.mark.parametrize(
    ("name", "text"),
    [("MEAN", ""), ("MEAN", "many"), ("STDDEV", "nan"), ("VALID_PERCENT", "0"), ("MINIMUM", None)],
)
def test_odd_tags_say_nothing(name: str, text: str | None) -> None:
    whole = BandStatistics(100, 50, 1.0, 9.0, 4.0, 200.0)
    tags = whole.tags()
    assert BandStatistics.of_tags(tags, 100) == whole
    if text is None:
        del tags[f"STATISTICS_{name}"]
    else:
        tags[f"STATISTICS_{name}"] = text
    assert BandStatistics.of_tags(tags, 100) is None
