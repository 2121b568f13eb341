# title: async-geotiff with obstore
# python: peers
import asyncio
import time

import numpy as np
from async_geotiff import GeoTIFF, Window
from obstore.store import HTTPStore
from task import BANDS, OUT, SOURCE, outward, report

began = time.perf_counter()
store = HTTPStore.from_url(SOURCE, client_options={"allow_http": True})


async def fetch(band: str) -> None:
    image = await GeoTIFF.open(f"{band}.tif", store=store)
    (top, bottom), (left, right) = outward(image.transform)
    read = await image.read(
        window=Window(col_off=left, row_off=top, width=right - left, height=bottom - top)
    )
    np.save(OUT / f"{band}.npy", read.data[0])


async def fetch_all() -> None:
    await asyncio.gather(*map(fetch, BANDS))


asyncio.run(fetch_all())
report(began)
