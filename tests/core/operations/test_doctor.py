"""The look at the installation: what is there, what is missing, without a secret."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.errors import Cancelled
from firstlight.core.installation import needed, shared_gdal
from firstlight.core.installation.needed import REQUIRED, Library
from firstlight.core.monitor import Progress, RecordingMonitor
from firstlight.core.operation import OperationResult
from firstlight.core.operations.help import doctor
from firstlight.core.settings import Settings
from firstlight.core.text import remember_secret
from support.libraries import ask_for_few
from support.run import run_operation


@pytest.fixture(autouse=True)
def few_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_for_few(monkeypatch)


@pytest.fixture(scope="module")
def said() -> dict[tuple[str, ...], Any]:
    """What the processes have said of libraries so far."""
    return {}


@pytest.fixture
def looked_at_once(said: dict[tuple[str, ...], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries are asked one time for all tests that are about something else."""
    ask = doctor.probe_libraries  # type: ignore[attr-defined]

    def once(python: str, names: tuple[str, ...], waiting: Any) -> Any:
        if names not in said:
            said[names] = ask(python, names, waiting)
        return said[names]

    monkeypatch.setattr(doctor, "probe_libraries", once)


def add(monkeypatch: pytest.MonkeyPatch, *more: Library) -> None:
    monkeypatch.setattr(doctor, "REQUIRED", (*doctor.REQUIRED, *more))  # type: ignore[attr-defined]


def look(**params: Any) -> OperationResult:
    return run_operation("doctor", **params)


def test_a_sound_installation(tmp_path: Path) -> None:
    from osgeo import gdal

    result = look(output=tmp_path / "new" / "folder")
    data = result.json_data()
    assert data["problems"] == []
    assert result.outputs["count"] == 0
    found = data["libraries"]["GDAL"]
    assert found["gdal"] == gdal.VersionInfo("RELEASE_NAME")
    assert found["proj"].count(".") == 2
    assert any("libgdal" in file for file in found["loaded"])
    assert f"GDAL {found['version']}, with PROJ {found['proj']}" in result.text
    assert f"{tmp_path / 'new' / 'folder'}: can be written" in result.text
    assert "Nothing is missing." in result.text
    assert list(tmp_path.iterdir()) == [], "nothing stays there"


