"""Bands are named within one sensor's naming; where two can be meant, none is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.errors import AlgorithmError
from firstlight.core.identity.band_names import NamedBands, identify_bands
from firstlight.core.maps.index import IndexParams, compute_index
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.raster.facts import BandFacts, RasterFacts, read_facts
from firstlight.core.settings import Settings
from firstlight.core.types import AlgorithmResult, Grid, Radiometry
from support.rasters import ramp, read_band, write_raster


def facts(
    *names: str,
    file: str = "a.tif",
    tags: Mapping[str, str] | None = None,
    band_tags: Mapping[int, Mapping[str, str]] | None = None,
) -> RasterFacts:
    """Facts of a raster whose bands are described so."""
    grid = Grid("", (1.0, 0.0, 0.0, 0.0, -1.0, 0.0), (1, 1))
    bands = tuple(
        BandFacts(index, name, "uint16", Radiometry(), (band_tags or {}).get(index, {}))
        for index, name in enumerate(names, start=1)
    )
    return RasterFacts(Path(file), "GTiff", grid, bands, tags or {}, False, (1, 1))


def named(*names: str, **more: object) -> dict[str, int]:
    return dict(identify_bands(facts(*names, **more)).indexes)  # type: ignore[arg-type]


S2_CODES = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
S2_NAMES = [
    "blue",
    "green",
    "red",
    "rededge1",
    "rededge2",
    "rededge3",
    "nir",
    "nir08",
    "swir16",
    "swir22",
]
DOVE = ("coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("blue", "red"), "blue red"),
        (("Blue", " RED "), "blue red"),
        (("B02", "b08"), "blue nir"),
        (("B04 - red", "B08 (nir)"), "red nir"),
        (("B05 - red edge 1",), "rededge1"),
        (("B8A, narrow nir",), "nir08"),
        (("VV", "VH"), "vv vh"),
        (("NDVI", ""), "ndvi"),
        (S2_CODES, " ".join(S2_NAMES)),
        (("B4", "B8"), "red nir"),
        (("B2", "B3", "B4", "B8"), "blue green red nir"),
        (("Band 8A", "Band 4", "Band 12"), "nir08 red swir22"),
        (("0_B4", "0_B8A"), "red nir08"),
        (("S2A_B4", "S2A_B8"), "red nir"),
        (("B5, central wavelength 705 nm", "B8A, central wavelength 865 nm"), "rededge1 nir08"),
        (("B5, central wavelength 865 nm",), "nir08"),
        (("SR_B4", "SR_B5", "SR_B6", "ST_B10"), "red nir08 swir16 lwir11"),
        (("SR_B3", "SR_B4", "ST_B6"), "red nir08 lwir"),
        (("Red Edge 1", "Red", "NIR"), "rededge1 red nir"),
        (DOVE, "coastal blue green_i green yellow red rededge nir"),
        (("Red", "near_infrared", "SWIR1", "SWIR2"), "red nir swir16 swir22"),
        (("nbart_red", "nbart_nir", "nbart_swir_1", "nbart_swir_2"), "red nir08 swir16 swir22"),
        (("nbart_red", "nbart_nir_1", "nbart_swir_2", "nbart_swir_3"), "red nir swir16 swir22"),
        (("swir_2", "swir_3"), "swir16 swir22"),
        (("sur_refl_b01", "sur_refl_b02", "sur_refl_b07"), "red nir swir22"),
        (("Near Infra-Red", "Infra red"), "nir"),
        (("665 nm", "842 nm"), "red nir"),
        (("red", "Red Edge", "red_mask", "deep red"), "red rededge"),
        (("nir", "B8/B4", "nir-red", "red_stdDev", "red"), "nir red"),
    ],
)
def test_bands_are_known_by_their_descriptions(names: tuple[str, ...], expected: str) -> None:
    indexes = named(*names)
    known = [name for name in indexes if name in expected.split()]
    assert sorted(known, key=lambda name: indexes[name]) == expected.split()
    assert not [name for name in set(indexes) - set(known) if name in (*S2_NAMES, "green_i")]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("T32TPT_20240601_B08_10m.tif", "nir"),
        ("T33TWN_20240612T100031_B8A_20m.jp2", "nir08"),
        ("LC08_L2SP_001062_20201031_SR_B4.tif", "red"),
        ("LC09_L2SP_001062_20231031_SR_B5.tif", "nir08"),
        ("LT05_L2SP_001062_19981031_SR_B4.tif", "nir08"),
        ("LE07_L2SP_001062_20021031_SR_B5.tif", "swir16"),
        ("LC08_L2SP_001062_20201031_ST_B10.tif", "lwir11"),
        ("LC08_L1TP_001062_20201031_20201106_02_T1_B8.TIF", "pan"),
        ("HLS.L30.T33TWN.2024164T100031.v2.0.B05.tif", "nir08"),
        ("HLS.L30.T33TWN.2024164T100031.v2.0.B11.tif", "lwir12"),
        ("HLS.S30.T33TWN.2024164T100031.v2.0.B11.tif", "swir16"),
        ("LC08_L2SP_QA_PIXEL.tif", "qa_pixel"),
        ("swir16.tif", "swir16"),
        ("iw-vv.tif", "vv"),
        ("holiday.tif", ""),
        ("cloud_mask_red.tif", ""),
    ],
)
def test_a_single_band_is_known_by_its_files_name(file: str, expected: str) -> None:
    assert list(named("", file=file)) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("names", "meanings"),
    [
        (("B4", "B5"), ("red of Sentinel-2", "nir08 of Landsat 4/5/7", "rededge1 of Sentinel-2")),
        (("SR_B4", "SR_B5"), ("red of Landsat 8/9", "swir16 of Landsat 4/5/7")),
        (("B05", "B07"), ("rededge1 of Sentinel-2", "nir08 of HLS L30")),
        (("B4", "B3", "B2"), ("green of Sentinel-2", "red of Landsat 4/5/7")),
        (("B10", "B11", "B4"), ("swir16 of Sentinel-2", "lwir12 of Landsat 8/9")),
    ],
)
def test_codes_that_fit_several_sensors_are_not_used(
    names: tuple[str, ...], meanings: tuple[str, ...]
) -> None:
    found = identify_bands(facts(*names))
    assert not set(found.indexes) & {"nir", "nir08", "swir16", "rededge1"}
    [finding] = found.findings
    assert finding.code == "band_ambiguous"
    assert all(meaning in finding.sentence for meaning in meanings)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"sensor": "sentinel2"}, "red rededge1"),
        ({"sensor": "landsat"}, "red nir08"),
        ({"SPACECRAFT_ID": "LANDSAT_5"}, "nir08 swir16"),
        ({"SATELLITE": "LANDSAT-8"}, "red nir08"),
        ({"platform": "Sentinel-2A"}, "red rededge1"),
    ],
)
def test_the_files_tags_tell_the_sensor(tags: dict[str, str], expected: str) -> None:
    assert list(named("B4", "B5", tags=tags)) == expected.split()


def test_the_users_sensor_counts_before_the_files_own_word() -> None:
    found = identify_bands(facts("B04", "B05", tags={"platform": "x"}), get_sensor("landsat"))
    assert dict(found.indexes) == {"red": 1, "nir08": 2}


def test_codes_that_the_named_sensor_does_not_have_are_a_contradiction() -> None:
    found = identify_bands(facts("B4", "B8A", tags={"sensor": "landsat"}))
    assert [finding.code for finding in found.findings] == ["band_contradiction"]
    assert not set(found.indexes) & {"red", "nir08"}


def test_a_wavelength_that_contradicts_a_name_is_believed() -> None:
    for tags in (
        {"wavelength": "0.865", "wavelength_units": "Micrometers"},
        {"wavelength": "865", "wavelength_unit": "Nanometers"},
        {"CENTRAL_WAVELENGTH_UM": "0.865"},
    ):
        found = identify_bands(facts("red", "nir", band_tags={1: tags}))
        assert "red" not in found.indexes
        assert [finding.code for finding in found.findings] == ["band_contradiction"]


@pytest.mark.parametrize("names", [("red", "red"), ("pre_red", "post_red")])
def test_two_bands_of_one_name_are_both_named_and_none_is_used(names: tuple[str, ...]) -> None:
    found = identify_bands(facts(*names))
    assert "red" not in found.indexes
    assert all(f"'{name}'" in found.findings[0].sentence for name in names)


def test_a_whole_name_counts_before_one_that_holds_the_word() -> None:
    assert named("pre red", "red")["red"] == 2


def test_files_beside_a_band_tell_its_sensor(tmp_path: Path) -> None:
    """B11 alone can be thermal; beside a B8A it is Sentinel-2's."""
    path = write_raster(tmp_path / "tile_B11.tif")
    assert "swir16" not in identify_bands(read_facts(path)).indexes
    (tmp_path / "tile_B8A.tif").write_bytes(b"")
    (tmp_path / "other_B10.tif").write_bytes(b"")
    assert dict(identify_bands(read_facts(path)).indexes) == {"swir16": 1}


