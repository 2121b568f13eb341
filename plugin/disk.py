"""What is on a disk, asked off the main thread: that of a computer that is away answers late, or
never.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

Answer = TypeVar("Answer")


class _Post(QObject):
    """Carries an answer to the main thread."""

    came = pyqtSignal(object, object)


class DiskLook(Generic[Answer]):
    """Remembers what was answered of each path, and asks anew without waiting.

    Parameters
    ----------
    question : callable
        Looks at a path; on a thread of its own, which is left behind where it hangs.
    answered : callable
        Called on the main thread whenever an answer is another than before.
    owner : QObject
        Where it has gone, no answer comes any more.
    """

    def __init__(
        self, question: Callable[[Path], Answer], answered: Callable[[], object], owner: QObject
    ) -> None:
        self._question, self._answered = question, answered
        self._known: dict[Path, Answer] = {}
        self._asked: set[Path] = set()
        self._owner = owner
        self._post = _Post()  # nobody's child: a thread that comes back late must still find it
        self._post.came.connect(self._take)

    def last(self, path: Path) -> Answer | None:
        """What was answered last; None where nothing was yet."""
        return self._known.get(path)

    def ask(self, path: Path) -> Answer | None:
        """As :meth:`last`; and ask anew, unless the last question is still open."""
        if path not in self._asked:
            self._asked.add(path)
            threading.Thread(
                target=self._look, args=(path,), name="firstlight-disk", daemon=True
            ).start()
        return self.last(path)

    def _look(self, path: Path) -> None:
        self._post.came.emit(path, self._question(path))

    def _take(self, path: Path, answer: Answer) -> None:
        self._asked.discard(path)
        if sip.isdeleted(self._owner):
            return
        if path not in self._known or self._known[path] != answer:
            self._known[path] = answer
            self._answered()
