"""Operations as they are declared, and as a caller in Python uses them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.events import get_event
from firstlight.core.errors import (
    AlgorithmError,
    FirstLightError,
    InputError,
    RasterError,
    VRTSourceNotFoundError,
)
from firstlight.core.maps.index import INDEX, IndexParams, compute_index
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operation import Operation
from firstlight.core.operations.discover import DISCOVER
from firstlight.core.operations.info import INFO
from firstlight.core.operations.ingest import INGEST
from firstlight.core.operations.registry import OPERATIONS, get_operation
from firstlight.core.operations.stack import STACK
from firstlight.core.operations.validate import VALIDATE, ValidateParams
from firstlight.core.params import Kind, param
from firstlight.core.settings import Settings
from support.rasters import ramp, write_raster


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_every_operation_says_what_every_door_needs(operation: Operation) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", operation.name)
    assert operation.title
    assert operation.summary.endswith(".")
    assert operation.group
    assert operation.params.__doc__
    assert dataclasses.is_dataclass(operation.params)
    names = [p.name for p in operation.parameters()]
    assert len(names) == len(set(names))
    for p in operation.parameters():
        assert p.kind in tuple(Kind)
        assert p.title
        assert p.help.endswith("."), p.name
        assert p.title[0].isupper()
        if p.kind in ("choice", "choices"):
            assert p.choices, p.name
            assert p.default in (None, ()) or p.default in p.choices
        if p.kind in ("raster_out", "vector_out"):
            assert p.suffix.startswith(".")
    assert get_operation(operation.name) is operation


def test_no_two_operations_share_a_name() -> None:
    names = [operation.name.replace("-", "") for operation in OPERATIONS]
    assert len(names) == len(set(names))


def test_discover_and_ingest_ask_the_same_questions_the_same_way() -> None:
    asked = {p.name: p for p in DISCOVER.parameters()}
    for p in INGEST.parameters():
        if p.name in asked and p.name not in ("area", "start", "end"):
            assert dataclasses.replace(asked[p.name], help=p.help) == p


def test_a_kind_that_is_not_known_is_refused_when_it_is_declared() -> None:
    with pytest.raises(ValueError, match="unknown parameter kind 'colour'"):
        param(kind="colour", title="Colour")


@pytest.mark.parametrize(
    ("operation", "values", "name", "expected"),
    [
        (DISCOVER, {"limit": "7"}, "limit", 7),
        (DISCOVER, {"max_cloud": "12.5"}, "max_cloud", 12.5),
        (DISCOVER, {"max_cloud": ""}, "max_cloud", None),
        (DISCOVER, {"sensor": "SENTINEL2"}, "sensor", get_sensor("sentinel2")),
        (DISCOVER, {"event": "Flood.Coastal"}, "event", get_event("flood.coastal")),
        (DISCOVER, {"scenes": "x.geojson"}, "scenes", Path("x.geojson")),
        (INGEST, {"bands": "Blue, NIR,,blue"}, "bands", ("blue", "nir")),
        (INGEST, {"bands": ["Blue", "nir"]}, "bands", ("blue", "nir")),
        (INGEST, {"index": "ndvi,NBR"}, "index", ("NDVI", "NBR")),
        (INGEST, {"parallel_downloads": None}, "parallel_downloads", None),
    ],
)
def test_values_are_cast_at_the_boundary(
    operation: Operation, values: dict[str, Any], name: str, expected: Any
) -> None:
    given = {
        "area": "7,46,8,47",
        "start": "2024-06-01",
        "end": "2024-06-30",
        "output": "x",
        **values,
    }
    known = {p.name for p in operation.parameters()}
    params = operation.make_params({key: value for key, value in given.items() if key in known})
    assert getattr(params, name) == expected


@pytest.mark.parametrize(
    ("operation", "values", "sentence"),
    [
        (
            DISCOVER,
            {"limit": "many"},
            "Parameter ‘limit’ of ‘flight discover’ cannot be 'many': it is no integer.",
        ),
        (
            DISCOVER,
            {"limit": 0},
            "Parameter ‘limit’ of ‘flight discover’ cannot be 0: the least is 1.",
        ),
        (
            DISCOVER,
            {"limit": 10001},
            "Parameter ‘limit’ of ‘flight discover’ cannot be 10001: the most is 10000.",
        ),
        (
            DISCOVER,
            {"max_cloud": 101},
            "Parameter ‘max_cloud’ of ‘flight discover’ cannot be 101: the most is 100.",
        ),
        (
            DISCOVER,
            {"sensor": "sentinel3"},
            "Parameter ‘sensor’ of ‘flight discover’ cannot be 'sentinel3': it is not one of the "
            "choices. Did you mean",
        ),
        (
            DISCOVER,
            {"speed": 1},
            "Parameter ‘speed’ of ‘flight discover’: is not known. Known: area, start",
        ),
        (
            DISCOVER,
            {"area": ""},
            "Parameter ‘area’ of ‘flight discover’: is missing. Area: A vector file",
        ),
        (
            INGEST,
            {"index": "NDVI,xyz"},
            "Parameter ‘index’ of ‘flight ingest’ cannot be 'NDVI,xyz': "
            "it is not one of the choices.",
        ),
        (
            INGEST,
            {"output_format": "jpeg"},
            "Parameter ‘output_format’ of ‘flight ingest’ cannot be 'jpeg'",
        ),
        (INGEST, {"parallel_downloads": 99}, "the most is 32"),
        (INDEX, {"name": "NDVY", "stack": "s", "output": "o.tif"}, "Did you mean NDVI"),
        (
            INDEX,
            {"stack": "s", "output": "o.vrt"},
            "Index layer cannot be written to o.vrt: its name must end in .tif.",
        ),
        (
            STACK,
            {"sensor": "sentinel2", "band": ["red=a"], "output": "x.tif"},
            "Stack cannot be written to x.tif: its name must end in .vrt.",
        ),
    ],
)
def test_a_bad_value_is_named(operation: Operation, values: dict[str, Any], sentence: str) -> None:
    good = (
        {"area": "7,46,8,47", "start": "2024-06-01", "end": "2024-06-30"}
        if operation in (DISCOVER, INGEST)
        else {}
    )
    if operation is INGEST:
        good["output"] = "x"
    with pytest.raises(InputError) as caught:
        operation.make_params({**good, **values})
    assert sentence in str(caught.value)


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_number_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(InputError):
        STACK.make_params(
            {"sensor": "sentinel2", "band": ["red=a"], "output": "x.vrt", "scale": value}
        )


def test_a_flag_in_words_is_what_it_says() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Params:
        """One flag."""

        quiet: bool = param(False, kind="flag", title="Quiet")

    operation = Operation("x", "X", "X", "X.", Params, lambda *_: None)  # type: ignore[arg-type,return-value]
    assert operation.make_params({"quiet": "false"}).quiet is False


def run_stack(tmp_path: Path, settings: Settings, *bands: str, **more: Any) -> Any:
    params = STACK.make_params(
        {"sensor": "sentinel2", "band": bands, "output": tmp_path / "s.vrt", **more}
    )
    return STACK.run(params, settings, RecordingMonitor())


def test_local_bands_become_a_stack_in_the_sensors_order(
    tmp_path: Path, settings: Settings
) -> None:
    red, nir = write_raster(tmp_path / "B04.tif"), write_raster(tmp_path / "B08.tif")
    result = run_stack(
        tmp_path, settings, f"NIR={nir}", f" red = {red}", scale=0.0001, offset=-0.1, nodata=0.0
    )
    assert result.data["band_mapping"] == {"red": 1, "nir": 2}
    assert result.data["radiometry"]["red"]["scale"] == 0.0001
    assert result.data["radiometry"]["red"]["reason"] == "given for this run"
    assert result.text.endswith("red, nir (64 × 64 pixels, EPSG:32632)")
    assert result.layers[0].path == tmp_path / "s.vrt"


def test_the_second_band_of_a_file_and_the_files_own_scale(
    tmp_path: Path, settings: Settings
) -> None:
    import rasterio

    path = write_raster(tmp_path / "two.tif", np.stack([ramp(), ramp() + 7]))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (1.0, 0.001), (0.0, -0.5)
    result = run_stack(tmp_path, settings, f"red={path}#2")
    assert result.data["radiometry"]["red"]["scale"] == 0.001
    with rasterio.open(tmp_path / "s.vrt") as dataset:
        assert np.array_equal(dataset.read(1), ramp() + 7)


def test_classes_are_not_scaled_whatever_is_given(tmp_path: Path, settings: Settings) -> None:
    red, scl = (
        write_raster(tmp_path / "r.tif"),
        write_raster(tmp_path / "scl.tif", np.full((32, 32), 4, np.uint8), resolution=20.0),
    )
    result = run_stack(tmp_path, settings, f"red={red}", f"scl={scl}", scale=0.0001)
    assert result.data["radiometry"]["scl"]["scale"] == 1.0
    assert result.data["radiometry"]["scl"]["unit"] == "class"


@pytest.mark.parametrize(
    ("bands", "more", "kind", "sentence"),
    [
        (
            ["red"],
            {},
            InputError,
            "The band 'red' cannot be used: it names no band and no file. Write it like "
            "red=/data/B04.tif.",
        ),
        (["=x"], {}, InputError, "it names no band and no file"),
        (["red="], {}, InputError, "it names no band and no file"),
        (
            ["pink={red}"],
            {},
            InputError,
            "Band 'pink' cannot be used: Sentinel-2 has no such band.",
        ),
        (
            ["red={red}", "RED={red}"],
            {},
            InputError,
            "The bands cannot be stacked: a band is named twice.",
        ),
        (["red={red}#3"], {}, InputError, "has 1 bands, no band 3"),
        (
            ["red=nope.tif"],
            {},
            RasterError,
            "The raster nope.tif cannot be opened: it does not exist.",
        ),
        (
            ["red={red}"],
            {"output": Path("/nowhere/x.vrt")},
            InputError,
            "the folder /nowhere does not exist. Make it first.",
        ),
    ],
)
def test_unusable_bands_are_named(
    tmp_path: Path,
    settings: Settings,
    bands: list[str],
    more: dict[str, Any],
    kind: type[Exception],
    sentence: str,
) -> None:
    red = write_raster(tmp_path / "red.tif")
    params = {
        "sensor": "sentinel2",
        "band": tuple(b.format(red=red) for b in bands),
        "output": tmp_path / "s.vrt",
        **more,
    }
    with pytest.raises(kind) as caught:
        STACK.run(STACK.make_params(params), settings, RecordingMonitor())
    assert sentence in str(caught.value)


def test_an_offset_in_stored_numbers_beside_a_scale_is_refused(
    tmp_path: Path, settings: Settings
) -> None:
    """Sentinel-2's -1000 is -0.1 where the scale is 0.0001; with -1000 every reflectance would be
    about -1000.
    """
    red = write_raster(tmp_path / "red.tif")
    words = {
        "sensor": "sentinel2",
        "band": (f"red={red}",),
        "scale": 0.0001,
        "output": tmp_path / "s.vrt",
    }
    with pytest.raises(
        InputError,
        match=r"make every uint16 a reflectance below 0\. .* ‘offset’ -0\.1",
    ):
        STACK.run(STACK.make_params({**words, "offset": -1000}), settings, RecordingMonitor())
    STACK.run(STACK.make_params({**words, "offset": -0.1}), settings, RecordingMonitor())


def test_a_scale_of_zero_is_refused(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(InputError):
        run_stack(tmp_path, settings, f"red={write_raster(tmp_path / 'red.tif')}", scale=0.0)


def test_a_file_whose_name_ends_in_a_number_sign_is_a_file(
    tmp_path: Path, settings: Settings
) -> None:
    path = write_raster(tmp_path / "red#1")
    assert run_stack(tmp_path, settings, f"red={path}").data["band_count"] == 1


@pytest.fixture
def stacked(tmp_path: Path, settings: Settings) -> Path:
    red, nir = (
        write_raster(tmp_path / "red.tif", ramp() + 1000),
        write_raster(tmp_path / "nir.tif", ramp(low=4000, high=100) + 1000),
    )
    run_stack(tmp_path, settings, f"red={red}", f"nir={nir}", scale=0.0001, offset=-0.1, nodata=0.0)
    return tmp_path / "s.vrt"


def index(stack: Path, output: Path, settings: Settings, name: str = "NDVI") -> Any:
    return compute_index(
        IndexParams(name=name, stack=stack, output=output), settings, RecordingMonitor()
    )


def test_an_index_tells_where_it_comes_from(
    tmp_path: Path, stacked: Path, settings: Settings
) -> None:
    result, layer = index(stacked, tmp_path / "ndvi.tif", settings)
    assert result.warnings == ()
    assert result.provenance["formula"] == "NDVI ; nir=nir ; red=red"
    assert "Rouse" in result.provenance["reference"]
    assert result.provenance["radiometry"]["red"]["offset"] == -0.1
    assert layer.style == "ndvi"
    assert layer.path == tmp_path / "ndvi.tif"
    json.dumps(result.to_dict(), allow_nan=False)


def formula(stack: Path, output: Path, settings: Settings, text: str, **more: str) -> Any:
    params = INDEX.make_params({"stack": stack, "output": output, "formula": text, **more})
    return INDEX.run(params, settings, RecordingMonitor())


def test_a_formula_takes_the_place_of_the_index(
    tmp_path: Path, stacked: Path, settings: Settings
) -> None:
    import rasterio

    text = "where(nir > 0.2, (nir - red) ** 2, 0)"
    told = formula(
        stacked, tmp_path / "f.tif", dataclasses.replace(settings, output_dtype="int16"), text
    )
    with rasterio.open(tmp_path / "f.tif") as dataset:
        assert dataset.dtypes[0] == "float32", (
            "nobody knows the range of a formula: whole numbers have no scale for it"
        )
        got = dataset.read(1)
        assert dataset.tags()["index"] == text
        assert dataset.descriptions == ("formula",)
    nir, red = (np.float64(one) * 0.0001 for one in (ramp(low=4000, high=100), ramp()))
    assert np.allclose(got, np.where(nir > 0.2, (nir - red) ** 2, 0), atol=1e-7)
    data = json.loads(json.dumps(told.json_data(), allow_nan=False))
    assert data["provenance"]["formula"] == f"{text} ; nir=nir ; red=red"
    assert data["provenance"]["parameters"] == {"formula": text}
    assert data["statistics"]["max"] == pytest.approx(got.max())
    assert told.layers[0].style == "stretched"
    assert told.layers[0].title == text
    assert data["warnings"] == []


def test_a_formula_and_an_index_at_once_is_told(
    tmp_path: Path, stacked: Path, settings: Settings
) -> None:
    told = formula(stacked, tmp_path / "f.tif", settings, "nir / red", name="NBR")
    assert "NBR was not computed: the formula takes its place" in told.text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "nri / red",
            "The formula 'nri / red' cannot be computed: the stack has no band nri (it has red, "
            "nir). Did you mean nir?",
        ),
        (
            "red / swir22",
            "The formula 'red / swir22' cannot be computed: the stack has no band swir22 (it "
            "has red, nir).",
        ),
        (
            "nir % red",
            "The formula 'nir % red' cannot be used: 'nir % red' is not allowed. Use band names,",
        ),
        ("7", "The formula '7' cannot be used: it names no band."),
    ],
)
def test_a_formula_that_cannot_be_computed(
    tmp_path: Path, stacked: Path, settings: Settings, text: str, sentence: str
) -> None:
    with pytest.raises(AlgorithmError) as caught:
        formula(stacked, tmp_path / "f.tif", settings, text)
    assert str(caught.value).startswith(sentence)
    assert not (tmp_path / "f.tif").exists()


def test_an_index_without_limits_is_never_stored_as_whole_numbers(
    tmp_path: Path, stacked: Path, settings: Settings
) -> None:
    import rasterio

    result, layer = index(
        stacked, tmp_path / "bai.tif", dataclasses.replace(settings, output_dtype="int16"), "bai"
    )
    with rasterio.open(tmp_path / "bai.tif") as dataset:
        assert dataset.dtypes[0] == "float32"
    assert "Burned area index, 0 and more" in layer.abstract
    json.dumps(result.to_dict(), allow_nan=False)


def test_numbers_without_a_scale_are_warned_about(tmp_path: Path, settings: Settings) -> None:
    import rasterio

    path = write_raster(tmp_path / "s.tif", np.stack([ramp(), ramp() + 5]))
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = ("red", "nir")
    result, _ = index(path, tmp_path / "o.tif", settings)
    assert result.warnings == (
        "No scale is known for nir, red: NDVI was computed from the stored numbers",
    )


def test_an_index_without_any_value_says_so(tmp_path: Path, settings: Settings) -> None:
    empty = write_raster(tmp_path / "e.tif", np.zeros((8, 8), np.uint16))
    run_stack(tmp_path, settings, f"red={empty}", f"nir={empty}", scale=0.0001)
    result, _ = index(tmp_path / "s.vrt", tmp_path / "o.tif", settings)
    assert any("NDVI has no value anywhere" in text for text in result.warnings)
    assert result.statistics["mean"] is None
    json.dumps(result.to_dict(), allow_nan=False)


def test_the_stack_itself_is_never_the_output(
    tmp_path: Path, stacked: Path, settings: Settings
) -> None:
    before = stacked.read_bytes()
    with pytest.raises(InputError, match="that is the stack itself"):
        index(stacked, tmp_path / "." / "s.vrt", settings)
    assert stacked.read_bytes() == before


def test_no_band_of_the_stack_is_the_output(
    tmp_path: Path, stacked: Path, settings: Settings
) -> None:
    before = (tmp_path / "red.tif").read_bytes()
    with contextlib.suppress(FirstLightError):
        index(stacked, tmp_path / "red.tif", settings)
    assert (tmp_path / "red.tif").read_bytes() == before


def test_a_stack_without_the_band_is_named(
    tmp_path: Path, stacked: Path, settings: Settings
) -> None:
    with pytest.raises(
        AlgorithmError,
        match=r"NBR cannot be computed: the stack has no band swir22 \(it has red, nir\)\.",
    ):
        index(stacked, tmp_path / "o.tif", settings, "NBR")
    assert not (tmp_path / "o.tif").exists()


def test_a_stack_whose_band_is_gone_is_named(
    tmp_path: Path, stacked: Path, settings: Settings
) -> None:
    (tmp_path / "red.tif").unlink()
    with pytest.raises(VRTSourceNotFoundError, match=r"source file '.*red\.tif' not found"):
        index(stacked, tmp_path / "o.tif", settings)


def test_validation_knows_the_sensor_from_the_stack(
    tmp_path: Path, stacked: Path, settings: Settings
) -> None:
    result = VALIDATE.run(ValidateParams(path=stacked), settings, RecordingMonitor())
    assert result.status == "failed"
    assert "Required band 'blue' not found in dataset (it has red, nir)." in result.data["errors"]
    assert result.outputs["valid"] == 0
    assert f"{stacked}: NOT valid (bands: red, nir)" in result.text


def test_info_shows_bands_and_settings(settings: Settings) -> None:
    shown = INFO.run(INFO.make_params({"bands": "sentinel2"}), settings, RecordingMonitor())
    assert "blue (B02, 490 nm, 10 m) required" in shown.text.splitlines()
    assert "swir16 (B11, 1610 nm, 20 m) default" in shown.text.splitlines()
    assert shown.data["blue"] == {
        "code": "B02",
        "wavelength_nm": 490.0,
        "resolution_m": 10.0,
        "unit": "reflectance",
        "required": True,
        "default": True,
    }
    everything = INFO.run(INFO.make_params({}), settings, RecordingMonitor())
    assert everything.data["settings"]["parallel_downloads"]["value"] == 4
    assert set(everything.data["indices"]) >= {"NDVI", "NBR"}


def test_ingest_without_scenes_and_without_a_question_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        INGEST.run(
            INGEST.make_params({"output": tmp_path, "area": "7,46,8,47"}),
            settings,
            RecordingMonitor(),
        )
    assert (
        str(caught.value)
        == "Ingest cannot start: start, end not given. Give ‘ingest.items’, or ‘ingest.area’, "
        "‘ingest.start’ and ‘ingest.end’."
    )
