"""Whether catalogues answer: real servers on loopback, each with its own way of not doing it."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.catalogs import AUTO, catalog_names, get_catalog
from firstlight.core.enums import Status
from firstlight.core.monitor import Progress, RecordingMonitor
from firstlight.core.offers.answers import Answer, ask_catalog, ask_catalogs
from firstlight.core.operations.archives.catalogs import CatalogsParams, run_catalogs
from firstlight.core.settings import Settings
from support.silent_server import silent_server
from support.stac_server import StacServer


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_catalogue_that_answers(settings: Settings) -> None:
    with StacServer([]) as api:
        answer = ask_catalog(get_catalog(api.base_url), settings)
        assert api.requests == ["GET /"], "one request and no more"
    assert answer.is_good
    assert str(answer).startswith("answers in ")


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (401, b"{}", "it asks for a login (HTTP 401)"),
        (403, b"{}", "it asks for a login (HTTP 403)"),
        (503, b"", "HTTP 503 Service Unavailable"),
        (404, b"{}", "HTTP 404 Not Found"),
        (200, b"<html>Welcome</html>", "the answer is no JSON"),
        (200, b"[]", "the answer is no STAC catalogue"),
        (200, json.dumps({"message": "moved"}).encode(), "the answer is no STAC catalogue"),
    ],
)
def test_a_catalogue_that_does_not(
    settings: Settings, status: int, body: bytes, problem: str
) -> None:
    with answering(status, body) as url:
        answer = ask_catalog(get_catalog(url), settings)
    assert answer.problem == problem
    assert str(answer) == f"does not answer: {problem}"


def test_one_that_is_not_there_and_one_that_never_says_a_word(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert "it cannot be reached" in ask_catalog(get_catalog(url), settings).problem
    hasty = dataclasses.replace(settings, read_timeout_s=0.2)
    with silent_server() as (port, _):
        answer = ask_catalog(get_catalog(f"http://127.0.0.1:{port}"), hasty)
    assert answer.problem == "not in time"


def test_all_are_asked_at_once_and_answers_keep_their_order(settings: Settings) -> None:
    monitor = RecordingMonitor()
    with StacServer([]) as one, StacServer([]) as two, answering(503, b"") as down:
        catalogs = [get_catalog(url) for url in (one.base_url, down, two.base_url)]
        answers = ask_catalogs(catalogs, settings, monitor)
    assert [answer.is_good for answer in answers] == [True, False, True]
    assert [answer.catalog for answer in answers] == [catalog.name for catalog in catalogs]
    assert sum(isinstance(event, Progress) for event in monitor.events) >= 3


def test_a_login_is_sent_to_the_catalogue_that_is_asked(settings: Settings) -> None:
    """A catalogue behind a login answers whoever has one."""
    seen: list[str] = []

    class Guarded(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization", ""))
            body = b'{"stac_version": "1.0.0", "links": []}' if seen[-1] else b"{}"
            self.send_response(200 if seen[-1] else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    host = f"127.0.0.1:{server.server_address[1]}"
    mine = dataclasses.replace(settings, headers={host: {"Authorization": "Bearer mine"}})
    try:
        catalog = get_catalog(f"http://{host}")
        assert not ask_catalog(catalog, settings).is_good
        assert ask_catalog(catalog, mine).is_good
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert seen == ["", "Bearer mine"]


def test_the_list_tells_what_each_needs_without_asking_anybody(settings: Settings) -> None:
    result = run_catalogs(CatalogsParams(catalog=get_catalog(AUTO)), settings, RecordingMonitor())
    assert [row["name"] for row in result.data] == list(catalog_names())
    assert "  sentinel1: sentinel-1-grd (reader pays)" in result.text.splitlines()
    assert "only -26 to 64° E, -48 to 38° N" in result.text
    assert result.outputs["answering"] == 0
    assert "answers" not in result.data[0]
    assert json.loads(json.dumps(result.data)) == result.data


def test_the_list_of_one_sensor(settings: Settings) -> None:
    params = CatalogsParams(catalog=get_catalog(AUTO), sensor=get_sensor("landsat-tm"))
    result = run_catalogs(params, settings, RecordingMonitor())
    assert {row["name"] for row in result.data} == {
        "earth-search",
        "planetary-computer",
        "usgs-landsatlook",
        "digital-earth-africa",
        "digital-earth-australia",
    }


def test_one_catalogue_is_asked_and_its_answer_is_the_outcome(settings: Settings) -> None:
    with StacServer([]) as api:
        params = CatalogsParams(catalog=get_catalog(api.base_url), check=True)
        good = run_catalogs(params, settings, RecordingMonitor())
    assert (good.status, good.outputs["answering"]) == (Status.DONE, 1)
    bad = run_catalogs(params, settings, RecordingMonitor())
    assert (bad.status, bad.outputs["answering"]) == (Status.FAILED, 0)
    [answer] = bad.value
    assert isinstance(answer, Answer)
    assert bad.data[0]["answers"] is False
    assert "does not answer: it cannot be reached" in bad.text
