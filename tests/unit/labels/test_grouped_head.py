"""The head for class-conditional generators: its parts by hand, and training on five images of each class."""

import numpy as np
import pytest
import torch
from torch import nn

from crossmodal.dissect import inputs_of, upsample
from crossmodal.errors import DatasetError, WeightsError
from crossmodal.labels.features import compute_feature_maps, record_layers
from crossmodal.labels.file import load_head, save_head
from crossmodal.labels.grouped_head import (
    ConditionalNorm,
    GroupedHead,
    choose_per_class,
    group_layers,
    train_grouped_head,
)
from crossmodal.metrics.segmentation import confusion_matrix, mean_iou
from crossmodal.models import SmallGenerator

GROUPS = (("layer1",), ("layer2",), ("layer3",))
WIDTHS = (16, 16, 16)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(4)
    return SmallGenerator(size=16, width=0.5, classes=2).eval()


def true_masks(model, indices, thresholds):
    """Masks from thresholds of a unit of the second layer; the class of the image selects one of two units."""
    inputs = inputs_of(model)(np.asarray(indices))
    units = record_layers(model, ["layer2"], inputs)[0][0][:, [5, 9]]
    unit = units[torch.arange(len(units)), inputs[1]]
    return torch.bucketize(upsample(unit, (16, 16)), torch.tensor(thresholds))


def train(model, thresholds, classes, steps=120):
    chosen, given = choose_per_class(model, 5), inputs_of(model)
    masks = list(true_masks(model, chosen, thresholds))
    one = lambda number: given(np.array([chosen[number]]))  # noqa: E731
    return train_grouped_head(model, GROUPS, one, masks, classes, widths=WIDTHS, steps=steps, learning_rate=4e-3)


@pytest.mark.parametrize(
    ("thresholds", "classes", "reached"),
    [([0.0], ("back", "front"), 0.65), ([-0.05, 0.7], ("low", "middle", "high"), 0.55)],
)
def test_five_images_of_each_class_are_enough_to_label_all_classes(model, thresholds, classes, reached):
    head = train(model, thresholds, classes)
    assert head.read[-1].out_channels == (1 if len(classes) == 2 else 3)
    indices = np.arange(1000, 1060)
    true, inputs = true_masks(model, indices, thresholds), inputs_of(model)(indices)
    output, found = head.draw_labelled(model, inputs)
    assert output.shape == (60, 3, 16, 16)
    own = mean_iou(confusion_matrix(true, found.masks, len(classes)))
    assert own > reached
    maps, _ = compute_feature_maps(model, head.layers, inputs)
    with torch.inference_mode():
        swapped = head(head.gather(maps), 1 - inputs[1]).argmax(dim=1)
    assert mean_iou(confusion_matrix(true, swapped, len(classes))) < own - 0.1, "the labels depend on the class"
    wrong = found.masks != true
    assert found.uncertainty[wrong].mean() > 1.5 * found.uncertainty[~wrong].mean()


def test_conditional_norm_by_hand():
    norm = ConditionalNorm(2, 3)
    maps, vectors = torch.randn(4, 2, 5, 5), torch.randn(4, 3)
    found = norm.train()(maps, vectors)
    normed = (maps - maps.mean(dim=(0, 2, 3), keepdim=True)) / (
        maps.var(dim=(0, 2, 3), keepdim=True, correction=0) + 1e-5
    ).sqrt()
    for image in range(4):
        scale, shift = (linear.weight @ vectors[image] + linear.bias for linear in (norm.scale, norm.shift))
        torch.testing.assert_close(found[image], normed[image] * (1 + scale)[:, None, None] + shift[:, None, None])


def test_the_class_vectors_of_the_generator_are_used(model):
    head = train(model, [0.0], ("back", "front"), steps=2)
    torch.testing.assert_close(head.embedding.weight, model.label.weight)
    assert not head.embedding.weight.requires_grad


def test_the_first_images_of_each_class_are_chosen(model):
    chosen = choose_per_class(model, 3, seed=2)
    drawn = model.labels(chosen, 2)
    assert torch.bincount(drawn).tolist() == [3, 3]
    everything = model.labels(range(max(chosen) + 1), 2)
    assert torch.bincount(everything).min() == 3, "the last image chosen is the first to complete its class"
    with pytest.raises(ValueError, match="draws no classes"):
        choose_per_class(SmallGenerator(size=8, width=0.1))
    rare = SmallGenerator(size=8, width=0.1, classes=2)
    rare.label_counts[1] = 0
    with pytest.raises(ValueError, match="fewer than 1 of 400 images are of class 1"):
        choose_per_class(rare, 1)


def test_layers_are_grouped_from_coarse_to_fine():
    assert group_layers("abcdefgh") == [["a", "b", "c"], ["d", "e", "f"], ["g", "h"]]
    assert group_layers("abc", 3) == [["a"], ["b"], ["c"]]
    with pytest.raises(ValueError, match="cannot divide 2 layers into 3 groups"):
        group_layers("ab")


def test_published_sizes_have_the_published_shapes():
    head = GroupedHead([["low"], ["mid"], ["high"]], [3072, 960, 195], ("back", "front"), 1000)
    assert [part.weight.shape[:2] for part in head.reduce] == [(128, 3072), (64, 960), (32, 195)]
    with torch.inference_mode():
        scores = head.eval()(
            [torch.randn(2, 3072, 4, 4), torch.randn(2, 960, 8, 8), torch.randn(2, 195, 16, 16)], torch.tensor([0, 999])
        )
    assert scores.shape == (2, 2, 16, 16)
    assert (scores[:, 0] == 0).all()


def test_a_head_is_read_for_its_own_generator_only(model, tmp_path):
    head = train(model, [0.0], ("back", "front"), steps=2)
    folder, inputs = save_head(head, tmp_path / "head"), inputs_of(model)(np.arange(3))
    again = load_head(folder, model)
    torch.testing.assert_close(
        again.draw_labelled(model, inputs)[1].uncertainty, head.draw_labelled(model, inputs)[1].uncertainty
    )
    with pytest.raises(WeightsError, match="trained on another generator"):
        load_head(folder, SmallGenerator(size=16, width=0.5, classes=2))


def test_invalid_annotations_and_arguments_are_refused(model):
    given = inputs_of(model)
    one = lambda number: given(np.array([number]))  # noqa: E731
    with pytest.raises(DatasetError, match="two classes must be annotated, found 0"):
        train_grouped_head(model, GROUPS, one, [torch.full((16, 16), 255)], ("a", "b"))
    with pytest.raises(ValueError, match="two classes of pixels"):
        GroupedHead(GROUPS, [1, 1, 1], ("x",), 2)
    broken = SmallGenerator(size=16, width=0.5)
    nn.init.constant_(broken.picture.bias, float("nan"))
    single = inputs_of(broken)
    with pytest.raises(WeightsError, match="not numbers"):
        train_grouped_head(
            broken, GROUPS, lambda number: single(np.array([number])), [torch.eye(16).long()], ("a", "b")
        )
