"""Perimeters: outlines against the pixels they stand for, counted and filled by hand."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from firstlight.core.errors import Cancelled, InputError, RasterError
from firstlight.core.products.perimeter import (
    Perimeter,
    PerimeterFacts,
    PerimeterRule,
    write_perimeter,
)
from firstlight.core.raster.pixel_area import pixel_area_m2
from firstlight.core.shapes.geopackage import VectorLayer, write_geopackage
from firstlight.core.types import Grid
from support.gdal_exceptions import gdal_exceptions
from support.rasters import write_raster

BURNED, CLEAR, UNSEEN = 1, 0, 255
RAW = PerimeterRule((BURNED,), min_area_ha=0, simplify_px=0)
ABOUT = PerimeterFacts(
    "Burned",
    "dNBR, USGS classes",
    datetime(2024, 8, 1, 10, tzinfo=timezone.utc),
    "sentinel2",
    "Judge with care",
)


def outline(folder: Path, classes: Any, rule: PerimeterRule = RAW, **place: Any) -> Perimeter:
    raster = write_raster(
        folder / "classes.tif", np.asarray(classes, np.uint8), nodata=UNSEEN, **place
    )
    return write_perimeter(raster, folder / "perimeter.gpkg", rule, ABOUT)


def read(path: Path, layer: str) -> list[tuple[Any, dict[str, Any]]]:
    from osgeo import gdal, ogr

    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    found = dataset.GetLayerByName(layer)
    names = [
        found.GetLayerDefn().GetFieldDefn(i).GetName()
        for i in range(found.GetLayerDefn().GetFieldCount())
    ]
    return [
        (
            ogr.CreateGeometryFromWkb(bytes(f.GetGeometryRef().ExportToWkb())),
            {n: f.GetField(n) for n in names},
        )
        for f in found
    ]


def rasterised(path: Path, layer: str, like: Path) -> Any:
    """The pixels whose centres lie inside, by GDAL's own filling."""
    from osgeo import gdal

    source = gdal.OpenEx(str(like), gdal.OF_RASTER)
    vector = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    made = gdal.GetDriverByName("MEM").Create(
        "", source.RasterXSize, source.RasterYSize, 1, gdal.GDT_Byte
    )
    made.SetGeoTransform(source.GetGeoTransform())
    made.SetProjection(source.GetProjection())
    gdal.RasterizeLayer(made, [1], vector.GetLayerByName(layer), burn_values=[1])
    return made.GetRasterBand(1).ReadAsArray()


def components(mask: Any) -> list[set[tuple[int, int]]]:
    """Pixels connected along their edges, by walking from each to its neighbours."""
    left = set(zip(*(axis.tolist() for axis in np.nonzero(mask))))
    found = []
    while left:
        group, edge = set(), [left.pop()]
        while edge:
            row, col = edge.pop()
            group.add((row, col))
            near = {(row + 1, col), (row - 1, col), (row, col + 1), (row, col - 1)} & left
            left -= near
            edge += near
        found.append(group)
    return found


masks = arrays(
    np.uint8,
    st.tuples(st.integers(1, 11), st.integers(1, 11)),
    elements=st.sampled_from([CLEAR, BURNED, UNSEEN]),
)


@pytest.mark.thorough
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(masks)
def test_patches_cover_exactly_the_pixels_of_the_classes(tmp_path: Path, classes: Any) -> None:
    made = outline(tmp_path, classes)
    wanted = classes == BURNED
    patches = read(made.path, "patches")
    groups = components(wanted)
    assert made.patches == len(patches) == len(groups)
    assert sorted(values["area_ha"] for _, values in patches) == pytest.approx(
        sorted(len(group) * 0.01 for group in groups)
    )
    assert all(
        geometry.IsValid() and geometry.GetGeometryName() == "POLYGON" for geometry, _ in patches
    )
    for layer in ("patches", "perimeter"):
        assert np.array_equal(rasterised(made.path, layer, tmp_path / "classes.tif"), wanted)
    whole = read(made.path, "perimeter")
    assert [geometry.IsValid() for geometry, _ in whole] == [True] * bool(wanted.any())


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    arrays(np.uint8, (14, 14), elements=st.sampled_from([CLEAR, BURNED, BURNED, UNSEEN])),
    st.sampled_from([0.5, 0.75, 1.0, 2.0]),
)
def test_simplified_outlines_stay_valid_and_apart(
    tmp_path: Path, classes: Any, tolerance: float
) -> None:
    made = outline(
        tmp_path, classes, PerimeterRule((BURNED,), min_area_ha=0.02, simplify_px=tolerance)
    )
    patches = [geometry for geometry, _ in read(made.path, "patches")]
    assert len(patches) == made.patches
    assert all(geometry.IsValid() and not geometry.IsEmpty() for geometry in patches)
    for geometry, _ in read(made.path, "perimeter"):
        assert geometry.IsValid()  # of a multipolygon that means too: no part overlaps another
        assert geometry.GetGeometryCount() == made.patches


