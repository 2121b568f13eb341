"""Wind damage: against a naive reading of its definition, on simulated storms with known truth, and
at the edges.
"""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.algorithms.wind_damage import (
    CLASSES,
    LEAST_NOISE,
    VegetationIndex,
    WindDamage,
    WindSurvey,
    wind_kernel,
)
from firstlight.core.confidence.likelihood import likelihood_percent

UNSEEN = 255


def landscape(
    shape: tuple[int, int], seed: int = 0, noise: float = 0.02
) -> tuple[dict[str, Any], Any]:
    """Forest (left), fields' soil (right), two dates; the storm takes the leaves of a square.
    Values and the square.
    """
    random = np.random.default_rng(seed)
    rows, cols = shape
    forest = np.arange(cols) < cols * 3 // 4
    hit = np.zeros(shape, bool)
    hit[rows // 4 : rows // 2, cols // 8 : cols // 2] = True
    values: dict[str, Any] = {}
    for date in ("pre", "post"):
        leaves = np.where(forest, 0.9, 0.1) * np.ones(shape)
        if date == "post":
            leaves = np.where(
                hit & forest, 0.35, leaves - 0.08 * forest
            )  # autumn is coming everywhere
        leaves = leaves + random.normal(0, noise, shape)
        values[f"{date}.nir"] = 0.15 + 0.25 * leaves
        values[f"{date}.red"] = 0.14 - 0.11 * leaves
        values[f"{date}.swir16"] = 0.30 - 0.16 * leaves
        values[f"{date}.swir22"] = 0.26 - 0.17 * leaves
    return {name: data.astype(np.float32) for name, data in values.items()}, hit & forest


def run(
    values: dict[str, Any], index: str = "ndmi", offset: float | None = None, **more: Any
) -> tuple[Any, WindDamage]:
    masks = tuple(name for name in values if name.endswith("scl"))
    kernel = wind_kernel(
        WindDamage(VegetationIndex(index), **more), {name: name for name in values}, masks, offset
    )
    assert kernel.survey is not None
    settled = kernel.settled(kernel.survey.tally(values))
    return settled.run(values), settled.compute  # type: ignore[return-value]


def naive(values: dict[str, Any], function: WindDamage) -> tuple[Any, Any]:
    """Loss and class of each pixel, one by one, in double precision."""
    shape = values["pre.nir"].shape
    losses, codes = np.full(shape, np.nan), np.full(shape, UNSEEN, np.uint8)
    partner = function.index.partner
    for place in np.ndindex(shape):

        def ratio(date: str, other: str) -> float:
            nir, two = float(values[f"{date}.nir"][place]), float(values[f"{date}.{other}"][place])  # noqa: B023
            return (
                (nir - two) / (nir + two) if nir >= 0 and two >= 0 and nir + two > 0 else math.nan
            )

        before, after, green = ratio("pre", partner), ratio("post", partner), ratio("pre", "red")
        if math.isnan(before + after + green):
            continue
        if green < function.vegetated:
            codes[place] = 0
            continue
        losses[place] = before - after - function.offset
        limit = 3 * function.noise
        codes[place] = 1 + (losses[place] >= limit) + (losses[place] >= max(limit, function.severe))
    return losses, codes


@rules(max_examples=40, deadline=None)
@given(
    st.sampled_from(VegetationIndex),
    st.integers(0, 2**31),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_any_pixel_is_what_the_definition_says(
    index: str, seed: int, shape: tuple[int, int]
) -> None:
    random = np.random.default_rng(seed)
    bands = [
        f"{date}.{band}" for date in ("pre", "post") for band in ("nir", "red", "swir16", "swir22")
    ]
    values = {name: random.uniform(-0.05, 0.6, shape).astype(np.float32) for name in bands}
    for data in values.values():
        data[random.random(shape) < 0.05] = np.nan
    function = WindDamage(index, vegetated=0.3, offset=0.0617, noise=0.0431)
    loss, codes, confidence = function(values)
    expected, classes = naive(values, function)
    near = np.abs(expected - 0.1293) < 1e-5  # single precision may fall on either side of a limit
    near |= np.abs(expected - 0.2) < 1e-5
    assert np.array_equal(codes[~near], classes[~near])
    assert np.allclose(loss, expected, atol=2e-6, equal_nan=True)
    assert np.array_equal(confidence == UNSEEN, np.isnan(expected))
    distance = ((expected - 0.1293) / math.hypot(0.0431, 0.0431 / 2)).astype(np.float32)
    truth = likelihood_percent(
        distance, np.isin(codes, (2, 3)), ~np.isnan(expected), leaks=True
    ).astype(int)
    assert np.abs(confidence - truth).max() <= 3  # at a half either step of distance may be taken


@pytest.mark.parametrize("index", list(VegetationIndex))
def test_a_storm_is_found_and_the_season_is_not_taken_for_it(index: str) -> None:
    values, hit = landscape((200, 240))
    (loss, codes, confidence), function = run(values, index)
    forest = codes != 0
    assert forest[:, :180].mean() > 0.999
    assert not forest[:, 180:].any()
    assert np.isin(codes[hit], (2, 3)).mean() > 0.99
    assert np.isin(codes[forest & ~hit], (2, 3)).mean() < 0.005
    quiet = loss[forest & ~hit]
    assert abs(np.median(quiet)) < 0.01  # the season is taken off
    assert function.offset > 0.02
    assert abs(function.noise / (1.4826 * np.median(np.abs(quiet))) - 1) < 0.15
    assert np.median(confidence[hit]) > 99


def test_without_a_storm_there_is_hardly_any_damage() -> None:
    values, hit = landscape((200, 240))
    for name in list(values):
        if name.startswith("post"):
            values[name][hit] = np.roll(values[name], 90, axis=0)[hit]
    (_, codes, _), _ = run(values, "ndmi")
    assert np.isin(codes, (2, 3)).mean() < 0.005


def test_offset_and_noise_are_the_median_and_the_greener_sides_spread() -> None:
    values, _ = landscape((60, 80), seed=5)
    (_, _, _), function = run(values, "ndvi")
    before, after = (
        (values[f"{date}.nir"].astype(float) - values[f"{date}.red"])
        / (values[f"{date}.nir"].astype(float) + values[f"{date}.red"])
        for date in ("pre", "post")
    )
    loss = (before - after)[before >= 0.5]
    assert function.offset == pytest.approx(np.median(loss), abs=0.001)
    greener = loss[loss <= np.median(loss)]
    assert function.noise == pytest.approx(
        1.4826 * np.median(np.median(loss) - greener), abs=0.0025
    )
    assert function.population == loss.size


def test_a_storm_over_most_of_the_forest_needs_its_offset_told() -> None:
    values, hit = landscape((120, 160))
    for name, data in values.items():
        if name.startswith("post"):
            data[:, :100] = data[hit].mean() + 0.2 * (data[:, :100] - data[:, :100].mean())
    (_, blind, _), _ = run(values, "ndmi")
    (_, told, _), function = run(values, "ndmi", offset=0.08)
    assert (
        np.isin(blind[:, :100], (2, 3)).mean() < 0.5
    )  # as documented: half and more of it is taken for the season
    assert np.isin(told[:, :100], (2, 3)).mean() > 0.95
    assert function.offset == 0.08


def test_parts_of_a_picture_survey_like_the_whole() -> None:
    values, _ = landscape((90, 70), seed=2)
    survey = WindSurvey(WindDamage(VegetationIndex.NDMI))
    whole = survey.tally(values)
    parts = sum(
        survey.tally({name: data[top : top + 32] for name, data in values.items()})
        for top in range(0, 90, 32)
    )
    assert np.array_equal(whole, parts)


def test_cloud_is_not_observed_and_does_not_enter_the_survey() -> None:
    values, _ = landscape((60, 80))
    clear, clean = run(values, "ndvi")
    clouded = {name: data.copy() for name, data in values.items()}
    scl = np.full((60, 80), 4, np.float32)
    scl[:30] = 9
    for name in ("post.nir", "post.red"):
        clouded[name][:30] = 0.7
    clouded["post.scl"] = scl
    (loss, codes, confidence), function = run(clouded, "ndvi")
    assert (codes[:30] == UNSEEN).all()
    assert np.isnan(loss[:30]).all()
    assert (confidence[:30] == UNSEEN).all()
    below = {name: data[30:] for name, data in values.items()}
    (_, alone, _), same = run(below, "ndvi")
    assert np.array_equal(codes[30:], alone)
    assert (function.offset, function.noise) == (same.offset, same.noise)
    assert clean.population > function.population
    assert not (clear[1] == UNSEEN).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1)])
