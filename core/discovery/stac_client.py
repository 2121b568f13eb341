"""Search STAC APIs and turn their items into scenes. The only module that knows pystac-client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from ..errors import DiscoveryError
from ..monitor import EventQueue, Monitor, Note, Progress
from ..settings import Settings
from ..types import BandAsset, Bounds, SceneItem, SearchQuery, format_time
from ..workers import run_in_background
from .band_config import Band, Sensor, get_sensor
from .catalogs import Catalog, get_catalog
from .radiometry import decide_radiometry, is_ground_range

PAGE_SIZE = 100


def search_scenes(query: SearchQuery, settings: Settings, monitor: Monitor) -> list[SceneItem]:
    """Search one catalogue for one sensor, the newest scenes first.

    The cloud limit is applied here and not by the server: some servers answer a query they do not understand with
    nothing at all. Scenes without a cloud figure (radar) pass.

    Raises
    ------
    DiscoveryError
        If the catalogue cannot be reached or answers with something unusable.
    Cancelled
        If the monitor asked to stop.
    """
    catalog = get_catalog(query.catalog)
    sensor = get_sensor(query.sensor)
    events = EventQueue(monitor)
    events.put(Progress(0.0, f"Searching {catalog.title} for {sensor.title}"))
    scenes = run_in_background(lambda: _collect(query, catalog, sensor, settings, events), events)
    return sorted(scenes, key=lambda scene: scene.datetime, reverse=True)


def _collect(query: SearchQuery, catalog: Catalog, sensor: Sensor, settings: Settings, events: EventQueue) -> list[SceneItem]:
    found: dict[str, SceneItem] = {}
    pages = _pages(query, catalog, sensor, settings, events)
    try:
        for page in pages:
            if events.stop.is_set():
                break
            for item in page.get("features") or []:
                scene = _wanted(item, query, catalog, sensor, events)
                if scene is not None:
                    found.setdefault(scene.id, scene)
            share = min(1.0, len(found) / query.limit)
            events.put(Progress(share, "1 scene found" if len(found) == 1 else f"{len(found)} scenes found"))
            if len(found) >= query.limit:
                break
    except DiscoveryError as error:
        if not found:
            raise
        events.put(Note("warning", f"The list is not complete. {error}"))
    return list(found.values())[: query.limit]


def _pages(
    query: SearchQuery, catalog: Catalog, sensor: Sensor, settings: Settings, events: EventQueue
) -> Iterator[Mapping[str, Any]]:
    """The answer's pages as they come; every failure of the library or the network becomes a DiscoveryError."""
    import pystac_client
    import requests
    from pystac_client.exceptions import APIError
    from pystac_client.stac_api_io import StacApiIO

    what = f"Searching {catalog.title} ({catalog.url}) failed"
    collections = list(catalog.collections.get(query.sensor, ()))
    if not collections:
        has = ", ".join(catalog.collections)
        raise DiscoveryError(what, f"it has no {sensor.title} scenes", f"It has: {has}." if has else "")
    try:
        stac_io = StacApiIO(timeout=(settings.connect_timeout_s, settings.read_timeout_s))
        stac_io.session.proxies.update(settings.proxies)
        client = pystac_client.Client.open(catalog.url, stac_io=stac_io)
        if not catalog.exact:
            there = {collection.id for collection in client.get_collections()}
            missing = f"it has none of the collections {', '.join(collections)}"
            collections = [name for name in collections if name in there][:1]
            if not collections:
                raise DiscoveryError(what, missing)
        search = client.search(
            collections=collections,
            intersects=dict(query.aoi.geometry),
            datetime=f"{format_time(query.start)}/{format_time(query.end)}",
            limit=min(PAGE_SIZE, query.limit),
        )
        yield from search.pages_as_dicts()
    except requests.Timeout as error:
        raise DiscoveryError(what, "it did not answer in time", "Try again, or choose another catalogue.") from error
    except requests.ConnectionError as error:
        raise DiscoveryError(
            what, "it cannot be reached", "Check the network and the proxy, or choose another catalogue."
        ) from error
    except APIError as error:
        raise DiscoveryError(what, *_api_reason(error)) from error
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        # pystac reports a body that is no STAC as any of these
        raise DiscoveryError(
            what, f"the answer is no STAC ({type(error).__name__}: {_short(error)})", "Is the URL a STAC API?"
        ) from error


