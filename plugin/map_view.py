"""Bringing new layers into view."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsMapLayer,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas

from ..core.types import Aoi
from .aoi import lonlat_crs

LEAST_SHARE = 0.05
"""Least share of the map's width or height: a layer that takes less is as good as out of view."""


def zoom_to_layers(
    canvas: QgsMapCanvas, layers: Sequence[QgsMapLayer], always: bool = False
) -> bool:
    """Zoom to layers where the map does not show them, or only as a speck.

    Parameters
    ----------
    canvas : QgsMapCanvas
        The map; one without a reference system takes that of the first layer.
    layers : sequence of QgsMapLayer
        What should be seen.
    always : bool
        Also where the map shows them already.

    Returns
    -------
    bool
        Whether the map has moved.
    """
    return _zoom_to(canvas, [(layer.crs(), layer.extent()) for layer in layers], always)


def zoom_to_area(canvas: QgsMapCanvas, aoi: Aoi) -> bool:
    """Zoom to an area where the map does not show all of it, or only as a speck. See
    :func:`zoom_to_layers`.
    """
    boxes = [(lonlat_crs(), QgsRectangle(*box)) for box in aoi.boxes]
    return _zoom_to(canvas, boxes, entire=True)


def zoom_to_shape(canvas: QgsMapCanvas, shape: QgsGeometry) -> bool:
    """Zoom to a geometry of the map's own system. See :func:`zoom_to_layers`."""
    crs = canvas.mapSettings().destinationCrs()
    return _zoom_to(canvas, [(crs, shape.boundingBox())], always=True)


def shows_nothing(canvas: QgsMapCanvas) -> bool:
    """Tell whether the map has no place yet: nothing was ever shown on it."""
    return bool(canvas.mapSettings().extent().isEmpty())


def _zoom_to(
    canvas: QgsMapCanvas,
    boxes: Sequence[tuple[QgsCoordinateReferenceSystem, QgsRectangle]],
    always: bool = False,
    entire: bool = False,
) -> bool:
    settings = canvas.mapSettings()
    if not settings.destinationCrs().isValid() and boxes:
        canvas.setDestinationCrs(boxes[0][0])
        settings = canvas.mapSettings()
    whole = QgsRectangle()
    for crs, box in boxes:
        transform = QgsCoordinateTransform(crs, settings.destinationCrs(), QgsProject.instance())
        try:
            whole.combineExtentWith(transform.transformBoundingBox(box))
        except QgsCsException:
            continue  # this map cannot show that layer at all
    view = settings.visibleExtent()
    seen = _is_seen(whole, view) and (view.contains(whole) or not entire)
    if whole.isEmpty() or (seen and not always):
        return False
    canvas.setExtent(whole.scaled(1.1))
    canvas.refresh()
    return True


def _is_seen(whole: QgsRectangle, view: QgsRectangle) -> bool:
    if view.isEmpty() or not view.intersects(whole):
        return False
    return bool(
        whole.width() >= LEAST_SHARE * view.width() or whole.height() >= LEAST_SHARE * view.height()
    )
