"""Packed samples of IntelligentCarpet: windows of touch with the 21 joints of the person on the carpet.

A recording is a folder of pickles ``<number>.p``, anywhere below the root, read without unpickling; windows do not
cross gaps in the numbers. The files do not name the subject. ``subjects.csv`` in the root does, with the columns
``recording`` (the folder, relative to the root) and ``subject``. The stored heat maps, nine tenths of the bytes, are
read once and dropped.
"""

import csv
import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from crossmodal.cards import missing_data
from crossmodal.data.array_cache import cached_arrays
from crossmodal.errors import DatasetError, FormatError
from crossmodal.models.skeleton import BONES, JOINTS, MID_HIP, to_mm
from crossmodal.tactile.readers.frame_checks import checked_cells
from crossmodal.tactile.readers.intelligent_carpet import PITCH_MM
from crossmodal.tactile.readers.plain_pickle import read_plain_pickle
from crossmodal.tactile.readers.touch_hdf5 import CARPET

SUBJECTS_FILE = "subjects.csv"
# Increase this when entries of the same key change in content.
_CACHE_VERSION = 1
_ARRAYS = ("touch", "keypoints", "numbers")
_REASONS = ("incomplete window", "a joint is clamped to the cube", "a joint is below the floor", "hips off the carpet")

Sample = dict[str, Any]


@dataclass(frozen=True, eq=False)
class IntelligentCarpetRecording:
    """One recording, in the order of its numbers.

    Attributes:
        name: its folder, relative to the root.
        subject: name of the subject, None if unknown.
        touch: float16 (frames, 96, 96), about 0 to 1.
        keypoints: float32 (frames, 21, 3), normalised; see `crossmodal.models.skeleton`.
        numbers: int64 (frames,), the numbers in the file names.
    """

    name: str
    subject: str | None
    touch: NDArray[np.float16]
    keypoints: NDArray[np.float32]
    numbers: NDArray[np.int64]

    @property
    def fingerprint(self) -> str:
        """Return a hash of the joints, which identifies copies of a recording under another name."""
        return hashlib.blake2b(np.ascontiguousarray(self.keypoints).tobytes(), digest_size=8).hexdigest()


@dataclass
class CarpetReport:
    """Number of frames, of frames used, and of frames left out by reason."""

    frames: int = 0
    used: int = 0
    left_out: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_REASONS, 0))


