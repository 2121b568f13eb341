"""Names of a raster's bands, read within one sensor's naming: by wavelength, description, file name
or place.

Where two bands can be meant, none is taken: a wrong band gives a wrong map without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..discovery.band_config import Sensor, load_sensors
from ..enums import StrEnum
from ..raster.facts import BandFacts, RasterFacts
from ..report import Finding
from ..types import Grid, Radiometry
from .description import CODE, Code, find_codes, find_phrases, pieces, read_wavelength
from .naming import (
    NamedBand,
    Naming,
    derived_words,
    load_namings,
    load_phrases,
    load_words,
    platform_namings,
)

PLATFORM_TAGS = (
    "sensor",
    "platform",
    "spacecraft",
    "satellite",
    "mission",
    "product",
    "imagedescription",
    "collection",
    "item_id",
    "instrument",
)
"""Parts of the names of tags that may tell the platform."""
RANGES_NM = {
    "coastal": (400, 455),
    "blue": (445, 530),
    "green": (510, 600),
    "yellow": (580, 625),
    "red": (615, 695),
    "rededge": (690, 795),
    "rededge1": (690, 730),
    "rededge2": (725, 760),
    "rededge3": (760, 800),
    "nir": (750, 1000),
    "nir08": (750, 900),
    "nir09": (880, 1050),
    "swir16": (1500, 1750),
    "swir22": (2050, 2400),
    "lwir": (10000, 12500),
    "lwir11": (10300, 11600),
    "lwir12": (11400, 12600),
}
"""Centre wavelengths that a band's name may have: the common names of STAC's extension eo."""
SURE_NM = {
    "blue": (450, 510),
    "green": (530, 590),
    "red": (630, 690),
    "rededge1": (698, 715),
    "nir": (800, 880),
    "swir16": (1550, 1700),
    "swir22": (2100, 2300),
}
"""Centre wavelengths that tell a band without any name."""
KIN = {"rededge": ("rededge1", "rededge2", "rededge3"), "nir": ("nir08",), "lwir": ("lwir11",)}
"""A word → the finer names that it does not contradict."""
MOST_LISTED = 3
MOST_SIBLINGS = 500
"""Files of a folder that are looked at by name."""


class Rank(StrEnum):
    """How a band was known, the best first."""

    EXACT = "its whole name"
    CODE = "the code in its name"
    WORD = "a word in its name"
    WAVELENGTH = "its wavelength"
    ORDER = "its place in its product"
    PLACE = "its place"


@dataclass(frozen=True)
class Reading:
    """What one band's texts can mean."""

    index: int
    text: str
    codes: tuple[Code, ...] = ()
    word: str = ""
    """Canonical name that words tell; empty where none does."""
    is_exact: bool = False
    """The text is a name and nothing else."""
    is_odd: bool = False
    """Of several bands, or made from one."""
    wavelength_nm: float | None = None


@dataclass(frozen=True)
class NamedBands:
    """The bands of a raster under canonical names."""

    indexes: Mapping[str, int]
    """Name → index from 1; a band that is not known goes by its own description."""
    ranks: Mapping[int, Rank]
    """Index of a band that is known → how."""
    namings: tuple[Naming, ...] = ()
    """The namings that fit its codes."""
    findings: tuple[Finding, ...] = ()
    """Names that mean several bands, bands that share a name, and contradictions."""


def identify_bands(
    facts: RasterFacts, sensor: Sensor | None = None, expected: Sequence[str] = ()
) -> NamedBands:
    """Name the bands of a raster.

    Parameters
    ----------
    facts : RasterFacts
        What the file says of itself.
    sensor : Sensor, optional
        The sensor that the user names; None: as the file's tags and name say.
    expected : sequence of str
        Names by position, used only when nothing else tells and the counts are equal.
    """
    readings = [_read(band.index, band.description, band) for band in facts.bands]
    beside: list[Reading] = []
    if not any(reading.text for reading in readings) and len(facts.bands) == 1:
        alone = _read(1, facts.path.stem, facts.bands[0])
        if alone.codes or alone.word:
            readings, beside = [alone], _siblings(facts.path)
    counted = _are_positions(readings)
    if counted:
        readings = [replace(reading, codes=()) for reading in readings]
    namings, platform = _allowed(facts, sensor)
    solved = _solve(readings, beside, namings, platform, facts.path.name)
    silent = counted or not solved.indexes
    ordered = next((one for one in platform if silent and _holds_in_order(one, facts)), None)
    if ordered is not None:
        indexes = {band.name: i for i, band in enumerate(ordered.codes.values(), start=1)}
        ranks = dict.fromkeys(indexes.values(), Rank.ORDER)
        return NamedBands(indexes, ranks, (ordered,), solved.findings)
    if silent and expected and len(expected) == len(facts.bands):
        indexes = {name.lower(): index for index, name in enumerate(expected, start=1)}
        places = dict.fromkeys(indexes.values(), Rank.PLACE)
        return replace(solved, indexes=indexes, ranks=places)
    return solved


