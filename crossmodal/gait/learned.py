"""Footsteps of a recording, found by the network `GaitFromTouch`."""

import os
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from crossmodal import hub
from crossmodal.errors import WeightsError
from crossmodal.gait.activity import Activity
from crossmodal.gait.contact import Contact
from crossmodal.gait.crops import Candidate, find_candidates, find_more
from crossmodal.gait.walkway import Detection
from crossmodal.models.gait_from_touch import GRID, UNIT_MM, GaitFromTouch, GaitOutput, event_position
from crossmodal.tactile.recording import PressureRecording

#: Crops in a batch of the network.
_BATCH = 8
#: A footstep that shares more than this fraction of its load with a footstep of a higher score is a duplicate.
_SAME = 0.5
#: Lean for each unit of the side's logit, and the largest lean that the network can contribute.
_LEAN_PER_LOGIT, _LARGEST_LEAN = 0.3, 1.0
#: Longest time from the last visible load to toe off. Real steps reach 10 and 20 N 11.5 and 19.2 ms before toe off (see
#: `Load` of the simulator), and 6 N 8 ms before; a floor of 10 kPa hides 6 N on 6 cm2.
_HIDDEN_S = 0.008


class GaitReader:
    """A network as a finder of footsteps, the ``reader`` of `crossmodal.gait.analyse`."""

    def __init__(self, model: GaitFromTouch) -> None:
        self.model = model

    def __call__(self, recording: PressureRecording, left_out: list[str]) -> list[Detection]:
        """Find the footsteps in a recording of a mat, then those in the cells that are left over."""
        candidates = find_candidates(recording)
        found = _without_duplicates(self._read(candidates))
        left = find_more(candidates, [step.cells for step in found])
        return _without_duplicates([*found, *self._read(left)])

    def _read(self, candidates: Sequence[Candidate]) -> list[Detection]:
        """Apply the network to candidates and return those that are footsteps."""
        device = next(self.model.parameters()).device
        steps = []
        with torch.inference_mode():
            for batch in _batches(candidates):
                output = self.model(*(part.to(device) for part in join_crops(batch)))
                for number, candidate in enumerate(batch):
                    one = GaitOutput(*(part[number].float().cpu() for part in output))
                    steps.append(_detection_of(candidate, one))
        return [step for step in steps if step is not None]


def join_crops(crops: Sequence[Candidate]) -> tuple[Tensor, Tensor, Tensor]:
    """Collate crops for the network: loads, time steps and a mask of valid frames; shorter crops are padded."""
    lengths = torch.tensor([len(crop.times_s) for crop in crops])
    pad = torch.nn.utils.rnn.pad_sequence
    movies = pad([torch.from_numpy(crop.dense()) for crop in crops], batch_first=True)
    step_s = pad([torch.from_numpy(crop.step_s) for crop in crops], batch_first=True)
    return movies, step_s, torch.arange(int(lengths.max())) < lengths[:, None]


def _batches(candidates: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """Batches of crops of similar length, which need little padding."""
    ordered = sorted(candidates, key=lambda one: len(one.times_s))
    for first in range(0, len(ordered), _BATCH):
        yield ordered[first : first + _BATCH]


def _detection_of(candidate: Candidate, output: GaitOutput) -> Detection | None:
    """Turn the network's output for one candidate into a footstep; None when it is not one."""
    frames = len(candidate.times_s)
    if float(output.step) < 0 or frames < 2:
        return None
    begin, end = (float(event_position(logits[None, :frames])[0]) for logits in (output.heel_strike, output.toe_off))
    if end <= begin:
        return None
    own = output.own[:frames].reshape(frames, GRID[0] * GRID[1]).numpy() > 0
    first, last = max(int(np.floor(begin)), 0), min(int(np.ceil(end)), frames - 1)
    during = (candidate.member_frame >= first) & (candidate.member_frame <= last)
    members = candidate.members[during & own[candidate.member_frame, candidate.member_cell]]
    if not len(members):
        return None
    cells = candidate.activity.take(members)
    ends_s = (float(np.interp(position, np.arange(frames), candidate.times_s)) for position in (begin, end))
    points = output.points.double().numpy() * UNIT_MM
    heel, head = candidate.to_mat(points[:2])
    return Detection(
        cells,
        _contact_of(candidate, cells, *ends_s),
        score=float(output.step),
        lean=float(np.clip(_LEAN_PER_LOGIT * float(output.side), -_LARGEST_LEAN, _LARGEST_LEAN)),
        heel_mm=heel,
        metatarsal_mm=head,
        length_mm=float(points[3, 0]),
    )


def _contact_of(candidate: Candidate, cells: Activity, heel_strike_s: float, toe_off_s: float) -> Contact:
    """Return the contact of a footstep: NaN for an event outside the recording, toe off soon after the last load."""
    times_s = cells.recording.times_s
    first, last = int(cells.frame.min()), int(cells.frame.max())
    # The candidate may show a later load of this foot than the cells that the network assigned to it.
    loaded = int(max(candidate.group.frame.max(), last))
    half_step_s = 0.5 * float(times_s[min(loaded + 1, len(times_s) - 1)] - times_s[loaded])
    latest_s = float(times_s[loaded]) + half_step_s + _HIDDEN_S
    return Contact(
        np.nan if first == 0 else heel_strike_s,
        np.nan if last == len(times_s) - 1 else min(toe_off_s, latest_s),
        first,
        last,
    )


def _without_duplicates(steps: Sequence[Detection]) -> list[Detection]:
    """Keep different footsteps: of two that share most of their load, the one with the higher score."""
    kept: list[Detection] = []
    for step in sorted(steps, key=lambda one: -one.score):
        shared = max((_shared_load(step.cells, other.cells) for other in kept), default=0.0)
        if shared <= _SAME * step.cells.pressure.sum():
            kept.append(step)
    return kept


def _shared_load(cells: Activity, others: Activity) -> float:
    """Sum the pressure of the cells that are among the others."""
    # Frames are in order: footsteps that are apart in time share nothing, and most pairs of a long walk are.
    if cells.frame[0] > others.frame[-1] or cells.frame[-1] < others.frame[0]:
        return 0.0
    return float(cells.pressure[np.isin(cells.keys, others.keys, assume_unique=True)].sum())


def load_reader(weights: str | os.PathLike[str] | None = None) -> GaitReader:
    """Load a network: a weights folder, a name that ships, or by default the one that ships.

    Raises:
        WeightsError: there are no such weights, or they belong to another model.
    """
    model = hub.load_model(hub.DEFAULT_GAIT_WEIGHTS if weights is None else weights)
    if not isinstance(model, GaitFromTouch):
        raise WeightsError(f"{weights}: weights of a {type(model).__name__}; name weights of a GaitFromTouch")
    return GaitReader(model)
