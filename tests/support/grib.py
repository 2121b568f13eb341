"""GRIB2 files as a weather model's, written by GDAL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt
from osgeo import gdal, osr

RUN = datetime(2024, 10, 29, 0, 0, tzinfo=timezone.utc)
ECMWF = 98
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Field:
    """One message: its codes, interval in hours from the run, and values from north to south."""

    code: tuple[int, int, int]
    values: Values
    start: int
    end: int
    statistic: int | None = None
    level: tuple[int, int] = (1, -2147483647)
    """Type and value; ECMWF leaves the ground's value out: all bits are set."""

    def options(self, number: int, run: datetime) -> list[str]:
        """As GDAL's driver wants them."""
        discipline, category, parameter = self.code
        base = [category, parameter, 2, 0, 160, 0, 0, 1, self.start]
        scale = -127 if self.level[1] < 0 else 0
        numbers = [*base, self.level[0], scale, self.level[1], 255, -127, -2147483647]
        if self.statistic is not None:
            end = run + timedelta(hours=self.end)
            clock = [end.year, end.month, end.day, end.hour, end.minute, end.second]
            length = self.end - self.start
            numbers += [*clock, 1, 0, self.statistic, 2, 1, length, 1, 0]
        words = {
            "DISCIPLINE": discipline,
            "PDS_PDTN": 0 if self.statistic is None else 8,
            "PDS_TEMPLATE_ASSEMBLED_VALUES": " ".join(map(str, numbers)),
        }
        return [f"BAND_{number}_{name}={value}" for name, value in words.items()]


def rain(values: Values, end: int, start: int = 0) -> Field:
    """ECMWF's total precipitation in metres, from the start of the run."""
    return Field((0, 1, 193), values, start, end, statistic=1)


def wind(u: Values, v: Values, end: int) -> tuple[Field, Field]:
    """Both parts of the wind at 10 m."""
    return (
        Field((0, 2, 2), u, end, end, level=(103, 10)),
        Field((0, 2, 3), v, end, end, level=(103, 10)),
    )


def gust(values: Values, end: int, start: int) -> Field:
    """The strongest gust of an interval."""
    return Field((0, 2, 22), values, start, end, statistic=2, level=(103, 10))


def write_grib(
    path: Path,
    fields: Sequence[Field],
    west: float = -1.0,
    north: float = 40.0,
    step: float = 0.25,
    run: datetime = RUN,
    centre: int = ECMWF,
) -> Path:
    """Write a file; ``west`` and ``north`` are those of the first point, as ECMWF gives them."""
    rows, cols = fields[0].values.shape
    source = gdal.GetDriverByName("MEM").Create("", cols, rows, len(fields), gdal.GDT_Float64)
    source.SetGeoTransform((west - step / 2, step, 0, north + step / 2, 0, -step))
    system = osr.SpatialReference()
    system.ImportFromEPSG(4326)
    source.SetProjection(system.ExportToWkt())
    options = [
        "DATA_ENCODING=IEEE_FLOATING_POINT",
        f"IDS_CENTER={centre}",
        "IDS_SIGNF_REF_TIME=1",
        "IDS_TYPE=1",
        f"IDS_REF_TIME={run:%Y-%m-%dT%H:%M:%SZ}",
    ]
    for number, field in enumerate(fields, start=1):
        source.GetRasterBand(number).WriteArray(field.values)
        options += field.options(number, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = gdal.GetDriverByName("GRIB").CreateCopy(str(path), source, options=options)
    assert made is not None
    return path


def messages_in(content: bytes) -> list[tuple[int, int]]:
    """Offset and length of each message of a GRIB2 file, by its own section 0."""
    found, place = [], 0
    while place < len(content):
        length = int.from_bytes(content[place + 8 : place + 16], "big")
        found.append((place, length))
        place += length
    return found
