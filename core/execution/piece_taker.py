"""Finished tiles of layers on their way into the layers' files.

Pieces that workers have written to files of this computer's own file system are taken over with
their files: a name is changed, and the blocks are read once, when the layer is laid out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType

from ..cog.piece_bytes import read_pieces
from ..cog.pieces import Piece
from ..cog.writer import CogWriter
from ..files.atomic import part_of
from ..raster.grid import Window
from .store_files import FolderFiles


class PieceTaker:
    """Gives the pieces of tiles to the writers of their layers; used as a context, which must end
    after the layers are laid out.

    Parameters
    ----------
    writers : sequence of CogWriter
        One for each layer.
    tell : callable
        Called for each tile that is there.
    """

    def __init__(self, writers: Sequence[CogWriter], tell: Callable[[], None]) -> None:
        self._writers, self._tell = writers, tell
        first = writers[0].path
        self._folder = part_of(first.with_name(f"{first.name}.taken"))
        self._numbers = count()
        self._lock = threading.Lock()
        self._made = self._over = False

    def __enter__(self) -> PieceTaker:
        self._remove()  # that of a run that was killed
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:  # after a stop, a thread may still be handing over its last tile
            self._over = True
        self._remove()

    def _remove(self) -> None:
        with suppress(OSError):  # the next run removes what is left
            FolderFiles(str(self._folder.parent)).remove(self._folder.name)

    def __call__(self, tile: Window, layers: Sequence[Sequence[Piece]]) -> None:
        """Take a tile's pieces of each layer."""
        for writer, pieces in zip(self._writers, layers, strict=True):
            for piece in () if writer.has(tile) else pieces:
                writer.put(piece)
        self._tell()

    def adopt(self, path: Path) -> list[list[Piece]] | None:
        """See :class:`.result_store.Adopts`."""
        if any(writer.resumable for writer in self._writers):
            return None  # the spool must hold all of it
        with self._lock:
            later = self._folder / str(next(self._numbers))
            if not self._made and not self._over:
                with suppress(OSError):
                    self._folder.mkdir()
                    self._made = True
        pieces = read_pieces(path, later)
        try:
            path.replace(later)
        except OSError:  # another file system, or another user's folder
            return None
        return pieces
