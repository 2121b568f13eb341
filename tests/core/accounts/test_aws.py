"""Signatures: AWS's published examples, the signer's and the test server's answer to them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from firstlight.core.accounts.aws import sign
from support.account_server import expected_authorization

SUITE_KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
S3_KEYS = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
SUITE_TIME = datetime(2015, 8, 30, 12, 36, tzinfo=timezone.utc)

# AWS Signature Version 4 test suite: get-vanilla, get-vanilla-query-order-key-case.
SUITE = [
    ("/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (
        "/?Param2=value2&Param1=value1",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
]


@pytest.mark.parametrize(("target", "signature"), SUITE)
def test_the_published_examples_are_signed_as_published(target: str, signature: str) -> None:
    url = f"https://example.amazonaws.com{target}"
    headers = sign("GET", url, *SUITE_KEYS, "us-east-1", SUITE_TIME, service="service")
    assert headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )


@pytest.mark.parametrize(("target", "signature"), SUITE)
def test_the_test_servers_own_check_agrees_with_them(target: str, signature: str) -> None:
    headers = {
        "host": "example.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
        "authorization": "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host;x-amz-date, Signature=",
    }
    keys = (*SUITE_KEYS, "us-east-1", "service")
    assert expected_authorization("GET", target, headers, *keys).endswith(signature)


def test_the_usual_port_is_signed_as_it_is_sent() -> None:
    def signed(host: str) -> str:
        url = f"https://{host}/k"
        return sign("GET", url, *S3_KEYS, "us-east-1", SUITE_TIME)["Authorization"]

    assert signed("b.example:443") == signed("b.example") == signed("B.EXAMPLE")
    assert len({signed("b.example"), signed("b.example:8443"), signed("b.example:80")}) == 3


def test_the_test_servers_own_check_agrees_with_the_example_of_s3() -> None:
    # Amazon S3 API reference, Authorization header, example GET Object.
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    names = "host;range;x-amz-content-sha256;x-amz-date"
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": empty,
        "x-amz-date": "20130524T000000Z",
        "authorization": f"AWS4-HMAC-SHA256 Credential=x,SignedHeaders={names},Signature=",
    }
    given = expected_authorization("GET", "/test.txt", headers, *S3_KEYS, "us-east-1")
    assert given.endswith("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


@pytest.mark.parametrize(
    "target",
    [
        "/eodata/Sentinel-2/MSI/L2A/2024/06/01/S2A.SAFE/B02_10m.jp2",
        "/bucket/a%20b/c%2Bd.tif",
        "/bucket/?list-type=2&max-keys=1&prefix=a%2Fb",
        "/bucket/umlaut-%C3%BC.tif",
        "/bucket/key.tif?versionId=1",
    ],
)
def test_paths_and_queries_of_all_kinds_are_signed_as_they_are_sent(target: str) -> None:
    headers = sign(
        "GET", f"https://s3.example:9000{target}", *S3_KEYS, "default", SUITE_TIME, "session-token"
    )
    received = {name.lower(): value for name, value in headers.items()}
    received["host"] = "s3.example:9000"
    expected = expected_authorization("GET", target, received, *S3_KEYS, "default")
    assert headers["Authorization"] == expected
    assert "x-amz-security-token" in headers["Authorization"]
