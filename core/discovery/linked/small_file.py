"""A small file that an item or the user names, read whole: through the gate, with the user's logins
and within limits of size and time.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from ...addresses.spelling import is_local
from ...errors import AccessError
from ...settings import Settings
from ...stac.body import read_bytes
from ...stac.transport import WHOLE_ANSWER
from ...stac.trouble import Trouble, late, network_troubles
from ...text import public_url
from ...workers import LinkedStop, TooLate, within
from ..access import Access, gate_of
from ..session import new_session

REFUSED = (401, 403)
"""With a fresh address it may be let in."""


class SmallFiles:
    """Reads files of catalogues; keeps tokens as :class:`~..access.Access` does."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._access = Access(settings)

    def read(
        self, href: str, catalog: str, collection: str, most: int, stop: threading.Event
    ) -> bytes:
        """The bytes of a file.

        Parameters
        ----------
        href : str
            As the item gives it.
        catalog, collection : str
            Whose item it is; the catalogue by its name or URL, ``file`` where the user names it.
        most : int
            A file of more bytes is refused.

        Raises
        ------
        AccessError
            If the catalogue has no business to lead there, or the file cannot be had.
        Cancelled
            If it was asked to stop.
        """
        for renew in (False, True):
            url = self._access.url(href, catalog, collection, renew)
            try:
                if is_local(url):
                    return _read_local(Path(url), most)
                return self._fetch(url, catalog, most, stop)
            except Trouble as trouble:
                if trouble.status not in REFUSED or renew:
                    what = f"{public_url(href)} cannot be read"
                    raise AccessError(what, trouble.reason, trouble.hint) from trouble
        raise AssertionError("the second try returns or raises")

    def _fetch(self, url: str, catalog: str, most: int, stop: threading.Event) -> bytes:
        settings, linked = self._settings, LinkedStop(stop)
        timeout = settings.connect_timeout_s, settings.read_timeout_s

        def exchange() -> bytes:
            with network_troubles(), new_session(settings, gate=gate_of(catalog)) as session:
                answer: Any = session.get(url, timeout=timeout, stream=True)
                with answer:
                    return read_bytes(answer, linked, most)

        try:
            return within(timeout[0] + WHOLE_ANSWER * timeout[1], stop, exchange)
        except TooLate:
            raise late() from None
        finally:
            linked.set_own()  # what was left behind ends at the next bytes


def _read_local(path: Path, most: int) -> bytes:
    try:
        size = path.stat().st_size
        if path.is_file() and size <= most:
            return path.read_bytes()
    except OSError as error:
        raise Trouble(error.strerror or str(error), hint="Check the path.") from error
    why = f"it is longer than {most >> 20} MB" if path.is_file() else "it is no file"
    raise Trouble(why, hint="Check the path.")
