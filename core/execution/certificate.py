"""A key and a certificate for one run, from the standard library alone: elliptic curve P-256,
signed by itself.

Python's ``ssl`` uses certificates but makes none, and QGIS's Python has no ``cryptography``.
Everything that guards a connection is done by ``ssl``; here two numbers are drawn from the
system's random source, and a certificate is written around them (RFC 5280, RFC 5480, RFC 5958;
curve and ECDSA: FIPS 186-5, SEC 2).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ..errors import known

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
"""The field of P-256."""
A = P - 3
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of its generator."""
GENERATOR = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
NAME = "FirstLight local cluster"
DAYS = 30
"""A certificate serves one run; its key goes with it."""

Point = tuple[int, int]
# Tags of DER (X.690).
INTEGER, BITS, OCTETS, OBJECT = 0x02, 0x03, 0x04, 0x06
TEXT, TIME, SEQUENCE, SET = 0x0C, 0x17, 0x30, 0x31
TRUE = b"\x01\x01\xff"


@dataclass(frozen=True)
class KeyPair:
    """A private key and its certificate, both as PEM."""

    key: str
    certificate: str


def make_key_pair() -> KeyPair:
    """A new key with a certificate that is its own authority; takes about 7 ms."""
    private = secrets.randbelow(N - 1) + 1
    x, y = multiply(private, GENERATOR)
    point = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    inner = _der(
        SEQUENCE,
        _integer(1),
        _der(OCTETS, private.to_bytes(32, "big")),
        _der(0xA1, _bits(point)),
    )
    key = _der(SEQUENCE, _integer(0), _curve(), _der(OCTETS, inner))
    return KeyPair(_pem("PRIVATE KEY", key), _pem("CERTIFICATE", _certificate(private, point)))


def multiply(factor: int, point: Point) -> Point:
    """``factor`` times a point of the curve; ``factor`` is from 1 to N - 1."""
    result: Point | None = None
    for bit in bin(factor)[2:]:
        result = None if result is None else _add(result, result)
        if bit == "1":
            result = point if result is None else _add(result, point)
    return known(result, "the factor is not 0")


def _add(first: Point, second: Point) -> Point:
    """The sum of two points; never of a point and its opposite, which cannot occur below N."""
    (x1, y1), (x2, y2) = first, second
    if first == second:
        slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) % P
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P) % P
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def _certificate(private: int, point: bytes) -> bytes:
    algorithm = _der(SEQUENCE, _object("2a 86 48 ce 3d 04 03 02"))  # ecdsa-with-SHA256
    common_name = _der(SEQUENCE, _object("550403"), _der(TEXT, NAME.encode()))
    name = _der(SEQUENCE, _der(SET, common_name))
    now = datetime.now(timezone.utc)
    # From yesterday on: a clock may be set back a little while the cluster lives.
    validity = _der(SEQUENCE, _time(now - timedelta(days=1)), _time(now + timedelta(days=DAYS)))
    identifier = hashlib.sha256(point).digest()[:20]
    extensions = _der(
        SEQUENCE,
        _extension("551d13", _der(SEQUENCE, TRUE), critical=True),  # an authority
        _extension("551d0f", _bits(b"\x84", unused=2), critical=True),  # for signatures
        _extension("551d0e", _der(OCTETS, identifier)),
        _extension("551d11", _der(SEQUENCE, _der(0x87, bytes((127, 0, 0, 1))))),
    )
    body = _der(
        SEQUENCE,
        _der(0xA0, _integer(2)),  # version 3
        _integer(secrets.randbits(127) + 1),
        algorithm,
        name,
        validity,
        name,
        _der(SEQUENCE, _curve(), _bits(point)),
        _der(0xA3, extensions),
    )
    return _der(SEQUENCE, body, algorithm, _bits(_sign(private, body)))


def _curve() -> bytes:
    """The kind of key: elliptic curve, P-256."""
    return _der(SEQUENCE, _object("2a 86 48 ce 3d 02 01"), _object("2a 86 48 ce 3d 03 01 07"))


def _sign(private: int, message: bytes) -> bytes:
    """The ECDSA signature of a message."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        nonce = secrets.randbelow(N - 1) + 1
        r = multiply(nonce, GENERATOR)[0] % N
        s = pow(nonce, -1, N) * (digest + r * private) % N
        if r and s:
            return _der(SEQUENCE, _integer(r), _integer(s))


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _integer(number: int) -> bytes:
    """A positive number: its first bit is 0."""
    return _der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _bits(body: bytes, unused: int = 0) -> bytes:
    return _der(BITS, bytes((unused,)), body)


def _object(encoded: str) -> bytes:
    return _der(OBJECT, bytes.fromhex(encoded))


def _time(moment: datetime) -> bytes:
    return _der(TIME, moment.strftime("%y%m%d%H%M%SZ").encode())


def _extension(kind: str, value: bytes, critical: bool = False) -> bytes:
    return _der(SEQUENCE, _object(kind), TRUE if critical else b"", _der(OCTETS, value))


def _pem(label: str, body: bytes) -> str:
    text = base64.encodebytes(body).decode().replace("\n", "")
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
