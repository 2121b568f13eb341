"""A window from a sparse mirror equals the window of the whole file, for every kind of COG; and
asks for little more than its tiles.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st
from rasterio.shutil import copy
from rasterio.transform import from_origin
from rasterio.warp import transform as reproject
from rasterio.windows import Window as RasterioWindow

from firstlight.core.download.cog_mirror import (
    BUFFER_PIXELS,
    MOST_WASTE,
    cut_window,
    merge_spans,
    plan_window,
)
from firstlight.core.download.mirror_file import MirrorFile
from firstlight.core.download.window_plan import HEAD_BYTES, NotWindowable, WindowPlan
from firstlight.core.errors import RasterError
from firstlight.core.files.journal import Origin
from firstlight.core.gdal.environment import quiet_gdal

LEFT, TOP = 600000.0, 5200020.0


def polygon(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(point) for point in (*points, points[0])]]}


def lonlat(xs: list[float], ys: list[float], crs: str = "EPSG:32632") -> list[tuple[float, float]]:
    return list(zip(*reproject(crs, "EPSG:4326", xs, ys)))


def around(x0: float, y0: float, x1: float, y1: float, crs: str = "EPSG:32632") -> dict[str, Any]:
    """The box in a projection as an area in lon/lat, by its four corners."""
    return polygon(*lonlat([x0, x1, x1, x0], [y0, y0, y1, y1], crs))


def noise(shape: tuple[int, ...], dtype: str = "uint16", seed: int = 3) -> npt.NDArray[Any]:
    """Numbers that no two rows or columns share, and that do not compress to nothing."""
    numbers = np.random.default_rng(seed).normal(3000, 300, shape)
    if dtype in ("uint8", "int8"):
        numbers = numbers / 25
    return numbers.astype(dtype)


def write_source(
    path: Path, data: npt.NDArray[Any], driver: str = "COG", size_m: float = 10.0, **more: Any
) -> Path:
    """A raster through a plain intermediate, so that the driver under test does its own tiling and
    overviews.
    """
    bands = data if data.ndim == 3 else data[np.newaxis]
    profile = {
        "driver": "GTiff",
        "width": bands.shape[2],
        "height": bands.shape[1],
        "count": bands.shape[0],
        "dtype": bands.dtype.name,
        "crs": more.pop("crs", "EPSG:32632"),
        "transform": more.pop("transform", from_origin(LEFT, TOP, size_m, size_m)),
        "nodata": more.pop("nodata", None),
    }
    tune = more.pop("tune", None)
    profile.update(more.pop("profile", {}))
    plain = path.with_suffix(".plain.tif")
    with rasterio.open(plain, "w", **profile) as target:
        target.write(bands)
        if tune is not None:
            tune(target)
    copy(plain, path, driver=driver, **more)
    plain.unlink()
    return path


def mirrored(
    source: Path, geometry: Mapping[str, Any], folder: Path
) -> tuple[Path, WindowPlan, int]:
    """The window by way of a mirror that holds nothing but the header and the spans; with the
    header's bytes.
    """
    whole = source.read_bytes()
    mirror, part = folder / "mirror", folder / "window.tif"
    mirror.write_bytes(bytes(len(whole)))
    head = min(HEAD_BYTES, len(whole))
    while True:
        fill(mirror, whole, (0, head))
        found = plan_window(mirror, head, geometry)
        if isinstance(found, WindowPlan):
            break
        assert found > head
        if head == len(whole):
            raise NotWindowable("the header", "never ends")
        head = min(found, len(whole))
    for span in found.spans:
        fill(mirror, whole, span)
    cut_window(mirror, found.window, part, {})
    return part, found, head


def fill(mirror: Path, whole: bytes, span: tuple[int, int]) -> None:
    with mirror.open("r+b") as file:
        file.seek(span[0])
        file.write(whole[span[0] : span[1]])


def expected_window(source: Path, geometry: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Rows and columns under the area, outwards, with the buffer: computed on the way that is not
    the code's.
    """
    with rasterio.open(source) as dataset:
        rings = [
            p[0]
            for p in (
                geometry["coordinates"]
                if geometry["type"] == "MultiPolygon"
                else [geometry["coordinates"]]
            )
        ]
        dense = [
            (x0 + (x1 - x0) * t, y0 + (y1 - y0) * t)
            for ring in rings
            for (x0, y0), (x1, y1) in itertools.pairwise(ring)
            for t in np.linspace(0, 1, 200)
        ]
        xs, ys = reproject("EPSG:4326", dataset.crs, [p[0] for p in dense], [p[1] for p in dense])
        a, _, c, _, e, f = tuple(dataset.transform)[:6]
        cols, rows = [(x - c) / a for x in xs], [(y - f) / e for y in ys]
        col0, col1 = math.floor(min(cols) + 1e-4), math.ceil(max(cols) - 1e-4)
        row0, row1 = math.floor(min(rows) + 1e-4), math.ceil(max(rows) - 1e-4)
        return (
            max(0, row0 - BUFFER_PIXELS),
            max(0, col0 - BUFFER_PIXELS),
            min(dataset.height, row1 + BUFFER_PIXELS),
            min(dataset.width, col1 + BUFFER_PIXELS),
        )


