"""Random views of images for self-supervised learning, with counter-based draws, rendered on the training device."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crossmodal.data.views.augmentation import ViewAugmentation, ViewDraws
from crossmodal.noise.process import Indices
from crossmodal.spelling import check_choice

__all__ = ["VIEW_NAMES", "ViewAugmentation", "ViewDraws", "Views", "create_views"]


@dataclass(frozen=True)
class Views:
    """Several random views of every image, equal in distribution to torchvision's transforms.

    Views are called with images and one counter for each image. View v depends only on the image, its augmentation, v,
    the seed and the counter, not on the batch, the worker, the rank or the order. On a CPU views are bit-identical.
    Other devices agree within the rounding of single operations, or, if torch uses TF32 for matrix products, within
    0.03 levels of 255 on average.

    Crops are antialiased and rounded as in Pillow, and agree with it within one level of 255, or two if bicubic.
    (Pillow resizes rows before columns where that is less work, which changes edges of bicubic crops; here columns are
    always first.) Unlike in Pillow, colours are not rounded between operations, and blurs are Gaussian, not repeated
    box filters.

    Args:
        augmentations: one for each view.

    Raises:
        ValueError: there is no augmentation.
    """

    augmentations: tuple[ViewAugmentation, ...]

    def __post_init__(self) -> None:
        if not self.augmentations:
            raise ValueError("views need at least one augmentation")

    def __call__(self, images: Tensor, counters: Indices, seed: int = 0) -> list[Tensor]:
        """Make the views of images uint8 (n, 3, height, width): float32 (n, 3, size, size) in 0 to 1 for each view.

        Args:
            images: images on the rendering device.
            counters: n non-negative numbers: the index of the image if images never repeat, else the number of the
                draw. Equal counters of one image give equal views.
            seed: seed of all draws, non-negative.

        Raises:
            ValueError: the images have another type or shape, or the counters another number or a negative value.
        """
        return self.render(images, self.sample(images, counters, seed))

    def sample(self, images: Tensor, counters: Indices, seed: int = 0) -> list[ViewDraws]:
        """Draw the parameters of the views; `render` renders them on any device."""
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3 or not min(images.shape[2:]):
            raise ValueError(f"images must be uint8 (n, 3, height, width), got {images.dtype} {tuple(images.shape)}")
        array = np.asarray(counters.cpu() if isinstance(counters, Tensor) else counters, dtype=np.int64)
        if array.shape != images.shape[:1]:
            raise ValueError(f"counters must have shape ({len(images)},), one for each image, got {array.shape}")
        shape = (images.shape[2], images.shape[3])
        return [one.sample(array, shape, seed, f"view {number}") for number, one in enumerate(self.augmentations)]

    def render(self, images: Tensor, draws: list[ViewDraws]) -> list[Tensor]:
        """Render drawn views of images uint8 (n, 3, height, width)."""
        return [one.render(images, drawn) for one, drawn in zip(self.augmentations, draws, strict=True)]


_ALIGNMENT_UNIFORMITY = ViewAugmentation(size=64, jitter=(0.4, 0.4, 0.4, 0.4), grey=0.2)
_SIMCLR = ViewAugmentation(size=128, scale=(0.02, 1.0), jitter=(0.4, 0.4, 0.4, 0.1), jitter_probability=0.8, grey=0.2)
_MOCO_V2 = replace(_SIMCLR, size=224, scale=(0.2, 1.0), blur=0.5)
_DINO = ViewAugmentation(
    size=224,
    scale=(0.4, 1.0),
    interpolation="bicubic",
    jitter=(0.4, 0.4, 0.2, 0.1),
    jitter_probability=0.8,
    grey=0.2,
    blur=1.0,
)
_DINO_SECOND = replace(_DINO, blur=0.1, solarize=0.2)
_DINO_LOCAL = replace(_DINO, size=96, scale=(0.05, 0.4), blur=0.5)

_AUGMENTATIONS: dict[str, tuple[ViewAugmentation, ...]] = {
    "alignment_uniformity": (_ALIGNMENT_UNIFORMITY,) * 2,
    "simclr": (_SIMCLR,) * 2,
    "moco_v2": (_MOCO_V2,) * 2,
    "dino": (_DINO, _DINO_SECOND) + (_DINO_LOCAL,) * 8,
}
#: The names that `create_views` takes.
VIEW_NAMES = tuple(_AUGMENTATIONS)


def create_views(name: str, size: int | None = None) -> Views:
    """Create the views of a published method by name.

    ``alignment_uniformity`` has two views of 64 pixels, ``simclr`` two of 128 (as for images of small shaders, with
    small crops and no blur), ``moco_v2`` two of 224, ``dino`` two of 224 and eight local ones of 96.

    Args:
        name: one of `VIEW_NAMES`.
        size: side of the first view in pixels, by default the published one; other sides and blurs are scaled in
            proportion.

    Raises:
        ValueError: the name is unknown, or the size is below 1.

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4; Baradad et al., "Procedural
        image programs for representation learning", NeurIPS 2022, section 4; Chen et al., "Improved baselines with
        momentum contrastive learning", 2020; Caron et al., "Emerging properties in self-supervised vision
        transformers", ICCV 2021, section 3.
    """
    check_choice("views", name, _AUGMENTATIONS)
    published = _AUGMENTATIONS[name]
    if size is None or size == published[0].size:
        return Views(published)
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    return Views(tuple(_scaled(one, size / published[0].size) for one in published))


def _scaled(augmentation: ViewAugmentation, factor: float) -> ViewAugmentation:
    low, high = augmentation.sigma_px
    size = max(1, round(factor * augmentation.size))
    return replace(augmentation, size=size, sigma_px=(factor * low, factor * high))
