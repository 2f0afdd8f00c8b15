"""Figures of predictions (frames, cochleagrams, onsets and waveform on one time axis) and contact sheets."""

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.patches import ConnectionPatch
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from crossmodal.audio import FEATURE_RATE_HZ, filter_cutoffs
from crossmodal.files import replace_atomically

Floats = NDArray[np.float64]
Span = tuple[float, float]

_TRUE_COLOUR, _PREDICTED_COLOUR, _INK, _FAINT = "#1f6f8b", "#e4572e", "#333333", "#b5b5b5"
_FREQUENCIES_HZ = (100, 300, 1000, 3000, 8000)
_WIDTH_IN = 12.0
_LEFT, _RIGHT = 0.085, 0.925
_MAX_FRAME_IN, _CONNECTION_IN = 1.6, 0.28
_ROW_HEIGHTS_IN = {"true sound": 1.7, "predicted sound": 1.7, "onsets": 0.75, "waveform": 0.9}
_WAVEFORM_COLUMNS = 1500
_CAPTION_PX, _GAP_PX = 10, 4


def figure_prediction(
    frames: Any,
    times_s: ArrayLike,
    true_cochleagram: Any | None,
    predicted_cochleagram: Any,
    true_onsets_s: ArrayLike | None = None,
    predicted_onsets_s: ArrayLike | None = None,
    *,
    onset_probability: Any | None = None,
    waveform: Any | None = None,
    waveform_rate_hz: float | None = None,
    images: int = 8,
    span_s: Span | None = None,
    title: str | None = None,
) -> Figure:
    """Draw frames, true and predicted sound, onsets and waveform along one time axis.

    Args:
        frames: uint8 (n, 3, height, width) RGB or (n, height, width) grey; tensor or array.
        times_s: (n,) times of the frames in seconds.
        true_cochleagram: (channels, steps) at 90 Hz, or None if it is unknown.
        predicted_cochleagram: (channels, steps) at 90 Hz, drawn on the colour scale of the true one.
        true_onsets_s: (onsets,) in seconds, or None.
        predicted_onsets_s: (onsets,) in seconds, or None.
        onset_probability: (steps,) at 90 Hz, 0 to 1, drawn behind the onsets.
        waveform: (time,) the predicted sound.
        waveform_rate_hz: sampling rate of the waveform.
        images: largest number of frames shown, at onsets spread over the span (true onsets if known), or evenly spaced.
        span_s: (start, end) of the time axis, by default everything.
        title: title of the figure.

    Raises:
        ValueError: there are no frames, the numbers of frames and times differ, a cochleagram does not have two axes,
            the span is empty, or the rate of the waveform is missing.
    """
    shown = _as_images(frames, times_s)
    frame_times_s = np.asarray(times_s, dtype=np.float64)
    predicted, true = _matrix(predicted_cochleagram), _matrix(true_cochleagram)
    span = _choose_span(span_s, frame_times_s, predicted)
    if waveform is not None and waveform_rate_hz is None:
        raise ValueError("a waveform needs its waveform_rate_hz")
    true_s, predicted_s = _inside(true_onsets_s, span), _inside(predicted_onsets_s, span)
    onsets_s = next((times for times in (true_s, predicted_s) if times is not None and len(times)), None)
    chosen = _choose_frames(frame_times_s, _choose_moments(onsets_s, span, images))
    rows = {
        "true sound": true is not None,
        "predicted sound": True,
        "onsets": any(part is not None for part in (true_s, predicted_s, onset_probability)),
        "waveform": waveform is not None,
    }
    frame_in = _fit_frame(shown, len(chosen))
    figure, axes = _make_axes([name for name, present in rows.items() if present], frame_in[1], title)
    _draw_cochleagrams(figure, axes, {"true sound": true, "predicted sound": predicted})
    if "onsets" in axes:
        _draw_onsets(axes["onsets"], true_s, predicted_s, onset_probability)
    if waveform is not None and waveform_rate_hz is not None:
        _draw_waveform(axes["waveform"], _vector(waveform), waveform_rate_hz)
    _finish_time_axes(figure, list(axes.values()), span)
    _draw_frames(figure, next(iter(axes.values())), shown[chosen], frame_times_s[chosen], frame_in)
    return figure