def is_the_window(source: Path, window: Path, geometry: Mapping[str, Any]) -> None:
    row0, col0, row1, col1 = expected_window(source, geometry)
    with rasterio.open(source) as whole, rasterio.open(window) as cut:
        there = RasterioWindow(col0, row0, col1 - col0, row1 - row0)
        assert (cut.height, cut.width) == (row1 - row0, col1 - col0)
        assert cut.transform.almost_equals(whole.window_transform(there), 1e-9)
        assert cut.crs == whole.crs
        assert cut.dtypes == whole.dtypes
        np.testing.assert_array_equal(cut.nodata, whole.nodata)
        np.testing.assert_array_equal(cut.read(), whole.read(window=there))
        assert max(cut.block_shapes[0]) <= 512, "tiles, or one tile's width"


AREA = around(LEFT + 2005, TOP - 4998, LEFT + 3995, TOP - 3001)
"""In the midst of 700 × 650 pixels of 10 m."""


@pytest.mark.thorough
@pytest.mark.parametrize(
    "compress", ["NONE", "DEFLATE", "LZW", "ZSTD", "LZMA", "LERC", "LERC_DEFLATE", "LERC_ZSTD"]
)
@pytest.mark.parametrize("predictor", ["NO", "YES"])
def test_every_compression(tmp_path: Path, compress: str, predictor: str) -> None:
    if predictor == "YES" and compress in ("NONE", "LERC", "LERC_DEFLATE", "LERC_ZSTD", "LZMA"):
        pytest.skip("knows no predictor")
    source = write_source(
        tmp_path / "s.tif", noise((700, 650)), compress=compress, predictor=predictor, blocksize=128
    )
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)


@pytest.mark.parametrize(
    "dtype", ["uint8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
)
@pytest.mark.parametrize("predictor", ["STANDARD", "FLOATING_POINT"])
def test_every_kind_of_number(tmp_path: Path, dtype: str, predictor: str) -> None:
    if predictor == "FLOATING_POINT" and not dtype.startswith("float"):
        pytest.skip("for floating point only")
    data = noise((700, 650), dtype)
    more: dict[str, Any] = {"nodata": np.nan} if dtype.startswith("float") else {"nodata": 0}
    if dtype.startswith("float"):
        data[400:420, :] = np.nan
    source = write_source(
        tmp_path / "s.tif", data, compress="DEFLATE", predictor=predictor, blocksize=256, **more
    )
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)


@pytest.mark.parametrize("dtype", ["complex64", "complex_int16"])
def test_complex_radar(tmp_path: Path, dtype: str) -> None:
    """Single-look complex products."""
    data = noise((700, 650), "float32") + 1j * noise((700, 650), "float32", seed=4)
    source = write_source(
        tmp_path / "s.tif",
        data.astype("complex64"),
        profile={"dtype": dtype},
        driver="GTiff",
        TILED="YES",
        COMPRESS="DEFLATE",
    )
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)


