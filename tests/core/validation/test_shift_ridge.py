"""A straight edge slides along itself: it cannot tell a shift in its own direction, and must not be
taken to tell one.
"""

from __future__ import annotations

import numpy as np

from firstlight.core.validation.shift import edge_spectrum, measure_shift

SIDE = 240


def striped(seed: int, coarse: bool) -> np.ndarray:
    """Bright cloud above a straight line, grass below; seen at 10 m, or at 20 m and
    interpolated.
    """
    from scipy.ndimage import zoom

    random = np.random.default_rng(seed)
    values = np.where(np.arange(SIDE)[:, np.newaxis] < 48, 0.8, 0.2) + random.normal(
        0, 0.01, (SIDE, SIDE)
    )
    if coarse:
        values = zoom(
            values.reshape(SIDE // 2, 2, SIDE // 2, 2).mean(axis=(1, 3)),
            2,
            order=1,
            grid_mode=True,
            mode="nearest",
        )
    return values.astype(np.float32)


def test_one_straight_edge_tells_nothing() -> None:
    told = 0
    for seed in range(12):
        fine, coarse = edge_spectrum(striped(seed, False)), edge_spectrum(striped(seed + 100, True))
        shift = measure_shift([fine], [coarse])
        told += shift is not None and shift.length > 0.4
    assert told == 0


def test_two_edges_that_cross_tell() -> None:
    random = np.random.default_rng(1)
    for rows, cols in ((0, 0), (2, 0), (0, 3)):
        made = []
        for shift in ((0, 0), (rows, cols)):
            values = 0.2 + random.normal(0, 0.01, (SIDE, SIDE))
            values[60 + shift[0] : 160 + shift[0], 80 + shift[1] : 190 + shift[1]] = 0.5
            made.append(edge_spectrum(values.astype(np.float32)))
        found = measure_shift([made[0]], [made[1]])
        assert found is not None
        assert abs(found.rows - rows) < 0.1
        assert abs(found.cols - cols) < 0.1
