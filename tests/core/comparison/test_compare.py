"""``compare``: two maps, and a map against what is known of the ground, with known truth."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from rasterio.warp import transform

from firstlight.core.errors import InputError
from firstlight.core.operation import OperationResult
from support.rasters import read_band, write_raster
from support.run import run_operation

Codes = npt.NDArray[np.uint8]
SIDE = 80
LEFT, TOP, PIXEL = 600000.0, 5200000.0, 20.0
CRS = "EPSG:32632"


def write_map(path: Path, codes: Codes, **words: Any) -> Path:
    words = {"nodata": 255, "resolution": PIXEL, "origin": (LEFT, TOP), "crs": CRS, **words}
    return write_raster(path, codes, **words)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path, Codes, Codes]:
    rng = np.random.default_rng(5)
    first = (rng.random((SIDE, SIDE)) < 0.3).astype(np.uint8)
    second = np.where(rng.random(first.shape) < 0.1, 1 - first, first).astype(np.uint8)
    first[:10], second[:, :5] = 255, 255
    return (
        write_map(tmp_path / "first.tif", first),
        write_map(tmp_path / "second.tif", second),
        first,
        second,
    )


def compare(output: Path, **words: Any) -> OperationResult:
    return run_operation("compare", output=output, **words)


def test_two_maps_are_told_apart_pixel_by_pixel(
    pair: tuple[Path, Path, Codes, Codes], tmp_path: Path
) -> None:
    one, two, first, second = pair
    result = compare(tmp_path / "out", map=one, other=two)
    seen = (first != 255) & (second != 255)
    expected = np.full(first.shape, 255, np.uint8)
    expected[(first != 255) ^ (second != 255)] = 4
    expected[seen] = 0
    expected[seen & (first == 1) & (second == 1)] = 1
    expected[seen & (first == 1) & (second == 0)] = 2
    expected[seen & (first == 0) & (second == 1)] = 3
    np.testing.assert_array_equal(read_band(tmp_path / "out" / "difference.tif"), expected)
    counts = [int((expected == code).sum()) for code in range(4)]
    neither, both, only_first, only_second = counts
    outputs = result.outputs
    assert outputs["overall_percent"] == pytest.approx(100 * (neither + both) / sum(counts))
    assert outputs["overlap_percent"] == pytest.approx(
        100 * both / (both + only_first + only_second)
    )
    by_chance = (both + only_first) * (both + only_second)
    by_chance += (neither + only_second) * (neither + only_first)
    chance = by_chance / sum(counts) ** 2
    agreed = (neither + both) / sum(counts)
    assert outputs["kappa"] == pytest.approx((agreed - chance) / (1 - chance))
    assert outputs["both_km2"] == pytest.approx(both * PIXEL**2 / 1e6, rel=1e-3)
    assert outputs["differing_km2"] == pytest.approx(
        (only_first + only_second) * PIXEL**2 / 1e6, rel=1e-3
    )
    item = json.loads(Path(result.json_data()["outputs"]["provenance"]).read_text())
    assert item["properties"]["firstlight:operation"] == "compare"


def test_a_map_equals_itself(pair: tuple[Path, Path, Codes, Codes], tmp_path: Path) -> None:
    one, _, first, _ = pair
    again = write_map(tmp_path / "again.tif", first)
    outputs = compare(tmp_path / "out", map=one, other=again).outputs
    assert (outputs["overall_percent"], outputs["kappa"]) == (100.0, 1.0)
    assert outputs["differing_km2"] == 0.0


def test_maps_of_other_codes_and_pixels_are_compared(tmp_path: Path) -> None:
    fine = np.zeros((SIDE, SIDE), np.uint8)
    fine[:40] = 7
    coarse = np.full((SIDE // 2, SIDE // 2), 3, np.uint8)
    coarse[:20] = 9
    one = write_map(tmp_path / "fine.tif", fine)
    two = write_map(tmp_path / "coarse.tif", coarse, resolution=2 * PIXEL)
    words = {"map": one, "other": two, "positive": "7,9"}
    with pytest.raises(InputError, match="code"):
        compare(tmp_path / "x", map=one, other=two)
    outputs = compare(tmp_path / "out", **words).outputs
    assert outputs["overall_percent"] == 100.0
    assert outputs["both_km2"] == pytest.approx(40 * SIDE * PIXEL**2 / 1e6, rel=1e-3)


def test_days_apart_are_told(tmp_path: Path) -> None:
    codes = np.eye(SIDE, dtype=np.uint8)
    paths = [write_map(tmp_path / f"{day}.tif", codes) for day in (1, 4)]
    for day, path in zip((1, 4), paths, strict=True):
        with rasterio.open(path, "r+") as file:
            file.update_tags(datetime=f"2024-05-0{day}T10:00:00Z")
    result = compare(tmp_path / "out", map=paths[0], other=paths[1])
    assert any("2024-05-01 and 2024-05-04" in text for text in result.warnings)


def write_points(
    path: Path, places: Sequence[tuple[float, float]], labels: Sequence[Any], name: str = "affected"
) -> Path:
    """In degrees: the map's own system is another."""
    lon, lat = transform(CRS, "EPSG:4326", [x for x, _ in places], [y for _, y in places])
    features = [
        {
            "type": "Feature",
            "properties": {name: label},
            "geometry": {"type": "Point", "coordinates": [x, y]},
        }
        for x, y, label in zip(lon, lat, labels, strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def centre(row: int, col: int) -> tuple[float, float]:
    return LEFT + (col + 0.5) * PIXEL, TOP - (row + 0.5) * PIXEL


def test_points_make_the_matrix_and_the_area_without_the_bias(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    truth = np.zeros((SIDE, SIDE), bool)
    truth[:20] = True
    seen = truth.copy()
    seen[20:28] = True  # eight rows too much
    seen[:2] = False
    codes = seen.astype(np.uint8)
    codes[70:] = 255
    one = write_map(tmp_path / "map.tif", codes)
    places, labels = [], []
    for wanted in (0, 1):
        rows, cols = np.nonzero(codes == wanted)
        for pick in rng.choice(len(rows), 200, replace=False):
            places.append(centre(int(rows[pick]), int(cols[pick])))
            labels.append(int(truth[rows[pick], cols[pick]]))
    places += [centre(75, 3), centre(-5, 3)]
    labels += [0, 0]
    result = compare(
        tmp_path / "out", map=one, reference=write_points(tmp_path / "p.geojson", places, labels)
    )
    told = result.json_data()["accuracy"]
    hits = sum(label for label, (x, y) in zip(labels[200:400], places[200:400], strict=True))
    assert told["confusion"][0] == [hits, 200 - hits]
    assert sum(told["confusion"][1]) == 200
    assert told["units_not_observed"] == 2
    true_km2 = truth.sum() * PIXEL**2 / 1e6
    area = told["estimate"]["by_class"]["affected"]
    assert area["mapped_km2"] == pytest.approx((codes == 1).sum() * PIXEL**2 / 1e6, rel=1e-3)
    assert area["estimated_km2"]["low_95"] < true_km2 < area["estimated_km2"]["high_95"]
    assert abs(area["mapped_km2"] - true_km2) > 0.2 * true_km2, "the map itself is far off"
    assert result.outputs["estimated_km2"] == area["estimated_km2"]["value"]
    assert result.outputs["estimated_km2_error"] == area["estimated_km2"]["standard_error"]
    assert any("drawn at random" in text for text in result.warnings)
    assert any("2 of 402 units lie where the map observed nothing" in t for t in result.warnings)
    with (tmp_path / "out" / "confusion.csv").open() as file:
        rows_read = list(csv.DictReader(file))
    assert len(rows_read) == 402
    assert [row["map"] for row in rows_read[-2:]] == ["not observed"] * 2
    assert "User's accuracy" in result.text


def test_polygons_count_as_what_most_of_their_pixels_are(tmp_path: Path) -> None:
    codes = np.zeros((SIDE, SIDE), np.uint8)
    codes[:, 40:] = 1
    one = write_map(tmp_path / "map.tif", codes)

    def box(row: int, col: int, label: str) -> dict[str, Any]:
        (x, y), size = (LEFT + col * PIXEL, TOP - row * PIXEL), 10 * PIXEL
        ring = [[x, y], [x + size, y], [x + size, y - size], [x, y - size], [x, y]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "properties": {"Seen": label}, "geometry": geometry}

    boxes = [box(5, 5, "no"), box(5, 33, "no"), box(5, 60, "yes"), box(30, 36, "yes")]
    boxes += [box(30, 75, "YES"), box(200, 5, "no")]
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{CRS.replace(':', '::')}"}}
    file = tmp_path / "boxes.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": boxes}))
    result = compare(tmp_path / "out", map=one, reference=file, reference_field="seen")
    assert result.json_data()["accuracy"]["confusion"] == [[3, 0], [0, 2]]
    assert result.json_data()["accuracy"]["units_not_observed"] == 1
    with (tmp_path / "out" / "confusion.csv").open() as read:
        rows = list(csv.DictReader(read))
    assert [row["observed_pixels"] for row in rows] == ["100", "100", "100", "100", "50", "0"]
    pure = [float(row["pure_percent"]) for row in rows]
    assert pure == [100.0, 70.0, 100.0, 60.0, 100.0, 0.0]
    assert any("2 polygons lie on both classes" in text for text in result.warnings)


