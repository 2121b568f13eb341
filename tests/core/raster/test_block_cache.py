"""Blocks decoded once, whoever asks; never more kept than allowed."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstlight.core.raster.block_cache import BlockCache, cut_out
from support.blocks import held_bytes
from support.waiting import PATIENCE_S

Array = npt.NDArray[Any]


def block(key: Hashable) -> Array:
    return np.full((10, 10), hash(key) % 251, np.uint8)


def test_many_threads_that_want_the_same_blocks_load_each_once() -> None:
    cache, loaded, lock, together = BlockCache(1 << 20), [], threading.Lock(), threading.Barrier(6)
    wrong: list[Hashable] = []

    def load(keys: Sequence[Hashable]) -> list[Array]:
        with lock:
            loaded.extend(keys)
        return [block(key) for key in keys]

    def work(number: int) -> None:
        together.wait()
        for start in range(40):
            keys = [
                (number + start + step) % 50 for step in range(7)
            ]  # overlapping, in different orders
            found = cache.get(keys, load)
            wrong.extend(key for key in keys if not (found[key] == block(key)).all())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads)
    assert not wrong
    assert sorted(loaded) == list(range(50))  # type: ignore[type-var]


def test_no_more_is_kept_than_allowed_and_the_oldest_goes_first() -> None:
    cache, loaded = BlockCache(350), []

    def load(keys: Sequence[Hashable]) -> list[Array]:
        loaded.extend(keys)
        return [block(key) for key in keys]

    for key in (1, 2, 3, 1, 4, 1, 2):
        cache.get([key], load)
        assert held_bytes(cache) <= 350
    assert loaded == [1, 2, 3, 4, 2], "2 was the oldest when 4 came"
    assert len(cache.get(list(range(20)), load)) == 20, "more at once than are kept"
    assert held_bytes(cache) <= 350


def test_a_failure_reaches_who_loads_and_the_others_try_themselves() -> None:
    cache, begun, go = BlockCache(1 << 20), threading.Event(), threading.Event()
    failures: list[str] = []

    def fail(keys: Sequence[Hashable]) -> list[Array]:
        begun.set()
        go.wait(PATIENCE_S)
        raise ValueError("gone")

    def first() -> None:
        try:
            cache.get(["a"], fail)
        except ValueError as error:
            failures.append(str(error))

    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(PATIENCE_S)
    found: list[dict[Hashable, Array]] = []
    other = threading.Thread(
        target=lambda: found.append(cache.get(["a"], lambda keys: [block("a")]))
    )
    other.start()
    go.set()
    thread.join(PATIENCE_S)
    other.join(PATIENCE_S)
    assert failures == ["gone"]
    assert (found[0]["a"] == block("a")).all()


@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    unit=st.tuples(st.integers(1, 17), st.integers(1, 17)),
    first=st.tuples(st.integers(-30, 50), st.integers(-30, 50)),
    size=st.tuples(st.integers(1, 50), st.integers(1, 50)),
)
def test_a_window_cut_out_of_blocks_is_that_of_the_whole(
    shape: tuple[int, int], unit: tuple[int, int], first: tuple[int, int], size: tuple[int, int]
) -> None:
    whole = np.arange(1, shape[0] * shape[1] + 1, dtype=np.int32).reshape(shape)
    blocks = {
        (row // unit[0], col // unit[1]): whole[row : row + unit[0], col : col + unit[1]]
        for row in range(0, shape[0], unit[0])
        for col in range(0, shape[1], unit[1])
    }
    padded = np.pad(whole, 100, constant_values=-7)
    expected = padded[100 + first[0] :, 100 + first[1] :][: size[0], : size[1]]
    np.testing.assert_array_equal(cut_out(blocks, unit, first, size, -7), expected)


def test_nothing_asked_is_nothing_loaded() -> None:
    assert BlockCache(10).get([], lambda keys: pytest.fail("asked")) == {}
