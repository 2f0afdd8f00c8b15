"""Disk cache of small frames and sound features of recordings, which are decoded once.

An entry is a folder of plain arrays. Its name contains a hash of everything it depends on: the identity of the source
files, the parameters and the version of this code. It is built under a temporary name and renamed, so it is complete or
does not exist. If several processes build the same entry, the first to rename it wins.
"""

import errno
import hashlib
import inspect
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import torch

from crossmodal.audio import FEATURE_RATE_HZ, cochleagram, read_waveform
from crossmodal.errors import FormatError
from crossmodal.files import output_error
from crossmodal.video import CLOCK_RATE_HZ, Clip, probe_video, read_clip
from crossmodal.video.spacetime import COLOUR_EVERY

# Increase this when entries of the same key change in content.
CACHE_VERSION = 1
STEPS_PER_TICK = round(FEATURE_RATE_HZ / CLOCK_RATE_HZ)

_ARRAYS = ("grey", "times_s", "colour", "colour_index", "cochleagram")
_IDENTITY_BYTES = 65_536
_STALE_AFTER_S = 86_400.0

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Recording:
    """A video and the file with its sound: the video itself, a wav beside it, or None without sound."""

    name: str
    video: Path
    sound: Path | None


class CachedRecording:
    """One entry of the cache; its arrays are memory maps that are opened on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        self.seconds: float = about["seconds"]
        self.has_sound: bool = about["has_sound"]

    @cached_property
    def clip(self) -> Clip:
        """The frames: grey frames, their times, and a colour frame every `COLOUR_EVERY` frames."""
        return Clip(
            self._open("grey"), np.array(self._open("times_s")), self._open("colour"),
            np.array(self._open("colour_index")), self.seconds,
        )  # fmt: skip

    @cached_property
    def cochleagram(self) -> npt.NDArray[np.float32]:
        """The cochleagram, float32 (42, steps), three steps per clock tick; zeros without sound."""
        return self._open("cochleagram")

    @property
    def steps(self) -> int:
        """Return the number of feature steps, three per clock tick."""
        return self.clip.ticks * STEPS_PER_TICK

    def _open(self, name: str) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return array


class VideoCache:
    """A folder of cached recordings, all of one frame size.

    Args:
        root: the folder; ``$XDG_CACHE_HOME/crossmodal`` (or ``~/.cache/crossmodal``) by default.
        size: (height, width) of the cached frames.
    """

    def __init__(self, root: str | os.PathLike[str] | None, size: tuple[int, int]) -> None:
        self.root = Path(root) if root is not None else default_root()
        self.size = size

    def folder(self, recording: Recording) -> Path:
        """Return the folder of an entry; reads up to 128 KiB of each source file to identify it.

        Raises:
            OSError: a source file cannot be read.
        """
        parameters = {
            "version": CACHE_VERSION,
            "size": self.size,
            "colour_every": COLOUR_EVERY,
            "steps_per_tick": STEPS_PER_TICK,
            "cochleagram": _defaults(),
            # Rounding and frame times differ slightly between versions of FFmpeg.
            "ffmpeg": [av.library_versions[name][0] for name in ("libavcodec", "libavformat", "libswscale")],
            "sources": [identify(path) for path in (recording.video, recording.sound) if path is not None],
        }
        key = hashlib.blake2b(json.dumps(parameters).encode(), digest_size=12).hexdigest()
        return self.root / "recordings" / f"{recording.name}-{key}"

    def prepare(
        self, recordings: Sequence[Recording], num_workers: int = 1, progress: Progress | None = None
    ) -> dict[str, Path | str]:
        """Build the entries that are missing.

        Args:
            recordings: the recordings to cache.
            num_workers: number of processes that decode; 1 decodes in this process.
            progress: called with (done, total, name) when an entry is ready.

        Returns:
            For the name of each recording its folder, or the reason why there is none.

        Raises:
            OutputError: the cache cannot be written, or the disk is full.
        """
        results: dict[str, Path | str] = {}
        missing: list[tuple[Recording, Path]] = []
        for recording in recordings:
            try:
                folder = self.folder(recording)
            except OSError as error:
                results[recording.name] = f"{error.filename}: cannot be read ({error.strerror})"
                continue
            if is_complete(folder):
                results[recording.name] = folder
            else:
                missing.append((recording, folder))
        if missing:
            self._clean_up(folder for _, folder in missing)
        with closing(_build_all(missing, self.size, num_workers)) as built:
            for name, result in built:
                results[name] = result
                if progress is not None:
                    progress(len(results), len(recordings), name)
        return results

    def _clean_up(self, incomplete: Iterator[Path]) -> None:
        """Create the folder of the entries; remove incomplete entries and temporary folders older than a day."""
        root = self.root / "recordings"
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(root, error) from error
        stale = [p for p in root.glob(".making-*") if _age_s(p) > _STALE_AFTER_S]
        for folder in [*stale, *(folder for folder in incomplete if folder.exists())]:
            shutil.rmtree(folder, ignore_errors=True)


def default_root() -> Path:
    """Return the folder for caches: ``$XDG_CACHE_HOME/crossmodal``, else ``~/.cache/crossmodal``."""
    parent = os.environ.get("XDG_CACHE_HOME")
    return (Path(parent) if parent else Path("~/.cache").expanduser()) / "crossmodal"


def identify(path: Path) -> list[str | int]:
    """Return the identity of a file: name, size, modification time, and a hash of its first and last 64 KiB.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        digest = hashlib.blake2b(file.read(_IDENTITY_BYTES), digest_size=16)
        file.seek(max(status.st_size - _IDENTITY_BYTES, 0))
        digest.update(file.read(_IDENTITY_BYTES))
    return [path.name, status.st_size, status.st_mtime_ns, digest.hexdigest()]


