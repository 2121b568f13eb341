"""Stacks as inputs of maps: their files and bands, and a folder for results that spares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..enums import Unit
from ..errors import AlgorithmError, InputError
from ..gdal.containers import file_of
from ..identity.band_names import RANGES_NM, identify_bands
from ..identity.plausible import check_plausible
from ..identity.undeclared import check_undeclared
from ..raster.cloud_mask import MASK_BANDS
from ..raster.facts import RasterFacts
from ..raster.open_file import check_openable
from ..raster.reader import RasterReader
from ..raster.vrt_sources import check_vrt_sources, is_vrt
from ..types import format_time
from ..validation.presence import refuse_exchanged


def describe_input(reader: RasterReader) -> dict[str, Any]:
    """Describe a stack and the state of its files, JSON-ready: enough to tell whether a result is
    of today's inputs.
    """
    tags = reader.facts.tags
    files = [
        {
            "path": path,
            "size_bytes": size,
            "modified": format_time(datetime.fromtimestamp(changed / 1e9, timezone.utc)),
        }
        for path, size, changed in reader.state()
        if size >= 0
    ]
    kept = {key: tags[key] for key in ("item_id", "datetime", "sensor") if key in tags}
    return {"path": str(reader.facts.path), **kept, "files": files}


def check_stack(stack: Path) -> list[Path]:
    """List the files that a stack names, itself first, after a look into it.

    Raises
    ------
    VRTSourceNotFoundError, ValidationError
        If one is missing or was exchanged, or the stack holds what no stack needs.
    """
    check_openable(stack)
    file = file_of(stack)
    if not is_vrt(file):
        return [file]
    sources = check_vrt_sources(file)
    refuse_exchanged(file, sources)
    return [file, *(file_of(path) for path in sources.files)]


def prepare_folder(output: Path, names: Sequence[str], inputs: Sequence[Path]) -> list[Path]:
    """Make the output folder, and return the paths of the files to be written there.

    Raises
    ------
    InputError
        If the folder cannot be made, or one of the files is an input.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"Nothing can be written to {output}",
            error.strerror or str(error),
            "Choose another folder.",
        ) from error
    paths = [output / name for name in names]
    spare_inputs(paths, inputs)
    return paths


def spare_inputs(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Refuse to replace an input.

    Raises
    ------
    InputError
        If one of the outputs is an input.
    """
    taken = {path.resolve() for path in inputs}
    for path in outputs:
        if path.resolve() in taken:
            raise InputError(
                f"{path} cannot be written", "it is an input", "Choose another folder."
            )


def unscaled(facts: RasterFacts, indexes: Sequence[int]) -> list[str]:
    """Name the bands whose stored numbers are not known to be physical values; whole numbers
    without a scale never are.
    """
    bands = [facts.bands[index - 1] for index in indexes]
    return [
        band.description
        for band in bands
        if band.radiometry.scale == 1.0
        and (
            "int" in band.dtype
            or (
                band.radiometry.offset == 0.0
                and band.radiometry.unit not in (Unit.REFLECTANCE, Unit.KELVIN)
                and not band.radiometry.unit.is_backscatter
            )
        )
    ]


def refuse_scaled_masks(what: str, facts: RasterFacts, masks: Mapping[str, int]) -> None:
    """Refuse masks with a scale or an offset: their codes would become others, and cloud ground.

    Parameters
    ----------
    what : str
        What fails, for the sentence: ``NDVI cannot be computed from s.vrt``.
    masks : mapping of str to int
        Names and indexes of the masks.

    Raises
    ------
    AlgorithmError
    """
    rules = {name: facts.bands[index - 1].radiometry for name, index in masks.items()}
    scaled = [name for name, rule in rules.items() if (rule.scale, rule.offset) != (1.0, 0.0)]
    if scaled:
        raise AlgorithmError(
            what,
            f"its mask {', '.join(scaled)} has a scale or an offset, and the numbers of a mask "
            "are codes",
            "Stack it again with the mask's own file, or without the mask.",
        )


def refuse_mixed_scales(what: str, facts: RasterFacts, bands: Mapping[str, int]) -> None:
    """Refuse to compute with physical values of one band and stored numbers of another.

    Parameters
    ----------
    what : str
        What fails, for the sentence: ``NDVI cannot be computed from s.vrt``.
    bands : mapping of str to int
        Names and indexes of the bands that go into one formula; only spectral ones count.

    Raises
    ------
    AlgorithmError
        If whole numbers without a scale meet bands that have one.
    """
    spectral = {name: index for name, index in bands.items() if name in RANGES_NM}
    bare = {
        name
        for name, index in spectral.items()
        if unscaled(facts, [index]) and "int" in facts.bands[index - 1].dtype
    }
    scaled = [name for name in spectral if name not in bare]
    if bare and scaled:
        raise AlgorithmError(
            what,
            f"{', '.join(sorted(bare))} has no scale, and {', '.join(scaled)} has one",
            "Stack all its bands with one ‘stack.product’, or with ‘stack.scale’ and "
            "‘stack.offset’.",
        )


def named_bands(facts: RasterFacts) -> dict[str, int]:
    """Canonical band name → index from 1, read within the naming of the raster's own sensor."""
    return dict(identify_bands(facts).indexes)


def naming_warnings(facts: RasterFacts) -> list[str]:
    """Sentences about bands that could not be named."""
    return [finding.sentence for finding in identify_bands(facts).findings]


def band_doubts(facts: RasterFacts) -> str:
    """Sentences about bands that could not be named, for an error that misses one."""
    return " ".join(naming_warnings(facts))


def implausible(facts: RasterFacts, bands: Mapping[str, int]) -> list[str]:
    """Sentences about bands whose values cannot be what their unit says."""
    raw = set(unscaled(facts, list(bands.values())))
    judged = {
        name: index
        for name, index in bands.items()
        if facts.bands[index - 1].description not in raw and name not in MASK_BANDS
    }
    with RasterReader(facts.path) as reader:
        return [finding.sentence for finding in check_plausible(reader, judged)]


def undeclared(facts: RasterFacts, bands: Mapping[str, int]) -> list[str]:
    """Sentences about numbers that look like nodata which no file declares."""
    with RasterReader(facts.path) as reader:
        return [finding.sentence for finding in check_undeclared(reader, bands)]
