"""The small picture of a scene: which one, and how it is fetched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery.access import Access
from firstlight.core.download.thumbnails import MOST_BYTES, fetch_thumbnail, thumbnail_href
from firstlight.core.errors import AccessError, DiscoveryError
from firstlight.core.settings import Settings
from firstlight.core.types import SceneItem
from support.range_server import Fault, FaultyServer

SCENE = SceneItem(
    id="A",
    sensor="sentinel2",
    catalog="file",
    collection="c",
    datetime=datetime(2024, 6, 1, tzinfo=timezone.utc),
    bbox=(10, 45, 11, 46),
    footprint=None,
    cloud_percent=None,
    epsg=None,
    resolution_m=10,
    bands={},
)


def with_assets(catalog: str = "file", **assets: Any) -> SceneItem:
    return replace(SCENE, catalog=catalog, assets_json=json.dumps(assets))


@pytest.mark.parametrize(
    ("assets", "chosen"),
    [
        ({}, None),
        ({"thumbnail": {"href": "t.jpg", "roles": ["thumbnail"]}}, "t.jpg"),
        ({"x": {"href": "o.png", "roles": ["overview"]}}, "o.png"),
        ({"x": {"href": "o.png", "roles": ["overview"]}, "thumbnail": {"href": "t.png"}}, "o.png"),
        ({"rendered_preview": {"href": "p?x=1", "type": "image/png"}}, "p?x=1"),
        ({"overview": {"href": "o.tif", "type": "image/tiff", "roles": ["overview"]}}, None),
        ({"thumbnail": {"href": "t.jp2", "roles": ["thumbnail"]}}, None),
        ({"preview": {"href": "q.webp"}, "quicklook": {"href": "q.jpg"}}, "q.webp"),
        ({"thumbnail": "not an asset", "preview": {"href": None}}, None),
    ],
)  # fmt: skip
def test_which_asset_is_the_picture(assets: dict[str, Any], chosen: str | None) -> None:
    assert thumbnail_href(with_assets(**assets)) == chosen


@pytest.fixture
def settings() -> Settings:
    return Settings()


def fetched(scene: SceneItem, settings: Settings) -> bytes | None:
    return fetch_thumbnail(scene, settings, Access(settings))


def test_a_picture_is_fetched_as_it_is(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "t.jpg").write_bytes(b"12345")
    with FaultyServer(tmp_path) as server:
        scene = with_assets(server.url(""), thumbnail={"href": server.url("t.jpg")})
        assert fetched(scene, settings) == b"12345"
        server.break_next("t.jpg", Fault(status=404))
        with pytest.raises(DiscoveryError, match="The picture of A cannot be shown"):
            fetched(scene, settings)
    assert fetched(with_assets(), settings) is None


def test_what_is_too_large_is_not_read_to_its_end(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "t.jpg").write_bytes(bytes(MOST_BYTES + 1))
    with FaultyServer(tmp_path) as server:
        scene = with_assets(server.url(""), thumbnail={"href": server.url("t.jpg")})
        with pytest.raises(DiscoveryError, match="it is larger than 5 MB"):
            fetched(scene, settings)
    local = with_assets(thumbnail={"href": str(tmp_path / "t.jpg")})
    with pytest.raises(DiscoveryError, match="it is larger than 5 MB"):
        fetched(local, settings)


def test_a_catalogue_of_the_internet_leads_to_no_picture_on_this_computer(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "t.jpg").write_bytes(b"12345")
    local = with_assets(thumbnail={"href": str(tmp_path / "t.jpg")})
    assert fetched(local, settings) == b"12345", "items of a file of the user's may"
    with FaultyServer(tmp_path) as server:
        for href in (str(tmp_path / "t.jpg"), server.url("t.jpg")):
            scene = with_assets("https://8.8.8.8/stac", thumbnail={"href": href})
            with pytest.raises((AccessError, DiscoveryError)):
                fetched(scene, settings)
        assert server.count("t.jpg") == 0
