"""Give a parser odd input for as long as wanted: ``fuzz.py PARSER SECONDS``.

The parsers and their input are those of ``tests/core/test_parsers.py``. Where ``atheris`` can be
imported, it steers what is given by what the code does with it; else Hypothesis alone does. What a
parser should have refused and did not is shown in its smallest form.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROUND = 500
"""Inputs between two looks at the clock."""


def main() -> int:
    sys.path[:0] = [str(ROOT / "build" / "package"), str(ROOT / "tests")]
    from support.parsers import PARSERS

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parser", choices=PARSERS)
    parser.add_argument("seconds", type=float)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="firstlight-fuzz-") as folder:
        count = fuzz(given.parser, began + given.seconds, Path(folder))
    print(f"{given.parser}: {count} inputs in {time.monotonic() - began:.0f} s, nothing found")
    return 0


def fuzz(name: str, end: float, folder: Path) -> int:
    """Run until the time is over; the number of inputs. What is found is raised."""
    from hypothesis import HealthCheck, given, seed, settings

    from firstlight.core.errors import FirstLightError
    from support.parsers import PARSERS

    count = 0

    def parse(one: Any) -> None:
        nonlocal count
        count += 1
        with suppress(FirstLightError):
            PARSERS[name].run(one, folder)

    test = settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(given(PARSERS[name].inputs)(parse))
    if _steered(test.hypothesis.fuzz_one_input, end):
        return count
    number = 0
    while time.monotonic() < end:
        number += 1
        seed(number)(test)()
    return count


def _steered(one_input: Callable[[bytes], Any], end: float) -> bool:
    """Let atheris choose the inputs; False where it is not there."""
    try:
        import atheris
    except ImportError:
        return False
    seconds = max(1, int(end - time.monotonic()))
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}"], one_input)
    atheris.Fuzz()
    return True


if __name__ == "__main__":
    sys.exit(main())
