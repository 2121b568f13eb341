"""Layers as chunks and a VRT: the same pixels, statistics and overviews as one file, on any engine,
after any interruption.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.algorithms.kernel import NOT_OBSERVED, Kernel, Layer, MapClass
from firstlight.core.cog.chunk_mosaic import chunk_side
from firstlight.core.errors import AlgorithmError, Cancelled, EngineError, RasterError
from firstlight.core.execution import chunks as chunks_module
from firstlight.core.execution.apply import Applied, apply_layers
from firstlight.core.execution.engine import Engine, SerialEngine
from firstlight.core.execution.layout import in_chunks
from firstlight.core.execution.threads import ThreadsEngine
from firstlight.core.files.chunk_folder import chunk_files
from firstlight.core.monitor import Event, Monitor, Progress, RecordingMonitor
from firstlight.core.raster.facts import check_raster
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.types import Grid
from support.rasters import noise
from support.run import run_operation, small_tiles
from support.stacks import write_stack
from support.thorough import few
from support.waiting import stop_at

SHAPE = (310, 300)
"""Blocks of 32, tiles of 64, chunks of 128 pixels: three by three, the last ones smaller."""


@pytest.fixture
def settings() -> Settings:
    return small_tiles(chunk_pixels=128 * 128)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A chunk without data, and holes on and off the lines of chunks."""
    red, nir = noise(SHAPE, 0), noise(SHAPE, 1)
    red[:128, 128:256] = 0
    red[120:140, 30:90] = 0
    nir[200:290, 250:300] = 0
    return write_stack(tmp_path, {"red": red, "nir": nir})


@dataclasses.dataclass(frozen=True)
class Both:
    """An index, and classes of it."""

    def __call__(self, values: Mapping[str, Any]) -> Any:
        red, nir = values["red"], values["nir"]
        index = (nir - red) / (nir + red)
        codes = np.where(index > 0.1, np.uint8(2), np.uint8(1))
        codes[np.isnan(index)] = NOT_OBSERVED
        return index, codes


CLASSES = (MapClass(1, "Little", (200, 180, 90)), MapClass(2, "Much", (20, 120, 30)))
BOTH = Kernel(
    "Both",
    {"red": "red", "nir": "nir"},
    Both(),
    (
        Layer("index", "Index", (-1.0, 1.0), ""),
        Layer("much", "Much", (0, NOT_OBSERVED), "", CLASSES),
    ),
    "",
)


def apply(
    stack: Path,
    outputs: list[Path],
    settings: Settings,
    kernel: Kernel = BOTH,
    engine: Engine | None = None,
    monitor: Monitor | None = None,
    resume: bool = False,
) -> Applied:
    with RasterReader(stack) as reader:
        names = {band.description: band.index for band in reader.facts.bands}
        return apply_layers(
            reader,
            names,
            kernel,
            outputs,
            settings,
            monitor or RecordingMonitor(),
            engine=engine,
            tags={"software": "FirstLight"},
            resume=resume,
        )


def outputs_in(folder: Path, suffix: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [folder / f"index{suffix}", folder / f"much{suffix}"]


@pytest.fixture
def single(stack: Path, tmp_path: Path, settings: Settings) -> tuple[list[Path], Applied]:
    """The same layers as one file each."""
    files = outputs_in(tmp_path / "single", ".tif")
    return files, apply(stack, files, settings, engine=SerialEngine())


def told(path: Path) -> dict[str, Any]:
    """All that GDAL tells of a raster: pixels, overviews, meaning."""
    from osgeo import gdal

    dataset = gdal.Open(str(path))
    bands = []
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)
        table = band.GetColorTable()
        bands.append(
            {
                "pixels": band.ReadAsArray().tobytes(),
                "nodata": band.GetNoDataValue(),
                "scale": band.GetScale() or 1.0,
                "offset": band.GetOffset() or 0.0,
                "unit": band.GetUnitType(),
                "name": band.GetDescription(),
                "type": band.DataType,
                "tags": band.GetMetadata(),
                "colors": [table.GetColorEntry(code)[:3] for code in (1, 2)] if table else None,
            }
        )
    return {
        "size": (dataset.RasterXSize, dataset.RasterYSize),
        "place": dataset.GetGeoTransform(),
        "crs": dataset.GetSpatialRef().GetAuthorityCode(None),
        "tags": {k: v for k, v in dataset.GetMetadata().items() if k != "AREA_OR_POINT"},
        "bands": bands,
    }


