"""The files of Greatest Hits: where they lie, which belong together, and what stands in the labels.

Every published shape of the folder is understood: the full and the small archive, unpacked once or twice nested, the
denoised, microphone and thumbnail videos, sound beside the video or only inside it.
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

# The ending that follows the id in the name of each variant's video, and the sounds that belong to it, best first.
_VIDEO_ENDINGS = {"denoised": "_denoised.mp4", "mic": "_mic.mp4", "thumb": "_denoised_thumb.mp4", "plain": ".mp4"}
_SOUND_ENDINGS = {
    "denoised": ("_denoised.wav", "_denoised.mp4"),
    "mic": ("_mic.wav", "_mic.mp4"),
    "thumb": ("_denoised.wav", "_denoised_thumb.mp4"),
    "plain": (".wav", ".mp4"),
}
_LABELS_ENDING = "_times.txt"
_DEEPEST = 4
_SAY_AT_MOST = 10
_FIELDS = (("material", MATERIALS), ("action", ACTIONS), ("reaction", REACTIONS))


class Hit(NamedTuple):
    """One impact: the video's id, its time in seconds from the first frame, and what is known of it."""

    video: str
    time_s: float
    material: str | None
    action: str | None
    reaction: str | None

    @property
    def labelled(self) -> bool:
        """Whether anybody said what was hit, how, or what came of it."""
        return any(word is not None for word in self[2:])


@dataclass(frozen=True)
class Layout:
    """What lies in a Greatest Hits folder.

    Attributes:
        root: the folder that was named.
        labels: the `_times.txt` of each id.
        split_files: `train.txt` and `test.txt` where they were found.
    """

    root: Path
    labels: dict[str, Path]
    split_files: dict[str, Path] = field(default_factory=dict)

    def video(self, video_id: str, variant: str) -> Path | None:
        """Give the video of an id in a variant, None where there is none."""
        return self._beside(video_id, _VIDEO_ENDINGS[variant])

    def sound(self, video_id: str, variant: str) -> Path | None:
        """Give the file that holds the sound of a variant: the wav beside the video, else the video itself."""
        found = (self._beside(video_id, ending) for ending in _SOUND_ENDINGS[variant])
        return next((path for path in found if path is not None), None)

    def variants(self, video_id: str) -> list[str]:
        """List the variants that an id has a video of, best first."""
        return [variant for variant in VARIANTS if self.video(video_id, variant) is not None]

    def _beside(self, video_id: str, ending: str) -> Path | None:
        path = self.labels[video_id].with_name(video_id + ending)
        return path if path.is_file() else None


def find_layout(root: str | os.PathLike[str]) -> Layout:
    """Find the labels and splits of a Greatest Hits folder, up to four folders deep.

    Raises:
        DatasetError: no such folder, an empty one, one without labels, or two copies of the data set in one place.
    """
    place = Path(root)
    if not place.is_dir():
        raise cards.missing_data("greatest_hits", place, "a file, not a folder" if place.exists() else "no such folder")
    labels: dict[str, Path] = {}
    splits: dict[str, Path] = {}
    for path in _walk(place):
        if path.name.endswith(_LABELS_ENDING):
            video_id = path.name.removesuffix(_LABELS_ENDING)
            if video_id in labels:
                raise DatasetError(
                    f"{place}: holds more than one copy of the data set ({labels[video_id].parent} and {path.parent}); "
                    "name one of the two"
                )
            labels[video_id] = path
        elif path.stem in SPLITS and path.suffix == ".txt":
            splits.setdefault(path.stem, path)
    if not labels:
        found = sorted(path.name for path in place.iterdir())
        holds = f"a folder without <id>{_LABELS_ENDING} files (it holds {say_some(found, ', ')})"
        raise cards.missing_data("greatest_hits", place, holds if found else "an empty folder")
    return Layout(place, dict(sorted(labels.items())), splits)


def read_hits(path: str | os.PathLike[str], video_id: str) -> list[Hit]:
    """Read one `_times.txt`: a line `time material action reaction` for each onset, `None` for what is not known.

    Returns:
        The hits in the order of time, labelled or not.

    Raises:
        DatasetError: broken lines, each with file, line number, what is wrong and what stands there.
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
        raise DatasetError(say_some(broken))
    return sorted(hits, key=lambda hit: hit.time_s)


def read_splits(layout: Layout) -> dict[str, list[str]]:
    """Read `train.txt` and `test.txt`: one id to a line.

    Raises:
        DatasetError: a file is missing, is not a list of ids, or an id stands in both.
    """
    splits: dict[str, list[str]] = {}
    for name in SPLITS:
        if name not in layout.split_files:
            raise DatasetError(
                f"{layout.root}: {name}.txt is missing; it comes with the data set. Copy it there, or take every video "
                "with split='all', or name them with videos=[...]"
            )
        splits[name] = _read_ids(layout.split_files[name])
    both = sorted(set(splits["train"]) & set(splits["test"]))
    if both:
        raise DatasetError(
            f"{layout.split_files['train']} and {layout.split_files['test']} share {len(both)} videos, so that "
            f"the test would leak into training: {say_some(both, ', ')}"
        )
    return splits


def read_sound_features(path: str | os.PathLike[str]) -> npt.NDArray[np.float32]:
    """Read the published sound features of one video from a `vis-sfs` file `<id>_sf.mat`.

    Returns:
        float32 (hits, 45, 42): half a second at 90 Hz around each hit, low-pass, 40 bands and high-pass.

    Raises:
        FormatError: a pickle (`.pk`), not a MATLAB file, or without `sfs` of that shape.
    """
    name = os.fspath(path)
    if name.endswith((".pk", ".pkl")):
        raise FormatError(
            f"{name}: is a pickle, which can run code when read; read the .mat of the same name, it holds the same"
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


def say_some(lines: list[str], between: str = "\n") -> str:
    """Join the first few of many lines, and say how many there are besides."""
    rest = len(lines) - _SAY_AT_MOST
    return between.join([*lines[:_SAY_AT_MOST], *([f"... and {rest} more"] if rest > 0 else [])])


def _walk(place: Path) -> Iterator[Path]:
    """List the files under a folder in a fixed order; hidden ones (`.DS_Store`, `._x`) and `__MACOSX` are passed by."""
    for folder, below, files in os.walk(place):
        depth = len(Path(folder).relative_to(place).parts)
        below[:] = sorted(b for b in below if depth < _DEEPEST and not b.startswith(".") and b != "__MACOSX")
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))


def _read_line(line: str, video_id: str) -> tuple[Hit | None, str]:
    words = line.split()
    if len(words) != 4:
        return None, f"expected 4 fields (time material action reaction), found {len(words)}"
    time_s = find_number(words[0])
    if time_s is None:
        return None, describe_fault(words[0], "a time in seconds")
    if not 0 <= time_s < 1e6:
        return None, f"expected a time of 0 s or later, found {words[0]}"
    for word, (name, known) in zip(words[1:], _FIELDS, strict=True):
        if word != "None" and word not in known:
            return None, f"unknown {name} {word!r} (known: {', '.join(known)}, None)"
    material, action, reaction = (None if word == "None" else word for word in words[1:])
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
