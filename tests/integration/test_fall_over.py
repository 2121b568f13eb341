"""One scene at two providers, one of which has a bad day: the stack is whole, its numbers right,
and the source of each band known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.discovery.items_file import read_items
from firstlight.core.raster.facts import read_facts
from support.range_server import Fault
from support.rasters import write_raster
from support.scene import AREA, ITEM_ID
from support.two_providers import (
    BANDS,
    OTHER_ID,
    Providers,
    reflectance_in,
    serve_as_fractions,
    two_providers,
)

Flight = Callable[..., tuple[int, str, str]]
FINE = ("blue", "green", "red", "nir")
DATES = ("--start", "2024-06-01", "--end", "2024-06-30")


@pytest.fixture
def providers(tmp_path: Path) -> Iterator[Providers]:
    with two_providers(tmp_path / "served") as made:
        yield made


def ingest(
    flight: Flight, providers: Providers, tmp_path: Path, *words: object
) -> tuple[int, dict[str, Any], str]:
    question = ("--catalog", providers.both, "--area", AREA, *DATES)
    code, out, err = flight("ingest", *question, "--output", tmp_path / "out", "--json", *words)
    return code, json.loads(out)[0] if out else {}, err


def sources(result: dict[str, Any]) -> dict[str, str]:
    return {name: file["item_id"] for name, file in result["bands_downloaded"].items()}


def check_stack(result: dict[str, Any], providers: Providers) -> None:
    """All bands are there, and mean what the pixels were made to mean."""
    values = reflectance_in(Path(result["output_path"]))
    assert list(values) == list(BANDS)
    for band in FINE:
        assert np.allclose(values[band], providers.reflectance(band), atol=2e-7), band
    for band in ("swir16", "swir22"):  # interpolated to the pixels of the others
        assert abs(values[band].mean() - providers.reflectance(band).mean()) < 2e-3


def check_records(result: dict[str, Any], providers: Providers) -> None:
    """Each band's source is told alike in the record, in the stack and in the result."""
    stack = Path(result["output_path"])
    record = json.loads((stack.parent / "bands.json").read_text())
    tags = json.loads(read_facts(stack).tags["band_sources"])
    urls = {ITEM_ID: providers.first.url, OTHER_ID: providers.second.url}
    for name, item_id in sources(result).items():
        assert record[name]["item_id"] == tags[name]["item_id"] == item_id
        assert record[name]["catalog"] == tags[name]["catalog"] == urls[item_id]
        assert record[name]["url"] == tags[name]["href"]
        assert "?" not in tags[name]["href"]


