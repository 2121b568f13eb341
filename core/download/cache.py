"""Bands that were downloaded before, shared between jobs: one file per item and asset.

A band in the cache is a second name (hard link) of the file that a job has downloaded: it takes no
room of its own while the job's file is there, and removing it from the cache never takes a file
away from a stack.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ..errors import FirstLightError, SettingsError, known
from ..files.atomic import (
    WriteFailure,
    part_of,
    put_in_place,
    remove_quietly,
    scratch_file,
    write_whole,
)
from ..files.checksum import contradicts, is_unchanged
from ..files.user_folder import own_cache
from ..settings import Settings
from ..text import at_home, public_url, read_json
from ..types import BandAsset, BandFile

DAY_S = 86400.0
_FAILURE = WriteFailure("The band cannot be kept in the cache")
STAMP = "pruned"
"""A file of the cache: changed when old bands were last looked for."""
ORPHAN_AGE_S = 3600.0
"""A band without its facts is what a crash has left; younger, it may be one that is being put."""


@dataclass(frozen=True)
class CacheEntry:
    """One band in the cache."""

    path: Path
    item_id: str
    band: str
    url: str
    """Without its query."""
    size_bytes: int
    sha256: str
    changed_ns: int
    """Of the file: as long as it is the same, nobody has written to it."""
    stored_s: float
    """Seconds since 1970."""
    was_shared: bool = field(default=False, compare=False)
    """Of one that was removed: a job's folder has the file as well, so its room is not free."""

    @property
    def in_use(self) -> bool:
        """Whether a job's folder still has the file: then it takes no room of its own."""
        try:
            return self.path.stat().st_nlink > 1
        except OSError:
            return False


class BandCache:
    """A folder of bands.

    Parameters
    ----------
    folder : Path or None
        None: nothing is kept and nothing found.
    days : float
        Older entries are not used, and removed by :meth:`prune`.
    """

    def __init__(self, folder: Path | None, days: float) -> None:
        self._folder = folder
        self._days = days

    def put(self, item_id: str, file: BandFile) -> bool:
        """Keep a band that was just downloaded; False where the cache lies on another disk, or
        cannot be written.
        """
        if self._folder is None:
            return False
        path = self._path(item_id, file.band, public_url(file.url))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_quietly(path)
            os.link(file.path, path)
            entry = CacheEntry(
                path,
                item_id,
                file.band,
                public_url(file.url),
                file.size_bytes,
                file.sha256,
                path.stat().st_mtime_ns,
                time.time(),
            )
            facts = {**asdict(entry), "path": path.name}
            write_whole(_facts_path(path), json.dumps(facts), _FAILURE)
        except (OSError, FirstLightError):
            return False  # another disk, a file system without links, no room
        return True

    def take(self, item_id: str, asset: BandAsset, target: Path) -> BandFile | None:
        """Give a band its place in a job's folder: by a link, or by a copy where the disks differ.
        None where it is not here.

        A file that has changed since it came is compared with its sum, and not used where that
        differs.
        """
        if self._folder is None:
            return None
        entry = _read(self._path(item_id, asset.band, public_url(asset.href)))
        if entry is None or self._is_old(entry) or asset.size_bytes not in (None, entry.size_bytes):
            return None
        if contradicts(asset.checksum, entry.sha256):
            return None
        # Not the name of a download's part: whoever goes on with that would write into the cache's
        # file.
        part = part_of(target.with_name(f"{target.name}.cache"))
        try:
            if not is_unchanged(entry.path, entry.size_bytes, entry.sha256, entry.changed_ns):
                return None
            with scratch_file(part, _FAILURE, empty=False):
                try:
                    os.link(entry.path, part)
                except OSError:
                    shutil.copy2(entry.path, part)
                put_in_place(part, target, _FAILURE)
        except (OSError, FirstLightError):
            return None  # no room for a copy: the download will say so, if it has none either
        return BandFile(asset.band, target, asset.href, entry.size_bytes, 0.0, 0, entry.sha256)

    def entries(self) -> list[CacheEntry]:
        """All that is kept, the newest first."""
        return sorted(self._read_all(), key=lambda entry: entry.stored_s, reverse=True)

    def prune(self, everything: bool = False) -> list[CacheEntry]:
        """Remove old entries, or all; those removed. What a job's folder has as well
        stays there.
        """
        removed = []
        for entry in self._read_all():
            if everything or self._is_old(entry):
                removed.append(replace(entry, was_shared=entry.in_use))
                remove_quietly(_facts_path(entry.path))
                remove_quietly(entry.path)
        if self._folder is not None and self._folder.is_dir():
            for path in self._folder.glob("??/*.band"):
                if _read(path) is None and (everything or _age_s(path) > ORPHAN_AGE_S):
                    remove_quietly(path)
        return removed

    def prune_daily(self) -> list[CacheEntry]:
        """:meth:`prune`, once in a day, whoever asks first; those removed."""
        if self._folder is None or not self._folder.is_dir():
            return []
        stamp = self._folder / STAMP
        try:
            if time.time() - stamp.stat().st_mtime < DAY_S:
                return []
        except OSError:  # never before
            pass
        try:
            write_whole(stamp, "", _FAILURE)
        except FirstLightError:
            return []  # a cache that can only be read
        return self.prune()

    def _is_old(self, entry: CacheEntry) -> bool:
        return time.time() - entry.stored_s > self._days * DAY_S

    def _path(self, item_id: str, band: str, url: str) -> Path:
        folder = known(self._folder, "a cache that is off keeps nothing")
        key = hashlib.sha256(
            "\n".join((item_id, band, url)).encode(errors="surrogatepass")
        ).hexdigest()
        return folder / key[:2] / f"{key}.band"

    def _read_all(self) -> Iterator[CacheEntry]:
        if self._folder is not None and self._folder.is_dir():
            for facts in self._folder.glob("??/*.band.json"):
                entry = _read(facts.with_suffix(""))
                if entry is not None:
                    yield entry


def freed_bytes(removed: Sequence[CacheEntry]) -> int:
    """Room that entries took which were removed: none for those whose file a job's folder still
    has, since a file goes with its last name.
    """
    return sum(entry.size_bytes for entry in removed if not entry.was_shared)


def _age_s(path: Path) -> float:
    """Since the file got this name, or was changed otherwise."""
    try:
        return time.time() - path.stat().st_ctime
    except OSError:
        return 0.0


def _facts_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _read(path: Path) -> CacheEntry | None:
    try:
        facts = read_json(_facts_path(path).read_text(encoding="utf-8"))
        return CacheEntry(**{**facts, "path": path}) if path.is_file() else None
    except (OSError, ValueError, TypeError):
        return None


def open_cache(settings: Settings, even_if_off: bool = False) -> BandCache:
    """The cache as the settings want it."""
    if not settings.cache_days and not even_if_off:
        return BandCache(None, settings.cache_days)
    try:
        return BandCache(cache_folder(settings), settings.cache_days)
    except SettingsError:
        if even_if_off:
            raise
        return BandCache(None, settings.cache_days)


def cache_folder(settings: Settings) -> Path:
    """Where bands are kept.

    Raises
    ------
    SettingsError
        If it is not set and the user has no folder of their own.
    """
    return at_home(settings.cache_folder) if settings.cache_folder else default_folder()


def default_folder() -> Path:
    """Where a user's programs keep what they can get again.

    Raises
    ------
    SettingsError
        If nobody knows the user's own folder.
    """
    return own_cache() / "bands"