def test_a_library_that_need_not_be_there_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is there and lacks something itself is one."""
    (tmp_path / "half_there.py").write_text("import not_here_either")
    monkeypatch.syspath_prepend(str(tmp_path))
    extras = (Library("not_here", "not-here"), Library("half_there", "half-there"))
    monkeypatch.setattr(doctor, "USED", (*doctor.USED, *extras))  # type: ignore[attr-defined]
    result = look()
    assert "\n  not-here: not there, and not needed\n" in result.text
    assert "half-there: ModuleNotFoundError: No module named 'not_here_either'" in result.text
    assert result.json_data()["problems"] == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ImportError('numpy.core.multiarray failed')", "numpy.core.multiarray failed"),
        ("import os; os._exit(9)", "its process ends with 9"),
        ("import ctypes; ctypes.string_at(0)", "its process ends with -11"),
        ("class X(BaseException): pass\nraise X('odd')", "odd"),
        (None, "No module named 'bad_library'"),
    ],
)
def test_what_cannot_be_imported_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str | None, said: str
) -> None:
    if code is not None:
        (tmp_path / "bad_library.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    add(monkeypatch, Library("bad_library", "bad-library"))
    result = look()
    [problem] = result.json_data()["problems"]
    assert problem.startswith("bad-library cannot be used: ")
    assert said in problem
    assert "python3 -m pip install bad-library" in problem
    assert result.warnings == (problem,)
    assert problem in result.text


@pytest.mark.usefixtures("looked_at_once")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for folder in (file / "here", file / "further" / "down"):
        [problem] = look(output=folder).json_data()["problems"]
        assert f"The folder for output {folder} cannot be written: " in problem
    assert look(output=tmp_path).json_data()["problems"] == []


@pytest.mark.usefixtures("looked_at_once")
def test_no_secret_stands_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    remember_secret("opensesame-77")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hush-hush-1@proxy.example:3128")
    settings = dataclasses.replace(
        Settings(), proxies={"http": "http://you:opensesame-77@inner.example:80"}
    )
    result = look(settings=settings)
    told = f"{result.text} {result.json_data()}"
    assert "proxy.example:3128" in told
    assert "inner.example" in told
    assert "hush-hush-1" not in told
    assert "opensesame-77" not in told


@pytest.mark.usefixtures("looked_at_once")
@pytest.mark.parametrize(
    ("reader", "why"),
    [
        ("osgeo", "Rasters are read by osgeo: as FIRSTLIGHT_READER says"),
        ("", "Rasters are read by osgeo: it is in every QGIS\nrasterio "),
        ("gdal", "FIRSTLIGHT_READER cannot be gdal"),
    ],
)
def test_why_rasters_are_read_so(monkeypatch: pytest.MonkeyPatch, reader: str, why: str) -> None:
    monkeypatch.setenv("FIRSTLIGHT_READER", reader)
    doctor.reading.cache_clear()
    try:
        assert why in look().text
    finally:
        doctor.reading.cache_clear()


def test_it_can_be_stopped() -> None:
    with pytest.raises(Cancelled):
        look(monitor=RecordingMonitor(cancel_when=lambda event: True))


@pytest.fixture
def asleep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library that is never imported to its end; its process notes its number."""
    note = tmp_path / "process"
    code = (
        "import os, time\n"
        f"part, note = {str(note) + '.part'!r}, {str(note)!r}\n"
        "with open(part, 'w') as file:\n"
        "    file.write(str(os.getpid()))\n"
        "os.replace(part, note)\n"  # there only with its number
        "time.sleep(600)\n"
    )
    (tmp_path / "sleeping_library.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    add(monkeypatch, Library("sleeping_library", "sleeping-library"))
    return note


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.thorough
def test_what_is_waited_for_is_told_and_has_a_limit(
    asleep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 2.5
    real = doctor.probe_libraries  # type: ignore[attr-defined]

    def hasty(python: str, names: Any, waiting: Any) -> Any:
        """The limit is that of the sleeper alone."""
        with pytest.MonkeyPatch.context() as patch:
            if names == ("sleeping_library",):
                patch.setattr(shared_gdal, "LIMIT_S", limit)
            return real(python, names, waiting)

    monkeypatch.setattr(doctor, "probe_libraries", hasty)
    monitor = RecordingMonitor()
    result = look(monitor=monitor)
    told = [event for event in monitor.events if isinstance(event, Progress)]
    waits = [one.detail for one in told if one.message == "Looking at sleeping-library"]
    assert waits[0] == ""
    # A busy computer tells the seconds late.
    assert any(re.fullmatch(r"\d+ of at most 30 s", told) for told in waits[1:])
    [problem] = result.json_data()["problems"]
    assert problem.startswith("sleeping-library may not be usable: it is not imported after 2 s. ")
    assert "check again" in problem
    assert "pip install" not in problem, "it may well be there"
    assert [one.fraction for one in told] == sorted(one.fraction for one in told)
    if asleep.exists():
        assert is_gone(int(asleep.read_text()))


def test_a_stop_does_not_wait_for_a_library(asleep: Path) -> None:
    monitor = RecordingMonitor(cancel_when=lambda event: asleep.exists())
    with pytest.raises(Cancelled):
        look(monitor=monitor)
    assert is_gone(int(asleep.read_text()))


def test_what_is_needed_is_what_the_distribution_is_asked_for() -> None:
    root = Path(needed.__file__).parents[2]
    told = (root / "pyproject.toml").read_text(encoding="utf-8")
    for library in REQUIRED:
        if library.module not in ("numpy", "osgeo"):  # they come with QGIS
            assert f'"{library.package}>=' in told
