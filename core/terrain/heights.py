"""Heights of an area: cells of a catalogue's height model, or a file; as one mosaic on a metric
grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ..discovery.catalogs import get_catalog
from ..discovery.stac_client import SceneSearch
from ..enums import Unit
from ..errors import InputError, NoScenesError
from ..gdal.area_outline import area_bounds
from ..gdal.bounds import moved_bounds
from ..gdal.containers import file_of, gdal_name, real_path
from ..gdal.crs import LONLAT
from ..identity.height_unit import in_metres
from ..monitor import Monitor
from ..offers.choice import choose_catalog
from ..raster.facts import read_facts
from ..raster.grid import Window, grid_over
from ..settings import Settings
from ..types import Aoi, BandAsset, Bounds, Grid, Radiometry, SceneItem, SearchQuery
from .utm import is_metric, metric_crs

BAND = "elevation"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MOST_CELLS = 1000
"""Number of cells of one degree each; far more than fit into memory at 30 m."""


def around(grid: Grid) -> Aoi:
    """The box around a grid, in degrees."""
    west, south, east, north = moved_bounds(grid, LONLAT)
    south, north = max(south, -90.0), min(north, 90.0)
    if west < east and east - west < 360 and (west < -180 or east > 180):  # from 0 to 360
        west, east = ((edge + 180) % 360 - 180 for edge in (west, east))
    return Aoi.from_bounds(max(west, -180.0), south, min(east, 180.0), north)


@dataclass(frozen=True)
class MetricArea:
    """The box around an area, in metres."""

    bounds: Bounds
    anchor: Grid
    """Gives the coordinate system, and the lines on which pixels begin."""
    own_m: float | None = None
    """Pixel size of the raster that shows it, where that is metric."""


def metric_area(aoi: Aoi) -> MetricArea:
    """The box around an area in its UTM zone."""
    west, south, east, north = aoi.bounds
    middle = west + ((east - west) % 360) / 2
    crs = metric_crs((middle + 180) % 360 - 180, (south + north) / 2)
    return MetricArea(
        area_bounds(aoi.geometry, crs), Grid(crs, (1.0, 0.0, 0.0, 0.0, -1.0, 0.0), (1, 1))
    )


def metric_area_of(path: Path) -> MetricArea:
    """The area a raster shows: in its own system where that is metric, else in the UTM zone of its
    middle.

    Raises
    ------
    InputError
        If it has no coordinate system.
    RasterError
        If it cannot be read.
    """
    grid = read_facts(path).grid
    if not grid.crs:
        raise InputError(
            f"{path} cannot tell the area",
            "it has no coordinate system",
            "Assign the one it is in.",
        )
    if is_metric(grid.crs):
        return MetricArea(grid.bounds, grid, grid.resolution[0])
    return metric_area(around(grid))


def lay_grid(area: MetricArea, resolution_m: float, buffer_km: float) -> tuple[Grid, Window]:
    """The metric grid over an area and its surroundings, and the window of the area in it."""
    inner = grid_over(area.bounds, area.anchor, (resolution_m, resolution_m))
    pad = math.ceil(1000 * buffer_km / resolution_m)
    a, b, c, d, e, f = inner.transform
    rows, cols = inner.shape
    grid = Grid(inner.crs, (a, b, c - a * pad, d, e, f - e * pad), (rows + 2 * pad, cols + 2 * pad))
    return grid, Window(pad, pad, rows, cols)


def find_heights(
    grid: Grid, catalog: str, settings: Settings, monitor: Monitor
) -> tuple[SceneItem, ...]:
    """The cells of a catalogue's height model under a grid; they have no date, so none is asked
    for.

    Raises
    ------
    NoScenesError
        If there are none.
    DiscoveryError
        If the catalogue cannot be searched.
    """
    chosen, _ = choose_catalog(get_catalog(catalog), "dem")
    query = SearchQuery(
        around(grid), EPOCH, datetime.now(timezone.utc), "dem", chosen.reference, limit=MOST_CELLS
    )
    cells = SceneSearch(query, settings).next(monitor)
    if not cells:
        hint = (
            "Open sea has none, and some countries' cells are not public. Try another "
            "catalogue, or give a file with ‘terrain.dem’."
        )
        raise NoScenesError(
            f"No height model found in {chosen.title}", "nothing of it covers the area", hint
        )
    return tuple(cells)


def unusable(path: Path) -> str:
    """The start of a sentence on a file that is no height model."""
    return f"{path} cannot be used as a height model"


def heights_of_file(path: Path, unit: str = "") -> SceneItem:
    """A file of heights as the only cell of a height model, in metres.

    Parameters
    ----------
    unit : str
        Of its heights, if its own word does not count.

    Raises
    ------
    InputError
        If it has more than one band or no coordinate system, or its unit is none of height.
    RasterError
        If it cannot be read.
    """
    facts = read_facts(path)
    subject = unusable(path)
    if len(facts.bands) != 1:
        raise InputError(
            subject,
            f"it has {len(facts.bands)} bands",
            "Give a raster of one band, heights in metres.",
        )
    if not facts.grid.crs:
        raise InputError(subject, "it has no coordinate system", "Assign the one it is in.")
    a, b, _, d, e, _ = facts.grid.transform
    if b or d or a <= 0 or e >= 0:
        why = "its pixels lie on no north-up grid"
        raise InputError(subject, why, "Warp it first, or stack it: stacks are north-up.")
    [band] = facts.bands
    rule = in_metres(facts, subject, "Say what it is with ‘terrain.dem_unit’.", unit)
    nodata = rule.nodata
    if nodata is None:  # something has to stand for what lies outside, and 0 is a height
        nodata = math.nan if band.dtype.startswith("float") else -32768.0
    rule = Radiometry(rule.scale, rule.offset, nodata, Unit.METRE, rule.reason)
    asset = BandAsset(BAND, gdal_name(real_path(path)), 0.0, rule)
    area = around(facts.grid)
    return SceneItem(
        id=file_of(path).name,
        sensor="dem",
        catalog="file",
        collection="",
        datetime=EPOCH,
        bbox=area.bounds,
        footprint=None,
        cloud_percent=None,
        epsg=None,
        resolution_m=0.0,
        bands={BAND: asset},
    )
