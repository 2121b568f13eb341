"""A map as an operation: it can be run on passes without knowing its parameters' names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..operation import Operation
from ..params import InputRole


@dataclass(frozen=True)
class MapOperation(Operation):
    """An operation that computes a map.

    Its params dataclass says by ``param(…, role=…)`` which of its parameters are the stack before,
    the stack after, height above drainage and slope.
    """

    def role_fields(self) -> dict[InputRole, str]:
        """Role of an input → name of the parameter that takes it."""
        return {p.role: p.name for p in self.parameters() if p.role is not None}

    def takes(self, role: InputRole) -> bool:
        """Tell whether the map can use such an input."""
        return role in self.role_fields()

    def map_inputs(
        self,
        output: Path,
        *,
        post: Path,
        pre: Path | None = None,
        hand: Path | None = None,
        slope: Path | None = None,
    ) -> Any:
        """Make the parameters of a run on passes; all others keep their defaults.

        Parameters
        ----------
        output : Path
            Folder of the results.
        post, pre : Path
            Stacks of the passes after and before the event.
        hand, slope : Path, optional
            Height above the nearest drainage (m) and slope (degrees).

        An input that the map does not take is left out.

        Raises
        ------
        InputError
            If a required input is missing.
        """
        given = {
            InputRole.AFTER: post,
            InputRole.BEFORE: pre,
            InputRole.HAND: hand,
            InputRole.SLOPE: slope,
        }
        values = {field: given[role] for role, field in self.role_fields().items()}
        return self.make_params({**values, "output": output})