class IntelligentCarpetWindows(Dataset[Sample]):
    """Windows of touch, each with the joints at its middle frame.

    A sample has ``touch`` (window, 96, 96) float32, ``keypoints`` (21, 3) float32 normalised, ``recording`` (its
    index), and ``frame`` (the number of its sample). Frames without a complete window are left out, since windows
    clamped at the ends show the same touch for different poses. So are frames with invalid ground truth: published
    positions are clamped to the cube, and triangulation places some below the floor or off the carpet. ``report``
    counts frames by the first reason that applies.

    Args:
        recordings: the result of `read_intelligent_carpet`.
        window: number of frames of a window, odd.
        below_floor_mm: largest depth of a joint below the floor.
        off_carpet_mm: largest distance of the hips from the edge of the carpet, outside of it.

    Raises:
        ValueError: ``window`` is not a positive odd number.
    """

    def __init__(
        self,
        recordings: list[IntelligentCarpetRecording],
        window: int = 21,
        below_floor_mm: float = 50.0,
        off_carpet_mm: float = 0.0,
    ) -> None:
        if window < 1 or window % 2 == 0:
            raise ValueError(f"window must be odd, got {window}")
        self.recordings = recordings
        self.window = window
        self._limits = (below_floor_mm, off_carpet_mm)
        self.report = CarpetReport()
        frames = [
            (index, frame)
            for index, recording in enumerate(recordings)
            for frame in np.flatnonzero(self._usable(recording)).tolist()
        ]
        # (samples, 2): index of the recording, and of the middle frame in it.
        self._frames = np.array(frames, np.int64).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> Sample:
        number, frame = (int(value) for value in self._frames[index])
        recording, half = self.recordings[number], self.window // 2
        touch = recording.touch[frame - half : frame + half + 1]
        return {
            "touch": torch.from_numpy(touch.astype(np.float32)),
            "keypoints": torch.from_numpy(np.array(recording.keypoints[frame])),
            "recording": number,
            "frame": int(recording.numbers[frame]),
        }

    @property
    def subjects(self) -> list[str]:
        """The names of the subjects; recordings of an unknown subject count as a subject each."""
        return sorted({recording.subject or recording.name for recording in self.recordings})

    def keypoints(self) -> NDArray[np.float32]:
        """Return the joints of all samples in order: (samples, 21, 3), normalised."""
        parts = [self.recordings[number].keypoints[frame] for number, frame in self._frames.tolist()]
        return np.array(parts, np.float32).reshape(-1, len(JOINTS), 3)

    def subset(self, subjects: Collection[str]) -> "IntelligentCarpetWindows":
        """Return the windows of some subjects (of some recordings, if their subjects are unknown)."""
        chosen = [one for one in self.recordings if (one.subject or one.name) in subjects]
        return IntelligentCarpetWindows(chosen, self.window, *self._limits)

    def plot(self, sample: Sample) -> Any:
        """Draw a sample from above, the touch of the middle frame and the bones over it, as a matplotlib Figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(5, 5))
        axes = figure.subplots()
        side = CARPET[0] * PITCH_MM
        axes.imshow(sample["touch"][self.window // 2].numpy(), extent=(0, side, side, 0), cmap="magma")
        joints = to_mm(sample["keypoints"].numpy())
        for first, second in BONES:
            axes.plot(joints[[first, second], 0], joints[[first, second], 1], color="deepskyblue")
        axes.set(xlabel="x (mm)", ylabel="y (mm)", title=self.recordings[sample["recording"]].name)
        return figure

    def _usable(self, recording: IntelligentCarpetRecording) -> NDArray[np.bool_]:
        below_floor_mm, off_carpet_mm = self._limits
        joints = to_mm(recording.keypoints)
        hips = joints[:, MID_HIP, :2]
        edge = CARPET[0] * PITCH_MM + off_carpet_mm
        clamped = (recording.keypoints <= 0) | (recording.keypoints >= 1)
        faults = (
            ~_complete_windows(recording.numbers, self.window // 2),
            clamped.any(axis=(1, 2)),
            (joints[..., 2] > below_floor_mm).any(axis=1),
            ((hips < -off_carpet_mm) | (hips > edge)).any(axis=1),
        )
        usable = np.ones(len(joints), bool)
        for reason, fault in zip(_REASONS, faults, strict=True):
            self.report.left_out[reason] += int((usable & fault).sum())
            usable &= ~fault
        self.report.frames += len(joints)
        self.report.used += int(usable.sum())
        return usable


def read_intelligent_carpet(
    root: str | os.PathLike[str], cache: str | os.PathLike[str] | None = None
) -> list[IntelligentCarpetRecording]:
    """Read all recordings below a folder; each is cached at first use, with 18 kB per frame.

    Raises:
        DatasetError: the folder does not exist or has no samples, or ``subjects.csv`` does not match the recordings.
        FormatError: a file is damaged or not a sample.
        OutputError: the cache cannot be written.
    """
    folder = Path(root)
    folders = _find_samples(folder)
    subjects = _read_subjects(folder, folders)
    cache_root = Path(cache) if cache is not None else None
    return [_read_recording(name, files, subjects.get(name), cache_root) for name, files in folders.items()]


def check_intelligent_carpet(root: str | os.PathLike[str]) -> list[str]:
    """Return all faults of a folder: damaged samples, gaps, and a table of subjects that does not match.

    Raises:
        DatasetError: the folder does not exist or has no samples.
    """
    folder = Path(root)
    folders = _find_samples(folder)
    faults: list[str] = []
    try:
        _read_subjects(folder, folders)
    except DatasetError as error:
        faults += str(error).splitlines()
    for name, files in folders.items():
        gaps = int((np.diff([number for number, _ in files]) != 1).sum())
        faults += [f"{folder / name}: {gaps} gaps in the numbers of the samples"] if gaps else []
        for _, file in files:
            try:
                read_sample(file)
            except FormatError as error:
                faults.append(str(error))
    return faults


def read_sample(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read one sample: touch (96, 96) and joints (21, 3), normalised. No code of the pickle is run.

    Raises:
        FormatError: the file is damaged, is not a sample, or is a pickle with other objects than arrays.
    """
    content = read_plain_pickle(path)
    parts = list(content) if isinstance(content, list | tuple) else []
    shapes = [getattr(part, "shape", None) for part in parts]
    if len(parts) != 3 or shapes[0] not in (CARPET, (1, *CARPET)) or shapes[2] != (len(JOINTS), 3):
        raise FormatError(f"{path}: expected touch (96, 96), a heat map, and joints (21, 3), found shapes {shapes}")
    keypoints = np.asarray(parts[2], np.float32)
    if not np.isfinite(keypoints).all():
        raise FormatError(f"{path}: the position of a joint is not finite")
    return checked_cells(path, parts[0].reshape(CARPET)), keypoints


