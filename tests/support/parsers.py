"""Parsers of what comes from elsewhere, each with odd input for it: a value or a named failure is
all that may come of it.
"""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from firstlight.core.algorithms.expression import parse_formula
from firstlight.core.discovery.area import parse_area
from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.coverage import covered_percent
from firstlight.core.discovery.items_file import footprints_geojson, read_items, scene_from_dict
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.download.cog_mirror import plan_window
from firstlight.core.errors import FirstLightError
from firstlight.core.files.checksum import contradicts, parse_checksum
from firstlight.core.moment import Moment
from firstlight.core.products.stored_result import read_results
from firstlight.core.raster.facts import check_band_file
from firstlight.core.raster.vrt_sources import check_vrt_sources
from firstlight.core.settings import resolve_settings, setting_fields
from firstlight.core.text import public_url, shown
from firstlight.core.types import Aoi
from firstlight.core.validation.file_structure import FileCheck, check_structure

from .rasters import ramp, write_raster
from .stac_server import make_item

AREA = Aoi.from_bounds(10.2, 46.9, 10.35, 46.98)
GEOMETRY = {
    "type": "Polygon",
    "coordinates": [
        [[10.31, 46.90], [10.36, 46.90], [10.36, 46.94], [10.31, 46.94], [10.31, 46.9]]
    ],
}
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, -1e308, float("nan"), float("inf"), 10**30, 2**63, -0.0),
    *("", " ", "\x00", "\ud800", "\x1b[31m", "9" * 50, "nan", "EPSG:99999", "d50110"),
    *("2024-13-45T99:99:99Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
    *("http://[::1/y", "http://a:99999/x", "file:///etc/passwd", "/vsicurl/http://127.0.0.1:9/x"),
    *([], {}, [[]], [None], {"a": None}, [1, 2], [1] * 6, [0] * 9, [1, "a"]),
    *({"type": "Polygon", "coordinates": []}, {"type": "Point", "coordinates": [1]}),
    {"type": "Polygon", "coordinates": [[[1, "a"]]]},
)


@dataclass(frozen=True)
class Parser:
    """A parser, and what it is given."""

    inputs: st.SearchStrategy[Any]
    run: Callable[[Any, Path], object]
    """Takes an input and a folder for files."""


def _paths(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(tree, dict):
        for key in tree:
            found += _paths(tree[key], (*path, key))
    elif isinstance(tree, list):
        for number in range(min(len(tree), 4)):
            found += _paths(tree[number], (*path, number))
    return found


@st.composite
def changed(draw: st.DrawFn, trees: tuple[Mapping[str, Any], ...]) -> Any:
    """A tree of JSON with some of its parts taken away, or made odd."""
    tree: Any = copy.deepcopy(draw(st.sampled_from(trees)))
    for _ in range(draw(st.integers(1, 5))):
        paths = _paths(tree)
        if not paths:
            break
        *way, last = draw(st.sampled_from(paths))
        holder = tree
        for key in way:
            holder = holder[key]
        odd = draw(st.sampled_from(["value", "text", "list", "gone"]))
        if odd == "gone" and isinstance(holder, dict):
            del holder[last]
        elif odd == "list":
            holder[last] = [holder[last]]
        elif odd == "text":
            holder[last] = draw(st.text(max_size=12))
        else:
            holder[last] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
    return tree


def pieces(*atoms: str, most: int = 30) -> st.SearchStrategy[str]:
    """Texts of such pieces, one behind the other, and any other text."""
    joined = st.lists(st.sampled_from(atoms), max_size=most).map("".join)
    return joined | st.text(max_size=60)


@st.composite
def damaged(draw: st.DrawFn, wholes: Callable[[], tuple[bytes, ...]]) -> bytes:
    """Bytes of a file, some of them others."""
    data = bytearray(draw(st.sampled_from(wholes())))
    borders = (0, 1, 2, 7, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1)
    reach = draw(st.sampled_from([400, 4000, len(data)]))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, max(0, min(len(data), reach) - 5)))
        form = draw(st.sampled_from(["<I", "<H", "B", "cut"]))
        if form == "cut":
            data = data[: at + 4] if at > 8 else data
        else:
            number = draw(st.sampled_from(borders)) & ((1 << 8 * struct.calcsize(form)) - 1)
            data[at : at + struct.calcsize(form)] = struct.pack(form, number)
    return bytes(data)


