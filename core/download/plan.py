"""What is to be downloaded, where to, and what is there already: decided before the first byte."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..addresses.spelling import is_local
from ..errors import DiskFullError, IngestionError, RasterError
from ..files.atomic import part_of
from ..files.checksum import contradicts, is_unchanged
from ..files.journal import journal_of
from ..files.record import BandRecord, read_record
from ..text import public_url
from ..types import BandAsset, BandFile, SceneItem
from .groups import group_files
from .window_plan import AREA_TAG

MARGIN_BYTES = 50_000_000
"""Room that must stay free."""
_AGAIN = "re-downloading"
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"com{n}" for n in range(1, 10)),
    *(f"lpt{n}" for n in range(1, 10)),
}


@dataclass(frozen=True)
class BandOffer:
    """A band as one provider has it."""

    catalog: str
    collection: str
    item_id: str
    asset: BandAsset

    @property
    def addresses(self) -> frozenset[str]:
        """All addresses of its file, without what is secret of them."""
        return frozenset(map(public_url, (self.asset.href, *self.asset.alternates)))


@dataclass(frozen=True)
class BandJob:
    """One band to be had."""

    asset: BandAsset
    target: Path
    present: BandFile | None
    """Where the band is on the disk already, complete."""
    why: str
    """Why it counts as complete, or why not."""
    part_bytes: int = 0
    """What an earlier run has left of it."""
    offers: tuple[BandOffer, ...] = ()
    """Who has it: the scene's own catalogue, then those that may stand in for it."""

    @property
    def missing_bytes(self) -> int:
        """Still to come; estimated where the catalogue states no size."""
        return (
            0
            if self.present
            else max(0, (self.asset.size_bytes or self.asset.estimated_bytes) - self.part_bytes)
        )


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
    """Still to come if whole bands are fetched; estimated where the catalogue states no size."""
    free_bytes: int
    geometry: Mapping[str, Any] | None = None
    """GeoJSON, lon/lat: only this area is fetched; None: whole bands."""

    @property
    def area_key(self) -> str | None:
        """Tells one area from another in names and records; None for whole bands."""
        return None if self.geometry is None else area_key(self.geometry)


def plan_downloads(
    scene: SceneItem, bands: Sequence[str], output: Path, geometry: Mapping[str, Any] | None = None
) -> DownloadPlan:
    """Look at what is there and what is missing; a file that holds several bands is one job, under
    the name that :func:`group_files` gives it.

    Parameters
    ----------
    geometry : mapping, optional
        GeoJSON area, lon/lat; default: whole bands.

    Raises
    ------
    IngestionError
        If the folder cannot be made.
    DiskFullError
        If there is not enough room for whole bands; for an area, that is known once the files'
        headers are.
    """
    groups = group_files(scene, bands)
    assets = [replace(scene.bands[names[0]], band=file) for file, names in groups.items()]
    return plan_assets(scene, assets, output, geometry, _others(scene, groups))


def _others(
    scene: SceneItem, groups: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[BandOffer, ...]]:
    """The offers of a scene's alternatives for each file; of a file of several bands, those that
    have the same bands in one file.
    """
    others: dict[str, tuple[BandOffer, ...]] = {}
    for other in scene.alternatives:
        own = {names: file for file, names in group_files(other, _names(groups)).items()}
        for file, names in groups.items():
            if names in own:
                asset = replace(other.bands[names[0]], band=file)
                offer = BandOffer(other.catalog, other.collection, other.id, asset)
                others[file] = (*others.get(file, ()), offer)
    return others


