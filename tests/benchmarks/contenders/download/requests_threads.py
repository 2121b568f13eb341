# title: requests, 4 threads, no checksum
# python: peers
import shutil
from concurrent.futures import ThreadPoolExecutor

import requests
from task import BANDS, OUT, SOURCE

session = requests.Session()


def fetch(band: str) -> None:
    with (
        session.get(f"{SOURCE}/{band}.tif", stream=True, timeout=60) as answer,
        (OUT / f"{band}.tif").open("wb") as file,
    ):
        answer.raise_for_status()
        shutil.copyfileobj(answer.raw, file, 1 << 20)


with ThreadPoolExecutor(4) as pool:
    list(pool.map(fetch, BANDS))