def test_both_at_once_are_one_answer(pair: tuple[Path, Path, Codes, Codes], tmp_path: Path) -> None:
    one, two, first, _ = pair
    places = [centre(row, col) for row in range(12, 60, 3) for col in range(3, 70, 3)]
    labels = [int(first[row, col]) for row in range(12, 60, 3) for col in range(3, 70, 3)]
    points = write_points(tmp_path / "p.geojson", places, labels)
    result = compare(tmp_path / "out", map=one, other=two, reference=points)
    assert result.outputs["accuracy_percent"] == 100.0
    assert result.outputs["overall_percent"] < 100.0
    assert {"accuracy", "statistics"} <= set(result.json_data())
    assert "Both maps" in result.text
    assert "Overall accuracy 100.0 %" in result.text


def test_one_point_of_a_class_is_no_sample(tmp_path: Path) -> None:
    codes = np.zeros((SIDE, SIDE), np.uint8)
    codes[0] = 1
    places = [centre(0, 0), *(centre(9, col) for col in range(20))]
    result = compare(
        tmp_path / "out",
        map=write_map(tmp_path / "m.tif", codes),
        reference=write_points(tmp_path / "p.geojson", places, [1] + [0] * 20),
    )
    assert result.outputs["estimated_km2"] is None
    assert "No area is estimated: the sample holds 1 units that the map calls 'affected'" in (
        result.text
    )


