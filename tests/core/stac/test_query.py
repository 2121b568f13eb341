"""How a question is written, with and without pystac-client: as the standard wants."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import product
from typing import Any

import pytest
from pystac_client import ItemSearch

from firstlight.core.stac.query import NEWEST_FIRST, SearchForm, as_parameters
from firstlight.core.types import Aoi

AREAS = {
    "a box": Aoi.from_bounds(7.2, 46.2, 7.8, 46.8),
    "across the antimeridian": Aoi.from_bounds(179.5, -17.2, -179.5, -16.1),
}
PERIOD = (
    datetime(2024, 6, 1, tzinfo=timezone.utc),
    datetime(2024, 6, 30, 23, 59, 59, tzinfo=timezone.utc),
)


def forms(area: Aoi) -> Iterator[SearchForm]:
    """Every combination of what may be asked."""
    boxes = (None, *range(len(area.boxes)))
    for collections, period, sorts, box, seconds, limit in product(
        ((), ("a",), ("a", "b")), (None, PERIOD), (False, True), boxes, (False, True), (20, 100)
    ):
        yield SearchForm(
            area, collections, period, sorts=sorts, box=box, to_the_second=seconds, limit=limit
        )


def by_the_library(form: SearchForm, method: str) -> dict[str, Any]:
    """The same question as pystac-client writes it."""
    dates = (
        ("2024-06-01T00:00:00Z/2024-06-30T23:59:59" + ("Z" if form.to_the_second else ".999999Z"))
        if form.period
        else None
    )
    asked = ItemSearch(
        "https://stac.example.com/search",
        method=method,
        limit=form.limit,
        collections=list(form.collections),
        intersects=dict(form.aoi.geometry) if form.box is None else None,
        bbox=list(form.aoi.boxes[form.box]) if form.box is not None else None,
        datetime=dates,
        sortby=list(NEWEST_FIRST) if form.sorts else None,
    ).get_parameters()
    return {name: value for name, value in asked.items() if value}


def plain(value: object) -> Any:
    """As it goes over the wire: lists for tuples."""
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("area", AREAS)
def test_the_body_of_a_post(area: str) -> None:
    for form in forms(AREAS[area]):
        for query in (form.query(), form.query_by_itself()):
            assert plain(query) == plain(by_the_library(form, "POST")), form


@pytest.mark.parametrize("area", AREAS)
def test_the_parameters_of_a_get(area: str) -> None:
    for form in forms(AREAS[area]):
        ours = dict(as_parameters(form.query_by_itself()))
        theirs = {name: str(value) for name, value in by_the_library(form, "GET").items()}
        for query in (ours, theirs):
            if "intersects" in query:
                query["intersects"] = json.loads(query["intersects"])
            # The sign of an ascending field may be left out.
            query["sortby"] = query.get("sortby", "").replace("+", "")
        assert ours == theirs, form


def test_items_of_one_collection_are_asked_for_without_its_name() -> None:
    form = SearchForm(AREAS["a box"], ("a",), PERIOD, features=True, box=0)
    for query in (form.query(), form.query_by_itself()):
        assert set(query) == {"limit", "bbox", "datetime"}
