"""Waveforms in files: reading any recording, writing 16-bit wav, changing the rate."""

import os
import re
import wave
from math import gcd
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.audio.container import read_container_sound
from crossmodal.audio.limiter import limit_peak
from crossmodal.audio.truncation import refuse_truncated
from crossmodal.errors import FormatError, OutputError
from crossmodal.files import replace_atomically

# First bytes of the files that are read without a container library; RIFF alone may also be an AVI video.
_SOUND_FILE_MARKS = (b"RIFF....WAVE", b"RF64....WAVE", b"fLaC", b"OggS")

# Above this many filter taps the resampling kernel for two rates with no common factor outgrows the recording.
_MOST_KERNEL_TAPS = 2**22

# A long Kaiser window: flat to 0.95 of the lower Nyquist frequency, more than 100 dB down beyond it.
_LOWPASS_ZEROS = 64
_ROLLOFF = 0.9475937167399596
_KAISER_BETA = 14.769656459379492


def read_waveform(path: str | os.PathLike[str], rate_hz: int | None = None, mono: bool = True) -> tuple[Tensor, int]:
    """Read the sound of a recording: wav, flac, ogg, or the sound track of any video.

    The sound of a video is placed on the recording's time axis, whose zero is the presentation time of the first video
    frame: a sound that starts late is preceded by zeros, earlier sound is cut, gaps are filled with zeros.

    Args:
        path: the file; its format is found by looking at the content.
        rate_hz: wanted rate, None for the rate of the file.
        mono: average the channels.

    Returns:
        The waveform, float32 in [-1, 1], shape (time,) when mono, else (channels, time); and its rate in Hz.

    Raises:
        FormatError: the file does not exist, is not a recording, has no sound, holds no samples, or was cut short.
    """
    source = Path(path)
    try:
        with source.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise FormatError(f"{source}: cannot be read: {error.strerror}; check the path") from error
    if not head:
        raise FormatError(f"{source}: the file is empty; copy or download it again")
    refuse_truncated(source)
    if re.match(b"|".join(_SOUND_FILE_MARKS), head, re.DOTALL):
        waveform, file_rate_hz = _read_sound_file(source, mono, may_be_video=head.startswith(b"OggS"))
    else:
        waveform, file_rate_hz = read_container_sound(source, mono)
    if waveform.shape[-1] == 0:
        raise FormatError(f"{source}: the sound has no samples; the recording may have been cut short")
    if not np.isfinite(waveform).all():
        raise FormatError(f"{source}: the sound holds values that are not numbers; export it again")
    # Lossy codecs overshoot where the original sat at full scale; players cut that off as well.
    sound = torch.from_numpy(waveform).clamp_(-1, 1)
    if rate_hz is None or rate_hz == file_rate_hz:
        return sound, file_rate_hz
    return resample(sound, file_rate_hz, rate_hz), rate_hz


def _read_sound_file(source: Path, mono: bool, may_be_video: bool) -> tuple[NDArray[np.float32], int]:
    """Read a wav, flac or ogg file, shape (time,) or (channels, time)."""
    import soundfile

    try:
        with soundfile.SoundFile(source) as file:
            samples = file.read(dtype="float32", always_2d=True)
            rate_hz, stated = file.samplerate, file.frames
    except soundfile.LibsndfileError as error:
        # Ogg also carries video, and codecs that libsndfile does not know.
        if may_be_video:
            return read_container_sound(source, mono)
        raise FormatError(
            f"{source}: not a readable sound file ({error.error_string.strip().rstrip('.')}); "
            "it may be damaged or cut short"
        ) from error
    if len(samples) < stated:
        raise FormatError(
            f"{source}: cut short: {len(samples)} of {stated} samples are there; copy or download it again"
        )
    if mono:
        return samples.mean(axis=1), rate_hz
    return np.ascontiguousarray(samples.T), rate_hz


def write_waveform(path: str | os.PathLike[str], waveform: Tensor, rate_hz: int, *, limit: bool = False) -> None:
    """Write a 16-bit wav file, whole or not at all.

    Args:
        path: the file to write or replace; ends in ``.wav``.
        waveform: floating point in [-1, 1], shape (time,) or (channels, time).
        rate_hz: samples a second.
        limit: scale a waveform that exceeds [-1, 1] down to it; without this it is refused.

    Raises:
        OutputError: the name is not a wav's, the place cannot be written, or the waveform holds values that are not
            numbers or, without ``limit``, that exceed [-1, 1].
        ValueError: the waveform has no samples or more than two dimensions.
    """
    target = Path(path)
    if target.suffix.lower() != ".wav":
        raise OutputError(f"{target}: only wav files are written; name it {target.with_suffix('.wav').name}")
    if waveform.ndim not in (1, 2) or waveform.numel() == 0:
        raise ValueError(f"waveform must have shape (time,) or (channels, time), got {tuple(waveform.shape)}")
    sound = waveform.detach().to("cpu", torch.float64)
    if not bool(torch.isfinite(sound).all()):
        raise OutputError(f"{target}: not written: the waveform holds values that are not numbers")
    peak = float(sound.abs().max())
    if peak > 1 and not limit:
        raise OutputError(
            f"{target}: not written: the waveform peaks at {peak:.3g} and would be clipped; "
            "scale it to [-1, 1], or pass limit=True"
        )
    # 32768 is the scale that readers use; the clamp concerns a peak of exactly 1 alone, which has no 16-bit value.
    scaled = (limit_peak(sound) * 32768).round_().clamp_(-32768, 32767)
    samples = scaled.reshape(-1, sound.shape[-1]).T.contiguous().numpy().astype("<i2")
    with replace_atomically(target) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())


def resample(waveform: Tensor, from_hz: int, to_hz: int) -> Tensor:
    """Change the sampling rate of a waveform, on any device, differentiably.

    Args:
        waveform: floating point, shape (..., time).
        from_hz: its rate.
        to_hz: the rate wanted.

    Returns:
        Shape (..., ceil(time * to_hz / from_hz)); content above the lower of the two Nyquist frequencies is removed.

    Raises:
        ValueError: a rate is not positive.
    """
    if from_hz <= 0 or to_hz <= 0:
        raise ValueError(f"rates must be positive, got {from_hz} and {to_hz}")
    if from_hz == to_hz or waveform.shape[-1] == 0:
        return waveform
    divisor = gcd(from_hz, to_hz)
    old, new = from_hz // divisor, to_hz // divisor
    if new * (old + 2 * _LOWPASS_ZEROS * max(1, old // new)) > _MOST_KERNEL_TAPS:
        return _resample_by_transform(waveform, old, new)
    import torchaudio.functional

    resampled: Tensor = torchaudio.functional.resample(
        waveform,
        old,
        new,
        lowpass_filter_width=_LOWPASS_ZEROS,
        rolloff=_ROLLOFF,
        resampling_method="sinc_interp_kaiser",
        beta=_KAISER_BETA,
    )
    return resampled


def _resample_by_transform(waveform: Tensor, old: int, new: int) -> Tensor:
    """Resample through one Fourier transform, for rates whose ratio would need a huge kernel."""
    samples = waveform.shape[-1]
    # Whole periods of the two rates, the first of them free of sound so that the end does not reach into the start.
    periods = samples // old + 2
    spectrum = torch.fft.rfft(waveform, n=periods * old, norm="forward")
    kept = min(spectrum.shape[-1], periods * new // 2)
    resampled: Tensor = torch.fft.irfft(spectrum[..., :kept], n=periods * new, norm="forward")
    wanted = -(-samples * new // old)
    return resampled.narrow(-1, 0, wanted)
