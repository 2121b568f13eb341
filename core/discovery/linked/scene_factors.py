"""Factors of a Landsat Level 1 item whose bands state none: those of its MTL file, which lies among
its assets as JSON, text or XML.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...addresses.gate import LOCAL_CATALOG
from ...errors import ODD_DATA, AccessError, DiscoveryError
from ...identity.metadata import LARGEST_METADATA, UnfitMetadata, read_mtl
from ...monitor import EventQueue, Monitor
from ...settings import Settings
from ...types import SceneItem
from ...workers import run_in_background
from ..band_assets import openable_assets
from ..catalogs import addresses_of
from ..item_product import landsat_level, sensor_of
from ..items_file import read_entries, read_items
from ..radiometry import LEVEL_1_HINT, SCENE_FACTORS, SCENE_FACTORS_FILE, band_number, is_radiance
from ..stac_fields import StacObject, properties_of, stated_number
from .small_file import SmallFiles

if TYPE_CHECKING:
    from ...identity.source import RasterIdentity

_ENDING = re.compile(r"_?mtl[._]?(?P<ending>json|txt|xml)?$", re.IGNORECASE)
_ORDER = ("json", "txt", "xml")


def read_scene_factors(
    item: StacObject, catalog: str, files: SmallFiles, stop: threading.Event
) -> StacObject:
    """The item, with the factors of its MTL file where its bands need them and state none.

    Parameters
    ----------
    catalog : str
        Whose item it is; ``file`` for one of the user's files.

    Raises
    ------
    DiscoveryError
        If it needs them, and its MTL file cannot be had or used.
    Cancelled
        If it was asked to stop.
    """
    try:
        found = list(_mtl_files(item)) if _needs_factors(item) else []
        collection = str(item.get("collection") or "")
    except ODD_DATA:  # whoever reads the item says what is wrong with it
        return item
    first = None
    for name, ending, href in found:
        try:
            text = files.read(href, catalog, collection, LARGEST_METADATA, stop)
            factors = read_mtl(text, ending, "l1").factors
        except (AccessError, UnfitMetadata) as error:
            why, hint = (error.why, error.hint) if isinstance(error, AccessError) else (error, "")
            first = first or _unusable(item, f"its MTL file {name} cannot be used ({why})", hint)
            continue
        stated = {code: list(pair) for code, pair in factors.items()}
        told = {SCENE_FACTORS: stated, SCENE_FACTORS_FILE: name}
        return {**item, "properties": {**properties_of(item), **told}}
    if first is not None:
        raise first
    return item  # it names none: whoever reads its bands says so


def read_scenes(
    path: Path, settings: Settings, monitor: Monitor, tell: Callable[[str], None] | None = None
) -> list[SceneItem]:
    """As :func:`~..items_file.read_items`, with the factors that items leave to their MTL files.

    Raises
    ------
    InputError
        If the file cannot be read or holds no scene that can be used.
    Cancelled
        If the monitor asked to stop.
    """
    events, files = EventQueue(monitor), SmallFiles(settings)
    left_out: list[str] = []
    scenes = run_in_background(
        lambda: read_items(
            path,
            left_out.append if tell is not None else None,
            lambda item: read_scene_factors(item, LOCAL_CATALOG, files, events.stop),
        ),
        events,
    )
    for sentence in left_out:
        if tell is not None:
            tell(sentence)
    return scenes


def read_described(path: Path, settings: Settings, stop: threading.Event) -> list[RasterIdentity]:
    """Say what the bands of saved items are, with the factors of their MTL files.

    Raises
    ------
    InputError
        If the file cannot be read or holds no scene.
    Cancelled
        If it was asked to stop.
    """
    from ..item_identity import identify_items

    files = SmallFiles(settings)
    entries = read_entries(
        path, complete=lambda item: read_scene_factors(item, LOCAL_CATALOG, files, stop)
    )
    return identify_items(path, entries)


def _needs_factors(item: StacObject) -> bool:
    """Tell whether it is Landsat Level 1 with a band of reflectance that states no factors."""
    if not isinstance(item, Mapping) or sensor_of(item) != "landsat":
        return False
    if landsat_level(item) != "l1":
        return False
    if any("REFLECTANCE_MULT" in str(name).upper() for name in properties_of(item)):
        return False
    bands = [asset for asset in openable_assets(item).values() if band_number(asset)]
    return any(stated_number(asset, "scale") is None or is_radiance(asset) for asset in bands)


def _mtl_files(item: StacObject) -> Iterator[tuple[str, str, str]]:
    """Name, kind and address of each MTL file that the item names, the likeliest first."""
    found = []
    for key, asset in openable_assets(item).items():
        for place in addresses_of(item, asset):
            name = place.href.partition("?")[0].rpartition("/")[2]
            told = _ENDING.search(key) or _ENDING.search(name)
            ending = name.rpartition(".")[2].lower()
            if told is not None and ending in _ORDER:
                found.append((_ORDER.index(ending), name, ending, place.href))
    for _, name, ending, href in sorted(found, key=lambda one: one[0]):
        yield name, ending, href


def _unusable(item: StacObject, why: str, hint: str) -> DiscoveryError:
    what = f"Scene {item.get('id')} cannot be read as reflectance"
    return DiscoveryError(what, f"it is Landsat Level 1, and {why}", hint or LEVEL_1_HINT)
