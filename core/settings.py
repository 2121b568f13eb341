"""Settings: declared once here, resolved when an operation starts, the origin of each value kept.

Precedence: override (dock, flag, Processing parameter) > environment ``FIRSTLIGHT_<NAME>`` > the
user's YAML > the shipped ``config/ingestion.yaml`` > the default below.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .accounts.account import Account, AccountKind
from .accounts.read import read_accounts
from .enums import (
    Compression,
    Depth,
    DownloadWindow,
    EngineName,
    Layout,
    OnInvalid,
    OutputType,
    Polarisation,
    Resampling,
    Screenshot,
    StackFormat,
)
from .errors import SettingsError
from .files.yaml_file import CONFIG_DIR as CONFIG_DIR
from .files.yaml_file import read_yaml as read_yaml
from .logins import covers
from .setting_casts import BandChoice as BandChoice
from .setting_casts import cast_setting
from .text import at_home

SettingField = dataclasses.Field[Any]
ATTACHED = "the login attached to the catalogue"


def _setting(default: Any, path: str, kind: str, title: str, **bounds: Any) -> Any:
    """A setting at ``path`` (section.key) of the YAML files."""
    return field(default=default, metadata={"path": path, "kind": kind, "title": title, **bounds})


@dataclass(frozen=True)
class Settings:
    """All settings of one run."""

    bands: BandChoice = _setting(
        BandChoice(),
        "download.bands",
        "choice of bands",
        "Bands (empty: the sensor's default bands)",
    )
    parallel_downloads: int = _setting(
        4, "download.parallel_downloads", "integer", "Bands at once", least=1, most=32
    )
    retry_attempts: int = _setting(
        3, "download.retry_attempts", "integer", "Tries per band", least=1, most=20
    )
    retry_delay_s: float = _setting(
        2.0, "download.retry_delay_s", "number", "First wait before a new try (s)", least=0
    )
    timeout_per_band_s: float = _setting(
        300.0,
        "download.timeout_per_band_s",
        "number",
        "Most time in which next to nothing comes (s)",
        least=1,
    )
    busy_wait_s: float = _setting(
        120.0, "download.busy_wait_s", "number", "Most wait for a busy server (s)", least=0
    )
    request_delay_ms: int = _setting(
        100,
        "download.request_delay_ms",
        "integer",
        "Wait between requests to a busy host (ms)",
        least=0,
    )
    connect_timeout_s: float = _setting(
        10.0, "download.connect_timeout_s", "number", "Wait for a connection (s)", least=0.1
    )
    read_timeout_s: float = _setting(
        30.0, "download.read_timeout_s", "number", "Wait for the next bytes (s)", least=0.1
    )
    window: DownloadWindow = _setting(
        DownloadWindow.AOI,
        "download.window",
        "word",
        "Download only the area, or whole bands",
        choices=DownloadWindow,
    )
    parallel_requests: int = _setting(
        8, "download.parallel_requests", "integer", "Requests at once for areas", least=1, most=64
    )
    cache_folder: str = _setting(
        "", "cache.folder", "text", "Folder of the band cache (empty: the user's cache folder)"
    )
    cache_days: float = _setting(
        30.0, "cache.retention_days", "number", "Days that bands are kept (0: no cache)", least=0
    )
    multi_band: bool = _setting(
        True, "multi_band_download.enabled", "flag", "Single bands (off: one file per scene)"
    )
    fallback_to_visual: bool = _setting(
        True,
        "multi_band_download.fallback_to_visual",
        "flag",
        "The picture, where a scene has no bands",
    )
    default_format: StackFormat = _setting(
        StackFormat.VRT, "stacking.default_format", "word", "Stack format", choices=StackFormat
    )
    resample_method: Resampling = _setting(
        Resampling.BILINEAR,
        "stacking.resample_method",
        "word",
        "Resampling of reflectance",
        choices=Resampling,
    )
    target_resolution: float | None = _setting(
        None, "stacking.target_resolution", "number", "Stack resolution (m)", least=0.01
    )
    min_std_dev: float = _setting(
        1.0,
        "optical_validation.min_std_dev",
        "number",
        "Blank below this deviation (stored units)",
        least=0,
    )
    max_nodata_percent: float = _setting(
        50.0,
        "optical_validation.max_nodata_percent",
        "number",
        "Most nodata (%)",
        least=0,
        most=100,
    )
    max_outside_percent: float = _setting(
        5.0,
        "optical_validation.max_outside_percent",
        "number",
        "Most pixels outside the range (%)",
        least=0,
        most=100,
    )
    reflectance_range: tuple[float, float] = _setting(
        (-0.2, 1.6),
        "optical_validation.expected_value_range.reflectance",
        "range",
        "Plausible reflectance",
    )
    sentinel2_l1c_range: tuple[float, float] | None = _setting(
        None,
        "optical_validation.expected_value_range.sentinel2_l1c",
        "range",
        "The same, Sentinel-2 L1C only",
    )
    sentinel2_l2a_range: tuple[float, float] | None = _setting(
        None,
        "optical_validation.expected_value_range.sentinel2_l2a",
        "range",
        "The same, Sentinel-2 L2A only",
    )
    landsat8_l1_range: tuple[float, float] | None = _setting(
        None,
        "optical_validation.expected_value_range.landsat8_l1",
        "range",
        "The same, Landsat Level 1 only",
    )
    landsat8_l2_range: tuple[float, float] | None = _setting(
        None,
        "optical_validation.expected_value_range.landsat8_l2",
        "range",
        "The same, Landsat Level 2 only",
    )
    kelvin_range: tuple[float, float] = _setting(
        (150.0, 400.0),
        "optical_validation.expected_value_range.kelvin",
        "range",
        "Plausible temperature (K)",
    )
    elevation_range_m: tuple[float, float] = _setting(
        (-500.0, 9000.0),
        "optical_validation.expected_value_range.elevation",
        "range",
        "Plausible height (m)",
    )
    max_saturated_percent: float = _setting(
        5.0,
        "optical_validation.max_saturated_percent",
        "number",
        "Most saturated pixels (%)",
        least=0,
        most=100,
    )
    max_band_shift_px: float = _setting(
        0.4,
        "optical_validation.max_band_shift_px",
        "number",
        "Most shift between bands (pixels)",
        least=0.1,
    )
    min_std_dev_db: float = _setting(
        0.5,
        "sar_validation.min_std_dev_db",
        "number",
        "Radar: blank below this deviation (dB)",
        least=0,
    )
    backscatter_range_db: tuple[float, float] = _setting(
        (-30.0, 10.0), "sar_validation.backscatter_range_db", "range", "Plausible backscatter (dB)"
    )
    required_polarizations: tuple[str, ...] = _setting(
        (Polarisation.VV, Polarisation.VH),
        "sar_validation.required_polarizations",
        "words",
        "Polarizations that are wanted",
    )
    validation_depth: Depth = _setting(
        Depth.QUICK,
        "validation.depth",
        "word",
        "How deep files are looked into",
        choices=(Depth.QUICK, Depth.DEEP),
    )
    on_invalid: OnInvalid = _setting(
        OnInvalid.REJECT,
        "validation.on_invalid",
        "word",
        "What happens to a stack that is not valid",
        choices=OnInvalid,
    )
    checks: tuple[str, ...] = _setting(
        (), "validation.checks", "words", "Checks turned off or weighed otherwise"
    )
    screenshot: Screenshot = _setting(
        Screenshot.NEVER,
        "screenshot.when",
        "word",
        "Picture of what was validated",
        choices=Screenshot,
    )
    screenshot_folder: str | None = _setting(
        None, "screenshot.folder", "text", "Folder of the pictures (empty: beside the stack)"
    )
    screenshot_retention_days: int = _setting(
        30, "screenshot.retention_days", "integer", "Days a picture is kept (0: for ever)", least=0
    )
    tile_size: int = _setting(
        1024, "processing.tile_size", "integer", "Tile size (pixels)", least=64, most=16384
    )
    compression: Compression = _setting(
        Compression.ZSTD,
        "processing.compression",
        "word",
        "Compression of layers",
        choices=Compression,
    )
    output_dtype: OutputType = _setting(
        OutputType.FLOAT32,
        "processing.output_dtype",
        "word",
        "Numbers in layers",
        choices=OutputType,
    )
    workers: int | None = _setting(
        None, "processing.workers", "integer", "Threads (empty: one per core)", least=1, most=256
    )
    engine: EngineName = _setting(
        EngineName.AUTO, "processing.engine", "word", "Engine", choices=EngineName
    )
    cluster: str = _setting(
        "", "processing.cluster", "text", "Dask cluster (address of its scheduler; empty: none)"
    )
    store: str = _setting(
        "",
        "processing.store",
        "text",
        "Place for a cluster's finished tiles: folder or s3:// (empty: beside the result)",
    )
    layout: Layout = _setting(
        Layout.AUTO, "processing.layout", "word", "One file or chunks", choices=Layout
    )
    chunk_pixels: int = _setting(
        8192 * 8192,
        "processing.chunk_pixels",
        "integer",
        "Most pixels of one file of a layer in chunks",
        least=64 * 64,
    )
    spark: str = _setting(
        "", "spark.master", "text", "Spark (address of its master, spark://host:7077; empty: none)"
    )
    spark_from_tiles: int = _setting(
        20000, "spark.from_tiles", "integer", "So many tiles: on Spark", least=0
    )
    spark_host: str = _setting(
        "127.0.0.1", "spark.host", "text", "This computer's address, as Spark's workers reach it"
    )
    spark_python: str = _setting(
        "", "spark.python", "text", "Python on Spark's workers (empty: python3)"
    )
    spark_driver_python: str = _setting(
        "", "spark.driver_python", "text", "A Python here with pyspark (empty: it is looked for)"
    )
    spark_secret_file: str = _setting(
        "", "spark.secret_file", "text", "File with Spark's secret (empty: it asks for none)"
    )
    spark_sedona_jar: str = _setting(
        "", "spark.sedona_jar", "text", "Sedona's jar, for tables of scenes (empty: none)"
    )
    spark_from_rows: int = _setting(
        200_000_000, "spark.from_rows", "integer", "So many rows of a table: on Spark", least=0
    )
    serial_below_tiles: int = _setting(
        2, "processing.serial_below_tiles", "integer", "Fewer tiles: one after the other", least=0
    )
    cluster_from_tiles: int = _setting(
        1000, "processing.cluster_from_tiles", "integer", "So many tiles: on the cluster", least=0
    )
    tile_timeout_s: float = _setting(
        300.0,
        "processing.tile_timeout_s",
        "number",
        "Most time for one tile on a cluster (s)",
        least=1,
    )
    gazetteer: str = _setting(
        "", "places.gazetteer", "text", "Names of places (a vector file or CSV; empty: none)"
    )
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Name → where its value comes from, for a person."""
    proxies: Mapping[str, str] = field(default_factory=dict)
    """Scheme → proxy URL, as QGIS has it; empty: as the environment says."""
    authorities: str = ""
    """A file of certificates (PEM) to trust, as QGIS has them; empty: those that come with
    ``requests``.
    """
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """Host → HTTP headers, from the authentication that the user attached to a catalogue; the keys
    are those of :func:`~.logins.login_keys`.
    """

    accounts: tuple[Account, ...] = field(default=(), repr=False)
    """The user's logins with providers and hosts; the first that covers an address is sent."""

    @property
    def worker_count(self) -> int:
        """Threads for computing: as set, else one per core that this process may use."""
        if self.workers:
            return self.workers
        return (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )

    @property
    def logins(self) -> tuple[Account, ...]:
        """All logins: those attached to catalogues first."""
        attached = (
            Account(host, host, AccountKind.HEADERS, (host,), ATTACHED, tuple(headers.items()))
            for host, headers in self.headers.items()
        )
        return (*attached, *self.accounts)

    def account_for(self, url: str) -> Account | None:
        """The login to send with a request for a URL; never one of another host, or by http
        instead of https.
        """
        return next((login for login in self.logins if covers(login.hosts, url)), None)

    def account_concerning(self, url: str) -> Account | None:
        """The login to send there, or to where that host sends for a login."""
        behind = (login for login in self.logins if covers(login.through, url))
        return self.account_for(url) or next(behind, None)

    def override(self, **given: Any) -> Settings:
        """A copy with what this run's parameters say; ``None`` and empty mean "not given".

        Raises
        ------
        SettingsError
            For a bad value.
        """
        origin = "given for this run"
        known = {f.name: f for f in setting_fields()}
        for name in given:
            if name not in known:
                raise SettingsError(
                    f"The setting '{name}'", "is not known", f"Known: {', '.join(known)}."
                )
        values = {
            name: _cast(known[name], raw, origin)
            for name, raw in given.items()
            if raw is not None and raw != ()
        }
        return dataclasses.replace(
            self, **values, origins={**self.origins, **dict.fromkeys(values, origin)}
        )

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Name → value and origin."""
        return {
            f.name: {
                "value": value.to_data() if isinstance(value, BandChoice) else value,
                "origin": self.origins.get(f.name, "default"),
                "title": f.metadata["title"],
            }
            for f in setting_fields()
            for value in (getattr(self, f.name),)
        }


def setting_fields() -> list[SettingField]:
    """The fields of :class:`Settings` that are settings."""
    return [f for f in dataclasses.fields(Settings) if "path" in f.metadata]


def resolve_settings(
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    user_file: Path | None = None,
) -> Settings:
    """Collect the settings for one run.

    Parameters
    ----------
    overrides : mapping, optional
        Name → value from the door; ``None`` values mean "not given".
    environ : mapping, optional
        The environment; ``os.environ`` by default.
    user_file : Path, optional
        The user's YAML; by default the one named by ``FIRSTLIGHT_CONFIG``, else
        ``~/.config/firstlight/config.yaml``.

    Raises
    ------
    SettingsError
        For an unknown name or a bad value, or a file of accounts that others can read; the
        sentence names the source.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for f, raw, origin in (*_from_files(environ, user_file), *_from_environment(environ)):
        values[f.name] = _cast(f, raw, origin)
        origins[f.name] = origin
    settings = Settings(**values, origins=origins, accounts=read_accounts(environ))
    return settings.override(**(overrides or {}))


