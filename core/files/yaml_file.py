"""YAML files: those shipped in ``config/``, and the user's own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..errors import SettingsError

CONFIG_DIR = Path(__file__).resolve().parents[2] / "config"
MOST_VALUES = 100_000
"""In one YAML file."""


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping.

    Raises
    ------
    SettingsError
        If it cannot be read or holds no mapping.
    """
    import yaml

    try:  # in C, ten times as fast; not in every Python
        from yaml import CSafeLoader as SafeLoader
    except ImportError:
        from yaml import SafeLoader  # type: ignore[assignment]
    failure = f"The settings file {path} cannot be read"
    try:
        text = _text(path)
        tree = yaml.load(text, Loader=SafeLoader)
        if "*" in text and path.parent != CONFIG_DIR and _count(tree, {}) > MOST_VALUES:
            reason = f"with its aliases (*name) it has more than {MOST_VALUES} values"
            raise SettingsError(failure, reason, "Write the values themselves.")
    except RecursionError as error:
        raise SettingsError(
            failure,
            "it is nested too deep",
            "Write sections and keys, as in docs/configuration.md.",
        ) from error
    except (OSError, ValueError, OverflowError, yaml.YAMLError) as error:
        raise SettingsError(
            failure, " ".join(str(error).split()), "Correct it there, or take the file away."
        ) from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise SettingsError(
            f"The settings file {path} cannot be used",
            "it holds no sections",
            "Begin it with a section, as download:.",
        )
    return tree


def _text(path: Path) -> str:
    """A file's text; of a shipped one also where the package lies in a zip, as on the workers of a
    cluster.
    """
    if path.parent == CONFIG_DIR and not CONFIG_DIR.is_dir():
        from importlib.resources import files

        package = __name__.partition(".")[0]
        return (files(package) / "config" / path.name).read_text(encoding="utf-8")
    return path.read_text(encoding="utf-8")


def _count(tree: Any, counted: dict[int, float]) -> float:
    """How many values a tree has where each alias counts as what it stands for; infinite where one
    stands for what it is in.
    """
    if not isinstance(tree, (dict, list)):
        return 1
    if id(tree) not in counted:
        counted[id(tree)] = math.inf  # until it is known: an alias in it would be a circle
        values = tree.values() if isinstance(tree, dict) else tree
        counted[id(tree)] = 1 + sum(_count(value, counted) for value in values)
    return counted[id(tree)]
