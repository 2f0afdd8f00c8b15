"""Strips of images: those that activate a unit most, and images before and after an ablation."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from crossmodal.dissect.dissection import Dissection
from crossmodal.dissect.editing import edit
from crossmodal.dissect.layer import find_layer
from crossmodal.dissect.recorder import Recorder
from crossmodal.dissect.source import DrawnSource, Labelled, Source, image_batches
from crossmodal.errors import DatasetError
from crossmodal.plot import tile_images

ImageArray = NDArray[np.uint8]

_OUTLINE = np.array([255, 214, 10], dtype=np.uint8)
#: Brightness of the pixels outside the outline, relative to the image.
_DIMMED = 0.6
_GAP_PX = 3
_CHUNK = 16


def draw_strips(
    model: nn.Module,
    source: Source,
    dissection: Dissection,
    units: Sequence[int],
    *,
    side_px: int = 96,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> dict[int, ImageArray]:
    """Draw the images that activate each unit most: uint8 (side, width, 3) by unit, the strongest image first.

    Pixels below the unit's activation threshold are dimmed, and the border of the others is outlined.

    Raises:
        WeightsError: an activation or a generated image is not finite.
    """
    recorder = Recorder(model.eval().to(device), find_layer(model, dissection.layer), source, seed=seed, device=device)
    positions: dict[int, list[tuple[int, int]]] = {}
    for unit in units:
        for rank, image in enumerate(dissection.units[unit].top):
            positions.setdefault(image, []).append((unit, rank))
    cells: dict[tuple[int, int], ImageArray] = {}
    images = sorted(positions)
    for first in range(0, len(images), _CHUNK):
        block = recorder.labelled_activations(np.array(images[first : first + _CHUNK]))
        for row, image in enumerate(block.indices):
            for unit, rank in positions[int(image)]:
                mask = (block.activations[row, unit] > dissection.thresholds[unit]).cpu().numpy()
                cells[unit, rank] = outline(_as_image(block.images[row]), mask, side_px)
    return {unit: _join([cells[unit, rank] for rank in range(len(dissection.units[unit].top))]) for unit in units}


def outline(image: ImageArray, mask: NDArray[np.bool_], side_px: int) -> ImageArray:
    """Enlarge an image (height, width, 3) to ``side_px``, dim the pixels outside a mask and draw its border."""
    factor = max(1, -(-side_px // min(image.shape[:2])))
    size = (image.shape[1] * factor, image.shape[0] * factor)
    large = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)).astype(np.float32)
    inside = mask.repeat(factor, axis=0).repeat(factor, axis=1)
    large[~inside] *= _DIMMED
    shifted = np.pad(inside, 1, mode="edge")
    interior = shifted[:-2, 1:-1] & shifted[2:, 1:-1] & shifted[1:-1, :-2] & shifted[1:-1, 2:]
    drawn = large.astype(np.uint8)
    drawn[inside & ~interior] = _OUTLINE
    return np.asarray(Image.fromarray(drawn).resize((side_px, side_px), Image.Resampling.LANCZOS))


@torch.inference_mode()
def ablation_strip(
    model: nn.Module, layer: str, source: DrawnSource, units: Sequence[int], concept: str, *, images: int = 8
) -> ImageArray:
    """Draw the images with most pixels of a concept, and below each the same image without some units.

    Returns:
        uint8 (height, width, 3), with the number of pixels of the concept as captions.

    Raises:
        ValueError: there is no such concept or layer.
        DatasetError: no image shows the concept.
    """
    index = source.index_of(concept)
    pixels = torch.cat(
        [(_labelled(model, source, part).labels == index).sum(dim=(1, 2)) for part in image_batches(len(source))]
    )
    best = pixels.argsort(descending=True, stable=True)[:images]
    best = best[pixels[best] > 0]
    if not len(best):
        raise DatasetError(f"none of {len(source)} images shows {concept!r}; draw more, or choose another concept")
    before = _labelled(model, source, best.numpy())
    with edit(model, layer, units):
        after = _labelled(model, source, best.numpy())
    shown = torch.cat([before.images, after.images])
    counts = [int((labels == index).sum()) for labels in torch.cat([before.labels, after.labels])]
    factor = max(1, 96 // shown.shape[-1])
    shown = shown.repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)
    captions = [f"{concept} {count} px" for count in counts[: len(best)]] + [
        f"{count} px" for count in counts[len(best) :]
    ]
    return tile_images(shown, captions, columns=len(best))


def _labelled(model: nn.Module, source: DrawnSource, indices: NDArray[np.int64]) -> Labelled:
    return source.label_output(model(*source.inputs(indices)))


def _as_image(image: Tensor) -> ImageArray:
    return np.ascontiguousarray(image.cpu().numpy().transpose(1, 2, 0))


def _join(cells: Sequence[ImageArray]) -> ImageArray:
    gap = np.full((cells[0].shape[0], _GAP_PX, 3), 255, dtype=np.uint8)
    return np.concatenate([part for cell in cells for part in (cell, gap)][:-1], axis=1)
