"""Stands in for the widgets of Processing's dialogs."""

from qgis.PyQt.QtCore import QObject, pyqtSignal


class WidgetWrapper(QObject):
    """What a parameter's widget is made of."""

    widgetValueHasChanged = pyqtSignal(object)  # noqa: N815 - the name is QGIS's
