"""Sentences in five languages: event, day and place, or the reason why one of them is not clear."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from firstlight.core.intent.sentence import read_sentence

NOW = datetime(2024, 11, 6, 12, 0, tzinfo=timezone.utc)
"""A Wednesday."""
TABLE: dict[str, list[list[Any]]] = yaml.safe_load(
    Path(__file__).with_name("phrases.yaml").read_text(encoding="utf-8")
)
ROWS = [row for rows in TABLE.values() for row in rows]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_sentence_says_what_it_says(row):
    text, event, moment, names, *why = row
    reading = read_sentence(text, NOW)
    assert (reading.event.name if reading.event else None) == event
    wanted = moment.isoformat() if isinstance(moment, date) else moment
    assert (str(reading.moment) if reading.moment else None) == wanted
    assert list(reading.names) == names
    told = " ".join(issue.sentence for issue in reading.issues)
    assert [part for part in why if part not in told] == [], told
    assert bool(reading.issues) == bool(why), told


def test_there_are_enough_of_each_language():
    assert {language: len(rows) >= 40 for language, rows in TABLE.items()} == dict.fromkeys(
        ("en", "de", "fr", "es", "pt"), True
    )
