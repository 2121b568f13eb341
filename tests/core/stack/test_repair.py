"""`flight repair`: moved, renamed, emptied, rewritten; what is found is named, and what is not is
never guessed.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cli import main
from firstlight.core.errors import BandStackError
from firstlight.core.raster.vrt_sources import check_vrt_sources
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.repair import repair_stack
from firstlight.core.types import Radiometry
from support.rasters import noise, read_bands, write_raster

S2 = Radiometry(0.0001, -0.1, 0.0, "reflectance", "as the item states")
BANDS = ("red", "nir", "swir16", "scl", "far")


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A folder with a stack of every kind of band: plain, coarse, classes, of the neighbouring
    zone.
    """
    folder = tmp_path / "scene"
    # not compressed, so that files of one shape have one size in bytes
    sources = {
        "red": BandSource(
            write_raster(folder / "B04.tif", noise((64, 64), 1), compress="none"), 1, S2, 665.0
        ),
        "nir": BandSource(
            write_raster(folder / "B08.tif", noise((64, 64), 2), compress="none"), 1, S2, 842.0
        ),
        "swir16": BandSource(
            write_raster(folder / "B11.tif", noise((32, 32), 3), resolution=20.0, nodata=None),
            1,
            S2,
            1610.0,
        ),
        "scl": BandSource(
            write_raster(
                folder / "SCL.tif", (noise((32, 32), 4) % 12).astype(np.uint8), resolution=20.0
            ),
            1,
            Radiometry(nodata=0.0, unit="class"),
            is_class=True,
        ),
        "far": BandSource(place_in_next_zone(folder), 1, S2),
    }
    create_band_stack(
        sources, folder / "s.vrt", BANDS, {"red": "Red, 665 nm"}, tags={"item_id": "one"}
    )
    return folder


def place_in_next_zone(folder: Path) -> Path:
    from rasterio.warp import transform_bounds

    left, _, _, top = transform_bounds("EPSG:32632", "EPSG:32633", 600000, 5199380, 600640, 5200020)
    return write_raster(folder / "far.tif", noise((80, 80), 5), epsg=32633, origin=(left, top))


def facts(path: Path) -> Any:
    import rasterio

    with rasterio.open(path) as d:
        told = [
            {k: v for k, v in d.tags(i).items() if not k.startswith("source")} for i in d.indexes
        ]
        return (
            d.descriptions,
            d.nodatavals,
            d.scales,
            d.offsets,
            d.units,
            d.transform,
            d.crs,
            d.tags(),
            told,
        )


def test_a_sound_stack_is_left_alone(scene: Path) -> None:
    before = (scene / "s.vrt").read_bytes()
    done = repair_stack(scene / "s.vrt")
    assert (done.stack, done.mends, done.backup) == (None, (), None)
    assert (scene / "s.vrt").read_bytes() == before
    assert not (scene / "s.vrt.bak").exists()


def test_bands_that_were_moved_and_renamed_are_found_and_named(scene: Path, tmp_path: Path) -> None:
    before, old, text = (
        read_bands(scene / "s.vrt"),
        facts(scene / "s.vrt"),
        (scene / "s.vrt").read_bytes(),
    )
    (scene / "bands").mkdir()
    shutil.move(scene / "B04.tif", scene / "bands")  # below the stack
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    shutil.move(
        scene / "far.tif", tmp_path / "elsewhere" / "deep" / "far.tif"
    )  # named with --folder
    (scene / "B11.tif").rename(scene / "swir 1610 nm.tif")
    done = repair_stack(scene / "s.vrt", [tmp_path / "elsewhere"])
    assert [(mend.band, Path(mend.after).name) for mend in done.mends] == [
        ("red", "B04.tif"),
        ("swir16", "swir 1610 nm.tif"),
        ("far", "far.tif"),
    ]
    assert [mend.reason for mend in done.mends] == [
        "same name, type and grid",
        "another name; same size in bytes, type and grid",
        "same name, type and grid",
    ]
    assert np.array_equal(read_bands(scene / "s.vrt"), before)
    assert facts(scene / "s.vrt") == old
    assert (scene / "s.vrt.bak").read_bytes() == text
    assert done.backup == scene / "s.vrt.bak"
    check_vrt_sources(scene / "s.vrt")
    assert repair_stack(scene / "s.vrt").mends == (), "once is enough"


