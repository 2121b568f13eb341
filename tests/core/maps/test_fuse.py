"""Fusing files: their union on one grid, whatever their order, with the weights that their own tags
give.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.errors import ExtentMismatchError, InputError
from firstlight.core.maps.fuse import FUSE
from firstlight.core.settings import Settings
from support.rasters import read_values, write_raster
from support.run import run_operation

LEFT, TOP = 600000.0, 5200020.0


def extent(
    path: Path,
    codes: Any,
    at: tuple[int, int] = (0, 0),
    tags: dict[str, str] | None = None,
    name: str = "flooded",
    **more: Any,
) -> Path:
    """A class raster whose first pixel is (row, col) of the tests' common grid."""
    import rasterio

    size = more.get("resolution", 10.0)
    more = {"nodata": 255, "origin": (LEFT + at[1] * size, TOP - at[0] * size), **more}
    write_raster(path, np.asarray(codes, np.uint8), **more)
    with rasterio.open(path, "r+") as target:
        target.set_band_description(1, name)
        target.update_tags(**(tags or {}))
    return path


def run(inputs: list[Path], output: Path, settings: Settings | None = None, **more: Any) -> Any:
    return run_operation(FUSE, settings, inputs=inputs, output=output, **more).value


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(0)
    codes = [random.choice([0, 1, 255], (60, 80), p=[0.5, 0.3, 0.2]) for _ in range(3)]
    return [
        extent(
            tmp_path / "radar.tif",
            codes[0],
            (0, 0),
            {"sensor": "sentinel1", "datetime": "2024-05-03T00:00:00Z"},
        ),
        extent(
            tmp_path / "optical.tif",
            codes[1],
            (10, 30),
            {"sensor": "sentinel2", "datetime": "2024-05-11T00:00:00Z"},
        ),
        extent(tmp_path / "agency.tif", codes[2], (-20, 5)),
    ]


def laid_out(paths: list[Path], places: list[tuple[int, int]]) -> Any:
    """Each source on the union of all, 255 beyond it."""
    top, left = min(row for row, _ in places), min(col for _, col in places)
    shapes = [read_values(path).shape for path in paths]
    rows = max(row + shape[0] for (row, _), shape in zip(places, shapes)) - top
    cols = max(col + shape[1] for (_, col), shape in zip(places, shapes)) - left
    whole = np.full((len(paths), rows, cols), 255)
    for layer, path, (row, col), shape in zip(whole, paths, places, shapes):
        layer[row - top : row - top + shape[0], col - left : col - left + shape[1]] = read_values(
            path
        )
    return whole


def count(layers: Any, weights: list[float]) -> tuple[Any, Any, Any]:
    """Consensus, agreement and confidence in floating numbers."""
    seen, said = layers != 255, layers == 1
    weight = np.array(weights)[:, None, None]
    yes, everything = (said * weight).sum(0), (seen * weight).sum(0)
    present = yes > everything / 2 + 1e-9
    agreement = np.where(present, said.sum(0), (seen & ~said).sum(0)) / np.where(
        seen.any(0), seen.sum(0), 1
    )
    confidence = np.abs(2 * yes - everything) / sum(weights)
    unseen = ~seen.any(0)
    return (
        np.where(unseen, 255, present),
        np.where(unseen, np.nan, agreement),
        np.where(unseen, np.nan, confidence),
    )


def test_the_union_is_voted_on_with_weights_of_sensor_sky_and_days(
    three: list[Path], tmp_path: Path
) -> None:
    result = run(three, tmp_path / "out", event_date="2024-05-01")
    shares = [(read_values(path) != 255).mean() for path in three]
    weights = [
        round(1000 * sensor * (0.5 + 0.5 * share) * 0.5 ** (days / 10)) / 1000
        for sensor, share, days in zip((0.8, 1.0, 0.7), shares, (2, 10, 0))
    ]
    told = {Path(one["path"]).name: one for one in result.statistics["sources"]}
    assert [told[path.name]["weight"] for path in three] == weights
    assert told["optical.tif"]["days_from_event"] == 10
    assert told["agency.tif"]["days_from_event"] is None
    assert told["radar.tif"]["observed_percent"] == pytest.approx(100 * shares[0])
    layers = laid_out(three, [(0, 0), (10, 30), (-20, 5)])
    for name, truth in zip(("consensus", "agreement", "confidence"), count(layers, weights)):
        made = read_values(tmp_path / "out" / f"{name}.tif")
        assert made.shape == (90, 110)
        assert np.allclose(made, truth, atol=1e-6, equal_nan=True), name
    assert result.statistics["affected"]["area_ha"] == pytest.approx(
        (read_values(tmp_path / "out" / "consensus.tif") == 1).sum() / 100
    )
    assert any(
        "agency.tif does not say when it was taken" in warning for warning in result.warnings
    )
    assert any("agency.tif does not say its sensor" in warning for warning in result.warnings)


