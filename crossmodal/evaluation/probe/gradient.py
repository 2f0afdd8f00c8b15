"""A linear classifier of frozen features trained by gradient descent on augmented images, as published."""

import math
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from crossmodal.data.image_folder import ImageArray, LabelledImages, Labels, read_images
from crossmodal.errors import DatasetError
from crossmodal.evaluation.probe.features import Progress, Source, Values, as_batch
from crossmodal.evaluation.probe.fit import Fitted
from crossmodal.randomness import generator

EPOCHS = 100
_BATCH = 128
_LEARNING_RATE, _BETAS = 1e-3, (0.5, 0.999)
_DROPS, _DROP = (0.6, 0.8), 0.2
_AREA, _ASPECT = (0.08, 1.0), (3 / 4, 4 / 3)
_TRIES = 10


def fit_by_gradient(
    images: LabelledImages,
    source: Source,
    classes: int,
    size: int,
    *,
    epochs: int = EPOCHS,
    seed: int = 0,
    progress: Progress | None = None,
    label: str = "",
) -> Fitted:
    """Train a linear layer with Adam on random crops and flips of images; the result is that of the last epoch.

    The loss is cross-entropy, in batches of 128; the learning rate of 1e-3 is divided by 5 after 60 % and again after
    80 % of the epochs. Every epoch passes every image through the network.

    Raises:
        DatasetError: no image can be read.

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4: crops of 8 to 100 % of the
        image; the linear evaluation is that of Wang and Isola, ICML 2020.
    """
    layer: nn.Linear | None = None
    optimizer: torch.optim.Adam | None = None
    if progress is not None:
        progress(0, epochs, f"{label}, epochs")
    for epoch in range(epochs):
        factor = _DROP ** sum(epoch >= math.floor(drop * epochs) for drop in _DROPS)
        order = generator(seed, "probe/order", epoch).permutation(len(images))
        for views, labels in _views(images, order, size, seed, epoch):
            values = source(as_batch(views))
            if layer is None or optimizer is None:
                layer = _initial_layer(values.shape[1], classes, seed)
                optimizer = torch.optim.Adam(layer.parameters(), betas=_BETAS)
            optimizer.param_groups[0]["lr"] = factor * _LEARNING_RATE
            optimizer.zero_grad()
            F.cross_entropy(layer(values), torch.from_numpy(labels)).backward()  # type: ignore[no-untyped-call]  # missing in the stubs
            optimizer.step()
        if progress is not None:
            progress(epoch + 1, epochs, f"{label}, epochs")
    if layer is None:
        raise DatasetError(f"none of {len(images)} training images can be read; check the files")
    return Fitted({}, _predictor(layer))


def crop_at_random(image: Image.Image, size: int, draws: np.random.Generator) -> ImageArray:
    """Crop a random part of an image, resize it, and flip it with probability 0.5: uint8 (size, size, 3).

    The part has 8 to 100 % of the area and an aspect of 3:4 to 4:3, as in torchvision's ``RandomResizedCrop``: after
    ten failed tries it is the largest centred part of such an aspect.
    """
    width, height = image.size
    box = _centred_box(width, height)
    for _ in range(_TRIES):
        area = width * height * draws.uniform(*_AREA)
        aspect = math.exp(draws.uniform(*np.log(_ASPECT)))
        across, down = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < across <= width and 0 < down <= height:
            left, top = int(draws.integers(width - across + 1)), int(draws.integers(height - down + 1))
            box = (left, top, left + across, top + down)
            break
    view = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box))
    return view[:, ::-1].copy() if draws.random() < 0.5 else view


def _centred_box(width: int, height: int) -> tuple[int, int, int, int]:
    across, down = width, height
    if width / height < _ASPECT[0]:
        down = round(width / _ASPECT[0])
    elif width / height > _ASPECT[1]:
        across = round(height * _ASPECT[1])
    left, top = (width - across) // 2, (height - down) // 2
    return left, top, left + across, top + down


def _views(
    images: LabelledImages, order: Labels, size: int, seed: int, epoch: int
) -> Iterator[tuple[list[ImageArray], Labels]]:
    """Yield batches of random views and their labels in ``order``; unreadable images are skipped."""

    def render(position: int, image: Image.Image) -> ImageArray:
        return crop_at_random(image, size, generator(seed, f"probe/crops/{epoch}", int(order[position])))

    read = read_images([images.paths[index] for index in order], render)
    labelled = ((item.image, images.labels[order[position]]) for position, item in enumerate(read))
    readable = ((image, label) for image, label in labelled if image is not None)
    while batch := list(islice(readable, _BATCH)):
        yield [image for image, _ in batch], np.array([label for _, label in batch], dtype=np.int64)


def _initial_layer(in_features: int, classes: int, seed: int) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(generator(seed, "probe/first layer").integers(2**62)))
        return nn.Linear(in_features, classes)


def _predictor(layer: nn.Linear) -> Callable[[Values], Labels]:
    @torch.no_grad()
    def predict(raw: Values) -> Labels:
        return np.asarray(layer(torch.from_numpy(raw)).argmax(dim=1).numpy(), dtype=np.int64)

    return predict
