"""Writes resources/languages: what people read of FirstLight, for translators and for Qt.

Every text of the sources is once in ``de.json`` …, in the order of the alphabet, with its
translation or with nothing. What a source no longer says goes; what is new comes untranslated.
``--new`` lists the untranslated ones instead. Of the texts of windows ``firstlight_de.qm`` … are
made, which Qt reads; that needs Qt's ``lrelease``.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, unescape

import yaml

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("de", "es", "fr", "pt")
WORDS_OF_CONFIG = ("title", "summary", "about", "description", "note", "hint", "why")
"""Keys of the configuration whose values people read."""

WORDS_OF_MODELS = frozenset(
    {"ALG_DESC", "component_description", "description", "help", "model_group", "model_name"}
)
"""Entries of a model whose values people read (``plugin/processing/example_model.py``)."""

_WORD = re.compile(r"[a-z]{2,}")
_CAPITAL = re.compile(r"[A-Z][a-z]+(?:[- ][a-z]+)*")
_CODE = re.compile(
    r"\(\?|\\[dswb]|\[\^|^/(?! )|^--|^SELECT |^CREATE |^INSERT |^UPDATE |^DELETE |^<|::|\|\s|"
    r"\]\s*\||npt\.|tuple\[|dict\[|Callable\[|[a-z]=\"|^\s*[a-z_]+\(|=\{?\d|^[A-Z_]+=|"
    r"^[A-Z][A-Z_0-9]{3,}(?![A-Z_0-9: ])|\bIS NULL\b|\bAS (?:time|file|row)$|^[a-z]+ >?= *(?:$|AND)"
)
"""What is for machines: patterns, addresses, SQL, XML, types, options."""
_LABEL = re.compile(r'\b(?:label|labelText|minimumLabel|maximumLabel)="([^"]*)"')
_UNTOLD = frozenset({"compile", "cast", "getLogger", "TypeVar", "NewType", "AssertionError"})
"""Calls whose texts nobody reads."""


def texts_of_code(path: Path) -> Iterator[str]:
    """Texts of one module that people may read."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unseen: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            unseen.add(id(node.value))
        for part in _silent_parts(node):
            unseen.update(id(each) for each in ast.walk(part))
        if isinstance(node, ast.JoinedStr):
            unseen.update(id(each) for each in node.values)
    for node in ast.walk(tree):
        if id(node) not in unseen and isinstance(node, (ast.Constant, ast.JoinedStr)):
            text = form_of(node)
            if text is not None and is_for_people(text):
                yield text


def _silent_parts(node: ast.AST) -> Iterator[ast.AST]:
    """Parts of a node whose texts are for Python."""
    if isinstance(node, ast.AnnAssign) or (
        isinstance(node, ast.arg) and node.annotation is not None
    ):
        yield node.annotation
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
        yield node.returns
    elif isinstance(node, ast.Call):
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in _UNTOLD:
            yield from node.args
    elif isinstance(node, ast.Subscript):
        yield node.slice


def form_of(node: ast.Constant | ast.JoinedStr) -> str | None:
    """The form that a text is made from: ``{0}``, ``{1}`` … stand for values."""
    if isinstance(node, ast.Constant):
        return node.value.strip() if isinstance(node.value, str) else None
    pieces: list[str] = []
    count = 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            pieces.append(str(part.value))
        else:
            pieces.append(f"{{{count}}}")
            count += 1
    return "".join(pieces).strip()


def is_for_people(text: str) -> bool:
    """Whether a text has words rather than names and code."""
    bare = re.sub(r"\{\d+\}", "", text)
    if ("doi:" in bare and len(bare) < 90) or _CODE.search(bare) or "\n" in text:
        return False
    if " " in text.strip():
        return bool(_WORD.search(bare))
    return bool(_CAPITAL.fullmatch(text))


