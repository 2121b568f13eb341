"""All operations as a list to be searched: one's own bands step by step, then group by group."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import QEvent, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtWidgets import QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from ...core.operation import Declared
from ...plugin.language import said
from ..parts.plain import plain_tip

STACK = "stack"
STEPS = (STACK, "validate", "index")
"""From files of single bands to an index, in this order."""
NAME = Qt.ItemDataRole.UserRole


class ToolList(QWidget):
    """Type a few letters, press Enter; or click.

    Parameters
    ----------
    operations : sequence of Declared
        What can be chosen.
    """

    chosen = pyqtSignal(str)
    """Carries the name of an operation."""

    def __init__(self, operations: Sequence[Declared]) -> None:
        super().__init__()
        self.search_edit = QgsFilterLineEdit(objectName="tool_search_edit")
        self.search_edit.setShowSearchIcon(True)
        self.search_edit.setPlaceholderText(self.tr("Search the tools"))
        self.search_edit.setAccessibleName(self.tr("Search the tools"))
        self.tree = QTreeWidget(objectName="tool_tree")
        self.tree.setAccessibleName(self.tr("Tools"))
        self.tree.setHeaderHidden(True)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.tree.setRootIsDecorated(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.search_edit)
        layout.addWidget(self.tree, 1)
        self.offer(operations)
        self.search_edit.textChanged.connect(self._search)
        self.search_edit.installEventFilter(self)
        self.tree.itemClicked.connect(self._choose)
        self.tree.itemActivated.connect(self._choose)

    def offer(self, operations: Sequence[Declared]) -> None:
        """Fill the list anew."""
        self.tree.clear()
        named = {operation.name: operation for operation in operations}
        steps = [named[name] for name in STEPS if name in named]
        if len(steps) == len(STEPS):
            first = self._add_group(self.tr("My bands, step by step"))
            for number, operation in enumerate(steps, start=1):
                self._add(first, operation, f"{number}  {said(operation.title)}")
        for group in dict.fromkeys(operation.group for operation in operations):
            parent = self._add_group(said(group))
            for operation in operations:
                if operation.group == group:
                    self._add(parent, operation, said(operation.title))
        self.tree.expandAll()

    def names(self) -> list[str]:
        """Names of the operations in view, from above; one may be there twice."""
        return [item.data(0, NAME) for item in self._items() if not item.isHidden()]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the search: Enter takes the first that is found, Down goes into the list."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if self.search_edit.text().strip() and self.names():
                    self.chosen.emit(self.names()[0])
                return True
            if event.key() == Qt.Key.Key_Down:
                first = next((item for item in self._items() if not item.isHidden()), None)
                if first is not None:
                    self.tree.setCurrentItem(first)
                    self.tree.setFocus()
                return True
        return bool(super().eventFilter(watched, event))

    def _add_group(self, title: str) -> QTreeWidgetItem:
        group = QTreeWidgetItem(self.tree, [title])
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = group.font(0)
        font.setBold(True)
        group.setFont(0, font)
        return group

    def _add(self, parent: QTreeWidgetItem, operation: Declared, text: str) -> None:
        item = QTreeWidgetItem(parent, [text])
        item.setData(0, NAME, operation.name)
        item.setToolTip(0, plain_tip(said(operation.summary)))

    def _items(self) -> list[QTreeWidgetItem]:
        groups = [self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount())]
        return [group.child(row) for group in groups for row in range(group.childCount())]

    def _choose(self, item: QTreeWidgetItem, *_: object) -> None:
        if item.data(0, NAME):
            self.chosen.emit(item.data(0, NAME))
        else:
            item.setExpanded(not item.isExpanded())

    def _search(self, text: str) -> None:
        words = text.lower().split()
        for row in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(row)
            any_shown = False
            for number in range(group.childCount()):
                item = group.child(number)
                said_of_it = " ".join(
                    (group.text(0), item.text(0), item.toolTip(0), item.data(0, NAME))
                ).lower()
                shown = all(word in said_of_it for word in words)
                item.setHidden(not shown)
                any_shown |= shown
            group.setHidden(not any_shown)
