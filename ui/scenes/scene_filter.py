"""Which scenes of a list are shown: those with some words, within limits such as ``cloud<20``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from ...core.text import joined
from ...core.types import SceneItem, format_time
from .scene_columns import scene_facts

_LIMIT = re.compile(
    r"(?P<fact>cloud|clear|covers|size)(?P<sign><=|>=|<|>|=)(?P<value>\d+(?:\.\d+)?)%?$"
)
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_FACTS: dict[str, Callable[[SceneItem], float | None]] = {
    "cloud": lambda scene: scene.cloud_percent,
    "clear": lambda scene: scene.clear_percent,
    "covers": lambda scene: scene.coverage_percent,
    "size": lambda scene: scene.size_bytes / 1e6 if scene.size_bytes else None,
}
Test = Callable[[SceneItem], bool]


@dataclass(frozen=True)
class SceneFilter:
    """All of its tests must hold; what is not known fits no limit."""

    tests: tuple[Test, ...] = ()

    @classmethod
    def parse(cls, text: str) -> SceneFilter:
        """The filter that a person has written: ``2024-06 32TPT cloud<20 clear>=80``."""
        text = re.sub(r"\s*(<=|>=|<|>|=)\s*", r"\1", text.lower())
        return cls(tuple(_test(word) for word in text.split()))

    def shows(self, scene: SceneItem) -> bool:
        """Tell whether it is shown."""
        return all(test(scene) for test in self.tests)


def _test(word: str) -> Test:
    found = _LIMIT.match(word)
    if found is None:
        return lambda scene: word in _words(scene)
    fact, sign, limit = _FACTS[found["fact"]], _SIGNS[found["sign"]], float(found["value"])

    def fits(scene: SceneItem) -> bool:
        value = fact(scene)
        return value is not None and sign(value, limit)

    return fits


def _words(scene: SceneItem) -> str:
    parts = (*scene_facts(scene), scene.platform, scene.tile, format_time(scene.datetime))
    return joined(parts).lower()
