# title: obstore, 6 threads, no checksum
# python: peers
from concurrent.futures import ThreadPoolExecutor

import obstore
from obstore.store import HTTPStore
from task import BANDS, OUT, SOURCE

store = HTTPStore.from_url(SOURCE, client_options={"allow_http": True})


def fetch(band: str) -> None:
    with (OUT / f"{band}.tif").open("wb") as file:
        for piece in obstore.get(store, f"{band}.tif").stream(min_chunk_size=1 << 20):
            file.write(piece)


with ThreadPoolExecutor(6) as pool:
    list(pool.map(fetch, BANDS))
