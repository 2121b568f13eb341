"""Certificates of an office's own authority, which lacks what RFC 5280 asks for."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from firstlight.core.addresses.pinned import guarded_adapter
from support.range_server import FaultyServer
from support.waiting import PATIENCE_S

CONFIG = "[req]\ndistinguished_name = name\n[name]\n"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """An authority whose certificate has no extension but that it is one, and one that it has
    signed for this computer.
    """
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    (tmp_path / "plain.cnf").write_text(CONFIG)
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1")
    basic = "basicConstraints=CA:TRUE"  # not marked critical, no key's identifier, no use of keys
    for order in (
        f"req -x509 -config plain.cnf -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem "
        f"-subj /CN=Office -addext {basic}",
        "req -config plain.cnf -newkey rsa:2048 -nodes -keyout server.key -out server.csr "
        "-subj /CN=127.0.0.1",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem "
        "-extfile names",
    ):
        subprocess.run(["openssl", *order.split()], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@pytest.fixture
def address(authority: Path) -> Iterator[str]:
    """A file that is served with that certificate."""
    (authority / "served").mkdir()
    (authority / "served" / "file").write_bytes(b"here")
    with FaultyServer(authority / "served") as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority / "server.pem", authority / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield server.url("file").replace("http:", "https:")


def fetch(address: str, trusted: Path | None) -> bytes:
    with requests.Session() as session:
        session.mount("https://", guarded_adapter(None))
        verify = str(trusted) if trusted else True
        return session.get(address, verify=verify, timeout=PATIENCE_S).content


def test_it_is_trusted_by_whoever_trusts_it(authority: Path, address: str) -> None:
    assert fetch(address, authority / "ca.pem") == b"here"


def test_nobody_else_trusts_it(address: str) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        fetch(address, None)


def test_a_certificate_for_another_name_is_refused(authority: Path, address: str) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        fetch(address.replace("127.0.0.1", "localhost"), authority / "ca.pem")