def _names(groups: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [name for names in groups.values() for name in names]


def plan_assets(
    scene: SceneItem,
    assets: Sequence[BandAsset],
    output: Path,
    geometry: Mapping[str, Any] | None = None,
    others: Mapping[str, tuple[BandOffer, ...]] | None = None,
) -> DownloadPlan:
    """As :func:`plan_downloads`, for any files of a scene.

    Parameters
    ----------
    others : mapping, optional
        Name of an asset → who else has it.
    """
    key = None if geometry is None else area_key(geometry)
    folder = scene_folder(output, scene.id, key)
    record = read_record(folder)
    jobs = sorted(
        (_band_job(_offers(scene, asset, others or {}), folder, record, key) for asset in assets),
        key=lambda job: job.asset.resolution_m,
    )
    plan = DownloadPlan(
        item_id=scene.id,
        catalog=scene.catalog,
        collection=scene.collection,
        folder=folder,
        jobs=tuple(jobs),
        expected_bytes=sum(job.missing_bytes for job in jobs),
        free_bytes=shutil.disk_usage(folder).free,
        geometry=geometry,
    )
    if geometry is None:
        # an estimate alone is no reason to refuse
        certain = sum(job.missing_bytes for job in jobs if job.asset.size_bytes is not None)
        check_room(plan, certain)
    return plan


def check_room(plan: DownloadPlan, certain_bytes: int) -> None:
    """Refuse to begin what the disk has no room for.

    Raises
    ------
    DiskFullError
        Naming what is needed and what is free.
    """
    if certain_bytes and certain_bytes + MARGIN_BYTES > plan.free_bytes:
        raise DiskFullError(
            f"Scene {plan.item_id} cannot be downloaded to {plan.folder.parent}",
            f"it needs {(certain_bytes + MARGIN_BYTES) / 1e6:.0f} MB and "
            f"{plan.free_bytes / 1e6:.0f} MB are free",
            "Free some room, choose fewer bands or another folder.",
        )


def area_key(geometry: Mapping[str, Any]) -> str:
    """A short name of an area: equal for equal geometries."""
    text = json.dumps([geometry["type"], geometry["coordinates"]])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]


def is_fetched(asset: BandAsset) -> bool:
    """Whether a band comes over a line, and not from a file of this computer."""
    return not is_local(asset.href)


def scene_folder(output: Path, item_id: str, key: str | None = None) -> Path:
    """The scene's own folder below ``output``, made if need be.

    The first area, or the whole scene, gets the scene's name; where its bands are there for
    something else, they get a folder beside it, so that nothing is overwritten and no stack is made
    of both.

    Raises
    ------
    IngestionError
        If it cannot be made.
    """
    folder = output / safe_name(item_id)
    if _areas_in(folder) - {key}:
        folder = output / f"{safe_name(item_id)}_{key or 'full'}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IngestionError(
            f"The folder {folder} cannot be made",
            error.strerror or str(error),
            "Choose a folder that can be written to.",
        ) from error
    return folder


def all_whole(output: Path, item_id: str, bands: Sequence[str]) -> bool:
    """Whether all these bands of a scene are there whole: then nothing of them needs to be fetched
    for an area.
    """
    record = read_record(output / safe_name(item_id))
    return bool(bands) and all(band in record and record[band].area is None for band in bands)


def _areas_in(folder: Path) -> set[str | None]:
    """The areas whose bands are in a folder; None stands for whole bands. Where the record is lost,
    the files tell.
    """
    record = read_record(folder)
    if record:
        return {entry.area for entry in record.values()}
    areas: set[str | None] = set()
    for path in folder.glob("*.tif"):
        from ..raster.facts import read_facts

        try:
            areas.add(read_facts(path).tags.get(AREA_TAG))
        except RasterError:  # whatever it is, it can be replaced
            continue
    return areas


