"""Meaning of the codes of a class raster: what the user says of them, else the file itself, else a
table of agencies' products; what nobody explains is refused, and never taken for dry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..errors import InputError
from ..raster.classes import NOT_OBSERVED, OUTSIDE
from ..raster.facts import RasterFacts
from ..shapes.class_survey import ClassSurvey
from .code_tables import (
    CodeTable,
    MapSubject,
    Meaning,
    load_tables,
    parse_codes,
    word_meaning,
)

MASK_CODES = frozenset({0, NOT_OBSERVED})
"""All codes of a mask that image programs write; 255 in it is no fill value."""
_MOST_TOLD = 6


@dataclass(frozen=True)
class CodeWords:
    """Codes in the user's words, and how to ask for them."""

    subject: MapSubject
    affected: frozenset[int] | None = None
    """None: nobody said."""
    not_observed: frozenset[int] = frozenset()
    ignores_nodata: bool = False
    """The nodata value that a file declares is a class like others."""
    hint: str = ""
    """Sentence that tells which options settle it."""


@dataclass(frozen=True)
class ClassMeaning:
    """Meaning of each code that a raster holds."""

    affected: tuple[int, ...]
    """Also those that could occur and do not."""
    dry: tuple[int, ...]
    warnings: tuple[str, ...] = ()
    outside: tuple[int, ...] = ()
    """Outside of the area that the map was made of: neither observed nor not observed."""


def explain_codes(
    survey: ClassSurvey, facts: RasterFacts, words: CodeWords, failure: str
) -> ClassMeaning:
    """Tell what each code of a class raster means.

    Parameters
    ----------
    survey : ClassSurvey
        Its codes.
    facts : RasterFacts
        Of the file whose name and tags count.
    words : CodeWords
        The user's.
    failure : str
        What fails if this does, for the sentence.

    Raises
    ------
    InputError
        If it holds no classes, or codes that nobody explains.
    """
    if not survey.is_classes:
        why = f"{facts.path} holds numbers, no classes"
        raise InputError(failure, why, "Give a raster of classes.")
    layer = facts.bands[0].description
    own = facts.tags.get(f"event_codes_{layer}", "")
    if own:
        silent = facts.tags.get(f"silent_codes_{layer}", "")
        return _of_our_own(survey, parse_codes(own), parse_codes(silent) if silent else (), words)
    _check_classes_named(facts, words, failure)
    survey = _with_nodata(survey, words)
    evidence = _find_evidence(survey, facts, words)
    told = {code: _meaning(code, evidence, words) for code in survey.counts}
    unknown = [code for code, meaning in told.items() if meaning is None]
    if unknown:
        read = f", read as {evidence.table.title}," if evidence.table and evidence.by_name else ""
        why = f"{facts.path}{read} holds codes of unknown meaning: {_told(survey, unknown)}"
        raise InputError(failure, why, words.hint)
    meanings = {code: meaning for code, meaning in told.items() if meaning is not None}
    _check_table(evidence, survey, facts, words, failure)
    affected = tuple(_with_meaning(meanings, Meaning.AFFECTED))
    if not affected:
        _check_nodata_is_not_the_event(survey, facts, words, failure)
    return ClassMeaning(
        affected or tuple(set(evidence.possible(words)) - set(meanings)),
        tuple(_with_meaning(meanings, Meaning.DRY)),
        tuple(_warnings(survey, meanings, words, evidence.title, facts.path.name)),
    )


def _with_meaning(meanings: Mapping[int, Meaning], meaning: Meaning) -> list[int]:
    return [code for code, each in meanings.items() if each == meaning]


@dataclass(frozen=True)
class _Evidence:
    """Explanation of the codes of a raster by itself or by a table."""

    table: CodeTable | None
    by_name: bool
    """The table is that of the file's name or tags, not of its codes."""
    names: Mapping[int, str]
    """Names of the classes, empty where none of them is about the subject."""

    @property
    def title(self) -> str:
        """Name it for people."""
        if self.names:
            return "its class names"
        return self.table.title if self.table else ""

    def possible(self, words: CodeWords) -> tuple[int, ...]:
        """Return the codes that would mean the subject if there were any."""
        if words.affected is not None:
            return tuple(sorted(words.affected))
        if self.table is None:
            return (1,)
        is_event = words.subject == MapSubject.EVENT
        return tuple(sorted(self.table.affected if is_event else self.table.permanent))


