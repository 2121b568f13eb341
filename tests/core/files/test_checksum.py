"""Checksums: what catalogues state is understood or left alone, and damage is found out."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstlight.core.files import checksum as checksum_module
from firstlight.core.files.checksum import Checksum, is_unchanged, parse_checksum, sha256_of

DATA = b"The quick brown fox jumps over the lazy dog" * 100
CODES = {"sha256": "1220", "sha512": "1340", "sha1": "1114", "md5": "d50110", "blake2b": "c0e40240"}
"""hashlib's name → unsigned varint of the multicodec table's code, and of the length in bytes."""


def varint(number: int) -> str:
    """As the multiformats specification writes it: seven bits a byte, the lowest first."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number]).hex()


def digest(name: str) -> str:
    return hashlib.new(name, DATA).hexdigest()


def test_the_codes_of_this_test_are_those_of_the_table() -> None:
    """multicodec.csv: sha1 0x11, sha2-256 0x12, sha2-512 0x13, md5 0xd5, blake2b-512 0xb240."""
    codes = {
        "sha256": (0x12, 32),
        "sha512": (0x13, 64),
        "sha1": (0x11, 20),
        "md5": (0xD5, 16),
        "blake2b": (0xB240, 64),
    }
    assert {name: varint(code) + varint(length) for name, (code, length) in codes.items()} == CODES


@pytest.mark.parametrize("name", sorted(CODES))
@pytest.mark.parametrize(
    "dress", [str, str.upper, "  {}\n".format, "multihash:{}".format, "MULTIHASH:{}".format]
)
def test_every_multihash_is_understood(name: str, dress: object) -> None:
    assert parse_checksum(dress(CODES[name] + digest(name))) == Checksum(name, digest(name))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("md5:{}", "md5"),
        ("MD5:{}", "md5"),
        ("sha1:{}", "sha1"),
        ("sha-1:{}", "sha1"),
        ("sha256:{}", "sha256"),
        ("SHA-256:{}", "sha256"),
        ("sha2-256:{}", "sha256"),
        ("sha512:{}", "sha512"),
        ("sha2-512:{}", "sha512"),
        ("blake2b:{}", "blake2b"),
    ],
)
def test_the_specifications_form_is_understood(stated: str, name: str) -> None:
    assert parse_checksum(stated.format(digest(name))) == Checksum(name, digest(name))
    assert parse_checksum(stated.format(digest(name).upper())) == Checksum(name, digest(name))


@pytest.mark.parametrize(
    "stated",
    [
        None,
        3,
        b"1220",
        ["1220"],
        "",
        "none",
        ":",
        "md5:",
        "1220",
        "1220" + digest("sha256")[:-1],
        "1220" + digest("sha256")[:-2],
        "1220" + digest("sha256") + "00",
        "1220" + "g" * 64,
        "1210" + digest("sha256")[:32],
        "1240" + digest("sha512"),
        "1320" + digest("sha256"),
        "1420" + digest("sha256"),
        "1114" + digest("sha256"),
        "d511" + digest("md5"),
        digest("sha256"),
        digest("md5"),
        "md5:" + digest("sha256"),
        "sha256:" + digest("md5"),
        "sha3-256:" + digest("sha256"),
        "crc32:deadbeef",
        "multihash:" + digest("sha256"),
        "multihash:md5:" + digest("md5"),
        "sha256:" + "é" * 64,
    ],
)
def test_what_is_not_understood_is_not_compared(stated: object) -> None:
    assert parse_checksum(stated) is None


@pytest.mark.thorough
@given(st.one_of(st.text(), st.text("0123456789abcdefABCDEF:-ms ", max_size=150)))
def test_no_text_is_too_odd_and_what_comes_out_can_be_compared(text: str) -> None:
    found = parse_checksum(text)
    if found is not None:
        assert len(found.hexdigest) == 2 * hashlib.new(found.algorithm).digest_size
        assert found.hexdigest in text.lower()


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, int, str, int]:
    path = tmp_path / "nir.tif"
    path.write_bytes(DATA)
    return path, len(DATA), digest("sha256"), path.stat().st_mtime_ns


def test_the_same_file_is_unchanged_without_being_read(kept: tuple[Path, int, str, int]) -> None:
    path, size, _, changed = kept
    assert is_unchanged(path, size, "no sum at all", changed), "size and time of change say enough"


def test_another_size_is_a_change(kept: tuple[Path, int, str, int]) -> None:
    path, size, sha256, changed = kept
    assert not is_unchanged(path, size + 1, sha256, changed)


def test_touched_but_equal_is_unchanged(kept: tuple[Path, int, str, int]) -> None:
    path, size, sha256, changed = kept
    os.utime(path, ns=(changed, changed + 5_000_000_000))
    assert is_unchanged(path, size, sha256, changed)
    assert not is_unchanged(path, size, "0" * 64, changed)


def test_other_bytes_of_the_same_length_are_a_change(kept: tuple[Path, int, str, int]) -> None:
    path, size, sha256, changed = kept
    path.write_bytes(DATA[:-1] + b"!")
    os.utime(path, ns=(changed + 1, changed + 1))
    assert not is_unchanged(path, size, sha256, changed)


@pytest.mark.parametrize("whole", [True, False])
def test_a_file_from_before_the_last_start_is_read(
    kept: tuple[Path, int, str, int], whole: bool
) -> None:
    """A power cut may have kept its size and its time, and lost its bytes."""
    path, size, sha256, _ = kept
    if not whole:
        path.write_bytes(b"\0" * size)
    before_start = int((time.time() - time.monotonic() - 3600) * 1e9)
    os.utime(path, ns=(before_start, before_start))
    assert is_unchanged(path, size, sha256, path.stat().st_mtime_ns) is whole


def test_a_file_that_is_not_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        is_unchanged(tmp_path / "none", 1, "", 0)


def test_the_sum_is_hashlibs(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for count in (0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1):
        path.write_bytes(b"a" * count)
        assert sha256_of(path) == hashlib.sha256(b"a" * count).hexdigest()
    assert set(checksum_module.LENGTHS) == set(CODES)
