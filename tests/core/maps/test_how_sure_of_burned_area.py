"""Burned area as ``test_how_sure.py`` has burn severity: another process, as it takes as long."""

from __future__ import annotations

import pytest

from support.judged_maps import JudgedPlaces, steps


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> JudgedPlaces:
    return JudgedPlaces(tmp_path_factory.mktemp)


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "count"), steps("burned-area"))
def test_of_many_places_most_intervals_hold_the_truth(
    kind: str, count: int, places: JudgedPlaces
) -> None:
    places.check(kind, count)