def _find_evidence(survey: ClassSurvey, facts: RasterFacts, words: CodeWords) -> _Evidence:
    table, by_name = _find_table(survey, facts)
    names = survey.names if _names_subject(survey, words.subject) else {}
    return _Evidence(table, by_name, names)


def _meaning(code: int, evidence: _Evidence, words: CodeWords) -> Meaning | None:
    """Tell what a code means: by the user's word, its name, a table, custom; None: nobody knows."""
    meaning = _said(code, words)
    if meaning is None and code in evidence.names:
        meaning = word_meaning(evidence.names[code], words.subject)
    if meaning is None and evidence.table is not None:
        meaning = evidence.table.meaning(code, words.subject)
        if meaning == Meaning.AFFECTED and words.affected is not None:
            meaning = Meaning.DRY  # the user named others
    return meaning or _by_custom(code, words, bool(evidence.names), evidence.by_name)


def _of_our_own(
    survey: ClassSurvey, event: tuple[int, ...], silent: tuple[int, ...], words: CodeWords
) -> ClassMeaning:
    """Our maps name their codes; what a user says of one counts for more."""
    affected = tuple(sorted(words.affected)) if words.affected is not None else event
    unseen = {*silent} - {*affected} | words.not_observed | {NOT_OBSERVED, OUTSIDE}
    dry = tuple(code for code in survey.counts if code not in unseen.union(affected))
    outside = (OUTSIDE,) if OUTSIDE in survey.counts else ()
    return ClassMeaning(
        tuple(code for code in affected if code not in unseen), dry, outside=outside
    )


def _check_classes_named(facts: RasterFacts, words: CodeWords, failure: str) -> None:
    classes = {key for key in facts.tags if key.startswith("class_")} - {f"class_{OUTSIDE}"}
    if words.affected is None and len(classes) > 2:
        why = f"{facts.path} holds several classes and does not say which of them mean the event"
        raise InputError(failure, why, words.hint)


def _with_nodata(survey: ClassSurvey, words: CodeWords) -> ClassSurvey:
    """Count nodata as a code where the user says so."""
    nodata = survey.nodata
    if not words.ignores_nodata or nodata is None or nodata != int(nodata) or not survey.empty:
        return survey
    counts = {**survey.counts, int(nodata): survey.empty}
    return replace(survey, counts=dict(sorted(counts.items())), empty=0, nodata=None)


def _find_table(survey: ClassSurvey, facts: RasterFacts) -> tuple[CodeTable | None, bool]:
    """Find the table that the file's name or tags name, else the one that its codes give away."""
    texts = [facts.path.name, facts.bands[0].description, *facts.tags.values()]
    tables = load_tables()
    named = next((table for table in tables if table.is_named(texts)), None)
    if named is not None:
        return named, True
    codes = set(survey.counts)
    if survey.nodata == 0 and codes == {NOT_OBSERVED}:
        codes = set(MASK_CODES)  # whose dry pixels are declared nodata
    for among in (codes, {code for code in codes if not _is_fill(code)}):
        table = next((table for table in tables if table.fits(among)), None)
        if table is not None:
            return table, False
    return None, False


def _names_subject(survey: ClassSurvey, subject: MapSubject) -> bool:
    return any(word_meaning(name, subject) == Meaning.AFFECTED for name in survey.names.values())


def _said(code: int, words: CodeWords) -> Meaning | None:
    if words.affected is not None and code in words.affected:
        return Meaning.AFFECTED
    return Meaning.NOT_OBSERVED if code in words.not_observed else None


def _is_fill(code: int) -> bool:
    """Tell whether a code is what fill values and flags usually are."""
    return code < 0 or 250 <= code <= 255 or code >= 32767