def safe_name(text: str) -> str:
    """A name that is one safe part of a path on any system, and stays unique.

    What a catalogue calls an item may hold ``/`` or ``..``; if anything had to be changed, a piece
    of its hash is added.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", text).strip(". ")[:100]
    reserved = safe.split(".")[0].lower() in _RESERVED
    if safe and safe == text and not reserved:
        return safe
    if reserved:
        safe = f"_{safe}"  # on Windows con.x is the console, whatever follows the dot
    return (
        f"{safe or 'scene'}_{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"
    )


def _offers(
    scene: SceneItem, asset: BandAsset, others: Mapping[str, tuple[BandOffer, ...]]
) -> tuple[BandOffer, ...]:
    own = BandOffer(scene.catalog, scene.collection, scene.id, asset)
    return (own, *others.get(asset.band, ()))


def _band_job(
    offers: tuple[BandOffer, ...], folder: Path, record: Mapping[str, BandRecord], key: str | None
) -> BandJob:
    first = offers[0].asset
    target = folder / f"{safe_name(first.band)}.tif"
    try:
        size = target.stat().st_size
    except OSError:
        return _unfinished_job(offers, target)
    entry = record.get(first.band)
    origin = _origin(offers, entry)
    asset = origin.asset
    reason = (
        _whose_reason(offers, entry)
        or _size_reason(asset, size, entry, key)
        or _content_reason(asset, target, size, entry, key)
        or _sum_reason(asset, target, size, entry, key)
    )
    if reason:
        return BandJob(first, target, None, reason, offers=offers)
    sha256 = entry.sha256 if entry is not None else ""
    file = BandFile(
        asset.band, target, asset.href, size, 0.0, 0, sha256, origin.catalog, origin.item_id
    )
    return BandJob(first, target, file, "Already exists, skipping", offers=offers)


def _origin(offers: Sequence[BandOffer], entry: BandRecord | None) -> BandOffer:
    """The offer that a recorded file came from; the first where none tells."""
    if entry is None:
        return offers[0]
    fitting = [one for one in offers if entry.url in one.addresses] or list(offers)
    whose = (entry.catalog, entry.item_id)
    return next((one for one in fitting if (one.catalog, one.item_id) == whose), fitting[0])


def _whose_reason(offers: Sequence[BandOffer], entry: BandRecord | None) -> str:
    """Reason to fetch a band again where nothing tells by whose rule its numbers are to be read."""
    known = (one.asset.radiometry for one in offers)
    rules = {(rule.scale, rule.offset, str(rule.nodata), rule.unit) for rule in known}
    return "it is not recorded whose file it is" if entry is None and len(rules) > 1 else ""


def _size_reason(asset: BandAsset, size: int, entry: BandRecord | None, key: str | None) -> str:
    """Reason to fetch a band again, without opening its file; empty where there is none."""
    if entry is None:
        stated = asset.size_bytes if key is None else None
        return _partial(size, stated) if stated is not None and size < stated else ""
    if entry.url not in {public_url(href) for href in (asset.href, *asset.alternates)}:
        return "what is there came from another URL"
    return _partial(size, entry.size_bytes) if entry.size_bytes != size else ""


def _content_reason(
    asset: BandAsset, target: Path, size: int, entry: BandRecord | None, key: str | None
) -> str:
    """Reason that shows when the file is opened; empty where there is none."""
    from ..raster.facts import check_band_file

    try:
        facts = check_band_file(target)
    except RasterError as error:
        return f"Damaged file detected, {_AGAIN} ({error.why})"
    area = facts.tags.get(AREA_TAG) if entry is None else entry.area
    if area != key:
        return "what is there covers another area"
    differs = key is None and asset.size_bytes not in (None, size)
    if entry is not None and entry.stated_bytes == asset.size_bytes:
        differs = False  # the catalogue was wrong already when the file came
    return _partial(size, asset.size_bytes) if differs else ""


def _sum_reason(
    asset: BandAsset, target: Path, size: int, entry: BandRecord | None, key: str | None
) -> str:
    """Reason that the file's sum gives; empty where there is none, or no sum was recorded."""
    if entry is None or not entry.sha256:
        return ""
    if not is_unchanged(target, size, entry.sha256, entry.changed_ns):
        return f"Damaged file detected, {_AGAIN} (it changed since it came)"
    if key is None and contradicts(asset.checksum, entry.sha256):
        return f"Older file detected, {_AGAIN} (the catalogue states another checksum)"
    return ""


def _partial(size: int, expected: int | None) -> str:
    return f"Partial file detected, {_AGAIN} ({size} of {expected} bytes)"


def _unfinished_job(offers: tuple[BandOffer, ...], target: Path) -> BandJob:
    try:
        part = part_of(target)
        size = part.stat().st_size if journal_of(part).exists() else 0
    except OSError:
        size = 0
    return BandJob(
        offers[0].asset,
        target,
        None,
        "not there yet" if not size else f"{size / 1e6:.1f} MB are there already",
        size,
        offers,
    )
