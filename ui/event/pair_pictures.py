"""The small pictures of a pair, before | after, as the catalogue offers them."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QRect, QSize, Qt
from qgis.PyQt.QtGui import QImage, QPainter, QPaintEvent
from qgis.PyQt.QtWidgets import QFrame, QGridLayout, QSizePolicy, QWidget

from ...core.types import SceneItem
from ...plugin.thumbnails import ThumbnailStore, has_picture
from ..parts.plain import PlainLabel, plain_tip

LINES = 8
"""Height of a picture at most, in lines of text: a pair must not push the page out of view."""


class PairPictures(QWidget):
    """Two pictures with their words below them.

    Parameters
    ----------
    store : ThumbnailStore
        Fetches them off the main thread.
    """

    def __init__(self, store: ThumbnailStore) -> None:
        super().__init__()
        self.setObjectName("pair_pictures")
        self._store = store
        self._scenes: list[SceneItem] = []
        self.pictures = (Picture(), Picture())
        self.captions = (PlainLabel(), PlainLabel())
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(1)
        for column, (picture, caption) in enumerate(zip(self.pictures, self.captions)):
            caption.setWordWrap(True)
            grid.addWidget(picture, 0, column)
            caption.setAlignment(Qt.AlignmentFlag.AlignTop)
            grid.addWidget(caption, 1, column)
            grid.setColumnStretch(column, 1)
        store.arrived.connect(self._show)

    def show_passes(self, passes: Sequence[tuple[SceneItem, ...]], words: tuple[str, str]) -> None:
        """Show the pictures of the scenes of two passes, and a line of words below each."""
        self._scenes = [_pictured(one) for one in passes]
        for picture, caption, one, scene, text in zip(
            self.pictures, self.captions, passes, self._scenes, words
        ):
            caption.setText(text)
            picture.title = text
            more = len(one) - 1
            shown_of = self.tr("{scene}, one of {count} scenes of this pass")
            whole = shown_of.format(scene=scene.id, count=more + 1) if more else scene.id
            picture.setToolTip(plain_tip(whole))
        self._store.want(self._scenes)
        self._show()

    def _show(self, *_: object) -> None:
        for picture, scene in zip(self.pictures, self._scenes):
            picture.show_image(self._store.image(scene), self._store.is_known(scene))


class Picture(PlainLabel):
    """A picture as large as there is room, or a word in its place: as a label has it, so that it is
    to be read in each of QGIS's themes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("picture")
        self.title = ""
        self.image: QImage | None = None
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_image(self, image: QImage | None, is_known: bool) -> None:
        """Show a picture; where there is none say so, and that it is on its way until it is known.

        A picture without a pixel of light is shown as it is: it is the catalogue's.
        """
        self.image = image
        word = self.tr("No picture") if is_known else self.tr("Picture …")
        self.setText("" if image is not None else word)
        self.setAccessibleName(self.title if image is not None else f"{self.title}: {word}")
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        """A square, where that is not too high."""
        return True

    def heightForWidth(self, width: int) -> int:
        """As high as wide, and no higher than some lines of text; a word takes less."""
        line = int(self.fontMetrics().lineSpacing())
        return min(width, LINES * line) if self.image is not None else 3 * line

    def sizeHint(self) -> QSize:
        """Of a small square."""
        side = int(self.fontMetrics().lineSpacing()) * LINES
        return QSize(side, self.heightForWidth(side))

    def minimumSizeHint(self) -> QSize:
        """Of any size that still shows something."""
        line = int(self.fontMetrics().lineSpacing())
        return QSize(3 * line, 3 * line)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture in the middle, as large as it can be without being bent."""
        super().paintEvent(event)
        if self.image is None:
            return
        painter = QPainter(self)
        inside = self.contentsRect()
        size = self.image.size().scaled(inside.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(0, 0, size.width(), size.height())
        place.moveCenter(inside.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, self.image)
        painter.end()


def _pictured(scenes: tuple[SceneItem, ...]) -> SceneItem:
    """The scene of a pass whose picture is shown: the first that has one."""
    return next((scene for scene in scenes if has_picture(scene)), scenes[0])
