"""Temporal networks: from one vector a video tick to one vector a sound step."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.spelling import check_choice

#: Sound steps (90 Hz) to a tick of the video clock (30 Hz).
STEPS_PER_TICK = 3


class RecurrentTemporal(nn.Module):
    """An LSTM over the sound's steps; each tick's vector is repeated for its three steps.

    Input (batch, ticks, inputs), output (batch, 3 * ticks, hidden). Causal.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 5.1: features repeated k = floor(T / N) times.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, batch_first=True)

    def forward(self, features: Tensor) -> Tensor:
        """Compute (batch, 3 * ticks, hidden) from (batch, ticks, inputs)."""
        steps: Tensor = self.lstm(features.repeat_interleave(STEPS_PER_TICK, dim=1))[0]
        return steps


class DilatedConvolutions(nn.Module):
    """Dilated residual convolutions over time, both ways: (batch, ticks, inputs) to (batch, ticks, hidden).

    With the dilations 1, 2, 4, 8, 1 the context is +-33 ticks.
    """

    def __init__(
        self, inputs: int, hidden: int, dilations: tuple[int, ...] = (1, 2, 4, 8, 1), dropout: float = 0.2
    ) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.LayerNorm(inputs), nn.Dropout(dropout), nn.Linear(inputs, hidden))
        self.blocks = nn.ModuleList(_ResidualBlock(hidden, dilation, dropout) for dilation in dilations)

    def forward(self, features: Tensor, valid: Tensor | None = None) -> Tensor:
        """Compute (batch, ticks, hidden); ``valid`` (batch, ticks) is False where a shorter sequence is padded."""
        keep = None if valid is None else valid[..., None].to(features.dtype)
        hidden: Tensor = self.enter(features)
        for block in self.blocks:
            hidden = block(hidden, keep)
        return hidden


class ConvolutionalTemporal(DilatedConvolutions):
    """Dilated residual convolutions over ticks, then three steps from every tick.

    Input (batch, ticks, inputs), output (batch, 3 * ticks, hidden). At 30 ticks a second the context is +-1.1 s.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__(inputs, hidden)
        self.leave = nn.Linear(hidden, STEPS_PER_TICK * hidden)

    def forward(self, features: Tensor, valid: Tensor | None = None) -> Tensor:
        """Compute (batch, 3 * ticks, hidden) from (batch, ticks, inputs)."""
        steps: Tensor = self.leave(F.gelu(super().forward(features, valid)))
        return steps.reshape(features.shape[0], STEPS_PER_TICK * features.shape[1], -1)


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        # Over channels alone, so that a tick's vector does not depend on how long the window is.
        self.norm = nn.LayerNorm(channels)
        # Five taps: +-2 dilated ticks.
        self.across = nn.Conv1d(channels, channels, kernel_size=5, padding=2 * dilation, dilation=dilation)
        self.within = nn.Linear(channels, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, keep: Tensor | None = None) -> Tensor:
        normed = self.norm(hidden) if keep is None else keep * self.norm(hidden)
        across = self.across(normed.transpose(1, 2)).transpose(1, 2)
        inner: Tensor = self.dropout(self.within(F.gelu(across)))
        return hidden + inner


_MAKERS: dict[str, Callable[[int, int], nn.Module]] = {
    "lstm": RecurrentTemporal,
    "convolution": ConvolutionalTemporal,
}
TEMPORAL_NAMES = tuple(_MAKERS)


def create_temporal(name: str, inputs: int, hidden: int) -> nn.Module:
    """Make a temporal network by name; it maps (batch, ticks, inputs) to (batch, 3 * ticks, hidden).

    Raises:
        ValueError: an unknown name.
    """
    check_choice("temporal network", name, _MAKERS)
    return _MAKERS[name](inputs, hidden)
