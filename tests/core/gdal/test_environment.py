"""Options of GDAL for reading, on threads of FirstLight's and of others."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import rasterio
from osgeo import gdal

from firstlight.core.gdal.environment import READ_OPTIONS, REMOTE_OPTIONS, read_options
from firstlight.core.workers import mark_own


def options_here() -> dict[str, str | None]:
    """What this thread has set."""
    return {name: gdal.GetThreadLocalConfigOption(name) for name in READ_OPTIONS}


def on_a_thread(work: Callable[[], None]) -> None:
    """Do it on a new thread; what it raises is raised here."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


UNSET = dict.fromkeys(READ_OPTIONS)


def test_a_thread_of_others_gets_back_what_it_had() -> None:
    def work() -> None:
        gdal.SetThreadLocalConfigOption("GDAL_HTTP_UNSAFESSL", "YES")
        with read_options():
            assert options_here() == READ_OPTIONS
            with read_options(remote=True):
                assert options_here() == REMOTE_OPTIONS
            assert options_here() == READ_OPTIONS
        assert options_here() == {**UNSET, "GDAL_HTTP_UNSAFESSL": "YES"}

    on_a_thread(work)


def test_a_thread_of_ours_keeps_its_options_and_changes_between_them() -> None:
    def work() -> None:
        mark_own()
        with read_options():
            with read_options(remote=True):
                assert options_here() == REMOTE_OPTIONS
            assert options_here() == READ_OPTIONS
        assert options_here() == READ_OPTIONS
        with read_options(remote=True):
            assert options_here() == REMOTE_OPTIONS
            with read_options():
                assert options_here() == READ_OPTIONS
            assert options_here() == REMOTE_OPTIONS
        with read_options():
            assert options_here() == READ_OPTIONS

    on_a_thread(work)


def test_what_rasterio_takes_away_is_set_again() -> None:
    def work() -> None:
        mark_own()
        with read_options():
            pass
        with rasterio.Env(**READ_OPTIONS):
            pass
        with read_options():
            assert options_here() == READ_OPTIONS

    on_a_thread(work)


def test_a_failure_leaves_the_options_of_around() -> None:
    def work() -> None:
        mark_own()
        with read_options():
            with pytest.raises(ValueError), read_options(remote=True):
                raise ValueError
            assert options_here() == READ_OPTIONS

    on_a_thread(work)
