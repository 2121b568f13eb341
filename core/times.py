"""Times as text: ISO 8601 in UTC."""

from __future__ import annotations

import re
from datetime import datetime, timezone


def format_time(moment: datetime) -> str:
    """ISO 8601 in UTC with a ``Z``, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str, end_of_day: bool = False) -> datetime:
    """ISO 8601 → aware UTC; a bare day is its first second, or its last one with ``end_of_day``.

    Raises
    ------
    ValueError
        If it is no time.
    """
    text = text.strip()
    if re.fullmatch(r"\d{8}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)  # more digits than datetime takes
    text = re.sub(
        r"\.(\d{1,5})(?=$|[Z+-])", lambda m: f".{m[1]:0<6}", text
    )  # Python 3.10 wants 3 or 6 of them
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    if end_of_day and len(text) == 10:
        moment = moment.replace(hour=23, minute=59, second=59)
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"{text} lies off the calendar in UTC") from None
