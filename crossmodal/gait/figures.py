"""Figures of a gait analysis: footprints, forces and gait phases."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from crossmodal.gait.analysis import GaitAnalysis
from crossmodal.gait.shape import right_of
from crossmodal.gait.stance import Footprint, Stance

Floats = NDArray[np.float64]

_COLOURS = {"left": "#1f6f8b", "right": "#e4572e", None: "#777777"}
_INK, _FAINT = "#333333", "#b5b5b5"
#: Longest time that a figure shows.
_SHOWN_S = 12.0


def draw_figures(analysis: GaitAnalysis) -> dict[str, Figure]:
    """Draw the figures that the recordings allow, by name: ``footprints``, ``forces``, ``phases``."""
    figures: dict[str, Figure] = {}
    prints = [stance for stance in analysis.stances if stance.footprint is not None]
    if prints:
        on_a_mat = analysis.kind in ("walkway", "prints") or len(prints) == 1
        figures["footprints"] = figure_mat(prints, analysis.unit) if on_a_mat else figure_feet(prints, analysis.unit)
    if any(len(stance.times_s) > 1 for stance in analysis.stances):
        figures["forces"] = figure_forces(analysis)
        if len(analysis.events) > 2:
            figures["phases"] = figure_phases(analysis)
    return figures


def figure_mat(stances: Sequence[Stance], unit: str) -> Figure:
    """Draw footprints at their positions, with their axes and the paths of their centres of pressure."""
    boxes = np.array([stance.footprint.box_mm for stance in stances if stance.footprint])
    low, high = boxes[:, :2].min(axis=0) - 60, boxes[:, 2:].max(axis=0) + 60
    # A long walk is drawn sideways, with y to the right, so that it fits a page.
    sideways = bool(high[0] - low[0] > 1.5 * (high[1] - low[1]))
    span = (high - low)[::-1] if not sideways else high - low
    width = 12.0 if sideways else 6.0
    figure = Figure((width, float(np.clip(width * span[1] / span[0], 2.4, 12.0)) + 0.9), layout="constrained")
    axis = figure.add_subplot()
    for stance in stances:
        assert stance.footprint is not None
        _draw_print(axis, stance, stance.footprint, sideways)
    _finish_mat(axis, low, high, sideways)
    _add_bar(figure, axis, unit)
    return figure


def figure_feet(stances: Sequence[Stance], unit: str) -> Figure:
    """Draw the mean peak pressure of each foot on its insole, with all paths of the centre of pressure."""
    sides = list(dict.fromkeys(stance.side for stance in stances))
    sides.sort(key=lambda side: {"left": 0, "right": 1}.get(side or "", 2))
    figure = Figure((3.2 * len(sides) + 1.2, 6.4), layout="constrained")
    for number, side in enumerate(sides):
        own = [stance for stance in stances if stance.side == side]
        axis = figure.add_subplot(1, len(sides), number + 1)
        _draw_mean_print(axis, own)
        axis.set_title(f"{side or 'foot'}, {len(own)} stances", fontsize=9, color=_INK)
    _add_bar(figure, figure.axes, unit)
    return figure


def figure_forces(analysis: GaitAnalysis) -> Figure:
    """Draw the force of every stance over time, with its events."""
    figure = Figure((12.0, 3.2), layout="constrained")
    axis = figure.add_subplot()
    shown = _shown(analysis)
    labelled: set[str | None] = set()
    for stance in shown:
        colour = _COLOURS[stance.side]
        label = None if stance.side in labelled else (stance.side or "foot")
        labelled.add(stance.side)
        axis.plot(stance.times_s, stance.force_n, color=colour, lw=1.4, label=label)
        axis.fill_between(stance.times_s, 0, stance.force_n, color=colour, alpha=0.12, lw=0)
        for time_s, style in ((stance.heel_strike_s, "-"), (stance.toe_off_s, ":")):
            axis.axvline(time_s, color=colour, lw=0.8, ls=style)
    axis.set_ylim(bottom=0)
    axis.set_ylabel(
        "force (N)" if analysis.unit == "kPa" else f"force (sum of {analysis.unit})", fontsize=9, color=_INK
    )
    _finish_time(axis)
    axis.legend(frameon=False, fontsize=8, loc="upper right", ncols=3)
    return figure


def figure_phases(analysis: GaitAnalysis) -> Figure:
    """Draw the stances of each foot of each walker over time, with double support where both feet are on the floor."""
    shown = [stance for stance in _shown(analysis) if np.isfinite(stance.duration_s)]
    lanes = sorted({(stance.walker, stance.side or "foot") for stance in shown}, key=lambda lane: (lane[0], lane[1]))
    figure = Figure((12.0, 0.9 + 0.4 * max(len(lanes), 1)), layout="constrained")
    axis = figure.add_subplot()
    for stance in shown:
        lane = len(lanes) - 1 - lanes.index((stance.walker, stance.side or "foot"))
        span = [(stance.heel_strike_s, stance.duration_s)]
        axis.broken_barh(span, (lane - 0.35, 0.7), color=_COLOURS[stance.side])
        for other in shown:
            begin, end = max(stance.heel_strike_s, other.heel_strike_s), min(stance.toe_off_s, other.toe_off_s)
            if other.walker == stance.walker and other.side != stance.side and end > begin:
                axis.broken_barh([(begin, end - begin)], (lane - 0.35, 0.7), color="white", alpha=0.45, lw=0)
    several = len({walker for walker, _ in lanes}) > 1
    names = [f"{side}, walker {walker}" if several else side for walker, side in lanes]
    axis.set_yticks(range(len(lanes)), labels=names[::-1])
    axis.set_title("stance of each foot; pale: double support", fontsize=9, color=_INK, loc="left")
    _finish_time(axis)
    return figure


def _shown(analysis: GaitAnalysis) -> list[Stance]:
    """Return the stances of the middle 12 s of a recording: a long one often begins with standing."""
    timed = [stance for stance in analysis.stances if len(stance.times_s) > 1]
    first = float(timed[0].times_s[0])
    last = float(timed[-1].times_s[-1])
    begin = first if last - first <= _SHOWN_S else 0.5 * (first + last - _SHOWN_S)
    return [stance for stance in timed if stance.times_s[-1] >= begin and stance.times_s[0] <= begin + _SHOWN_S]


def _draw_print(axis: Axes, stance: Stance, foot: Footprint, sideways: bool) -> None:
    _draw_cells(axis, foot.positions_mm, foot.peaks, foot.pitch_mm, sideways)
    colour = _COLOURS[stance.side]
    ends = np.stack([foot.heel_mm - 25 * foot.axis, foot.heel_mm + (foot.length_mm + 5) * foot.axis])
    _plot(axis, ends, sideways, color=colour, lw=1.2)
    _plot(axis, foot.heel_mm[None], sideways, color=colour, marker="o", ms=4, mec="white", mew=0.6)
    if len(stance.cop_mm) > 1:
        _plot(axis, stance.cop_mm, sideways, color="white", lw=2.2)
        _plot(axis, stance.cop_mm, sideways, color="black", lw=1.0)
    beside = foot.centre_mm + right_of(foot.axis) * (90 if stance.side == "right" else -90)
    across, up = (beside[0], beside[1]) if sideways else (beside[1], beside[0])
    axis.text(across, up, (stance.side or "?")[0].upper(), color=colour, fontsize=9, ha="center", va="center")


def _draw_cells(axis: Axes, positions: Floats, values: Floats, pitch: tuple[float, float], sideways: bool) -> None:
    kept = values > 0
    y, x = positions[kept].T
    height, width = 0.5 * pitch[0], 0.5 * pitch[1]
    corners = np.array([(-height, -width), (-height, width), (height, width), (height, -width)])
    squares = np.stack([y, x], axis=1)[:, None, :] + corners[None]
    squares = squares if sideways else squares[:, :, ::-1]
    cells = PolyCollection(list(squares), array=values[kept], cmap="YlOrBr", edgecolors="none", antialiaseds=False)
    cells.set_clim(0, float(values.max(initial=0.0)))
    axis.add_collection(cells)


def _draw_mean_print(axis: Axes, stances: Sequence[Stance]) -> None:
    prints = [stance.footprint for stance in stances if stance.footprint is not None]
    positions, index = np.unique(np.concatenate([foot.positions_mm for foot in prints]), axis=0, return_inverse=True)
    mean = np.bincount(index.reshape(-1), np.concatenate([foot.peaks for foot in prints])) / len(prints)
    _draw_cells(axis, positions, mean, prints[0].pitch_mm, sideways=False)
    for stance in stances:
        loaded = stance.force_n >= 0.05 * stance.force_n.max(initial=0.0)
        _plot(axis, stance.cop_mm[loaded], False, color="black", lw=0.7, alpha=0.6)
    low, high = positions.min(axis=0) - 15, positions.max(axis=0) + 15
    _finish_mat(axis, low, high, sideways=False)
    if prints[0].axis[0] > 0:  # draw the toes at the top
        axis.invert_yaxis()


def _plot(axis: Axes, positions: Floats, sideways: bool, **style: object) -> None:
    across, up = (positions[:, 0], positions[:, 1]) if sideways else (positions[:, 1], positions[:, 0])
    axis.plot(across, up, **style)  # type: ignore[arg-type]  # matplotlib's keyword arguments


def _finish_mat(axis: Axes, low: Floats, high: Floats, sideways: bool) -> None:
    axis.set_aspect("equal")
    if sideways:
        # Rotated by 90 degrees to the left, still seen from above.
        axis.set_xlim(low[0], high[0])
        axis.set_ylim(low[1], high[1])
    else:
        axis.set_xlim(low[1], high[1])
        axis.set_ylim(high[0], low[0])
    axis.set_xlabel("y (mm)" if sideways else "x (mm)", fontsize=9, color=_INK)
    axis.set_ylabel("x (mm)" if sideways else "y (mm)", fontsize=9, color=_INK)
    axis.tick_params(labelsize=8, colors=_INK)
    axis.spines[:].set_color(_FAINT)


def _add_bar(figure: Figure, axes: Axes | Sequence[Axes], unit: str) -> None:
    every = axes if isinstance(axes, Sequence) else [axes]
    cells = [cell for axis in every for cell in axis.collections if isinstance(cell, PolyCollection)]
    largest = max((cell.get_clim()[1] or 0.0 for cell in cells), default=1.0)
    for cell in cells:
        cell.set_clim(0, largest)
    if cells:
        bar = figure.colorbar(cells[0], ax=list(every), shrink=0.7, pad=0.01)
        bar.set_label(f"peak pressure ({unit})", fontsize=8, color=_INK)
        bar.ax.tick_params(labelsize=8, colors=_INK)


def _finish_time(axis: Axes) -> None:
    axis.set_xlabel("time (s)", fontsize=9, color=_INK)
    axis.tick_params(labelsize=8, colors=_INK)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(_FAINT)
