"""What is to be downloaded: safe names, and what counts as complete."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.download import plan as plan_module
from firstlight.core.download.plan import BandJob, plan_downloads, safe_name, scene_folder
from firstlight.core.errors import DiskFullError, IngestionError
from firstlight.core.files.record import BandRecord, read_record, write_record
from firstlight.core.types import SceneItem
from support.rasters import write_raster
from support.stac_server import make_item

Usage = namedtuple("Usage", "total used free")
RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)
"""Windows' devices, with any ending."""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("S2A_32TPT_20240601_0_L2A", "S2A_32TPT_20240601_0_L2A"),
        ("LC09.L2SP-01", "LC09.L2SP-01"),
        ("x" * 100, "x" * 100),
    ],
)
def test_a_good_name_stays(text: str, name: str) -> None:
    assert safe_name(text) == name


ODD = [
    "..",
    ".",
    "/",
    "a/b",
    "a\\b",
    "C:",
    "C:\\x",
    "CON",
    "con",
    "nul",
    "LPT1",
    " ",
    "a b",
    "x" * 300,
    "é",
    "x.",
    ".x",
    "a\0b",
    "~",
    "*",
]


@pytest.mark.parametrize("text", ODD)
def test_an_odd_name_becomes_one_safe_part_of_a_path(text: str) -> None:
    name = safe_name(text)
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}", name)
    assert not name.endswith(".")
    assert not RESERVED.match(name)


def test_an_empty_name_is_a_name() -> None:
    assert safe_name("")


@pytest.mark.parametrize("text", ["con.x", "lpt1.txt", "NUL.tar.gz"])
def test_a_device_name_with_an_ending_is_no_name(text: str) -> None:
    assert not RESERVED.match(safe_name(text))


@rules(max_examples=300, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=120), unique=True, max_size=5))
def test_different_names_stay_different_and_safe(texts: list[str]) -> None:
    names = [safe_name(text) for text in texts]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) and name not in (".", "..") for name in names)
    assert all(len(name) <= 120 for name in names)


def a_scene(**sizes: int | None) -> SceneItem:
    names = sizes or {"red": None, "nir": None, "swir16": None}
    assets = {
        n: {"href": f"http://x/{n}.tif?sig=1", **({"file:size": s} if s else {})}
        for n, s in names.items()
    }
    return parse_item(make_item("one", assets=assets), get_sensor("sentinel2"), "c")


def one_job(tmp_path: Path, **sizes: int | None) -> BandJob:
    (job,) = plan_downloads(a_scene(**(sizes or {"red": None})), ["red"], tmp_path).jobs
    return job


def record(tmp_path: Path, **entry: Any) -> None:
    sha256 = hashlib.sha256((tmp_path / "one" / "red.tif").read_bytes()).hexdigest()
    facts = {"url": "http://x/red.tif", "sha256": sha256, **entry}
    write_record(tmp_path / "one", {"red": BandRecord(**facts)})


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return write_raster(tmp_path / "one" / "red.tif")


def test_nothing_is_there_yet(tmp_path: Path) -> None:
    plan = plan_downloads(
        a_scene(red=1000, nir=2000, swir16=None), ["swir16", "red", "nir"], tmp_path
    )
    assert [job.asset.band for job in plan.jobs] == ["red", "nir", "swir16"], "the finest first"
    assert all(job.present is None and job.why == "not there yet" for job in plan.jobs)
    assert plan.expected_bytes == 3000 + get_sensor("sentinel2").estimate_bytes("swir16")
    assert plan.folder == tmp_path / "one"
    assert plan.folder.is_dir()
    assert len({job.target for job in plan.jobs}) == 3


@pytest.mark.parametrize("known", ["recorded", "stated", "both", "neither"])
def test_a_complete_band_is_present(tmp_path: Path, red: Path, known: str) -> None:
    size = red.stat().st_size
    if known in ("recorded", "both"):
        record(tmp_path, size_bytes=size)
    job = one_job(tmp_path, red=size if known in ("stated", "both") else None)
    assert job.why == "Already exists, skipping"
    assert job.present is not None
    assert (job.present.size_bytes, job.present.attempts, job.present.path) == (size, 0, red)
    assert len(job.present.sha256) == (64 if known in ("recorded", "both") else 0)


def test_a_band_of_another_size_than_recorded_is_partial(tmp_path: Path, red: Path) -> None:
    size = red.stat().st_size
    record(tmp_path, size_bytes=size + 5)
    assert (
        one_job(tmp_path).why
        == f"Partial file detected, re-downloading ({size} of {size + 5} bytes)"
    )


