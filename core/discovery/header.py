"""A band's rule weighed against its file's own header: what the header states is believed over what
was assumed, and a contradiction is named with its numbers or refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

from ..enums import Evidence, Unit
from ..errors import RasterError, known
from ..raster.header import Header
from ..types import Radiometry

HINT = (
    "State the band's scale, offset and nodata in the item (raster:bands), or stack the files "
    "with their product (flight stack)."
)
_RADIANCE = re.compile(r"watt|\bw\s?[/·*]|w/m|w m|radiance", re.IGNORECASE)
_EIGHT_BIT = 255
_LEAST_REFLECTANCE = 0.2
"""A band whose greatest number is darker than this is scaled by another product's rule."""


def weigh_header(
    subject: str, rule: Radiometry, header: Header, index: int | None = None
) -> tuple[Radiometry, str]:
    """The rule by which a file's band is read, and a warning where the header says otherwise.

    Parameters
    ----------
    subject : str
        For sentences: ``'red' of S2A_…``.
    rule : Radiometry
        By the item; its ``evidence`` tells how sure that is.
    header : Header
        Of the file's band.
    index : int, optional
        Band of a file that holds several, as the item says.

    Returns
    -------
    tuple of Radiometry and str
        The warning, without its subject, is empty where both agree.

    Raises
    ------
    RasterError
        If the file cannot be what the item makes of it.
    """
    failure = f"{subject} cannot be read as {rule.unit or 'its band'}"
    if header.count > 1 and index is None:
        why = f"its file holds {header.count} bands where one is expected: a picture, or several"
        raise RasterError(failure, why, HINT)
    if rule.unit == Unit.CLASS:
        return rule, ""
    if rule.unit in (Unit.REFLECTANCE, Unit.KELVIN):
        return _weigh_optical(failure, rule, header)
    if rule.unit == Unit.METRE and header.dtype == "uint8":
        raise RasterError(failure, "its file holds 8-bit numbers (0 to 255): a picture?", HINT)
    if _differs(header.nodata, rule.nodata):
        return replace(rule, nodata=header.nodata), ""
    return rule, ""


def _weigh_optical(failure: str, rule: Radiometry, header: Header) -> tuple[Radiometry, str]:
    if _RADIANCE.search(header.unit):
        raise RasterError(failure, f"its file states radiance ({header.unit})", HINT)
    weighed, warning = _weigh_scaling(rule, header)
    _check_type(failure, weighed, header)
    if not _differs(header.nodata, rule.nodata):
        return weighed, warning
    nodata = known(header.nodata, "what is not stated does not differ")
    if rule.evidence == Evidence.ASSUMED and rule.offset and not header.states_scaling:
        why = f"its file's nodata is {nodata:g} where {rule.nodata or 0:g} was assumed"
        raise RasterError(failure, f"{why}, so the offset of {rule.offset:g} may be wrong", HINT)
    if rule.nodata is not None:
        text = f"the file's nodata {header.nodata:g} is used, not {rule.nodata:g}"
        warning = f"{warning}; {text}" if warning else text
    return replace(weighed, nodata=header.nodata), warning


def _weigh_scaling(rule: Radiometry, header: Header) -> tuple[Radiometry, str]:
    """The header's scale and offset where it states any, else the rule's."""
    own = f"scale {header.scale:g} and offset {header.offset:g}"
    if not header.states_scaling:
        if rule.evidence != Evidence.ASSUMED or (rule.scale, rule.offset) == (1.0, 0.0):
            return rule, ""
        return rule, f"offset {rule.offset:g} is assumed ({rule.reason}); the file states none"
    close = math.isclose(header.scale, rule.scale, rel_tol=1e-3)
    if close and abs(header.offset - rule.offset) < 1e-4:
        return rule, ""
    if close and "already in the pixels" in rule.reason:
        return rule, f"the file states {own}, but {rule.reason}: offset 0 is used"
    celsius = rule.unit == Unit.KELVIN and abs(header.offset + 273.15 - rule.offset) < 0.01
    if close and celsius:
        return rule, ""
    believed = replace(
        rule,
        scale=header.scale,
        offset=header.offset,
        reason="as the file says",
        evidence=Evidence.ITEM,
    )
    text = (
        f"the file's {own} are used, not scale {rule.scale:g} and offset "
        f"{rule.offset:g} ({rule.reason})"
    )
    return believed, text


def _check_type(failure: str, rule: Radiometry, header: Header) -> None:
    """Refuse a type of number that the rule was not made for."""
    whole = not header.dtype.startswith("float")
    if whole and (rule.scale, rule.offset) == (1.0, 0.0):
        why = f"its file holds whole numbers ({header.dtype}) and no scale is known ({rule.reason})"
        raise RasterError(failure, why, HINT)
    stated = rule.evidence == Evidence.ITEM
    if header.dtype == "uint8" and _EIGHT_BIT * rule.scale + rule.offset < _LEAST_REFLECTANCE:
        why = f"its file holds 8-bit numbers (0 to 255), at scale {rule.scale:g} a picture"
        raise RasterError(failure, why, HINT)
    if not whole and not stated and rule.scale < 0.1:
        why = f"its file holds {header.dtype} where whole numbers times {rule.scale:g} are expected"
        raise RasterError(failure, why, HINT)


def _differs(header: float | None, rule: float | None) -> bool:
    """Tell whether the header states another nodata than the rule."""
    if header is None:
        return False
    if rule is None:
        return True
    both_nan = math.isnan(header) and math.isnan(rule)
    return not both_nan and not math.isclose(header, rule, rel_tol=1e-6, abs_tol=1e-9)


def join_warnings(scene_id: str, warnings: Mapping[str, str]) -> list[str]:
    """One sentence for each warning, with the bands that it is about.

    Parameters
    ----------
    scene_id : str
        The scene's name.
    warnings : mapping of str to str
        Band → what :func:`weigh_header` warns of; empty ones are left out.
    """
    bands: dict[str, list[str]] = {}
    for band, text in warnings.items():
        if text:
            bands.setdefault(text, []).append(band)
    return [f"Scene {scene_id}, {', '.join(names)}: {text}" for text, names in bands.items()]
