"""A VRT from elsewhere that shows rasters of other folders: told, before the map is passed on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.files import made_here
from firstlight.core.files.made_here import is_made_here, note_made_here
from firstlight.core.files.user_folder import own_cache
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.borrowed import borrowed_files
from support.rasters import noise, write_raster
from support.run import run_operation

SAID = "was not made by FirstLight on this computer, and shows pixels of files outside its folder"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def bands(folder: Path) -> dict[str, BandSource]:
    names = ("red", "nir", "swir22")
    return {
        name: BandSource(write_raster(folder / f"{name}.tif", noise((40, 40), seed, 300, 4000)))
        for seed, name in enumerate(names)
    }


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """As another computer's user would send it, who knows where the rasters lie."""
    create_band_stack(bands(tmp_path / "mine"), tmp_path / "sent.vrt")
    sent = tmp_path / "inbox" / "sent.vrt"
    sent.parent.mkdir()
    text = (tmp_path / "sent.vrt").read_text()
    text = text.replace('relativeToVRT="1"', 'relativeToVRT="0"')
    for name in ("red", "nir", "swir22"):
        text = text.replace(f">mine/{name}.tif", f">{tmp_path / 'mine' / name}.tif")
    sent.write_text(text)
    return sent


def test_a_foreign_vrt_is_told_by_every_operation_first(foreign: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    index = run_operation("index", name="NDVI", stack=foreign, output=out / "n.tif")
    stack = run_operation(
        "stack", sensor="sentinel2", band=(f"nir={foreign}#1",), output=out / "again.vrt"
    )
    water = run_operation("burn-severity", pre=foreign, post=own(tmp_path), output=out / "b")
    for result in (index, stack, water):
        assert SAID in result.warnings[0]
        assert str(tmp_path / "mine" / "nir.tif") in result.warnings[0]
    assert any(SAID in warning for warning in water.json_data()["warnings"])


def own(tmp_path: Path) -> Path:
    stack = tmp_path / "stacks" / "own.vrt"
    if not stack.exists():
        stack.parent.mkdir()
        create_band_stack(bands(tmp_path / "own"), stack)
    return stack


def test_a_stack_that_was_made_here_is_quiet(tmp_path: Path, home: Path) -> None:
    stack = own(tmp_path)
    assert borrowed_files(stack) == []
    copy = shutil.copy(stack, tmp_path / "stacks" / "copy.vrt")
    assert borrowed_files(copy) == [], "its text counts, not its name"
    (home / "firstlight" / made_here.NAME).unlink()
    assert SAID in borrowed_files(stack)[0]


def test_one_letter_more_is_another_text(tmp_path: Path) -> None:
    stack = own(tmp_path)
    stack.write_text(stack.read_text() + " ")
    assert SAID in borrowed_files(stack)[0]


def test_files_below_its_folder_are_its_own(tmp_path: Path, home: Path) -> None:
    create_band_stack(bands(tmp_path / "scene"), tmp_path / "scene" / "s.vrt")
    shutil.copytree(tmp_path / "scene", tmp_path / "moved")
    assert borrowed_files(tmp_path / "moved" / "s.vrt") == []
    assert borrowed_files(tmp_path / "scene" / "red.tif") == []
    assert not (home / "firstlight" / made_here.NAME).exists(), "nothing is noted without need"


def test_a_link_in_the_place_of_the_list_is_not_believed(tmp_path: Path, home: Path) -> None:
    stack = own(tmp_path)
    notes = home / "firstlight" / made_here.NAME
    notes.rename(tmp_path / "forged.txt")
    notes.symlink_to(tmp_path / "forged.txt")
    assert not is_made_here(stack)


def test_the_list_stays_small_and_keeps_the_newest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(made_here, "MOST_BYTES", 1000)
    texts = [str(number).encode() for number in range(100)]
    for text in texts:
        note_made_here(text)
        note_made_here(text)
    notes = own_cache() / made_here.NAME
    lines = notes.read_text().splitlines()
    assert len(lines) == len(set(lines)) < 1000 / 65 + 2
    assert {len(line) for line in lines} == {64}
    kept = tmp_path / "kept"
    kept.write_bytes(texts[-1])
    assert is_made_here(kept)


def test_without_a_home_it_is_told_once_more_than_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert SAID in borrowed_files(own(tmp_path))[0]


def test_many_files_are_not_all_named(tmp_path: Path) -> None:
    sources = {
        name: BandSource(write_raster(tmp_path / "far" / f"{name}.tif", np.ones((4, 4), np.uint16)))
        for name in ("blue", "green", "red", "nir", "swir16")
    }
    stack = tmp_path / "s" / "s.vrt"
    stack.parent.mkdir()
    create_band_stack(sources, stack)
    stack.write_text(stack.read_text() + "\n")
    [told] = borrowed_files(stack)
    assert told.count(".tif") == 3
    assert "…" in told
