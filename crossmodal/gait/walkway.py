"""Stances on a mat or a plate: footprints with their sides, walkers and events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.activity import Activity, find_activity, known_pitch
from crossmodal.gait.contact import Contact
from crossmodal.gait.footprints import find_footprints
from crossmodal.gait.shape import describe_footprint, front_of, lean_of, travel_of
from crossmodal.gait.sides import assign_sides
from crossmodal.gait.stance import Curves, Footprint, Stance
from crossmodal.gait.walkers import associate, directions_of, number_walkers
from crossmodal.tactile.recording import PressureRecording, Side

Floats = NDArray[np.float64]
PrintFinder = Callable[[Floats, Floats], Contact | None]

#: The shape of a single print decides its side from this lean on.
_LEAST_LEAN = 0.1
#: Prints below this fraction of the usual peak force are left out.
_LEAST_PEAK = 0.2
#: A print below this fraction of the foot's length lacks a part of the foot and has no axis.
_INCOMPLETE = 0.85


@dataclass(frozen=True, eq=False)
class Detection:
    """A footstep found on a mat, before its side and walker are known.

    Attributes:
        cells: the cells that the foot loads.
        contact: its events; NaN without time.
        score: confidence, comparable within one finder.
        lean: how much it looks like a left foot (positive) or a right one, see `lean_of`; None: by the print's shape.
        heel_mm, metatarsal_mm: (2,) heel centre and second metatarsal head, where the finder knows more than the print
            shows.
        length_mm: of the foot, likewise.
        forwards: (2,) direction of the walk, where it is known beforehand; None: that of the centre of pressure.
    """

    cells: Activity
    contact: Contact
    score: float = 0.0
    lean: float | None = None
    heel_mm: Floats | None = None
    metatarsal_mm: Floats | None = None
    length_mm: float | None = None
    forwards: Floats | None = None

    @cached_property
    def curves(self) -> Curves:
        """The sums of its cells."""
        return Curves.of(self.cells)

    @cached_property
    def draft(self) -> Footprint:
        """The footprint as far as it is known without side and line of progression."""
        return describe_footprint(self.curves, self.cells.recording, forwards=self.forwards)

    @property
    def time_s(self) -> float:
        """Time of the heel strike, or of the first frame where the heel strike is unknown."""
        strike_s = self.contact.heel_strike_s
        return strike_s if np.isfinite(strike_s) else float(self.curves.times_s[0])

    def describe(self, side: Side | None, line: Floats | None) -> Footprint:
        """Describe the footprint along a line of progression; an incomplete one takes its axis from the finder."""
        shown = describe_footprint(self.curves, self.cells.recording, side, line)
        if self.heel_mm is None or self.metatarsal_mm is None or self.length_mm is None:
            return shown
        if shown.length_mm > _INCOMPLETE * self.length_mm or shown.partial:
            return shown
        axis = (self.metatarsal_mm - self.heel_mm) / np.linalg.norm(self.metatarsal_mm - self.heel_mm)
        along = shown.positions_mm @ axis
        return replace(
            shown, axis=axis, axis_from="learned", heel_mm=self.heel_mm, metatarsal_mm=self.metatarsal_mm,
            begin_mm=float(min(along)), length_mm=max(float(np.ptp(along)), 1e-6),
        )  # fmt: skip


#: A finder of the footsteps in a recording. It may add to the list what the recording cannot give, as sentences.
StepFinder = Callable[[PressureRecording, list[str]], list[Detection]]


def stances_of_walkway(recording: PressureRecording, find: StepFinder, left_out: list[str]) -> list[Stance]:
    """Find the stances on a mat.

    Args:
        recording: of any size; read once, block by block.
        find: finds its footsteps.
        left_out: receives what the recording cannot give, as sentences.
    """
    steps = sorted(find(recording, left_out), key=lambda step: step.time_s)
    if not steps:
        return []
    centres = np.array([step.draft.centre_mm for step in steps])
    times_s = np.array([step.time_s for step in steps])
    ends_s = np.array([float(step.curves.times_s[-1]) for step in steps])
    travels = [travel_of(step.curves.cop_mm) for step in steps]
    axes = [None if travel is None else travel / np.linalg.norm(travel) for travel in travels]
    passages = associate(centres, times_s, ends_s, axes)
    spans = [(float(times_s[passage[0]]), float(ends_s[passage].max())) for passage in passages]
    stances: list[Stance] = []
    for number, (passage, walker) in enumerate(zip(passages, number_walkers(spans), strict=True)):
        stances += _finish([steps[index] for index in passage], walker, number)
    return stances


def steps_by_force(recording: PressureRecording, left_out: list[str], find: PrintFinder) -> list[Detection]:
    """Find footsteps as footprints, with events from their force; with ``find`` given, this is a `StepFinder`."""
    steps = []
    for cells in find_footprints(find_activity(recording)):
        step = _detect(cells, find)
        if step is None:
            left_out.append("footprints whose force never reaches the threshold")
        else:
            steps.append(step)
    # The tracks of dragging toes are light, but so are the prints of feet that the edge of the mat cuts off.
    peaks = [float(step.curves.force_n.max()) for step in steps]
    least = _LEAST_PEAK * float(np.median(peaks)) if peaks else 0.0
    return [step for step, peak in zip(steps, peaks, strict=True) if step.curves.touches_edge or peak >= least]


def _detect(cells: Activity, find: PrintFinder) -> Detection | None:
    """Find the contact of a print and keep the cells within it, without those of dragging toes."""
    recording = cells.recording
    curves = Curves.of(cells)
    # The floor is empty before and after the print: with two such frames the edges of the force are visible.
    before, after = min(curves.first, 2), min(recording.shape[0] - curves.first - len(curves.times_s), 2)
    begin = curves.first - before
    force = np.pad(curves.force_n, (before, after))
    contact = find(force, recording.times_s[begin : begin + len(force)])
    if contact is None:
        return None
    contact = contact._replace(first=contact.first + begin, last=contact.last + begin)
    return Detection(cells.take((cells.frame >= contact.first) & (cells.frame <= contact.last)), contact)


def stances_of_prints(recordings: Sequence[PressureRecording], left_out: list[str]) -> list[Stance]:
    """Find footprints in peak pressures without time: images of one print each, or one image of a whole walk.

    The walk goes in the direction of the prints' wider ends, the forefeet. Where positions and images contradict each
    other (great toes on the outer sides), the positions are counted from the opposite border of the images' columns.

    Args:
        recordings: of one frame each.
        left_out: receives what was guessed, as sentences.
    """
    prints = _still_prints(recordings)
    stances = _finish(prints, 0, 0, timed=False) if prints else []
    agreement = sum(_agreement(stance) for stance in stances)
    if len(recordings) > 2 and agreement < -0.2 * len(stances):
        left_out.append("the positions of the prints as in the files: they are mirrored, by the prints' shapes")
        mirrored = [replace(one, origin_mm=_mirrored_origin(one)) for one in recordings]
        stances = _finish(_still_prints(mirrored), 0, 0, timed=False)
    return stances


def _still_prints(recordings: Sequence[PressureRecording]) -> list[Detection]:
    """Find prints without time, in order along the walk."""
    no_contact = Contact(np.nan, np.nan, 0, 0)
    prints = [
        Detection(cells, no_contact) for recording in recordings for cells in find_footprints(find_activity(recording))
    ]
    if not prints:
        return []
    forwards = prints[0].draft.axis * front_of(prints[0].draft)
    for one in prints[1:]:
        forwards = forwards + one.draft.axis * front_of(one.draft)
    prints = [replace(one, forwards=forwards) for one in prints]
    return sorted(prints, key=lambda one: float(one.draft.centre_mm @ forwards))


def _agreement(stance: Stance) -> float:
    """Return how much the shape of a print agrees with its side; negative where it contradicts it."""
    lean = lean_of(stance.footprint) if stance.footprint else 0.0
    return lean if stance.side == "left" else -lean


def _mirrored_origin(recording: PressureRecording) -> tuple[float, float]:
    width = (recording.shape[2] - 1) * known_pitch(recording)[1]
    return recording.origin_mm[0], -(recording.origin_mm[1] + width)


def _finish(steps: Sequence[Detection], walker: int, passage: int, timed: bool = True) -> list[Stance]:
    """Assign sides to the footsteps of one passage, then describe them along their walk."""
    boxes = np.array([step.draft.box_mm for step in steps])
    lines = directions_of(np.array([step.draft.heel_mm for step in steps]))
    forwards = [line if np.isfinite(line).all() else None for line in lines]
    times_s = np.array([step.time_s for step in steps]) if timed else np.arange(len(steps), dtype=np.float64)
    leans = [_lean_of(step, line) for step, line in zip(steps, forwards, strict=True)]
    sides: list[Side | None] = [*assign_sides(0.5 * (boxes[:, :2] + boxes[:, 2:]), times_s, leans, lines)]
    if len(steps) == 1 and abs(leans[0]) < _LEAST_LEAN:
        sides = [None]
    known = steps[0].cells.recording.side if len(steps) == 1 else None
    return [
        Stance(
            side=known or side,
            contact=step.contact,
            curves=step.curves,
            footprint=step.describe(side, line),
            walker=walker,
            passage=passage,
        )
        for step, side, line in zip(steps, sides, forwards, strict=True)
    ]


def _lean_of(step: Detection, line: Floats | None) -> float:
    """Return how much a footstep looks like a left foot (positive) or a right one."""
    if step.lean is not None:
        return step.lean
    return lean_of(step.draft if line is None else step.describe(None, line))
