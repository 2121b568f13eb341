"""Scenes in files: what ``discover`` wrote (JSON or GeoJSON) and what ``ingest --items`` reads."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

from ..enums import AccessKind, Evidence
from ..errors import DiscoveryError, InputError, odd_value
from ..stac.links import links_of
from ..text import read_json
from ..types import BandAsset, Grid, OrbitDirection, Priority, Radiometry, SceneItem, Unit
from .band_config import get_sensor, load_sensors
from .item_product import sensor_of
from .scene_parser import parse_item
from .stac_fields import StacObject, stated_bytes

MOST_ALTERNATIVES = 20
"""More catalogues than there are that have one scene."""
_WHOLE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]")
"""How addresses begin that are relative to nothing: with a scheme, a drive, a slash."""
HINT = "Give the JSON or GeoJSON of ‘flight discover’, or STAC items."
Entry = tuple[SceneItem, StacObject | None]
"""A scene, and its STAC item where the file holds one."""


def as_it_is(item: StacObject) -> StacObject:
    """The item itself."""
    return item


def read_items(
    path: Path,
    tell: Callable[[str], None] | None = None,
    complete: Callable[[StacObject], StacObject] = as_it_is,
) -> list[SceneItem]:
    """Read scenes: an array of discovery items, FirstLight's GeoJSON, or plain STAC items.

    Parameters
    ----------
    tell : callable, optional
        Is told of each damaged entry, which is left out then; without it the first is an error.
    complete : callable, optional
        Makes an item whole that leaves something to another file.

    Raises
    ------
    InputError
        If the file cannot be read or holds no scene that can be used.
    """
    return [scene for scene, _ in read_entries(path, tell, complete)]


def read_entries(
    path: Path,
    tell: Callable[[str], None] | None = None,
    complete: Callable[[StacObject], StacObject] = as_it_is,
) -> list[Entry]:
    """As :func:`read_items`, each with the STAC item as its catalogue gave it; None where the file
    keeps a discovery's own facts instead.
    """
    failure = f"The scenes in {path} cannot be used"
    tree = _read_json(path, failure)
    return parse_entries(tree, str(path), tell, lambda item: complete(placed(item, path)))


def placed(item: StacObject, path: Path) -> StacObject:
    """An item of a file, its relative addresses whole: relative to the file where one lies there,
    else to the item's own address in the web (its link ``self``), else to the file.
    """
    assets = item.get("assets")
    if not isinstance(assets, Mapping):
        return item
    own = (str(link.get("href") or "") for link in links_of(item, "self"))
    web = next((url for url in own if url.startswith(("http://", "https://"))), "")

    def place(part: Any) -> Any:
        if not isinstance(part, Mapping):
            return part
        whole = dict(part)
        if isinstance(part.get("href"), str):
            whole["href"] = _place(part["href"], path.absolute().parent, web)
        if isinstance(part.get("alternate"), Mapping):
            whole["alternate"] = {name: place(one) for name, one in part["alternate"].items()}
        return whole

    return {**item, "assets": {key: place(asset) for key, asset in assets.items()}}


def _place(href: str, folder: Path, web: str) -> str:
    text = href.strip()
    if not text or "\0" in text or _WHOLE.match(text):
        return href
    for name in (text, unquote(text)):
        file = os.path.normpath(folder / name)
        if os.path.isfile(file):
            return file
    return urljoin(web, text) if web else file


def parse_entries(
    tree: Any,
    source: str,
    tell: Callable[[str], None] | None = None,
    complete: Callable[[StacObject], StacObject] = as_it_is,
) -> list[Entry]:
    """As :func:`read_entries`, of what a file or an address holds, which is named by ``source``."""
    failure = f"The scenes in {source} cannot be used"
    if isinstance(tree, Mapping):
        tree = tree.get("features", [tree])
    if not isinstance(tree, list) or not tree:
        raise InputError(failure, "it holds no scenes", HINT)
    scenes: list[Entry] = []
    problems: list[tuple[int, InputError]] = []
    for number, entry in enumerate(tree, start=1):
        try:
            scenes.append(_read_sound(entry, failure, complete))
        except InputError as error:
            if tell is None:
                raise
            problems.append((number, error))
    if not scenes:
        raise problems[0][1]
    for number, problem in problems:
        if tell is not None:
            tell(f"Entry {number} of {source} is left out: {problem.why}")
    return scenes


def _read_sound(entry: Any, failure: str, complete: Callable[[StacObject], StacObject]) -> Entry:
    try:
        if not _is_stac(entry):
            return _read_entry(entry, failure), None
        entry = complete(entry)
        return _from_stac(entry), entry
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(failure, f"an entry is damaged ({odd_value(error)})", HINT) from error
    except DiscoveryError as error:
        raise InputError(failure, f"{error.what}: {error.why}", error.hint or HINT) from error


def _read_json(path: Path, failure: str) -> Any:
    try:
        return read_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(failure, error.strerror or str(error), HINT) from error
    except ValueError as error:
        raise InputError(failure, f"the file is no JSON ({error})", HINT) from error


def _is_stac(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and entry.get("type") == "Feature"
        and (entry.get("properties") or {}).get("firstlight") is None
    )


def _read_entry(entry: Any, failure: str) -> SceneItem:
    if isinstance(entry, Mapping) and entry.get("type") == "Feature":
        kept = (entry.get("properties") or {}).get("firstlight")
        entry = read_json(kept) if isinstance(kept, str) else kept
    if not isinstance(entry, Mapping) or "id" not in entry:
        raise InputError(failure, "an entry has no id", HINT)
    if not any(entry.get(name) for name in ("band_urls", "url", "visualization_url", "assets")):
        raise InputError(failure, f"No download URL for item {entry['id']}", HINT)
    return scene_from_dict(entry)


def _from_stac(item: StacObject) -> SceneItem:
    """The sensor is that of the item's product, else the one that knows most of its assets."""
    own = sensor_of(item)
    if own is not None:
        return parse_item(item, get_sensor(own), "file")
    scenes, refusals = [], []
    for sensor in load_sensors().values():
        try:
            scenes.append(parse_item(item, sensor, "file"))
        except DiscoveryError as error:
            refusals.append(error)
    if not any(scene.bands for scene in scenes) and refusals:
        raise refusals[0]
    return max(scenes, key=lambda scene: len(scene.bands))


