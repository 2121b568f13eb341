"""QGIS's locator bar: ``fl flood`` finds what FirstLight can do, and opens it."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsFeedback, QgsLocatorContext, QgsLocatorFilter, QgsLocatorResult
from qgis.PyQt.QtCore import QCoreApplication

from ..core.doors.operation_index import declared_operations
from ..core.errors import FirstLightError
from .language import said

PREFIX, SHORT = "flight", "fl"
"""What is typed before the words. QGIS lets go of a plugin's prefix of two letters without a word,
so the short one comes as the first word of a search in everything.
"""
SENTENCE = "sentence: "
"""Begins the data of a result that is a sentence, not the name of an operation."""


class FirstLightLocator(QgsLocatorFilter):
    """Finds operations by the words of their titles and summaries, and reads a sentence such as
    *flood at Algemesí after 29 October 2024*.

    Parameters
    ----------
    open_tool : callable
        Opens the form of the operation of a name.
    open_sentence : callable
        Fills the page of events in with a sentence.
    """

    def __init__(
        self, open_tool: Callable[[str], None], open_sentence: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._open_tool = open_tool
        self._open_sentence = open_sentence
        self.setUseWithoutPrefix(True)

    def clone(self) -> FirstLightLocator:
        """One for the thread that searches."""
        return FirstLightLocator(self._open_tool, self._open_sentence)

    def name(self) -> str:
        """For QGIS."""
        return "firstlight"

    def displayName(self) -> str:
        """For people."""
        return str(QCoreApplication.translate("FirstLight", "FirstLight: maps and tools"))

    def prefix(self) -> str:
        """What is typed before the words."""
        return PREFIX

    def fetchResults(self, string: str, context: QgsLocatorContext, feedback: QgsFeedback) -> None:
        """Tell what fits; called by QGIS on a thread of its own."""
        if not context.usingPrefix:
            first, blank, string = string.partition(" ")
            if first.lower() != SHORT or not blank:
                return  # it is for others
        words = string.lower().split()
        told = _understood(string) if len(words) > 1 else ""
        if told:
            result = QgsLocatorResult(self, told, SENTENCE + string)
            result.description = str(
                QCoreApplication.translate("FirstLight", "Fills in the page Map an event")
            )
            result.score = 1.0
            self.resultFetched.emit(result)
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
        data = str(_data(result))
        if data.startswith(SENTENCE):
            self._open_sentence(data.removeprefix(SENTENCE))
        else:
            self._open_tool(data)


def _understood(text: str) -> str:
    """The event of a sentence in a few words; empty where it names none, or nothing besides."""
    # Here, so that QGIS starts without the words of all languages.
    from datetime import datetime, timezone

    from ..core.intent.sentence import read_sentence

    try:
        reading = read_sentence(text, datetime.now(timezone.utc))
    except FirstLightError:
        return ""
    where = ", ".join(reading.names)
    if reading.event is None or not (reading.moment or reading.names or reading.area):
        return ""
    parts = (said(reading.event.title), str(reading.moment or ""), where)
    return " · ".join(filter(None, parts))


def _data(result: QgsLocatorResult) -> object:
    """What was put into a result: a method since QGIS 3.36, an attribute before."""
    if hasattr(result, "userData"):
        data = result.userData
        return data() if callable(data) else data
    return result._userData()
