"""Spellings of one address, and texts that pose as one."""

from __future__ import annotations

import pytest

from firstlight.core.addresses.signature import is_signed, signed_until
from firstlight.core.addresses.spelling import is_local, local_path, plain_address, shown
from firstlight.core.errors import AccessError
from firstlight.core.text import unsigned_url


@pytest.mark.parametrize(
    ("href", "plain"),
    [
        (" https://x.example/a.tif ", "https://x.example/a.tif"),
        ("HTTPS://x.example/a.tif", "HTTPS://x.example/a.tif"),
        ("/vsicurl/https://x.example/a.tif?v=1", "https://x.example/a.tif?v=1"),
        ("/vsicurl_streaming/http://x.example/a.tif", "http://x.example/a.tif"),
        ("/vsicurl?use_head=no&url=https%3A%2F%2Fx.example%2Fa.tif", "https://x.example/a.tif"),
        (
            "/vsicurl?pc_url_signing=yes&pc_collection=c&url=https://x.example/a",
            "https://x.example/a",
        ),
        ("/vsis3/bucket/a/b.tif", "s3://bucket/a/b.tif"),
        ("s3a://bucket/a.tif", "s3://bucket/a.tif"),
        ("gs://bucket/a b.tif", "https://storage.googleapis.com/bucket/a%20b.tif"),
        ("gs://bucket/a%20b%2B.tif", "https://storage.googleapis.com/bucket/a%20b+.tif"),
        ("/vsigs/bucket/a.tif", "https://storage.googleapis.com/bucket/a.tif"),
        (
            "abfs://c@store1.dfs.core.windows.net/p/a.tif",
            "https://store1.blob.core.windows.net/c/p/a.tif",
        ),
        (
            "wasbs://c@store1.blob.core.windows.net/a.tif",
            "https://store1.blob.core.windows.net/c/a.tif",
        ),
        (
            "az://store1.blob.core.windows.net/c/p/a.tif",
            "https://store1.blob.core.windows.net/c/p/a.tif",
        ),
        ("/data/a.tif", "/data/a.tif"),
        ("C:\\data\\a.tif", "C:\\data\\a.tif"),
        ("file:///data/a%20b.tif", "file:///data/a%20b.tif"),
    ],
)
def test_an_address_has_one_plain_form(href: str, plain: str) -> None:
    assert plain_address(href) == plain


def test_a_container_without_its_account_takes_that_of_the_item() -> None:
    url = "https://store1.blob.core.windows.net/c/a.tif"
    assert plain_address("abfs://c/a.tif", "store1") == url
    assert plain_address("/vsiaz/c/a.tif", "store1") == url
    for account in ("", "store1.evil.example/", "store1@evil.example", "st", "a" * 25, "store1\n"):
        with pytest.raises(AccessError, match="does not name its storage account"):
            plain_address("az://c/a.tif", account)


@pytest.mark.parametrize(
    ("href", "why"),
    [
        ("/vsicurl?unsafessl=yes&url=https://x.example/a", "GDAL's option unsafessl"),
        ("/vsicurl?proxy=http://evil.example&url=https://x.example/a", "GDAL's option proxy"),
        ("/vsicurl?header.X=y&url=https://x.example/a", "GDAL's option header.X"),
        ("/vsicurl?use_head=no", "leads to no http"),
        ("/vsicurl//vsizip/https://x.example/a.zip/a.tif", "leads to no http"),
        ("/vsicurl/file:///etc/passwd", "leads to no http"),
        ("/vsizip//vsicurl/https://x.example/a.zip/a.tif", "files within files"),
        ("/vsitar/vsis3/b/a.tar/a.tif", "files within files"),
        ("/vsisubfile/0_10,/etc/passwd", "files within files"),
        ("/vsistdin/", "files within files"),
        ("<VRTDataset/>", "a dataset as text"),
        ("  <GDAL_WMS/>", "a dataset as text"),
        ("ftp://x.example/a.tif", "begin with 'ftp:'"),
        ("gopher://x.example/a", "begin with 'gopher:'"),
        ("data:image/tiff;base64,AAAA", "begin with 'data:'"),
        ("javascript:1", "begin with 'javascript:'"),
        ("WMS:https://x.example/wms?", "begin with 'wms:'"),
        ("https:///a.tif", "names no host"),
        ("http://[::1/a.tif", "it is no address"),
        ("http://x.example:99999/a", "it is no address"),
        ("http://x.example/a\r\nX: y", "control characters"),
        ("s3://b/a\0.tif", "control characters"),
        ("http://x.example/a\x7f.tif", "control characters"),
    ],
)
def test_what_is_no_plain_address_is_refused(href: str, why: str) -> None:
    with pytest.raises(AccessError, match="cannot be opened") as caught:
        plain_address(href)
    assert why in caught.value.why
    assert "\n" not in str(caught.value)


def test_a_sentence_holds_no_signature_and_no_endless_address() -> None:
    for href in ("http://x.example:99999/a?sig=SECRET", "https://x.example/\x1b?sig=SECRET"):
        with pytest.raises(AccessError) as caught:
            plain_address(href)
        assert "SECRET" not in str(caught.value)
        assert "\x1b" not in str(caught.value)
    assert shown("https://me:pass@x.example/a?sig=SECRET") == "https://x.example/a"
    assert "\x1b" not in shown("/a\x1b[31m")
    assert len(shown(f"/{'a' * 1000}")) == 200
    assert shown("http://[::1/a?sig=SECRET") == "http://[::1/a"


def test_paths_are_told_from_addresses() -> None:
    assert is_local("/a.tif")
    assert is_local("file:///a%20b.tif")
    assert not is_local("https://x.example/a.tif")
    assert local_path("file:///a%20b.tif") == "/a b.tif"
    assert local_path("/a%20b.tif") == "/a%20b.tif"


AMZ = "https://b.s3.amazonaws.com/a.tif?v=1&X-Amz-Date=20240601T000000Z&X-Amz-Expires=3600"


@pytest.mark.parametrize(
    ("url", "plain", "ends"),
    [
        (
            "https://x.example/a.tif?sv=2&se=2024-06-01T01%3A00%3A00Z&sp=r&v=1&sig=S",
            "https://x.example/a.tif?v=1",
            1717203600,
        ),
        (
            f"{AMZ}&X-Amz-Credential=C&X-Amz-Signature=S",
            "https://b.s3.amazonaws.com/a.tif?v=1",
            1717203600,
        ),
        (AMZ.replace("Amz", "Goog"), "https://b.s3.amazonaws.com/a.tif?v=1", 1717203600),
        (
            "https://x.example/a?Expires=1717203600&Signature=S&Key-Pair-Id=K",
            "https://x.example/a",
            1717203600,
        ),
        ("https://x.example/a?access_token=T&v=1", "https://x.example/a?v=1", None),
        ("https://me:pass@x.example/a", "https://x.example/a", None),
        ("https://x.example/a?Expires=1717203600", "https://x.example/a", None),
        ("https://x.example/a?se=1&v=2", "https://x.example/a?se=1&v=2", None),
        ("https://x.example/a?se=soon&sig=S", "https://x.example/a", None),
        ("https://x.example/a?Expires=1e99&Signature=S", "https://x.example/a", None),
        ("abfs://c@store1.dfs.core.windows.net/a", "abfs://c@store1.dfs.core.windows.net/a", None),
    ],
)
def test_signatures_are_known(url: str, plain: str, ends: float | None) -> None:
    assert unsigned_url(url) == plain
    assert signed_until(url) == ends
    assert is_signed(url) == ("?" in url and url != plain)
