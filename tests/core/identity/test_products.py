"""Products: their rules give known physical numbers, and baselines are read in all spellings."""

from __future__ import annotations

import pytest

from firstlight.core.discovery.band_config import load_sensors
from firstlight.core.enums import Unit
from firstlight.core.errors import InputError
from firstlight.core.identity.products import (
    get_product,
    load_products,
    parse_baseline,
    sentinel2_product,
)


@pytest.mark.parametrize(
    ("text", "baseline"),
    [
        ("05.10", 5.10),
        ("5.0", 5.0),
        ("5", 5.0),
        ("N0500", 5.0),
        ("n0511", 5.11),
        ("0301", 3.01),
        ("02.14", 2.14),
        (4.0, 4.0),
        ("N9999", None),
        ("99.99", None),
        ("", None),
        (None, None),
        ("0.2.1-dev", None),
    ],
)
def test_baselines_are_read_in_all_spellings(text: object, baseline: float | None) -> None:
    assert parse_baseline(text) == baseline


@pytest.mark.parametrize(
    ("level", "baseline", "offset"),
    [("L2A", 5.10, -0.1), ("l2a", 4.0, -0.1), ("l2a", 3.01, 0.0), ("L1C", 2.09, 0.0)],
)
def test_a_baseline_decides_sentinel_2s_offset(level: str, baseline: float, offset: float) -> None:
    rule = sentinel2_product(level, baseline).rule(Unit.REFLECTANCE)
    assert rule is not None
    assert rule.offset == offset


# Examples worked by USGS: 18639 is a reflectance of 0.313, 44947 a temperature of 302.6 K
# (https://www.usgs.gov/faqs/how-do-i-use-a-scale-factor-landsat-level-2-science-products); by ESA's
# forum: 1452 of baseline 04.00 is 0.0452 (https://forum.step.esa.int/t/34760).
@pytest.mark.parametrize(
    ("product", "unit", "stored", "value"),
    [
        ("landsat-c2-l2", Unit.REFLECTANCE, 18639, 0.3126),
        ("landsat-c2-l2", Unit.KELVIN, 44947, 302.63),
        ("sentinel2-l2a", Unit.REFLECTANCE, 1452, 0.0452),
        ("hls-l30", Unit.KELVIN, 2650, 299.65),
        ("hls-s30", Unit.REFLECTANCE, 3100, 0.31),
        ("reflectance-percent", Unit.REFLECTANCE, 31, 0.31),
    ],
)
def test_a_rule_gives_the_agencys_own_example(
    product: str, unit: Unit, stored: float, value: float
) -> None:
    rule = get_product(product).rule(unit)
    assert rule is not None
    assert rule.scale is not None
    assert stored * rule.scale + rule.offset == pytest.approx(value, rel=1e-3)


def test_each_product_has_a_source_and_a_sensor_that_is_known_or_a_naming() -> None:
    for product in load_products().values():
        assert product.source, product.name
        assert product.title, product.name
        assert product.sensor in ("", *load_sensors()), product.name


def test_an_unknown_product_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="sentinel2-l2a"):
        get_product("sentinel2-l2b")
