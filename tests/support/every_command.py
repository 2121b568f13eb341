"""What each command prints with ``--json``, on real files and a catalogue of files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cli import main
from support.libraries import ask_for_few
from support.rasters import write_raster
from support.sample_event import map_sample, printed

ORIGIN = (471600.0, 4653000.0)
"""Of the sample's scenes."""
SIDE = 160


def every_command(folder: Path) -> Iterator[tuple[str, Any]]:
    """Name of a command, and what it printed; some come several times, with other options."""
    yield from _events(folder)
    yield from _scenes(folder)
    yield from _stacks(folder)
    yield from _maps(folder)
    yield from _radar_and_heat(folder)
    yield from _impact(folder)
    yield from _help(folder)


def _events(folder: Path) -> Iterator[tuple[str, Any]]:
    mapped = map_sample(folder)
    yield "sample", printed("sample", "--output", str(folder / "sample"))
    yield "event", mapped.told
    yield "package", printed("package", str(mapped.folder), "--shapefile")
    yield "results", printed("results", str(mapped.folder), "--check")
    sample = printed("sample", "--output", str(folder / "sample"))
    place = [f"--{name}={sample[name]}" for name in ("event", "date", "area", "catalog")]
    out = ["--output", str(folder / "follow")]
    sentence = ["understand", "flood 39.19N 0.44W 5 km after 29 October 2024"]
    yield "understand", printed(*sentence)
    (folder / "towns.csv").write_text("name,lon,lat\nAveiro,-8.65,40.64\nAveiro,-1.4,39.2\n")
    sentence = ["understand", "hello flood at Aveiro", "--gazetteer", str(folder / "towns.csv")]
    yield "understand", printed(*sentence, code=3)
    yield "follow", printed("follow", *place, "--min-clear", "5", *out)


def _place(folder: Path) -> list[str]:
    sample = printed("sample", "--output", str(folder / "sample"))
    return [f"--area={sample['area']}", "--catalog", sample["catalog"]]


def _scenes(folder: Path) -> Iterator[tuple[str, Any]]:
    place, sensor = _place(folder), ["--sensor", "sentinel2"]
    days = ["--start", "2024-07-01", "--end", "2024-07-31"]
    out = StringIO()
    with redirect_stdout(out):
        assert main(["discover", *place, *sensor, *days, "--output", "json"]) == 0
    found = json.loads(out.getvalue())
    yield "discover", found
    (folder / "scenes.json").write_text(json.dumps(found), encoding="utf-8")
    items = ["--items", str(folder / "scenes.json")]
    yield "clear-sky", printed("clear-sky", *items, place[0])
    event = ["--event", "wildfire", "--date", "2024-07-20T14:00Z"]
    yield "pairs", printed("pairs", *place, *event, "--clear-sky")
    yield "passes", printed("passes", *place, *sensor, "--since", "2024-07-29", "--days", "30")
    bands = ["--bands", "blue,green,red,nir,swir16,swir22,scl", "--index", "NBR"]
    yield "ingest", printed("ingest", *items, *bands, "--output", str(folder / "scenes"))
    words = [*items, place[0], "--bands", "red,nir", "--output", str(folder / "mosaic.tif")]
    yield "mosaic", printed("mosaic", *words)


def _stack(folder: Path, day: str) -> Path:
    return next((folder / "scenes").glob(f"*{day}/*_stack.vrt"))


def _stacks(folder: Path) -> Iterator[tuple[str, Any]]:
    bands = folder / "bands"
    for name, value in (("red", 900), ("nir", 3000)):
        noise = np.random.default_rng(value).normal(value, 90, (64, 64))
        write_raster(bands / f"{name}.tif", noise.astype(np.uint16))
    files = [f"--band={name}={bands / name}.tif" for name in ("red", "nir")]
    stack = folder / "own.vrt"
    product = ["--product", "reflectance-10000"]
    words = ["--sensor", "sentinel2", *files, *product, "--output", str(stack)]
    yield "stack", printed("stack", *words)
    yield "describe", printed("describe", str(stack))
    yield "describe", printed("describe", str(folder / "scenes.json"))
    whole = str(_stack(folder, "20240728"))
    yield "validate", printed("validate", whole, "--deep")
    (folder / "moved").mkdir()
    (bands / "red.tif").rename(folder / "moved" / "red.tif")
    yield "repair", printed("repair", str(stack), "--folder", str(folder / "moved"))
    yield "repair", printed("repair", str(stack))