def test_moving_back_and_mending_again_gives_the_first_bytes_and_keeps_both_old_ones(
    scene: Path,
) -> None:
    first = sorted((p.name, p.read_bytes()) for p in scene.glob("*.vrt"))
    (scene / "B08.tif").rename(scene / "nir.tif")
    repair_stack(scene / "s.vrt")
    (scene / "nir.tif").rename(scene / "B08.tif")
    repair_stack(scene / "s.vrt")
    assert sorted((p.name, p.read_bytes()) for p in scene.glob("*.vrt")) == first
    assert sorted(p.name for p in scene.glob("*.bak*")) == ["s.vrt.bak", "s.vrt.bak2"]


def empty(text: str) -> str:
    return re.sub(r"<(Simple|Complex)Source.*?</\1Source>", "", text, flags=re.DOTALL)


def absolute(text: str, folder: Path) -> str:
    return re.sub(r'relativeToVRT="1" shared="0">(?!s\.)', f'relativeToVRT="0">{folder}/', text)


@pytest.mark.parametrize(
    ("spoil", "count", "reason"),
    [
        (lambda text, folder: empty(text), 5, "the stack was emptied"),
        (absolute, 3, "a whole path was written where a relative one was"),
        (
            lambda text, folder: text.replace(">B04.tif</SourceF", ">B08.tif</SourceF"),
            1,
            "the stack pointed at another file",
        ),
    ],
    ids=["emptied", "absolute", "another file"],
)
def test_what_another_program_did_to_a_stack_is_undone(
    scene: Path, spoil: Callable[[str, Path], str], count: int, reason: str
) -> None:
    before, text = read_bands(scene / "s.vrt"), (scene / "s.vrt").read_text(encoding="utf-8")
    spoiled = spoil(text, scene)
    assert spoiled != text
    (scene / "s.vrt").write_text(spoiled, encoding="utf-8")
    done = repair_stack(scene / "s.vrt")
    assert len(done.mends) == count
    assert all(reason in mend.reason for mend in done.mends)
    assert (scene / "s.vrt").read_text(encoding="utf-8") == text
    assert np.array_equal(read_bands(scene / "s.vrt"), before)


def test_a_stack_that_gdal_has_rewritten_without_its_sources_is_mended(
    scene: Path, tmp_path: Path
) -> None:
    """As QGIS does: opens it for update, notes statistics, and writes all anew in its own words."""
    from osgeo import gdal

    before, text = read_bands(scene / "s.vrt"), (scene / "s.vrt").read_bytes()
    shutil.move(scene / "B04.tif", tmp_path / "B04.tif")
    dataset = gdal.Open(str(scene / "s.vrt"), gdal.GA_Update)
    dataset.GetRasterBand(2).SetMetadataItem("STATISTICS_MEAN", "3000")
    dataset.FlushCache()
    del dataset
    assert (scene / "s.vrt").read_bytes() != text
    shutil.move(tmp_path / "B04.tif", scene / "B04.tif")
    (scene / "B08.tif").rename(scene / "b.tif")
    assert [mend.band for mend in repair_stack(scene / "s.vrt").mends] == ["nir"]
    assert np.array_equal(read_bands(scene / "s.vrt"), before)


def test_a_nested_vrt_that_is_gone_is_made_anew(scene: Path) -> None:
    before = read_bands(scene / "s.vrt")
    nested = sorted(scene.glob("s.*.vrt"))
    assert [p.name.split(".")[1] for p in nested] == ["far", "swir16"]
    for path in nested:
        path.unlink()
    assert sorted(mend.band for mend in repair_stack(scene / "s.vrt").mends) == ["far", "swir16"]
    assert np.array_equal(read_bands(scene / "s.vrt"), before)
    assert sorted(scene.glob("s.*.vrt")) == nested


def fails(scene: Path, why: str, *folders: Path) -> None:
    before = sorted((p.name, p.read_bytes()) for p in scene.iterdir() if p.is_file())
    with pytest.raises(BandStackError, match=why) as caught:
        repair_stack(scene / "s.vrt", folders)
    assert str(caught.value).startswith("Mending s.vrt failed: ")
    assert sorted((p.name, p.read_bytes()) for p in scene.iterdir() if p.is_file()) == before, (
        "nothing was touched"
    )


def test_what_cannot_be_found_is_named_in_one_sentence(scene: Path, tmp_path: Path) -> None:
    (scene / "B04.tif").unlink()
    (scene / "SCL.tif").unlink()
    (tmp_path / "other").mkdir()
    why = (
        r"no file was found for red \(B04\.tif: nothing of that name or size\); scl "
        rf"\(SCL\.tif: .*\) in {scene}, {tmp_path}/other\. "
        r"Name their folder with ‘repair\.folder’, or make the stack again\."
    )
    fails(scene, why, tmp_path / "other")