def _holds_in_order(naming: Naming, facts: RasterFacts) -> bool:
    # A fourth band of 8 bits is often declared as transparency, whatever it holds.
    counts = (len(facts.bands), sum(not band.alpha for band in facts.bands))
    return naming.in_order and len(naming.codes) in counts


def _allowed(
    facts: RasterFacts, sensor: Sensor | None
) -> tuple[tuple[Naming, ...], tuple[Naming, ...]]:
    """The namings in which codes may be read, and those of them whose platform is known."""
    tags = {key.lower(): value for key, value in facts.tags.items()}
    platform = _platforms(facts, tags)
    every = tuple(load_namings().values())
    named = sensor or load_sensors().get(tags.get("sensor", "").strip().lower())
    if named is None:
        phrases = tuple(naming for naming in every if not naming.codes)
        return (*platform, *phrases) if platform else every, platform
    known = _of_sensor(named, platform) or _usual(named, every)
    return (*known, *(naming for naming in every if not naming.sensor)), known


def _platforms(facts: RasterFacts, tags: Mapping[str, str]) -> tuple[Naming, ...]:
    """The namings of the platform that tags, file and folder tell."""
    told = [value for key, value in tags.items() if any(part in key for part in PLATFORM_TAGS)]
    return platform_namings([*told, facts.path.stem, facts.path.parent.name])


def _of_sensor(sensor: Sensor, namings: Sequence[Naming]) -> tuple[Naming, ...]:
    return tuple(naming for naming in namings if naming.sensor == sensor.name)


def _usual(sensor: Sensor, namings: Sequence[Naming]) -> tuple[Naming, ...]:
    """The namings of a sensor without a platform: "landsat" is Landsat 8 and 9."""
    own = _of_sensor(sensor, namings)
    return tuple(naming for naming in own if naming.name != "landsat-tm")


def _read(index: int, text: str, band: BandFacts) -> Reading:
    """Read one band's texts, without a naming."""
    text = text.strip()
    nm = read_wavelength(text, band.tags)
    if text and band.tags.get("band") == text:  # one of our stacks
        return Reading(index, text, word=text, is_exact=True, wavelength_nm=nm)
    words, whole = load_words(), tuple(pieces(text))
    if words.get(whole):
        return Reading(index, text, word=words[whole], is_exact=True, wavelength_nm=nm)
    found = [code for code, _ in find_codes(text)]
    exact = any(is_whole for _, is_whole in find_codes(text))
    vocabulary = {**words, **dict.fromkeys(load_phrases(), "")}
    phrases = find_phrases(text, vocabulary)
    found += [Code(phrase=phrase) for phrase in phrases if phrase in load_phrases()]
    exact = exact or (whole in load_phrases())
    named = list(dict.fromkeys(words[p] for p in phrases if words.get(p)))
    taken = {piece for phrase in phrases for piece in phrase if phrase != ("qa",)}
    odd = bool((set(pieces(text)) - taken) & derived_words()) or ("qa",) in phrases
    odd = odd or len(named) > 1 or len(found) > 1
    return Reading(
        index,
        text,
        codes=() if odd else tuple(found),
        word=named[0] if named and not odd else "",
        is_exact=exact,
        is_odd=odd,
        wavelength_nm=nm,
    )


def _are_positions(readings: Sequence[Reading]) -> bool:
    """Tell whether ``Band 1`` to ``Band 4``, in order, count the bands and name none."""
    return len(readings) > 1 and all(
        len(reading.codes) == 1
        and reading.codes[0].is_position
        and reading.codes[0].number == str(reading.index)
        and not reading.word
        and reading.wavelength_nm is None
        for reading in readings
    )


