"""What is hit, from the record that ``flight exposure`` leaves, as rows of a package's summary."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import InputError, odd_value
from ...shapes.geopackage import Value
from ...text import read_json

HA_OF_KM2 = 100.0
MOST_BYTES = 64 << 20
WHAT = "What is hit cannot be told in the package"
HINT = "Give the exposure.json that ‘flight exposure’ has made of this event's map."


def hit_rows(path: Path, extents: Collection[str]) -> tuple[list[dict[str, Value]], str]:
    """Rows of the whole area and of each district, and a doubt about them; empty where there is
    none.

    Parameters
    ----------
    path : Path
        ``exposure.json``.
    extents : collection of str
        Sums (sha-256) of the files that are this event's extent.

    Raises
    ------
    InputError
        If it is something else, or of another extent.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("it is too large")
        record = read_json(path.read_text(encoding="utf-8"))
        extent, told = record["inputs"]["extent"], record["exposure"]
        rows = list(_zone_rows("", told))
        for district in told["districts"]:
            rows += _zone_rows(f"{district['name']}: ", district)
        used = str(extent.get("sha256", ""))
    except OSError as error:
        raise InputError(WHAT, f"{path}: {error.strerror or error}", HINT) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{path.name} is no record of an exposure ({odd_value(error)})"
        raise InputError(WHAT, reason, HINT) from error
    if used and used not in extents:
        name = Path(str(extent.get("path", ""))).name
        raise InputError(WHAT, f"{path.name} tells of another extent ({name})", HINT)
    doubt = "" if used else f"{path.name} does not tell the sum of its extent: it may be another's"
    return rows, doubt


def _zone_rows(zone: str, told: Mapping[str, Any]) -> Iterator[dict[str, Value]]:
    """Areas in hectares, as the tables of Rapid Mapping have them."""
    yield _row("Area", f"{zone}Affected area", "ha", told["area"], "_km2", HA_OF_KM2)
    for row in told.get("landcover", ()):
        yield _row("Land use", f"{zone}{row['name']}", "ha", row, "_km2", HA_OF_KM2)
    if "people" in told:
        people = told["people"]
        bounds: dict[str, Value] = {
            "aff_least": float(people["affected_least"]),
            "aff_most": float(people["affected_most"]),
        }
        yield {**_row("Population", f"{zone}Inhabitants", "number", people, "", 1.0), **bounds}
    if "buildings" in told:
        yield _row("Built-up", f"{zone}Buildings", "number", told["buildings"], "", 1.0)
    if "roads" in told:
        yield _row("Transportation", f"{zone}Roads", "km", told["roads"], "_km", 1.0)


def _row(
    category: str, item: str, unit: str, parts: Mapping[str, Any], suffix: str, factor: float
) -> dict[str, Value]:
    return {
        "category": category,
        "item": item,
        "unit": unit,
        "affected": float(parts[f"affected{suffix}"]) * factor,
        "not_obs": float(parts[f"not_observed{suffix}"]) * factor,
        "total": float(parts[f"total{suffix}"]) * factor,
    }
