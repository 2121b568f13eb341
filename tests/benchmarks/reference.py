"""Is a contender's result right, and what is the least that any of them must fetch? Run with the
peers' Python, by the runner.

    reference.py facts JOB      prints {"needed_bytes": ...} and writes the window's area as GeoJSON
    reference.py check JOB STEP compares what lies in BENCH_OUT; prints one sentence and ends with 1
    when it is wrong

``STEP`` looks at every STEP-th strip of the pixels only, another one in each repetition. Needs
numpy and rasterio.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from median_check import check_median
from outline_check import check_outline
from radar_check import check_radar
from rasterio.windows import Window, from_bounds

LOCAL = Path(os.environ["BENCH_LOCAL"])
OUT = Path(os.environ["BENCH_OUT"])
BANDS = os.environ["BENCH_BANDS"].split(",")
BOUNDS = tuple(float(word) for word in os.environ["BENCH_BOUNDS"].split(","))
COG_TILE = 512
"""What fits into one tile needs no overview."""
STRIP = 1024
"""Rows compared at once."""

EDGES = (-0.25, -0.10, 0.10, 0.27, 0.44, 0.66)
"""Of the classes of dNBR (Key & Benson 2006)."""
SCL_CLOUD = 9
LEAST_SEEN, LEAST_RIGHT = 0.95, 0.97
"""Shares: a mask may be a little wider than the clouds, dNBR less what unburned ground changed."""


class WrongError(Exception):
    """A result is not what it must be."""


def outward_window(source: Any) -> Window:
    """The whole pixels that touch the bounds."""
    exact = from_bounds(*BOUNDS, source.transform)
    # A bound that lies on a pixel's edge but for the last bit of the arithmetic takes no further
    # pixel.
    first_row, first_column = np.floor(np.array([exact.row_off, exact.col_off]) + 1e-6).astype(int)
    last_row = int(np.ceil(exact.row_off + exact.height - 1e-6))
    last_column = int(np.ceil(exact.col_off + exact.width - 1e-6))
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def needed_bytes(job: str) -> int:
    """Download: the files. Window: the compressed tiles that the window touches; event: those of
    both tiles of both passes.
    """
    if job == "download":
        return sum((LOCAL / f"{band}.tif").stat().st_size for band in BANDS)
    folders = [LOCAL] if job == "window" else sorted((LOCAL.parent / "event").glob("*_*"))
    return sum(touched_bytes(folder / f"{band}.tif") for folder in folders for band in BANDS)


def touched_bytes(path: Path) -> int:
    """Size of the compressed tiles of a band that the window touches."""
    total = 0
    with rasterio.open(path) as source:
        wanted = outward_window(source)
        window = wanted.intersection(Window(0, 0, source.width, source.height))
        height, width = source.block_shapes[0]
        for row in range(window.row_off // height, -(-(window.row_off + window.height) // height)):
            for column in range(
                window.col_off // width, -(-(window.col_off + window.width) // width)
            ):
                size = source.get_tag_item(f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=1)
                total += int(size or 0)
    return total


def write_area(path: Path) -> None:
    """The bounds as a polygon in longitude and latitude, for those who are given an area and not a
    window.
    """
    from rasterio.warp import transform_geom

    west, south, east, north = BOUNDS
    ring = [[west, north], [east, north], [east, south], [west, south], [west, north]]
    with rasterio.open(LOCAL / f"{BANDS[0]}.tif") as source:
        shape = transform_geom(source.crs, "EPSG:4326", {"type": "Polygon", "coordinates": [ring]})
    path.write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": shape}), encoding="utf-8"
    )


def find(band: str, *endings: str) -> Path:
    """A band's file, wherever below the folder the contender put it."""
    found = [path for ending in endings for path in OUT.rglob(f"{band}{ending}")]
    if len(found) != 1:
        raise WrongError(f"{len(found)} files for band {band}")
    return found[0]


def check_download() -> str:
    """The same bytes."""
    for band in BANDS:
        with (LOCAL / f"{band}.tif").open("rb") as right, find(band, ".tif").open("rb") as got:
            while True:
                expected, found = right.read(1 << 22), got.read(1 << 22)
                if expected != found:
                    raise WrongError(f"{band}: other bytes than the source")
                if not expected:
                    break
    return f"{len(BANDS)} files, byte for byte"


