"""Items as catalogues give them → scenes, against a table that was written from the JSON by hand.

The project's own small items (``tests/fixtures/stac``) are always read; the recorded answers where
they are present.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.items_file import scene_from_dict
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.types import SceneItem

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "stac"
Rule = tuple[float, float, float, str]
"""scale, offset, nodata, unit"""

PLAIN: Rule = (0.0001, 0.0, 0.0, "reflectance")
SHIFTED: Rule = (0.0001, -0.1, 0.0, "reflectance")
LANDSAT: Rule = (2.75e-05, -0.2, 0.0, "reflectance")
KELVIN: Rule = (0.00341802, 149.0, 0.0, "kelvin")
SCL: Rule = (1.0, 0.0, 0.0, "class")
QA_PIXEL: Rule = (1.0, 0.0, 1.0, "class")
AMPLITUDE: Rule = (1.0, 0.0, 0.0, "amplitude")
HEIGHT: Rule = (1.0, 0.0, -32767.0, "m")
GAMMA0: Rule = (1.0, 0.0, -32768.0, "power")


@dataclass(frozen=True)
class Truth:
    """What the JSON says, read by a person."""

    place: str
    """File below ``stac`` (or the fixtures), and the number of the item in it."""
    sensor: str
    id: str
    bands: dict[str, tuple[str, Rule, float]]
    """Band → how its address ends, its rule, its pixel size; all the bands there are."""
    cloud: float | None
    epsg: int | None
    orbit: int | None = None
    direction: str = ""
    platform: str = ""
    missing: tuple[str, ...] = ()
    visual: str | None = None
    when: str = ""
    notes: tuple[str, ...] = field(default=())


def sentinel2(
    pattern: str, rule: Rule, codes: dict[str, str], scl: str | None = None
) -> dict[str, tuple[str, Rule, float]]:
    """All twelve bands; ``pattern`` has ``{code}`` and ``{size}``."""
    found = {}
    for size, names in SIZES.items():
        found |= {
            name: (pattern.format(code=codes[name], size=size), rule, float(size)) for name in names
        }
    if scl:
        found["scl"] = (scl, SCL, 20.0)
    return found


SIZES = {
    10: ("blue", "green", "red", "nir"),
    20: ("rededge1", "rededge2", "rededge3", "nir08", "swir16", "swir22"),
    60: ("coastal", "nir09"),
}
CODES = {
    "coastal": "B01",
    "blue": "B02",
    "green": "B03",
    "red": "B04",
    "rededge1": "B05",
    "rededge2": "B06",
    "rededge3": "B07",
    "nir": "B08",
    "nir08": "B8A",
    "nir09": "B09",
    "swir16": "B11",
    "swir22": "B12",
}


def azure(tile: str, when: str, rule: Rule) -> dict[str, tuple[str, Rule, float]]:
    """Planetary Computer: ``…/R10m/T53NKG_20250312T014549_B02_10m.tif``."""
    name = f"{tile}_{when}"
    return sentinel2(
        f"/IMG_DATA/R{{size}}m/{name}_{{code}}_{{size}}m.tif",
        rule,
        CODES,
        f"/R20m/{name}_SCL_20m.tif",
    )


def landsat(name: str) -> dict[str, tuple[str, Rule, float]]:
    """``…_SR_B1.TIF`` to ``B7``, the thermal band and the quality band; all are delivered
    in 30 m.
    """
    numbers = {"coastal": 1, "blue": 2, "green": 3, "red": 4, "nir08": 5, "swir16": 6, "swir22": 7}
    found = {band: (f"/{name}_SR_B{number}.TIF", LANDSAT, 30.0) for band, number in numbers.items()}
    return found | {
        "lwir11": (f"/{name}_ST_B10.TIF", KELVIN, 30.0),
        "qa_pixel": (f"/{name}_QA_PIXEL.TIF", QA_PIXEL, 30.0),
    }


NO_BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
GRD_NOTE = "Ground range detected: uncalibrated amplitude, not terrain-corrected; not sigma0"
NO_FILES = "The catalogue lists no files for this scene"
ES, PC = "earth-search-v1", "planetary-computer"

RECORDED = (
    Truth(
        place=f"{ES}/items_s2l1c_eodag 0",
        sensor="sentinel2",
        id="S2B_27VWK_20240206_0_L1C",
        bands=sentinel2("s3://sentinel-s2-l1c/tiles/27/V/WK/2024/2/6/0/{code}.jp2", SHIFTED, CODES),
        cloud=9.93604802923519,
        epsg=32627,
        orbit=81,
        platform="sentinel-2b",
        visual="s3://sentinel-s2-l1c/tiles/27/V/WK/2024/2/6/0/TCI.jp2",
        when="2024-02-06T13:14:11.918",
    ),
    Truth(
        place=f"{ES}/search_filter_cloud_lte40_page1 0",
        sensor="sentinel1",
        id="S1A_IW_GRDH_1SSH_20250731T135702_20250731T135722_060328_077F7E",
        bands={"hh": ("077F7E_0C44/measurement/iw-hh.tiff", AMPLITUDE, 10.0)},
        cloud=None,
        epsg=4326,
        orbit=56,
        direction="ascending",
        platform="sentinel-1a",
        missing=("vv", "vh"),
        when="2025-07-31T13:57:12.200811",
        notes=(GRD_NOTE,),
    ),
    Truth(
        place=f"{ES}/search_filter_cloud_lte40_page1 2",
        sensor="sentinel1",
        id="S1A_IW_GRDH_1SSH_20250731T135608_20250731T135637_060328_077F7E",
        bands={"hh": ("077F7E_E763/measurement/iw-hh.tiff", AMPLITUDE, 10.0)},
        cloud=None,
        epsg=4326,
        orbit=56,
        direction="ascending",
        platform="sentinel-1a",
        missing=("vv", "vh"),
        notes=(GRD_NOTE,),
    ),
    Truth(
        place=f"{ES}/search_filter_cloud_lte40_page1 3",
        sensor="sentinel2",
        id="S2B_T20EPT_20250731T131905_L2A",
        bands=sentinel2(
            "https://e84-earth-search-sentinel-data.s3.us-west-2.amazonaws.com/sentinel-2-c1-l2a/20/E/PT/2025/7/"
            "S2B_T20EPT_20250731T131905_L2A/{code}.tif",
            SHIFTED,
            CODES,
            "S2B_T20EPT_20250731T131905_L2A/SCL.tif",
        ),
        cloud=26.02542,
        epsg=32720,
        orbit=95,
        platform="sentinel-2b",
        visual="S2B_T20EPT_20250731T131905_L2A/TCI.tif",
        when="2025-07-31T13:19:22.930",
    ),
    Truth(
        place=f"{ES}/search_filter_cloud_lte40_page1 4",
        sensor="sentinel2",
        id="S2B_20EPT_20250731_0_L2A",
        bands=sentinel2(
            "https://sentinel-cogs.s3.us-west-2.amazonaws.com/sentinel-s2-l2a-cogs/20/E/PT/2025/7/"
            "S2B_20EPT_20250731_0_L2A/{code}.tif",
            PLAIN,
            CODES,
            "S2B_20EPT_20250731_0_L2A/SCL.tif",
        ),
        cloud=26.02542,
        epsg=32720,
        orbit=95,
        platform="sentinel-2b",
        visual="S2B_20EPT_20250731_0_L2A/TCI.tif",
        when="2025-07-31T13:19:22.930",
    ),
    Truth(
        place=f"{ES}/search_filter_cloud_lte40_page1 5",
        sensor="sentinel2",
        id="S2B_20EPT_20250731_0_L1C",
        bands=sentinel2(
            "s3://sentinel-s2-l1c/tiles/20/E/PT/2025/7/31/0/{code}.jp2", SHIFTED, CODES
        ),
        cloud=0.0,
        epsg=32720,
        orbit=95,
        platform="sentinel-2b",
        visual="tiles/20/E/PT/2025/7/31/0/TCI.jp2",
    ),
    Truth(
        place=f"{ES}/search_s2l2a_landsatc2l2_boulder_20231008 0",
        sensor="sentinel2",
        id="S2A_13TDE_20231008_0_L2A",
        bands=sentinel2(
            "/sentinel-s2-l2a-cogs/13/T/DE/2023/10/S2A_13TDE_20231008_0_L2A/{code}.tif",
            PLAIN,
            CODES,
            "S2A_13TDE_20231008_0_L2A/SCL.tif",
        ),
        cloud=0.000299,
        epsg=32613,
        orbit=141,
        platform="sentinel-2a",
        visual="S2A_13TDE_20231008_0_L2A/TCI.tif",
    ),
    Truth(
        place=f"{ES}/search_s2l2a_landsatc2l2_boulder_20231008 1",
        sensor="landsat",
        id="LC08_L2SP_033032_20231008_02_T1",
        bands=landsat("LC08_L2SP_033032_20231008_20231017_02_T1"),
        cloud=0.06,
        epsg=32613,
        orbit=33,
        platform="landsat-8",
        when="2023-10-08T17:37:26.656958",
    ),
    Truth(
        place=f"{ES}/search_fields_excluded_no_assets_no_geometry 0",
        sensor="sentinel2",
        id="S2C_T13TDE_20250729T180310_L2A",
        bands={},
        cloud=None,
        epsg=None,
        missing=NO_BANDS,
        when="2025-07-29T18:03:19.545",
        platform="sentinel-2c",
        notes=(NO_FILES,),
    ),
    Truth(
        place=f"{PC}/items_limit1_landsat-c2-l2 0",
        sensor="landsat",
        id="LC09_L2SP_090091_20250310_02_T1",
        bands=landsat("LC09_L2SP_090091_20250310_20250311_02_T1"),
        cloud=70.85,
        epsg=32655,
        orbit=90,
        platform="landsat-9",
        when="2025-03-10T23:53:08.935246",
    ),
    Truth(
        place=f"{PC}/list_landsat-c2-l2 3",
        sensor="landsat",
        id="LC09_L2SP_089087_20240417_02_T2",
        bands=landsat("LC09_L2SP_089087_20240417_20240418_02_T2"),
        cloud=25.41,
        epsg=32656,
        orbit=89,
        platform="landsat-9",
    ),
    Truth(
        place=f"{PC}/items_limit1_sentinel-1-grd 0",
        sensor="sentinel1",
        id="S1A_IW_GRDH_1SDV_20250312T052236_20250312T052301_058267_073394",
        bands={
            "vv": ("073394_B8B7/measurement/iw-vv.tiff", AMPLITUDE, 10.0),
            "vh": ("073394_B8B7/measurement/iw-vh.tiff", AMPLITUDE, 10.0),
        },
        cloud=None,
        epsg=None,
        orbit=95,
        direction="descending",
        platform="sentinel-1a",
        notes=(GRD_NOTE,),
        when="2025-03-12T05:22:49.103098",
    ),
    Truth(
        place=f"{PC}/items_limit1_sentinel-1-rtc 0",
        sensor="sentinel1",
        id="S1A_IW_GRDH_1SDV_20250311T044231_20250311T044249_058252_073302_rtc",
        bands={
            "vv": ("073302_F851/measurement/iw-vv.rtc.tiff", GAMMA0, 10.0),
            "vh": ("073302_F851/measurement/iw-vh.rtc.tiff", GAMMA0, 10.0),
        },
        cloud=None,
        epsg=32634,
        orbit=80,
        direction="descending",
        platform="sentinel-1a",
        when="2025-03-11T04:42:40.696652",
    ),
    Truth(
        place=f"{PC}/items_limit1_sentinel-2-l2a 0",
        sensor="sentinel2",
        id="S2B_MSIL2A_20250312T014549_R074_T53NKG_20250312T041213",
        bands=azure("T53NKG", "20250312T014549", SHIFTED),
        cloud=9.976021,
        epsg=32653,
        orbit=74,
        direction="descending",
        platform="sentinel-2b",
        visual="/R10m/T53NKG_20250312T014549_TCI_10m.tif",
        when="2025-03-12T01:45:49.024",
    ),
    Truth(
        place=f"{PC}/items_s2l2a_paging_page1 0",
        sensor="sentinel2",
        id="S2A_MSIL2A_20230216T235751_R087_T52CEB_20230217T134604",
        bands=azure("T52CEB", "20230216T235751", SHIFTED),
        cloud=0.613371,
        epsg=32752,
        orbit=87,
        direction="descending",
        platform="sentinel-2a",
        visual="/R10m/T52CEB_20230216T235751_TCI_10m.tif",
    ),
    Truth(
        place=f"{PC}/items_s2l2a_paging_page2 0",
        sensor="sentinel2",
        id="S2A_MSIL2A_20230216T235751_R087_T52CDV_20230217T134828",
        bands=azure("T52CDV", "20230216T235751", SHIFTED),
        cloud=3.713901,
        epsg=32752,
        orbit=87,
        direction="descending",
        platform="sentinel-2a",
        visual="/R10m/T52CDV_20230216T235751_TCI_10m.tif",
    ),
    Truth(
        place=f"{PC}/search_s2l2a_paging_page1 0",
        sensor="sentinel2",
        id="S2A_MSIL2A_20230216T150721_R082_T19PHS_20230217T082924",
        bands=azure("T19PHS", "20230216T150721", SHIFTED),
        cloud=70.125186,
        epsg=32619,
        orbit=82,
        direction="descending",
        platform="sentinel-2a",
        visual="/R10m/T19PHS_20230216T150721_TCI_10m.tif",
    ),
    Truth(
        place=f"{PC}/search_s2l2a_paging_page2 0",
        sensor="sentinel2",
        id="S2A_MSIL2A_20230216T145731_R082_T21UYT_20230217T083102",
        bands=azure("T21UYT", "20230216T145731", SHIFTED),
        cloud=99.923795,
        epsg=32621,
        orbit=82,
        direction="descending",
        platform="sentinel-2a",
        visual="/R10m/T21UYT_20230216T145731_TCI_10m.tif",
    ),
    Truth(
        place=f"{PC}/item_S2B_MSIL2A_20190629_T06VVN 0",
        sensor="sentinel2",
        id="S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531",
        bands=azure("T06VVN", "20190629T212529", PLAIN),
        cloud=0.314306,
        epsg=32606,
        orbit=43,
        direction="descending",
        platform="sentinel-2b",
        visual="/R10m/T06VVN_20190629T212529_TCI_10m.tif",
    ),
    Truth(
        place=f"{PC}/list_sentinel-2-l2a 2",
        sensor="sentinel2",
        id="S2B_MSIL2A_20240419T095549_R122_T46XES_20240419T123824",
        bands=azure("T46XES", "20240419T095549", SHIFTED),
        cloud=0.843375,
        epsg=32646,
        orbit=122,
        direction="ascending",
        platform="sentinel-2b",
        visual="/R10m/T46XES_20240419T095549_TCI_10m.tif",
    ),
    Truth(
        place=f"{PC}/search_s2l2a_33items_20190101 1",
        sensor="sentinel2",
        id="S2A_MSIL2A_20190101T000001_R116_T60VUJ_20201007T214652",
        bands=azure("T60VUJ", "20190101T000001", PLAIN),
        cloud=36.231313,
        epsg=32660,
        orbit=116,
        direction="descending",
        platform="sentinel-2a",
        visual="/R10m/T60VUJ_20190101T000001_TCI_10m.tif",
    ),
    Truth(
        place=f"{PC}/site1_9_s2l2a_items_africa 6",
        sensor="sentinel2",
        id="S2B_MSIL2A_20200606T080609_R078_T35LNF_20201027T072716",
        bands=azure("T35LNF", "20200606T080609", PLAIN),
        cloud=5.371107,
        epsg=32735,
        orbit=78,
        direction="descending",
        platform="sentinel-2b",
        visual="/R10m/T35LNF_20200606T080609_TCI_10m.tif",
    ),
    Truth(
        place=f"{PC}/two_s2l2a_items_colorado_202408 1",
        sensor="sentinel2",
        id="S2A_MSIL2A_20240823T174901_R141_T13TDE_20240824T013055",
        bands=azure("T13TDE", "20240823T174901", SHIFTED),
        cloud=66.843867,
        epsg=32613,
        orbit=141,
        direction="descending",
        platform="sentinel-2a",
        visual="/R10m/T13TDE_20240823T174901_TCI_10m.tif",
    ),
)

OWN = (
    Truth(
        place="s2_c1_l2a 0",
        sensor="sentinel2",
        id="S2B_T32TLS_20240604T103622_L2A",
        bands={
            "blue": ("/B02.tif", SHIFTED, 10.0),
            "green": ("/B03.tif", SHIFTED, 10.0),
            "red": ("/B04.tif", SHIFTED, 10.0),
            "nir": ("/B08.tif", SHIFTED, 10.0),
            "nir08": ("/B8A.tif", SHIFTED, 20.0),
            "swir16": ("/B11.tif", SHIFTED, 20.0),
            "swir22": ("/B12.tif", SHIFTED, 20.0),
            "scl": ("/SCL.tif", SCL, 20.0),
        },
        cloud=12.5,
        epsg=32632,
        orbit=8,
        platform="sentinel-2b",
        visual="/TCI.tif",
        when="2024-06-04T10:36:31.024",
    ),
    Truth(
        place="s2_l2a_offset_applied 0",
        sensor="sentinel2",
        id="S2B_32TLS_20240604_0_L2A",
        bands={
            "blue": ("cogs/32/T/LS/2024/6/S2B_32TLS_20240604_0_L2A/B02.tif", PLAIN, 10.0),
            "green": ("/B03.tif", PLAIN, 10.0),
            "red": (
                "cogs/32/T/LS/2024/6/S2B_32TLS_20240604_0_L2A/B04.tif",
                PLAIN,
                10.0,
            ),  # not the JPEG 2000 twin
            "nir": ("/B08.tif", PLAIN, 10.0),
            "scl": ("/SCL.tif", SCL, 20.0),
        },
        cloud=12.5,
        epsg=32632,
        orbit=8,
        platform="sentinel-2b",
        missing=("swir16", "swir22"),
        visual="/TCI.tif",
    ),
    Truth(
        place="s2_stac_1_1 0",
        sensor="sentinel2",
        id="S2C_MSIL2A_20250604T103629_N0511_R008_T32TLS_20250604T134105",
        bands={
            "blue": ("_B02_10m.tif", SHIFTED, 10.0),
            "green": ("_B03_10m.tif", SHIFTED, 10.0),
            "red": ("_B04_10m.tif", SHIFTED, 10.0),
            "nir": ("_B08_10m.tif", SHIFTED, 10.0),
            "nir08": ("_B8A_20m.tif", SHIFTED, 20.0),
            "swir16": ("_B11_20m.tif", SHIFTED, 20.0),
        },
        cloud=0.0,
        epsg=32632,
        orbit=8,
        direction="descending",
        platform="sentinel-2c",
        missing=("swir22",),
    ),
    Truth(
        place="s2_common_names_only 0",
        sensor="sentinel2",
        id="S2A_MSIL2A_20210604T103021_N0300_R108_T32TLS_20210604T134105",
        bands={
            "blue": ("/one.tif", PLAIN, 10.0),
            "green": ("/two.tif", PLAIN, 10.0),
            "red": ("/three.tif", PLAIN, 10.0),
            "nir": (
                "/broad_nir.tif",
                PLAIN,
                10.0,
            ),  # the narrow one is called rededge, as Planetary Computer does
            "swir22": ("/six.tif", PLAIN, 60.0),  # a gsd of its own, and nothing better is stated
        },
        cloud=None,
        epsg=32632,
        orbit=108,
        platform="sentinel-2a",
        missing=("swir16",),
    ),
    Truth(
        place="landsat_c2_l2 0",
        sensor="landsat",
        id="LC09_L2SP_195028_20240606_02_T1",
        bands=landsat("LC09_L2SP_195028_20240606_20240607_02_T1"),
        cloud=40.25,
        epsg=32632,
        orbit=195,
        platform="landsat-9",
    ),
    Truth(
        place="s1_grd_hh 0",
        sensor="sentinel1",
        id="S1A_IW_GRDH_1SSH_20250731T135702_20250731T135722_060328_077F7E",
        bands={"hh": ("/measurement/iw-hh.tiff", AMPLITUDE, 10.0)},
        cloud=None,
        epsg=4326,
        orbit=56,
        direction="ascending",
        platform="sentinel-1a",
        missing=("vv", "vh"),
        notes=(GRD_NOTE,),
    ),
    Truth(
        place="cop_dem_glo_30 0",
        sensor="dem",
        id="Copernicus_DSM_COG_10_N53_00_W115_00_DEM",
        bands={
            "elevation": (
                "_N53_00_W115_00_DEM/Copernicus_DSM_COG_10_N53_00_W115_00_DEM.tif",
                HEIGHT,
                30.0,
            )
        },
        cloud=None,
        epsg=4326,
        platform="tandem-x",
        when="2021-04-22T00:00:00",
    ),
)


def items_in(tree: Any) -> list[dict[str, Any]]:
    """The items of an answer: a list, a collection of features, or one item."""
    if isinstance(tree, list):
        return tree
    items: list[dict[str, Any]] = tree.get("features", [tree])
    return items


def check(scene: SceneItem, truth: Truth) -> None:
    assert scene.id == truth.id
    ends = {
        name: asset.href[-len(truth.bands[name][0]) :]
        for name, asset in scene.bands.items()
        if name in truth.bands
    }
    assert list(scene.bands) == get_sensor(truth.sensor).sort(truth.bands), (
        "all bands, no more, in wavelength order"
    )
    assert ends == {name: end for name, (end, _, _) in truth.bands.items()}
    rules = {
        name: (
            one.radiometry.scale,
            one.radiometry.offset,
            one.radiometry.nodata,
            one.radiometry.unit,
        )
        for name, one in scene.bands.items()
    }
    assert rules == {name: rule for name, (_, rule, _) in truth.bands.items()}
    assert all(one.radiometry.reason for one in scene.bands.values())
    assert {name: one.resolution_m for name, one in scene.bands.items()} == {
        n: size for n, (_, _, size) in truth.bands.items()
    }
    assert scene.missing_bands == truth.missing
    assert scene.cloud_percent == truth.cloud
    assert scene.epsg == truth.epsg
    assert (scene.relative_orbit, scene.orbit_direction) == (truth.orbit, truth.direction)
    assert scene.platform == truth.platform
    assert scene.notes == truth.notes
    assert scene.datetime.isoformat().startswith(truth.when)
    if truth.visual is None:
        assert scene.visual_href is None
    else:
        assert scene.visual_href is not None
        assert scene.visual_href.endswith(truth.visual)
        assert scene.visual_href not in [one.href for one in scene.bands.values()], (
            "the picture is never offered for analysis"
        )


def read_truth(tree: Any, truth: Truth) -> SceneItem:
    item = items_in(tree)[int(truth.place.partition(" ")[2])]
    return parse_item(
        item, get_sensor(truth.sensor), "test", fallback_bbox=(-106.0, 39.0, -105.0, 40.0)
    )


@pytest.mark.parametrize("truth", RECORDED, ids=lambda one: one.place)
def test_recorded_item_is_read_as_the_table_says(
    recorded: Callable[[str], Any], truth: Truth
) -> None:
    check(read_truth(recorded(truth.place.partition(" ")[0]), truth), truth)


@pytest.mark.parametrize("truth", OWN, ids=lambda one: one.place)
def test_own_item_is_read_as_the_table_says(truth: Truth) -> None:
    path = FIXTURES / f"{truth.place.partition(' ')[0]}.json"
    check(read_truth(json.loads(path.read_text(encoding="utf-8")), truth), truth)


@pytest.mark.parametrize("truth", OWN, ids=lambda one: one.place)
def test_a_scene_comes_back_from_its_dict_as_it_went(truth: Truth) -> None:
    path = FIXTURES / f"{truth.place.partition(' ')[0]}.json"
    scene = read_truth(json.loads(path.read_text(encoding="utf-8")), truth)
    back = scene_from_dict(json.loads(json.dumps(scene.to_dict())))
    assert back.to_dict() == scene.to_dict()


SENSOR_OF = {"sentinel-2": "sentinel2", "landsat": "landsat", "sentinel-1": "sentinel1"}


def test_every_recorded_body_with_items_parses(shared: Callable[[str], Path]) -> None:
    """All items of all bodies: no address twice, and bands only where the table's kind of item has
    them.
    """
    counts: dict[str, int] = {}
    folders = [shared(f"stac/{name}") for name in ("earth-search-v1", "planetary-computer")]
    for path in sorted(path for folder in folders for path in folder.glob("*.json")):
        if path.name.endswith(".request.json"):
            continue
        tree = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(tree, dict) and tree.get("type") not in ("Feature", "FeatureCollection"):
            continue  # landing pages, collections, queryables, a token, a 404
        for item in items_in(tree):
            (name,) = [sensor for word, sensor in SENSOR_OF.items() if word in item["collection"]]
            scene = parse_item(
                item, get_sensor(name), "test", fallback_bbox=(-106.0, 39.0, -105.0, 40.0)
            )
            hrefs = [one.href for one in scene.bands.values()]
            assert len(set(hrefs)) == len(hrefs), scene.id
            assert bool(hrefs) == bool(item.get("assets")), scene.id
            assert json.loads(json.dumps(scene.to_dict()))["id"] == item["id"]
            assert scene.size_bytes > 0 or not hrefs
            counts[item["collection"]] = counts.get(item["collection"], 0) + 1
    assert counts == {
        "sentinel-2-l2a": 2 + 1 + 1 + 1 + 1 + 1 + 4 + 33 + 1 + 1 + 9 + 2,
        "sentinel-2-c1-l2a": 3 + 10,
        "sentinel-2-l1c": 1 + 2,
        "sentinel-1-grd": 3 + 1,
        "sentinel-1-rtc": 1,
        "landsat-c2-l2": 1 + 1 + 4,
    }


def test_sizes_and_checksums_are_those_stated(recorded: Callable[[str], Any]) -> None:
    items = items_in(recorded("earth-search-v1/search_filter_cloud_lte40_page1"))
    c1, cogs = (parse_item(items[n], get_sensor("sentinel2"), "t") for n in (3, 4))
    stated = {
        name: c1.bands[name].size_bytes
        for name in ("blue", "green", "red", "nir", "swir16", "swir22")
    }
    assert stated == {
        "blue": 4492338,
        "green": 4510992,
        "red": 4702862,
        "nir": 4850213,
        "swir16": 1284606,
        "swir22": 1283205,
    }
    assert c1.size_bytes == 4492338 + 4510992 + 4702862 + 4850213 + 1284606 + 1283205
    assert str(c1.bands["red"].checksum).startswith("1220788b")
    assert {one.size_bytes for one in cogs.bands.values()} == {None}
    assert cogs.bands["red"].checksum is None
    # nothing stated: 100 MB for a 10 m band, a quarter of that for a 20 m one
    assert cogs.size_bytes == 4 * 100_000_000 + 2 * 25_000_000
