"""Footsteps of UNB StepUP-P150: 150 people, four kinds of footwear, four walking speeds.

Read from ``<participant>/<footwear>/<trial>/pipeline_1.npz`` (footsteps, 101, 75, 40; kPa, not rescaled) and the
``metadata.csv`` beside it. An array is unpacked once, one footstep at a time, and cached as a few phases of the stance
and its peak pressures, 60 kB per footstep. Footsteps that the table flags are left out and counted.

References:
    UNB StepUP-P150, FRDR doi 10.20383/103.01285; Scientific Data 12:1415, 2025.
"""

import math
import os
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from crossmodal.cards import missing_data
from crossmodal.data.array_cache import cached_arrays
from crossmodal.errors import DatasetError, FormatError
from crossmodal.gait.footsteps import FOOTSTEP_SHAPE, stance_phases
from crossmodal.tactile.readers.npz_frames import open_member
from crossmodal.tactile.readers.step_up import read_footsteps

FOOTWEAR = ("BF", "ST", "P1", "P2")
#: Columns of the table; footsteps with one of them set are left out.
FLAGS = ("Exclude", "Outlier", "Incomplete", "Standing")
# Increase this when entries of the same key change in content.
_CACHE_VERSION = 1
_MEMBER = "arr_0"
_MAX_FRAMES = 1000
_MAX_KPA = 1e5
#: Largest number of trials with open memory maps; each map keeps a file open.
_MAX_OPEN = 200
_TRIAL = re.compile(r"(\d{3})/(BF|ST|P1|P2)/(W[1-4])")

Sample = dict[str, Any]


@dataclass(frozen=True)
class FootstepEntry:
    """One footstep: person, footwear, trial, side of the foot, and row in the array of the trial."""

    person: str
    footwear: str
    trial: str
    side: str
    row: int


class StepUpFootsteps(Dataset[Sample]):
    """Footsteps of people who walk over the runway; right feet are mirrored to look like left ones.

    A sample has ``phases_kpa`` (phases, 75, 40) float32, ``peak_kpa`` (75, 40) float32, ``person`` (its index in
    ``people``), and the strings ``footwear``, ``trial`` and ``side``. ``left_out`` counts footsteps by the first flag
    that is set.

    Args:
        root: the folder of participants, or a folder that contains it as ``py``.
        people: the participants to use; all by default.
        phases: number of phases of the stance, equal to that of the model.
        flags: columns of ``metadata.csv``; footsteps with one of them set are left out.
        cache: folder of the cache; ``$XDG_CACHE_HOME/crossmodal`` (or ``~/.cache/crossmodal``) by default.

    Raises:
        DatasetError: the folder does not exist, has no trials, or has no participant of a given name.
        FormatError: a table is damaged, or lacks a column.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        people: Collection[str] | None = None,
        phases: int = 9,
        flags: Sequence[str] = FLAGS,
        cache: str | os.PathLike[str] | None = None,
    ) -> None:
        self.root = Path(root)
        self.phases, self.flags = phases, tuple(flags)
        self.cache = Path(cache) if cache is not None else None
        self._trials = find_trials(self.root)
        known = {trial[0] for trial in self._trials}
        unknown = sorted(set(people or ()) - known)
        if unknown:
            raise DatasetError(f"{self.root}: no participant {', '.join(unknown)}; found {', '.join(sorted(known))}")
        self.left_out: Counter[str] = Counter()
        self._opened: dict[tuple[str, str, str], dict[str, NDArray[Any]]] = {}
        self.entries = [
            entry
            for trial, folder in self._trials.items()
            if people is None or trial[0] in people
            for entry in self._list(trial, folder)
        ]
        self.people = sorted({entry.person for entry in self.entries})
        self._number = {person: number for number, person in enumerate(self.people)}

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:
        entry = self.entries[index]
        arrays = self._open((entry.person, entry.footwear, entry.trial))
        if entry.row >= len(arrays["peak"]):
            raise DatasetError(
                f"{self._trials[entry.person, entry.footwear, entry.trial]}: metadata.csv lists footstep {entry.row}, "
                f"pipeline_1.npz has {len(arrays['peak'])}"
            )
        phases, peak = (np.asarray(arrays[name][entry.row], np.float32) for name in ("phases", "peak"))
        if entry.side == "right":
            phases, peak = phases[..., ::-1], peak[..., ::-1]
        return {
            "phases_kpa": torch.from_numpy(phases.copy()),
            "peak_kpa": torch.from_numpy(peak.copy()),
            "person": self._number[entry.person],
            "footwear": entry.footwear,
            "trial": entry.trial,
            "side": entry.side,
        }

    @cached_property
    def by_person(self) -> list[dict[str, list[int]]]:
        """The indices of the footsteps of each of ``people``, by footwear."""
        found: list[dict[str, list[int]]] = [{} for _ in self.people]
        for index, entry in enumerate(self.entries):
            found[self._number[entry.person]].setdefault(entry.footwear, []).append(index)
        return found

    def subset(self, people: Collection[str]) -> "StepUpFootsteps":
        """Return the footsteps of some people."""
        return StepUpFootsteps(self.root, people, self.phases, self.flags, self.cache)

    def plot(self, sample: Sample) -> Any:
        """Draw a sample, its peaks and the phases of its stance, as a matplotlib Figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(1.2 * (1 + self.phases), 2.6))
        images = [sample["peak_kpa"].numpy(), *sample["phases_kpa"].numpy()]
        for axes, image in zip(figure.subplots(1, len(images)), images, strict=True):
            axes.imshow(image, cmap="magma", vmin=0, vmax=images[0].max())
            axes.set_axis_off()
        figure.suptitle(f"{self.people[sample['person']]}, {sample['footwear']}, {sample['trial']}, {sample['side']}")
        return figure

    def _list(self, trial: tuple[str, str, str], folder: Path) -> list[FootstepEntry]:
        path = folder / "metadata.csv"
        table = read_footsteps(path)
        missing = [name for name in ("FootstepID", "Side", *self.flags) if name not in table]
        if missing:
            raise FormatError(f"{path}: no column {', '.join(missing)}; found {', '.join(table)}")
        entries = []
        for line, (row, side) in enumerate(zip(table["FootstepID"], table["Side"], strict=True)):
            flag = next((name for name in self.flags if _is_set(table[name][line])), None)
            foot = str(side).strip().lower()
            if not isinstance(row, float) or row < 0 or row != int(row) or foot not in ("left", "right"):
                raise FormatError(f"{path}: row {line + 2}: expected a number and left or right, found {row}, {side}")
            if flag is not None:
                self.left_out[flag] += 1
            else:
                entries.append(FootstepEntry(*trial, foot, int(row)))
        return entries

    def _open(self, trial: tuple[str, str, str]) -> dict[str, NDArray[Any]]:
        if trial not in self._opened:
            if len(self._opened) >= _MAX_OPEN:
                self._opened.pop(next(iter(self._opened)))
            path = self._trials[trial] / "pipeline_1.npz"
            status = path.stat()
            depends_on = {
                "version": _CACHE_VERSION, "phases": self.phases, "path": str(path.resolve()), "bytes": status.st_size,
                "changed": status.st_mtime_ns,
            }  # fmt: skip
            self._opened[trial] = cached_arrays(
                self.cache,
                "step_up",
                "-".join(trial),
                depends_on,
                ("phases", "peak"),
                lambda: condense(path, self.phases),
            )
        return self._opened[trial]


