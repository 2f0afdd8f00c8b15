"""Read noise shards back, each image by its place, without unpacking anything.

webdataset reads the same files, but only as a stream, and runs that resume exactly need each image by its place: one
image costs webdataset as much as all before it (`benchmarks/shards.py`). Its decoders are not for shards of strangers:
they unpickle members by name (``.pyd``, ``.pth``), and addresses that begin with ``pipe:`` are run by the shell.
"""

import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from crossmodal.data.noise.images import Progress, decode_image, file_stem
from crossmodal.data.noise.manifest import Manifest, Shard, read_manifest
from crossmodal.data.noise.shards import shard_fault
from crossmodal.errors import DatasetError
from crossmodal.noise import Process, from_description


class NoiseShards(Dataset[dict[str, torch.Tensor]]):
    """The images of a folder that `write_noise_shards` made, in the order of their indices.

    Each shard's table of contents is read when the first of its images is asked for; an image then costs one read of
    its own bytes.

    A sample holds:
        image: uint8 (3, height, width), RGB.
        index: int64 (), its index in the process.
        label: int64 (), its program; only where the process has labels.

    Attributes:
        manifest: what was asked for, and what is there.

    Raises:
        DatasetError: the folder holds no noise shards, or they are not finished.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.manifest: Manifest = read_manifest(self.folder)
        if self.manifest.unfinished:
            done, planned = len(self.manifest.shards), len(self.manifest.planned)
            raise DatasetError(
                f"{self.folder}: {done} of {planned} shards are there; go on with the command that began it"
            )
        self._contents: dict[int, NDArray[np.int64]] = {}

    @property
    def process(self) -> Process[Any]:
        """The process that drew the images, made again from the manifest."""
        return from_description(self.manifest.process)

    def __len__(self) -> int:
        return self.manifest.count

    def __getitem__(self, place: int) -> dict[str, torch.Tensor]:
        if not -len(self) <= place < len(self):
            raise IndexError(f"place {place} of {len(self)} images")
        number, row = divmod(place % len(self), self.manifest.shard_size)
        shard = self.manifest.shards[number]
        if number not in self._contents:
            self._contents[number] = self._read_contents(shard)
        offset, length, label = self._contents[number][row].tolist()
        with (self.folder / shard.file).open("rb") as file:
            file.seek(offset)
            image = decode_image(file.read(length))
        sample = {"image": image, "index": torch.tensor(shard.first + row)}
        return sample if self.manifest.classes is None else sample | {"label": torch.tensor(label)}

    def verify(self, progress: Progress | None = None) -> list[str]:
        """List every fault at once: shards that are missing, cut off or changed. Reads every byte."""
        faults = []
        for done, shard in enumerate(self.manifest.shards, start=1):
            fault = shard_fault(self.folder, shard)
            if fault is not None:
                faults.append(fault)
            if progress is not None:
                progress(done, len(self.manifest.shards), shard.file)
        return faults

    def _read_contents(self, shard: Shard) -> NDArray[np.int64]:
        """Find the images of a shard: for each its offset and length in bytes, and its label (-1 without)."""
        found: dict[str, list[int]] = {}
        try:
            with tarfile.open(self.folder / shard.file, "r:") as archive:
                for member in archive:
                    stem, _, ending = member.name.partition(".")
                    entry = found.setdefault(stem, [0, 0, -1])
                    if ending == self.manifest.format:
                        entry[:2] = member.offset_data, member.size
                    elif ending == "cls" and member.isreg() and (label := archive.extractfile(member)):
                        entry[2] = int(label.read())
            rows = [found[file_stem(index)] for index in range(shard.first, shard.first + shard.count)]
        except (OSError, ValueError, KeyError, tarfile.TarError) as error:
            raise DatasetError(
                f"{self.folder / shard.file}: does not hold what the manifest says ({error}); `NoiseShards.verify` "
                "lists all faults; delete what it names and repeat the command that made it"
            ) from error
        return np.array(rows, dtype=np.int64)
