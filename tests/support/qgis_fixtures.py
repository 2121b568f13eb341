"""Fixtures that need QGIS; imported by the conftests of tests/plugin and tests/ui."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qgis.core import QgsApplication, QgsAuthMethodConfig, QgsProject, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QTranslator
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtNetwork import QSslCertificate

from firstlight.core.language import sentences
from firstlight.plugin import language
from firstlight.plugin.jobs import job_store
from firstlight.plugin.processing.provider import FirstLightProvider

from .brackets import NAME, BracketTranslator, write_brackets
from .desktop import Desktop
from .rasters import ramp, write_raster
from .stac_server import StacServer, _Handler
from .surroundings import forget_the_user
from .waiting import PATIENCE_MS

PLUGIN_PATHS = ("/usr/share/qgis/python/plugins", "/usr/share/qgis/python")


@pytest.fixture(autouse=True)
def _quiet_surroundings(
    qgis_app: QgsApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """No settings of this computer's user, no proxies, no waits; an empty project before
    and after.
    """
    forget_the_user(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("FIRSTLIGHT_RETRY_DELAY_S", "0")
    monkeypatch.setenv("FIRSTLIGHT_REQUEST_DELAY_MS", "0")
    monkeypatch.setattr(job_store, "profile_folder", lambda: tmp_path / "profile" / "jobs")
    QgsSettings().remove("firstlight")
    QgsProject.instance().clear()
    yield
    QgsProject.instance().clear()
    QgsSettings().remove("firstlight")


@pytest.fixture
def desktop(qgis_app: QgsApplication) -> Iterator[Desktop]:
    """A window with a map and a message bar."""
    made = Desktop()
    made.window.show()
    yield made
    made.close()


@pytest.fixture(scope="session")
def processing_ready(qgis_app: QgsApplication) -> None:
    """``import processing`` and the native algorithms."""
    for path in PLUGIN_PATHS:
        if path not in sys.path:
            sys.path.append(path)
    from processing.core.Processing import Processing

    Processing.initialize()


@pytest.fixture
def toolbox(processing_ready: None) -> Iterator[None]:
    """FirstLight's algorithms in the toolbox."""
    provider = FirstLightProvider(QIcon(), with_models=True)
    registry = QgsApplication.processingRegistry()
    assert registry.addProvider(provider)
    yield
    registry.removeProvider(provider)


@pytest.fixture
def project(qgis_app: QgsApplication) -> QgsProject:
    """The open project."""
    return QgsProject.instance()


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    """A raster of four named bands in stored units, with scale 0.0001 and nodata 0, as FirstLight's
    stacks have.
    """
    return make_stack(tmp_path / "stack.tif")


@pytest.fixture
def band_file(tmp_path: Path) -> Path:
    """A raster of one band without a name."""
    return write_raster(tmp_path / "band.tif", ramp((64, 64), -0.5, 0.9, "float32"), nodata=None)


def make_stack(
    path: Path, names: tuple[str, ...] = ("blue", "green", "red", "nir"), dtype: str = "uint16"
) -> Path:
    """Write a raster with named bands; the same place for all."""
    import rasterio

    bands = np.stack(
        [ramp((64, 64), 100 * (place + 1), 3000, dtype) for place in range(len(names))]
    )
    write_raster(path, bands)
    with rasterio.open(path, "r+") as raster:
        raster.descriptions = names
        if dtype == "uint16":
            raster.scales = (0.0001,) * len(names)
            raster.offsets = (0.0,) * len(names)
    return path


@pytest.fixture
def wait_for(qtbot: QtBot) -> Callable[..., None]:
    """``wait_for(condition)``: runs the event loop until the condition holds."""

    def wait(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)

    return wait


@pytest.fixture
def speak() -> Iterator[Callable[[str], None]]:
    """Let QGIS speak a language, as its options do, until the test ends."""
    installed: list[QTranslator | None] = []

    def begin(name: str) -> None:
        settings = QgsSettings()
        settings.setValue("locale/overrideFlag", True)
        settings.setValue("locale/userLocale", name)
        language.language.cache_clear()
        installed.append(language.install_language())

    yield begin
    for translator in installed:
        language.remove_language(translator)
    QgsSettings().remove("locale/overrideFlag")
    QgsSettings().remove("locale/userLocale")
    language.language.cache_clear()


@pytest.fixture
def brackets(
    speak: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """QGIS speaks a language in which each text that can be translated stands in brackets."""
    folder = tmp_path / "languages"
    folder.mkdir()
    write_brackets(folder)
    monkeypatch.setattr(sentences, "LANGUAGES_PATH", folder)
    sentences.load_sentences.cache_clear()
    translator = BracketTranslator()
    QCoreApplication.installTranslator(translator)
    speak(NAME)
    yield
    QCoreApplication.removeTranslator(translator)
    sentences.load_sentences.cache_clear()


MASTER_PASSWORD = "firstlight-tests"


@contextmanager
def store_login(user: str, password: str) -> Iterator[str]:
    """Keep a Basic authentication in the test profile's own database of passwords; gives its id."""
    manager = QgsApplication.authManager()
    assert ".qgis-settings" in manager.authenticationDatabasePath(), (
        "never in a person's own profile"
    )
    assert manager.masterPasswordIsSet() or manager.setMasterPassword(MASTER_PASSWORD, True)
    config = QgsAuthMethodConfig("Basic")
    config.setName("FirstLight test")
    config.setConfig("username", user)
    config.setConfig("password", password)
    assert manager.storeAuthenticationConfig(config)[0]
    yield config.id()
    manager.removeAuthenticationConfig(config.id())


@contextmanager
def store_authority(path: str) -> Iterator[None]:
    """Keep a certificate among the authorities of the test profile, as a user does in QGIS's
    options.
    """
    manager = QgsApplication.authManager()
    assert ".qgis-settings" in manager.authenticationDatabasePath(), (
        "never in a person's own profile"
    )
    assert manager.masterPasswordIsSet() or manager.setMasterPassword(MASTER_PASSWORD, True)
    certificate = QSslCertificate.fromPath(path)[0]
    assert manager.storeCertAuthority(certificate)
    manager.initSslCaches()
    try:
        yield
    finally:
        manager.removeCertAuthority(certificate)
        manager.initSslCaches()


class _LockedHandler(_Handler):
    server: LockedServer

    def _route(self, method: str, path: str, query: dict[str, Any]) -> None:
        expected = "Basic " + base64.b64encode(self.server.login.encode()).decode()
        if self.headers.get("Authorization") == expected:
            super()._route(method, path, query)
        else:
            self._send({"code": "Unauthorized", "description": "log in"}, 401)


class LockedServer(StacServer):
    """A STAC API that answers only to ``login`` (``user:password``)."""

    def __init__(self, *args: Any, login: str, **more: Any) -> None:
        self.login = login
        super().__init__(*args, **more)
        self.RequestHandlerClass = _LockedHandler


def write_override(name: str, value: object) -> None:
    """Write a setting as the user's QGIS keeps it; None removes it."""
    if value is None:
        QgsSettings().remove(f"firstlight/settings/{name}")
    else:
        QgsSettings().setValue(f"firstlight/settings/{name}", value)
