"""Footsteps of a recording as the network `GaitFromTouch` reads them."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal import hub
from crossmodal.errors import WeightsError
from crossmodal.gait.activity import Activity
from crossmodal.gait.contact import Contact
from crossmodal.gait.crops import Candidate, FootCrop, find_candidates, find_more
from crossmodal.gait.walkway import FoundStep
from crossmodal.models.gait_from_touch import GRID, UNIT_MM, GaitFromTouch, GaitOutput, event_position
from crossmodal.tactile.recording import PressureRecording

#: Crops that go through the network at once.
_BATCH = 8
#: A footstep that shares more of its load with a surer one is the same.
_SAME = 0.5
#: Logits of a foot's side count this much, and no more than `_SUREST`, beside where the print lies.
_LEAN_PER_LOGIT, _SUREST = 0.3, 1.0
#: A foot leaves the floor no later than this after the last load that is seen: where 10 and 20 N stand 11.5 and 19.2 ms
#: before toe off (real steps, see `Load` of the simulator), 6 N 8 ms before; a floor of 10 kPa hides 6 N on 6 cm2.
_HIDDEN_S = 0.008


class GaitReader:
    """A network as the finder of footsteps (``reader``) that `crossmodal.gait.analyse` takes."""

    def __init__(self, model: GaitFromTouch) -> None:
        self.model = model

    def __call__(self, recording: PressureRecording, left_out: list[str]) -> list[FoundStep]:
        """Find the footsteps of a recording of a mat, then look once more at what they leave over."""
        candidates = find_candidates(recording)
        found = _apart(self._read(candidates))
        taken = np.concatenate([one.members for one in found]) if found else np.zeros(0, np.int64)
        return [one.step for one in _apart([*found, *self._read(find_more(candidates, taken))])]

    def _read(self, candidates: Sequence[Candidate]) -> list["_Read"]:
        """Read candidates; those that are no footsteps are left out."""
        device = next(self.model.parameters()).device
        read = []
        with torch.inference_mode():
            for batch in _batches(candidates):
                output = self.model(*(part.to(device) for part in join_crops([one.crop for one in batch])))
                for number, candidate in enumerate(batch):
                    read.append(_step_of(candidate, GaitOutput(*(part[number].float().cpu() for part in output))))
        return [one for one in read if one is not None]


class _Read(NamedTuple):
    """A footstep, how sure it is, and its cells: their indices in the activity and what they bear."""

    step: FoundStep
    sure: float
    members: NDArray[np.int64]
    load: NDArray[np.float64]


def join_crops(crops: Sequence[FootCrop]) -> tuple[Tensor, Tensor, Tensor]:
    """Crops as the network takes them: loads, time steps and which frames there are, shorter ones padded."""
    lengths = torch.tensor([len(crop.times_s) for crop in crops])
    pad = torch.nn.utils.rnn.pad_sequence
    movies = pad([torch.from_numpy(crop.dense()) for crop in crops], batch_first=True)
    step_s = pad([torch.from_numpy(crop.step_s) for crop in crops], batch_first=True)
    return movies, step_s, torch.arange(int(lengths.max())) < lengths[:, None]


def _batches(candidates: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """Crops of like length together, so that little is padded."""
    ordered = sorted(candidates, key=lambda one: len(one.crop.times_s))
    for first in range(0, len(ordered), _BATCH):
        yield ordered[first : first + _BATCH]


def _step_of(candidate: Candidate, output: GaitOutput) -> _Read | None:
    """What the network says of one candidate; None when it is no footstep."""
    crop = candidate.crop
    frames = len(crop.times_s)
    if float(output.step) < 0 or frames < 2:
        return None
    begin, end = (float(event_position(logits[None, :frames])[0]) for logits in (output.heel_strike, output.toe_off))
    if end <= begin:
        return None
    own = output.own[:frames].reshape(frames, GRID[0] * GRID[1]).numpy() > 0
    first, last = max(int(np.floor(begin)), 0), min(int(np.ceil(end)), frames - 1)
    lasting = (crop.member_frame >= first) & (crop.member_frame <= last)
    members = crop.members[lasting & own[crop.member_frame, crop.member_cell]]
    if not len(members):
        return None
    group = candidate.activity.take(members)
    on_s, off_s = (float(np.interp(place, np.arange(frames), crop.times_s)) for place in (begin, end))
    contact = Contact(
        np.nan if group.frame.min() == 0 else on_s,
        np.nan if group.frame.max() == group.recording.shape[0] - 1 else min(off_s, _latest_end_s(candidate, group)),
        int(group.frame.min()),
        int(group.frame.max()),
    )
    points = output.points.double().numpy() * UNIT_MM
    heel, head = crop.to_mat(points[:2])
    lean = float(np.clip(_LEAN_PER_LOGIT * float(output.side), -_SUREST, _SUREST))
    step = FoundStep(group, contact, lean, heel, head, float(points[3, 0]))
    return _Read(step, float(output.step), members, group.pressure)


def _latest_end_s(candidate: Candidate, own: Activity) -> float:
    """When the last load of a foot, or of the candidate it was found in, must have left the floor."""
    times_s = own.recording.times_s
    last = int(max(candidate.group.frame.max(), own.frame.max()))
    half_step_s = 0.5 * float(times_s[min(last + 1, len(times_s) - 1)] - times_s[last])
    return float(times_s[last]) + half_step_s + _HIDDEN_S


def _apart(read: Sequence[_Read]) -> list[_Read]:
    """Footsteps that are different ones: of two that share most of their load the surer one."""
    kept: list[_Read] = []
    for one in sorted(read, key=lambda entry: -entry.sure):
        shared = [float(one.load[np.isin(one.members, other.members)].sum()) for other in kept]
        if max(shared, default=0.0) <= _SAME * one.load.sum():
            kept.append(one)
    return kept


def load_reader(weights: str | os.PathLike[str] | None = None) -> GaitReader:
    """Load a network, by default the one that ships.

    Raises:
        WeightsError: there are no such weights, or they belong to another model.
    """
    model = hub.load_model(hub.DEFAULT_GAIT_WEIGHTS if weights is None else weights)
    if not isinstance(model, GaitFromTouch):
        raise WeightsError(f"{weights}: a {type(model).__name__} reads no gait; name weights of a GaitFromTouch")
    return GaitReader(model)