@pytest.mark.parametrize("value", [math.nan, 0.3, 0.0, -0.1])
def test_nothing_and_one_value_everywhere_have_a_result(
    shape: tuple[int, int], value: float
) -> None:
    values = {
        f"{date}.{band}": np.full(shape, value, np.float32)
        for date in ("pre", "post")
        for band in ("nir", "red", "swir16")
    }
    (loss, codes, confidence), function = run(values, "ndmi")
    assert set(np.unique(codes)) == (
        {0} if value == 0.3 else {UNSEEN}
    )  # NDVI 0: bare; no ratio of zeros or negative numbers
    assert np.isnan(loss).all()
    assert (confidence == UNSEEN).all()
    assert (function.population, function.noise) == (0, LEAST_NOISE)


def test_unchanged_vegetation_has_no_damage_and_a_least_noise() -> None:
    values = {
        f"{date}.{band}": np.full((5, 7), level, np.float32)
        for date in ("pre", "post")
        for band, level in (("nir", 0.4), ("red", 0.05), ("swir16", 0.2))
    }
    (loss, codes, confidence), function = run(values, "ndmi")
    assert (codes == 1).all()
    assert function.noise == LEAST_NOISE
    assert np.allclose(loss, 0, atol=5e-4)
    assert (confidence < 3).all()


def test_the_kernel_can_be_sent_to_another_process_and_says_what_it_does() -> None:
    kernel = wind_kernel(
        WindDamage(VegetationIndex.NBR), {"pre.nir": "pre.nir08"}, ("pre.scl",), 0.1
    )
    assert pickle.loads(pickle.dumps(kernel)) == kernel
    assert " at 0x" not in repr(kernel)


def test_every_code_has_a_class() -> None:
    assert [one.code for one in CLASSES] == [0, 1, 2, 3]
