"""Stances on a mat or a plate: footprints with their sides, walkers and events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.activity import Activity, find_activity, known_pitch
from crossmodal.gait.contact import Contact
from crossmodal.gait.footprints import find_footprints
from crossmodal.gait.shape import describe_footprint, front_of, lean_of, travel_of
from crossmodal.gait.sides import tell_sides
from crossmodal.gait.stance import Curves, Footprint, Stance
from crossmodal.gait.walkers import associate, directions_of, number_walkers
from crossmodal.tactile.recording import PressureRecording, Side

Floats = NDArray[np.float64]
PrintFinder = Callable[[Floats, Floats], Contact | None]

#: The sign of a single print's shape is believed from here.
_LEAST_LEAN = 0.1
#: Prints with a smaller share of the usual peak force are none.
_LEAST_PEAK = 0.2
#: A print this much shorter than the foot is known to be lacks a part of it, and tells no axis.
_INCOMPLETE = 0.85


@dataclass(frozen=True, eq=False)
class FoundStep:
    """A footstep on a mat, before its walker is known.

    Attributes:
        group: the cells that it loads while it stands.
        contact: its events.
        lean: how much it looks like a left foot (positive) or a right one; None where the print's shape alone tells.
        heel_mm, metatarsal_mm: (2,) heel's middle and second metatarsal head, where more is known than the print shows.
        length_mm: of the foot, likewise.
    """

    group: Activity
    contact: Contact
    lean: float | None = None
    heel_mm: Floats | None = None
    metatarsal_mm: Floats | None = None
    length_mm: float | None = None


#: Whatever finds the footsteps of a recording; it may add to a list what could not be told.
StepFinder = Callable[[PressureRecording, list[str]], list[FoundStep]]


@dataclass(frozen=True, eq=False)
class _Print:
    """A footprint before its walker and side are known."""

    recording: PressureRecording
    curves: Curves
    contact: Contact
    raw: Footprint
    step: FoundStep | None = None

    @property
    def time_s(self) -> float:
        return self.contact.on_s if np.isfinite(self.contact.on_s) else float(self.curves.times_s[0])

    def describe(self, side: Side | None, line: Floats | None) -> Footprint:
        """The print, along a line of progression; what it does not show itself is taken from who found it."""
        shown = describe_footprint(self.curves, self.recording, side, line)
        step = self.step
        if step is None or step.heel_mm is None or step.metatarsal_mm is None or step.length_mm is None:
            return shown
        if shown.length_mm > _INCOMPLETE * step.length_mm or shown.partial:
            return shown
        axis = (step.metatarsal_mm - step.heel_mm) / np.linalg.norm(step.metatarsal_mm - step.heel_mm)
        return replace(
            shown, axis=axis, axis_from="learned", heel_mm=step.heel_mm, metatarsal_mm=step.metatarsal_mm,
            begin_mm=float(min(shown.places_mm @ axis)), length_mm=max(float(np.ptp(shown.places_mm @ axis)), 1e-6),
        )  # fmt: skip

    def lean(self, draft: Footprint) -> float:
        """How much it looks like a left foot."""
        return lean_of(draft) if self.step is None or self.step.lean is None else self.step.lean


def stances_of_walkway(recording: PressureRecording, find: StepFinder, left_out: list[str]) -> list[Stance]:
    """Find the stances on a mat.

    Args:
        recording: of any size; read once, block by block.
        find: finds its footsteps.
        left_out: takes what could not be told.
    """
    prints = []
    for step in find(recording, left_out):
        curves = Curves.of(step.group)
        prints.append(_Print(recording, curves, step.contact, describe_footprint(curves, recording), step))
    prints.sort(key=lambda one: one.time_s)
    if not prints:
        return []
    centres = np.array([one.raw.centre_mm for one in prints])
    times_s = np.array([one.time_s for one in prints])
    axes: list[Floats | None] = [travel_of(one.curves.cop_mm) for one in prints]
    ends_s = np.array([float(one.curves.times_s[-1]) for one in prints])
    passages = associate(
        centres, times_s, ends_s, [None if axis is None else axis / np.linalg.norm(axis) for axis in axes]
    )
    ends = [max(float(prints[number].curves.times_s[-1]) for number in passage) for passage in passages]
    spans = [(float(times_s[passage[0]]), end) for passage, end in zip(passages, ends, strict=True)]
    stances: list[Stance] = []
    for number, (passage, walker) in enumerate(zip(passages, number_walkers(spans), strict=True)):
        stances += _finish([prints[place] for place in passage], walker, number)
    return stances


def steps_by_force(recording: PressureRecording, left_out: list[str], find: PrintFinder) -> list[FoundStep]:
    """Find footsteps as footprints whose force tells their events: a `StepFinder` once ``find`` is given."""
    steps, peaks, partial = [], [], []
    for group in find_footprints(find_activity(recording)):
        found = _contact_of(group, find)
        if found is None:
            left_out.append("footprints whose force never reaches the threshold")
            continue
        curves, step = found
        steps.append(step)
        peaks.append(float(curves.force_n.max()))
        partial.append(curves.touches_edge)
    # Toes that drag leave tracks of their own; only the edge of the mat makes light prints of feet that step.
    least = _LEAST_PEAK * float(np.median(peaks)) if peaks else 0.0
    return [step for step, peak, cut in zip(steps, peaks, partial, strict=True) if cut or peak >= least]


def stances_of_prints(recordings: Sequence[PressureRecording], left_out: list[str]) -> list[Stance]:
    """Find footprints in largest pressures without time: images of one print each, or one image of a whole walk.

    The walk goes where the prints' wider ends point, which are the forefeet. Where places and images contradict each
    other (great toes on the outer sides), the places are counted from the other border than the images' columns.

    Args:
        recordings: of one frame each.
        left_out: takes what had to be guessed.
    """
    prints = _still_prints(recordings)
    stances = _finish(prints, 0, 0, timed=False) if prints else []
    doubt = sum(_agreement(stance) for stance in stances)
    if len(recordings) > 2 and doubt < -0.2 * len(stances):
        left_out.append("the places of the prints as the files have them: they are mirrored, by the prints' shapes")
        mirrored = [replace(one, origin_mm=_mirrored_origin(one)) for one in recordings]
        stances = _finish(_still_prints(mirrored), 0, 0, timed=False)
    return stances


def _still_prints(recordings: Sequence[PressureRecording]) -> list[_Print]:
    """Prints without time, in order along the walk."""
    prints = []
    for recording in recordings:
        for group in find_footprints(find_activity(recording)):
            # A file holds no more than the print: its edge is not the mat's.
            curves = replace(Curves.of(group), touches_edge=False)
            nothing = Contact(np.nan, np.nan, 0, 0)
            prints.append(_Print(recording, curves, nothing, describe_footprint(curves, recording)))
    if not prints:
        return []
    forwards = prints[0].raw.axis * front_of(prints[0].raw)
    for one in prints[1:]:
        axis = one.raw.axis * front_of(one.raw)
        forwards = forwards + axis
    prints = [replace(one, raw=describe_footprint(one.curves, one.recording, forwards=forwards)) for one in prints]
    return sorted(prints, key=lambda one: float(one.raw.centre_mm @ forwards))


def _agreement(stance: Stance) -> float:
    lean = lean_of(stance.footprint) if stance.footprint else 0.0
    return lean if stance.side == "left" else -lean


def _mirrored_origin(recording: PressureRecording) -> tuple[float, float]:
    width = (recording.shape[2] - 1) * known_pitch(recording)[1]
    return recording.origin_mm[0], -(recording.origin_mm[1] + width)


def _contact_of(group: Activity, find: PrintFinder) -> tuple[Curves, FoundStep] | None:
    """The contact of a print; cells outside it, such as dragging toes, are taken from it."""
    recording = group.recording
    curves = Curves.of(group)
    # The floor before and after is empty: two frames of it let the edges of the force be seen.
    before, after = min(curves.first, 2), min(recording.shape[0] - curves.first - len(curves.times_s), 2)
    begin = curves.first - before
    force = np.pad(curves.force_n, (before, after))
    times_s = recording.times_s[begin : begin + len(force)]
    contact = find(force, times_s)
    if contact is None:
        return None
    contact = contact._replace(first=contact.first + begin, last=contact.last + begin)
    own = group.take((group.frame >= contact.first) & (group.frame <= contact.last))
    return Curves.of(own), FoundStep(own, contact)


def _finish(prints: Sequence[_Print], walker: int, passage: int, timed: bool = True) -> list[Stance]:
    """Give the prints of one passage their sides, then measure them along their walk."""
    places = np.array([0.5 * (np.array(one.raw.box_mm[:2]) + np.array(one.raw.box_mm[2:])) for one in prints])
    lines = directions_of(np.array([one.raw.heel_mm for one in prints]))
    forwards = [line if np.isfinite(line).all() else None for line in lines]
    drafts = [one.raw if line is None else one.describe(None, line) for one, line in zip(prints, forwards, strict=True)]
    times_s = np.array([one.time_s for one in prints]) if timed else np.arange(len(prints), dtype=np.float64)
    leans = [one.lean(draft) for one, draft in zip(prints, drafts, strict=True)]
    sides: list[Side | None] = [*tell_sides(places, times_s, leans, lines)]
    if len(prints) == 1 and abs(leans[0]) < _LEAST_LEAN:
        sides = [None]
    return [
        Stance(
            side=prints[0].recording.side or side if len(prints) == 1 else side,
            heel_strike_s=one.contact.on_s,
            toe_off_s=one.contact.off_s,
            times_s=one.curves.times_s,
            force_n=one.curves.force_n,
            cop_mm=one.curves.cop_mm,
            peak=float(one.curves.peaks.max()),
            footprint=one.describe(side, line),
            walker=walker,
            passage=passage,
        )
        for one, side, line in zip(prints, sides, forwards, strict=True)
    ]
