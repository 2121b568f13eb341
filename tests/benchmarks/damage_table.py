"""Print the table of docs/validation.md: which damage the quick and the deep look find, and by
which checks.

Run from the repository: ``python tests/benchmarks/damage_table.py`` with the package importable as
``firstlight``.
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.validation.image_validator import ValidationSpec, validate
from support.damage import BANDS, SUITE, Damage, make_scene

SENSOR = get_sensor("sentinel2")


def look(path: Path, depth: str) -> set[str]:
    """Codes of errors and warnings."""
    spec = ValidationSpec(SENSOR, SENSOR.required, BANDS)
    report = validate(
        path, spec, dataclasses.replace(Settings(), validation_depth=depth), RecordingMonitor()
    )
    return {finding.code for finding in report.findings if finding.severity != "info"}


def row(sound: Path, damage: Damage, work: Path) -> tuple[str, bool]:
    """One line of the table, and whether the quick look found it."""
    folder = work / "scene"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(sound, folder)
    damage.spoil(folder)
    quick, deep = (look(folder / damage.target, depth) for depth in ("quick", "deep"))
    said = ", ".join(f"`{code}`" for code in sorted(quick or deep)) or "nothing"
    seen = ["yes" if codes & set(damage.codes) else "no" for codes in (quick, deep)]
    return f"| {damage.name} | {seen[0]} | {seen[1]} | {said} |", seen[0] == "yes"


def main() -> None:
    """Make the scene, spoil it in every way, print."""
    with tempfile.TemporaryDirectory() as place:
        sound = Path(place) / "sound"
        make_scene(sound)
        rows = [row(sound, damage, Path(place)) for damage in SUITE]
    print("| damage | quick | deep | found by |\n|---|---|---|---|")
    print("\n".join(text for text, _ in rows))
    print(f"\n{sum(seen for _, seen in rows)} of {len(rows)} are found by the quick look.")


if __name__ == "__main__":
    main()
