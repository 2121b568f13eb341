"""Share of the area that a scene shows free of cloud: read from SCL or QA_PIXEL overviews, all
scenes in parallel.

The figure of the catalogue is for the whole scene, 110 or 185 km wide; what counts is the sky over
the area.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..errors import AccessError, RasterError, odd_data
from ..gdal.environment import is_refused
from ..monitor import EventQueue, Level, Monitor, Note, Progress
from ..raster.cloud_mask import MASK_BANDS, is_clear
from ..raster.remote import read_over_area
from ..shapes.vector import overlap
from ..types import Aoi, BandAsset, Geometry, SceneItem
from ..workers import run_parallel
from .access import AUTHENTICATION_HINT, Access, gate_of
from .band_config import get_sensor
from .catalogs import requests_at_once
from .coverage import covered_percent

MARGIN_DEG = 0.1
AT_ONCE = 8
"""Scenes looked at together: each is a few small requests, most of the time is waiting."""


def look_at_sky(
    scenes: Sequence[SceneItem], aoi: Aoi, monitor: Monitor, access: Access
) -> list[SceneItem]:
    """The same scenes with ``clear_percent`` filled in where it can be had.

    Radar sees through cloud: its clear share is what it covers. Scenes without a mask, and those
    whose mask cannot be read, keep ``None``; the latter are named in a note.

    Raises
    ------
    Cancelled
        If the monitor asked to stop.
    """
    events = EventQueue(monitor)
    done: list[None] = []

    def look(scene: SceneItem) -> SceneItem:
        try:
            with odd_data("Its mask cannot be read", RasterError):
                looked = replace(
                    scene,
                    clear_percent=_from_any(scene, aoi, access),
                    coverage_percent=covered_percent(scene.footprint, aoi),
                )
        except (AccessError, RasterError) as error:
            events.put(Note(Level.WARNING, f"The sky of {scene.id} is not known. {error}"))
            looked = scene
        done.append(None)
        events.put(Progress(len(done) / len(scenes), f"Sky: {len(done)} of {len(scenes)} scenes"))
        return looked

    at_once = requests_at_once((scene.catalog for scene in scenes), AT_ONCE)
    return run_parallel(look, scenes, at_once, events)


def _from_any(scene: SceneItem, aoi: Aoi, access: Access) -> float | None:
    """The clear share by the scene's own mask, or by that of another catalogue's copy."""
    try:
        return clear_percent(scene, aoi, access)
    except (AccessError, RasterError):
        for other in scene.alternatives:
            with suppress(AccessError, RasterError):
                return clear_percent(other, aoi, access)
        raise


def clear_percent(scene: SceneItem, aoi: Aoi, access: Access) -> float | None:
    """Share of the area (0..100) that the scene shows free of cloud and shadow; None where it has
    no mask.

    Raises
    ------
    AccessError, RasterError
        If the mask cannot be opened or read.
    """
    if not get_sensor(scene.sensor).clouds:
        return covered_percent(scene.footprint, aoi)
    mask = next((scene.bands[name] for name in MASK_BANDS if name in scene.bands), None)
    if mask is None:
        return None
    near = overlap(aoi.geometry, _surroundings(scene))
    if near is None:
        return 0.0
    pixels = _read(mask, scene, near, access)
    clear = is_clear(mask.band, pixels).mean() if pixels.size else 0.0
    return float(min(100.0, 100 * clear * Aoi(near, aoi.bounds).area_km2 / aoi.area_km2))


def _surroundings(scene: SceneItem) -> Geometry:
    """The scene's bounding box, a little wider: what lies outside is not seen, and far from its
    zone cannot be projected.
    """
    west, south, east, north = scene.bbox
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    low, high = south - MARGIN_DEG, north + MARGIN_DEG
    boxes = [(left - MARGIN_DEG, right + MARGIN_DEG) for left, right in spans]
    return {
        "type": "MultiPolygon",
        "coordinates": [[[[w, low], [e, low], [e, high], [w, high], [w, low]]] for w, e in boxes],
    }


def _read(
    mask: BandAsset, scene: SceneItem, area: Geometry, access: Access
) -> npt.NDArray[np.int32]:
    """The mask over an area; a token that is refused is renewed once."""
    url, gate = access.url(mask.href, scene.catalog, scene.collection), gate_of(scene.catalog)
    try:
        address, options = access.reach(url, gate)
        return read_over_area(address, area, options)
    except RasterError as error:
        if not is_refused(error.why):
            raise
        fresh = access.url(mask.href, scene.catalog, scene.collection, renew=True)
        renewed = access.reach(fresh, gate)
        if renewed == (address, options):
            if re.search(r"code: 40[13]", error.why) is None:
                raise
            raise AccessError(
                error.what, f"requires authentication: {error.why}", AUTHENTICATION_HINT
            ) from error
        return read_over_area(renewed[0], area, renewed[1])
