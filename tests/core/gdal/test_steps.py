"""Iterators that call GDAL leave the thread's handlers of messages alone between two items."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import RasterError
from firstlight.core.forecast.grib import read_messages
from firstlight.core.gdal.environment import quiet_gdal
from firstlight.core.gdal.errors import checked, gdal_steps
from firstlight.core.shapes.features import FeatureFile, read_features
from firstlight.core.shapes.gazetteer import read_places
from support.grib import rain, write_grib


def messages(folder: Path) -> Iterator[Any]:
    fields = [rain(np.zeros((2, 2)), hour) for hour in (3, 6)]
    return read_messages(write_grib(folder / "rain.grib2", fields))


def features(folder: Path) -> Iterator[Any]:
    path = folder / "shapes.geojson"
    point = '{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[%d,1]}}'
    shapes = ",".join(point % number for number in range(3))
    path.write_text(f'{{"type":"FeatureCollection","features":[{shapes}]}}', encoding="utf-8")
    return read_features(FeatureFile(path), "EPSG:32631")


def places(folder: Path) -> Iterator[Any]:
    path = folder / "places.csv"
    path.write_text("name,lon,lat\nAlda,1,2\nBerga,3,4\n", encoding="utf-8")
    return read_places(path, lambda names: True, lambda: False)


@pytest.mark.parametrize("reader", [messages, features, places])
def test_a_reader_that_is_left_takes_away_nobody_s_handler(tmp_path: Path, reader: Any) -> None:
    from osgeo import gdal

    items = reader(tmp_path)
    next(items)
    with quiet_gdal() as told:
        del items
        gdal.Error(2, 1, "still heard")
    assert told == ["still heard"]


def test_who_takes_an_item_hears_gdal_itself() -> None:
    from osgeo import gdal

    with quiet_gdal() as told:
        for number in gdal_steps(iter([1, 2]), lambda why: RasterError("It failed", why)):
            gdal.Error(2, 1, f"item {number}")
    assert told == ["item 1", "item 2"]


def test_a_step_that_fails_is_an_error_with_gdals_reason() -> None:
    from osgeo import gdal

    def steps() -> Iterator[int]:
        yield 1
        gdal.Error(3, 1, "the first reason")
        gdal.Error(3, 1, "what followed")
        checked(None)

    def failure(why: str) -> RasterError:
        return RasterError("It failed", why, "Do something.")

    for first, reason in ((True, "the first reason"), (False, "what followed")):
        items = gdal_steps(steps(), failure, first=first)
        assert next(items) == 1
        with pytest.raises(RasterError, match=f"It failed: {reason}"):
            next(items)