def pictures(path: Path) -> list[bytes]:
    """The raster made smaller, as a map asks for it, by each factor."""
    from osgeo import gdal

    dataset = gdal.Open(str(path))
    rows, cols = dataset.RasterYSize, dataset.RasterXSize
    band = dataset.GetRasterBand(1)
    sizes = [(-(-rows // factor), -(-cols // factor)) for factor in (4, 8)]
    return [
        band.ReadAsArray(0, 0, cols, rows, buf_xsize=size[1], buf_ysize=size[0]).tobytes()
        for size in sizes
    ]


@few(
    ("dtype", "engine"),
    [
        ("float32", SerialEngine()),
        ("int16", ThreadsEngine(3)),
        ("int16", SerialEngine()),
        ("float32", ThreadsEngine(3)),
    ],
    2,
    ids=["float32-serial", "int16-threads", "int16-serial", "float32-threads"],
)
def test_chunks_tell_the_same_as_one_file(
    stack: Path, tmp_path: Path, settings: Settings, engine: Engine, dtype: str
) -> None:
    settings = dataclasses.replace(settings, output_dtype=dtype)
    files = outputs_in(tmp_path / "single", ".tif")
    expected = apply(stack, files, settings, engine=SerialEngine())
    made = outputs_in(tmp_path / "chunks", ".vrt")
    got = apply(stack, made, settings, engine=engine)
    assert got.layers == expected.layers
    for one, other in zip(made, files):
        assert told(one) == told(other)
        assert pictures(one) == pictures(other)
        assert len(chunk_files(one)) == 9
        for file in chunk_files(one):
            check_raster(file)
    assert sorted(path.suffix for path in (tmp_path / "chunks").iterdir()) == [
        ".chunks",
        ".chunks",
        ".ovr",
        ".ovr",
        ".vrt",
        ".vrt",
    ]
    assert not list((tmp_path / "chunks").rglob("*.part"))


def test_the_overviews_of_the_whole_are_those_of_one_file(
    stack: Path, tmp_path: Path, settings: Settings, single: tuple[list[Path], Applied]
) -> None:
    from osgeo import gdal

    made = outputs_in(tmp_path / "chunks", ".vrt")
    apply(stack, made, settings)
    for one, other in zip(made, single[0]):
        both = [gdal.Open(str(path)) for path in (one, other)]  # bands live no longer than they
        small, large = (dataset.GetRasterBand(1) for dataset in both)
        levels = [large.GetOverview(number) for number in range(large.GetOverviewCount())]
        beyond = [level for level in levels if max(level.XSize, level.YSize) <= 310 // 4 + 1]
        assert small.GetOverviewCount() == len(beyond) == 3
        for number, level in enumerate(beyond):
            assert np.array_equal(small.GetOverview(number).ReadAsArray(), level.ReadAsArray())


class Killed(Exception):
    """The process is gone."""


class DiesAfter:
    """An engine whose process dies after so many chunks."""

    name = SerialEngine.name

    def __init__(self, count: int) -> None:
        self.count = count

    def run(self, work: Any, tiles: Any, stop: Any, take: Any = None) -> Any:
        for tile in tiles[: self.count]:
            take(tile, work(tile))
        raise Killed()


class Counting(SerialEngine):
    """Notes which chunks were written anew."""

    def run(self, work: Any, tiles: Any, stop: Any, take: Any = None) -> Any:
        self.written: list[str] = []
        write = type(work)._write
        written = self.written

        def note(self: Any, chunk: Any) -> Any:
            written.append(chunk)
            return write(self, chunk)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(work), "_write", note)
            return super().run(work, tiles, stop, take)


def test_a_run_that_died_goes_on_from_its_chunks(
    stack: Path, tmp_path: Path, settings: Settings, single: tuple[list[Path], Applied]
) -> None:
    made = outputs_in(tmp_path / "chunks", ".vrt")
    with pytest.raises(Killed):
        apply(stack, made, settings, engine=DiesAfter(5), resume=True)
    assert not any(path.exists() for path in made)
    engine = Counting()
    got = apply(stack, made, settings, engine=engine, resume=True)
    assert len(engine.written) == 4
    assert got.layers == single[1].layers
    assert [told(one) for one in made] == [told(one) for one in single[0]]


def test_a_harmed_or_another_run_s_chunk_is_made_anew(
    stack: Path, tmp_path: Path, settings: Settings, single: tuple[list[Path], Applied]
) -> None:
    made = outputs_in(tmp_path / "chunks", ".vrt")
    with pytest.raises(Killed):
        apply(stack, made, settings, engine=DiesAfter(5), resume=True)
    [folder, _] = sorted((tmp_path / "chunks").glob("*.chunks"))
    first, second, third = sorted(folder.glob("*.tif"))[:3]
    first.write_bytes(first.read_bytes()[:-10])
    second.unlink()
    third.with_name(f"{third.name}.facts.part").write_bytes(b'{"cut')
    engine = Counting()
    apply(stack, made, settings, engine=engine, resume=True)
    assert len(engine.written) == 4 + 3
    assert [told(one) for one in made] == [told(one) for one in single[0]]
    other = Counting()
    apply(
        stack, made, dataclasses.replace(settings, output_dtype="int16"), engine=other, resume=True
    )
    assert len(other.written) == 9


def test_a_failure_leaves_nothing_and_the_older_layer_as_it_was(
    stack: Path, tmp_path: Path, settings: Settings
) -> None:
    made = outputs_in(tmp_path / "chunks", ".vrt")
    apply(stack, made, settings)
    before = {
        path: path.read_bytes() for path in (tmp_path / "chunks").rglob("*") if path.is_file()
    }
    with pytest.raises(Killed):
        apply(stack, made, settings, engine=DiesAfter(5))
    assert contents(tmp_path / "chunks") == before
    assert len(list((tmp_path / "chunks").glob("*.chunks"))) == 2


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_newer_run_replaces_the_older_one_whole(
    stack: Path, tmp_path: Path, settings: Settings, single: tuple[list[Path], Applied]
) -> None:
    made = outputs_in(tmp_path / "chunks", ".vrt")
    apply(stack, made, settings, index_kernel_of_two())
    apply(stack, made, settings)
    assert [told(one) for one in made] == [told(one) for one in single[0]]
    assert len(list((tmp_path / "chunks").glob("*.chunks"))) == 2


def index_kernel_of_two() -> Kernel:
    """Other pixels in the same layers."""

    def other(values: Mapping[str, Any]) -> Any:
        index, codes = Both()({"red": values["nir"], "nir": values["red"]})
        return index, codes

    return dataclasses.replace(BOTH, compute=other)


def test_a_file_of_the_user_s_is_not_replaced(
    stack: Path, tmp_path: Path, settings: Settings
) -> None:
    made = outputs_in(tmp_path / "chunks", ".vrt")
    made[0].write_text("<VRTDataset/>")
    with pytest.raises(RasterError, match="a file of this name is there, and it is no layer in"):
        apply(stack, made, settings)
    assert made[0].read_text() == "<VRTDataset/>"


def test_a_stop_ends_within_a_tile_and_leaves_nothing(
    stack: Path, tmp_path: Path, settings: Settings
) -> None:
    made = outputs_in(tmp_path / "chunks", ".vrt")

    def is_second(event: Event) -> bool:
        return isinstance(event, Progress) and "chunk 2 of 9" in event.detail

    with pytest.raises(Cancelled), stop_at(is_second) as monitor:
        apply(stack, made, settings, engine=SerialEngine(), monitor=monitor)
    assert list((tmp_path / "chunks").iterdir()) == []


def test_work_for_a_run_that_is_over_stops_at_its_next_tile(
    stack: Path, tmp_path: Path, settings: Settings
) -> None:
    made = outputs_in(tmp_path / "chunks", ".vrt")
    begun: list[int] = []

    def end_it(values: Mapping[str, Any]) -> Any:
        begun.append(1)
        for mark in (tmp_path / "chunks").rglob(chunks_module.MARK):
            mark.unlink()
        return Both()(values)

    kernel = dataclasses.replace(BOTH, compute=end_it)
    with pytest.raises(EngineError, match="it is not seen here, or the run is over"):
        apply(stack, made, settings, kernel, engine=SerialEngine())
    assert len(begun) == 1


def test_a_chunk_that_a_worker_wrote_elsewhere_is_found_out(
    stack: Path, tmp_path: Path, settings: Settings
) -> None:
    made = outputs_in(tmp_path / "chunks", ".vrt")

    class Elsewhere(SerialEngine):
        def run(self, work: Any, tiles: Any, stop: Any, take: Any = None) -> Any:
            facts = work(tiles[0])
            work.layers[1].path(tiles[0], work.side).unlink()
            take(tiles[0], facts)

    with pytest.raises(EngineError, match="what a worker has written is not seen here") as caught:
        apply(stack, made, settings, engine=Elsewhere())
    assert "or write one file" in str(caught.value)


def test_what_fails_in_a_chunk_says_why(stack: Path, tmp_path: Path, settings: Settings) -> None:
    def fail(values: Mapping[str, Any]) -> Any:
        raise AlgorithmError("NDVI cannot be computed", "there is a reason")

    made = outputs_in(tmp_path / "chunks", ".vrt")
    with pytest.raises(AlgorithmError, match="there is a reason"):
        apply(stack, made, settings, dataclasses.replace(BOTH, compute=fail))
    assert list((tmp_path / "chunks").iterdir()) == []


@pytest.mark.thorough
@pytest.mark.parametrize("deep", [False, True])
def test_the_validator_takes_the_vrt(
    stack: Path, tmp_path: Path, settings: Settings, deep: bool
) -> None:
    made = outputs_in(tmp_path / "chunks", ".vrt")
    apply(stack, made[:1], settings, index_kernel("NDVI", ["red", "nir"]))
    apply(stack, [tmp_path / "ndvi.tif"], settings, index_kernel("NDVI", ["red", "nir"]))
    of_one = run_operation("validate", path=str(tmp_path / "ndvi.tif"), deep=deep).data
    of_chunks = run_operation("validate", path=str(made[0]), deep=deep).data
    assert of_chunks["is_valid"]
    assert {one["code"] for one in of_chunks["findings"]} == {
        one["code"] for one in of_one["findings"]
    }
    [missing, *_] = chunk_files(made[0])
    missing.rename(tmp_path / "elsewhere.tif")
    gone = run_operation("validate", path=str(made[0]), deep=deep).data
    assert not gone["is_valid"]
    assert missing.name in str(gone["findings"])


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, False),
        ({"engine": "cluster"}, True),
        ({"engine": "cluster", "layout": "cog"}, False),
        ({"layout": "chunks"}, True),
        ({"cluster": "tcp://x:1"}, False),
        ({"cluster": "tcp://x:1", "cluster_from_tiles": 4}, True),
        ({"engine": "cluster", "chunk_pixels": 4_000_000}, False),
    ],
)
def test_chunks_are_for_what_is_large_and_computed_elsewhere(
    chosen: dict[str, Any], expected: bool
) -> None:
    grid = Grid("EPSG:32633", (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), (2000, 2000))
    settings = dataclasses.replace(Settings(chunk_pixels=1024 * 1024), **chosen)
    assert in_chunks(grid, settings) == expected


@pytest.mark.parametrize(
    ("pixels", "span", "side"),
    [(8192 * 8192, 1024, 8192), (8192 * 8192 - 1, 1024, 4096), (1, 1024, 1024), (10**8, 96, 6144)],
)
def test_a_chunk_is_a_power_of_two_of_spans(pixels: int, span: int, side: int) -> None:
    assert chunk_side(pixels, span) == side
