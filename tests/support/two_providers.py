"""One scene at two providers on loopback, each with its own catalogue, files and spelling."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader

from .rasters import write_raster
from .scene import World, small_world

BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
OTHER_ID = "S2A_MSIL2A_20240601T102030_N0510_R065_T32TPT_20240601T141500"


@dataclass(frozen=True)
class Providers:
    """Two servers of the same pixels."""

    first: World
    second: World

    @property
    def both(self) -> str:
        """For ``--catalog``."""
        return f"{self.first.url},{self.second.url}"

    def reflectance(self, band: str) -> npt.NDArray[np.float64]:
        """The truth, by whichever provider."""
        return np.asarray(self.first.pixels[band] * 0.0001 - 0.1)


@contextmanager
def two_providers(folder: Path, size: int = 128, **second: Any) -> Iterator[Providers]:
    """Serve one scene twice, with two ids.

    Parameters
    ----------
    second : dict
        Properties of the second provider's item.
    """
    stated: dict[str, Any] = {"s2:processing_baseline": "05.10", "grid:code": "MGRS-32TPT"}
    with ExitStack() as stack:
        one = stack.enter_context(small_world(folder / "one", size, **stated))
        two = stack.enter_context(small_world(folder / "two", size, **{**stated, **second}))
        two.api.items[0]["id"] = OTHER_ID
        # the time of the whole data take, as some providers have it
        two.api.items[0]["properties"]["datetime"] = "2024-06-01T10:16:01Z"
        yield Providers(one, two)


def serve_as_fractions(world: World) -> None:
    """Let a provider store 0 to 1 as 32-bit numbers, with NaN where nothing is."""
    for band in BANDS:
        path = world.folder / f"{band}.tif"
        values = (world.pixels[band] * 0.0001 - 0.1).astype(np.float32)
        metres = 20.0 if band.startswith("swir") else 10.0
        write_raster(path, values, resolution=metres, nodata=float("nan"))
        asset = world.api.items[0]["assets"][band]
        asset["raster:bands"] = [
            {"data_type": "float32", "scale": 1.0, "offset": 0.0, "nodata": "nan"}
        ]
        asset["file:size"] = path.stat().st_size
        asset["file:checksum"] = "1220" + hashlib.sha256(path.read_bytes()).hexdigest()


def reflectance_in(stack: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Every band of a stack as its own rule has it, by name."""
    with RasterReader(stack) as reader:
        rows, cols = reader.grid.shape
        return {
            band.description: np.asarray(reader.read(band.index, Window(0, 0, rows, cols)))
            for band in reader.facts.bands
        }
