"""Metadata of scenes, read: MTL files of Landsat Collection 2 and MTD files of Sentinel-2.

Sources: USGS LSDS-1822 (Level 1) and LSDS-1328 (Level 2), data format control books: groups and
names of the MTL file; ESA, Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD):
quantification values, ``RADIO_ADD_OFFSET``, ``BOA_ADD_OFFSET`` and the order of ``band_id``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite, radians, sin
from typing import Any

from ..files.xml_text import UnfitXml, local_name, parse_xml
from ..text import read_json

LARGEST_METADATA = 8_000_000
"""Bytes; a larger file is no MTL and no MTD."""
S2_CODES = (
    *("B01", "B02", "B03", "B04", "B05", "B06", "B07"),
    *("B08", "B8A", "B09", "B10", "B11", "B12"),
)
"""Code of each ``band_id``, from 0."""
_L1 = "LEVEL1_RADIOMETRIC_RESCALING"
_L2 = ("LEVEL2_SURFACE_REFLECTANCE_PARAMETERS", "LEVEL2_SURFACE_TEMPERATURE_PARAMETERS")
_MULT = re.compile(r"(REFLECTANCE|TEMPERATURE)_MULT_BAND_(\w+)")


class UnfitMetadata(ValueError):
    """Metadata that cannot be used; its message says why."""


@dataclass(frozen=True)
class SceneMetadata:
    """What a scene's metadata file says of its numbers."""

    factors: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Code of a band (``B04``, ``B4``, ``SR_B4``, ``ST_B10``) → scale and offset."""
    nodata: float | None = None
    baseline: str = ""
    """Processing baseline of Sentinel-2, as it is spelled there."""
    quantification: float = 10000.0
    """Of Sentinel-2: the stored number that a reflectance of 1 has, without offset."""
    offsets: Mapping[str, float] = field(default_factory=dict)
    """Of Sentinel-2: code of a band → offset in stored numbers; empty where none is stated."""


def read_mtl(text: bytes, ending: str, level: str) -> SceneMetadata:
    """Read an MTL file.

    Parameters
    ----------
    text : bytes
        The file.
    ending : str
        ``txt``, ``json`` or ``xml``.
    level : str
        ``l1`` (reflectance at the top of the atmosphere: MULT and ADD, divided by the sine of the
        sun's elevation) or ``l2``.

    Raises
    ------
    UnfitMetadata
        If it is damaged, holds no such factors at Level 1, or numbers that cannot be.
    """
    groups = _GROUPS[ending](text)
    if level == "l2":
        own = {name: said for group in _L2 for name, said in groups.get(group, {}).items()}
        return SceneMetadata(dict(_factors(own, 1.0, {"REFLECTANCE": "SR_B"})))
    # Groups are told apart by name where the file has that one, since Level 2 repeats these names.
    every = {name: said for group in groups.values() for name, said in group.items()}
    if "SUN_ELEVATION" not in every:
        raise UnfitMetadata("it states no SUN_ELEVATION")
    elevation = _number(every, "SUN_ELEVATION")
    if not 0 < elevation <= 90:
        raise UnfitMetadata(f"its SUN_ELEVATION is {elevation:g} degrees")
    fields = groups.get(_L1, every)
    only = {key: value for key, value in fields.items() if key.startswith("REFLECTANCE")}
    factors = dict(_factors(only, sin(radians(elevation)), {"REFLECTANCE": "B"}))
    if not factors:
        raise UnfitMetadata("it states no REFLECTANCE_MULT_BAND_x and REFLECTANCE_ADD_BAND_x")
    return SceneMetadata(factors)


def _factors(
    fields: Mapping[str, str], divisor: float, prefixes: Mapping[str, str]
) -> Iterator[tuple[str, tuple[float, float]]]:
    for name in fields:
        match = _MULT.fullmatch(name)
        add = name.replace("_MULT_", "_ADD_")
        if match is None:
            continue
        if add not in fields:
            raise UnfitMetadata(f"it states {name} and no {add}")
        scale, offset = _number(fields, name), _number(fields, add)
        if scale <= 0:
            raise UnfitMetadata(f"its {name} is {scale:g}")
        code = f"{prefixes.get(match[1], '')}{match[2]}"
        yield code, (scale / divisor, offset / divisor)


def _number(fields: Mapping[str, str], name: str) -> float:
    try:
        number = float(fields[name])
    except ValueError:
        raise UnfitMetadata(f"its {name} is '{fields[name][:40]}'") from None
    if not isfinite(number):
        raise UnfitMetadata(f"its {name} is {number}")
    return number


Groups = Mapping[str, Mapping[str, str]]


def _text_groups(text: bytes) -> Groups:
    """``GROUP = NAME``, fields, ``END_GROUP = NAME``; fields outside a group are of the group
    without a name.
    """
    groups: dict[str, dict[str, str]] = {}
    name = ""
    for line in text.decode("utf-8", "replace").splitlines():
        match = re.fullmatch(r'\s*(\w+)\s*=\s*"?(.*?)"?\s*', line)
        if match is None:
            continue
        if match[1] == "GROUP":
            name = match[2]
        else:
            groups.setdefault(name, {}).setdefault(match[1], match[2])
    if not groups:
        raise UnfitMetadata("it holds no fields")
    return groups


def _xml_groups(text: bytes) -> Groups:
    root = _xml(text)
    return {
        local_name(group): {local_name(node): (node.text or "").strip() for node in group}
        for group in root
    }


def _json_groups(text: bytes) -> Groups:
    try:
        tree: Any = next(iter(read_json(text).values()), {})
        return {
            str(group): {str(name): str(value) for name, value in fields.items()}
            for group, fields in tree.items()
        }
    except (ValueError, AttributeError) as error:
        raise UnfitMetadata(f"it is no JSON of an MTL file ({error})") from None


_GROUPS = {"txt": _text_groups, "xml": _xml_groups, "json": _json_groups}


def _xml(text: bytes) -> Any:
    try:
        return parse_xml(text)
    except UnfitXml as error:
        raise UnfitMetadata(str(error)) from None


def read_mtd(text: bytes) -> SceneMetadata:
    """Read ``MTD_MSIL1C.xml`` or ``MTD_MSIL2A.xml``.

    Raises
    ------
    UnfitMetadata
        If it is damaged, or holds numbers that cannot be.
    """
    nodes: dict[str, list[Any]] = {}
    for node in _xml(text).iter():
        nodes.setdefault(local_name(node), []).append(node)
    texts = {name: (found[0].text or "").strip() for name, found in nodes.items()}
    quantified = [name for name in _QUANTIFICATION if name in texts]
    value = _number(texts, quantified[0]) if quantified else 10000.0
    if value <= 0:
        raise UnfitMetadata(f"its {quantified[0]} is {value:g}")
    offsets = dict(_band_offsets(nodes))
    return SceneMetadata(
        factors={code: (1 / value, offset / value) for code, offset in offsets.items()},
        quantification=value,
        nodata=_special(nodes, "NODATA"),
        baseline=texts.get("PROCESSING_BASELINE", ""),
        offsets=offsets,
    )


_QUANTIFICATION = (
    *("BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE"),
    "QUANTIFICATION_VALUE",
)


def _band_offsets(nodes: Mapping[str, list[Any]]) -> Iterator[tuple[str, float]]:
    for name in ("BOA_ADD_OFFSET", "RADIO_ADD_OFFSET"):
        for place, node in enumerate(nodes.get(name, ())):
            band = str(node.get("band_id", place))
            if not band.isdigit() or int(band) >= len(S2_CODES):
                raise UnfitMetadata(f"its {name} is of band_id '{band[:20]}'")
            yield S2_CODES[int(band)], _number({name: (node.text or "").strip()}, name)


def _special(nodes: Mapping[str, list[Any]], wanted: str) -> float | None:
    """A number of ``Special_Values``."""
    for node in nodes.get("Special_Values", ()):
        texts = {local_name(child): (child.text or "").strip() for child in node}
        if texts.get("SPECIAL_VALUE_TEXT") == wanted:
            return _number(texts, "SPECIAL_VALUE_INDEX") if "SPECIAL_VALUE_INDEX" in texts else None
    return None
