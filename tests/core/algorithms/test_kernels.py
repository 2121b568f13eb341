"""Indices over whole stacks: every tile size and every engine gives the same bits, equal to double
precision.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.algorithms.expression import parse_formula
from firstlight.core.algorithms.indices import index_kernel, index_names
from firstlight.core.algorithms.kernel import Kernel, Layer
from firstlight.core.errors import AlgorithmError, Cancelled, InputError, RasterError
from firstlight.core.execution.engine import SerialEngine
from firstlight.core.execution.threads import ThreadsEngine
from firstlight.core.monitor import Event, Progress, RecordingMonitor
from firstlight.core.raster.grid import Window, split_windows
from firstlight.core.raster.reader import RasterReader
from firstlight.core.types import Radiometry
from support.range_server import Fault, FaultyServer
from support.rasters import noise, read_values, write_raster
from support.run import run_kernel, small_tiles
from support.stacks import LANDSAT, S2, write_stack
from support.waiting import PATIENCE_S, Gate, StopWhen, stop_at, wait_until

OLD_S2 = Radiometry(0.0001, 0.0, 0.0, "reflectance")
FORMULAS: dict[str, Callable[..., Any]] = {
    "NDVI": lambda nir, red: (nir - red) / (nir + red),
    "NDWI": lambda green, nir: (green - nir) / (green + nir),
    "MNDWI": lambda green, swir16: (green - swir16) / (green + swir16),
    "NDMI": lambda nir, swir16: (nir - swir16) / (nir + swir16),
    "NBR": lambda nir, swir22: (nir - swir22) / (nir + swir22),
    "EVI": lambda nir, red, blue: 2.5 * (nir - red) / (nir + 6 * red - 7.5 * blue + 1),
    "SAVI": lambda nir, red: (nir - red) / (nir + red + 0.5) * (1 + 0.5),
    "NDRE": lambda nir, rededge1: (nir - rededge1) / (nir + rededge1),
    "AWEInsh": lambda green, swir16, nir, swir22: (
        4 * (green - swir16) - (0.25 * nir + 2.75 * swir22)
    ),
    "AWEIsh": lambda blue, green, nir, swir16, swir22: (
        blue + 2.5 * green - 1.5 * (nir + swir16) - 0.25 * swir22
    ),
    "NDSI": lambda green, swir16: (green - swir16) / (green + swir16),
    "NBR2": lambda swir16, swir22: (swir16 - swir22) / (swir16 + swir22),
    "BAI": lambda red, nir: 1 / ((0.1 - red) ** 2 + (0.06 - nir) ** 2),
    "MIRBI": lambda swir16, swir22: 10 * swir22 - 9.8 * swir16 + 2,
}
BURNT_FOREST = {
    "blue": 0.05, "green": 0.06, "red": 0.08, "rededge1": 0.1, "nir": 0.16,
    "swir16": 0.2, "swir22": 0.24,
}  # fmt: skip
BY_HAND = {
    "NDVI": 0.08 / 0.24,
    "EVI": 0.2 / 1.265,
    "SAVI": 0.12 / 0.74,
    "NDRE": 0.06 / 0.26,
    "NDWI": -0.1 / 0.22,
    "MNDWI": -0.14 / 0.26,
    "AWEInsh": -0.56 - 0.7,
    "AWEIsh": 0.05 + 0.15 - 0.54 - 0.06,
    "NDMI": -0.04 / 0.36,
    "NDSI": -0.14 / 0.26,
    "NBR": -0.08 / 0.4,
    "NBR2": -0.04 / 0.44,
    "BAI": 1 / (0.0004 + 0.01),
    "MIRBI": 2.4 - 1.96 + 2,
}
"""Of that spectrum, each sum done on paper."""


def make_stack(
    folder: Path,
    radiometry: Radiometry = S2,
    shape: tuple[int, int] = (70, 90),
    low: int = 1200,
    **pixels: Any,
) -> Path:
    """A stack of noise with some nodata, on one grid."""
    names = pixels or dict.fromkeys(("green", "red", "nir", "swir16", "swir22", "blue", "rededge1"))
    bands = {
        name: noise(shape, seed, low, 9000, gaps=0.05) if data is None else data
        for seed, (name, data) in enumerate(names.items())
    }
    return write_stack(folder, bands, radiometry)


def stored(folder: Path, name: str) -> Any:
    import rasterio

    with rasterio.open(folder / f"{name}.tif") as dataset:
        return dataset.read(1)


@pytest.mark.thorough
@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(
    "rule", [S2, OLD_S2, LANDSAT], ids=["Sentinel-2", "Sentinel-2 before 2022", "Landsat"]
)
def test_every_index_equals_double_precision_within_a_millionth(
    tmp_path: Path, name: str, rule: Radiometry
) -> None:
    stack = make_stack(tmp_path, rule, low=8000 if rule is LANDSAT else 1200)
    with RasterReader(stack) as reader:
        kernel = index_kernel(name, [band.description for band in reader.facts.bands])
    run_kernel(stack, tmp_path / "o.tif", kernel)
    got = read_values(tmp_path / "o.tif")
    raw = {argument: stored(tmp_path, band) for argument, band in kernel.bands.items()}
    with np.errstate(all="ignore"):
        truth = FORMULAS[name](
            **{a: data.astype(np.float64) * rule.scale + rule.offset for a, data in raw.items()}
        )
    missing = np.any([data == 0 for data in raw.values()], axis=0)
    assert np.array_equal(np.isnan(got), missing)
    # near a zero of the divisor only as many digits are left: the error grows with the square
    pole = np.maximum(1, truth**2) if name in ("BAI", "EVI") else 1
    assert np.nanmax((np.abs(got - truth) / pole)[~missing]) < (3e-5 if name == "EVI" else 3e-6)


@pytest.mark.parametrize("name", BY_HAND)
def test_an_index_of_one_spectrum_by_hand(name: str) -> None:
    kernel = index_kernel(name, BURNT_FOREST)
    [made] = kernel.run(
        {band: np.full((1, 1), value, np.float32) for band, value in BURNT_FOREST.items()}
    )
    assert made[0, 0] == pytest.approx(BY_HAND[name], rel=1e-5)
    low, high = kernel.layers[0].range
    assert low <= made[0, 0] <= high


def test_all_indices_are_tested_above() -> None:
    assert set(index_names()) == set(FORMULAS) == set(BY_HAND)


@pytest.mark.parametrize("name", [name for name in FORMULAS if name not in ("EVI", "BAI")])
def test_a_range_is_what_reflectance_of_0_to_1_gives(name: str) -> None:
    """Every corner of the cube; in between none of them has an extreme."""
    kernel = index_kernel(name, BURNT_FOREST)
    corners = np.array(np.meshgrid(*[[0.0, 1.0]] * len(kernel.bands))).reshape(
        len(kernel.bands), -1
    )
    with np.errstate(all="ignore"):
        values = FORMULAS[name](**dict(zip(kernel.bands, corners)))
    assert kernel.layers[0].range == pytest.approx((np.nanmin(values), np.nanmax(values)))


@rules(max_examples=12, deadline=None)
@given(
    st.integers(1, 150),
    st.integers(1, 150),
    st.sampled_from([64, 65, 100, 128]),
    st.sampled_from(["serial", "dask"]),
)
def test_tiles_make_no_difference(rows: int, cols: int, tile: int, engine: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stack = make_stack(folder, shape=(rows, cols), red=None, nir=None)
        whole = run_kernel(
            stack, folder / "whole.tif", engine=SerialEngine(), settings=small_tiles(16384)
        )
        tiled = run_kernel(
            stack,
            folder / "tiled.tif",
            engine=SerialEngine() if engine == "serial" else ThreadsEngine(2),
            settings=small_tiles(tile),
        )
        assert np.array_equal(
            read_values(folder / "whole.tif"), read_values(folder / "tiled.tif"), equal_nan=True
        )
        assert (tiled.pixels, tiled.observed, tiled.inside) == (
            whole.pixels,
            whole.observed,
            whole.inside,
        )
        assert (tiled.low, tiled.high) == (whole.low, whole.high)
        assert tiled.total == pytest.approx(whole.total, rel=1e-12, abs=1e-12)


def test_every_engine_gives_the_same_bits_and_the_same_statistics(tmp_path: Path) -> None:
    stack = make_stack(tmp_path, shape=(300, 310))
    results = [
        run_kernel(stack, tmp_path / f"{n}.tif", engine=e)
        for n, e in enumerate([SerialEngine(), ThreadsEngine(1), ThreadsEngine(4)])
    ]
    assert results[0] == results[1] == results[2]
    files = [(tmp_path / f"{n}.tif").read_bytes() for n in range(3)]
    assert files[0] == files[1] == files[2]


def test_statistics_are_those_of_the_layer(tmp_path: Path) -> None:
    stack = make_stack(tmp_path)
    told = run_kernel(stack, tmp_path / "o.tif").to_dict()
    values = read_values(tmp_path / "o.tif")
    seen = values[~np.isnan(values)].astype(np.float64)
    inside = seen[(seen >= -1) & (seen <= 1)]
    assert told["pixels"] == values.size
    assert told["observed_pixels"] == seen.size
    assert told["observed_percent"] == pytest.approx(100 * seen.size / values.size)
    assert (told["min"], told["max"]) == (inside.min(), inside.max())
    assert told["mean"] == pytest.approx(inside.mean(), abs=1e-9)


def test_values_outside_the_range_stay_in_the_layer_and_out_of_the_mean(tmp_path: Path) -> None:
    red = np.array([[500, 3000], [0, 3000]], np.uint16)  # reflectance -0.05: NDVI 3 with nir 0.1
    nir = np.array([[2000, 5000], [2000, 5000]], np.uint16)
    told = run_kernel(make_stack(tmp_path, red=red, nir=nir), tmp_path / "o.tif").to_dict()
    values = read_values(tmp_path / "o.tif")
    assert values[0, 0] == pytest.approx(3.0, abs=1e-5)
    assert np.isnan(values[1, 0])
    assert told["outside_range_percent"] == pytest.approx(100 / 3)
    assert told["max"] == pytest.approx((0.4 - 0.2) / (0.4 + 0.2))
    assert told["observed_percent"] == 75.0


def test_a_stack_without_any_data_has_no_statistics(tmp_path: Path) -> None:
    empty = np.zeros((20, 20), np.uint16)
    told = run_kernel(make_stack(tmp_path, red=empty, nir=empty), tmp_path / "o.tif").to_dict()
    assert (told["min"], told["max"], told["mean"], told["observed_percent"]) == (
        None,
        None,
        None,
        0.0,
    )
    assert np.isnan(read_values(tmp_path / "o.tif")).all()


@pytest.mark.parametrize(
    ("have", "chosen"), [(("red", "nir", "nir08"), "nir"), (("red", "nir08"), "nir08")]
)
def test_near_infrared_is_landsats_where_there_is_no_other(
    have: tuple[str, ...], chosen: str
) -> None:
    kernel = index_kernel(" ndvi ", have)
    assert kernel.bands == {"nir": chosen, "red": "red"}
    assert kernel.name == "NDVI"


def test_a_missing_band_is_named() -> None:
    with pytest.raises(AlgorithmError) as caught:
        index_kernel("NBR", ["red", "green"])
    assert str(caught.value) == (
        "NBR cannot be computed: the stack has no band nir or nir08 (it has red, green). NBR = "
        "(nir - swir22) / (nir + swir22)."
    )
    with pytest.raises(AlgorithmError, match=r"\(it has no named band\)"):
        index_kernel("NDVI", [])


@pytest.mark.parametrize(
    ("name", "hint"), [("NDVY", "Did you mean NDVI"), ("xyz", "Known: NDVI, EVI")]
)
def test_an_unknown_index_offers_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(
        InputError, match=f"Index '{name}' cannot be used: it is not known"
    ) as caught:
        index_kernel(name, ["red"])
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    "engine",
    [SerialEngine(), ThreadsEngine(1), ThreadsEngine(3)],
    ids=["serial", "dask 1", "dask 3"],
)
def test_an_engine_keeps_the_order_and_raises_the_first_failure(engine: Any) -> None:
    tiles = split_windows((50, 50), 10)
    assert engine.run(lambda tile: (tile.row, tile.col), tiles, threading.Event()) == [
        (t.row, t.col) for t in tiles
    ]
    assert engine.run(lambda tile: tile, [], threading.Event()) == []

    def fail(tile: Window) -> None:
        raise RasterError("Reading", f"tile {tile.row}")

    with pytest.raises(RasterError, match="Reading: tile"):
        engine.run(fail, tiles, threading.Event())


@pytest.mark.parametrize("engine", [SerialEngine(), ThreadsEngine(2)], ids=["serial", "dask"])
def test_an_engine_stops_early(engine: Any) -> None:
    stop = threading.Event()
    begun: list[Window] = []

    def work(tile: Window) -> None:
        begun.append(tile)
        stop.set()

    with pytest.raises(Cancelled):
        engine.run(work, split_windows((100, 100), 10), stop)
    assert len(begun) < 10


def kernel_that(compute: Callable[[Any], Any]) -> Kernel:
    return Kernel(
        "TEST", {"red": "red"}, compute, (Layer("TEST", "Test", (-1.0, 1.0), "ndvi"),), "none"
    )


def of_tile(number: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, Progress) and f"tile {number} of" in event.detail


def test_a_stop_leaves_nothing_and_no_tile_is_begun_after_it(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    stack = make_stack(tmp_path, shape=(400, 400), red=None)
    begun: list[int] = []

    def compute(values: Any) -> Any:
        begun.append(1)
        return values["red"]

    with pytest.raises(Cancelled), stop_at(of_tile(3)) as monitor:
        run_kernel(
            stack,
            tmp_path / "out" / "o.tif",
            kernel_that(compute),
            engine=SerialEngine(),
            monitor=monitor,
        )
    assert len(begun) == 3
    assert list((tmp_path / "out").iterdir()) == []


def test_a_stop_while_the_layer_is_laid_out_leaves_nothing(tmp_path: Path) -> None:
    stack = make_stack(tmp_path, shape=(100, 100), red=None)

    def writes(event: Event) -> bool:
        return isinstance(event, Progress) and "writing" in event.message

    with pytest.raises(Cancelled), stop_at(writes) as monitor:
        run_kernel(stack, tmp_path / "o.tif", kernel_that(lambda v: v["red"]), monitor=monitor)
    assert not (tmp_path / "o.tif").exists()


def test_a_stop_that_comes_when_all_is_done_gives_the_result(tmp_path: Path) -> None:
    """Heard on the calling thread, which is held until the layer is there."""
    stack = make_stack(tmp_path, shape=(100, 100), red=None)

    class Late(RecordingMonitor):
        def emit(self, event: Any) -> None:
            super().emit(event)
            if isinstance(event, Progress) and "writing" in event.message:
                wait_until((tmp_path / "o.tif").exists)
                self.cancel()

    run_kernel(stack, tmp_path / "o.tif", kernel_that(lambda v: v["red"]), monitor=Late())
    assert (tmp_path / "o.tif").exists()


def test_a_kernel_that_hangs_does_not_hold_up_the_end(tmp_path: Path) -> None:
    stack = make_stack(tmp_path, shape=(100, 100), red=None)
    with Gate() as gate:
        came_back = threading.Event()

        def hang(values: Any) -> Any:
            gate.pass_through()
            came_back.set()
            return values["red"]

        with pytest.raises(Cancelled):
            run_kernel(
                stack, tmp_path / "o.tif", kernel_that(hang), monitor=StopWhen(gate.reached.is_set)
            )
        assert gate.is_held
    assert came_back.wait(PATIENCE_S)
    assert not (tmp_path / "o.tif").exists()


def test_a_failure_in_a_tile_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    stack = make_stack(tmp_path, red=None)

    def fail(values: Any) -> Any:
        raise AlgorithmError("TEST", "it cannot be")

    with pytest.raises(AlgorithmError):
        run_kernel(stack, tmp_path / "out" / "o.tif", kernel_that(fail))
    assert list((tmp_path / "out").iterdir()) == []


def test_progress_reaches_the_end_and_never_goes_back(tmp_path: Path) -> None:
    monitor = RecordingMonitor()
    run_kernel(
        make_stack(tmp_path, shape=(300, 300)),
        tmp_path / "o.tif",
        monitor=monitor,
        engine=SerialEngine(),
    )
    steps: Sequence[float] = [e.fraction for e in monitor.events if isinstance(e, Progress)]
    assert list(steps) == sorted(steps)
    assert steps[-1] == pytest.approx(1.0)


@dataclasses.dataclass(frozen=True)
class Mean:
    """The mean over a square of pixels, NaN where any of them is missing: a kernel that looks at
    its neighbours.
    """

    reach: int

    def __call__(self, values: Any) -> Any:
        red = np.pad(values["red"], self.reach, constant_values=np.nan)
        rows, cols = values["red"].shape
        size = 2 * self.reach + 1
        return np.mean(
            [red[y : y + rows, x : x + cols] for y in range(size) for x in range(size)], axis=0
        )


@pytest.mark.thorough
@rules(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(1, 140), st.integers(1, 140)),
    st.integers(1, 70),
    st.sampled_from([64, 128]),
    st.sampled_from([0.0, 0.01]),
    st.integers(0, 99),
)
def test_a_halo_makes_tiles_as_good_as_the_whole(
    shape: tuple[int, int], halo: int, tile: int, share: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    data = random.integers(1200, 9000, shape, dtype=np.uint16)
    data[random.random(shape) < share] = 0
    reach = min(halo, 3)
    kernel = dataclasses.replace(kernel_that(Mean(reach)), halo=halo)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stack = make_stack(folder, red=data)
        with RasterReader(stack) as reader:
            whole = reader.read(1, Window(0, 0, *shape))
        run_kernel(stack, folder / "o.tif", kernel, settings=small_tiles(tile))
        assert np.array_equal(
            read_values(folder / "o.tif"),
            Mean(reach)({"red": whole}).astype(np.float32),
            equal_nan=True,
        )


def test_without_a_halo_such_a_kernel_would_be_wrong_at_the_seams(tmp_path: Path) -> None:
    stack = make_stack(tmp_path, shape=(100, 100), red=None)
    run_kernel(stack, tmp_path / "right.tif", dataclasses.replace(kernel_that(Mean(1)), halo=1))
    run_kernel(stack, tmp_path / "wrong.tif", kernel_that(Mean(1)))
    assert not np.array_equal(
        read_values(tmp_path / "right.tif"), read_values(tmp_path / "wrong.tif"), equal_nan=True
    )


def test_every_pixel_is_computed_once(tmp_path: Path) -> None:
    counted: list[int] = []

    def count(values: Any) -> Any:
        counted.append(values["red"].size)
        return values["red"]

    run_kernel(
        make_stack(tmp_path, shape=(150, 170), red=None), tmp_path / "o.tif", kernel_that(count)
    )
    assert sum(counted) == 150 * 170
    assert len(counted) == 9


@pytest.mark.parametrize("name", ["NDVI", "NBR"])
def test_scaled_integers_hold_the_same_values_to_four_digits(tmp_path: Path, name: str) -> None:
    import rasterio

    stack = make_stack(tmp_path)
    with RasterReader(stack) as reader:
        kernel = index_kernel(name, [band.description for band in reader.facts.bands])
    floats = run_kernel(stack, tmp_path / "f.tif", kernel)
    integers = run_kernel(
        stack,
        tmp_path / "i.tif",
        kernel,
        settings=small_tiles(output_dtype="int16", compression="deflate"),
    )
    with rasterio.open(tmp_path / "i.tif") as dataset:
        assert (dataset.dtypes[0], dataset.nodata, dataset.scales[0], dataset.compression.name) == (
            "int16",
            -32768,
            0.0001,
            "deflate",
        )
        values = np.where(
            dataset.read(1) == dataset.nodata, np.nan, dataset.read(1) * dataset.scales[0]
        )
    truth = read_values(tmp_path / "f.tif")
    assert np.array_equal(np.isnan(values), np.isnan(truth))
    assert np.nanmax(np.abs(values - truth)) < 0.000051
    assert (integers.observed, integers.pixels) == (floats.observed, floats.pixels)
    assert integers.low == pytest.approx(floats.low, abs=0.000051)
    assert integers.total / integers.inside == pytest.approx(floats.total / floats.inside, abs=1e-5)


@pytest.mark.thorough
def test_a_stopped_run_goes_on_from_its_finished_tiles(tmp_path: Path) -> None:
    stack = make_stack(tmp_path, shape=(300, 310))
    run_kernel(stack, tmp_path / "whole.tif")
    with pytest.raises(Cancelled), stop_at(of_tile(9)) as monitor:
        run_kernel(stack, tmp_path / "o.tif", engine=SerialEngine(), monitor=monitor, resume=True)
    assert not (tmp_path / "o.tif").exists()
    seen: list[int] = []

    class Counting(SerialEngine):
        def run(self, work: Any, tiles: Any, stop: Any, take: Any = None) -> Any:
            seen.append(len(tiles))
            return super().run(work, tiles, stop, take)

    told = run_kernel(stack, tmp_path / "o.tif", engine=Counting(), resume=True)
    assert seen == [16]
    assert (tmp_path / "o.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()
    assert told == run_kernel(stack, tmp_path / "again.tif")
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("change", ["input", "kernel", "radiometry", "bare function"])
def test_tiles_of_other_work_are_not_taken_up(tmp_path: Path, change: str) -> None:
    stack = make_stack(tmp_path, shape=(100, 100), red=None)
    first: Any = kernel_that(Mean(1))
    if change == "bare function":
        first = kernel_that(lambda values: values["red"])

    class Stops(SerialEngine):
        def run(self, work: Any, tiles: Any, stop: Any, take: Any = None) -> Any:
            super().run(work, tiles[:2], stop, take)
            raise AlgorithmError("TEST", "it stops here")

    seen: list[int] = []

    class Counting(SerialEngine):
        def run(self, work: Any, tiles: Any, stop: Any, take: Any = None) -> Any:
            seen.append(len(tiles))
            return super().run(work, tiles, stop, take)

    with pytest.raises(AlgorithmError):
        run_kernel(stack, tmp_path / "o.tif", first, engine=Stops(), resume=True)
    if change == "input":
        write_raster(tmp_path / "red.tif", np.full((100, 100), 3000, np.uint16))
    if change == "radiometry":
        make_stack(tmp_path / "other", OLD_S2, shape=(100, 100), red=None)
        stack.write_text((tmp_path / "other" / "s.vrt").read_text())
    second = kernel_that(Mean(2)) if change == "kernel" else first
    run_kernel(stack, tmp_path / "o.tif", second, engine=Counting(), resume=True)
    assert seen == [4]
    with pytest.raises(AlgorithmError):  # and the other way round: with nothing changed they are
        run_kernel(stack, tmp_path / "o.tif", kernel_that(Mean(1)), engine=Stops(), resume=True)
    run_kernel(stack, tmp_path / "o.tif", kernel_that(Mean(1)), engine=Counting(), resume=True)
    assert seen == [4, 2]


def test_tags_are_written(tmp_path: Path) -> None:
    import rasterio

    run_kernel(make_stack(tmp_path), tmp_path / "o.tif", tags={"item_id": "one"})
    with rasterio.open(tmp_path / "o.tif") as dataset:
        assert dataset.tags()["item_id"] == "one"
        assert dataset.descriptions == ("NDVI",)


def test_a_formula_is_a_kernels_function() -> None:
    values = {"nir": np.array([[0.5]], np.float32), "red": np.array([[0.1]], np.float32)}
    kernel = index_kernel("NDVI", ["nir", "red"])
    assert np.array_equal(
        kernel.compute(values), parse_formula("(nir - red) / (nir + red)")(values)
    )


LEFT_BEHIND = """
import sys, threading
from pathlib import Path
from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.errors import Cancelled
from firstlight.core.execution.apply import apply_layers
from firstlight.core.gdal.environment import RemoteOptions
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
folder, monitor = Path(sys.argv[1]), RecordingMonitor()
monitor.cancelled = (folder / "stop").exists
before = set(threading.enumerate())
try:
    with RasterReader(folder / "slow.vrt", remote=RemoteOptions()) as reader:
        ndvi = index_kernel("NDVI", ["red", "nir"])
        apply_layers(reader, {"red": 1, "nir": 2}, ndvi, [folder / "o.tif"], Settings(), monitor)
