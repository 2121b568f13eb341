"""A process of FirstLight's own: it ends quickly, and its threads share their memory."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

HEAPS, THREADS = 2, 12
"""Without a limit there would be eight for a single core, on every machine more than two."""
PROGRAM = """if True:
    import ctypes, gc, sys, threading
    from firstlight.core.doors.own_process import settle_in

    if sys.argv[2] == "own":
        settle_in(int(sys.argv[4]))
        assert not gc.isenabled()
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    together = threading.Barrier(int(sys.argv[3]))

    def take() -> None:
        together.wait()
        assert libc.malloc(1000)
        together.wait()

    threads = [threading.Thread(target=take) for _ in range(int(sys.argv[3]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    libc.fopen.restype = ctypes.c_void_p
    file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
    assert libc.malloc_info(0, file) == 0
    libc.fclose(file)
"""


def heaps(folder: Path, kind: str) -> int:
    """Heaps of glibc's malloc after so many threads have taken some memory at once."""
    told = folder / kind
    words = [sys.executable, "-c", PROGRAM, str(told), kind, str(THREADS), str(HEAPS)]
    subprocess.run(words, check=True)
    return told.read_text().count("<heap ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has so many heaps")
def test_threads_share_few_heaps(tmp_path: Path) -> None:
    assert heaps(tmp_path, "own") <= HEAPS < heaps(tmp_path, "of others")
