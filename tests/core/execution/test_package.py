"""FirstLight as it is sent to workers: code and shipped configuration, from a zip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from firstlight.core.execution.package import digest, make_zip

PROGRAM = """
import sys
sys.path[:] = [path for path in sys.path if not path.endswith("package")]
sys.meta_path[:] = [one for one in sys.meta_path if "editable" not in repr(one).lower()]
sys.path.insert(0, sys.argv[1])
import firstlight
assert firstlight.__file__.startswith(sys.argv[1]), firstlight.__file__
from firstlight.core.accounts.providers import load_providers
from firstlight.core.execution.package import digest
print(len(load_providers()), digest())
"""


@pytest.mark.thorough
def test_a_worker_reads_the_shipped_configuration_from_the_zip(tmp_path: Path) -> None:
    sent = make_zip(tmp_path)
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(sent)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    providers, found = told.stdout.split()
    assert int(providers) > 5
    assert found == digest(), "the same digest from the zip as from the folder"
