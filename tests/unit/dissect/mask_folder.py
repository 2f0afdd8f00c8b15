"""A folder of images with masks, in the format of users."""

import numpy as np
from PIL import Image


def write_mask_folder(root, count=40, size=(48, 40), palette=True):
    """Grey images with a bright sky above, a dark ground below, and a window somewhere."""
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True, exist_ok=True)
    (root / "classes.txt").write_text("ground\nsky\nwindow\nunlabelled\n")
    width, height = size
    for number in range(count):
        draws = np.random.default_rng(number)
        labels = np.zeros((height, width), np.uint8)
        labels[: draws.integers(height // 3, 2 * height // 3)] = 1
        top, left = draws.integers(0, height - 8), draws.integers(0, width - 8)
        labels[top : top + 8, left : left + 8] = 2
        labels[-1] = 3
        shade = np.array([60, 180, 240, 120])[labels] + draws.normal(0, 8, size=labels.shape)
        Image.fromarray(shade.clip(0, 255).astype(np.uint8)).convert("RGB").save(root / "images" / f"{number:03d}.png")
        mask = Image.fromarray(labels, mode="P" if palette else "L")
        if palette:
            mask.putpalette([0, 120, 0, 120, 180, 255, 250, 250, 0, 0, 0, 0])
        mask.save(root / "masks" / f"{number:03d}.png")
    return root
