"""Exemplar synthesis: recorded impacts with similar features, placed at the onsets."""

from collections.abc import Sequence

import torch
from torch import Tensor

from crossmodal.audio.cochlea import COMPRESSION
from crossmodal.audio.exemplar_bank import ExemplarBank, cut_window
from crossmodal.audio.limiter import limit_peaks_locally
from crossmodal.audio.waveform import resample


def synthesize_exemplar(
    features: Tensor,
    bank: ExemplarBank,
    onset_times_s: Sequence[float],
    rate_hz: int = 44_100,
    seconds: float | None = None,
    *,
    lead_s: float = 0.03,
    fade_s: float = 0.08,
    max_gain: float = 10.0,
    power: float = COMPRESSION,
) -> Tensor:
    """Place at each onset the recorded impact with the nearest features.

    Impacts overlap where they are closer than their length; between them there is silence. Each is scaled to the
    loudness (largest L2 norm of a step) of the features.

    Args:
        features: cochleagram, shape (channels, frames), at the bank's frame rate.
        bank: the recorded impacts.
        onset_times_s: onset times of the impacts in seconds; those outside the clip are ignored.
        rate_hz: rate of the waveform.
        seconds: length of the waveform, None for that of the features.
        lead_s: duration before the impact that is taken from an exemplar, faded in.
        fade_s: duration of the fade at the end of an exemplar.
        max_gain: exemplars are scaled by a factor between ``1 / max_gain`` and ``max_gain``.
        power: exponent of the amplitude compression of the features.

    Returns:
        float32, shape (round(seconds * rate_hz),), within [-1, 1].

    Raises:
        ValueError: ``features`` and ``bank`` differ in their number of channels, ``features`` hold values that are not
            finite, or the length is not positive.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 5.2.
    """
    samples = _length(features, bank, rate_hz, seconds)
    sound = features.new_zeros(samples, dtype=torch.float32)
    times_s = [time_s for time_s in onset_times_s if 0 <= time_s * rate_hz < samples]
    if not times_s:
        return sound
    starts = [round(time_s * bank.frame_rate_hz) - bank.onset_step for time_s in times_s]
    windows = torch.stack([cut_window(features.float(), start, bank.steps) for start in starts])
    indices, _ = bank.nearest(windows)
    used_from_s = max(0.0, bank.onset_step / bank.frame_rate_hz - lead_s)
    first_step = int(used_from_s * bank.frame_rate_hz)
    for time_s, window, index in zip(times_s, windows, indices.tolist(), strict=True):
        gain = _gain(window[:, first_step:], bank.features[index, :, first_step:], power, max_gain)
        skipped = round(used_from_s * rate_hz)
        piece = resample(bank.waveforms[index], bank.rate_hz, rate_hz)[skipped:].to(sound.device) * gain
        piece = _fade(piece, round(lead_s * rate_hz / 2), round(fade_s * rate_hz))
        _add(sound, piece, round((time_s - bank.onset_step / bank.frame_rate_hz) * rate_hz) + skipped)
    return limit_peaks_locally(sound, rate_hz)


def synthesize_exemplar_tiles(
    features: Tensor,
    bank: ExemplarBank,
    rate_hz: int = 44_100,
    seconds: float | None = None,
    *,
    overlap_s: float = 0.1,
    max_gain: float = 10.0,
    power: float = COMPRESSION,
) -> Tensor:
    """Cut the features into windows and concatenate the nearest exemplars, cross-faded at equal power.

    This is the published form. It needs no onsets; the timing within a window is that of the exemplar.

    Args:
        features: cochleagram, shape (channels, frames), at the bank's frame rate.
        bank: the recorded impacts.
        rate_hz: rate of the waveform.
        seconds: length of the waveform, None for that of the features.
        overlap_s: duration of a cross-fade, at most half a window.
        max_gain: see `synthesize_exemplar`.
        power: see `synthesize_exemplar`.

    Returns:
        float32, shape (round(seconds * rate_hz),), within [-1, 1].

    Raises:
        ValueError: as in `synthesize_exemplar`, or an overlap longer than half a window.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 5.2.
    """
    samples = _length(features, bank, rate_hz, seconds)
    overlap = round(overlap_s * bank.frame_rate_hz)
    if not 0 <= overlap <= bank.steps // 2:
        raise ValueError(f"overlap_s must be at most half a window of {bank.steps} steps, got {overlap_s}")
    sound = features.new_zeros(samples, dtype=torch.float32)
    starts = list(range(0, max(1, round(samples / rate_hz * bank.frame_rate_hz)), bank.steps - overlap))
    windows = torch.stack([cut_window(features.float(), start, bank.steps) for start in starts])
    indices, _ = bank.nearest(windows)
    fade = round(overlap / bank.frame_rate_hz * rate_hz)
    for start, window, index in zip(starts, windows, indices.tolist(), strict=True):
        gain = _gain(window, bank.features[index], power, max_gain)
        piece = resample(bank.waveforms[index], bank.rate_hz, rate_hz).to(sound.device) * gain
        _add(sound, _fade(piece, fade if start else 0, fade), round(start / bank.frame_rate_hz * rate_hz))
    return limit_peaks_locally(sound, rate_hz)


def _length(features: Tensor, bank: ExemplarBank, rate_hz: int, seconds: float | None) -> int:
    """Return the number of samples of the result, after checking the arguments."""
    if features.ndim != 2 or features.shape[0] != bank.features.shape[1]:
        raise ValueError(f"features must have shape ({bank.features.shape[1]}, frames), got {tuple(features.shape)}")
    if not bool(torch.isfinite(features).all()):
        raise ValueError("features must be finite, got NaN or infinite values")
    samples = round((features.shape[1] / bank.frame_rate_hz if seconds is None else seconds) * rate_hz)
    if samples < 1:
        raise ValueError(f"seconds must be positive, got {seconds}")
    return samples


def _gain(target: Tensor, exemplar: Tensor, power: float, max_gain: float) -> float:
    """Return the amplitude factor that gives an exemplar the loudness of a target window; 0 if either is silent."""
    target_loudness = float(target.norm(dim=0).max())
    exemplar_loudness = float(exemplar.norm(dim=0).max())
    if target_loudness == 0 or exemplar_loudness == 0:
        return 0.0
    gain: float = (target_loudness / exemplar_loudness) ** (1 / power)
    return min(max(gain, 1 / max_gain), max_gain)


def _fade(piece: Tensor, rise: int, fall: int) -> Tensor:
    """Fade a piece in and out with quarter sines; a cross-fade of two keeps the power of uncorrelated sounds."""
    faded = piece.clone()
    rise, fall = min(rise, len(piece)), min(fall, len(piece))
    if rise:
        faded[:rise] *= torch.linspace(0, torch.pi / 2, rise, device=piece.device).sin()
    if fall:
        faded[-fall:] *= torch.linspace(torch.pi / 2, 0, fall, device=piece.device).sin()
    return faded


def _add(sound: Tensor, piece: Tensor, start: int) -> None:
    """Add a piece at a sample position, in place; samples outside the sound are dropped."""
    begin, end = max(0, start), min(len(sound), start + len(piece))
    if end > begin:
        sound[begin:end] += piece[begin - start : end - start]
