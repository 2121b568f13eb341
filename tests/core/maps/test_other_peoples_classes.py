"""Class rasters of agencies and of other programs: read by what they say of themselves, by a table
of products, by the user's word; or refused. A code that nobody explains is never dry.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.kernel import NOT_OBSERVED
from firstlight.core.errors import InputError
from firstlight.core.maps.fuse import FUSE
from firstlight.core.raster.facts import read_facts
from firstlight.core.recipes.class_meaning import CodeWords, explain_codes
from firstlight.core.recipes.code_tables import MapSubject, load_tables, parse_codes
from firstlight.core.shapes.class_survey import survey_classes
from support.rasters import read_values, write_raster
from support.run import run_operation

ORIGIN = (600000.0, 5200020.0)
ROW = (0, 0, 1, 1)


def write(
    path: Path, codes: Any, dtype: str = "uint8", nodata: float | None = None, **more: Any
) -> Path:
    """Two rows of the same codes."""
    return write_raster(path, np.array([codes, codes], dtype), nodata=nodata, origin=ORIGIN, **more)


def fuse(path: Path, **more: Any) -> tuple[list[int], str]:
    """The first row of the consensus with an extent that hardly counts, and all warnings."""
    other = write(path.parent / "other.tif", [0] * read_values(path).shape[1])
    settings = {"weights": "1,0.001", **more}
    result = run_operation(FUSE, inputs=[path, other], output=path.parent / "out", **settings).value
    row = read_values(path.parent / "out" / "consensus.tif")[0]
    agreement = read_values(path.parent / "out" / "agreement.tif")[0]
    # where the other one alone saw, it agrees with itself and the confidence is small
    confidence = read_values(path.parent / "out" / "confidence.tif")[0]
    assert agreement.shape == row.shape
    unseen = confidence < 0.01
    return [NOT_OBSERVED if hidden else int(code) for code, hidden in zip(row, unseen)], " ".join(
        result.warnings
    )


U = NOT_OBSERVED
READ = {
    # file name, codes, dtype, nodata → event 1, dry 0, not observed 255
    "DSWx of HLS": ("OPERA_L3_DSWx-HLS_B01_WTR.tif", [0, 1, 2, 252, 253, 254, 255], "uint8", 255),
    "DSWx, fill not declared": ("water.tif", [0, 1, 2, 252, 253, 254, 255], "uint8", None),
    "DSWx of Sentinel-1": ("OPERA_L3_DSWx-S1_B01.tif", [0, 1, 3, 250, 251, 254, 255], "uint8", 255),
    "less sure water of DSWx": ("dswx_wtr1.tif", [0, 1, 4, 253, 253, 253, 255], "uint8", None),
    "MTBS": ("mtbs_CA_2020.tif", [1, 2, 4, 6, 0, 6, 0], "uint8", None),
    "GFM": ("ENSEMBLE_FLOOD_20240612.tif", [0, 1, 1, 255, 255, 255, 255], "uint8", None),
    "labels of -1": ("chip_LabelHand.tif", [0, 1, 1, -1, -1, -1, -1], "int16", None),
    "-1 without a name": ("chip.tif", [0, 1, 1, -1, -1, -1, -1], "int16", None),
    "-9999 not declared": ("flood.tif", [0, 1, 1, -9999, -9999, -9999, -9999], "int16", None),
    "a mask of fractions' type": (
        "mask.tif",
        [0, 1, 1, np.nan, np.nan, np.nan, -9999],
        "float32",
        -9999,
    ),
    "-3.4e38 as nodata": ("mask.tif", [0, 1, 1, *[-3.4e38] * 4], "float32", np.float32(-3.4e38)),
    "MODIS burn date": (
        "MCD64A1.A2020214_BurnDate.tif",
        [0, 214, 366, -1, -1, -1, -1],
        "int16",
        None,
    ),
    "Fire CCI": (
        "20200801-ESACCI-L3S_FIRE-BA-MODIS-AREA_1-fv5.1-JD.tif",
        [-2, 214, 1, -1, -1, -1, -1],
        "int16",
        None,
    ),
    "LANCE flood": ("MCDWD_L3_F2_NRT.A2024153.h19v05.tif", [1, 2, 3, *[255] * 4], "uint8", None),
    "WOfS": ("ga_ls_wo_3.tif", [0, 128, 128, 64, 32, 66, 1], "uint8", None),
}


@pytest.mark.parametrize("kind", READ)
def test_products_are_read_as_they_are_meant(tmp_path: Path, kind: str) -> None:
    name, codes, dtype, nodata = READ[kind]
    row, _ = fuse(write(tmp_path / name, codes, dtype, nodata))
    assert row == [0, 1, 1, U, U, U, U]


def test_a_mask_of_0_and_255_is_a_mask_and_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "mask.tif", [0, 255, 255, 0])
    row, warnings = fuse(path)
    assert row == [0, 1, 1, 0]
    assert "mask.tif is read by a mask of 0 and 255 as affected 255 (50.0 %)" in warnings
    assert "‘fuse.not_observed’" in warnings
    row, _ = fuse(path, not_observed="255")
    assert row == [0, U, U, 0]


def test_a_mask_that_reaches_over_a_part_keeps_its_255(tmp_path: Path) -> None:
    """Where it does not reach, no data must be another number than its class."""
    wide = write(tmp_path / "wide.tif", [0] * 6)
    mask = write(tmp_path / "mask.tif", [0, 255, 255])
    run_operation(FUSE, inputs=[wide, mask], output=tmp_path / "out", weights="0.1,1")
    assert read_values(tmp_path / "out" / "consensus.tif")[0].tolist() == [0, 1, 1, 0, 0, 0]
    confidence = read_values(tmp_path / "out" / "confidence.tif")[0]
    assert (confidence[3:] < 0.1).all()


@pytest.mark.thorough
@pytest.mark.parametrize("nodata", [0, 255])
def test_a_mask_whose_half_is_declared_no_data_is_told_and_settled(
    tmp_path: Path, nodata: int
) -> None:
    path = write(tmp_path / "mask.tif", [0, 255, 255, 0], nodata=nodata)
    row, warnings = fuse(path)
    assert row == ([U, 1, 1, U] if nodata == 0 else [0, U, U, 0])
    assert ("declares 0 as no data" if nodata == 0 else "nothing in it is affected") in warnings
    row, _ = fuse(path, not_observed="none")
    assert row == [0, 1, 1, 0]


def test_an_agencys_0_that_is_declared_no_data_is_dry_if_the_user_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "EMSR_delineation.tif", ROW, nodata=0)
    row, warnings = fuse(path)
    assert row == [U, U, 1, 1]
    assert "set ‘fuse.not_observed’ to none" in warnings
    assert fuse(path, not_observed="none")[0] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("name", "codes", "dtype", "sentence"),
    [
        ("map.tif", [0, 1, 2, 7], "uint8", r"unknown meaning: 2 \(25.0 %\), 7 \(25.0 %\)"),
        ("map.tif", [255, 255, 255, 255], "uint8", r"unknown meaning: 255 \(100.0 %\)"),
        ("dswx.tif", [0, 1, 7, 253], "uint8", r"read as OPERA DSWx, holds codes of .*: 7 \("),
        ("mtbs_mask.tif", [0, 0, 1, 1], "uint8", "named like MTBS burn severity and holds only 0"),
        ("dswx_mask.tif", [0, 0, 255, 255], "uint8", "named like OPERA DSWx and holds only 0 and"),
        ("seasonality_10E_50N.tif", [0, 3, 12, 255], "uint8", "no code of it means event"),
        ("depth.tif", [0, 0.4, 1.2, 0], "float32", "holds numbers, no classes"),
    ],
)
def test_what_nobody_explains_is_refused_with_its_codes(
    tmp_path: Path, name: str, codes: Any, dtype: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        fuse(write(tmp_path / name, codes, dtype))


@pytest.mark.thorough
def test_the_users_word_settles_it(tmp_path: Path) -> None:
    path = write(tmp_path / "map.tif", [0, 1, 2, 7, 253])
    assert fuse(path, positive="1-2", not_observed="7")[0] == [0, 1, 1, U, U]
    assert fuse(path, positive="2")[0] == [0, 0, 1, 0, U]
    signed = write(tmp_path / "signed.tif", [0, 1, -3, -2], "int16")
    assert fuse(signed, positive="-3--2", not_observed="0")[0] == [U, 0, 1, 1]


def test_names_of_classes_tell_what_they_mean(tmp_path: Path) -> None:
    from osgeo import gdal

    path = write(tmp_path / "palette.tif", [0, 1, 2, 3, 4])
    dataset = gdal.Open(str(path), gdal.GA_Update)
    names = ["Background", "Flooded area", "Permanent water", "Clouds", "Not flooded"]
    dataset.GetRasterBand(1).SetCategoryNames(names)
    del dataset
    assert survey_classes(path).names[1] == "Flooded area"
    row, warnings = fuse(path)
    assert row == [0, 1, 0, U, 0]
    assert "by its class names as affected 1 'Flooded area' (20.0 %)" in warnings


def test_an_attribute_table_tells_it_too(tmp_path: Path) -> None:
    from osgeo import gdal

    path = write(tmp_path / "table.tif", [10, 20, 30])
    table = gdal.RasterAttributeTable()
    table.CreateColumn("Value", gdal.GFT_Integer, gdal.GFU_MinMax)
    table.CreateColumn("Class", gdal.GFT_String, gdal.GFU_Name)
    for row, (code, name) in enumerate(((10, "Unburned"), (20, "Burned"), (30, "No data"))):
        table.SetValueAsInt(row, 0, code)
        table.SetValueAsString(row, 1, name)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.GetRasterBand(1).SetDefaultRAT(table)
    del dataset
    assert fuse(path)[0] == [0, 1, U]


def test_codes_and_ranges() -> None:
    assert parse_codes("1,4-6, -1,-9--8") == (-9, -8, -1, 1, 4, 5, 6)
    for text in ("", "a", "1-", "6-4", "0-99999999", "1.5"):
        with pytest.raises(InputError, match="cannot be used"):
            parse_codes(text)


def test_no_table_contradicts_itself() -> None:
    for table in load_tables():
        assert not table.affected & table.not_observed, table.title
        assert not (table.affected | table.not_observed) & table.dry, table.title
        assert not table.permanent & (table.dry | table.not_observed), table.title


WATER_ALL_YEAR = {
    # file name, codes → codes of permanent water, of other ground
    "yearly classes": ("yearlyClassification2020.tif", [0, 1, 2, 3], {3}, {1, 2}),
    "seasonality": ("seasonality_10E_50N.tif", [0, 3, 11, 12, 255], {12}, {0, 3, 11}),
    "transitions": ("transitions_10E_50N.tif", [0, 1, 3, 7, 10], {1, 7}, {0, 3, 10}),
    "WorldCover": (
        "ESA_WorldCover_10m_2021_v200_N45E009_Map.tif",
        [10, 50, 80, 90],
        {80},
        {10, 90},
    ),
    "LC100": (
        "PROBAV_LC100_global_v3.0.1_2019-nrt_Discrete-Classification-map.tif",
        [20, 80, 111, 200],
        {80, 200},
        {20, 111},
    ),
    "LANCE flood": ("VCDWD_L3_F1_NRT.tif", [0, 1, 2, 3, 255], {1}, {0, 2, 3}),
    "GFM reference water": ("GFM_REFERENCE_WATER_OUT.tif", [0, 1, 2, 255], {1}, {0, 2}),
}


def explain(path: Path, words: CodeWords) -> Any:
    return explain_codes(survey_classes(path), read_facts(path), words, "It cannot be used")


@pytest.mark.parametrize("kind", WATER_ALL_YEAR)
def test_water_of_all_the_year_is_read_as_each_agency_means_it(tmp_path: Path, kind: str) -> None:
    name, codes, water, ground = WATER_ALL_YEAR[kind]
    words = CodeWords(MapSubject.PERMANENT_WATER)
    meaning = explain(write(tmp_path / name, codes), words)
    assert set(meaning.affected) & set(codes) == water
    assert ground <= set(meaning.dry)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("occurrence_10E_50N.tif", [0, 40, 90, 100]),  # how many per cent is the user's judgement
        ("max_extent_10E_50N.tif", [0, 1, 1, 1]),  # water at any time
        ("ESA_WorldCover_10m.tif", [10, 80, 81, 82]),  # codes that it does not have
        ("landcover.tif", [11, 41, 42, 90]),  # whose, nobody says
    ],
)
def test_codes_of_water_that_nobody_knows_are_refused_and_settled_by_the_user(
    tmp_path: Path, name: str, codes: list[int]
) -> None:
    path = write(tmp_path / name, codes)
    with pytest.raises(InputError, match=r"unknown meaning|by itself"):
        explain(path, CodeWords(MapSubject.PERMANENT_WATER))
    words = CodeWords(MapSubject.PERMANENT_WATER, frozenset({codes[1]}), frozenset({codes[2]}))
    meaning = explain(path, words)
    assert set(meaning.affected) & set(codes) == {codes[1]}
    assert codes[3] in (*meaning.dry, codes[1], codes[2])


def test_a_table_fits_only_codes_that_it_knows_all() -> None:
    dswx = next(table for table in load_tables() if table.is_named(["x_dswx.tif"]))
    assert dswx.fits([0, 1, 252])
    assert not dswx.fits([0, 1, 252, 77])
    assert not dswx.fits([0, 1])
    assert dswx.permanent == dswx.affected, "where the table does not say otherwise"
    mtbs = next(table for table in load_tables() if table.is_named(["mtbs_x.tif"]))
    assert not mtbs.permanent


@pytest.mark.thorough
@pytest.mark.parametrize(("fill", "dtype"), [(32767, "int16"), (65535, "uint16")])
def test_the_end_of_16_bits_is_a_fill_value(tmp_path: Path, fill: int, dtype: str) -> None:
    row, _ = fuse(write(tmp_path / "mask.tif", [0, 1, 1, fill], dtype))
    assert row == [0, 1, 1, U]


def test_the_users_word_counts_for_our_own_maps_too(tmp_path: Path) -> None:
    import rasterio

    path = write(tmp_path / "severity.tif", [1, 3, 4, 5, 255], nodata=255)
    with rasterio.open(path, "r+") as raster:
        raster.set_band_description(1, "severity")
        raster.update_tags(event_codes_severity="4-7", silent_codes_severity="1")
    facts, survey = read_facts(path), survey_classes(path)
    told = explain_codes(survey, facts, CodeWords(MapSubject.EVENT), "x")
    assert (told.affected, told.dry) == ((4, 5, 6, 7), (3,))
    words = CodeWords(MapSubject.EVENT, not_observed=frozenset({3, 5}))
    told = explain_codes(survey, facts, words, "x")
    assert (told.affected, told.dry) == ((4, 6, 7), ())
