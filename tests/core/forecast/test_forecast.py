"""``forecast``: rain and wind over an area from a small STAC of GRIB2 files on loopback."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal

from firstlight.core.errors import (
    DiscoveryError,
    FirstLightError,
    IngestionError,
    InputError,
    NoScenesError,
    RasterError,
)
from firstlight.core.files.xml_text import parse_xml
from firstlight.core.forecast.grib import LonLatGrid, columns_between, read_messages
from firstlight.core.forecast.over_area import shares_of
from firstlight.core.forecast.quantity import Quantity
from firstlight.core.forecast.series import make_series
from firstlight.core.types import Aoi
from support.forecast_world import COLS, GROWING, ROWS, fields_of, served
from support.grib import RUN, Field, rain, wind, write_grib
from support.range_server import Fault
from support.run import run_operation
from support.schemas import check
from support.stac_server import StacServer

AREA = "-0.80,39.0,0.10,39.6"


def forecast(api: StacServer, output: Path, **words: Any) -> Any:
    given = {"area": AREA, "since": "2024-10-29T01:00Z", "days": 1, **words}
    return run_operation("forecast", catalog=api.base_url, output=str(output), **given)


def naive_mean(values: Any, west: float = -1.0, north: float = 40.0) -> float:
    """Mean over AREA by a fine lattice of points, each with the cosine of its latitude."""
    lons = np.arange(-0.80 + 5e-4, 0.10, 1e-3)
    lats = np.arange(39.0 + 5e-4, 39.6, 1e-3)
    cols = np.floor((lons - (west - 0.125)) / 0.25).astype(int)
    rows = np.floor(((north + 0.125) - lats) / 0.25).astype(int)
    weights = np.cos(np.radians(lats))[:, None] * np.ones(len(lons))
    return float((values[np.ix_(rows, cols)] * weights).sum() / weights.sum())


def test_rain_is_told_by_step_and_wind_by_the_speed_of_each_cell(tmp_path):
    with served(tmp_path / "files") as (api, files):
        result = forecast(api, tmp_path / "out")
        asked = [request for request in files.requests if request.path.endswith(".grib2")]
    data = result.json_data()
    assert [step["datetime"] for step in data["steps"]] == [
        f"2024-10-29T{hour:02}:00:00Z" for hour in (3, 6, 9, 12)
    ]
    mean = naive_mean(GROWING) * 1000
    told = [step["precipitation_mm"] for step in data["steps"]]
    assert told == pytest.approx([mean * (s**2 - (s - 3) ** 2) for s in (3, 6, 9, 12)], rel=2e-4)
    assert data["steps"][-1]["precipitation_sum_mm"] == pytest.approx(mean * 144, rel=2e-4)
    assert result.outputs["precipitation_mm"] == pytest.approx(mean * 144, rel=2e-4)
    under = GROWING[2:5, 1:5]  # rows and columns that the area touches
    assert data["steps"][0]["precipitation_most_mm"] == pytest.approx(under.max() * 9e3, rel=1e-5)
    speed = 5.0 * (5.0 + np.arange(COLS)) * np.ones((ROWS, 1))
    assert data["steps"][0]["wind_m_s"] == pytest.approx(naive_mean(speed), rel=2e-4)
    assert data["steps"][0]["wind_most_m_s"] == pytest.approx(speed[0, 4], rel=1e-5)
    assert data["steps"][1]["gust_m_s"] == pytest.approx(10 * 9 + 6)
    assert data["cells"] == under.size
    assert (data["run"], data["missing"], data["warnings"][:1]) == (
        "2024-10-29T00:00:00Z",
        [],
        ["The forecast ends on 2024-10-29T12:00:00Z, before the days asked for are over"],
    )
    # of each file the four fields and no other byte
    assert len(asked) == 16
    assert all(request.range for request in asked)


def test_the_files_hold_the_same_figures(tmp_path):
    with served(tmp_path / "files") as (api, files):
        result = forecast(api, tmp_path / "out")
        before = len(files.requests)
        again = forecast(api, tmp_path / "out")
        assert len(files.requests) == before  # what is there is not fetched again
    assert again.json_data()["steps"] == result.json_data()["steps"]
    rows = list(csv.DictReader((tmp_path / "out" / "forecast.csv").open()))
    stored = json.loads((tmp_path / "out" / "forecast.json").read_text())
    assert [float(row["precipitation_mm"]) for row in rows] == [
        step["precipitation_mm"] for step in stored["steps"]
    ]
    picture = parse_xml((tmp_path / "out" / "forecast.svg").read_bytes())
    assert len([one for one in picture.iter() if one.tag.endswith("rect")]) == 8
    assert len([one for one in picture.iter() if one.tag.endswith("polyline")]) == 2
    assert not list((tmp_path / "out").rglob("*.part"))
    assert result.layers == ()
    check("forecast.json", result.json_data())
    check("forecast.json", stored)


def test_a_file_without_an_index_is_fetched_whole(tmp_path):
    with served(tmp_path / "a") as (api, _), served(tmp_path / "b", index=False) as (plain, files):
        wanted = forecast(api, tmp_path / "one").json_data()["steps"]
        assert forecast(plain, tmp_path / "two").json_data()["steps"] == wanted
        assert not [request for request in files.requests if request.range]


@pytest.mark.parametrize(
    ("break_it", "error", "reason"),
    [
        ("range", IngestionError, "sends whole files only"),
        ("index", IngestionError, "its index is damaged"),
        ("offset", IngestionError, "no whole GRIB2 message"),
        ("huge", IngestionError, "names a field of"),
        ("nothing", IngestionError, "lists neither precipitation nor wind"),
        ("gone", IngestionError, "HTTP 404"),
        ("html", IngestionError, "no whole GRIB2 message"),
    ],
)
def test_what_does_not_come_whole_is_named(tmp_path, break_it, error, reason):
    with served(tmp_path / "files") as (api, _):
        [grib, *_] = sorted((tmp_path / "files").glob("*-12h-*.grib2"))
        index = grib.with_suffix(".index")
        rows = [json.loads(line) for line in index.read_text().splitlines()]
        if break_it == "range":
            for one in api.items:
                one["assets"]["data"]["href"] = api.base_url + "/"
        elif break_it == "index":
            index.write_text("<html>")
        elif break_it == "offset":
            index.write_text(json.dumps({**rows[1], "_offset": rows[1]["_offset"] + 1}))
        elif break_it == "huge":
            index.write_text(json.dumps({**rows[1], "_length": 10**12}))
        elif break_it == "nothing":
            index.write_text(json.dumps(rows[0]))
        elif break_it == "gone":
            grib.unlink()
        elif break_it == "html":
            grib.write_bytes(b"<html>" + b" " * grib.stat().st_size)
        with pytest.raises(error) as caught:
            forecast(api, tmp_path / "out")
    assert reason in str(caught.value)
    assert not list((tmp_path / "out").rglob("*12h.grib2*"))


@pytest.mark.parametrize(
    "fault", [Fault(short_by_bytes=10), Fault(reset_after_bytes=50), Fault(status=503)]
)
def test_a_broken_answer_leaves_nothing_half(tmp_path, fault):
    with served(tmp_path / "files", steps=(3, 6)) as (api, files):
        files.break_next("20241029000000-6h-oper-fc.grib2", fault)
        with pytest.raises(IngestionError, match=r"6h-oper-fc\.grib2 cannot be fetched"):
            forecast(api, tmp_path / "out")
        assert [path.name for path in (tmp_path / "out" / "fields").iterdir()] == [
            "ecmwf-forecast_20241029T00_003h.grib2"
        ]


def test_a_catalogue_without_a_forecast_is_named(tmp_path):
    with served(tmp_path / "files") as (api, _):
        with pytest.raises(NoScenesError, match="lists none of ecmwf-forecast"):
            forecast(api, tmp_path / "out", since="2025-10-29")
        with pytest.raises(InputError, match="beside its grid"):
            forecast(api, tmp_path / "out", area="100,10,101,11")
    with pytest.raises(DiscoveryError):
        forecast(api, tmp_path / "out")


def read(path: Path, area: str = AREA, hours: int = 12) -> Any:
    aoi = Aoi.from_bounds(*map(float, area.split(",")))
    return make_series(read_messages(path), aoi, RUN, RUN + timedelta(hours=hours))


def test_missing_variables_are_told(tmp_path):
    path = write_grib(tmp_path / "rain.grib2", [rain(GROWING, 6)])
    series = read(path)
    assert series.missing == (Quantity.WIND_U, Quantity.WIND_V, Quantity.GUST)
    assert series.steps[0].wind_m_s is None
    path = write_grib(tmp_path / "warm.grib2", fields_of(3)[:1])
    with pytest.raises(RasterError, match="hold no precipitation, wind or gusts"):
        read(path)


@pytest.mark.parametrize(
    ("code", "factor"), [((0, 1, 193), 1000.0), ((0, 1, 8), 1.0), ((0, 1, 52), 1.0)]
)
def test_each_code_of_rain_has_its_own_unit(tmp_path, code, factor):
    fields = [Field(code, GROWING, 0, 6, statistic=1)]
    series = read(write_grib(tmp_path / "a.grib2", fields))
    assert series.steps[0].rain_mm == pytest.approx(naive_mean(GROWING) * factor, rel=2e-4)


def test_local_numbers_count_for_their_centre_alone(tmp_path):
    path = write_grib(tmp_path / "a.grib2", [rain(GROWING, 6)], centre=7)  # NCEP: freezing rain
    with pytest.raises(RasterError, match="hold no precipitation"):
        read(path)


def test_amounts_of_each_interval_are_not_differenced(tmp_path):
    fields = [
        Field((0, 1, 8), np.full((ROWS, COLS), 3.0), 0, 6, statistic=1),
        Field((0, 1, 8), np.full((ROWS, COLS), 2.0), 6, 12, statistic=1),
    ]
    series = read(write_grib(tmp_path / "a.grib2", fields))
    assert [step.rain_mm for step in series.steps] == pytest.approx([3.0, 2.0])
    assert series.steps[-1].rain_sum_mm == pytest.approx(5.0)


def test_a_sum_that_falls_is_refused_and_packing_is_not(tmp_path):
    falling = [rain(GROWING, 3), rain(GROWING - 0.0008, 6)]
    with pytest.raises(RasterError, match="the sum of precipitation falls"):
        read(write_grib(tmp_path / "a.grib2", falling))
    packed = [rain(GROWING, 3), rain(GROWING - 0.0001, 6)]
    series = read(write_grib(tmp_path / "b.grib2", packed))
    assert series.steps[1].rain_mm == 0.0


def test_files_of_two_runs_are_refused(tmp_path):
    one = write_grib(tmp_path / "a.grib2", [rain(GROWING, 3)])
    two = write_grib(tmp_path / "b.grib2", [rain(GROWING, 3)], run=RUN + timedelta(hours=12))
    both = [*read_messages(one), *read_messages(two)]
    with pytest.raises(RasterError, match="several runs"):
        make_series(both, Aoi.from_bounds(-0.8, 39, 0.1, 39.6), RUN, RUN + timedelta(days=1))


def test_a_field_of_nothing_is_not_no_rain(tmp_path):
    empty = np.full((ROWS, COLS), np.nan)
    path = write_grib(tmp_path / "a.grib2", [*wind(GROWING, GROWING, 3), rain(GROWING, 3)])
    messages = list(read_messages(path))
    messages[-1].values[:] = empty
    aoi = Aoi.from_bounds(-0.8, 39, 0.1, 39.6)
    [step] = make_series(messages, aoi, RUN, RUN + timedelta(hours=3)).steps
    assert (step.rain_mm, step.rain_most_mm, step.rain_sum_mm) == (None, None, None)
    assert step.wind_m_s is not None


@pytest.mark.parametrize("first", [-180.0, 0.0, 180.0])
@pytest.mark.parametrize("area", ["179.3,-17.2,-179.2,-16.1", "-0.6,39,0.4,39.6", "10,50,11,51"])
def test_any_turn_of_the_longitudes_gives_the_same_cells(tmp_path, first, area):
    cols = np.arange(360)
    lons = (first + cols + 180) % 360 - 180
    values = np.tile(np.cos(np.radians(lons)), (181, 1)) + 2
    path = write_grib(tmp_path / "a.grib2", [*wind(values, 0 * values, 3)], first, 90.0, 1.0)
    west, south, east, north = map(float, area.split(","))
    aoi = Aoi.from_bounds(west, south, east, north)
    [step] = make_series(read_messages(path), aoi, RUN, RUN + timedelta(hours=3)).steps
    points = np.arange(west + 5e-4, east + (360 if east < west else 0), 1e-3)
    nearest = (np.round(points) + 180) % 360 - 180
    wanted = float((np.cos(np.radians(nearest)) + 2).mean())
    assert step.wind_m_s == pytest.approx(wanted, abs=2e-5)


def test_shares_add_up_to_the_area():
    grid = LonLatGrid(-180.125, 90.125, 0.25, 0.25, 1440, 721)
    for bounds in ((-0.8, 39, 0.1, 39.6), (179.3, -17.2, -179.2, -16.1), (0.01, 0.01, 0.02, 0.02)):
        aoi = Aoi.from_bounds(*bounds)
        assert float(shares_of(aoi, grid).km2.sum()) == pytest.approx(aoi.area_km2, rel=1e-6)


def test_a_column_on_an_edge_is_its_own():
    grid = LonLatGrid(0.0, 10.0, 1.0, 1.0, 360, 20)
    assert columns_between(grid, 3.0, 4.0).tolist() == [3]
    assert columns_between(grid, -1.5, 0.5).tolist() == [358, 359, 0]


@pytest.mark.skipif(int(gdal.VersionInfo()) >= 3080000, reason="GDAL reads CCSDS from 3.8 on")
def test_a_packing_that_this_gdal_lacks_is_named(tmp_path):
    path = write_grib(tmp_path / "a.grib2", [rain(GROWING, 3)])
    content = bytearray(path.read_bytes())
    place = 16
    while content[place + 4] != 5:  # section 5: length, number, count of values, template
        place += int.from_bytes(content[place : place + 4], "big")
    content[place + 9 : place + 11] = (42).to_bytes(2, "big")
    path.write_bytes(bytes(content))
    with pytest.raises(FirstLightError, match=r"5\.42 \(CCSDS\)"):
        list(read_messages(path))


@pytest.mark.parametrize("content", [b"", b"GRIB", b"no grib at all" * 100])
def test_no_grib_is_named(tmp_path, content):
    path = tmp_path / "a.grib2"
    path.write_bytes(content)
    with pytest.raises(FirstLightError, match=r"The forecast a.grib2 cannot be read"):
        list(read_messages(path))


def test_too_large_an_area_is_refused():
    grid = LonLatGrid(-180.125, 90.125, 0.25, 0.25, 1440, 721)
    with pytest.raises(InputError, match="cells of its grid"):
        shares_of(Aoi.from_bounds(-40, -40, 40, 40), grid)


def test_a_step_that_is_over_is_not_told(tmp_path):
    path = write_grib(tmp_path / "a.grib2", [rain(GROWING, 3), rain(2 * GROWING, 6)])
    aoi = Aoi.from_bounds(-0.8, 39, 0.1, 39.6)
    since = RUN + timedelta(hours=3)
    series = make_series(read_messages(path), aoi, since, RUN + timedelta(hours=6))
    [step] = series.steps
    assert step.end == RUN + timedelta(hours=6)
    assert step.rain_start == since
    assert step.rain_sum_mm == pytest.approx(naive_mean(GROWING) * 1000, rel=2e-4)


def test_a_message_whose_times_differ_is_refused(tmp_path):
    path = write_grib(tmp_path / "a.grib2", [rain(GROWING, 6)])
    content = path.read_bytes()
    end = bytes((*(2024).to_bytes(2, "big"), 10, 29, 6, 0, 0))
    assert content.count(end) == 1
    before = bytes((*(2024).to_bytes(2, "big"), 10, 28, 6, 0, 0))
    path.write_bytes(content.replace(end, before))
    with pytest.raises(RasterError, match="does not say what it is"):
        list(read_messages(path))
