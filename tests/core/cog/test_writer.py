"""Writing: cloud-optimised, whole or not there at all."""

from __future__ import annotations

import dataclasses
import itertools
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.cog import writer as writer_module
from firstlight.core.cog.geotiff_copy import copy_to_cog
from firstlight.core.cog.layout import CLASSIC_END
from firstlight.core.cog.raster_spec import RasterSpec, encode, integer_scale
from firstlight.core.cog.writer import CogWriter
from firstlight.core.errors import Cancelled, RasterError
from firstlight.core.raster.grid import Window, split_windows
from firstlight.core.types import Grid
from support.rasters import write_raster

GRID = Grid("EPSG:32632", (10.0, 0.0, 600000.0, 0.0, -10.0, 5200000.0), (700, 900))
VALUES = np.random.default_rng(1).random(GRID.shape, dtype=np.float32)
SPEC = RasterSpec(GRID, "float32", -9999.0, ("NDVI",), {"software": "FirstLight"}, block=64)


def write(path: Path, finish: bool = True, **kind: Any) -> None:
    with CogWriter(path, SPEC) as writer:
        for window in reversed(split_windows(GRID.shape, 256)):  # two spans a side
            part = VALUES[
                window.row : window.row + window.rows, window.col : window.col + window.cols
            ]
            writer.write(window, part)
        if finish:
            writer.finish(**kind)


def problems(path: Path) -> list[str]:
    """What GDAL's own checker finds wrong with a cloud-optimised GeoTIFF."""
    from osgeo import gdal

    checker = pytest.importorskip("osgeo_utils.samples.validate_cloud_optimized_geotiff")
    warnings, errors, _ = checker.validate(gdal.Open(str(path)), full_check=True)
    return [*warnings, *errors]


def test_what_was_put_in_comes_out_and_the_layout_is_right(tmp_path: Path) -> None:
    import rasterio

    write(tmp_path / "a.tif")
    assert problems(tmp_path / "a.tif") == []
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert np.array_equal(dataset.read(1), VALUES)
        assert dataset.nodata == -9999.0
        assert dataset.descriptions == ("NDVI",)
        assert dataset.tags()["software"] == "FirstLight"
        assert dataset.crs.to_epsg() == 32632
        assert tuple(dataset.transform)[:6] == GRID.transform
        assert dataset.overviews(1) == [2, 4, 8, 16]
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.compression.name == "zstd"
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_folders_are_made(tmp_path: Path) -> None:
    write(tmp_path / "x" / "y" / "a.tif")
    assert (tmp_path / "x" / "y" / "a.tif").is_file()


def test_without_finish_nothing_is_left(tmp_path: Path) -> None:
    write(tmp_path / "a.tif", finish=False)
    assert list(tmp_path.iterdir()) == []