ITEM = {
    **make_item("S2A_32TPT_20240601_0_L2A", bbox=(10.2, 46.9, 10.35, 46.98)),
    "assets": {
        name: {
            "href": f"https://example.org/{name}.tif",
            "type": "image/tiff",
            "file:size": 5,
            "file:checksum": f"1220{'0' * 64}",
            "proj:shape": [10, 10],
            "proj:transform": [10, 0, 600000, 0, -10, 5200000],
            "raster:bands": [{"nodata": 0, "data_type": "uint16", "scale": 1e-4, "offset": -0.1}],
        }
        for name in ("red", "nir", "blue", "scl")
    },
}
ITEM["properties"] = {
    **ITEM["properties"],
    "proj:epsg": 32632,
    "eo:cloud_cover": 5,
    "s2:processing_baseline": "05.10",
    "sat:relative_orbit": 65,
}
RESULT = {
    "type": "Feature",
    "id": "x",
    "properties": {
        "firstlight:operation": "burn-severity",
        "title": "t",
        "description": "d",
        "firstlight:datetime_of": "input",
        "datetime": "2024-01-01T00:00:00Z",
    },
    "assets": {
        "a": {
            "href": "./t0.tif",
            "file:size": 5,
            "title": "x",
            "firstlight:style": "ndvi",
            "classification:classes": [{"value": 1, "title": "a", "color_hint": "00ff00"}],
        }
    },
}


def _wkt(parts: tuple[str, list[list[str]], str]) -> str:
    """A kind of geometry, its rings, which are closed here, and what stands behind it."""
    kind, rings, rest = parts
    closed = [f"({','.join([*ring, ring[0]])})" for ring in rings]
    if kind == "MULTIPOLYGON":
        closed = [f"({ring})" for ring in closed]
    return f"{kind}({','.join(closed)}){rest}"


def _item(tree: Any, _: Path) -> None:
    scene = parse_item(json.loads(json.dumps(tree)), get_sensor("sentinel2"), "http://x")
    covered_percent(scene.footprint, AREA)
    kept = json.dumps(scene.to_dict())
    shown(str(footprints_geojson([scene])))
    scene_from_dict(json.loads(kept))


def _items_file(tree: Any, folder: Path) -> None:
    path = folder / "items.json"
    text = tree if isinstance(tree, bytes) else json.dumps([tree]).encode()
    path.write_bytes(text)
    read_items(path)


def _formula(text: str, _: Path) -> None:
    formula = parse_formula(text)
    values = np.array([[np.nan, 0, 0.5, -1, np.inf, 1e30]], np.float32)
    out = formula(dict.fromkeys(formula.bands, values))
    assert out.dtype == np.float32
    assert out.shape == (1, 6)
    assert not np.isinf(out).any()
    assert np.isnan(out[np.isnan(values)]).all()


def _yaml(text: str, folder: Path) -> None:
    path = folder / "c.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    resolve_settings(environ={}, user_file=path)


def _vrt(text: str, folder: Path) -> None:
    from osgeo import gdal

    if not (folder / "t0.tif").exists():
        write_raster(folder / "t0.tif", ramp())
    path = folder / "self.vrt"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    told = check_vrt_sources(path)
    dataset = gdal.OpenEx(str(path), gdal.OF_RASTER, allowed_drivers=["VRT", "GTiff"])
    named = [] if dataset is None else dataset.GetFileList() or []
    assert not [name for name in named if "/vsi" in name.lower() or "://" in name]
    others = {Path(name).resolve() for name in named} - {path.resolve()}
    assert others <= {file.resolve() for file in told.files}


def _checksum(text: str, _: Path) -> None:
    found = parse_checksum(text)
    if found is not None:
        bytes.fromhex(found.hexdigest)
    contradicts(text, "0" * 64)
    public_url(f"http://{text}")