def texts_of_config(value: Any, key: str = "") -> Iterator[str]:
    """Titles and the like of a configuration file."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from texts_of_config(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from texts_of_config(item, key)
    elif isinstance(value, str) and key in WORDS_OF_CONFIG and re.search("[a-z]{2}", value):
        yield " ".join(value.split())


def texts_of_operations(path: Path) -> Iterator[str]:
    """Helps of folders, which a recipe puts together of its files: each is read as a whole."""
    for row in json.loads(path.read_text(encoding="utf-8")):
        helps = (str(param.get("help", "")) for param in row["params"])
        yield from (text for text in helps if text.startswith("Gets "))


def texts_of_labels(path: Path) -> Iterator[str]:
    """Labels of a style or a layout; an expression is for QGIS."""
    for label in _LABEL.findall(path.read_text(encoding="utf-8")):
        text = unescape(label).strip()
        if is_for_people(text) and not text.startswith("[%"):
            yield text


def texts_of_models(path: Path) -> Iterator[str]:
    """Titles and helps of a model of Processing."""
    for option in ElementTree.parse(path).iter("Option"):
        text = (option.get("value") or "").strip()
        if option.get("name") in WORDS_OF_MODELS and is_for_people(text):
            yield text


def texts_of_windows() -> dict[str, set[str]]:
    """Texts that are given to Qt's ``tr`` and ``translate``, by their context: a class.

    PyQt asks in the name of the object's own class, so a class knows the texts of its bases.
    """
    texts: dict[str, set[str]] = {}
    bases: dict[str, list[str]] = {}
    for folder in ("ui", "plugin"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for context, text in _given_to_translate(tree):
                texts.setdefault(context, set()).add(text)
            for made in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
                bases[made.name] = [base.id for base in made.bases if isinstance(base, ast.Name)]
                for text in _given_to_tr(made):
                    texts.setdefault(made.name, set()).add(text)

    def known(name: str) -> set[str]:
        return texts.get(name, set()).union(*(known(base) for base in bases.get(name, ())))

    return {name: found for name in {*texts, *bases} if (found := known(name))}


def _given_to_tr(made: ast.ClassDef) -> Iterator[str]:
    for node in ast.walk(made):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "tr"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.args[0].value


def _given_to_translate(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "_tr" and isinstance(node.args[0], ast.Constant):
                yield "FirstLight", node.args[0].value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            constants = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            if node.func.attr == "translate" and len(constants) == 2:
                yield constants[0], constants[1]


def texts() -> list[str]:
    """All of them, in the order of the alphabet."""
    found: set[str] = set().union(*texts_of_windows().values())
    for path in sorted((ROOT / "core").rglob("*.py")):
        found.update(texts_of_code(path))
    found.update(texts_of_operations(ROOT / "resources" / "operations.json"))
    for path in sorted((ROOT / "resources").rglob("*.q[mp][lt]")):
        found.update(texts_of_labels(path))
    for path in sorted((ROOT / "resources" / "models").glob("*.model3")):
        found.update(texts_of_models(path))
    for path in sorted((ROOT / "config").glob("*.yaml")):
        found.update(texts_of_config(yaml.safe_load(path.read_text(encoding="utf-8"))))
    return sorted(found)


def table(language: str, wanted: list[str]) -> dict[str, str]:
    """The texts with the translations there are."""
    path = language_path(language)
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {text: known.get(text, "") for text in wanted}


def compile_language(language: str, rows: dict[str, str]) -> None:
    """Write what Qt reads."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<!DOCTYPE TS>"]
    lines.append(f'<TS version="2.1" language="{language}" sourcelanguage="en">')
    for context, found in sorted(texts_of_windows().items()):
        lines.append(f"<context><name>{escape(context)}</name>")
        for text in sorted(found):
            if rows.get(text):
                said = escape(rows[text])
                lines.append(f"<message><source>{escape(text)}</source>")
                lines.append(f"<translation>{said}</translation></message>")
        lines.append("</context>")
    lines.append("</TS>")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "firstlight.ts"
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        target = ROOT / "resources" / "languages" / f"firstlight_{language}.qm"
        subprocess.run(["lrelease", "-silent", str(source), "-qm", str(target)], check=True)


def language_path(language: str) -> Path:
    return ROOT / "resources" / "languages" / f"{language}.json"


def main(arguments: list[str]) -> int:
    wanted = texts()
    for language in LANGUAGES:
        rows = table(language, wanted)
        missing = [text for text, said in rows.items() if not said]
        if "--new" in arguments:
            for text in missing:
                print(f"{language}: {text}")
            continue
        path = language_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps(rows, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8"
        )
        print(f"{path.name}: {len(rows)} texts, {len(missing)} untranslated")
        if shutil.which("lrelease"):
            compile_language(language, rows)
        else:
            print("Qt's files are not made: lrelease is missing (qttools5-dev-tools)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
