"""Labelled photographs in folders."""

import numpy as np
import pytest
from PIL import Image

from crossmodal.data.image_folder import centred, open_image, read_image_folder, read_images, split_by_class
from crossmodal.errors import DatasetError, FormatError
from tests.fakes.image_folder import CLASSES, write_image, write_image_folder, write_tree


@pytest.mark.parametrize("test_name", ["val", "test"])
def test_train_and_a_test_folder(tmp_path, test_name):
    folder = read_image_folder(write_image_folder(tmp_path, train=3, test=2, test_name=test_name))
    assert folder.classes == CLASSES
    assert folder.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert folder.test.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert folder.train.paths[3] == tmp_path / "train" / "down" / "000.png"
    assert folder.split == f"train/ and {test_name}/"


def test_one_tree_is_split_class_by_class(tmp_path):
    folder = read_image_folder(write_tree(tmp_path, 10), seed=3)
    assert np.bincount(folder.train.labels).tolist() == [8, 8, 8]
    assert np.bincount(folder.test.labels).tolist() == [2, 2, 2]
    assert not set(folder.train.paths) & set(folder.test.paths)
    assert "one tree, split by seed 3" in folder.split
    assert read_image_folder(tmp_path, seed=3).test.paths == folder.test.paths
    assert read_image_folder(tmp_path, seed=4).test.paths != folder.test.paths


def test_a_split_takes_one_of_two_and_none_of_one():
    first, second = split_by_class(np.array([0, 1, 1, 2, 2, 2]), 0.2, 0, "test")
    assert np.bincount(np.array([0, 1, 1, 2, 2, 2])[second], minlength=3).tolist() == [0, 1, 1]
    assert sorted([*first, *second]) == [0, 1, 2, 3, 4, 5]


def test_classes_of_the_test_part_keep_their_index(tmp_path):
    write_image_folder(tmp_path, train=2, test=1)
    for path in (tmp_path / "val" / "across").iterdir():
        path.unlink()
    assert read_image_folder(tmp_path).test.labels.tolist() == [1, 2]


def test_images_may_be_in_subfolders_and_other_files_are_ignored(tmp_path):
    write_tree(tmp_path, 2)
    write_image(tmp_path / "down" / "images" / "deep.JPEG", 1, 5)
    (tmp_path / "down" / "boxes.txt").write_text("1 2 3")
    (tmp_path / ".hidden").mkdir()
    folder = read_image_folder(tmp_path)
    assert len(folder.train) + len(folder.test) == 7


def _nothing(root):
    (root / "train").rmdir() if (root / "train").exists() else None


def _loose(root):
    write_image(root / "a.png", 0, 0)


def _one_class(root):
    write_tree(root, 3, classes=("across",))


def _without_test(root):
    write_tree(root / "train", 2)


def _unknown_class(root):
    write_image_folder(root, train=2, test=1)
    write_image(root / "val" / "curly" / "a.png", 0, 0)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_nothing, "has no classes; found no image"),
        (_loose, "has no classes; found 1 images outside of class folders"),
        (_one_class, "has one class only .across."),
        (_without_test, "neither val/ nor test/"),
        (_unknown_class, "classes that train/ does not have: curly"),
    ],
)
def test_folders_that_cannot_be_used_are_reported(tmp_path, make, reason):
    make(tmp_path)
    with pytest.raises(DatasetError, match=reason):
        read_image_folder(tmp_path)


def test_no_such_folder(tmp_path):
    with pytest.raises(DatasetError, match="no such folder"):
        read_image_folder(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="a file, not a folder"):
        read_image_folder(write_image(tmp_path / "a.png", 0, 0))


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("L", 90, (90, 90, 90)),
        ("RGBA", (10, 20, 30, 0), (10, 20, 30)),
        ("LA", (70, 9), (70, 70, 70)),
        ("CMYK", (255, 255, 255, 0), (0, 0, 0)),
        ("1", 1, (255, 255, 255)),
        ("I;16", 90 * 256 + 3, (90, 90, 90)),
    ],
)
def test_every_mode_becomes_rgb(tmp_path, mode, value, expected):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.new(mode, (5, 4), value).save(path)
    image = np.asarray(open_image(path))
    assert image.shape == (4, 5, 3)
    assert image[0, 0].tolist() == list(expected)


def test_a_palette_with_transparency_needs_no_warning(tmp_path):
    image = Image.new("RGB", (8, 8), (200, 100, 50)).quantize(4)
    image.save(tmp_path / "a.png", transparency=b"\x00\x80\xff\xff")
    assert np.asarray(open_image(tmp_path / "a.png"))[0, 0].tolist() == pytest.approx([200, 100, 50], abs=4)


def test_broken_images_are_named_and_the_rest_is_read(tmp_path):
    good = write_image(tmp_path / "good.png", 0, 0)
    (tmp_path / "torn.png").write_bytes(good.read_bytes()[:400])
    (tmp_path / "text.jpg").write_text("no image")
    paths = [good, tmp_path / "torn.png", tmp_path / "text.jpg", tmp_path / "gone.png", good]
    read = list(read_images(paths, lambda index, image: centred(image, 32)))
    assert [item.image is not None for item in read] == [True, False, False, False, True]
    assert "torn.png: cannot be read" in read[1].reason
    assert "text.jpg: cannot be read (not an image)" in read[2].reason
    with pytest.raises(FormatError, match="not an image"):
        open_image(tmp_path / "text.jpg")


def test_many_images_are_in_order(tmp_path):
    paths = [write_image(tmp_path / f"{number}.png", 0, number, side=33) for number in range(80)]
    indices = [int(item.image[0, 0, 0]) for item in read_images(paths, lambda index, image: np.full((1, 1, 3), index))]
    assert indices == list(range(80))


def test_the_centre_is_the_published_one():
    torchvision = pytest.importorskip("torchvision.transforms")
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 128, 3), dtype=np.uint8))
    published = torchvision.Compose([torchvision.Resize(70), torchvision.CenterCrop(64)])(image)
    ours = centred(image, 64)
    assert ours.shape == (64, 64, 3)
    # torchvision rounds the longer side down and the crop's offset to even: at most a pixel's shift.
    assert abs(float(np.asarray(published).mean()) - float(ours.mean())) < 1
    square = image.crop((0, 0, 90, 90))
    published = torchvision.Compose([torchvision.Resize(70), torchvision.CenterCrop(64)])(square)
    np.testing.assert_array_equal(np.asarray(published), centred(square, 64))
