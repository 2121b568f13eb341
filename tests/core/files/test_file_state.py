"""What was found out of a file holds as long as it, and what lies beside it, stays as it is."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from firstlight.core.errors import FirstLightError, ValidationError, VRTSourceNotFoundError
from firstlight.core.files.file_state import UNSETTLED_NS, Remembered, file_state
from firstlight.core.raster import facts, open_file, sidecars
from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.reader import RasterReader
from firstlight.core.raster.vrt_sources import check_vrt_sources
from firstlight.core.stack.band_stack import create_band_stack
from support.rasters import write_raster

NAMING = '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">x</MDI></Metadata>'


def settle() -> None:
    """Wait until files written before count as unchanged since."""
    time.sleep(2 * UNSETTLED_NS / 1e9)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The rasters whose headers were read."""
    paths: list[Path] = []
    real = open_file.open_described

    def noted(path: Path) -> object:
        paths.append(path)
        return real(path)

    monkeypatch.setattr(facts, "open_described", noted)
    return paths


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The rasters whose own metadata were looked at."""
    paths: list[Path] = []
    real = sidecars.check_metadata

    def noted(path: Path) -> None:
        paths.append(path)
        real(path)

    monkeypatch.setattr("firstlight.core.raster.vrt_sources.check_metadata", noted)
    return paths


def test_a_settled_file_is_looked_into_and_opened_once(
    tmp_path: Path, opened: list[Path], looked: list[Path]
) -> None:
    path = write_raster(tmp_path / "red.tif")
    settle()
    first = read_facts(path)
    assert read_facts(path) == first
    with RasterReader(path) as raster:
        assert raster.facts == first
    assert opened == [path]
    assert looked == [path]


def test_a_stack_is_looked_into_once_with_all_its_bands(tmp_path: Path, looked: list[Path]) -> None:
    bands = {name: write_raster(tmp_path / f"{name}.tif") for name in ("red", "nir")}
    stack = create_band_stack(bands, tmp_path / "s.vrt").path
    settle()
    first = check_vrt_sources(stack)
    looked.clear()
    assert check_vrt_sources(stack) is first
    assert looked == []


def test_nothing_is_kept_of_what_changed_just_now(tmp_path: Path) -> None:
    path, memory = write_raster(tmp_path / "red.tif"), Remembered[int](2)
    settle()
    later = time.time_ns() + 3600 * 10**9  # it may change again without a change of its time
    os.utime(path, ns=(later, later))
    memory.keep("x", {path: file_state(path)}, 1)
    assert memory.recall("x") is None


@pytest.mark.parametrize("way", ["in place", "renamed"])
def test_an_exchange_shows_though_size_and_time_are_kept(way: str, tmp_path: Path) -> None:
    path = write_raster(tmp_path / "red.tif", nodata=7, compress="none")
    other = write_raster(tmp_path / "other.tif", nodata=8, compress="none")
    before = path.stat()
    settle()
    assert read_facts(path).bands[0].radiometry.nodata == 7
    assert other.stat().st_size == before.st_size
    if way == "in place":
        shutil.copyfile(other, path)
    else:
        os.replace(other, path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read_facts(path).bands[0].radiometry.nodata == 8


@pytest.mark.parametrize("name", ["red.tif.aux.xml", "red.tif.ovr", "red.tif.OvR", "red.TIF.msk"])
def test_what_comes_to_lie_beside_a_known_file_is_looked_at(name: str, tmp_path: Path) -> None:
    path = write_raster(tmp_path / "red.tif")
    settle()
    read_facts(path)
    state = file_state(path)
    (tmp_path / name).write_text(f"{NAMING}</PAMDataset>")
    assert file_state(path) != state


@pytest.mark.parametrize("name", ["red.tif.aux.xml", "red.tif.ovr"])
def test_a_sidecar_that_names_a_file_is_refused_after_a_first_look(
    name: str, tmp_path: Path
) -> None:
    path = write_raster(tmp_path / "red.tif")
    stack = create_band_stack({"red": path}, tmp_path / "s.vrt").path
    settle()
    read_facts(path)
    check_vrt_sources(stack)
    (tmp_path / name).write_text(f"{NAMING}</PAMDataset>")
    for look in (read_facts, check_vrt_sources):
        with pytest.raises(ValidationError):
            look(path if look is read_facts else stack)


def test_notes_changed_in_place_are_looked_at(tmp_path: Path) -> None:
    path, notes = write_raster(tmp_path / "red.tif"), tmp_path / "red.tif.aux.xml"
    harmless = "<PAMDataset></PAMDataset>"
    bad = f"{NAMING}</PAMDataset>"
    notes.write_text(harmless + " " * (len(bad) - len(harmless)))
    settle()
    read_facts(path)
    notes.write_text(bad)
    with pytest.raises(FirstLightError, match="OVERVIEW_FILE"):
        read_facts(path)


def test_a_source_of_a_known_stack_that_goes_or_changes_is_seen(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "bands" / "red.tif")
    stack = create_band_stack({"red": path}, tmp_path / "s.vrt").path
    settle()
    check_vrt_sources(stack)
    path.write_bytes(b"<html>an error page</html>")
    with pytest.raises(ValidationError, match="not pixels"):
        check_vrt_sources(stack)
    path.unlink()
    with pytest.raises(VRTSourceNotFoundError):
        check_vrt_sources(stack)


def test_each_library_reads_for_itself(
    tmp_path: Path, opened: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from firstlight.core.gdal.reading_osgeo import OsgeoReading
    from firstlight.core.gdal.reading_rasterio import RasterioReading

    path = write_raster(tmp_path / "red.tif")
    settle()
    for library in (OsgeoReading, RasterioReading, OsgeoReading):
        for module in (facts, open_file):
            monkeypatch.setattr(module, "reading", library)
        read_facts(path)
    assert opened == [path, path]


def test_only_the_last_are_kept(tmp_path: Path) -> None:
    memory: Remembered[int] = Remembered(2)
    files = [write_raster(tmp_path / f"{number}.tif") for number in range(3)]
    settle()
    for number, file in enumerate(files):
        memory.keep(file, {file: file_state(file)}, number)
    assert [memory.recall(file) for file in files] == [None, 1, 2]


def test_a_folder_that_is_a_raster_is_never_known(tmp_path: Path) -> None:
    memory: Remembered[int] = Remembered(2)
    settle()
    memory.keep("x", {tmp_path: file_state(tmp_path)}, 1)
    assert memory.recall("x") is None
