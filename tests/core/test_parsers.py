"""Whatever comes from elsewhere is read, or refused by one sentence: no parser gives up otherwise.

``scripts/fuzz.py`` runs the same for as long as wanted.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from firstlight.core.errors import FirstLightError
from support.parsers import PARSERS


@pytest.mark.thorough
@pytest.mark.parametrize("name", PARSERS)
def test_odd_input_is_read_or_refused(name: str, tmp_path: Path) -> None:
    parser = PARSERS[name]

    @settings(
        max_examples=40,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(parser.inputs)
    def parse(given_input: Any) -> None:
        with suppress(FirstLightError):
            parser.run(given_input, tmp_path)

    parse()
