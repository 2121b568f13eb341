"""Scenes whose files cannot be had, from the search to the event: told before anything is tried."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery import stac_client
from firstlight.core.discovery.access import Access
from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.catalogs import Catalog, get_catalog
from firstlight.core.discovery.events import get_event
from firstlight.core.discovery.items_file import read_items
from firstlight.core.enums import AccessKind
from firstlight.core.errors import AccessError
from firstlight.core.moment import Moment
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.operations.discover import DiscoverParams, run_discover
from firstlight.core.operations.ingest import IngestParams, run_ingest
from firstlight.core.operations.pairs import PairsParams, run_pairs
from firstlight.core.scenes.event_pairs import EventQuery, NoPair, PairFinder
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi
from support.stac_server import StacServer, make_item

AREA = Aoi.from_bounds(7.2, 46.2, 7.8, 46.8)
FROM, TO = Moment.parse("2024-06-01"), Moment.parse("2024-06-30")
KEYS = ("blue", "green", "red", "nir08", "swir16", "swir22")


def landsat(day: int, bucket: str = "s3://usgs-landsat") -> dict[str, Any]:
    return make_item(
        f"LC09_L2SP_195028_202406{day:02d}_02_T1",
        when=f"2024-06-{day:02d}T10:10:00Z",
        collection="landsat-c2-l2",
        assets={key: {"href": f"{bucket}/x_{key}.TIF"} for key in KEYS},
        platform="landsat-9",
        **{"eo:cloud_cover": 1.0, "landsat:wrs_path": "195", "landsat:wrs_row": "028"},
    )


@pytest.fixture
def closed() -> Iterator[StacServer]:
    with StacServer([landsat(3), landsat(12), landsat(19)]) as api:
        yield api


def notes(monitor: RecordingMonitor) -> str:
    return "\n".join(event.text for event in monitor.events if isinstance(event, Note))


def test_discover_lists_them_and_says_what_they_need(
    closed: StacServer, settings: Settings, tmp_path: Path
) -> None:
    monitor = RecordingMonitor()
    params = DiscoverParams(
        area=AREA,
        start=FROM,
        end=TO,
        sensor=get_sensor("landsat"),
        catalog=get_catalog(closed.base_url),
        scenes=tmp_path / "scenes.geojson",
    )
    result = run_discover(params, settings, monitor)
    assert [row["access"] for row in result.json_data()] == ["reader pays"] * 3
    assert all("  reader pays  " in line for line in result.text.splitlines())
    assert "ask the reader to pay, so they are listed but not taken" in notes(monitor)
    assert "Without an account: catalogue planetary-computer." in notes(monitor)
    back = read_items(tmp_path / "scenes.geojson")
    assert {scene.access for scene in back} == {AccessKind.READER_PAYS}
    tree = json.loads((tmp_path / "scenes.geojson").read_text(encoding="utf-8"))
    assert tree["features"][0]["properties"]["access"] == "reader pays"


def test_ingest_takes_none_of_them_and_makes_no_file(
    closed: StacServer, settings: Settings, tmp_path: Path
) -> None:
    params = IngestParams(
        area=AREA,
        start=FROM,
        end=TO,
        sensor=get_sensor("landsat"),
        catalog=get_catalog(closed.base_url),
        output=tmp_path / "out",
    )
    with pytest.raises(AccessError, match="their files ask the reader to pay"):
        run_ingest(params, settings, RecordingMonitor())
    assert not (tmp_path / "out").exists()


def test_pairs_are_made_of_scenes_that_can_be_had(settings: Settings) -> None:
    """The closed one would rank first: it is nearer to the event."""
    far = [landsat(1, "https://example.org"), landsat(29, "https://example.org")]
    with StacServer([*far, landsat(14), landsat(16)]) as api:
        params = PairsParams(
            area=AREA,
            date=Moment.parse("2024-06-15"),
            sensor=get_sensor("landsat"),
            catalog=get_catalog(api.base_url),
        )
        monitor = RecordingMonitor()
        [pair] = run_pairs(params, settings, monitor).value.pairs
    assert [pair.before.datetime.day, pair.after.datetime.day] == [1, 29]
    assert pair.to_dict()["before"]["catalog"] == api.base_url
    assert "2 scenes (landsat-c2-l2" in notes(monitor)


def test_an_event_says_why_it_has_no_pair(closed: StacServer, settings: Settings) -> None:
    event = get_event("wildfire")
    time = datetime(2024, 6, 15, tzinfo=timezone.utc)
    query = EventQuery(event, AREA, time, get_catalog(closed.base_url), 30.0, 60, 60)
    finder = PairFinder(query, settings, Access(settings))
    answer = finder.find("landsat", RecordingMonitor())
    assert isinstance(answer, NoPair)
    assert answer.sentence == (
        "Landsat 8/9: their files ask the reader to pay. Without an account: catalogue "
        "planetary-computer"
    )


def test_a_page_is_as_large_as_the_catalogue_likes(
    closed: StacServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = stac_client.get_catalog

    def small(name: str) -> Catalog:
        return dataclasses.replace(known(name), page_size=7)

    monkeypatch.setattr(stac_client, "get_catalog", small)
    params = DiscoverParams(
        area=AREA,
        start=FROM,
        end=TO,
        sensor=get_sensor("landsat"),
        catalog=get_catalog(closed.base_url),
    )
    run_discover(params, settings, RecordingMonitor())
    assert {int(search.query["limit"]) for search in closed.searches} == {7}
