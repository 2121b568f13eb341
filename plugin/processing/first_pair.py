"""What a form about before and after shows first, where QGIS would show one layer twice."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QThread
from qgis.PyQt.QtWidgets import QApplication

from ...core.params import Param
from ..stack_pair import pair_names, stack_pair

NOTHING = " "
"""Stands in QGIS's list of layers as an empty line, and counts as not given; an empty text would
leave the project's first raster there.
"""


def first_pair(params: Sequence[Param]) -> dict[str, str]:
    """For the stacks before and after: the project's own two where it has them, else nothing.

    It is for windows alone: what is run without a value has none. Nothing where no window can be,
    as on another thread or in ``qgis_process``.

    Parameters
    ----------
    params : sequence of Param
        All of the form.

    Returns
    -------
    dict of str to str
        Name of the parameter → what stands in its field.
    """
    names = pair_names(params)
    app = QApplication.instance()
    if names is None or not isinstance(app, QApplication):
        return {}
    if QThread.currentThread() != app.thread():
        return {}
    return dict.fromkeys(names, NOTHING) | stack_pair(params, QgsProject.instance())
