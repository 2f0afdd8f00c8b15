"""Temporal networks: one vector per video tick in, one vector per sound step out."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.spelling import check_choice

#: Sound steps (90 Hz) per tick of the video clock (30 Hz).
STEPS_PER_TICK = 3


class RecurrentTemporal(nn.Module):
    """An LSTM over sound steps; the vector of each tick is repeated for its three steps.

    Input (batch, ticks, in_features), output (batch, 3 * ticks, hidden_features). Causal.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 5.1: features repeated k = floor(T / N) times.
    """

    def __init__(self, in_features: int, hidden_features: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(in_features, hidden_features, batch_first=True)

    def forward(self, features: Tensor) -> Tensor:
        """Compute (batch, 3 * ticks, hidden_features) from (batch, ticks, in_features)."""
        steps: Tensor = self.lstm(features.repeat_interleave(STEPS_PER_TICK, dim=1))[0]
        return steps


class DilatedConvolutions(nn.Module):
    """Non-causal dilated residual convolutions over time.

    Input (batch, ticks, in_features), output (batch, ticks, hidden_features). With the dilations 1, 2, 4, 8, 1 the
    context is +-33 ticks.
    """

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        dilations: tuple[int, ...] = (1, 2, 4, 8, 1),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.enter = nn.Sequential(
            nn.LayerNorm(in_features), nn.Dropout(dropout), nn.Linear(in_features, hidden_features)
        )
        self.blocks = nn.ModuleList(_ResidualBlock(hidden_features, dilation, dropout) for dilation in dilations)

    def forward(self, features: Tensor, valid: Tensor | None = None) -> Tensor:
        """Compute (batch, ticks, hidden_features); ``valid`` (batch, ticks) is False where a sequence is padded."""
        keep = None if valid is None else valid[..., None].to(features.dtype)
        hidden: Tensor = self.enter(features)
        for block in self.blocks:
            hidden = block(hidden, keep)
        return hidden


class ConvolutionalTemporal(DilatedConvolutions):
    """Dilated residual convolutions over ticks, then a linear map from each tick to its three steps.

    Input (batch, ticks, in_features), output (batch, 3 * ticks, hidden_features). At 30 Hz the context is +-1.1 s.
    """

    def __init__(self, in_features: int, hidden_features: int) -> None:
        super().__init__(in_features, hidden_features)
        self.leave = nn.Linear(hidden_features, STEPS_PER_TICK * hidden_features)

    def forward(self, features: Tensor, valid: Tensor | None = None) -> Tensor:
        """Compute (batch, 3 * ticks, hidden_features) from (batch, ticks, in_features)."""
        steps: Tensor = self.leave(F.gelu(super().forward(features, valid)))
        return steps.reshape(features.shape[0], STEPS_PER_TICK * features.shape[1], -1)


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        # Over channels only, so that the vector of a tick does not depend on the length of the window.
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


def create_temporal(name: str, in_features: int, hidden_features: int) -> nn.Module:
    """Create a temporal network by name.

    It maps (batch, ticks, in_features) to (batch, 3 * ticks, hidden_features).

    Raises:
        ValueError: the name is unknown.
    """
    check_choice("temporal network", name, _MAKERS)
    return _MAKERS[name](in_features, hidden_features)
