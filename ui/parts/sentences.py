"""Sentences on what happened, for the message bar and the status line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from ...core.operation import OperationResult
from ...core.operations.ingest import estimate_area_bytes
from ...core.types import Aoi, SceneItem
from ...plugin.jobs.job import Job
from ...plugin.jobs.project_key import UNSAVED
from ...plugin.language import said

UNKNOWN = "–"


def describe_problems(result: OperationResult) -> str:
    """Name what failed in a result that is ``partial`` or ``failed``.

    Parameters
    ----------
    result : OperationResult
        Of any operation; ``data`` of an ingestion is a list with one mapping for each scene.
    """
    data = result.json_data()
    if isinstance(data, dict) and data.get("errors"):  # a validation
        return " ".join(said(str(sentence)) for sentence in data["errors"])
    rows: Sequence[Any] = data if isinstance(data, list) else ()
    sentences = [sentence for row in rows if isinstance(row, dict) for sentence in _problems(row)]
    return " ".join(map(said, sentences)) or result.text


def _problems(row: dict[str, Any]) -> list[str]:
    if row.get("status") == "failed":
        return [str(row.get("error") or _tr("Scene {id} failed.").format(id=row.get("item_id")))]
    failures = row.get("failures") or {}
    sentences = [str(text) for text in failures.values()]
    if row.get("status") == "partial" and not sentences:
        sentences = [str(text) for text in row.get("warnings") or ()]
    return sentences


def figures_of(result: OperationResult) -> list[str]:
    """What a result says: of a map the number to quote, how sure it is, what was not observed; else
    its text. Doubts, and the paths of layers, stand elsewhere.
    """
    told = result.summary
    if told is not None:
        return list(filter(None, (told.headline, told.range, told.not_observed, told.reason)))
    return [line for line in result.text.splitlines() if line not in result.warnings]


def describe_waiting(job: Job) -> str:
    """Where the layers of a job are that was started in another project."""
    number = len(job.result.layers) if job.result else 0
    text = (
        _tr("{title}: one layer waits for {project}.")
        if number == 1
        else _tr("{title}: {number} layers wait for {project}.")
    )
    return text.format(title=job.title, number=number, project=project_name(job.project))


def project_name(key: str) -> str:
    """A project for people."""
    if key.startswith(UNSAVED):
        return _tr("a project that was not saved")
    return _tr("project {name}").format(name=Path(key).stem)


def describe_choice(
    scenes: Sequence[SceneItem], bands: Sequence[str], aoi: Aoi | None = None
) -> str:
    """Amount that Run would fetch: ``1 scene, 6 bands, about 14 MB`` (``of 904 MB`` where only an
    area is wanted).

    Parameters
    ----------
    scenes : sequence of SceneItem
        The chosen scenes.
    bands : sequence of str
        The chosen bands.
    aoi : Aoi, optional
        Only this area is to be fetched; default: whole bands.
    """
    assets = [scene.bands[band] for scene in scenes for band in bands if band in scene.bands]
    size = sum(asset.size_bytes or asset.estimated_bytes for asset in assets)
    parts = [
        count(len(scenes), _tr("scene"), _tr("scenes")),
        count(len(assets), _tr("band"), _tr("bands")),
    ]
    if size and aoi is not None:
        part = sum(estimate_area_bytes(scene, bands, aoi) for scene in scenes)
        parts.append(
            _tr("about {part} for the area, {size} whole").format(
                part=size_text(part), size=size_text(size)
            )
        )
    elif size:
        parts.append(_tr("about {size}").format(size=size_text(size)))
    return ", ".join(parts)


def band_costs(
    scenes: Sequence[SceneItem], bands: Sequence[str], aoi: Aoi | None = None
) -> dict[str, int]:
    """Bytes of each band for all these scenes, of an area or whole: as the catalogue states or as
    such bands usually have.
    """
    return {
        band: sum(
            _whole(scene, band) if aoi is None else estimate_area_bytes(scene, (band,), aoi)
            for scene in scenes
        )
        for band in bands
    }


def _whole(scene: SceneItem, band: str) -> int:
    asset = scene.bands.get(band)
    return 0 if asset is None else asset.size_bytes or asset.estimated_bytes


def count(number: int, singular: str, plural: str) -> str:
    """``1 scene``, ``3 scenes``."""
    return f"{number} {singular if number == 1 else plural}"


def size_text(size_bytes: int) -> str:
    """Bytes for people: ``1.2 GB``; a dash where nothing is known."""
    if not size_bytes:
        return UNKNOWN
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    if size_bytes >= 1e6:
        return f"{size_bytes / 1e6:.0f} MB"
    return f"{max(1, round(size_bytes / 1e3))} kB"


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))