def _moment(text: str, _: Path) -> None:
    try:
        moment = Moment.parse(text)
    except ValueError:
        return
    assert moment.first <= moment.last


def _results(tree: Any, folder: Path) -> None:
    path = folder / "x.stac.json"
    path.write_bytes(tree if isinstance(tree, bytes) else json.dumps(tree).encode())
    read_results(path, True)


def _tiff(data: bytes, folder: Path) -> None:
    path = folder / "f.tif"
    path.write_bytes(data)
    check_structure(FileCheck(path, "nir", True))
    with suppress(FirstLightError):
        plan_window(path, min(len(data), 32768), GEOMETRY)
    check_band_file(path)


def _tiffs() -> tuple[bytes, ...]:
    from osgeo import gdal, osr

    made = []
    source = gdal.GetDriverByName("MEM").Create("", 80, 96, 1, gdal.GDT_UInt16)
    source.SetGeoTransform((600000, 100, 0, 5200000, 0, -100))
    system = osr.SpatialReference()
    system.ImportFromEPSG(32632)
    source.SetProjection(system.ExportToWkt())
    source.GetRasterBand(1).WriteArray(ramp((96, 80)))
    tiled = ("TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=32")
    for options in (("COMPRESS=DEFLATE", *tiled), ("COMPRESS=LZW",), (), ("BIGTIFF=YES", *tiled)):
        name = "/vsimem/odd.tif"
        gdal.GetDriverByName("GTiff").CreateCopy(name, source, options=list(options))
        file = gdal.VSIFOpenL(name, "rb")
        made.append(bytes(gdal.VSIFReadL(1, gdal.VSIStatL(name).size, file)))
        gdal.VSIFCloseL(file)
        gdal.Unlink(name)
    return tuple(made)


