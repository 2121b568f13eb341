"""On the command line, ``flight event "flood at Algemesí after 29 October 2024"``: what a sentence
asks for is told, and confirmed before anything is fetched.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Cancelled, InputError
from ..monitor import Monitor
from ..params import Param
from ..settings import Settings
from ..text import shown
from ..wording import Wording
from .operation_index import DeclaredOperation, get_declared

ASKED_IN_WORDS = ("event", "follow", "pairs")
"""Operations whose event, date and area may be said in a sentence."""
TOLD = ("event", "date", "area")
READS = "understand"
"""The operation that reads it; its parameters stand beside those of the one that is asked for."""
PREFIX = "_said_"
YES = ("y", "yes", "j", "ja", "o", "oui", "s", "si", "sí", "sim")


def sentence_params(operation: DeclaredOperation) -> list[Param]:
    """The parameters of a sentence, where an operation may be asked for in one."""
    if operation.name not in ASKED_IN_WORDS:
        return []
    own = {param.name for param in operation.params}
    return [param for param in get_declared(READS).params if param.name not in own]


def is_told(operation: DeclaredOperation, param: Param) -> bool:
    """Whether a sentence may say what a parameter is."""
    return operation.name in ASKED_IN_WORDS and param.name in TOLD


@dataclass(frozen=True)
class Said:
    """A sentence and what belongs to it, out of the options of a command."""

    values: Mapping[str, Any]
    """Parameters of the operation that reads it."""
    confirmed: bool

    @classmethod
    def take(cls, options: dict[str, Any]) -> Said:
        """Take them out of the options."""
        names = [name for name in options if name.startswith(PREFIX)]
        values = {name.removeprefix(PREFIX): options.pop(name) for name in names}
        return cls(values, bool(values.pop("yes", False)))

    def fill_in(
        self,
        operation: DeclaredOperation,
        options: Mapping[str, Any],
        wording: Wording,
        settings: Settings,
        monitor: Monitor,
    ) -> dict[str, Any]:
        """The options with what the sentence says; what is given as an option counts.

        Raises
        ------
        InputError
            If something is not clear, or nobody confirms what was understood.
        Cancelled
            If it is not what was meant.
        """
        if not self.values.get("sentence"):
            return dict(options)
        reader = get_declared(READS).load()
        params = wording.make_params(reader, self.values)
        result = wording.run(reader, params, settings, monitor)
        given = {name for name in TOLD if options.get(name) is not None}
        unclear = [one for one in result.value.issues if one.part not in given]
        if unclear:
            what = f"'{self.values['sentence']}' cannot be mapped yet"
            rest = "".join(f" {one.sentence}" for one in unclear[1:])
            error = InputError(what, unclear[0].why, f"{unclear[0].hint}{rest}")
            raise wording.error(error, operation.load())
        told = (f"  {shown(line)}" for line in result.value.lines)
        print("\n".join(["Understood:", *told]), file=sys.stderr)
        for name in sorted(given):
            print(f"  {name} as given: {options[name]}", file=sys.stderr)
        if not self.confirmed:
            _confirm(operation)
        return {**options, **{k: v for k, v in result.value.values.items() if k not in given}}


def _confirm(operation: DeclaredOperation) -> None:
    """Ask whether that is what was meant."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            f"flight {operation.name} has done nothing yet",
            "what was understood is not confirmed",
            "Add --yes if it is what you mean.",
        )
    print("Is that what you mean? [y/N] ", end="", file=sys.stderr, flush=True)
    in_main = threading.current_thread() is threading.main_thread()
    previous = signal.signal(signal.SIGINT, signal.default_int_handler) if in_main else None
    try:
        answer = sys.stdin.readline().strip().lower()
    except KeyboardInterrupt:
        answer = ""
    finally:
        if previous is not None:
            signal.signal(signal.SIGINT, previous)
    if answer not in YES:
        raise Cancelled(f"flight {operation.name}")
