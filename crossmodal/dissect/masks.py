"""A folder of images with masks: ``images/NAME.jpg`` beside ``masks/NAME.png``, and a list of the classes.

A mask is a PNG of class indices, 8-bit grey or palette, of the size of its image. The list is ``classes.txt`` (one name
per line, line 0 for index 0) or a table ``classes.tsv`` or ``concepts.tsv`` with the columns ``index`` and ``name``, in
the folder or next to it. If a table has a column ``dataset``, rows of other folders are skipped. 255 means "no label",
as do classes called unlabelled, void, various or ignore.
"""

import csv
import os
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from crossmodal.data.image_folder import open_image
from crossmodal.dissect.layer import Inputs
from crossmodal.dissect.source import UNLABELLED, Labelled
from crossmodal.errors import DatasetError, FormatError

_LISTS = ("classes.txt", "classes.tsv", "concepts.tsv")
_NO_LABEL = frozenset({"unlabelled", "unlabeled", "void", "various", "ignore", "ignored"})
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")


class MaskFolder:
    """Images with masks, centre-cropped to a square and resized to ``size`` pixels.

    Args:
        root: the folder.
        size: side of the squares, in pixels.
        classes: the list of classes; by default the one in the folder or next to it.

    Raises:
        DatasetError: the folder or a part of it is missing, an image has no mask, or the list of classes is invalid.
    """

    over: Literal["input", "output"] = "input"

    def __init__(
        self, root: str | os.PathLike[str], *, size: int = 128, classes: str | os.PathLike[str] | None = None
    ) -> None:
        self.root, self.size = Path(root), size
        for part in ("images", "masks"):
            if not (self.root / part).is_dir():
                raise DatasetError(
                    f"{self.root / part}: no such folder; a folder of images with masks holds images/NAME.jpg, "
                    "masks/NAME.png and a list of classes (classes.txt)"
                )
        images = sorted(path for path in (self.root / "images").iterdir() if path.suffix.lower() in _SUFFIXES)
        if not images:
            raise DatasetError(f"{self.root / 'images'}: holds no image ({', '.join(_SUFFIXES)} are read)")
        self.pairs = [(path, self.root / "masks" / f"{path.stem}.png") for path in images]
        missing = [mask.name for _, mask in self.pairs if not mask.is_file()]
        if missing:
            raise DatasetError(f"{self.root / 'masks'}: {len(missing)} images have no mask, {missing[0]} among them")
        self._list = Path(classes) if classes is not None else _find_list(self.root)
        named = _read_classes(self._list, self.root.name)
        self._known = np.zeros(256, dtype=bool)
        self._known[[*named, UNLABELLED]] = True
        self.concepts = {index: name for index, name in named.items() if name.lower() not in _NO_LABEL}

    def __len__(self) -> int:
        return len(self.pairs)

    def inputs(self, indices: NDArray[np.int64]) -> Inputs:
        """Read images: uint8 (n, 3, size, size).

        Raises:
            DatasetError: an image cannot be read.
        """
        return (torch.stack([self._image(self.pairs[index][0]) for index in indices]),)

    def labelled(self, indices: NDArray[np.int64], inputs: Inputs, output: Tensor | None) -> Labelled:
        """Read the masks of images.

        Raises:
            DatasetError: a mask cannot be read, differs in size from its image, or holds a class without a name.
        """
        return Labelled(inputs[0], torch.stack([self._mask(*self.pairs[index]) for index in indices]))

    def _image(self, path: Path) -> Tensor:
        try:
            square = _squared(open_image(path), self.size, Image.Resampling.BILINEAR)
        except FormatError as error:
            raise DatasetError(str(error)) from error
        return torch.from_numpy(np.array(square)).permute(2, 0, 1)

    def _mask(self, image: Path, path: Path) -> Tensor:
        try:
            with Image.open(path) as mask, Image.open(image) as own:
                if mask.mode not in ("L", "P"):
                    raise DatasetError(
                        f"{path}: expected a mask of class indices (8-bit grey or palette PNG), found {mask.mode}"
                    )
                if mask.size != own.size:
                    raise DatasetError(
                        f"{path}: has {mask.size[0]} x {mask.size[1]} pixels, its image {image.name} "
                        f"{own.size[0]} x {own.size[1]}; both must have the same size"
                    )
                self._check_classes(path, mask)
                square = _squared(mask, self.size, Image.Resampling.NEAREST)
        except (OSError, SyntaxError) as error:
            raise DatasetError(f"{path}: cannot be read ({error})") from error
        return torch.from_numpy(np.array(square)).long()

    def _check_classes(self, path: Path, mask: Image.Image) -> None:
        found = np.unique(np.asarray(mask))
        unknown = found[~self._known[found]]
        if len(unknown):
            where = self._list.name if self._list else "a list of classes"
            raise DatasetError(
                f"{path}: holds class {unknown[0]}, which {where} does not name; add it there, or set these pixels to "
                f"{UNLABELLED} (no label)"
            )


def _squared(image: Image.Image, size: int, how: Image.Resampling) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    # The box argument of resize would mix in pixels outside the square.
    return image.crop(box).resize((size, size), how)


def _find_list(root: Path) -> Path | None:
    paths = [folder / name for folder in (root, root.resolve().parent) for name in _LISTS]
    return next((path for path in paths if path.is_file()), None)


def _read_classes(path: Path | None, dataset: str) -> dict[int, str]:
    if path is None:
        # Without a list, indices serve as names and all are known.
        return {index: f"class {index}" for index in range(UNLABELLED)}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: cannot be read as a list of classes ({error})") from error
    if path.suffix == ".txt":
        return {index: name.strip() for index, name in enumerate(text.splitlines()) if name.strip()}
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    if not rows or not {"index", "name"} <= rows[0].keys():
        raise DatasetError(f"{path}: expected a table with the columns index and name, separated by tabs")
    own = [row for row in rows if row.get("dataset") in (None, dataset)]
    named = {row["index"]: row["name"] for row in own}
    wrong = [index for index in named if not (index or "").isdecimal() or int(index) > UNLABELLED]
    if wrong:
        raise DatasetError(f"{path}: expected an index of 0 to {UNLABELLED}, found {wrong[0]!r}")
    return {int(index): name for index, name in named.items()}
