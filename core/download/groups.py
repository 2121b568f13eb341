"""Files of a scene: one for each band, or one that holds several and is fetched once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from ..types import SceneItem


def group_files(scene: SceneItem, bands: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """The files that hold bands of a scene.

    Parameters
    ----------
    scene : SceneItem
        The scene.
    bands : sequence of str
        Names; those that the scene does not offer are left out.

    Returns
    -------
    mapping of str to tuple of str
        Name of a file without its ending → the bands in it. It is the band's own, or that of the
        address where the file holds several, whichever of them are asked for.
    """
    groups: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(bands):
        if name in scene.bands:
            file = name if scene.bands[name].index is None else _stem(scene.bands[name].href)
            groups[file] = (*groups.get(file, ()), name)
    return groups


def _stem(href: str) -> str:
    return PurePosixPath(unquote(urlsplit(href).path)).stem or "bands"