@pytest.mark.thorough
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    arrays(np.uint8, (12, 12), elements=st.sampled_from([CLEAR, BURNED, BURNED, UNSEEN])),
    st.integers(2, 9),
)
def test_the_sieve_takes_no_large_patch_and_no_unseen_pixel(
    tmp_path: Path, classes: Any, least: int
) -> None:
    made = outline(
        tmp_path, classes, PerimeterRule((BURNED,), min_area_ha=least * 0.01, simplify_px=0)
    )
    inside = rasterised(made.path, "patches", tmp_path / "classes.tif").astype(bool)
    assert not inside[classes == UNSEEN].any()
    assert all(values["area_ha"] >= least * 0.01 - 1e-9 for _, values in read(made.path, "patches"))
    for group in components(classes == BURNED):
        if len(group) >= least:
            assert all(inside[place] for place in group)


def test_small_patches_go_and_small_observed_holes_are_filled(tmp_path: Path) -> None:
    classes = np.zeros((60, 60), np.uint8)
    classes[5:45, 5:45] = BURNED
    classes[10:17, 10:17] = CLEAR  # 49 pixels, below half a hectare
    classes[20:25, 20:30] = CLEAR  # 50: a hole
    classes[30, 30] = UNSEEN
    classes[34:36, 34:37] = CLEAR
    classes[34, 34] = UNSEEN  # one of a hole's six pixels is under cloud
    classes[50:57, 50:57] = BURNED  # 49
    made = outline(tmp_path, classes, PerimeterRule((BURNED,), simplify_px=0))
    wanted = np.zeros_like(classes)
    wanted[5:45, 5:45] = 1
    wanted[20:25, 20:30] = 0
    wanted[30, 30] = wanted[34, 34] = 0
    assert np.array_equal(rasterised(made.path, "patches", tmp_path / "classes.tif"), wanted)
    assert made.area_m2 == pytest.approx(wanted.sum() * 100)
    [(geometry, values)] = read(made.path, "patches")
    assert geometry.GetGeometryCount() == 1 + 3  # the outline, the large hole, two that nobody saw
    assert values["area_ha"] == pytest.approx(15.48)


def test_holes_that_touch_in_a_corner_are_two_holes(tmp_path: Path) -> None:
    classes = np.full((9, 9), BURNED, np.uint8)
    classes[2:4, 2:4] = classes[4:6, 4:6] = CLEAR
    made = outline(tmp_path, classes, PerimeterRule((BURNED,), min_area_ha=0.05, simplify_px=0))
    assert made.area_m2 == pytest.approx(8100)  # each of four pixels is below the limit of five


def test_an_unseen_hole_stays_a_hole_even_with_ground_in_it(tmp_path: Path) -> None:
    classes = np.full((30, 30), BURNED, np.uint8)
    classes[10:13, 10:13] = UNSEEN
    classes[11, 11] = CLEAR
    made = outline(tmp_path, classes, PerimeterRule((BURNED,), simplify_px=0))
    inside = rasterised(made.path, "patches", tmp_path / "classes.tif")
    assert made.patches == 1
    assert inside.sum() == 900 - 9
    assert not inside[10:13, 10:13].any()


@pytest.mark.parametrize("classes", [[[0], [1]], [[0, 0], [0, 1]], [[0], [0], [1]]])
def test_a_few_pixels_are_not_lost(tmp_path: Path, classes: Any) -> None:
    assert (
        outline(tmp_path, classes).patches == 1
    )  # in a mask of single bits GDAL takes such strips for empty


