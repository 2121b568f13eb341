"""Cycles of a permutation, and what pairs join, in numpy alone.

Walking along a cycle is one step after the other; here all cycles are walked at once. Nodes between
two that are smaller than both their neighbours are hung on the one before them by pointer jumping
(Wyllie 1979, "The complexity of parallel computations", Cornell), which leaves a permutation of
fewer nodes, again and again, until each cycle is its least node.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def order_cycles(after: IntArray) -> tuple[IntArray, IntArray]:
    """Put the nodes of each cycle in turn.

    Parameters
    ----------
    after : ndarray of int64, (n,)
        The node behind each: a permutation of 0..n-1.

    Returns
    -------
    order : ndarray of int64, (n,)
        All nodes: cycle after cycle, each from its least node on; cycles by their least node.
    starts : ndarray of int64
        Where in ``order`` each begins.
    """
    levels = []
    nodes: IntArray = np.arange(len(after))
    before = np.empty_like(nodes)
    before[after] = nodes
    weight = np.ones_like(nodes)
    while nodes.size:
        head, way, kept = _hang(before, weight)
        levels.append((nodes, head, way))
        last = before[kept]  # the end of the chain that hangs on head[last]
        heads = head[last]
        total = np.empty_like(weight)
        total[heads] = way[last] + weight[last]
        more = heads != kept  # else the cycle is done
        kept, heads = kept[more], heads[more]
        number = np.empty_like(nodes)
        number[kept] = np.arange(kept.size)
        before, weight, nodes = number[heads], total[kept], nodes[kept]
    root: IntArray = np.arange(len(after))
    place = np.zeros_like(root)
    for nodes, head, way in reversed(levels):
        heads = nodes[head]
        place[nodes] = place[heads] + way
        root[nodes] = root[heads]
    sizes = np.bincount(root, minlength=len(after))
    least = np.flatnonzero(sizes)
    starts = np.cumsum(sizes[least]) - sizes[least]
    begin = np.empty_like(root)
    begin[least] = starts
    order = np.empty_like(root)
    order[begin[root] + place] = np.arange(len(after))
    return order, starts


def _hang(before: IntArray, weight: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """For each node the last one up to it that has no smaller neighbour, and the way from there;
    and all that have none.
    """
    here = np.arange(before.size)
    behind = np.empty_like(before)
    behind[before] = here
    free = (here <= before) & (here <= behind)
    kept = np.flatnonzero(free)
    head, way = before.copy(), weight[before]
    head[kept], way[kept] = kept, 0
    left = np.flatnonzero(~free)
    while True:
        reached = head[left]
        far = ~free[reached]
        left, reached = left[far], reached[far]
        if not left.size:
            return head, way, kept
        way[left], head[left] = way[left] + way[reached], head[reached]


def sizes_of(starts: IntArray, count: int) -> IntArray:
    """Lengths of stretches that follow each other, the last one up to ``count``."""
    return np.diff(np.append(starts, count))


def follow(parent: IntArray) -> IntArray:
    """Where each ends that goes from one to the next until one is its own."""
    while True:
        further: IntArray = parent[parent]
        if np.array_equal(further, parent):
            return parent
        parent = further


def find_roots(count: int, one: IntArray, two: IntArray) -> IntArray:
    """The least of those that pairs join to each, of 0..count-1.

    Each root is hung on a lower one that it is joined to, and all ways are shortened, until no pair
    is apart (Shiloach & Vishkin 1982, doi:10.1016/0196-6774(82)90008-6).
    """
    parent: IntArray = np.arange(count)
    while one.size:
        roots = parent[one], parent[two]
        apart = roots[0] != roots[1]
        one, two = one[apart], two[apart]
        low, high = np.minimum(*roots)[apart], np.maximum(*roots)[apart]
        parent[high] = low  # of several the last one stays; the others come again
        parent = follow(parent)
    return parent
