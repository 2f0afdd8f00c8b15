"""Features of labelled images by a frozen network or a baseline, cached on disk."""

import hashlib
import json
import logging
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.backbones import Backbone
from crossmodal.backbones.layers import POOLED, features, frozen, layer_names
from crossmodal.data.image_folder import ImageArray, LabelledImages, Labels, ReadImage, centred, read_images
from crossmodal.errors import DatasetError, OutputError, WeightsError
from crossmodal.files import replace_atomically
from crossmodal.spelling import suggestion

_logger = logging.getLogger(__name__)

#: Increase this when the features of the same images and weights change.
CACHE_VERSION = 2
#: Maps are averaged to the finest square grid with at most this many features.
MOST_FEATURES = 4096
_RAW_SIDE = 32
_BATCH = 64

Values = npt.NDArray[np.float32]
Progress = Callable[[int, int, str], None]


class Source(Protocol):
    """Computes one vector per image, independent of the other images."""

    @property
    def identity(self) -> str:
        """A name that is different for sources with different vectors."""

    def __call__(self, images: Tensor) -> Tensor:
        """Compute float32 vectors (n, features) of images (n, 3, size, size), uint8."""


class BackboneFeatures:
    """Vectors from a layer of a copy of a backbone; maps are averaged to a grid with at most 4096 features in all.

    ``layer`` None is ``fc6`` if the backbone has it (the published choice), else ``pooled``.

    Raises:
        ValueError: the backbone has no such layer.
    """

    def __init__(self, backbone: Backbone, layer: str | None = None, device: torch.device | str = "cpu") -> None:
        known = layer_names(backbone)
        self.layer = layer if layer is not None else ("fc6" if "fc6" in known else POOLED)
        if self.layer not in known:
            raise ValueError(f"{type(backbone).__name__} has no layer {layer!r}{suggestion(self.layer, known)}")
        self.device = torch.device(device)
        self.backbone = frozen(backbone.to(self.device), self.layer)
        self.identity = f"{hash_of_backbone(backbone)}/{self.layer}/{MOST_FEATURES}"

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Compute the vectors of the layer, with the backbone in evaluation mode."""
        values = features(self.backbone, images.to(self.device), self.layer)
        if values.dim() == 4:
            finest = max(1, int((MOST_FEATURES / values.shape[1]) ** 0.5))
            rows, columns = (min(finest, side) for side in values.shape[2:])
            values = F.adaptive_avg_pool2d(values, (rows, columns)).flatten(1)
        return values.float().cpu()


class RawPixels:
    """The image, reduced to at most 32 x 32 pixels, -1 to 1 with mid-grey at 0."""

    identity = f"raw pixels/{_RAW_SIDE}"

    def __call__(self, images: Tensor) -> Tensor:
        """Compute vectors (n, 3 * 32 * 32) of images (n, 3, size, size), uint8."""
        side = min(_RAW_SIDE, *images.shape[2:])
        small = F.interpolate(images.float(), size=(side, side), mode="bilinear", antialias=True)
        return small.flatten(1) / 127.5 - 1


class MeanColour:
    """The mean of red, green and blue over the image, -1 to 1 with mid-grey at 0."""

    identity = "mean colour"

    def __call__(self, images: Tensor) -> Tensor:
        """Compute vectors (n, 3) of images (n, 3, size, size), uint8."""
        return images.float().mean(dim=(2, 3)) / 127.5 - 1


@dataclass(frozen=True, eq=False)
class Features:
    """Vectors of the readable images.

    Attributes:
        values: (images, features) float32.
        indices: (images,) indices into the listed images.
        fingerprints: (images,) hashes of pixels; identical images have equal ones.
        broken: the reason why each of the other images could not be read.
    """

    values: Values
    indices: Labels
    fingerprints: npt.NDArray[np.uint64]
    broken: tuple[str, ...]


class FeatureCache:
    """A folder of NumPy files, one for each list of images, size and source of vectors.

    Files are replaced atomically; damaged files are computed again. If the folder is not writable, a warning is logged
    and nothing is cached.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    def path(self, images: LabelledImages, source: Source, size: int) -> Path:
        """Return the path of the file, from the paths, sizes and modification times of the images."""
        listed = []
        for path in images.paths:
            found = path.stat()
            listed.append([str(path.absolute()), found.st_size, found.st_mtime_ns])
        key = json.dumps([CACHE_VERSION, source.identity, size, listed]).encode()
        return self.root / f"{hashlib.blake2b(key, digest_size=16).hexdigest()}.npz"

    def load(self, path: Path, count: int) -> Features | None:
        """Read the features of ``count`` images; None if the file is missing or damaged."""
        try:
            # Opened here, because NumPy does not close a file that it cannot read.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                found = Features(
                    archive["values"], archive["places"], archive["fingerprints"], tuple(archive["broken"].tolist())
                )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            _logger.warning("%s: damaged file of cached features; computing them again (%s)", path, error)
            return None
        whole = found.values.ndim == 2 and len(found.values) == len(found.indices) == len(found.fingerprints)
        return found if whole and len(found.indices) + len(found.broken) == count else None

    def save(self, path: Path, features: Features) -> None:
        """Write features; if the folder is not writable, log a warning."""
        try:
            with replace_atomically(path) as temporary:
                np.savez(
                    temporary, values=features.values, places=features.indices, fingerprints=features.fingerprints,
                    broken=np.array(features.broken, dtype=np.str_),
                )  # fmt: skip
        except OutputError as error:
            _logger.warning("features are not cached: %s", error)


