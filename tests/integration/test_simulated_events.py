"""The sample catalogue's simulated events from end to end: found, paired, downloaded, mapped,
compared with the truth.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from support.events import SimulatedEvent, simulated_event
from support.rasters import read_band

pytestmark = pytest.mark.thorough
"""The simulated events take half a minute to be made."""

Flight = Callable[..., tuple[int, str, str]]
DAYS = ["2024-10-21", "2024-11-02", "2024-11-14"]
"""Of the radar's passes after the flood, on its line of sight."""


def around(event: SimulatedEvent) -> list[str]:
    return ["--catalog", "sample", f"--area={event.area_text}"]


def ask(flight: Flight, *words: object) -> Any:
    code, out, err = flight(*words)
    assert code == 0, err
    return json.loads(out)


def ids(event: SimulatedEvent, *roles: str) -> list[str]:
    return [event.scene(role).id for role in roles]


def test_all_pictures_of_the_fire_are_found_and_nothing_of_the_flood(
    sample_catalog: None, flight: Flight
) -> None:
    fire = simulated_event("fire")
    days = ["--start", "2024-06-01", "--end", "2024-12-01"]
    found = ask(
        flight, "discover", *around(fire), *days, "--sensor", "sentinel2", "--output", "json"
    )
    expected = ids(fire, "before_early", "before", "after_cloudy", "after")
    assert sorted(one["id"] for one in found) == sorted(expected)


def test_the_sky_over_the_area_is_measured_in_the_masks(
    sample_catalog: None, flight: Flight
) -> None:
    fire = simulated_event("fire")
    days = ["--start", "2024-07-22", "--end", "2024-07-30"]
    found = ask(
        flight,
        "discover",
        *around(fire),
        *days,
        "--sensor",
        "sentinel2",
        "--clear-sky",
        "--output",
        "json",
    )
    clear = {one["id"]: one["clear_percent"] for one in found}
    cloudy, good = ids(fire, "after_cloudy", "after")
    assert clear[cloudy] < 8 < 70 < clear[good] < 90


def test_the_best_pair_of_the_fire_leaves_the_cloudy_picture_out(
    sample_catalog: None, flight: Flight
) -> None:
    fire = simulated_event("fire")
    best = ask(
        flight, "pairs", *around(fire), "--date", fire.moment, "--sensor", "sentinel2", "--json"
    )[0]
    assert [*best["before"]["items"], *best["after"]["items"]] == ids(fire, "before", "after")


def test_radar_pairs_of_the_flood_keep_to_one_line_of_sight(
    sample_catalog: None, flight: Flight
) -> None:
    """The picture from the other side is nearer to the flood, and cannot be compared."""
    flood = simulated_event("flood")
    pairs = ask(
        flight, "pairs", *around(flood), "--date", flood.moment, "--sensor", "sentinel1", "--json"
    )
    found = [[*pair["before"]["items"], *pair["after"]["items"]] for pair in pairs]
    assert found == [
        ids(flood, before, after)
        for after in ("radar_after", "radar_falling", "radar_low")
        for before in ("radar_before", "radar_before_early")
    ]


def stacks_of(
    flight: Flight, event: SimulatedEvent, roles: tuple[str, ...], bands: str, folder: Path
) -> list[str]:
    """Download the scenes of these roles by their own days; their stacks."""
    found = []
    for role in roles:
        scene = event.scene(role)
        day = scene.item["properties"]["datetime"][:10]
        sensor = "sentinel1" if role.startswith("radar") else "sentinel2"
        words = [
            "--start",
            day,
            "--end",
            day,
            "--sensor",
            sensor,
            "--bands",
            bands,
            "--output",
            folder / role,
        ]
        flight("ingest", *around(event), *words)
        [stack] = (folder / role).rglob("*_stack.vrt")
        found.append(str(stack))
    return found


