"""``flight describe`` says who says so: header, notes beside the file, product, item."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rasterio

from firstlight.core.cli import main
from firstlight.core.errors import AccessError, InputError, RasterError
from firstlight.core.identity.band_names import identify_bands
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.describe import DESCRIBE
from firstlight.core.raster.facts import read_facts
from firstlight.core.settings import Settings
from support.packages import mtl_text
from support.range_server import FaultyServer
from support.rasters import ramp, write_raster
from support.stac_server import make_item

BOX = (10.3, 46.9, 10.35, 46.95)


def describe(path: Path | str, **more: Any) -> Any:
    params = DESCRIBE.make_params({"path": path, **more})
    return DESCRIBE.run(params, Settings(), RecordingMonitor())


def notes(path: Path, inside: str) -> None:
    text = f'<PAMDataset><PAMRasterBand band="1">{inside}</PAMRasterBand></PAMDataset>'
    path.with_name(f"{path.name}.aux.xml").write_text(text)


@pytest.mark.parametrize(
    ("inside", "fields"),
    [
        ("<Scale>0.0001</Scale>", {"scale": 0.0001}),
        ("<Scale>0.0001</Scale><Offset>-0.1</Offset>", {"scale": 0.0001, "offset": -0.1}),
        ("<NoDataValue>-9999</NoDataValue>", {"nodata": -9999.0}),
        ("<Description>red</Description>", {"band": "red"}),
        ('<Metadata><MDI key="wavelength">665</MDI></Metadata>', {"wavelength_nm": 665.0}),
        (
            '<Metadata domain="IMAGERY"><MDI key="CENTRAL_WAVELENGTH_UM">0.842</MDI></Metadata>',
            {"wavelength_nm": 842.0},
        ),
    ],
)
def test_notes_beside_a_raster_are_a_sidecar(
    tmp_path: Path, inside: str, fields: dict[str, Any]
) -> None:
    path = write_raster(tmp_path / "x.tif", ramp(dtype="int16"), nodata=None)
    notes(path, inside)
    [band] = describe(path).data["bands"]
    for name, value in fields.items():
        assert band[name]["value"] == pytest.approx(value) if name != "band" else value
        assert band[name]["evidence"] == "sidecar"
        assert band[name]["source"] == "x.tif.aux.xml"


def test_what_the_header_says_itself_is_no_sidecar(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "x.tif", ramp(), nodata=0)
    with rasterio.open(path, "r+") as raster:
        raster.scales = (0.0001,)
    path.with_name("x.tif.aux.xml").unlink(missing_ok=True)
    assert describe(path).data["bands"][0]["scale"]["evidence"] == "header"
    path.with_name("x.tif.aux.xml").write_text("<PAMDataset")  # damaged: GDAL leaves it aside
    assert describe(path).data["bands"][0]["scale"]["evidence"] == "header"


def test_the_wavelength_in_gdals_own_domain_names_a_band(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "x.tif", ramp())
    with rasterio.open(path, "r+") as raster:
        raster.update_tags(1, ns="IMAGERY", CENTRAL_WAVELENGTH_UM="0.665", FWHM_UM="0.03")
    assert identify_bands(read_facts(path)).indexes == {"red": 1}
    [band] = describe(path).data["bands"]
    assert band["wavelength_nm"]["value"] == pytest.approx(665)


def write_item(path: Path, collection: str, assets: dict[str, Any], name: str = "A") -> Path:
    full = {
        key: {"href": f"https://x/{key}.tif?token=secret", "type": "image/tiff", **one}
        for key, one in assets.items()
    }
    path.write_text(json.dumps(make_item(name, BOX, collection=collection, assets=full)))
    return path


def test_an_item_is_described_as_a_file_is(tmp_path: Path) -> None:
    assets = {
        "red": {"raster:bands": [{"scale": 0.0001, "offset": -0.1, "nodata": 0,
                                  "data_type": "uint16"}],
                "eo:bands": [{"common_name": "red", "center_wavelength": 0.665}]},
        "scl": {},
    }  # fmt: skip
    result = describe(write_item(tmp_path / "item.json", "sentinel-2-c1-l2a", assets))
    red, scl = result.data["bands"]
    assert result.data["item"] == "A"
    assert (red["file"], red["data_type"]) == ("red.tif", "uint16")
    assert (red["offset"]["value"], red["offset"]["evidence"]) == (-0.1, "item")
    assert red["wavelength_nm"] == {"value": 665.0, "evidence": "item", "source": "eo:bands"}
    assert (red["product"]["value"], red["nodata"]["value"]) == ("sentinel2-l2a", 0.0)
    assert scl["unit"]["value"] == "class"
    assert any("offers no blue" in finding["sentence"] for finding in result.data["findings"])
    assert "secret" not in result.text


@pytest.mark.parametrize(
    ("collection", "assets", "band", "evidence", "scale"),
    [
        ("landsat-c2-l2", {"red": {}}, "red", "name", 0.0000275),
        ("HLSL30_2.0", {"B04": {}}, "red", "name", 0.0001),
        ("", {"B04": {}}, "red", "assumed", 0.0001),
        ("naip", {"image": {"eo:bands": [{"name": n, "common_name": n} for n in
                                         ("red", "green", "blue", "nir")]}}, "nir", "assumed", 1),
    ],
)  # fmt: skip
def test_each_kind_of_item_says_how_far_it_is_believed(
    tmp_path: Path, collection: str, assets: dict[str, Any], band: str, evidence: str, scale: float
) -> None:
    result = describe(write_item(tmp_path / "item.json", collection, assets))
    told = {one["band"]["value"]: one for one in result.data["bands"]}[band]
    assert (told["scale"]["value"], told["scale"]["evidence"]) == (scale, evidence)


def test_a_wavelength_that_contradicts_the_band_is_told(tmp_path: Path) -> None:
    assets = {"red": {"bands": [{"name": "red", "eo:center_wavelength": 0.86}]}}
    result = describe(write_item(tmp_path / "item.geojson", "sentinel-2-l2a", assets))
    codes = [finding["code"] for finding in result.data["findings"]]
    assert "band_contradiction" in codes


def test_a_saved_list_is_described_item_by_item(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = json.loads(write_item(tmp_path / "a.json", "landsat-c2-l2", {"red": {}}).read_text())
    two = {**one, "id": "B"}
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [one, two]}))
    assert main(["describe", str(path)]) == 0
    text = capsys.readouterr().out
    assert "A: 1 bands" in text
    assert "B: 1 bands" in text
    assert [item["item"] for item in describe(path).data["items"]] == ["A", "B"]
    (tmp_path / "no.json").write_text("[]")
    with pytest.raises(InputError, match="holds no scenes"):
        describe(tmp_path / "no.json")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[FaultyServer]:
    (tmp_path / "web").mkdir()
    with FaultyServer(tmp_path / "web") as server:
        yield server


def test_an_item_is_described_by_its_address(
    web: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assets = {"red": {"eo:bands": [{"center_wavelength": 0.665}]}, "scl": {}}
    write_item(web.root / "S2A.v2.0", "sentinel-2-c1-l2a", assets)
    assert main(["describe", web.url("S2A.v2.0?token=secret"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["path"], told["item"]) == (web.url("S2A.v2.0"), "A")
    red, _ = told["bands"]
    assert (red["scale"]["value"], red["offset"]["value"]) == (0.0001, -0.1)
    assert red["wavelength_nm"]["evidence"] == "item"


def test_an_item_by_its_address_has_the_factors_of_its_mtl_file(web: FaultyServer) -> None:
    name = "LC08_L1TP_193028_20240601_20240610_02_T1"
    assets = {
        "red": {"href": f"./{name}_B4.TIF", "type": "image/tiff"},
        "mtl.json": {"href": f"./{name}_MTL.json", "type": "application/json"},
    }
    item = make_item(name, BOX, collection="landsat-c2l1", assets=assets)
    (web.root / "item.json").write_text(json.dumps(item))
    (web.root / f"{name}_MTL.json").write_text(mtl_text("json"))
    [red] = describe(web.url("item.json")).data["bands"]
    assert red["scale"]["value"] == pytest.approx(2e-5 / 0.5)
    assert f"{name}_MTL.json" in red["scale"]["source"]


def test_a_raster_is_described_by_its_address_from_its_header_alone(web: FaultyServer) -> None:
    name = "S2A_MSIL2A_20240601T101031_N0510_R022_T32TPS_20240601T120000_B04.tif"
    path = write_raster(web.root / name, ramp((1024, 1024)), nodata=0, cog=True)
    result = describe(web.url(name))
    [band] = result.data["bands"]
    assert result.data["path"] == web.url(name)
    assert (band["band"]["value"], band["scale"]["value"], band["offset"]["value"]) == (
        *("red", 0.0001, -0.1),
    )
    assert [finding["code"] for finding in result.data["findings"]] == ["values_not_seen"]
    assert web.bytes_sent(name) < path.stat().st_size / 2


def test_an_address_that_gives_neither_is_one_sentence(web: FaultyServer) -> None:
    (web.root / "page").write_text("<html>log in</html>")
    (web.root / "picture.tif").write_text("<VRTDataset/>")
    with pytest.raises(InputError, match="neither JSON of STAC items nor a raster"):
        describe(web.url("page"))
    with pytest.raises(RasterError, match="cannot be read"):
        describe(web.url("picture.tif"))
    with pytest.raises(AccessError, match="HTTP 404"):
        describe(web.url("nothing"))
    with pytest.raises(AccessError, match="address for machines alone"):
        describe("http://169.254.169.254/latest/meta-data")


def test_a_public_item_leads_to_no_mtl_file_of_the_own_network(web: FaultyServer) -> None:
    """The item's address is what its files are held to."""
    name = "LC08_L1TP_193028_20240601_20240610_02_T1"
    item = make_item(name, BOX, collection="landsat-c2l1", assets={
        "red": {"href": f"{name}_B4.TIF", "type": "image/tiff"},
        "mtl.json": {"href": "http://169.254.169.254/x_MTL.json"},
    })  # fmt: skip
    (web.root / "item.json").write_text(json.dumps(item))
    with pytest.raises(InputError, match=r"MTL file x_MTL.json cannot be used.*machines alone"):
        describe(web.url("item.json"))


def test_decimal_numbers_are_no_stored_numbers_of_a_product(tmp_path: Path) -> None:
    name = "S2A_MSIL2A_20240601T101031_N0510_R022_T32TPS_20240601T120000_B04.tif"
    values = ramp(low=0, high=1, dtype="float32")
    [band] = describe(write_raster(tmp_path / name, values, nodata=None)).data["bands"]
    assert (band["scale"]["value"], band["offset"]["value"]) == (1.0, 0.0)
    assert band["scale"]["evidence"] == "header"
    [whole] = describe(write_raster(tmp_path / "w" / name, ramp(), nodata=0)).data["bands"]
    assert (whole["scale"]["value"], whole["scale"]["evidence"]) == (0.0001, "name")
