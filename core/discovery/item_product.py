"""Product of a STAC item by its collection, its product's name and its own fields; never by its
platform alone, which other makers' products share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..enums import StrEnum
from ..identity.evidence import NO_SCALE
from ..identity.products import Product, get_product, parse_baseline, sentinel2_product
from .stac_fields import StacObject, is_true, properties_of

S2_OFFSET_SINCE = "2022-01-25"
"""Day on which processing baseline 04.00, and with it the offset of -1000, came into force."""
PRODUCT_NAMES = (
    *("s2:product_uri", "sentinel:product_id", "s2:product_id", "hls:product"),
    *("landsat:landsat_product_id", "landsat:product_id", "landsat:scene_id", "odc:product"),
    *("product:type", "title"),
)
"""Properties that hold the name of a product."""

_HLS = re.compile(r"(?<![a-z])hls(?:2|v2)?[._\- ]*([sl])30")
_S2_COLLECTION = re.compile(
    r"(?:(?:peps|cdse|esa|copernicus|aws)[-_.])?(?:sentinel[-_.]?2|sentinel-s2|s2)"
    r"(?:[-_.](?:msi|c0|c1|l1c|l2a|pre|cogs?|jp2|sample|\d\dm|(?:pre[-_]?)?c1))*|s2msi(?:1c|2a)"
)
_S2_NAME = re.compile(
    r"(?<![a-z0-9])s2[abcd]_(?:msil(?:1c|2a)_|\d\d?[a-z]{3}_\d{8}_|t\d\d[a-z]{3}_)"
)
_S2_HARMONISED = re.compile(r"harmoni[sz]ed")
_DERIVED = re.compile(
    r"nbar|_ard|(?<![a-z])ard|theia|muscate|maja|sen2like|force|mosaic|geomad|_gm_|[-_]l3|composite"
)
"""Parts of the names of products that others make of an agency's scenes."""
_LANDSAT_NAME = re.compile(
    r"(?<![a-z0-9])l([cotem])0([4-9])_(l[12][a-z]{2})_\d{6}_\d{8}_\d{8}_(0\d)"
)
_LANDSAT_COLLECTION = re.compile(
    r"(?:usgs[-_])?landsat[-_]?(?:\d[-_])?c2[-_]?(l[12])(?:alb)?(?:[-_](?:sr|st|sample))?|"
    r"ls[5-9]_(sr|st)"
)
_GEOSCIENCE_AUSTRALIA = re.compile(r"ga_(s2)[abc]m_ard_3|ga_(ls)[5-9][tec]_ard_3")
_HEIGHTS = re.compile(
    r"(?<![a-z])(?:cop)?(?:dem|dsm|dtm)(?![a-z])|elevation|height|srtm|nasadem|fabdem|alos|3dep|"
    r"arcticdem|merit|terrain"
)
_COPERNICUS_DEM = re.compile(r"cop[-_]?dem|copernicus[-_]?(?:dem|dsm)|dem[-_]cop")
_RTC = re.compile(r"rtc|gamma0|nrb")


class Trust(StrEnum):
    """Strength of what tells an item's product."""

    KNOWN = "known"
    """Its collection or its product's name."""
    ASSUMED = "assumed"
    """It names no collection: the sensor's usual product."""
    UNKNOWN = "unknown"
    """Its collection is none that is known."""


@dataclass(frozen=True)
class ItemProduct:
    """Product of an item, and what tells it."""

    product: Product | None
    """None where only the item's or the file's own figures can tell."""
    reason: str
    """Evidence, for a person."""
    trust: Trust = Trust.KNOWN
    offset_applied: bool = False
    """Sentinel-2's offset is in the pixels already, as the item states."""


def names_of(item: StacObject) -> Iterator[str]:
    """Names that an item gives its product, in lower case: of its fields, then its own id."""
    properties = properties_of(item)
    for value in (*(properties.get(name) for name in PRODUCT_NAMES), item.get("id")):
        if isinstance(value, str) and value:
            yield value.lower()


def collection_of(item: StacObject) -> str:
    """The item's collection in lower case; empty where it names none."""
    return str(item.get("collection") or "").lower()


