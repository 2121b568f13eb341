"""Rain and wind that a weather model expects over an area in the next days."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ... import PRODUCT
from ...discovery.catalogs import Catalog, catalog_choices, get_catalog
from ...errors import NoScenesError, RasterError
from ...files.atomic import WriteFailure, write_whole
from ...forecast.chart import chart
from ...forecast.fetch import ForecastFetch
from ...forecast.files import ForecastFile, Question, find_files
from ...forecast.grib import Message, read_messages
from ...forecast.quantity import Quantity
from ...forecast.series import Series, Step, make_series, table
from ...moment import Moment
from ...monitor import EventQueue, Level, Monitor, Note, Progress
from ...operation import Operation, OperationResult, Output, OutputKind
from ...params import Kind, param
from ...settings import Settings
from ...text import joined
from ...types import Aoi, format_time
from ...workers import run_in_background
from ..search_params import area_param

CATALOG, COLLECTION = "planetary-computer", "ecmwf-forecast"
FILES = ("forecast.csv", "forecast.svg", "forecast.json")
CREDIT = {
    COLLECTION: "Contains ECMWF open data, © European Centre for Medium-Range Weather Forecasts, "
    "CC BY 4.0"
}
NOTE = (
    "A forecast of one run of a global model: of the weather, not of water levels or fire. Its "
    "cells are tens of kilometres wide, and local downpours and gusts are stronger than their mean"
)
TITLES = {
    Quantity.RAIN: "precipitation",
    Quantity.WIND_U: "wind",
    Quantity.WIND_V: "wind",
    Quantity.GUST: "gusts",
}
FETCH_SHARE = 0.9


@dataclass(frozen=True, kw_only=True)
class ForecastParams:
    """Area, days, catalogue and folder."""

    area: Aoi = area_param()
    output: Path = param(
        kind=Kind.FOLDER_OUT,
        title="Folder",
        help="Gets forecast.csv, forecast.svg, forecast.json and the fields that were fetched.",
    )
    since: Moment | None = param(
        None, kind=Kind.DATE, title="From", help="UTC; if not given, from now on."
    )
    days: int = param(
        3,
        kind=Kind.INTEGER,
        title="Days ahead",
        help="How far to look ahead.",
        minimum=1,
        maximum=10,
    )
    catalog: Catalog = param(
        CATALOG,
        kind=Kind.CATALOG,
        title="Catalogue",
        choices=catalog_choices,
        help="One that lists a weather model's files (GRIB2).",
        make_default=lambda: get_catalog(CATALOG),
    )
    collection: str = param(
        COLLECTION,
        kind=Kind.TEXT,
        title="Collection",
        help="Of the catalogue: the model's.",
        advanced=True,
    )


def run_forecast(params: ForecastParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Find the newest run, fetch its fields of rain and wind, and tell them over the area.

    Raises
    ------
    NoScenesError, DiscoveryError
        If the catalogue has no forecast, or cannot be searched.
    IngestionError, AccessError
        If its files cannot be had.
    RasterError, InputError
        If they cannot be read, tell nothing of rain and wind, or lie elsewhere.
    """
    since = params.since.first if params.since else datetime.now(timezone.utc)
    until = since + timedelta(days=params.days)
    question = Question(params.area, since, until, params.catalog, params.collection)
    events = EventQueue(monitor)
    monitor.emit(Progress(0.0, f"Looking for a forecast in {params.catalog.title}"))
    files = run_in_background(lambda: find_files(question, settings, events), events)
    paths = run_in_background(lambda: _bring(files, params, settings, events), events)

    def tell() -> Series:
        return make_series(_messages(paths), params.area, since, until)

    series = run_in_background(tell, events)
    if not series.steps:
        raise NoScenesError(
            "No forecast found for the area",
            f"the run of {format_time(series.run)} tells nothing from {format_time(since)} on",
            "Try again when a newer run is listed.",
        )
    return _result(params, series, until, monitor)


def _bring(
    files: Sequence[ForecastFile], params: ForecastParams, settings: Settings, events: EventQueue
) -> list[Path]:
    fetch = ForecastFetch(params.catalog, settings, events)
    paths = []
    for number, file in enumerate(files):
        events.put(
            Progress(
                FETCH_SHARE * number / len(files),
                f"Fetching the forecast of {file.run:%Y-%m-%d %H} UTC, step {number + 1} of "
                f"{len(files)}",
            )
        )
        hours = round((file.end - file.run).total_seconds() / 3600)
        name = f"{params.collection}_{file.run:%Y%m%dT%H}_{hours:03}h.grib2"
        paths.append(fetch.bring(file, params.output / "fields" / name.replace("/", "-")))
        if not number:  # a packing that this GDAL does not read is told before the others come
            next(read_messages(paths[0]), None)
    return paths


