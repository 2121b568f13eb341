"""The ``flight`` command: every operation as a sub-command, made from its declaration.

Results go to stdout (JSON where asked for), everything else to stderr.
Exit codes: 0 done, 1 failed, 2 usage, 3 done in part, 130 cancelled.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any, TextIO

from . import PRODUCT
from .enums import Status
from .errors import Cancelled, FirstLightError, InputError, NoScenesError
from .monitor import BandProgress, BandState, Event, Level, Note, Progress
from .operation import Operation, OperationResult
from .operations.registry import OPERATIONS, get_operation
from .params import Param
from .settings import resolve_settings
from .wording import Wording

EXIT_CODES = {Status.DONE: 0, Status.FAILED: 1, Status.PARTIAL: 3}
USAGE, CANCELLED = 2, 130
LISTS = ("discover", "pairs")
"""What these print as JSON is a list: nothing found is an empty one."""
TEXT_KINDS = ("bands", "choices")
TELL_EVERY_S = 10.0
"""What changes all the time, where lines cannot be overwritten: a log file, a pipe."""


class ConsoleMonitor:
    """Draws progress on stderr; stops at Ctrl-C or SIGTERM."""

    def __init__(self, out: TextIO, stop: threading.Event, verbose: bool = False) -> None:
        self._out = out
        self._stop = stop
        self._verbose = verbose
        self._bands: dict[str, str] = {}
        self._last = ""
        self._live = out.isatty()
        self._told = time.monotonic()

    def emit(self, event: Event) -> None:
        """Write the event as a line; a terminal's last line is overwritten by what moves."""
        if isinstance(event, Note):
            if event.level != Level.DEBUG or self._verbose:
                self._line(f"{event.level}: {event.text}")
        elif isinstance(event, BandProgress):
            self._band(event)
        elif isinstance(event, Progress):
            if event.message != self._last:
                self._last = event.message
                self._line(f"[{100 * event.fraction:3.0f}%] {event.message}")
            if event.detail:
                self._detail(f"[{100 * event.fraction:3.0f}%] {event.detail}")

    def cancelled(self) -> bool:
        """Whether a signal came."""
        return self._stop.is_set()

    def _band(self, event: BandProgress) -> None:
        key = f"{event.item_id}/{event.band}"
        if event.state == BandState.DOWNLOADING:  # all bands together are told by Progress
            return
        if self._bands.get(key) == event.state == BandState.WAITING:
            return
        self._bands[key] = event.state
        words = {
            BandState.WAITING: "waiting",
            BandState.RESUMING: event.detail,
            BandState.RETRYING: f"trying again ({event.detail})",
            BandState.SKIPPED: event.detail or "Already exists, skipping",
            BandState.DONE: f"done, {event.received_bytes / 1e6:.2f} MB",
            BandState.FAILED: f"FAILED ({event.detail})",
        }
        self._line(f"  {event.band}: {words.get(event.state, event.state)}")

    def _detail(self, text: str) -> None:
        """Overwrite a terminal's last line; elsewhere, a line now and then."""
        if self._live:
            self._out.write(f"\r\x1b[K{text}")
            self._out.flush()
        elif time.monotonic() - self._told >= TELL_EVERY_S:
            self._told = time.monotonic()
            self._line(text)

    def _line(self, text: str) -> None:
        self._out.write(f"\r\x1b[K{text}\n" if self._live else f"{text}\n")
        self._out.flush()


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(prog="flight", description="From an area to a disaster map.")
    parser.add_argument("--version", action="version", version=PRODUCT)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for operation in OPERATIONS:
        sub = commands.add_parser(
            operation.name, help=operation.title, description="\n\n".join(operation.about())
        )
        for p in operation.parameters("cli"):
            _add_argument(sub, p)
        if operation.name == "discover":
            sub.add_argument(
                "--output",
                choices=("text", "json"),
                default="text",
                dest="_form",
                help="how to print the scenes",
            )
        else:
            sub.add_argument(
                "--json",
                action="store_const",
                const="json",
                default="text",
                dest="_form",
                help="print JSON",
            )
        sub.add_argument(
            "--verbose", action="store_true", dest="_verbose", help="tell more on stderr"
        )
    return parser


