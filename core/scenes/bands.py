"""Bands that are fetched of a scene, and an estimate of what they take."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..discovery.band_config import Sensor, get_sensor, load_sensors
from ..discovery.events import EventType
from ..settings import BandChoice, Settings
from ..types import Aoi, SceneItem
from .find import USUAL_SENSOR

TILE_PIXELS = 1024
"""Tiles of a COG are seldom larger; a window needs whole tiles."""
KM_PER_DEGREE = 111.2
IN_PLACE = {
    "scl": ("fmask", "oa_fmask"),
    "qa_pixel": ("fmask", "oa_fmask"),
    "lwir11": ("lwir",),
}
"""Band → those that products of the same sensor have in its place: the masks of HLS and of Digital
Earth Australia, the thermal band of TM and ETM+.
"""


def wanted_bands(
    scene: SceneItem, settings: Settings, event: EventType | None, for_maps: bool = False
) -> Sequence[str]:
    """Bands that are asked for, else the sensor's default bands and those the event needs; in
    wavelength order. What the scene's product has under another name stands in its place.

    Parameters
    ----------
    for_maps : bool
        Only what the event's own maps read: the required bands instead of the default ones.
    """
    wanted = _usual_bands(scene, settings, event, for_maps)
    own = [
        next((one for one in (name, *IN_PLACE.get(name, ())) if one in scene.bands), name)
        for name in wanted
    ]
    return wanted if own == list(wanted) else get_sensor(scene.sensor).sort(dict.fromkeys(own))


def _usual_bands(
    scene: SceneItem, settings: Settings, event: EventType | None, for_maps: bool
) -> Sequence[str]:
    sensor = get_sensor(scene.sensor)
    of = settings.bands.of
    if chosen := of.get(sensor.name) or of.get(sensor.family):
        return sensor.pick(chosen)
    if names := settings.bands.names:  # an event may mix radar and optical scenes
        own = [name for name in names if name in sensor.bands]
        return sensor.pick(own or names)
    needed = () if event is None else event.bands.get(sensor.name) or event.bands.get(sensor.family)
    if needed:
        own = [name for name in needed if name in sensor.bands]
        wanted = sensor.pick([*(sensor.required if for_maps else sensor.default), *own])
    else:
        wanted = sensor.pick(())
    # Over sea ice and the poles Sentinel-1 sends hh and hv instead of vv and vh.
    if scene.sensor == "sentinel1" and scene.bands and not set(wanted) & set(scene.bands):
        return sensor.sort(scene.bands)
    return wanted


def check_bands(choice: BandChoice, sensor: Sensor | None) -> None:
    """Refuse a misspelt band or sensor before anything is asked of anybody.

    Parameters
    ----------
    sensor : Sensor, optional
        Whose scenes alone are wanted.

    Raises
    ------
    InputError
        For a sensor that is not known, and a band that no sensor, or this one, has.
    """
    for name, bands in choice.of.items():
        get_sensor(name).pick(bands)
    known = {name for each in load_sensors().values() for name in each.bands}
    if sensor is not None or not set(choice.names) <= known:
        (sensor or get_sensor(USUAL_SENSOR)).pick(choice.names)


def estimate_area_bytes(scene: SceneItem, bands: Sequence[str], aoi: Aoi) -> int:
    """Bytes that the area of some bands takes, before the files' headers are known: whole tiles
    under and around it.
    """
    west, south, east, north = scene.bbox
    narrow = math.cos(math.radians((south + north) / 2))
    width_km = (east - west) % 360 * narrow * KM_PER_DEGREE
    height_km = (north - south) * KM_PER_DEGREE
    area_width_km = sum((box[2] - box[0]) * narrow * KM_PER_DEGREE for box in aoi.boxes)
    area_height_km = (aoi.bounds[3] - aoi.bounds[1]) * KM_PER_DEGREE
    total = 0.0
    for asset in (scene.bands[name] for name in bands if name in scene.bands):
        tile_km = TILE_PIXELS * asset.resolution_m / 1000
        share = _share(area_width_km + tile_km, width_km)
        share *= _share(area_height_km + tile_km, height_km)
        total += share * (asset.size_bytes or asset.estimated_bytes)
    return round(total)


def _share(part_km: float, whole_km: float) -> float:
    return min(1.0, part_km / whole_km) if whole_km > 0 else 1.0