BAD_DAYS = {
    "the connection dies": Fault(reset_after_bytes=2000),
    "it stops half way": Fault(short_by_bytes=3000),
    "it refuses": Fault(status=403),
    "it asks for a login": Fault(status=401),
    "it fails": Fault(status=503),
    "it is too busy": Fault(status=429, retry_after="600"),
    "it sends a page": Fault(body=b"<html><title>Sign in</title></html>"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("window", ["full", "aoi"])
@pytest.mark.parametrize("fault", BAD_DAYS.values(), ids=BAD_DAYS)
def test_a_provider_that_fails_after_two_bands(
    flight: Flight, providers: Providers, tmp_path: Path, fault: Fault, window: str
) -> None:
    for band in BANDS[2:]:
        providers.first.files.break_next(f"{band}.tif", fault)
    code, result, err = ingest(flight, providers, tmp_path, "--window", window)
    assert (code, result["status"]) == (0, "completed"), err
    check_records(result, providers)
    if window == "full":
        check_stack(result, providers)
    came = sources(result)
    assert {came[band] for band in BANDS[2:]} == {OTHER_ID}
    assert f"red comes from 127.0.0.1:{providers.second.api.port}, item {OTHER_ID}" in err
    told = [text for text in result["warnings"] if OTHER_ID in text]
    assert len(told) == 1, "one sentence for all bands of one provider"
    assert "with that item's own scale and offset" in told[0]


@pytest.mark.parametrize("window", ["full", "aoi"])
def test_a_provider_that_is_gone(
    flight: Flight, providers: Providers, tmp_path: Path, window: str
) -> None:
    providers.first.files.stop()
    code, result, err = ingest(flight, providers, tmp_path, "--window", window)
    assert code == 0, err
    assert set(sources(result).values()) == {OTHER_ID}
    check_records(result, providers)


def test_a_map_tells_whose_file_each_band_is(
    flight: Flight, providers: Providers, tmp_path: Path
) -> None:
    providers.first.files.break_next("red.tif", Fault(status=403))
    _, result, _ = ingest(flight, providers, tmp_path)
    out = tmp_path / "water"
    code, _, err = flight(
        "water", "--stack", result["output_path"], "--threshold", "0", "--output", out
    )
    assert code == 0, err
    (path,) = (path for path in out.rglob("*.json") if "firstlight:inputs" in path.read_text())
    files = json.loads(path.read_text())["properties"]["firstlight:inputs"][0]["files"]
    whose = {Path(file["href"]).stem: file["item_id"] for file in files if "item_id" in file}
    assert whose["red"] == OTHER_ID
    assert whose["green"] == ITEM_ID


def test_the_sky_is_seen_in_the_copy_where_the_own_mask_is_gone(
    flight: Flight, providers: Providers
) -> None:
    for world in (providers.first, providers.second):
        classes = np.full((64, 64), 4, np.uint8)
        classes[:, :32] = 9  # cloud, high probability
        write_raster(world.folder / "scl.tif", classes, resolution=20.0, nodata=0, cog=True)
        world.api.items[0]["assets"]["scl"] = {"href": world.files.url("scl.tif")}
    providers.first.files.stop()
    code, scenes, err = discover(flight, providers.both, "--clear-sky")
    assert code == 0, err
    assert scenes[0]["id"] == ITEM_ID
    assert 0 < scenes[0]["clear_percent"] < 60


@pytest.mark.thorough
def test_a_provider_that_trickles(
    flight: Flight, providers: Providers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand bytes a second, below the least rate."""
    monkeypatch.setenv("FIRSTLIGHT_TIMEOUT_PER_BAND_S", "1")
    trickle = Fault(slow_chunks_s=0.1, chunk_bytes=100)
    for band in BANDS[2:]:
        providers.first.files.break_next(f"{band}.tif", trickle)
    code, result, err = ingest(flight, providers, tmp_path)
    assert code == 0, err
    assert "it came too slowly" in err
    check_stack(result, providers)
    check_records(result, providers)
    assert {sources(result)[band] for band in BANDS[2:]} == {OTHER_ID}


def test_one_band_that_is_missing_says_nothing_about_the_others(
    flight: Flight, providers: Providers, tmp_path: Path
) -> None:
    providers.first.files.break_next("green.tif", Fault(status=404))
    code, result, err = ingest(flight, providers, tmp_path)
    assert code == 0, err
    check_stack(result, providers)
    check_records(result, providers)
    assert sources(result) == {band: OTHER_ID if band == "green" else ITEM_ID for band in BANDS}
    assert "HTTP 404" in err


@pytest.mark.thorough
@pytest.mark.parametrize("window", ["full", "aoi"])
def test_a_copy_with_another_radiometry_is_read_by_its_own_rule(
    flight: Flight, providers: Providers, tmp_path: Path, window: str
) -> None:
    """16-bit numbers with scale and offset beside fractions: reflectance all the same."""
    serve_as_fractions(providers.second)
    for band in ("red", "swir16"):
        providers.first.files.break_next(f"{band}.tif", Fault(status=403))
    code, result, err = ingest(flight, providers, tmp_path, "--window", window)
    assert code == 0, err
    check_records(result, providers)
    rules = {
        band.description: band.radiometry for band in read_facts(Path(result["output_path"])).bands
    }
    whose = sources(result)
    assert whose["red"] == whose["swir16"] == OTHER_ID
    for name, rule in rules.items():
        expected = (1.0, 0.0) if whose[name] == OTHER_ID else (0.0001, -0.1)
        assert (rule.scale, rule.offset) == pytest.approx(expected), name
    if window == "full":
        check_stack(result, providers)
        again = ingest(flight, providers, tmp_path)
        assert again[2].count("Already exists, skipping") == len(BANDS)
        assert sources(again[1]) == whose
        check_stack(again[1], providers)


@pytest.mark.thorough
def test_a_folder_whose_record_is_lost_is_not_guessed_at(
    flight: Flight, providers: Providers, tmp_path: Path
) -> None:
    serve_as_fractions(providers.second)
    providers.first.files.break_next("red.tif", Fault(status=403, times=2))
    _, result, _ = ingest(flight, providers, tmp_path)
    assert sources(result)["red"] == OTHER_ID
    (Path(result["output_path"]).parent / "bands.json").unlink()
    code, result, err = ingest(flight, providers, tmp_path)
    assert code == 0, err
    assert "it is not recorded whose file it is" in err
    assert set(sources(result).values()) == {ITEM_ID}
    check_stack(result, providers)


def test_both_down_is_one_sentence_that_names_both(
    flight: Flight, providers: Providers, tmp_path: Path
) -> None:
    for world, status in ((providers.first, 503), (providers.second, 403)):
        for band in BANDS:
            world.files.break_next(f"{band}.tif", Fault(status=status))
    code, result, err = ingest(flight, providers, tmp_path)
    assert code != 0
    first, second = (f"127.0.0.1:{one.api.port}" for one in (providers.first, providers.second))
    assert sorted(result["failures"]) == sorted(BANDS)
    for sentence in result["failures"].values():
        assert f"{first}: HTTP 503" in sentence
        assert f"{second}: HTTP 403" in sentence
    assert "All band downloads failed" in result["error"], err


def test_a_copy_of_another_baseline_is_never_mixed_in(flight: Flight, tmp_path: Path) -> None:
    """The whole scene is taken from it, and that is told."""
    with two_providers(tmp_path / "served", **{"s2:processing_baseline": "05.00"}) as providers:
        providers.first.files.break_next("red.tif", Fault(status=403))
        code, result, err = ingest(flight, providers, tmp_path)
        assert code == 0, err
        assert result["item_id"] == OTHER_ID
        assert set(sources(result).values()) == {OTHER_ID}
        check_stack(result, providers)
        assert any("processing baseline 05.10 and 05.00" in text for text in result["warnings"])
        assert "processing baseline 05.10 and 05.00" in err


def test_a_baseline_that_is_not_stated_is_told(flight: Flight, tmp_path: Path) -> None:
    with two_providers(tmp_path / "served", **{"s2:processing_baseline": None}) as providers:
        providers.second.api.items[0]["id"] = "S2A_32TPT_20240601_1_L2A"
        providers.first.files.break_next("red.tif", Fault(status=403))
        code, result, err = ingest(flight, providers, tmp_path)
        assert code == 0, err
        assert any("baseline is not stated" in text for text in result["warnings"])


def discover(flight: Flight, catalog: str, *words: object) -> tuple[int, list[Any], str]:
    code, out, err = flight(
        "discover", "--catalog", catalog, "--area", AREA, *DATES, "--output", "json", *words
    )
    return code, json.loads(out) if out else [], err


def test_two_catalogues_list_an_acquisition_once(
    flight: Flight, providers: Providers, tmp_path: Path
) -> None:
    path = tmp_path / "scenes.geojson"
    code, scenes, err = discover(flight, providers.both, "--scenes", path)
    assert code == 0, err
    (scene,) = scenes
    assert scene["id"] == ITEM_ID
    assert [other["id"] for other in scene["alternatives"]] == [OTHER_ID]
    assert "assets" not in scene["alternatives"][0]
    (read,) = read_items(path)
    (other,) = read.alternatives
    assert (other.id, other.catalog) == (OTHER_ID, providers.second.url)
    assert other.bands["red"].radiometry.scale == 0.0001
    assert other.baseline == read.baseline == "05.10"


def test_saved_scenes_fall_over_as_well(
    flight: Flight, providers: Providers, tmp_path: Path
) -> None:
    path = tmp_path / "scenes.geojson"
    assert discover(flight, providers.both, "--scenes", path)[0] == 0
    for band in BANDS:
        providers.first.files.break_next(f"{band}.tif", Fault(status=503))
    words = ("--items", path, "--output", tmp_path / "out", "--json")
    code, out, err = flight("ingest", *words)
    assert code == 0, err
    assert set(sources(json.loads(out)[0]).values()) == {OTHER_ID}


def test_a_catalogue_that_is_down_does_not_close_the_search(
    flight: Flight, providers: Providers
) -> None:
    providers.first.api.stop()
    code, scenes, err = discover(flight, providers.both)
    assert code == 0, err
    assert [scene["id"] for scene in scenes] == [OTHER_ID]
    assert err.count("failed:") == 1
    assert f"the list is of 127.0.0.1:{providers.second.api.port}" in err


def test_two_catalogues_that_are_down_are_named_in_one_sentence(
    flight: Flight, providers: Providers
) -> None:
    providers.first.api.stop()
    providers.second.api.stop()
    code, _, err = discover(flight, providers.both)
    assert code != 0
    ports = [one.api.port for one in (providers.first, providers.second)]
    last = err.strip().splitlines()[-1]
    assert f"Searching 127.0.0.1:{ports[0]} and 127.0.0.1:{ports[1]} failed" in last
    assert all(last.count(f"127.0.0.1:{port}:") == 1 for port in ports)
