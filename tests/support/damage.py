"""Damaged stacks for tests of the validator: one sound scene, and every way in which it can be
spoilt.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry

from .landscapes import RULE, landscape
from .rasters import write_raster

SIZE = 1280
"""Of the 10 m bands: with two overviews, and larger than what the validator reads whole."""
BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
COARSE = ("swir16", "swir22")


@dataclasses.dataclass(frozen=True)
class Damage:
    """One way to spoil a stack."""

    name: str
    spoil: Callable[[Path], None]
    """Takes the stack's folder, changes files in it."""
    codes: tuple[str, ...]
    """One of these must be found."""
    band: str | None = "nir"
    """On which band; None: on none in particular."""
    deep_only: bool = False
    """The quick look cannot be relied on to see it."""
    target: str = "scene_stack.vrt"
    """What is validated."""


def make_scene(folder: Path, seed: int = 1) -> Path:
    """Six COGs, two of them of 20 m, and their stack: ``scene_stack.vrt``."""
    pixels = landscape("fields", SIZE, seed)
    for name in BANDS:
        coarse = name in COARSE
        data = halve(pixels[name]) if coarse else pixels[name]
        write_raster(
            folder / f"{name}.tif", data, cog=True, resolution=20.0 if coarse else 10.0, predictor=2
        )
    return restack(folder)


