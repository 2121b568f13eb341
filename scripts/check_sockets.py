"""Run a command and see that it, and whatever it starts, listens and connects on loopback alone.

``check_sockets.py [--trace FILE] COMMAND …`` runs the command under ``strace`` and ends as the
command does; with 1, and a line for each socket, where one reached further.
"""

from __future__ import annotations

import argparse
import ipaddress
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

CALLS = "connect,bind,listen"
STRACE = (
    *("strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "--signal=none"),
    # -yy: with the protocol and the address of each socket; listen() tells no address by itself
    *("-yy", f"--trace={CALLS}"),
)
_CALL = re.compile(r"^\d+ +(?P<call>connect|bind|listen)\((?P<words>.*)$")
_ADDRESS = re.compile(r'(?:inet_addr\("|inet_pton\(AF_INET6, ")(?P<address>[^"]+)"')
_UNBOUND = re.compile(r"^\d+<(?:TCP|UDP|MPTCP)[\w-]*:\[\d+\]>")
_ORDERS_ADDRESSES = re.compile(r"^\d+<UDP.*sin6?_port=htons\(0\)")
"""How the C library finds out which of several addresses comes first: nothing is sent."""
_ASKS_A_NAME = re.compile(r"^\d+<UDP.*sin6?_port=htons\(53\)")
"""The system's own resolver, asked for names that tests have made up."""
MOST_SHOWN = 20


def reaching_further(lines: Iterable[str]) -> Iterator[str]:
    """The calls among the lines of a trace that have to do with more than loopback."""
    for line in lines:
        match = _CALL.match(line)
        if match is None:  # the second half of a call that another thread cut in two
            continue
        call, words = match["call"], match["words"]
        address = _ADDRESS.search(words)
        if call == "connect" and _ORDERS_ADDRESSES.search(words):
            continue
        if address is not None:
            asks_a_name = bool(_ASKS_A_NAME.search(words)) and address["address"] in resolvers()
            if not asks_a_name and not _is_loopback(address["address"]):
                yield f"{call}({words}"
        elif call == "listen" and _UNBOUND.match(words):  # then the system chooses all interfaces
            yield f"{call}({words}"
        elif "sa_family=AF_INET" in words:
            yield f"{call}({words}"  # an address that was not understood


@cache
def resolvers() -> frozenset[str]:
    """Where this system asks for the addresses of names."""
    path = Path("/etc/resolv.conf")
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    words = (line.split() for line in text.splitlines())
    return frozenset(each[1] for each in words if len(each) > 1 and each[0] == "nameserver")


def _is_loopback(text: str) -> bool:
    address = ipaddress.ip_address(text)
    inner = getattr(address, "ipv4_mapped", None)
    return bool((inner or address).is_loopback)


def calls_in(lines: Iterable[str]) -> int:
    """How many calls with an internet address a trace holds."""
    return sum("AF_INET" in line for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trace", type=Path, help="keep the trace here")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if not shutil.which("strace"):
        print("Sockets cannot be watched: strace is not there. Install it.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="firstlight-sockets-") as folder:
        trace = given.trace or Path(folder) / "trace"
        trace.unlink(missing_ok=True)
        code = subprocess.run([*STRACE, f"--output={trace}", *given.command]).returncode
        if not trace.exists():
            print("Sockets cannot be watched: strace may not trace here.", file=sys.stderr)
            return 2
        with trace.open(encoding="utf-8", errors="replace") as lines:
            found = list(reaching_further(lines))
        with trace.open(encoding="utf-8", errors="replace") as lines:
            count = calls_in(lines)
    for line in found[:MOST_SHOWN]:
        print(f"reaches beyond this computer: {line.rstrip()}", file=sys.stderr)
    print(f"{count} sockets, {len(found)} of them not on loopback")
    return 1 if found else code


if __name__ == "__main__":
    sys.exit(main())