def check_window() -> str:
    """The same pixels as a read of the source with outward rounding.

    ``.npy``: the band's own pixels, or the area exactly on the 10 m grid with coarser pixels
    repeated. ``.tif``: the band's own pixels where its georeference says, the window at least.
    """
    for band in BANDS:
        with rasterio.open(LOCAL / f"{band}.tif") as source:
            window = outward_window(source)
            path = find(band, ".npy", ".tif")
            if path.suffix == ".npy":
                _check_array(band, np.load(path), source.read(1, window=window), source, window)
            else:
                _check_raster(band, path, source, window)
    return f"{len(BANDS)} windows, pixel for pixel"


def _check_array(
    band: str, got: npt.NDArray[Any], own: npt.NDArray[Any], source: Any, window: Window
) -> None:
    if got.shape != own.shape:
        factor = round(source.res[0] / 10)
        west, north = source.transform * (window.col_off, window.row_off)
        skip_x, skip_y = round((BOUNDS[0] - west) / 10), round((north - BOUNDS[3]) / 10)
        columns, rows = round((BOUNDS[2] - BOUNDS[0]) / 10), round((BOUNDS[3] - BOUNDS[1]) / 10)
        own = own.repeat(factor, 0).repeat(factor, 1)[
            skip_y : skip_y + rows, skip_x : skip_x + columns
        ]
    if got.shape != own.shape:
        raise WrongError(f"{band}: shape {got.shape}, not {own.shape}")
    if not np.array_equal(got, own):
        raise WrongError(
            f"{band}: {100 * float((got != own).mean()):.1f} % of the pixels differ from the source"
        )


def _check_raster(band: str, path: Path, source: Any, window: Window) -> None:
    with rasterio.open(path) as got:
        if (
            got.crs != source.crs
            or got.res != source.res
            or got.dtypes != source.dtypes
            or got.nodata != source.nodata
        ):
            raise WrongError(f"{band}: not the source's grid, type or nodata")
        exact = from_bounds(*got.bounds, source.transform)
        place = Window(round(exact.col_off), round(exact.row_off), got.width, got.height)
        inside = (
            place.col_off <= window.col_off
            and place.row_off <= window.row_off
            and place.col_off + place.width >= window.col_off + window.width
            and place.row_off + place.height >= window.row_off + window.height
        )
        if not inside:
            raise WrongError(f"{band}: does not cover the window")
        if not np.array_equal(got.read(1), source.read(1, window=place)):
            raise WrongError(f"{band}: pixels differ from the source")


def check_stack() -> str:
    """All bands on the finest grid, and the pixels of the 10 m bands as they are (others may be
    interpolated or repeated).
    """
    path = OUT / "stack.vrt"
    if not path.exists():
        raise WrongError("no stack.vrt")
    with rasterio.open(path) as got, rasterio.open(LOCAL / f"{BANDS[0]}.tif") as first:
        if (got.count, got.shape, got.crs, got.transform) != (
            len(BANDS),
            first.shape,
            first.crs,
            first.transform,
        ):
            raise WrongError("not all bands on the finest grid")
        window = outward_window(first)
        for index, band in enumerate(BANDS, start=1):
            with rasterio.open(LOCAL / f"{band}.tif") as source:
                if source.res == first.res and not np.array_equal(
                    got.read(index, window=window), source.read(1, window=window)
                ):
                    raise WrongError(f"{band}: pixels differ from the source")
    return f"{len(BANDS)} bands"


def strips(height: int, step: int, skip: int) -> Iterator[tuple[int, int]]:
    """Every STEP-th strip of rows, from the SKIP-th on."""
    for place, start in enumerate(range(0, height, STRIP)):
        if place % step == skip % step:
            yield start, min(height, start + STRIP)


