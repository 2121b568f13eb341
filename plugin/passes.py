"""Scenes of one pass of a satellite, for lists of scenes."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.discovery.pairs import passes_of
from ..core.types import SceneItem


def pass_numbers(scenes: Sequence[SceneItem]) -> list[int]:
    """For each scene the number of its pass, the newest pass being 0."""
    groups = list(reversed(passes_of(scenes)))
    number_of = {id(scene): number for number, group in enumerate(groups) for scene in group}
    return [number_of[id(scene)] for scene in scenes]
