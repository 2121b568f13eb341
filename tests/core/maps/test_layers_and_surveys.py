"""Kernels of several layers and kernels that survey the raster first: any tiling and engine gives
what the whole array gives.
"""

from __future__ import annotations

import dataclasses
import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.algorithms.burn import BurnSeverity
from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.algorithms.kernel import NOT_OBSERVED, Kernel, Layer, MapClass
from firstlight.core.algorithms.radar_water.squares import Cut
from firstlight.core.algorithms.sar_water import WaterMap, radar_water_kernel
from firstlight.core.errors import AlgorithmError
from firstlight.core.execution.apply import Applied, apply_layers
from firstlight.core.execution.engine import SerialEngine
from firstlight.core.execution.threads import ThreadsEngine
from firstlight.core.monitor import Progress, RecordingMonitor
from firstlight.core.raster.pixel_area import pixel_area_m2
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.types import Grid
from support.rasters import noise, write_raster


@dataclasses.dataclass(frozen=True)
class MeanAndClass:
    """The mean over a square, and whether the pixel lies above its surroundings: two layers that
    look at their neighbours.
    """

    reach: int

    def __call__(self, values: Any) -> Any:
        red = np.pad(values["red"], self.reach, constant_values=np.nan)
        rows, cols = values["red"].shape
        size = 2 * self.reach + 1
        mean = np.mean(
            [red[y : y + rows, x : x + cols] for y in range(size) for x in range(size)], axis=0
        )
        codes = (values["red"] > mean).astype(np.uint8)
        codes[np.isnan(mean)] = NOT_OBSERVED
        return mean.astype(np.float32), codes


@dataclasses.dataclass(frozen=True)
class AboveMedian:
    """1 where a pixel lies above the level."""

    level: float = -1.0

    def __call__(self, values: Any) -> Any:
        codes = (values["red"] > self.level).astype(np.uint8)
        codes[np.isnan(values["red"])] = NOT_OBSERVED
        return codes