@pytest.mark.thorough
@pytest.mark.parametrize("block", [128, 256, 512])
@pytest.mark.parametrize("shape", [(512, 512), (513, 511), (700, 1031), (130, 2000)])
def test_blocks_and_sizes_that_do_not_fit_each_other(
    tmp_path: Path, block: int, shape: tuple[int, int]
) -> None:
    source = write_source(tmp_path / "s.tif", noise(shape), compress="DEFLATE", blocksize=block)
    height, width = shape
    for area in (
        around(LEFT + 1, TOP - 99, LEFT + 99, TOP - 1),
        around(
            LEFT + 10 * width - 200,
            TOP - 10 * height + 5,
            LEFT + 10 * width - 5,
            TOP - 10 * height + 300,
        ),
        around(
            LEFT + 3 * width // 10 * 10 + 5,
            TOP - 7 * height // 10 * 10 - 5,
            LEFT + 8 * width // 10 * 10 + 5,
            TOP - 2 * height // 10 * 10 - 5,
        ),
    ):
        is_the_window(source, mirrored(source, area, tmp_path)[0], area)


def test_a_picture_of_three_bands(tmp_path: Path) -> None:
    source = write_source(
        tmp_path / "s.tif", noise((3, 700, 650), "uint8"), compress="DEFLATE", blocksize=128
    )
    part, plan, _ = mirrored(source, AREA, tmp_path)
    is_the_window(source, part, AREA)
    assert plan.span_bytes < source.stat().st_size / 3, (
        "pixels of all bands lie together, and only those under the area came"
    )


def test_a_picture_in_jpeg(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(700) / 5, np.arange(650) / 7)
    data = np.stack([smooth, smooth[::-1], smooth[:, ::-1]]).astype("uint8")
    source = write_source(tmp_path / "s.tif", data, compress="JPEG", blocksize=128)
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)


def test_bands_one_behind_the_other(tmp_path: Path) -> None:
    source = write_source(
        tmp_path / "s.tif",
        noise((3, 700, 650)),
        "GTiff",
        TILED="YES",
        BLOCKXSIZE=128,
        BLOCKYSIZE=128,
        INTERLEAVE="BAND",
    )
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)


@pytest.mark.parametrize("driver", ["COG", "GTiff"])
def test_bigtiff(tmp_path: Path, driver: str) -> None:
    more: dict[str, Any] = (
        {"blocksize": 128}
        if driver == "COG"
        else {"TILED": "YES", "BLOCKXSIZE": 128, "BLOCKYSIZE": 128}
    )
    source = write_source(
        tmp_path / "s.tif", noise((700, 650)), driver, BIGTIFF="YES", compress="DEFLATE", **more
    )
    assert source.read_bytes()[2] == 43
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)


def tiled(path: Path, data: npt.NDArray[Any], **more: Any) -> Path:
    return write_source(
        path, data, "GTiff", TILED="YES", BLOCKXSIZE=128, BLOCKYSIZE=128, COMPRESS="DEFLATE", **more
    )


def build_overviews(path: Path, levels: tuple[int, ...] = (2, 4)) -> None:
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews(list(levels), rasterio.enums.Resampling.nearest)


def test_a_classic_cog_by_two_commands(tmp_path: Path) -> None:
    """gdaladdo, then gdal_translate -co COPY_SRC_OVERVIEWS=YES: as before GDAL 3.1."""
    first = tiled(tmp_path / "first.tif", noise((700, 650)))
    build_overviews(first)
    source = tmp_path / "s.tif"
    copy(
        first,
        source,
        driver="GTiff",
        TILED="YES",
        BLOCKXSIZE=128,
        BLOCKYSIZE=128,
        COMPRESS="DEFLATE",
        COPY_SRC_OVERVIEWS="YES",
    )
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)


@pytest.mark.parametrize("side", [700, 1500])
def test_overviews_that_were_added_behind_the_pixels(tmp_path: Path, side: int) -> None:
    """No COG, but many archives hold such files: their overviews' directories lie in the mirror's
    hole.
    """
    source = tiled(tmp_path / "s.tif", noise((side, 650)))
    build_overviews(source)
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)


def test_a_tiled_file_without_overviews(tmp_path: Path) -> None:
    source = tiled(tmp_path / "s.tif", noise((700, 650)))
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)


def test_tiles_that_the_file_leaves_out_stay_nodata(tmp_path: Path) -> None:
    data = noise((700, 650))
    data[256:512, 128:384] = 0
    source = tiled(tmp_path / "s.tif", data, nodata=0, SPARSE_OK="TRUE")
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)
    hole = around(LEFT + 1500, TOP - 4500, LEFT + 3000, TOP - 3000)
    part, plan, _ = mirrored(source, hole, tmp_path)
    assert plan.spans == ()
    with rasterio.open(part) as cut:
        assert not cut.read().any()


