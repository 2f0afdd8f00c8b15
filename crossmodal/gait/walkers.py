"""Association of footprints with walkers: prediction by a Kalman filter, assignment by the Hungarian method."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]

#: A walker without a foot on the mat for longer has left it; the next print begins another passage.
_LONGEST_PAUSE_S = 0.9
#: Prints that begin within this time belong to different walkers.
_SAME_STEP_S = 0.25
#: Largest distance that a step goes back, against the direction of the previous foot.
_FARTHEST_BACK_MM = 150.0
#: Standard deviations: of a print about the walker's path, of the acceleration, of the initial velocity along the foot
#: and across it.
_PRINT_MM, _ACCELERATION_MM_S2, _VELOCITY_MM_S, _SIDEWAYS_MM_S = 120.0, 700.0, 500.0, 250.0
_USUAL_SPEED_MM_S, _MOVING_MM_S = 1000.0, 300.0
#: The 99.9 % quantile of the squared Mahalanobis distance in two dimensions.
_GATE = 13.8
#: Feet point outwards: the direction of a walk is the mean axis of the prints within this time.
_HEADING_S = 1.5
#: Initial step time; standard deviations of the logarithm of the step time, for early and late steps.
_USUAL_STEP_S, _EARLY, _LATE = 0.6, 0.17, 0.25
#: Cost of a missed step, and largest cost of a late one: a slow step does not make another walker.
_MISSED, _LATEST = 3.0, 6.0
#: Cost of a new walk: more than any print within the gate that is not early.
_NEW = _GATE + _LATEST


class _Track:
    """A walk so far: position and velocity with their covariance, by a constant-velocity Kalman filter."""

    def __init__(self, number: int, position: Floats, axis: Floats | None, end_s: float) -> None:
        self.members = [number]
        self.steps_s: list[float] = []
        self.end_s = end_s
        self.last = position, axis
        velocity = np.zeros(2) if axis is None else axis * _USUAL_SPEED_MM_S
        self.state = np.concatenate([position, velocity])
        self.covariance = np.diag([_PRINT_MM**2] * 2 + [(2 * _VELOCITY_MM_S) ** 2] * 2)
        if axis is not None:
            along = np.outer(axis, axis)
            self.covariance[2:, 2:] = _VELOCITY_MM_S**2 * along + _SIDEWAYS_MM_S**2 * (np.eye(2) - along)

    def predict(self, step_s: float) -> tuple[Floats, Floats]:
        """Return state and covariance after ``step_s``."""
        move = np.eye(4)
        move[:2, 2:] = step_s * np.eye(2)
        push = np.concatenate([0.5 * step_s**2 * np.eye(2), step_s * np.eye(2)])
        return move @ self.state, move @ self.covariance @ move.T + _ACCELERATION_MM_S2**2 * push @ push.T

    def distance(self, position: Floats, axis: Floats | None, step_s: float) -> float:
        """Return the squared Mahalanobis distance of a print from the prediction; infinite for a step backwards."""
        speed = float(np.linalg.norm(self.state[2:]))
        last, forwards = self.last
        if forwards is not None and (position - last) @ forwards < -_FARTHEST_BACK_MM:
            return np.inf
        if axis is not None and speed > _MOVING_MM_S and axis @ self.state[2:] < -0.5 * speed:
            return np.inf
        state, covariance = self.predict(step_s)
        error = position - state[:2]
        return float(error @ np.linalg.solve(covariance[:2, :2] + _PRINT_MM**2 * np.eye(2), error))

    def tempo(self, step_s: float) -> float:
        """Return the cost of a step time against the walk's usual one; one step between may have been missed."""
        usual_s = float(np.median(self.steps_s)) if self.steps_s else _USUAL_STEP_S
        ratio = float(np.log(max(step_s, 1e-3) / usual_s))
        if ratio < 0.0:
            return (ratio / _EARLY) ** 2
        after_missed = ratio - float(np.log(2.0))
        return min((ratio / _LATE) ** 2, (after_missed / _LATE) ** 2 + _MISSED, _LATEST)

    def update(self, number: int, position: Floats, axis: Floats | None, step_s: float, end_s: float) -> None:
        """Add a print."""
        state, covariance = self.predict(step_s)
        gain = covariance[:, :2] @ np.linalg.inv(covariance[:2, :2] + _PRINT_MM**2 * np.eye(2))
        self.state = state + gain @ (position - state[:2])
        self.covariance = covariance - gain @ covariance[:2]
        self.members.append(number)
        self.steps_s.append(step_s)
        self.last = position, axis
        self.end_s = max(self.end_s, end_s)


