"""Pictures of a result as layers of one's own, which are in no project."""

from __future__ import annotations

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject

from ...core.errors import FirstLightError
from ...core.operation import LayerOutput
from ...plugin.layers import dress_layer, open_layer


def open_own(output: LayerOutput, owner: QObject) -> QgsMapLayer:
    """Open a layer, styled as in the project: another style here changes nothing there, and what is
    removed there stays here.

    Parameters
    ----------
    output : LayerOutput
        What to open.
    owner : QObject
        The layer goes with it: one that Python alone held could outlive QGIS, and closing its file
        would then crash.

    Raises
    ------
    FirstLightError
        If QGIS cannot open it.
    """
    layer = open_layer(output, QgsProject.instance())
    if not layer.isValid():
        raise FirstLightError(
            f"The picture '{output.title}' cannot be shown",
            f"QGIS cannot open {output.path}",
            "Map the event again.",
        )
    layer.setParent(owner)
    dress_layer(layer, output)
    if isinstance(layer, QgsRasterLayer):
        layer.temporalProperties().setIsActive(False)
    return layer