def test_fewer_bits_than_a_byte_count(tmp_path: Path) -> None:
    """Bands that came from JPEG 2000 often say NBITS=15 or 12."""
    data = np.clip(noise((700, 650)), 0, 4095)
    source = tiled(tmp_path / "s.tif", data, NBITS=12)
    is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)


def test_what_the_file_says_of_itself_stays(tmp_path: Path) -> None:
    def tune(target: Any) -> None:
        target.scales, target.offsets = (0.0001,), (-0.1,)
        target.descriptions = ("nir",)
        target.update_tags(AREA_OR_POINT="Point", TIFFTAG_SOFTWARE="made here", MISSION="S2A")
        target.update_tags(1, WAVELENGTH="842")

    source = write_source(
        tmp_path / "s.tif",
        noise((700, 650)),
        nodata=0,
        compress="DEFLATE",
        blocksize=128,
        tune=tune,
    )
    part, _, _ = mirrored(source, AREA, tmp_path)
    is_the_window(source, part, AREA)
    with rasterio.open(source) as whole, rasterio.open(part) as cut:
        assert (cut.scales, cut.offsets, cut.descriptions) == ((0.0001,), (-0.1,), ("nir",))
        assert cut.tags(1)["WAVELENGTH"] == "842"
        expected = {
            name: value for name, value in whole.tags().items() if name != "OVR_RESAMPLING_ALG"
        }
        assert expected.items() <= cut.tags().items()
        assert cut.tags()["AREA_OR_POINT"] == "Point"


def test_the_unit_stays(tmp_path: Path) -> None:
    def tune(target: Any) -> None:
        target.units = ("dB",)

    source = write_source(
        tmp_path / "s.tif", noise((700, 650)), compress="DEFLATE", blocksize=128, tune=tune
    )
    with rasterio.open(source) as whole, rasterio.open(mirrored(source, AREA, tmp_path)[0]) as cut:
        assert whole.units == cut.units == ("dB",)


def test_a_colour_table_stays(tmp_path: Path) -> None:
    colours = {number: (number, 255 - number, 7, 255) for number in range(256)}

    def tune(target: Any) -> None:
        target.write_colormap(1, colours)

    source = write_source(
        tmp_path / "s.tif", noise((700, 650), "uint8"), compress="DEFLATE", blocksize=128, tune=tune
    )
    part, _, _ = mirrored(source, AREA, tmp_path)
    is_the_window(source, part, AREA)
    with rasterio.open(part) as cut:
        assert cut.colormap(1) == colours


# ---- areas


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_source(
        tmp_path_factory.mktemp("source") / "s.tif",
        noise((700, 650)),
        compress="DEFLATE",
        blocksize=128,
        nodata=0,
    )


RIGHT, BOTTOM = LEFT + 6500, TOP - 7000
AREAS = {
    "upper left": (LEFT - 500, TOP - 500, LEFT + 500, TOP + 500),
    "upper right": (RIGHT - 500, TOP - 500, RIGHT + 500, TOP + 500),
    "lower left": (LEFT - 500, BOTTOM - 500, LEFT + 500, BOTTOM + 500),
    "lower right": (RIGHT - 500, BOTTOM - 500, RIGHT + 500, BOTTOM + 500),
    "all and more": (LEFT - 500, BOTTOM - 500, RIGHT + 500, TOP + 500),
    "a strip across": (LEFT - 500, TOP - 3005, RIGHT + 500, TOP - 2995),
    "less than a pixel": (LEFT + 3002, TOP - 3007, LEFT + 3004, TOP - 3003),
    "the last pixel": (RIGHT - 4, BOTTOM + 2, RIGHT - 2, BOTTOM + 4),
}


@pytest.mark.parametrize("box", AREAS.values(), ids=AREAS)
def test_areas_at_every_rim(
    source: Path, tmp_path: Path, box: tuple[float, float, float, float]
) -> None:
    area = around(*box)
    is_the_window(source, mirrored(source, area, tmp_path)[0], area)


@pytest.mark.parametrize("step", [(-7000, 0), (7000, 0), (0, 8000), (0, -8000)])
def test_an_area_outside_is_named(source: Path, tmp_path: Path, step: tuple[float, float]) -> None:
    area = around(LEFT + step[0], TOP - 7000 + step[1], LEFT + 6500 + step[0], TOP + step[1])
    with pytest.raises(
        RasterError, match=r"the area lies outside of it\. Choose a scene that covers the area\."
    ) as caught:
        mirrored(source, area, tmp_path)
    assert not isinstance(caught.value, NotWindowable), "the whole band would not help"


