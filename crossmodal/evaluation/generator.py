"""Distances between generated and true images, without an external network."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.data.scenes.dataset import SceneDataset
from crossmodal.errors import DatasetError
from crossmodal.metrics import frechet_distance, sliced_wasserstein
from crossmodal.models import Segmenter

#: The segmenter of outdoor scenes that ships with the package.
DEFAULT_SEGMENTER = "scenes/segmenter"
#: Fraction of the pixels above which a class is present: 4 pixels of 32 x 32.
_LEAST_FRACTION = 1 / 256
_LAYOUT_SIDE = 8
#: Larger images are averaged to this side, that of the training images of the shipped segmenter.
_INPUT_SIDE = 32
_CHUNK = 256


def evaluate_generator(
    predict: Callable[[Sequence[int]], Tensor],
    dataset: SceneDataset,
    segmenter: str = DEFAULT_SEGMENTER,
    seed: int = 0,
) -> dict[str, float]:
    """Compare generated images with half of the data set; ``_real`` figures compare its two halves.

    ``frechet``: Fréchet distance of the features of the segmenter (coarsest maps, averaged over the image).
    ``sliced``: sliced Wasserstein distance of the images, averaged to 8 x 8 pixels, 0 to 1; without a network.
    ``presence_gap``: mean over classes of the absolute difference between the fractions of generated and of true
    images that show the class (on at least 1/256 of the pixels, as segmented); ``presence_<class>`` are the fractions.
    ``spread``: standard deviation of pixels over generated images, mean over positions, divided by that of true images.

    Args:
        predict: returns images uint8 (n, 3, height, width) for indices.
        dataset: true images.
        segmenter: weights of a segmenter: a shipped name or a folder.
        seed: seed of the directions of the sliced distance.

    Raises:
        DatasetError: there are fewer than four images.
        WeightsError: the weights are not those of a segmenter, or its classes differ from those of the data set.
    """
    network, half = _segmenter(segmenter, dataset), len(dataset) // 2
    if half < 2:
        raise DatasetError(f"evaluating a generator needs at least 4 images, found {len(dataset)}")
    true, others = (_describe(network, _true_images(dataset, range(first, first + half))) for first in (0, half))
    generated = _describe(network, predict(range(half)))
    figures: dict[str, float] = {"images": half}
    for suffix, found in (("", generated), ("_real", others)):
        figures |= {
            f"frechet{suffix}": frechet_distance(true["features"], found["features"]),
            f"sliced{suffix}": sliced_wasserstein(true["layout"], found["layout"], seed=seed),
            f"presence_gap{suffix}": float((true["presence"] - found["presence"]).abs().mean()),
            f"spread{suffix}": float(found["layout"].std(dim=0).mean() / true["layout"].std(dim=0).mean()),
        }
    for index, name in enumerate(network.classes):
        figures[f"presence_{name}"] = float(generated["presence"][index])
        figures[f"presence_{name}_real"] = float(true["presence"][index])
    return figures


def _segmenter(weights: str, dataset: SceneDataset) -> Segmenter:
    from crossmodal import hub
    from crossmodal.errors import WeightsError

    network = hub.load_model(weights)
    if not isinstance(network, Segmenter) or network.classes != dataset.process.class_list.names:
        raise WeightsError(
            f"{weights}: expected a segmenter of the classes {', '.join(dataset.process.class_list.names)}"
        )
    return network


def _true_images(dataset: SceneDataset, indices: range) -> Tensor:
    return torch.cat([dataset.batch(indices[i : i + _CHUNK])["image"] for i in range(0, len(indices), _CHUNK)])


@torch.no_grad()
def _describe(network: Segmenter, images: Tensor) -> dict[str, Tensor]:
    """Compute features and layouts (n, features) of images, and the fraction of images with each class (classes,)."""
    features, layouts, present = [], [], []
    for start in range(0, len(images), _CHUNK):
        part = images[start : start + _CHUNK].float() / 255
        if part.shape[-1] > _INPUT_SIDE:
            part = F.adaptive_avg_pool2d(part, _INPUT_SIDE)
        maps, coarsest = network.features(part)
        features.append(coarsest.mean(dim=(2, 3)))
        layouts.append(F.adaptive_avg_pool2d(part, _LAYOUT_SIDE).flatten(1))
        masks = F.one_hot(network.read(maps).argmax(dim=1), len(network.classes))
        present.append(masks.float().mean(dim=(1, 2)) >= _LEAST_FRACTION)
    return {
        "features": torch.cat(features),
        "layout": torch.cat(layouts),
        "presence": torch.cat(present).float().mean(dim=0),
    }
