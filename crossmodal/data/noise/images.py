"""Images of a process as files, each with the description that reproduces it."""

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

# Images rendered together: enough for batched kernels, few enough for the memory of every process.
_BATCH = 32
# png and webp are lossless. Noise hardly compresses, so fast compression levels give almost the same size.
_SAVING: dict[str, dict[str, Any]] = {
    "png": {"format": "PNG", "compress_level": 1},
    "jpg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    "webp": {"format": "WEBP", "lossless": True, "quality": 20, "method": 1},
}


@dataclass(frozen=True)
class NoiseSample:
    """An image (uint8 (height, width, 3)), its index, its label or None, and its description as JSON."""

    index: int
    image: NDArray[np.uint8]
    label: int | None
    description: str


def render_samples(
    process: Process[Any], indices: range, size: tuple[int, int], seed: int, device: torch.device | str = "cpu"
) -> Iterator[NoiseSample]:
    """Yield images one after another, each with the description that reproduces it.

    The keys of the description are ``process``, ``options``, ``seed``, ``index``, ``size`` (height, width),
    ``crossmodal`` (the version) and, if the process has labels, ``label``.
    """
    common = process.describe() | {"seed": seed, "size": list(size), "crossmodal": __version__}
    for start in range(0, len(indices), _BATCH):
        batch = indices[start : start + _BATCH]
        images = process(batch, size, seed, device).permute(0, 2, 3, 1).cpu().numpy()
        labels = [None] * len(batch) if process.classes is None else process.labels(batch, seed).tolist()
        for index, image, label in zip(batch, images, labels, strict=True):
            description = common | {"index": index} | ({} if label is None else {"label": label})
            yield NoiseSample(index, image, label, json.dumps(description, sort_keys=True))


def encode_image(image: NDArray[np.uint8], image_format: ImageFormat, description: str | None = None) -> bytes:
    """Encode an image, uint8 (height, width, 3), as png or webp (both lossless) or jpg (quality 95, 4:4:4).

    A description is stored in a png as the text ``crossmodal.noise``; other formats do not store it.
    """
    options: dict[str, Any] = {}
    if description is not None and image_format == "png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text(TEXT_KEY, description)
    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(encoded, **_SAVING[image_format], **options)
    return encoded.getvalue()


def decode_image(encoded: bytes) -> torch.Tensor:
    """Decode an image to uint8 (3, height, width)."""
    with Image.open(io.BytesIO(encoded)) as image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).contiguous()


def file_stem(index: int) -> str:
    """Return the file stem of an index; stems sort like numbers up to 10^9."""
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

    Each file contains its description as text. ``index.json`` lists process, seed, size, and the index and label of
    each file. More images can be added to a folder of the same process, seed and size.

    Returns:
        The folder.

    Raises:
        ValueError: a number is out of range.
        DatasetError: the folder contains other files, or images of another process, seed or size.
        OutputError: the folder cannot be written.
    """
    if count < 1 or first < 0:
        raise ValueError(f"count must be at least 1 and first not negative, got {count=}, {first=}")
    process.sample([], size, seed)  # raises for an invalid size or seed before anything is written
    folder = Path(out)
    settings = {**process.describe(), "seed": seed, "size": list(size), "crossmodal": __version__}
    images = _read_index(folder, settings)
    if not images:
        # Written before the first image, so that an interrupted folder is recognised.
        write_json(folder / INDEX_FILE, settings | {"pictures": []})
    for done, sample in enumerate(render_samples(process, range(first, first + count), size, seed, device), start=1):
        name = f"{file_stem(sample.index)}.png"
        with replace_atomically(folder / name) as path:
            path.write_bytes(encode_image(sample.image, "png", sample.description))
        label = {} if sample.label is None else {"label": sample.label}
        images[sample.index] = {"file": name, "index": sample.index, **label}
        if progress is not None:
            progress(done, count, name)
    write_json(folder / INDEX_FILE, settings | {"pictures": [images[index] for index in sorted(images)]})
    return folder


def _read_index(folder: Path, settings: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Return the images listed in a folder, by index; empty for a new folder."""
    path = folder / INDEX_FILE
    if not path.exists():
        refuse_unmarked(folder, INDEX_FILE, "noise images")
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        images = {int(entry["index"]): dict(entry) for entry in found.pop("pictures")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path}: is not an index of noise images ({error}); name another folder") from error
    refuse_different(folder, found, json.loads(json.dumps(settings)))
    return images


def refuse_different(folder: Path, found: dict[str, Any], requested: dict[str, Any]) -> None:
    """Refuse to write into a folder that was made with other settings.

    Raises:
        DatasetError: settings differ; all are listed.
    """
    differences = [
        f"{key}: found {found.get(key)}, requested {value}"
        for key, value in requested.items()
        if found.get(key) != value
    ]
    if differences:
        raise DatasetError(
            f"{folder}: holds images of other settings ({'; '.join(differences)}); "
            "name another folder, or repeat the command with the same settings"
        )
