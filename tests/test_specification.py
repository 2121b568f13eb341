"""``docs/specification.md`` has a row for each part of what FirstLight was asked to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "specification.md"


def numbered(kind: str, *counts: int) -> set[str]:
    """``FR-1.1`` …, as many of each as are counted; one count: ``SC-1`` …"""
    if len(counts) == 1:
        return {f"{kind}-{number}" for number in range(1, counts[0] + 1)}
    return {
        f"{kind}-{group}.{number}"
        for group, count in enumerate(counts, 1)
        for number in range(1, count + 1)
    }


def named(kind: str, *names: str) -> set[str]:
    return {f"{kind}{name}" for name in names}


PARTS = {
    "functional requirements": numbered("FR", 5, 5, 5, 4),
    "success criteria": numbered("SC", 19),
    "non-functional requirements": (
        named("NFR-1, ", "parallelism", "timeout", "VRT", "validation", "memory")
        | named("NFR-2, ", "VRT", "GeoTIFF", "cache")
        | named("NFR-3, ", "timeout", "failure", "missing band", "VRT", "validation")
        | named("NFR-4, ", "INFO", "WARNING", "ERROR", "DEBUG")
    ),
    "user stories": (
        named("US-1, ", "discover", "ingest", "stack", "validation", "NDWI")
        | named("US-2, ", "configuration", "skipped", "override", "defaults")
        | named("US-3, ", "retries", "preserved", "resume", "reporting")
        | named("US-4, ", "picture", "relaxed", "warning")
    ),
    "scenarios": named(
        "scenario: ",
        *("single band timeout", "all bands timeout", "network drops", "rate limit"),
        *("required band missing", "optional band missing", "0 bytes", "corrupt file"),
        *("10 m and 20 m", "SWIR at 20 m", "same zone", "two zones", "degrees and UTM"),
        *("VRT source missing", "VRT band count", "VRT descriptions"),
    ),
    "features": named(
        "feature: ",
        *("progress", "one band fails", "resume", "corrupt part", "picture only", "no picture"),
    ),
    "contracts": named("Contract ", "A", "B", "C", "D")
    | {"Python API", "discovery result", "ingestion result"}
    | {"`BandDownloadResult`", "`StackedRaster`", "`SensorBandConfig`"},
    "options": named("`", "flight discover`", "flight info --bands`")
    | named("`--", "bands`", "parallel-downloads`", "visualization-only`", "output-format`")
    | named("`--", "skip-validation`", "legacy-download`"),
    "notes": {
        *("3.1.2 hidden dependencies", "3.1.3 messages", "3.1.4 fixtures", "3.1.5 feature flag"),
        *("3.1.6 precedence", "3.1.12 questions", "3.2.1 sources first", "3.2.2 case"),
        *("3.2.3 authentication", "3.2.4 checksums", "3.2.5 order", "3.2.6 Sentinel-1"),
        *("3.2.7 message", "3.2.8 test data", "3.2.9 complete files"),
    },
    "keys": named(
        "`",
        *("required_bands`", "optional_bands`", "default_bands`", "stac_assets`", "resolutions`"),
        *("parallel_downloads`", "retry_attempts`", "retry_delay_s`", "timeout_per_band_s`"),
        *("default_format`", "resample_method`", "target_resolution`"),
        *("multi_band_download.enabled`", "multi_band_download.fallback_to_visual`"),
        *("optical_validation.min_std_dev`", "optical_validation.max_nodata_percent`"),
        *("sentinel2_l1c`", "sentinel2_l2a`", "landsat8_l1`", "landsat8_l2`"),
        *("sar_validation.min_std_dev_db`", "sar_validation.backscatter_range_db`"),
        *("sar_validation.required_polarizations`",),
    ),
    "image validation": named(
        "image validation: ",
        *("all bands", "blank bands", "speckle", "screenshots", "no false alarm", "500 ms"),
    ),
    "distributed processing": named(
        "distributed: ",
        *("laptop", "cloud", "memory", "streaming", "parallelization", "router", "virtual index"),
    ),
}


def table() -> dict[str, list[str]]:
    """What is asked → the other cells of its row."""
    found: dict[str, list[str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and "---" not in line:
            for one in cells[0].split(";"):
                assert one.strip() not in found or cells[0] == "requirement", f"{one} twice"
                found[one.strip()] = cells[1:]
    return found


@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_the_specification_has_a_row(part: str) -> None:
    assert PARTS[part] - set(table()) == set()


@pytest.mark.parametrize("part", PARTS)
def test_each_row_names_a_test_or_where_it_is_measured(part: str) -> None:
    told = table()
    silent = [
        one
        for one in PARTS[part]
        if not re.search(r"`tests/\w|\[(Benchmarks|Testing)\]", told[one][1]) or not told[one][0]
    ]
    assert not silent


def test_what_was_asked_is_all_that_stands_there() -> None:
    """A row of no part is a slip, or a part that this test does not know yet."""
    known = {one for part in PARTS.values() for one in part}
    assert set(table()) - known == {"requirement", "commands without dates"}
