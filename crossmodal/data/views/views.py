"""Random views of images for learning without labels, drawn by counter and rendered on the device that trains."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crossmodal.data.views.law import ViewDraws, ViewLaw
from crossmodal.noise.process import Indices
from crossmodal.spelling import check_choice

__all__ = ["VIEW_NAMES", "ViewDraws", "ViewLaw", "Views", "create_views"]


@dataclass(frozen=True)
class Views:
    """Several random views of every image, equal in distribution to torchvision's transforms.

    Call it with images and one counter for each of them. View v of an image depends on the image, its law, v, the
    seed and the counter, and on nothing else: not on the batch, the worker, the rank or the order. On a CPU views are
    the same bit for bit; other devices agree up to the rounding of single operations, or where torch may use TF32 for
    matrix products, by 0.03 levels of 255 on average.

    Crops are antialiased and rounded as Pillow's, within one level of 255, or two if bicubic. (Pillow resizes rows
    before columns where that is less work, which moves edges of bicubic crops; here columns always come first.)
    Colours are not rounded between changes as Pillow's are, and blurs are Gaussian, where Pillow's are repeated boxes.

    Args:
        laws: one for each view.

    Raises:
        ValueError: no law.
    """

    laws: tuple[ViewLaw, ...]

    def __post_init__(self) -> None:
        if not self.laws:
            raise ValueError("views need at least one law")

    def __call__(self, images: Tensor, counters: Indices, seed: int = 0) -> list[Tensor]:
        """Make the views of images uint8 (n, 3, height, width): float32 (n, 3, size, size) in 0 to 1, one a law.

        Args:
            images: on the device that is to render.
            counters: n non-negative numbers, one for each time that an image is shown: its index where images never
                repeat, else the number of the draw. Equal counters of one image give equal views.
            seed: of all draws, non-negative.

        Raises:
            ValueError: images of another type or shape, another number of counters, or a negative one.
        """
        return self.render(images, self.sample(images, counters, seed))

    def sample(self, images: Tensor, counters: Indices, seed: int = 0) -> list[ViewDraws]:
        """Draw the views of images without rendering them; `render` replays them on any device."""
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3 or not min(images.shape[2:]):
            raise ValueError(f"images must be uint8 (n, 3, height, width), got {images.dtype} {tuple(images.shape)}")
        wanted = np.asarray(counters.cpu() if isinstance(counters, Tensor) else counters, dtype=np.int64)
        if wanted.shape != images.shape[:1]:
            raise ValueError(f"{len(images)} images need as many counters, got {wanted.shape}")
        shape = (images.shape[2], images.shape[3])
        return [law.sample(wanted, shape, seed, f"view {place}") for place, law in enumerate(self.laws)]

    def render(self, images: Tensor, draws: list[ViewDraws]) -> list[Tensor]:
        """Render drawn views of images uint8 (n, 3, height, width)."""
        return [law.render(images, drawn) for law, drawn in zip(self.laws, draws, strict=True)]


_ALIGNMENT_UNIFORMITY = ViewLaw(size=64, jitter=(0.4, 0.4, 0.4, 0.4), grey=0.2)
_SIMCLR = ViewLaw(size=128, scale=(0.02, 1.0), jitter=(0.4, 0.4, 0.4, 0.1), jitter_probability=0.8, grey=0.2)
_MOCO_V2 = replace(_SIMCLR, size=224, scale=(0.2, 1.0), blur=0.5)
_DINO = ViewLaw(
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

_LAWS: dict[str, tuple[ViewLaw, ...]] = {
    "alignment_uniformity": (_ALIGNMENT_UNIFORMITY,) * 2,
    "simclr": (_SIMCLR,) * 2,
    "moco_v2": (_MOCO_V2,) * 2,
    "dino": (_DINO, _DINO_SECOND) + (_DINO_LOCAL,) * 8,
}
#: The names that `create_views` takes.
VIEW_NAMES = tuple(_LAWS)


def create_views(name: str, size: int | None = None) -> Views:
    """Make the views of a published recipe by name.

    ``alignment_uniformity`` has two views of 64 pixels, ``simclr`` two of 128 (as for images of small shaders, with
    little crops and no blur), ``moco_v2`` two of 224, ``dino`` two of 224 and eight local ones of 96.

    Args:
        name: one of `VIEW_NAMES`.
        size: side of the first view in pixels, if not the published one; other sides and blurs follow in proportion.

    Raises:
        ValueError: an unknown name, or a size below 1.

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4; Baradad et al., "Procedural
        image programs for representation learning", NeurIPS 2022, section 4; Chen et al., "Improved baselines with
        momentum contrastive learning", 2020; Caron et al., "Emerging properties in self-supervised vision
        transformers", ICCV 2021, section 3.
    """
    check_choice("views", name, _LAWS)
    laws = _LAWS[name]
    if size is None or size == laws[0].size:
        return Views(laws)
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    return Views(tuple(_scaled(law, size / laws[0].size) for law in laws))


def _scaled(law: ViewLaw, by: float) -> ViewLaw:
    low, high = law.sigma_px
    return replace(law, size=max(1, round(by * law.size)), sigma_px=(by * low, by * high))
