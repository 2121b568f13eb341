"""A file's header against its item: believed, warned of with the numbers, or refused."""

from __future__ import annotations

import numpy as np
import pytest

from firstlight.core.discovery.header import join_warnings, weigh_header
from firstlight.core.enums import Evidence, Unit
from firstlight.core.errors import RasterError
from firstlight.core.raster.header import Header
from firstlight.core.types import Radiometry

L2A = Radiometry(1e-4, -0.1, 0.0, Unit.REFLECTANCE, "baseline 05.10", Evidence.PRODUCT)
ASSUMED = Radiometry(1e-4, -0.1, 0.0, Unit.REFLECTANCE, "by date", Evidence.ASSUMED)
UNKNOWN = Radiometry(1.0, 0.0, None, Unit.REFLECTANCE, "not known", Evidence.ASSUMED)
APPLIED = Radiometry(1e-4, 0.0, 0.0, Unit.REFLECTANCE, "the offset is already in the pixels")
CELSIUS = Radiometry(0.01, 273.15, -9999.0, Unit.KELVIN, "HLS", Evidence.PRODUCT)


@pytest.mark.parametrize(
    ("rule", "header"),
    [
        (L2A, Header("uint16")),
        (L2A, Header("uint16", nodata=0.0)),
        (L2A, Header("uint16", float(np.float32(1e-4)), -0.1, 0.0)),
        (CELSIUS, Header("int16", 0.01, 0.0, -9999.0)),
        (Radiometry(1.0, 0.0, None, Unit.METRE), Header("float32")),
        (Radiometry(1.0, 0.0, 0.0, Unit.CLASS), Header("uint8", nodata=255.0)),
    ],
)
def test_a_header_that_agrees_changes_nothing(rule: Radiometry, header: Header) -> None:
    assert weigh_header("'red' of A", rule, header) == (rule, "")


@pytest.mark.parametrize(
    ("rule", "header", "scaling", "nodata", "told"),
    [
        (ASSUMED, Header("int16", 1e-4, 0.0, -9999.0), (1e-4, 0.0), -9999.0, "offset -0.1"),
        (UNKNOWN, Header("int16", 1e-4, 0.0, -999.0), (1e-4, 0.0), -999.0, "0.0001"),
        (UNKNOWN, Header("float32"), (1.0, 0.0), None, ""),
        (L2A, Header("int16", nodata=-9999.0), (1e-4, -0.1), -9999.0, "-9999"),
        (APPLIED, Header("uint16", 1e-4, -0.1, 0.0), (1e-4, 0.0), 0.0, "offset 0 is used"),
        (ASSUMED, Header("uint16"), (1e-4, -0.1), 0.0, "is assumed"),
    ],
)
def test_what_the_header_says_is_believed_and_told(
    rule: Radiometry, header: Header, scaling: tuple[float, float], nodata: float, told: str
) -> None:
    weighed, warning = weigh_header("'red' of A", rule, header)
    assert (weighed.scale, weighed.offset) == scaling
    assert weighed.nodata == nodata
    assert told in warning
    assert bool(warning) == bool(told)


@pytest.mark.parametrize(
    ("rule", "header", "why"),
    [
        (L2A, Header("uint8"), "8-bit"),
        (L2A, Header("uint8", count=3), "3 bands"),
        (L2A, Header("float32"), "float32"),
        (L2A, Header("uint16", 0.01, unit="W/m2/sr/um"), "radiance"),
        (UNKNOWN, Header("int16", nodata=-999.0), "no scale is known"),
        (ASSUMED, Header("int16", nodata=-9999.0), "-9999 where 0 was assumed"),
        (Radiometry(1.0, 0.0, None, Unit.METRE), Header("uint8"), "8-bit"),
    ],
)
def test_a_file_that_cannot_be_what_its_item_says_is_refused(
    rule: Radiometry, header: Header, why: str
) -> None:
    with pytest.raises(RasterError, match=rf"'red' of A cannot be read as .*{why}") as caught:
        weigh_header("'red' of A", rule, header)
    assert "raster:bands" in caught.value.hint


def test_one_sentence_names_all_bands_of_a_warning() -> None:
    texts = {"red": "offset -0.1 is assumed", "nir": "offset -0.1 is assumed", "blue": ""}
    assert join_warnings("A", texts) == ["Scene A, red, nir: offset -0.1 is assumed"]
