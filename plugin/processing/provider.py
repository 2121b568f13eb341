"""FirstLight's folder in the Processing toolbox."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ...core.doors.operation_index import declared_operations
from ...core.errors import DependencyError
from .algorithm import OperationAlgorithm

if TYPE_CHECKING:
    from ...core.operation import Declared

MODELS = Path(__file__).resolve().parents[2] / "resources" / "models"
"""Examples, which the toolbox shows with the algorithms."""
KEPT = 256
"""More than the layers of one batch."""


class FirstLightProvider(QgsProcessingProvider):
    """All operations as algorithms.

    Parameters
    ----------
    icon : QIcon
        FirstLight's icon.
    problem : DependencyError, optional
        A library is missing: the provider says so and has no algorithms.
    operations : sequence of Declared, optional
        All by default.
    with_models : bool
        Bring the models at once; a window, which would wait for them, has them brought later.
    """

    def __init__(
        self,
        icon: QIcon,
        problem: DependencyError | None = None,
        operations: Sequence[Declared] | None = None,
        with_models: bool = False,
    ) -> None:
        super().__init__()
        self._icon = icon
        self._problem = problem
        self._operations = operations
        self._with_models = with_models
        self._kept: deque[object] = deque(maxlen=KEPT)

    def id(self) -> str:
        """The part of an id before the colon."""
        return "firstlight"

    def name(self) -> str:
        """Name that the toolbox shows."""
        return "FirstLight"

    def icon(self) -> QIcon:
        """FirstLight's own."""
        return self._icon

    def warningMessage(self) -> str:
        """Shown in the toolbox beside the provider."""
        return str(self._problem) if self._problem is not None else ""

    def loadAlgorithms(self) -> None:
        """One algorithm for each operation, and the models that come with them."""
        if self._problem is not None:
            return
        operations = declared_operations() if self._operations is None else self._operations
        for operation in operations:
            self.addAlgorithm(OperationAlgorithm(operation, self._icon))
        if self._with_models:
            from .example_model import ExampleModel  # not at QGIS's start

            for path in sorted(MODELS.glob("*.model3")):
                model = ExampleModel(path)
                if model.is_sound:
                    self.addAlgorithm(model)

    def bring_models(self) -> None:
        """Show the models, too."""
        if not self._with_models:
            self._with_models = True
            self.refreshAlgorithms()

    def keep_alive(self, thing: object) -> None:
        """Hold an object that Processing uses after the algorithm has gone; the oldest ones are let
        go.
        """
        self._kept.append(thing)

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        """Suffixes of rasters: GeoTIFF, and VRT for stacks."""
        return ["tif", "vrt"]

    def defaultRasterFileExtension(self, *_: object) -> str:
        """For rasters that do not say."""
        return "tif"

    def supportedOutputVectorLayerExtensions(self) -> list[str]:
        """Suffixes of outlines."""
        return ["geojson", "gpkg"]

    def defaultVectorFileExtension(self, hasGeometry: bool = True) -> str:  # noqa: N803 - the name is QGIS's
        """For outlines."""
        return "geojson"
