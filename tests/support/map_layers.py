"""Results on the map at once, as they are when all that is found out of them has been."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.core import QgsMapLayer, QgsProject
from qgis.PyQt.QtWidgets import QApplication

from firstlight.core.errors import FirstLightError
from firstlight.core.operation import LayerOutput
from firstlight.plugin import spreads
from firstlight.plugin.layers import add_layer

from .waiting import wait_until


def add_layers(
    outputs: Iterable[LayerOutput], project: QgsProject
) -> tuple[list[QgsMapLayer], list[FirstLightError]]:
    """Put results on the map, each in its group.

    Returns
    -------
    layers, errors
        The new layers, and a sentence for each file that QGIS cannot open.
    """
    layers: list[QgsMapLayer] = []
    errors: list[FirstLightError] = []
    for output in outputs:
        try:
            layers.append(add_layer(output, project))
        except FirstLightError as error:
            errors.append(error)
    wait_for_colors()
    return layers, errors


def wait_for_colors() -> None:
    """Let the tasks that look how bright pictures are come to their end."""

    def done() -> bool:
        QApplication.processEvents()
        return not spreads.looking()

    wait_until(done)