def associate(centres_mm: Floats, times_s: Floats, ends_s: Floats, axes: list[Floats | None]) -> list[list[int]]:
    """Group footprints into passages: uninterrupted walks of one person, in order of their first print.

    Args:
        centres_mm: (prints, 2) as (y, x).
        times_s: (prints,) heel strikes, not decreasing.
        ends_s: (prints,) toe offs.
        axes: (2,) unit vectors from heel to toes; None where unknown.

    Returns:
        Indices of the prints of each passage.
    """
    axes = _headings(times_s, axes)
    tracks: list[_Track] = []
    begin = 0
    while begin < len(times_s):
        end = begin + 1
        while end < len(times_s) and times_s[end] - times_s[begin] < _SAME_STEP_S:
            end += 1
        new = list(range(begin, end))
        steps = [[times_s[number] - times_s[track.members[-1]] for number in new] for track in tracks]
        cost = np.full((len(tracks) + len(new), len(new)), _NEW)
        for row, track in enumerate(tracks):
            for column, number in enumerate(new):
                recent = times_s[number] - track.end_s <= _LONGEST_PAUSE_S and steps[row][column] >= _SAME_STEP_S
                distance = track.distance(centres_mm[number], axes[number], steps[row][column]) if recent else np.inf
                cost[row, column] = distance + track.tempo(steps[row][column]) if distance < _GATE else 1e6
        taken = dict(zip(*(axis.tolist() for axis in linear_sum_assignment(cost)[::-1]), strict=True))
        for column, number in enumerate(new):
            row = taken[column]
            if row < len(steps) and cost[row, column] < _NEW:
                tracks[row].update(number, centres_mm[number], axes[number], steps[row][column], ends_s[number])
            else:
                tracks.append(_Track(number, centres_mm[number], axes[number], ends_s[number]))
        begin = end
    return [track.members for track in tracks]


def _headings(times_s: Floats, axes: list[Floats | None]) -> list[Floats | None]:
    """Return the direction of each print: the mean of its axis and of those near in time within 60 degrees of it."""
    known = [number for number, axis in enumerate(axes) if axis is not None]
    if not known:
        return axes
    every, times = np.array([axes[number] for number in known]), times_s[known]
    headings = list(axes)
    for number, axis, time_s in zip(known, every, times, strict=True):
        headings[number] = _unit(every[(np.abs(times - time_s) <= _HEADING_S) & (every @ axis > 0.5)].sum(axis=0))
    return headings


def number_walkers(spans_s: list[tuple[float, float]]) -> list[int]:
    """Return the walker of each passage: the least number that no passage at the same time has.

    People who walk one after the other cannot be distinguished; they share a number.

    Args:
        spans_s: begin and end of each passage, in order of the begin.
    """
    numbers: list[int] = []
    for passage, (begin, end) in enumerate(spans_s):
        busy = {numbers[other] for other in range(passage) if spans_s[other][1] > begin and spans_s[other][0] < end}
        numbers.append(next(number for number in range(len(spans_s)) if number not in busy))
    return numbers


def directions_of(heels_mm: Floats) -> Floats:
    """Return the line of progression at each print of a passage: float64 (prints, 2), unit vectors (y, x).

    The midpoints of successive heels are the walk's path. If they are on one line (within 40 mm), that line is the
    direction of every print; otherwise it is the line through the midpoints around each print. NaN for a single print.

    Args:
        heels_mm: (prints, 2) heel centres, (y, x).
    """
    if len(heels_mm) < 2:
        return np.full((len(heels_mm), 2), np.nan)
    if len(heels_mm) == 2:
        return np.tile(_unit(heels_mm[1] - heels_mm[0]), (2, 1))
    path = 0.5 * (heels_mm[1:] + heels_mm[:-1])
    way = path[-1] - path[0]
    centred = path - path.mean(axis=0)
    line = np.linalg.svd(centred, full_matrices=False)[2][0]
    line = line if line @ way >= 0 else -line
    if np.abs(centred @ np.array([line[1], -line[0]])).max() <= 40.0:
        return np.tile(line, (len(heels_mm), 1))
    directions = []
    for number in range(len(heels_mm)):
        low, high = max(number - 2, 0), min(number + 1, len(path) - 1)
        directions.append(_unit(path[high] - path[low]))
    return np.array(directions)


def _unit(vector: Floats) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else np.array([1.0, 0.0])
