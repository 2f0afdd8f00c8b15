"""Footsteps of a recording as `GaitFromTouch` reads them."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.models.gait_from_touch import UNIT_MM, GaitFromTouch, GaitOutput, event_position
from crossmodal.tactile.gait.activity import Activity
from crossmodal.tactile.gait.contact import Contact
from crossmodal.tactile.gait.crops import GRID, Candidate, FootCrop, find_candidates
from crossmodal.tactile.gait.walkway import FoundStep
from crossmodal.tactile.recording import PressureRecording

#: Crops that go through the network at once.
_BATCH = 8
#: A footstep that shares more of its load with a surer one is the same.
_SAME = 0.5
#: Logits of a foot's side count this much, and no more than `_SUREST`, beside where the print lies.
_LEAN_PER_LOGIT, _SUREST = 0.4, 3.0


class GaitReader:
    """A network as the finder of footsteps that `crossmodal.tactile.gait.analyse` takes."""

    def __init__(self, model: GaitFromTouch) -> None:
        self.model = model

    def __call__(self, recording: PressureRecording, left_out: list[str]) -> list[FoundStep]:
        """Find the footsteps of a recording of a mat."""
        candidates = find_candidates(recording)
        read: list[tuple[float, FoundStep, NDArray[np.int64]]] = []
        with torch.inference_mode():
            for batch in _batches(candidates):
                movies, step_s, valid = join_crops([one.crop for one in batch])
                device = next(self.model.parameters()).device
                output = self.model(movies.to(device), step_s.to(device), valid.to(device))
                for number, candidate in enumerate(batch):
                    step = _step_of(candidate, GaitOutput(*(part[number].float().cpu() for part in output)))
                    if step is not None:
                        read.append((float(output.step[number]), *step))
        return [step for _, step, _ in _apart(read, candidates[0].activity if candidates else None)]


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


def _step_of(candidate: Candidate, output: GaitOutput) -> tuple[FoundStep, NDArray[np.int64]] | None:
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
        np.nan if group.frame.max() == group.recording.shape[0] - 1 else off_s,
        int(group.frame.min()),
        int(group.frame.max()),
    )
    points = output.points.double().numpy() * UNIT_MM
    heel, head = crop.to_mat(points[:2])
    lean = float(np.clip(_LEAN_PER_LOGIT * float(output.side), -_SUREST, _SUREST))
    return FoundStep(group, contact, lean, heel, head, float(points[3, 0])), members


def _apart(
    read: list[tuple[float, FoundStep, NDArray[np.int64]]], activity: Activity | None
) -> list[tuple[float, FoundStep, NDArray[np.int64]]]:
    """Footsteps that are different ones: of two that share most of their load the surer one."""
    kept: list[tuple[float, FoundStep, NDArray[np.int64]]] = []
    for one in sorted(read, key=lambda entry: -entry[0]):
        assert activity is not None
        load = float(activity.pressure[one[2]].sum())
        shared = [float(activity.pressure[np.intersect1d(one[2], other[2])].sum()) for other in kept]
        if max(shared, default=0.0) <= _SAME * load:
            kept.append(one)
    return kept