def check_ndvi(step: int, skip: int) -> str:
    """NDVI of the stored numbers within 1e-6 (whole-number types: half a step), the same pixels
    empty, tiles, overviews.
    """
    path = OUT / "ndvi.tif"
    if not path.exists():
        raise WrongError("no ndvi.tif")
    worst = 0.0
    with (
        rasterio.open(LOCAL / "nir.tif") as nir,
        rasterio.open(LOCAL / "red.tif") as red,
        rasterio.open(path) as got,
    ):
        # odc-geo's writer pads to whole tiles of its coarsest overview: more is allowed, if it is
        # empty
        if (
            (got.crs, got.transform) != (nir.crs, nir.transform)
            or got.height < nir.height
            or got.width < nir.width
        ):
            raise WrongError("not the scene's grid")
        if max(got.shape) > COG_TILE and (
            not got.overviews(1) or got.block_shapes[0][1] == got.width
        ):
            raise WrongError("no tiles or no overviews")
        scale, offset = got.scales[0], got.offsets[0]
        limit = 1e-6 if got.dtypes[0].startswith("float") else scale / 2 + 1e-6
        for start, stop in strips(got.height, step, skip):
            window = Window(0, start, got.width, stop - start)
            stored = got.read(1, window=window)
            a, b = (_padded(band.read(1, window=window), stored.shape) for band in (nir, red))
            there = (a != 0) & (b != 0)
            full = (stored != got.nodata) & ~np.isnan(
                stored
            )  # gdal_calc leaves 0/0 as NaN beside its nodata value
            if not np.array_equal(there, full):
                raise WrongError(
                    f"{int((there != full).sum())} pixels of rows {start}..{stop} are empty or "
                    "full, wrongly"
                )
            if there.any():
                error = np.abs(
                    stored[there] * scale + offset - (a[there] - b[there]) / (a[there] + b[there])
                )
                worst = max(worst, float(error.max()))
        if worst > limit:
            raise WrongError(f"off by up to {worst:.2g}")
        if got.overviews(1):
            _check_overview(got)
    return f"within {worst:.1g}"


