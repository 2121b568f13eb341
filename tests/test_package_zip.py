"""What is looked through before the plugin's zip is written, and the zip itself."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "scripts" / "package_zip.py"
README = """# Plugin

[Guide](docs/guide.md#part), [elsewhere](https://example.org/x)

<!-- only in the repository -->
[Tests](tests/README.md)
<!-- until here -->
The end.
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "work" / "firstlight"
    (top / "docs").mkdir(parents=True)
    for name in ("metadata.txt", "LICENSE", "__init__.py", "docs/guide.md"):
        (top / name).write_text("x\n")
    (top / "README.md").write_text(README)
    return top


def pack(tree: Path) -> tuple[int, str, Path]:
    target = tree.parent.parent / "plugin.zip"
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tree.parent), str(target), "1700000000"],
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr, target


def test_the_same_bytes_and_pages_of_what_is_in_it(tree: Path) -> None:
    code, said, target = pack(tree)
    assert (code, said) == (0, "")
    first = target.read_bytes()
    with zipfile.ZipFile(target) as file:
        assert "firstlight/LICENSE" in file.namelist()
        page = file.read("firstlight/README.md").decode()
    assert "tests/README.md" not in page
    assert "only in the repository" not in page
    assert page.endswith("The end.\n")
    assert pack(tree)[0] == 0
    assert target.read_bytes() == first


def file(name: str, text: str = "x") -> Callable[[Path], object]:
    def write(top: Path) -> None:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)

    return write


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (file("core/fast/core.cpython-311-x86_64-linux-gnu.so"), "is compiled"),
        (file("core/lib/libgdal.so.36.1"), "is compiled"),
        (file("core/__pycache__/a.cpython-311.pyc"), "is compiled"),
        (file("core/x/y.dll"), "is compiled"),
        (file("tests/test_a.py"), "tests/test_a.py is for developers"),
        (file("scripts/a.sh"), "is for developers"),
        (file("../other/a.py"), "more than one folder at its top"),
        (file("README.md", "[lost](docs/gone.md)"), "README.md leads to docs/gone.md"),
        (file("docs/guide.md", "![lost](images/gone.png)"), "leads to images/gone.png"),
        (lambda top: (top / "LICENSE").unlink(), "LICENSE is missing"),
        (lambda top: (top / "core").symlink_to("/etc"), "core is a link"),
    ],
)
def test_what_must_not_be_in_it(tree: Path, plant: Callable[[Path], object], said: str) -> None:
    plant(tree)
    code, told, target = pack(tree)
    assert code == 1
    assert said in told
    assert not target.exists()
