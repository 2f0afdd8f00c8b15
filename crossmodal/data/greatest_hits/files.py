"""Files of Greatest Hits: the layout of the folder, the labels, the splits and the published sound features.

All published layouts are supported: the full and the small archive, nested once or twice, the denoised, microphone
and thumbnail videos, and sound beside the video or only inside it.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from crossmodal import cards
from crossmodal.errors import DatasetError, FormatError
from crossmodal.number_text import describe_fault, find_number

MATERIALS = (
    "carpet", "ceramic", "cloth", "dirt", "drywall", "glass", "grass", "gravel", "leaf",
    "metal", "paper", "plastic", "plastic-bag", "rock", "tile", "water", "wood",
)  # fmt: skip
ACTIONS = ("hit", "scratch")
REACTIONS = ("static", "scatter", "rigid-motion", "deform", "splash")
VARIANTS = ("denoised", "mic", "thumb", "plain")
SPLITS = ("train", "test")

# Ending after the id in the file name of each variant's video, and of its sound files, best first.
_VIDEO_ENDINGS = {"denoised": "_denoised.mp4", "mic": "_mic.mp4", "thumb": "_denoised_thumb.mp4", "plain": ".mp4"}
_SOUND_ENDINGS = {
    "denoised": ("_denoised.wav", "_denoised.mp4"),
    "mic": ("_mic.wav", "_mic.mp4"),
    "thumb": ("_denoised.wav", "_denoised_thumb.mp4"),
    "plain": (".wav", ".mp4"),
}
_LABELS_ENDING = "_times.txt"
_MAX_DEPTH = 4
_MAX_LISTED = 10
_FIELDS = (("material", MATERIALS), ("action", ACTIONS), ("reaction", REACTIONS))


class Hit(NamedTuple):
    """One impact: id of the video, time in seconds from the first frame, and labels; None where unknown."""

    video: str
    time_s: float
    material: str | None
    action: str | None
    reaction: str | None

    @property
    def labelled(self) -> bool:
        """Return whether the material, the action or the reaction is known."""
        return any(label is not None for label in self[2:])


@dataclass(frozen=True)
class Layout:
    """The files of a Greatest Hits folder.

    Attributes:
        root: the folder.
        labels: the `_times.txt` of each id.
        split_files: `train.txt` and `test.txt`, if found.
    """

    root: Path
    labels: dict[str, Path]
    split_files: dict[str, Path] = field(default_factory=dict)

    def video(self, video_id: str, variant: str) -> Path | None:
        """Return the video of an id in a variant, None if there is none."""
        return self._beside(video_id, _VIDEO_ENDINGS[variant])

    def sound(self, video_id: str, variant: str) -> Path | None:
        """Return the file with the sound of a variant: the wav beside the video, else the video."""
        found = (self._beside(video_id, ending) for ending in _SOUND_ENDINGS[variant])
        return next((path for path in found if path is not None), None)

    def variants(self, video_id: str) -> list[str]:
        """Return the variants of an id that have a video, best first."""
        return [variant for variant in VARIANTS if self.video(video_id, variant) is not None]

    def _beside(self, video_id: str, ending: str) -> Path | None:
        path = self.labels[video_id].with_name(video_id + ending)
        return path if path.is_file() else None


def find_layout(root: str | os.PathLike[str]) -> Layout:
    """Find the labels and splits of a Greatest Hits folder, up to four folders deep.

    Raises:
        DatasetError: the folder does not exist, is empty, has no labels, or contains two copies of the data set.
    """
    folder = Path(root)
    if not folder.is_dir():
        found = "a file, not a folder" if folder.exists() else "no such folder"
        raise cards.missing_data("greatest_hits", folder, found)
    labels: dict[str, Path] = {}
    splits: dict[str, Path] = {}
    for path in _walk(folder):
        if path.name.endswith(_LABELS_ENDING):
            video_id = path.name.removesuffix(_LABELS_ENDING)
            if video_id in labels:
                raise DatasetError(
                    f"{folder}: contains two copies of the data set ({labels[video_id].parent} and {path.parent}); "
                    "pass one of them"
                )
            labels[video_id] = path
        elif path.stem in SPLITS and path.suffix == ".txt":
            splits.setdefault(path.stem, path)
    if not labels:
        names = sorted(path.name for path in folder.iterdir())
        found = f"a folder without <id>{_LABELS_ENDING} files (it holds {shorten_list(names, ', ')})"
        raise cards.missing_data("greatest_hits", folder, found if names else "an empty folder")
    return Layout(folder, dict(sorted(labels.items())), splits)


def read_hits(path: str | os.PathLike[str], video_id: str) -> list[Hit]:
    """Read a `_times.txt` file: one line `time material action reaction` per onset, `None` where unknown.

    Returns:
        The hits in order of time, labelled or not.

    Raises:
        DatasetError: lines are invalid; each is listed with file, line number, fault and content.
    """
    hits: list[Hit] = []
    broken: list[str] = []
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{os.fspath(path)}: cannot be read as labels ({error})") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        hit, fault = _read_line(line, video_id)
        if hit is None:
            broken.append(f"{os.fspath(path)}, line {number}: {fault}; the line is {line[:80]!r}")
        else:
            hits.append(hit)
    if broken:
        raise DatasetError(shorten_list(broken))
    return sorted(hits, key=lambda hit: hit.time_s)


def read_splits(layout: Layout) -> dict[str, list[str]]:
    """Read `train.txt` and `test.txt`: one id per line.

    Raises:
        DatasetError: a file is missing or is not a list of ids, or an id is in both.
    """
    splits: dict[str, list[str]] = {}
    for name in SPLITS:
        if name not in layout.split_files:
            raise DatasetError(
                f"{layout.root}: {name}.txt of the data set is missing; copy it there, use every video with "
                "split='all', or select videos with videos=[...]"
            )
        splits[name] = _read_ids(layout.split_files[name])
    both = sorted(set(splits["train"]) & set(splits["test"]))
    if both:
        raise DatasetError(
            f"{layout.split_files['train']} and {layout.split_files['test']} share {len(both)} videos, which would "
            f"leak test data into training: {shorten_list(both, ', ')}"
        )
    return splits


def read_sound_features(path: str | os.PathLike[str]) -> npt.NDArray[np.float32]:
    """Read the published sound features of one video from a `vis-sfs` file `<id>_sf.mat`.

    Returns:
        float32 (hits, 45, 42): half a second at 90 Hz around each hit; low-pass, 40 bands and high-pass.

    Raises:
        FormatError: the file is a pickle (`.pk`), is not a MATLAB file, or has no `sfs` of that shape.
    """
    name = os.fspath(path)
    if name.endswith((".pk", ".pkl")):
        raise FormatError(
            f"{name}: is a pickle, which can run code when read; read the .mat of the same name, which holds the same "
            "features"
        )
    from scipy.io import loadmat

    try:
        found: dict[str, Any] = loadmat(name, variable_names=["sfs"])
    except FileNotFoundError as error:
        raise FormatError(f"{name}: no such file") from error
    except Exception as error:  # scipy raises errors of many kinds on foreign bytes
        raise FormatError(f"{name}: is not a MATLAB file that can be read ({error})") from error
    features = found.get("sfs")
    if features is None or features.ndim != 3 or features.shape[1:] != (45, 42):
        shape = "no variable 'sfs'" if features is None else f"'sfs' of shape {features.shape}"
        raise FormatError(f"{name}: expected 'sfs' of shape (hits, 45, 42), found {shape}")
    return np.ascontiguousarray(features, dtype=np.float32)


def shorten_list(lines: list[str], separator: str = "\n") -> str:
    """Join at most ten lines, followed by the number of those left out."""
    rest = len(lines) - _MAX_LISTED
    return separator.join([*lines[:_MAX_LISTED], *([f"... and {rest} more"] if rest > 0 else [])])


def _walk(root: Path) -> Iterator[Path]:
    """Yield the files under a folder in a fixed order, without hidden ones (`.DS_Store`, `._x`) and `__MACOSX`."""
    for folder, below, files in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        below[:] = sorted(b for b in below if depth < _MAX_DEPTH and not b.startswith(".") and b != "__MACOSX")
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))


def _read_line(line: str, video_id: str) -> tuple[Hit | None, str]:
    """Return the hit of a line, or None and the fault."""
    fields = line.split()
    if len(fields) != 4:
        return None, f"expected 4 fields (time material action reaction), found {len(fields)}"
    time_s = find_number(fields[0])
    if time_s is None:
        return None, describe_fault(fields[0], "a time in seconds")
    if not 0 <= time_s < 1e6:
        return None, f"expected a time of 0 s or later, found {fields[0]}"
    for label, (name, known) in zip(fields[1:], _FIELDS, strict=True):
        if label != "None" and label not in known:
            return None, f"unknown {name} {label!r} (known: {', '.join(known)}, None)"
    material, action, reaction = (None if label == "None" else label for label in fields[1:])
    return Hit(video_id, time_s, material, action, reaction), ""


def _read_ids(path: Path) -> list[str]:
    ids: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        name = line.strip()
        if name and not re.fullmatch(r"[\w.-]+", name):
            raise DatasetError(f"{path}, line {number}: expected the id of a video, found {line[:80]!r}")
        if name:
            ids.append(name)
    return list(dict.fromkeys(ids))
