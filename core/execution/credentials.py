"""The key of one local cluster: whoever has it may talk to scheduler and workers, nobody else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .certificate import make_key_pair


@dataclass(frozen=True)
class Credentials:
    """A certificate that both ends of each connection show, and its key."""

    certificate: Path
    key: Path

    def options(self) -> list[str]:
        """Options of ``dask scheduler`` and ``dask worker``."""
        authority = ["--tls-ca-file", str(self.certificate)]
        own = ["--tls-cert", str(self.certificate), "--tls-key", str(self.key)]
        return ["--protocol", "tls", *authority, *own]

    def security(self) -> Any:
        """The client's side: a ``distributed.Security``."""
        from distributed import Security

        return Security(
            tls_ca_file=str(self.certificate),
            tls_client_cert=str(self.certificate),
            tls_client_key=str(self.key),
            require_encryption=True,
        )


def make_credentials(folder: Path) -> Credentials:
    """Write a new key and its certificate into a folder, to be read by this user alone.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    pair = make_key_pair()
    credentials = Credentials(folder / "certificate.pem", folder / "key.pem")
    write_private(credentials.key, pair.key)
    write_private(credentials.certificate, pair.certificate)
    return credentials


def write_private(path: Path, text: str) -> None:
    """Write a file that is this user's alone, and was not there before.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