def halve(data: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Means of 2 x 2 pixels."""
    rows, cols = data.shape
    mean: npt.NDArray[Any] = (
        data.reshape(rows // 2, 2, cols // 2, 2).mean((1, 3)).astype(data.dtype)
    )
    return mean


def restack(folder: Path, rule: Radiometry = RULE) -> Path:
    """The stack of what is in the folder."""
    sources = {name: BandSource(folder / f"{name}.tif", radiometry=rule) for name in BANDS}
    stack = create_band_stack(
        sources, folder / "scene_stack.vrt", band_order=list(BANDS), tags={"sensor": "sentinel2"}
    )
    return stack.path


def pixels_of(folder: Path, name: str) -> npt.NDArray[Any]:
    """All pixels of a band file."""
    import rasterio

    with rasterio.open(folder / f"{name}.tif") as dataset:
        found: npt.NDArray[Any] = dataset.read(1)
    return found


def rewrite(folder: Path, data: npt.NDArray[Any], name: str = "nir", **profile: Any) -> None:
    """Write a band file anew, as sound as it was; then the stack."""
    target = folder / f"{name}.tif"
    target.unlink()
    write_raster(target, data, cog=True, resolution=20.0 if name in COARSE else 10.0, **profile)
    restack(folder)


def tiles(path: Path) -> list[tuple[int, int]]:
    """Offset and size of the full-size tiles."""
    _, offsets, counts = _tile_tables(path)
    return list(zip(offsets, counts))


def _tile_tables(path: Path) -> tuple[dict[int, tuple[int, int]], list[int], list[int]]:
    """Tags of the first directory (tag → place of its numbers, bytes of each), and the two tables.
    Classic TIFF only.
    """
    raw = path.read_bytes()
    assert raw[:4] == b"II*\0"
    start = struct.unpack_from("<I", raw, 4)[0]
    places, tables = {}, {}
    for entry in range(struct.unpack_from("<H", raw, start)[0]):
        at = start + 2 + 12 * entry
        tag, kind, count = struct.unpack_from("<HHI", raw, at)
        if tag in (324, 325):
            size = {3: 2, 4: 4}[kind]
            place = at + 8 if size * count <= 4 else struct.unpack_from("<I", raw, at + 8)[0]
            places[tag] = (place, size)
            tables[tag] = list(
                struct.unpack_from(f"<{count}{'H' if size == 2 else 'I'}", raw, place)
            )
    return places, tables[324], tables[325]


def _truncate(share: float) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / "nir.tif"
        os.truncate(path, int(path.stat().st_size * share))

    return spoil


def _lose_last_kilobyte(folder: Path) -> None:
    path = folder / "nir.tif"
    os.truncate(path, path.stat().st_size - 1024)


def _overwrite(folder: Path, offset: int, data: bytes) -> None:
    with (folder / "nir.tif").open("r+b") as file:
        file.seek(offset)
        file.write(data)


def _zero_hole(folder: Path) -> None:
    places = tiles(folder / "nir.tif")
    begin, end = places[len(places) // 3], places[len(places) // 3 + 4]
    _overwrite(folder, begin[0] + begin[1] // 3, bytes(end[0] - begin[0]))


def _zero_half_a_tile(folder: Path) -> None:
    offset, size = tiles(folder / "nir.tif")[20]
    _overwrite(folder, offset + size // 4, bytes(size // 2))


def _flip_bytes(folder: Path) -> None:
    offset, size = tiles(folder / "nir.tif")[33]
    old = (folder / "nir.tif").read_bytes()[offset + size // 3 : offset + size // 3 + 8]
    _overwrite(folder, offset + size // 3, bytes(byte ^ 0x5A for byte in old))


def _drop_tiles(every: bool) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / "nir.tif"
        places, offsets, _ = _tile_tables(path)
        with path.open("r+b") as file:
            for number in range(len(offsets)) if every else range(30, 36):
                for place, size in places.values():
                    file.seek(place + size * number)
                    file.write(bytes(size))

    return spoil


def _flatten_tiles(folder: Path) -> None:
    """Two tiles of one number: what is written is sound, and the overviews still show the land."""
    _swap_tiles(folder, np.full((128, 128), 2400, np.uint16))


def _tiles_of_another_band(count: int) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        _swap_tiles(folder, pixels_of(folder, "blue")[:128, :128], count)

    return spoil


def _swap_tiles(folder: Path, data: npt.NDArray[Any], count: int = 2) -> None:
    """Put sound tiles of other content in the place of tiles that are at least as long."""
    side = folder / "side.tif"
    write_raster(side, data, cog=True, predictor=2)
    offset, size = tiles(side)[0]
    new = side.read_bytes()[offset : offset + size]
    side.unlink()
    path = folder / "nir.tif"
    places, offsets, counts = _tile_tables(path)
    fitting = [number for number, old in enumerate(counts) if old >= size and number > 11][:count]
    assert fitting
    with path.open("r+b") as file:
        for number in fitting:
            file.seek(offsets[number] - 4)
            file.write(struct.pack("<I", size) + new + new[-4:])
            place, width = places[325]
            file.seek(place + width * number)
            file.write(size.to_bytes(width, "little"))


def _all_nodata(folder: Path) -> None:
    rewrite(folder, np.zeros((SIZE, SIZE), np.uint16))


def _constant(folder: Path) -> None:
    rewrite(folder, np.full((SIZE, SIZE), 1800, np.uint16))


def _quiet_noise(folder: Path) -> None:
    noise = np.random.default_rng(5).normal(1800, 0.6, (SIZE, SIZE))
    rewrite(folder, noise.round().astype(np.uint16))


def _copy(source: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        shutil.copyfile(folder / f"{source}.tif", folder / "nir.tif")

    return spoil


def _exchange_red_and_nir(folder: Path) -> None:
    (folder / "red.tif").rename(folder / "x.tif")
    (folder / "nir.tif").rename(folder / "red.tif")
    (folder / "x.tif").rename(folder / "nir.tif")


def _shift(rows: float, cols: float) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        from scipy.ndimage import shift

        moved = shift(
            pixels_of(folder, "nir").astype(np.float64), (rows, cols), order=3, mode="reflect"
        )
        rewrite(folder, np.clip(moved, 1, 65535).astype(np.uint16))

    return spoil


def _misplace(folder: Path) -> None:
    """The pixels are right, and the file says that they lie 20 pixels further east."""
    data = pixels_of(folder, "nir")
    (folder / "nir.tif").unlink()
    write_raster(folder / "nir.tif", data, cog=True, origin=(600200.0, 5200020.0))
    restack(folder)


def _wrong_dtype(dtype: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        data = pixels_of(folder, "nir")
        data = np.clip(data // 20, 0, 255) if dtype == "uint8" else data
        rewrite(folder, data.astype(dtype))

    return spoil


def _type_changed_after_stacking(folder: Path) -> None:
    write_raster(folder / "nir.tif", pixels_of(folder, "nir").astype(np.float32), cog=True)


def _size_changed_after_stacking(folder: Path) -> None:
    write_raster(folder / "nir.tif", halve(pixels_of(folder, "nir")), cog=True, resolution=20.0)


def _no_crs(folder: Path) -> None:
    stack = folder / "scene_stack.vrt"
    text = stack.read_text(encoding="utf-8")
    begin, end = text.index("<SRS"), text.index("</SRS>") + 6
    stack.write_text(text[:begin] + text[end:], encoding="utf-8")


def _gcps_only(folder: Path) -> None:
    import rasterio
    from rasterio.control import GroundControlPoint

    points = [
        GroundControlPoint(r, c, 10 + c / 1e3, 47 - r / 1e3) for r in (0, SIZE) for c in (0, SIZE)
    ]
    data = np.stack([pixels_of(folder, name) for name in ("blue", "nir")])
    with rasterio.open(
        folder / "gcps.tif", "w", driver="GTiff", width=SIZE, height=SIZE, count=2, dtype="uint16"
    ) as target:
        target.write(data)
        target.gcps = (points, "EPSG:4326")
        target.descriptions = ("blue", "nir")


def _html(folder: Path) -> None:
    (folder / "nir.tif").write_text(
        "<!DOCTYPE html><html><body>403 Forbidden</body></html>", encoding="utf-8"
    )


def _remote_description(folder: Path) -> None:
    (folder / "nir.tif").write_text(
        "<GDAL_WMS><Service><ServerUrl>http://127.0.0.1:9/</ServerUrl></Service></GDAL_WMS>"
    )


def _empty(folder: Path) -> None:
    (folder / "nir.tif").write_bytes(b"")


def _source(name: str, relative: str = "0") -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        stack = folder / "scene_stack.vrt"
        text = stack.read_text(encoding="utf-8")
        named = (
            f'<SourceFilename relativeToVRT="{relative}" shared="0">{name.format(folder=folder)}<'
        )
        text, count = re.subn("<SourceFilename[^>]*>nir.tif<", lambda _: named, text)
        assert count == 1
        stack.write_text(text, encoding="utf-8")

    return spoil


def _missing(folder: Path) -> None:
    (folder / "nir.tif").unlink()


def _outside(folder: Path) -> None:
    other = folder.parent / f"{folder.name}_elsewhere"
    other.mkdir()
    (folder / "nir.tif").rename(other / "nir.tif")
    _source(f"{other}/nir.tif")(folder)


def _entities(folder: Path) -> None:
    stack = folder / "scene_stack.vrt"
    text = '<!DOCTYPE x [<!ENTITY n "nir.tif">]>' + stack.read_text(encoding="utf-8").replace(
        ">nir.tif<", ">&n;<"
    )
    stack.write_bytes(text.encode("utf-16"))


def _pixel_function(folder: Path) -> None:
    stack = folder / "scene_stack.vrt"
    text = stack.read_text(encoding="utf-8").replace(
        '<VRTRasterBand dataType="UInt16" band="4">',
        '<VRTRasterBand dataType="UInt16" band="4" '
        'SUBCLASS="VRTDerivedRasterBand"><pixelfunctiontype>inv</pixelfunctiontype>',
    )
    stack.write_text(text, encoding="utf-8")


CUT = ("file_truncated", "unreadable")
SHIFTED = ("band_shifted",)
REFUSED = ("vrt_refused",)
SUITE = (
    Damage("truncated at 10 %", _truncate(0.10), CUT),
    Damage("truncated at 60 %", _truncate(0.60), CUT),
    Damage("truncated at 95 %", _truncate(0.95), CUT),
    Damage("last 1 KB missing", _lose_last_kilobyte, CUT),
    Damage("zeroed hole over several tiles", _zero_hole, ("tile_damaged",)),
    Damage("zeroed middle half of one tile", _zero_half_a_tile, ("tile_damaged",)),
    Damage("six sparse tiles", _drop_tiles(False), ("tiles_missing",)),
    Damage("all full-size tiles sparse", _drop_tiles(True), ("tiles_missing",)),
    Damage("two flat tiles", _flatten_tiles, ("tile_differs",)),
    Damage(
        "30 of 100 tiles with another band's data", _tiles_of_another_band(30), ("tile_differs",)
    ),
    Damage("6 of 100 tiles with another band's data", _tiles_of_another_band(6), ("tile_differs",)),
    Damage("8 flipped bytes in one tile", _flip_bytes, ("tile_damaged",), deep_only=True),
    Damage("all nodata", _all_nodata, ("band_blank",)),
    Damage("constant", _constant, ("band_blank",)),
    Damage("noise of std 0.6", _quiet_noise, ("band_blank",)),
    Damage("a copy of red", _copy("red"), ("band_copied",)),
    Damage(
        "another band's data (swir16 for nir)", _copy("swir16"), ("source_differs", "band_copied")
    ),
    Damage("red and nir exchanged", _exchange_red_and_nir, ("band_swapped",), band="red"),
    Damage("shifted by half a pixel", _shift(0.5, 0.0), SHIFTED),
    Damage("shifted by half a pixel both ways", _shift(-0.5, 0.5), SHIFTED),
    Damage("shifted by 20 pixels", _shift(0.0, 20.0), SHIFTED),
    Damage("said to lie 20 pixels off", _misplace, SHIFTED),
    Damage("uint8 for uint16", _wrong_dtype("uint8"), ("dtype_unfit",)),
    Damage("float32 for uint16", _wrong_dtype("float32"), ("dtype_mixed",)),
    Damage("type changed after stacking", _type_changed_after_stacking, ("source_differs",)),
    Damage("size changed after stacking", _size_changed_after_stacking, ("source_differs",)),
    Damage("no CRS", _no_crs, ("no_crs",), band=None),
    Damage("GCPs only", _gcps_only, ("not_terrain_corrected",), band=None, target="gcps.tif"),
    Damage("HTML in a .tif", _html, REFUSED, band=None),
    Damage("a web service's description in a .tif", _remote_description, REFUSED, band=None),
    Damage("empty file", _empty, ("unreadable",)),
    Damage("VRT: source missing", _missing, ("vrt_source_missing",), band=None),
    Damage("VRT: remote source", _source("/vsicurl/http://127.0.0.1:9/x.tif"), REFUSED, band=None),
    Damage(
        "VRT: source on a network share",
        _source("\\\\127.0.0.1\\share\\nir.tif"),
        REFUSED,
        band=None,
    ),
    Damage("VRT: absolute source elsewhere", _outside, ("vrt_source_outside",), band=None),
    Damage("VRT: names itself", _source("scene_stack.vrt", "1"), REFUSED, band=None),
    Damage("VRT: entities, in UTF-16", _entities, REFUSED, band=None),
    Damage("VRT: pixel function, odd case", _pixel_function, REFUSED, band=None),
)
"""All damage; ``docs/validation.md`` has the table of what is caught."""


def by_name() -> Mapping[str, Damage]:
    """Name → damage."""
    return {damage.name: damage for damage in SUITE}
