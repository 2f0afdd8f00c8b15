"""Synthesized data sets: images of a generator with masks of a label head, written and read as a folder.

A folder holds ``images/NAME.png``, palette masks ``masks/NAME.png``, ``classes.txt``, ``index.jsonl`` (one line per
image: files, index, uncertainty, pixels of each class), ``annotations.json`` (COCO: each class of each image as one
run-length-encoded region) and ``provenance.json`` (generator, head, seed, versions). `crossmodal.dissect.MaskFolder`
also reads it.
"""

import colorsys
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import Dataset

from crossmodal.dissect.source import as_images, inputs_of
from crossmodal.errors import DatasetError
from crossmodal.files import replace_atomically
from crossmodal.json_text import write_json
from crossmodal.labels.features import fingerprint
from crossmodal.labels.file import Head
from crossmodal.provenance import describe_origin

#: Folders that may exist in the folder of a data set before it is written: the sources of its labels.
SOURCES = frozenset({"annotations", "head"})
_INDEX, _COCO, _PROVENANCE, _CLASSES = "index.jsonl", "annotations.json", "provenance.json", "classes.txt"


def synthesize_labels(
    model: nn.Module,
    head: Head,
    folder: str | os.PathLike[str],
    count: int,
    *,
    seed: int = 0,
    first: int = 0,
    span: tuple[float, float] = (0.0, 1.0),
    keep: float = 1.0,
    batch: int = 8,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draw images, label them and write both; an unfinished folder is resumed.

    Args:
        model: the generator that the head was trained on.
        head: labels the images.
        folder: empty, new, or unfinished with the same generator, head and seed.
        count: total number of images.
        seed: of the latents.
        first: index of the first image.
        span: the generator's values of black and white.
        keep: fraction of the images, the most certain ones, in ``annotations.json`` and by default in
            `SynthesizedLabels`. All images are written.
        batch: number of images drawn at a time.
        progress: called with (done, count).

    Raises:
        DatasetError: the folder holds other files, or ``keep`` leaves no image.
        WeightsError: the output of the generator is not finite.
        OutputError: the folder cannot be written.
    """
    root = Path(folder)
    origin = {"generator": fingerprint(model), "head": fingerprint(head), "seed": seed, "first": first}
    _begin(root, head, origin, keep)
    done = len(_read_index(root))
    draw_inputs, palette = inputs_of(model.eval(), seed=seed), palette_of(len(head.classes))
    for start in range(done, count, batch):
        indices = np.arange(first + start, first + min(start + batch, count))
        output, found = head.draw_labelled(model, draw_inputs(indices))
        images = (as_images(output, span) * 255).round().to(torch.uint8)
        lines = [
            _write_sample(root, int(index), image, mask, float(uncertainty), palette, len(head.classes))
            for index, image, mask, uncertainty in zip(indices, images, found.masks, found.by_image(), strict=True)
        ]
        # A line is written after its files, so an image without a line is drawn again after an interruption.
        with (root / _INDEX).open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))
        if progress is not None:
            progress(min(start + batch, count), count)
    _write_coco(root, head.classes, _most_certain(root, keep))
    return root


class SynthesizedLabels(Dataset[dict[str, Tensor]]):
    """Images with synthesized masks, from a folder written by `synthesize_labels`.

    A sample holds:
        image: uint8 (3, height, width), RGB.
        mask: int64 (height, width), indices of ``classes``.
        uncertainty: float32 (), of the image.
        index: int64 (), of the generator's latents.

    Args:
        root: the folder.
        keep: fraction of the images to use, the most certain ones; by default the value it was written with.

    Raises:
        DatasetError: the folder holds no such data set, or ``keep`` leaves no image.
    """

    def __init__(self, root: str | os.PathLike[str], keep: float | None = None) -> None:
        self.root = Path(root)
        classes, origin = self.root / _CLASSES, self.root / _PROVENANCE
        if not _read_index(self.root) or not classes.is_file() or not origin.is_file():
            raise DatasetError(
                f"{self.root}: holds no synthesized labels (expected {_INDEX}, {_CLASSES} and {_PROVENANCE})"
            )
        self.classes = tuple(classes.read_text(encoding="utf-8").splitlines())
        default = float(json.loads(origin.read_text(encoding="utf-8")).get("keep", 1.0))
        self.rows = _most_certain(self.root, default if keep is None else keep)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        row = self.rows[number]
        with Image.open(self.root / row["image"]) as opened, Image.open(self.root / row["mask"]) as mask:
            image, labels = np.array(opened.convert("RGB")), np.array(mask)
        return {
            "image": torch.from_numpy(image).permute(2, 0, 1),
            "mask": torch.from_numpy(labels).long(),
            "uncertainty": torch.tensor(float(row["uncertainty"])),
            "index": torch.tensor(int(row["index"])),
        }


def palette_of(classes: int) -> list[int]:
    """Return the colours of classes in a palette mask, flat RGB; neighbouring hues differ by the golden angle."""
    colours = [colorsys.hsv_to_rgb((0.381966 * index) % 1, 0.65, 0.95 - 0.17 * (index % 3)) for index in range(classes)]
    return [round(255 * part) for colour in colours for part in colour]


def write_mask(path: Path, labels: NDArray[np.uint8], palette: list[int]) -> None:
    """Write a mask of class indices (height, width) atomically as a palette PNG.

    Raises:
        OutputError: the file cannot be written.
    """
    painted = Image.fromarray(labels, mode="P")
    painted.putpalette(palette)
    with replace_atomically(path) as temporary:
        painted.save(temporary, format="PNG")


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Return the uncompressed COCO run lengths of a mask, by columns; the first run is outside the mask."""
    flat = mask.T.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], changes, [len(flat)]])
    lengths = np.diff(edges).tolist()
    return [0, *lengths] if flat[0] else lengths