def test_a_file_of_that_name_that_lies_elsewhere_on_earth_is_not_taken(scene: Path) -> None:
    write_raster(
        scene / "B04.tif", noise((64, 64), 1), origin=(600640.0, 5200020.0), compress="none"
    )
    fails(scene, r"red \(B04\.tif: .*B04\.tif is of another type or grid\)")


def test_of_two_that_fit_neither_is_guessed(scene: Path, tmp_path: Path) -> None:
    (scene / "B04.tif").unlink()
    for seed, name in enumerate(("a", "b")):
        write_raster(tmp_path / "x" / name / "B04.tif", noise((64, 64), 20 + seed), compress="none")
    fails(
        scene,
        r"red \(B04\.tif: 2 files of that name fit: .*a/B04\.tif, .*b/B04\.tif\)",
        tmp_path / "x",
    )
    for name in ("a", "b"):
        (tmp_path / "x" / name / "B04.tif").rename(tmp_path / "x" / name / f"{name}.tif")
    fails(
        scene, r"red \(B04\.tif: 2 files with other names fit: .*a\.tif, .*b\.tif\)", tmp_path / "x"
    )


def test_of_two_that_fit_the_one_that_was_downloaded_is_taken(scene: Path, tmp_path: Path) -> None:
    import hashlib

    right = hashlib.sha256((scene / "B04.tif").read_bytes()).hexdigest()
    (scene / "bands.json").write_text(json.dumps({"red": {"sha256": right}}))
    (tmp_path / "x").mkdir()
    shutil.move(scene / "B04.tif", tmp_path / "x" / "z.tif")
    write_raster(tmp_path / "x" / "a.tif", noise((64, 64), 20), compress="none")
    assert [mend.after for mend in repair_stack(scene / "s.vrt", [tmp_path / "x"]).mends] == [
        str(tmp_path / "x" / "z.tif")
    ]


def test_copies_that_are_the_same_to_the_byte_are_no_riddle(scene: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "x" / name).mkdir(parents=True)
        shutil.copy(scene / "B04.tif", tmp_path / "x" / name / "B04.tif")
    (scene / "B04.tif").unlink()
    assert [mend.after for mend in repair_stack(scene / "s.vrt", [tmp_path / "x"]).mends] == [
        str(tmp_path / "x/a/B04.tif")
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", r"the file is empty\. Run ‘flight ingest’ or ‘flight stack’ again\."),
        ("<VRT", r"it is no XML \(.*\)\. Run ‘flight ingest"),
        (
            "<VRTDataset rasterXSize='1' rasterYSize='1'/>",
            "it is a VRT without bands. Run ‘flight ingest",
        ),
        ("<a><VRTRasterBand/></a>", "it is no VRT. Run ‘flight ingest"),
        (
            "<VRTDataset rasterXSize='1' rasterYSize='1'><VRTRasterBand/></VRTDataset>",
            "band 1 does not say which file it is of; it was not written by FirstLight, or "
            "lost its notes. Run ‘flight ingest",
        ),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><VRTDataset/>", "it declares XML entities"),
    ],
)
def test_a_stack_that_has_lost_its_notes_says_so(scene: Path, text: str, why: str) -> None:
    (scene / "s.vrt").write_text(text)
    fails(scene, why)


def test_damaged_notes_are_named(scene: Path) -> None:
    text = (scene / "s.vrt").read_text(encoding="utf-8")
    (scene / "s.vrt").write_text(
        re.sub(r"<GeoTransform>[^<]*", "<GeoTransform>x", text), encoding="utf-8"
    )
    fails(scene, r"what it says of its bands is damaged \(.*\)\. Run ‘flight ingest")


def test_a_folder_that_does_not_exist_is_named(scene: Path, tmp_path: Path) -> None:
    fails(scene, r"the folder .*nowhere does not exist", tmp_path / "nowhere")


def test_on_the_command_line_each_mend_is_told(
    scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, file in (("a", "B04.tif"), ("b", "B08.tif")):
        (tmp_path / name).mkdir()
        shutil.move(scene / file, tmp_path / name / file)
    stack = str(scene / "s.vrt")
    assert main(["repair", stack]) == 1
    assert (
        "no file was found for red (B04.tif: nothing of that name or size); nir"
        in capsys.readouterr().err
    )
    folders = ["--folder", str(tmp_path / "a"), "--folder", str(tmp_path / "b")]
    assert main(["repair", stack, *folders, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["band"] for one in told["mends"]] == ["red", "nir"]
    assert told["backup"] == f"{stack}.bak"
    assert main(["repair", stack]) == 0
    assert "every band file is in its place; nothing was changed" in capsys.readouterr().out
    assert main(["validate", stack, "--sensor", "sentinel2"]) in (0, 1)
