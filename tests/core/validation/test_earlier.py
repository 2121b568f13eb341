"""Bands that were looked at before are not looked at again, as long as their files stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry, ValidationReport
from firstlight.core.validation import image_validator
from firstlight.core.validation.earlier import EarlierLooks
from firstlight.core.validation.image_validator import ValidationSpec, validate
from support.landscapes import landscape
from support.rasters import write_raster

S2 = Radiometry(0.0001, -0.1, 0.0, "reflectance", "as the item states")
FIRST, REST = ("nir", "swir16"), ("blue", "green", "red")
LAND = landscape("fields", 700, 5)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {
        name: write_raster(tmp_path / f"{name}.tif", (LAND[name] + 1000).round().astype(np.uint16))
        for name in (*FIRST, *REST)
    }


def stack(files: dict[str, Path], names: tuple[str, ...], path: Path) -> Path:
    create_band_stack({name: BandSource(files[name], radiometry=S2) for name in names}, path)
    return path


def look(path: Path, earlier: EarlierLooks | None) -> ValidationReport:
    spec = ValidationSpec(get_sensor("sentinel2"))
    return validate(path, spec, Settings(), RecordingMonitor(), earlier)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the bands that are really looked at."""
    names: list[str] = []
    really = image_validator.look_at_band

    def note(name: str, *args: Any) -> Any:
        names.append(name)
        return really(name, *args)

    monkeypatch.setattr(image_validator, "look_at_band", note)
    return names


def test_a_band_is_looked_at_once_and_found_the_same(
    files: dict[str, Path], tmp_path: Path, looked: list[str]
) -> None:
    maps = stack(files, FIRST, tmp_path / "maps.vrt")
    whole = stack(files, (*REST, *FIRST), tmp_path / "whole.vrt")
    alone = look(whole, None)
    looked.clear()
    earlier = EarlierLooks()
    assert look(maps, earlier).findings == ()
    both = look(whole, earlier)
    assert sorted(looked) == sorted((*FIRST, *REST))
    assert both.findings == alone.findings == ()
    assert both.bands == alone.bands
    for name, figures in alone.measured.items():
        for figure in ("nodata_percent", "p02", "p98", "shift_px"):
            assert both.measured[name][figure] == pytest.approx(figures[figure], abs=0.06)


def test_a_file_that_has_changed_is_looked_at_again(
    files: dict[str, Path], tmp_path: Path, looked: list[str]
) -> None:
    earlier = EarlierLooks()
    look(stack(files, FIRST, tmp_path / "maps.vrt"), earlier)
    whole = stack(files, (*REST, *FIRST), tmp_path / "whole.vrt")
    write_raster(files["nir"], np.full((700, 700), 3000, np.uint16))
    looked.clear()
    report = look(whole, earlier)
    assert sorted(looked) == sorted((*REST, "nir"))
    assert ("band_blank", "nir") in [(one.code, one.band) for one in report.findings]


def test_what_was_found_is_told_again_of_the_whole(tmp_path: Path, looked: list[str]) -> None:
    blank = {name: np.full((700, 700), 3000, np.uint16) for name in FIRST[:1]}
    files = {
        name: write_raster(
            tmp_path / f"{name}.tif",
            blank.get(name, (LAND[name] + 1000).round().astype(np.uint16)),
        )
        for name in (*FIRST, *REST)
    }
    earlier = EarlierLooks()
    assert not look(stack(files, FIRST, tmp_path / "maps.vrt"), earlier).ok
    looked.clear()
    report = look(stack(files, (*REST, *FIRST), tmp_path / "whole.vrt"), earlier)
    assert sorted(looked) == sorted((*REST, "nir"))
    assert [(one.code, one.band) for one in report.findings] == [("band_blank", "nir")]


def test_bands_on_another_grid_are_looked_at_again(
    files: dict[str, Path], tmp_path: Path, looked: list[str]
) -> None:
    earlier = EarlierLooks()
    look(stack(files, FIRST, tmp_path / "maps.vrt"), earlier)
    fine = (LAND["red"] + 1000).round().astype(np.uint16).repeat(2, 0).repeat(2, 1)
    files["red"] = write_raster(tmp_path / "fine.tif", fine, resolution=5.0)
    looked.clear()
    look(stack(files, ("red", *FIRST), tmp_path / "whole.vrt"), earlier)
    assert sorted(looked) == sorted(("red", *FIRST))
