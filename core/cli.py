"""The ``flight`` command: every operation as a sub-command, made from its declaration.

Results go to stdout (JSON where asked for), everything else to stderr.
Exit codes: 0 done, 1 failed, 2 usage, 3 done in part, 130 cancelled.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import re
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TextIO

from . import PRODUCT
from .doors.operation_index import DeclaredOperation, declared_operations, get_declared
from .doors.own_process import settle_in
from .doors.sentence import PREFIX, Said, is_told, sentence_params
from .enums import Status
from .errors import (
    SHORTAGE,
    Cancelled,
    FirstLightError,
    InputError,
    NoScenesError,
    is_shortage,
)
from .monitor import BandProgress, BandState, Event, Level, Note, Progress
from .operation import OperationResult
from .params import Door, Kind, Param
from .settings import resolve_settings
from .text import redact, shown
from .wording import Wording

EXIT_CODES = {Status.DONE: 0, Status.FAILED: 1, Status.PARTIAL: 3}
USAGE, CANCELLED = 2, 130
LISTS = ("discover", "pairs")
"""Operations that print a list as JSON: nothing found is an empty one."""
TELL_EVERY_S = 10.0
"""Seconds between lines about what changes all the time, where lines cannot be overwritten: a log
file, a pipe.
"""


class ConsoleMonitor:
    """Draws progress on stderr; stops at Ctrl-C or SIGTERM."""

    def __init__(self, out: TextIO, stop: threading.Event, verbose: bool = False) -> None:
        self._out = out
        self._stop = stop
        self._verbose = verbose
        self._bands: dict[str, str] = {}
        self._item_id = ""
        self._percents: dict[str, dict[str, int]] = {}
        """Scene → its bands: how far each has come."""
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
                percents = self._percents.get(self._item_id, {})
                bands = "".join(f"; {band} {done}%" for band, done in percents.items())
                self._detail(f"[{100 * event.fraction:3.0f}%] {event.detail}{bands}")

    def cancelled(self) -> bool:
        """True once a signal came."""
        return self._stop.is_set()

    def _band(self, event: BandProgress) -> None:
        key = f"{event.item_id}/{event.band}"
        self._item_id = event.item_id
        percents = self._percents.setdefault(event.item_id, {})
        if event.percent is not None:
            percents[event.band] = event.percent
        elif event.state == BandState.FAILED:
            percents.pop(event.band, None)
        if event.state == BandState.DOWNLOADING:  # told with the Progress of all together
            return
        if self._bands.get(key) == event.state == BandState.WAITING:
            return
        self._bands[key] = event.state
        texts = {
            BandState.WAITING: "waiting",
            BandState.RESUMING: event.detail,
            BandState.RETRYING: f"trying again ({event.detail})",
            BandState.SKIPPED: event.detail or "Already exists, skipping",
            BandState.DONE: f"done, {event.received_bytes / 1e6:.2f} MB",
            BandState.FAILED: f"FAILED ({event.detail})",
        }
        # Scenes come beside each other: once there are several, each line says whose band it is.
        name = event.band if len(self._percents) < 2 else f"{event.item_id} {event.band}"
        self._line(f"  {name}: {texts.get(event.state, event.state)}")

    def _detail(self, text: str) -> None:
        """Overwrite a terminal's last line; elsewhere, a line now and then."""
        if self._live:
            self._write(f"\r\x1b[K{text[: self._columns() - 1]}")
        elif time.monotonic() - self._told >= TELL_EVERY_S:
            self._told = time.monotonic()
            self._line(text)

    def _columns(self) -> int:
        """Width of the terminal: only one line can be overwritten."""
        try:
            return os.get_terminal_size(self._out.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _line(self, text: str) -> None:
        self._write(f"\r\x1b[K{text}\n" if self._live else f"{text}\n")

    def _write(self, text: str) -> None:
        """Nobody may be listening any more: the work goes on all the same."""
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):
            _close(self._out)
            self._out, self._live = io.StringIO(), False


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """The whole command line.

    Parameters
    ----------
    command : str, optional
        An operation's name: only its options are made. Those of all take longer than much of what
        is asked for.
    """
    parser = argparse.ArgumentParser(prog="flight", description="From an area to a disaster map.")
    parser.add_argument("--version", action="version", version=PRODUCT)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    every = declared_operations()
    for operation in [one for one in every if one.name == command] or every:
        sub = commands.add_parser(
            operation.name, help=operation.title, description="\n\n".join(operation.about())
        )
        for param in operation.parameters(Door.CLI):
            _add_argument(sub, param, required=param.required and not is_told(operation, param))
        _add_sentence(sub, operation)
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