def test_an_area_that_only_touches_is_outside(tmp_path: Path) -> None:
    source = write_source(
        tmp_path / "s.tif",
        noise((100, 100)),
        crs="EPSG:4326",
        transform=from_origin(10, 47, 0.01, 0.01),
        compress="DEFLATE",
    )
    with pytest.raises(RasterError, match="outside"):
        mirrored(source, polygon((9, 46.2), (10, 46.2), (10, 46.8), (9, 46.8)), tmp_path)


def test_an_area_in_degrees_on_whole_pixels_gets_no_row_more(tmp_path: Path) -> None:
    """0.1 is no binary number: a hair of rounding must not add a row."""
    source = write_source(
        tmp_path / "s.tif",
        noise((300, 300)),
        crs="EPSG:4326",
        transform=from_origin(10, 47, 0.01, 0.01),
        compress="DEFLATE",
    )
    area = polygon((10.3, 46.1), (10.7, 46.1), (10.7, 46.3), (10.3, 46.3))
    _, plan, _ = mirrored(source, area, tmp_path)
    window = plan.window
    assert (window.col, window.row, window.cols, window.rows) == (28, 68, 44, 24)


@pytest.mark.parametrize("zone", ["EPSG:32660", "EPSG:32701"])
def test_an_area_across_the_antimeridian(tmp_path: Path, zone: str) -> None:
    """Both halves lie in the scene, whichever side its zone is of."""
    (x,), (y,) = reproject("EPSG:4326", zone, [180.0], [-17.0])
    left, top = round(x, -2) - 5000, round(y, -2) + 5000
    source = write_source(
        tmp_path / "s.tif",
        noise((1000, 1000)),
        crs=zone,
        transform=from_origin(left, top, 10, 10),
        compress="DEFLATE",
    )
    east = polygon((179.99, -17.02), (180.0, -17.02), (180.0, -16.99), (179.99, -16.99))[
        "coordinates"
    ]
    west = polygon((-180.0, -17.02), (-179.98, -17.02), (-179.98, -16.99), (-180.0, -16.99))[
        "coordinates"
    ]
    area = {"type": "MultiPolygon", "coordinates": [east, west]}
    part, plan, _ = mirrored(source, area, tmp_path)
    is_the_window(source, part, area)
    assert 250 < plan.window.cols < 400


@pytest.mark.parametrize("odd", [0, 10, 30, 110])
def test_a_window_on_odd_steps_never_shifts_a_coarse_band(tmp_path: Path, odd: int) -> None:
    """An edge on an odd 10 m step lies inside a 20 m pixel: that pixel comes whole, in
    its place.
    """
    fine = write_source(tmp_path / "fine.tif", noise((800, 800)), compress="DEFLATE", blocksize=128)
    coarse = write_source(
        tmp_path / "coarse.tif", noise((400, 400)), size_m=20.0, compress="DEFLATE", blocksize=128
    )
    area = around(LEFT + 1000 + odd, TOP - 3000 - odd, LEFT + 2500 + odd, TOP - 1510 - odd)
    boxes = {}
    for source in (fine, coarse):
        part, _, _ = mirrored(source, area, tmp_path)
        is_the_window(source, part, area)
        with rasterio.open(source) as whole, rasterio.open(part) as cut:
            boxes[source.stem] = cut.bounds
            for corner in (
                (cut.bounds.left, cut.bounds.top),
                (cut.bounds.right, cut.bounds.bottom),
            ):
                place = ~whole.transform * corner
                assert place == pytest.approx([round(value) for value in place], abs=1e-9), (
                    "on the source's grid"
                )
    assert boxes["coarse"].left <= boxes["fine"].left
    assert boxes["coarse"].top >= boxes["fine"].top
    assert boxes["coarse"].right >= boxes["fine"].right