@pytest.mark.thorough
def test_order_and_threads_change_no_byte(three: list[Path], tmp_path: Path) -> None:
    made = []
    for number, order in enumerate(itertools.permutations(three)):
        engine = "serial" if number % 2 else "threads"
        run(
            list(order),
            tmp_path / str(number),
            Settings(engine=engine, workers=2, tile_size=64),
            event_date="2024-05-01",
        )
        made.append(
            {path.name: path.read_bytes() for path in (tmp_path / str(number)).glob("*.tif")}
        )
    assert all(one == made[0] for one in made)
    assert len(made[0]) == 3


def test_weights_given_belong_to_their_extents_in_any_order(
    three: list[Path], tmp_path: Path
) -> None:
    first = run(three, tmp_path / "a", weights="0.9,0.2,auto")
    again = run(three[::-1], tmp_path / "b", weights="auto,0.2,0.9")
    assert first.statistics["sources"] == again.statistics["sources"]
    assert {Path(one["path"]).name: one["weight"] for one in first.statistics["sources"]}[
        "radar.tif"
    ] == 0.9
    assert np.array_equal(
        read_values(tmp_path / "a" / "consensus.tif"), read_values(tmp_path / "b" / "consensus.tif")
    )


def test_maps_of_ours_say_which_codes_mean_the_event_and_which_mean_nothing(tmp_path: Path) -> None:
    severity = extent(
        tmp_path / "severity.tif",
        [[3, 4, 7, 255]],
        name="severity",
        tags={"event_codes_severity": "4,5,6,7"},
    )
    wind = extent(
        tmp_path / "wind.tif",
        [[0, 1, 3, 0]],
        name="wind_damage",
        tags={"event_codes_wind_damage": "2,3", "silent_codes_wind_damage": "0"},
    )
    run([severity, wind], tmp_path / "out", weights="1,1")
    assert read_values(tmp_path / "out" / "consensus.tif").tolist() == [
        [0, 0, 1, 255]
    ]  # only severity; a tie; both; none
    assert np.allclose(
        read_values(tmp_path / "out" / "agreement.tif"), [[1, 0.5, 1, np.nan]], equal_nan=True
    )
    run([severity, wind], tmp_path / "told", positive="3")
    assert read_values(tmp_path / "told" / "consensus.tif").tolist() == [[1, 0, 0, 255]]
    run([severity, wind], tmp_path / "bare", positive="0", weights="0.1,1")
    assert read_values(tmp_path / "bare" / "consensus.tif").tolist() == [
        [1, 0, 0, 1]
    ]  # who asks for bare ground gets it


def test_a_map_that_flight_made_carries_its_codes(tmp_path: Path) -> None:
    import rasterio

    pixels = {"nir": 4000, "swir22": 2000}
    for date, factor in (("pre", 1.0), ("post", 0.5)):
        words = []
        for name, number in pixels.items():
            data = np.full((40, 40), number * (factor if name == "nir" else 1), np.uint16)
            words += ["--band", f"{name}={write_raster(tmp_path / date / f'{name}.tif', data)}"]
        assert (
            main(
                [
                    "stack",
                    "--sensor",
                    "sentinel2",
                    *words,
                    "--output",
                    str(tmp_path / date / "s.vrt"),
                ]
            )
            == 0
        )
    stacks = ["--pre", str(tmp_path / "pre" / "s.vrt"), "--post", str(tmp_path / "post" / "s.vrt")]
    assert main(["burn-severity", *stacks, "--output", str(tmp_path / "burn")]) == 0
    with rasterio.open(tmp_path / "burn" / "severity.tif") as dataset:
        assert dataset.tags()["event_codes_severity"] == "4,5,6,7"
    other = extent(tmp_path / "other.tif", np.zeros((40, 40)))
    result = run([tmp_path / "burn" / "severity.tif", other], tmp_path / "out")
    codes = {Path(one["path"]).name: one["affected_codes"] for one in result.statistics["sources"]}
    assert codes == {"severity.tif": [4, 5, 6, 7], "other.tif": [1]}


def test_other_grids_are_brought_onto_the_finest_by_the_nearest_pixel(tmp_path: Path) -> None:
    fine = extent(tmp_path / "fine.tif", np.zeros((60, 60)))
    blocks = np.kron(np.array([[0, 1], [1, 255]]), np.ones((10, 10)))
    coarse = extent(tmp_path / "coarse.tif", blocks, resolution=30.0)
    result = run([coarse, fine], tmp_path / "out", weights="1,0.1")
    made = read_values(tmp_path / "out" / "consensus.tif")
    assert np.array_equal(made, np.kron(np.where(blocks == 255, 0, blocks), np.ones((3, 3))))
    assert [one["observed_percent"] for one in result.statistics["sources"]] == [75, 100]
    assert any(
        "Its classes were taken from the nearest pixel" in warning for warning in result.warnings
    )
    assert not any("reflectance" in warning for warning in result.warnings)


