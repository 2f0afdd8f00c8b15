"""Stances on sensors that hold one foot each: insoles, and small plates."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.activity import Activity, find_activity, known_pitch
from crossmodal.gait.contact import Contact
from crossmodal.gait.shape import describe_footprint, describe_insole, lean_of, travel_of
from crossmodal.gait.stance import Curves, Footprint, Stance, frame_durations
from crossmodal.tactile.recording import InsoleRecording, PressureRecording, Recording, Side

Floats = NDArray[np.float64]
ContactFinder = Callable[[Floats, Floats], list[Contact]]
PrintFinder = Callable[[Floats, Floats], Contact | None]

#: Insoles have a residual load while the foot swings; cells below this fraction of the largest pressure are not loaded.
_LOADED = 0.02
#: The shape of a print decides its side from this lean on.
_LEAST_LEAN = 0.1
#: Plates record from the first load to the last: a recording whose ends are below this fraction of the largest force
#: holds the whole stance.
_TRIGGER = 0.1


def stances_of_insoles(
    recordings: Sequence[Recording], find: ContactFinder, find_print: PrintFinder, left_out: list[str]
) -> list[Stance]:
    """Find the stances of one or two feet on sensors that hold one foot each: insoles, or a small plate.

    Args:
        recordings: one or two; a pair shares its clock.
        find: finds the contacts in a foot's force.
        find_print: finds the contact of a single stance on a plate.
        left_out: receives what the recordings cannot give, as sentences.
    """
    stances: list[Stance] = []
    grids = [one for one in recordings if isinstance(one, PressureRecording)]
    feet = [_contacts_of(grid, find, find_print) for grid in grids]
    for (grid, activity, contacts), side in zip(feet, _sides_of(feet, left_out), strict=True):
        stances += _stances_of_grid(grid, activity, contacts, side)
    for recording in recordings:
        if isinstance(recording, InsoleRecording):
            stances += [
                stance for side in dict.fromkeys(recording.sides) for stance in _stances_of_cells(recording, side, find)
            ]
    return stances


_Foot = tuple[PressureRecording, Activity, list[Contact]]


def _contacts_of(grid: PressureRecording, find: ContactFinder, find_print: PrintFinder) -> _Foot:
    force_n = grid.force_n() if np.isfinite(grid.cell_area_mm2) else _sums(grid)
    activity = find_activity(grid)
    loaded = activity.pressure > _LOADED * activity.pressure.max(initial=0.0)
    contacts = find(force_n, grid.times_s)
    if len(contacts) > 1:
        return grid, activity.take(loaded), contacts
    # Only a swing between stances has residual load; a single stance keeps all its cells.
    single = _single_contact(force_n, grid.times_s, find_print)
    return grid, activity, [single] if single else contacts


def _single_contact(force_n: Floats, times_s: Floats, find_print: PrintFinder) -> Contact | None:
    """Find the contact of a recording that begins and ends with it, by adding empty frames at both ends."""
    if len(times_s) < 3:
        return None
    ends = [2 * int(force_n[end] < _TRIGGER * force_n.max()) for end in (0, -1)]
    step_s = float(np.median(np.diff(times_s)))
    before, after = step_s * np.arange(-ends[0], 0), step_s * np.arange(1, ends[1] + 1)
    clock = np.concatenate([times_s[0] + before, times_s, times_s[-1] + after])
    found = find_print(np.pad(force_n, (ends[0], ends[1])), clock)
    last = len(times_s) - 1
    return found and found._replace(first=max(found.first - ends[0], 0), last=min(found.last - ends[0], last))


def _sums(grid: PressureRecording) -> Floats:
    return np.concatenate([block.sum(axis=(1, 2), dtype=np.float64) for block in grid.blocks()])


def _sides_of(feet: Sequence[_Foot], left_out: list[str]) -> list[Side | None]:
    """Return the sides that the files state, or else those of the prints' shape."""
    sides = [grid.side for grid, _, _ in feet]
    if all(sides) and len(set(sides)) == len(sides):
        return list(sides)
    leans = [_lean_of_foot(foot) for foot in feet]
    left_out.append("sides stated by the file: there are none; they were estimated from the prints' shape")
    if len(feet) == 2:
        return ["left", "right"] if leans[0] >= leans[1] else ["right", "left"]
    return [None if abs(lean) < _LEAST_LEAN else "left" if lean > 0 else "right" for lean in leans]


