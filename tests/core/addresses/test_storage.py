"""The places of a file: alternates, stores, and the accounts that they need."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.core.addresses.storage import (
    bucket_of,
    file_addresses,
    in_region,
)
from firstlight.core.enums import AccessKind

ITEM: dict[str, Any] = {"properties": {}}


def known(address: str) -> AccessKind:
    """What somebody may know of addresses."""
    kinds = {
        "open-bucket": AccessKind.NOTHING,
        "paid-bucket": AccessKind.READER_PAYS,
        "login.example": AccessKind.ACCOUNT,
    }
    return next((kind for name, kind in kinds.items() if name in address), AccessKind.UNKNOWN)


def places(asset: dict[str, Any], **properties: Any) -> list[str]:
    return [one.href for one in file_addresses({"properties": properties}, asset, known)]


HTTPS = {"https": {"href": "https://x.example/a.tif"}}


@pytest.mark.parametrize(
    "asset",
    [
        {"href": "s3://paid-bucket/a.tif", "alternate": HTTPS},
        {"href": "s3://unknown/a.tif", "alternate": HTTPS},
        {"href": "s3://unknown/a.tif", "alternate": list(HTTPS.values())},
        {"href": "s3://b/a.tif", "storage:requester_pays": True, "alternate": HTTPS},
        {"href": "s3://b/a.tif", "auth:refs": ["s3"], "alternate": HTTPS},
        {"href": "https://b.example/a.tif", "auth:refs": ["oidc"], "alternate": HTTPS},
        {"href": "https://login.example/a.tif", "alternate": HTTPS},
        {"href": "weird://a.tif", "alternate": HTTPS},
        {"href": "/vsizip/a.zip", "alternate": {"odd": 5, "empty": {"href": ""}, **HTTPS}},
    ],
)
def test_the_address_that_opens_for_anybody_comes_first(asset: dict[str, Any]) -> None:
    found = places(asset)
    assert found[0] == "https://x.example/a.tif"
    assert len(found) == 2


@pytest.mark.parametrize(
    ("asset", "needs"),
    [
        ({"href": "s3://open-bucket/a.tif", "auth:refs": ["s3"]}, "nothing"),
        ({"href": "s3://open-bucket/a.tif", "storage:requester_pays": True}, "nothing"),
        ({"href": "s3://b1b/a.tif", "storage:requester_pays": True}, "reader pays"),
        ({"href": "s3://b1b/a.tif", "storage:requester_pays": "true"}, "reader pays"),
        ({"href": "https://b.example/a.tif", "auth:refs": ["oidc"]}, "account"),
        ({"href": "https://login.example/a.tif"}, "account"),
        ({"href": "https://login.example/a.tif", "alternate": HTTPS}, "unknown"),
        ({"href": "s3://paid-bucket/a.tif", "alternate": HTTPS}, "unknown"),
        ({"href": "s3://b1b/a.tif"}, "unknown"),
    ],
)
def test_an_asset_needs_what_its_best_address_needs(asset: dict[str, Any], needs: str) -> None:
    assert file_addresses(ITEM, asset, known)[0].needs == needs


def test_the_main_address_stays_first_among_equals() -> None:
    assert places({"href": "https://m.example/a.tif", "alternate": HTTPS}) == [
        "https://m.example/a.tif",
        "https://x.example/a.tif",
    ]
    assert places({"href": "s3://open-bucket/a.tif", "alternate": HTTPS})[0] == (
        "s3://open-bucket/a.tif"
    )
    assert places({"href": "https://x.example/a.tif", "alternate": HTTPS}) == [
        "https://x.example/a.tif"
    ]
    assert places({"href": "https://m.example/a.tif", "alternate": 7}) == [
        "https://m.example/a.tif"
    ]


def test_of_two_addresses_that_need_an_account_https_comes_first_and_paying_last() -> None:
    asset = {
        "href": "s3://paid-bucket/a.tif",
        "alternate": {
            "s3": {"href": "s3://closed/a.tif", "auth:refs": ["keys"]},
            "web": {"href": "https://w.example/a.tif", "auth:refs": ["oidc"]},
        },
    }
    assert places(asset) == [
        "https://w.example/a.tif",
        "s3://closed/a.tif",
        "s3://paid-bucket/a.tif",
    ]


@pytest.mark.parametrize(
    ("asset", "properties", "opened"),
    [
        ({"storage:region": "eu-west-3"}, {}, "https://b1b.s3.eu-west-3.amazonaws.com/k/a.tif"),
        ({}, {"storage:region": "ap-south-1"}, "https://b1b.s3.ap-south-1.amazonaws.com/k/a.tif"),
        (
            {"storage:refs": ["aws"]},
            {
                "storage:schemes": {
                    "aws": {
                        "type": "aws-s3",
                        "platform": "https://{bucket}.s3.{region}.amazonaws.com",
                        "bucket": "b1b",
                        "region": "us-gov-west-1",
                    }
                }
            },
            "https://b1b.s3.us-gov-west-1.amazonaws.com/k/a.tif",
        ),
        (
            {"storage:refs": ["own"]},
            {"storage:schemes": {"own": {"type": "custom-s3", "platform": "https://s3.example"}}},
            "https://s3.example/b1b/k/a.tif",
        ),
        (
            {"storage:refs": ["own"]},
            {"storage:schemes": {"own": {"platform": "https://{bucket}.s3.example/"}}},
            "https://b1b.s3.example/k/a.tif",
        ),
        (
            {"storage:region": "cn-north-1"},
            {},
            "https://b1b.s3.cn-north-1.amazonaws.com.cn/k/a.tif",
        ),
        ({"storage:region": "evil.example/"}, {}, "s3://b1b/k/a.tif"),
        ({"storage:refs": ["gone"]}, {}, "s3://b1b/k/a.tif"),
        ({"storage:refs": "no list"}, {"storage:schemes": 5}, "s3://b1b/k/a.tif"),
    ],
)
def test_a_store_that_is_described_is_reached_over_https(
    asset: dict[str, Any], properties: dict[str, Any], opened: str
) -> None:
    assert places({"href": "s3://b1b/k/a.tif", **asset}, **properties) == [opened]


def test_a_scheme_may_say_that_the_reader_pays() -> None:
    schemes = {"aws": {"type": "aws-s3", "region": "us-west-2", "requester_pays": True}}
    asset = {"href": "s3://b1b/a.tif", "storage:refs": ["aws"], "alternate": HTTPS}
    assert places(asset, **{"storage:schemes": schemes}) == [
        "https://x.example/a.tif",
        "s3://b1b/a.tif",
    ]


def test_an_azure_account_is_taken_from_beside_the_address() -> None:
    asset = {"href": "abfs://c/a.tif", "xarray:storage_options": {"account_name": "store1"}}
    assert places(asset) == ["https://store1.blob.core.windows.net/c/a.tif"]
    schemes = {"az": {"type": "ms-azure", "account": "store2"}}
    asset = {"href": "abfs://c/a.tif", "storage:refs": ["az"]}
    assert places(asset, **{"storage:schemes": schemes}) == [
        "https://store2.blob.core.windows.net/c/a.tif"
    ]


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        (
            {"type": "openIdConnect", "openIdConnectUrl": "https://id.example/x/.well-known"},
            "a login (OpenID Connect) of id.example",
        ),
        (
            {"type": "oauth2", "flows": {"code": {"tokenUrl": "https://t.example/token"}}},
            "a login (OAuth 2) of t.example",
        ),
        ({"type": "s3"}, "S3 keys"),
        ({"type": "apiKey", "in": "query", "name": "k"}, "an API key"),
        ({"type": "own"}, "an account (own)"),
        (None, "an account (ref)"),
    ],
)
def test_the_account_is_said_for_a_person(scheme: Any, text: str) -> None:
    item = {"properties": {"auth:schemes": {"ref": scheme} if scheme else {}}}
    asset = {"href": "https://x.example/a.tif", "auth:refs": ["ref"]}
    assert file_addresses(item, asset)[0].account == text


@pytest.mark.parametrize(
    ("url", "region", "moved"),
    [
        ("https://b.s3.amazonaws.com/k/a", "eu-west-1", "https://b.s3.eu-west-1.amazonaws.com/k/a"),
        (
            "https://b.s3-us-west-2.amazonaws.com/a",
            "us-east-1",
            "https://b.s3.us-east-1.amazonaws.com/a",
        ),
        ("https://s3.amazonaws.com/a.b/k", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/a.b/k"),
        (
            "https://b.s3.amazonaws.com:8443/k?v=1",
            "eu-west-1",
            "https://b.s3.eu-west-1.amazonaws.com:8443/k?v=1",
        ),
        ("https://b.s3.eu-west-1.amazonaws.com/k", "eu-west-1", ""),
        ("https://b.s3.amazonaws.com/k", "evil.example#", ""),
        ("https://b.s3.amazonaws.com.evil.example/k", "eu-west-1", ""),
        ("https://x.example/k", "eu-west-1", ""),
    ],
)
def test_a_bucket_is_followed_to_its_region(url: str, region: str, moved: str) -> None:
    assert in_region(url, region) == moved


def test_buckets_are_known_by_scheme_and_host() -> None:
    assert bucket_of("s3://b/k") == "b"
    assert bucket_of("https://b.c.s3.us-west-2.amazonaws.com/k") == "b.c"
    assert bucket_of("https://s3.us-west-2.amazonaws.com/b/k") == "b"
    assert bucket_of("https://b.s3.dualstack.us-west-2.amazonaws.com/k") == "b"
    assert bucket_of("https://x.example/b/k") == ""
