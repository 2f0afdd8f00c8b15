"""Read noise shards by index, without unpacking them.

webdataset reads the same files only as a stream, but exact resume needs random access: in webdataset one image costs
as much as all images before it (`benchmarks/shards.py`). Its decoders are unsafe for untrusted shards: they unpickle
members by name (``.pyd``, ``.pth``), and addresses that begin with ``pipe:`` are run by the shell.
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
    """The images of a folder written by `write_noise_shards`, in the order of their indices.

    The table of contents of a shard is read at the first access to it; each image then costs one read of its bytes.

    A sample has these keys:
        image: uint8 (3, height, width), RGB.
        index: int64 (), its index in the process.
        label: int64 (), its program; only if the process has labels.

    Attributes:
        manifest: the settings and the shards of the folder.

    Raises:
        DatasetError: the folder has no noise shards, or they are unfinished.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.manifest: Manifest = read_manifest(self.folder)
        if self.manifest.unfinished:
            done, planned = len(self.manifest.shards), len(self.manifest.planned)
            raise DatasetError(
                f"{self.folder}: {done} of {planned} shards are finished; repeat the command that made them to resume"
            )
        self._contents: dict[int, NDArray[np.int64]] = {}

    @property
    def process(self) -> Process[Any]:
        """The process that drew the images, created from the manifest."""
        return from_description(self.manifest.process)

    def __len__(self) -> int:
        return self.manifest.count

    def __getitem__(self, item: int) -> dict[str, torch.Tensor]:
        if not -len(self) <= item < len(self):
            raise IndexError(f"index {item} is out of range for {len(self)} images")
        number, row = divmod(item % len(self), self.manifest.shard_size)
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
        """Return all faults: shards that are missing, truncated or changed. Reads every byte."""
        faults = []
        for done, shard in enumerate(self.manifest.shards, start=1):
            fault = shard_fault(self.folder, shard)
            if fault is not None:
                faults.append(fault)
            if progress is not None:
                progress(done, len(self.manifest.shards), shard.file)
        return faults

    def _read_contents(self, shard: Shard) -> NDArray[np.int64]:
        """Return the offset and length in bytes and the label (-1 if none) of each image of a shard, int64 (n, 3)."""
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
                f"{self.folder / shard.file}: does not match the manifest ({error}); `NoiseShards.verify` lists all "
                "faults; delete the files that it names and repeat the command that made them"
            ) from error
        return np.array(rows, dtype=np.int64)
