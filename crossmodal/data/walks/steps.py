"""Footprint candidates of simulated walks with their truth, the training data of the gait model.

Each candidate in a walk of a folder (`make_walks`) becomes a crop with its targets. Cutting the crops takes half a
second per walk and is done once; they are cached beside the walks.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from crossmodal.data.walks.dataset import read_walk
from crossmodal.errors import DatasetError
from crossmodal.files import replace_atomically
from crossmodal.gait.activity import Activity
from crossmodal.gait.crops import Candidate, find_candidates, spread
from crossmodal.models.gait_from_touch import GRID, UNIT_MM
from crossmodal.objectives.gait import GaitTargets
from crossmodal.randomness import generator
from crossmodal.simulation.walks.truth import Footstep
from crossmodal.tactile.recording import PressureRecording

# To be raised when the crops of a walk change.
CROPS_VERSION = 2
#: Distance to which a footprint may extend beyond the bare sole: by crosstalk, and by cells that it touches.
_MARGIN_MM = 8.0
#: A candidate is the footstep that has at least this fraction of its load; the network separates the rest.
_LEAST_FRACTION = 0.45
#: Footsteps below this fraction of their impulse on the mat have no known extent.
_WHOLE = 0.98

Progress = Callable[[int, int, str], None]


class LabelledCrop(NamedTuple):
    """The crop of a candidate with its truth, as stored; see `Candidate` for the entries, `GaitTargets` for the truth.

    Attributes:
        step_s: (frames,) time since the previous frame.
        frame, cell: (n,) indices of the loaded entries.
        load, own: (n,) percent of the usual force: of the entry, and of the candidate in it.
        mine: (n,) whether the footstep loads the entry.
        truth: (12,) step, left, heel strike and toe off in frames, four points.
    """

    step_s: NDArray[np.float32]
    frame: NDArray[np.uint8]
    cell: NDArray[np.uint16]
    load: NDArray[np.float16]
    own: NDArray[np.float16]
    mine: NDArray[np.bool_]
    truth: NDArray[np.float32]


@dataclass(frozen=True)
class Augmentation:
    """Augmentation of training crops.

    Attributes:
        mirror: mirror a crop with probability 0.5, which exchanges the feet.
        load: standard deviation of the logarithm of a factor on all loads; the usual force is only an estimate.
    """

    mirror: bool = True
    load: float = 0.15


class WalkSteps(Dataset[dict[str, Tensor]]):
    """Candidates of walks of a folder; a sample has the keys ``movie``, ``mine``, ``step_s``, ``truth``, ``points``.

    ``dataset[i]`` is candidate i; ``dataset[draw, i]`` is candidate i augmented by the seed and the draw.

    Args:
        root: the folder.
        walks: ids of the walks.
        cache: folder of the crops.
        augmentation: of training crops; None for none.
        seed: of the augmentation.
        num_workers: processes that cut crops.
        progress: called with (walks done, walks, text).

    Raises:
        DatasetError: a walk is missing or damaged.
    """

    def __init__(
        self,
        root: Path,
        walks: Sequence[str],
        cache: Path,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        num_workers: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self.walks = tuple(walks)
        self.augmentation = augmentation
        self.seed = seed
        missing = [name for name in walks if not _cache_path(root, name, cache).is_file()]
        for done, name in enumerate(_cut_all(root, missing, cache, num_workers), start=1):
            if progress is not None:
                progress(done, len(missing), name)
        self.crops = [crop for name in walks for crop in _load(_cache_path(root, name, cache))]

    def __len__(self) -> int:
        return len(self.crops)

    def __getitem__(self, index: int | tuple[int, int]) -> dict[str, Tensor]:
        if isinstance(index, int):
            return _as_sample(self.crops[index], mirrored=False, factor=1.0)
        draw, number = index
        if self.augmentation is None:
            return self[number]
        rng = generator(self.seed, "variation of crops", draw)
        mirrored = self.augmentation.mirror and bool(rng.random() < 0.5)
        factor = float(np.exp(self.augmentation.load * rng.normal()))
        return _as_sample(self.crops[number], mirrored=mirrored, factor=factor)


def collate_steps(samples: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Collate samples: shorter crops are padded at their end; the mask ``valid`` (batch, frames) is False there."""
    lengths = torch.tensor([len(sample["step_s"]) for sample in samples])
    batch = {key: torch.stack([sample[key] for sample in samples]) for key in ("truth", "points")}
    for key in ("movie", "step_s", "mine"):
        batch[key] = torch.nn.utils.rnn.pad_sequence([sample[key] for sample in samples], batch_first=True)
    return batch | {"valid": torch.arange(int(lengths.max())) < lengths[:, None]}


