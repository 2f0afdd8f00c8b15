"""Figures of the metrics of a run."""

import csv
from pathlib import Path

from crossmodal.files import replace_atomically


def draw_metrics(metrics: Path, out: Path) -> None:
    """Draw every metric of a ``metrics.csv`` over the steps, one panel each, as a PNG.

    Raises:
        OutputError: the image cannot be written.
    """
    from matplotlib.figure import Figure

    if not metrics.is_file():
        return
    with metrics.open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in (rows[0] if rows else {}) if name not in ("step", "epoch")]
    if not names:
        return
    figure = Figure(figsize=(8, 2.2 * len(names)), layout="constrained")
    for i, name in enumerate(names):
        axes = figure.add_subplot(len(names), 1, i + 1)
        points = [(int(row["step"]), float(row[name])) for row in rows if row[name]]
        axes.plot(*zip(*points, strict=True), marker="." if len(points) < 50 else "", linewidth=1)
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
    figure.axes[-1].set_xlabel("step")
    with replace_atomically(out) as temporary:
        figure.savefig(temporary, dpi=110)