@pytest.mark.thorough
@rules(max_examples=20, deadline=None)
@given(
    corners=st.lists(
        st.tuples(st.integers(-300, 6800), st.integers(-300, 7300)),
        min_size=3,
        max_size=7,
        unique=True,
    )
)
def test_any_polygon(
    source: Path, tmp_path_factory: pytest.TempPathFactory, corners: list[tuple[int, int]]
) -> None:
    area = polygon(*lonlat([LEFT + x for x, _ in corners], [TOP - y for _, y in corners]))
    row0, col0, row1, col1 = expected_window(source, area)
    if row1 - row0 <= 2 * BUFFER_PIXELS + 1 or col1 - col0 <= 2 * BUFFER_PIXELS + 1:
        return
    is_the_window(source, mirrored(source, area, tmp_path_factory.mktemp("any"))[0], area)


# ---- what cannot be had in part


def rotated(path: Path) -> Path:
    transform = from_origin(LEFT, TOP, 10, 10) * rasterio.Affine.rotation(5)
    return write_source(path, noise((700, 650)), transform=transform, compress="DEFLATE")


def upside_down(path: Path) -> Path:
    return tiled(path, noise((700, 650)), transform=rasterio.Affine(10, 0, LEFT, 0, 10, TOP))


def nowhere(path: Path) -> Path:
    return tiled(path, noise((700, 650)), crs=None)


def masked(path: Path) -> Path:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        return write_source(
            path,
            noise((700, 650)),
            tune=lambda target: target.write_mask(np.eye(700, 650, dtype=bool)),
            compress="DEFLATE",
        )


def masked_afterwards(path: Path) -> Path:
    tiled(path, noise((700, 650)))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as target:
        target.write_mask(np.eye(700, 650, dtype=bool))
    return path


def header_last(path: Path) -> Path:
    """Tags added afterwards move the header behind the pixels; here behind more than what is read
    in search of it.
    """
    write_source(path, noise((1700, 1700), "float32"), "GTiff")
    with rasterio.open(path, "r+") as target:
        target.update_tags(NOTE="x" * 5000)
    return path


def jpeg2000(path: Path) -> Path:
    with rasterio.Env() as env:
        if "JP2OpenJPEG" not in env.drivers():
            pytest.skip("this GDAL writes no JPEG 2000")
    return write_source(path, noise((700, 650)), "JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES")


def html(path: Path) -> Path:
    path.write_text("<html>" * 20000)
    return path


@pytest.mark.parametrize(
    "make",
    [
        rotated,
        upside_down,
        nowhere,
        masked,
        masked_afterwards,
        header_last,
        jpeg2000,
        html,
    ],
)
def test_what_cannot_be_had_in_part_says_so(tmp_path: Path, make: Any) -> None:
    source = make(tmp_path / "s.tif")
    with pytest.raises(NotWindowable) as caught:
        mirrored(source, AREA, tmp_path)
    assert caught.value.why


def test_a_file_of_strips_comes_right_or_not_at_all(tmp_path: Path) -> None:
    source = write_source(tmp_path / "s.tif", noise((700, 650)), "GTiff", COMPRESS="DEFLATE")
    part, plan, _ = mirrored(source, AREA, tmp_path)
    is_the_window(source, part, AREA)
    assert plan.span_bytes < source.stat().st_size / 2


# ---- costs