def targets_of(batch: dict[str, Tensor]) -> GaitTargets:
    """Return the targets of a batch for the losses."""
    step, left, heel_strike, toe_off = batch["truth"].unbind(dim=1)
    frames = torch.arange(batch["valid"].shape[1], device=step.device)
    # An event outside the crop counts as one at its end.
    begin = heel_strike.nan_to_num(nan=-1.0)[:, None]
    end = toe_off.nan_to_num(nan=float("inf"))[:, None]
    contact = ((frames >= begin) & (frames <= end)).float()
    return GaitTargets(step, left, heel_strike, toe_off, contact, batch["points"], batch["mine"])


def cut_crops(recording: PressureRecording, footsteps: Sequence[Footstep]) -> list[LabelledCrop]:
    """Return the crops of a recording's candidates with their true footsteps."""
    candidates = find_candidates(recording)
    return [_label(one, footsteps, _footstep_of(one, footsteps)) for one in candidates]


def _footstep_of(candidate: Candidate, footsteps: Sequence[Footstep]) -> int | None:
    """Return the index of the footstep with most of a candidate's load, if the crop shows it from begin to end."""
    fractions = _load_fractions(candidate, footsteps)
    best = int(np.argmax(fractions)) if fractions else 0
    if not fractions or fractions[best] < _LEAST_FRACTION:
        return None
    clock, shown = candidate.activity.recording.times_s, candidate.times_s
    begin_s, end_s = max(footsteps[best].heel_strike_s, clock[0]), min(footsteps[best].toe_off_s, clock[-1])
    slack_s = float(candidate.step_s.max())
    return best if shown[0] <= begin_s + slack_s and end_s - slack_s <= shown[-1] else None


def _load_fractions(candidate: Candidate, footsteps: Sequence[Footstep]) -> list[float]:
    """Return the fraction of a candidate's load that each footstep has."""
    group = candidate.group
    total = group.pressure.sum()
    return [float(group.pressure[_inside(step, group)].sum() / total) for step in footsteps]


def _inside(step: Footstep, cells: Activity) -> NDArray[np.bool_]:
    """Return which cells are in the print of a footstep during its stance: bool (n,)."""
    times_s, slack_s = cells.times_s, 1.0 / max(cells.recording.rate_hz, 1.0)
    during = (times_s >= step.heel_strike_s - slack_s) & (times_s <= step.toe_off_s + slack_s)
    margin_mm = _MARGIN_MM + 0.5 * max(cells.recording.pitch_mm)
    return np.asarray(during & step.contains(cells.positions_mm, margin_mm))


def _label(crop: Candidate, footsteps: Sequence[Footstep], best: int | None) -> LabelledCrop:
    """Return the crop of a candidate with the truth of the footstep ``best``."""
    truth = np.full(12, np.nan, np.float32)
    truth[0] = best is not None
    mine = np.zeros(len(crop.frame), bool)
    if best is not None:
        step = footsteps[best]
        truth[1] = step.side == "left"
        truth[2:4] = crop.frame_of(step.heel_strike_s), crop.frame_of(step.toe_off_s)
        if step.on_mat > _WHOLE:
            points = crop.to_crop(np.array([step.heel_mm, step.metatarsal_mm, step.centre_mm]))
            truth[4:] = np.concatenate([points.ravel(), step.size_mm]) / UNIT_MM
        mine = _loaded_by(crop, footsteps, best)
    return LabelledCrop(
        step_s=crop.step_s,
        frame=crop.frame.astype(np.uint8),
        cell=crop.cell.astype(np.uint16),
        load=crop.load.astype(np.float16),
        own=crop.own.astype(np.float16),
        mine=mine,
        truth=truth,
    )