@dataclass(frozen=True)
class Argument:
    """An argument of argparse for a kind of parameter."""

    metavar: str = ""
    """Empty: the choices where there are few, else the parameter's name."""
    options: Mapping[str, Any] = field(default_factory=dict)


ARGUMENTS: Mapping[Kind, Argument] = {
    Kind.AREA: Argument("FILE|WKT|W,S,E,N"),
    Kind.CATALOG: Argument("NAME|URL"),
    Kind.SENSOR: Argument(),
    Kind.EVENT: Argument(),
    Kind.DATE: Argument("YYYY-MM-DD"),
    Kind.CHOICE: Argument(),
    Kind.CHOICES: Argument(),
    Kind.TEXT: Argument("TEXT"),
    Kind.INTEGER: Argument("INTEGER"),
    Kind.NUMBER: Argument("NUMBER"),
    Kind.FLAG: Argument(options={"action": "store_true"}),
    Kind.BANDS: Argument("A,B"),
    Kind.BAND_FILES: Argument("NAME=PATH[#BAND]", {"action": "append"}),
    Kind.FILE_IN: Argument("FILE"),
    Kind.FOLDERS_IN: Argument("DIR", {"action": "append"}),
    Kind.RASTER_IN: Argument("RASTER"),
    Kind.SOURCE_IN: Argument("RASTER|URL"),
    Kind.VECTOR_IN: Argument("VECTOR"),
    Kind.LAYER_IN: Argument("RASTER|VECTOR"),
    Kind.RASTERS_IN: Argument("FILE", {"action": "extend", "nargs": "+"}),
    Kind.RASTER_OUT: Argument("RASTER"),
    Kind.VECTOR_OUT: Argument("VECTOR"),
    Kind.FOLDER_OUT: Argument("FOLDER"),
}
MOST_CHOICES_SHOWN = 6


def _add_sentence(parser: argparse.ArgumentParser, operation: DeclaredOperation) -> None:
    """What belongs to a sentence, where the operation may be asked for in one."""
    params = sentence_params(operation)
    for param in params:
        _add_argument(parser, param, required=False, prefix=PREFIX)
    if params:
        text = "map what was understood without asking"
        parser.add_argument("--yes", action="store_true", dest=f"{PREFIX}yes", help=text)


def _add_argument(
    parser: argparse.ArgumentParser, param: Param, required: bool, prefix: str = ""
) -> None:
    argument = ARGUMENTS[param.kind]
    options: dict[str, Any] = {"help": _help(param), **argument.options}
    if param.kind is not Kind.FLAG:
        options["metavar"] = _metavar(param, argument)
    if param.positional:
        if not required:
            options["nargs"] = "?"
        parser.add_argument(f"{prefix}{param.name}", **options)
        return
    parser.add_argument(_flag(param), dest=f"{prefix}{param.name}", required=required, **options)


def _flag(param: Param) -> str:
    if param.positional:
        return param.name.upper()
    return param.flag or f"--{param.name.replace('_', '-')}"


WORDING = Wording(
    declared_operations, _flag, lambda operation, options: f"flight {operation.name}{options}"
)


def _metavar(param: Param, argument: Argument) -> str:
    if not argument.metavar and len(param.choices) <= MOST_CHOICES_SHOWN:
        return "|".join(param.choices)
    if not argument.metavar or param.positional:
        return param.name.upper()
    return argument.metavar


