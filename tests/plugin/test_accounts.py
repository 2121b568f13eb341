"""Accounts kept in QGIS: for which hosts they are, and that nothing of them gets into a project, a
layer or the log.
"""

from __future__ import annotations

import json

import pytest
from qgis.core import QgsApplication

from firstlight.core.accounts.account import AccountKind
from firstlight.core.operations.registry import get_operation
from firstlight.plugin.jobs.job_list import JobList
from firstlight.plugin.network import read_accounts
from firstlight.plugin.settings_store import (
    add_catalog,
    read_account_choices,
    settings_reader,
    write_account_choice,
)
from support.account_server import GuardedServer, basic_rule
from support.map_layers import add_layers
from support.qgis_fixtures import store_login
from support.scene import AREA, small_world
from support.waiting import PATIENCE_MS

SECRET = "QGISSECRET/0123+4"


@pytest.mark.parametrize(
    ("name", "username", "kind", "secrets"),
    [
        (
            "copernicus-s3",
            "AKID",
            AccountKind.S3,
            {"access_key": "AKID", "secret_key": SECRET},
        ),
        ("copernicus", "me", AccountKind.OIDC, {"username": "me", "password": SECRET}),
        ("copernicus", "", AccountKind.OIDC, {"refresh_token": SECRET}),
        ("earthdata", "", AccountKind.HEADERS, {"Authorization": f"Bearer {SECRET}"}),
        (
            "planetary-computer",
            "any",
            AccountKind.HEADERS,
            {"Ocp-Apim-Subscription-Key": SECRET},
        ),
    ],
)
def test_a_login_of_qgis_is_read_as_its_provider_wants_it(name, username, kind, secrets, desktop):
    with store_login(username, SECRET) as authcfg:
        write_account_choice(name, authcfg)
        settings = settings_reader()()
    (account,) = settings.accounts
    assert (account.name, account.kind, dict(account.secrets)) == (name, kind, secrets)
    assert account.origin == "QGIS authentication 'FirstLight test'"
    assert SECRET not in repr(settings) + desktop.logged()


def test_earthdatas_name_and_password_are_for_its_login_page_alone():
    with store_login("me", SECRET) as authcfg:
        (account,) = read_accounts({"earthdata": authcfg})
    assert account.hosts == ("urs.earthdata.nasa.gov",)
    assert ".earthdatacloud.nasa.gov" in account.through


def test_qgis_counts_before_the_environment(monkeypatch):
    monkeypatch.setenv("EARTHDATA_TOKEN", "environment-token-1")
    with store_login("", SECRET) as authcfg:
        write_account_choice("earthdata", authcfg)
        settings = settings_reader()()
    origins = [account.origin for account in settings.accounts]
    assert origins == ["QGIS authentication 'FirstLight test'", "environment EARTHDATA_TOKEN"]


def test_a_login_that_is_gone_is_left_out_and_logged(desktop):
    write_account_choice("copernicus", "gone123")
    assert settings_reader()().accounts == ()
    assert "The authentication 'gone123' for copernicus cannot be used" in desktop.logged()
    write_account_choice("copernicus", "")
    assert read_account_choices() == {}


@pytest.fixture
def jobs(qgis_app):
    made = JobList()
    yield made
    assert made.cancel_all(PATIENCE_MS)
    made.close_down()


@pytest.mark.parametrize("right", [True, False], ids=["let in", "refused"])
def test_no_secret_in_layers_project_and_log(
    tmp_path, desktop, project, jobs, wait_for, monkeypatch, right
):
    monkeypatch.setenv("FIRSTLIGHT_CACHE_FOLDER", str(tmp_path / "cache"))
    monkeypatch.setenv("FIRSTLIGHT_RETRY_ATTEMPTS", "1")
    rule = basic_rule("me", SECRET if right else "another one")
    with (
        small_world(tmp_path / "world") as world,
        GuardedServer(world.folder, rule) as files,
        store_login("me", SECRET) as authcfg,
    ):
        for name, asset in world.api.items[0]["assets"].items():
            asset["href"] = files.url(f"{name}.tif")
        add_catalog("Files", files.base_url, authcfg)
        ingest = get_operation("ingest")
        values = {
            "catalog": world.url,
            "area": AREA,
            "start": "2024-06-01",
            "end": "2024-06-30",
            "output": str(tmp_path / "out"),
        }
        job = jobs.start(ingest, ingest.make_params(values))
        wait_for(lambda: job.state.has_ended)
        assert "authorization" in files.seen()
    result = job.result or job.error
    if right:
        layers, errors = add_layers(result.layers, project)
        assert layers
        assert errors == []
        assert not [layer for layer in layers if SECRET in layer.source() + layer.htmlMetadata()]
    said = [str(result), desktop.logged(), *(message.text for message in desktop.messages)]
    if right:
        said.append(json.dumps(result.json_data()) + result.text)
    assert project.write(str(tmp_path / "project.qgs"))
    coded = "bWU6UUdJU1NFQ1JFVC8wMTIzKzQ="
    for secret in (SECRET, coded, "another one"):
        assert secret not in "\n".join(said)
        for path in tmp_path.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    assert QgsApplication.authManager().masterPasswordIsSet()