def _maps(folder: Path) -> Iterator[tuple[str, Any]]:
    before, after = (str(_stack(folder, day)) for day in ("20240713", "20240728"))
    both = ["--pre", before, "--post", after]

    def out(name: str) -> list[str]:
        return ["--output", str(folder / name)]

    yield "index", printed("index", "NBR", "--stack", after, *out("nbr.tif"))
    formula = ["--formula", "(nir - red) / (nir + red)", "--stack", after]
    yield "index", printed("index", *formula, *out("ndvi.tif"))
    yield "burn-severity", printed("burn-severity", *both, *out("severity"))
    yield "burn-severity", printed("burn-severity", *both, "--offset", "auto", *out("severity2"))
    yield "burned-area", printed("burned-area", *both, *out("burned"))
    yield "water", printed("water", "--stack", after, "--pre", before, *out("water"))
    yield "water", printed("water", "--stack", after, "--threshold", "0.1", *out("water2"))
    yield "wind-damage", printed("wind-damage", *both, *out("wind"))
    maps = [str(folder / "burned" / "burned.tif"), str(folder / "severity" / "severity.tif")]
    yield "fuse", printed("fuse", "--inputs", *maps, *out("fused"))
    yield "compare", printed("compare", "--map", maps[0], "--other", maps[1], *out("compared"))
    write_points(folder / "points.geojson")
    points = ["--reference", str(folder / "points.geojson"), "--reference-field", "hit"]
    yield "compare", printed("compare", "--map", maps[0], *points, *out("judged"))
    other = ["--other", maps[1]]
    yield "compare", printed("compare", "--map", maps[0], *other, *points, *out("both"))
    series = sorted(map(str, (folder / "follow").glob("**/burned.tif")))
    yield "series", printed("series", "--inputs", *series, *out("series"))


