"""GDAL's failures, with its exceptions off and on: the same error with the same reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firstlight.core.errors import Cancelled, RasterError
from firstlight.core.gdal.errors import (
    FAILURES,
    NO_REASON,
    checked,
    checked_code,
    gdal_errors,
)


def failure(why: str) -> RasterError:
    return RasterError("It failed", why, "Do something.")


@pytest.fixture(params=["off", "on"])
def exceptions(request: pytest.FixtureRequest) -> Iterator[str]:
    """GDAL's exceptions, as another plugin may have set them."""
    from osgeo import gdal

    before = gdal.GetUseExceptions()
    gdal.UseExceptions() if request.param == "on" else gdal.DontUseExceptions()
    yield request.param
    gdal.UseExceptions() if before else gdal.DontUseExceptions()


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


@pytest.mark.parametrize(("first", "why"), [(True, "one"), (False, "three")])
def test_the_first_message_or_the_last_gives_the_reason(first: bool, why: str) -> None:
    with pytest.raises(RasterError) as caught, gdal_errors(failure, FAILURES, first=first):
        complain("one", "two", "three")
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
