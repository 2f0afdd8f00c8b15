import numpy as np
import pytest
import torch
from scipy import ndimage
from sklearn.cluster import KMeans

from crossmodal.noise.mixers.leaf_masks import compose_by_leaves, compose_tensors, nearer_first_colour, nearer_tensors


def images(seed, n, size, levels=256):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, levels, (n, 3, 1 + size[0] // 4, 1 + size[1] // 4)) * (255 // (levels - 1))
    fine = np.kron(coarse, np.ones((4, 4), int))[..., : size[0], : size[1]]
    return torch.from_numpy(np.clip(fine + rng.integers(0, 9, (n, 3, *size)), 0, 255).astype(np.uint8))


def nearer(image):
    mask = np.empty(image[0].numel(), np.uint8)
    nearer_first_colour(mask, image.numpy().reshape(3, -1))
    return mask.astype(bool)


def two_means(pixels):
    """Three plain Lloyd steps and a last assignment: (pixels,) whether nearer to the first centre."""
    ordered = sorted(map(tuple, pixels.tolist()))
    centres = np.array([ordered[0], ordered[-1]], float)
    for _ in range(3):
        near = np.linalg.norm(pixels - centres[0], axis=1) <= np.linalg.norm(pixels - centres[1], axis=1)
        for cluster, members in enumerate((near, ~near)):
            if members.any():
                centres[cluster] = pixels[members].mean(0)
    return np.linalg.norm(pixels - centres[0], axis=1) <= np.linalg.norm(pixels - centres[1], axis=1)


@pytest.mark.parametrize("levels", [256, 3])
def test_clusters_are_those_of_plain_2_means(levels):
    """Except for pixels within 1/256 of a level of the middle, where the rounding of the centres decides."""
    for image in images(1, 20, (24, 31), levels):
        pixels = image.flatten(1).T.double().numpy()
        assert (nearer(image) != two_means(pixels)).mean() < 0.005


def test_clusters_are_those_of_scikit_learn():
    for image in images(2, 6, (30, 30)):
        pixels = image.flatten(1).T.double().numpy()
        ends = np.array([min(map(tuple, pixels)), max(map(tuple, pixels))])
        labels = KMeans(2, init=ends, n_init=1, max_iter=3, tol=0, algorithm="lloyd").fit(pixels).labels_
        assert (nearer(image) != (labels == 0)).mean() < 0.005


def test_one_colour_is_the_first_cluster():
    assert nearer(torch.full((3, 4, 5), 77, dtype=torch.uint8)).all()


@pytest.mark.parametrize(("size", "first"), [((20, 33), 3), ((256, 40), 3), ((513, 520), 5), ((1, 2), 3)])
def test_images_are_composed_by_the_twice_blurred_mask(size, first):
    source, inside, outside = (images(seed, 2, size) for seed in range(3))
    made = compose_by_leaves(source, inside, outside).double()
    for i in range(2):
        mask = nearer(source[i]).reshape(size).astype(float)
        soft = ndimage.uniform_filter(ndimage.uniform_filter(mask, first, mode="nearest"), 3, mode="nearest")
        exact = soft * inside[i].numpy() + (1 - soft) * outside[i].numpy()
        assert np.abs(made[i].numpy() - exact).max() < 0.51


@pytest.mark.parametrize("size", [(17, 23), (1, 1)])
@pytest.mark.parametrize("reach", [1, 2])
def test_the_device_path_makes_the_same_bytes(size, reach, monkeypatch):
    monkeypatch.setattr("crossmodal.noise.mixers.leaf_masks._SIDE", min(size) / reach)
    source, inside, outside = (images(seed, 5, size) for seed in range(3))
    assert torch.equal(compose_tensors(source, inside, outside, reach), compose_by_leaves(source, inside, outside))
    flat = nearer_tensors(source).flatten(1).numpy()
    assert all(np.array_equal(row, nearer(image)) for row, image in zip(flat, source, strict=True))