def test_numbered_bands_name_nothing_and_leave_their_place_to_the_caller() -> None:
    names = ("Band 1", "Band 2")
    assert not set(named(*names)) & {"blue", "green", "coastal"}
    expected: NamedBands = identify_bands(facts(*names), expected=["Blue", "red"])
    assert dict(expected.indexes) == {"blue": 1, "red": 2}


def test_bands_are_known_by_place_only_when_nothing_else_tells_and_the_counts_are_equal() -> None:
    assert dict(identify_bands(facts("", ""), expected=["Blue", "red"]).indexes) == {
        "blue": 1,
        "red": 2,
    }
    assert dict(identify_bands(facts("", ""), expected=["blue"]).indexes) == {}
    assert dict(identify_bands(facts("", "")).indexes) == {}
    assert "red" not in identify_bands(facts("ndvi", "x"), expected=["blue", "red"]).indexes


def described(path: Path, *names: str, **tags: str) -> Path:
    import rasterio

    data = np.stack([ramp(low=100 + 300 * i, high=900 + 300 * i) for i in range(len(names))])
    write_raster(path, data)
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions, dataset.scales = names, [0.0001] * len(names)
        dataset.update_tags(**tags)
    return path


def index(name: str, path: Path, output: Path) -> AlgorithmResult:
    params = IndexParams(name=name, stack=path, output=output)
    return compute_index(params, Settings(), RecordingMonitor())[0]


def test_an_index_of_a_short_coded_export_takes_sentinel_2s_bands(tmp_path: Path) -> None:
    path = described(tmp_path / "export.tif", *S2_CODES)
    index("NBR", path, tmp_path / "nbr.tif")
    nir, swir = (read_band(path, n).astype(float) for n in (7, 10))
    expected = ((nir - swir) / (nir + swir)).mean()
    assert read_band(tmp_path / "nbr.tif").mean() == pytest.approx(expected, abs=1e-4)


def test_an_index_of_bands_that_fit_several_sensors_is_refused_with_the_question(
    tmp_path: Path,
) -> None:
    path = described(tmp_path / "s.tif", "SR_B4", "SR_B5")
    with pytest.raises(AlgorithmError, match=r"has no band nir.*sensor of s\.tif is not known"):
        index("NDVI", path, tmp_path / "o.tif")
    told = described(tmp_path / "t.tif", "B4", "B5", sensor="sentinel2")  # red and red edge
    with pytest.raises(AlgorithmError, match="has no band nir"):
        index("NDVI", told, tmp_path / "o.tif")
