"""Two libraries that read rasters, one answer; and which of them it is."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.discovery.area import parse_area
from firstlight.core.errors import FirstLightError, RasterError, SettingsError
from firstlight.core.gdal.area_outline import project_area
from firstlight.core.gdal.bounds import moved_bounds
from firstlight.core.gdal.reading import Reader, ReadingLibrary
from firstlight.core.gdal.reading_choice import VARIABLE, reading
from firstlight.core.gdal.reading_osgeo import OsgeoReading
from firstlight.core.gdal.reading_rasterio import RasterioReading
from firstlight.core.installation.shared_gdal import probe_libraries, shares_gdal
from firstlight.core.operations.help.doctor import TOGETHER
from firstlight.core.raster.facts import check_raster, read_facts
from firstlight.core.shapes.area_mask import area_mask
from firstlight.core.types import Grid
from support.rasters import noise, ramp, write_raster

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
BOTH: tuple[ReadingLibrary, ...] = (RasterioReading(), OsgeoReading())


@pytest.fixture
def with_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Make this process read with one of the two."""

    def choose(name: str) -> None:
        monkeypatch.setenv(VARIABLE, name)
        reading.cache_clear()

    yield choose
    reading.cache_clear()


def both_say(with_reader: Callable[[str], None], ask: Callable[[], object]) -> object:
    """The answer of one, which must be the other's; of an error its class and sentence."""
    answers = []
    for reader in Reader:
        with_reader(reader)
        assert reading().name is reader
        try:
            answers.append(repr(ask()))
        except FirstLightError as error:
            answers.append(f"{type(error).__name__}: {error}")
    assert answers[0] == answers[1]
    return answers[0]


# ---- headers


def make(path: Path, dtype: str = "UInt16", bands: int = 1, *options: str, size: int = 40) -> Path:
    from osgeo import gdal

    kind = gdal.GetDataTypeByName(dtype)
    dataset = gdal.GetDriverByName("GTiff").Create(
        str(path), size, size // 2, bands, kind, list(options)
    )
    dataset.SetGeoTransform((600000.0, 10.0, 0.0, 5200000.0, 0.0, -10.0))
    return path


def change(path: Path, how: Callable[[object], object]) -> Path:
    from osgeo import gdal

    dataset = gdal.Open(str(path), gdal.GA_Update)
    how(dataset)
    dataset.FlushCache()
    return path


TYPES = ("Byte", "UInt16", "Int16", "UInt32", "Int32", "Float32", "Float64")
COMPLEX = ("CInt16", "CInt32", "CFloat32", "CFloat64")


@pytest.mark.parametrize("dtype", [*TYPES, *COMPLEX])
@pytest.mark.parametrize("nodata", [0, -9999, 254.5, 255.5, 65536, 4e9, 1e300, "nan", "-inf"])
def test_types_and_numbers_that_they_cannot_hold(
    tmp_path: Path, with_reader: Callable[[str], None], dtype: str, nodata: float | str
) -> None:
    path = make(tmp_path / "a.tif", dtype)
    change(path, lambda file: file.GetRasterBand(1).SetNoDataValue(float(nodata)))  # type: ignore
    assert "dtype=" in str(both_say(with_reader, lambda: read_facts(path)))


def signed_bytes(folder: Path) -> Path:
    return make(folder / "a.tif", "Byte", 1, "PIXELTYPE=SIGNEDBYTE")


def described(folder: Path) -> Path:
    def how(file: object) -> None:
        band = file.GetRasterBand(2)  # type: ignore[attr-defined]
        band.SetDescription("Rötlich")
        band.SetScale(0.0001)
        band.SetOffset(-0.1)
        band.SetUnitType("K")
        band.SetMetadataItem("radiometry", "as the catalogue says")
        band.SetMetadataItem("CENTRAL_WAVELENGTH_UM", "0.665", "IMAGERY")
        file.SetMetadataItem("née", "42 °")  # type: ignore[attr-defined]
        file.SetMetadataItem("elsewhere", "1", "OTHER")  # type: ignore[attr-defined]

    return change(make(folder / "a.tif", "Float32", 3, "TILED=YES", "BLOCKXSIZE=16"), how)


def alpha(folder: Path) -> Path:
    return make(folder / "a.tif", "Byte", 4, "PHOTOMETRIC=RGB", "ALPHA=YES")


def palette(folder: Path) -> Path:
    from osgeo import gdal

    table = gdal.ColorTable()
    table.SetColorEntry(1, (10, 20, 30, 255))
    path = make(folder / "a.tif", "Byte")
    return change(path, lambda file: file.GetRasterBand(1).SetColorTable(table))  # type: ignore