def sensor_of(item: StacObject) -> str | None:
    """Name of the sensor whose product an item is; None where nothing tells it."""
    collection, names = collection_of(item), list(names_of(item))
    texts = (collection, *names)
    hls = _hls_product(texts)
    if hls is not None:
        return hls.sensor
    if (analysis_ready := _geoscience_australia(texts)) is not None:
        return analysis_ready.sensor
    if any(_LANDSAT_NAME.search(text) for text in names) or "landsat" in collection:
        return "landsat"
    if _LANDSAT_COLLECTION.fullmatch(collection):
        return "landsat"
    if _S2_COLLECTION.fullmatch(collection):
        return "sentinel2"
    if any(_S2_NAME.search(text) for text in names) or re.search(
        r"sentinel[-_]?2|(?<![a-z0-9])s2[-_]", collection
    ):
        return "sentinel2"
    if re.search(r"sentinel[-_]?1|(?<![a-z0-9])s1[-_]|rtc-s1", collection):
        return "sentinel1"
    return "dem" if is_heights(item) else None


def is_heights(item: StacObject) -> bool:
    """Tell whether an item's collection, or its name where it has none, is that of heights."""
    collection = collection_of(item)
    return _HEIGHTS.search(collection or " ".join(names_of(item))) is not None


def is_copernicus_dem(item: StacObject) -> bool:
    """Copernicus DEM, whose files do not declare their voids; so an item without a collection."""
    return not collection_of(item) or _COPERNICUS_DEM.search(collection_of(item)) is not None


def naming_of(item: StacObject) -> str:
    """Name of the naming of an item's bands, where it is another than its sensor's own."""
    texts = (collection_of(item), *names_of(item))
    own = _hls_product(texts)
    if own is not None:
        return own.naming
    properties = properties_of(item)
    platform = str(properties.get("platform") or properties.get("eo:platform") or "").lower()
    named = next((match for match in map(_LANDSAT_NAME.search, names_of(item)) if match), None)
    if named is not None:
        return "landsat-tm" if named[1] in "te" and int(named[2]) <= 7 else ""
    return "landsat-tm" if re.search(r"landsat[-_ ]?[457]$", platform) else ""


def item_product(sensor: str, item: StacObject) -> ItemProduct:
    """The product that an item of a sensor is.

    Parameters
    ----------
    sensor : str
        ``sentinel2``, ``landsat``, ``sentinel1`` or ``dem``.
    item : mapping
        The STAC item.
    """
    hls = _hls_product((collection_of(item), *names_of(item)))
    if hls is not None:
        return ItemProduct(hls, f"{hls.title}: no Sentinel-2 offset")
    if (
        analysis_ready := _geoscience_australia((collection_of(item), *names_of(item)))
    ) is not None:
        return ItemProduct(analysis_ready, analysis_ready.title)
    if sensor == "sentinel2":
        return _sentinel2(item)
    if sensor == "landsat":
        return _landsat(item)
    if sensor == "sentinel1":
        return _sentinel1(item)
    if sensor == "multispectral":
        return _multispectral(item)
    return ItemProduct(None, "metres above the geoid")


def _multispectral(item: StacObject) -> ItemProduct:
    """Planet's surface reflectance where the item names it; of others only figures can tell."""
    texts = " ".join((collection_of(item), *names_of(item)))
    if re.search(r"analyticms_sr|ortho_analytic_\db_sr|nicfi|planet[-_ ]?sr", texts):
        product = get_product("planetscope-sr")
        return ItemProduct(product, product.title)
    return ItemProduct(None, NO_SCALE, Trust.UNKNOWN)


def _hls_product(texts: tuple[str, ...]) -> Product | None:
    match = next((match for match in map(_HLS.search, texts) if match), None)
    return get_product(f"hls-{match[1]}30") if match else None


def _geoscience_australia(texts: tuple[str, ...]) -> Product | None:
    match = next((match for match in map(_GEOSCIENCE_AUSTRALIA.search, texts) if match), None)
    return get_product(f"dea-ard-{'sentinel2' if match[1] else 'landsat'}") if match else None


def _unknown(item: StacObject) -> ItemProduct:
    name = item.get("collection") or item.get("id")
    reason = f"the product of {name} is not known, and nothing is assumed of it"
    return ItemProduct(None, reason, Trust.UNKNOWN)


def _sentinel2(item: StacObject) -> ItemProduct:
    collection, names = collection_of(item), list(names_of(item))
    if any(_S2_HARMONISED.search(text) for text in (collection, *names)):
        product = get_product("sentinel2-harmonised")
        return ItemProduct(product, product.title, offset_applied=True)
    known = _S2_COLLECTION.fullmatch(collection) is not None
    named = any(_S2_NAME.search(text) for text in names) or _has_fields(item)
    derived = any(_DERIVED.search(text) for text in (collection, *names))
    if derived or (collection and not known and not named):
        return _unknown(item)
    texts = " ".join((collection, *names, str(properties_of(item).get("processing:level"))))
    level = "l1c" if re.search(r"l1c|s2msi1c", texts.lower()) else "l2a"
    baseline, reason = _baseline(item)
    trust = Trust.KNOWN if baseline is not None else Trust.ASSUMED
    if baseline is None:
        baseline, reason = _baseline_by_day(item, reason)
    product = sentinel2_product(level, baseline)
    if _states_offset_applied(item):
        reason = "the item says that the offset is already in the pixels"
        return ItemProduct(product, reason, offset_applied=True)
    return ItemProduct(product, reason, trust)