def test_a_band_of_another_size_than_stated_is_partial(tmp_path: Path, red: Path) -> None:
    size = red.stat().st_size
    job = one_job(tmp_path, red=size * 2)
    assert job.present is None
    assert job.why == f"Partial file detected, re-downloading ({size} of {size * 2} bytes)"


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("cog", [True, False])
def test_a_band_that_was_cut_off_is_damaged_though_nothing_states_its_size(
    tmp_path: Path, share: float, cog: bool
) -> None:
    import numpy as np

    noise = np.random.default_rng(3).integers(1, 60000, (600, 600), dtype=np.uint16)
    path = write_raster(tmp_path / "one" / "red.tif", noise, cog=cog)
    whole = path.read_bytes()
    assert one_job(tmp_path).present is not None
    path.write_bytes(whole[: int(len(whole) * share)])
    job = one_job(tmp_path)
    assert job.present is None
    assert "re-downloading" in job.why


def test_a_band_that_is_no_raster_is_damaged(tmp_path: Path, red: Path) -> None:
    red.write_text("<html>")
    assert one_job(tmp_path).why.startswith("Damaged file detected, re-downloading (")


def test_a_band_from_another_address_is_fetched_again(tmp_path: Path, red: Path) -> None:
    record(tmp_path, size_bytes=red.stat().st_size, url="http://x/older/red.tif")
    assert one_job(tmp_path).why == "what is there came from another URL"


def test_a_fresh_token_is_no_other_address(tmp_path: Path, red: Path) -> None:
    record(tmp_path, size_bytes=red.stat().st_size, url="http://x/red.tif")
    assert one_job(tmp_path).present is not None


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "\xff\xfe"])
def test_a_damaged_record_is_no_record(tmp_path: Path, red: Path, text: str) -> None:
    (tmp_path / "one" / "bands.json").write_bytes(text.encode("latin-1"))
    assert read_record(tmp_path / "one") == {}
    assert one_job(tmp_path).present is not None


def test_a_damaged_entry_of_the_record_is_no_entry(tmp_path: Path, red: Path) -> None:
    (tmp_path / "one" / "bands.json").write_text('{"red": 3}')
    assert one_job(tmp_path).present is not None


def test_a_band_that_changed_since_it_came_is_fetched_again(tmp_path: Path) -> None:
    import numpy as np

    red = write_raster(
        tmp_path / "one" / "red.tif",
        np.random.default_rng(3).integers(1, 9, (600, 600), dtype=np.uint16),
    )
    data = bytearray(red.read_bytes())
    record(tmp_path, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    assert one_job(tmp_path).present is not None
    data[len(data) // 2] ^= 0xFF
    red.write_bytes(data)
    assert one_job(tmp_path).present is None


def test_a_record_is_written_whole(tmp_path: Path) -> None:
    entry = BandRecord("http://x/red.tif", 3, "ab", 7, "area", 9, "earth-search", "one")
    write_record(tmp_path, {"red": entry})
    assert json.loads((tmp_path / "bands.json").read_text()) == {
        "red": {
            "url": "http://x/red.tif",
            "size_bytes": 3,
            "sha256": "ab",
            "changed_ns": 7,
            "area": "area",
            "stated_bytes": 9,
            "catalog": "earth-search",
            "item_id": "one",
        }
    }
    assert read_record(tmp_path) == {"red": entry}
    assert [p.name for p in tmp_path.iterdir()] == ["bands.json"]


def free(monkeypatch: pytest.MonkeyPatch, megabytes: float) -> None:
    monkeypatch.setattr(
        plan_module.shutil, "disk_usage", lambda _: Usage(10**12, 0, int(megabytes * 1e6))
    )


def test_a_disk_without_room_for_the_stated_sizes_is_refused_in_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 100)
    with pytest.raises(DiskFullError) as caught:
        plan_downloads(a_scene(red=80_000_000, nir=20_000_000), ["red", "nir"], tmp_path)
    assert str(caught.value) == (
        f"Scene one cannot be downloaded to {tmp_path}: it needs 150 MB and 100 MB are free. "
        "Free some room, choose fewer bands or another folder."
    )


@pytest.mark.parametrize(("sizes", "megabytes"), [({"red": 49_000_000}, 100), ({"red": None}, 60)])
def test_there_is_room_or_only_an_estimate_says_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: dict[str, int | None], megabytes: float
) -> None:
    free(monkeypatch, megabytes)
    assert plan_downloads(a_scene(**sizes), ["red"], tmp_path).free_bytes == megabytes * 1e6


def test_what_is_there_already_needs_no_room(
    tmp_path: Path, red: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 0)
    assert plan_downloads(a_scene(red=red.stat().st_size), ["red"], tmp_path).expected_bytes == 0


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(
        IngestionError,
        match=r"The folder .* cannot be made: Not a directory\. Choose a folder that can be",
    ):
        scene_folder(tmp_path / "file", "one")


@pytest.mark.parametrize("item_id", ["../../etc", "/etc/passwd", "..", "a/b"])
def test_no_scene_leaves_its_folder(tmp_path: Path, item_id: str) -> None:
    scene = dataclasses.replace(a_scene(red=None), id=item_id)
    plan = plan_downloads(scene, ["red"], tmp_path / "out")
    assert plan.folder.parent == tmp_path / "out"
    assert plan.jobs[0].target.resolve().is_relative_to((tmp_path / "out").resolve())
    assert shutil.disk_usage(plan.folder)
