"""Footstep candidates of simulated walks with their truth: what the gait model is trained on.

Every walk of a folder (`make_walks`) is searched for footprints, and each candidate becomes a crop with its targets.
Cutting them takes half a second a walk and is done once: the crops are kept beside the walks.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from crossmodal.data.walks.dataset import read_walk
from crossmodal.errors import DatasetError
from crossmodal.files import replace_atomically
from crossmodal.gait.crops import Candidate, find_candidates, spread
from crossmodal.models.gait_from_touch import GRID, UNIT_MM
from crossmodal.objectives.gait import GaitTargets
from crossmodal.randomness import generator
from crossmodal.simulation.walks.truth import Footstep
from crossmodal.tactile.recording import PressureRecording

# Raise this when crops of the same walk would hold other numbers.
CROPS_VERSION = 2
#: A footprint may reach this far beyond the bare sole: crosstalk, and cells that it only touches.
_MARGIN_MM = 8.0
#: A candidate is the footstep that bears at least this share of its load; the network tells the rest of it apart.
_LEAST_SHARE = 0.45
#: Footsteps with less on the mat have no extent that could be told.
_WHOLE = 0.98

Progress = Callable[[int, int, str], None]


class Crop(NamedTuple):
    """One candidate as it is stored: see `FootCrop` for the entries, `GaitTargets` for the truth.

    Attributes:
        step_s: float32 (frames,).
        frame, cell: of each loaded entry.
        load, own: percent of the usual force: of the entry, and the candidate's part of it.
        mine: bool, whether the footstep loads the entry.
        truth: float32 (12,): step, left, heel strike and toe off in frames, four points.
    """

    step_s: NDArray[np.float32]
    frame: NDArray[np.uint8]
    cell: NDArray[np.uint16]
    load: NDArray[np.float16]
    own: NDArray[np.float16]
    mine: NDArray[np.bool_]
    truth: NDArray[np.float32]


@dataclass(frozen=True)
class Variation:
    """How training crops vary.

    Attributes:
        mirror: show every other crop as the other foot's.
        load: standard deviation of the logarithm of a factor on all loads, since the usual force is only estimated.
    """

    mirror: bool = True
    load: float = 0.15


class WalkSteps(Dataset[dict[str, Tensor]]):
    """Candidates of some walks of a folder; an item has the keys that `collate_steps` takes.

    ``dataset[i]`` is candidate i as it is; ``dataset[draw, i]`` is varied by the seed and the draw.

    Args:
        root: the folder.
        walks: ids of the walks.
        cache: where crops are kept.
        variation: of training crops; None for none.
        seed: of variations.
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
        variation: Variation | None = None,
        seed: int = 0,
        num_workers: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self.walks = tuple(walks)
        self.variation = variation
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
            return _as_item(self.crops[index], mirrored=False, factor=1.0)
        draw, place = index
        if self.variation is None:
            return self[place]
        rng = generator(self.seed, "variation of crops", draw)
        mirrored = self.variation.mirror and bool(rng.random() < 0.5)
        return _as_item(self.crops[place], mirrored=mirrored, factor=float(np.exp(self.variation.load * rng.normal())))


