"""The manifest of a folder of noise shards: the settings, and the finished shards."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from crossmodal.data.noise.images import IMAGE_FORMATS, refuse_different
from crossmodal.errors import DatasetError
from crossmodal.json_text import write_json

MANIFEST_FILE = "manifest.json"
VERSION = 1


@dataclass(frozen=True)
class Shard:
    """A finished tar file: images ``first`` to ``first + count - 1``."""

    file: str
    first: int
    count: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Settings and finished shards of a folder of noise shards.

    Attributes:
        process: name and options, see `crossmodal.noise.Process.describe`.
        classes: number of labels; None if the process has none.
        seed: seed of all draws.
        size: (height, width) in pixels.
        format: format of the images, png, jpg or webp.
        first: index of the first image.
        count: number of images requested.
        shard_size: number of images in each shard but the last.
        crossmodal: version of the package that drew the images.
        shards: the finished shards, in order.
    """

    process: dict[str, Any]
    classes: int | None
    seed: int
    size: tuple[int, int]
    format: str
    first: int
    count: int
    shard_size: int
    crossmodal: str
    shards: tuple[Shard, ...] = ()

    @property
    def planned(self) -> list[tuple[str, range]]:
        """The file and the indices of every shard, finished or not."""
        end = self.first + self.count
        starts = range(self.first, end, self.shard_size)
        return [
            (f"shard-{number:06d}.tar", range(start, min(start + self.shard_size, end)))
            for number, start in enumerate(starts)
        ]

    @property
    def unfinished(self) -> list[tuple[str, range]]:
        """The file and the indices of every shard that is not finished."""
        finished = {(shard.file, shard.first, shard.count) for shard in self.shards}
        return [
            (file, indices) for file, indices in self.planned if (file, indices.start, len(indices)) not in finished
        ]

    def with_shards(self, shards: Mapping[str, Shard]) -> Self:
        """Return the manifest with these finished shards, by file."""
        return replace(self, shards=tuple(shards[file] for file in sorted(shards)))

    def refuse_if_different(self, folder: Path, found: Self) -> None:
        """Refuse to resume in a folder of other settings; a larger count of images is allowed.

        Raises:
            DatasetError: settings differ, or ``count`` is smaller.
        """
        requested, existing = _as_plain(self), _as_plain(found)
        for key in ("shards", "count"):
            requested.pop(key)
            existing.pop(key)
        refuse_different(folder, existing, requested)
        if self.count < found.count:
            raise DatasetError(
                f"{folder}: found a manifest of {found.count} images, {self.count} requested; request as many or more, "
                "or name another folder"
            )

    def write(self, folder: Path) -> None:
        """Write the manifest into its folder, completely or not at all.

        Raises:
            OutputError: the folder cannot be written.
        """
        write_json(folder / MANIFEST_FILE, {"version": VERSION, **_as_plain(self)})


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises:
        DatasetError: there is none, or it is not a manifest of noise shards.
    """
    path = folder / MANIFEST_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        version = found.pop("version")
        if version != VERSION:
            raise DatasetError(f"{path}: found version {version}, expected {VERSION}; install a newer crossmodal")
        shards = tuple(Shard(**shard) for shard in found.pop("shards"))
        height, width = found.pop("size")
        manifest = Manifest(**found, size=(int(height), int(width)), shards=shards)
    except FileNotFoundError as error:
        raise DatasetError(
            f"{folder}: has no {MANIFEST_FILE}, so it is not a folder of noise shards; "
            "make one: crossmodal noise PROCESS --count N --shards DIR"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path}: is not a manifest of noise shards ({error})") from error
    if manifest.format not in IMAGE_FORMATS:
        raise DatasetError(f"{path}: format must be {' or '.join(IMAGE_FORMATS)}, found {manifest.format!r}")
    return manifest


def _as_plain(manifest: Manifest) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(manifest)))
    return plain
