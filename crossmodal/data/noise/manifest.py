"""The manifest of a folder of noise shards: what was asked for, and what is there."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from crossmodal.data.noise.images import IMAGE_FORMATS, refuse_other
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
    """What a folder of shards holds, or will hold.

    Attributes:
        process: name and options, as `crossmodal.noise.Process.describe` gives them.
        classes: the number of labels; None where the process has none.
        seed: of all draws.
        size: (height, width) in pixels.
        format: of the images: png, jpg or webp.
        first: index of the first image.
        count: images asked for.
        shard_size: images in each shard but the last.
        crossmodal: version of the package that drew them.
        shards: those that are finished, in order.
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
        """The file and the indices of the shards that are still to be made."""
        there = {(shard.file, shard.first, shard.count) for shard in self.shards}
        return [(file, indices) for file, indices in self.planned if (file, indices.start, len(indices)) not in there]

    def with_shards(self, shards: Mapping[str, Shard]) -> Self:
        """Return the manifest with these finished shards, by file."""
        return replace(self, shards=tuple(shards[file] for file in sorted(shards)))

    def refuse_if_other(self, folder: Path, found: Self) -> None:
        """Refuse to go on in a folder that was made otherwise; it may have been asked for fewer images.

        Raises:
            DatasetError: names what differs.
        """
        mine, theirs = _as_plain(self), _as_plain(found)
        for key in ("shards", "count"):
            mine.pop(key)
            theirs.pop(key)
        refuse_other(folder, theirs, mine)
        if self.count < found.count:
            raise DatasetError(
                f"{folder}: is to hold {found.count} images, {self.count} asked; ask for as many or more, or name "
                "another folder"
            )

    def write(self, folder: Path) -> None:
        """Write the manifest into its folder, whole or not at all.

        Raises:
            OutputError: the folder cannot be written.
        """
        write_json(folder / MANIFEST_FILE, {"version": VERSION, **_as_plain(self)})


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises:
        DatasetError: there is none, or it is none of ours.
    """
    path = folder / MANIFEST_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        version = found.pop("version")
        if version != VERSION:
            raise DatasetError(f"{path}: has version {version}, {VERSION} is known; install a newer crossmodal")
        shards = tuple(Shard(**shard) for shard in found.pop("shards"))
        height, width = found.pop("size")
        manifest = Manifest(**found, size=(int(height), int(width)), shards=shards)
    except FileNotFoundError as error:
        raise DatasetError(
            f"{folder}: holds no {MANIFEST_FILE}, so it is no folder of noise shards; "
            "make one: crossmodal noise PROCESS --count N --shards DIR"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path}: is not a manifest of noise shards ({error})") from error
    if manifest.format not in IMAGE_FORMATS:
        raise DatasetError(f"{path}: images are {' or '.join(IMAGE_FORMATS)}, found {manifest.format!r}")
    return manifest


def _as_plain(manifest: Manifest) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(manifest)))
    return plain