def test_several_classes_are_one_extent(tmp_path: Path) -> None:
    classes = np.repeat(np.array([[2, 3, 4, 5]], np.uint8), 4, axis=0)
    made = outline(tmp_path, classes, PerimeterRule((3, 4), min_area_ha=0, simplify_px=0))
    assert made.patches == 1
    assert made.area_m2 == pytest.approx(800)


def test_pixels_that_touch_in_a_corner_are_two_patches(tmp_path: Path) -> None:
    made = outline(tmp_path, [[1, 0], [0, 1]])
    assert made.patches == 2
    assert [values["patch"] for _, values in read(made.path, "patches")] == [1, 2]


def test_patches_are_numbered_by_size_then_from_the_top(tmp_path: Path) -> None:
    classes = np.zeros((7, 9), np.uint8)
    classes[6, 0] = classes[0, 4] = classes[0, 8] = BURNED
    classes[3, 3:6] = BURNED
    classes[3, 8] = classes[4, 7] = BURNED
    classes[4, 1] = classes[5, 1] = classes[5, 3] = classes[5, 4] = BURNED
    classes[2, 0] = classes[3, 0] = BURNED
    classes[0, 2:4] = CLEAR
    made = outline(tmp_path, classes)
    centres = [geometry.Centroid().GetPoint_2D() for geometry, _ in read(made.path, "patches")]
    at = [((x - 600000) / 10, (5200020 - y) / 10) for x, y in centres]
    triple, pairs, singles = at[:1], at[1:4], at[4:]
    assert triple == [(4.5, 3.5)]
    assert pairs == [(0.5, 3.0), (1.5, 5.0), (4.0, 5.5)]
    assert singles == [(4.5, 0.5), (8.5, 0.5), (8.5, 3.5), (7.5, 4.5), (0.5, 6.5)]


def test_of_two_equal_patches_the_one_that_begins_above_comes_first(tmp_path: Path) -> None:
    classes = np.zeros((5, 8), np.uint8)
    classes[1:4, 6] = classes[2, 1:4] = BURNED
    made = outline(tmp_path, classes)  # in which order GDAL tells them depends on its version
    assert [geometry.GetEnvelope()[0] for geometry, _ in read(made.path, "patches")] == [
        600060.0,
        600010.0,
    ]


def test_slanting_lines_lose_their_stairs_and_areas_are_those_of_pixels(tmp_path: Path) -> None:
    rows, cols = np.indices((80, 80))
    classes = ((rows - 40) ** 2 + (cols - 40) ** 2 < 30**2).astype(np.uint8)
    stairs = outline(tmp_path / "a", classes)
    smooth = outline(tmp_path / "b", classes, PerimeterRule((BURNED,)))
    [(exact, _)], [(simple, values)] = (
        read(stairs.path, "perimeter"),
        read(smooth.path, "perimeter"),
    )
    corners = [one.GetGeometryRef(0).GetGeometryRef(0).GetPointCount() for one in (exact, simple)]
    assert corners[1] < corners[0] / 2
    assert exact.Difference(simple.Buffer(7.51)).Area() == pytest.approx(
        0, abs=1e-6
    )  # moved by 0.75 pixels at most
    assert simple.Difference(exact.Buffer(7.51)).Area() == pytest.approx(0, abs=1e-6)
    assert simple.Area() != pytest.approx(exact.Area(), rel=1e-9)
    assert values["area_ha"] == pytest.approx(classes.sum() * 0.01)


def test_a_ragged_outline_is_simplified_without_crossings(tmp_path: Path) -> None:
    classes = (np.random.default_rng(0).random((150, 150)) < 0.62).astype(np.uint8)
    rough = outline(tmp_path / "a", classes)
    made = outline(tmp_path / "b", classes, PerimeterRule((BURNED,), min_area_ha=0))
    assert made.notes == ()
    [(before, _)], [(after, _)] = read(rough.path, "perimeter"), read(made.path, "perimeter")
    assert after.IsValid()
    assert len(after.ExportToWkb()) < 0.8 * len(before.ExportToWkb())


