"""Validation: every finding once, no false alarm on good scenes, and no VRT opened that names what
it should not.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.errors import Cancelled, ValidationError, VRTSourceNotFoundError
from firstlight.core.monitor import Progress, RecordingMonitor
from firstlight.core.raster.vrt_sources import check_vrt_sources
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Finding, Radiometry, ValidationReport
from firstlight.core.validation.image_validator import ValidationSpec, validate
from support.rasters import noise, ramp, write_raster
from support.stacks import write_stack

S2 = Radiometry(0.0001, -0.1, 0.0, "reflectance", "as the item states")
SENSOR = get_sensor("sentinel2")


def look(path: Path, spec: ValidationSpec | None = None, **settings: Any) -> ValidationReport:
    return validate(
        path,
        spec or ValidationSpec(SENSOR),
        dataclasses.replace(Settings(), **settings),
        RecordingMonitor(),
    )


def codes(report: ValidationReport) -> list[tuple[str, str, str | None]]:
    return [(f.code, f.severity, f.band) for f in report.findings]


def test_a_good_stack_has_no_findings(tmp_path: Path) -> None:
    path = write_stack(
        tmp_path, {name: noise((60, 60), n) for n, name in enumerate(SENSOR.default)}
    )
    report = look(path, ValidationSpec(SENSOR, SENSOR.required, SENSOR.default))
    assert report.findings == ()
    assert report.ok
    assert report.bands == SENSOR.default


BLANK = {
    "constant": np.full((60, 60), 3000, np.uint16),
    "nearly constant": np.where(np.arange(3600).reshape(60, 60) % 2, 3000, 3001).astype(np.uint16),
}


@pytest.mark.parametrize("data", BLANK.values(), ids=BLANK.keys())
def test_a_constant_band_is_blank(tmp_path: Path, data: Any) -> None:
    report = look(write_stack(tmp_path, {"red": noise((60, 60), high=4000), "nir": data}))
    assert codes(report) == [("band_blank", "error", "nir")]
    (finding,) = report.findings
    assert finding.limit == 1.0
    assert finding.measured == pytest.approx(data.std())
    assert finding.sentence.startswith("Band 'nir' is blank: its standard deviation is ")
    assert finding.sentence.endswith("Download it again, or choose another scene.")


def test_a_band_without_data_is_blank(tmp_path: Path) -> None:
    report = look(write_stack(tmp_path, {"red": np.zeros((60, 60), np.uint16)}))
    assert codes(report) == [("band_blank", "error", "red")]
    assert "it holds nothing but nodata" in report.findings[0].sentence


@pytest.mark.parametrize(("rows", "bad"), [(29, False), (30, False), (31, True), (59, True)])
def test_more_nodata_than_allowed_is_an_error_with_both_numbers(
    tmp_path: Path, rows: int, bad: bool
) -> None:
    data = noise((60, 60))
    data[:rows] = 0
    report = look(write_stack(tmp_path, {"red": data}))
    assert codes(report) == ([("nodata_share", "error", "red")] if bad else [])
    if bad:
        share = 100 * rows / 60
        assert report.findings[0].measured == pytest.approx(share)
        assert (
            f"Band 'red' is {share:.1f} % nodata where 50 % is allowed."
            in report.findings[0].sentence
        )


def test_limits_are_settings(tmp_path: Path) -> None:
    data = noise((60, 60))
    data[:20] = 0
    path = write_stack(tmp_path, {"red": data})
    assert look(path).ok
    assert codes(look(path, max_nodata_percent=30.0)) == [("nodata_share", "error", "red")]
    assert codes(look(path, min_std_dev=1e6)) == [("band_blank", "error", "red")]
    assert codes(look(path, reflectance_range=(0.0, 0.1))) == [
        ("range_implausible", "warning", "red")
    ]


@pytest.mark.parametrize(
    ("share", "warned"), [(0.0, False), (0.04, False), (0.06, True), (1.0, True)]
)
def test_values_outside_the_plausible_range_are_a_warning(
    tmp_path: Path, share: float, warned: bool
) -> None:
    data = noise((60, 60))
    data.flat[: int(share * data.size)] = 30000  # reflectance 2.9
    report = look(
        write_stack(tmp_path, {"red": data + np.arange(3600, dtype=np.uint16).reshape(60, 60) % 50})
    )
    assert codes(report) == ([("range_implausible", "warning", "red")] if warned else [])
    assert report.ok


def test_a_missing_scale_is_guessed_at_in_the_warning(tmp_path: Path) -> None:
    report = look(
        write_stack(tmp_path, {"red": noise((60, 60))}, Radiometry(1.0, 0.0, 0.0, "reflectance"))
    )
    assert codes(report) == [("range_implausible", "warning", "red")]
    assert "reflectance times 10000 without its scale" in report.findings[0].sentence


@pytest.mark.parametrize(
    ("required", "expected", "found"),
    [
        (("red", "nir"), (), [("band_missing", "error", "nir")]),
        ((), ("red", "nir"), [("band_missing", "warning", "nir")]),
        (("nir",), ("red", "nir"), [("band_missing", "error", "nir")]),
        (("red",), ("red",), []),
    ],
)
def test_a_missing_band_is_an_error_only_where_it_is_required(
    tmp_path: Path, required: tuple[str, ...], expected: tuple[str, ...], found: list[Any]
) -> None:
    report = look(
        write_stack(tmp_path, {"red": noise((60, 60))}),
        ValidationSpec(SENSOR, required, expected),
    )
    assert codes(report) == found
    if found:
        word = "Required band" if found[0][1] == "error" else "Band"
        assert report.findings[0].sentence == f"{word} 'nir' not found in dataset (it has red)."


def test_an_odd_order_is_a_warning(tmp_path: Path) -> None:
    report = look(
        write_stack(tmp_path, {"nir": noise((60, 60), seed=1), "red": noise((60, 60))}),
        ValidationSpec(SENSOR, (), ("red", "nir")),
    )
    assert codes(report) == [("band_order", "warning", None)]
    assert (
        report.findings[0].sentence
        == "The bands stand in the order nir, red where red, nir is usual."
    )


def test_bands_without_any_name_are_found_by_place(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "x.tif", np.stack([noise((60, 60), seed=n) for n in range(2)]))
    assert look(path, ValidationSpec(SENSOR, (), ("red", "nir"))).bands == ("red", "nir")
    assert codes(look(path))[0] == ("band_unnamed", "warning", None)


def test_descriptions_in_any_case_are_understood(tmp_path: Path) -> None:
    import rasterio

    path = write_raster(tmp_path / "x.tif", np.stack([noise((60, 60), seed=n) for n in range(2)]))
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = ("Red", "B08")
    assert look(path).bands == ("red", "nir")


def test_float_reflectance_is_not_blank(tmp_path: Path) -> None:
    data = np.random.default_rng(1).uniform(0.02, 0.6, (60, 60)).astype(np.float32)
    assert look(
        write_stack(tmp_path, {"red": data}, Radiometry(1.0, 0.0, -9999.0, "reflectance"))
    ).ok


def test_a_raster_without_a_place_is_named(tmp_path: Path) -> None:
    report = look(write_raster(tmp_path / "red.tif", noise((60, 60)), epsg=None))
    assert ("no_crs", "error", None) in codes(report)
    assert "red.tif has no coordinate system: assign one." in report.to_dict()["errors"]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda p: p.write_text("hello"), id="text"),
        pytest.param(lambda p: p.write_bytes(b""), id="empty"),
        pytest.param(lambda p: p.mkdir(), id="folder"),
        pytest.param(lambda p: None, id="not there"),
    ],
)
def test_what_cannot_be_read_is_one_finding(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "x.tif")
    report = look(tmp_path / "x.tif")
    assert codes(report) == [("unreadable", "error", None)]
    assert str(tmp_path / "x.tif") in report.findings[0].sentence
    assert report.to_dict()["is_valid"] is False


def test_a_band_that_was_cut_off_is_a_finding_and_the_others_are_looked_at(tmp_path: Path) -> None:
    path = write_stack(tmp_path, {"red": noise((600, 600)), "nir": noise((600, 600), seed=1)})
    red = tmp_path / "red.tif"
    red.write_bytes(red.read_bytes()[: red.stat().st_size // 2])
    assert codes(look(path)) == [
        ("file_truncated", "error", "red"),
        ("band_unreadable", "error", "red"),
    ]


def test_a_large_band_cut_off_in_its_full_size_tiles_is_found_though_its_overviews_are_good(
    tmp_path: Path,
) -> None:
    big = np.random.default_rng(1).integers(1200, 5000, (2100, 2100), dtype=np.uint16)
    path = write_raster(tmp_path / "red.tif", big, cog=True)
    assert look(path).ok
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 50_000)
    assert ("file_truncated", "error", "red") in codes(look(path))


SAR_NOISE = np.random.default_rng(3).gamma(2.0, 0.05, (80, 80)).astype(np.float32)
RTC = Radiometry(nodata=-32768.0, unit="power")
GRD = Radiometry(nodata=0.0, unit="amplitude")


@pytest.mark.parametrize(
    ("data", "rule", "found"),
    [
        (SAR_NOISE, RTC, []),
        (np.full((80, 80), 0.05, np.float32), RTC, [("band_blank", "error", "vv")]),
        (np.full((80, 80), -32768, np.float32), RTC, [("band_blank", "error", "vv")]),
        (SAR_NOISE * 1e6, RTC, [("range_implausible", "warning", "vv")]),
        ((np.sqrt(SAR_NOISE) * 1000).astype(np.uint16), GRD, [("not_calibrated", "warning", "vv")]),
        (
            np.full((80, 80), 200, np.uint16),
            GRD,
            [("not_calibrated", "warning", "vv"), ("band_blank", "error", "vv")],
        ),
    ],
    ids=["speckle", "constant", "no data", "no power", "amplitude", "constant amplitude"],
)
def test_radar_is_judged_in_decibels(
    tmp_path: Path, data: Any, rule: Radiometry, found: list[Any]
) -> None:
    path = write_stack(tmp_path, {"vv": data}, rule)
    assert codes(look(path, ValidationSpec(get_sensor("sentinel1"), (), ("vv",)))) == found


def test_amplitude_is_never_called_sigma0(tmp_path: Path) -> None:
    report = look(
        write_stack(tmp_path, {"vv": (np.sqrt(SAR_NOISE) * 1000).astype(np.uint16)}, GRD),
        ValidationSpec(get_sensor("sentinel1"), (), ("vv",)),
    )
    assert "do not read it as sigma0" in report.findings[0].sentence


def test_classes_are_judged_only_for_being_there(tmp_path: Path) -> None:
    one_class = np.full((60, 60), 4, np.uint8)
    assert (
        look(
            write_stack(tmp_path, {"scl": one_class}, Radiometry(nodata=0.0, unit="class"))
        ).findings
        == ()
    )


def test_progress_and_cancel(tmp_path: Path) -> None:
    path = write_stack(tmp_path, {"red": noise((60, 60)), "nir": noise((60, 60), seed=1)})
    monitor = RecordingMonitor()
    validate(path, ValidationSpec(SENSOR), Settings(), monitor)
    told = {e.message for e in monitor.events if isinstance(e, Progress)}
    assert told == {"Validating band red", "Validating band nir"}
    monitor = RecordingMonitor()
    monitor.cancel()
    with pytest.raises(Cancelled):
        validate(path, ValidationSpec(SENSOR), Settings(), monitor)


def vrt(folder: Path, inside: str, name: str = "s.vrt") -> Path:
    path = folder / name
    path.write_text(
        '<VRTDataset rasterXSize="60" rasterYSize="60"><SRS>EPSG:32632</SRS>'
        "<GeoTransform>600000, 10, 0, 5200020, 0, -10</GeoTransform><VRTRasterBand "
        'dataType="UInt16" band="1">'
        f"<Description>red</Description>{inside}</VRTRasterBand></VRTDataset>",
        encoding="utf-8",
    )
    return path


def simple(source: str, relative: int = 0) -> str:
    return (
        "<SimpleSource><SourceFilename "
        f'relativeToVRT="{relative}">{source}</SourceFilename></SimpleSource>'
    )


@pytest.mark.parametrize("relative", [True, False])
def test_a_source_that_is_gone_is_named_before_anything_is_opened(
    tmp_path: Path, relative: bool
) -> None:
    path = vrt(
        tmp_path, simple("gone.tif" if relative else str(tmp_path / "gone.tif"), int(relative))
    )
    with pytest.raises(VRTSourceNotFoundError) as caught:
        check_vrt_sources(path)
    assert str(caught.value) == (
        f"VRT validation failed for {path}: source file '{tmp_path / 'gone.tif'}' not found. "
        "Re-run ingest, or put the file back."
    )
    assert codes(look(path)) == [("vrt_source_missing", "error", None)]


REFUSED = {
    "http": (simple("http://127.0.0.1:9/x.tif"), "is not on this computer"),
    "vsicurl": (simple("/vsicurl/http://127.0.0.1:9/x.tif"), "is not on this computer"),
    "vsizip": (simple("/vsizip/vsicurl/http://127.0.0.1:9/x.zip/a.tif"), "is not on this computer"),
    "an archive": (simple("/vsizip//not/there/x.zip/a.tif"), "not found"),
    "a database": (simple("PG:host=127.0.0.1 dbname=x"), "not found"),
    "pixel function": (
        "<PixelFunctionType>x</PixelFunctionType>",
        "it holds code to be run (PixelFunctionType)",
    ),
    "python code": (
        "<PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionCode>import "
        "os</PixelFunctionCode>",
        "it holds code to be run (PixelFunctionCode, PixelFunctionLanguage)",
    ),
    "warped": (
        "<GDALWarpOptions><SourceDataset>http://127.0.0.1:9/</SourceDataset></GDALWarpOptions>",
        "is not on this computer",
    ),
}


@pytest.mark.parametrize(("inside", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_vrt_from_elsewhere_is_not_trusted(tmp_path: Path, inside: str, why: str) -> None:
    path = vrt(tmp_path, inside)
    with pytest.raises(ValidationError) as caught:
        check_vrt_sources(path)
    assert why in str(caught.value)
    code = "vrt_source_missing" if why == "not found" else "vrt_refused"
    assert codes(look(path)) == [(code, "error", None)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><VRTDataset/>', "it declares XML entities"),
        ("hello", "it is no XML"),
        ("<html/>", "its root is <html>, not <VRTDataset>"),
        ("", "it is no XML"),
    ],
)
def test_what_is_no_vrt_is_named(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "s.vrt"
    path.write_text(text)
    with pytest.raises(ValidationError) as caught:
        check_vrt_sources(path)
    assert why in str(caught.value)


def test_a_vrt_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="No such file"):
        check_vrt_sources(tmp_path / "nope.vrt")


def test_a_source_with_an_endless_name_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        check_vrt_sources(vrt(tmp_path, simple("x" * 5000)))


def test_a_vrt_with_another_ending_is_not_trusted_either(tmp_path: Path) -> None:
    path = vrt(tmp_path, simple("/vsicurl/http://127.0.0.1:9/x.tif"), "red.tif")
    assert codes(look(path)) == [("vrt_refused", "error", None)]


def test_a_vrt_inside_a_vrt_is_not_trusted_either(tmp_path: Path) -> None:
    vrt(tmp_path, simple("/vsicurl/http://127.0.0.1:9/x.tif"), "inner.vrt")
    assert codes(look(vrt(tmp_path, simple("inner.vrt", 1)))) == [("vrt_refused", "error", None)]


def test_a_good_vrt_names_its_sources(tmp_path: Path) -> None:
    path = write_stack(tmp_path, {"red": noise((60, 60)), "nir": noise((60, 60), seed=1)})
    assert check_vrt_sources(path).files == (tmp_path / "red.tif", tmp_path / "nir.tif")


def real(
    shared: Callable[[str], Path],
    tmp_path: Path,
    folder: str,
    sensor: str,
    rule: Radiometry,
    **patterns: str,
) -> ValidationReport:
    found = {
        name: Path(shutil.copy(next(shared(folder).glob(pattern)), tmp_path))
        for name, pattern in patterns.items()
    }
    one = get_sensor(sensor)
    sources = {
        name: BandSource(
            path,
            radiometry=Radiometry(nodata=rule.nodata, unit="class")
            if one.bands[name].is_class
            else rule,
            is_class=one.bands[name].is_class,
        )
        for name, path in found.items()
    }
    create_band_stack(sources, tmp_path / "s.vrt", band_order=one.sort(sources))
    required = tuple(name for name in one.required if name in sources)
    return look(tmp_path / "s.vrt", ValidationSpec(one, required, tuple(one.sort(sources))))


def errors(report: ValidationReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity == "error"]


def test_a_real_sentinel_2_scene_raises_no_alarm(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    bands = {
        "blue": "B02.tif",
        "green": "B03.tif",
        "red": "B04.tif",
        "nir": "B08.tif",
        "nir08": "B8A.tif",
        "swir16": "B11.tif",
        "swir22": "B12.tif",
        "scl": "SCL.tif",
    }
    report = real(
        shared,
        tmp_path,
        "s2-l2a-29RKH",
        "sentinel2",
        Radiometry(0.0001, 0.0, 0.0, "reflectance"),
        **bands,
    )
    assert report.findings == ()


@pytest.mark.parametrize(
    "folder",
    [
        "landsat-c2l2-001062",
        "landsat-c2l2-stactools/LC08_L2SP_008059_20191201_20200825_02_T1",
        "landsat-c2l2-stactools/LC08_L2SR_099120_20191129_20201016_02_T2",
    ],
)
def test_a_real_landsat_scene_raises_no_false_alarm(
    shared: Callable[[str], Path], tmp_path: Path, folder: str
) -> None:
    names = {"blue": 2, "green": 3, "red": 4, "nir08": 5, "swir16": 6, "swir22": 7}
    rule = Radiometry(0.0000275, -0.2, 0.0, "reflectance")
    report = real(
        shared,
        tmp_path,
        folder,
        "landsat",
        rule,
        **{n: f"*_SR_B{k}.TIF" for n, k in names.items()},
        qa_pixel="*_QA_PIXEL.TIF",
    )
    assert [f for f in errors(report) if f.code != "nodata_share"] == []


def test_real_radar_without_a_place_says_so_and_is_not_called_blank(
    shared: Callable[[str], Path],
) -> None:
    report = look(
        shared("s1-grd-india-gcp") / "iw-vv.tiff", ValidationSpec(get_sensor("sentinel1"))
    )
    assert [f.code for f in errors(report)] == ["no_crs"]
    assert "only ground control points: warp it first" in errors(report)[0].sentence


def test_the_ramp_of_the_other_tests_is_no_blank_band(tmp_path: Path) -> None:
    assert look(write_raster(tmp_path / "red.tif", ramp() + 1000)).ok
