"""Labelled photographs in folders: ``<class>/<image>``, in a training and a test part or in one tree.

The layout is torchvision's ``ImageFolder``. Any PIL format goes; grey, palette, 16-bit and transparent images become
RGB, and an image that cannot be read is named, not fatal.
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
#: The shorter side is brought to this many times the wanted one before the centre is cut out: 70 to 64, as published.
_MARGIN = 70 / 64
_TEST_SHARE = 0.2
_READERS = 2
_READ_AHEAD = 64

Labels = npt.NDArray[np.int64]
ImageArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Paths of images and the numbers of their classes, (n,) each."""

    paths: tuple[Path, ...]
    labels: Labels

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True, eq=False)
class ImageFolder:
    """Labelled images to fit on and others to measure on.

    Attributes:
        root: the folder.
        classes: names of the classes; a label is a place in this list.
        train: what may be looked at.
        test: what only the final figure is made of.
        split: how the two came about, in words.
    """

    root: Path
    classes: tuple[str, ...]
    train: LabelledImages
    test: LabelledImages
    split: str


class ReadImage(NamedTuple):
    """An image, uint8 (height, width, 3), or None and the reason why there is none."""

    image: ImageArray | None
    reason: str


def read_image_folder(root: str | os.PathLike[str], *, seed: int = 0) -> ImageFolder:
    """List the images of a folder: ``train/`` with ``val/`` or ``test/``, or one tree of classes.

    One tree is split by the seed, class by class: a fifth of each class's images, at least one, is for testing.

    Raises:
        DatasetError: no such folder; it has no classes, or only one; a part is missing; the test images have a class
            that the training images lack.
    """
    folder = Path(root)
    if not folder.is_dir():
        what = "a file, not a folder" if folder.exists() else "no such folder"
        raise DatasetError(f"{folder}: {what}; name a folder that holds one folder of images a class")
    if not (folder / "train").is_dir():
        classes, images = _list_classes(folder)
        train, test = split_by_class(images.labels, _TEST_SHARE, seed, "image folder/test images")
        how = f"one tree, split by seed {seed}: of each class 80 % to train on, 20 % to test on"
        return ImageFolder(folder, classes, _taken(images, train), _taken(images, test), how)
    tests = [name for name in _TEST_FOLDERS if (folder / name).is_dir()]
    if not tests:
        raise DatasetError(
            f"{folder}: holds train/ but neither val/ nor test/; add one, or name {folder / 'train'} alone"
        )
    classes, images = _list_classes(folder / "train")
    tested_classes, tested = _list_classes(folder / tests[0], least=1)
    unknown = [name for name in tested_classes if name not in classes]
    if unknown:
        raise DatasetError(f"{folder / tests[0]}: classes that train/ does not have: {_few(unknown)}")
    places = np.array([classes.index(name) for name in tested_classes], dtype=np.int64)
    test_images = LabelledImages(tested.paths, places[tested.labels])
    return ImageFolder(folder, classes, images, test_images, f"train/ and {tests[0]}/")


def split_by_class(labels: Labels, share: float, seed: int, stream: str) -> tuple[Labels, Labels]:
    """Split places 0 to n - 1 at random so that of each class ``share``, but at least one, goes to the second part.

    A class with a single image stays in the first part whole.

    Returns:
        The places in the first and in the second part, each in rising order.
    """
    order = generator(seed, stream).permutation(len(labels))
    second: list[int] = []
    for label in np.unique(labels):
        members = order[labels[order] == label]
        count = max(1, round(share * len(members))) if len(members) > 1 else 0
        second.extend(members[:count].tolist())
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[second] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def open_image(path: Path) -> Image.Image:
    """Read an image as RGB; transparency is ignored, as torchvision does, and 16 bits become 8.

    Raises:
        FormatError: it is damaged, or no image.
    """
    try:
        with Image.open(path) as image:
            if image.mode.startswith("I;16"):
                return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
            # PIL warns when the transparency of a palette gets lost on the way to RGB, so go there by two steps.
            return (image.convert("RGBA") if image.mode == "P" else image).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else str(error)
        raise FormatError(f"{path}: cannot be read ({reason})") from error


def centred(image: Image.Image, size: int) -> ImageArray:
    """Bring the shorter side to 70/64 of ``size`` (bilinear, antialiased) and cut the centre out: (size, size, 3).

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
    """Read images in order, a few ahead; ``render`` turns the place in the list and the RGB image into an array."""

    def read(place: int, path: Path) -> ReadImage:
        try:
            return ReadImage(render(place, open_image(path)), "")
        except FormatError as error:
            return ReadImage(None, str(error))

    remaining = iter(enumerate(paths))
    with ThreadPoolExecutor(_READERS) as readers:
        pending = deque(readers.submit(read, *item) for item in islice(remaining, _READ_AHEAD))
        while pending:
            yield pending.popleft().result()
            pending.extend(readers.submit(read, *item) for item in islice(remaining, 1))


def _list_classes(folder: Path, least: int = 2) -> tuple[tuple[str, ...], LabelledImages]:
    members = {child.name: _images_in(child) for child in sorted(folder.iterdir()) if _is_class(child)}
    classes = tuple(name for name, paths in members.items() if paths)
    if len(classes) < least:
        raise DatasetError(f"{folder}: {_too_few(folder, classes)}")
    labels = [label for label, name in enumerate(classes) for _ in members[name]]
    paths = tuple(path for name in classes for path in members[name])
    return classes, LabelledImages(paths, np.array(labels, dtype=np.int64))


def _too_few(folder: Path, classes: tuple[str, ...]) -> str:
    if classes:
        return f"has one class only ({classes[0]}); telling classes apart takes two"
    loose = sum(_is_image(child) for child in folder.iterdir())
    found = f"found {loose} images lying loose" if loose else "found no image"
    return f"has no classes; {found}, where folders of images, one a class, were expected"


def _is_class(child: Path) -> bool:
    return child.is_dir() and not child.name.startswith(".")


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file()


def _images_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if _is_image(path))


def _taken(images: LabelledImages, places: Labels) -> LabelledImages:
    return LabelledImages(tuple(images.paths[place] for place in places), images.labels[places])


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