@pytest.mark.parametrize(
    ("label", "field", "why"),
    [
        ("maybe", "affected", "says 'maybe', and nobody says what that means"),
        ("", "affected", "has no label"),
        (1, "other", r"has no attribute 'affected' \(it has other\)"),
    ],
)
def test_a_reference_that_nobody_understands_is_named(
    tmp_path: Path, label: Any, field: str, why: str
) -> None:
    codes = np.eye(SIDE, dtype=np.uint8)
    points = write_points(tmp_path / "p.geojson", [centre(0, 0)], [label], field)
    with pytest.raises(InputError, match=why):
        compare(tmp_path / "out", map=write_map(tmp_path / "m.tif", codes), reference=points)


def test_what_cannot_be_compared_is_named(tmp_path: Path) -> None:
    codes = np.eye(SIDE, dtype=np.uint8)
    one = write_map(tmp_path / "m.tif", codes)
    with pytest.raises(InputError, match="nothing to hold the map against"):
        compare(tmp_path / "out", map=one)
    with pytest.raises(InputError, match="both are the same file"):
        compare(tmp_path / "out", map=one, other=one)
    numbers = write_map(tmp_path / "n.tif", np.linspace(0, 1, SIDE**2).reshape(SIDE, SIDE))
    with pytest.raises(InputError, match="holds numbers, no classes"):
        compare(tmp_path / "out", map=one, other=numbers)
    line = tmp_path / "line.geojson"
    geometry = {"type": "LineString", "coordinates": [[9, 46], [10, 46]]}
    line.write_text(
        json.dumps({"type": "Feature", "properties": {"affected": 1}, "geometry": geometry})
    )
    with pytest.raises(InputError, match="neither a point nor a polygon"):
        compare(tmp_path / "out", map=one, reference=line)
    for text in ("no vector", "<OGRVRTDataSource/>"):
        line.write_text(text)
        with pytest.raises(InputError, match=r"The maps cannot be compared: line\.geojson"):
            compare(tmp_path / "out", map=one, reference=line)


def test_a_label_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    from firstlight.core.comparison.accuracy import _plain

    assert _plain("=1+1") == "'=1+1"
    assert _plain("yes") == "yes"