def _siblings(path: Path) -> list[Reading]:
    """The files beside a band's own whose names differ in the code alone: B8A.tif tells what
    B11.tif is.
    """
    match = next(iter(CODE.finditer(path.stem.lower())), None)
    if match is None:
        return []
    before, after = path.stem.lower()[: match.start()], path.stem.lower()[match.end() :]
    try:
        stems = sorted({other.stem.lower() for other in path.parent.iterdir()})
    except OSError:
        return []
    found = []
    for stem in stems[:MOST_SIBLINGS]:
        if stem.startswith(before) and stem.endswith(after):
            middle = stem[len(before) : len(stem) - len(after)]
            codes = [code for code, is_whole in find_codes(middle) if is_whole]
            found += [Reading(0, stem, (code,)) for code in codes]
    return found


def _solve(
    readings: Sequence[Reading],
    beside: Sequence[Reading],
    namings: Sequence[Naming],
    platform: Sequence[Naming],
    file: str,
) -> NamedBands:
    """Choose the naming that fits all codes, and each band's name in it."""
    picked: dict[int, tuple[str, Rank]] = {}
    unclear: list[str] = []
    findings: list[Finding] = []
    chosen: tuple[Naming, ...] = ()
    for phrases in (False, True):
        group = [r for r in readings if r.codes and bool(r.codes[0].phrase) == phrases]
        fitting = _fitting([*group, *beside], namings, platform) if group else []
        fitting = fitting or _fitting(group, namings, platform)
        if group and not phrases:
            chosen = tuple(fitting)
        for reading in group:
            options = _options(reading, fitting, platform)
            names = list(dict.fromkeys(band.name for _, band in options))
            if len(names) == 1:
                picked[reading.index] = (names[0], _rank(reading, Rank.CODE))
            elif len(names) > 1:
                unclear.append(_either(reading, options))
    for reading in readings:
        _pick_by_word(reading, picked, findings, file, blocked=bool(unclear))
    if unclear:
        findings.append(_ambiguous(file, unclear))
    findings += _foreign(readings, picked, chosen, platform, file)
    indexes, shared = _place(readings, picked, file)
    ranks = {index: picked[index][1] for index in indexes.values() if index in picked}
    return NamedBands(indexes, ranks, chosen, (*findings, *shared))


def _foreign(
    readings: Sequence[Reading],
    picked: Mapping[int, object],
    fitting: Sequence[Naming],
    platform: Sequence[Naming],
    file: str,
) -> list[Finding]:
    """A finding of codes that no naming has together, or not that of the platform."""
    coded = [r for r in readings if r.codes and not r.codes[0].phrase]
    lost = [r.text for r in coded if r.index not in picked]
    if fitting or not lost:
        return []
    titles = " or ".join(naming.title for naming in platform)
    why = f"it says that it is of {titles}, which has none" if titles else "no sensor has these"
    sentence = (
        f"{', '.join(lost[:MOST_LISTED])} of {file} cannot be named: {why}. None of these is used. "
        "Name its bands with ‘flight stack --band nir=FILE#5’."
    )
    return [Finding.warning("band_contradiction", sentence)]


def _fitting(
    readings: Sequence[Reading], namings: Sequence[Naming], platform: Sequence[Naming]
) -> list[Naming]:
    """The namings in which every code means a band that its words and wavelength do not
    contradict.
    """

    def fits(naming: Naming) -> bool:
        return bool(readings) and all(
            _band_in(reading, naming, platform) is not None for reading in readings
        )

    fitting = [naming for naming in namings if fits(naming)]
    first = [naming for naming in fitting if not naming.secondary or naming in platform]
    return first or fitting


def _band_in(reading: Reading, naming: Naming, platform: Sequence[Naming]) -> NamedBand | None:
    band = naming.band_of(reading.codes[0], known=naming in platform)
    if band is None:
        return None
    if reading.word and not _is_kin(reading.word, band.name):
        return None
    nm = reading.wavelength_nm
    return None if nm is not None and not band.has_wavelength(nm) else band


def _options(
    reading: Reading, fitting: Iterable[Naming], platform: Sequence[Naming]
) -> list[tuple[Naming, NamedBand]]:
    found = [(naming, _band_in(reading, naming, platform)) for naming in fitting]
    return [(naming, band) for naming, band in found if band is not None]


def _is_kin(word: str, name: str) -> bool:
    return word == name or name in KIN.get(word, ())


