"""A source that is given by its address: a STAC item, or a raster of whose header is told."""

from __future__ import annotations

import threading
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ...addresses.gate import LOCAL_CATALOG
from ...errors import InputError
from ...identity.products import Product
from ...identity.source import RasterIdentity, identify_header
from ...raster.remote import read_remote_facts
from ...report import Finding
from ...settings import Settings
from ...stac.home import Home
from ...stac.items import whole_item
from ...text import public_url, read_json
from ..access import Access, gate_of
from ..band_config import Sensor
from ..item_identity import identify_items
from ..items_file import parse_entries
from ..stac_fields import StacObject
from .scene_factors import read_scene_factors
from .small_file import SmallFiles

RASTER_ENDS = (".tif", ".tiff", ".jp2", ".j2k")
LARGEST_ITEM = 32 << 20
"""Bytes; a hundred items are 1 to 10 MB."""


class RemoteSources:
    """Says what lies behind addresses, by the same gate, session and logins as everything else."""

    def __init__(self, settings: Settings, stop: threading.Event) -> None:
        self._stop = stop
        self._access = Access(settings)
        self._files = SmallFiles(settings)

    def identify(
        self, url: str, sensor: Sensor | None = None, product: Product | None = None
    ) -> list[RasterIdentity]:
        """One identity of a raster; one for each item.

        Raises
        ------
        InputError
            If it is neither a STAC item nor a raster.
        AccessError, RasterError
            If it cannot be had, or read.
        Cancelled
            If it was asked to stop.
        """
        name = PurePosixPath(urlsplit(url).path).name.lower()
        if name.endswith(RASTER_ENDS):
            return [self._raster(url, sensor, product)]
        return self._items(url)

    def _raster(self, url: str, sensor: Sensor | None, product: Product | None) -> RasterIdentity:
        parts = urlsplit(url)
        path = Path("/", parts.hostname or "", unquote(parts.path).lstrip("/"))
        address = self._access.url(url, LOCAL_CATALOG, "")
        opened, options = self._access.reach(address, gate=gate_of(LOCAL_CATALOG))
        told = identify_header(read_remote_facts(opened, options, path), sensor, product)
        sentence = "Only its header was fetched: whether its values are plausible is not known."
        note = Finding.warning("values_not_seen", sentence)
        return RasterIdentity(public_url(url), told.bands, (*told.findings, note))

    def _items(self, url: str) -> list[RasterIdentity]:
        text = self._files.read(url, LOCAL_CATALOG, "", LARGEST_ITEM, self._stop)
        shown = public_url(url)
        try:
            tree = read_json(text)
        except ValueError as error:
            why = f"it is neither JSON of STAC items nor a raster by its name ({error})"
            hint = f"Give the address of an item, or of a file that ends in {RASTER_ENDS[0]}."
            raise InputError(f"{shown} cannot be described", why, hint) from error
        home = Home.of(url)

        def complete(item: StacObject) -> StacObject:
            whole, _ = whole_item(item, url, home)
            return read_scene_factors(whole, url, self._files, self._stop)

        return identify_items(shown, parse_entries(tree, shown, complete=complete))
