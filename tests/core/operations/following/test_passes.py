"""``passes``: the next passes over an area, from a catalogue on loopback."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from firstlight.core.errors import NoScenesError
from firstlight.core.operation import OperationResult
from support.run import run_operation
from support.schemas import check
from support.stac_server import StacServer, make_item

AREA = "7.2,46.2,7.8,46.8"
DAY = timedelta(days=1)
START = datetime(2024, 5, 2, 5, 42, 11, tzinfo=timezone.utc)


def radar(time: datetime, platform: str = "sentinel-1a", orbit: int = 66, **words: Any) -> Any:
    return make_item(
        f"{platform}-{orbit}-{time:%Y%m%dT%H%M%S}",
        when=time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        collection="sentinel-1-rtc",
        assets={"vv": {"href": "http://127.0.0.1:9/vv.tif"}},
        platform=platform,
        **{"sat:relative_orbit": orbit, "sat:orbit_state": "descending"},
        **words,
    )


ITEMS = [
    *(radar(START + 12 * n * DAY) for n in range(4)),
    *(radar(START + n * DAY, "sentinel-1c") for n in (6, 18)),
    radar(START + 36 * DAY + timedelta(seconds=25)),  # the next scene of the same pass
    radar(START - 20 * DAY + timedelta(hours=12), "sentinel-1b", 15),
]


def look(since: str, **words: Any) -> OperationResult:
    with StacServer(ITEMS) as server:
        words = {"catalog": server.base_url, "collection": "sentinel-1-rtc", **words}
        return run_operation("passes", area=AREA, sensor="sentinel1", since=since, **words)


def test_the_next_passes_stand_in_order_with_satellite_orbit_and_share() -> None:
    result = look("2024-06-08", days=14)
    told = result.json_data()["passes"]
    assert [(one["datetime"], one["platform"]) for one in told] == [
        ("2024-06-13T05:42:11Z", "sentinel-1c"),
        ("2024-06-19T05:42:11Z", "sentinel-1a"),
    ]
    assert told[1]["passes_seen"] == 4
    assert told[1]["coverage_percent"] == 100.0
    assert (
        "Wednesday 2024-06-19 05:42 UTC, sentinel-1a, orbit 66 descending, 100 % of the area, "
        "every 12 days (seen 4 times)"
    ) in result.text
    assert "Expected, not promised" in result.text
    assert result.outputs["first"] == "2024-06-13T05:42:11Z"
    assert result.outputs["count"] == 2
    json.dumps(result.json_data())


def test_a_satellite_that_is_silent_is_told() -> None:
    result = look("2024-05-29", days=20)
    assert {one["platform"] for one in result.json_data()["passes"]} == {
        "sentinel-1a",
        "sentinel-1c",
    }
    assert result.warnings == (
        "sentinel-1b, orbit 15 descending has not been seen since 2024-04-12: it may be switched "
        "off, and nothing is foretold of it",
    )


def test_nothing_to_come_is_named() -> None:
    with pytest.raises(NoScenesError, match="none of the satellites seen comes within 2 days"):
        look("2024-06-08", days=2)


def test_the_usual_delay_is_that_of_the_records() -> None:
    hours = (5.0, 7.0, 30.0, 6.0)  # one of them came late: the median does not mind
    items = [
        radar(START + 12 * n * DAY, created=_text(START + 12 * n * DAY + timedelta(hours=late)))
        for n, late in enumerate(hours)
    ]
    items.append(  # published counts before created, which a catalogue that was made anew rewrites
        radar(
            START + 18 * DAY,
            "sentinel-1c",
            created=_text(START + 40 * DAY),
            published=_text(START + 18 * DAY + timedelta(hours=3)),
        )
    )
    items.append(radar(START + 33 * DAY, "sentinel-1d", 15, created="last week"))
    with StacServer(items) as server:
        result = run_operation(
            "passes",
            area=AREA,
            sensor="sentinel1",
            since="2024-06-08",
            days=14,
            catalog=server.base_url,
            collection="sentinel-1-rtc",
        )
    check("passes.json", result.json_data())
    told = {one["platform"]: one for one in result.json_data()["passes"]}
    assert told["sentinel-1a"]["delay_hours"] == 6.5
    assert told["sentinel-1a"]["listed"] == "2024-06-19T12:12:11Z"
    assert told["sentinel-1c"]["delay_hours"] == 3.0
    assert told["sentinel-1d"]["delay_hours"] is None
    assert told["sentinel-1d"]["listed"] is None
    assert "(seen 4 times), in the catalogue about 6 h later" in result.text
    assert "in the catalogue after a delay that is not known" in result.text


def test_no_pair_ends_with_the_next_radar_pass() -> None:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    other = [radar(now - 20 * DAY, orbit=15), radar(now - 3 * DAY, orbit=66)]
    late = [
        radar(one, orbit=66, created=_text(one + timedelta(hours=4)))
        for one in (now - 15 * DAY - timedelta(hours=1),)
    ]
    with StacServer([other[0], other[1], *late]) as server:
        words = {"catalog": server.base_url, "collection": "sentinel-1-rtc", "days_after": 20}
        with pytest.raises(NoScenesError) as caught:
            run_operation("pairs", area=AREA, sensor="sentinel1", date=_text(now - DAY), **words)
    sentence = str(caught.value)
    assert "No pairs found around" in sentence
    assert "; next radar pass: " in sentence
    assert "sentinel-1a, orbit 15 descending, in the catalogue after a delay" in sentence


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
