"""Run as a program: one scheduler or worker of Dask, which ends when the program that started it
ends, however that ends.

``python cluster_process.py scheduler|worker OPTION…`` with the options of ``dask scheduler`` and
``dask worker``. Its standard input is a pipe from the program that started it: the operating system
closes that with the program, also after a crash.
"""

from __future__ import annotations

import os
import sys
import threading


def follow(pipe: int) -> None:
    """End this process as soon as the pipe is closed at its other end."""
    while os.read(pipe, 1024):
        pass
    os._exit(0)


def main() -> None:
    """Follow the starter, and do what Dask's own program does."""
    import importlib

    threading.Thread(target=follow, args=(sys.stdin.fileno(),), daemon=True).start()
    kind, options = sys.argv[1], sys.argv[2:]
    importlib.import_module(f"distributed.cli.dask_{kind}").main(options)


if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder, whose modules are nobody's libraries
    main()
