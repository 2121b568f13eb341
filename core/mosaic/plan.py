"""From scenes, an area and a rule to a mosaic that can be read: shared by the operations that begin
with scenes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import PRODUCT
from ..discovery.access import Access
from ..discovery.band_config import get_sensor
from ..discovery.clear_sky import look_at_sky
from ..discovery.coverage import covered_together
from ..enums import Clouds
from ..errors import InputError, RasterError
from ..monitor import Level, Monitor, Note, PartMonitor
from ..raster.cloud_mask import MASK_BANDS
from ..settings import Settings
from ..types import Aoi, SceneItem, format_time
from .scene_plan import MosaicPlan
from .virtual_index import VirtualRasterIndex, build_index, mosaic_grid

RULES = ("first", "last", "median", "clear")
ORDERS = ("given", "date")


@dataclass(frozen=True)
class MosaicRequest:
    """A request for a mosaic: the scenes, and how they are put together."""

    scenes: tuple[SceneItem, ...]
    aoi: Aoi
    bands: tuple[str, ...]
    """Empty: the sensor's default bands."""
    rule: str = "clear"
    """``first``, ``last``, ``median`` or ``clear``."""
    clouds: str = Clouds.AUTO
    """``mask``, ``keep``, or ``auto``: mask for ``median`` and ``clear``."""
    order: str = "given"
    """``given`` or ``date``, for ``first`` and ``last``."""
    crs: str = ""
    resolution: float | None = None
    keep_going: bool = True
    """Leave out scenes that cannot be read."""


@dataclass(frozen=True)
class PlannedMosaic:
    """A mosaic that can be read, and what became of the scenes."""

    plan: MosaicPlan
    items: tuple[SceneItem, ...]
    """Those in the plan."""
    left_out: tuple[str, ...] = ()
    """A sentence for each scene that cannot be used."""

    def tagged(self, **tags: str) -> PlannedMosaic:
        """The same mosaic with more to be said of it."""
        return replace(self, plan=replace(self.plan, tags={**self.plan.tags, **tags}))

    def without(self, scene_id: str, why: str) -> PlannedMosaic:
        """The same mosaic without one of its scenes.

        Raises
        ------
        RasterError
            If it was the last one.
        """
        items = tuple(item for item in self.items if item.id != scene_id)
        if not items:
            raise RasterError(
                "The scenes cannot be put together",
                f"none of them can be read ({why})",
                "Check the network, then run again, or choose other scenes.",
            )
        scenes = tuple(scene for scene in self.plan.scenes if scene.id != scene_id)
        plan = replace(self.plan, scenes=scenes, tags={**self.plan.tags, **_tags_of(items)})
        return PlannedMosaic(plan, items, (*self.left_out, why))


def make_plan(request: MosaicRequest, settings: Settings, monitor: Monitor) -> PlannedMosaic:
    """Choose order and grid; tells as notes what a person should know.

    Raises
    ------
    InputError
        If the scenes do not fit together.
    RasterError, AccessError, Cancelled
        If nothing can be placed, or a stop was asked for.
    """
    bands = _bands(request)
    access = Access(settings)
    scenes = in_order(request, access, PartMonitor(monitor, 0.0, 0.5))
    masked = request.clouds == Clouds.MASK or (
        request.clouds == Clouds.AUTO and request.rule in ("median", "clear")
    )
    index = build_index(
        scenes, bands, access, PartMonitor(monitor, 0.5, 1.0), masked, request.keep_going
    )
    for warning in (*index.warnings, *index.contradictions):
        monitor.emit(Note(Level.WARNING, warning))
    _check_units(index, bands)
    unmasked = [
        scene.item.id
        for scene in index.scenes
        if scene.mask is None and get_sensor(scene.item.sensor).clouds
    ]
    if masked and unmasked:
        monitor.emit(
            Note(
                Level.WARNING,
                f"No cloud mask is known for {', '.join(unmasked)}: their clouds count as ground",
            )
        )
    crs = request.crs or choose_crs(index, request.aoi)
    grid = mosaic_grid(index.scenes, request.aoi, crs, request.resolution)
    rule = "median" if request.rule == "median" else "first"
    plan = index.plan(grid, rule, settings.resample_method)
    used = {scene.id for scene in plan.scenes}
    items = tuple(one.item for one in index.scenes if one.item.id in used)
    tags = {
        "software": PRODUCT,
        "rule": request.rule,
        "clouds": "left out" if masked else "kept",
        **_tags_of(items),
    }
    return PlannedMosaic(replace(plan, tags=tags), items, index.warnings)