def _complete_windows(numbers: NDArray[np.int64], half: int) -> NDArray[np.bool_]:
    """Return which samples have ``half`` neighbours on either side without a gap in their numbers, bool (n,)."""
    runs = np.cumsum(np.diff(numbers, prepend=numbers[:1]) > 1)
    complete = np.zeros(len(numbers), bool)
    middle = np.arange(half, len(numbers) - half)
    complete[middle] = runs[middle - half] == runs[middle + half]
    return complete


def _find_samples(root: Path) -> dict[str, list[tuple[int, Path]]]:
    """Return the (number, file) pairs of each recording below a folder.

    Raises:
        DatasetError: the folder does not exist or has no samples.
    """
    recordings = {name: _samples(root / name) for name in _folders(root)}
    if not recordings:
        raise missing_data("intelligent_carpet", root, "no samples" if root.is_dir() else "no such folder")
    return recordings


def _folders(root: Path) -> list[str]:
    found = sorted({file.parent for file in root.rglob("*.p") if _is_number(file.stem)})
    return [folder.relative_to(root).as_posix() for folder in found]


def _samples(folder: Path) -> list[tuple[int, Path]]:
    return sorted((int(file.stem), file) for file in folder.glob("*.p") if _is_number(file.stem))


def _is_number(stem: str) -> bool:
    return stem.isascii() and stem.isdecimal() and len(stem) < 10


def _read_subjects(root: Path, folders: Collection[str]) -> dict[str, str]:
    path = root / SUBJECTS_FILE
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        if not {"recording", "subject"} <= set(table.fieldnames or ()):
            raise DatasetError(f"{path}: expected the columns recording and subject, found {table.fieldnames}")
        subjects = {row["recording"].strip(): row["subject"].strip() for row in table}
    wrong = [f"{path}: {name}: no such recording" for name in sorted(set(subjects) - set(folders))]
    wrong += [f"{path}: no subject for the recording {name}" for name in folders if not subjects.get(name)]
    if wrong:
        raise DatasetError("\n".join(wrong))
    return subjects


def _read_recording(
    name: str, files: list[tuple[int, Path]], subject: str | None, cache: Path | None
) -> IntelligentCarpetRecording:
    def make() -> dict[str, NDArray[Any]]:
        samples = [read_sample(file) for _, file in files]
        touch, keypoints = (np.stack(parts) for parts in zip(*samples, strict=True))
        return {
            "touch": touch.astype(np.float16),
            "keypoints": keypoints,
            "numbers": np.array([number for number, _ in files], np.int64),
        }

    status = [(number, (found := file.stat()).st_size, found.st_mtime_ns) for number, file in files]
    depends_on = {"version": _CACHE_VERSION, "folder": str(files[0][1].parent.resolve()), "files": status}
    arrays = cached_arrays(cache, "carpet", name, depends_on, _ARRAYS, make)
    # Only touch is large, and every memory map keeps a file open.
    return IntelligentCarpetRecording(
        name, subject, arrays["touch"], np.array(arrays["keypoints"]), np.array(arrays["numbers"])
    )
