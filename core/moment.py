"""A date as people give it: a moment, or a whole day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .times import format_time, parse_time


@dataclass(frozen=True)
class Moment:
    """A time in UTC, to the second; a bare day lasts from its first second to its last."""

    first: datetime
    """Aware, UTC."""
    last: datetime
    """Aware, UTC; equal to ``first`` unless a whole day was given."""

    @classmethod
    def parse(cls, value: str | date) -> Moment:
        """Read an ISO 8601 text, a date (a whole day) or a datetime (without a zone: UTC).

        Raises
        ------
        ValueError
            If it is no time.
        """
        text = value if isinstance(value, str) else value.isoformat()
        return cls(parse_time(text), parse_time(text, end_of_day=True))

    @classmethod
    def at(cls, time: datetime) -> Moment:
        """The moment of an aware datetime."""
        return cls(time, time)

    @property
    def day(self) -> str:
        """ISO date of its beginning: ``2024-05-01``."""
        return format_time(self.first)[:10]

    def __str__(self) -> str:
        return format_time(self.first) if self.first == self.last else self.day
