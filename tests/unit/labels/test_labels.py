"""Labels from few annotated images: training on features of all layers, and writing and reading data sets."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from crossmodal import hub
from crossmodal.dissect import MaskFolder, inputs_of, upsample
from crossmodal.dissect.source import segment_images
from crossmodal.errors import DatasetError, WeightsError
from crossmodal.labels.annotations import draw_images
from crossmodal.labels.features import compute_feature_maps, default_layers, features_at, fingerprint, record_layers
from crossmodal.labels.file import load_head, save_head
from crossmodal.labels.head import LabelHead, train_head
from crossmodal.labels.label_set import SynthesizedLabels, run_lengths, synthesize_labels
from crossmodal.metrics.segmentation import confusion_matrix, mean_iou
from crossmodal.models import SmallGenerator

CLASSES = ("low", "middle", "high")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(4)
    return SmallGenerator(size=16, width=0.5).eval()


def true_masks(model, indices):
    """Three classes by a unit of the second layer, which the features determine but the image alone does not."""
    maps, _ = record_layers(model, ["layer2"], inputs_of(model)(np.asarray(indices)))
    return torch.bucketize(upsample(maps[0][:, 5], (16, 16)), torch.tensor([-0.05, 0.71]))


@pytest.fixture(scope="module")
def head(model):
    masks = true_masks(model, range(24))
    given = inputs_of(model)
    return train_head(
        model,
        default_layers(model),
        lambda number: given(np.array([number])),
        list(masks),
        CLASSES,
        members=4,
        steps=200,
    )


def test_labels_of_fresh_images_and_their_uncertainty(model, head):
    indices = np.arange(1000, 1100)
    true = true_masks(model, indices)
    _, found = head.draw_labelled(model, inputs_of(model)(indices))
    assert mean_iou(confusion_matrix(true, found.masks, 3)) > 0.72
    wrong = found.masks != true
    assert found.uncertainty[wrong].mean() > 1.7 * found.uncertainty[~wrong].mean()
    assert (found.uncertainty >= 0).all()
    assert (found.uncertainty <= np.log(3) + 1e-5).all()


def test_sixteen_annotated_images_of_the_shipped_generator():
    model, segmenter = hub.load_model("scenes/generator"), hub.load_model("scenes/segmenter")
    given = inputs_of(model)
    true = segment_images(segmenter, draw_images(model, range(116), 0))
    head = train_head(
        model,
        default_layers(model),
        lambda number: given(np.array([number])),
        list(true[:16]),
        segmenter.classes,
        members=3,
        steps=250,
    )
    _, found = head.draw_labelled(model, given(np.arange(16, 116)))
    wrong = (found.masks != true[16:]).float().mean(dim=(1, 2))
    assert mean_iou(confusion_matrix(true[16:], found.masks, 10)) > 0.5
    assert np.corrcoef(wrong, found.by_image())[0, 1] > 0.6


def test_labelling_on_cells_equals_labelling_upsampled_features(model, head):
    maps, _ = compute_feature_maps(model, head.layers, inputs_of(model)(np.arange(3)), head.around)
    upsampled = torch.cat([upsample(part, (16, 16)) for part in maps], dim=1).permute(0, 2, 3, 1)
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    gathered = features_at(maps, rows.reshape(1, -1).expand(3, -1), columns.reshape(1, -1).expand(3, -1), (16, 16))
    torch.testing.assert_close(gathered.view(3, 16, 16, -1), upsampled, atol=1e-4, rtol=1e-4)
    with torch.inference_mode():
        for member in range(4):
            expected = head(upsampled.reshape(1, -1, upsampled.shape[-1]).expand(4, -1, -1))[member].view(3, 16, 16, 3)
            found = head._score_images(maps, (16, 16), member).permute(0, 2, 3, 1)
            torch.testing.assert_close(found, expected, atol=2e-3, rtol=2e-3)


def test_divergence_of_members_by_hand():
    head = LabelHead(["a"], [1], ("x", "y"), members=2, hidden=(1, 1))
    for weight in head.weights:
        nn.init.zeros_(weight)
    head.biases[-1].data[:, 0] = torch.log(torch.tensor([[0.9, 0.1], [0.3, 0.7]]))
    found = head.label([torch.zeros(1, 1, 2, 2)], (2, 2))
    entropy = lambda p: -p * np.log(p) - (1 - p) * np.log(1 - p)  # noqa: E731
    assert found.uncertainty[0, 0, 0].item() == pytest.approx(
        entropy(0.6) - (entropy(0.9) + entropy(0.3)) / 2, abs=1e-6
    )
    assert found.masks.unique().tolist() == [0], "a tie of votes goes to the larger mean"


def test_a_data_set_is_written_resumed_and_read(model, head, tmp_path):
    once = synthesize_labels(model, head, tmp_path / "once", 10, batch=4)
    twice = synthesize_labels(model, head, tmp_path / "twice", 5, batch=4)
    with (twice / "index.jsonl").open("a") as file:
        file.write('{"image": "cut')
    assert synthesize_labels(model, head, twice, 10, batch=4) == twice
    for path in sorted(once.rglob("*.*")):
        if path.name != "provenance.json":
            assert path.read_bytes() == (twice / path.relative_to(once)).read_bytes(), path

    dataset = SynthesizedLabels(twice)
    assert (len(dataset), dataset.classes) == (10, CLASSES)
    sample = dataset[3]
    assert (sample["image"].shape, sample["mask"].shape, sample["index"].item()) == ((3, 16, 16), (16, 16), 3)
    with Image.open(twice / "masks" / "000003.png") as mask:
        assert mask.mode == "P"
    certain = SynthesizedLabels(twice, keep=0.5)
    assert max(certain[number]["uncertainty"] for number in range(5)) <= min(
        row["uncertainty"] for row in dataset.rows if row not in certain.rows
    )
    assert MaskFolder(twice, size=16).concepts == dict(enumerate(CLASSES))


def test_coco_regions_equal_the_masks(model, head, tmp_path):
    root = synthesize_labels(model, head, tmp_path / "set", 2)
    content = json.loads((root / "annotations.json").read_text())
    assert [category["name"] for category in content["categories"]] == list(CLASSES)
    dataset = SynthesizedLabels(root)
    for region in content["annotations"]:
        flat = np.concatenate([[number % 2] * run for number, run in enumerate(region["segmentation"]["counts"])])
        region_mask = flat.reshape(16, 16).T.astype(bool)
        mask = dataset[region["image_id"]]["mask"].numpy()
        assert ((mask == region["category_id"] - 1) == region_mask).all()
        left, top, width, height = region["bbox"]
        assert region_mask[top : top + height, left : left + width].sum() == region["area"] == region_mask.sum()
    assert run_lengths(np.array([[True, False], [True, True]])) == [0, 2, 1, 1]


def test_a_head_is_read_for_its_own_generator_only(model, head, tmp_path):
    folder = save_head(head, tmp_path / "head")
    again = load_head(folder, model)
    assert fingerprint(again) == fingerprint(head)
    other = SmallGenerator(size=16, width=0.5)
    with pytest.raises(WeightsError, match="trained on another generator"):
        load_head(folder, other)
    with pytest.raises(WeightsError, match="holds no label head"):
        load_head(tmp_path / "nowhere", model)


def test_folders_with_other_files_or_settings_are_refused(model, head, tmp_path):
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(DatasetError, match=r"holds files but no provenance.json"):
        synthesize_labels(model, head, tmp_path, 1)
    root = synthesize_labels(model, head, tmp_path / "set", 1)
    with pytest.raises(DatasetError, match="written with another seed"):
        synthesize_labels(model, head, root, 2, seed=5)
    with pytest.raises(DatasetError, match="at least one of 1 images"):
        SynthesizedLabels(root, keep=0)
    with pytest.raises(DatasetError, match="holds no synthesized labels"):
        SynthesizedLabels(tmp_path)


def test_invalid_annotations_and_arguments_are_refused(model):
    given = inputs_of(model)
    blank = torch.full((16, 16), 255)
    with pytest.raises(DatasetError, match="two classes must be annotated, found 0 in 1"):
        train_head(model, ["layer2"], lambda number: given(np.array([number])), [blank], CLASSES)
    with pytest.raises(ValueError, match="does not name its layers"):
        default_layers(nn.Linear(1, 1))
    with pytest.raises(ValueError, match="two classes, a member"):
        LabelHead(["a"], [1], ("x",))