def _has_fields(item: StacObject) -> bool:
    return any(
        str(name).startswith(("s2:", "sentinel:", "earthsearch:")) for name in properties_of(item)
    )


def _states_offset_applied(item: StacObject) -> bool:
    return any(
        str(name).endswith("boa_offset_applied") and is_true(value)
        for name, value in properties_of(item).items()
    )


def baseline_of(item: StacObject) -> str:
    """Processing baseline of a Sentinel-2 item, ``05.10``; empty where nothing tells it."""
    baseline, _ = _baseline(item)
    return "" if baseline is None else f"{baseline:05.2f}"


def _baseline(item: StacObject) -> tuple[float | None, str]:
    """Processing baseline in any spelling, and the reason; of the fields first, then the name."""
    properties = properties_of(item)
    fields = ("s2:processing_baseline", "sentinel:processing_baseline", "processing:version")
    stated = [properties[name] for name in fields if properties.get(name) not in (None, "")]
    named = [match[1] for name in names_of(item) if (match := re.search(r"_(n\d{4})_", name))]
    for text in (*stated, *named):
        baseline = parse_baseline(text)
        if baseline is not None:
            since = "offset of -1000 since" if baseline >= 4.0 else "no offset before"
            return baseline, f"processing baseline {baseline:05.2f}: {since} 04.00"
    told = next(iter((*stated, *named)), None)
    if told is None:
        return None, "no processing baseline given"
    return None, f"processing baseline {told} tells nothing"


def _baseline_by_day(item: StacObject, reason: str) -> tuple[float, str]:
    properties = properties_of(item)
    day = str(properties.get("datetime") or properties.get("start_datetime") or "")[:10]
    if day >= S2_OFFSET_SINCE:
        return 4.0, f"{reason}; offset assumed since {S2_OFFSET_SINCE}"
    return 3.01, f"{reason}; none before {S2_OFFSET_SINCE}"


def landsat_level(item: StacObject) -> str:
    """Level of a Landsat item, ``l1`` or ``l2``; empty where nothing tells it, or where it is not
    of Collection 2.
    """
    named = next((match for match in map(_LANDSAT_NAME.search, names_of(item)) if match), None)
    listed = _LANDSAT_COLLECTION.fullmatch(collection_of(item))
    if any(_DERIVED.search(text) for text in (collection_of(item), *names_of(item))):
        return ""
    if named is not None and named[4] != "02":
        return ""
    correction = str(properties_of(item).get("landsat:correction") or "").lower()
    if re.fullmatch(r"l[12][a-z]{1,2}", correction):
        return correction[:2]
    if named is not None:
        return named[3][:2]
    level = re.search(r"l?([12])", str(properties_of(item).get("processing:level") or "").lower())
    if level is not None:
        return f"l{level[1]}"
    return (listed[1] or "l2") if listed else ""


def _landsat(item: StacObject) -> ItemProduct:
    level = landsat_level(item)
    if level:
        product = get_product(f"landsat-c2-{level}")
        return ItemProduct(product, product.title)
    if collection_of(item):
        return _unknown(item)
    product = get_product("landsat-c2-l2")
    return ItemProduct(product, f"{product.title}, assumed", Trust.ASSUMED)


def _sentinel1(item: StacObject) -> ItemProduct:
    if is_ground_range(item):
        reason = "ground range detected: uncalibrated amplitude, not sigma0"
        return ItemProduct(get_product("sentinel1-grd"), reason)
    text = " ".join((collection_of(item), *names_of(item)))
    text += str(properties_of(item).get("sar:product_type") or "").lower()
    opera = "opera" in text
    product = get_product("opera-rtc-s1" if opera else "sentinel1-rtc")
    reason = "radiometrically terrain-corrected gamma0, linear power"
    if _RTC.search(text):
        return ItemProduct(product, reason)
    return ItemProduct(product, f"{reason}, assumed", Trust.ASSUMED)


def is_ground_range(item: StacObject) -> bool:
    """GRD: a Sentinel-1 item that is not calibrated and not terrain-corrected."""
    collection = collection_of(item)
    product = str(properties_of(item).get("sar:product_type") or collection)
    return _RTC.search(collection) is None and "grd" in product.lower()
