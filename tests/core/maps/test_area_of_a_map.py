"""Maps of an area: only pixels whose centre lies in its polygon are mapped and counted, and each of
them as it would be without it. Which pixels those are, OGR says, point by point.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from firstlight.core.algorithms.burn import BURNED
from firstlight.core.algorithms.flood import DRY, PERMANENT_WATER, WATER, WATER_BEFORE
from firstlight.core.algorithms.kernel import NOT_OBSERVED, OUTSIDE
from firstlight.core.errors import AreaError, Cancelled
from firstlight.core.maps.registry import get_map
from firstlight.core.monitor import Event, Progress, RecordingMonitor
from firstlight.core.operation import OperationResult
from firstlight.core.raster.facts import read_facts
from firstlight.core.types import Aoi
from support.areas import centres_inside, degrees, slanted
from support.burned_ground import GROUND, SHAPE, burned
from support.rasters import read_band, write_raster
from support.run import run_operation, small_tiles
from support.stacks import write_stack
from support.waiting import stop_at


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The burned ground, only read."""
    return burned(tmp_path_factory.mktemp("burned"))


@dataclass(frozen=True)
class Mapped:
    """A map that several tests look at."""

    result: OperationResult
    folder: Path


@pytest.fixture(scope="module")
def whole(stacks: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    """All of the burned ground."""
    folder = tmp_path_factory.mktemp("whole")
    return Mapped(run_operation("burn-severity", **stacks, output=folder), folder)


@pytest.fixture(scope="module")
def part(stacks: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    """A part of it with slanted edges and a hole."""
    folder, aoi = tmp_path_factory.mktemp("part"), slanted(read_facts(stacks["pre"]).grid)
    return Mapped(run_operation("burn-severity", **stacks, area=aoi, output=folder), folder)


def classes_of(path: Path) -> npt.NDArray[np.uint8]:
    return np.asarray(read_band(path), np.uint8)


def test_what_counts_are_the_pixels_whose_centres_lie_in_the_polygon(
    stacks: dict[str, Any], whole: Mapped, part: Mapped
) -> None:
    grid = read_facts(stacks["pre"]).grid
    inside = centres_inside(slanted(grid), grid)

    every = classes_of(whole.folder / "severity.tif")
    codes = classes_of(part.folder / "severity.tif")
    assert OUTSIDE not in every
    assert (every == NOT_OBSERVED).any()
    np.testing.assert_array_equal(codes, np.where(inside, every, OUTSIDE))
    numbers = read_band(part.folder / "dnbr.tif")
    every_number = read_band(whole.folder / "dnbr.tif")
    np.testing.assert_array_equal(numbers, np.where(inside, every_number, -9999))

    figures = part.result.value.figures.main
    counts = dict(zip(*np.unique(every[inside], return_counts=True)))
    assert {row.map_class.code: row.ground.pixels for row in figures.rows if row.ground.pixels} == {
        code: count for code, count in counts.items() if code != NOT_OBSERVED
    }
    assert figures.not_observed.pixels == counts[NOT_OBSERVED]
    assert figures.total.pixels == inside.sum()
    assert figures.outside == (~inside).sum()
    assert figures.not_observed_percent == pytest.approx(100 * counts[NOT_OBSERVED] / inside.sum())
    share = figures.observed.pixels / figures.total.pixels
    assert part.result.value.figures.layers["dnbr"].to_dict()["observed_percent"] == 100 * share
    assert whole.result.value.figures.main.outside == 0


@pytest.mark.thorough
def test_every_engine_and_tile_gives_the_same_bytes(stacks: dict[str, Any], tmp_path: Path) -> None:
    aoi = slanted(read_facts(stacks["pre"]).grid)
    made = {}
    for name, settings in {
        "serial": small_tiles(engine="serial"),
        "threads": small_tiles(engine="threads"),
        "one tile": small_tiles(64 * 8),
    }.items():
        run_operation("burn-severity", settings, **stacks, area=aoi, output=tmp_path / name)
        made[name] = {
            layer: classes_of(tmp_path / name / layer) for layer in ("severity.tif", "dnbr.tif")
        }
    for layer in ("severity.tif", "dnbr.tif"):
        first, second = ((tmp_path / one / layer).read_bytes() for one in ("serial", "threads"))
        assert first == second
        np.testing.assert_array_equal(made["serial"][layer], made["one tile"][layer])


def test_a_resumed_run_knows_its_area(stacks: dict[str, Any], part: Mapped, tmp_path: Path) -> None:
    aoi = slanted(read_facts(stacks["pre"]).grid)
    operation = get_map("burn-severity")

    def is_third_tile(event: Event) -> bool:
        return isinstance(event, Progress) and "tile 3 " in event.detail

    def params(**more: Any) -> Any:
        return operation.make_params({**stacks, "output": tmp_path / "map", "resume": True, **more})

    with pytest.raises(Cancelled), stop_at(is_third_tile) as stopped:
        operation.run(params(), small_tiles(), stopped)  # of the whole scene
    operation.run(params(area=aoi), small_tiles(), RecordingMonitor())
    for layer in ("severity.tif", "dnbr.tif"):
        resumed, fresh = ((one / layer).read_bytes() for one in (tmp_path / "map", part.folder))
        assert resumed == fresh


def test_the_box_around_the_area_is_mapped_where_it_is_asked_for(
    stacks: dict[str, Any], tmp_path: Path
) -> None:
    grid = read_facts(stacks["pre"]).grid
    aoi = Aoi.from_geometry(
        {
            "type": "Polygon",
            "coordinates": [degrees(grid, [(20.3, 15.2), (90.7, 30.1), (44.2, 80.6)])],
        }
    )
    result = run_operation(
        "burn-severity", **stacks, area=aoi, area_mask="box", output=tmp_path / "map"
    )
    rows, cols = np.nonzero(classes_of(tmp_path / "map" / "severity.tif") != OUTSIDE)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (15, 80, 20, 90)
    assert result.value.figures.main.total.pixels == 66 * 71


def test_the_provenance_names_the_area(
    stacks: dict[str, Any], whole: Mapped, tmp_path: Path
) -> None:
    aoi = slanted(read_facts(stacks["pre"]).grid)
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps(aoi.geometry), encoding="utf-8")
    result = run_operation("burn-severity", **stacks, area=path, output=tmp_path / "map")
    told = result.value.provenance["parameters"]["area"]
    assert told["file"] == str(path)
    assert told["mask"] == "shape"
    assert told["wkt"].startswith("MULTIPOLYGON ((")
    assert told["pixels"] == result.value.figures.main.total.pixels
    [warning] = [text for text in result.warnings if "of the area" in text]
    assert f"{told['covered_percent']:.1f} %" in warning
    assert "area" not in whole.result.value.provenance["parameters"]


@pytest.mark.thorough
def test_patches_of_burned_ground_are_judged_as_wholes_and_read_with_their_area(
    tmp_path: Path,
) -> None:
    stacks = burned(tmp_path)
    for name, stack in stacks.items():
        random = np.random.default_rng(5)
        swir16 = random.integers(2500, 2600, SHAPE).astype(np.uint16)
        swir16[40:110, 50:140] += 900 * (name == "post")
        folder = stack.parent
        nir, swir22, scl = (read_band(folder / f"{one}.tif") for one in ("nir", "swir22", "scl"))
        pixels = {"nir": nir, "swir16": swir16, "swir22": swir22, "scl": scl}
        tags = {"datetime": f"2024-0{7 + (name == 'post')}-01T10:00:00Z"}
        stacks[name] = write_stack(tmp_path / f"all_{name}", pixels, tags=tags)
    grid = read_facts(stacks["pre"]).grid
    aoi = slanted(grid)
    inside = centres_inside(aoi, grid)
    run_operation("burned-area", **stacks, output=tmp_path / "whole")
    part = run_operation("burned-area", **stacks, area=aoi, output=tmp_path / "part")
    every = classes_of(tmp_path / "whole" / "burned.tif")
    codes = classes_of(tmp_path / "part" / "burned.tif")
    assert (every == 1).sum() > 3000
    np.testing.assert_array_equal(codes, np.where(inside, every, OUTSIDE))
    assert part.value.figures.main.total.pixels == inside.sum()

    fused = run_operation(
        "fuse",
        inputs=(tmp_path / "part" / "burned.tif", tmp_path / "whole" / "burned.tif"),
        output=tmp_path / "fused",
    )
    names = [row.map_class.name for row in fused.value.figures.main.rows]
    assert names == ["Not burned", "Burned"]
    np.testing.assert_array_equal(classes_of(tmp_path / "fused" / "consensus.tif"), every)


def test_an_area_beside_the_stacks_is_a_sentence(stacks: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(AreaError, match="lies beside"):
        run_operation("burn-severity", **stacks, area="2,2,3,3", output=tmp_path / "map")
    between = Aoi.from_geometry(
        {
            "type": "Polygon",
            "coordinates": [
                degrees(read_facts(stacks["pre"]).grid, [(5.6, 5.6), (5.9, 5.6), (5.8, 5.9)])
            ],
        }
    )
    with pytest.raises(AreaError, match="no pixel of the raster has its centre in it"):
        run_operation("burn-severity", **stacks, area=between, output=tmp_path / "map")
    assert not (tmp_path / "map" / "severity.tif").exists()


def test_a_raster_in_degrees_across_the_antimeridian_is_masked_on_both_sides(
    tmp_path: Path,
) -> None:
    raster = {"epsg": 4326, "resolution": 0.001, "origin": (179.9, 10.15)}
    stacks = burned(tmp_path, **raster)
    grid = read_facts(stacks["pre"]).grid
    aoi = Aoi.from_geometry(
        {
            "type": "MultiPolygon",
            "coordinates": [
                [
                    [
                        [179.9203, 10.0202],
                        [180, 10.0303],
                        [180, 10.0904],
                        [179.9301, 10.1003],
                        [179.9203, 10.0202],
                    ]
                ],
                [[[-180, 10.0303], [-179.9502, 10.0603], [-180, 10.0904], [-180, 10.0303]]],
            ],
        }
    )
    run_operation("burn-severity", **stacks, area=aoi, output=tmp_path / "map")
    codes = classes_of(tmp_path / "map" / "severity.tif")
    turned = Aoi(
        {
            "type": "Polygon",
            "coordinates": [
                [
                    [179.9203, 10.0202],
                    [180, 10.0303],
                    [180.0498, 10.0603],
                    [180, 10.0904],
                    [179.9301, 10.1003],
                    [179.9203, 10.0202],
                ]
            ],
        },
        aoi.bounds,
    )
    from osgeo import ogr

    area = ogr.CreateGeometryFromJson(json.dumps(turned.geometry))
    expected = np.zeros(grid.shape, bool)
    for row, col in np.ndindex(grid.shape):
        point = ogr.Geometry(ogr.wkbPoint)
        point.AddPoint_2D(179.9 + 0.001 * (col + 0.5), 10.15 - 0.001 * (row + 0.5))
        expected[row, col] = area.Contains(point)
    assert expected[:, 101:].any()
    np.testing.assert_array_equal(codes != OUTSIDE, expected)


def test_outline_and_hatching_end_at_the_area(stacks: dict[str, Any], part: Mapped) -> None:
    from osgeo import ogr

    grid = read_facts(stacks["pre"]).grid
    inside = centres_inside(slanted(grid), grid)
    codes = classes_of(part.folder / "severity.tif")
    a, _, c, _, e, f = grid.transform
    for name, wanted in (
        ("perimeter", np.isin(codes, BURNED)),
        ("not_observed", codes == NOT_OBSERVED),
    ):
        dataset = ogr.Open(str(part.folder / f"{name}.gpkg"))
        layer = dataset.GetLayerByName(name)
        union = ogr.Geometry(ogr.wkbMultiPolygon)
        for feature in layer:
            for polygon in _polygons(feature.GetGeometryRef()):
                union.AddGeometry(polygon)
        drawn = np.zeros(grid.shape, bool)
        for row, col in np.ndindex(grid.shape):
            point = ogr.Geometry(ogr.wkbPoint)
            point.AddPoint_2D(a * (col + 0.5) + c, e * (row + 0.5) + f)
            drawn[row, col] = union.Contains(point)
        # A simplified edge may leave out or take in a pixel of the edge, and none beyond it.
        assert (drawn != wanted).sum() < 0.03 * wanted.sum()
        assert not (drawn & ~grown(inside)).any()
    assert [layer.title for layer in part.result.layers[:3]] == ["Outline", "Not observed", "Area"]


def _polygons(geometry: Any) -> list[Any]:
    if geometry.GetGeometryName() == "POLYGON":
        return [geometry]
    return [geometry.GetGeometryRef(n) for n in range(geometry.GetGeometryCount())]


def grown(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    wide = np.pad(mask, 1)
    shifted = [
        wide[row : row + mask.shape[0], col : col + mask.shape[1]]
        for row in range(3)
        for col in range(3)
    ]
    return np.logical_or.reduce(shifted)


GREEN, LAND_NIR, WATER_NIR = 1700, 4500, 1100
"""Stored numbers of Sentinel-2: reflectance 0.07, and 0.35 or 0.01 in the near infrared."""


def lake(tmp_path: Path, name: str, water: npt.NDArray[np.bool_], day: str) -> Path:
    """A clear scene of some water."""
    pixels = {
        "green": np.full(SHAPE, GREEN, np.uint16),
        "nir": np.where(water, WATER_NIR, LAND_NIR).astype(np.uint16),
        "scl": np.full(SHAPE, GROUND, np.uint8),
    }
    return write_stack(tmp_path / name, pixels, tags={"datetime": f"{day}T10:00:00Z"})


def flood(tmp_path: Path, name: str, area: Aoi, more: int = 0) -> Path:
    """A flood around a lake: the lake's left part is known as permanent, all of it was water on
    the date before.
    """
    before, after, always = (np.zeros(SHAPE, bool) for _ in range(3))
    before[50:70, 40:120], after[40:80, 30 : 130 + more] = True, True
    always[45:75, 40:80] = True
    pre = lake(tmp_path, f"{name}_pre", before, "2024-05-01")
    post = lake(tmp_path, f"{name}_post", after, f"2024-05-1{more}")
    known = write_raster(tmp_path / f"{name}_known.tif", always.astype(np.uint8), nodata=255)
    run_operation(
        "water",
        stack=post,
        pre=pre,
        permanent_water=known,
        threshold="0",
        area=area,
        output=tmp_path / name,
    )
    return tmp_path / name / "flooded.tif"


@pytest.mark.thorough
def test_maps_of_areas_are_put_together_and_compared_within_them(tmp_path: Path) -> None:
    grid = read_facts(write_raster(tmp_path / "grid.tif", np.zeros(SHAPE, np.uint8))).grid
    first = Aoi.from_geometry(
        {
            "type": "Polygon",
            "coordinates": [
                degrees(grid, [(5.2, 9.7), (140.3, 3.1), (150.6, 120.4), (30.3, 99.1)])
            ],
        }
    )
    one, two = flood(tmp_path, "one", first), flood(tmp_path, "two", first, more=5)
    inside = centres_inside(first, grid)
    codes = classes_of(one)
    expected = np.full(SHAPE, DRY, np.uint8)
    expected[40:80, 30:130] = WATER
    expected[50:70, 40:120] = WATER_BEFORE
    expected[45:75, 40:80] = PERMANENT_WATER
    expected[~inside] = OUTSIDE
    np.testing.assert_array_equal(codes, expected)

    fused = run_operation("fuse", inputs=(one, two), output=tmp_path / "fused")
    consensus = classes_of(tmp_path / "fused" / "consensus.tif")
    # Where one alone says flooded their votes are equal or the other's weighs more: not flooded.
    agreed = classes_of(two).copy()
    agreed[:, 130:][agreed[:, 130:] == WATER] = DRY
    np.testing.assert_array_equal(consensus == OUTSIDE, ~inside)
    np.testing.assert_array_equal(consensus[:, :130], agreed[:, :130])
    figures = fused.value.figures.main
    assert figures.total.pixels == inside.sum()
    assert figures.not_observed.pixels == 0
    names = [row.map_class.name for row in figures.rows]
    assert names[2:] == ["Permanent water", "Water before the event"]

    series = run_operation("series", inputs=(one, two), output=tmp_path / "series")
    largest = classes_of(tmp_path / "series" / "largest.tif")
    np.testing.assert_array_equal(largest, classes_of(two))
    passes = series.value.statistics["passes"]
    assert [row["not_observed_km2"] for row in passes] == [0, 0]
    assert passes[0]["observed_km2"] == pytest.approx(inside.sum() / 1e4)

    differing = run_operation("compare", map=one, other=two, output=tmp_path / "difference")
    codes = classes_of(tmp_path / "difference" / "difference.tif")
    np.testing.assert_array_equal(codes == OUTSIDE, ~inside)
    only = (classes_of(two) == WATER) & (expected == DRY)
    assert differing.value.figures.main.rows[3].ground.pixels == only.sum()