def is_complete(folder: Path) -> bool:
    """Return whether an entry exists and all its files have their original length."""
    try:
        files = json.loads((folder / "about.json").read_text(encoding="utf-8"))["files"]
        return all((folder / name).stat().st_size == length for name, length in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def build_entry(recording: Recording, folder: Path, size: tuple[int, int]) -> None:
    """Decode a recording and write its entry.

    Raises:
        FormatError: the video or its sound cannot be read.
        OutputError: the entry cannot be written.
    """
    clip = read_clip(recording.video, size)
    steps = clip.ticks * STEPS_PER_TICK
    features = read_features(recording.sound, steps)
    arrays: dict[str, npt.NDArray[Any]] = {
        "grey": clip.grey,
        "times_s": clip.times_s,
        "colour": clip.colour,
        "colour_index": clip.colour_index,
        "cochleagram": np.zeros((42, steps), np.float32) if features is None else features,
    }
    with _placed(folder) as making:
        for name in _ARRAYS:
            np.save(making / f"{name}.npy", arrays[name], allow_pickle=False)
        about = {
            "video": str(recording.video),
            "sound": str(recording.sound) if features is not None else None,
            "seconds": clip.seconds,
            "has_sound": features is not None,
            "files": {f"{name}.npy": (making / f"{name}.npy").stat().st_size for name in _ARRAYS},
        }
        (making / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def read_features(sound: Path | None, steps: int) -> npt.NDArray[np.float32] | None:
    """Read the cochleagram (42, steps) of a recording, cut or padded with zeros; None if there is no sound.

    Raises:
        FormatError: the sound cannot be read.
    """
    if sound is None or (sound.suffix != ".wav" and not probe_video(sound).has_sound):
        return None
    waveform, rate_hz = read_waveform(sound)
    with torch.inference_mode():
        found = cochleagram(waveform, rate_hz).numpy()
    features = np.zeros((found.shape[0], steps), dtype=np.float32)
    features[:, : found.shape[1]] = found[:, :steps]
    return features


@contextmanager
def _placed(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder, renamed to ``folder`` at the end unless another process was first."""
    making: Path | None = None
    try:
        making = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
        yield making
        making.chmod(0o755)
        try:
            making.rename(folder)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
    except OSError as error:
        raise output_error(folder, error) from error
    finally:
        if making is not None:
            shutil.rmtree(making, ignore_errors=True)


def _build(recording: Recording, folder: Path, size: tuple[int, int]) -> Path | str:
    try:
        build_entry(recording, folder, size)
    except FormatError as error:
        return str(error)
    return folder


def _build_all(
    missing: Sequence[tuple[Recording, Path]], size: tuple[int, int], num_workers: int
) -> Generator[tuple[str, Path | str]]:
    """Build entries, in this process or in ``num_workers`` processes, and yield each when it is ready."""
    if num_workers <= 1 or len(missing) < 2:
        yield from ((recording.name, _build(recording, folder, size)) for recording, folder in missing)
        return
    # Spawned processes: a fork of a process in which torch has started threads can hang.
    with ProcessPoolExecutor(
        min(num_workers, len(missing)), mp_context=get_context("spawn"), initializer=_begin_worker
    ) as pool:
        with _interrupts_blocked():
            jobs: dict[Future[Path | str], str] = {
                pool.submit(_build, recording, folder, size): recording.name for recording, folder in missing
            }
        try:
            for job in as_completed(jobs):
                yield jobs[job], job.result()
        finally:
            # After Ctrl-C or a full disk: finish the current videos, start no others.
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block SIGINT while processes start, so that Ctrl-C, which goes to the whole group, reaches only the parent.

    A new process inherits the signal mask, so SIGINT is blocked in it from the start, also during its imports.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    # Where signals cannot be blocked, ignore them; the current video is finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


@cache
def _defaults() -> dict[str, Any]:
    """Return the default options of the cochleagram, which the entries are made with."""
    parameters = inspect.signature(cochleagram).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}


def _age_s(path: Path) -> float:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0
