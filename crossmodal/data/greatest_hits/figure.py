"""Figure of one Greatest Hits sample."""

import numpy as np
import torch
from matplotlib.figure import Figure

from crossmodal.audio import FEATURE_RATE_HZ
from crossmodal.data.greatest_hits.files import MATERIALS

_FRAMES_SHOWN = 6


def draw_sample(sample: dict[str, torch.Tensor], title: str) -> Figure:
    """Draw a row of frames above the cochleagram, with hits as lines and their materials; needs no display."""
    start_s = float(sample["start_step"]) / FEATURE_RATE_HZ
    features = sample["cochleagram"].numpy()
    steps = features.shape[1]
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    figure.suptitle(title)
    grid = figure.add_gridspec(2, _FRAMES_SHOWN, height_ratios=(1, 2))
    grey = sample["spacetime"][:, 1].numpy()
    for column, tick in enumerate(np.linspace(0, len(grey) - 1, _FRAMES_SHOWN).round().astype(int)):
        axes = figure.add_subplot(grid[0, column])
        axes.imshow(grey[tick], cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"{start_s + tick * 3 / FEATURE_RATE_HZ:.2f} s", fontsize=8)
        axes.set_axis_off()
    axes = figure.add_subplot(grid[1, :])
    extent = (start_s, start_s + steps / FEATURE_RATE_HZ, 0, features.shape[0])
    axes.imshow(features, origin="lower", aspect="auto", cmap="magma", extent=extent, interpolation="nearest")
    for step in torch.nonzero(sample["onset"]).flatten().tolist():
        time_s = start_s + (step + 0.5) / FEATURE_RATE_HZ
        material = int(sample["material"][step])
        axes.axvline(time_s, color="cyan", linewidth=1)
        axes.text(time_s, features.shape[0], MATERIALS[material] if material >= 0 else "?", fontsize=7, va="bottom")
    axes.set_xlabel("time (s)")
    axes.set_ylabel("channel (low to high)")
    return figure
