"""Footprints as groups of loaded cells, connected in space and time, merged and split until each is one foot.

A connected component is not yet a footprint: a high arch separates the heel from the forefoot, while toes that touch
the next heel, or drag to the next stance, connect several prints. Parts are merged as long as their union is no larger
than a foot; a larger one is split by raising a threshold until its cores separate. Prints that overlap in space but not
in time are never connected.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from crossmodal.gait.activity import Activity, known_pitch

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Size of the largest foot with its shoe, along and across its long axis.
LONGEST_MM, WIDEST_MM = 345.0, 150.0
#: Largest distance of two parts of one foot, and longest time between two parts of one stance.
_WIDEST_GAP_MM, _LONGEST_GAP_S = 110.0, 0.08
#: Parts this near for this fraction of the shorter one's time belong to one foot; neighbouring feet overlap for less.
_TOUCHING_MM, _TOGETHER = 25.0, 0.65
#: Components below this fraction of the median print's impulse are noise or drag.
_LEAST_IMPULSE = 0.04
#: Factor by which the threshold is raised at a time, and its largest value as a fraction of the peak.
_RAISE, _HIGHEST = 1.6, 0.7
#: Cells of a split component farther than this from any core belong to no print: they are dragging toes. Time counts as
#: distance at this walking speed.
_FARTHEST_MM, _WALKING_MM_S = 45.0, 1000.0


class _Part(NamedTuple):
    """A part of a footprint.

    Attributes:
        members: indices of its cells in the activity.
        positions_mm: (n, 2) centres of the cells that are loaded at any time.
        begin_s, end_s: first and last load.
        impulse: sum of its pressures.
    """

    members: Integers
    positions_mm: Floats
    begin_s: float
    end_s: float
    impulse: float


def find_footprints(activity: Activity) -> list[Activity]:
    """Group the loaded cells into footprints, in order of their first frames.

    Cells of no footprint (noise, dragging toes) are in no group.
    """
    if not len(activity):
        return []
    parts = _join_drags(_merge(_components(activity, np.arange(len(activity))), activity), activity)
    found: list[_Part] = []
    for part in parts:
        found += _split(part, activity) if _too_large(part.positions_mm) else [part]
    if not found:
        return []
    # Dragging toes may have connected a toe and a heel of two feet: they join the rest of their own feet.
    found = _merge(found, activity) if any(_too_large(part.positions_mm) for part in parts) else found
    usual = float(np.median([part.impulse for part in found if part.impulse >= 0.1 * max(p.impulse for p in found)]))
    kept = sorted((part for part in found if part.impulse >= _LEAST_IMPULSE * usual), key=lambda part: part.begin_s)
    return [activity.take(np.sort(part.members)) for part in kept]


def label_components(activity: Activity) -> Integers:
    """Label the components of cells that touch in space (8 neighbours) and in time (the next frame): int64 (n,)."""
    _, rows, columns = activity.recording.shape
    stride = columns + 2, (rows + 2) * (columns + 2)
    key = activity.frame * stride[1] + (activity.row + 1) * stride[0] + activity.column + 1
    ahead = [1, stride[0] - 1, stride[0], stride[0] + 1]
    ahead += [stride[1] + row * stride[0] + column for row in (-1, 0, 1) for column in (-1, 0, 1)]
    starts, ends = [], []
    for offset in ahead:
        found = np.minimum(np.searchsorted(key, key + offset), len(key) - 1)
        touching = np.flatnonzero(key[found] == key + offset)
        starts.append(touching)
        ends.append(found[touching])
    start, end = np.concatenate(starts), np.concatenate(ends)
    graph = coo_array((np.ones(len(start), bool), (start, end)), shape=(len(key), len(key)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _components(activity: Activity, index: Integers) -> list[_Part]:
    """Return the components of some cells, without those of one or two cells."""
    if not len(index):
        return []
    chosen = activity.take(index)
    label = label_components(chosen)
    order = np.argsort(label, kind="stable")
    bounds = np.flatnonzero(np.diff(label[order], prepend=-1, append=-1))
    pieces = [order[begin:end] for begin, end in pairwise(bounds)]
    return [_measure(activity, index[piece]) for piece in pieces if len(piece) > 2]


def _measure(activity: Activity, index: Integers) -> _Part:
    row, column, time = activity.row[index], activity.column[index], activity.times_s[index]
    cells = np.unique(row * activity.recording.shape[2] + column)
    pitch, origin = known_pitch(activity.recording), activity.recording.origin_mm
    positions = np.stack(np.divmod(cells, activity.recording.shape[2]), axis=1) * pitch + np.array(origin)
    return _Part(index, positions, float(time.min()), float(time.max()), float(activity.pressure[index].sum()))


def _merge(parts: list[_Part], activity: Activity) -> list[_Part]:
    """Merge parts, nearest first, as long as they overlap in time and their union is no larger than a foot."""
    parts = sorted(parts, key=lambda part: -part.impulse)
    largest = parts[0].impulse if parts else 0.0
    # Specks far below any foot cost time and are never merged.
    parts = [part for part in parts if part.impulse > 1e-4 * largest]
    while len(parts) > 1:
        pairs = [
            (gap, first, second)
            for first in range(len(parts))
            for second in range(first + 1, len(parts))
            if (gap := _gap(parts[first], parts[second])) is not None
        ]
        joined: set[int] = set()
        new: list[_Part] = []
        for _, first, second in sorted(pairs):
            if joined & {first, second}:
                continue
            if _too_large(np.concatenate([parts[first].positions_mm, parts[second].positions_mm])):
                continue
            joined |= {first, second}
            new.append(_measure(activity, np.concatenate([parts[first].members, parts[second].members])))
        if not new:
            return parts
        parts = [part for number, part in enumerate(parts) if number not in joined] + new
    return parts


def _join_drags(parts: list[_Part], activity: Activity) -> list[_Part]:
    """Join parts that are side by side almost all the time but larger than a foot: toes and the track of their drag.

    `_split` then separates the track by its low pressure.
    """
    parts = sorted(parts, key=lambda part: -part.impulse)
    kept: list[_Part] = []
    for part in parts:
        for number, other in enumerate(kept):
            both_s = min(part.end_s, other.end_s) - max(part.begin_s, other.begin_s)
            shorter_s = min(part.end_s - part.begin_s, other.end_s - other.begin_s)
            gap = _gap(part, other)
            if gap is not None and gap <= _TOUCHING_MM and both_s > _TOGETHER * shorter_s:
                kept[number] = _measure(activity, np.concatenate([other.members, part.members]))
                break
        else:
            kept.append(part)
    return kept


def _gap(first: _Part, second: _Part) -> float | None:
    """Return the distance of two parts in millimetres; None where they cannot belong to one stance."""
    if first.begin_s > second.end_s + _LONGEST_GAP_S or second.begin_s > first.end_s + _LONGEST_GAP_S:
        return None
    apart = np.maximum(
        first.positions_mm.min(axis=0) - second.positions_mm.max(axis=0),
        second.positions_mm.min(axis=0) - first.positions_mm.max(axis=0),
    )
    if apart.max() > _WIDEST_GAP_MM:
        return None
    gap = float(np.min(cKDTree(first.positions_mm).query(second.positions_mm)[0]))
    return gap if gap <= _WIDEST_GAP_MM else None


def extent_mm(positions_mm: Floats) -> tuple[float, float]:
    """Return the extent of positions (n, 2) along and across their long axis."""
    if len(positions_mm) < 3:
        return float(np.ptp(positions_mm, axis=0).max()), 0.0
    axes = np.linalg.eigh(np.cov(positions_mm.T))[1]
    across, along = np.ptp(positions_mm @ axes, axis=0)
    return float(along), float(across)


def _too_large(positions_mm: Floats) -> bool:
    along, across = extent_mm(positions_mm)
    return along > LONGEST_MM or across > WIDEST_MM


def _split(part: _Part, activity: Activity) -> list[_Part]:
    """Split a component that is larger than a foot, by raising a threshold until its cores separate and are feet."""
    pressure = activity.pressure[part.members]
    threshold, highest = max(float(np.percentile(pressure, 5)), 1e-6), _HIGHEST * float(pressure.max())
    best: list[_Part] = []
    while threshold < highest:
        cores = _merge(_components(activity, part.members[pressure > threshold]), activity)
        cores = [core for core in cores if core.impulse > _LEAST_IMPULSE * part.impulse]
        # A single core is accepted where toes drag away from it; it then has most of the load.
        enough = len(cores) > 1 or (cores and cores[0].impulse > 0.5 * part.impulse)
        if enough and not any(_too_large(core.positions_mm) for core in cores):
            best = cores
            break
        best = cores if len(cores) > max(len(best), 1) else best
        threshold *= _RAISE
    best = best or _halves(part, activity)
    if not best:
        return [part]
    pieces = _assign(part, best, activity)
    # A core that is still two feet is smaller than its component, so the recursion ends.
    return [
        piece
        for core in pieces
        for piece in (
            _split(core, activity)
            if _too_large(core.positions_mm) and len(core.members) < len(part.members)
            else [core]
        )
    ]


def _assign(part: _Part, cores: list[_Part], activity: Activity) -> list[_Part]:
    """Assign each cell of a component to the nearest core in space and time; far cells to none."""
    points = np.column_stack([activity.positions_mm, activity.times_s * _WALKING_MM_S])
    distances = np.stack([cKDTree(points[core.members]).query(points[part.members])[0] for core in cores])
    nearest = distances.argmin(axis=0)
    near = distances.min(axis=0) <= _FARTHEST_MM
    return [_measure(activity, part.members[(nearest == number) & near]) for number in range(len(cores))]


def _halves(part: _Part, activity: Activity) -> list[_Part]:
    """Split a component into two along its longest extent in space and time, where no threshold separates it."""
    points = np.column_stack([activity.positions_mm, activity.times_s * _WALKING_MM_S])[part.members]
    weights = activity.pressure[part.members]
    axes = np.linalg.eigh(np.cov(points.T, aweights=weights))[1]
    along = (points - np.average(points, axis=0, weights=weights)) @ axes[:, -1]
    centres = np.array([along.min(), along.max()])
    for _ in range(20):
        second = np.abs(along - centres[1]) < np.abs(along - centres[0])
        if second.all() or not second.any():
            return []
        centres = np.array([np.average(along[chosen], weights=weights[chosen]) for chosen in (~second, second)])
    return [_measure(activity, part.members[~second]), _measure(activity, part.members[second])]
