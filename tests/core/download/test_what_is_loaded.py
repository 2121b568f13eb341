"""What an area's tiles wait for: the requests are sent before the libraries that read rasters are
loaded, and none of the tiles waits for numpy.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.shutil import copy
from rasterio.transform import from_origin

from support.waiting import PATIENCE_S

SCRIPT = """if True:
    import sys
    from pathlib import Path
    from firstlight.core.discovery import items_file
    from firstlight.core.download import band_downloader, plan
    bad = {"numpy", "osgeo", "rasterio"}
    assert not bad & set(sys.modules), bad & set(sys.modules)
    assert "firstlight.core.raster.facts" not in sys.modules
    from firstlight.core.download import cog_mirror
    cog_mirror.warm_up()
    path = Path(sys.argv[1])
    ring = [[8.9, 46.9], [9.1, 46.9], [9.1, 47.0], [8.9, 46.9]]
    area = {"type": "Polygon", "coordinates": [ring]}
    found = cog_mirror.plan_window(path, path.stat().st_size, area)
    cog_mirror.cut_window(path, found.window, Path(sys.argv[2]), {})
    assert "numpy" not in sys.modules
    print(found.window.rows, found.window.cols)
"""


def test_an_area_s_tiles_are_asked_for_and_written_without_numpy(tmp_path: Path) -> None:
    plain, cog, cut = tmp_path / "plain.tif", tmp_path / "cog.tif", tmp_path / "cut.tif"
    pixels = np.arange(1024 * 1024, dtype=np.uint16).reshape(1024, 1024)
    words = {"driver": "GTiff", "width": 1024, "height": 1024, "count": 1, "dtype": "uint16"}
    place = {"crs": "EPSG:32632", "transform": from_origin(490000.0, 5210000.0, 20.0, 20.0)}
    with rasterio.open(plain, "w", **words, **place) as file:
        file.write(pixels, 1)
    copy(plain, cog, driver="COG")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(cog), str(cut)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    with rasterio.open(cut) as file:
        assert [str(side) for side in file.shape] == done.stdout.split()
        left, top = round((file.bounds.left - 490000) / 20), round((5210000 - file.bounds.top) / 20)
        own = pixels[top : top + file.height, left : left + file.width]
        assert np.array_equal(file.read(1), own)