except Cancelled:
    print("stopped", flush=True)
    for thread in set(threading.enumerate()) - before:
        thread.join()  # what was left behind comes back
    print("alive", (folder / "o.tif").exists())
"""


@pytest.mark.thorough
def test_a_stop_while_a_read_takes_long_does_not_crash_the_process(tmp_path: Path) -> None:
    """A read that outlasts the grace after a stop and comes back then; the process survives it."""
    with FaultyServer(tmp_path / "served") as server, Gate() as gate:
        bands = ""
        for number, name in enumerate(("red", "nir"), start=1):
            write_raster(tmp_path / "served" / f"{name}.tif", noise((600, 600)))
            server.break_next(f"{name}.tif", Fault(gate=gate))
            href = f"/vsicurl/{server.url(f'{name}.tif')}"
            size = '<SourceProperties RasterXSize="600" RasterYSize="600" DataType="UInt16"/>'
            named = (
                '<SourceFilename relativeToVRT="0" '
                f'shared="0">{href}</SourceFilename><SourceBand>1</SourceBand>'
            )
            source = f"<SimpleSource>{named}{size}</SimpleSource>"
            bands += (
                '<VRTRasterBand dataType="UInt16" '
                f'band="{number}"><Description>{name}</Description>{source}</VRTRasterBand>'
            )
        text = (
            '<VRTDataset rasterXSize="600" '
            f'rasterYSize="600"><SRS>EPSG:32632</SRS>{bands}</VRTDataset>'
        )
        (tmp_path / "slow.vrt").write_text(text, encoding="utf-8")
        words = [sys.executable, "-c", LEFT_BEHIND, str(tmp_path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            assert gate.reached.wait(PATIENCE_S)
            (tmp_path / "stop").touch()
            assert running.stdout.readline() == "stopped\n"
            assert gate.is_held, "it did not wait for the read"
            gate.open()
            out, _ = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, out) == (0, "alive False\n")
