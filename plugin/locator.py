"""QGIS's locator bar: ``fl flood`` finds what FirstLight can do, and opens it."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsFeedback, QgsLocatorContext, QgsLocatorFilter, QgsLocatorResult
from qgis.PyQt.QtCore import QCoreApplication

from ..core.doors.operation_index import declared_operations
from .language import said


class FirstLightLocator(QgsLocatorFilter):
    """Finds operations by the words of their titles and summaries.

    Parameters
    ----------
    open_tool : callable
        Opens the form of the operation of a name.
    """

    def __init__(self, open_tool: Callable[[str], None]) -> None:
        super().__init__()
        self._open_tool = open_tool
        self.setUseWithoutPrefix(False)

    def clone(self) -> FirstLightLocator:
        """One for the thread that searches."""
        return FirstLightLocator(self._open_tool)

    def name(self) -> str:
        """For QGIS."""
        return "firstlight"

    def displayName(self) -> str:
        """For people."""
        return str(QCoreApplication.translate("FirstLight", "FirstLight: maps and tools"))

    def prefix(self) -> str:
        """What is typed before the words."""
        return "fl"

    def fetchResults(self, string: str, context: QgsLocatorContext, feedback: QgsFeedback) -> None:
        """Tell what fits; called by QGIS on a thread of its own."""
        words = string.lower().split()
        if not words and not context.usingPrefix:
            return
        for operation in declared_operations():
            title, summary = said(operation.title), said(operation.summary)
            text = f"{title} {said(operation.group)} {summary} {operation.name}".lower()
            if feedback.isCanceled():
                return
            if all(word in text for word in words):
                result = QgsLocatorResult(self, title, operation.name)
                result.description = summary
                # What the title says counts for more than what stands in the summary.
                result.score = 1.0 if all(word in title.lower() for word in words) else 0.5
                self.resultFetched.emit(result)

    def triggerResult(self, result: QgsLocatorResult) -> None:
        """Open what was chosen; on the main thread."""
        self._open_tool(str(_data(result)))


def _data(result: QgsLocatorResult) -> object:
    """What was put into a result: a method since QGIS 3.36, an attribute before."""
    if hasattr(result, "userData"):
        data = result.userData
        return data() if callable(data) else data
    return result._userData()
