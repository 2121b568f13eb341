"""The median of layers: numpy's, whatever is missing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from firstlight.core.mosaic import median as module
from firstlight.core.mosaic.median import nan_median


@pytest.mark.parametrize("count", [*range(1, 26), 40, 64])
def test_it_is_numpys(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIXELS_AT_ONCE", 1000)  # the last part is a shorter one
    random = np.random.default_rng(count)
    layers = random.integers(-50, 50, (count, 2, 31, 40)).astype(np.float32) / np.float32(8)
    layers[random.random(layers.shape) < 0.4] = np.nan
    layers[:, 0, :5] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all of a pixel may be missing
        right = np.nanmedian(layers, axis=0)
    assert np.isnan(right[0, :5]).all()
    assert np.array_equal(nan_median(layers), right, equal_nan=True)


def test_no_layer_tells_nothing() -> None:
    found = nan_median(np.empty((0, 2, 3, 4), np.float32))
    assert found.shape == (2, 3, 4)
    assert np.isnan(found).all()