NUMBERS = ("1", "-180", "46.9", "nan", "inf", "1e400", "9" * 30, "10.2", "47")
WKT_POINTS = ("0 0", "9 0", "9 9", "0 9", "1 1", "2 1 5", "180 90", "1e9 0", "nan 1")
SETTINGS = tuple(field.metadata["path"] for field in setting_fields())
YAML_VALUES = (
    *("1", "-1", "1e400", ".nan", "[1,2]", "{a: 1}", "null", "''", "true", "1:30", "2020-01-01"),
    *("!!binary aGk=", "&a [*a]", "!!set {a}", "0o7", "9" * 30, "[", "- x", "'1,2'", "[.inf, 1]"),
)
VRT_HEAD = (
    '<VRTDataset rasterXSize="64" rasterYSize="64"><SRS>EPSG:32632</SRS><GeoTransform>600000,10,0,'
    '5200020,0,-10</GeoTransform><VRTRasterBand dataType="UInt16" band="1"><SimpleSource>'
)
VRT_TAIL = "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
VRT_PIECES = (
    '<SourceFilename relativeToVRT="1">t0.tif</SourceFilename>',
    '<SourceFilename relativeToVRT="0">/vsicurl/http://127.0.0.1:9/x.tif</SourceFilename>',
    "<SourceFilename><![CDATA[/vsicurl/http://127.0.0.1:9/c]]></SourceFilename>",
    "<SourceFilename>&#47;vsicurl&#47;http:&#47;/127.0.0.1:9</SourceFilename>",
    "<SourceFilename>t0.tif<!-- -->/vsicurl/http://127.0.0.1:9/k</SourceFilename>",
    "<SourceFilename><a/>/vsicurl/http://127.0.0.1:9/t</SourceFilename>",
    '<SourceFilename relativeToVRT="1">self.vrt</SourceFilename>',
    "<SourceDataset>/vsicurl/http://127.0.0.1:9/z</SourceDataset>",
    '<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">/vsicurl/http://127.0.0.1:9/o</MDI>'
    "</Metadata>",
    '<Metadata><MDI key="X_DATASET">/vsicurl/http://127.0.0.1:9/g</MDI></Metadata>',
    *("<MaskBand>", "</MaskBand>", "<Overview>", "</Overview>", "<x:y>", "<a>", "</a>"),
    *(' subClass="VRTDerivedRasterBand"', "<PixelFunctionType>python</PixelFunctionType>"),
    *('<?xml version="1.0" encoding="UTF-16"?>', '<?xml version="1.0" encoding="cp037"?>'),
    *('<OverviewList resampling="x">2</OverviewList>', "\x00", '"', "<", ">", "&x;"),
    *('NETCDF:"/etc/passwd":x', "<GDALWarpOptions>", "</GDALWarpOptions>", VRT_TAIL),
)
PARSERS: Mapping[str, Parser] = {
    "area": Parser(
        pieces(*NUMBERS, ",", " ", "{", "[", "~x/", "~", "~\x00", "\x00")
        | changed(({"type": "Feature", "geometry": GEOMETRY},)).map(json.dumps),
        lambda text, _: parse_area(text),
    ),
    "wkt": Parser(
        pieces(
            *("POLYGON(", "MULTIPOLYGON(", "GEOMETRYCOLLECTION(", "CURVEPOLYGON(", "TIN("),
            *("POLYGON Z((0 0 1,1 1 1,1 0 1,0 0 1))", "POLYGON((0 0,1 1,1 0,0 1,0 0))", "EMPTY"),
            *("CIRCULARSTRING(", "((", "(", ")", ")))", ",", " ", *NUMBERS),
        ).map(lambda text: f"POLYGON({text}")
        | st.tuples(
            st.sampled_from(("POLYGON", "MULTIPOLYGON", "POLYGON Z", "CURVEPOLYGON", "polygon")),
            st.lists(
                st.lists(st.sampled_from(WKT_POINTS), min_size=2, max_size=6),
                min_size=1,
                max_size=3,
            ),
            st.sampled_from(("", " ", ")", ",", "EMPTY")),
        ).map(_wkt),
        lambda text, _: parse_area(text),
    ),
    "item": Parser(changed((ITEM,)), _item),
    "items file": Parser(
        changed((ITEM, {"id": "a", "band_urls": {"red": "http://127.0.0.1:9/x"}}))
        | st.binary(max_size=60),
        _items_file,
    ),
    "results": Parser(changed((RESULT,)) | st.binary(max_size=60), _results),
    "vrt": Parser(
        st.lists(st.sampled_from(VRT_PIECES), max_size=4)
        .map("".join)
        .map(lambda text: f"{VRT_HEAD}{VRT_PIECES[0]}{VRT_TAIL}{text}</VRTDataset>")
        | st.lists(st.sampled_from(VRT_PIECES), max_size=4)
        .map("".join)
        .map(lambda text: f"{VRT_HEAD}{text}{VRT_TAIL}</VRTDataset>"),
        _vrt,
    ),
    "checksum": Parser(
        pieces("1220", "d50110", "1114", "md5:", "sha256:", "multihash:", "SHA2-", "0" * 64, "[::"),
        _checksum,
    ),
    "formula": Parser(
        pieces(
            *("nir", "red", "1", "2.5", "1e38", "-", "+", "*", "/", "**", "(", ")", "<", ">=", ","),
            *("sqrt(", "exp(", "min(", "where(", "==", " and ", "lambda", ".a", "[", "'", ":="),
            *("9" * 40, "1j", "é", "ﬁ", "\x00", "\\\n", "-" * 60, "(" * 60, ".a" * 60),
        ),
        _formula,
    ),
    "settings": Parser(
        st.lists(
            st.tuples(st.sampled_from(SETTINGS), st.sampled_from(YAML_VALUES)), max_size=4
        ).map(
            lambda rows: "\n".join(
                f"{path.partition('.')[0]}:\n  {path.partition('.')[2]}: {value}"
                for path, value in rows
            )
        )
        | st.text(max_size=80),
        _yaml,
    ),
    "date": Parser(
        pieces(
            "2024", "-", "02", "30", "T", "12:00", "Z", "+23:59", "-23:59", "9999-12-31", "0001"
        ),
        _moment,
    ),
    "tiff": Parser(damaged(_tiffs), _tiff),
}
