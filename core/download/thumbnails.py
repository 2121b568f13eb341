"""The small picture that a catalogue offers of a scene: for the eye, to choose by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..addresses.spelling import is_local
from ..discovery.access import Access, gate_of
from ..errors import DiscoveryError
from ..settings import Settings
from ..types import SceneItem
from .http import Trouble, Waits, new_session, open_response

MOST_BYTES = 5_000_000
"""Of one picture: what is larger is no thumbnail."""
READ_BYTES = 64 * 1024
KINDS = ("image/png", "image/jpeg", "image/jpg", "image/webp")
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
ROLES = ("thumbnail", "overview")
KEYS = ("thumbnail", "rendered_preview", "preview", "reduced_resolution_browse", "quicklook")
"""Assets that are one where no role says so, the smallest first."""


def thumbnail_href(scene: SceneItem) -> str | None:
    """The address of its picture; None where the catalogue offers none that can be shown."""
    assets = json.loads(scene.assets_json)
    pictures = {
        str(key): asset
        for key, asset in (assets.items() if isinstance(assets, dict) else ())
        if isinstance(asset, Mapping) and _is_picture(asset)
    }
    for role in ROLES:
        for asset in pictures.values():
            if role in (asset.get("roles") or ()):
                return str(asset["href"])
    return next((str(pictures[key]["href"]) for key in KEYS if key in pictures), None)


def _is_picture(asset: Mapping[str, Any]) -> bool:
    href, kind = str(asset.get("href") or ""), str(asset.get("type") or "")
    if not href:
        return False
    return kind.partition(";")[0].strip().lower() in KINDS or (
        not kind and urlsplit(href).path.lower().endswith(ENDINGS)
    )


def fetch_thumbnail(scene: SceneItem, settings: Settings, access: Access) -> bytes | None:
    """The picture as its file holds it; None where there is none.

    It is fetched as everything of the catalogue's: through its gate, with the user's login for the
    host, with a token where the host wants one.

    Raises
    ------
    AccessError
        If the catalogue may not lead there, or a login is needed.
    DiscoveryError
        If it cannot be had, or is too large.
    """
    href = thumbnail_href(scene)
    if href is None:
        return None
    failure = f"The picture of {scene.id} cannot be shown"
    url = access.url(href, scene.catalog, scene.collection)
    if is_local(url):
        try:
            with Path(url).open("rb") as file:
                return _limited(file.read(MOST_BYTES + 1), failure)
        except OSError as error:
            raise DiscoveryError(failure, error.strerror or str(error), "") from error
    waits = Waits(settings.connect_timeout_s, settings.read_timeout_s)
    try:
        with (
            new_session(settings, gate=gate_of(scene.catalog)) as session,
            open_response(session, url, {}, waits) as response,
        ):
            content = bytearray()
            for piece in response.iter_content(READ_BYTES):
                content += piece
                if len(content) > MOST_BYTES:
                    break
            return _limited(bytes(content), failure)
    except Trouble as error:
        raise DiscoveryError(failure, str(error), "") from error


def _limited(content: bytes, failure: str) -> bytes:
    if len(content) > MOST_BYTES:
        raise DiscoveryError(failure, f"it is larger than {MOST_BYTES / 1e6:g} MB", "")
    return content
