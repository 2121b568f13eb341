"""GDAL's failures, with its exceptions off and on: the same error with the same reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.errors import Cancelled, RasterError
from firstlight.core.gdal.errors import (
    FAILURES,
    NO_REASON,
    checked,
    checked_code,
    gdal_errors,
    messages_of,
)
from support.gdal_exceptions import gdal_exceptions
from support.rasters import write_raster


def failure(why: str) -> RasterError:
    return RasterError("It failed", why, "Do something.")


@pytest.fixture(params=["off", "on"])
def exceptions(request: pytest.FixtureRequest) -> Iterator[str]:
    """GDAL's exceptions, as another plugin may have set them."""
    with gdal_exceptions(request.param == "on"):
        yield request.param


def test_a_call_that_answers_nothing_is_an_error_with_gdals_reason(exceptions: str) -> None:
    from osgeo import gdal

    named = r"It failed: .*/no/such/file.*\. Do something\."
    with pytest.raises(RasterError, match=named), gdal_errors(failure):
        checked(gdal.Open("/no/such/file.tif"))


def test_a_call_that_answers_a_code_is_an_error_too(exceptions: str) -> None:
    from osgeo import gdal

    with pytest.raises(RasterError, match="It failed"), gdal_errors(failure):
        checked_code(gdal.GetDriverByName("GTiff").Delete("/no/such/file.tif"))


def test_without_a_message_it_says_so() -> None:
    with pytest.raises(RasterError, match=NO_REASON), gdal_errors(failure):
        checked(None)


def complain(*texts: str) -> None:
    """A warning, then failures, as GDAL tells them."""
    from osgeo import gdal

    gdal.Error(2, 1, "a warning")
    for text in texts:
        gdal.Error(3, 1, text)
    checked(None)


@pytest.mark.parametrize("exceptions", ["off"], indirect=True)
@pytest.mark.parametrize(("first", "why"), [(True, "one"), (False, "three")])
def test_the_first_message_or_the_last_gives_the_reason(
    exceptions: str, first: bool, why: str
) -> None:
    with pytest.raises(RasterError) as caught, gdal_errors(failure, FAILURES, first=first):
        complain("one", "two", "three")
    assert caught.value.why == why


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (True, r"TIFFFillTile: ?Read error [^.]*"),
        (False, r"[^ ]*cut\.tif, band 1: IReadBlock fail.*"),
    ],
)
def test_of_one_failing_call_too(exceptions: str, tmp_path: Path, first: bool, why: str) -> None:
    """Whether GDAL tells the handler all of it, or the exception carries it."""
    from osgeo import gdal

    pixels = np.random.default_rng(1).integers(0, 9999, (300, 300))
    path = write_raster(tmp_path / "cut.tif", pixels)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    dataset = gdal.Open(str(path))
    with pytest.raises(RasterError) as caught, gdal_errors(failure, FAILURES, first=first):
        checked(dataset.ReadRaster(299, 299, 1, 1))
    assert re.match(why, caught.value.why)
    assert "May be caused by" not in caught.value.why


def test_an_exception_that_carries_all_messages_has_the_last_one_first() -> None:
    """As GDAL 3.13 words them; older versions carry one, over several lines or not."""
    text = "a.tif: reading\nfailed\nMay be caused by: a tile failed\nMay be caused by: 0 bytes"
    assert messages_of(RuntimeError(text)) == ["0 bytes", "a tile failed", "a.tif: reading failed"]
    assert messages_of(RuntimeError("a tile\nfailed")) == ["a tile failed"]
    assert messages_of(RuntimeError("")) == messages_of(RuntimeError(NO_REASON)) == []
    for first, why in ((True, "0 bytes"), (False, "a.tif: reading failed")):
        with pytest.raises(RasterError) as caught, gdal_errors(failure, first=first):
            raise RuntimeError(text)
        assert caught.value.why == why


def test_what_is_fine_passes_and_our_own_errors_do(capfd: pytest.CaptureFixture[str]) -> None:
    from osgeo import gdal

    with gdal_errors(failure) as messages:
        gdal.Error(2, 1, "a  warning")
        assert checked(0) == 0
        checked_code(0)
        checked_code(None)
    assert messages == ["a warning"]
    assert capfd.readouterr().err == ""
    with pytest.raises(Cancelled), gdal_errors(failure):
        raise Cancelled("It")
