"""Run as a program: one scheduler or worker of Dask, which ends when the program that started it
ends, however that ends.

``python cluster_process.py FOLDER scheduler|worker OPTION…`` with the options of ``dask scheduler``
and ``dask worker``. Its standard input is a pipe from the program that started it: the operating
system closes that with the program, also after a crash. Then the cluster's folder, which holds its
key, is removed.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading


def follow(pipe: int, folder: str) -> None:
    """End this process, and remove the folder, as soon as the pipe is closed at its other end."""
    try:
        while os.read(pipe, 1024):
            pass
        os.chdir(os.path.dirname(folder))  # Windows keeps a folder that somebody is in
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(0)


def main() -> None:
    """Follow the starter, and do what Dask's own program does."""
    import importlib

    folder, kind, options = sys.argv[1], sys.argv[2], sys.argv[3:]
    threading.Thread(target=follow, args=(sys.stdin.fileno(), folder), daemon=True).start()
    importlib.import_module(f"distributed.cli.dask_{kind}").main(options)


if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder, whose modules are nobody's libraries
    main()