def scene_from_dict(entry: StacObject) -> SceneItem:
    """The inverse of :meth:`SceneItem.to_dict`; takes items with only the specification's fields
    too.
    """
    sensor = get_sensor(str(entry.get("source") or "sentinel2"))
    scene = parse_item(_as_stac(entry), sensor, str(entry.get("catalog") or "file"))
    facts, rules = _part(entry, "band_info"), _part(entry, "radiometry")
    bands = {
        name: _with_rule(_with_facts(asset, facts.get(name)), rules.get(name))
        for name, asset in scene.bands.items()
    }
    secondary = entry.get("priority") == Priority.SECONDARY
    return replace(
        scene,
        bands=bands,
        missing_bands=tuple(entry.get("missing_bands") or scene.missing_bands),
        size_bytes=stated_bytes(int(entry.get("size_bytes") or 0)) or scene.size_bytes,
        visual_href=entry.get("visualization_url"),
        single_href=None if bands else entry.get("url"),
        platform=str(entry.get("platform") or ""),
        relative_orbit=entry.get("relative_orbit"),
        orbit_direction=OrbitDirection(entry.get("orbit_direction") or ""),
        tile=str(entry.get("tile") or scene.tile),
        product=str(entry.get("product") or scene.product),
        baseline=str(entry.get("baseline") or scene.baseline),
        access=AccessKind(entry.get("access") or scene.access),
        coverage_percent=entry.get("coverage_percent"),
        clear_percent=entry.get("clear_percent"),
        priority=Priority.SECONDARY if secondary else Priority.PRIMARY,
        assets_json=json.dumps(_part(entry, "assets")),
        notes=(*(entry.get("notes") or ()), *_radiometry_notes(sensor.name, bands, rules)),
        alternatives=tuple(
            scene_from_dict({**other, "alternatives": []})
            for other in (entry.get("alternatives") or ())[:MOST_ALTERNATIVES]
        ),
    )


