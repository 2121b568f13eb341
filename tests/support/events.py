"""The simulated events of ``scripts/sample``, made once and kept: their files, items and truth,
alone or served on loopback.

>>> flood = simulated_event("flood")
>>> flood.scene("radar_after").bands["vv"], flood.truth["flooded"]
>>> with served_events() as url:
...     flight("pairs", "--catalog", url, …)
"""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from .range_server import FaultyServer
from .stac_server import StacServer

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "test-events"
"""Beside other made things and ignored by git: made anew only when the recipe changes."""


@dataclass(frozen=True)
class EventScene:
    """One simulated scene."""

    item: Mapping[str, Any]
    """Its STAC item; hrefs are relative to ``FOLDER``."""
    bands: Mapping[str, Path]
    """Canonical band name → file; an elevation model has ``data``."""

    @property
    def id(self) -> str:
        """Of the item."""
        return str(self.item["id"])


@dataclass(frozen=True)
class SimulatedEvent:
    """One event with everything about it."""

    name: str
    moment: str
    area: tuple[float, float, float, float]
    """West, south, east, north."""
    scenes: Mapping[str, EventScene]
    """By role: before_early, before, after, radar_before …, heights."""
    truth: Mapping[str, Path]
    """Name of the layer → file: severity, dnbr, flooded, permanent_water, hidden_ROLE …"""
    layers: Mapping[str, Path]
    """What lies under it: landcover, population_count, buildings, roads, districts."""

    def scene(self, role: str) -> EventScene:
        """The scene of a role."""
        return self.scenes[role]

    @property
    def area_text(self) -> str:
        """For ``--area``."""
        return ",".join(str(edge) for edge in self.area)


def sample_module(name: str) -> ModuleType:
    """A module of ``scripts/sample``, which is no part of the installed package:
    ``sample_module("noise")``.
    """
    if _PACKAGE not in sys.modules:
        folder = ROOT / "scripts" / "sample"
        spec = importlib.util.spec_from_file_location(
            _PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None
        assert spec.loader is not None
        sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[_PACKAGE])
    return importlib.import_module(f"{_PACKAGE}.{name}")


@cache
def events_folder() -> Path:
    """The folder of the events, complete: about ten seconds the first time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        sample_module("events").make_events(FOLDER / "events")
    return FOLDER / "events"


@cache
def simulated_event(name: str) -> SimulatedEvent:
    """The simulated ``fire`` or ``flood``."""
    folder = events_folder()
    [facts] = [
        one for one in json.loads((folder / "events.json").read_text()) if one["name"] == name
    ]
    scenes = {}
    for role, item_id in facts["scenes"].items():
        item = json.loads((folder / "items" / f"{item_id}.json").read_text())
        bands = {
            path.stem: path
            for path in sorted((folder / item_id).glob("*.tif"))
            if path.stem != "visual"
        }
        scenes[role] = EventScene(item, bands)
    truth = {layer: FOLDER / path for layer, path in facts["truth"].items()}
    layers = {layer: FOLDER / path for layer, path in facts["layers"].items()}
    west, south, east, north = facts["area"]
    return SimulatedEvent(name, facts["moment"], (west, south, east, north), scenes, truth, layers)


@contextmanager
def served_events() -> Iterator[str]:
    """All scenes in a STAC API on loopback: its URL; in ``FIRSTLIGHT_SAMPLE_URL`` it is the
    catalogue ``sample``.
    """
    folder = events_folder()
    items = [json.loads(path.read_text()) for path in sorted((folder / "items").glob("*.json"))]
    with FaultyServer(FOLDER) as files:
        for item in items:
            for asset in item["assets"].values():
                asset["href"] = files.url(asset["href"])
        with StacServer(items, sample_module("items").collections(items)) as api:
            yield api.base_url


_PACKAGE = "firstlight_sample"
