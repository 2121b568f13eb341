"""Exposure as a table, a chart, a GeoPackage and data."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files.atomic import WriteFailure, write_whole
from ..shapes.features import Feature
from ..shapes.geopackage import Value, VectorLayer, write_geopackage
from .tally import NO_CLASS, Hit, Parts, Zone

KM2, KM = 1e-6, 1e-3
COLUMNS = (
    *("zone", "theme", "name", "unit", "affected", "not_observed", "total"),
    *("affected_percent_of_observed", "affected_least", "affected_most"),
)
NOT_KNOWN = "land cover not known"
MOST_BARS = 14
COLOR, UNSEEN_COLOR = "#b5351d", "#9a9aa0"
"""Of bars: affected, and not observed beside it."""


@dataclass(frozen=True)
class Themes:
    """What was asked for."""

    cover: Mapping[int, str] | None = None
    """Names of the classes of land cover; None where there is no such map."""
    people: bool = False
    buildings: bool = False
    roads: bool = False


@dataclass(frozen=True)
class Exposure:
    """What lies under an extent."""

    whole: Zone
    districts: Sequence[Zone] = field(default_factory=tuple)
    themes: Themes = Themes()

    def rows(self) -> list[dict[str, Any]]:
        """One row for each zone and thing, in words of ``COLUMNS``."""
        return [row for zone in (self.whole, *self.districts) for row in _rows(zone, self.themes)]

    def lines(self) -> list[str]:
        """Sentences for a person."""
        return [*_whole_lines(self.whole, self.themes), *map(_district_line, self.districts)]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, units in the names."""
        return {
            **_zone_dict(self.whole, self.themes),
            "districts": [
                {"name": zone.name, **_zone_dict(zone, self.themes)} for zone in self.districts
            ],
        }


def _whole_lines(zone: Zone, themes: Themes) -> list[str]:
    area = zone.area
    seen = area.total - area.unseen
    share = f", {100 * area.affected / seen:.1f} % of what was observed" if seen > 0 else ""
    lines = [
        f"Affected: {area.affected * KM2:.2f} km²{share}",
        f"Not observed: {area.unseen * KM2:.2f} km² of {area.total * KM2:.2f} km²",
    ]
    if themes.people:
        people = zone.people
        lines.append(
            f"People: {people.affected:,.0f} affected (between {people.least:,.0f} and "
            f"{people.most:,.0f}), {people.unseen:,.0f} where nothing was observed, of "
            f"{people.total:,.0f}"
        )
    if themes.buildings:
        one = zone.buildings
        lines.append(
            f"Buildings: {one.affected:.0f} affected, {one.unseen:.0f} not observed, of "
            f"{one.total:.0f}"
        )
    if themes.roads:
        one = zone.roads_m
        lines.append(
            f"Roads: {one.affected * KM:.1f} km affected, {one.unseen * KM:.1f} km not observed, "
            f"of {one.total * KM:.1f} km"
        )
    if themes.cover is not None:
        lines += [
            f"{class_title(code, themes.cover)}: {parts.affected * KM2:.2f} km²"
            for code, parts in _by_size(zone.cover)
            if parts.affected > 0
        ]
    return lines


def _district_line(zone: Zone) -> str:
    return f"{zone.name}: {zone.area.affected * KM2:.2f} km² of {zone.area.total * KM2:.2f} km²"


def class_title(code: int, names: Mapping[int, str]) -> str:
    """Name of a class of land cover."""
    return NOT_KNOWN if code == NO_CLASS else names.get(code, f"class {code}")


def _zone_dict(zone: Zone, themes: Themes) -> dict[str, Any]:
    told: dict[str, Any] = {"area": zone.area.to_dict(KM2, "_km2")}
    if themes.cover is not None:
        told["landcover"] = [
            {"code": None if code == NO_CLASS else code, "name": class_title(code, themes.cover)}
            | parts.to_dict(KM2, "_km2")
            for code, parts in _by_size(zone.cover)
        ]
    if themes.people:
        people = zone.people
        told["people"] = {
            **people.to_dict(1.0, ""),
            "affected_least": people.least,
            "affected_most": people.most,
            "not_known_km2": people.unknown_m2 * KM2,
        }
    if themes.buildings:
        told["buildings"] = {
            **zone.buildings.to_dict(1.0, ""),
            "area": zone.buildings_m2.to_dict(KM2, "_km2"),
        }
    if themes.roads:
        told["roads"] = zone.roads_m.to_dict(KM, "_km")
    return told


def _by_size(cover: Mapping[int, Parts]) -> list[tuple[int, Parts]]:
    return sorted(cover.items(), key=lambda pair: (-pair[1].affected, -pair[1].total, pair[0]))


def _rows(zone: Zone, themes: Themes) -> list[dict[str, Any]]:
    rows = [_row(zone, "area", "", "km2", zone.area, KM2)]
    if themes.cover is not None:
        rows += [
            _row(zone, "landcover", class_title(code, themes.cover), "km2", parts, KM2)
            for code, parts in _by_size(zone.cover)
        ]
    if themes.people:
        least_most = {"affected_least": zone.people.least, "affected_most": zone.people.most}
        rows.append({**_row(zone, "people", "", "people", zone.people, 1.0), **least_most})
    if themes.buildings:
        rows.append(_row(zone, "buildings", "", "number", zone.buildings, 1.0))
        rows.append(_row(zone, "building area", "", "km2", zone.buildings_m2, KM2))
    if themes.roads:
        rows.append(_row(zone, "roads", "", "km", zone.roads_m, KM))
    return rows


def _row(
    zone: Zone, theme: str, name: str, unit: str, parts: Parts, factor: float
) -> dict[str, Any]:
    told = parts.to_dict(factor, "")
    return {"zone": zone.name, "theme": theme, "name": name, "unit": unit, **told}