def mask_inside(folder: Path) -> Path:
    from osgeo import gdal

    gdal.SetConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES")
    try:
        return change(make(folder / "a.tif"), lambda file: file.CreateMaskBand(2))  # type: ignore
    finally:
        gdal.SetConfigOption("GDAL_TIFF_INTERNAL_MASK", None)


def mask_beside(folder: Path) -> Path:
    return change(make(folder / "a.tif"), lambda file: file.CreateMaskBand(2))  # type: ignore


def unplaced(folder: Path) -> Path:
    from osgeo import gdal

    path = folder / "a.tif"
    gdal.GetDriverByName("GTiff").Create(str(path), 8, 4, 1)
    return path


def control_points(folder: Path) -> Path:
    from osgeo import gdal, osr

    system = osr.SpatialReference()
    system.ImportFromEPSG(4326)
    points = [gdal.GCP(10 + x, 50 - y, 0, x, y) for x, y in ((0, 0), (5, 0), (0, 5), (5, 5))]
    path = unplaced(folder)
    return change(path, lambda file: file.SetGCPs(points, system.ExportToWkt()))  # type: ignore


def scene_vrt(folder: Path) -> Path:
    from osgeo import gdal

    source = write_raster(folder / "a.tif", np.stack([ramp(), ramp()[::-1]]))
    gdal.GetDriverByName("VRT").CreateCopy(str(folder / "a.vrt"), gdal.Open(str(source)))
    return folder / "a.vrt"


def container(folder: Path) -> Path:
    from osgeo import gdal

    source = write_raster(folder / "a.tif", np.stack([ramp(), ramp()[::-1]]))
    gdal.GetDriverByName("netCDF").CreateCopy(str(folder / "a.nc"), gdal.Open(str(source)))
    return folder / "a.nc"


def odd_place(folder: Path) -> Path:
    path = make(folder / "a.tif")
    return change(path, lambda file: file.SetGeoTransform((0, float("nan"), 0, 0, 0, -1)))  # type: ignore


@pytest.mark.parametrize(
    "kind",
    [
        signed_bytes,
        described,
        alpha,
        palette,
        mask_inside,
        mask_beside,
        unplaced,
        control_points,
        scene_vrt,
        container,
        odd_place,
    ],
)
def test_headers_of_all_kinds(
    tmp_path: Path, with_reader: Callable[[str], None], kind: Callable[[Path], Path]
) -> None:
    path = kind(tmp_path)
    both_say(with_reader, lambda: read_facts(path))
    both_say(with_reader, lambda: check_raster(path))


LOCAL = 'LOCAL_CS["somewhere",UNIT["metre",1]]'
OWN = "+proj=laea +lat_0=52 +lon_0=10 +x_0=1000 +ellps=GRS80 +units=m"
SYSTEMS = ["EPSG:32632", "EPSG:4326", "EPSG:4979", "EPSG:32633+5773", "EPSG:3857", "ESRI:102003"]
SYSTEMS += [OWN, LOCAL, "+proj=utm +zone=32 +datum=WGS84", "+proj=longlat +R=3396190", "EPSG:2056"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_have_the_same_names(
    tmp_path: Path, with_reader: Callable[[str], None], system: str
) -> None:
    from osgeo import osr

    reference = osr.SpatialReference()
    reference.SetFromUserInput(system)
    path = make(tmp_path / "a.tif")
    change(path, lambda file: file.SetSpatialRef(reference))  # type: ignore[attr-defined]
    said = str(both_say(with_reader, lambda: read_facts(path).grid.crs))
    assert said != "''"
    bare = write_raster(tmp_path / "b.tif", epsg=None)
    from osgeo import gdal

    gdal.Translate(str(tmp_path / "b.vrt"), str(bare), outputSRS=system)
    both_say(with_reader, lambda: read_facts(tmp_path / "b.vrt").grid.crs)


# ---- damaged files


def test_a_file_that_was_cut_is_damaged(tmp_path: Path, with_reader: Callable[[str], None]) -> None:
    path = write_raster(tmp_path / "a.tif", np.random.default_rng(1).integers(0, 9999, (300, 300)))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    said = str(both_say(with_reader, lambda: check_raster(path)))
    assert "is damaged" in said or "cannot be" in said
    assert "See previous exception" not in said
    assert "Read or write failed" not in said


def test_what_is_no_raster(tmp_path: Path, with_reader: Callable[[str], None]) -> None:
    for name, data in (("a.tif", b"II*\0"), ("b.tif", b""), ("c.nc", b"CDF\x01"), ("d.jp2", b"x")):
        path = tmp_path / name
        path.write_bytes(data)
        assert "RasterError" in str(both_say(with_reader, lambda path=path: read_facts(path)))  # type: ignore[misc]
    both_say(with_reader, lambda: read_facts(tmp_path / "missing.tif"))


@pytest.mark.parametrize("seed", range(40))
def test_bytes_that_were_changed_at_random(
    tmp_path: Path, with_reader: Callable[[str], None], seed: int
) -> None:
    chance = random.Random(seed)
    path = described(tmp_path)
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 3, 10))):
        data[chance.randrange(8, min(len(data), 900))] = chance.randrange(256)
    path.write_bytes(data)

    def outcome() -> str:
        try:
            return repr(check_raster(path))
        except FirstLightError as error:
            return f"{type(error).__name__}: {error.what}"

    both_say(with_reader, outcome)


