"""The product of a file is told by MTL and MTD files beside it, else by names."""

from __future__ import annotations

import json
from math import radians, sin
from pathlib import Path

import pytest

from firstlight.core.identity.evidence import Evidence
from firstlight.core.identity.product_names import propose_product

L2 = "LC08_L2SP_192030_20230715_20230725_02_T1"
L1 = "LC09_L1TP_192030_20230715_20230725_02_T1"
SAFE = "S2B_MSIL2A_20240612T100031_{}_R122_T33TWN_20240612T134512.SAFE"
BAND = "T33TWN_20240612T100031_B04_10m.jp2"


@pytest.mark.parametrize(
    ("path", "product"),
    [
        (f"/d/{L2}_SR_B4.TIF", "landsat-c2-l2"),
        (f"/d/{L2}_ST_B10.TIF", "landsat-c2-l2"),
        ("/d/LT05_L2SP_192030_19980715_20200909_02_T1_SR_B4.TIF", "landsat-c2-l2"),
        ("/d/LC08_L1TP_193024_20200509_20200509_01_RT_B4.TIF", None),  # Collection 1
        (f"/d/{SAFE.format('N0510')}/GRANULE/X/IMG_DATA/R10m/{BAND}", "sentinel2-l2a"),
        (f"/d/{SAFE.format('N0301')}/GRANULE/X/IMG_DATA/R10m/{BAND}", "sentinel2-l2a-old"),
        (f"/d/{SAFE.format('N9999')}/GRANULE/X/IMG_DATA/R10m/{BAND}", None),
        (f"/d/{SAFE.format('N0400')}".replace("L2A", "L1C") + f"/{BAND}", "sentinel2-l1c"),
        (f"/d/{BAND}", None),  # its baseline is not known
        ("/d/HLS.S30.T33TWN.2024164T100031.v2.0.B8A.tif", "hls-s30"),
        ("/d/HLS.L30.T33TWN.2024164T100031.v2.0.B10.tif", "hls-l30"),
        ("/d/OPERA_L2_RTC-S1_T069-147170-IW1_20240612_VV.tif", "opera-rtc-s1"),
        ("/d/red.tif", None),
    ],
)
def test_names_tell_the_product(path: str, product: str | None) -> None:
    proposed = propose_product(Path(path))
    assert (proposed and proposed.product.name) == product
    assert proposed is None or proposed.evidence == Evidence.NAME


def write_mtl(folder: Path, kind: str) -> None:
    fields = {
        "REFLECTANCE_MULT_BAND_4": "2.0000E-05",
        "REFLECTANCE_ADD_BAND_4": "-0.100000",
        "SUN_ELEVATION": "30.0",
    }
    path = folder / f"{L1}_MTL.{kind}"
    if kind == "json":
        path.write_text(json.dumps({"LANDSAT_METADATA_FILE": {"A": fields}}))
    elif kind == "xml":
        nodes = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        path.write_text(f"<LANDSAT_METADATA_FILE><A>{nodes}</A></LANDSAT_METADATA_FILE>")
    else:
        path.write_text("".join(f"    {name} = {value}\n" for name, value in fields.items()))


@pytest.mark.parametrize("kind", ["json", "xml", "txt"])
def test_level_1_has_its_scenes_own_factors(tmp_path: Path, kind: str) -> None:
    band = tmp_path / f"{L1}_B4.TIF"
    named = propose_product(band)
    assert named is not None
    assert not named.factors
    write_mtl(tmp_path, kind)
    told = propose_product(band)
    assert told is not None
    assert told.evidence == Evidence.METADATA
    sine = sin(radians(30))
    assert told.factors["B4"] == pytest.approx((2e-5 / sine, -0.1 / sine))


@pytest.mark.parametrize(
    ("baseline", "offset", "product"),
    [
        ("05.10", "<BOA_ADD_OFFSET band_id='0'>-1000</BOA_ADD_OFFSET>", "sentinel2-l2a"),
        ("99.99", "<BOA_ADD_OFFSET band_id='0'>-1000</BOA_ADD_OFFSET>", "sentinel2-l2a"),
        ("99.99", "<BOA_ADD_OFFSET band_id='0'>0</BOA_ADD_OFFSET>", "sentinel2-l2a-old"),
        ("02.14", "", "sentinel2-l2a-old"),
        ("99.99", "", None),
        ("05.10", "<BOA_ADD_OFFSET band_id='0'>-900</BOA_ADD_OFFSET>", "sentinel2-l2a"),
    ],
)
def test_an_mtd_file_tells_the_offset(
    tmp_path: Path, baseline: str, offset: str, product: str | None
) -> None:
    folder = tmp_path / "GRANULE" / "X" / "IMG_DATA" / "R10m"
    folder.mkdir(parents=True)
    (tmp_path / "MTD_MSIL2A.xml").write_text(
        f"<n1:P xmlns:n1='x'><PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>{offset}</n1:P>"
    )
    proposed = propose_product(folder / BAND)
    assert (proposed and proposed.product.name) == product
    assert propose_product(folder / "mine.tif") is None


def test_a_broken_mtl_leaves_the_name(tmp_path: Path) -> None:
    (tmp_path / f"{L2}_MTL.json").write_text("{")
    proposed = propose_product(tmp_path / f"{L2}_SR_B4.TIF")
    assert proposed is not None
    assert proposed.product.name == "landsat-c2-l2"
