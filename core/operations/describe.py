"""Say what a raster is, with the evidence for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..discovery.band_config import Sensor, sensor_names, sensor_titles
from ..discovery.linked.remote_source import RemoteSources
from ..discovery.linked.scene_factors import read_described
from ..identity.evidence import Evidence, Stated
from ..identity.products import get_product, product_names, product_titles
from ..identity.scene_package import is_package, open_package
from ..identity.source import (
    RasterIdentity,
    SourceIdentity,
    identify_package,
    identify_source,
)
from ..monitor import EventQueue, Monitor
from ..operation import Operation, OperationResult, Output, OutputKind
from ..params import Kind, param
from ..recipes.stacks import check_stack
from ..settings import Settings
from ..text import joined
from ..workers import run_in_background

ITEM_SUFFIXES = (".json", ".geojson")


@dataclass(frozen=True, kw_only=True)
class DescribeParams:
    """Raster, and what the user knows of it."""

    path: Path | str = param(
        kind=Kind.SOURCE_IN,
        title="Raster",
        help="A stack or any raster; a scene: a SAFE, Landsat or HLS folder, its zip or tar, or "
        "its metadata file; saved scenes of a search (JSON or GeoJSON); or the address "
        "(https://…) of a STAC item, a GeoTIFF or a JPEG 2000.",
        positional=True,
    )
    sensor: Sensor | None = param(
        None,
        kind=Kind.SENSOR,
        title="Sensor",
        choices=sensor_names,
        labels=sensor_titles,
        help="The satellite it is of; if not given, as the file says.",
    )
    product: str | None = param(
        None,
        kind=Kind.CHOICE,
        title="Product",
        choices=product_names,
        labels=product_titles,
        help="What it is; if not given, as its header, its metadata or its name says.",
    )


def run_describe(params: DescribeParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Tell it as text and as data."""
    events = EventQueue(monitor)
    told = run_in_background(lambda: _identify(params, settings, events), events)
    text = "\n".join(_text(identity) for identity in told)
    one = told[0].to_dict() if len(told) == 1 else None
    return OperationResult(
        data=one or {"items": [identity.to_dict() for identity in told]},
        text=text,
        outputs={"text": text, "findings": sum(len(identity.findings) for identity in told)},
        value=told[0] if one else told,
    )


def _identify(
    params: DescribeParams, settings: Settings, events: EventQueue
) -> list[RasterIdentity]:
    """One identity of a raster or a scene; one for each saved item."""
    product = get_product(params.product) if params.product else None
    if isinstance(params.path, str):
        remote = RemoteSources(settings, events.stop)
        return remote.identify(params.path, params.sensor, product)
    if is_package(params.path):
        return [identify_package(open_package(params.path, product), product)]
    if params.path.suffix.lower() in ITEM_SUFFIXES:
        return read_described(params.path, settings, events.stop)
    check_stack(params.path)
    return [identify_source(params.path, params.sensor, product)]


def _text(identity: RasterIdentity) -> str:
    lines = [f"{identity.item or identity.path}: {len(identity.bands)} bands"]
    for band in identity.bands:
        lines += _band_lines(band)
    lines += [f"  warn: {finding.sentence}" for finding in identity.findings]
    return joined(lines)


def _band_lines(band: SourceIdentity) -> list[str]:
    rows = {
        "band": _said(band.band, str),
        "wavelength": _said(band.wavelength_nm, lambda nm: f"{nm:g} nm"),
        "sensor": _said(band.sensor, str),
        "product": _said(band.product, str),
        "scale": _said(band.scale, lambda number: f"{number:.8g}"),
        "offset": _said(band.offset, lambda number: f"{number:.8g}"),
        "unit": _said(band.unit, str),
        "nodata": _said(band.nodata, lambda number: f"{number:.8g}"),
    }
    return [
        f"  band {band.index} ({', '.join(text for text in (band.file, band.dtype) if text)})",
        *(f"    {name + ':':<12}{text}" for name, text in rows.items()),
    ]


def _said(stated: Stated[Any], shown: Callable[[Any], str]) -> str:
    """``0.0001 (header: as the file says)``."""
    if stated.value in ("", None):
        return "not known"
    if stated.evidence == Evidence.NONE:
        return f"{shown(stated.value)} ({stated.source or 'nobody says it'})"
    source = f": {stated.source}" if stated.source else ""
    return f"{shown(stated.value)} ({stated.evidence}{source})"


DESCRIBE = Operation(
    name="describe",
    title="What a raster is",
    group="Stacks",
    summary="Shows sensor, product, band, wavelength, scale, offset, unit and nodata of each band, "
    "who says so, and what contradicts.",
    params=DescribeParams,
    run=run_describe,
    outputs=(
        Output("text", "Text"),
        Output("findings", "Number of findings", OutputKind.NUMBER),
    ),
)
