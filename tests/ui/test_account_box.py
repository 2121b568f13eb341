"""Accounts with providers: a login is chosen, kept, shown again and forgotten."""

from __future__ import annotations

import pytest

from firstlight.plugin.settings_store import account_titles, read_account_choices
from firstlight.ui.catalogs.account_box import AccountBox
from support.qgis_fixtures import store_login


@pytest.fixture
def box(qgis_app, qtbot):
    made = AccountBox()
    qtbot.addWidget(made)
    return made


def choose(box, name):
    box.provider_combo.setCurrentIndex(box.provider_combo.findData(name))


def test_all_providers_that_a_program_can_log_in_at_are_offered(box):
    combo = box.provider_combo
    offered = [combo.itemData(place) for place in range(combo.count())]
    assert offered == list(account_titles())
    assert "earthdata" in offered
    assert "usgs" not in offered


def test_a_login_is_kept_for_its_provider_shown_again_and_forgotten(box):
    with store_login("me", "box-secret-1") as authcfg:
        choose(box, "earthdata")
        box.login_select.setConfigId(authcfg)
        assert read_account_choices() == {"earthdata": authcfg}
        choose(box, "copernicus")
        assert box.login_select.configId() == ""
        assert read_account_choices() == {"earthdata": authcfg}
        again = AccountBox()
        choose(again, "earthdata")
        assert again.login_select.configId() == authcfg
        again.login_select.setConfigId("")
        assert read_account_choices() == {}
