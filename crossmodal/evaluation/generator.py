"""How close drawn images come to true ones, measured without a network from elsewhere."""

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
#: A class is there when it has so much of the image: 4 pixels of 32 x 32.
_THERE = 1 / 256
_LAYOUT_SIDE = 8
#: Larger images are averaged to this side, for which the segmenter that ships is trained.
_SEEN_SIDE = 32
_CHUNK = 256


def evaluate_generator(
    predict: Callable[[Sequence[int]], Tensor],
    dataset: SceneDataset,
    segmenter: str = DEFAULT_SEGMENTER,
    seed: int = 0,
) -> dict[str, float]:
    """Compare drawn images with half of the data set; ``_real`` figures are those of the true images.

    Distances ``_real`` are those of the other half, measured alike: what the truth itself would score.

    ``frechet``: Fréchet distance of the segmenter's features, averaged over the image (coarsest maps, as they are).
    ``sliced``: sliced Wasserstein distance of the images, averaged to 8 x 8 pixels, 0 to 1; no network is asked.
    ``presence_gap``: how far the share of images that show a class (on a 256th of the image at least, as the
    segmenter sees it) is from the truth, the mean over classes; ``presence_<class>`` are these shares.
    ``spread``: standard deviation of drawn pixels over the images, mean over places, divided by the true one.

    Args:
        predict: gives images uint8 (n, 3, height, width) for indices.
        dataset: true images.
        segmenter: weights of a segmenter: a shipped name or a folder.
        seed: of the directions of the sliced distance.

    Raises:
        DatasetError: fewer than four images.
        WeightsError: the segmenter is none, or knows other classes.
    """
    network, half = _segmenter(segmenter, dataset), len(dataset) // 2
    if half < 2:
        raise DatasetError(f"a generator is compared with at least 4 images, found {len(dataset)}")
    true, others = (_look(network, _true(dataset, range(first, first + half))) for first in (0, half))
    drawn = _look(network, predict(range(half)))
    figures: dict[str, float] = {"images": half}
    for suffix, seen in (("", drawn), ("_real", others)):
        figures |= {
            f"frechet{suffix}": frechet_distance(true["features"], seen["features"]),
            f"sliced{suffix}": sliced_wasserstein(true["layout"], seen["layout"], seed=seed),
            f"presence_gap{suffix}": float((true["there"] - seen["there"]).abs().mean()),
            f"spread{suffix}": float(seen["layout"].std(dim=0).mean() / true["layout"].std(dim=0).mean()),
        }
    for place, name in enumerate(network.classes):
        figures[f"presence_{name}"] = float(drawn["there"][place])
        figures[f"presence_{name}_real"] = float(true["there"][place])
    return figures


def _segmenter(named: str, dataset: SceneDataset) -> Segmenter:
    from crossmodal import hub
    from crossmodal.errors import WeightsError

    network = hub.load_model(named)
    if not isinstance(network, Segmenter) or network.classes != dataset.process.class_list.names:
        raise WeightsError(f"{named}: no segmenter of the classes {', '.join(dataset.process.class_list.names)}")
    return network


def _true(dataset: SceneDataset, places: range) -> Tensor:
    return torch.cat([dataset.batch(places[i : i + _CHUNK])["image"] for i in range(0, len(places), _CHUNK)])


@torch.no_grad()
def _look(network: Segmenter, images: Tensor) -> dict[str, Tensor]:
    """Take what is compared of images: features and layouts (n, numbers), shares of images with each class."""
    features, layouts, there = [], [], []
    for start in range(0, len(images), _CHUNK):
        part = images[start : start + _CHUNK].float() / 255
        if part.shape[-1] > _SEEN_SIDE:
            part = F.adaptive_avg_pool2d(part, _SEEN_SIDE)
        maps, coarsest = network.features(part)
        features.append(coarsest.mean(dim=(2, 3)))
        layouts.append(F.adaptive_avg_pool2d(part, _LAYOUT_SIDE).flatten(1))
        seen = F.one_hot(network.read(maps).argmax(dim=1), len(network.classes))
        there.append(seen.float().mean(dim=(1, 2)) >= _THERE)
    return {
        "features": torch.cat(features),
        "layout": torch.cat(layouts),
        "there": torch.cat(there).float().mean(dim=0),
    }