def _cast(f: SettingField, raw: Any, origin: str) -> Any:
    return cast_setting(f.name, f.default, f.metadata, raw, origin)


def _from_files(
    environ: Mapping[str, str], user_file: Path | None
) -> Iterator[tuple[SettingField, Any, str]]:
    """Field, raw value and origin of the settings in the shipped and the user's file."""
    named = environ.get("FIRSTLIGHT_CONFIG")
    explicit = user_file or (at_home(named) if named else None)
    if explicit and not explicit.is_file():
        raise SettingsError(
            f"The settings file {explicit} cannot be used",
            "it does not exist",
            "Make it, or correct FIRSTLIGHT_CONFIG.",
        )
    own = explicit or at_home("~") / ".config" / "firstlight" / "config.yaml"
    by_path = {f.metadata["path"]: f for f in setting_fields()}
    for path, origin in ((CONFIG_DIR / "ingestion.yaml", "config/ingestion.yaml"), (own, str(own))):
        tree = read_yaml(path) if path.is_file() else {}
        for key, raw in _flatten(tree, by_path).items():
            if key not in by_path:
                hint = f"Known: {', '.join(by_path)}."
                raise SettingsError(f"The setting '{key}' in {origin}", "is not known", hint)
            yield by_path[key], raw, origin


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[SettingField, Any, str]]:
    for f in setting_fields():
        variable = f"FIRSTLIGHT_{f.name.upper()}"
        if environ.get(variable):
            yield f, environ[variable], f"environment {variable}"


def _flatten(tree: Mapping[str, Any], known: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if value is None and any(name.startswith(f"{path}.") for name in known):
            continue  # a section whose keys are all commented out
        if isinstance(value, dict) and path not in known:
            flat.update(_flatten(value, known, f"{path}."))
        else:
            flat[path] = value
    return flat
