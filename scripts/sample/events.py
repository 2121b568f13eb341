"""Makes the simulated events: files of their scenes, STAC items, truth."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import fire, flood
from .files import box_of, is_made, made_anew, to_lonlat, write_cog, write_json, write_png
from .ground import PIXEL_M, Place
from .items import height_item, optical_item, radar_item
from .layers import write_layers
from .noise import Field, halve
from .optics import Picture, take_picture
from .radar import NODATA, take_radar

ARC_SECOND = 1 / 3600


def make_events(folder: Path) -> bool:
    """Make the simulated events, if they are not there yet.

    Parameters
    ----------
    folder : Path
        Becomes: a folder for each item with its GeoTIFFs, ``items/*.json`` (hrefs relative to the
        folder above), ``truth/EVENT/*.tif``, ``layers/EVENT/*`` (land cover, people, buildings,
        roads, districts), ``events.json``: each event's moment, area, items by role, truth, layers.

    Returns
    -------
    bool
        False where the folder was complete already.
    """
    sources = sorted(Path(__file__).parent.glob("*.py"))
    recipe = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    if is_made(folder, recipe):
        return False
    with made_anew(folder, recipe) as work:
        # Items name files by the folder's final name.
        base = work / folder.name
        (base / "items").mkdir(parents=True)
        write_json(base / "events.json", [_make_fire(base), _make_flood(base)])
        for path in base.iterdir():
            path.rename(work / path.name)
        base.rmdir()
    return True


def _make_fire(base: Path) -> dict[str, Any]:
    scene = fire.burn()
    event = _Event(base, fire.PLACE, fire.MOMENT, "wildfire")
    for number, (day, (role, look)) in enumerate(fire.PASSES.items()):
        rng = np.random.default_rng([fire.SEED, number])
        picture = take_picture(scene.ground, fire.surface_on(scene, day), look, rng)
        event.add_optical(role, f"{day}T11:52:31Z", look, picture)
    event.truth("severity", scene.severity)
    event.truth("dnbr", scene.dnbr)
    event.truth("cover", np.asarray(fire.PLACE.crop(scene.ground.cover), np.uint8))
    event.add_heights(scene.ground.height)
    return event.summary()


def _make_flood(base: Path) -> dict[str, Any]:
    scene = flood.flood()
    event = _Event(base, flood.PLACE, flood.MOMENT, "flood")
    for number, (day, (role, look)) in enumerate(flood.OPTICAL_PASSES.items()):
        rng = np.random.default_rng([flood.SEED, number])
        picture = take_picture(scene.ground, flood.optical_surface(scene, day), look, rng)
        event.add_optical(role, f"{day}T11:33:19Z", look, picture)
    for number, (day, (role, seen)) in enumerate(flood.RADAR_PASSES.items()):
        rng = np.random.default_rng([flood.SEED, 100 + number])
        bands, hidden = take_radar(scene.ground, flood.radar_levels(scene, day), seen, rng)
        clock = "06:41:12" if seen.state == "descending" else "18:49:55"
        item_id = f"SIMULATED_S1A_IW_RTC_{event.place.name}_{day.replace('-', '')}"
        for name, pixels in bands.items():
            event.write(item_id, name, pixels, nodata=NODATA)
        event.keep(
            role, radar_item(item_id, event.place, f"{day}T{clock}Z", seen.state, seen.corner, base)
        )
        event.truth(f"radar_shadow_{seen.state}", hidden.astype(np.uint8))
    event.truth("permanent_water", scene.permanent)
    event.truth("flooded", scene.flooded)
    for day in flood.FALLEN_M:
        event.truth(f"flooded_{day.replace('-', '')}", scene.on(day).flooded)
    event.truth("depth", np.asarray(flood.PLACE.crop(scene.depth), np.float32))
    event.truth("standing", np.asarray(flood.PLACE.crop(scene.standing), np.float32))
    event.truth("cover", np.asarray(flood.PLACE.crop(scene.ground.cover), np.uint8))
    event.add_heights(scene.surface_model)
    event.add_layers(flood.PLACE.crop(scene.ground.cover))
    return event.summary()


class _Event:
    """One event on its way to the disk."""

    def __init__(self, base: Path, place: Place, moment: str, kind: str) -> None:
        self.base, self.place = base, place
        self._facts = {
            "name": place.name,
            "event": kind,
            "title": f"SIMULATED {kind}",
            "moment": moment,
        }
        self._scenes: dict[str, str] = {}
        self._truth: dict[str, str] = {}
        self._layers: dict[str, str] = {}

    def add_optical(self, role: str, when: str, look: Any, picture: Picture) -> None:
        """Write a Sentinel-2 scene and what hid the ground in it."""
        day = when[:10].replace("-", "")
        item_id = f"SIMULATED_S2_L2A_{self.place.name}_{day}"
        coarse = picture.valid.reshape(self.place.size // 2, 2, -1, 2).all(axis=(1, 3))
        for name, field in picture.reflectance.items():
            stored = np.clip(np.round((field + 0.1) * 10000), 1, 65535)
            seen = picture.valid if field.shape == picture.valid.shape else coarse
            self.write(item_id, name, np.where(seen, stored, 0).astype(np.uint16), nodata=0)
        self.write(item_id, "scl", picture.scl, nodata=0, overview_resampling="nearest")
        colours = np.stack([halve(picture.reflectance[name]) for name in ("red", "green", "blue")])
        picture8 = np.where(coarse, np.clip(np.round(colours * 900), 1, 255), 0).astype(np.uint8)
        self.write(item_id, "visual", picture8, nodata=0, photometric="rgb")
        write_png(self.base / item_id / "thumbnail.png", picture8[:, ::2, ::2])
        self.truth(f"hidden_{role}", picture.hidden)
        self.keep(role, optical_item(item_id, self.place, when, look, picture, self.base))

    def add_heights(self, height: Field) -> None:
        """Write the elevation model: geographic, one arc second, pixel centres on whole seconds,
        with the margin.
        """
        from rasterio.transform import from_origin
        from rasterio.warp import Resampling, reproject

        place, edge = self.place, self.place.margin
        inner = [
            (col, row)
            for col in (-edge + 10, place.size + edge - 10)
            for row in (-edge + 10, place.size + edge - 10)
        ]
        west, south, east, north = box_of(
            to_lonlat([place.corner(*point) for point in inner], place.crs)
        )
        # Only what the simulated square fills: in the other projection it stands a little askew.
        left, top = (
            (np.ceil(west * 3600) + 12 - 0.5) / 3600,
            (np.floor(north * 3600) - 12 + 0.5) / 3600,
        )
        cols, rows = int((east - left) * 3600) - 12, int((top - south) * 3600) - 12
        target = np.full((rows, cols), np.nan, np.float32)
        transform = from_origin(left, top, ARC_SECOND, ARC_SECOND)
        source = from_origin(*place.corner(-edge, -edge), PIXEL_M, PIXEL_M)
        given = {
            "src_transform": source,
            "src_crs": place.crs,
            "dst_transform": transform,
            "dst_crs": "EPSG:4326",
        }
        reproject(
            height.astype(np.float32),
            target,
            resampling=Resampling.average,
            dst_nodata=np.nan,
            num_threads=1,
            **given,
        )
        item_id = f"SIMULATED_DEM_{place.name}"
        (self.base / item_id).mkdir()
        write_cog(self.base / item_id / "data.tif", target[np.newaxis], "EPSG:4326", transform)
        right, bottom = left + cols * ARC_SECOND, top - rows * ARC_SECOND
        ring = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]
        self.keep("heights", height_item(item_id, place, ring, self.base))

    def add_layers(self, cover: npt.NDArray[np.uint8]) -> None:
        """Write what lies under the event: land cover, people and the like."""
        written = write_layers(self.base / "layers" / self.place.name, self.place, cover)
        self._layers = {
            name: f"{self.base.name}/{path.relative_to(self.base)}"
            for name, path in written.items()
        }

    def truth(self, name: str, pixels: npt.NDArray[Any]) -> None:
        """Write what is really there; no catalogue lists it."""
        self.write(f"truth/{self.place.name}", name, pixels, overview_resampling="nearest")
        self._truth[name] = f"{self.base.name}/truth/{self.place.name}/{name}.tif"

    def write(self, folder: str, name: str, pixels: npt.NDArray[Any], **options: Any) -> None:
        """Write one raster of the scenes' square."""
        from rasterio.transform import from_origin

        bands = pixels if pixels.ndim == 3 else pixels[np.newaxis]
        size = PIXEL_M * self.place.size / bands.shape[2]
        (self.base / folder).mkdir(parents=True, exist_ok=True)
        transform = from_origin(self.place.left, self.place.top, size, size)
        write_cog(self.base / folder / f"{name}.tif", bands, self.place.crs, transform, **options)

    def keep(self, role: str, item: dict[str, Any]) -> None:
        """Note a scene's item."""
        write_json(self.base / "items" / f"{item['id']}.json", item)
        self._scenes[role] = item["id"]

    def summary(self) -> dict[str, Any]:
        """What ``events.json`` says of it; the area lies a little within the square."""
        inset, end = 10, self.place.size - 10
        points = [(inset, inset), (end, inset), (end, end), (inset, end)]
        area = box_of(to_lonlat([self.place.corner(*point) for point in points], self.place.crs))
        facts = {**self._facts, "area": area, "scenes": self._scenes, "truth": self._truth}
        return {**facts, "layers": self._layers}
