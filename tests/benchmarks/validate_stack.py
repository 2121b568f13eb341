"""How long the validation of a large stack takes, and how much memory: against ``gdalinfo
-approx_stats``.

    python tests/benchmarks/validate_stack.py FOLDER [REPEATS]

FOLDER holds blue, green, red, nir, swir16 and swir22 as COGs of a Sentinel-2 tile (10980 pixels a
side at 10 m). Both contenders run in turn, each time in a process of their own; ours is timed after
import, theirs whole. The deviation is compared with that of a full read.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")


def validate_once(stack: Path) -> None:
    """In a process of its own: validate, print seconds, processor seconds, peak memory and
    deviations as JSON.
    """
    import numpy  # noqa: F401
    import rasterio  # noqa: F401
    from osgeo import gdal  # noqa: F401

    from firstlight.core.discovery.band_config import get_sensor
    from firstlight.core.monitor import RecordingMonitor
    from firstlight.core.settings import Settings
    from firstlight.core.validation.image_validator import ValidationSpec, validate

    sensor = get_sensor("sentinel2")
    imported = peak_kb()
    began, cpu = time.perf_counter(), time.process_time()
    report = validate(
        stack, ValidationSpec(sensor, sensor.required, BANDS), Settings(), RecordingMonitor()
    )
    seconds, processor = time.perf_counter() - began, time.process_time() - cpu
    peak = peak_kb()
    stds = {name: figures["std_stored"] for name, figures in report.measured.items()}
    print(
        json.dumps(
            {
                "seconds": seconds,
                "processor": processor,
                "peak_mb": peak / 1024,
                "imported_mb": imported / 1024,
                "ok": report.ok,
                "std": stds,
            }
        )
    )


def peak_kb() -> int:
    """Most resident memory of this program; ``ru_maxrss`` counts whoever started it, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def run_gdalinfo(stack: Path) -> float:
    """Seconds of ``gdalinfo -approx_stats``, which must not find the statistics of the
    run before.
    """
    for left in stack.parent.glob("*.aux.xml"):
        left.unlink()
    began = time.perf_counter()
    subprocess.run(["gdalinfo", "-approx_stats", str(stack)], check=True, capture_output=True)
    seconds = time.perf_counter() - began
    for left in stack.parent.glob("*.aux.xml"):
        left.unlink()
    return seconds


def full_std(path: Path) -> float:
    """Standard deviation of all pixels with data, read block by block."""
    import numpy as np
    import rasterio

    count, total, squares = 0, 0.0, 0.0
    with rasterio.open(path) as dataset:
        for _, window in dataset.block_windows(1):
            data = dataset.read(1, window=window)
            data = data[data != 0].astype(np.float64)
            count, total, squares = count + data.size, total + data.sum(), squares + (data**2).sum()
    return float(np.sqrt(squares / count - (total / count) ** 2))


def main(folder: Path, repeats: int) -> None:
    """Run both in turn, print medians."""
    from firstlight.core.stack.band_stack import BandSource, create_band_stack
    from firstlight.core.types import Radiometry

    rule = Radiometry(0.0001, -0.1, 0.0, "reflectance")
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        for name in BANDS:
            os.link(folder / f"{name}.tif", Path(place) / f"{name}.tif")
        sources = {name: BandSource(Path(place) / f"{name}.tif", radiometry=rule) for name in BANDS}
        stack = create_band_stack(sources, Path(place) / "s.vrt", band_order=list(BANDS)).path
        ours, theirs = [], []
        for _ in range(repeats):
            done = subprocess.run(
                [sys.executable, __file__, "--once", str(stack)],
                check=True,
                capture_output=True,
                text=True,
            )
            ours.append(json.loads(done.stdout))
            theirs.append(run_gdalinfo(stack))
        errors = [
            100 * (ours[0]["std"][name] / full_std(folder / f"{name}.tif") - 1) for name in BANDS
        ]
    seconds = [one["seconds"] for one in ours]
    print(
        f"validate: median {1000 * statistics.median(seconds):.0f} ms, least "
        f"{1000 * min(seconds):.0f} ms after import, ",
        end="",
    )
    print(
        f"{1000 * statistics.median(one['processor'] for one in ours):.0f} ms of processor, ",
        end="",
    )
    print(
        f"peak {max(one['peak_mb'] for one in ours):.0f} MB ({ours[0]['imported_mb']:.0f} MB "
        "after import)"
    )
    print(
        f"gdalinfo -approx_stats: median {1000 * statistics.median(theirs):.0f} ms, least "
        f"{1000 * min(theirs):.0f} ms, whole process"
    )
    print(
        "deviation against a full read, %: "
        + ", ".join(f"{name} {error:+.2f}" for name, error in zip(BANDS, errors))
    )
    print(
        f"load average at the end: {os.getloadavg()[0]:.1f}; all reports valid: "
        f"{all(one['ok'] for one in ours)}"
    )


if __name__ == "__main__":
    if sys.argv[1] == "--once":
        validate_once(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
