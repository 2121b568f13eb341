"""Two dates of burned ground, and its map of an area in chunks beside the one in single files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from firstlight.core.enums import Layout
from firstlight.core.files.chunk_folder import chunk_files
from firstlight.core.raster.facts import read_facts
from firstlight.core.settings import Settings

from .areas import slanted
from .rasters import read_band
from .run import run_operation, small_tiles
from .stacks import write_stack

SHAPE = (150, 170)
GROUND, CLOUD = 4, 9


def burned(folder: Path, **raster: Any) -> dict[str, Any]:
    """Stacks, paths by ``pre`` and ``post``: random ground with a burned square and a cloud."""
    random = np.random.default_rng(3)
    pre = {"nir": random.integers(4000, 5000, SHAPE), "swir22": random.integers(1500, 2000, SHAPE)}
    post = {name: pixels.copy() for name, pixels in pre.items()}
    post["nir"][40:110, 50:140] = 1600
    post["swir22"][40:110, 50:140] = 3900
    stacks = {}
    for name, pixels in (("pre", pre), ("post", post)):
        scl = np.full(SHAPE, GROUND, np.uint8)
        scl[90:130, 100:160] = CLOUD if name == "post" else GROUND
        bands = {key: value.astype(np.uint16) for key, value in pixels.items()}
        stacks[name] = write_stack(folder / name, {**bands, "scl": scl}, **raster)
    return stacks


def check_an_area_in_chunks(folder: Path, elsewhere: Settings) -> None:
    """The map of an area with slanted edges and a hole, in chunks of 64 pixels as the settings say
    who computes them: pixels and figures of the single files that threads write.
    """
    stacks = burned(folder)
    aoi = slanted(read_facts(stacks["pre"]).grid)
    threads = small_tiles(32, engine="threads")
    one = run_operation("burn-severity", threads, **stacks, area=aoi, output=folder / "one")
    chosen = dataclasses.replace(
        elsewhere, tile_size=32, chunk_pixels=64 * 64, layout=Layout.CHUNKS
    )
    made = run_operation("burn-severity", chosen, **stacks, area=aoi, output=folder / "chunks")
    for layer in ("severity", "dnbr"):
        whole, parts = folder / "one" / f"{layer}.tif", folder / "chunks" / f"{layer}.vrt"
        np.testing.assert_array_equal(read_band(parts), read_band(whole))
        assert len(chunk_files(parts)) == 9
    for name in ("main", "layers"):
        assert getattr(made.value.figures, name) == getattr(one.value.figures, name)
    assert not list((folder / "chunks").rglob("*.part"))
