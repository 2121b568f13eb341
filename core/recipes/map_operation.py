"""A map as an operation: its doors derived from its recipe, and run on passes without knowing the
names of its parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..enums import AreaMask
from ..errors import RasterError
from ..operation import Operation
from ..params import InputRole, Param
from ..raster.cloud_mask import MASK_BANDS
from ..types import Aoi
from .recipe import MapRecipe, P
from .run import run_map


@dataclass(frozen=True, kw_only=True)
class MapOperation(Operation):
    """An operation that computes a map.

    Its params dataclass says by ``param(…, role=…)`` which of its parameters are the stack before,
    the stack after, height above drainage and slope.
    """

    recipe: MapRecipe[Any]

    def parameters(self, door: str | None = None) -> list[Param]:
        """The parameters, in order; the help of the output folder lists the recipe's files."""
        return [
            replace(p, help=self.recipe.files_text()) if p.kind == "folder_out" else p
            for p in super().parameters(door)
        ]

    def role_fields(self) -> dict[InputRole, str]:
        """Role of an input → name of the parameter that takes it."""
        return {p.role: p.name for p in self.parameters() if p.role is not None}

    def takes(self, role: InputRole) -> bool:
        """Tell whether the map can use such an input."""
        return role in self.role_fields()

    @property
    def bands_read(self) -> frozenset[str] | None:
        """See :class:`~..operation.Operation`."""
        if self.recipe.stacks is None:
            return None
        given = self.map_inputs(Path("output"), post=Path("post"), pre=Path("pre"))
        bands: set[str] = set()
        try:
            requests = self.recipe.stacks(given)
        except RasterError:  # it looks into them first, and these are not there
            return None
        for request in requests.values():
            for offers in (*request.bands.values(), *request.optional.values()):
                bands.update(offers)
            bands.update(MASK_BANDS if request.masks else ())
        return frozenset(bands)

    def map_inputs(
        self,
        output: Path,
        *,
        post: Path,
        pre: Path | None = None,
        hand: Path | None = None,
        slope: Path | None = None,
        area: Aoi | None = None,
        area_mask: AreaMask = AreaMask.SHAPE,
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
        area : Aoi, optional
            Only what lies in it is mapped.
        area_mask : AreaMask
            Which pixels those are.

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
        return self.make_params({**values, "output": output, "area": area, "area_mask": area_mask})


def map_operation(recipe: MapRecipe[P]) -> MapOperation:
    """Make the operation of a recipe."""
    return MapOperation(
        name=recipe.name,
        title=recipe.title,
        group=recipe.group,
        summary=recipe.summary,
        params=recipe.params,
        run=partial(run_map, recipe),
        outputs=recipe.outputs,
        algorithm=recipe.algorithm,
        recipe=recipe,
    )