def collate_steps(items: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Join items: crops of different lengths are padded at their end; ``valid`` tells where they are."""
    lengths = torch.tensor([len(item["step_s"]) for item in items])
    joined = {key: torch.stack([item[key] for item in items]) for key in ("truth", "points")}
    for key in ("movie", "step_s", "mine"):
        joined[key] = torch.nn.utils.rnn.pad_sequence([item[key] for item in items], batch_first=True)
    return joined | {"valid": torch.arange(int(lengths.max())) < lengths[:, None]}


def targets_of(batch: dict[str, Tensor]) -> GaitTargets:
    """The truth of a batch, as the losses take it."""
    step, left, heel_strike, toe_off = batch["truth"].unbind(dim=1)
    frames = torch.arange(batch["valid"].shape[1], device=step.device)
    # An event outside the crop is one at its end.
    begin = heel_strike.nan_to_num(nan=-1.0)[:, None]
    end = toe_off.nan_to_num(nan=float("inf"))[:, None]
    contact = ((frames >= begin) & (frames <= end)).float()
    return GaitTargets(step, left, heel_strike, toe_off, contact, batch["points"], batch["mine"])


def cut_crops(recording: PressureRecording, footsteps: Sequence[Footstep]) -> list[Crop]:
    """Cut the candidates of a recording and find out which footsteps they are."""
    candidates = find_candidates(recording)
    return [_crop(one, footsteps, _footstep_of(one, footsteps)) for one in candidates]


def _footstep_of(candidate: Candidate, footsteps: Sequence[Footstep]) -> int | None:
    """Which footstep a candidate is: that which bears most of its load, if the crop shows it from begin to end."""
    shares = _shares(candidate, footsteps)
    best = int(np.argmax(shares)) if shares else 0
    if not shares or shares[best] < _LEAST_SHARE:
        return None
    clock, shown = candidate.activity.recording.times_s, candidate.crop.times_s
    begin_s, end_s = max(footsteps[best].heel_strike_s, clock[0]), min(footsteps[best].toe_off_s, clock[-1])
    slack_s = float(candidate.crop.step_s.max())
    return best if shown[0] <= begin_s + slack_s and end_s - slack_s <= shown[-1] else None


def _shares(candidate: Candidate, footsteps: Sequence[Footstep]) -> list[float]:
    group = candidate.group
    places, times_s, total = group.places_mm, group.times_s, group.pressure.sum()
    return [float(group.pressure[_own(step, places, times_s, group)].sum() / total) for step in footsteps]


def _own(step: Footstep, places: NDArray[np.float64], times_s: NDArray[np.float64], group: Any) -> NDArray[np.bool_]:
    slack_s = 1.0 / max(group.recording.rate_hz, 1.0)
    lasting = (times_s >= step.heel_strike_s - slack_s) & (times_s <= step.toe_off_s + slack_s)
    margin_mm = _MARGIN_MM + 0.5 * max(group.recording.pitch_mm)
    return np.asarray(lasting & step.holds(places, margin_mm))


def _crop(candidate: Candidate, footsteps: Sequence[Footstep], best: int | None) -> Crop:
    crop = candidate.crop
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
        mine = _loaded_by(candidate, footsteps, best)
    return Crop(
        step_s=crop.step_s,
        frame=crop.frame.astype(np.uint8),
        cell=crop.cell.astype(np.uint16),
        load=crop.load.astype(np.float16),
        own=crop.own.astype(np.float16),
        mine=mine,
        truth=truth,
    )


def _loaded_by(candidate: Candidate, footsteps: Sequence[Footstep], best: int) -> NDArray[np.bool_]:
    """Which entries of a crop a footstep loads: most of what they bear is in its print, and in no other's middle."""
    crop, shown = candidate.crop, candidate.activity.take(candidate.crop.members)
    places, times_s = shown.places_mm, shown.times_s
    mine = _own(footsteps[best], places, times_s, shown)
    step = footsteps[best]
    for number, other in enumerate(footsteps):
        if number != best and other.heel_strike_s < step.toe_off_s and step.heel_strike_s < other.toe_off_s:
            nearer = np.linalg.norm(places - np.array(other.centre_mm), axis=1) < np.linalg.norm(
                places - np.array(step.centre_mm), axis=1
            )
            mine &= ~(nearer & _own(other, places, times_s, shown))
    borne, own = spread(crop, shown, shown.pressure, shown.pressure * mine)
    entry = crop.frame.astype(np.int64) * (GRID[0] * GRID[1]) + crop.cell
    return np.asarray(own[entry] > 0.5 * np.maximum(borne[entry], 1e-12))


def _as_item(crop: Crop, *, mirrored: bool, factor: float) -> dict[str, Tensor]:
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


def _cut_all(root: Path, names: Sequence[str], cache: Path, num_workers: int) -> Any:
    jobs = [(root, name, cache) for name in names]
    if num_workers < 2 or len(jobs) < 2:
        yield from (_cut(*job) for job in jobs)
        return
    with ProcessPoolExecutor(min(num_workers, len(jobs)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_cut, *zip(*jobs, strict=True))


def _cut(root: Path, name: str, cache: Path) -> str:
    """Cut one walk's crops and store them."""
    walk = read_walk(root, name)
    crops = cut_crops(walk.recording, walk.truth.footsteps)
    arrays = {f"{number}/{key}": value for number, crop in enumerate(crops) for key, value in crop._asdict().items()}
    with replace_atomically(_cache_path(root, name, cache)) as path, path.open("wb") as file:
        np.savez(file, count=np.array(len(crops)), **arrays)
    return name


def _load(path: Path) -> list[Crop]:
    with np.load(path, allow_pickle=False) as stored:
        return [Crop(**{key: stored[f"{number}/{key}"] for key in Crop._fields}) for number in range(stored["count"])]


def _cache_path(root: Path, name: str, cache: Path) -> Path:
    """Named by what the walk's file is, so that a walk made otherwise is cut anew."""
    path = root / f"{name}.npz"
    if not path.is_file():
        raise DatasetError(f"{path}: missing; make the walks anew, or name the folder that holds them")
    status = path.stat()
    identity = f"{CROPS_VERSION} {path.name} {status.st_size} {status.st_mtime_ns}"  # folders are moved about
    return cache / f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.npz"
