"""Read the sound of any recording, write 16-bit wav files, and resample waveforms."""

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

# First bytes of files that need no container library; RIFF alone may also be an AVI video.
_SOUND_FILE_MARKS = (b"RIFF....WAVE", b"RF64....WAVE", b"fLaC", b"OggS")

# The resampling kernel of two rates without a common factor can be larger than the recording; above this number of
# taps it is not used.
_MAX_KERNEL_TAPS = 2**22

# A long Kaiser window: flat to 0.95 of the lower Nyquist frequency, more than 100 dB down beyond it.
_LOWPASS_ZEROS = 64
_ROLLOFF = 0.9475937167399596
_KAISER_BETA = 14.769656459379492


def read_waveform(path: str | os.PathLike[str], rate_hz: int | None = None, mono: bool = True) -> tuple[Tensor, int]:
    """Read the sound of a recording: wav, flac, ogg, or the sound track of any video.

    Time zero of a video is the presentation time of its first frame: a sound track that starts later is padded with
    zeros, earlier sound is removed, and gaps are filled with zeros.

    Args:
        path: the file; its format is detected from its content.
        rate_hz: rate to resample to, None for the rate of the file.
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
        raise FormatError(f"{source}: the sound has samples that are not finite; export it again")
    # Lossy codecs overshoot at full scale; players clip it too.
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
        raise FormatError(f"{source}: cut short: found {len(samples)} of {stated} samples; copy or download it again")
    if mono:
        return samples.mean(axis=1), rate_hz
    return np.ascontiguousarray(samples.T), rate_hz


def write_waveform(path: str | os.PathLike[str], waveform: Tensor, rate_hz: int, *, limit: bool = False) -> None:
    """Write a 16-bit wav file, completely or not at all.

    Args:
        path: the file to write or replace; ends in ``.wav``.
        waveform: floating point in [-1, 1], shape (time,) or (channels, time).
        rate_hz: samples per second.
        limit: scale down a waveform that exceeds [-1, 1]; otherwise it is refused.

    Raises:
        OutputError: the name does not end in ``.wav``, the file cannot be written, or the waveform is not finite or,
            without ``limit``, exceeds [-1, 1].
        ValueError: the waveform has no samples or more than two dimensions.
    """
    target = Path(path)
    if target.suffix.lower() != ".wav":
        raise OutputError(f"{target}: only wav files are written; name it {target.with_suffix('.wav').name}")
    if waveform.ndim not in (1, 2) or waveform.numel() == 0:
        raise ValueError(f"waveform must have shape (time,) or (channels, time), got {tuple(waveform.shape)}")
    sound = waveform.detach().to("cpu", torch.float64)
    if not bool(torch.isfinite(sound).all()):
        raise OutputError(f"{target}: not written: the waveform has samples that are not finite")
    peak = float(sound.abs().max())
    if peak > 1 and not limit:
        raise OutputError(
            f"{target}: not written: the waveform peaks at {peak:.3g} and would be clipped; "
            "scale it to [-1, 1], or pass limit=True"
        )
    # 32768 is the scale that readers use; the clamp affects only a sample of exactly 1, which has no 16-bit value.
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
        from_hz: rate of the waveform.
        to_hz: rate of the result.

    Returns:
        Shape (..., ceil(time * to_hz / from_hz)); frequencies above the lower of the two Nyquist frequencies are
        removed.

    Raises:
        ValueError: a rate is not positive.
    """
    if from_hz <= 0 or to_hz <= 0:
        raise ValueError(f"rates must be positive, got {from_hz} and {to_hz}")
    if from_hz == to_hz or waveform.shape[-1] == 0:
        return waveform
    divisor = gcd(from_hz, to_hz)
    old, new = from_hz // divisor, to_hz // divisor
    if new * (old + 2 * _LOWPASS_ZEROS * max(1, old // new)) > _MAX_KERNEL_TAPS:
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
    """Resample by one Fourier transform, for pairs of rates that need a very large kernel."""
    samples = waveform.shape[-1]
    # Whole periods of the two rates, at least one of them silent, so that the end does not wrap into the start.
    periods = samples // old + 2
    spectrum = torch.fft.rfft(waveform, n=periods * old, norm="forward")
    kept = min(spectrum.shape[-1], periods * new // 2)
    resampled: Tensor = torch.fft.irfft(spectrum[..., :kept], n=periods * new, norm="forward")
    length = -(-samples * new // old)
    return resampled.narrow(-1, 0, length)
