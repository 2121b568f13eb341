"""The models that come with FirstLight, in the words of whoever sees them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingDestinationParameter, QgsProcessingModelAlgorithm

from ..language import said

WORDS = frozenset(
    {"ALG_DESC", "component_description", "description", "help", "model_group", "model_name"}
)
"""Entries of a model's file that people read."""


class ExampleModel(QgsProcessingModelAlgorithm):
    """A model of a file; its id is the file's name, whatever it is called.

    Parameters
    ----------
    path : Path
        A ``.model3`` file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.is_sound = self.loadVariant(_contents(path))
        """Whether the file is a model."""

    def name(self) -> str:
        """The part of its id after the colon."""
        return self._path.stem

    def displayName(self) -> str:
        """Its title."""
        return str(super().name())

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Offer all its maps at once: those of its steps may be left out, but a model that shows
        nothing when it has run looks broken.
        """
        super().initAlgorithm(configuration or {})
        for definition in self.destinationParameterDefinitions():
            if isinstance(definition, QgsProcessingDestinationParameter):  # which all of them are
                definition.setCreateByDefault(True)

    def createInstance(self) -> ExampleModel:
        """Another one of the same file: QGIS's own would know its name only."""
        return ExampleModel(self._path)


@lru_cache(maxsize=16)
def _contents(path: Path) -> Any:
    """What is in the file, translated; the language stays as long as QGIS runs."""
    model = QgsProcessingModelAlgorithm()
    return _translated(model.toVariant()) if model.fromFile(str(path)) else None


def _translated(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _translated(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_translated(one) for one in value]
    return said(value) if isinstance(value, str) and key in WORDS else value
