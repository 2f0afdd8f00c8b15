"""Footprints as groups of loaded cells that hang together in space and time, merged and split until each is one foot.

A component of a movie is not yet a footprint: a high arch parts the heel from the forefoot, while toes that touch the
next heel, or drag to the next stance, tie several prints together. Parts are merged as long as their union is no larger
than a foot; what is larger is cut by raising the level until its cores part. Prints that overlap in space but not in
time never meet in the first place.
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

#: The largest foot that is believed, with its shoe: along and across its long axis.
LONGEST_MM, WIDEST_MM = 345.0, 150.0
#: Parts of one foot are no farther from each other than this; parts of a stance never rest longer than that between.
_WIDEST_GAP_MM, _LONGEST_GAP_S = 110.0, 0.08
#: Parts this near, for this share of the shorter one's time, are of one foot; neighbouring feet overlap for less.
_TOUCHING_MM, _TOGETHER = 25.0, 0.65
#: Components with a smaller share of the median print's impulse are noise, or drag.
_LEAST_SHARE = 0.04
#: A level is raised by this much at a time, until it has left all but so much of the peak.
_RAISE, _HIGHEST = 1.6, 0.7
#: Cells of a split component farther than this from any core belong to no print: the toes that drag.
_FARTHEST_MM, _WALKING_MM_S = 45.0, 1000.0


class Part(NamedTuple):
    """A piece of a footprint: the members' indices in the activity, and what tells which pieces belong together."""

    members: Integers
    cells: Floats
    begin_s: float
    end_s: float
    impulse: float


def find_footprints(activity: Activity) -> list[Activity]:
    """Group the loaded cells into footprints, in order of their first frames.

    What is no footprint (noise, dragging toes) is in no group.
    """
    if not len(activity):
        return []
    parts = _join_drags(_merge(_parts(activity, np.arange(len(activity))), activity), activity)
    found: list[Part] = []
    for part in parts:
        found += _split(part, activity) if _too_large(part.cells) else [part]
    if not found:
        return []
    # What dragging toes tied together may have been a toe and a heel: they join the rest of their own feet.
    found = _merge(found, activity) if any(_too_large(part.cells) for part in parts) else found
    usual = float(np.median([part.impulse for part in found if part.impulse >= 0.1 * max(p.impulse for p in found)]))
    kept = sorted((part for part in found if part.impulse >= _LEAST_SHARE * usual), key=lambda part: part.begin_s)
    return [activity.take(np.sort(part.members)) for part in kept]


