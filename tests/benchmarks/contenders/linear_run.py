"""One job of ``linear.py`` on some scenes of the grid: ``linear_run.py JOB COUNT``.

Prints how many scenes' size the result has, and the time and the CPU after the imports. Ends with a
traceback where the result is not whole, so that a run that failed has no number.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grid_scenes import CHOSEN, read_grid, write_area, write_items
from task import BANDS, ITEMS, OUT

from firstlight.core.discovery.area import parse_area
from firstlight.core.maps.burn_severity import BURN_SEVERITY, BurnSeverityParams
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.ingest import IngestParams, run_ingest
from firstlight.core.operations.stack import STACK
from firstlight.core.operations.validate import ValidateParams, run_validate
from firstlight.core.raster.facts import read_facts
from firstlight.core.settings import resolve_settings
from firstlight.core.stack.tiles import mosaic_stacks

LOCAL = Path(os.environ["BENCH_LOCAL"])
SIDE_M = 10_000
"""Of the area in each scene."""
LEAST_FULL = 0.5
"""Share of a result that has a value; the scene's edge has none."""
Scene = dict[str, Any]


class NotWholeError(Exception):
    """A result is not what it must be."""


def check(right: bool, what: str) -> None:
    """Refuse a result."""
    if not right:
        raise NotWholeError(what)


def download(scenes: Sequence[Scene]) -> float:
    """``flight ingest`` of whole bands: fetched, checked, stacked."""
    items = write_items(OUT / ITEMS.name, scenes)
    params = IngestParams(items=items, bands=tuple(BANDS), window="full", output=OUT / "scenes")
    for scene, path in zip(scenes, ingest(params, len(scenes))):
        for band in BANDS:
            sent = (LOCAL.parent / "grid" / scene["id"] / f"{band}.tif").stat().st_size
            found = [one.stat().st_size for one in path.parent.rglob(f"{band}.tif")]
            check(found == [sent], f"{scene['id']}: {band} has {found} bytes, not {sent}")
    return float(len(scenes))


def window(scenes: Sequence[Scene]) -> float:
    """``flight ingest`` of an area, once for each scene, as each lies elsewhere."""
    for scene in scenes:
        asset = scene["assets"][BANDS[0]]
        pixel, _, west, _, _, north = asset["proj:transform"]
        width = pixel * asset["proj:shape"][0]
        side, start = min(SIDE_M, width // 2), width * 4 // 10
        bounds = (west + start, north - start - side, west + start + side, north - start)
        crs = f"EPSG:{scene['properties']['proj:epsg']}"
        area = write_area(OUT / f"{scene['id']}.geojson", crs, bounds)
        items = write_items(OUT / f"{scene['id']}.json", [scene])
        params = IngestParams(
            items=items,
            area=parse_area(str(area)),
            bands=tuple(BANDS),
            window="aoi",
            output=OUT / "scenes",
        )
        [stack] = ingest(params, 1)
        check_full(stack, side / pixel)
    return float(len(scenes))


def stack_and_validate(scenes: Sequence[Scene]) -> float:
    """``flight stack`` and ``flight validate`` with the defaults, scene after scene.

    The grid lacks bands that a sound scene has. So each of these has all six of the one scene, as
    files of its own: links, which cost nothing beside what is decoded of them.
    """
    for scene in scenes:
        folder = OUT / scene["id"]
        folder.mkdir()
        for band in BANDS:
            (folder / f"{band}.tif").symlink_to(LOCAL / f"{band}.tif")
        path = stack_bands(scene["id"], {band: f"{folder}/{band}.tif" for band in BANDS})
        found = run_validate(ValidateParams(path=path), resolve_settings(), RecordingMonitor())
        check(found.status == "done" and len(found.value.bands) == len(BANDS), found.text)
    return float(len(scenes))


def burn_severity(scenes: Sequence[Scene]) -> float:
    """Both dates of each place stacked, the places of a date joined as those of a pass are in an
    event, and ``flight burn-severity`` of both.
    """
    passes = []
    for date in ("before", "after"):
        stacks = [
            stack_bands(scene["id"], {name: one["href"] for name, one in scene["assets"].items()})
            for scene in scenes
            if scene["id"].endswith(date)
        ]
        joined = OUT / f"{date}_pass.vrt"
        passes.append(
            stacks[0]
            if len(stacks) == 1
            else mosaic_stacks([read_facts(path) for path in stacks], joined)
        )
    params = BurnSeverityParams(pre=passes[0], post=passes[1], output=OUT / "map")
    found = BURN_SEVERITY.run(params, resolve_settings(), RecordingMonitor())
    check(found.status == "done", found.text)
    rows, cols = scenes[0]["assets"]["nir"]["proj:shape"]
    pixels = 0
    for name in ("dnbr", "severity"):
        pixels = check_full(OUT / "map" / f"{name}.tif")
    return pixels / (rows * cols)


def ingest(params: IngestParams, count: int) -> list[Path]:
    """Ingest without the cache of earlier runs; the stacks in the order of the scenes."""
    found = run_ingest(params, resolve_settings({"cache_days": 0}), RecordingMonitor())
    check(found.status == "done" and len(found.value) == count, found.text)
    return [result.paths[0] for result in found.value]


def stack_bands(name: str, files: Mapping[str, str]) -> Path:
    """Stack the bands (name → file) of one scene."""
    path = OUT / f"{name}.vrt"
    bands = tuple(f"{band}={file}" for band, file in files.items())
    values = {"sensor": "sentinel2", "band": bands, "output": path}
    STACK.run(STACK.make_params(values), resolve_settings(), RecordingMonitor())
    return path


def check_full(path: Path, side: float = 0.0) -> int:
    """Look at the first band from afar; how many pixels it has.

    Parameters
    ----------
    side : float
        So many it must have at least along each side.
    """
    import rasterio

    with rasterio.open(path) as made:
        seen = made.read(1, out_shape=(min(512, made.height), min(512, made.width)), masked=True)
        check(min(made.shape) >= side, f"{path.name}: only {made.shape} pixels")
        check(seen.count() > LEAST_FULL * seen.size, f"{path.name} is nearly empty")
        return int(made.width * made.height)


JOBS = {
    "download": download,
    "window": window,
    "stack": stack_and_validate,
    "burn-severity": burn_severity,
}


def main(job: str, count: int) -> None:
    """Run, and tell."""
    began, cpu = time.perf_counter(), time.process_time()
    grid = read_grid("fires" if job == "burn-severity" else "grid")
    dates = len(grid) // len(CHOSEN[9])
    chosen = [grid[dates * place + date] for place in CHOSEN[count] for date in range(dates)]
    scenes = JOBS[job](chosen)
    spent, used = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"scenes": scenes, "work_s": spent, "work_cpu_s": used}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
