"""Give a parser odd input for as long as wanted: ``fuzz.py PARSER SECONDS``.

The parsers and their input are those of ``tests/core/test_parsers.py``. Where ``atheris`` can be
imported, it steers what is given by the branches of FirstLight that it reaches; else Hypothesis
alone chooses, and shows what a parser should have refused and did not in its smallest form.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROUND = 500
"""Inputs between two looks at the clock."""
SEEDS, SEED_BYTES = 64, 8192
"""What atheris begins with. Hypothesis makes whole inputs of so many bytes; from nothing it takes
longer than anybody waits until the first input has enough.
"""


def main() -> int:
    sys.path[:0] = [str(ROOT / "build" / "package"), str(ROOT / "tests")]
    atheris = _find_atheris()
    with _watched(atheris):
        from support.parsers import PARSERS

        parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
        parser.add_argument("parser", choices=PARSERS)
        parser.add_argument("seconds", type=float)
        given = parser.parse_args()
        with tempfile.TemporaryDirectory(prefix="firstlight-fuzz-") as folder:
            fuzzer = Fuzzer(given.parser, Path(folder))
            if atheris is None:
                fuzzer.by_chance(given.seconds)
            else:
                fuzzer.steered(given.seconds, atheris)
    return 0


class Fuzzer:
    """Gives one parser its input, and counts."""

    def __init__(self, name: str, folder: Path) -> None:
        from hypothesis import HealthCheck, given, settings

        from firstlight.core.errors import FirstLightError
        from support.parsers import PARSERS

        self.name, self.folder = name, folder
        self.began = time.monotonic()
        self.count = self.refused = 0

        def parse(one: Any) -> None:
            self.count += 1
            self.given = one
            try:
                PARSERS[name].run(one, folder)
            except FirstLightError:
                self.refused += 1

        self.test = settings(
            max_examples=ROUND,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )(given(PARSERS[name].inputs)(parse))

    def tell(self) -> None:
        """How much was given."""
        numbers = f"{self.count} inputs, {self.refused} of them refused"
        took = time.monotonic() - self.began
        print(f"{self.name}: {numbers}, in {took:.0f} s, nothing found", flush=True)

    def by_chance(self, seconds: float) -> None:
        """Run until the time is over. What is found is raised."""
        from hypothesis import seed

        number = 0
        while time.monotonic() < self.began + seconds:
            number += 1
            seed(number)(self.test)()
        self.tell()

    def steered(self, seconds: float, atheris: ModuleType) -> None:
        """The same; it ends the process, as atheris does."""
        corpus = self.folder / "corpus"
        corpus.mkdir()
        chance = random.Random(self.name)
        for number in range(SEEDS):
            (corpus / str(number)).write_bytes(chance.randbytes(SEED_BYTES))

        def one_input(data: bytes) -> None:
            if time.monotonic() > self.began + seconds:
                self.tell()
                shutil.rmtree(self.folder)
                os._exit(0)
            try:
                self.test.hypothesis.fuzz_one_input(data)
            except BaseException:
                print(f"{self.name}: found with {self.given!r}", flush=True)
                raise

        words = [f"-max_len={SEED_BYTES}", "-len_control=0", f"-artifact_prefix={self.folder}/"]
        atheris.Setup([sys.argv[0], *words, str(corpus)], one_input)
        atheris.Fuzz()


def _find_atheris() -> ModuleType | None:
    with suppress(ImportError):
        import atheris

        return atheris  # type: ignore[no-any-return]
    return None


def _watched(atheris: ModuleType | None) -> AbstractContextManager[Any]:
    """What is imported meanwhile tells atheris its branches; some is when it is needed."""
    return nullcontext() if atheris is None else atheris.instrument_imports(include=["firstlight"])


if __name__ == "__main__":
    sys.exit(main())