@dataclasses.dataclass(frozen=True)
class HistogramSurvey:
    """Counts every number 0..999; settles on the median."""

    def tally(self, values: Any) -> Any:
        seen = values["red"][~np.isnan(values["red"])]
        return np.bincount(seen.astype(np.int64), minlength=1000)

    def settle(self, total: Any) -> AboveMedian:
        TOTALS.append(total)
        return AboveMedian(float(np.searchsorted(np.cumsum(total), (total.sum() + 1) // 2)))


TOTALS: list[Any] = []
BINARY = Layer(
    "above",
    "Above",
    (0, 255),
    "water",
    (MapClass(0, "no", (1, 2, 3)), MapClass(1, "yes", (200, 20, 30))),
)


def two_layers(reach: int) -> Kernel:
    return Kernel(
        "TWO",
        {"red": "red"},
        MeanAndClass(reach),
        (Layer("mean", "Mean", (0, 1000), "ndvi"), BINARY),
        "none",
        reach,
    )


def surveyed() -> Kernel:
    return Kernel(
        "MEDIAN", {"red": "red"}, AboveMedian(), (BINARY,), "none", survey=HistogramSurvey()
    )


def apply(
    raster: Path,
    kernel: Kernel,
    outputs: list[Path],
    engine: Any = None,
    tile: int = 64,
    **more: Any,
) -> Applied:
    settings = dataclasses.replace(Settings(), tile_size=tile, workers=2)
    with RasterReader(raster) as reader:
        monitor = more.pop("monitor", RecordingMonitor())
        return apply_layers(
            reader, {"red": 1}, kernel, outputs, settings, monitor, engine=engine, **more
        )


def stored(path: Path) -> Any:
    import rasterio

    with rasterio.open(path) as dataset:
        return dataset.read(1)


def truth(data: Any) -> Any:
    return np.where(data == 0, np.nan, data).astype(np.float32)


@pytest.mark.thorough
@rules(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(1, 140), st.integers(1, 140)),
    st.integers(1, 3),
    st.sampled_from([64, 128]),
    st.sampled_from([0.0, 0.02]),
    st.integers(0, 99),
)
def test_several_layers_from_tiles_are_those_of_the_whole(
    shape: tuple[int, int], reach: int, tile: int, share: float, seed: int
) -> None:
    data = noise(shape, seed, 1, 1000, share)
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / "mean.tif", Path(name) / "above.tif"]
        applied = apply(
            write_raster(Path(name) / "red.tif", data), two_layers(reach), paths, tile=tile
        )
        mean, codes = MeanAndClass(reach)({"red": truth(data)})
        assert np.array_equal(
            np.where(stored(paths[0]) == -9999, np.nan, stored(paths[0])), mean, equal_nan=True
        )
        assert np.array_equal(stored(paths[1]), codes)
        counted = {
            code: pixels for code, (pixels, _) in applied.layers[1].classes.items() if pixels
        }
        assert counted == dict(
            zip(*(part.tolist() for part in np.unique(codes, return_counts=True)))
        )


@rules(max_examples=10, deadline=None)
@given(
    st.tuples(st.integers(1, 150), st.integers(1, 150)),
    st.sampled_from([64, 100, 128]),
    st.booleans(),
    st.integers(0, 99),
)
def test_a_survey_sees_every_pixel_once(
    shape: tuple[int, int], tile: int, threads: bool, seed: int
) -> None:
    data = noise(shape, seed, 1, 1000, 0.2)
    data[0, 0] = 7  # so that something is observed
    TOTALS.clear()
    with tempfile.TemporaryDirectory() as name:
        engine = ThreadsEngine(2) if threads else SerialEngine()
        applied = apply(
            write_raster(Path(name) / "red.tif", data),
            surveyed(),
            [Path(name) / "o.tif"],
            engine,
            tile,
        )
        seen = data[data > 0]
        assert np.array_equal(TOTALS[0], np.bincount(seen, minlength=1000))
        assert applied.kernel.compute == AboveMedian(float(np.sort(seen)[(seen.size + 1) // 2 - 1]))
        assert applied.kernel.survey is None
        assert np.array_equal(
            stored(Path(name) / "o.tif"), applied.kernel.compute({"red": truth(data)})
        )


def test_every_engine_writes_the_same_bytes(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "red.tif", noise((300, 310), 0, 1, 1000, 0.1))
    engines = [SerialEngine(), ThreadsEngine(1), ThreadsEngine(4)]
    made = [
        apply(raster, two_layers(2), [tmp_path / f"{n}m.tif", tmp_path / f"{n}c.tif"], one)
        for n, one in enumerate(engines)
    ]
    assert made[0] == made[1] == made[2]
    for letter in "mc":
        assert len({(tmp_path / f"{n}{letter}.tif").read_bytes() for n in range(3)}) == 1


def test_a_class_layer_has_colours_names_and_nearest_overviews(tmp_path: Path) -> None:
    import rasterio

    data = np.full((600, 600), 5, np.uint16)
    data[::2, ::2] = 900  # one of four: their mean would be the other class
    apply(write_raster(tmp_path / "red.tif", data), surveyed(), [tmp_path / "o.tif"])
    with rasterio.open(tmp_path / "o.tif") as dataset:
        assert (dataset.dtypes[0], dataset.nodata) == ("uint8", 255)
        assert dataset.colormap(1)[1] == (200, 20, 30, 255)
        assert dataset.tags()["class_1"] == "yes"
        assert dataset.overviews(1)
        small = dataset.read(
            1,
            out_shape=(
                dataset.height // dataset.overviews(1)[0],
                dataset.width // dataset.overviews(1)[0],
            ),
        )
        assert (small == 1).all()


def test_a_layer_may_insist_on_floating_point(tmp_path: Path) -> None:
    kernel = two_layers(1)
    layers = (dataclasses.replace(kernel.layers[0], dtype="float32"), kernel.layers[1])
    settings = dataclasses.replace(Settings(), output_dtype="int16", workers=1)
    with RasterReader(
        write_raster(tmp_path / "red.tif", noise((30, 30), 0, 1, 1000, 0.1))
    ) as reader:
        for number, one in enumerate([kernel, dataclasses.replace(kernel, layers=layers)]):
            paths = [tmp_path / f"{number}m.tif", tmp_path / f"{number}c.tif"]
            apply_layers(reader, {"red": 1}, one, paths, settings, RecordingMonitor())
    assert [stored(tmp_path / f"{n}m.tif").dtype.name for n in (0, 1)] == ["int16", "float32"]
    assert stored(tmp_path / "0c.tif").dtype.name == "uint8"


def test_progress_of_a_survey_and_its_tiles_never_goes_back(tmp_path: Path) -> None:
    monitor = RecordingMonitor()
    raster = write_raster(tmp_path / "red.tif", noise((300, 300), 0, 1, 1000, 0.1))
    apply(raster, surveyed(), [tmp_path / "o.tif"], SerialEngine(), monitor=monitor)
    steps = [event.fraction for event in monitor.events if isinstance(event, Progress)]
    assert steps == sorted(steps)
    assert steps[-1] == pytest.approx(1.0)
    assert (
        sum("survey" in event.message for event in monitor.events if isinstance(event, Progress))
        == 25
    )


def test_an_interrupted_run_of_two_layers_goes_on_and_ends_in_the_same_bytes(
    tmp_path: Path,
) -> None:
    raster = write_raster(tmp_path / "red.tif", noise((300, 310), 0, 1, 1000, 0.1))
    whole = [tmp_path / "wm.tif", tmp_path / "wc.tif"]
    paths = [tmp_path / "m.tif", tmp_path / "c.tif"]
    told = apply(raster, two_layers(1), whole)

    class Stops(SerialEngine):
        def run(self, work: Any, tiles: Any, stop: Any, take: Any = None) -> Any:
            super().run(work, tiles[:6], stop, take)
            raise AlgorithmError("TEST", "it stops here")

    seen: list[int] = []

    class Counting(SerialEngine):
        def run(self, work: Any, tiles: Any, stop: Any, take: Any = None) -> Any:
            seen.append(len(tiles))
            return super().run(work, tiles, stop, take)

    with pytest.raises(AlgorithmError):
        apply(raster, two_layers(1), paths, Stops(), resume=True)
    assert not any(path.exists() for path in paths)
    assert apply(raster, two_layers(1), paths, Counting(), resume=True) == told
    assert seen == [25 - 6]
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in whole]


@pytest.mark.parametrize(
    "kernel",
    [
        index_kernel("NDVI", ["red", "nir"]),
        radar_water_kernel(WaterMap(("vv",), {"post": Cut(-16.0, "fixed")}, "lee"), "otsu"),
        BurnSeverity("rbr", ("pre.scl",)),
    ],
    ids=["index", "water", "burn"],
)
def test_kernels_can_be_sent_to_another_process_and_say_what_they_do(kernel: Any) -> None:
    assert pickle.loads(pickle.dumps(kernel)) == kernel
    assert " at 0x" not in repr(kernel)


def test_a_pixel_in_metres_feet_and_degrees() -> None:
    metres = Grid("EPSG:32632", (10.0, 0.0, 6e5, 0.0, -20.0, 5e6), (10, 10))
    assert pixel_area_m2(metres, 0, 10) == pytest.approx(200.0)
    feet = Grid("EPSG:2225", (10.0, 0.0, 6e6, 0.0, -10.0, 2e6), (10, 10))  # US survey feet
    assert pixel_area_m2(feet, 0, 10) == pytest.approx(100 * (1200 / 3937) ** 2)
    assert pixel_area_m2(Grid("", (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (9, 9)), 0, 9) is None


@dataclasses.dataclass(frozen=True)
class CellSurvey:
    """Counts the squares that it gets, whole or not."""

    cell: int

    def tally(self, values: Any) -> Any:
        rows, cols = values["red"].shape
        return np.array([-(-rows // self.cell) * -(-cols // self.cell), rows * cols])

    def settle(self, total: Any) -> AboveMedian:
        TOTALS.append(total)
        return AboveMedian(0.0)


@pytest.mark.parametrize("cell", [1, 48, 64, 100, 300])
@pytest.mark.parametrize("tile", [64, 96, 1024])
def test_no_square_of_a_survey_is_cut(tmp_path: Path, cell: int, tile: int) -> None:
    shape = (333, 250)
    kernel = dataclasses.replace(surveyed(), survey=CellSurvey(cell), cell=cell)
    apply(
        write_raster(tmp_path / "red.tif", noise(shape, 0, 1, 1000, 0.1)),
        kernel,
        [tmp_path / "o.tif"],
        tile=tile,
    )
    rows, cols = (-(-size // cell) for size in shape)
    assert TOTALS[-1].tolist() == [rows * cols, shape[0] * shape[1]]


@pytest.mark.parametrize("latitude", [-89.0, -33.0, 0.0, 45.0, 70.0])
def test_a_pixel_in_degrees_has_the_area_that_the_ellipsoid_gives(latitude: float) -> None:
    """Against the meridian's and the parallel's radius of curvature, integrated over 1000
    slices.
    """
    grid = Grid("EPSG:4326", (0.5, 0.0, 10.0, 0.0, -0.5, latitude + 0.5), (2, 4))
    a, e2 = 6378137.0, 0.0066943799901413165
    angle = np.radians(latitude - 0.5 + (np.arange(1000) + 0.5) / 1000)
    root = 1 - e2 * np.sin(angle) ** 2
    strip = a * (1 - e2) / root**1.5 * a * np.cos(angle) / root**0.5
    assert pixel_area_m2(grid, 0, 2) == pytest.approx(
        strip.mean() * np.radians(1) * np.radians(0.5) / 2, rel=1e-6
    )


def test_the_whole_ellipsoid() -> None:
    whole = Grid("EPSG:4326", (1.0, 0.0, -180.0, 0.0, -1.0, 90.0), (180, 360))
    found = pixel_area_m2(whole, 0, 180)
    assert found is not None
    assert found * 180 * 360 == pytest.approx(
        510065621724088.4, rel=1e-9
    )  # GRS80's and WGS84's surface in m²


def test_areas_follow_the_latitude(tmp_path: Path) -> None:
    data = np.full((1500, 64), 1, np.uint16)
    data[:64] = 900
    raster = write_raster(
        tmp_path / "red.tif", data, epsg=4326, resolution=0.04, origin=(10.0, 70.0)
    )
    found = apply(raster, surveyed(), [tmp_path / "o.tif"]).layers[0].classes
    north = pixel_area_m2(Grid("EPSG:4326", (0.04, 0.0, 10.0, 0.0, -0.04, 70.0), (1500, 64)), 0, 64)
    assert north is not None
    assert found[1] == (64 * 64, pytest.approx(64 * 64 * north))


@dataclasses.dataclass(frozen=True)
class NeighbourhoodSurvey:
    """How often the sum of a square has each last digit; what lies in the halo is not counted."""

    reach: int

    def tally(self, values: Any) -> Any:
        red = np.nan_to_num(values["red"])
        size = 2 * self.reach + 1
        rows, cols = (side - 2 * self.reach for side in red.shape)
        sums = sum(red[y : y + rows, x : x + cols] for y in range(size) for x in range(size))
        return np.bincount(sums.astype(np.int64).ravel() % 10, minlength=10)

    def settle(self, total: Any) -> AboveMedian:
        return AboveMedian(float(total @ (7 ** np.arange(10))))


@pytest.mark.parametrize("tile", [64, 128])
def test_a_survey_that_looks_at_neighbours_counts_each_pixel_once(
    tmp_path: Path, tile: int
) -> None:
    data = noise((150, 100), 3, 1, 1000, 0.1)
    raster = write_raster(tmp_path / "a.tif", data)
    kernel = Kernel(
        "SQUARES",
        {"red": "red"},
        AboveMedian(),
        (BINARY,),
        "none",
        halo=2,
        survey=NeighbourhoodSurvey(2),
        survey_halo=2,
    )
    made = apply(raster, kernel, [tmp_path / "o.tif"], tile=tile).kernel.compute
    whole = NeighbourhoodSurvey(2).tally({"red": np.pad(truth(data), 2, constant_values=np.nan)})
    assert whole.sum() == data.size
    assert made == NeighbourhoodSurvey(2).settle(whole)


@pytest.mark.parametrize("tile", [64, 128])
def test_the_functions_halo_is_not_the_surveys(tmp_path: Path, tile: int) -> None:
    """Else pixels at the tiles' seams are counted twice, and squares begin in the halo."""
    data = noise((150, 100), 3, 1, 1000, 0.1)
    raster = write_raster(tmp_path / "a.tif", data)
    kernel = Kernel(
        "SQUARES",
        {"red": "red"},
        AboveMedian(),
        (BINARY,),
        "none",
        halo=3,
        survey=NeighbourhoodSurvey(0),
        cell=50,
    )
    made = apply(raster, kernel, [tmp_path / "o.tif"], tile=tile).kernel.compute
    assert made == NeighbourhoodSurvey(0).settle(NeighbourhoodSurvey(0).tally({"red": truth(data)}))