def check_scale(step: int, skip: int) -> str:
    """NDVI of the scenes that lie on the mosaic's own pixels, in strips of their middle, which no
    other scene covers.
    """
    grid, path = LOCAL.parent / "grid", find("ndvi", ".tif", ".vrt")
    items = json.loads((OUT / "items.json").read_text(encoding="utf-8"))["features"]
    looked = 0
    with rasterio.open(path) as got:
        if max(got.shape) > COG_TILE and not got.overviews(1):
            raise WrongError("no overviews")
        for item in items:
            if f"EPSG:{item['properties']['proj:epsg']}" != got.crs.to_string():
                continue
            with (
                rasterio.open(grid / item["id"] / "nir.tif") as nir,
                rasterio.open(grid / item["id"] / "red.tif") as red,
            ):
                rows, cols = nir.height // 2, nir.width // 2
                for start, stop in strips(rows, step, skip):
                    window = Window(cols // 2, rows // 2 + start, cols, stop - start)
                    col, row = ~got.transform * nir.xy(window.row_off, window.col_off, offset="ul")
                    place = Window(round(col), round(row), window.width, window.height)
                    a, b = (band.read(1, window=window).astype(np.float64) for band in (nir, red))
                    stored, there = got.read(1, window=place), (a != 0) & (b != 0)
                    if not np.array_equal(stored != got.nodata, there):
                        raise WrongError(f"{item['id']}: pixels are empty or full, wrongly")
                    if (
                        np.abs(stored[there] - (a[there] - b[there]) / (a[there] + b[there])).max(
                            initial=0
                        )
                        > 1e-5
                    ):
                        raise WrongError(f"{item['id']}: other values than the scene's")
                    looked += stored.size
    return f"{looked} pixels of {len(items)} scenes"


def check_dnbr(step: int, skip: int) -> str:
    """dNBR of the stored numbers, its 20 m band interpolated bilinearly; classes, where there are
    any, those of these values.

    A difference of half a stored number is allowed in the interpolated band: some round it and some
    do not. Near missing pixels of that band the ways to interpolate differ, so only those farther
    away are compared.
    """
    path, classes = OUT / "dnbr.tif", OUT / "severity.tif"
    if not path.exists():
        raise WrongError("no dnbr.tif")
    worst = 0.0
    with contextlib.ExitStack() as stack:
        opened = [
            [
                stack.enter_context(rasterio.open(folder / f"{name}.tif"))
                for name in ("nir", "swir22")
            ]
            for folder in (LOCAL, LOCAL.parent / "after")
        ]
        got, like = stack.enter_context(rasterio.open(path)), opened[0][0]
        if (
            (got.crs, got.transform) != (like.crs, like.transform)
            or got.height < like.height
            or got.width < like.width
        ):
            raise WrongError("not the scene's grid")
        if max(got.shape) > COG_TILE and (
            not got.overviews(1) or got.block_shapes[0][1] == got.width
        ):
            raise WrongError("no tiles or no overviews")
        for start, stop in strips(like.height, step, skip):
            window = Window(0, start, like.width, stop - start)
            stored = got.read(1, window=window)
            found = [_nbr_and_slack(nir, swir, start, stop) for nir, swir in opened]
            expected, slack = found[0][0] - found[1][0], found[0][1] + found[1][1]
            there = ~np.isnan(expected)
            full = (stored != got.nodata) & ~np.isnan(stored)
            if not full[there].all() or full[(found[0][1] == 0) | (found[1][1] == 0)].any():
                raise WrongError(f"pixels of rows {start}..{stop} are empty or full, wrongly")
            if there.any():
                worst = max(
                    worst, float((np.abs(stored[there] - expected[there]) / slack[there]).max())
                )
            if classes.exists():
                with rasterio.open(classes) as layer:
                    codes = layer.read(1, window=window)
                edges = np.array(EDGES) - 1e-6
                if not np.array_equal(
                    codes, np.where(full, 1 + np.searchsorted(edges, stored, side="right"), 255)
                ):
                    raise WrongError(f"classes of rows {start}..{stop} are not those of the index")
        if worst > 1:
            raise WrongError(f"off by {worst:.3g} times what the rounding of a stored number makes")
        if got.overviews(1):
            _check_overview(got)
    return f"within {worst:.2g} of the rounding"


def check_event() -> str:
    """Classes of burn severity where cloud hides neither date: nearly all as the scene's own pixels
    give them; the two ways to interpolate a 20 m band differ at the edges of classes.

    Also that there is an outline, and that the burnt area which is told is the classes'.
    """
    path = find("severity", ".tif")
    with contextlib.ExitStack() as stack:
        opened = [
            [
                stack.enter_context(rasterio.open(folder / f"{name}.tif"))
                for name in ("nir", "swir22")
            ]
            for folder in (LOCAL, LOCAL.parent / "after")
        ]
        got, scene = stack.enter_context(rasterio.open(path)), opened[0][0]
        clouds = stack.enter_context(rasterio.open(LOCAL / "scl.tif"))
        if got.res != (10.0, 10.0) or got.crs != scene.crs:
            raise WrongError("not on the scene's 10 m grid")
        window = outward_window(scene)
        start, stop = window.row_off, window.row_off + window.height
        columns = slice(window.col_off, window.col_off + window.width)
        found = [_nbr_and_slack(nir, swir, start, stop)[0][:, columns] for nir, swir in opened]
        change = found[0] - found[1]
        place = from_bounds(*BOUNDS, got.transform)
        rows, cols = window.height, window.width
        where = Window(round(place.col_off), round(place.row_off), cols, rows)
        codes = got.read(1, window=where, boundless=True, fill_value=255)
        half = Window(window.col_off // 2, start // 2, -(-cols // 2), -(-rows // 2))
        classes = clouds.read(1, window=half).repeat(2, 0).repeat(2, 1)[:rows, :cols]
        expected = 1 + np.searchsorted(np.array(EDGES), change, side="right")
        clear = ~np.isnan(change) & (classes != SCL_CLOUD)
        seen = clear & (codes != 255)
        if seen.sum() < LEAST_SEEN * clear.sum():
            raise WrongError(
                f"only {seen.sum() / clear.sum():.1%} of the clear pixels have a class"
            )
        right = float((codes[seen] == expected[seen]).mean())
        if right < LEAST_RIGHT:
            raise WrongError(f"{right:.1%} of the pixels have the right class")
    if not [*OUT.rglob("perimeter.gpkg"), *OUT.rglob("perimeter.geojson")]:
        raise WrongError("no outline")
    return f"{right:.1%} of {int(seen.sum())} pixels"


def _nbr_and_slack(
    nir: Any, swir: Any, start: int, stop: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """NBR of some rows, NaN where it is not to be compared; how far off half a stored number brings
    it, 0 where nir has no data.
    """
    a = nir.read(1, window=Window(0, start, nir.width, stop - start)).astype(np.float64)
    above, below = max(0, start // 2 - 1), min(swir.height, -(-stop // 2) + 1)
    own = swir.read(1, window=Window(0, above, swir.width, below - above)).astype(np.float64)
    top, bottom = int(start // 2 == above), int(-(-stop // 2) == below)
    around = np.pad(own, ((top, bottom), (1, 1)), mode="edge")
    rows, cols = around.shape[0] - 2, around.shape[1] - 2
    fine, gap = np.zeros((2 * rows, 2 * cols)), np.zeros((2 * rows, 2 * cols), bool)
    for y, down in ((0, -1), (1, 1)):
        for x, right in ((0, -1), (1, 1)):
            for i, v in enumerate((0.75, 0.25)):
                for j, w in enumerate((0.75, 0.25)):
                    part = around[1 + i * down :, 1 + j * right :][:rows, :cols]
                    fine[y::2, x::2] += v * w * part
                    gap[y::2, x::2] |= part == 0
    fine, gap = fine[: a.shape[0], : a.shape[1]], gap[: a.shape[0], : a.shape[1]]
    ok = (a > 0) & ~gap
    total = np.where(ok, a + fine, 1)
    slack = np.where(ok, 2 * a * 0.51 / total**2 + 1e-6, np.where(a > 0, 1.0, 0.0))
    return np.where(ok, (a - fine) / total, np.nan), slack


def _padded(pixels: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """The pixels at the upper left, 0 elsewhere."""
    whole = np.zeros(shape, np.float64)
    whole[: pixels.shape[0], : pixels.shape[1]] = pixels
    return whole


def _check_overview(got: Any) -> None:
    """The coarsest overview shows the same picture as the mean of the layer's middle, within what
    averaging moves.
    """
    rows, columns = got.height // got.overviews(1)[-1], got.width // got.overviews(1)[-1]
    coarse = got.read(1, out_shape=(rows, columns), masked=True)
    middle = Window(got.width // 4, got.height // 4, got.width // 2, min(STRIP, got.height // 2))
    top, height = rows // 4, max(1, rows * middle.height // got.height)
    shown = coarse[top : top + height, columns // 4 : columns // 4 + columns // 2]
    difference = (
        abs(float(shown.mean()) - float(got.read(1, window=middle, masked=True).mean()))
        * got.scales[0]
    )
    if difference > 0.05:
        raise WrongError(f"the overview's mean is off by {difference:.2g}")


def main() -> int:
    """Answer the runner."""
    action, job = sys.argv[1:3]
    if action == "facts":
        write_area(Path(os.environ["BENCH_AREA"]))
        print(
            json.dumps(
                {"needed_bytes": needed_bytes(job) if job in ("download", "window", "event") else 0}
            )
        )
        return 0
    step, skip = int(sys.argv[3]), int(sys.argv[4])
    checks: dict[str, Callable[[], str]] = {
        "download": check_download,
        "window": check_window,
        "stack": check_stack,
        "ndvi": lambda: check_ndvi(step, skip),
        "scale": lambda: check_scale(step, skip),
        "remote": lambda: check_scale(step, skip),
        "carriers": lambda: check_scale(step, skip),
        "median": lambda: check_median(OUT, WrongError),
        "event": check_event,
        "dnbr": lambda: check_dnbr(step, skip),
        "engines": lambda: check_ndvi(step, skip),
        "outline": lambda: check_outline(OUT, WrongError),
        "radar": lambda: check_radar(OUT, WrongError),
    }
    try:
        print(checks[job]())
    except (WrongError, rasterio.errors.RasterioError) as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
