"""Answers as text, and where a redirect leads a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.core.stac import transport
from firstlight.core.stac.body import message_of
from firstlight.core.stac.home import Home
from firstlight.core.stac.transport import Request, Transport, redirected
from firstlight.core.stac.trouble import Trouble


def test_what_a_server_says_is_one_short_plain_line() -> None:
    said = message_of(b'{"message": "busy\\u001b[31m\\nline two\\u202e"}')
    assert said == "busy [31m line two"
    assert message_of(b"<html>no</html>") == ""
    assert len(message_of(b'{"detail": "' + b"a" * 5000 + b'"}')) == 158
    assert len(message_of(b"plain " * 1000)) <= 160


@pytest.mark.parametrize(
    ("status", "target", "method", "url"),
    [
        (307, "/y", "POST", "http://a.example/y?token=1"),
        (302, "/y", "GET", "http://a.example/y?token=1"),
        (302, "/y?own=2", "GET", "http://a.example/y?own=2"),
        (308, "http://b.example/y", "POST", "http://b.example/y?token=1"),
    ],
)
def test_a_redirect_keeps_the_query_unless_it_brings_one(
    status: int, target: str, method: str, url: str
) -> None:
    asked = Request("http://a.example/x?token=1", "POST", {"limit": 5}, {"X-Own": "1"})
    moved = redirected(asked, status, target)
    assert (moved.method, moved.url, moved.query) == (method, url, {"limit": 5})
    assert dict(moved.headers) == ({"X-Own": "1"} if "a.example" in url else {})


def test_a_local_answer_that_is_too_long_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "catalog.json"
    file.write_text('{"type": "Catalog"}')
    url = file.as_uri()
    local = Transport(None, Home.of(url), (1.0, 1.0), 0.0)
    assert local.ask(Request(url)).tree == {"type": "Catalog"}
    monkeypatch.setattr(transport, "MOST_BYTES", 10)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(Trouble, match="is longer than"):
        local.ask(Request(url))