def _add_argument(parser: argparse.ArgumentParser, p: Param) -> None:
    name = p.name if p.positional else _flag(p)
    words: dict[str, Any] = {"help": _help(p), "metavar": _metavar(p)}
    if not p.positional:
        words["dest"] = p.name
        words["required"] = p.required
    elif not p.required:
        words["nargs"] = "?"
    if p.kind == "flag":
        del words["metavar"]
        words["action"] = "store_true"
    if p.kind in ("band_files", "folders_in"):
        words["action"] = "append"
    if p.kind == "rasters_in":
        words["action"], words["nargs"] = "extend", "+"
    parser.add_argument(name, **words)


def _flag(p: Param) -> str:
    return p.name.upper() if p.positional else p.flag or f"--{p.name.replace('_', '-')}"


WORDING = Wording(OPERATIONS, _flag, lambda operation, options: f"flight {operation.name}{options}")


def _metavar(p: Param) -> str:
    if p.kind in ("choice", "choices"):
        return "|".join(p.choices) if len(p.choices) <= 6 else p.name.upper()
    metavars = {
        "area": "FILE|WKT|W,S,E,N",
        "catalog": "NAME|URL",
        "date": "YYYY-MM-DD",
        "bands": "A,B",
        "band_files": "NAME=PATH[#BAND]",
        "folders_in": "DIR",
        "rasters_in": "FILE",
    }
    return metavars.get(
        p.kind, p.name.upper() if p.positional else p.kind.partition("_")[0].upper()
    )


def _help(p: Param) -> str:
    default = f" (default: {p.default})" if p.default not in (None, (), False) else ""
    return f"{p.title}. {p.help}{default}".replace("%", "%%")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    stop = threading.Event()
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = vars(build_parser().parse_args(join_negative(words)))
    form, verbose = options.pop("_form"), options.pop("_verbose")
    operation = get_operation(options.pop("command"))
    monitor = ConsoleMonitor(sys.stderr, stop, verbose)
    previous = _catch_signals(stop)
    try:
        params = WORDING.make_params(operation, options)
        result = WORDING.run(operation, params, resolve_settings(), monitor)
    except Cancelled as error:
        return _fail(str(error), CANCELLED)
    except NoScenesError as error:
        if form == "json" and operation.name in LISTS:
            print("[]")
        return _fail(str(error), 1)
    except InputError as error:
        return _fail(str(error), USAGE)
    except FirstLightError as error:
        return _fail(str(error), 1)
    except Exception as error:  # the outer door: whatever was not foreseen is still one sentence
        if verbose:
            raise
        return _fail(
            f"flight {operation.name} failed: {type(error).__name__}: {error}. This is a fault "
            "in FirstLight; see --verbose.",
            1,
        )
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return _print(operation, result, form)


def join_negative(words: Sequence[str]) -> list[str]:
    """``--area -27.3,41.9,…`` and ``--formula -nir`` as one word.

    Argparse takes what begins with a minus and is no plain number for an option; ``-h`` is the only
    short one here.
    """
    joined: list[str] = []
    for word in words:
        if (
            joined
            and joined[-1].startswith("--")
            and "=" not in joined[-1]
            and re.match(r"-(?!-|h$)", word)
        ):
            joined[-1] = f"{joined[-1]}={word}"
        else:
            joined.append(word)
    return joined


def _print(operation: Operation, result: OperationResult, form: str) -> int:
    try:
        print(
            json.dumps(result.json_data(), indent=2) if form == "json" else result.text, flush=True
        )
    except BrokenPipeError:  # `flight … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if form == "json" and result.status == Status.FAILED:
        print(result.text, file=sys.stderr)
    return EXIT_CODES[result.status]


def _fail(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


def _catch_signals(stop: threading.Event) -> dict[int, Any]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}


def entry() -> None:
    """What the ``flight`` script calls."""
    sys.exit(main())


if __name__ == "__main__":
    entry()