def _rank(reading: Reading, otherwise: Rank) -> Rank:
    return Rank.EXACT if reading.is_exact else otherwise


def _pick_by_word(
    reading: Reading,
    picked: dict[int, tuple[str, Rank]],
    findings: list[Finding],
    file: str,
    *,
    blocked: bool,
) -> None:
    """Name a band that no code tells by its words, else by its wavelength; one whose wavelength
    contradicts its word stays unnamed.
    """
    nm = reading.wavelength_nm
    if reading.index in picked or reading.is_odd:
        return
    if reading.word:
        low, high = RANGES_NM.get(reading.word, (0, 1e9))
        if nm is not None and not low <= nm <= high:
            sentence = (
                f"Band {reading.index} of {file} is called '{reading.text}' and has a wavelength "
                f"of {nm:g} nm, where {reading.word} has {low} to {high} nm: it is not used. Give "
                "it its name with ‘flight stack’."
            )
            findings.append(Finding.warning("band_contradiction", sentence, None, nm))
        else:
            picked[reading.index] = (reading.word, _rank(reading, Rank.WORD))
    elif nm is not None and not (reading.codes and blocked):
        sure = [name for name, (low, high) in SURE_NM.items() if low <= nm <= high]
        if sure:
            picked[reading.index] = (sure[0], Rank.WAVELENGTH)


def _either(reading: Reading, options: Sequence[tuple[Naming, NamedBand]]) -> str:
    """``'B5' is rededge1 of Sentinel-2 or nir08 of Landsat 8/9``."""
    meanings: dict[str, str] = {}
    for naming, band in options:
        meanings.setdefault(band.name, naming.title)
    said = " or ".join(f"{name} of {title}" for name, title in meanings.items())
    return f"'{reading.text}' is {said}"


def _ambiguous(file: str, unclear: Sequence[str]) -> Finding:
    more = len(unclear) - MOST_LISTED
    listed = "; ".join(unclear[:MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")
    sentence = (
        f"The sensor of {file} is not known, and its band names fit several: {listed}. None of "
        "these is used. Name its bands with ‘flight stack --band nir=FILE#5’, or write the "
        "satellite into the file's name or its tag 'sensor'."
    )
    return Finding.warning("band_ambiguous", sentence)


def _place(
    readings: Sequence[Reading], picked: Mapping[int, tuple[str, Rank]], file: str
) -> tuple[dict[str, int], list[Finding]]:
    """Name → index: of several bands of one name the better known one, of equally well known ones
    none; and findings of those.
    """
    order = list(Rank)
    best: dict[str, list[int]] = {}
    for index, (name, rank) in picked.items():
        rivals = best.setdefault(name, [])
        known = order.index(picked[rivals[0]][1]) if rivals else len(order)
        if order.index(rank) < known:
            best[name] = [index]
        elif order.index(rank) == known:
            rivals.append(index)
    findings = [
        Finding.warning("band_ambiguous", _shared(name, sorted(rivals), readings, file))
        for name, rivals in best.items()
        if len(rivals) > 1
    ]
    holders = {rivals[0]: name for name, rivals in best.items() if len(rivals) == 1}
    indexes: dict[str, int] = {}
    for reading in readings:
        name = holders.get(reading.index, "")
        if not name:
            name = reading.text.lower()
            if not name:
                continue
            if name in best or name in load_words().values():
                name = f"band {reading.index}"
        if name not in indexes:
            indexes[name] = reading.index
    return indexes, findings


def _shared(name: str, rivals: Sequence[int], readings: Sequence[Reading], file: str) -> str:
    texts = {reading.index: reading.text for reading in readings}
    listed = " and ".join(f"band {index} ('{texts[index]}')" for index in rivals[:MOST_LISTED])
    return (
        f"{listed} of {file} can both be {name}: neither is used. Name the right one with "
        f"‘flight stack --band {name}=FILE#{rivals[0]}’."
    )


def name_of_file(path: Path) -> str:
    """The band that a file's name tells, with those of the files beside it; empty where it tells
    none, or several. The file is not opened.
    """
    band = BandFacts(1, "", "", Radiometry(), {})
    grid = Grid("", (1.0, 0.0, 0.0, 0.0, -1.0, 0.0), (1, 1))
    named = identify_bands(RasterFacts(path, "", grid, (band,), {}, False, (1, 1)))
    return next((name for name, index in named.indexes.items() if index in named.ranks), "")
