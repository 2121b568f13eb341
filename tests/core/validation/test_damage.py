"""The damage suite: each way in which a stack can be spoilt is found, named after its band, and
nothing else is.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.types import ValidationReport
from firstlight.core.validation.checks import CHECKS
from firstlight.core.validation.image_validator import ValidationSpec, validate
from support.damage import BANDS, SUITE, Damage, by_name, make_scene
from support.thorough import few

SENSOR = get_sensor("sentinel2")


def look(stack: Path, depth: str = "quick", **settings: object) -> ValidationReport:
    spec = ValidationSpec(SENSOR, SENSOR.required, BANDS)
    return validate(
        stack,
        spec,
        dataclasses.replace(Settings(), validation_depth=depth, **settings),
        RecordingMonitor(),
    )


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a stack without fault, with the sums that the downloader would have recorded."""
    folder = tmp_path_factory.mktemp("sound")
    make_scene(folder)
    record = {
        name: {"sha256": hashlib.sha256((folder / f"{name}.tif").read_bytes()).hexdigest()}
        for name in BANDS
    }
    (folder / "bands.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


@pytest.fixture
def copied(sound: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    folder = tmp_path / "scene"
    folder.mkdir()
    for file in sound.iterdir():
        if file.name == "nir.tif" or file.suffix != ".tif":
            shutil.copy(file, folder)
        else:
            os.link(file, folder / file.name)
    return folder


def caught(damage: Damage, report: ValidationReport) -> bool:
    return any(
        f.code in damage.codes
        and f.severity in ("error", "warning")
        and damage.band in (f.band, None)
        for f in report.findings
    )


@pytest.mark.thorough
@pytest.mark.parametrize("depth", ["quick", "deep"])
def test_the_sound_stack_has_no_finding(sound: Path, depth: str) -> None:
    report = look(sound / "scene_stack.vrt", depth)
    assert report.findings == ()
    assert report.depth == depth
    assert report.bands == BANDS


@pytest.mark.thorough
@pytest.mark.parametrize("damage", SUITE, ids=lambda damage: damage.name)
def test_damage_is_found(copied: Path, damage: Damage) -> None:
    damage.spoil(copied)
    depth = "deep" if damage.deep_only else "quick"
    report = look(copied / damage.target, depth)
    assert caught(damage, report), [f.to_dict() for f in report.findings]
    assert {f.code for f in report.findings} <= set(CHECKS)
    for finding in report.findings:
        assert finding.sentence.endswith((".", "?")), finding.sentence


@pytest.mark.thorough
@few("depth", ["deep", "quick"])
def test_other_bands_are_not_accused(copied: Path, depth: str) -> None:
    for name in ("shifted by 20 pixels", "zeroed hole over several tiles"):
        by_name()[name].spoil(copied)
        found = {
            (f.band, f.severity)
            for f in look(copied / "scene_stack.vrt", depth).findings
            if f.severity == "error"
        }
        assert found == {("nir", "error")}


@pytest.mark.thorough
def test_changed_bytes_are_seen_by_the_sum_even_where_they_decode(copied: Path) -> None:
    path = copied / "nir.tif"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 0xFF  # in the copy of the last tile's end: no pixel changes
    path.write_bytes(raw)
    codes = [(f.code, f.band) for f in look(copied / "scene_stack.vrt", "deep").findings]
    assert ("file_changed", "nir") in codes


@pytest.mark.thorough
def test_without_a_recorded_sum_the_deep_look_says_so(copied: Path) -> None:
    (copied / "bands.json").unlink()
    report = look(copied / "scene_stack.vrt", "deep")
    assert report.ok
    assert {(f.code, f.severity) for f in report.findings} == {("no_recorded_sum", "info")}


def test_the_docs_tell_of_each_damage_whether_the_quick_look_sees_it() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "validation.md").read_text(
        encoding="utf-8"
    )
    for damage in SUITE:
        assert f"| {damage.name} | {'no' if damage.deep_only else 'yes'} | yes |" in text
    assert len({damage.name for damage in SUITE}) == len(SUITE)
    quick = sum(not damage.deep_only for damage in SUITE)
    assert f"The quick look finds {quick} of {len(SUITE)}, the deep look all." in text
