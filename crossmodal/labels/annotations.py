"""Annotated images of a generator: the folder that the annotation page writes and label heads are trained on.

The folder holds ``images/000007.png``, ``masks/000007.png`` (palette PNG of class indices, 255 where nothing is
painted), ``classes.txt`` and ``provenance.json`` (fingerprint and seed of the generator). The name of an image is its
index among the images of the generator. `crossmodal.dissect.MaskFolder` also reads it if each image has a mask.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from crossmodal.dissect.source import UNLABELLED, Segment, as_images, inputs_of, segment_images
from crossmodal.errors import DatasetError
from crossmodal.files import replace_atomically
from crossmodal.json_text import write_json
from crossmodal.labels.features import fingerprint
from crossmodal.labels.label_set import palette_of, write_mask
from crossmodal.provenance import describe_origin

#: Default classes.
CLASSES = ("background", "object")
_CLASSES, _PROVENANCE = "classes.txt", "provenance.json"


@dataclass(frozen=True, eq=False)
class Annotations:
    """Annotated images of a generator.

    Attributes:
        root: the folder.
        indices: of the images, among those of the generator for the seed.
        masks: int64 (height, width) of each image; 255 is not annotated.
        classes: names of the classes.
        seed: of the latents.
    """

    root: Path
    indices: tuple[int, ...]
    masks: tuple[Tensor, ...]
    classes: tuple[str, ...]
    seed: int

    def digest(self) -> str:
        """Return the SHA-256 of the annotations, in hexadecimal."""
        digest = hashlib.sha256(f"{self.indices} {self.classes} {self.seed}".encode())
        for mask in self.masks:
            digest.update(mask.to(torch.uint8).numpy().tobytes())
        return digest.hexdigest()


def begin_annotations(
    model: nn.Module, folder: str | os.PathLike[str], indices: Sequence[int], classes: Sequence[str], *, seed: int = 0
) -> Path:
    """Draw the images to annotate; a folder of the same generator and seed is resumed.

    Raises:
        DatasetError: the folder holds other files, or the number of different classes is not 2 to 255.
        ValueError: the network is no generator.
        WeightsError: the images of the generator are not finite.
        OutputError: the folder cannot be written.
    """
    root = Path(folder)
    origin = {"generator": fingerprint(model), "seed": seed}
    if (root / _PROVENANCE).is_file():
        _check_origin(root, origin)
    elif root.is_dir() and any(root.iterdir()):
        raise DatasetError(f"{root}: holds files but no {_PROVENANCE}; name an empty or a new folder")
    images = (draw_images(model, indices, seed) * 255).round().to(torch.uint8)
    (root / "masks").mkdir(parents=True, exist_ok=True)
    write_json(root / _PROVENANCE, origin | describe_origin())
    write_classes(root, classes)
    for index, image in zip(indices, images, strict=True):
        drawn = Image.fromarray(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))
        with replace_atomically(root / "images" / f"{index:06d}.png") as temporary:
            drawn.save(temporary, format="PNG")
    return root


def annotate_with(
    model: nn.Module, segment: Segment, folder: str | os.PathLike[str], indices: Sequence[int], *, seed: int = 0
) -> None:
    """Label the images of a folder by a segmenter; existing masks are kept.

    Raises:
        WeightsError: the segmenter does not return labels of the size of the images.
        OutputError: a mask cannot be written.
    """
    root = Path(folder)
    missing = [index for index in indices if not mask_path(root, index).is_file()]
    if missing:
        labels = segment_images(segment, draw_images(model, missing, seed)).to(torch.uint8).cpu().numpy()
        for index, mask in zip(missing, labels, strict=True):
            save_annotation(root, index, mask)


def read_annotations(model: nn.Module, folder: str | os.PathLike[str]) -> Annotations:
    """Read the annotations of a generator's images.

    Raises:
        DatasetError: the folder or all masks are missing, the folder belongs to another generator, or a mask cannot be
            read, is not named by an index, differs in size from the images or holds a class without a name.
        WeightsError: the images of the generator are not finite.
    """
    root = Path(folder)
    paths = sorted((root / "masks").glob("*.png"))
    if not paths:
        raise DatasetError(
            f"{root / 'masks'}: holds no mask (NUMBER.png); paint some with `crossmodal annotate GENERATOR --out "
            f"{root}`"
        )
    seed = _check_origin(root, {"generator": fingerprint(model)})
    classes = read_classes(root)
    unnamed = [path.name for path in paths if not path.stem.isdecimal()]
    if unnamed:
        raise DatasetError(
            f"{root / 'masks' / unnamed[0]}: a mask must be named by the index of its image, such as 000007.png"
        )
    size = tuple(int(side) for side in draw_images(model, [0], seed).shape[-2:])
    masks = tuple(_read_mask(path, (size[0], size[1]), len(classes)) for path in paths)
    return Annotations(root, tuple(int(path.stem) for path in paths), masks, classes, seed)


def draw_images(model: nn.Module, indices: Sequence[int], seed: int) -> Tensor:
    """Draw images of a generator: float (n, 3, height, width), 0 to 1.

    Raises:
        WeightsError: the images are not finite.
    """
    with torch.inference_mode():
        return as_images(model.eval()(*inputs_of(model, seed=seed)(np.asarray(indices)))).cpu()


def mask_path(root: Path, index: int) -> Path:
    """Return the path of the mask of an image."""
    return root / "masks" / f"{index:06d}.png"


def save_annotation(root: Path, index: int, labels: NDArray[np.uint8]) -> None:
    """Write the mask (height, width) of an image atomically.

    Raises:
        OutputError: the mask cannot be written.
    """
    write_mask(mask_path(root, index), labels, [*palette_of(UNLABELLED), 0, 0, 0])


def read_classes(root: Path) -> tuple[str, ...]:
    """Read the class names of a folder.

    Raises:
        DatasetError: the list of classes cannot be read.
    """
    try:
        return tuple((root / _CLASSES).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{root / _CLASSES}: cannot be read; expected one class name per line") from error


def read_seed(root: Path) -> int:
    """Read the seed of a folder.

    Raises:
        DatasetError: the provenance file cannot be read.
    """
    return _check_origin(root, {})


def write_classes(root: Path, classes: Sequence[str]) -> None:
    """Write the list of classes. Existing classes can be renamed but not removed: masks hold their indices.

    Raises:
        DatasetError: there are not 2 to 255 different names without line breaks, or fewer than before.
        OutputError: the list cannot be written.
    """
    if not 2 <= len(classes) <= UNLABELLED or len(set(classes)) < len(classes):
        raise DatasetError(f"expected 2 to {UNLABELLED} different classes, found {', '.join(classes) or 'none'}")
    wrong = [name for name in classes if not name.strip() or len(name.splitlines()) != 1]
    if wrong:
        raise DatasetError(f"the name of a class must be one line of text, found {wrong[0]!r}")
    if (root / _CLASSES).is_file() and len(classes) < len(read_classes(root)):
        raise DatasetError(
            f"{root / _CLASSES}: a class cannot be removed, because masks may hold it; rename it instead"
        )
    with replace_atomically(root / _CLASSES) as temporary:
        temporary.write_text("\n".join(classes) + "\n", encoding="utf-8")


def _check_origin(root: Path, origin: dict[str, Any]) -> int:
    """Check the generator and the seed of a folder, and return the seed."""
    try:
        found = json.loads((root / _PROVENANCE).read_text(encoding="utf-8"))
        seed = int(found["seed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{root / _PROVENANCE}: does not name the generator and the seed of the images; make a folder with "
            "`crossmodal annotate`"
        ) from error
    other = [key for key, value in origin.items() if found.get(key) != value]
    if other:
        raise DatasetError(f"{root}: holds annotations of another {' and '.join(other)}; name another folder")
    return seed


def _read_mask(path: Path, size: tuple[int, int], classes: int) -> Tensor:
    try:
        with Image.open(path) as image:
            mode, labels = image.mode, np.array(image)
    except (OSError, SyntaxError) as error:
        raise DatasetError(f"{path}: cannot be read ({error})") from error
    if mode not in ("L", "P"):
        raise DatasetError(f"{path}: expected a mask of class indices (8-bit grey or palette PNG), found {mode}")
    if labels.shape != size:
        raise DatasetError(
            f"{path}: has {labels.shape[1]} x {labels.shape[0]} pixels, the generator's images "
            f"{size[1]} x {size[0]}; both must have the same size"
        )
    unknown = [value for value in np.unique(labels).tolist() if value >= classes and value != UNLABELLED]
    if unknown:
        raise DatasetError(
            f"{path}: holds class {unknown[0]}, which {_CLASSES} does not name; add it there, or set these pixels "
            f"to {UNLABELLED} (no label)"
        )
    return torch.from_numpy(labels).long()