@pytest.mark.thorough
@pytest.mark.parametrize(
    "sides", [(8000, 14000), (3000, 24000)], ids=["narrow", "nearly as wide as the scene"]
)
def test_little_more_than_the_tiles_comes(tmp_path: Path, sides: tuple[int, int]) -> None:
    """Few requests, and at most 1.15 × the touched tiles besides the header."""
    source = write_source(
        tmp_path / "s.tif", noise((2600, 2600)), compress="DEFLATE", blocksize=256
    )
    area = around(LEFT + sides[0], TOP - 24000, LEFT + sides[1], TOP - 3000)
    part, plan, head = mirrored(source, area, tmp_path)
    is_the_window(source, part, area)
    assert head == HEAD_BYTES
    with rasterio.open(source) as whole:
        row0, col0, row1, col1 = expected_window(source, area)
        touched = {
            (r // 256, c // 256)
            for r in range(row0, row1)
            for c in (*range(col0, col1, 256), col1 - 1)
        }
        sizes = [int(whole.get_tag_item(f"BLOCK_SIZE_{c}_{r}", "TIFF", bidx=1)) for r, c in touched]
    assert plan.tile_bytes == sum(sizes)
    assert plan.span_bytes <= (1 + MOST_WASTE) * sum(sizes) + 8 * len(sizes)
    assert plan.span_bytes <= 1.15 * sum(sizes)
    assert len(plan.spans) <= len({r for r, _ in touched}), "the tiles of a row lie together"


@pytest.mark.thorough
def test_a_header_longer_than_the_first_read(tmp_path: Path) -> None:
    """7 700 tiles take 60 kB of places and lengths."""
    source = write_source(
        tmp_path / "s.tif",
        noise((2800, 2800), "uint8"),
        compress="DEFLATE",
        blocksize=32,
        predictor="NO",
    )
    part, plan, head = mirrored(source, AREA, tmp_path)
    is_the_window(source, part, AREA)
    with rasterio.open(source) as whole:
        first = min(
            int(level.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
            for level in [
                whole,
                *(rasterio.open(source, overview_level=n) for n in range(len(whole.overviews(1)))),
            ]
        )
    assert HEAD_BYTES < head < first + 4 * HEAD_BYTES
    assert plan.span_bytes < source.stat().st_size / 50


def test_a_jpeg2000_file_is_known_from_its_first_bytes(tmp_path: Path) -> None:
    source = jpeg2000(tmp_path / "s.tif")
    mirror = tmp_path / "mirror"
    mirror.touch()
    os.truncate(mirror, 50_000_000)
    fill(mirror, source.read_bytes(), (0, HEAD_BYTES))
    with pytest.raises(NotWindowable):
        plan_window(mirror, HEAD_BYTES, AREA)


spans = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(1, 400)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=40,
)


@given(spans=spans, waste=st.floats(0, 3000))
def test_merged_spans_cover_all_overlap_nothing_and_waste_little(
    spans: list[tuple[int, int]], waste: float
) -> None:
    merged = merge_spans(spans, waste)
    wanted = {byte for start, stop in spans for byte in range(start, stop)}
    got = {byte for start, stop in merged for byte in range(start, stop)}
    assert wanted <= got
    assert sum(stop - start for start, stop in merged) == len(got), "no byte twice"
    assert len(got) - len(wanted) <= waste
    assert list(merged) == sorted(merged)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(merged)), (
        "apart from each other"
    )
    gaps = [other[0] - one[1] for one, other in itertools.pairwise(merged)]
    if gaps:
        assert len(got) - len(wanted) + min(gaps) > waste, "no gap is left that could be had"


def test_the_nearest_are_joined_first() -> None:
    assert merge_spans([(0, 10), (100, 110), (112, 120)], 50) == ((0, 10), (100, 120))
    assert merge_spans([], 10) == ()


# ---- damage


def test_a_tile_that_cannot_be_decoded_is_an_error(tmp_path: Path) -> None:
    source = write_source(tmp_path / "s.tif", noise((700, 650)), compress="ZSTD", blocksize=128)
    whole = bytearray(source.read_bytes())
    with rasterio.open(source) as dataset:
        start = int(dataset.get_tag_item("BLOCK_OFFSET_2_3", "TIFF", bidx=1))
    whole[start : start + 40] = bytes(40)
    source.write_bytes(whole)
    with pytest.raises(
        RasterError, match=r"^The area's part of mirror cannot be written: "
    ) as caught:
        mirrored(source, AREA, tmp_path)
    assert not isinstance(caught.value, NotWindowable)


@pytest.mark.parametrize("exceptions", [False, True])
def test_whether_gdal_raises_or_not_makes_no_difference(tmp_path: Path, exceptions: bool) -> None:
    """Another plugin may have switched it."""
    from osgeo import gdal

    before = gdal.GetUseExceptions()
    (gdal.UseExceptions if exceptions else gdal.DontUseExceptions)()
    try:
        with quiet_gdal():
            source = tiled(tmp_path / "s.tif", noise((700, 650)))
            is_the_window(source, mirrored(source, AREA, tmp_path)[0], AREA)
            with pytest.raises(NotWindowable):
                mirrored(html(tmp_path / "page"), AREA, tmp_path)
        assert gdal.GetUseExceptions() == exceptions
    finally:
        (gdal.UseExceptions if before else gdal.DontUseExceptions)()


def test_holes_take_no_room(tmp_path: Path) -> None:
    mirror = MirrorFile(tmp_path / "deep" / "nir.tif", "nir")
    mirror.begin(Origin("http://h/nir.tif"), 1 << 30)
    facts = mirror.path.stat()
    assert facts.st_size == 1 << 30
    assert facts.st_blocks < 100
