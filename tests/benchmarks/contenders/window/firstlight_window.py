# title: FirstLight, georeferenced files, tiles checked
# python: firstlight
# The download engine alone, as ingest calls it for an area: headers, tiles, windows as GeoTIFFs,
# sums recorded.
import json
import sys
import time

from task import AREA, BANDS, ITEMS, OUT, report

from firstlight.core.discovery.items_file import read_items
from firstlight.core.download.band_downloader import download_bands
from firstlight.core.download.plan import plan_downloads
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import resolve_settings

began = time.perf_counter()
area = json.loads(AREA.read_text(encoding="utf-8"))
geometry = area.get("geometry") or area
scene = read_items(ITEMS)[0]
files, failures = download_bands(
    plan_downloads(scene, BANDS, OUT, geometry), resolve_settings(), RecordingMonitor()
)
if failures or not all(file.sha256 for file in files):
    sys.exit(f"not downloaded: {failures or 'no sha2-256 recorded'}")
report(began)