def test_an_outline_that_cannot_be_simplified_keeps_its_stairs(tmp_path: Path) -> None:
    rows = (
        "111011",
        "101110",
        "101100",
        "111010",
        "110100",
        "110111",
        "111111",
    )  # GEOS 3.11 makes this cross itself
    classes = [[int(pixel) for pixel in row] for row in rows]
    made = outline(tmp_path, classes, PerimeterRule((BURNED,), min_area_ha=0, simplify_px=3))
    patches = [geometry for geometry, _ in read(made.path, "patches")]
    assert len(patches) == made.patches == len(components(np.array(classes)))
    assert all(
        geometry.IsValid()
        for geometry, _ in [*read(made.path, "patches"), *read(made.path, "perimeter")]
    )
    if made.notes:
        assert "simplified it would cross itself" in made.notes[0]
        assert np.array_equal(rasterised(made.path, "patches", tmp_path / "classes.tif"), classes)


@pytest.mark.parametrize("north", [0.5, 60.0, -35.0])
def test_areas_in_degrees_are_those_of_the_ellipsoid(tmp_path: Path, north: float) -> None:
    classes = (np.random.default_rng(3).random((40, 50)) < 0.7).astype(np.uint8)
    made = outline(tmp_path, classes, epsg=4326, resolution=0.01, origin=(10.0, north))
    grid = Grid("EPSG:4326", (0.01, 0.0, 10.0, 0.0, -0.01, north), classes.shape)
    counted = sum(
        float(classes[row].sum()) * (pixel_area_m2(grid, row, 1) or 0)
        for row in range(len(classes))
    )
    assert made.area_m2 == pytest.approx(counted, rel=1e-9)
    assert sum(values["area_km2"] for _, values in read(made.path, "patches")) == pytest.approx(
        counted / 1e6, rel=1e-9
    )


def test_the_least_area_holds_in_degrees_too(tmp_path: Path) -> None:
    classes = np.zeros((30, 30), np.uint8)
    classes[2:9, 2:9] = BURNED  # 49 pixels of 9.0 m x 9.3 m at 14° north: 0.41 ha
    classes[15:25, 15:25] = BURNED
    made = outline(
        tmp_path,
        classes,
        PerimeterRule((BURNED,)),
        epsg=4326,
        resolution=8.333e-5,
        origin=(100.0, 14.0),
    )
    assert made.patches == 1


def test_each_feature_says_what_it_is(tmp_path: Path) -> None:
    classes = np.zeros((20, 20), np.uint8)
    classes[:10, :10] = BURNED
    classes[15:] = UNSEEN
    made = outline(tmp_path, classes, PerimeterRule((BURNED,)))
    [(_, whole)], [(_, patch)] = read(made.path, "perimeter"), read(made.path, "patches")
    shared = {
        "date": "2024/08/01",
        "sensor": "sentinel2",
        "method": "dNBR, USGS classes",
        "event": "Burned",
    }
    areas = {"area_ha": pytest.approx(1.0), "area_km2": pytest.approx(0.01)}
    assert patch == {"patch": 1, **areas, **shared}
    rest = {
        "patches": 1,
        "min_area_ha": 0.5,
        "not_observed_percent": 25.0,
        "note": "Judge with care",
    }
    assert whole == {**shared, **areas, **rest}
    assert made.to_dict() == {
        "path": str(made.path),
        "patches": 1,
        "area_km2": pytest.approx(0.01),
        "area_ha": pytest.approx(1.0),
        "min_area_ha": 0.5,
        "simplify_px": 0.75,
        "edge_km2": pytest.approx(40 * 10 * 5 / 1e6),  # half a pixel along 40 of them
        "notes": [],
    }


@pytest.mark.parametrize(
    ("classes", "patches", "words"),
    [
        (np.zeros((9, 9)), 0, ["nothing to outline"]),
        (np.full((9, 9), UNSEEN), 0, ["nothing to outline", "does not mean that nothing happened"]),
        (np.full((9, 9), BURNED), 1, []),
        (np.full((1, 1), BURNED), 0, ["smaller than 0.5 ha"]),
        (np.full((1, 60), BURNED), 1, []),
        (np.full((60, 1), BURNED), 1, []),
    ],
    ids=["none", "unseen", "all", "one pixel", "one row", "one column"],
)
def test_every_kind_of_map_has_its_outline(
    tmp_path: Path, classes: Any, patches: int, words: list[str]
) -> None:
    made = outline(tmp_path, classes, PerimeterRule((BURNED,)))
    assert made.patches == len(read(made.path, "patches")) == patches
    assert len(read(made.path, "perimeter")) == min(patches, 1)
    assert len(made.notes) == len(words)
    assert all(word in note for word, note in zip(words, made.notes))
    assert made.area_m2 == (np.size(classes) * 100 if patches else 0)


