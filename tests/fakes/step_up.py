"""Tiny folders of StepUP-P150: people who differ in the length, width and toes of their feet."""

from pathlib import Path

import numpy as np

HEADER = (
    "ParticipantID,Footwear,Speed,FootstepID,PassID,Side,StartFrame,EndFrame,MeanPressure,Rscore,Exclude,Outlier,"
    "Incomplete,Standing"
)


def footsteps(person, footwear, sides, frames=101, seed=0):
    """Steps (sides, frames, 75, 40) in kPa: five ellipses that load and unload in turn, smoother in shoes."""
    rng = np.random.default_rng([person, seed])
    body = np.random.default_rng([person, 99])
    length, width = body.uniform(44, 58), body.uniform(14, 20)
    peaks = body.uniform(150, 450, size=5)
    blur = {"BF": 1.0, "ST": 1.25, "P1": 1.4, "P2": 1.15}[footwear]
    y, x = np.mgrid[:75, :40].astype(float)
    time = np.linspace(0, 1, frames)[:, None, None]
    steps = np.zeros((len(sides), frames, 75, 40), np.float32)
    spots = ((0.12, 0.0, 0.0, 0.6), (0.45, 0.5, 0.1, 0.8), (0.7, 0.45, 0.1, 0.95), (0.7, -0.4, 0.1, 0.95),
             (0.92, -0.4, 0.3, 1.0))  # fmt: skip
    for number, side in enumerate(sides):
        row, column = 37 + rng.normal(0, 0.7), 19.5 + rng.normal(0, 0.7)
        for (along, aside, begin, end), peak in zip(spots, peaks, strict=True):
            middle = row + (along - 0.5) * length, column + (1 if side == "Left" else -1) * aside * width / 2
            load = np.clip(np.sin(np.pi * (time - begin) / (end - begin)), 0, None) * ((time > begin) & (time < end))
            away = ((y - middle[0]) / (5 * blur)) ** 2 + ((x - middle[1]) / (3 * blur)) ** 2
            steps[number] += peak * rng.uniform(0.85, 1.15) / blur * load * np.exp(-0.5 * away)
    return np.where(steps < 5, 0, steps)


def write_step_up(root: Path, people=5, footwear=("BF", "ST"), trials=("W1",), steps=6, frames=21, flagged=()):
    """Write participants 001 …; ``flagged`` are (row, flag) that are set in every table."""
    for person in range(1, people + 1):
        for shoe in footwear:
            for number, trial in enumerate(trials):
                folder = root / f"{person:03d}" / shoe / trial
                folder.mkdir(parents=True)
                sides = ["Left", "Right"] * (steps // 2)
                walked = footsteps(person, shoe, sides, frames, seed=10 * number + footwear.index(shoe))
                np.savez_compressed(folder / "pipeline_1.npz", walked)
                flags = [[str((row, flag) in flagged) for flag in HEADER.split(",")[-4:]] for row in range(steps)]
                lines = [
                    f"{person},{shoe},{trial},{row},0,{side},0,60,50.0,0.9,{','.join(flags[row])}"
                    for row, side in enumerate(sides)
                ]
                (folder / "metadata.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    return root


def tiny_step_up(recipe, request):
    """What makes a recipe of `StepUpDataModule` small, and stands in for its data."""
    folder = request.getfixturevalue("tmp_path_factory").mktemp("step_up")
    write_step_up(folder / "py", people=7, steps=8)
    return {
        "data.root": str(folder),
        "data.cache": str(folder / "cache"),
        "data.test": 0.3,
        "data.validation": 0.3,
        "data.people_per_batch": 2,
        "data.footsteps_each": 2,
        "task.model.width": 0.1,
        "task.model.weights": None,
        "task.model.features": 16,
        "trainer.val_check_interval": 1,
    }