# ---- areas, points and boxes


def ring(seed: int) -> list[tuple[float, float]]:
    chance = random.Random(seed)
    angles = sorted(chance.random() * 6.2832 for _ in range(chance.randrange(3, 30)))
    reach = [chance.uniform(0.002, 0.03) for _ in angles]
    points = [(9 + r * float(np.cos(a)), 47 + r * float(np.sin(a))) for a, r in zip(angles, reach)]
    return [*points, points[0]]


UTM = Grid("EPSG:32632", (20.0, 0.0, 498500.0, 0.0, -20.0, 5207000.0), (150, 160))
TILTED = Grid("EPSG:32632", (18.0, 6.0, 498000.0, 5.0, -19.0, 5206500.0), (150, 160))
DEGREES = Grid("EPSG:4326", (0.0003, 0.0, 8.98, 0.0, -0.0002, 47.02), (170, 140))


@pytest.mark.parametrize("grid", [UTM, TILTED, DEGREES], ids=["utm", "tilted", "degrees"])
@pytest.mark.parametrize("seed", range(6))
def test_areas_are_burnt_alike(with_reader: Callable[[str], None], grid: Grid, seed: int) -> None:
    hole = [(9.001, 47.0), (9.002, 47.001), (9.0, 47.001), (9.001, 47.0)]
    rings = [ring(seed), hole] if seed % 2 else [ring(seed)]
    area = parse_area(json.dumps({"type": "Polygon", "coordinates": rings}))
    moved = project_area(area.geometry, grid.crs, grid.bounds)
    masks = {touched: [] for touched in (True, False)}  # type: ignore[var-annotated]
    for library in BOTH:
        for touched in (True, False):
            with library.surroundings():
                masks[touched].append(library.burn(moved, grid.shape, grid.transform, touched))
    for one, other in masks.values():
        assert one.dtype == other.dtype == bool
        assert one.shape == other.shape == grid.shape
        assert one.any()
        assert (one == other).all()
    assert masks[True][0].sum() > masks[False][0].sum()

    def laid() -> tuple[int, float]:
        mask, covered = area_mask(area, grid)
        return int(mask.sum()), covered

    both_say(with_reader, laid)


WAYS = [
    ("EPSG:32632", "EPSG:4326", (399960.0, 5190240.0, 509760.0, 5300040.0)),
    ("EPSG:32632", "EPSG:32633", (399960.0, 5190240.0, 509760.0, 5300040.0)),
    ("EPSG:4326", "EPSG:32601", (-180.0, 60.0, -177.0, 61.0)),
    ("EPSG:32601", "EPSG:4326", (200000.0, 6600000.0, 400000.0, 6700000.0)),
    ("EPSG:3031", "EPSG:4326", (-500000.0, -500000.0, 500000.0, 500000.0)),
    (OWN, "EPSG:3857", (-90000.0, -90000.0, 90000.0, 90000.0)),
]


@pytest.mark.parametrize(("source", "target", "bounds"), WAYS)
def test_points_and_boxes_are_moved_alike(
    source: str, target: str, bounds: tuple[float, float, float, float]
) -> None:
    xs, ys = np.meshgrid(np.linspace(bounds[0], bounds[2], 9), np.linspace(bounds[1], bounds[3], 9))
    points = [one.move_points(source, target, xs.ravel(), ys.ravel()) for one in BOTH]
    boxes = [one.move_bounds(source, target, bounds) for one in BOTH]
    assert np.array_equal(points[0], points[1])
    assert boxes[0] == boxes[1]


