"""Messages of a GRIB2 file: what each says of itself, and its numbers over a part of its grid."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.errors import NO_REASON, checked, gdal_steps

INSTANT, INTERVAL = 0, 8
"""Product definition templates (WMO Manual on Codes, FM 92 GRIB, 4.0 and 4.8)."""
SECONDS = {0: 60, 1: 3600, 2: 86400, 10: 10800, 11: 21600, 12: 43200, 13: 1}
"""Code table 4.4: unit of the forecast time."""
LEAST_VALUES = {INSTANT: 12, INTERVAL: 27}
"""Numbers of each template that are read."""
HINT = "Is it a GRIB2 file, and complete?"
MISSING = (-127, 255, -2147483647, 4294967295)
"""All bits set, as a signed number and as a plain one."""
DATA_REPRESENTATION, CCSDS = 5, 42
"""Section 5, and its template that ECMWF uses since June 2023 (code table 5.0)."""
NO_CCSDS = (
    "GDAL 3.8 or newer reads it where it was built with libaec: use a newer QGIS for forecasts."
)


@dataclass(frozen=True)
class LonLatGrid:
    """A regular grid in degrees, from its north-western corner; longitudes may go beyond 180."""

    west: float
    north: float
    step_x: float
    step_y: float
    cols: int
    rows: int

    @property
    def is_global(self) -> bool:
        """Whether its columns go around the Earth."""
        return abs(self.cols * self.step_x - 360) < 0.5 * self.step_x


@dataclass(frozen=True)
class Message:
    """One field of a GRIB2 file."""

    discipline: int
    category: int
    number: int
    centre: int
    level: tuple[int, float]
    """Type of the first fixed surface (code table 4.5), and its value."""
    statistic: int | None
    """Statistical process over its interval (code table 4.10); None for a moment."""
    run: datetime
    """Aware, UTC: the reference time."""
    start: datetime
    """Of its interval; equal to ``end`` for a moment."""
    end: datetime
    unit: str
    """As GDAL says it, without brackets: ``m/s``; ``-`` where it does not know the parameter."""
    grid: LonLatGrid
    values: npt.NDArray[np.float64]
    """(rows, cols); NaN where the field says nothing."""

    @property
    def code(self) -> tuple[int, int, int]:
        """Discipline, category and number."""
        return self.discipline, self.category, self.number


def read_messages(path: Path) -> Iterator[Message]:
    """Read all messages of a file that are of a moment or an interval; others are left out.

    Raises
    ------
    RasterError
        If it is no GRIB2 file, is not on a regular grid in degrees, or is packed in a way that this
        GDAL does not read.
    """

    def failed(why: str) -> RasterError:
        reason = "it is no GRIB file" if why == NO_REASON else why
        hint = HINT
        if "successfully identified" in why and CCSDS in _packings(path):
            reason = "it is packed by template 5.42 (CCSDS), which this GDAL does not read"
            hint = NO_CCSDS
        return RasterError(f"The forecast {path.name} cannot be read", reason, hint)

    return gdal_steps(_messages(path), failed, first=True)


def _messages(path: Path) -> Iterator[Message]:
    from osgeo import gdal

    flags = gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR
    dataset = checked(gdal.OpenEx(str(path), flags, allowed_drivers=["GRIB"]))
    grid = _grid(dataset, path)
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)
        tags = band.GetMetadata()
        if tags.get("GRIB_PDS_PDTN") not in (str(INSTANT), str(INTERVAL)):
            continue
        values = checked(band.ReadAsArray()).astype(np.float64)
        nodata = band.GetNoDataValue()
        if nodata is not None:
            values[values == nodata] = np.nan
        values[~np.isfinite(values)] = np.nan
        yield _message(tags, grid, values, path)


def _grid(dataset: Any, path: Path) -> LonLatGrid:
    west, step_x, turn_x, north, turn_y, step_y = dataset.GetGeoTransform()
    system = dataset.GetSpatialRef()
    if system is None or not system.IsGeographic() or turn_x or turn_y or step_y >= 0:
        raise RasterError(
            f"The forecast {path.name} cannot be read",
            "its grid is none of degrees with straight rows",
            "Choose a catalogue that offers a regular grid in degrees.",
        )
    return LonLatGrid(west, north, step_x, -step_y, dataset.RasterXSize, dataset.RasterYSize)


def _message(
    tags: dict[str, str], grid: LonLatGrid, values: npt.NDArray[np.float64], path: Path
) -> Message:
    failure = f"The forecast {path.name} cannot be read"
    try:
        template = int(tags["GRIB_PDS_PDTN"])
        numbers = [int(one) for one in tags["GRIB_PDS_TEMPLATE_ASSEMBLED_VALUES"].split()]
        if len(numbers) < LEAST_VALUES[template]:
            raise ValueError(f"a template of {len(numbers)} numbers")
        centre = re.search(r"CENTER=(\d+)", tags.get("GRIB_IDS", ""))
        run = _time(int(tags["GRIB_REF_TIME"].split()[0]))
        start = run + timedelta(seconds=numbers[8] * SECONDS[numbers[7]])
        end = start
        if template == INTERVAL:
            year, month, day, hour, minute, second = numbers[15:21]
            end = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
            if end < start:
                raise ValueError("an interval that ends before it begins")
        stated = _time(int(tags["GRIB_VALID_TIME"].split()[0]))
        if stated != end:
            raise ValueError(f"valid times that differ, {stated} and {end}")
        return Message(
            discipline=int(tags["GRIB_DISCIPLINE"].split("(")[0]),
            category=numbers[0],
            number=numbers[1],
            centre=int(centre[1]) if centre else 0,
            level=(numbers[9], _level(numbers[10], numbers[11])),
            statistic=numbers[23] if template == INTERVAL else None,
            run=run,
            start=start,
            end=end,
            unit=tags.get("GRIB_UNIT", "").strip("[] "),
            grid=grid,
            values=values,
        )
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        why = f"a message does not say what it is ({' '.join(str(error).split())})"
        raise RasterError(failure, why, HINT) from error


def _level(scale: int, value: int) -> float:
    """Value of a surface; 0 where all its bits are set, which says that it has none: the ground."""
    return 0.0 if scale in MISSING or value in MISSING else value / 10.0**scale


def _packings(path: Path) -> set[int]:
    """Data representation templates (code table 5.0) of a file's messages, by its own bytes."""
    content, place, found = path.read_bytes(), 0, set[int]()
    while content[place : place + 4] == b"GRIB":
        end = place + int.from_bytes(content[place + 8 : place + 16], "big")
        place += 16
        while place + 11 < min(end, len(content)):
            if content[place + 4] == DATA_REPRESENTATION:
                found.add(int.from_bytes(content[place + 9 : place + 11], "big"))
            place += max(int.from_bytes(content[place : place + 4], "big"), 5)
        place = max(end, place)
    return found


def _time(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)


def columns_between(grid: LonLatGrid, west: float, east: float) -> npt.NDArray[np.int_]:
    """Columns that a span of longitudes touches, from west to east, whatever turn of the Earth the
    grid counts in.

    Parameters
    ----------
    west, east : float
        Degrees, ``west < east``; beyond 180 for a span across the antimeridian.
    """
    first = math.floor((west - grid.west) / grid.step_x + 1e-9)
    last = math.ceil((east - grid.west) / grid.step_x - 1e-9)
    cols = np.arange(first, max(last, first + 1))
    turn = round(360 / grid.step_x)
    if abs(turn * grid.step_x - 360) < 1e-6:
        cols = cols % turn
    inside: npt.NDArray[np.int_] = cols[(cols >= 0) & (cols < grid.cols)]
    return inside