def test_another_zone_keeps_its_classes_and_what_it_observed(tmp_path: Path) -> None:
    fine = extent(tmp_path / "a.tif", np.zeros((80, 80)), origin=(LEFT, TOP))
    from rasterio.warp import transform

    [x], [y] = transform("EPSG:32632", "EPSG:32633", [LEFT], [TOP])
    other = extent(
        tmp_path / "b.tif",
        np.ones((80, 80)),
        epsg=32633,
        origin=(round(x), round(y)),
        tags={"sensor": "sentinel2"},
    )
    result = run([fine, other], tmp_path / "out", weights="0.2,1")
    made = read_values(tmp_path / "out" / "consensus.tif")
    assert set(np.unique(made)) <= {0, 1, 255}
    assert (made == 1).mean() > 0.5
    told = {Path(one["path"]).name: one for one in result.statistics["sources"]}
    assert told["b.tif"]["observed_percent"] == pytest.approx(
        100, abs=1.5
    )  # the corners of a turned raster are not its own


def test_nodata_that_may_mean_dry_is_told(tmp_path: Path) -> None:
    one = extent(tmp_path / "one.tif", [[0, 1]], nodata=0)
    two = extent(tmp_path / "two.tif", [[0, 0]], nodata=None)
    result = run([one, two], tmp_path / "out", weights="1,0.5")
    assert any("one.tif declares 0 as no data" in warning for warning in result.warnings)
    assert read_values(tmp_path / "out" / "consensus.tif").tolist() == [[0, 1]]


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (70, 1)])
def test_nothing_observed_is_said(tmp_path: Path, shape: tuple[int, int]) -> None:
    paths = [extent(tmp_path / f"{name}.tif", np.full(shape, 255)) for name in "ab"]
    result = run(paths, tmp_path / "out")
    assert set(np.unique(read_values(tmp_path / "out" / "consensus.tif"))) == {255}
    assert any(
        "No pixel was observed: Fusion tells nothing of this place" in warning
        for warning in result.warnings
    )


def test_the_command_takes_several_files(
    three: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "fuse",
        "--inputs",
        str(three[0]),
        str(three[1]),
        "--inputs",
        str(three[2]),
        "--event-date",
        "2024-05-01",
    ]
    assert main([*words, "--output", str(tmp_path / "o"), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert len(data["statistics"]["sources"]) == 3
    assert {"consensus", "agreement", "confidence", "perimeter"} <= set(data["outputs"])
    assert (
        main(["fuse", "--inputs", str(three[0]), str(three[1]), "--output", str(tmp_path / "p")])
        == 0
    )
    assert "radar.tif: weight 0.7" in capsys.readouterr().out


def test_what_cannot_be_fused_is_refused(three: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    for inputs, more, sentence in (
        (three[:1], {}, "there is only one"),
        ([three[0], three[0]], {}, "one is given twice"),
        (three, {"weights": "1,2"}, "there are 2 for 3 extents"),
        (three, {"weights": "1,2,1"}, "'2' does not lie within 0.001 to 1"),
        (
            three,
            {"weights": "1,much,1"},
            "'much' is neither auto nor a number. Write them like 1,0.6,auto",
        ),
        (three, {"positive": "a"}, "they are no whole numbers"),
        (three, {"positive": "255"}, "declares 255 as no data, which is said to mean the event"),
        (three, {"positive": "1", "not_observed": "0-2"}, "code 1 is said to mean both"),
        (three, {"not_observed": "9-3"}, "9 is above 3"),
        (three, {"event_date": "soon"}, "it is no ISO date"),
    ):
        with pytest.raises(InputError, match=sentence):
            run(inputs, out, **more)
    numbers = write_raster(tmp_path / "dnbr.tif", np.full((60, 80), 0.4, np.float32), nodata=-9999)
    with pytest.raises(InputError, match=r"dnbr.tif holds numbers, no classes"):
        run([three[0], numbers], out)
    many = write_raster(tmp_path / "many.tif", np.zeros((2, 60, 80), np.uint8))
    with pytest.raises(InputError, match=r"many\.tif has 2 bands"):
        run([three[0], many], out)
    odd = extent(tmp_path / "odd.tif", np.zeros((60, 80)), tags={"datetime": "last week"})
    with pytest.raises(
        InputError, match=r"the tag datetime of .*odd\.tif is 'last week', which is no ISO date"
    ):
        run([three[0], odd], out)
    classes = extent(
        tmp_path / "classes.tif",
        np.zeros((60, 80)),
        tags={f"class_{code}": "?" for code in range(3)},
    )
    with pytest.raises(
        InputError, match="holds several classes and does not say which of them mean the event"
    ):
        run([three[0], classes], out)
    assert run([three[0], classes], tmp_path / "named", positive="2").outputs["consensus"].is_file()
    far = extent(tmp_path / "far.tif", np.zeros((9, 9)), (500, 500))
    with pytest.raises(ExtentMismatchError, match="they have no area in common"):
        run([*three, far], out)
    same = extent(tmp_path / "own" / "consensus.tif", np.zeros((9, 9)))
    with pytest.raises(InputError, match="it is an input"):
        run([three[0], same], same.parent)