def _by_custom(code: int, words: CodeWords, has_names: bool, by_name: bool) -> Meaning | None:
    if _is_fill(code):
        alone = code == NOT_OBSERVED and words.affected is None and not has_names
        return None if alone and words.subject == MapSubject.EVENT else Meaning.NOT_OBSERVED
    if words.affected is not None or (code == 0 and not by_name):
        return Meaning.DRY  # who names what is affected says what is not
    return Meaning.AFFECTED if code == 1 and not by_name and not has_names else None


def _check_table(
    evidence: _Evidence, survey: ClassSurvey, facts: RasterFacts, words: CodeWords, failure: str
) -> None:
    """Refuse a product that is not about the subject, or a name that the codes belie."""
    table, codes = evidence.table, set(survey.counts)
    if table is None or evidence.names or words.affected is not None:
        return
    if not table.is_about(words.subject):
        why = f"{facts.path} is {table.title}: no code of it means {words.subject.value} by itself"
        raise InputError(failure, f"{why}: {_told(survey, codes)}", words.hint)
    mask = codes == {0, 1} or (codes == MASK_CODES and survey.nodata is None)
    doubted = evidence.by_name and words.subject == MapSubject.EVENT and not words.not_observed
    if doubted and mask and table.meaning(max(codes), words.subject) != Meaning.AFFECTED:
        why = f"{facts.path} is named like {table.title} and holds only 0 and {max(codes)}"
        raise InputError(failure, f"{why}, as masks do: {_told(survey, codes)}", words.hint)


def _check_nodata_is_not_the_event(
    survey: ClassSurvey, facts: RasterFacts, words: CodeWords, failure: str
) -> None:
    if words.affected is None or survey.nodata not in words.affected or not survey.empty:
        return
    why = (
        f"{facts.path} declares {survey.nodata:g} as no data, which is said to mean the event "
        f"({survey.empty} pixels), and holds no other code of it"
    )
    raise InputError(failure, why, words.hint)


def _warnings(
    survey: ClassSurvey,
    meanings: Mapping[int, Meaning],
    words: CodeWords,
    evidence: str,
    name: str,
) -> list[str]:
    """Tell how codes were read that are not 0, 1 and 255 in their usual sense."""
    warnings = []
    named = {*(words.affected or ()), *words.not_observed}
    usual = {0: Meaning.DRY, 1: Meaning.AFFECTED, NOT_OBSERVED: Meaning.NOT_OBSERVED}
    odd = [code for code in meanings if code not in named and usual.get(code) != meanings[code]]
    if odd:
        parts = [
            f"{meaning.value} {_told(survey, codes)}"
            for meaning in Meaning
            if (codes := _with_meaning(meanings, meaning))
        ]
        by = f" by {evidence}" if evidence else ""
        warnings.append(f"{name} is read{by} as {'; '.join(parts)}. {_otherwise(words)}")
    if survey.nodata in (NOT_OBSERVED, 1) and set(survey.counts) == {0} and survey.empty:
        pixels = sum(survey.counts.values()) + survey.empty
        warnings.append(
            f"{name} holds only 0 and its no data, {survey.nodata:g} "
            f"({100 * survey.empty / pixels:.1f} %): nothing in it is affected. {_otherwise(words)}"
        )
    return warnings


def _otherwise(words: CodeWords) -> str:
    return f"If that is wrong, {words.hint[:1].lower()}{words.hint[1:].rstrip('.')}"


def _told(survey: ClassSurvey, codes: Iterable[int]) -> str:
    """Name codes with their shares: ``2 (5.2 %), 253 (39.5 %)``, the most frequent ones."""
    codes = list(codes)
    frequent = sorted(codes, key=lambda code: -survey.counts.get(code, 0))[:_MOST_TOLD]
    texts = []
    for code in sorted(frequent):
        label = f" '{survey.names[code]}'" if code in survey.names else ""
        texts.append(f"{code}{label} ({survey.percent(code):.1f} %)")
    more = f" and {len(codes) - len(frequent)} more" if len(codes) > len(frequent) else ""
    return ", ".join(texts) + more
