"""Probing as a whole: figures, baselines, cached features, and test images that touch no choice."""

import json
import logging

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from crossmodal.backbones import create
from crossmodal.data.image_folder import ImageFolder, LabelledImages, read_image_folder
from crossmodal.errors import DatasetError, WeightsError
from crossmodal.evaluation.probe import features as probe_features
from crossmodal.evaluation.probe import protocol as home
from crossmodal.evaluation.probe.baselines import make_backbone, noise_weights
from crossmodal.evaluation.probe.features import BackboneFeatures, FeatureCache, MeanColour, RawPixels, extract
from crossmodal.evaluation.probe.protocol import probe
from tests.fakes.image_folder import CLASSES, write_image, write_image_folder

QUICK = {"width": 0.1, "size": 32, "cache": False, "random_starts": 2, "bootstrap": 50}


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    return write_image_folder(tmp_path_factory.mktemp("photographs"))


@pytest.fixture(scope="module")
def result(photographs):
    return probe("small_alexnet", photographs, layer="conv2", few_shot=[1, 3], **QUICK)


def test_every_row_has_its_figures(result):
    assert list(result.rows) == ["small_alexnet, random", "random start", "raw pixels", "mean colour"]
    assert [len(row.fits) for row in result.rows.values()] == [1, 2, 1, 1]
    for row in result.rows.values():
        assert row.top1.low <= row.top1.value <= row.top1.high
        assert list(row.few_shot) == [1, 3]
    assert result.rows["mean colour"].numbers == 3
    assert result.top1 > 0.8


def test_the_random_start_of_the_seed_is_the_first_of_the_random_starts(result):
    assert result.rows["random start"].fits[0] == result.top1


def test_progress_counts_from_the_first_image(photographs):
    told = []
    extract(
        read_image_folder(photographs).train, MeanColour(), 32, progress=lambda *step: told.append(step), label="it"
    )
    assert told[0] == (0, 36, "it")
    assert told[-1] == (36, 36, "it")


def test_json_holds_top1_and_what_was_done(result):
    told = json.loads(json.dumps(result.as_dict()))
    assert told["top1"] == result.top1
    assert told["few_shot"]["3"]["top1"] > 0.4
    assert set(told["baselines"]) == {"random start", "raw pixels", "mean colour"}
    assert told["layer"] == "conv2"
    assert told["weights"] is None
    assert (told["train_images"], told["test_images"]) == (36, 18)


def test_table_says_all_that_has_to_be_said(result):
    page = result.markdown()
    assert page.startswith("| features | top-1 % | 1 a class | 3 a class | numbers | chosen |")
    assert "18 test and 36 training images of 3 classes (train/ and val/) at 32 pixels, ridge, layer conv2" in page
    assert "times a random start" in page


def test_nearest_neighbours_tell_stripes_apart(photographs):
    found = probe("small_alexnet", photographs, "knn", layer="conv1", few_shot=[2], **QUICK)
    assert found.top1 > 0.5
    assert set(found.rows["raw pixels"].choices[0]) == {"neighbours"}


def test_gradient_descent_chooses_nothing(photographs):
    found = probe("small_alexnet", photographs, "adam", epochs=1, **QUICK | {"random_starts": 0})
    assert list(found.rows) == ["small_alexnet, random", "raw pixels", "mean colour"]
    assert all(row.choices == ({},) for row in found.rows.values())
    assert found.times_random is None


def test_a_backbone_itself_can_be_probed(photographs):
    network = create("small_vit", width=0.25)
    options = {name: value for name, value in QUICK.items() if name != "width"}
    assert list(probe(network, photographs, **options).rows) == ["SmallViT", "raw pixels", "mean colour"]
    assert network.training
    with pytest.raises(ValueError, match="weights need the name"):
        probe(network, photographs, weights="noise", **options)


def poisoned(folder: ImageFolder, place) -> ImageFolder:
    """The same training images, and test images of noise with labels turned round."""
    draws = np.random.default_rng(0)
    paths = []
    for number in range(len(folder.test)):
        path = place / f"{number}.png"
        image = draws.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(image).save(path)
        paths.append(path)
    test = LabelledImages(tuple(paths), (folder.test.labels + 1) % len(CLASSES))
    return ImageFolder(folder.root, folder.classes, folder.train, test, folder.split)


