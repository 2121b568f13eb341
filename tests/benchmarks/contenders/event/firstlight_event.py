# title: FirstLight, the command to the report: two maps, confidence, outlines, catalogue
# python: firstlight
# The command as a person gives it. With BENCH_TIMELINE (a file) it also notes when each stage
# began and each band came, for the timeline of docs/benchmarks.md.
import os
import sys
import time

from task import AREA, CATALOG, OUT

from firstlight.core import cli

WORDS = ["event", "--event", "wildfire", "--date", "2024-07-20", "--catalog", CATALOG]
BEGAN = time.monotonic()


def note_stages(path: str) -> None:
    """Write each message that the command tells, with the seconds of time and of CPU until then."""
    tell = cli.ConsoleMonitor.emit
    with open(path, "w", encoding="utf-8"):
        pass

    def emit(monitor, event):
        text = getattr(event, "message", "") or getattr(event, "text", "")
        state = getattr(event, "state", "")
        if state:
            text = f"{event.item_id} {event.band} {state}" if state != "downloading" else ""
        if text and text != emit.last:
            emit.last = text
            with open(path, "a", encoding="utf-8") as file:
                file.write(f"{time.monotonic() - BEGAN:.2f}\t{time.process_time():.2f}\t{text}\n")
        tell(monitor, event)

    emit.last = ""
    cli.ConsoleMonitor.emit = emit


if os.environ.get("BENCH_TIMELINE"):
    note_stages(os.environ["BENCH_TIMELINE"])
sys.exit(cli.main([*WORDS, "--area", str(AREA), "--output", str(OUT / "event")]))
