"""Many scenes as one raster, straight from their catalogue: where each band lies is known before
any file is opened.

Where the items state grids (STAC projection extension), nothing is asked of any server; the header
of a band is read only where they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..addresses.gate import Gate
from ..discovery.access import Access, gate_of, locate
from ..discovery.catalogs import requests_at_once
from ..discovery.header import join_warnings, weigh_header
from ..enums import Evidence
from ..errors import AccessError, RasterError, odd_data
from ..gdal.area_outline import area_bounds
from ..gdal.containers import find_subdataset
from ..gdal.crs import unit_of
from ..gdal.environment import RemoteOptions
from ..monitor import EventQueue, Monitor, Progress
from ..raster.cloud_mask import MASK_BANDS
from ..raster.grid import Window, common, finest_pixel, grid_over
from ..raster.header import Header
from ..types import Aoi, BandAsset, Grid, SceneItem, Unit
from ..workers import run_parallel
from .band_reader import BandLocation, nodata_outside, read_remote_header
from .on_grid import placed_window
from .scene_plan import MosaicPlan, MosaicScene
from .vrt import write_vrt

AT_ONCE = 8
"""Headers read together: each is two small requests, most of the time is waiting."""


@dataclass(frozen=True)
class VirtualScene:
    """A scene whose bands have a place."""

    item: SceneItem
    bands: Mapping[str, BandLocation]
    mask: BandLocation | None = None
    mask_band: str = ""
    warnings: tuple[str, ...] = ()
    """Contradictions between its item and its files."""

    @property
    def finest(self) -> Grid:
        """The grid of its finest band."""
        grids = [location.grid for location in self.bands.values()]
        return grids[finest_pixel(grids)[0]]


@dataclass(frozen=True)
class VirtualRasterIndex:
    """An index of scenes and where they lie; their pixels stay where they are."""

    scenes: tuple[VirtualScene, ...]
    warnings: tuple[str, ...] = ()
    """Which scenes were left out, and why."""

    @property
    def contradictions(self) -> tuple[str, ...]:
        """Contradictions between items and their files."""
        return tuple(warning for scene in self.scenes for warning in scene.warnings)

    def plan(self, grid: Grid, rule: str = "first", method: str = "bilinear") -> MosaicPlan:
        """The scenes on a grid, the first of them counting most; those beside it are left out.

        Parameters
        ----------
        rule : str
            ``first`` or ``median``.

        Raises
        ------
        RasterError
            If no scene touches the grid.
        """
        names = tuple(self.scenes[0].bands) if self.scenes else ()
        scenes = []
        for scene in self.scenes:
            window = _common_window(scene, grid)
            if window is not None:
                scenes.append(
                    MosaicScene(scene.item.id, scene.bands, window, scene.mask, scene.mask_band)
                )
        if not scenes:
            raise RasterError(
                "The scenes cannot be put together",
                "none of them touches the area",
                "Search with this area.",
            )
        return MosaicPlan(grid, names, tuple(scenes), rule, method)


def build_index(
    scenes: Sequence[SceneItem],
    bands: Sequence[str],
    access: Access,
    monitor: Monitor,
    masked: bool = False,
    keep_going: bool = True,
) -> VirtualRasterIndex:
    """Give each band of each scene its place.

    Parameters
    ----------
    bands : sequence of str
        Scenes that lack one of them are left out, with a warning.
    masked : bool
        With their cloud masks: what those call cloud or shadow will be left out.
    keep_going : bool
        Leave out scenes whose headers cannot be read, too; otherwise the first of them is an error.

    Raises
    ------
    RasterError, AccessError
        If a header cannot be read and ``keep_going`` is off.
    Cancelled
        If the monitor asked to stop.
    """
    events = EventQueue(monitor)
    done: list[None] = []
    # The index may travel to a cluster: with the logins of its own hosts, and no others.
    access = access.limited_to(_addresses(scenes, (*bands, *(MASK_BANDS if masked else ()))))

    def place(scene: SceneItem) -> VirtualScene | str:
        try:
            with odd_data(f"Scene {scene.id} cannot be placed", RasterError):
                found: VirtualScene | str = _place_scene(scene, bands, access, masked)
        except (AccessError, RasterError) as error:
            if not keep_going:
                raise
            found = f"Scene {scene.id} is left out. {error}"
        done.append(None)
        events.put(
            Progress(len(done) / len(scenes), f"Headers: {len(done)} of {len(scenes)} scenes")
        )
        return found

    missing = {
        scene.id: ", ".join(name for name in bands if name not in scene.bands) for scene in scenes
    }
    usable = [scene for scene in scenes if not missing[scene.id]]
    warnings = [
        f"Scene {name} is left out: it has no {lacks}" for name, lacks in missing.items() if lacks
    ]
    at_once = requests_at_once((scene.catalog for scene in usable), AT_ONCE)
    placed = run_parallel(place, usable, at_once, events)
    warnings += [one for one in placed if isinstance(one, str)]
    return VirtualRasterIndex(
        tuple(one for one in placed if isinstance(one, VirtualScene)), tuple(warnings)
    )


class STACVRTBuilder:
    """Writes scenes as one VRT over ``/vsicurl``, described from their catalogue: no request, no
    download.

    Parameters
    ----------
    index : VirtualRasterIndex
    """

    def __init__(self, index: VirtualRasterIndex) -> None:
        self._index = index

    def build(self, grid: Grid, path: Path, method: str = "bilinear") -> Path:
        """Write the VRT; the first scene of the index lies on top.

        Raises
        ------
        RasterError
            If no scene touches the grid, a scene's address holds a token, or the file cannot be
            written.
        """
        return write_vrt(self._index.plan(grid, method=method), path)


def mosaic_grid(
    scenes: Sequence[VirtualScene], aoi: Aoi, crs: str, resolution: float | None = None
) -> Grid:
    """The grid around an area: on the pixels of the scenes where they are of that system and pixel
    size.

    Parameters
    ----------
    crs : str
        ``EPSG:n`` or WKT.
    resolution : float, optional
        In the unit of ``crs``; by default that of the finest band in that system, else of the
        finest of all.

    Raises
    ------
    RasterError
        If no pixel size is given and the bands' is in another unit, or there is no such system.
    """
    grids = [scene.finest for scene in scenes]
    own = [grid for grid in grids if grid.crs == crs] or grids
    leading, finest = finest_pixel(own)
    like = own[leading]
    if like.crs != crs and not resolution and unit_of(like.crs) != unit_of(crs):
        why = (
            f"the bands' is in the unit of {like.crs[:20]}, and this system's unit is another "
            f"({unit_of(crs)[0]})"
        )
        raise RasterError(f"No pixel size is given for {crs[:20]}", why, "Give a resolution.")
    size = (resolution, resolution) if resolution else finest
    if like.crs != crs or (resolution and size != like.resolution):
        like = Grid(crs, (size[0], 0.0, 0.0, 0.0, -size[1], 0.0), (1, 1))
    return grid_over(area_bounds(aoi.geometry, crs), like, size)


def _addresses(scenes: Sequence[SceneItem], bands: Sequence[str]) -> Iterator[str]:
    """Addresses of files and tokens; those that cannot be opened are told of later."""
    for scene in scenes:
        for name in set(bands) & set(scene.bands):
            with suppress(AccessError):
                yield from locate(scene.bands[name].href, scene.catalog, scene.collection)


def _place_scene(
    scene: SceneItem, bands: Sequence[str], access: Access, masked: bool
) -> VirtualScene:
    mask = next((scene.bands[name] for name in MASK_BANDS if masked and name in scene.bands), None)
    placed = {name: _place_band(scene, scene.bands[name], access) for name in bands}
    return VirtualScene(
        scene,
        {name: location for name, (location, _) in placed.items()},
        _place_band(scene, mask, access)[0] if mask else None,
        mask.band if mask else "",
        tuple(join_warnings(scene.id, {name: text for name, (_, text) in placed.items()})),
    )


def _place_band(scene: SceneItem, asset: BandAsset, access: Access) -> tuple[BandLocation, str]:
    """The band's place, and what its header says against its item."""
    name = f"'{asset.band}' of {scene.id}"
    parts = urlsplit(asset.href)
    inside = find_subdataset(asset.href) is not None
    on_disk = asset.href if inside else unquote(parts.path) if parts.scheme == "file" else ""
    gate = gate_of(scene.catalog)
    if on_disk:
        gate.check("file:")
    url, token_url = (
        (on_disk, "") if on_disk else locate(asset.href, scene.catalog, scene.collection)
    )
    address = (
        partial(_open_file, on_disk)
        if on_disk
        else partial(_open_url, access, gate, url, token_url)
    )
    radiometry, grid, warning = asset.radiometry, asset.grid, ""
    header: Header | None = None
    if grid is None or radiometry.evidence == Evidence.ASSUMED or radiometry.nodata is None:
        stated, header = read_remote_header(name, address, asset.index or 1)
        grid = grid or stated
        radiometry, warning = weigh_header(name, radiometry, header, asset.index)
    if radiometry.nodata is None and header:  # some number has to stand for what lies outside
        radiometry = replace(radiometry, nodata=nodata_outside(header.dtype, header.masked))
    location = BandLocation(
        name,
        grid,
        radiometry,
        is_class=radiometry.unit == Unit.CLASS,
        address=address,
        remote=parts.scheme in ("http", "https", "s3"),
        source=url.partition("?")[0],
        dtype=asset.dtype,
        masked=header is not None and header.masked,
        index=asset.index,
    )
    return location, warning


def _open_file(path: str, _renew: bool) -> tuple[str, RemoteOptions]:
    return path, RemoteOptions()


def _open_url(
    access: Access, gate: Gate, url: str, token_url: str, renew: bool
) -> tuple[str, RemoteOptions]:
    return access.reach(access.open(url, token_url, renew), gate)


def _common_window(scene: VirtualScene, grid: Grid) -> Window | None:
    """The window in which all of its bands may have pixels."""
    shared: Window | None = Window(0, 0, *grid.shape)
    for location in scene.bands.values():
        window = placed_window(location.grid, grid)
        shared = common(shared, window) if shared and window else None
    return shared
