# title: FirstLight, sha2-256 verified and recorded
# python: firstlight
# Without the cache. The download engine alone, as ingest calls it: plan, fetch 4 at once with the
# item's checksums, check the files, record the sums.
import sys

from task import BANDS, ITEMS, OUT

from firstlight.core.discovery.items_file import read_items
from firstlight.core.download.band_downloader import download_bands
from firstlight.core.download.plan import plan_downloads
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import resolve_settings

scene = read_items(ITEMS)[0]
files, failures = download_bands(
    plan_downloads(scene, BANDS, OUT), resolve_settings({"cache_days": 0}), RecordingMonitor()
)
if failures or not all(file.sha256 for file in files):
    sys.exit(f"not downloaded: {failures or 'no sha2-256 recorded'}")
