"""The layers that a map writes, and the pixels that an event is told by."""

from __future__ import annotations

from dataclasses import dataclass

from ..algorithms.kernel import Layer


@dataclass(frozen=True)
class MapLayer:
    """A raster that a map writes: its file and its band are called as the kernel's layer is."""

    layer: Layer
    title: str
    """At the doors, as an output of the operation."""
    or_layers: tuple[Layer, ...] = ()
    """Other layers of which one takes its place, as the parameters say."""
    output: str = ""
    """Name of the output at the doors; empty: the layer's."""
    when: str = ""
    """Condition for people: ``with a stack before``; empty: it is always written."""

    @property
    def variants(self) -> tuple[Layer, ...]:
        """The layers that can stand here."""
        return (self.layer, *self.or_layers)

    @property
    def output_name(self) -> str:
        """Name at the doors."""
        return self.output or self.layer.name


@dataclass(frozen=True)
class Extent:
    """The pixels that an event is told by: what burned, what was flooded."""

    name: str
    """``burned``: the key of its area in the statistics."""
    layer: Layer
    """One of classes."""
    codes: tuple[int, ...]
    silent: tuple[int, ...] = ()
    """Codes that are no statement about it: observed, but nothing there that could have been hit.
    """
    title: str = ""
    """Of its area at the doors; empty: the name."""
    map_title: str = ""
    """Of a map that is about it, where that differs from the recipe's."""

    @property
    def heading(self) -> str:
        """Name for people."""
        return self.name.replace("_", " ").capitalize()