@pytest.mark.parametrize(
    ("crs", "target"),
    [("EPSG:32632", "EPSG:999999"), ("nonsense", "EPSG:4326"), (LOCAL, "EPSG:4326")],
)
def test_where_nothing_leads(with_reader: Callable[[str], None], crs: str, target: str) -> None:
    grid = Grid(crs, (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), (10, 10))
    answers = []
    for reader in Reader:
        with_reader(reader)
        with pytest.raises(RasterError) as caught:
            moved_bounds(grid, target)
        answers.append(caught.value.what)
    assert answers[0] == answers[1]


# ---- which one it is


def test_the_variable_names_one(with_reader: Callable[[str], None]) -> None:
    for reader in Reader:
        with_reader(reader)
        assert reading().name is reader
    with_reader("gdal")
    with pytest.raises(SettingsError, match="FIRSTLIGHT_READER cannot be gdal: rasters are read"):
        reading()
    with_reader("")
    assert reading().name is Reader.OSGEO


@pytest.mark.parametrize("code", [None, "raise ImportError('DLL load failed')"])
def test_rasterio_is_asked_for_and_cannot_be_loaded(tmp_path: Path, code: str | None) -> None:
    """What loads libraries ahead is silent about it; who reads a file hears of it."""
    program = (
        "import sys\n"
        "from firstlight.core.errors import SettingsError\n"
        "from firstlight.core.gdal.load_ahead import load_ahead\n"
        "from firstlight.core.gdal.reading_choice import reading\n"
    )
    if code is None:
        program += "sys.modules['rasterio'] = None\n"
    else:
        (tmp_path / "rasterio.py").write_text(code)
        program += f"sys.path.insert(0, {str(tmp_path)!r})\n"
    program += (
        "load_ahead()\ntry:\n    reading()\nexcept SettingsError as error:\n    print(error)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, VARIABLE: "rasterio"},
    )
    assert "Traceback" not in answer.stderr
    assert "FIRSTLIGHT_READER cannot be rasterio: rasterio cannot be imported (" in answer.stdout
    assert "GDAL's own library reads the same" in answer.stdout


def goes_with_gdal() -> bool:
    """Whether both libraries can be loaded into one process, and share one GDAL there."""
    try:
        return shares_gdal(probe_libraries(sys.executable, TOGETHER))
    except (subprocess.SubprocessError, ValueError):
        return False


@pytest.mark.thorough
def test_the_distribution_s_rasterio_goes_with_gdal() -> None:
    assert goes_with_gdal()


SAME = "from osgeo import gdal\n__version__ = '1.4'\n__gdal_version__ = gdal.__version__\n"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("code", "beside"),
    [
        ("__gdal_version__ = '3.99.1'", ""),
        ("raise ImportError('DLL load failed')", ""),
        ("import os; os.abort()", ""),
        ("print('hello')\nraise SystemExit(0)", ""),
        ("", ""),
        (SAME, "rasterio.libs/libgdal-1a2b3c.so.36.3.11.0"),
        (SAME, "rasterio/.dylibs/libgdal.36.dylib"),
        (SAME, "rasterio.libs/gdal-77c8fc0e.dll"),
    ],
)
def test_one_that_brings_a_second_gdal_or_fails_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, beside: str
) -> None:
    package = tmp_path / "site-packages" / "rasterio"  # shadows this system's
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    if beside:
        file = package.parent / beside
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"")
    monkeypatch.syspath_prepend(str(package.parent))
    assert not goes_with_gdal()


def test_two_libraries_in_one_process_are_two() -> None:
    same = {"gdal": "3.6.2"}
    found = {
        "libraries": {"osgeo.gdal": same, "rasterio": same},
        "loaded": ["/usr/lib/libgdal.so.32", "/usr/lib/libproj.so.25"],
        "brought_along": [],
    }
    assert shares_gdal(found)
    for second in ("/opt/x/libgdal.so.36", "/opt/x/libproj-9.so"):
        assert not shares_gdal({**found, "loaded": [*found["loaded"], second]})


LOADED = """if True:
    import sys
    from pathlib import Path
    from firstlight.core.raster.facts import check_raster
    check_raster(Path(sys.argv[1]))
    print(*sorted({"numpy", "osgeo", "rasterio"} & set(sys.modules)))
"""


def test_a_file_is_looked_at_without_the_libraries_that_compute(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", noise((64, 64), 1, 1, 100))
    answer = subprocess.run(
        [sys.executable, "-c", LOADED, str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, VARIABLE: ""},
    )
    assert answer.stdout == "osgeo\n", answer.stderr