def _api_reason(error: Any) -> tuple[str, str]:
    status = getattr(error, "status_code", None)
    if status in (401, 403):
        return (
            f"HTTP {status}: the catalogue requires authentication",
            "Public catalogues (Earth Search, Planetary Computer) do not.",
        )
    if status:
        return f"HTTP {status}: {_short(error)}", "Try again later, or choose another catalogue."
    if "Max retries" in str(error) or "Connection" in str(error):
        return "it cannot be reached", "Check the network and the proxy, or choose another catalogue."
    return _short(error), "Try again later, or choose another catalogue."


def _short(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 160 else f"{text[:157]}…"


def _wanted(
    item: Mapping[str, Any], query: SearchQuery, catalog: Catalog, sensor: Sensor, events: EventQueue
) -> SceneItem | None:
    platform = str((item.get("properties") or {}).get("platform") or "").lower()
    if sensor.platforms and platform and platform not in sensor.platforms:
        return None
    try:
        scene = parse_item(item, sensor, catalog.name, fallback_bbox=query.aoi.boxes[0])
    except DiscoveryError as error:
        events.put(Note("warning", str(error)))
        return None
    cloudy = scene.cloud_percent is not None and query.max_cloud_percent is not None
    if cloudy and scene.cloud_percent > query.max_cloud_percent:  # type: ignore[operator]
        return None
    missing = [name for name in scene.missing_bands if name in sensor.required]
    if missing:
        events.put(Note("warning", f"Scene {scene.id} has no {', '.join(missing)}"))
    return scene


def parse_item(item: Mapping[str, Any], sensor: Sensor, catalog: str, fallback_bbox: Bounds | None = None) -> SceneItem:
    """A STAC item → a scene with its bands under canonical names.

    Items without assets have no bands and say so in ``missing_bands``.

    Raises
    ------
    DiscoveryError
        If it has no id, no time, or nothing that tells where it is.
    """
    what = f"Scene {item.get('id') or 'without id'} of {catalog} cannot be used"
    if not item.get("id"):
        raise DiscoveryError(what, "it has no id")
    properties = item.get("properties") or {}
    assets = {key: asset for key, asset in (item.get("assets") or {}).items() if isinstance(asset, Mapping) and asset.get("href")}
    bands = {}
    for band in sensor.bands.values():
        key = _asset_key(band, assets)
        if key is not None:
            bands[band.name] = _band_asset(sensor, band, item, assets[key])
    bbox = item.get("bbox") or _geometry_bbox(item.get("geometry")) or fallback_bbox
    if bbox is None:
        raise DiscoveryError(what, "nothing tells where it is")
    visual = next((assets[key]["href"] for key in sensor.visual_keys if key in assets), None)
    cloud = properties.get("eo:cloud_cover")
    sizes = [bands[name].size_bytes or bands[name].estimated_bytes for name in sensor.default if name in bands]
    return SceneItem(
        id=str(item["id"]),
        sensor=sensor.name,
        catalog=catalog,
        collection=str(item.get("collection") or ""),
        datetime=_moment(properties, what),
        bbox=(
            float(bbox[0]),
            float(bbox[1]),
            float(bbox[-3] if len(bbox) == 6 else bbox[2]),
            float(bbox[-2] if len(bbox) == 6 else bbox[3]),
        ),
        footprint=item.get("geometry"),
        cloud_percent=float(cloud) if isinstance(cloud, (int, float)) else None,
        epsg=_epsg(properties),
        resolution_m=min(
            (asset.resolution_m for asset in bands.values()), default=min(b.resolution_m for b in sensor.bands.values())
        ),
        bands=bands,
        size_bytes=sum(sizes),
        missing_bands=tuple(name for name in sensor.default if name not in bands),
        visual_href=visual,
        assets=item.get("assets") or {},
        notes=_notes(sensor, item, properties),
    )


def _asset_key(band: Band, assets: Mapping[str, Mapping[str, Any]]) -> str | None:
    """By the key table first, then by ``eo:common_name`` (STAC 1.0 ``eo:bands``, STAC 1.1 ``bands``)."""
    lower = {key.lower(): key for key in assets}
    for key in band.asset_keys:
        if key.lower() in lower:
            return lower[key.lower()]
    if band.common_name is None:
        return None
    for key, asset in assets.items():
        layers = asset.get("eo:bands") or asset.get("bands") or []
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            name = layers[0].get("common_name") or layers[0].get("eo:common_name")
            if name == band.common_name and "image/jp2" not in str(asset.get("type")):
                return key
    return None


def _band_asset(sensor: Sensor, band: Band, item: Mapping[str, Any], asset: Mapping[str, Any]) -> BandAsset:
    size = asset.get("file:size")
    layers = asset.get("raster:bands") or [{}]
    resolution = asset.get("gsd") or layers[0].get("spatial_resolution") or band.resolution_m
    return BandAsset(
        band=band.name,
        href=str(asset["href"]),
        resolution_m=float(resolution),
        radiometry=decide_radiometry(sensor.name, band, item, asset),
        size_bytes=int(size) if isinstance(size, (int, float)) and size > 0 else None,
        estimated_bytes=sensor.estimate_bytes(band.name),
        checksum=asset.get("file:checksum") or None,
    )


def _moment(properties: Mapping[str, Any], what: str) -> datetime:
    text = properties.get("datetime") or properties.get("start_datetime")
    try:
        return parse_time(str(text))
    except ValueError:
        raise DiscoveryError(what, f"its time is {text!r}") from None


def parse_time(text: str, end_of_day: bool = False) -> datetime:
    """ISO 8601 → aware UTC; a bare day is its first second, or its last one with ``end_of_day``.

    Raises
    ------
    ValueError
        If it is no time.
    """
    import re

    text = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())  # more digits than datetime takes
    text = re.sub(r"\.(\d{1,5})(?=$|[Z+-])", lambda m: f".{m[1]:0<6}", text)  # Python 3.10 wants 3 or 6 of them
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    if end_of_day and len(text) == 10:
        moment = moment.replace(hour=23, minute=59, second=59)
    return moment.astimezone(timezone.utc)


def _geometry_bbox(geometry: Any) -> Bounds | None:
    if not isinstance(geometry, Mapping) or not geometry.get("coordinates"):
        return None
    points: list[Any] = [geometry["coordinates"]]
    while points and isinstance(points[0][0], (list, tuple)):
        points = [part for group in points for part in group]
    return (min(p[0] for p in points), min(p[1] for p in points), max(p[0] for p in points), max(p[1] for p in points))


def _epsg(properties: Mapping[str, Any]) -> int | None:
    code = properties.get("proj:epsg")
    if isinstance(code, int):
        return code
    text = str(properties.get("proj:code") or "")
    return int(text[5:]) if text.upper().startswith("EPSG:") and text[5:].isdigit() else None


def _notes(sensor: Sensor, item: Mapping[str, Any], properties: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    if sensor.name == "sentinel1" and is_ground_range(item):
        notes.append("Ground range detected: uncalibrated amplitude, not terrain-corrected; not sigma0")
    if not item.get("assets"):
        notes.append("The catalogue lists no files for this scene")
    note = properties.get("firstlight:note")
    if isinstance(note, str):
        notes.append(note)
    return tuple(notes)
