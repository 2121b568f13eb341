"""The parameters of cloud masks that every operation over optical stacks shares, declared once."""

from __future__ import annotations

from typing import Any

from ..params import param

MOST_METRES = 5000.0


def mask_dilation_param() -> Any:
    """How far clouds and their shadows are dilated; make pixels of it by
    :func:`~..algorithms.masks.dilation_radius`.
    """
    text = (
        "Metres around every cloud and cloud shadow of the mask that count as not observed "
        "too: masks miss rims and haze."
    )
    return param(
        0.0,
        kind="number",
        title="Mask dilation (m)",
        help=text,
        minimum=0.0,
        maximum=MOST_METRES,
        advanced=True,
    )