def test_the_burned_classes_are_mapped(
    sample_catalog: None, flight: Flight, tmp_path: Path
) -> None:
    fire = simulated_event("fire")
    early, before, after = stacks_of(
        flight, fire, ("before_early", "before", "after"), "nir,swir22,scl", tmp_path
    )
    answer = ask(
        flight,
        "burn-severity",
        "--pre",
        before,
        "--post",
        after,
        "--output",
        tmp_path / "fire",
        "--json",
    )
    mapped, truth = read_band(answer["outputs"]["severity"]), read_band(fire.truth["severity"])
    clear = (
        (read_band(fire.truth["hidden_after"]) == 0)
        & (read_band(fire.truth["hidden_before"]) == 0)
        & (mapped != 255)
    )
    assert clear.mean() > 0.6
    assert (mapped == truth)[clear].mean() > 0.94
    thick = read_band(fire.truth["hidden_after"]) == 1
    assert (mapped[thick] == 255).mean() > 0.8  # what cloud hides is not called unburned
    answer = ask(
        flight,
        "burn-severity",
        "--pre",
        early,
        "--post",
        before,
        "--output",
        tmp_path / "none",
        "--json",
    )
    mapped = read_band(answer["outputs"]["severity"])
    assert np.isin(mapped[mapped != 255], (4, 5, 6, 7)).mean() < 0.005


def test_water_is_mapped_by_radar_before_and_after(
    sample_catalog: None, flight: Flight, tmp_path: Path
) -> None:
    """Less well than open water alone would be: wind, standing plants, sand and tarmac are meant to
    be difficult.
    """
    flood = simulated_event("flood")
    permanent, flooded = (
        read_band(flood.truth["permanent_water"]) == 1,
        read_band(flood.truth["flooded"]) == 1,
    )
    stacks = stacks_of(flight, flood, ("radar_before", "radar_after"), "vv,vh", tmp_path)
    for stack, wet, least in zip(stacks, (permanent, permanent | flooded), (0.5, 0.7)):
        answer = ask(
            flight, "sar-water", "--post", stack, "--output", tmp_path / Path(stack).stem, "--json"
        )
        mapped = read_band(answer["outputs"]["water"])
        seen = mapped != 255
        assert 0.85 < seen.mean() < 0.97
        assert ((mapped == 1) & wet & seen).sum() / (((mapped == 1) | wet) & seen).sum() > least


@pytest.mark.thorough
def test_the_flood_is_followed_until_it_is_gone(
    sample_catalog: None, flight: Flight, tmp_path: Path
) -> None:
    """The days of the series are those of the simulation, as far as each map sees the water."""
    flood = simulated_event("flood")
    words = ["--date", flood.moment, "--sensor", "sentinel1", "--output", tmp_path / "out"]
    answer = ask(flight, "follow", "--event", "flood", *around(flood), *words, "--json")
    assert [one["datetime"][:10] for one in answer["maps"]] == DAYS
    last = tmp_path / "out" / "series" / "last_seen.tif"
    with rasterio.open(last) as file, rasterio.open(flood.truth["flooded"]) as whole:
        found, nothing = file.read(1), file.nodata
        row, col = (round(edge) for edge in (~whole.transform * (file.transform * (0, 0)))[::-1])
        rows, cols = slice(row, row + file.height), slice(col, col + file.width)
    names = ("flooded", "flooded_20241102", "flooded_20241114")
    wet = [read_band(flood.truth[name])[rows, cols] == 1 for name in names]
    expected = np.full(found.shape, np.nan)
    for water, day in zip(wet, (1.15, 13.15, 25.15), strict=True):
        expected[water] = day
    both = (found != nothing) & ~np.isnan(expected)
    assert both.sum() > 0.7 * wet[0].sum()
    assert (abs(found - expected)[both] < 0.1).mean() > 0.85
    passes = answer["statistics"]["passes"]
    areas = [one["affected_km2"] for one in passes]
    true_areas = [float(water.sum()) * 1e-4 for water in wet]
    assert true_areas[2] == 0.0 < true_areas[1] < true_areas[0]
    assert areas[0] > 2 * areas[1] > 20 * areas[2]
    assert passes[1]["receded_km2"] > 0.5 * areas[0]
