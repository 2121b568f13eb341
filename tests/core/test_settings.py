"""Settings: who wins, what is refused, and that the sentence names the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.core.errors import SettingsError
from firstlight.core.settings import BandChoice, Settings, resolve_settings, setting_fields

NAME = "parallel_downloads"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text("download:\n  parallel_downloads: 6\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("override", "environment", "user", "value", "origin"),
    [
        (9, "8", True, 9, "given for this run"),
        (None, "8", True, 8, "environment FIRSTLIGHT_PARALLEL_DOWNLOADS"),
        (None, "", True, 6, "own.yaml"),
        (None, None, True, 6, "own.yaml"),
        (None, None, False, 4, "config/ingestion.yaml"),
    ],
)
def test_the_higher_source_wins_and_is_remembered(
    own: Path, override: int | None, environment: str | None, user: bool, value: int, origin: str
) -> None:
    environ = {} if environment is None else {"FIRSTLIGHT_PARALLEL_DOWNLOADS": environment}
    settings = resolve_settings({NAME: override}, environ, own if user else None)
    assert settings.parallel_downloads == value
    assert settings.origins[NAME].endswith(origin)
    assert settings.to_dict()[NAME]["value"] == value


def test_the_users_file_can_be_named_by_the_environment(own: Path) -> None:
    assert resolve_settings({}, {"FIRSTLIGHT_CONFIG": str(own)}).parallel_downloads == 6


def test_the_environment_is_read_when_an_operation_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_TILE_SIZE", "128")
    assert resolve_settings().tile_size == 128
    monkeypatch.setenv("FIRSTLIGHT_TILE_SIZE", "256")
    assert resolve_settings().tile_size == 256


def test_the_shipped_file_says_what_the_defaults_say() -> None:
    assert resolve_settings({}, {}) == Settings()


def test_every_setting_has_a_title_a_path_and_a_good_default() -> None:
    for field in setting_fields():
        assert field.metadata["title"], field.name
        assert field.metadata["path"].count("."), field.name


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("BANDS", "Blue, NIR ,blue,,", BandChoice(("blue", "nir"))),
        (
            "BANDS",
            "Sentinel2=Red, nir;landsat=red;",
            BandChoice(of={"sentinel2": ("red", "nir"), "landsat": ("red",)}),
        ),
        ("PARALLEL_DOWNLOADS", " 4 ", 4),
        ("PARALLEL_DOWNLOADS", "4.0", 4),
        ("RETRY_DELAY_S", "0.5", 0.5),
        ("DEFAULT_FORMAT", "GeoTIFF", "geotiff"),
        ("REFLECTANCE_RANGE", "-0.1,1.2", (-0.1, 1.2)),
        ("TARGET_RESOLUTION", "20", 20.0),
        ("WORKERS", "2", 2),
    ],
)
def test_text_becomes_what_the_setting_needs(variable: str, text: str, value: object) -> None:
    settings = resolve_settings({}, {f"FIRSTLIGHT_{variable}": text})
    assert getattr(settings, variable.lower()) == value


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("parallel_downloads", "four", "it is no integer"),
        ("parallel_downloads", "false", "it is no integer"),
        ("parallel_downloads", "2.5", "it is no integer"),
        ("parallel_downloads", "0", "the least is 1"),
        ("parallel_downloads", "33", "the most is 32"),
        ("retry_delay_s", "nan", "it is no number"),
        ("retry_delay_s", "-1", "the least is 0"),
        ("default_format", "jpeg", "it is not one of the choices. Known: vrt, geotiff."),
        ("resample_method", "lanczos", "it is not one of the choices"),
        ("reflectance_range", "1", "it is no range"),
        ("reflectance_range", "1,0", "it is no range"),
        ("reflectance_range", "0,1,2", "it is no range"),
        ("max_nodata_percent", "101", "the most is 100"),
    ],
)
def test_a_bad_value_is_named_with_its_source(name: str, text: str, why: str) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve_settings({}, {f"FIRSTLIGHT_{name.upper()}": text})
    assert (
        f"The setting '{name}' from environment FIRSTLIGHT_{name.upper()} cannot be '{text}': {why}"
        in str(caught.value)
    )


@pytest.mark.parametrize("name", ["parallel_downloads", "workers", "tile_size", "read_timeout_s"])
def test_infinity_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        resolve_settings({}, {f"FIRSTLIGHT_{name.upper()}": "inf"})


@pytest.mark.parametrize(
    ("yaml", "sentence"),
    [
        ("download:\n  paralel: 3\n", "The setting 'download.paralel' in {path}: is not known"),
        ("bands: [a]\n", "The setting 'bands' in {path}: is not known"),
        ("download:\n  parallel_downloads: true\n", "from {path} cannot be True: it is no integer"),
        (
            "download:\n  parallel_downloads: 'false'\n",
            "from {path} cannot be 'false': it is no integer",
        ),
        ("download:\n  parallel_downloads: null\n", "from {path} cannot be None: it needs a value"),
        (
            "optical_validation:\n  expected_value_range:\n    kelvin: {1: 2, 3: 4}\n",
            "it is no range",
        ),
        ("validation:\n  checks: {band_shifted: off}\n", "it is no words"),
        ("validation:\n  checks: [[a], b]\n", "it is no words"),
        ("processing:\n  cluster: [tcp://a]\n", "it is no text"),
        ("processing:\n  engine: {threads: 1}\n", "it is no word"),
        ("download:\n  bands: {sentinel2: {red: 10}}\n", "it is no choice of bands"),
        ("download:\n  bands: [[red], nir]\n", "it is no choice of bands"),
        ("download:\n  bands: {'': [red]}\n", "it is no choice of bands"),
        ("download:\n  bands: {a: [red], A: [nir]}\n", "it is no choice of bands"),
        ("download:\n  bands: 7\n", "it is no choice of bands"),
        ("download:\n  bands: sentinel2=red;sentinel2=nir\n", "it is no choice of bands"),
        ("- a\n- b\n", "The settings file {path} cannot be used: it holds no sections"),
        ("a: [\n", "The settings file {path} cannot be read"),
        ("\x00", "The settings file {path} cannot be read"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, yaml: str, sentence: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(yaml, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        resolve_settings({}, {}, path)
    assert sentence.format(path=path) in str(caught.value)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(SettingsError, match="cannot be read"):
        resolve_settings({}, {}, path)


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nope\.yaml cannot be used: it does not exist"):
        resolve_settings({}, {"FIRSTLIGHT_CONFIG": str(tmp_path / "nope.yaml")})


@pytest.mark.parametrize("yaml", ["", "# nothing\n", "---\n"])
def test_an_empty_file_changes_nothing(tmp_path: Path, yaml: str) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text(yaml, encoding="utf-8")
    assert resolve_settings({}, {}, path) == Settings()


def test_a_section_whose_keys_are_commented_out_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("download:\n#  parallel_downloads: 6\n", encoding="utf-8")
    assert resolve_settings({}, {}, path) == Settings()


def test_an_unknown_override_is_named() -> None:
    with pytest.raises(SettingsError, match="The setting 'speed': is not known"):
        resolve_settings({"speed": 3}, {})


def test_an_unknown_override_of_resolved_settings_is_named() -> None:
    with pytest.raises(SettingsError, match="speed"):
        Settings().override(speed=3)


def test_not_given_is_not_given() -> None:
    assert Settings().override(bands=None, parallel_downloads=None) == Settings()
    assert Settings().override(bands=("nir",)).override(bands=()).bands.names == ("nir",)


def test_workers_are_one_per_core_unless_set() -> None:
    assert Settings().worker_count >= 1
    assert Settings(workers=3).worker_count == 3


@pytest.mark.parametrize(
    ("yaml", "told"),
    [
        ("[Red, nir]", ["red", "nir"]),
        ("red, nir", ["red", "nir"]),
        (
            "{sentinel2: [red, nir], landsat: red}",
            {"sentinel2": ["red", "nir"], "landsat": ["red"]},
        ),
        ("{sentinel2: []}", {"sentinel2": []}),
        ("", []),
    ],
)
def test_bands_are_chosen_for_all_sensors_or_for_each(
    tmp_path: Path, yaml: str, told: object
) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"download:\n  bands: {yaml}\n", encoding="utf-8")
    settings = resolve_settings({}, {}, path)
    assert settings.to_dict()["bands"]["value"] == told
    assert bool(settings.bands) == bool(told)
