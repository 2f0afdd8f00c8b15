"""Bank of recorded impacts, searched by features."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from crossmodal.audio.cochlea import FEATURE_RATE_HZ, cochleagram
from crossmodal.audio.waveform import resample
from crossmodal.errors import FormatError
from crossmodal.files import replace_atomically

_FORMAT = "crossmodal exemplar bank 1"


class ExemplarBank:
    """Recorded impacts with their features, searched by features.

    All windows have the same length, and the impact is at the same step in each.

    Args:
        features: shape (n, channels, steps).
        waveforms: shape (n, time), in [-1, 1]; ``time`` is round(steps / frame_rate_hz * rate_hz).
        rate_hz: rate of the waveforms.
        names: origin of each exemplar; None numbers them.
        onset_step: step of the impact in each window, None for the middle.
        frame_rate_hz: steps per second.

    Raises:
        ValueError: there is no exemplar, the shapes do not match, features are not finite, or waveforms exceed [-1, 1].
    """

    def __init__(
        self,
        features: Tensor,
        waveforms: Tensor,
        rate_hz: int,
        names: Sequence[str] | None = None,
        *,
        onset_step: int | None = None,
        frame_rate_hz: float = FEATURE_RATE_HZ,
    ) -> None:
        if features.ndim != 3 or waveforms.ndim != 2 or len(features) != len(waveforms) or not len(features):
            raise ValueError(
                "features must have shape (n, channels, steps) and waveforms (n, time) with n >= 1, "
                f"got {tuple(features.shape)} and {tuple(waveforms.shape)}"
            )
        self.steps = features.shape[2]
        self.onset_step = self.steps // 2 if onset_step is None else onset_step
        self.rate_hz = rate_hz
        self.frame_rate_hz = frame_rate_hz
        self.names = tuple(names) if names is not None else tuple(str(index) for index in range(len(features)))
        expected = round(self.steps / frame_rate_hz * rate_hz)
        if waveforms.shape[1] != expected:
            raise ValueError(f"waveforms must have {expected} samples for {self.steps} steps, got {waveforms.shape[1]}")
        if not 0 <= self.onset_step < self.steps:
            raise ValueError(f"onset_step must be in [0, {self.steps}), got {onset_step}")
        if len(self.names) != len(features):
            raise ValueError(f"{len(features)} exemplars need as many names, got {len(self.names)}")
        # Comparisons with NaN are false, so NaN is refused too.
        if not bool((waveforms.abs() <= 1).all()) or not bool(torch.isfinite(features).all()):
            raise ValueError("features must be finite and waveforms must be in [-1, 1]")
        self.features = features.detach().float()
        self.waveforms = waveforms.detach().float()

    def __len__(self) -> int:
        return len(self.features)

    @classmethod
    def from_recordings(
        cls,
        recordings: Iterable[tuple[str, Tensor, int, Sequence[float]]],
        *,
        rate_hz: int = 22_050,
        steps: int = 45,
        onset_step: int | None = None,
    ) -> "ExemplarBank":
        """Cut a bank out of whole recordings, one exemplar per impact.

        Args:
            recordings: (name, waveform of shape (time,), its rate in Hz, times of its impacts in seconds).
            rate_hz: rate of the stored waveforms.
            steps: length of an exemplar in feature steps.
            onset_step: step of the impact in each window, None for the middle.

        Raises:
            ValueError: no recording has an impact.
        """
        position = steps // 2 if onset_step is None else onset_step
        length = round(steps / FEATURE_RATE_HZ * rate_hz)
        features, waveforms, names = [], [], []
        for name, waveform, recorded_hz, times_s in recordings:
            whole = cochleagram(waveform, recorded_hz)
            sound = resample(waveform, recorded_hz, rate_hz).clamp(-1, 1)
            for time_s in times_s:
                features.append(cut_window(whole, round(time_s * FEATURE_RATE_HZ) - position, steps))
                waveforms.append(cut_window(sound, round((time_s - position / FEATURE_RATE_HZ) * rate_hz), length))
                names.append(f"{name}@{time_s:.3f}")
        if not names:
            raise ValueError("a bank needs at least one impact, got recordings without any")
        return cls(torch.stack(features), torch.stack(waveforms), rate_hz, names, onset_step=position)

    def nearest(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Find the exemplar whose features are nearest (L1) to each window.

        Args:
            windows: shape (m, channels, steps).

        Returns:
            Indices, shape (m,), and mean absolute differences, shape (m,).

        Raises:
            ValueError: the windows have another shape than the exemplars.
        """
        exemplars = self.features.to(windows.device)
        if windows.shape[1:] != exemplars.shape[1:]:
            expected = f"(m, {exemplars.shape[1]}, {exemplars.shape[2]})"
            raise ValueError(f"windows must have shape {expected}, got {tuple(windows.shape)}")
        distances = torch.cdist(windows.float().flatten(1), exemplars.flatten(1), p=1)
        smallest, indices = distances.min(dim=1)
        return indices, smallest / exemplars[0].numel()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the bank as safetensors: features in half precision, waveforms as 16-bit samples.

        Raises:
            OutputError: the file cannot be written.
        """
        from safetensors.torch import save

        tensors = {
            "features": self.features.half().cpu().contiguous(),
            "waveforms": (self.waveforms * 32767).round().short().cpu().contiguous(),
        }
        metadata = {
            "format": _FORMAT,
            "rate_hz": str(self.rate_hz),
            "onset_step": str(self.onset_step),
            "frame_rate_hz": repr(self.frame_rate_hz),
            "names": json.dumps(self.names),
        }
        with replace_atomically(path) as temporary:
            temporary.write_bytes(save(tensors, metadata))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "ExemplarBank":
        """Read a bank that `save` wrote.

        Raises:
            FormatError: the file does not exist, is damaged, or is not an exemplar bank.
        """
        from safetensors import SafetensorError, safe_open

        source = Path(path)
        try:
            with safe_open(source, framework="pt") as file:
                metadata = file.metadata() or {}
                if metadata.get("format") != _FORMAT:
                    raise FormatError(
                        f"{source}: not an exemplar bank (format {metadata.get('format')!r}, expected {_FORMAT!r}); "
                        "make one with ExemplarBank.save"
                    )
                return cls(
                    file.get_tensor("features").float(),
                    file.get_tensor("waveforms").float() / 32767,
                    int(metadata["rate_hz"]),
                    json.loads(metadata["names"]),
                    onset_step=int(metadata["onset_step"]),
                    frame_rate_hz=float(metadata["frame_rate_hz"]),
                )
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise FormatError(f"{source}: not a readable exemplar bank ({error})") from error


def cut_window(sequence: Tensor, start: int, length: int) -> Tensor:
    """Cut ``length`` values from the last axis at ``start``, padded with zeros outside the sequence."""
    begin, end = max(0, start), min(sequence.shape[-1], start + length)
    piece = sequence.new_zeros((*sequence.shape[:-1], length))
    if end > begin:
        piece[..., begin - start : end - start] = sequence[..., begin:end]
    return piece
