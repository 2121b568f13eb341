"""Values at the doors: each kind is cast once, into what the engine takes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.casts import CASTS, cast_value
from firstlight.core.cli import ARGUMENTS
from firstlight.core.discovery.area import parse_area
from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.catalogs import get_catalog
from firstlight.core.discovery.events import get_event
from firstlight.core.enums import StrEnum
from firstlight.core.errors import InputError
from firstlight.core.operation import Operation
from firstlight.core.operations.discover import DISCOVER, DiscoverParams
from firstlight.core.operations.event import EVENT
from firstlight.core.operations.pairs import PAIRS
from firstlight.core.operations.registry import OPERATIONS
from firstlight.core.params import BandPath, Kind, Param, param
from firstlight.core.scenes.find import SceneOrder, SceneQuery
from firstlight.core.types import Aoi
from support.operations import EVERY

L_SHAPE = "POLYGON((7 46, 8 46, 8 46.5, 7.5 46.5, 7.5 47, 7 47, 7 46))"
BOX = Aoi.from_bounds(7, 46, 8, 47)


def cast(kind: Kind, value: Any, **options: Any) -> Any:
    return cast_value(Param("p", kind, "P", "", None, False, **options), value, "test")


def test_every_kind_has_a_cast_and_an_argument() -> None:
    assert set(CASTS) == set(Kind)
    assert set(ARGUMENTS) == set(Kind)


@pytest.mark.parametrize("operation", [*OPERATIONS, EVERY], ids=lambda operation: operation.name)
def test_the_default_of_an_optional_parameter_is_a_value_of_its_kind(operation: Operation) -> None:
    """A params dataclass that is made in Python has the values that a door would have made."""
    fields = {f.name: f for f in dataclasses.fields(operation.params)}
    for p in operation.parameters():
        if not p.required and p.default not in (None, ()):
            made = fields[p.name].default_factory
            default = fields[p.name].default if made is dataclasses.MISSING else made()
            assert default == cast_value(p, p.default, operation.name)


@pytest.mark.parametrize("text", [L_SHAPE, "{file}"])
def test_a_polygon_arrives_as_that_polygon(tmp_path: Path, text: str) -> None:
    geometry = dict(parse_area(L_SHAPE).geometry)
    file = tmp_path / "area.geojson"
    file.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": geometry}))
    aoi = cast(Kind.AREA, text.format(file=file))
    assert aoi.geometry == geometry
    assert aoi.bounds == BOX.bounds
    assert aoi.area_km2 == pytest.approx(0.75 * BOX.area_km2, rel=0.01)


def test_an_address_stays_as_it_is_and_a_path_becomes_one() -> None:
    address = "https://stac.example//items/a?to=http://b//c"
    assert cast(Kind.SOURCE_IN, f" {address} ") == address
    assert cast(Kind.SOURCE_IN, "HTTP://x/a.tif") == "HTTP://x/a.tif"
    assert cast(Kind.SOURCE_IN, "~/a.tif") == Path("~/a.tif").expanduser()
    assert cast(Kind.SOURCE_IN, "https.tif") == Path("https.tif")


def test_an_area_is_read_once_and_every_search_of_an_event_has_it(tmp_path: Path) -> None:
    file = tmp_path / "area.geojson"
    file.write_text(json.dumps(dict(parse_area(L_SHAPE).geometry)))
    given = {"area": str(file), "event": "wildfire", "date": "2024-06-15", "output": tmp_path}
    query = EVENT.make_params(given).query()
    file.unlink()
    assert query.aoi == parse_area(L_SHAPE)
    params = PAIRS.make_params({"area": query.aoi, "date": "2024-06-15"})
    assert params.area is query.aoi


def test_an_area_keeps_every_digit() -> None:
    edges = (7.123456789012, 46.1, 7.2, 46.3)
    assert cast(Kind.AREA, Aoi.from_bounds(*edges)).bounds == edges
    assert cast(Kind.AREA, ",".join(map(repr, edges))).bounds == edges


@pytest.mark.parametrize(
    ("value", "first", "last", "text"),
    [
        ("2024-05-01", (0, 0, 0), (23, 59, 59), "2024-05-01"),
        ("20240501", (0, 0, 0), (23, 59, 59), "2024-05-01"),
        (date(2024, 5, 1), (0, 0, 0), (23, 59, 59), "2024-05-01"),
        ("2024-05-01T14:00Z", (14, 0, 0), (14, 0, 0), "2024-05-01T14:00:00Z"),
        ("2024-05-01T16:00+02:00", (14, 0, 0), (14, 0, 0), "2024-05-01T14:00:00Z"),
        (datetime(2024, 5, 1, 14), (14, 0, 0), (14, 0, 0), "2024-05-01T14:00:00Z"),
    ],
)
def test_a_date_is_a_moment_or_a_whole_day(
    value: Any, first: tuple[int, int, int], last: tuple[int, int, int], text: str
) -> None:
    moment = cast(Kind.DATE, value)
    assert moment.first == datetime(2024, 5, 1, *first, tzinfo=timezone.utc)
    assert moment.last == datetime(2024, 5, 1, *last, tzinfo=timezone.utc)
    assert (str(moment), moment.day) == (text, "2024-05-01")


@pytest.mark.parametrize(
    ("kind", "text", "options", "expected"),
    [
        (Kind.CATALOG, "earth-search", {}, get_catalog("earth-search")),
        (Kind.CATALOG, "https://stac.example/v1", {}, get_catalog("https://stac.example/v1")),
        (Kind.SENSOR, "Landsat", {"choices": ("sentinel2", "landsat")}, get_sensor("landsat")),
        (
            Kind.EVENT,
            "tidal",
            {"choices": ("flood.coastal.tidal",)},
            get_event("flood.coastal.tidal"),
        ),
        (Kind.CHOICE, "Cloud", {"choices": tuple(SceneOrder)}, SceneOrder.CLOUD),
        (Kind.BANDS, "Blue, NIR,,blue", {}, ("blue", "nir")),
        (
            Kind.BAND_FILES,
            ["Red=/d/a.tif", "nir = /d/b.tif#2"],
            {},
            (BandPath("red", Path("/d/a.tif")), BandPath("nir", Path("/d/b.tif"), 2)),
        ),
        (Kind.FOLDERS_IN, "/d", {}, (Path("/d"),)),
    ],
)
def test_a_text_becomes_a_value_and_a_value_stays_as_it_is(
    kind: Kind, text: Any, options: dict[str, Any], expected: Any
) -> None:
    value = cast(kind, text, **options)
    assert value == expected
    assert type(value) is type(expected)
    assert cast(kind, value, **options) == expected


def test_a_file_may_have_a_number_sign_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.tif#2"
    path.touch()
    assert cast(Kind.BAND_FILES, [f"red={path}"]) == (BandPath("red", path),)
    assert cast(Kind.BAND_FILES, [f"red={path}#3"]) == (BandPath("red", path, 3),)


@pytest.mark.parametrize("name", ["n" * 300, "/".join(["l" * 200] * 25)], ids=["name", "path"])
@pytest.mark.parametrize("kind", [Kind.FOLDER_OUT, Kind.RASTER_OUT, Kind.FILE_IN, Kind.RASTERS_IN])
def test_a_name_that_no_file_can_have_is_told_at_the_door(
    tmp_path: Path, name: str, kind: Kind
) -> None:
    with pytest.raises(InputError, match="longer than this computer allows") as caught:
        cast(kind, str(tmp_path / name))
    assert len(caught.value.what) < 90


def test_a_name_that_is_not_known_is_an_error_from_a_door_and_from_python() -> None:
    values = {"area": "7,46,8,47", "start": "2024-05-01", "end": "2024-05-02"}
    with pytest.raises(InputError, match="Parameter ‘hand’ of ‘flight discover’: is not known"):
        DISCOVER.make_params({**values, "hand": "x"})
    with pytest.raises(TypeError, match="unexpected keyword argument 'hand'"):
        DiscoverParams(area=BOX, hand="x")  # type: ignore[call-arg]


def test_the_doors_limit_of_scenes_is_not_the_engines() -> None:
    door = DISCOVER.make_params({"area": BOX}).limit
    query = EVENT.make_params(
        {"area": BOX, "event": "wildfire", "date": "2024-06-15", "output": "x"}
    ).query()
    engine = SceneQuery(query.aoi, query.time, query.time, query.catalog).limit
    assert (door, engine) == (50, 10_000)


def test_members_of_an_enum_are_shown_and_stored_as_their_text() -> None:
    class Colour(StrEnum):
        """Two colours."""

        RED = "red"
        BLUE = "blue"

    @dataclass(frozen=True, kw_only=True)
    class Params:
        """A colour."""

        colour: Colour = param(Colour.RED, kind="choice", title="Colour", choices=tuple(Colour))

    assert json.dumps([Colour.RED, {Colour.BLUE: 1}]) == '["red", {"blue": 1}]'
    assert f"{Colour.RED} {Colour.RED!r} {Colour.RED:>4}" == "red 'red'  red"
    operation = Operation("x", "X", "X", "X.", Params, lambda *_: None)  # type: ignore[arg-type,return-value]
    assert operation.make_params({"colour": "BLUE"}).colour is Colour.BLUE
