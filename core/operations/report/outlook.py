"""What a weather model expects over an event's area, for its report: never in the map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import Cancelled, DiskFullError, FirstLightError, RasterError, odd_data
from ...forecast.chart import chart
from ...forecast.series import Series, Step
from ...monitor import Level, Monitor, Note
from ...operation import OperationResult
from ...products.html_page import Section, Table
from ...scenes.event_pairs import EventQuery
from ...settings import Settings
from ..following.forecast import FORECAST, ForecastParams

TITLE = "Rain and wind to come"
HEAD = (
    "Until",
    "Precipitation (mm)",
    "In the wettest cell (mm)",
    "Wind (m/s)",
    "Strongest gust (m/s)",
)


@dataclass(frozen=True)
class Outlook:
    """A forecast, or a sentence that says why there is none."""

    told: OperationResult | None
    missing: str = ""

    @property
    def series(self) -> Series | None:
        """Its steps."""
        value = self.told.value if self.told else None
        return value if isinstance(value, Series) else None

    @property
    def record(self) -> str | None:
        """Path of its ``forecast.json``."""
        return None if self.told is None else self.told.json_data()["files"]["forecast.json"]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the run is told of it, beside the doubts of the map."""
        return self.told.warnings if self.told else (self.missing,)

    def section(self) -> Section:
        """The part of the report that tells it."""
        if self.told is None or self.series is None:
            return Section(TITLE, paragraphs=(self.missing,))
        data = self.told.json_data()
        about = (
            f"Run of {data['run']}, {data['cells']} cells over the area",
            *self.told.warnings,
            data["note"],
            data["credit"],
        )
        return Section(
            TITLE,
            drawing=chart(self.series.steps),
            table=Table(HEAD, tuple(map(_row, self.series.steps))),
            items=tuple(filter(None, about)),
        )


def look_ahead(query: EventQuery, folder: Path, settings: Settings, monitor: Monitor) -> Outlook:
    """Ask the event's catalogue for a forecast from now on, into ``folder``; where there is none,
    the event goes on without. Not so where it is stopped, or the disk is full.
    """
    params = ForecastParams(area=query.aoi, output=folder, catalog=query.catalog)
    try:
        with odd_data("The forecast cannot be told", RasterError):
            return Outlook(FORECAST.run(params, settings, monitor))
    except (Cancelled, DiskFullError):
        raise
    except FirstLightError as error:
        monitor.emit(Note(Level.WARNING, str(error)))
        return Outlook(None, str(error))


def _row(step: Step) -> tuple[str, ...]:
    told = (step.rain_mm, step.rain_most_mm, step.wind_m_s, step.gust_m_s)
    return (
        f"{step.end:%Y-%m-%d %H:%M} UTC",
        *("–" if value is None else f"{value:.1f}" for value in told),
    )
