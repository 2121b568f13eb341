"""Listings of folders and archives, and YAML in circles: bounded, whatever lies there."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from firstlight.core.errors import InputError, SettingsError
from firstlight.core.files import archive
from firstlight.core.files.archive import MOST_DEPTH, list_files
from firstlight.core.files.checksum import contradicts
from firstlight.core.files.yaml_file import read_yaml


def test_folders_are_listed_so_deep_and_no_deeper(tmp_path: Path) -> None:
    folder = tmp_path
    for number in range(MOST_DEPTH + 3):
        folder = folder / str(number)
        folder.mkdir()
        (folder / "a.txt").write_text("")
    assert max(name.count("/") for name in list_files(tmp_path).names) == MOST_DEPTH


def test_an_archive_of_too_many_files_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    for count in (3, 4):
        with zipfile.ZipFile(tmp_path / f"{count}.zip", "w") as packed:
            for number in range(count):
                packed.writestr(str(number), "")
    assert len(list_files(tmp_path / "3.zip").names) == 3
    with pytest.raises(InputError, match="more than 3 files"):
        list_files(tmp_path / "4.zip")


def test_a_sum_of_another_kind_contradicts_nothing() -> None:
    assert not contradicts(f"md5:{'0' * 32}", "1" * 64)
    assert contradicts(f"sha256:{'0' * 64}", "1" * 64)


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "a: &a [1, {b: [*a]}]"])
def test_what_stands_for_what_it_is_in_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match="with its aliases"):
        read_yaml(file)
