"""The schemas of docs/schemas: what each command prints and leaves on the disk is held to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.doors.operation_index import declared_operations
from firstlight.core.settings import CONFIG_DIR, read_yaml
from support.every_command import every_command
from support.schemas import SCHEMAS, check, faults, load_schemas
from support.surroundings import quiet_surroundings

FILES = {"common", "events", "event-record", "sheet", "view", "result-item", "bands-record", "job"}
"""Schemas of what is no command's answer."""
ELSEWHERE = {"context", "forecast", "print"}
"""Commands whose answers their own tests hold to the schema: they need a catalogue, or QGIS."""


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, list[tuple[str, Any]]]]:
    """A folder, and what all commands printed that were run in it."""
    folder = tmp_path_factory.mktemp("every")
    with quiet_surroundings(folder / "home"):
        yield folder, list(every_command(folder))


def test_each_command_has_its_schema() -> None:
    from jsonschema import Draft202012Validator

    names = {operation.name for operation in declared_operations()}
    assert {Path(name).stem for name in load_schemas()} == names | FILES
    for name, schema in load_schemas().items():
        Draft202012Validator.check_schema(schema)
        assert schema["$id"].endswith(f"/docs/schemas/{name}")
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["title"]


def test_no_object_is_open_by_mistake() -> None:
    """An object whose fields are listed takes no others, so that a new field fails here."""

    def open_ones(node: Any, place: str) -> Iterator[str]:
        if isinstance(node, dict):
            listed = isinstance(node.get("properties"), dict) and node.get("type") == "object"
            if listed and "additionalProperties" not in node and "patternProperties" not in node:
                yield place
            for key, value in node.items():
                yield from open_ones(value, f"{place}/{key}")
        elif isinstance(node, list):
            for number, value in enumerate(node):
                yield from open_ones(value, f"{place}/{number}")

    found = {place for name, schema in load_schemas().items() for place in open_ones(schema, name)}
    assert found == {"common.json/$defs/anyGeometry"}, "GeoJSON of others"


def test_what_commands_print_is_what_their_schemas_say(
    told: tuple[Path, list[tuple[str, Any]]],
) -> None:
    answers = told[1]
    commands = {name for name, _ in answers}
    assert commands == {one.name for one in declared_operations()} - ELSEWHERE
    wrong = [fault for name, data in answers for fault in faults(f"{name}.json", data)]
    assert not wrong


@pytest.mark.thorough
def test_a_new_field_and_a_lost_one_are_seen(told: tuple[Path, list[tuple[str, Any]]]) -> None:
    """The net has no hole: a field more or less, anywhere, is no longer what the schema says."""
    answers = dict(told[1])
    for name in ("event", "sar-water", "exposure", "pairs", "validate", "ingest", "stack"):
        data = answers[name]
        for place in _objects(data, 4):
            changed = json.loads(json.dumps(data))
            _at(changed, place)["surprise"] = {"odd": [1]}
            assert faults(f"{name}.json", changed), (name, place)
    lost = json.loads(json.dumps(answers["event"]))
    del lost["statistics"]["burned-area"]["not_observed"]
    assert faults("event.json", lost)


NAMED = {"outputs", "failures", "bands_failed", "overrides", "band_names", "band_mapping"}
"""Objects whose keys are names: any text is one."""
NAMED |= {"source_files", "bands_downloaded", "band_urls", "assets", "files", "bands"}
NAMED |= {"geometry"}


def _objects(node: Any, depth: int, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, dict):
        if not NAMED & set(map(str, place)):
            yield place
        if depth:
            for key, value in node.items():
                yield from _objects(value, depth - 1, (*place, key))
    elif isinstance(node, list) and node:
        yield from _objects(node[0], depth, (*place, 0))


def _at(node: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        node = node[key]
    return node


def test_what_is_left_on_the_disk_is_what_the_schemas_say(
    told: tuple[Path, list[tuple[str, Any]]],
) -> None:
    folder = told[0]
    catalogue = json.loads((folder / "fire" / "catalog.json").read_text("utf-8"))
    check("event-record.json", catalogue["firstlight:event"])
    check("sheet.json", catalogue["firstlight:sheet"])
    check("view.json", catalogue["firstlight:map"])
    records = sorted(folder.glob("**/bands.json"))
    items = sorted(folder.glob("**/*.stac.json"))
    assert len(records) > 3
    assert len(items) > 10
    for path in records:
        check("bands-record.json", json.loads(path.read_text("utf-8")))
    for path in items:
        check("result-item.json", json.loads(path.read_text("utf-8"))["properties"])
    for name in ("exposure", "scenario"):
        [path, *_] = sorted(folder.glob(f"*/{name}.json"))
        check(f"{name}.json", json.loads(path.read_text("utf-8")))


def test_the_events_of_the_configuration_are_what_their_schema_says() -> None:
    tree = read_yaml(CONFIG_DIR / "events.yaml")
    check("events.json", tree)
    for damage in ({"titel": "Flood"}, {"days_after": 0}, {"recipe": [{"sensors": []}]}):
        broken = json.loads(json.dumps(tree))
        broken["events"]["flood"].update(damage)
        assert faults("events.json", broken), damage


def test_the_folder_s_page_names_each_file() -> None:
    page = (SCHEMAS / "README.md").read_text("utf-8")
    assert not [name for name in load_schemas() if f"({name})" not in page]
