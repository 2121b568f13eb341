"""A sentence in another language, found by the form it was made from.

Core writes plain English: it is what logs, files and ``--json`` hold, and what a bug report can be
searched for. Where a sentence is shown to somebody who reads another language, its form is looked
up: ``Band 'nir' has 12 % nodata`` was made from ``Band '{0}' has {1} % nodata``, and the values go
into the form's translation. Values are translated themselves where they are sentences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from . import LANGUAGES_PATH

HOLE = re.compile(r"\{(\d+)\}")
"""A place for a value, in a form and in its translation."""
WORDS_OF_A_SENTENCE, WORDS_OF_A_VALUE = 3, 2
_WORD = re.compile(r"[A-Za-z]{2,}")
DEEPEST = 5
"""Sentences in sentences in sentences; deeper ones stay as they are."""
LONGEST = 4000
"""Characters; longer texts are no sentences, and are left alone."""


@dataclass(frozen=True)
class Form:
    """A form with places for values.

    Parameters
    ----------
    translation : str
        The same sentence in the other language, with the same places.
    texts : tuple of str
        The pieces of the English form between the places.
    numbers : tuple of int
        Which place each group of the pattern is.
    needle : str
        The longest piece of text of the form, which is in every sentence made from it.
    weight : int
        Characters of text that the form has of its own: of two forms that fit, the one that says
        more is meant.
    words : int
        Words that it has of its own.
    """

    translation: str
    texts: tuple[str, ...]
    numbers: tuple[int, ...]
    needle: str
    weight: int
    words: int

    def match(self, sentence: str) -> re.Match[str] | None:
        """Find the values in an English sentence that was made from the form."""
        return _pattern(self.texts).fullmatch(sentence)


@cache
def _pattern(texts: tuple[str, ...]) -> re.Pattern[str]:
    """What finds the values between texts; made for the few forms of which a sentence has the
    needle: all of a language's take 0.1 s, and QGIS reads the language while it starts.
    """
    return re.compile(r"(.*?)".join(re.escape(text) for text in texts), re.DOTALL)


def make_form(english: str, translation: str) -> Form:
    """A form from the two texts."""
    pieces = HOLE.split(english)
    texts = tuple(pieces[::2])
    return Form(
        translation,
        texts,
        tuple(int(number) for number in pieces[1::2]),
        max(texts, key=len),
        sum(len(text) for text in texts),
        sum(len(_WORD.findall(text)) for text in texts),
    )


@dataclass(frozen=True)
class Sentences:
    """The sentences of one language.

    Parameters
    ----------
    whole : mapping
        Translations of texts without places for values, by the English text.
    forms : tuple of Form
        The others; those that say most come first.
    """

    whole: Mapping[str, str]
    forms: tuple[Form, ...]

    def translate(self, text: str) -> str:
        """The text in the other language, line by line; what has no translation stays English.

        Parameters
        ----------
        text : str
            What core says: a sentence, several, or lines of them.
        """
        if not (self.whole or self.forms):
            return text
        return "\n".join(self._line(line, DEEPEST) for line in text.split("\n"))

    def _line(self, line: str, depth: int) -> str:
        core = line.strip()
        if not core or len(core) > LONGEST or depth == 0:
            return line
        found = self._whole(core, depth)
        if found is None:
            return line
        start = line.index(core)
        return line[:start] + found + line[start + len(core) :]

    def _whole(self, text: str, depth: int) -> str | None:
        """The text in the other language; None where nothing of it is known.

        What says more of itself is meant: a sentence, then sentences and lists, and at last a form
        of a word or two around anything.
        """
        ways: tuple[Callable[[], str | None], ...] = (
            lambda: self._one(text, depth, WORDS_OF_A_SENTENCE, self._is_closed),
            lambda: self._one(text, depth, 0, self._is_plain),
            lambda: self._parts(text, depth),
            lambda: self._list(text, depth),
            lambda: self._name(text, depth),
            lambda: self._one(text, depth),
        )
        return next((found for way in ways if (found := way()) is not None), None)

    def _one(
        self,
        text: str,
        depth: int,
        least: int = 0,
        fits: Callable[[re.Match[str]], bool] = lambda _: True,
    ) -> str | None:
        """The text as one form of at least so many words; None where there is none."""
        for ending in ("", "."):  # core's sentences get their full stop where they are joined
            bare = text.removesuffix(ending)
            if len(bare) + len(ending) != len(text):
                continue
            if bare in self.whole:
                return self.whole[bare] + ending
            for form in self.forms:
                if form.words < least or form.needle not in bare:
                    continue
                match = form.match(bare)
                if match is not None and fits(match) and self._is_meant(form, match, depth):
                    return self._fill(form, match, depth) + ending
        return None

    def _is_meant(self, form: Form, match: re.Match[str], depth: int) -> bool:
        """Whether a text was made from a form: one of a word or two, like ``{0} to {1}``, is in
        half of all sentences, and meant only around values that are short or known themselves.
        """
        return form.words >= WORDS_OF_A_SENTENCE or all(
            len(value.split()) <= WORDS_OF_A_VALUE
            or self._piece(value, depth - 1, lists=False) is not None
            for value in match.groups()
        )

    def _is_closed(self, match: re.Match[str]) -> bool:
        """Whether no value takes in the end of a sentence, but for one that is known as it is."""
        return not any(
            _SENTENCE_END.search(value) and value not in self.whole for value in match.groups()
        )

    def _is_plain(self, match: re.Match[str]) -> bool:
        """The same, and no value takes in a comma, as lists have."""
        return self._is_closed(match) and not any(COMMA in value for value in match.groups())

    def _fill(self, form: Form, match: re.Match[str], depth: int) -> str:
        values = {
            number: self._line(value, depth - 1)
            for number, value in zip(form.numbers, match.groups())
        }
        return HOLE.sub(lambda hole: values.get(int(hole[1]), ""), form.translation)

    def _parts(self, text: str, depth: int) -> str | None:
        """The text as sentences one behind the other, or as "what: why"; None where no part is
        known.
        """
        for joint in _JOINTS:
            for cut in joint.finditer(text):
                first, second = text[: cut.start()], text[cut.end() :]
                head = self._piece(first, depth)
                if head is None:
                    continue
                rest = self._line(second, depth)
                if head != first or rest != second:
                    return head + cut.group() + rest
        return None

    def _list(self, text: str, depth: int) -> str | None:
        """The text as a list of which each piece is known or says nothing in words; None where it
        is none.
        """
        pieces = text.split(COMMA)
        if not 1 < len(pieces) <= LONGEST_LIST:
            return None
        said: list[str] = []
        while pieces:
            # A comma may be part of a piece: the longest one that is known is meant.
            for length in range(len(pieces) - (not said), 0, -1):
                found = self._piece(COMMA.join(pieces[:length]), depth, lists=False)
                if found is not None:
                    said.append(found)
                    del pieces[:length]
                    break
            else:
                return None
        return COMMA.join(said)

    def _piece(self, text: str, depth: int, lists: bool = True) -> str | None:
        """A piece that is known as a whole, or says nothing in words; None where it is neither."""
        if not _WORDS.search(text):
            return text
        if depth <= 0:
            return None
        found = self._one(text, depth, WORDS_OF_A_SENTENCE, self._is_closed)
        if found is None and lists:
            found = self._list(text, depth)
        if found is None:
            found = self._name(text, depth)
        return self._one(text, depth) if found is None else found

    def _name(self, text: str, depth: int) -> str | None:
        """The text as something known by name, and figures or another name of it: ``Wildfire
        2024-07-20``, ``Burned area (Sentinel-2)``; None where it is not.
        """
        for cut in reversed([match.start() for match in _ENDS.finditer(text)]):
            name, figures = text[:cut], text[cut:]
            if name not in self.whole:
                continue
            if not _WORDS.search(figures):
                return self.whole[name] + figures
            if figures.startswith(" (") and figures.endswith(")"):
                within = self._piece(figures[2:-1], depth - 1)
                return None if within is None else f"{self.whole[name]} ({within})"
        return None


COMMA = ", "
LONGEST_LIST = 12
"""Pieces; a longer one is no sentence."""
_WORDS = re.compile(r"(?<![a-z])(?!km²)[a-z]{2,}")
_ENDS = re.compile(r"[ ,:(]")
_SENTENCE_END = re.compile(r"[.!?”’] (?=[A-Z])")
_JOINTS = (re.compile(r"(?<=[.!?”’]) "), re.compile(r"; "), re.compile(r": "))
"""How core puts sentences together: one after the other, lists, and "what: why"."""


def make_sentences(table: Mapping[str, str]) -> Sentences:
    """Sentences from translations by their English forms."""
    whole = {text: said for text, said in table.items() if not HOLE.search(text)}
    forms = [make_form(text, said) for text, said in table.items() if HOLE.search(text)]
    return Sentences(whole, tuple(sorted(forms, key=lambda form: -form.weight)))


@lru_cache(maxsize=4)
def load_sentences(language: str) -> Sentences:
    """The sentences of a language.

    Parameters
    ----------
    language : str
        ``de``, ``fr`` …; one that is not there gives sentences that stay English.
    """
    path = LANGUAGES_PATH / f"{language}.json"
    if not path.is_file():
        return Sentences({}, ())
    table = json.loads(path.read_text(encoding="utf-8"))
    return make_sentences({text: said for text, said in table.items() if said})