def _most_certain(root: Path, keep: float) -> list[dict[str, Any]]:
    """The index rows of the most certain images, in the order of the index."""
    rows = _read_index(root)
    if not 0 < keep <= 1 or round(keep * len(rows)) < 1:
        raise DatasetError(f"{root}: keep must leave at least one of {len(rows)} images, got {keep:g}")
    certain = sorted(rows, key=lambda row: float(row["uncertainty"]))[: round(keep * len(rows))]
    return sorted(certain, key=lambda row: int(row["index"]))


def _begin(root: Path, head: Head, origin: dict[str, Any], keep: float) -> None:
    path = root / _PROVENANCE
    content = origin | {"keep": keep, "layers": list(head.layers), "classes": list(head.classes), **describe_origin()}
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        other = [key for key, value in origin.items() if found.get(key) != value]
        if other:
            raise DatasetError(f"{root}: was written with another {', '.join(other)}; name another folder")
        write_json(path, content)
        return
    if root.is_dir() and any(item.name not in SOURCES for item in root.iterdir()):
        raise DatasetError(f"{root}: holds files but no {_PROVENANCE}; name an empty or a new folder")
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True, exist_ok=True)
    with replace_atomically(root / _CLASSES) as temporary:
        temporary.write_text("\n".join(head.classes) + "\n", encoding="utf-8")
    write_json(path, content)


def _write_sample(
    root: Path, index: int, image: Tensor, mask: Tensor, uncertainty: float, palette: list[int], classes: int
) -> dict[str, Any]:
    file, name, labels = f"images/{index:06d}.png", f"masks/{index:06d}.png", mask.to(torch.uint8).cpu().numpy()
    drawn = Image.fromarray(np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy()))
    with replace_atomically(root / file) as temporary:
        drawn.save(temporary, format="PNG")
    write_mask(root / name, labels, palette)
    pixels = np.bincount(labels.ravel(), minlength=classes).tolist()
    return {"image": file, "mask": name, "index": index, "uncertainty": round(uncertainty, 5), "pixels": pixels}


def _read_index(root: Path) -> list[dict[str, Any]]:
    path = root / _INDEX
    if not path.is_file():
        return []
    complete, _, partial = path.read_text(encoding="utf-8").rpartition("\n")
    if partial:
        # The writer was stopped within a line; the image is drawn again.
        with replace_atomically(path) as temporary:
            temporary.write_text(complete + "\n" if complete else "", encoding="utf-8")
    return [json.loads(line) for line in complete.splitlines()]


def _write_coco(root: Path, classes: tuple[str, ...], kept: list[dict[str, Any]]) -> None:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for row in kept:
        with Image.open(root / row["mask"]) as mask:
            labels = np.array(mask)
        size = {"height": int(labels.shape[0]), "width": int(labels.shape[1])}
        images.append({"id": row["index"], "file_name": row["image"], **size})
        for index in np.unique(labels).tolist():
            region = labels == index
            rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
            box = [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": row["index"],
                    "category_id": index + 1,
                    "segmentation": {"counts": run_lengths(region), "size": list(size.values())},
                    "area": int(region.sum()),
                    "bbox": [int(side) for side in box],
                    "iscrowd": 1,
                }
            )
    categories = [{"id": index + 1, "name": name} for index, name in enumerate(classes)]
    write_json(root / _COCO, {"images": images, "annotations": annotations, "categories": categories})