def write_table(
    path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = COLUMNS
) -> None:
    """Write rows as CSV (RFC 4180).

    Raises
    ------
    InputError
        If it cannot be written.
    """
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\r\n")
    table.writeheader()
    for row in rows:
        table.writerow({key: _cell(row.get(key)) for key in columns})
    write_whole(path, text.getvalue(), _failure(path))


def _cell(value: Any) -> str:
    """Numbers in the shortest form; texts that a spreadsheet would take for a formula, quoted."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.9g}"
    text = str(value)
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def write_chart(path: Path, exposure: Exposure, title: str) -> None:
    """Write the affected area of each class of land cover, else of each district, as SVG.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    draw_bars(path, title, _bars(exposure))


def draw_bars(path: Path, title: str, bars: Sequence[tuple[str, Parts]]) -> None:
    """Write areas as bars in an SVG: affected, and not observed beside it.

    Parameters
    ----------
    bars : sequence of (str, Parts)
        Names and square metres.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    longest = max((parts.affected + parts.unseen for _, parts in bars), default=0.0) or 1.0
    left, wide, line = 210, 310, 24
    high = 62 + line * max(1, len(bars)) + 26
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{high}" '
        f'viewBox="0 0 720 {high}" font-family="sans-serif" font-size="13" role="img">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="14" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
        '<text x="14" y="46" fill="#555">Area in km²: affected, and not observed (grey)</text>',
    ]
    for number, (name, parts) in enumerate(bars):
        y = 62 + number * line
        one, other = (wide * part / longest for part in (parts.affected, parts.unseen))
        figures = f"{parts.affected * KM2:.3g}"
        figures += f" + {parts.unseen * KM2:.3g} not observed" if parts.unseen > 0 else ""
        body += [
            f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(_short(name))}</text>',
            f'<rect x="{left}" y="{y}" width="{one:.2f}" height="17" fill="{COLOR}"/>',
            f'<rect x="{left + one:.2f}" y="{y}" width="{other:.2f}" height="17" '
            f'fill="{UNSEEN_COLOR}"/>',
            f'<text x="{left + one + other + 6:.2f}" y="{y + 14}">{figures}</text>',
        ]
    body.append("</svg>\n")
    write_whole(path, "\n".join(body), _failure(path))


def _bars(exposure: Exposure) -> list[tuple[str, Parts]]:
    names = exposure.themes.cover
    if names is not None:
        pairs = [(class_title(c, names), parts) for c, parts in _by_size(exposure.whole.cover)]
    else:
        zones = exposure.districts or (exposure.whole,)
        pairs = sorted(
            ((zone.name, zone.area) for zone in zones), key=lambda pair: -pair[1].affected
        )
    seen = [pair for pair in pairs if pair[1].affected > 0 or pair[1].unseen > 0]
    return seen[:MOST_BARS]


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:27]}…"


def write_layers(
    path: Path,
    crs: str,
    exposure: Exposure,
    shapes: Sequence[Feature],
    hits: Mapping[str, Sequence[Hit]],
) -> None:
    """Write districts, affected buildings and affected roads with their figures.

    Parameters
    ----------
    shapes : sequence of Feature
        Of the districts, in their order.
    hits : mapping of str to sequence of Hit
        ``buildings`` and ``roads`` that are affected or not observed.

    Raises
    ------
    RasterError
        If it cannot be written.
    """
    layers = []
    if shapes:
        fields = {"name": str, **dict.fromkeys(_figures(exposure.whole, exposure.themes), float)}
        rows = [
            (shape.wkb, {"name": zone.name, **_figures(zone, exposure.themes)})
            for shape, zone in zip(shapes, exposure.districts)
        ]
        layers.append(
            VectorLayer("districts", "Exposure by district", fields, rows, any_shape=True)
        )
    units = {"buildings": "share", "roads": "m"}
    for name, found in hits.items():
        unit = units[name]
        fields = {"name": str, "district": str}
        fields |= {f"affected_{unit}": float, f"not_observed_{unit}": float}
        rows = [
            (
                hit.feature.wkb,
                {
                    "name": hit.feature.name,
                    "district": exposure.districts[hit.zone].name if hit.zone >= 0 else None,
                    f"affected_{unit}": float(hit.amounts[0]),
                    f"not_observed_{unit}": float(hit.amounts[1]),
                },
            )
            for hit in found
        ]
        title = f"Affected {name}"
        layers.append(VectorLayer(name, title, fields, rows, any_shape=True))
    write_geopackage(path, crs, layers)


def _figures(zone: Zone, themes: Themes) -> dict[str, Value]:
    figures: dict[str, Value] = {
        "affected_km2": zone.area.affected * KM2,
        "not_observed_km2": zone.area.unseen * KM2,
        "total_km2": zone.area.total * KM2,
    }
    if themes.people:
        figures |= {
            "people_affected": zone.people.affected,
            "people_least": zone.people.least,
            "people_most": zone.people.most,
            "people_not_observed": zone.people.unseen,
            "people_total": zone.people.total,
        }
    if themes.buildings:
        figures |= {
            "buildings_affected": zone.buildings.affected,
            "buildings_not_observed": zone.buildings.unseen,
            "buildings_total": zone.buildings.total,
        }
    if themes.roads:
        figures |= {
            "roads_affected_km": zone.roads_m.affected * KM,
            "roads_not_observed_km": zone.roads_m.unseen * KM,
            "roads_total_km": zone.roads_m.total * KM,
        }
    return figures


def _failure(path: Path) -> WriteFailure:
    return WriteFailure(f"{path} cannot be written", "Choose another folder.", InputError)
