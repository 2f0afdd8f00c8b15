"""Folders of tiny photographs: stripes across, stripes down, or none."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("across", "down", "flat")


def write_image(path: Path, label: int, number: int, side: int = 40) -> Path:
    """Write a noisy image of a class: stripes across, stripes down, or none."""
    draws = np.random.default_rng([label, number])
    wave = np.sin(np.arange(side) * 0.8 + draws.uniform(0, 6))
    plain = [np.tile(wave[:, None], (1, side)), np.tile(wave, (side, 1)), np.zeros((side, side))][label]
    colour = draws.uniform(20, 60, size=3)
    noisy = 128 + plain[..., None] * colour + draws.normal(0, 8, (side, side, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path)
    return path


def write_tree(root: Path, images: int = 10, first: int = 0, classes: tuple[str, ...] = CLASSES) -> Path:
    """Write one tree: ``<class>/<number>.png``."""
    for label, name in enumerate(classes):
        for number in range(first, first + images):
            write_image(root / name / f"{number:03d}.png", label, number)
    return root


def write_image_folder(root: Path, train: int = 12, test: int = 6, test_name: str = "val") -> Path:
    """Write ``train/`` and a test part."""
    write_tree(root / "train", train)
    write_tree(root / test_name, test, first=train)
    return root
