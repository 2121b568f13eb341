"""Every failure FirstLight can name: one tree, one form of sentence.

``str(error)`` reads "<what failed>: <why>. <what to do>", the message template of the
specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from .text import redact

ODD_DATA = (
    *(ArithmeticError, AttributeError, LookupError),
    *(RuntimeError, TypeError, ValueError),
)
"""What Python raises where data are odd in a way that nobody thought of: text for a number, NaN for
a size, a list without end.
"""

T = TypeVar("T")


def known(value: T | None, why: str) -> T:
    """A value that is there, where the type alone would let it be missing.

    Parameters
    ----------
    value : T or None
        It.
    why : str
        What makes sure of that: ``"the request has told"``.

    Raises
    ------
    AssertionError
        If it is missing all the same; a fault of FirstLight.
    """
    if value is None:
        raise AssertionError(f"a value is missing, though {why}")
    return value


class FirstLightError(Exception):
    """Base of all failures that FirstLight names. Secrets are taken out of its sentence.

    Parameters
    ----------
    what : str
        What failed, with its target: ``"Band download failed for 'nir' from https://…"``.
    why : str
        The reason, with the measured value where there is one.
    hint : str, optional
        What the user can do about it: a whole sentence.
    """

    def __init__(self, what: str, why: str, hint: str = "") -> None:
        self.what = redact(what).strip().rstrip(".:")
        self.why = redact(why).strip().rstrip(".")
        self.hint = redact(hint).strip()
        super().__init__(self.what, self.why, self.hint)

    def __str__(self) -> str:
        sentence = f"{self.what}: {self.why}." if self.why else f"{self.what}."
        return f"{sentence} {self.hint}" if self.hint else sentence


class Cancelled(FirstLightError):
    """The user stopped the operation. What was finished stays."""

    def __init__(self, what: str = "The operation") -> None:
        super().__init__(
            what, "stopped by the user", "What was finished is kept; run it again to go on."
        )


class InputError(FirstLightError):
    """An input is unusable: found before any work starts. Exit code 2 on the command line."""


class AreaError(InputError):
    """An area is empty, inverted, outside the globe or unreadable."""


class SettingsError(InputError):
    """A setting has a bad value or an unknown name; the sentence names its source."""


class DependencyError(FirstLightError):
    """A library is missing or does not fit."""


class DiscoveryError(FirstLightError):
    """A catalogue could not be searched, or answered with something unusable."""


class NoScenesError(DiscoveryError):
    """The search worked and found nothing."""


class SkyError(NoScenesError):
    """There are scenes, but cloud or gaps let none of them show the area."""


class AccessError(FirstLightError):
    """A file needs an account or a token that cannot be had."""


class IngestionError(FirstLightError):
    """Scenes could not be brought to the disk."""


class BandDownloadError(IngestionError):
    """One band could not be downloaded."""


class DiskFullError(IngestionError):
    """There is not enough room for what is asked."""


class BandStackError(IngestionError):
    """Bands could not be stacked."""


class CRSMismatchError(BandStackError):
    """Bands are in coordinate systems that do not fit together."""


class ExtentMismatchError(BandStackError):
    """Bands do not overlap."""


class ResolutionError(BandStackError):
    """Bands cannot be brought to the wanted resolution."""


class RasterError(FirstLightError):
    """A raster could not be read or written."""


class SceneReadError(RasterError):
    """One scene of several could not be read; the others may do without it."""

    def __init__(self, what: str, why: str, hint: str = "", scene_id: str = "") -> None:
        super().__init__(what, why, hint)
        self.scene_id = scene_id


class ValidationError(FirstLightError):
    """A raster did not pass validation."""


class BlankBandError(ValidationError):
    """A band holds no information: constant, or nothing but nodata."""


class VRTSourceNotFoundError(ValidationError):
    """A VRT names a source file that is not there."""


class EngineError(FirstLightError):
    """The computers or processes that were to compute cannot be used, or did not finish."""


class StoreError(EngineError):
    """The place for finished tiles or chunks cannot be used, by this computer or by a worker."""


class AlgorithmError(FirstLightError):
    """An algorithm could not be computed."""


@contextmanager
def odd_data(what: str, error: type[FirstLightError]) -> Iterator[None]:
    """Let odd data end the work on one band or one scene, and no more.

    Parameters
    ----------
    what : str
        What fails then.
    error : type
        What is raised then, and handled by whoever does the others.

    Raises
    ------
    FirstLightError
        ``error``, for what Python raises inside; those of FirstLight pass.
    """
    try:
        yield
    except ODD_DATA as problem:
        if is_shortage(problem):  # whoever is at the door says so
            raise
        why = f"its data are odd ({type(problem).__name__}: {' '.join(str(problem).split())})"
        raise error(what, why, "Leave it out, and tell whoever offers it.") from problem


def odd_value(error: Exception) -> str:
    """What is wrong with data that have another form than was expected, for a person: what Python
    says of it names types and attributes.
    """
    said = " ".join(str(error).split())
    if isinstance(error, KeyError) and error.args:
        return f"it has no '{error.args[0]}'"
    if isinstance(error, IndexError):
        return "a list in it is too short"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, (AttributeError, TypeError)) or not said:
        return "a part of it is of another kind than it should be"
    return said


SHORTAGE = "there is not enough memory. Use a smaller area."
_SHORT = (
    *("can't start new thread", "can't allocate", "cannot allocate", "failed to map segment"),
    "resource temporarily unavailable",
)
"""What Python and the loader of libraries say of it, in small letters."""


def is_shortage(error: BaseException) -> bool:
    """Whether an error that nobody foresaw comes of memory or threads that are not to be had; a
    library that cannot be loaded for that hides the reason behind another one.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError) or any(word in str(seen).lower() for word in _SHORT):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
