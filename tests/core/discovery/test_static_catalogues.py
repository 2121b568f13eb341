"""Catalogues that are files, on a server or on this computer."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.errors import DiscoveryError, InputError
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.stac import static
from firstlight.core.types import Aoi, SceneItem, SearchQuery
from support.june import NEWEST_FIRST, june_items
from support.stac_server import make_item

AREA = Aoi.from_bounds(7.2, 46.2, 7.8, 46.8)
FIRST, LAST = datetime(2024, 6, 1, tzinfo=timezone.utc), datetime(2024, 6, 30, tzinfo=timezone.utc)


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Be silent."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The folder as a web site; its address."""
    Quiet.asked.clear()
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def catalog(*links: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {
        "type": "Catalog",
        "stac_version": "1.0.0",
        "id": "c",
        "description": "",
        "links": [{"rel": rel, "href": href} for rel, href in links],
        **more,
    }


def write(path: Path, tree: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tree), encoding="utf-8")


def extent(box: list[float], *interval: str | None) -> dict[str, Any]:
    return {"spatial": {"bbox": [box]}, "temporal": {"interval": [list(interval)]}}


def lay_out(folder: Path) -> None:
    """A catalogue of two levels, whose links go round in circles, with parts that lie elsewhere."""
    names = []
    for item in june_items():
        item["assets"] = {key: {"href": f"../{key}.tif"} for key in item["assets"]}
        write(folder / "sentinel" / "items" / f"{item['id']}.json", item)
        names.append(("item", f"./items/{item['id']}.json"))
    collection = {"type": "Collection", "extent": extent([5, 40, 10, 50], "2024-01-01", None)}
    up = [("parent", "../catalog.json"), ("root", "../catalog.json"), ("child", "../catalog.json")]
    write(folder / "sentinel" / "collection.json", catalog(*up, *names, **collection))
    far = {"type": "Collection", "extent": extent([50, 40, 60, 50], None, None)}
    write(folder / "far" / "collection.json", catalog(("item", "never.json"), **far))
    old = {"type": "Collection", "extent": extent([5, 40, 10, 50], "2010-01-01", "2011-01-01")}
    write(folder / "old" / "collection.json", catalog(("item", "never.json"), **old))
    children = [("child", f"{name}/collection.json") for name in ("sentinel", "far", "old")]
    write(folder / "catalog.json", catalog(("self", "https://example.org/catalog.json"), *children))


def find(settings: Settings, place: str, **change: Any) -> tuple[list[SceneItem], list[str]]:
    monitor = RecordingMonitor()
    query = SearchQuery(AREA, FIRST, LAST, "sentinel2", place, limit=100, **change)
    scenes = SceneSearch(query, settings).next(monitor)
    return scenes, [event.text for event in monitor.events if isinstance(event, Note)]


def test_a_catalogue_on_a_web_site_is_walked(settings: Settings, web: str, tmp_path: Path) -> None:
    lay_out(tmp_path)
    scenes, notes = find(settings, f"{web}/catalog.json")
    assert [scene.id for scene in scenes] == NEWEST_FIRST
    assert notes == []
    assert scenes[0].bands["red"].href == f"{web}/sentinel/red.tif"
    assert not [path for path in Quiet.asked if "never" in path], "what lies elsewhere is left"
    assert len(Quiet.asked) == len(set(Quiet.asked)) == 16


@pytest.mark.parametrize("form", ["file", "folder", "url"])
def test_a_catalogue_on_this_computer_is_walked(
    settings: Settings, tmp_path: Path, form: str
) -> None:
    folder = tmp_path / "a folder"
    lay_out(folder)
    file = folder / "catalog.json"
    place = {"file": str(file), "folder": str(folder), "url": file.as_uri()}[form]
    scenes, notes = find(settings, place)
    assert [scene.id for scene in scenes] == NEWEST_FIRST
    assert notes == []
    assert scenes[0].bands["red"].href == str(folder / "sentinel" / "red.tif")
    assert scenes[0].catalog == str(file)


def test_a_collection_and_a_file_of_items_will_do(
    settings: Settings, web: str, tmp_path: Path
) -> None:
    lay_out(tmp_path)
    write(tmp_path / "all.json", {"type": "FeatureCollection", "features": june_items()})
    write(tmp_path / "one.json", june_items()[0])
    for place in (f"{web}/sentinel/collection.json", f"{web}/all.json", str(tmp_path / "all.json")):
        assert [scene.id for scene in find(settings, place)[0]] == NEWEST_FIRST


def test_files_that_are_missing_are_told_and_the_rest_is_found(
    settings: Settings, tmp_path: Path
) -> None:
    lay_out(tmp_path)
    (tmp_path / "sentinel" / "items" / "day03.json").unlink()
    (tmp_path / "sentinel" / "items" / "day04.json").write_text("{", encoding="utf-8")
    scenes, notes = find(settings, str(tmp_path))
    assert len(scenes) == 10
    assert len(notes) == 1
    assert notes[0].startswith("The list is not complete. 2 of 16 files of ")
    assert "day03.json" in notes[0]


def test_a_catalogue_of_too_many_files_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static, "MOST_FILES", 9)
    lay_out(tmp_path)
    scenes, notes = find(settings, str(tmp_path))
    assert len(scenes) == 5
    assert notes == [f"The list is not complete. {tmp_path / 'catalog.json'} has more than 9 files"]


def test_only_items_of_the_sensor_are_taken(settings: Settings, tmp_path: Path) -> None:
    items = [
        *june_items(),
        make_item("radar", collection="sentinel-1-grd", assets={"vv": {"href": "x.tif"}}),
    ]
    write(tmp_path / "items.json", {"type": "FeatureCollection", "features": items})
    assert [s.id for s in find(settings, str(tmp_path / "items.json"))[0]] == NEWEST_FIRST


def test_a_remote_catalogue_leads_to_no_file_of_this_computer(
    settings: Settings, web: str, tmp_path: Path
) -> None:
    item = june_items()[0]
    item["assets"]["red"]["href"] = "file:///etc/passwd"
    links = [("item", "file:///etc/passwd"), ("item", "one.json"), ("child", "file:///etc")]
    write(tmp_path / "one.json", item)
    write(tmp_path / "catalog.json", catalog(*links))
    scenes, notes = find(settings, f"{web}/catalog.json")
    assert [scene.id for scene in scenes] == [item["id"]]
    assert "red" not in scenes[0].bands
    assert scenes[0].notes == ("Its address of red is a file of this computer",)
    assert notes == [f"Scene {item['id']} has no red"]


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        (catalog(), "it cannot be searched and lists no items"),
        ({"type": "FeatureCollection", "features": []}, "it cannot be searched and lists no items"),
        ([1], "a list where an object should be"),
    ],
)
def test_a_file_that_is_no_catalogue_is_named(
    settings: Settings, tmp_path: Path, tree: Any, why: str
) -> None:
    write(tmp_path / "x.json", tree)
    with pytest.raises(DiscoveryError, match=why):
        find(settings, str(tmp_path / "x.json"))


def test_a_path_that_is_not_there_is_no_catalogue(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a known name nor a URL"):
        find(settings, str(tmp_path / "nothing.json"))