def _loaded_by(crop: Candidate, footsteps: Sequence[Footstep], best: int) -> NDArray[np.bool_]:
    """Return which entries of a crop a footstep loads: most of their load is in its print and nearer to no other."""
    shown = crop.activity.take(crop.members)
    positions, step = shown.positions_mm, footsteps[best]
    mine = _inside(step, shown)
    for number, other in enumerate(footsteps):
        if number != best and other.heel_strike_s < step.toe_off_s and step.heel_strike_s < other.toe_off_s:
            nearer = np.linalg.norm(positions - np.array(other.centre_mm), axis=1) < np.linalg.norm(
                positions - np.array(step.centre_mm), axis=1
            )
            mine &= ~(nearer & _inside(other, shown))
    load, own = spread(crop, shown, shown.pressure, shown.pressure * mine)
    entry = crop.frame.astype(np.int64) * (GRID[0] * GRID[1]) + crop.cell
    return np.asarray(own[entry] > 0.5 * np.maximum(load[entry], 1e-12))


def _as_sample(crop: LabelledCrop, *, mirrored: bool, factor: float) -> dict[str, Tensor]:
    frames, size = len(crop.step_s), GRID[0] * GRID[1]
    cell = crop.cell.astype(np.int64)
    truth = torch.from_numpy(crop.truth.copy())
    if mirrored:
        row, column = np.divmod(cell, GRID[1])
        cell = row * GRID[1] + GRID[1] - 1 - column
        truth[1] = 1.0 - truth[1]
        truth[[5, 7, 9]] *= -1.0
    frame = crop.frame.astype(np.int64)
    movie = torch.zeros(frames, 2, size)
    movie[frame, 0, cell] = factor * torch.from_numpy(crop.load).float()
    movie[frame, 1, cell] = factor * torch.from_numpy(crop.own).float()
    mine = torch.zeros(frames, size)
    mine[frame, cell] = torch.from_numpy(crop.mine).float()
    return {
        "movie": movie.reshape(frames, 2, *GRID),
        "mine": mine.reshape(frames, *GRID),
        "step_s": torch.from_numpy(crop.step_s),
        "truth": truth[:4],
        "points": truth[4:].reshape(4, 2),
    }


def _cut_all(root: Path, names: Sequence[str], cache: Path, num_workers: int) -> Iterator[str]:
    jobs = [(root, name, cache) for name in names]
    if num_workers < 2 or len(jobs) < 2:
        yield from (_cut(*job) for job in jobs)
        return
    with ProcessPoolExecutor(min(num_workers, len(jobs)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_cut, *zip(*jobs, strict=True))


def _cut(root: Path, name: str, cache: Path) -> str:
    """Cut the crops of one walk, store them, and return its id."""
    walk = read_walk(root, name)
    crops = cut_crops(walk.recording, walk.truth.footsteps)
    arrays = {f"{number}/{key}": value for number, crop in enumerate(crops) for key, value in crop._asdict().items()}
    with replace_atomically(_cache_path(root, name, cache)) as path, path.open("wb") as file:
        np.savez(file, count=np.array(len(crops)), **arrays)
    return name


def _load(path: Path) -> list[LabelledCrop]:
    with np.load(path, allow_pickle=False) as stored:
        return [
            LabelledCrop(**{key: stored[f"{number}/{key}"] for key in LabelledCrop._fields})
            for number in range(stored["count"])
        ]


def _cache_path(root: Path, name: str, cache: Path) -> Path:
    """Return the path of a walk's crops, whose name depends on the walk's file, so that a new walk is cut again."""
    path = root / f"{name}.npz"
    if not path.is_file():
        raise DatasetError(f"{path}: missing; make the walks again, or give the folder that holds them")
    status = path.stat()
    identity = f"{CROPS_VERSION} {path.name} {status.st_size} {status.st_mtime_ns}"  # no path: folders are moved
    return cache / f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.npz"