def find_trials(root: Path) -> dict[tuple[str, str, str], Path]:
    """Find the trials below a folder: (participant, footwear, trial) and its folder, in order.

    Raises:
        DatasetError: the folder does not exist, or has no trial with both its files.
    """
    participants = root / "py" if (root / "py").is_dir() else root
    found = {}
    for path in sorted(participants.glob("*/*/*/pipeline_1.npz")):
        match = _TRIAL.fullmatch("/".join(path.parent.parts[-3:]))
        if match and (path.parent / "metadata.csv").is_file():
            found[match[1], match[2], match[3]] = path.parent
    if not found:
        raise missing_data("step_up", root, "no trials" if root.is_dir() else "no such folder")
    return found


def condense(path: Path, phases: int) -> dict[str, NDArray[Any]]:
    """Read the footsteps of a ``pipeline_1.npz`` one at a time; return phases and peaks in half precision.

    Returns:
        ``phases`` (footsteps, phases, 75, 40) and ``peak`` (footsteps, 75, 40), float16, kPa.

    Raises:
        FormatError: the file is damaged or of another shape, or has values that are not pressures.
    """
    with open_member(path, _MEMBER) as (stream, header):
        if len(header.shape) != 4 or header.shape[2:] != FOOTSTEP_SHAPE or not 0 < header.shape[1] <= _MAX_FRAMES:
            raise FormatError(f"{path}: expected (footsteps, frames, 75, 40), found {header.shape}")
        size = math.prod(header.shape[1:]) * header.dtype.itemsize
        condensed, peaks = [], []
        for row in range(header.shape[0]):
            data = stream.read(size)
            if len(data) != size:
                raise FormatError(f"{path}: {_MEMBER}: cut short in footstep {row}")
            frames = np.frombuffer(data, header.dtype).reshape(header.shape[1:])
            # Comparisons with NaN are False. Resampling can give values slightly below zero.
            if not (frames.min() > -_MAX_KPA and frames.max() < _MAX_KPA):
                raise FormatError(
                    f"{path}: footstep {row}: expected pressures of at most {_MAX_KPA:g} kPa, "
                    f"found {frames.min():g} to {frames.max():g}"
                )
            loaded = np.clip(frames, 0, None)
            condensed.append(stance_phases(loaded, phases).astype(np.float16))
            peaks.append(loaded.max(axis=0).astype(np.float16))
    shape = (0, *FOOTSTEP_SHAPE)
    return {
        "phases": np.stack(condensed) if condensed else np.zeros((0, phases, *FOOTSTEP_SHAPE), np.float16),
        "peak": np.stack(peaks) if peaks else np.zeros(shape, np.float16),
    }


def check_step_up(root: str | os.PathLike[str]) -> list[str]:
    """Return all faults of a folder: damaged arrays and tables, and footsteps that are only in one of them.

    Raises:
        DatasetError: the folder does not exist, or has no trial.
    """
    faults = []
    for folder in find_trials(Path(root)).values():
        try:
            rows = [int(row) for row in read_footsteps(folder / "metadata.csv").get("FootstepID", [])]
            count = len(condense(folder / "pipeline_1.npz", 1)["peak"])
        except (FormatError, TypeError, ValueError) as error:
            faults.append(str(error) if isinstance(error, FormatError) else f"{folder / 'metadata.csv'}: {error}")
            continue
        if sorted(rows) != list(range(count)):
            faults.append(f"{folder}: metadata.csv lists {len(rows)} footsteps, pipeline_1.npz has {count}")
    return faults


def _is_set(field: Any) -> bool:
    return field not in (None, 0.0) and str(field).strip().lower() not in ("false", "no", "0")
