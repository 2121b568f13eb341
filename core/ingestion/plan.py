"""What is to be downloaded, where to, and what is there already: decided before the first byte."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DiskFullError, IngestionError, RasterError
from ..raster.reader import check_band_file
from ..types import BandAsset, BandFile, SceneItem
from .fetch import public_url

RECORD_NAME = "bands.json"
MARGIN_BYTES = 50_000_000
"""Room that must stay free."""
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}


@dataclass(frozen=True)
class BandJob:
    """One band to be had."""

    asset: BandAsset
    target: Path
    present: BandFile | None
    """Where the band is on the disk already, complete."""
    why: str
    """Why it counts as complete, or why not."""


@dataclass(frozen=True)
class DownloadPlan:
    """What one scene's download will do."""

    item_id: str
    catalog: str
    collection: str
    folder: Path
    jobs: tuple[BandJob, ...]
    """The finest resolution first: the most useful bands come first."""
    expected_bytes: int
    """Still to come; estimated where the catalogue states no size."""
    free_bytes: int


def plan_downloads(scene: SceneItem, bands: Sequence[str], output: Path) -> DownloadPlan:
    """Look at what is there and what is missing.

    Raises
    ------
    IngestionError
        If the folder cannot be made.
    DiskFullError
        If there is not enough room.
    """
    folder = scene_folder(output, scene.id)
    record = read_record(folder)
    jobs = [_band_job(scene.bands[name], folder, record) for name in bands]
    jobs.sort(key=lambda job: job.asset.resolution_m)
    missing = [job.asset for job in jobs if job.present is None]
    expected = sum(asset.size_bytes or asset.estimated_bytes for asset in missing)
    free = shutil.disk_usage(folder).free
    if missing and expected + MARGIN_BYTES > free:
        certain = sum(asset.size_bytes or 0 for asset in missing)
        if certain + MARGIN_BYTES > free:  # an estimate alone is no reason to refuse
            raise DiskFullError(
                f"Scene {scene.id} cannot be downloaded to {output}",
                f"it needs {(certain + MARGIN_BYTES) / 1e6:.0f} MB and {free / 1e6:.0f} MB are free",
                "Free some room, choose fewer bands or another folder.",
            )
    return DownloadPlan(scene.id, scene.catalog, scene.collection, folder, tuple(jobs), expected, free)


def scene_folder(output: Path, item_id: str) -> Path:
    """The scene's own folder below ``output``, made if need be.

    Raises
    ------
    IngestionError
        If it cannot be made.
    """
    folder = output / safe_name(item_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IngestionError(
            f"The folder {folder} cannot be made", error.strerror or str(error), "Choose a folder that can be written to."
        ) from error
    return folder


def safe_name(text: str) -> str:
    """A name that is one safe part of a path on any system, and stays unique.

    What a catalogue calls an item may hold ``/`` or ``..``; if anything had to be changed, a piece of its hash is added.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", text).strip(". ")[:100]
    reserved = safe.split(".")[0].lower() in _RESERVED
    if safe and safe == text and not reserved:
        return safe
    if reserved:
        safe = f"_{safe}"  # on Windows con.x is the console, whatever follows the dot
    return f"{safe or 'scene'}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def read_record(folder: Path) -> dict[str, Any]:
    """What was downloaded into this folder: band → url, size, sum. Empty where nothing is known."""
    try:
        tree = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # absent, or cut short by a power cut: then the files themselves are looked at
        return {}
    return tree if isinstance(tree, dict) else {}


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record, whole or not at all."""
    part = folder / f"{RECORD_NAME}.part"
    try:
        part.write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")
        part.replace(folder / RECORD_NAME)
    except OSError as error:
        part.unlink(missing_ok=True)
        what = f"What was downloaded to {folder} cannot be recorded"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(what, "the disk is full", "Free some room and run again.") from error
        raise IngestionError(what, error.strerror or str(error), "Choose a folder that can be written to.") from error


def record_entry(file: BandFile) -> dict[str, Any]:
    """What is kept of a finished band. The time of its last change tells later, without reading it, that it is as it came."""
    return {
        "url": public_url(file.url),
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "changed_ns": file.path.stat().st_mtime_ns,
    }


def _band_job(asset: BandAsset, folder: Path, record: Mapping[str, Any]) -> BandJob:
    target = folder / f"{safe_name(asset.band)}.tif"
    try:
        status = target.stat()
    except OSError:
        return BandJob(asset, target, None, "not there yet")
    size = status.st_size
    found = record.get(asset.band)
    entry = found if isinstance(found, dict) else {}
    if entry:
        if entry.get("url") != public_url(asset.href):
            return BandJob(asset, target, None, "what is there came from another URL")
        if entry.get("size_bytes") != size:
            return BandJob(
                asset, target, None, f"Partial file detected, re-downloading ({size} of {entry.get('size_bytes')} bytes)"
            )
    if asset.size_bytes is not None and asset.size_bytes != size:
        return BandJob(asset, target, None, f"Partial file detected, re-downloading ({size} of {asset.size_bytes} bytes)")
    try:
        check_band_file(target)
    except RasterError as error:
        return BandJob(asset, target, None, f"Damaged file detected, re-downloading ({error.why})")
    if entry.get("sha256") and entry.get("changed_ns") != status.st_mtime_ns and _sha256(target) != entry["sha256"]:
        return BandJob(asset, target, None, "Damaged file detected, re-downloading (it changed since it came)")
    file = BandFile(asset.band, target, asset.href, size, 0.0, 0, str(entry.get("sha256") or ""))
    return BandJob(asset, target, file, "Already exists, skipping")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
