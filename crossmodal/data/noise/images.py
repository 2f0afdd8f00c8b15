"""Images of a process as files, each with what it takes to draw it again."""

import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from crossmodal._version import __version__
from crossmodal.errors import DatasetError
from crossmodal.files import refuse_unmarked, replace_atomically
from crossmodal.json_text import write_json
from crossmodal.noise import Process

ImageFormat = Literal["png", "jpg", "webp"]
IMAGE_FORMATS: tuple[str, ...] = get_args(ImageFormat)
INDEX_FILE = "index.json"
TEXT_KEY = "crossmodal.noise"

Progress = Callable[[int, int, str], None]

# Images that are rendered at once: enough for batched kernels, few enough for the memory of any process.
_BATCH = 32
# png and webp give back every byte. Noise hardly compresses, so the quick levels lose next to nothing.
_SAVING: dict[str, dict[str, Any]] = {
    "png": {"format": "PNG", "compress_level": 1},
    "jpg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    "webp": {"format": "WEBP", "lossless": True, "quality": 20, "method": 1},
}


@dataclass(frozen=True)
class NoiseSample:
    """An image (uint8 (height, width, 3)), its index, its label if it has one, and the JSON that tells of it."""

    index: int
    image: NDArray[np.uint8]
    label: int | None
    description: str


def render_samples(
    process: Process[Any], indices: range, size: tuple[int, int], seed: int, device: torch.device | str = "cpu"
) -> Iterator[NoiseSample]:
    """Render images one after another, each with the description that replays it.

    The description holds ``process``, ``options``, ``seed``, ``index``, ``size`` (height, width), ``crossmodal`` (the
    version) and, where the process has labels, ``label``.
    """
    common = process.describe() | {"seed": seed, "size": list(size), "crossmodal": __version__}
    for start in range(0, len(indices), _BATCH):
        batch = indices[start : start + _BATCH]
        images = process(batch, size, seed, device).permute(0, 2, 3, 1).cpu().numpy()
        labels = [None] * len(batch) if process.classes is None else process.labels(batch, seed).tolist()
        for index, image, label in zip(batch, images, labels, strict=True):
            told = common | {"index": index} | ({} if label is None else {"label": label})
            yield NoiseSample(index, image, label, json.dumps(told, sort_keys=True))


def encode_image(image: NDArray[np.uint8], image_format: ImageFormat, description: str | None = None) -> bytes:
    """Encode an image, uint8 (height, width, 3), as png or webp (both exact) or jpg (quality 95, 4:4:4).

    A png carries the description, if there is one, as the text ``crossmodal.noise``.
    """
    more: dict[str, Any] = {}
    if description is not None and image_format == "png":
        more["pnginfo"] = PngInfo()
        more["pnginfo"].add_text(TEXT_KEY, description)
    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(encoded, **_SAVING[image_format], **more)
    return encoded.getvalue()


def decode_image(encoded: bytes) -> torch.Tensor:
    """Decode an image: uint8 (3, height, width)."""
    with Image.open(io.BytesIO(encoded)) as image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).contiguous()


def file_stem(index: int) -> str:
    """Write an index so that names sort as numbers do, up to a thousand million."""
    return f"{index:09d}"


def write_noise_images(
    out: str | os.PathLike[str],
    process: Process[Any],
    count: int,
    *,
    first: int = 0,
    size: tuple[int, int] = (128, 128),
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
) -> Path:
    """Write images as ``<index>.png`` into a folder, with ``index.json`` beside them.

    Each file carries its own description as text; ``index.json`` tells process, seed, size, and for each file its index
    and label. A folder of the same process, seed and size takes more images.

    Returns:
        The folder.

    Raises:
        ValueError: a number makes no sense.
        DatasetError: the folder holds other things.
        OutputError: the folder cannot be written.
    """
    if count < 1 or first < 0:
        raise ValueError(f"count must be at least 1 and first not negative, got {count=}, {first=}")
    process.sample([], size, seed)  # refuses a senseless size or seed before anything is written
    folder = Path(out)
    made = {**process.describe(), "seed": seed, "size": list(size), "crossmodal": __version__}
    images = _listed(folder, made)
    if not images:
        # Before the first image, so that an interrupted folder is known as ours.
        write_json(folder / INDEX_FILE, made | {"pictures": []})
    for done, sample in enumerate(render_samples(process, range(first, first + count), size, seed, device), start=1):
        name = f"{file_stem(sample.index)}.png"
        with replace_atomically(folder / name) as path:
            path.write_bytes(encode_image(sample.image, "png", sample.description))
        label = {} if sample.label is None else {"label": sample.label}
        images[sample.index] = {"file": name, "index": sample.index, **label}
        if progress is not None:
            progress(done, count, name)
    write_json(folder / INDEX_FILE, made | {"pictures": [images[index] for index in sorted(images)]})
    return folder


def _listed(folder: Path, made: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """The images that a folder lists, by index; none of a new one."""
    path = folder / INDEX_FILE
    if not path.exists():
        refuse_unmarked(folder, INDEX_FILE, "such images")
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        images = {int(entry["index"]): dict(entry) for entry in found.pop("pictures")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path}: is not the index of such images ({error}); name another folder") from error
    refuse_other(folder, found, json.loads(json.dumps(made)))
    return images


def refuse_other(folder: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse to write into a folder that was made otherwise.

    Raises:
        DatasetError: names what differs.
    """
    differs = [
        f"{key} {found.get(key)} there, {value} asked" for key, value in wanted.items() if found.get(key) != value
    ]
    if differs:
        raise DatasetError(
            f"{folder}: holds images made otherwise ({'; '.join(differs)}); name another folder, or ask for the same"
        )