def _messages(paths: Sequence[Path]) -> Iterator[Message]:
    for path in paths:
        yield from read_messages(path)


def _result(
    params: ForecastParams, series: Series, until: datetime, monitor: Monitor
) -> OperationResult:
    warnings = list(_warnings(series, until))
    for text in warnings:
        monitor.emit(Note(Level.WARNING, text))
    steps = series.steps
    credit = CREDIT.get(params.collection, "")
    data = {
        "software": PRODUCT,
        "operation": FORECAST.name,
        "catalog": params.catalog.name,
        "collection": params.collection,
        "run": format_time(series.run),
        "area": dict(params.area.geometry),
        "cells": series.cells,
        "units": {"precipitation": "mm", "wind": "m/s", "gust": "m/s"},
        "steps": [step.to_dict() for step in steps],
        "missing": sorted({TITLES[one] for one in series.missing}),
        "note": NOTE,
        "credit": credit,
        "warnings": warnings,
    }
    written: dict[str, str | bytes] = {
        FILES[0]: table(steps),
        FILES[1]: chart(steps),
        FILES[2]: json.dumps(data, indent=1),
    }
    paths = {name: params.output / name for name in written}
    for name, content in written.items():
        failure = WriteFailure(f"Writing {paths[name]} failed", error=RasterError)
        write_whole(paths[name], content, failure, make_folder=True)
    return OperationResult(
        data={**data, "files": {name: str(path) for name, path in paths.items()}},
        text=joined(
            [
                f"Run of {format_time(series.run)}, {series.cells} cells over the area",
                *warnings,
                *map(_line, steps),
                *_sums(steps),
                f"{NOTE}.",
                *filter(None, [credit]),
            ]
        ),
        outputs={
            "table": str(paths[FILES[0]]),
            "chart": str(paths[FILES[1]]),
            "precipitation_mm": steps[-1].rain_sum_mm,
            "text": joined(map(_line, steps)),
        },
        value=series,
        warnings=tuple(warnings),
    )


def _warnings(series: Series, until: datetime) -> Iterator[str]:
    for title in sorted({TITLES[one] for one in series.missing}):
        yield f"The forecast does not tell {title}"
    last = series.steps[-1].end
    if until - last > timedelta(hours=12):
        yield f"The forecast ends on {format_time(last)}, before the days asked for are over"


def _line(step: Step) -> str:
    parts = []
    if step.rain_mm is not None and step.rain_start is not None:
        hours = (step.end - step.rain_start).total_seconds() / 3600
        parts.append(f"{step.rain_mm:.1f} mm in {hours:.0f} h (wettest {step.rain_most_mm:.1f} mm)")
    if step.wind_m_s is not None:
        parts.append(f"wind {step.wind_m_s:.1f} m/s (most {step.wind_most_m_s:.1f} m/s)")
    if step.gust_m_s is not None:
        parts.append(f"gusts {step.gust_m_s:.1f} m/s")
    return f"{step.end:%Y-%m-%d %H:%M} UTC: {', '.join(parts) or 'nothing is told'}"


def _sums(steps: Sequence[Step]) -> Iterator[str]:
    told: list[Any] = [step for step in steps if step.rain_sum_mm is not None]
    if told:
        start, end = told[0].rain_start, told[-1].end
        yield (
            f"{told[-1].rain_sum_mm:.1f} mm of precipitation from {format_time(start)} to "
            f"{format_time(end)}, mean of the area"
        )


FORECAST = Operation(
    name="forecast",
    title="Rain and wind to come",
    group="Scenes",
    summary="Tells precipitation, wind and gusts that a weather model expects over an area in the "
    "next days, as a table and a chart. It is no map, and is never mixed into one.",
    params=ForecastParams,
    run=run_forecast,
    outputs=(
        Output("table", "Table"),
        Output("chart", "Chart"),
        Output("precipitation_mm", "Precipitation (mm)", OutputKind.NUMBER),
        Output("text", "Text"),
    ),
)