def test_a_map_without_a_reference_system_has_an_outline_and_no_area(tmp_path: Path) -> None:
    made = outline(tmp_path, [[1, 0], [0, 0]], PerimeterRule((BURNED,)), epsg=None)
    assert made.area_m2 is None
    assert "no coordinate system" in made.notes[0]
    [(_, values)] = read(made.path, "patches")
    assert values["area_ha"] is None


@pytest.fixture(params=[True, False], ids=["exceptions", "codes"])
def _gdal_exceptions(request: pytest.FixtureRequest) -> Iterator[None]:
    with gdal_exceptions(request.param):
        yield


@pytest.mark.usefixtures("_gdal_exceptions")
@pytest.mark.parametrize("asked", [0, 2, 5, 8, 12])
def test_a_stopped_outline_leaves_the_older_one(tmp_path: Path, asked: int) -> None:
    classes = (np.random.default_rng(0).random((600, 600)) < 0.55).astype(np.uint8)
    raster = write_raster(tmp_path / "classes.tif", classes, nodata=UNSEEN)
    older = tmp_path / "perimeter.gpkg"
    older.write_bytes(b"older")
    times = iter(range(10_000))
    with pytest.raises(Cancelled):
        write_perimeter(
            raster, older, PerimeterRule((BURNED,)), ABOUT, lambda: next(times) >= asked
        )
    assert older.read_bytes() == b"older"
    assert {path.name for path in tmp_path.iterdir()} == {"classes.tif", "perimeter.gpkg"}


@pytest.mark.usefixtures("_gdal_exceptions")
def test_what_cannot_be_outlined_is_named(tmp_path: Path) -> None:
    numbers = write_raster(tmp_path / "numbers.tif", np.ones((4, 4), np.float32))
    with pytest.raises(RasterError, match=r"numbers.tif: it is not one band of classes"):
        write_perimeter(numbers, tmp_path / "p.gpkg", RAW, ABOUT)
    with pytest.raises(RasterError, match="does not exist"):
        write_perimeter(tmp_path / "absent.tif", tmp_path / "p.gpkg", RAW, ABOUT)
    classes = write_raster(tmp_path / "classes.tif", np.ones((4, 4), np.uint8), nodata=UNSEEN)
    with pytest.raises(RasterError, match=r"Writing .*p\.gpkg failed: .*unable to open"):
        write_perimeter(classes, tmp_path / "absent" / "p.gpkg", RAW, ABOUT)
    for codes, why in (((1, 255), "255 is no class"), ((), "no class is to be inside")):
        with pytest.raises(InputError, match=why):
            write_perimeter(classes, tmp_path / "p.gpkg", PerimeterRule(codes), ABOUT)
    assert not list(tmp_path.glob("p.gpkg*"))


@pytest.mark.usefixtures("_gdal_exceptions")
def test_a_damaged_map_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    raster = write_raster(
        tmp_path / "classes.tif",
        np.random.default_rng(0).integers(0, 2, (400, 400)).astype(np.uint8),
    )
    raster.write_bytes(raster.read_bytes()[:-3000])
    with pytest.raises(RasterError, match=r"Drawing the outline of .*classes\.tif failed"):
        write_perimeter(raster, tmp_path / "p.gpkg", RAW, ABOUT)
    assert [path.name for path in tmp_path.iterdir()] == ["classes.tif"]


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are Unix")
@pytest.mark.parametrize(
    "exceptions", ["", "gdal.UseExceptions(); ogr.UseExceptions()"], ids=["codes", "exceptions"]
)
@pytest.mark.parametrize("limit_kb", [20, 340, 500])
def test_a_full_disk_is_named_and_the_older_file_stays(
    tmp_path: Path, limit_kb: int, exceptions: str
) -> None:
    classes = (np.random.default_rng(0).random((600, 600)) < 0.5).astype(
        np.uint8
    )  # a package of 2 MB
    raster = write_raster(tmp_path / "classes.tif", classes, nodata=UNSEEN)
    older = tmp_path / "p.gpkg"
    older.write_bytes(b"older")
    script = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
