"""Writing: cloud-optimised, whole or not there at all."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import Cancelled, RasterError
from firstlight.core.raster.grid import Window, split_windows
from firstlight.core.raster.writer import CogWriter, RasterSpec, copy_to_cog, encode
from firstlight.core.types import Grid
from support.rasters import write_raster

GRID = Grid("EPSG:32632", (10.0, 0.0, 600000.0, 0.0, -10.0, 5200000.0), (700, 900))
VALUES = np.random.default_rng(1).random(GRID.shape, dtype=np.float32)
SPEC = RasterSpec(GRID, "float32", -9999.0, ("NDVI",), {"software": "FirstLight"})


def write(path: Path, finish: bool = True, **kind: Any) -> None:
    with CogWriter(path, SPEC) as writer:
        for window in reversed(split_windows(GRID.shape, 256)):
            part = VALUES[window.row : window.row + window.rows, window.col : window.col + window.cols]
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
        assert dataset.overviews(1)
        assert dataset.crs.to_epsg() == 32632
        assert tuple(dataset.transform)[:6] == GRID.transform
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
        writer.write(Window(0, 0, 10, 10), VALUES[:10, :10])
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


def test_windows_may_come_from_many_threads(tmp_path: Path) -> None:
    import rasterio

    with CogWriter(tmp_path / "a.tif", SPEC) as writer:

        def put(windows: list[Window]) -> None:
            for w in windows:
                writer.write(w, VALUES[w.row : w.row + w.rows, w.col : w.col + w.cols])

        windows = split_windows(GRID.shape, 100)
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
    with pytest.raises(RasterError, match=r"Writing .*a\.tif failed: .*Is the folder there, writable and not full\?"):
        CogWriter(tmp_path / "file" / "a.tif", SPEC)


def test_an_output_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.tif").mkdir()
    with pytest.raises(RasterError, match=r"Writing .*a\.tif failed"):
        write(tmp_path / "a.tif")


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RasterError, match=r"Writing .*b\.tif failed"):
        copy_to_cog(tmp_path / "nope.tif", tmp_path / "b.tif.part", tmp_path / "b.tif")
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from firstlight.core.raster.writer import *
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
        with CogWriter(folder / "a.tif", RasterSpec(grid, "float32", -9999.0)) as writer:
            for row in range(0, 1024, 512):
                for col in range(0, 1024, 512):
                    writer.write(Window(row, col, 512, 512), values[row : row + 512, col : col + 512])
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
        [sys.executable, "-c", LIMITED, str(tmp_path), *shares], capture_output=True, text=True, timeout=120, check=False
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
    got = encode(np.array([0.25, np.nan, last], np.float32), dtype, nodata)
    assert got.dtype == dtype
    assert got.tolist() == stored


def test_integers_are_predicted_as_integers(tmp_path: Path) -> None:
    import rasterio

    write_raster(tmp_path / "a.tif")
    copy_to_cog(tmp_path / "a.tif", tmp_path / "b.part", tmp_path / "b.tif", "NEAREST")
    with rasterio.open(tmp_path / "b.tif") as made, rasterio.open(tmp_path / "a.tif") as source:
        assert np.array_equal(made.read(), source.read())
        assert made.nodata == source.nodata
    assert problems(tmp_path / "b.tif") == []
