"""Requests to object storage, signed with a key.

AWS Signature Version 4, https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlsplit

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
"""Of the body of GET and HEAD."""
ALGORITHM = "AWS4-HMAC-SHA256"


def sign(
    method: str,
    url: str,
    access_key: str,
    secret_key: str,
    region: str,
    now: datetime,
    session_token: str | None = None,
    service: str = "s3",
) -> dict[str, str]:
    """Headers that sign a request without a body.

    Parameters
    ----------
    now : datetime
        UTC, as the server's clock has it.

    Returns
    -------
    dict
        ``Authorization`` and the headers it covers, besides ``Host``.
    """
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"x-amz-date": moment}
    if service == "s3":
        headers["x-amz-content-sha256"] = EMPTY_SHA256
    if session_token:
        headers["x-amz-security-token"] = session_token
    covered = {"host": _host(url), **headers}
    names = ";".join(sorted(covered))
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    request = hashlib.sha256(_canonical(method, url, covered).encode()).hexdigest()
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join((ALGORITHM, moment, scope, request))
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    authorization = (
        f"{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return {**headers, "Authorization": authorization}


def _canonical(method: str, url: str, headers: Mapping[str, str]) -> str:
    """The request in the form that is signed. An S3 path is encoded once, as it is sent."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    lines = [f"{name}:{value.strip()}" for name, value in sorted(headers.items())]
    return "\n".join(
        (
            method,
            parts.path or "/",
            "&".join(f"{name}={value}" for name, value in query),
            *lines,
            "",
            ";".join(sorted(headers)),
            EMPTY_SHA256,
        )
    )


def _host(url: str) -> str:
    """As HTTP libraries send it: without the usual port."""
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix(f":{usual}")
