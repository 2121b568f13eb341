"""What the user decides about validation: checks, depth, area, actions, pictures."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.errors import SettingsError
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.operations.validate import VALIDATE
from firstlight.core.settings import CONFIG_DIR, Settings, read_yaml, resolve_settings
from firstlight.core.types import Aoi, Radiometry, ValidationReport
from firstlight.core.validation.band_validator import plausible_range
from firstlight.core.validation.checks import CHECKS, parse_overrides
from firstlight.core.validation.image_validator import ValidationSpec, validate
from support.damage import restack
from support.landscapes import BANDS, RULE, landscape
from support.rasters import write_raster

SENSOR = get_sensor("sentinel2")


def scene(folder: Path, **changed: Any) -> Path:
    """A stack of 256² pixels; ``changed`` replaces pixels of bands."""
    for name, data in {**landscape("fields", 256, 3), **changed}.items():
        write_raster(folder / f"{name}.tif", data)
    return restack(folder)


def constant() -> Any:
    return np.full((256, 256), 2000, np.uint16)


def look(
    stack: Path, monitor: RecordingMonitor | None = None, area: Aoi | None = None, **settings: Any
) -> ValidationReport:
    spec = ValidationSpec(SENSOR, SENSOR.required, BANDS, area)
    return validate(
        stack, spec, dataclasses.replace(Settings(), **settings), monitor or RecordingMonitor()
    )


def codes(report: ValidationReport) -> list[tuple[str, str, str | None]]:
    return [(f.code, f.severity, f.band) for f in report.findings]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("word", "severity"), [("off", None), ("warning", "warning"), ("info", "info")]
)
def test_a_check_can_be_turned_off_or_weighed_otherwise_and_the_report_tells(
    tmp_path: Path, word: str, severity: str | None
) -> None:
    report = look(scene(tmp_path, nir=constant()), checks=(f"band_blank={word}",))
    assert codes(report) == ([("band_blank", severity, "nir")] if severity else [])
    assert report.ok
    assert report.to_dict()["overrides"] == {"band_blank": word}


@pytest.mark.parametrize("word", ["no_such_check=off", "band_blank=perhaps", "band_blank", "=off"])
def test_a_check_that_does_not_exist_is_refused(word: str) -> None:
    with pytest.raises(SettingsError, match="The check"):
        parse_overrides([word])


def test_every_check_is_explained_in_the_docs() -> None:
    text = (CONFIG_DIR.parent / "docs" / "validation.md").read_text(encoding="utf-8")
    assert [code for code in CHECKS if f"| `{code}` |" not in text] == []


def test_the_shipped_file_has_the_specification_names() -> None:
    shipped = read_yaml(CONFIG_DIR / "ingestion.yaml")
    assert {"min_std_dev", "max_nodata_percent", "expected_value_range"} <= set(
        shipped["optical_validation"]
    )
    assert set(shipped["sar_validation"]) == {
        "min_std_dev_db",
        "backscatter_range_db",
        "required_polarizations",
    }
    settings = resolve_settings(environ={})
    assert settings.required_polarizations == ("vv", "vh")
    assert settings.checks == ()


@pytest.mark.parametrize(
    ("sensor", "level", "field"),
    [
        ("sentinel2", "sentinel-2-l1c", "sentinel2_l1c_range"),
        ("sentinel2", "sentinel-2-l2a", "sentinel2_l2a_range"),
        ("sentinel2", "", "sentinel2_l2a_range"),
        ("landsat", "landsat-c2-l1", "landsat8_l1_range"),
        ("landsat", "landsat-c2-l2", "landsat8_l2_range"),
    ],
)
def test_each_level_can_have_its_own_range(sensor: str, level: str, field: str) -> None:
    settings = dataclasses.replace(Settings(), **{field: (0.0, 0.5)})
    assert plausible_range("reflectance", sensor, level, settings) == (0.0, 0.5)
    assert plausible_range("reflectance", "", "", settings) == Settings().reflectance_range
    assert plausible_range("kelvin", sensor, level, settings) == Settings().kelvin_range


def test_warn_lets_a_bad_stack_through_and_says_so(tmp_path: Path) -> None:
    report = look(scene(tmp_path, nir=constant()), on_invalid="warn")
    assert report.ok
    assert codes(report) == [("band_blank", "warning", "nir")]
    assert report.overrides == {"every error": "warning"}


def test_skipped_validation_is_never_called_fine_without_a_word(tmp_path: Path) -> None:
    report = look(scene(tmp_path, nir=constant()), on_invalid="skip")
    assert codes(report) == [("not_validated", "warning", None)]
    assert report.depth == "skip"


def cleanup_scene(folder: Path) -> Path:
    stack = scene(folder)
    stack = stack.rename(folder / f"{folder.name}_stack.vrt")
    (folder / "bands.json").write_text(
        json.dumps({name: {"sha256": "00"} for name in ("red", "nir")}), encoding="utf-8"
    )
    for name in ("nir", "blue"):
        path = folder / f"{name}.tif"
        os.truncate(path, path.stat().st_size // 2)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    return stack


def test_cleanup_removes_what_is_damaged_and_ours_and_nothing_else(tmp_path: Path) -> None:
    stack = cleanup_scene(tmp_path)
    monitor = RecordingMonitor()
    assert not look(stack, monitor, on_invalid="cleanup").ok
    left = {path.name for path in tmp_path.iterdir()}
    # blue is damaged too, but no download of ours recorded it
    assert left == {
        "blue.tif",
        "green.tif",
        "red.tif",
        "swir16.tif",
        "swir22.tif",
        "bands.json",
        "notes.txt",
    }
    notes = [event.text for event in monitor.events if isinstance(event, Note)]
    assert notes == [
        f"Removed {tmp_path / name}, which did not pass validation"
        for name in ("nir.tif", stack.name)
    ]


@pytest.mark.thorough
@pytest.mark.parametrize("action", ["reject", "warn"])
def test_without_cleanup_nothing_is_removed(tmp_path: Path, action: str) -> None:
    stack = cleanup_scene(tmp_path)
    before = sorted(tmp_path.iterdir())
    look(stack, on_invalid=action)
    assert sorted(tmp_path.iterdir()) == before


def test_cleanup_leaves_a_folder_that_is_not_ours_alone(tmp_path: Path) -> None:
    stack = cleanup_scene(tmp_path)
    (tmp_path / "bands.json").unlink()
    before = sorted(tmp_path.iterdir())
    look(stack, on_invalid="cleanup")
    assert sorted(tmp_path.iterdir()) == before


def test_cleanup_leaves_a_sound_stack_alone(tmp_path: Path) -> None:
    stack = scene(tmp_path).rename(tmp_path / f"{tmp_path.name}_stack.vrt")
    (tmp_path / "bands.json").write_text('{"nir": {}}', encoding="utf-8")
    assert look(stack, on_invalid="cleanup").ok
    assert stack.exists()


def lonlat(left: float, bottom: float, right: float, top: float) -> Aoi:
    """An area around pixels of the scene: its corners in EPSG:32632 brought to degrees."""
    from rasterio.warp import transform_bounds

    return Aoi.from_bounds(*transform_bounds("EPSG:32632", "EPSG:4326", left, bottom, right, top))


LEFT, TOP = 600000.0, 5200020.0


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("box", "share"),
    [
        ((LEFT + 200, TOP - 2400, LEFT + 1100, TOP - 200), 0.0),  # where data are
        ((LEFT + 1400, TOP - 2400, LEFT + 2400, TOP - 200), 100.0),  # where none are
        ((LEFT - 1100, TOP - 2400, LEFT + 1100, TOP - 200), 50.0),  # half beside the raster
    ],
    ids=["data", "nodata", "beside"],
)
def test_nodata_counts_in_the_area_only(
    tmp_path: Path, box: tuple[float, float, float, float], share: float
) -> None:
    pixels = landscape("fields", 256, 3)
    for data in pixels.values():
        data[:, 128:] = 0
    report = look(scene(tmp_path, **pixels), area=lonlat(*box))
    assert report.measured["red"]["nodata_percent"] == pytest.approx(share, abs=3)


@pytest.mark.thorough
def test_one_of_several_scenes_is_not_blamed_for_what_it_leaves_uncovered(tmp_path: Path) -> None:
    box = lonlat(LEFT - 5000, TOP - 2400, LEFT + 1100, TOP - 200)
    spec = ValidationSpec(SENSOR, SENSOR.required, BANDS, box, must_cover=False)
    report = validate(scene(tmp_path), spec, Settings(), RecordingMonitor())
    assert report.ok
    assert report.measured["red"]["nodata_percent"] == pytest.approx(0, abs=3)
    assert not look(tmp_path / "scene_stack.vrt", area=box).ok
    continent = dataclasses.replace(spec, area=Aoi.from_bounds(-10, 35, 40, 70))
    assert validate(tmp_path / "scene_stack.vrt", continent, Settings(), RecordingMonitor()).ok


def test_an_area_that_the_raster_does_not_touch_is_an_error(tmp_path: Path) -> None:
    report = look(scene(tmp_path), area=Aoi.from_bounds(100, 0, 101, 1))
    assert codes(report) == [("nodata_share", "error", None)]
    assert "does not cover the area at all" in report.findings[0].sentence


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("when", "bad", "made"),
    [("never", True, 0), ("on_failure", True, 1), ("on_failure", False, 0), ("always", False, 1)],
)
def test_the_picture_is_made_when_it_is_wanted(
    tmp_path: Path, when: str, bad: bool, made: int
) -> None:
    import rasterio

    stack = scene(tmp_path / "s", **({"nir": constant()} if bad else {}))
    report = look(stack, screenshot=when, screenshot_folder=str(tmp_path / "p"))
    pictures = list((tmp_path / "p").glob("*")) if (tmp_path / "p").exists() else []
    assert len(pictures) == made
    assert report.to_dict()["screenshot"] == (str(pictures[0]) if made else None)
    if made:
        with rasterio.open(pictures[0]) as picture:
            data = picture.read()
        assert picture.driver == "PNG"
        assert data.shape[0] == 3
        assert data.shape[1] > data.shape[2]  # the line of text stands below
        assert data[:, :200].std() > 20  # something is to be seen
        assert (data[:, 256:] > 0).any()  # and to be read


def test_a_picture_that_cannot_be_written_is_a_note_and_no_failure(tmp_path: Path) -> None:
    stack = scene(tmp_path / "s")
    (tmp_path / "p").write_text("a file, no folder", encoding="utf-8")
    monitor = RecordingMonitor()
    report = look(stack, monitor, screenshot="always", screenshot_folder=str(tmp_path / "p"))
    assert report.ok
    assert report.quicklook is None
    assert any(
        isinstance(event, Note) and "cannot be written" in event.text for event in monitor.events
    )


@pytest.mark.parametrize(
    ("days", "left"), [(30, {"new_firstlight_validation.png", "other.png"}), (0, None)]
)
def test_old_pictures_of_ours_go_and_others_stay(
    tmp_path: Path, days: int, left: set[str] | None
) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    old = time.time() - 31 * 86400
    for name in ("old_firstlight_validation.png", "new_firstlight_validation.png", "other.png"):
        (folder / name).write_bytes(b"x")
        if not name.startswith("new"):
            os.utime(folder / name, (old, old))
    look(
        scene(tmp_path / "s"),
        screenshot="always",
        screenshot_folder=str(folder),
        screenshot_retention_days=days,
    )
    there = {path.name for path in folder.iterdir()} - {"scene_stack_firstlight_validation.png"}
    assert there == (
        left or {"old_firstlight_validation.png", "new_firstlight_validation.png", "other.png"}
    )


def test_the_operation_hands_its_parameters_on(tmp_path: Path, settings: Settings) -> None:
    stack = scene(tmp_path, nir=constant())
    area = ",".join(
        str(edge) for edge in lonlat(LEFT + 200, TOP - 2400, LEFT + 2400, TOP - 200).bounds
    )
    words = {
        "path": str(stack),
        "deep": True,
        "checks": "band_blank=warning",
        "screenshot": "always",
        "area": area,
    }
    result = VALIDATE.run(VALIDATE.make_params(words), settings, RecordingMonitor())
    assert result.data["depth"] == "deep"
    assert result.data["overrides"] == {"band_blank": "warning"}
    assert Path(result.outputs["screenshot"]).is_file()
    assert result.outputs["valid"] == 1
    lines = result.text.splitlines()
    assert lines[0] == f"{stack}: valid (every tile) (bands: {', '.join(BANDS)})"
    assert any(line.split()[:2] == ["nir", "warn"] for line in lines)
    assert any(line.split()[:2] == ["red", "pass"] for line in lines)
    assert "Checks were changed for this run (band_blank: warning)." in result.text


def test_measured_values_stand_in_the_report(tmp_path: Path) -> None:
    pixels = landscape("fields", 256, 3)
    pixels["red"][:64] = 0
    report = look(scene(tmp_path, **pixels)).to_dict()
    data = pixels["red"][64:].astype(np.float64)
    red = report["measured"]["red"]
    assert red["nodata_percent"] == pytest.approx(25)
    assert red["std_stored"] == pytest.approx(data.std(), rel=1e-4)
    assert red["p98"] == pytest.approx(np.percentile(data, 98) * RULE.scale + RULE.offset, rel=1e-3)
    assert list(report["band_names"].values()) == list(BANDS)
    assert json.loads(json.dumps(report)) == report


@pytest.mark.thorough
def test_the_spread_of_a_large_band_is_that_of_a_full_read(tmp_path: Path) -> None:
    """Overviews average the texture away: what the windows show of it is put back."""
    data = landscape("fields", 2304, 7)["nir"]
    path = write_raster(tmp_path / "nir.tif", data, cog=True)
    report = validate(path, ValidationSpec(SENSOR), Settings(), RecordingMonitor())
    assert report.measured["nir"]["std_stored"] == pytest.approx(data.std(), rel=0.05)


def test_saturated_pixels_are_counted(tmp_path: Path) -> None:
    data = landscape("fields", 256, 3)["red"]
    data[:20] = 65535
    report = look(scene(tmp_path, red=data), checks=("range_implausible=off", "band_shifted=off"))
    assert codes(report) == [("saturated", "warning", "red")]
    assert report.findings[0].measured == pytest.approx(100 * 20 / 256)


def test_a_stack_with_its_files_elsewhere_is_warned_of_and_may_be_told_off(tmp_path: Path) -> None:
    from firstlight.core.stack.band_stack import BandSource, create_band_stack

    scene(tmp_path / "files")
    sources = {
        name: BandSource(tmp_path / "files" / f"{name}.tif", radiometry=RULE) for name in BANDS
    }
    (tmp_path / "stack").mkdir()
    create_band_stack(sources, tmp_path / "stack" / "s.vrt", band_order=list(BANDS))
    assert codes(look(tmp_path / "stack" / "s.vrt")) == [("vrt_source_outside", "warning", None)]
    assert codes(look(tmp_path / "stack" / "s.vrt", checks=("vrt_source_outside=off",))) == []


SPECKLE = np.random.default_rng(3)


def radar(
    folder: Path, unit: str, data: Any, name: str = "vv", nodata: float = -32768.0
) -> ValidationReport:
    from firstlight.core.stack.band_stack import BandSource, create_band_stack

    source = BandSource(
        write_raster(folder / f"{name}.tif", data, nodata=nodata),
        radiometry=Radiometry(nodata=nodata, unit=unit),
    )
    create_band_stack({name: source}, folder / "s.vrt")
    return validate(
        folder / "s.vrt",
        ValidationSpec(get_sensor("sentinel1"), (), ("vv",)),
        Settings(),
        RecordingMonitor(),
    )


def backscatter(looks: float = 4.4, mean: float = 0.08, shape: tuple[int, int] = (256, 256)) -> Any:
    return (mean * np.random.default_rng(4).gamma(looks, 1 / looks, shape)).astype(np.float32)


def decibel() -> Any:
    return (10 * np.log10(backscatter())).astype(np.float32)


@pytest.mark.parametrize(
    ("unit", "data", "found"),
    [
        ("power", backscatter(), []),
        ("", backscatter(), []),
        ("dB", decibel(), []),
        ("", decibel(), []),
        ("power", decibel(), [("unit_contradicts", "error", "vv")]),
        ("dB", decibel() * 0.1 - 10, [("band_blank", "error", "vv")]),
        (
            "",
            (np.sqrt(backscatter()) * 2000).astype(np.float32),
            [("not_calibrated", "warning", "vv")],
        ),
    ],
    ids=[
        "power",
        "power, unsaid",
        "dB",
        "dB, unsaid",
        "dB said to be power",
        "dB without speckle",
        "amplitude, unsaid",
    ],
)
def test_radar_units_are_told_apart(tmp_path: Path, unit: str, data: Any, found: list[Any]) -> None:
    assert codes(radar(tmp_path, unit, data)) == found


@pytest.mark.thorough
def test_speckle_is_judged_at_full_size(tmp_path: Path) -> None:
    """A calm sea of 4.4 looks: an overview averages the speckle away, and the sea is not blank."""
    path = write_raster(
        tmp_path / "vv.tif", backscatter(shape=(2304, 2304)), nodata=-32768.0, cog=True
    )
    report = validate(
        path, ValidationSpec(get_sensor("sentinel1"), (), ("vv",)), Settings(), RecordingMonitor()
    )
    assert codes(report) == []
    assert (report.measured["vv"]["std"] or 0) > 0


def test_border_noise_is_told(tmp_path: Path) -> None:
    data = backscatter()
    data[:, :3] = 1e-5
    data[:, -3:] = 1e-5
    assert codes(radar(tmp_path, "power", data)) == [("border_noise", "warning", "vv")]


def test_the_polarization_that_is_there_is_named(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "hh.tif", backscatter(), nodata=-32768.0)
    report = validate(path, ValidationSpec(get_sensor("sentinel1")), Settings(), RecordingMonitor())
    assert [f.sentence for f in report.findings] == [
        "Band 'vv' not found in dataset (it has hh).",
        "Band 'vh' not found in dataset (it has hh).",
    ]
