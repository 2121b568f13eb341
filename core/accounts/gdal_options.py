"""Accounts with object storage as GDAL takes them: options of one thread, none of them in a name.

https://gdal.org/en/stable/user/virtual_file_systems.html#vsis3-aws-s3-files
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from .account import Account
from .show import server_time


def object_name(url: str) -> str:
    """``https://endpoint/bucket/key`` → ``/vsis3/bucket/key``."""
    return f"/vsis3/{unquote(urlsplit(url).path).lstrip('/')}"


def signing_options(account: Account, url: str) -> dict[str, str]:
    """GDAL's options to read a URL's object with an account, to be set for one thread.

    Raises
    ------
    AccessError
        If the account cannot be used.
    """
    account.require_usable()
    parts = urlsplit(url)
    return {
        "AWS_ACCESS_KEY_ID": account.secret("access_key"),
        "AWS_SECRET_ACCESS_KEY": account.secret("secret_key"),
        "AWS_SESSION_TOKEN": account.secret("session_token"),
        "AWS_S3_ENDPOINT": parts.netloc,
        "AWS_HTTPS": "YES" if parts.scheme == "https" else "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
        "AWS_REGION": account.region,
        # Those of another plugin are for its own reads.
        "AWS_NO_SIGN_REQUEST": "NO",
        "AWS_REQUEST_PAYER": "",
        "AWS_TIMESTAMP": server_time(account).strftime("%Y%m%dT%H%M%SZ"),
    }
