"""What may go wrong with an answer, in our words: those of libraries hold the whole address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import AccessError

NO_STAC = "the answer is no STAC"
NO_STAC_HINT = "Is the URL a STAC API?"
TRIES = 4
"""Most of them, of one question."""


class Trouble(Exception):
    """No usable answer.

    Parameters
    ----------
    reason : str
        What went wrong, for a person.
    status : int, optional
        Of HTTP; None where no answer came.
    temporary : bool
        Another try may help.
    heavy : bool
        A smaller page may help.
    wait_s : float, optional
        As the server asks.
    """

    def __init__(
        self,
        reason: str,
        status: int | None = None,
        temporary: bool = False,
        heavy: bool = False,
        wait_s: float | None = None,
        hint: str = "Try again later, or choose another catalogue.",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.temporary = temporary
        self.heavy = heavy
        self.wait_s = wait_s
        self.hint = hint
        self.most_tries = TRIES


def no_stac(why: str, **more: Any) -> Trouble:
    """An answer that is none of a catalogue."""
    more.setdefault("status", 200)
    return Trouble(f"{NO_STAC} ({why})", hint=NO_STAC_HINT, **more)


def late() -> Trouble:
    """No answer within the time for it."""
    hint = "Try again, or choose another catalogue."
    return Trouble("it did not answer in time", temporary=True, heavy=True, hint=hint)


def unreachable() -> Trouble:
    """No connection was made; one more try is worth while, not several."""
    hint = "Check the network and the proxy, or choose another catalogue."
    trouble = Trouble("it cannot be reached", temporary=True, hint=hint)
    trouble.most_tries = 2
    return trouble


@contextmanager
def network_troubles() -> Iterator[None]:
    """What the network's libraries raise, in our words: theirs hold the whole address."""
    import http.client
    import ssl

    import requests
    from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

    try:
        yield
    except (requests.Timeout, ReadTimeoutError, TimeoutError) as error:
        raise late() from error
    except (requests.exceptions.SSLError, ssl.SSLError) as error:
        hint = "Check the clock of this computer, its certificates and the proxy."
        raise Trouble("no secure connection could be made", hint=hint) from error
    except (
        *(requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
        *(requests.exceptions.ContentDecodingError, HTTPError),
        *(http.client.HTTPException, ConnectionError),
    ) as error:
        cause = getattr(error.args[0] if error.args else None, "reason", None)
        if isinstance(cause, NewConnectionError) or isinstance(
            error, requests.exceptions.ProxyError
        ):
            raise unreachable() from error
        raise Trouble("the connection broke", temporary=True, heavy=True) from error
    except AccessError as error:  # the gate's, or of a login
        raise Trouble(f"{error.what}: {error.why}", hint=error.hint) from error
    except (requests.RequestException, ValueError) as error:
        why = f"the address cannot be used ({type(error).__name__})"
        raise Trouble(why, hint="Check the URL.") from error