def extract(
    images: LabelledImages,
    source: Source,
    size: int,
    *,
    cache: FeatureCache | None = None,
    progress: Progress | None = None,
    label: str = "",
) -> Features:
    """Compute, or read from the cache, the vectors of the central ``size`` x ``size`` pixels of all images.

    Raises:
        DatasetError: no image can be read.
        WeightsError: the vectors are not finite.
    """
    path = cache.path(images, source, size) if cache is not None else None
    cached = cache.load(path, len(images)) if cache is not None and path is not None else None
    if cached is not None:
        return cached
    computed = _extract(images, source, size, progress, label)
    if cache is not None and path is not None:
        cache.save(path, computed)
    return computed


def hash_of_backbone(backbone: Backbone) -> str:
    """Hash everything that determines the features of a backbone: its class, tensors and input normalisation."""
    digest = hashlib.blake2b(f"{type(backbone).__name__}/{backbone.normalization}".encode(), digest_size=16)
    for name, tensor in backbone.state_dict().items():
        digest.update(f"{name}/{tuple(tensor.shape)}/{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def as_batch(images: list[ImageArray]) -> Tensor:
    """Stack images (height, width, 3) to a uint8 tensor (n, 3, height, width)."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


def _extract(images: LabelledImages, source: Source, size: int, progress: Progress | None, label: str) -> Features:
    read = read_images(images.paths, lambda _, image: centred(image, size))
    vectors: list[Values] = []
    indices: list[int] = []
    fingerprints: list[int] = []
    broken: list[str] = []
    if progress is not None:
        progress(0, len(images), label)
    for batch in _batches(enumerate(read)):
        readable = [(index, item.image) for index, item in batch if item.image is not None]
        broken += [item.reason for _, item in batch if item.image is None]
        if readable:
            vectors.append(source(as_batch([image for _, image in readable])).numpy())
        indices += [index for index, _ in readable]
        fingerprints += [_fingerprint(image) for _, image in readable]
        if progress is not None:
            progress(len(indices) + len(broken), len(images), label)
    if not indices:
        raise DatasetError(f"none of {len(images)} images can be read; the first: {broken[0] if broken else 'none'}")
    values = np.concatenate(vectors)
    if not np.isfinite(values).all():
        raise WeightsError(f"{label or source.identity}: features are not finite; the weights are damaged")
    return Features(values, np.array(indices), np.array(fingerprints, dtype=np.uint64), tuple(broken))


def _batches(items: Iterable[tuple[int, ReadImage]]) -> Iterator[list[tuple[int, ReadImage]]]:
    batch: list[tuple[int, ReadImage]] = []
    for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _fingerprint(image: ImageArray) -> int:
    return int.from_bytes(hashlib.blake2b(image.tobytes(), digest_size=8).digest(), "little")
