"""Full size against overviews: natural scenes of flat and rough tiles raise no alarm, whatever made
the overviews; tiles that belong elsewhere do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio

from firstlight.core.validation.file_structure import FileCheck, check_structure
from support.landscapes import smooth_noise
from support.rasters import write_raster
from support.thorough import few

Pixels = npt.NDArray[Any]
SHAPE = (1000, 1130)
"""No multiple of anything: overviews do not lie exactly above their pixels."""
ROWS, COLS = np.indices(SHAPE)
LAKE = (ROWS - 500) ** 2 + (COLS - 560) ** 2 < 330**2
METHODS = ("average", "nearest", "bilinear", "cubic", "lanczos", "gauss", "mode")


@cache
def land(level: float = 3000, spread: float = 700, seed: int = 1) -> Pixels:
    made: Pixels = level + spread * smooth_noise(SHAPE, 0.9, np.random.default_rng(seed))
    return made


def points(count: int, value: float, ground: Pixels) -> Pixels:
    random = np.random.default_rng(7)
    made = ground.copy()
    made[random.integers(0, SHAPE[0], count), random.integers(0, SHAPE[1], count)] = value
    return made


def speckle(level: float, looks: float = 4.4) -> Pixels:
    random = np.random.default_rng(3)
    return (level * random.gamma(looks, 1 / looks, SHAPE)).astype(np.float32)


def whole(values: Pixels) -> Pixels:
    return np.clip(np.rint(values), 1, 65535).astype(np.uint16)


SCENES: dict[str, Callable[[], Pixels]] = {
    "calm lake in rough land": lambda: whole(np.where(LAKE, 1012, land())),
    "lake of two values": lambda: whole(np.where(LAKE, 1012 + (ROWS // 40) % 2, land())),
    "dark lake of float": lambda: np.where(LAKE, 0.0123, land() / 1e4).astype(np.float32),
    "lake at 0 reflectance": lambda: np.where(LAKE, 0.0, land() / 1e4 - 0.1).astype(np.float32),
    "sea with ships": lambda: whole(points(60, 9000, np.full(SHAPE, 1100.0))),
    "sea with ships and islands": lambda: whole(
        points(60, 9000, np.where(LAKE & (land() > 4000), land(), 1100.0))
    ),
    "snow at the end of the type": lambda: whole(np.where(LAKE, 65535, 60000 + 9 * land())),
    "cloud tops of one value": lambda: whole(np.where(land(0, 1) > 0.3, 16000, land(2000, 300, 2))),
    "desert": lambda: whole(4000 + 400 * np.sin(COLS / 9) + 3 * ROWS),
    "salt flat": lambda: whole(np.where(LAKE, 5200 + ROWS % 2, land(4000, 100))),
    "night": lambda: whole(points(400, 30000, np.full(SHAPE, 2.0))),
    "city": lambda: whole(np.where((ROWS // 7 + COLS // 11) % 2, 1500, 6000) + land(0, 200)),
    "wedge of an orbit": lambda: whole(land()) * (ROWS + 3 * COLS > 1400),
    "radar: lake": lambda: np.where(LAKE, speckle(0.003), speckle(0.2)),
    "radar: calm water of one value": lambda: np.where(LAKE, 0.001, speckle(0.2)).astype(
        np.float32
    ),
    "radar: corner reflectors": lambda: points(200, 900.0, speckle(0.05)).astype(np.float32),
    "radar: dB": lambda: 10 * np.log10(np.where(LAKE, speckle(0.0005), speckle(0.1))),
    "heights: a lake among mountains": lambda: np.where(LAKE, 402.5, land()).astype(np.float32),
    "heights: the sea is 0": lambda: np.maximum(0, land(0, 300)).astype(np.int16),
}


def band(path: Path, pixels: Pixels, method: str, **options: Any) -> Path:
    """A file in tiles of 128 pixels, with overviews."""
    write_raster(path, pixels, nodata=0 if pixels.dtype == np.uint16 else None, **options)
    with rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4, 8], rasterio.enums.Resampling[method])
    return path


def found(path: Path) -> set[str]:
    findings = check_structure(FileCheck(path, "nir", deep=True))
    return {finding.code for finding in findings} - {"no_recorded_sum"}


@pytest.mark.thorough
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_a_natural_scene_raises_no_alarm(
    tmp_path: Path, scene: Callable[[], Pixels], method: str
) -> None:
    assert found(band(tmp_path / "nir.tif", scene(), method)) == set()


def zeroed(tile: Pixels) -> Pixels:
    return np.zeros_like(tile)


def flat(tile: Pixels) -> Pixels:
    return np.full_like(tile, int(tile.mean()))


def brighter(tile: Pixels) -> Pixels:
    return tile + tile.dtype.type(4096)


def negative(tile: Pixels) -> Pixels:
    return tile.max() + tile.min() - tile


def noisy(tile: Pixels) -> Pixels:
    return np.random.default_rng(4).integers(1, 65535, tile.shape).astype(tile.dtype)


DAMAGES = (zeroed, flat, brighter, noisy, negative)
OTHER_METHODS = ("nearest", "cubic")


@few(
    ("damage", "method"),
    [
        *((damage, "average") for damage in DAMAGES),
        *((zeroed, method) for method in OTHER_METHODS),
        *((damage, method) for damage in DAMAGES[1:] for method in OTHER_METHODS),
    ],
    len(DAMAGES) + len(OTHER_METHODS),
)
def test_a_tile_that_is_spoilt_after_the_overviews_were_made_is_found(
    tmp_path: Path, damage: Callable[[Pixels], Pixels], method: str
) -> None:
    path = band(tmp_path / "nir.tif", whole(np.where(LAKE, 1012, land())), method)
    _spoil(path, damage)
    assert found(path) == {"tile_differs"}


@few(("rows", "cols"), [(0, 1), (1, 0), (1, 1), (2, 2)], 2)
def test_a_tile_in_the_place_of_another_is_found(tmp_path: Path, rows: int, cols: int) -> None:
    path = band(tmp_path / "nir.tif", whole(land(3000, 900)), "average")
    with rasterio.open(path) as file:
        window = rasterio.windows.Window(128 * (1 + cols), 128 * (1 + rows), 128, 128)
        other = file.read(1, window=window)
    _spoil(path, lambda tile: other)
    assert found(path) == {"tile_differs"}


def _spoil(path: Path, damage: Callable[[Pixels], Pixels]) -> None:
    """Change the tile in row 1, column 1, which is land."""
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as file:
        window = rasterio.windows.Window(128, 128, 128, 128)
        file.write(damage(file.read(1, window=window)), 1, window=window)