def figure_contact_sheet(images: Sequence[Any], captions: Sequence[str], columns: int) -> Figure:
    """Draw captioned images in rows, as an overview of a data set.

    Args:
        images: uint8 (3, height, width) RGB each, tensors or arrays of one size.
        captions: one short line per image.
        columns: images per row.

    Raises:
        ValueError: there are no images, or the numbers of images and captions differ.
    """
    if not images or len(images) != len(captions):
        raise ValueError(f"need a caption for each of at least one image, got {len(captions)} for {len(images)}")
    rows = -(-len(images) // columns)
    height, width = images[0].shape[1:]
    cell_in = _WIDTH_IN / columns
    figure = Figure(figsize=(_WIDTH_IN, rows * (cell_in * height / width + 0.25)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)  # type: ignore[union-attr,call-arg]
    grid = figure.subplots(rows, columns, squeeze=False)
    for axis in grid.flat:
        axis.set_axis_off()
    for axis, image, caption in zip(grid.flat, images, captions, strict=False):
        axis.imshow(np.asarray(torch.as_tensor(image)).transpose(1, 2, 0))
        axis.set_title(caption, fontsize=8, color=_INK, pad=2)
    return figure


def tile_images(images: Any, captions: Sequence[str], columns: int | None = None) -> NDArray[np.uint8]:
    """Arrange captioned images in rows, without resampling: uint8 (height, width, 3) on white.

    Args:
        images: uint8 (n, 3, height, width) RGB, tensor or array.
        captions: one short line per image, written below it; a caption may extend below images with empty captions.
        columns: images per row; by default about twice the number of rows.

    Raises:
        ValueError: there are no images, or the numbers of images and captions differ.
    """
    shown = np.asarray(torch.as_tensor(images).cpu()).transpose(0, 2, 3, 1)
    if not len(shown) or len(shown) != len(captions):
        raise ValueError(f"need a caption for each of at least one image, got {len(captions)} for {len(shown)}")
    columns = columns or math.ceil(len(shown) / max(1, round(math.sqrt(len(shown) / 2))))
    font = ImageFont.load_default(_CAPTION_PX)
    # A caption before an empty one may be wider than its image.
    bounded = [caption for caption, following in zip(captions, [*captions[1:], "end"], strict=True) if following]
    widest = max(math.ceil(font.getlength(caption)) for caption in bounded)
    height, width = shown.shape[1] + _CAPTION_PX + 2 * _GAP_PX, max(shown.shape[2], widest) + _GAP_PX
    rows = math.ceil(len(shown) / columns)
    sheet = Image.new("RGB", (min(columns, len(shown)) * width + _GAP_PX, rows * height + _GAP_PX), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (image, caption) in enumerate(zip(shown, captions, strict=True)):
        row, column = divmod(number, columns)
        left, top = _GAP_PX + column * width, _GAP_PX + row * height
        sheet.paste(Image.fromarray(np.ascontiguousarray(image)), (left, top))
        draw.text((left, top + len(image)), caption, fill=_INK, font=font)
    return np.asarray(sheet)


def save_image(image: NDArray[np.uint8], path: str | os.PathLike[str]) -> None:
    """Write an image, uint8 (height, width, 3), atomically as PNG.

    Raises:
        OutputError: the file cannot be written.
    """
    with replace_atomically(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG", optimize=True)


def save_figure(figure: Figure, path: str | os.PathLike[str], *, dots_per_inch: int = 130) -> None:
    """Write a figure atomically as PNG.

    Raises:
        OutputError: the file cannot be written.
    """
    with replace_atomically(path) as temporary:
        figure.savefig(temporary, format="png", dpi=dots_per_inch, facecolor="white")


def _fit_frame(frames: NDArray[np.uint8], count: int) -> tuple[float, float]:
    """Width and height, in inches, of each of ``count`` frames in a row."""
    height, width = frames.shape[1:3]
    scale = min(0.94 * _WIDTH_IN * (_RIGHT - _LEFT) / count / width, _MAX_FRAME_IN / height)
    return scale * width, scale * height


def _make_axes(rows: Sequence[str], frame_height_in: float, title: str | None) -> tuple[Figure, dict[str, Axes]]:
    """Make the figure with one axis per row, and space for the frames above."""
    heights = [_ROW_HEIGHTS_IN[name] for name in rows]
    above = frame_height_in + _CONNECTION_IN + (0.7 if title else 0.35)
    below, between = 0.5, 0.12
    total = above + sum(heights) + between * (len(rows) - 1) + below
    figure = Figure(figsize=(_WIDTH_IN, total))
    FigureCanvasAgg(figure)
    grid = GridSpec(
        len(rows),
        1,
        figure=figure,
        height_ratios=heights,
        left=_LEFT,
        right=_RIGHT,
        bottom=below / total,
        top=1.0 - above / total,
        hspace=between * len(rows) / sum(heights),
    )
    axes = {name: figure.add_subplot(grid[row, 0]) for row, name in enumerate(rows)}
    for axis in axes.values():
        axis.spines[["top", "right"]].set_visible(False)
        axis.spines[["left", "bottom"]].set_color(_FAINT)
    if title:
        figure.text(_LEFT, 1.0 - 0.22 / total, title, fontsize=12, color=_INK, va="center", weight="bold")
    return figure, axes


def _draw_cochleagrams(figure: Figure, axes: dict[str, Axes], sounds: dict[str, Floats | None]) -> None:
    """Draw the true and the predicted sound on one colour scale, that of the true sound if it is known."""
    known = [sound for sound in sounds.values() if sound is not None and sound.size]
    loudest = float(np.quantile(known[0], 0.998)) if known else 1.0
    drawn = []
    for name, sound in sounds.items():
        if sound is None:
            continue
        axis, (channels, steps) = axes[name], sound.shape
        half = 0.5 / FEATURE_RATE_HZ
        extent = (-half, steps / FEATURE_RATE_HZ - half, -0.5, channels - 0.5)
        colours: dict[str, Any] = {"cmap": "magma", "vmin": 0.0, "vmax": loudest or 1.0}
        image = axis.imshow(sound, origin="lower", aspect="auto", extent=extent, interpolation="nearest", **colours)
        axis.set_facecolor("black")
        cutoffs_hz = filter_cutoffs(channels - 2)
        axis.set_yticks(np.interp(_FREQUENCIES_HZ, cutoffs_hz, np.arange(channels)))
        axis.set_yticklabels([f"{hz // 1000}k" if hz >= 1000 else str(hz) for hz in _FREQUENCIES_HZ])
        axis.set_ylabel(f"{name}\nfrequency (Hz)", fontsize=9, color=_INK)
        drawn.append((axis, image))
    first, last = drawn[0][0].get_position(), drawn[-1][0].get_position()
    bar_axis = figure.add_axes((0.94, last.y0, 0.012, first.y1 - last.y0))
    bar = figure.colorbar(drawn[-1][1], cax=bar_axis)
    bar.ax.tick_params(labelsize=8, colors=_INK)
    bar.outline.set_visible(False)
    bar.set_label("compressed envelope", fontsize=8, color=_INK)


def _draw_onsets(axis: Axes, true_s: Floats | None, predicted_s: Floats | None, probability: Any | None) -> None:
    """Draw true onsets above predicted ones, over the probability; one kind alone has the full height."""
    if probability is not None:
        curve = _vector(probability)
        axis.fill_between(
            np.arange(len(curve)) / FEATURE_RATE_HZ, 0.0, curve, color=_PREDICTED_COLOUR, alpha=0.25, lw=0
        )
    kinds = [("predicted", predicted_s, _PREDICTED_COLOUR), ("true", true_s, _TRUE_COLOUR)]
    given = [(name, times, colour) for name, times, colour in kinds if times is not None]
    for lane, (_, times, colour) in enumerate(given):
        axis.vlines(times, lane / len(given), (lane + 1) / len(given), color=colour, lw=1.6)
        axis.axhline(lane / len(given), color=_FAINT, lw=0.6, zorder=0)
    centres = [(lane + 0.5) / len(given) for lane in range(len(given))]
    axis.set_yticks(centres, labels=[name for name, _, _ in given])
    axis.set_ylim(0.0, 1.0)
    axis.tick_params(axis="y", length=0)
    axis.set_ylabel("onsets", fontsize=9, color=_INK)


def _draw_waveform(axis: Axes, waveform: Floats, rate_hz: float) -> None:
    """Draw the range of the samples in each of about 1500 columns instead of all samples."""
    if waveform.size:
        block = max(1, len(waveform) // _WAVEFORM_COLUMNS)
        starts = np.arange(0, len(waveform), block)
        low, high = np.minimum.reduceat(waveform, starts), np.maximum.reduceat(waveform, starts)
        axis.fill_between((starts + block / 2) / rate_hz, low, high, color=_INK, lw=0.4)
        peak = float(np.abs(waveform).max()) or 1.0
        axis.set_ylim(-1.05 * peak, 1.05 * peak)
    axis.set_ylabel("waveform", fontsize=9, color=_INK)
    axis.locator_params(axis="y", nbins=3)


def _finish_time_axes(figure: Figure, axes: Sequence[Axes], span: Span) -> None:
    for axis in axes:
        axis.set_xlim(span)
        axis.tick_params(labelbottom=axis is axes[-1], labelsize=8, colors=_INK)
    axes[-1].set_xlabel("time (s)", fontsize=9, color=_INK)
    figure.align_ylabels(axes)


def _draw_frames(
    figure: Figure, below: Axes, frames: NDArray[np.uint8], times_s: Floats, frame_in: tuple[float, float]
) -> None:
    """Draw frames in a row above the axis, each connected to its time by a line."""
    box, (width_in, height_in) = below.get_position(), figure.get_size_inches()
    cell = box.width / len(frames)
    width, height = frame_in[0] / width_in, frame_in[1] / height_in
    for number, (frame, time_s) in enumerate(zip(frames, times_s, strict=True)):
        left = box.x0 + (number + 0.5) * cell - width / 2
        axis = figure.add_axes((left, box.y1 + _CONNECTION_IN / height_in, width, height))
        axis.imshow(frame, cmap="gray", vmin=0, vmax=255, aspect="auto")
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_color(_FAINT)
        axis.set_title(f"{time_s:.2f} s", fontsize=8, color=_INK, pad=3)
        connection = ConnectionPatch(
            xyA=(0.5, 0.0), coordsA=axis.transAxes, xyB=(time_s, 1.0), coordsB=below.get_xaxis_transform(), lw=0.8
        )
        connection.set_color(_FAINT)
        figure.add_artist(connection)


def _choose_moments(onsets_s: Floats | None, span: Span, images: int) -> Floats:
    """Times of the frames to show: evenly selected onsets, or the centres of equal parts of the span."""
    count = max(1, images)
    if onsets_s is None:
        return span[0] + (np.arange(count) + 0.5) * (span[1] - span[0]) / count
    chosen = np.unique(np.round(np.linspace(0, len(onsets_s) - 1, min(count, len(onsets_s)))).astype(np.int64))
    return np.asarray(np.sort(onsets_s)[chosen])


def _choose_frames(times_s: Floats, moments: Floats) -> NDArray[np.intp]:
    """Indices of the frames nearest to some moments, each once."""
    nearest = [int(np.argmin(np.abs(times_s - moment))) for moment in moments]
    return np.array(sorted(set(nearest), key=lambda index: times_s[index]), dtype=np.intp)


def _choose_span(span_s: Span | None, times_s: Floats, predicted: Floats | None) -> Span:
    steps = predicted.shape[1] if predicted is not None else 0
    span = span_s if span_s is not None else (0.0, max(steps / FEATURE_RATE_HZ, float(times_s.max(initial=0.0)), 1e-3))
    if not span[1] > span[0]:
        raise ValueError(f"span_s must be (start, end) with end after start, got {span}")
    return float(span[0]), float(span[1])


def _inside(times_s: ArrayLike | None, span: Span) -> Floats | None:
    if times_s is None:
        return None
    times = _vector(times_s)
    return times[(times >= span[0]) & (times <= span[1])]


def _as_images(frames: Any, times_s: ArrayLike) -> NDArray[np.uint8]:
    """Frames with channels last, for matplotlib."""
    images = np.asarray(torch.as_tensor(frames).detach().cpu())
    if len(images) == 0 or len(images) != np.size(times_s):
        raise ValueError(f"need a time for each of at least one frame, got {np.size(times_s)} for {len(images)}")
    return images.transpose(0, 2, 3, 1) if images.ndim == 4 else images


def _matrix(features: Any | None) -> Floats | None:
    if features is None:
        return None
    matrix = np.asarray(torch.as_tensor(features).detach().double().cpu())
    if matrix.ndim != 2:
        raise ValueError(f"a cochleagram must have shape (channels, steps), got {matrix.shape}")
    return matrix


def _vector(values: Any) -> Floats:
    return np.asarray(torch.as_tensor(values).detach().double().cpu()).reshape(-1)