def test_after_a_failure_nothing_is_left_and_the_older_file_stays(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("older")
    with pytest.raises(ZeroDivisionError), CogWriter(tmp_path / "a.tif", SPEC) as writer:  # noqa: PT012
        writer.write(Window(0, 0, 128, 128), VALUES[:128, :128])
        raise ZeroDivisionError
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.tif", "older")]


@pytest.mark.parametrize("after", [0, 1, 3])
def test_laying_out_can_be_stopped(tmp_path: Path, after: int) -> None:
    asked: list[float] = []

    def go_on(fraction: float) -> bool:
        asked.append(fraction)
        return len(asked) <= after

    with pytest.raises(Cancelled, match=r"Writing a\.tif"):
        write(tmp_path / "a.tif", on_progress=go_on)
    assert list(tmp_path.iterdir()) == []
    assert all(0 <= fraction <= 1 for fraction in asked)


def test_a_disk_that_loses_the_end_is_noticed_and_the_older_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written is read back before it gets its name."""
    (tmp_path / "a.tif").write_text("older")
    write_file = writer_module.write_file

    def lose_the_end(path: Path, *words: Any) -> bool:
        done = write_file(path, *words)
        os.truncate(path, path.stat().st_size - 1000)
        return done

    monkeypatch.setattr(writer_module, "write_file", lose_the_end)
    with pytest.raises(RasterError, match=r"^Writing .*a\.tif failed: .*Is the disk full\?"):
        write(tmp_path / "a.tif")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.tif", "older")]


def test_windows_may_come_from_many_threads(tmp_path: Path) -> None:
    import rasterio

    with CogWriter(tmp_path / "a.tif", SPEC) as writer:

        def put(windows: list[Window]) -> None:
            for w in windows:
                writer.write(w, VALUES[w.row : w.row + w.rows, w.col : w.col + w.cols])

        windows = split_windows(GRID.shape, 128)
        threads = [threading.Thread(target=put, args=(windows[n::4],)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.finish()
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert np.array_equal(dataset.read(1), VALUES)


def test_a_folder_that_cannot_be_made_is_named_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RasterError) as caught:
        CogWriter(tmp_path / "file" / "a.tif", SPEC)
    assert "Errno" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_a_raster_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(
        RasterError,
        match=r"Writing .*a\.tif failed: .*Is the folder there, writable and not full\?",
    ):
        CogWriter(tmp_path / "file" / "a.tif", SPEC)


def test_an_output_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.tif").mkdir()
    with pytest.raises(RasterError, match=r"Writing .*a\.tif failed"):
        write(tmp_path / "a.tif")


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RasterError, match=r"Writing .*b\.tif failed"):
        copy_to_cog(tmp_path / "nope.tif", tmp_path / "b.tif")
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from firstlight.core.raster.grid import Window
from firstlight.core.cog.raster_spec import RasterSpec
from firstlight.core.cog.writer import CogWriter
from firstlight.core.types import Grid
from firstlight.core.errors import FirstLightError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
grid = Grid("EPSG:32632", (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), (1024, 1024))
values = np.random.default_rng(1).random(grid.shape, dtype=np.float32)
folder = Path(sys.argv[1])
for share in sys.argv[2:]:
    size = int(float(share) * 5_200_000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        with CogWriter(folder / "a.tif", RasterSpec(grid, "float32", -9999.0, block=256)) as writer:
            for row in range(0, 1024, 512):
                for col in range(0, 1024, 512):
                    part = values[row : row + 512, col : col + 512]
                    writer.write(Window(row, col, 512, 512), part)
            writer.finish()
        print(share, "written", (folder / "a.tif").stat().st_size)
    except FirstLightError as error:
        print(share, "named", error.hint)
    except BaseException as error:
        print(share, "raw", type(error).__name__, error)
    left = sorted(p.name for p in folder.iterdir())
    if left and left != ["a.tif"]:
        print(share, "raw left", left)
    if left:
        import rasterio
        try:
            with rasterio.open(folder / "a.tif") as dataset:
                same = bool((dataset.read(1) == values).all())
        except Exception as error:
            same = f"unreadable {error}"
        print(share, "whole" if same is True else f"raw damaged under the final name: {same}")
        (folder / "a.tif").unlink()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_disk_that_fills_up_at_any_moment_leaves_nothing_or_a_whole_file(tmp_path: Path) -> None:
    shares = ["0.0001", "0.02", "0.3", "0.6", "0.7", "0.75", "0.8", "0.85", "0.9", "1.0", "2"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), *shares],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if " raw" in line] == [], done.stdout
    assert any("named Is the" in line for line in lines), done.stdout
    assert lines[-1] == "2 whole", done.stdout


@pytest.mark.parametrize(
    ("dtype", "nodata", "stored"),
    [
        ("float32", -9999.0, [0.25, -9999.0, -1.5]),
        ("int16", -32768, [0, -32768, -2]),
        ("uint8", 255, [0, 255, 3]),
    ],
)
def test_missing_values_become_nodata(dtype: str, nodata: float, stored: list[float]) -> None:
    last = 2.6 if dtype == "uint8" else -1.5
    got = encode(np.array([0.25, np.nan, last], np.float32), RasterSpec(GRID, dtype, nodata))
    assert got.dtype == dtype
    assert got.tolist() == stored


def test_integers_are_predicted_as_integers(tmp_path: Path) -> None:
    import rasterio

    write_raster(tmp_path / "a.tif")
    copy_to_cog(tmp_path / "a.tif", tmp_path / "b.tif", "NEAREST")
    with rasterio.open(tmp_path / "b.tif") as made, rasterio.open(tmp_path / "a.tif") as source:
        assert np.array_equal(made.read(), source.read())
        assert made.nodata == source.nodata
    assert problems(tmp_path / "b.tif") == []


def test_integers_stay_within_the_type_and_off_nodata() -> None:
    values = np.array([9.0, -9.0, 0.12346, np.nan, np.inf], np.float32)
    assert encode(values, RasterSpec(GRID, "int16", -32768, scale=0.0001)).tolist() == [
        32767,
        -32767,
        1235,
        -32768,
        -32768,
    ]
    assert encode(values, RasterSpec(GRID, "uint8", 0)).tolist() == [9, 1, 1, 0, 0]
    assert encode(
        np.array([300.0, 20.0], np.float32), RasterSpec(GRID, "uint8", 255, offset=10.0)
    ).tolist() == [254, 10]


@pytest.mark.parametrize(
    ("expected", "scale"),
    [((-1, 1), 0.0001), ((-2, 0.5), 0.001), ((0, 400), 0.1), ((0, 1), 0.0001)],
)
def test_integers_hold_twice_the_range_with_a_power_of_ten(
    expected: tuple[float, float], scale: float
) -> None:
    assert integer_scale(expected) == scale


def tree(path: Path) -> list[Any]:
    """The full resolution and all overviews, as GDAL reads them: (bands, rows, cols)."""
    from osgeo import gdal

    dataset = gdal.Open(str(path))
    bands = [dataset.GetRasterBand(index + 1) for index in range(dataset.RasterCount)]
    levels = [
        bands,
        *([band.GetOverview(n) for band in bands] for n in range(bands[0].GetOverviewCount())),
    ]
    return [np.stack([band.ReadAsArray() for band in level]) for level in levels]


def put(path: Path, spec: RasterSpec, values: Any, order: int = 1, **kind: Any) -> None:
    with CogWriter(path, spec) as writer:
        for w in split_windows(spec.grid.shape, spec.span)[::order]:
            writer.write(w, values[..., w.row : w.row + w.rows, w.col : w.col + w.cols])
        writer.finish(**kind)


def grid_of(shape: tuple[int, int]) -> Grid:
    return Grid(GRID.crs, GRID.transform, shape)


@rules(max_examples=20, deadline=None)
@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.sampled_from([16, 32, 64]),
    st.sampled_from(
        [("float32", -9999.0), ("int16", -32768.0), ("uint8", 0.0), ("uint16", 65535.0)]
    ),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.02, 0.6, 1.0]),
    st.sampled_from(["zstd", "deflate"]),
)
def test_any_raster_comes_out_as_it_went_in_with_overviews_that_are_means_of_fours(
    shape: tuple[int, int],
    block: int,
    kind: tuple[str, float],
    bands: int,
    share: float,
    compression: str,
) -> None:
    """Against the whole array, level by level, each from the one below it."""
    dtype, nodata = kind
    random = np.random.default_rng(shape[0])
    values = random.uniform(1, 200, (bands, *shape)).astype(dtype)
    values[random.random(values.shape) < share] = nodata
    names = [f"b{n}" for n in range(bands)]
    spec = RasterSpec(grid_of(shape), dtype, nodata, names, compression=compression, block=block)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tif"
        put(path, spec, values)
        other = Path(folder) / "b.tif"
        put(other, spec, values, order=-1)
        assert path.read_bytes() == other.read_bytes()
        assert problems(path) == []
        levels = tree(path)
    assert np.array_equal(levels[0], values)
    for below, level in itertools.pairwise(levels):
        odd = [(0, 0), (0, below.shape[1] % 2), (0, below.shape[2] % 2)]
        whole = np.pad(
            np.where(below == nodata, np.nan, below.astype(np.float64)), odd, constant_values=np.nan
        )
        fours = np.stack([whole[:, y::2, x::2] for y in (0, 1) for x in (0, 1)])
        seen = ~np.isnan(fours)
        truth = np.where(seen, fours, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        empty = ~seen.any(axis=0)
        assert np.array_equal(level == nodata, empty)
        assert np.abs(level.astype(np.float64) - truth)[~empty].max(initial=0) <= (
            1e-4 if dtype == "float32" else 0.5 + 1e-4
        )
    assert max(levels[-1].shape[1:]) <= block


@pytest.mark.parametrize(
    ("dtype", "nodata", "slack"), [("float32", -9999.0, 1e-6), ("int16", -32768.0, 4)]
)
def test_overviews_are_those_of_gdals_own_writer(
    tmp_path: Path, dtype: str, nodata: float, slack: float
) -> None:
    """``slack`` for int16: each level is rounded again, and GDAL rounds halves up."""
    shape = (1024, 2048)
    random = np.random.default_rng(5)
    values = (
        random.uniform(-1, 1, shape).astype(np.float32)
        if dtype == "float32"
        else random.integers(-999, 999, shape)
    )
    values = values.astype(dtype)
    values[random.random(shape) < 0.3] = nodata
    values[:200, :300] = nodata
    put(tmp_path / "ours.tif", RasterSpec(grid_of(shape), dtype, nodata), values)
    write_raster(tmp_path / "plain.tif", values, nodata=nodata)
    copy_to_cog(tmp_path / "plain.tif", tmp_path / "gdals.tif")
    ours, gdals = tree(tmp_path / "ours.tif"), tree(tmp_path / "gdals.tif")
    assert (
        [level.shape for level in ours]
        == [level.shape for level in gdals]
        == [(1, 1024, 2048), (1, 512, 1024), (1, 256, 512)]
    )
    for one, other in zip(ours, gdals):
        assert np.array_equal(one == nodata, other == nodata)
        assert np.abs(one.astype(np.float64) - other).max() <= slack


def test_classes_have_colours_names_and_overviews_of_classes(tmp_path: Path) -> None:
    from osgeo import gdal

    classes = np.random.default_rng(2).integers(0, 4, (100, 130), dtype=np.uint8)
    colors = {1: (255, 0, 0, 255), 3: (0, 0, 255, 128)}
    spec = RasterSpec(
        grid_of((100, 130)),
        "uint8",
        0,
        ("burned",),
        colors=colors,
        unit="class",
        resampling="nearest",
        block=32,
    )
    put(tmp_path / "a.tif", spec, classes)
    levels = tree(tmp_path / "a.tif")
    for below, level in itertools.pairwise(levels):
        assert np.array_equal(level, below[:, ::2, ::2])
    dataset = gdal.Open(str(tmp_path / "a.tif"))
    band = dataset.GetRasterBand(1)
    assert (band.GetDescription(), band.GetUnitType(), band.GetNoDataValue()) == (
        "burned",
        "class",
        0,
    )
    assert band.GetColorInterpretation() == gdal.GCI_PaletteIndex
    assert [band.GetColorTable().GetColorEntry(value)[:3] for value in colors] == [
        (255, 0, 0),
        (0, 0, 255),
    ]
    assert band.GetOverview(0).GetColorTable().GetColorEntry(1)[:3] == (255, 0, 0)
    assert problems(tmp_path / "a.tif") == []


def test_scaled_integers_say_how_they_are_scaled_and_their_statistics_are_gdals(
    tmp_path: Path,
) -> None:
    from osgeo import gdal

    values = (VALUES - 0.3).astype(np.float32)
    values[:50] = np.nan
    spec = RasterSpec(GRID, "int16", -32768, ("a",), scale=0.0001, offset=0.5, unit="dB", block=64)
    put(tmp_path / "a.tif", spec, encode(values, spec))
    dataset = gdal.Open(str(tmp_path / "a.tif"))
    band = dataset.GetRasterBand(1)
    assert (band.GetScale(), band.GetOffset(), band.GetUnitType()) == (0.0001, 0.5, "dB")
    stored = band.ReadAsArray()
    physical = stored * 0.0001 + 0.5
    assert np.nanmax(np.abs(np.where(stored == -32768, np.nan, physical) - values)) <= 0.000051
    told = [
        float(band.GetMetadataItem(f"STATISTICS_{name}"))
        for name in ("MINIMUM", "MAXIMUM", "MEAN", "STDDEV")
    ]
    assert told == pytest.approx(band.ComputeStatistics(False), rel=1e-12)
    assert float(band.GetMetadataItem("STATISTICS_VALID_PERCENT")) == pytest.approx(
        100 * 650 / 700, rel=1e-3
    )


def test_a_file_too_long_for_32_bits_becomes_bigtiff(tmp_path: Path) -> None:
    write(tmp_path / "big.tif", classic_end=100_000)
    write(tmp_path / "small.tif")
    assert (tmp_path / "big.tif").read_bytes()[:4] == b"II+\0"
    assert (tmp_path / "small.tif").read_bytes()[:4] == b"II*\0"
    assert problems(tmp_path / "big.tif") == []
    for big, small in zip(tree(tmp_path / "big.tif"), tree(tmp_path / "small.tif")):
        assert np.array_equal(big, small)


@pytest.mark.parametrize("kind", ["one band", "three bands", "classes", "bigtiff", "one block"])
def test_rio_cogeo_finds_nothing_wrong(tmp_path: Path, kind: str) -> None:
    cogeo = pytest.importorskip("rio_cogeo.cogeo", reason="rio-cogeo is not installed")
    bands = 3 if kind == "three bands" else 1
    shape = (40, 60) if kind == "one block" else (700, 900)
    values = (
        np.random.default_rng(4)
        .integers(0, 200, (bands, *shape))
        .astype(np.uint8 if kind == "classes" else np.float32)
    )
    spec = RasterSpec(grid_of(shape), values.dtype.name, 0, ["b"] * bands, block=64)
    if kind == "classes":
        spec = dataclasses.replace(spec, colors={1: (9, 9, 9, 255)}, resampling="nearest")
    put(tmp_path / "a.tif", spec, values, classic_end=1000 if kind == "bigtiff" else CLASSIC_END)
    assert cogeo.cog_validate(str(tmp_path / "a.tif"), strict=True) == (True, [], [])


@pytest.mark.parametrize(
    "crs", ["", "EPSG:4326", "EPSG:3857", "+proj=laea +lat_0=10 +lon_0=20 +datum=WGS84"]
)
def test_any_reference_system_or_none_is_kept(tmp_path: Path, crs: str) -> None:
    from osgeo import gdal, osr

    grid = Grid(crs, (0.5, 0.0, -3.25, 0.0, -0.25, 7.125), (40, 50))
    put(
        tmp_path / "a.tif",
        RasterSpec(grid, "float32", -9999.0, block=32),
        np.ones((40, 50), np.float32),
    )
    dataset = gdal.Open(str(tmp_path / "a.tif"))
    assert dataset.GetGeoTransform() == (-3.25, 0.5, 0.0, 7.125, 0.0, -0.25)
    wanted = osr.SpatialReference()
    wanted.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    if crs:
        wanted.SetFromUserInput(crs)
        assert dataset.GetSpatialRef().IsSame(wanted)
    else:
        assert dataset.GetSpatialRef() is None


def test_a_reference_system_that_is_none_is_named(tmp_path: Path) -> None:
    spec = RasterSpec(Grid("EPSG:0", GRID.transform, (4, 4)), "float32", -9999.0)
    with pytest.raises(RasterError, match=r"'EPSG:0' is no reference system|EPSG"):
        put(tmp_path / "a.tif", spec, np.ones((4, 4), np.float32))
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_never_came_is_an_error(tmp_path: Path) -> None:
    with CogWriter(tmp_path / "a.tif", SPEC) as writer:
        writer.write(Window(128, 0, 128, 128), VALUES[:128, :128])
        with pytest.raises(RasterError, match="the part at row 0, column 0 was never written"):
            writer.finish()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "window", [Window(64, 0, 128, 128), Window(0, 0, 100, 128), Window(640, 0, 128, 128)]
)
def test_windows_lie_on_the_lines_of_the_spans(tmp_path: Path, window: Window) -> None:
    with (
        CogWriter(tmp_path / "a.tif", SPEC) as writer,
        pytest.raises(ValueError, match="lines of 128 pixels"),
    ):
        writer.write(window, np.zeros((window.rows, window.cols), np.float32))


def test_a_window_of_which_only_a_part_came_is_not_taken_for_done(tmp_path: Path) -> None:
    first, both = Window(0, 0, 128, 128), Window(0, 0, 128, 256)
    with pytest.raises(Cancelled), CogWriter(tmp_path / "a.tif", SPEC, "key") as writer:  # noqa: PT012
        writer.write(first, VALUES[:128, :128])
        raise Cancelled
    with CogWriter(tmp_path / "a.tif", SPEC, "key") as writer:
        assert writer.has(first)
        assert not writer.has(both)


@pytest.mark.thorough
def test_a_resumed_file_has_the_bytes_of_one_that_was_not_stopped(tmp_path: Path) -> None:
    windows = split_windows(GRID.shape, SPEC.span)
    write(tmp_path / "whole.tif")
    for done in (0, 1, 5, len(windows) - 1, len(windows)):
        path = tmp_path / f"{done}.tif"
        with pytest.raises(ZeroDivisionError), CogWriter(path, SPEC, resume_key="k") as writer:  # noqa: PT012
            for w in windows[::-1][:done]:
                writer.write(w, VALUES[w.row : w.row + w.rows, w.col : w.col + w.cols])
            raise ZeroDivisionError
        assert not path.exists()
        with CogWriter(path, SPEC, resume_key="k") as writer:
            left = [w for w in windows if not writer.has(w)]
            assert len(left) == len(windows) - done
            for w in left:
                writer.write(w, VALUES[w.row : w.row + w.rows, w.col : w.col + w.cols])
            writer.finish()
        assert path.read_bytes() == (tmp_path / "whole.tif").read_bytes()
    assert all(p.suffix == ".tif" for p in tmp_path.iterdir())


@pytest.mark.parametrize(
    "change",
    [{"compression": "deflate"}, {"tags": {}}, {"nodata": -1.0}, {"grid": grid_of((700, 901))}],
)
def test_pieces_of_another_raster_are_not_taken_up(tmp_path: Path, change: dict[str, Any]) -> None:
    with (  # noqa: PT012
        pytest.raises(ZeroDivisionError),
        CogWriter(tmp_path / "a.tif", SPEC, resume_key="k") as writer,
    ):
        writer.write(Window(0, 0, 128, 128), VALUES[:128, :128])
        raise ZeroDivisionError
    with CogWriter(
        tmp_path / "a.tif", dataclasses.replace(SPEC, **change), resume_key="k"
    ) as writer:
        assert not writer.has(Window(0, 0, 128, 128))


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from firstlight.core.raster.grid import split_windows
from firstlight.core.cog.raster_spec import RasterSpec
from firstlight.core.cog.writer import CogWriter
from firstlight.core.types import Grid
grid = Grid("EPSG:32632", (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), (700, 900))
spec = RasterSpec(grid, "float32", -9999.0, block=64)
values = np.random.default_rng(1).random((700, 900), dtype=np.float32)
path, after = Path(sys.argv[1]), int(sys.argv[2])
with CogWriter(path, spec, resume_key="k") as writer:
    windows = [w for w in split_windows((700, 900), 128) if not writer.has(w)]
    print(len(windows), flush=True)
    for number, w in enumerate(windows):
        if number == after:
            os.kill(os.getpid(), signal.SIGKILL)
        writer.write(w, values[w.row : w.row + w.rows, w.col : w.col + w.cols])
    def told(done):
        return os.kill(os.getpid(), signal.SIGKILL) if after < 0 and done > 0.5 else True
    writer.finish(told)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_kill_leaves_no_layer_and_the_next_run_goes_on(tmp_path: Path) -> None:
    def start(after: int) -> tuple[int, str]:
        words = [sys.executable, "-c", KILLED, str(tmp_path / "a.tif"), str(after)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout.strip()

    assert start(20) == (-9, "48")
    assert not (tmp_path / "a.tif").exists()
    assert start(-1) == (-9, "28")  # killed in the middle of the layout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif.part", "a.tif.tiles.part"]
    assert start(99) == (0, "0")
    put(
        tmp_path / "b.tif",
        dataclasses.replace(
            SPEC,
            grid=Grid("EPSG:32632", (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), (700, 900)),
            tags={},
            band_names=("",),
        ),
        VALUES,
    )
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "b.tif"]