def write_points(path: Path) -> None:
    """Places in the sample's area, every second of which burned."""
    random = np.random.default_rng(7)
    features = [
        {
            "type": "Feature",
            "properties": {"hit": number % 2},
            "geometry": {
                "type": "Point",
                "coordinates": [float(-27.335 + 0.03 * x), float(41.998 + 0.025 * y)],
            },
        }
        for number, (x, y) in enumerate(random.random((60, 2)))
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def _radar_and_heat(folder: Path) -> Iterator[tuple[str, Any]]:
    random, files = np.random.default_rng(3), folder / "radar"
    for side, wet in (("before", 0.1), ("after", 0.4)):
        decibel = np.full((SIDE, SIDE), -9.0)
        decibel[: int(wet * SIDE)] = -20.0
        town = random.normal(0, 3, decibel.shape) if side == "before" else 0.0
        noisy = decibel + random.normal(0, 1.0, decibel.shape) + town * (decibel > -15)
        write_raster(
            files / f"{side}.tif", noisy.astype(np.float32), origin=ORIGIN, epsg=32626, nodata=None
        )
        words = [f"--band=vv={files / side}.tif", "--output", str(files / f"{side}.vrt")]
        yield "stack", printed("stack", "--sensor", "sentinel1", "--unit", "db", *words)
    both = ["--pre", str(files / "before.vrt"), "--post", str(files / "after.vrt")]
    yield "sar-water", printed("sar-water", *both, "--output", str(folder / "sar"))
    yield "sar-water", printed("sar-water", *both[2:], "--output", str(folder / "sar2"))
    words = [*both, "--output", str(folder / "town")]
    yield "structural-damage", printed("structural-damage", *words)
    kelvin = random.normal(300, 0.5, (SIDE, SIDE))
    kelvin[70:74, 70:74] = 340
    stored = np.rint((kelvin - 149.0) / 0.00341802).astype(np.uint16)
    write_raster(files / "heat.tif", stored, resolution=30.0, origin=ORIGIN, epsg=32626)
    band = [f"--band=lwir11={files / 'heat.tif'}", "--product", "landsat-c2-l2"]
    heat = ["--output", str(files / "heat.vrt")]
    yield "stack", printed("stack", "--sensor", "landsat", *band, *heat)
    words = ["--stack", heat[1], "--output", str(folder / "heat")]
    yield "thermal-anomaly", printed("thermal-anomaly", *words)


def _impact(folder: Path) -> Iterator[tuple[str, Any]]:
    from osgeo import osr

    hand = folder / "hand"
    rows, cols = np.mgrid[:SIDE, :SIDE]
    heights = (50 + 0.2 * np.abs(cols - SIDE / 2) + 0.05 * rows[::-1]).astype(np.float32)
    write_raster(
        hand / "heights.tif", heights, resolution=30.0, origin=ORIGIN, epsg=32626, nodata=-9999
    )
    yield "terrain", printed("terrain", "--dem", str(hand / "heights.tif"), "--output", str(hand))
    cover = np.where(cols < SIDE / 2, 10, 40).astype(np.uint8)
    where: dict[str, Any] = {"resolution": 30.0, "origin": ORIGIN, "epsg": 32626, "nodata": None}
    write_raster(folder / "cover.tif", cover, **where)
    write_raster(folder / "people.tif", np.full((SIDE, SIDE), 0.5, np.float32), **where)
    systems = [osr.SpatialReference() for _ in range(2)]
    for system, code in zip(systems, (32626, 4326)):
        system.ImportFromEPSG(code)
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    there = osr.CoordinateTransformation(*systems)

    def corner(x: float, y: float) -> list[float]:
        return list(there.TransformPoint(ORIGIN[0] + x, ORIGIN[1] - y)[:2])

    def ring(left: float, top: float, side: float) -> list[list[float]]:
        right, bottom = left + side, top + side
        points = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
        return [corner(x, y) for x, y in points]

    shapes: dict[str, tuple[str, list[Any]]] = {
        "houses": ("Polygon", [[ring(x, 900, 20)] for x in range(600, 4000, 300)]),
        "roads": ("LineString", [[corner(300, 1000), corner(4200, 1100)]]),
        "districts": ("Polygon", [[ring(600, 300, 1500)], [ring(2100, 300, 1500)]]),
    }
    layers = ["--landcover", str(folder / "cover.tif"), "--population", str(folder / "people.tif")]
    layers += ["--population-kind", "count"]
    for name, (kind, parts) in shapes.items():
        features = [
            {
                "type": "Feature",
                "properties": {"name": f"{name} {number}"},
                "geometry": {"type": kind, "coordinates": part},
            }
            for number, part in enumerate(parts)
        ]
        path = folder / f"{name}.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        layers += [{"houses": "--buildings"}.get(name, f"--{name}"), str(path)]
    burned = str(folder / "burned" / "burned.tif")
    out = ["--output", str(folder / "hit")]
    yield "exposure", printed("exposure", "--extent", burned, *layers, *out)
    out = ["--output", str(folder / "hit2")]
    yield "exposure", printed("exposure", "--extent", burned, *layers[:2], *out)
    stages = ["--stage", "1,3", "--output", str(folder / "levels")]
    heights_given = ["--hand", str(hand / "hand.tif")]
    yield "scenario", printed("scenario", *heights_given, *stages, *layers)
    usual = [*heights_given, "--slope", str(hand / "slope.tif")]
    usual += ["--permanent-water", str(folder / "cover.tif"), "--permanent-values", "40"]
    radar = ["--post", str(folder / "radar" / "after.vrt"), "--output", str(folder / "sar3")]
    yield "sar-water", printed("sar-water", *radar, *usual)
    optical = ["--stack", str(_stack(folder, "20240728")), "--output", str(folder / "water3")]
    yield "water", printed("water", *optical, *usual)


def _help(folder: Path) -> Iterator[tuple[str, Any]]:
    yield "cache", printed("cache")
    yield "catalogs", printed("catalogs", "--sensor", "sentinel1")
    yield "accounts", printed("accounts")
    yield "info", printed("info")
    yield "info", printed("info", "--bands", "sentinel2")
    with pytest.MonkeyPatch.context() as patch:
        ask_for_few(patch)
        yield "doctor", printed("doctor", "--output", str(folder))