def _help(param: Param) -> str:
    default = f" (default: {param.default})" if param.default not in (None, (), False) else ""
    return f"{param.title}. {param.help}{default}".replace("%", "%%")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    stop = threading.Event()
    given = list(sys.argv[1:] if arguments is None else arguments)
    for word in given:
        if any("\ud800" <= letter <= "\udfff" for letter in word):
            what = f"'{word}' cannot be used: it is not in the terminal's encoding."
            return _fail(f"{what} Set a locale of UTF-8, as LC_ALL=C.UTF-8 is.", USAGE)
    options = vars(build_parser(*given[:1]).parse_args(join_negative(given)))
    form, verbose = options.pop("_form"), options.pop("_verbose")
    declared, said = get_declared(options.pop("command")), Said.take(options)
    monitor = ConsoleMonitor(sys.stderr, stop, verbose)
    previous = _catch_signals(stop)
    try:
        operation = declared.load()
        settings = resolve_settings()
        options = said.fill_in(declared, options, WORDING, settings, monitor)
        params = WORDING.make_params(operation, options)
        gc.enable()
        result = WORDING.run(operation, params, settings, monitor)
    except Cancelled as error:
        return _fail(str(error), CANCELLED)
    except NoScenesError as error:
        if form == "json" and declared.name in LISTS:
            return _fail(str(error), _say(declared, "[]", 1))
        return _fail(str(error), 1)
    except InputError as error:
        return _fail(str(error), USAGE)
    except FirstLightError as error:
        return _fail(str(error), 1)
    except Exception as error:  # noqa: BLE001 - the outer door: what was not foreseen is a sentence
        if is_shortage(error):
            return _fail(f"flight {declared.name} failed: {SHORTAGE}", 1)
        if verbose:
            _fail(redact(traceback.format_exc()), 1)
        reason = redact(f"{type(error).__name__}: {error}")
        fault = "This is a fault in FirstLight; see --verbose."
        return _fail(f"flight {declared.name} failed: {reason}. {fault}", 1)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return _print(declared, result, form)


def join_negative(arguments: Sequence[str]) -> list[str]:
    """``--area -27.3,41.9,…`` and ``--formula -nir`` as one word.

    Argparse takes what begins with a minus and is no plain number for an option; ``-h`` is the only
    short one here.
    """
    joined: list[str] = []
    for word in arguments:
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


def _print(declared: DeclaredOperation, result: OperationResult, form: str) -> int:
    code = EXIT_CODES[result.status]
    if form == "json" and result.status == Status.FAILED:
        code = _fail(result.text, code)
    text = json.dumps(result.json_data(), indent=2) if form == "json" else result.text
    return _say(declared, text, code)


def _say(declared: DeclaredOperation, text: str, code: int) -> int:
    """Print to stdout; the exit code, which is another one where stdout does not take the text."""
    try:
        print(text, flush=True)
    except BrokenPipeError:  # `flight … | head`
        _close(sys.stdout)
    except OSError as error:
        _close(sys.stdout)
        what = f"The result of flight {declared.name} cannot be printed"
        hint = "The files that it names are written."
        return _fail(str(FirstLightError(what, error.strerror or str(error), hint)), 1)
    return code


def _fail(text: str, code: int) -> int:
    """Print to stderr, where somebody listens; the exit code."""
    try:
        print(shown(text, keep="\n"), file=sys.stderr, flush=True)
    except OSError:
        _close(sys.stderr)
    return code


def _close(stream: TextIO) -> None:
    """Let what is left in a stream that takes no more go nowhere, also when Python ends."""
    with suppress(OSError, ValueError):  # no stream of the system's
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _open_streams() -> None:
    """Stdin, stdout and stderr are there whoever has closed them, else the next file that is opened
    would take their number, and what GDAL prints; what their encoding does not know is spelled out.
    """
    for number, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # the wrong way round: whoever uses it is told
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", closefd=False))
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _catch_signals(stop: threading.Event) -> dict[int, Any]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}


def entry() -> None:
    """Entry point of the ``flight`` script."""
    settle_in()
    _open_streams()
    if not sys.warnoptions:  # libraries' notes to developers; what a user must know is a sentence
        warnings.simplefilter("ignore")
    sys.exit(main())


if __name__ == "__main__":
    entry()
