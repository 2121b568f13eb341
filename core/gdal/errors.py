"""GDAL's failures as errors of ours, whatever another plugin has set GDAL's exceptions to.

With exceptions off a failed call answers None or a code: :func:`checked` and :func:`checked_code`
raise then what GDAL raises with exceptions on, and :func:`gdal_errors` makes an error of ours of
both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ..errors import FirstLightError
from .environment import quiet_gdal

Result = TypeVar("Result")
NO_REASON = "GDAL gave no reason"
FAILURES = 3
"""The least class of message that tells of a failure (CPLErr)."""
_BELOW = "\nMay be caused by: "
"""Stands between the messages of an exception of newer versions (3.13 was looked at)."""


def checked(result: Result | None) -> Result:
    """The result of a call, which is None where it failed.

    Raises
    ------
    RuntimeError
        If it is None.
    """
    if result is None:
        raise RuntimeError(NO_REASON)
    return result


def checked_code(code: int | None) -> None:
    """Check the error code of a call (CPLErr, OGRErr): 0, or None in some versions, is success.

    Raises
    ------
    RuntimeError
        If it is another one.
    """
    if code:
        raise RuntimeError(NO_REASON)


def messages_of(error: BaseException) -> list[str]:
    """GDAL's messages that an exception carries, in the order in which GDAL told them.

    Older versions put the last one into an exception and hand all of them to the handler of
    messages; newer ones put them all into it, the last one first, and hand none to the handler.
    """
    texts = [" ".join(text.split()) for text in reversed(str(error).split(_BELOW))]
    return [text for text in texts if text and text != NO_REASON]


@contextmanager
def gdal_errors(
    failure: Callable[[str], FirstLightError], least: int = 0, first: bool = False
) -> Iterator[list[str]]:
    """Turn failures of the GDAL calls in the block into an error of ours; GDAL prints nothing.

    Parameters
    ----------
    failure : callable
        Makes the error from the reason.
    least : int
        The least class of message to keep: 2 warnings, 3 failures.
    first : bool
        The first message is the reason, where later ones only follow from it; else the last.

    Yields
    ------
    list of str
        GDAL's messages so far.
    """
    with quiet_gdal(least) as messages:
        try:
            yield messages
        except RuntimeError as error:
            messages += messages_of(error)
            raise failure((messages or [NO_REASON])[0 if first else -1]) from error


def gdal_steps(
    items: Iterator[Result], failure: Callable[[str], FirstLightError], first: bool = False
) -> Iterator[Result]:
    """Give the items of an iterator that calls GDAL, each of them made inside :func:`gdal_errors`.

    GDAL keeps a thread's handlers of messages as a stack. One that a waiting generator holds lies
    under those of whoever takes its items, and where these are not taken to the end, Python takes
    away the topmost when it collects the generator: anybody's, on any thread. So none is held
    between two items.
    """
    while True:
        with gdal_errors(failure, first=first):
            try:
                item = next(items)
            except StopIteration:
                return
        yield item
