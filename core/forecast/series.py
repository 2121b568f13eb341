"""From a model's fields to rain, wind and gusts over an area, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from ..errors import RasterError
from ..types import Aoi, format_time
from .grib import Message
from .over_area import Floats, Shares, shares_of
from .quantity import Quantity, rule_of

PACKING_MM = 0.5
"""Sums of rain from the start may fall by so much from step to step by the way they are packed; a
judgement: ECMWF packs with 16 bits or less over the whole globe.
"""


@dataclass(frozen=True)
class Step:
    """The weather of one step, over the area."""

    end: datetime
    rain_start: datetime | None = None
    rain_mm: float | None = None
    """Mean of the area in this step; None where it is not told."""
    rain_most_mm: float | None = None
    """In the cell with most."""
    rain_sum_mm: float | None = None
    """Mean of the area since the first step told."""
    wind_m_s: float | None = None
    """Mean of the cells' wind speeds at the end of the step, 10 m above ground."""
    wind_most_m_s: float | None = None
    gust_m_s: float | None = None
    """The strongest in any cell."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "datetime": format_time(self.end),
            "precipitation_since": self.rain_start and format_time(self.rain_start),
            "precipitation_mm": _rounded(self.rain_mm),
            "precipitation_most_mm": _rounded(self.rain_most_mm),
            "precipitation_sum_mm": _rounded(self.rain_sum_mm),
            "wind_m_s": _rounded(self.wind_m_s),
            "wind_most_m_s": _rounded(self.wind_most_m_s),
            "gust_m_s": _rounded(self.gust_m_s),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


@dataclass
class _Fields:
    """Values over the area's cells, by quantity and interval."""

    shares: Shares
    values: dict[Quantity, dict[tuple[datetime, datetime], Floats]] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """The weather over an area."""

    run: datetime
    """When the model was started."""
    steps: tuple[Step, ...]
    cells: int
    """Of the model's grid that the area touches."""
    missing: tuple[Quantity, ...]
    """What the files do not tell."""


def make_series(messages: Iterable[Message], aoi: Aoi, since: datetime, until: datetime) -> Series:
    """The steps that end after ``since`` and not after ``until``.

    Raises
    ------
    RasterError
        If the files tell neither rain nor wind, are of several runs or grids, or contradict
        themselves.
    InputError
        If the area lies beside the grid.
    """
    fields: _Fields | None = None
    run, grid = None, None
    for message in messages:
        rule = rule_of(message)
        if rule is None:
            continue
        if fields is None or grid is None:
            run, grid = message.run, message.grid
            fields = _Fields(shares_of(aoi, grid))
        if message.run != run or message.grid != grid:
            why = "its files are of several runs or grids"
            raise RasterError("The forecast cannot be told", why, "Choose another catalogue.")
        told = fields.values.setdefault(rule.quantity, {})
        told[message.start, message.end] = rule.factor * fields.shares.of(message.values)
    if fields is None or run is None:
        raise RasterError(
            "The forecast cannot be told",
            "its files hold no precipitation, wind or gusts by their codes",
            "Choose another catalogue or collection.",
        )
    steps = tuple(_steps(fields, since, until))
    missing = tuple(one for one in Quantity if one not in fields.values)
    return Series(run, steps, len(fields.shares.km2), missing)


def _steps(fields: _Fields, since: datetime, until: datetime) -> list[Step]:
    rain = _rain(fields.values.get(Quantity.RAIN, {}))
    wind = _wind(fields)
    gusts = {end: values for (_, end), values in fields.values.get(Quantity.GUST, {}).items()}
    ends = sorted(end for end in {*rain, *wind, *gusts} if since < end <= until)
    steps, total = list[Step](), 0.0
    for end in ends:
        start, amount = rain.get(end, (None, None))
        mean = None if amount is None else fields.shares.mean(amount)
        total += mean or 0.0
        speed, gust = wind.get(end), gusts.get(end)
        steps.append(
            Step(
                end=end,
                rain_start=start,
                rain_mm=mean,
                rain_most_mm=None if amount is None else _most(amount),
                rain_sum_mm=None if mean is None else total,
                wind_m_s=None if speed is None else fields.shares.mean(speed),
                wind_most_m_s=None if speed is None else _most(speed),
                gust_m_s=None if gust is None else _most(gust),
            )
        )
    return steps


def _most(values: Floats) -> float | None:
    return float(np.nanmax(values)) if np.isfinite(values).any() else None


def _wind(fields: _Fields) -> dict[datetime, Floats]:
    """Speeds where both parts of the wind are there; of the cells, not of the mean wind."""
    along = fields.values.get(Quantity.WIND_U, {})
    across = fields.values.get(Quantity.WIND_V, {})
    return {key[1]: np.hypot(along[key], across[key]) for key in along if key in across}


def _rain(
    sums: dict[tuple[datetime, datetime], Floats],
) -> dict[datetime, tuple[datetime, Floats]]:
    """End of a step → its start, and what falls in it.

    Amounts of one start are sums that grow, as ECMWF's from the start of the run: their differences
    count. Others are amounts of their own interval.
    """
    steps: dict[datetime, tuple[datetime, Floats]] = {}
    for start in sorted({start for start, _ in sums}):
        ends = sorted(end for begin, end in sums if begin == start)
        before, earlier = start, np.zeros_like(next(iter(sums.values())))
        for end in ends:
            amount = sums[start, end] - earlier
            if np.nanmin(amount, initial=0.0) < -PACKING_MM:
                why = f"the sum of precipitation falls until {format_time(end)}"
                hint = "Tell whoever offers it, or choose another catalogue."
                raise RasterError("The forecast cannot be told", why, hint)
            if end > before:
                _add(steps, before, end, np.maximum(amount, 0.0))
            before, earlier = end, sums[start, end]
    return steps


def _add(
    steps: dict[datetime, tuple[datetime, Floats]], start: datetime, end: datetime, amount: Floats
) -> None:
    """Of two amounts that end together the shorter one tells more."""
    known = steps.get(end)
    if known is None or known[0] < start:
        steps[end] = (start, amount)


def table(steps: Sequence[Step]) -> str:
    """CSV with a line for each step."""
    import csv
    import io

    text = io.StringIO()
    names = list(Step(datetime(2000, 1, 1)).to_dict()) if not steps else list(steps[0].to_dict())
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(step.to_dict() for step in steps)
    return text.getvalue()
