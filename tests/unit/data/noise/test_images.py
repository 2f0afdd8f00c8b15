"""Images as files: encoded exactly, described completely."""

import json

import numpy as np
import pytest
import torch

from crossmodal.data.noise.images import decode_image, encode_image, render_samples, write_noise_images
from crossmodal.errors import DatasetError
from tests.fakes.stripes import Stripes

draws = np.random.default_rng(0)


@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_png_and_webp_are_lossless(image_format):
    image = draws.integers(0, 256, (9, 14, 3)).astype(np.uint8)
    decoded = decode_image(encode_image(image, image_format))
    assert decoded.dtype == torch.uint8
    assert np.array_equal(decoded.permute(1, 2, 0), image)


def test_jpg_comes_near():
    ramp = np.repeat(np.linspace(0, 255, 32, dtype=np.uint8)[None, :, None], 32, axis=0).repeat(3, axis=2)
    decoded = decode_image(encode_image(ramp, "jpg")).permute(1, 2, 0).numpy()
    assert np.abs(decoded.astype(int) - ramp).max() <= 3


def test_samples_come_in_order_with_their_descriptions():
    process = Stripes(width=2)
    samples = list(render_samples(process, range(30, 70), (6, 8), 4))  # more than are rendered at once
    assert [sample.index for sample in samples] == list(range(30, 70))
    drawn, labels = process(range(30, 70), (6, 8), 4), process.labels(range(30, 70), 4)
    assert np.array_equal([sample.image for sample in samples], drawn.permute(0, 2, 3, 1))
    assert [sample.label for sample in samples] == labels.tolist()
    description = json.loads(samples[7].description)
    assert description.pop("crossmodal")
    assert description == {
        "process": "stripes", "options": {"width": 2, "colour": "random"}, "seed": 4, "size": [6, 8], "index": 37,
        "label": int(labels[7]),
    }  # fmt: skip


def test_invalid_numbers_are_refused_before_anything_is_written(tmp_path):
    for options, message in (
        ({"count": 0}, "count=0"), ({"count": 1, "first": -1}, "first=-1"), ({"count": 1, "size": (0, 3)}, "1 pixel"),
        ({"count": 1, "seed": -1}, "seed"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            write_noise_images(tmp_path / "out", Stripes(), **options)
    assert not (tmp_path / "out").exists()


def test_a_broken_index_is_named(tmp_path):
    (tmp_path / "index.json").write_text('{"pictures": 3}')
    with pytest.raises(DatasetError, match=r"index\.json: is not an index"):
        write_noise_images(tmp_path, Stripes(), 1)