@pytest.mark.parametrize("method", ["ridge", "knn", "adam"])
def test_no_test_image_touches_a_choice(photographs, tmp_path, method, monkeypatch):
    """Poisoned test images and labels: every fit is still the same, to the last bit of its answers."""
    folder = read_image_folder(photographs)
    asked = extract(folder.test, RawPixels(), 32).values
    fits = {"ridge": "fit_ridge", "knn": "fit_neighbours", "adam": "fit_by_gradient"}
    original, answers = getattr(home, fits[method]), []

    def recorded(*given, **options):
        fitted = original(*given, **options)
        answers[-1].append(
            (dict(fitted.choice), fitted.predict(asked).tolist() if given_numbers(fitted, asked) else None)
        )
        return fitted

    def given_numbers(fitted, values):
        try:
            fitted.predict(values)
        except (ValueError, RuntimeError):  # this fit is one of another source, with vectors of another length
            return False
        return True

    monkeypatch.setattr(home, fits[method], recorded)
    options = QUICK | {"epochs": 1, "neighbours": (1, 5, 10), "few_shot": () if method == "adam" else (2,)}
    tops = []
    for data in (folder, poisoned(folder, tmp_path)):
        answers.append([])
        tops.append(probe("small_alexnet", data, method, **options).rows["raw pixels"].top1.value)
    assert answers[0] == answers[1]
    assert any(predicted is not None for _, predicted in answers[0])
    assert tops[0] != tops[1]


def test_training_images_are_all_that_is_read_before_the_fit(photographs, monkeypatch):
    folder = read_image_folder(photographs)
    events = []

    def extracted(images, source, size, **options):
        events.append("train" if images is folder.train else "test")
        return extract(images, source, size, **options)

    def fitted(*given, original=home.fit_ridge, **options):
        events.append("fit")
        return original(*given, **options)

    monkeypatch.setattr(home, "extract", extracted)
    monkeypatch.setattr(home, "fit_ridge", fitted)
    probe("small_alexnet", folder, **QUICK | {"random_starts": 0})
    assert events == ["train", "fit", "test"] * 3


def test_broken_images_are_named_and_left_out(tmp_path):
    write_image_folder(tmp_path)
    (tmp_path / "train" / "down" / "torn.png").write_bytes(b"\x89PNG")
    (tmp_path / "val" / "flat" / "text.jpg").write_text("no image")
    found = probe("small_alexnet", tmp_path, **QUICK)
    assert [reason.partition(":")[0].rpartition("/")[2] for reason in found.broken] == ["torn.png", "text.jpg"]
    assert found.about["test_images"] == 18
    assert "2 images skipped" in found.markdown()


def test_images_in_both_parts_are_counted(tmp_path):
    write_image_folder(tmp_path)
    write_image(tmp_path / "val" / "down" / "again.png", 1, 0)  # train/down/000.png is the same
    found = probe("small_alexnet", tmp_path, **QUICK)
    assert found.about["repeated"] == 1
    assert "1 test images also occur among the training images" in found.markdown()


def test_what_cannot_be_probed_is_a_sentence(photographs, tmp_path):
    for options, reason in (
        ({"layer": "fc6"}, "no layer 'fc6'"),
        ({"size": 16}, "at least 32"),
        ({"method": "svm"}, "method must be one of ridge"),
        ({"method": "adam", "few_shot": [1]}, "ridge or knn, got adam"),
        ({"few_shot": [0]}, "few_shot must be at least 1"),
        ({"seed": -1}, "seed must not be negative"),
    ):
        with pytest.raises(ValueError, match=reason):
            probe("small_alexnet", photographs, **QUICK | options)
    with pytest.raises(ValueError, match="64 x 64 pixels"):
        probe("small_alexnet_whole", photographs, **QUICK)
    with pytest.raises(DatasetError, match="13 training images of each class, found 12 of across"):
        probe("small_alexnet", photographs, few_shot=[13], **QUICK)
    with pytest.raises(WeightsError, match="no weights of small_vit pretrained on noise"):
        probe("small_vit", photographs, weights="noise", **QUICK)


def test_weights_of_another_architecture_and_of_nan(photographs, tmp_path):
    tensors = {name: value.contiguous() for name, value in create("small_alexnet", width=0.1).state_dict().items()}
    save_file(tensors, tmp_path / "own.safetensors")
    with pytest.raises(WeightsError, match="another model"):
        probe("small_alexnet", photographs, weights=tmp_path / "own.safetensors", **QUICK | {"width": 0.2})
    save_file(tensors | {"trunk.0.weight": tensors["trunk.0.weight"] * torch.nan}, tmp_path / "nan.safetensors")
    with pytest.raises(WeightsError, match="not finite"):
        probe("small_alexnet", photographs, weights=tmp_path / "nan.safetensors", **QUICK)