import conftest
from pathlib import Path
from osgeo import gdal, ogr
{exceptions}
from firstlight.core.errors import RasterError
from firstlight.core.products.perimeter import PerimeterFacts, PerimeterRule, write_perimeter
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_kb} << 10, {limit_kb} << 10))
try:
    rule, facts = PerimeterRule((1,), 0, 0), PerimeterFacts("Burned", "dNBR")
    write_perimeter(Path({str(raster)!r}), Path({str(older)!r}), rule, facts)
except RasterError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("Writing"), done.stdout + done.stderr
    assert "Is there room on the disk" in done.stdout
    assert older.read_bytes() == b"older"
    assert {path.name for path in tmp_path.iterdir()} == {"classes.tif", "p.gpkg"}


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are Unix")
def test_a_disk_that_is_full_when_the_file_is_closed_is_named(tmp_path: Path) -> None:
    """GDAL makes the spatial index then, and only tells of its failure."""
    script = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
import conftest
from pathlib import Path
from osgeo import ogr
from firstlight.core.errors import RasterError
from firstlight.core.shapes.geopackage import VectorLayer, write_geopackage
wkt = "POLYGON(({{0}} 0,{{0}} 1,{{0}}.5 1,{{0}} 0))"
shapes = [ogr.CreateGeometryFromWkt(wkt.format(i)) for i in range(3000)]
rows = [(bytes(shape.ExportToWkb(ogr.wkbNDR)), {{"n": 1}}) for shape in shapes]
layer = VectorLayer("a", "A", {{"n": int}}, rows)
# The features take 456 KB, with their index 732.
resource.setrlimit(resource.RLIMIT_FSIZE, (600 << 10, 600 << 10))
try:
    write_geopackage(Path({str(tmp_path / "p.gpkg")!r}), "EPSG:32632", [layer])
except RasterError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert "p.gpkg failed" in done.stdout, done.stderr
    assert not list(tmp_path.iterdir())


def test_changes_of_another_program_are_not_played_into_the_new_file(tmp_path: Path) -> None:
    made = outline(tmp_path, [[1]])
    other = sqlite3.connect(made.path)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("UPDATE gpkg_contents SET description='mine'")
    other.commit()
    assert (tmp_path / "perimeter.gpkg-wal").stat().st_size
    with pytest.raises(
        RasterError, match=r"perimeter.gpkg cannot be replaced: another program has changes"
    ):
        outline(tmp_path, [[1, 1]])
    other.close()  # writes them down
    assert outline(tmp_path, [[1, 1]]).area_m2 == pytest.approx(200)


def test_a_stop_at_the_last_moment_keeps_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "p.gpkg"
    path.write_bytes(b"older")
    with pytest.raises(Cancelled, match="Writing"):
        write_geopackage(
            path, "EPSG:32632", [VectorLayer("empty", "Empty", {"name": str}, [])], lambda: True
        )
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("p.gpkg", b"older")]


def test_the_file_is_a_sound_geopackage(tmp_path: Path) -> None:
    made = outline(tmp_path, [[1, 0], [0, 1]])
    database = sqlite3.connect(made.path)
    assert database.execute("PRAGMA application_id").fetchone()[0] == 0x47504B47  # "GPKG"
    assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert not database.execute("PRAGMA foreign_key_check").fetchall()
    rows = database.execute(
        "SELECT table_name, data_type, srs_id FROM gpkg_contents ORDER BY rowid"
    ).fetchall()
    assert rows == [("perimeter", "features", 32632), ("patches", "features", 32632)]
    kinds = database.execute(
        "SELECT table_name, geometry_type_name FROM gpkg_geometry_columns ORDER BY rowid"
    ).fetchall()
    assert kinds == [("perimeter", "MULTIPOLYGON"), ("patches", "POLYGON")]
    database.close()
    assert {path.name for path in tmp_path.iterdir()} == {"classes.tif", "perimeter.gpkg"}