def _part(entry: StacObject, name: str) -> StacObject:
    return entry.get(name) or {}


def _as_stac(entry: StacObject) -> StacObject:
    """The entry as the STAC item that it may have come from."""
    urls = {str(name).lower(): str(url) for name, url in _part(entry, "band_urls").items() if url}
    assets = _part(entry, "assets")
    return {
        "id": entry["id"],
        "collection": entry.get("collection"),
        "bbox": entry.get("bbox") or [-180, -90, 180, 90],
        "geometry": entry.get("geometry"),
        "properties": {
            "datetime": entry.get("datetime") or "1970-01-01T00:00:00Z",
            "eo:cloud_cover": entry.get("cloud_cover"),
            "proj:epsg": entry.get("epsg"),
        },
        "assets": {name: {**(assets.get(name) or {}), "href": url} for name, url in urls.items()},
    }


def _radiometry_notes(sensor: str, bands: Mapping[str, BandAsset], rules: StacObject) -> list[str]:
    """A file of another maker lists assets without the item's properties, which may say that the
    offset is applied.
    """
    guessed = [
        name for name, asset in bands.items() if name not in rules and asset.radiometry.offset
    ]
    if sensor != "sentinel2" or not guessed:
        return []
    names = ", ".join(guessed)
    return [
        f"Whether the offset of {names} is in the pixels already is not said: it is applied. "
        "Compare with the item"
    ]


def _with_rule(asset: BandAsset, rule: StacObject | None) -> BandAsset:
    if rule is None:
        return asset
    nodata = rule.get("nodata")
    typed = {
        "nodata": None if nodata is None else float(nodata),
        "unit": Unit(rule.get("unit") or ""),
        "evidence": Evidence(rule.get("evidence") or Evidence.ITEM),
    }
    return replace(asset, radiometry=Radiometry(**{**rule, **typed}))


def _with_facts(asset: BandAsset, facts: StacObject | None) -> BandAsset:
    if facts is None:
        return asset
    return replace(
        asset,
        resolution_m=float(facts.get("resolution_m") or asset.resolution_m),
        size_bytes=stated_bytes(facts.get("size_bytes")) or asset.size_bytes,
        checksum=facts.get("checksum") or asset.checksum,
        dtype=facts.get("data_type") or asset.dtype,
        grid=Grid.from_dict(facts["grid"]) if facts.get("grid") else asset.grid,
        alternates=tuple(map(str, facts.get("alternates") or asset.alternates)),
        account=str(facts.get("account") or asset.account),
        index=int(facts["index"]) if facts.get("index") else asset.index,
    )


def footprints_geojson(scenes: Sequence[SceneItem]) -> dict[str, Any]:
    """A feature collection to look at in QGIS; each feature also carries all that
    ``ingest`` needs.
    """
    features = [_feature(scene) for scene in scenes]
    return {"type": "FeatureCollection", "name": "scenes", "features": features}


def _feature(scene: SceneItem) -> dict[str, Any]:
    fields = scene.to_dict()
    same = ("datetime", "cloud_cover", "clear_percent", "coverage_percent", "platform")
    properties = {
        "id": scene.id,
        "sensor": scene.sensor,
        **{name: fields[name] for name in (*same, "relative_orbit", "orbit_direction")},
        "size_mb": round(scene.size_bytes / 1e6, 1),
        "missing_bands": ", ".join(scene.missing_bands),
        "catalog": scene.catalog,
        "access": scene.access,
        "firstlight": json.dumps(fields),
    }
    return {"type": "Feature", "geometry": scene.footprint, "properties": properties}
