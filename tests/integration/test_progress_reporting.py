"""Specification 3.1.7, Feature: Band Download Progress Reporting."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from firstlight.core.discovery.access import Access
from firstlight.core.discovery.area import parse_area
from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.monitor import BandProgress, Progress, RecordingMonitor
from firstlight.core.scenes.ingest import ingest_scene
from firstlight.core.scenes.request import SceneRequest
from firstlight.core.settings import resolve_settings
from firstlight.core.types import SearchQuery
from support.range_server import Fault
from support.scene import AREA, World

Flight = Callable[..., tuple[int, str, str]]
BANDS = ["blue", "green", "red", "nir", "swir16", "swir22"]


def test_normal_multi_band_download(world: World, tmp_path: Path) -> None:
    """Progress for each band in per cent, and overall progress like "3/6 bands complete (50%)"."""
    start, end = (
        datetime(2024, 6, 1, tzinfo=timezone.utc),
        datetime(2024, 6, 30, tzinfo=timezone.utc),
    )
    settings, monitor = resolve_settings(), RecordingMonitor()
    query = SearchQuery(parse_area(AREA), start, end, "sentinel2", world.url)
    (scene,) = SceneSearch(query, settings).next(RecordingMonitor())
    result = ingest_scene(SceneRequest(scene, BANDS, tmp_path), settings, monitor, Access(settings))
    assert result.status == "completed"
    for band in BANDS:
        percents = [
            e.percent for e in monitor.events if isinstance(e, BandProgress) and e.band == band
        ]
        assert percents[-1] == 100
        assert all(p is not None and 0 <= p <= 100 for p in percents)
        assert percents == sorted(percents, key=lambda p: p or 0)
    messages = [e.message for e in monitor.events if isinstance(e, Progress)]
    assert "3/6 bands complete (50%)" in messages
    assert "6/6 bands complete (100%)" in messages
    fractions = [e.fraction for e in monitor.events if isinstance(e, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_normal_multi_band_download_on_the_command_line(ingest: Flight) -> None:
    code, _, err = ingest()
    assert code == 0
    assert "3/6 bands complete (50%)" in err
    assert "6/6 bands complete (100%)" in err
    for band in BANDS:
        assert re.search(rf"^  {band}: done, \d+\.\d\d MB$", err, re.MULTILINE)


def test_one_band_fails(ingest: Flight, world: World) -> None:
    """ "5/6 bands complete, 1 failed", and the exit code is not zero."""
    world.files.break_next("swir22.tif", Fault(status=404))
    code, _, err = ingest()
    assert "5/6 bands complete, 1 failed" in err
    assert code == 3
    assert re.search(r"^  swir22: FAILED \(HTTP 404", err, re.MULTILINE)


def test_one_band_fails_in_the_words_of_the_specification(ingest: Flight, world: World) -> None:
    world.files.break_next("swir22.tif", Fault(status=404))
    assert "swir22: FAILED (HTTP 404)" in ingest()[2]


def test_all_bands_fail(ingest: Flight, world: World) -> None:
    """Specification 3.1.3: "All band downloads failed"."""
    for band in BANDS:
        world.files.break_next(f"{band}.tif", Fault(status=503))
    code, out, err = ingest("--json")
    assert code == 1
    assert "All band downloads failed" in err
    (result,) = json.loads(out)
    assert result["status"] == "failed"
    assert result["bands_failed"] == BANDS
    assert result["output_path"] is None
    assert all(world.files.count(f"{band}.tif") == 3 for band in BANDS)
