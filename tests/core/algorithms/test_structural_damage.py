"""Structural damage: windows against a naive loop and scipy, a simulated town with known truth,
tiles, cloud, and the edges.
"""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.algorithms.structural_damage import (
    BRIGHTNESS_STEP,
    CHANGED,
    CLASSES,
    FISHER_STEP,
    RADAR_STRUCTURE,
    STRONG,
    StructuralDamage,
    Usual,
    structural_kernel,
    to_fisher,
    window_sum,
)

UNSEEN = 255
RADAR = StructuralDamage(True, RADAR_STRUCTURE)


def town(
    shape: tuple[int, int], seed: int = 0, looks: float = 4.4
) -> tuple[dict[str, Any], Any, Any]:
    """Radar backscatter in dB of a town amid fields on two dates; in one quarter the buildings are
    gone. Values, town, quarter.
    """
    random = np.random.default_rng(seed)
    rows, cols = shape
    built, gone = np.zeros(shape, bool), np.zeros(shape, bool)
    built[rows // 6 : rows * 5 // 6, cols // 6 : cols * 5 // 6] = True
    gone[rows // 4 : rows // 2, cols // 4 : cols // 2] = True
    corners = np.where(random.random(shape) < 0.12, random.lognormal(1.2, 0.6, shape), 0.08)
    rubble = np.where(random.random(shape) < 0.03, random.lognormal(0.2, 0.6, shape), 0.1)
    before = np.where(built, corners, 0.06)
    after = np.where(gone, rubble, before)
    values = {
        f"{date}.band": (10 * np.log10(scene * random.gamma(looks, 1 / looks, shape))).astype(
            np.float32
        )
        for date, scene in (("pre", before), ("post", after * 1.1))
    }
    return values, built, gone


def run(values: dict[str, Any], function: StructuralDamage = RADAR) -> tuple[Any, StructuralDamage]:
    """As the engine does it: with the halo around it, and without it in the result."""
    masks = tuple(name for name in values if name.endswith("scl"))
    kernel = structural_kernel(function, {name: name for name in values}, masks)
    reach = kernel.halo
    padded = {name: np.pad(data, reach, constant_values=np.nan) for name, data in values.items()}
    assert kernel.survey is not None
    settled = kernel.settled(kernel.survey.tally(padded))
    return [made[reach:-reach, reach:-reach] for made in settled.run(padded)], settled.compute  # type: ignore[return-value]


def inner(area: Any, pixels: int = 7) -> Any:
    """The part of an area so far from its border."""
    from scipy.ndimage import binary_erosion

    return binary_erosion(area, iterations=pixels)


def grown(area: Any, pixels: int = 8) -> Any:
    """An area and all that lies so near to it."""
    from scipy.ndimage import binary_dilation

    return binary_dilation(area, iterations=pixels)


def naive(
    values: dict[str, Any], function: StructuralDamage, place: tuple[int, int]
) -> tuple[float, float, float]:
    """Brightness, correlation and variation of one pixel in double precision."""
    row, col = place
    reach = function.window // 2
    around = tuple(slice(max(0, one - reach), one + reach + 1) for one in (row, col))
    before, after = (values[f"{date}.band"][around].astype(float) for date in ("pre", "post"))
    seen = np.isfinite(before) & np.isfinite(after)
    middle = (values["pre.band"][row, col], values["post.band"][row, col])
    if not function.decibel:
        seen &= (before > 0) & (after > 0)
        middle = tuple(one if one > 0 else math.nan for one in middle)
    if seen.sum() < 0.5 * function.window**2 or math.isnan(sum(middle)):
        return math.nan, math.nan, math.nan
    one, two = before[seen], after[seen]
    linear, later = (10 ** (one / 10), 10 ** (two / 10)) if function.decibel else (one, two)
    flat = min(linear.std() / linear.mean(), later.std() / later.mean()) < 1e-3
    correlation = 0.0 if flat else float(np.corrcoef(linear, later)[0, 1])
    return (
        10 * math.log10(later.mean() / linear.mean()),
        correlation,
        float(linear.std() / linear.mean()),
    )


@rules(max_examples=30, deadline=None)
@given(
    st.booleans(),
    st.sampled_from([3, 5, 13]),
    st.integers(0, 2**31),
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
)
def test_windows_are_what_a_loop_makes_of_them(
    decibel: bool, window: int, seed: int, shape: tuple[int, int]
) -> None:
    random = np.random.default_rng(seed)
    values = {}
    for date in ("pre", "post"):
        scene = random.gamma(4.4, 0.1, shape) if decibel else random.uniform(-0.02, 0.5, shape)
        values[f"{date}.band"] = (10 * np.log10(scene) if decibel else scene).astype(np.float32)
        values[f"{date}.band"][random.random(shape) < 0.2] = np.nan
    function = StructuralDamage(decibel, 0.3, window)
    reach = function.reach
    padded = {name: np.pad(data, reach, constant_values=np.nan) for name, data in values.items()}
    measured = [one[reach:-reach, reach:-reach] for one in function.measure(padded)]
    for place in np.ndindex(shape):
        expected = naive(values, function, place)
        found = [one[place] for one in measured]
        assert np.allclose(found, expected, atol=2e-4, rtol=1e-4, equal_nan=True), (
            place,
            found,
            expected,
        )


@pytest.mark.thorough
@rules(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 17), st.tuples(st.integers(1, 25), st.integers(1, 25)), st.integers(0, 99))
def test_a_window_sum_is_that_of_scipy_and_the_same_from_any_part(
    width: int, more: tuple[int, int], seed: int
) -> None:
    from scipy.signal import convolve2d

    shape = (width + more[0], width + more[1])
    numbers = np.random.default_rng(seed).normal(0, 1e3, shape)
    whole = window_sum(numbers, width)
    assert np.allclose(whole, convolve2d(numbers, np.ones((width, width)), mode="valid"), atol=1e-6)
    part = window_sum(numbers[more[0] :, more[1] // 2 :], width)
    assert np.array_equal(part, whole[more[0] :, more[1] // 2 :])  # to the last bit


@pytest.mark.parametrize("seed", range(3))
def test_the_ruined_quarter_of_a_town_is_found(seed: int) -> None:
    values, built, gone = town((180, 200), seed)
    (deviation, brightness, correlation, codes), function = run(values)
    damaged = np.isin(codes, (2, 3))
    assert damaged[inner(gone)].mean() > 0.9
    whole = inner(built & ~gone)
    assert damaged[whole].mean() < 0.01
    assert damaged[~grown(gone)].mean() < 0.002
    fields = inner(~built)
    assert (codes[fields] == 0).mean() > 0.99  # nothing is said of fields
    assert np.isnan(deviation[codes == 0]).all()
    assert np.median(correlation[whole]) > 0.5 > 0.2 > np.median(correlation[inner(gone)])
    assert np.median(brightness[inner(gone)]) < -3
    assert function.usual.brightness[0] == pytest.approx(
        10 * math.log10(1.1), abs=0.3
    )  # wet ground everywhere


@pytest.mark.parametrize("seed", range(3))
def test_an_unharmed_town_has_hardly_any_damage(seed: int) -> None:
    values, built, _ = town((180, 200), seed)
    noise = np.random.default_rng(9).normal(0, 1.5, built.shape).astype(np.float32)
    (_, _, _, codes), _ = run(
        {"pre.band": values["pre.band"], "post.band": values["pre.band"] + noise}
    )
    assert np.isin(codes[built], (2, 3)).mean() < 0.01


def test_reflectance_is_treated_as_intensity() -> None:
    values, built, gone = town((120, 120), 4, looks=200)
    optical = {name: (0.05 * 10 ** (data / 20)).astype(np.float32) for name, data in values.items()}
    (_, _, _, codes), _ = run(optical, StructuralDamage(False, 0.15))
    assert np.isin(codes, (2, 3))[inner(gone)].mean() > 0.9
    assert np.isin(codes, (2, 3))[inner(built & ~gone)].mean() < 0.02


def test_what_is_usual_is_median_and_spread_of_what_has_structure() -> None:
    values, _, _ = town((100, 110), 1)
    (_, brightness, correlation, codes), function = run(values)
    has = (codes != 0) & (codes != UNSEEN)
    usual = function.usual
    assert usual.population == has.sum()
    assert usual.brightness[0] == pytest.approx(np.median(brightness[has]), abs=BRIGHTNESS_STEP)
    spread = 1.4826 * np.median(np.abs(brightness[has] - np.median(brightness[has])))
    assert usual.brightness[1] == pytest.approx(max(spread, 0.1), abs=3 * BRIGHTNESS_STEP)
    fisher = np.arctanh(correlation[has].astype(float))
    assert usual.fisher[0] == pytest.approx(np.median(fisher), abs=2 * FISHER_STEP)
    better = fisher[fisher >= np.median(fisher)] - np.median(fisher)
    assert usual.fisher[1] == pytest.approx(
        max(1.4826 * np.median(better), 1 / math.sqrt(166)), abs=4 * FISHER_STEP
    )


def test_class_and_deviation_follow_the_definition() -> None:
    values, _, _ = town((60, 70), 2)
    function = StructuralDamage(True, 0.9, usual=Usual((0.4, 0.7), (0.8, 0.2), 1))
    reach = function.reach
    padded = {name: np.pad(data, reach, constant_values=np.nan) for name, data in values.items()}
    deviation, brightness, correlation, codes = (
        made[reach:-reach, reach:-reach] for made in function(padded)
    )
    _, _, variation = (made[reach:-reach, reach:-reach] for made in function.measure(padded))
    expected = np.hypot(
        (brightness - 0.4) / 0.7, np.maximum((0.8 - to_fisher(correlation)) / 0.2, 0)
    )
    has = variation >= 0.9
    assert np.allclose(deviation[has], expected[has], rtol=1e-4)
    clear = np.minimum(abs(expected - CHANGED), abs(expected - STRONG)) > 1e-3
    codes_expected = np.where(has, 1 + np.digitize(expected, [CHANGED, STRONG]), 0)
    assert np.array_equal(codes[clear], codes_expected[clear])


def test_cloud_and_gaps_are_counted_out_on_both_dates() -> None:
    values, _, _ = town((80, 90), 3)
    holes = np.random.default_rng(0).random((80, 90)) < 0.1
    holes[:, 60:] = True
    with_nan = {
        name: np.where(holes & (name == "post.band"), np.nan, data).astype(np.float32)
        for name, data in values.items()
    }
    masked = {**values, "post.scl": np.where(holes, 9, 4).astype(np.float32)}
    (_, _, _, first), one = run(with_nan)
    (_, _, _, second), two = run(masked)
    assert np.array_equal(first, second)
    assert one.usual == two.usual
    assert (first[holes] == UNSEEN).all()
    inside = ~holes[6:-6, 6:50]
    assert (first[6:-6, 6:50][inside] != UNSEEN).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 1), (13, 13)])
@pytest.mark.parametrize("value", [math.nan, -8.0])
def test_nothing_and_one_value_everywhere_have_a_result(
    shape: tuple[int, int], value: float
) -> None:
    values = {f"{date}.band": np.full(shape, value, np.float32) for date in ("pre", "post")}
    (deviation, _, correlation, codes), function = run(values)
    assert function.usual == Usual()
    assert np.isnan(deviation).all()
    if math.isnan(value) or min(shape) == 1:  # half of the window's pixels must be there
        assert (codes == UNSEEN).all()
    else:
        assert set(np.unique(codes)) == {0, UNSEEN}
        assert codes[6, 6] == 0
        assert correlation[6, 6] == 0  # what is flat resembles nothing


def test_the_same_picture_twice_has_no_damage() -> None:
    values, _, _ = town((70, 80))
    (_, _, correlation, codes), _ = run(
        {"pre.band": values["pre.band"], "post.band": values["pre.band"]}
    )
    assert not np.isin(codes, (2, 3)).any()
    assert np.nanmin(correlation) == pytest.approx(1)


def test_the_kernel_can_be_sent_to_another_process_and_says_what_it_does() -> None:
    kernel = structural_kernel(RADAR, {"pre.band": "pre.vv"}, ())
    assert pickle.loads(pickle.dumps(kernel)) == kernel
    assert " at 0x" not in repr(kernel)


def test_every_code_has_a_class() -> None:
    assert [one.code for one in CLASSES] == [0, 1, 2, 3]


def test_dilated_masks_take_more_away_and_the_halo_is_never_counted() -> None:
    values, _, _ = town((80, 90), 3)
    masked = {**values, "post.scl": np.full((80, 90), 4, np.float32)}
    masked["post.scl"][30:33, 40:43] = 9
    (_, _, _, plain), one = run(masked)
    (_, _, _, dilated), two = run(
        masked, StructuralDamage(True, RADAR_STRUCTURE, radius_px=(3.0, 3.0))
    )
    assert (dilated == UNSEEN).sum() > (plain == UNSEEN).sum()
    assert (dilated[31, 37:46] == UNSEEN).all()
    assert dilated[31, 36] != UNSEEN
    for codes, function in ((plain, one), (dilated, two)):
        assert function.usual.population == np.isin(codes, (1, 2, 3)).sum()