def test_all_images_broken(tmp_path):
    for part in ("train", "val"):
        for name in CLASSES:
            (tmp_path / part / name).mkdir(parents=True)
            (tmp_path / part / name / "a.png").write_text("no")
    with pytest.raises(DatasetError, match="none of 3 images can be read"):
        probe("small_alexnet", tmp_path, **QUICK)


def test_random_starts_differ_by_seed_and_leave_the_callers_numbers_alone():
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    first, second, again = (make_backbone("small_alexnet", 0.1, seed) for seed in (0, 1, 0))
    assert torch.equal(torch.rand(1), wanted)
    assert torch.equal(first.trunk[0].weight, again.trunk[0].weight)
    assert not torch.equal(first.trunk[0].weight, second.trunk[0].weight)


def test_maps_are_averaged_to_a_grid_of_at_most_4096_numbers():
    source = BackboneFeatures(make_backbone("small_alexnet", 1.0, 0), "conv2")
    maps = torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8)
    assert source(maps).shape == (1, 192 * 4 * 4)


def test_baselines_are_what_they_say():
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    torch.testing.assert_close(MeanColour()(images), images.float().mean(dim=(2, 3)) / 127.5 - 1)
    flat = torch.full((1, 3, 64, 64), 255, dtype=torch.uint8)
    assert RawPixels()(flat).shape == (1, 3 * 32 * 32)
    torch.testing.assert_close(RawPixels()(flat), torch.ones(1, 3072))


class Cached:
    """Features of the test images, kept in a folder; counts how often they are computed."""

    def __init__(self, photographs, place, monkeypatch):
        self.images = read_image_folder(photographs).test
        self.cache = FeatureCache(place)
        self.computed = 0
        original = probe_features.read_images

        def counted(*given):
            self.computed += 1
            return original(*given)

        monkeypatch.setattr(probe_features, "read_images", counted)

    def __call__(self, source=None, size=32):
        return extract(self.images, source or MeanColour(), size, cache=self.cache)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    return Cached(write_image_folder(tmp_path / "photographs"), tmp_path / "kept", monkeypatch)


def test_features_are_computed_once(cached):
    first, second = cached(), cached()
    assert cached.computed == 1
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.fingerprints, second.fingerprints)
    assert len(list(cached.cache.root.iterdir())) == 1


def test_features_are_computed_again_for_another_size_layer_weights_or_image(cached):
    networks = [make_backbone("small_alexnet", 0.1, seed) for seed in (0, 1)]
    cached()
    cached(size=33)
    for network in networks:
        cached(BackboneFeatures(network, "conv1"))
    cached(BackboneFeatures(networks[0], "conv2"))
    assert cached.computed == 5
    write_image(cached.images.paths[0], 2, 77)
    cached()
    assert cached.computed == 6


@pytest.mark.parametrize("damage", ["cut", "garbage", "flipped", "empty", "of other images"])
def test_damaged_features_are_computed_again(cached, damage, caplog):
    before = cached()
    (path,) = cached.cache.root.iterdir()
    content = bytearray(path.read_bytes())
    if damage == "of other images":
        np.savez(
            path, values=before.values[:3], places=before.indices[:3], fingerprints=before.fingerprints[:3], broken=[]
        )
    else:
        content[300] ^= 255
        path.write_bytes({"cut": content[:-100], "garbage": b"x" * 50, "flipped": content, "empty": b""}[damage])
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(cached().values, before.values)
    assert cached.computed == 2
    cached()
    assert cached.computed == 2


def test_a_cache_that_cannot_be_written_costs_no_result(cached, caplog, tmp_path):
    (tmp_path / "file").write_text("in the way")
    cached.cache = FeatureCache(tmp_path / "file")
    assert len(cached().values) == 18
    assert "features are not cached" in caplog.text


def test_the_weights_that_noise_selects_do_not_depend_on_what_else_ships(tmp_path, monkeypatch):
    assert noise_weights("small_alexnet") == "noise/programs/small_alexnet"
    assert noise_weights("resnet18") == "noise/programs/resnet18"
    for name in ("a_first_one/small_alexnet", "programs/small_alexnet", "zeal/small_vit"):
        folder = tmp_path / "noise" / name
        folder.mkdir(parents=True)
        (folder / "model.safetensors").touch()
    monkeypatch.setattr("crossmodal.weights.SHIPPED", tmp_path)
    assert noise_weights("small_alexnet") == "noise/programs/small_alexnet"
    with pytest.raises(WeightsError, match="no weights of small_vit"):
        noise_weights("small_vit")
