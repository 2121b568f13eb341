"""What the tests of products share: the sample event, mapped once."""

from __future__ import annotations

import pytest

from support.sample_event import MappedSample, map_sample


@pytest.fixture(scope="session")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> MappedSample:
    """Not to be changed: tests that do copy its folder."""
    return map_sample(tmp_path_factory.mktemp("sample"))
