"""Labelled photographs in folders ``<class>/<image>``, in a training and a test folder or in one tree.

The layout is that of torchvision's ``ImageFolder``. All formats of PIL are supported. Grey, palette, 16-bit and
transparent images are converted to RGB; an image that cannot be read is reported and skipped.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from crossmodal.errors import DatasetError, FormatError
from crossmodal.randomness import generator

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".ppm", ".pgm", ".bmp", ".tif", ".tiff", ".webp", ".gif"})
_TEST_FOLDERS = ("val", "test")
#: Ratio of the shorter side after resizing to the side of the centre crop: 70 to 64, as published.
_MARGIN = 70 / 64
_TEST_FRACTION = 0.2
_READERS = 2
_READ_AHEAD = 64

Labels = npt.NDArray[np.int64]
ImageArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Paths of images and the indices of their classes, (n,) each."""

    paths: tuple[Path, ...]
    labels: Labels

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True, eq=False)
class ImageFolder:
    """Labelled training and test images.

    Attributes:
        root: the folder.
        classes: names of the classes; a label is an index in this list.
        train: images to fit on.
        test: images for the final accuracy only.
        split: description of the split.
    """

    root: Path
    classes: tuple[str, ...]
    train: LabelledImages
    test: LabelledImages
    split: str


class ReadImage(NamedTuple):
    """An image, uint8 (height, width, 3), or None and the reason why it cannot be read."""

    image: ImageArray | None
    reason: str


def read_image_folder(root: str | os.PathLike[str], *, seed: int = 0) -> ImageFolder:
    """List the images of a folder: ``train/`` with ``val/`` or ``test/``, or one tree of classes.

    One tree is split by the seed within each class: a fifth of the images of a class, at least one, are test images.

    Raises:
        DatasetError: the folder does not exist or has fewer than two classes, ``val/`` and ``test/`` are missing, or
            the test images have a class that the training images do not have.
    """
    folder = Path(root)
    if not folder.is_dir():
        found = "a file, not a folder" if folder.exists() else "no such folder"
        raise DatasetError(f"{folder}: {found}; pass a folder with one subfolder of images per class")
    if not (folder / "train").is_dir():
        classes, images = _list_classes(folder)
        train, test = split_by_class(images.labels, _TEST_FRACTION, seed, "image folder/test images")
        split = f"one tree, split by seed {seed}: of each class 80 % to train on, 20 % to test on"
        return ImageFolder(folder, classes, _select(images, train), _select(images, test), split)
    tests = [name for name in _TEST_FOLDERS if (folder / name).is_dir()]
    if not tests:
        raise DatasetError(
            f"{folder}: has train/ but neither val/ nor test/; add one, or pass {folder / 'train'} to split it"
        )
    classes, images = _list_classes(folder / "train")
    tested_classes, tested = _list_classes(folder / tests[0], at_least=1)
    unknown = [name for name in tested_classes if name not in classes]
    if unknown:
        raise DatasetError(f"{folder / tests[0]}: classes that train/ does not have: {_few(unknown)}")
    indices = np.array([classes.index(name) for name in tested_classes], dtype=np.int64)
    test_images = LabelledImages(tested.paths, indices[tested.labels])
    return ImageFolder(folder, classes, images, test_images, f"train/ and {tests[0]}/")


def split_by_class(labels: Labels, fraction: float, seed: int, stream: str) -> tuple[Labels, Labels]:
    """Split indices 0 to n - 1 at random; a fraction of each class, at least one, is in the second part.

    A class with a single image is in the first part.

    Returns:
        The indices of the first and of the second part, each ascending.
    """
    order = generator(seed, stream).permutation(len(labels))
    second: list[int] = []
    for label in np.unique(labels):
        members = order[labels[order] == label]
        count = max(1, round(fraction * len(members))) if len(members) > 1 else 0
        second.extend(members[:count].tolist())
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[second] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def open_image(path: Path) -> Image.Image:
    """Read an image as RGB; transparency is ignored, as in torchvision, and 16 bits become 8.

    Raises:
        FormatError: the file is damaged or not an image.
    """
    try:
        with Image.open(path) as image:
            if image.mode.startswith("I;16"):
                return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
            # PIL warns when a palette with transparency is converted to RGB directly.
            return (image.convert("RGBA") if image.mode == "P" else image).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else str(error)
        raise FormatError(f"{path}: cannot be read ({reason})") from error


def centred(image: Image.Image, size: int) -> ImageArray:
    """Resize the shorter side to 70/64 of ``size`` (bilinear, antialiased) and crop the centre: (size, size, 3).

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021: resized to 70, centre crop of 64.
    """
    side = round(_MARGIN * size)
    scale = side / min(image.size)
    width, height = (max(side, round(scale * length)) for length in image.size)
    left, top = (width - size) // 2, (height - size) // 2
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized.crop((left, top, left + size, top + size)))


def read_images(paths: Sequence[Path], render: Callable[[int, Image.Image], ImageArray]) -> Iterator[ReadImage]:
    """Read images in order, a few ahead; ``render`` maps the index in the list and the RGB image to an array."""

    def read(index: int, path: Path) -> ReadImage:
        try:
            return ReadImage(render(index, open_image(path)), "")
        except FormatError as error:
            return ReadImage(None, str(error))

    remaining = iter(enumerate(paths))
    with ThreadPoolExecutor(_READERS) as readers:
        pending = deque(readers.submit(read, *item) for item in islice(remaining, _READ_AHEAD))
        while pending:
            yield pending.popleft().result()
            pending.extend(readers.submit(read, *item) for item in islice(remaining, 1))


def _list_classes(folder: Path, at_least: int = 2) -> tuple[tuple[str, ...], LabelledImages]:
    members = {child.name: _images_in(child) for child in sorted(folder.iterdir()) if _is_class(child)}
    classes = tuple(name for name, paths in members.items() if paths)
    if len(classes) < at_least:
        raise DatasetError(f"{folder}: {_too_few(folder, classes)}")
    labels = [label for label, name in enumerate(classes) for _ in members[name]]
    paths = tuple(path for name in classes for path in members[name])
    return classes, LabelledImages(paths, np.array(labels, dtype=np.int64))


def _too_few(folder: Path, classes: tuple[str, ...]) -> str:
    if classes:
        return f"has one class only ({classes[0]}); classification needs at least two"
    loose = sum(_is_image(child) for child in folder.iterdir())
    found = f"found {loose} images outside of class folders" if loose else "found no image"
    return f"has no classes; {found}, expected one folder of images per class"


def _is_class(child: Path) -> bool:
    return child.is_dir() and not child.name.startswith(".")


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file()


def _images_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if _is_image(path))


def _select(images: LabelledImages, indices: Labels) -> LabelledImages:
    return LabelledImages(tuple(images.paths[index] for index in indices), images.labels[indices])


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
