"""Run one program in a fresh process and measure it: time, CPU, memory, and what the rest of the
machine did meanwhile. Linux.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_S = 0.05
FAMILY_S = 0.25
"""Between two looks for children, which ask each thread: of a program with eighty that takes 5 ms
of a processor that the program needs itself.
"""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measure:
    """What one run took."""

    code: int
    """Exit code; negative: ended by this signal."""
    wall_s: float
    cpu_s: float
    """User and system time of the process and of all it waited for; where programs that it started
    have ended without anybody who waited for them, as Spark's do, what was last seen of each.
    """
    peak_mb: float
    """Resident memory of all its processes together, sampled; of a single one the kernel's own
    peak. Pages shared between processes count in each.
    """
    other_share: float
    """CPU that other programs used meanwhile (the served line's server left out), as a share of all
    cores: 0..1.
    """


def run_measured(
    command: Sequence[str],
    env: Mapping[str, str],
    log: Path,
    limit_s: float,
    server_pid: int | None = None,
) -> Measure:
    """Run a program to its end.

    Parameters
    ----------
    env : mapping
        Its whole environment.
    log : Path
        What it prints goes there.
    limit_s : float
        After so long it is killed with all it started.
    server_pid : int, optional
        A server that works for it; its CPU counts neither as the program's nor as others'.
    """
    busy, server, own = _busy_s(), _family_cpu_s(server_pid), time.process_time()
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        family = _Family(process.pid)
        timer = threading.Timer(limit_s, _kill_session, [process.pid])
        timer.start()
        try:
            # wait4, not wait: its usage is this child's alone, and it does not poll
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl+C: nothing of it may go on alone
            _kill_session(process.pid)
            raise
        finally:
            timer.cancel()
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    peak, seen = family.stop()
    cpu = max(usage.ru_utime + usage.ru_stime, seen)
    rest = (
        _busy_s() - busy - cpu - (_family_cpu_s(server_pid) - server) - (time.process_time() - own)
    )
    share = max(0.0, rest) / (wall * (os.cpu_count() or 1))
    return Measure(process.returncode, wall, cpu, peak / 1e6, min(1.0, share))


class _Family:
    """Watches the memory and the CPU of a process and its children."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._cpu_s: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        looked, pids = -FAMILY_S, [self._pid]
        while True:
            if time.monotonic() - looked >= FAMILY_S:
                looked, pids = time.monotonic(), _family(self._pid)
            sizes = [_memory(pid) for pid in pids]
            for pid in pids:
                fields = _stat(pid)
                if fields:
                    self._cpu_s[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
            # The kernel's peak of each process misses nothing, but those of several need not have
            # been at the same time.
            self._peak = max(
                self._peak, sum(now for now, _ in sizes), *(most for _, most in sizes), 0
            )
            if self._ended.wait(SAMPLE_S):
                return

    def stop(self) -> tuple[int, float]:
        """The peak in bytes, and the CPU in seconds that was last seen of each process."""
        self._ended.set()
        self._thread.join()
        return self._peak, sum(self._cpu_s.values())


def _family(pid: int) -> list[int]:
    """A process and all that come from it and live; by way of the children, because a look at every
    process costs CPU itself.
    """
    found = [pid]
    for parent in found:
        try:
            tasks = os.listdir(f"/proc/{parent}/task")
            lists = [Path(f"/proc/{parent}/task/{task}/children").read_text() for task in tasks]
        except OSError:
            continue  # it has gone meanwhile
        found += [int(word) for text in lists for word in text.split()]
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (proc(5) counts it as the third); empty when
    the process has gone.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def _memory(pid: int) -> tuple[int, int]:
    """Resident bytes now, and at most so far."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    now, most = (int(facts.get(name, "0 kB").split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def _family_cpu_s(pid: int | None) -> float:
    """CPU of a process and of all that come from it and live."""
    if pid is None:
        return 0.0
    fields = [found for found in map(_stat, _family(pid)) if found]
    return sum(int(found[11]) + int(found[12]) for found in fields) / _TICKS


def _busy_s() -> float:
    """CPU seconds that all programs have used since the machine started, the hypervisor's share
    included.
    """
    words = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(words) - words[3] - words[4]) / _TICKS  # without idle and waiting for the disk


def _kill_session(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it ended just now
