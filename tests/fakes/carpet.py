"""Tiny packed recordings of IntelligentCarpet: a stick figure that wanders, leans and steps over the carpet."""

import pickle
from pathlib import Path

import numpy as np

from crossmodal.models.skeleton import JOINTS, from_mm

#: Each joint of a person of 1700 mm who stands: right of the middle, ahead of it, above the floor, in mm.
STANDING = {
    "nose": (0, 90, 1580), "neck": (0, 0, 1420), "right_shoulder": (180, 0, 1400), "right_elbow": (220, 0, 1110),
    "right_wrist": (230, 60, 860), "left_shoulder": (-180, 0, 1400), "left_elbow": (-220, 0, 1110),
    "left_wrist": (-230, 60, 860), "mid_hip": (0, 0, 930), "right_hip": (100, 0, 930), "right_knee": (110, 20, 500),
    "right_ankle": (110, 0, 90), "left_hip": (-100, 0, 930), "left_knee": (-110, 20, 500), "left_ankle": (-110, 0, 90),
    "left_big_toe": (-90, 180, 15), "left_small_toe": (-150, 150, 15), "left_heel": (-110, -50, 15),
    "right_big_toe": (90, 180, 15), "right_small_toe": (150, 150, 15), "right_heel": (110, -50, 15),
}  # fmt: skip
_CELL_MM = 1828.8 / 96


def stand_and_step(seed, frames, tall=1.0):
    """A minute of somebody on the carpet: touch (frames, 96, 96) and joints (frames, 21, 3) in mm of the carpet."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames) + rng.uniform(0, 300)
    middle = 914 + 350 * np.stack([np.sin(time / 31 + seed), np.cos(time / 23)], axis=1)
    turn = 2 * np.pi * np.sin(time / 57 + seed)
    lean = np.sin(time / 6)  # to the right: the body moves over the foot that bears it
    right = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    ahead = np.stack([-np.sin(turn), np.cos(turn)], axis=1)
    joints = np.zeros((frames, len(JOINTS), 3))
    touch = 0.02 * rng.random((frames, 96, 96))
    y, x = (np.arange(96)[:, None] + 0.5) * _CELL_MM, (np.arange(96)[None] + 0.5) * _CELL_MM
    for number, name in enumerate(JOINTS):
        beside, before, above = (tall * value for value in STANDING[name])
        swayed = beside + 120 * lean * above / (1700 * tall)
        joints[:, number, :2] = middle + swayed[:, None] * right + before * ahead
        joints[:, number, 2] = -above
        if above < 20:
            share = 0.5 + 0.45 * lean * np.sign(beside)
            places = joints[:, number]
            distance = (y - places[:, 1, None, None]) ** 2 + (x - places[:, 0, None, None]) ** 2
            touch += 0.8 * tall * share[:, None, None] * np.exp(-distance / (2 * 35.0**2))
    return np.clip(touch, 0, 1), joints


def write_packed_carpet(root: Path, recordings=(("ann", 40), ("bob", 40), ("cyd", 40), ("dan", 40)), table=True):
    """Write recordings of (subject, frames) as packed samples, with a small stand-in for the heat map."""
    first, lines = 0, ["recording,subject"]
    for number, (subject, frames) in enumerate(recordings):
        folder = root / str(first)
        folder.mkdir(parents=True, exist_ok=True)
        touch, joints = stand_and_step(number, frames, tall=0.9 + 0.02 * sum(map(ord, subject)) % 0.2)
        keypoints = np.clip(from_mm(joints), 0, 1)
        for frame in range(frames):
            sample = [touch[frame], np.zeros((21, 2, 2, 2), np.float32), keypoints[frame]]
            (folder / f"{first + frame}.p").write_bytes(pickle.dumps(sample, protocol=4))
        lines.append(f"{first},{subject}")
        first += frames
    (root / "log.p").write_bytes(pickle.dumps(np.array([0, first])))
    if table:
        (root / "subjects.csv").write_text("\n".join(lines) + "\n")
    return root


def tiny_intelligent_carpet(recipe, request):
    """What makes a recipe of `IntelligentCarpetDataModule` small, and stands in for its data."""
    folder = request.getfixturevalue("tmp_path_factory").mktemp("carpet")
    window = recipe["data"]["init_args"]["window"]
    write_packed_carpet(folder / "packed", [(subject, window + 4) for subject in ("ann", "bob", "cyd", "dan")])
    return {
        "data.root": str(folder / "packed"),
        "data.cache": str(folder / "cache"),
        "data.batch_size": 2,
        "task.model.width": 0.1,
        "task.model.weights": None,
        "task.model.features": 16,
        "trainer.val_check_interval": 1,
    }