def _lean_of_foot(foot: _Foot) -> float:
    grid, activity, contacts = foot
    leans = [lean_of(describe_footprint(curves, grid)) for curves in _curves_of(activity, contacts)]
    return float(np.mean(leans)) if leans else 0.0


def _curves_of(activity: Activity, contacts: Sequence[Contact]) -> list[Curves]:
    bounds = [np.searchsorted(activity.frame, [contact.first, contact.last + 1]) for contact in contacts]
    return [Curves.of(activity.take(np.arange(begin, end))) for begin, end in bounds if end > begin]


def _stances_of_grid(
    grid: PressureRecording, activity: Activity, contacts: Sequence[Contact], side: Side | None
) -> list[Stance]:
    contacts = [c for c in contacts if ((activity.frame >= c.first) & (activity.frame <= c.last)).any()]
    curves = _curves_of(activity, contacts)
    prints = [describe_footprint(curves[0], grid, side)] if len(contacts) == 1 else _prints_on(grid, curves)
    return [
        Stance(side=side, contact=contact, curves=one, footprint=footprint)
        for contact, one, footprint in zip(contacts, curves, prints, strict=True)
    ]


def _prints_on(grid: PressureRecording, curves: Sequence[Curves]) -> list[Footprint]:
    """Describe the prints of an insole's stances: along its rows, in the direction of the centre of pressure."""
    travels = [travel for one in curves if (travel := travel_of(one.cop_mm)) is not None]
    down = float(np.sum([travel[0] for travel in travels])) >= 0
    axis = np.array([1.0 if down else -1.0, 0.0])
    positions = np.concatenate([one.positions_mm for one in curves]) if curves else np.zeros((1, 2))
    pitch = known_pitch(grid)
    begin, length = float((positions @ axis).min()), max(float(np.ptp(positions @ axis)), 1.0)
    return [
        describe_insole(one, axis, begin, length, pitch, np.full(len(one.positions_mm), pitch[0] * pitch[1]))
        for one in curves
    ]


def _stances_of_cells(recording: InsoleRecording, side: Side, find: ContactFinder) -> list[Stance]:
    """Find the stances of a foot whose sensor is a list of cells."""
    cells = recording.cells_of(side) & recording.valid
    values = recording.values[:, cells].astype(np.float64)
    areas = recording.areas_mm2[cells]
    known = recording.quantity != "pressure_kpa" or bool(np.isfinite(areas).all())
    force_n = recording.force_n(side) if known else values.sum(axis=1)
    positions = recording.positions_mm[cells]
    located = bool(np.isfinite(positions).all()) and len(positions) > 0
    durations = frame_durations(recording.times_s)
    stances = []
    for contact in find(force_n, recording.times_s):
        kept = slice(contact.first, contact.last + 1)
        weights = values[kept] * (areas if recording.quantity == "pressure_kpa" and known else 1.0)
        with np.errstate(invalid="ignore"):
            cop = weights @ positions / weights.sum(axis=1, keepdims=True)
        curves = Curves(
            contact.first,
            recording.times_s[kept],
            force_n[kept],
            cop,
            positions,
            values[kept].max(axis=0),
            values[kept].T @ durations[kept],
        )
        footprint = _print_of_cells(curves, areas) if located else None
        stances.append(Stance(side=side, contact=contact, curves=curves, footprint=footprint))
    return stances


def _print_of_cells(curves: Curves, areas_mm2: Floats) -> Footprint:
    """Describe a print on cells at positions (y from the heel's end, x from the medial border)."""
    side_mm = float(np.sqrt(np.nanmedian(areas_mm2))) if np.isfinite(areas_mm2).any() else 10.0
    along = curves.positions_mm[:, 0]
    begin, length = float(along.min()), max(float(np.ptp(along)), 1.0)
    return describe_insole(curves, np.array([1.0, 0.0]), begin, length, (side_mm, side_mm), areas_mm2)
