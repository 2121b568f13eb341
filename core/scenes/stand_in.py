"""Another provider's offer in place of a scene's own: for single bands where it is the same
delivery, else for the whole scene, which is told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from ..discovery.catalogs import catalog_title
from ..offers.acquisition import differences
from ..text import public_url
from ..types import BandAsset, BandFile, SceneItem


def exchangeable(scene: SceneItem) -> tuple[SceneItem, ...]:
    """The alternatives whose bands may lie beside the scene's own in one stack: of the same product
    and baseline, as far as both tell.
    """
    return tuple(other for other in scene.alternatives if not differences(scene, other))


def stand_in(scene: SceneItem) -> SceneItem | None:
    """The scene to take as a whole where the scene's own bands cannot be had: the first alternative
    of another product or baseline, with the rest as its alternatives; None where there is none.
    """
    others = [other for other in scene.alternatives if differences(scene, other)]
    return replace(others[0], alternatives=tuple(others[1:])) if others else None


def stand_in_sentence(scene: SceneItem, other: SceneItem, why: str) -> str:
    """What is to be known before such a scene is used."""
    what = ", ".join(differences(scene, other))
    return (
        f"{scene.id} of {catalog_title(scene.catalog)} cannot be had, so all bands are taken from "
        f"{catalog_title(other.catalog)}, item {other.id}, which differs ({what}): "
        f"compare it with other scenes with care. {why}"
    )


def mixed_sentences(scenes: Sequence[SceneItem]) -> list[str]:
    """What is to be known of scenes that are looked at together, as one pass or as a pair, and are
    of several products or baselines; each difference once.
    """
    told: dict[tuple[str, ...], str] = {}
    for other in scenes[1:]:
        found = differences(scenes[0], other)
        if found:
            told.setdefault(
                found,
                f"{scenes[0].id} ({catalog_title(scenes[0].catalog)}) and {other.id} "
                f"({catalog_title(other.catalog)}) differ in {', '.join(found)}: a step between "
                "them may come from the processing, not from the ground",
            )
    return list(told.values())


def asset_of(scene: SceneItem, file: BandFile) -> BandAsset:
    """A band as the item describes it whose file it is."""
    for other in scene.alternatives:
        if (other.catalog, other.id) == (file.catalog, file.item_id) and file.band in other.bands:
            return other.bands[file.band]
    return scene.bands[file.band]


def foreign_bands(scene: SceneItem, files: Sequence[BandFile]) -> list[str]:
    """A sentence for each other provider that bands of a scene came from."""
    bands: dict[tuple[str, str], list[str]] = {}
    for file in files:
        whose = (file.catalog or scene.catalog, file.item_id or scene.id)
        if whose != (scene.catalog, scene.id):
            bands.setdefault(whose, []).append(file.band)
    return [_foreign(scene, *whose, names) for whose, names in bands.items()]


def _foreign(scene: SceneItem, catalog: str, item_id: str, names: Sequence[str]) -> str:
    other = next(
        (one for one in scene.alternatives if (one.catalog, one.id) == (catalog, item_id)), None
    )
    unsure = other is not None and scene.sensor == "sentinel2" and not _same_baseline(scene, other)
    doubt = ": whether both are of one processing baseline is not stated" if unsure else ""
    return (
        f"{', '.join(names)} of {scene.id} from {catalog_title(catalog)}, item {item_id}, with "
        f"that item's own scale and offset, not from {catalog_title(scene.catalog)}{doubt}"
    )


def _same_baseline(one: SceneItem, other: SceneItem) -> bool:
    return bool(one.baseline) and one.baseline == other.baseline


def sources_text(scene: SceneItem, files: Sequence[BandFile]) -> str:
    """Catalogue, item and address of each band, as JSON, without what is secret of them."""
    sources = {
        file.band: {
            "catalog": file.catalog or scene.catalog,
            "item_id": file.item_id or scene.id,
            "href": public_url(file.url),
        }
        for file in files
    }
    return json.dumps(sources, sort_keys=True)
