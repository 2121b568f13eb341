"""Single bands → one raster: what is written, how it is resampled, and what is refused."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import (
    BandStackError,
    CRSMismatchError,
    ExtentMismatchError,
    RasterError,
    ResolutionError,
    VRTSourceNotFoundError,
)
from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.grid import Window, split_windows
from firstlight.core.raster.reader import RasterReader
from firstlight.core.stack.band_stack import BandSource, create_band_stack, stack_to_geotiff
from firstlight.core.types import Radiometry
from support.rasters import noise, ramp, read_band, write_raster

S2 = Radiometry(0.0001, -0.1, 0.0, "reflectance", "as the item states")
CLASS = Radiometry(nodata=0.0, unit="class")
NAMES = ("blue", "green", "red", "nir", "swir16", "swir22")
NM = dict(zip(NAMES, (490.0, 560.0, 665.0, 842.0, 1610.0, 2190.0)))


@pytest.fixture
def six(tmp_path: Path) -> dict[str, BandSource]:
    """Four bands of 10 m, two of 20 m with the same extent."""
    made = {}
    for seed, name in enumerate(NAMES):
        coarse = name.startswith("swir")
        path = write_raster(
            tmp_path / f"{name}.tif",
            noise((40, 50) if coarse else (80, 100), seed),
            resolution=20.0 if coarse else 10.0,
        )
        made[name] = BandSource(path, radiometry=S2, wavelength_nm=NM[name])
    return made


def test_all_that_is_needed_is_in_the_file_for_gdal_and_for_rasterio(
    six: dict[str, BandSource], tmp_path: Path
) -> None:
    import rasterio
    from osgeo import gdal

    shuffled = {name: six[name] for name in ("swir22", "nir", "blue", "red", "swir16", "green")}
    stack = create_band_stack(
        shuffled, tmp_path / "s.vrt", tags={"item_id": "one", "sensor": "sentinel2"}
    )
    assert [band.name for band in stack.bands] == list(NAMES), "wavelength order"
    assert [band.index for band in stack.bands] == [1, 2, 3, 4, 5, 6]
    dataset = gdal.Open(str(tmp_path / "s.vrt"))
    assert dataset.GetMetadataItem("item_id") == "one"
    for number, name in enumerate(NAMES, start=1):
        band = dataset.GetRasterBand(number)
        assert band.GetDescription() == name
        assert (band.GetScale(), band.GetOffset(), band.GetNoDataValue()) == (0.0001, -0.1, 0.0)
        assert band.GetUnitType() == "reflectance"
        assert float(band.GetMetadataItem("wavelength")) == NM[name]
        assert band.GetMetadataItem("radiometry") == "as the item states"
    assert [dataset.GetRasterBand(n).GetColorInterpretation() for n in (1, 2, 3)] == [
        gdal.GCI_BlueBand,
        gdal.GCI_GreenBand,
        gdal.GCI_RedBand,
    ]
    del dataset
    with rasterio.open(tmp_path / "s.vrt") as opened:
        assert opened.descriptions == NAMES
        assert opened.scales == (0.0001,) * 6
        assert opened.offsets == (-0.1,) * 6
        assert opened.nodatavals == (0.0,) * 6
        assert opened.units == ("reflectance",) * 6
        assert opened.crs.to_epsg() == 32632
        assert opened.shape == (80, 100)
        assert tuple(opened.bounds) == stack.grid.bounds
    assert not stack.warnings
    assert stack.bands[4].resampled_from_m == 20.0
    assert stack.bands[0].resampled_from_m is None


def test_bands_of_the_stacks_own_size_are_untouched(
    six: dict[str, BandSource], tmp_path: Path
) -> None:
    create_band_stack(six, tmp_path / "s.vrt")
    for number, name in enumerate(NAMES[:4], start=1):
        assert np.array_equal(read_band(tmp_path / "s.vrt", number), read_band(six[name].path))


def bilinear(
    source: Any, factor: float, shape: tuple[int, int], start: tuple[float, float] = (0.0, 0.0)
) -> Any:
    """Bilinear interpolation between pixel centres, at full precision: what a textbook says."""
    values = source.astype(np.float64)
    out = np.empty(shape)
    for row in range(shape[0]):
        y = start[0] + (row + 0.5) / factor - 0.5
        y0 = math.floor(y)
        for col in range(shape[1]):
            x = start[1] + (col + 0.5) / factor - 0.5
            x0 = math.floor(x)
            fy, fx = y - y0, x - x0
            ys = np.clip([y0, y0 + 1], 0, source.shape[0] - 1)
            xs = np.clip([x0, x0 + 1], 0, source.shape[1] - 1)
            box = values[np.ix_(ys, xs)]
            out[row, col] = (box * np.outer([1 - fy, fy], [1 - fx, fx])).sum()
    return out


def test_twenty_metres_become_ten_by_bilinear_interpolation_between_pixel_centres(
    six: dict[str, BandSource], tmp_path: Path
) -> None:
    create_band_stack(six, tmp_path / "s.vrt")
    got = read_band(tmp_path / "s.vrt", 5).astype(np.float64)
    truth = bilinear(read_band(six["swir16"].path), 2, (80, 100))
    inner = (slice(2, -2), slice(2, -2))
    assert np.abs(got - truth)[inner].max() <= 0.5 + 1e-9, "whole numbers, rounded"
    assert np.abs(got - truth).max() <= 1.0, "and at the rim"


def test_a_coarse_band_that_begins_half_a_pixel_earlier_is_not_shifted(tmp_path: Path) -> None:
    fine = write_raster(tmp_path / "red.tif", noise((80, 100)))
    source = noise((42, 52), 5)
    coarse = write_raster(
        tmp_path / "swir16.tif", source, resolution=20.0, origin=(599990.0, 5200030.0)
    )
    create_band_stack(
        {"red": BandSource(fine, radiometry=S2), "swir16": BandSource(coarse, radiometry=S2)},
        tmp_path / "s.vrt",
    )
    truth = bilinear(source, 2, (80, 100), start=(0.5, 0.5))
    got = read_band(tmp_path / "s.vrt", 2).astype(np.float64)
    assert np.abs(got - truth)[2:-2, 2:-2].max() <= 0.5 + 1e-9


def test_tile_by_tile_is_the_same_as_the_whole(six: dict[str, BandSource], tmp_path: Path) -> None:
    create_band_stack(six, tmp_path / "s.vrt")
    with RasterReader(tmp_path / "s.vrt") as reader:
        for index in (1, 5):
            whole = reader.read_stored(index)
            for window in split_windows((80, 100), 17):
                part = reader.read_stored(index, window)
                assert np.array_equal(
                    part,
                    whole[
                        window.row : window.row + window.rows, window.col : window.col + window.cols
                    ],
                )


@pytest.mark.parametrize("method", ["bilinear", "cubic", "average", "nearest"])
def test_classes_are_never_blended(tmp_path: Path, method: str) -> None:
    classes = np.random.default_rng(2).choice(np.array([4, 8, 11], np.uint8), (40, 50))
    fine = write_raster(tmp_path / "red.tif", noise((80, 100)))
    scl = write_raster(tmp_path / "scl.tif", classes, resolution=20.0)
    sources = {
        "red": BandSource(fine, radiometry=S2),
        "scl": BandSource(scl, radiometry=CLASS, is_class=True),
    }
    create_band_stack(
        sources, tmp_path / "s.vrt", band_order=["red", "scl"], resample_method=method
    )
    assert np.array_equal(
        read_band(tmp_path / "s.vrt", 2), classes.repeat(2, axis=0).repeat(2, axis=1)
    )


@pytest.mark.parametrize("factor", [2, 3, 8])
def test_overviews_of_a_file_never_blend_its_classes_nor_spoil_a_coarser_stack(
    tmp_path: Path, factor: int
) -> None:
    from osgeo import gdal

    classes = np.random.default_rng(2).choice(np.array([4, 8, 11], np.uint8), (480, 480))
    scl = write_raster(tmp_path / "scl.tif", classes)
    red = write_raster(tmp_path / "red.tif", noise((480, 480)))
    for path in (scl, red):
        dataset = gdal.Open(str(path), gdal.GA_Update)
        dataset.BuildOverviews("AVERAGE", [2, 4, 8])
        del dataset
    sources = {
        "red": BandSource(red, radiometry=S2),
        "scl": BandSource(scl, radiometry=CLASS, is_class=True),
    }
    stack = create_band_stack(
        sources, tmp_path / "s.vrt", ["red", "scl"], target_resolution=10.0 * factor
    )
    got = read_band(stack.path, 2)
    assert set(np.unique(got)) == {4, 8, 11}
    middle = factor // 2
    if factor % 2:
        assert np.array_equal(got, classes[middle::factor, middle::factor])
    assert abs(float(read_band(stack.path, 1).mean()) - float(noise((480, 480)).mean())) < 30


@pytest.mark.parametrize("in_file", [True, False])
def test_nodata_does_not_bleed_into_its_neighbours(tmp_path: Path, in_file: bool) -> None:
    source = np.full((40, 50), 3000, np.uint16)
    source[10:20, 10:30] = 0
    fine = write_raster(tmp_path / "red.tif", noise((80, 100)))
    coarse = write_raster(
        tmp_path / "swir16.tif", source, resolution=20.0, nodata=0 if in_file else None
    )
    bands = {"red": BandSource(fine, radiometry=S2), "swir16": BandSource(coarse, radiometry=S2)}
    stack = create_band_stack(bands, tmp_path / "s.vrt")
    got = read_band(tmp_path / "s.vrt", 2)
    assert set(np.unique(got)) == {0, 3000}
    assert not stack.warnings
    assert (got[24:36, 24:56] == 0).all()
    assert (got[:16] == 3000).all()


def test_a_stack_is_over_the_finest_bands_only(tmp_path: Path) -> None:
    fine = write_raster(tmp_path / "red.tif", noise((40, 40)))
    wide = write_raster(
        tmp_path / "swir16.tif", noise((60, 60)), resolution=20.0, origin=(599800.0, 5200220.0)
    )
    stack = create_band_stack({"red": fine, "swir16": wide}, tmp_path / "s.vrt")
    assert stack.grid == read_facts(fine).grid


def test_bands_of_different_extents_are_united_and_the_gap_is_nodata(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif", noise((40, 40), 1))
    nir = write_raster(tmp_path / "nir.tif", noise((40, 40), 2), origin=(600100.0, 5199920.0))
    stack = create_band_stack(
        {"red": red, "nir": nir}, tmp_path / "s.vrt", band_order=["red", "nir"]
    )
    assert stack.grid.shape == (50, 50)
    assert stack.grid.bounds == (600000.0, 5199520.0, 600500.0, 5200020.0)
    assert (
        len(
            [
                w
                for w in stack.warnings
                if "covers only a part of the stack; the rest of it is nodata" in w
            ]
        )
        == 2
    )
    with RasterReader(tmp_path / "s.vrt") as reader:
        values = reader.read(2, Window(0, 0, 50, 50))
        assert np.isnan(values[:10]).all()
        assert np.isnan(values[:, :10]).all()
        assert not np.isnan(values[10:, 10:]).any()
        assert np.array_equal(reader.read_stored(2)[10:, 10:], read_band(nir))


def test_the_common_part_can_be_asked_for(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif", noise((40, 40), 1))
    nir = write_raster(tmp_path / "nir.tif", noise((40, 40), 2), origin=(600100.0, 5199920.0))
    stack = create_band_stack(
        {"red": red, "nir": nir}, tmp_path / "s.vrt", resolution_mode="intersect"
    )
    assert stack.grid.shape == (30, 30)
    assert not stack.warnings


def test_a_wanted_resolution_is_kept(six: dict[str, BandSource], tmp_path: Path) -> None:
    stack = create_band_stack(six, tmp_path / "s.vrt", target_resolution=20.0)
    assert stack.grid.shape == (40, 50)
    assert np.array_equal(read_band(tmp_path / "s.vrt", 5), read_band(six["swir16"].path))


def test_a_folder_with_its_stack_can_be_moved(six: dict[str, BandSource], tmp_path: Path) -> None:
    scene = tmp_path / "a" / "scene & co"
    scene.mkdir(parents=True)
    sources = {
        name: BandSource(Path(shutil.copy(one.path, scene)), radiometry=S2)
        for name, one in six.items()
    }
    create_band_stack(sources, scene / "s.vrt")
    before = read_band(scene / "s.vrt", 5)
    moved = tmp_path / "b"
    shutil.move(scene, moved)
    for one in six.values():
        one.path.unlink()
    assert np.array_equal(read_band(moved / "s.vrt", 5), before)
    assert str(tmp_path) not in (moved / "s.vrt").read_text(encoding="utf-8")


def test_bands_elsewhere_are_named_by_their_whole_path(
    six: dict[str, BandSource], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    create_band_stack(six, tmp_path / "out" / "s.vrt")
    assert str(six["red"].path) in (tmp_path / "out" / "s.vrt").read_text(encoding="utf-8")
    assert read_band(tmp_path / "out" / "s.vrt").shape == (80, 100)


@pytest.mark.parametrize("folder", ["scène ü", "a b", "<&>\"'", "#1", "100%"])
def test_folders_may_have_odd_names(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    red = write_raster(tmp_path / folder / "red.tif")
    create_band_stack({"red": red}, tmp_path / folder / "s.vrt")
    assert np.array_equal(read_band(tmp_path / folder / "s.vrt"), ramp())


def test_the_same_inputs_give_the_same_bytes_and_few_of_them(
    six: dict[str, BandSource], tmp_path: Path
) -> None:
    tags = {"sensor": "sentinel2", "item_id": "one", "datetime": "2024-06-01T00:00:00Z"}
    create_band_stack(six, tmp_path / "s.vrt", tags=tags)
    first = (tmp_path / "s.vrt").read_bytes()
    create_band_stack(
        dict(reversed(six.items())), tmp_path / "s.vrt", tags=dict(reversed(tags.items()))
    )
    assert (tmp_path / "s.vrt").read_bytes() == first
    assert len(first) < 10_000
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name] == []


def test_a_second_band_of_a_file_can_be_meant(tmp_path: Path) -> None:
    both = np.stack([noise((20, 20), 1), noise((20, 20), 2)])
    path = write_raster(tmp_path / "two.tif", both)
    create_band_stack(
        {"red": BandSource(path, 2), "nir": BandSource(path, 1)},
        tmp_path / "s.vrt",
        band_order=["red", "nir"],
    )
    assert np.array_equal(read_band(tmp_path / "s.vrt", 1), both[1])
    assert np.array_equal(read_band(tmp_path / "s.vrt", 2), both[0])


def test_names_and_descriptions_may_differ(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif")
    create_band_stack({"red": red}, tmp_path / "s.vrt", band_descriptions={"red": "Red, 665 nm"})
    assert read_facts(tmp_path / "s.vrt").bands[0].description == "Red, 665 nm"


def test_without_known_nodata_everything_counts_and_that_is_said(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif", nodata=None)
    stack = create_band_stack({"red": red}, tmp_path / "s.vrt")
    assert stack.warnings == (
        "No nodata value is known for red: every number there counts as data",
    )


def test_a_stack_in_json_has_the_specified_fields(
    six: dict[str, BandSource], tmp_path: Path
) -> None:
    told = create_band_stack(six, tmp_path / "s.vrt").to_dict()
    assert told["band_count"] == 6
    assert told["band_mapping"] == {name: n for n, name in enumerate(NAMES, start=1)}
    assert told["crs"] == "EPSG:32632"
    assert told["resolution"] == [10.0, 10.0]
    assert told["source_files"]["red"] == str(six["red"].path)


@pytest.mark.parametrize("epsg", [32632, 3031, 3857, 4326, 2193, 31467])
def test_the_stack_lies_where_its_bands_lie_in_every_coordinate_system(
    tmp_path: Path, epsg: int
) -> None:
    from osgeo import gdal

    origin, size = ((10.0, 47.0), 0.001) if epsg == 4326 else ((1500000.0, 5000000.0), 10.0)
    red = write_raster(tmp_path / "red.tif", epsg=epsg, resolution=size, origin=origin)
    create_band_stack({"red": red}, tmp_path / "s.vrt")
    corners = [
        gdal.Info(str(p), format="json")["wgs84Extent"]["coordinates"][0]
        for p in (red, tmp_path / "s.vrt")
    ]
    assert np.allclose(corners[0], corners[1])
    mapping = [
        gdal.Open(str(p)).GetSpatialRef().GetDataAxisToSRSAxisMapping()
        for p in (red, tmp_path / "s.vrt")
    ]
    assert mapping[0] == mapping[1]


def test_a_coordinate_system_without_a_number_is_kept(tmp_path: Path) -> None:
    import rasterio

    sinusoidal = "+proj=sinu +R=6371007.181 +units=m"
    red = write_raster(tmp_path / "red.tif", epsg=None, crs=sinusoidal)
    create_band_stack({"red": red}, tmp_path / "s.vrt")
    with rasterio.open(tmp_path / "s.vrt") as dataset:
        assert dataset.crs == rasterio.CRS.from_string(sinusoidal)


def gcp_without_crs(path: Path) -> Path:
    import rasterio
    from rasterio.control import GroundControlPoint

    points = [
        GroundControlPoint(r, c, 10 + c / 1000, 47 - r / 1000) for r in (0, 63) for c in (0, 63)
    ]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=64,
        height=64,
        count=1,
        dtype="uint16",
        gcps=points,
        crs=rasterio.CRS(),
    ) as out:
        out.write(ramp(), 1)
    return path


REFUSED: dict[str, tuple[Callable[[Path], dict[str, Any]], type[Exception], str]] = {
    "nothing": (lambda p: {}, BandStackError, "there is no band to stack"),
    "two coordinate systems, far apart": (
        lambda p: {"red": write_raster(p / "r.tif"), "nir": write_raster(p / "n.tif", epsg=32633)},
        ExtentMismatchError,
        "CRS mismatch between bands (red=EPSG:32632, nir=EPSG:32633), and warped to EPSG:32632, "
        "band 'nir' does not overlap the others (red: 600000, 5199380, 600640, 5200020; nir: 10565",
    ),
    "a coordinate system that is not of this earth": (
        lambda p: {
            "red": write_raster(p / "r.tif"),
            "nir": write_raster(
                p / "n.tif",
                epsg=None,
                crs="+proj=longlat +R=3396190 +no_defs",
                resolution=0.001,
                origin=(10, 47),
            ),
        },
        CRSMismatchError,
        "cannot be warped to EPSG:32632: ",
    ),
    "no coordinate system": (
        lambda p: {"red": write_raster(p / "r.tif", epsg=None)},
        CRSMismatchError,
        "cannot be placed: it has no coordinate system. Assign one, or warp it first.",
    ),
    "a coordinate system and no position": (
        lambda p: {"red": write_raster(p / "r.tif", transform=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0))},
        CRSMismatchError,
        "cannot be placed: it has a coordinate system but no position. Assign one, or warp it "
        "first.",
    ),
    "ground control points of nowhere": (
        lambda p: {"red": gcp_without_crs(p / "r.tif")},
        CRSMismatchError,
        "cannot be placed: its ground control points have no coordinate system.",
    ),
    "no overlap": (
        lambda p: {
            "red": write_raster(p / "r.tif"),
            "swir16": write_raster(p / "s.tif", resolution=20.0, origin=(700000.0, 5200020.0)),
        },
        ExtentMismatchError,
        "band 'swir16' does not overlap the others (",
    ),
    "no such band in the file": (
        lambda p: {"red": BandSource(write_raster(p / "r.tif"), 2)},
        BandStackError,
        "has 1 bands, no band 2",
    ),
    "a file that is not there": (
        lambda p: {"red": p / "nope.tif"},
        BandStackError,
        "band 'red': The raster {p}/nope.tif cannot be opened: it does not exist",
    ),
    "pixels without a size": (
        lambda p: {
            "red": write_raster(p / "r.tif", transform=(10.0, 5.0, 600000.0, 20.0, 10.0, 5200000.0))
        },
        ResolutionError,
        "have no size. Its geotransform is damaged: fetch it again.",
    ),
    "complex numbers": (
        lambda p: {"red": write_raster(p / "r.tif", ramp().astype(np.complex64), nodata=None)},
        BandStackError,
        "numbers of type complex64 cannot be stacked",
    ),
}


@pytest.mark.parametrize(("make", "kind", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_stacked_is_named(
    tmp_path: Path, make: Callable[[Path], dict[str, Any]], kind: type[Exception], sentence: str
) -> None:
    bands = make(tmp_path)
    with pytest.raises(kind) as caught:
        create_band_stack(bands, tmp_path / "s.vrt", band_order=list(bands))
    assert type(caught.value) is kind
    assert str(caught.value).startswith("Band stacking failed for s.vrt: ")
    assert sentence.format(p=tmp_path) in str(caught.value)
    assert not list(tmp_path.glob("*.vrt*"))


def test_a_band_that_is_no_raster_is_named(tmp_path: Path) -> None:
    (tmp_path / "r.tif").write_text("hello")
    with pytest.raises(BandStackError, match=r"band 'red': The raster .*r\.tif cannot be opened: "):
        create_band_stack({"red": tmp_path / "r.tif"}, tmp_path / "s.vrt")


@pytest.mark.parametrize(
    ("options", "kind", "why"),
    [
        (
            {"band_order": ["red", "nir"]},
            BandStackError,
            "the band order and the bands differ in nir",
        ),
        (
            {"resolution_mode": "native"},
            BandStackError,
            "the resolution mode 'native' is not known. Known: resample, preserve, intersect.",
        ),
        (
            {"band_order": ["red", "red"]},
            BandStackError,
            "the band order and the bands differ in how often they are named",
        ),
        ({"target_resolution": -10.0}, ResolutionError, "the resolution -10 is not above zero"),
        (
            {"target_resolution": 641.0},
            ResolutionError,
            "are larger than the whole stack of 640 × 640. The bands have 10: choose",
        ),
        (
            {"target_resolution": 1e-7},
            ResolutionError,
            "would make more than 2147483647 rows or columns. The bands have 10",
        ),
        (
            {"resolution_mode": "preserve", "target_resolution": 20.0},
            ResolutionError,
            "cannot keep their own resolutions and have 20 as well. Give the mode 'preserve' or "
            "a resolution, not both.",
        ),
    ],
)
def test_unusable_options_are_named(
    tmp_path: Path, options: dict[str, Any], kind: type[Exception], why: str
) -> None:
    red = write_raster(tmp_path / "red.tif")
    with pytest.raises(kind) as caught:
        create_band_stack({"red": red}, tmp_path / "s.vrt", **options)
    assert why in str(caught.value)


def test_nothing_in_common_is_named_when_the_common_part_is_asked_for(tmp_path: Path) -> None:
    red, nir = (
        write_raster(tmp_path / "r.tif"),
        write_raster(tmp_path / "n.tif", origin=(700000.0, 5200020.0)),
    )
    with pytest.raises(
        ExtentMismatchError,
        match=r"the bands have no area in common \(red: .*; nir: .*Are they of one scene\?",
    ):
        create_band_stack(
            {"red": red, "nir": nir},
            tmp_path / "s.vrt",
            ["red", "nir"],
            resolution_mode="intersect",
        )


@pytest.mark.parametrize("name", ["nowhere/s.vrt", "folder.vrt"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.vrt").mkdir()
    red = write_raster(tmp_path / "red.tif")
    with pytest.raises(BandStackError, match=r"cannot be written \(.*\)\. Choose another folder\."):
        create_band_stack({"red": red}, tmp_path / name)


def test_an_older_stack_stays_when_a_new_one_fails(
    six: dict[str, BandSource], tmp_path: Path
) -> None:
    create_band_stack(six, tmp_path / "s.vrt")
    before = (tmp_path / "s.vrt").read_bytes()
    six["nir"].path.unlink()
    with pytest.raises(BandStackError):
        create_band_stack(six, tmp_path / "s.vrt")
    assert (tmp_path / "s.vrt").read_bytes() == before


def test_a_stack_never_replaces_its_own_source(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif")
    create_band_stack({"red": red}, tmp_path / "a.vrt")
    before = (tmp_path / "a.vrt").read_bytes()
    with pytest.raises(BandStackError):
        create_band_stack({"red": tmp_path / "a.vrt"}, tmp_path / "a.vrt")
    assert (tmp_path / "a.vrt").read_bytes() == before


def test_a_geotiff_holds_the_same_pixels_and_facts(
    six: dict[str, BandSource], tmp_path: Path
) -> None:
    import rasterio

    stack = create_band_stack(six, tmp_path / "s.vrt", tags={"item_id": "one"})
    copied = stack_to_geotiff(stack, tmp_path / "s.tif")
    assert copied.path == tmp_path / "s.tif"
    with rasterio.open(copied.path) as tif, rasterio.open(tmp_path / "s.vrt") as vrt:
        assert np.array_equal(tif.read(), vrt.read())
        assert tif.descriptions == vrt.descriptions == NAMES
        assert (tif.scales, tif.offsets, tif.units) == (vrt.scales, vrt.offsets, vrt.units)
        assert tif.nodatavals == vrt.nodatavals
        assert tif.tags()["item_id"] == "one"
        assert tif.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name] == []


def test_a_geotiff_may_hold_the_classes_too(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif", noise((1200, 1200)))
    scl = write_raster(
        tmp_path / "scl.tif", np.tile(np.array([[4, 8], [8, 4]], np.uint8), (600, 600))
    )
    sources = {
        "red": BandSource(red, radiometry=S2),
        "scl": BandSource(scl, radiometry=CLASS, is_class=True),
    }
    stack = stack_to_geotiff(
        create_band_stack(sources, tmp_path / "s.vrt", band_order=["red", "scl"]),
        tmp_path / "s.tif",
    )
    assert set(np.unique(read_band(stack.path, 2))) == {4, 8}


def test_the_overviews_of_classes_hold_only_classes(tmp_path: Path) -> None:
    import rasterio

    red = write_raster(tmp_path / "red.tif", noise((1200, 1200)))
    classes = np.tile(np.array([[4, 8], [8, 4]], np.uint16), (600, 600))
    scl = write_raster(tmp_path / "scl.tif", classes)
    sources = {
        "red": BandSource(red, radiometry=S2),
        "scl": BandSource(scl, radiometry=CLASS, is_class=True),
    }
    stack = stack_to_geotiff(
        create_band_stack(sources, tmp_path / "s.vrt", band_order=["red", "scl"]),
        tmp_path / "s.tif",
    )
    with rasterio.open(stack.path, overview_level=0) as overview:
        assert set(np.unique(overview.read(2))) <= {4, 8}


def test_the_one_nodata_of_a_geotiff_stands_for_that_of_every_band(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif", noise((64, 64)))
    pixels = np.full((64, 64), 21824, np.uint16)
    pixels[:10] = 1  # QA_PIXEL's fill
    qa = write_raster(tmp_path / "qa.tif", pixels, nodata=1)
    sources = {
        "red": BandSource(red, radiometry=Radiometry(0.0000275, -0.2, 0.0, "reflectance")),
        "qa_pixel": BandSource(qa, radiometry=Radiometry(nodata=1.0, unit="class"), is_class=True),
    }
    stack = stack_to_geotiff(
        create_band_stack(sources, tmp_path / "s.vrt", band_order=["red", "qa_pixel"]),
        tmp_path / "s.tif",
    )
    assert [band.radiometry.nodata for band in read_facts(stack.path).bands] == [0.0, 0.0]
    copied = read_band(stack.path, 2)
    assert (copied[:10] == 0).all()
    assert (copied[10:] == 21824).all()


def test_real_bands_of_two_sizes_are_stacked(shared: Callable[[str], Path], tmp_path: Path) -> None:
    folder = shared("s2-l2a-29RKH")
    codes = {
        "blue": "B02",
        "green": "B03",
        "red": "B04",
        "nir": "B08",
        "nir08": "B8A",
        "swir16": "B11",
        "swir22": "B12",
    }
    sources = {
        name: BandSource(
            folder / f"{code}.tif", radiometry=Radiometry(0.0001, 0.0, 0.0, "reflectance")
        )
        for name, code in codes.items()
    }
    sources["scl"] = BandSource(folder / "SCL.tif", radiometry=CLASS, is_class=True)
    stack = create_band_stack(sources, tmp_path / "s.vrt", band_order=[*codes, "scl"])
    assert stack.grid.shape == (1098, 1098)
    window = {"window": ((500, 540), (600, 640))}
    import rasterio

    with rasterio.open(stack.path) as dataset:
        assert np.array_equal(dataset.read(4, **window), read_band(folder / "B08.tif", **window))
        scl = read_band(folder / "SCL.tif", window=((250, 270), (300, 320)))
        assert np.array_equal(dataset.read(8, **window), scl.repeat(2, 0).repeat(2, 1))
        whole = read_band(folder / "B11.tif")
        truth = bilinear(whole[245:275, 295:325], 2, (60, 60))[10:50, 10:50]
        assert np.abs(dataset.read(6, **window) - truth).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "s2-l2a-33TWL-earthsearch/S2A_33TWL_20230815_0_L2A/B04.tif",
            "it has no coordinate system",
        ),
    ],
)
def test_real_files_without_a_place_are_named(
    shared: Callable[[str], Path], tmp_path: Path, name: str, why: str
) -> None:
    with pytest.raises(CRSMismatchError, match=why):
        create_band_stack({"vv": shared(name)}, tmp_path / "s.vrt")


def test_a_broken_source_is_named_when_it_is_read(
    six: dict[str, BandSource], tmp_path: Path
) -> None:
    create_band_stack(six, tmp_path / "s.vrt")
    with RasterReader(tmp_path / "s.vrt") as reader:
        six["nir"].path.unlink()
        with pytest.raises(RasterError, match="Reading band 4 of"):
            reader.read(4, Window(0, 0, 10, 10))
    with pytest.raises(VRTSourceNotFoundError, match=r"nir\.tif"):
        read_facts(tmp_path / "s.vrt")