def label_components(activity: Activity) -> Integers:
    """Number the components of cells that touch in space (8 neighbours) and in time (the next frame): int64 (n,)."""
    _, rows, columns = activity.recording.shape
    stride = columns + 2, (rows + 2) * (columns + 2)
    key = activity.frame * stride[1] + (activity.row + 1) * stride[0] + activity.column + 1
    ahead = [1, stride[0] - 1, stride[0], stride[0] + 1]
    ahead += [stride[1] + row * stride[0] + column for row in (-1, 0, 1) for column in (-1, 0, 1)]
    starts, ends = [], []
    for offset in ahead:
        place = np.minimum(np.searchsorted(key, key + offset), len(key) - 1)
        met = np.flatnonzero(key[place] == key + offset)
        starts.append(met)
        ends.append(place[met])
    start, end = np.concatenate(starts), np.concatenate(ends)
    graph = coo_array((np.ones(len(start), bool), (start, end)), shape=(len(key), len(key)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _parts(activity: Activity, index: Integers) -> list[Part]:
    """The components of some cells, those of a handful of cells left out."""
    if not len(index):
        return []
    chosen = activity.take(index)
    label = label_components(chosen)
    order = np.argsort(label, kind="stable")
    bounds = np.flatnonzero(np.diff(label[order], prepend=-1, append=-1))
    pieces = [order[begin:end] for begin, end in pairwise(bounds)]
    return [_part(activity, index[piece]) for piece in pieces if len(piece) > 2]


def _part(activity: Activity, index: Integers) -> Part:
    row, column, time = activity.row[index], activity.column[index], activity.times_s[index]
    cells = np.unique(row * activity.recording.shape[2] + column)
    pitch, origin = known_pitch(activity.recording), activity.recording.origin_mm
    places = np.stack(np.divmod(cells, activity.recording.shape[2]), axis=1) * pitch + np.array(origin)
    return Part(index, places, float(time.min()), float(time.max()), float(activity.pressure[index].sum()))


def _merge(parts: list[Part], activity: Activity) -> list[Part]:
    """Join the nearest parts first, as long as they overlap in time and their union is no larger than a foot."""
    parts = sorted(parts, key=lambda part: -part.impulse)
    largest = parts[0].impulse if parts else 0.0
    # Specks far below any foot cost time and join nothing.
    parts = [part for part in parts if part.impulse > 1e-4 * largest]
    while len(parts) > 1:
        pairs = [
            (gap, first, second)
            for first in range(len(parts))
            for second in range(first + 1, len(parts))
            if (gap := _gap(parts[first], parts[second])) is not None
        ]
        joined: set[int] = set()
        new: list[Part] = []
        for _, first, second in sorted(pairs):
            if joined & {first, second}:
                continue
            if _too_large(np.concatenate([parts[first].cells, parts[second].cells])):
                continue
            joined |= {first, second}
            new.append(_part(activity, np.concatenate([parts[first].members, parts[second].members])))
        if not new:
            return parts
        parts = [part for number, part in enumerate(parts) if number not in joined] + new
    return parts


def _join_drags(parts: list[Part], activity: Activity) -> list[Part]:
    """Join parts that rest side by side almost all the time but make more than a foot: toes with the track they drag.

    The whole is then cut by level, which leaves the track.
    """
    parts = sorted(parts, key=lambda part: -part.impulse)
    kept: list[Part] = []
    for part in parts:
        for place, other in enumerate(kept):
            both_s = min(part.end_s, other.end_s) - max(part.begin_s, other.begin_s)
            shorter_s = min(part.end_s - part.begin_s, other.end_s - other.begin_s)
            gap = _gap(part, other)
            if gap is not None and gap <= _TOUCHING_MM and both_s > _TOGETHER * shorter_s:
                kept[place] = _part(activity, np.concatenate([other.members, part.members]))
                break
        else:
            kept.append(part)
    return kept


def _gap(first: Part, second: Part) -> float | None:
    """Distance of two parts in millimetres; None where they cannot be of one stance."""
    if first.begin_s > second.end_s + _LONGEST_GAP_S or second.begin_s > first.end_s + _LONGEST_GAP_S:
        return None
    apart = np.maximum(
        first.cells.min(axis=0) - second.cells.max(axis=0), second.cells.min(axis=0) - first.cells.max(axis=0)
    )
    if apart.max() > _WIDEST_GAP_MM:
        return None
    gap = float(np.min(cKDTree(first.cells).query(second.cells)[0]))
    return gap if gap <= _WIDEST_GAP_MM else None


def extent_mm(cells: Floats) -> tuple[float, float]:
    """Extent of places along and across their long axis."""
    if len(cells) < 3:
        return float(np.ptp(cells, axis=0).max()), 0.0
    axes = np.linalg.eigh(np.cov(cells.T))[1]
    across, along = np.ptp(cells @ axes, axis=0)
    return float(along), float(across)


def _too_large(cells: Floats) -> bool:
    along, across = extent_mm(cells)
    return along > LONGEST_MM or across > WIDEST_MM


def _split(part: Part, activity: Activity) -> list[Part]:
    """Cut a component that is larger than a foot, by raising the level until its cores part and are feet."""
    pressure = activity.pressure[part.members]
    level, highest = max(float(np.percentile(pressure, 5)), 1e-6), _HIGHEST * float(pressure.max())
    best: list[Part] = []
    while level < highest:
        cores = _merge(_parts(activity, part.members[pressure > level]), activity)
        cores = [core for core in cores if core.impulse > _LEAST_SHARE * part.impulse]
        # One core is enough where toes drag away from it: it then has most of the load.
        enough = len(cores) > 1 or (cores and cores[0].impulse > 0.5 * part.impulse)
        if enough and not any(_too_large(core.cells) for core in cores):
            best = cores
            break
        best = cores if len(cores) > max(len(best), 1) else best
        level *= _RAISE
    best = best or _halves(part, activity)
    if not best:
        return [part]
    pieces = _assign(part, best, activity)
    # A core that is still two feet is smaller than its component, so that this ends.
    return [
        piece
        for core in pieces
        for piece in (
            _split(core, activity) if _too_large(core.cells) and len(core.members) < len(part.members) else [core]
        )
    ]


def _assign(part: Part, cores: list[Part], activity: Activity) -> list[Part]:
    """Give every cell of a component to the nearest core, time counted as the way walked in it; far cells to none."""
    places = np.column_stack([activity.places_mm, activity.times_s * _WALKING_MM_S])
    distances = np.stack([cKDTree(places[core.members]).query(places[part.members])[0] for core in cores])
    nearest = distances.argmin(axis=0)
    near = distances.min(axis=0) <= _FARTHEST_MM
    return [_part(activity, part.members[(nearest == number) & near]) for number in range(len(cores))]


def _halves(part: Part, activity: Activity) -> list[Part]:
    """Cut a component into two by its longest extent in space and time, where no level parts it."""
    places = np.column_stack([activity.places_mm, activity.times_s * _WALKING_MM_S])[part.members]
    weights = activity.pressure[part.members]
    axes = np.linalg.eigh(np.cov(places.T, aweights=weights))[1]
    along = (places - np.average(places, axis=0, weights=weights)) @ axes[:, -1]
    centres = np.array([along.min(), along.max()])
    for _ in range(20):
        second = np.abs(along - centres[1]) < np.abs(along - centres[0])
        if second.all() or not second.any():
            return []
        centres = np.array([np.average(along[chosen], weights=weights[chosen]) for chosen in (~second, second)])
    return [_part(activity, part.members[~second]), _part(activity, part.members[second])]
