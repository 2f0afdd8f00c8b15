"""Folders of images with masks: square crops, and error messages."""

import numpy as np
import pytest
import torch
from PIL import Image

from crossmodal.dissect import MaskFolder, dissect
from crossmodal.errors import DatasetError
from tests.unit.dissect.mask_folder import write_mask_folder


@pytest.fixture
def folder(tmp_path):
    return write_mask_folder(tmp_path, count=4)


@pytest.mark.parametrize("palette", [True, False])
def test_images_and_masks_are_centre_crops(tmp_path, palette):
    source = MaskFolder(write_mask_folder(tmp_path, 3, palette=palette), size=20)
    indices = np.array([2, 0])
    inputs = source.inputs(indices)
    images, labels = source.labelled(indices, inputs, None)
    assert (images.shape, images.dtype) == ((2, 3, 20, 20), torch.uint8)
    with Image.open(tmp_path / "masks" / "002.png") as mask:
        cropped = np.asarray(mask)[:, 4:44]
    # 40 rows to 20: the nearest of two.
    assert np.isin(labels[0].numpy(), cropped).all()
    assert (labels[0].numpy() == cropped[1::2, 1::2]).mean() > 0.99
    assert source.concepts == {0: "ground", 1: "sky", 2: "window"}


def test_names_from_a_table_next_to_the_folder(tmp_path):
    folder = write_mask_folder(tmp_path / "street", 2)
    (folder / "classes.txt").unlink()
    rows = [
        "dataset\tindex\tname",
        "street\t0\troad",
        "street\t1\tsky",
        "other\t1\tsea",
        "street\t2\tcar",
        "street\t3\tvoid",
    ]
    (tmp_path / "concepts.tsv").write_text("\n".join(rows))
    assert MaskFolder(folder).concepts == {0: "road", 1: "sky", 2: "car"}
    (tmp_path / "concepts.tsv").unlink()
    assert MaskFolder(folder).concepts[2] == "class 2"


def failing(folder, match, **options):
    def read_all():
        source = MaskFolder(folder, **options)
        source.labelled(np.array([1]), source.inputs(np.array([1])), None)

    with pytest.raises(DatasetError, match=match):
        read_all()


def test_a_mask_of_another_size(folder):
    Image.new("L", (48, 41)).save(folder / "masks" / "001.png")
    failing(folder, r"001.png: has 48 x 41 pixels, its image 001.png 48 x 40")


def test_a_mask_with_an_unknown_label(folder):
    Image.new("L", (48, 40), 9).save(folder / "masks" / "001.png")
    failing(folder, r"001.png: holds class 9, which classes.txt does not name; .* set these pixels to 255")
    Image.new("L", (48, 40), 255).save(folder / "masks" / "001.png")
    MaskFolder(folder).labelled(np.array([1]), (torch.zeros(1),), None)


def test_a_mask_of_colours(folder):
    Image.new("RGB", (48, 40)).save(folder / "masks" / "001.png")
    failing(folder, "8-bit grey or palette PNG.*found RGB")


def test_missing_and_broken_files(folder, tmp_path):
    failing(tmp_path / "nowhere", "images: no such folder; a folder of images with masks holds")
    failing(folder, "cannot be read as a list", classes=folder / "nowhere.txt")
    (folder / "masks" / "001.png").write_bytes(b"no image")
    failing(folder, "001.png: cannot be read")
    (folder / "masks" / "001.png").unlink()
    failing(folder, "1 images have no mask, 001.png")
    (folder / "images" / "002.png").write_bytes(b"no image")
    Image.new("L", (48, 40)).save(folder / "masks" / "001.png")
    with pytest.raises(DatasetError, match=r"002.png: cannot be read"):
        MaskFolder(folder).inputs(np.array([2]))
    for path in (folder / "images").iterdir():
        path.unlink()
    failing(folder, "holds no image")


@pytest.mark.parametrize(
    ("text", "match"), [("a,b\n1,2", "columns index and name"), ("index\tname\nx\ty", "found 'x'")]
)
def test_invalid_tables_of_classes(folder, text, match):
    table = folder / "mine.tsv"
    table.write_text(text)
    failing(folder, match, classes=table)


def test_windows_and_sky_are_found_in_brightness(tmp_path):
    source = MaskFolder(write_mask_folder(tmp_path, 64), size=32)
    brightness = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3, padding=1))
    brightness[0].weight.data.copy_(torch.tensor([1.0, -1.0])[:, None, None, None].expand(2, 3, 3, 3))
    brightness[0].bias.data.zero_()

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = brightness

        def forward(self, images):
            return self.body(images.float() - 128)

    bright, dark = dissect(Network(), "body", source, fraction=0.02, resamples=20, permutations=200).units
    assert (bright.concept, bright.detector) == ("window", True)
    assert (dark.concept, dark.detector) == ("ground", True)
