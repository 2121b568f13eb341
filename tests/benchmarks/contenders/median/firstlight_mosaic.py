# title: FirstLight, mosaic of a median, clouds left out
# python: firstlight
import json
import time

from median_rules import BAND, dates
from task import CRS, OUT, report

from firstlight.core.discovery.area import parse_area
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.mosaic import MosaicParams, run_mosaic
from firstlight.core.settings import resolve_settings

found = dates()
items, area = OUT / "items.json", OUT / "area.geojson"
items.write_text(json.dumps(found), encoding="utf-8")
west, south, east, north = found["features"][0]["bbox"]
area.write_text(
    json.dumps(
        {
            "type": "Polygon",
            "coordinates": [
                [[west, south], [east, south], [east, north], [west, north], [west, south]]
            ],
        }
    ),
    encoding="utf-8",
)
began = time.perf_counter()
params = MosaicParams(
    items=items,
    area=parse_area(str(area)),
    bands=(BAND,),
    rule="median",
    crs=CRS,
    output=OUT / "median.tif",
)
print(run_mosaic(params, resolve_settings(), RecordingMonitor()).text)
report(began)