def in_order(request: MosaicRequest, access: Access, monitor: Monitor) -> list[SceneItem]:
    """The scene that counts most first; for ``clear``, by a look at the sky over this area: a share
    that a scene brings along may be that over another.
    """
    scenes = list(request.scenes)
    if len({scene.id for scene in scenes}) < len(scenes):
        scenes = list({scene.id: scene for scene in scenes}.values())
    if request.rule == "clear":
        scenes = look_at_sky(scenes, request.aoi, monitor, access)
        return sorted(
            scenes,
            key=lambda scene: -1.0 if scene.clear_percent is None else scene.clear_percent,
            reverse=True,
        )
    if request.order == "date":
        scenes.sort(key=lambda scene: (scene.datetime, scene.id))
    return scenes[::-1] if request.rule == "last" else scenes


def choose_crs(index: VirtualRasterIndex, aoi: Aoi) -> str:
    """The coordinate system whose scenes cover most of the area: most pixels then stay as
    they are.
    """
    by_crs: dict[str, list[SceneItem]] = {}
    for scene in index.scenes:
        by_crs.setdefault(scene.finest.crs, []).append(scene.item)
    if not by_crs:
        raise InputError(
            "The scenes cannot be put together", "none of them can be used", "See the warnings."
        )

    def share(crs: str) -> float:
        return (
            covered_together([scene.footprint or _box(scene) for scene in by_crs[crs]], aoi) or 0.0
        )

    return max(sorted(by_crs), key=share)


def _box(scene: SceneItem) -> dict[str, object]:
    west, south, east, north = scene.bbox
    return {
        "type": "Polygon",
        "coordinates": [
            [[west, south], [east, south], [east, north], [west, north], [west, south]]
        ],
    }


def _bands(request: MosaicRequest) -> tuple[str, ...]:
    what = "The scenes cannot be put together"
    if not request.scenes:
        raise InputError(what, "there are none", "Give the JSON or GeoJSON of ‘flight discover’.")
    sensors = list(dict.fromkeys(scene.sensor for scene in request.scenes))
    wanted = tuple(get_sensor(sensors[0]).pick(request.bands))
    masks = [name for name in wanted if name in MASK_BANDS]
    if masks:
        raise InputError(
            what, f"{', '.join(masks)} holds classes, which have no mean", "Ask for measured bands."
        )
    return wanted


def _check_units(index: VirtualRasterIndex, bands: Sequence[str]) -> None:
    units = {
        location.radiometry.unit for scene in index.scenes for location in scene.bands.values()
    }
    if len(units) > 1:
        raise InputError(
            f"The bands {', '.join(bands)} cannot be put into one mosaic",
            f"their units differ ({', '.join(sorted(units))})",
            "Make one mosaic for each unit.",
        )


def _tags_of(used: Sequence[SceneItem]) -> dict[str, str]:
    days = sorted(scene.datetime for scene in used)
    sensors = {scene.sensor for scene in used}
    return {
        "scenes": ",".join(scene.id for scene in used),
        "acquired_from": format_time(days[0]),
        "acquired_to": format_time(days[-1]),
        "sensor": sensors.pop() if len(sensors) == 1 else "",
        "datetime": format_time(days[0]) if days[0].date() == days[-1].date() else "",
    }
