"""A network that hears a silent video: cochleagram and onsets from space-time images."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from crossmodal.audio import COCHLEAGRAM_CHANNELS
from crossmodal.backbones import Backbone, create, create_temporal
from crossmodal.backbones.temporal import STEPS_PER_TICK

_SPACETIME = ("grey", "difference", "motion")
# Differences between neighbouring frames are small against the frames themselves.
_ENLARGED = 4.0
#: Images that go through the backbone at once when a whole video is output.
_CHUNK = 64


class SoundOutput(NamedTuple):
    """What the network says of a stretch of video; ``steps`` are of 1/90 s, three to a tick of the 30 Hz clock."""

    #: (batch, components, steps): coordinates of the rooted features in the principal basis, which the loss compares.
    components: Tensor
    #: (batch, 42, steps): the cochleagram, non-negative.
    cochleagram: Tensor
    #: (batch, steps): log odds that an impact begins at the step; None for a network without an onset head.
    onset_logits: Tensor | None


class SoundFromVideo(nn.Module):
    """Predict the cochleagram of a silent video, and where its impacts begin.

    Every tick gives a space-time image (the grey previous, current and next frame as three channels); it and the colour
    frame that opens the stretch go through one backbone. A temporal network reads the ticks' vectors and an affine map
    gives each sound step's coordinates in a principal basis of the rooted features, fitted on training sound by
    `fit_basis`.

    Args:
        backbone: a name of `crossmodal.backbones.create`.
        width: the channels of the small AlexNet, 1 as published.
        weights: the backbone's initial weights: None (random), a shipped name, or a path.
        spacetime: ``grey`` feeds the three grey frames as they are; ``difference`` feeds (current - previous), current
            and (next - current), an invertible linear map that lays motion bare, the differences four times enlarged;
            ``motion`` feeds the two differences and their own difference, blind to what stands still.
        scene: also look at the colour frame that opens the stretch.
        grid: rows and columns that feature maps are averaged to before they become a tick's vector.
        features: length of a tick's vector.
        temporal: ``lstm`` (as published) or ``convolution`` (non-causal, +-1.1 s).
        hidden: channels of the temporal network.
        components: size of the principal basis.
        onset_head: also predict where impacts begin.
        size: (height, width) of the images it is made for; other sizes go through, but look unlike the training's.

    Raises:
        ValueError: an unknown backbone, temporal network or ``spacetime``.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 5.1.
    """

    basis_mean: Tensor
    basis: Tensor
    basis_fitted: Tensor
    #: Probability from which a peak of the onset curve is called an onset; training sets it on held-out videos.
    onset_threshold: Tensor
    #: Factor on the predicted coordinates, which fall short of the truth where the network is not sure: a mean over
    #: what may follow is flatter than anything that does. Training sets it on held-out videos.
    contrast: Tensor

    def __init__(
        self,
        backbone: str = "small_alexnet",
        width: float = 0.5,
        weights: str | None = None,
        spacetime: str = "difference",
        scene: bool = True,
        grid: tuple[int, int] = (3, 5),
        features: int = 256,
        temporal: str = "convolution",
        hidden: int = 192,
        components: int = 16,
        onset_head: bool = True,
        size: tuple[int, int] = (54, 96),
    ) -> None:
        super().__init__()
        if spacetime not in _SPACETIME:
            raise ValueError(f"spacetime must be one of {', '.join(map(repr, _SPACETIME))}, got {spacetime!r}")
        self.arguments: dict[str, Any] = {
            "backbone": backbone,
            "width": width,
            "weights": None,  # a trained model brings its own
            "spacetime": spacetime,
            "scene": scene,
            "grid": list(grid),
            "features": features,
            "temporal": temporal,
            "hidden": hidden,
            "components": components,
            "onset_head": onset_head,
            "size": list(size),
        }
        self.spacetime = spacetime
        self.size = (size[0], size[1])
        self.backbone: Backbone = create(backbone, width=width, weights=weights)
        self.tick = _ImageVector(self.backbone.channels, tuple(grid), features)
        self.scene = _ImageVector(self.backbone.channels, tuple(grid), features) if scene else None
        self.temporal = create_temporal(temporal, inputs=(2 if scene else 1) * features, hidden=hidden)
        self.sound = nn.Linear(hidden, components)
        self.onset = nn.Linear(hidden, 1) if onset_head else None
        if self.onset is not None:
            nn.init.constant_(self.onset.bias, -3.0)  # impacts are rare: start from about 5 %
        self.register_buffer("basis_mean", torch.zeros(COCHLEAGRAM_CHANNELS))
        self.register_buffer("basis", torch.eye(components, COCHLEAGRAM_CHANNELS))
        self.register_buffer("basis_fitted", torch.tensor(False))
        self.register_buffer("onset_threshold", torch.tensor(0.3))
        self.register_buffer("contrast", torch.tensor(1.0))

    @torch.no_grad()
    def fit_basis(self, cochleagrams: Tensor) -> None:
        """Set the principal basis from training cochleagrams (42, steps), scaled so that the total variance is 1.

        References:
            Owens et al., CVPR 2016, section 5.1: PCA of each step's features, inverted at test time.
        """
        rooted = cochleagrams.double().clamp_min(0).sqrt()
        mean = rooted.mean(dim=1)
        variances, columns = torch.linalg.eigh(torch.cov(rooted, correction=0))
        rows = columns.flip(1).T[: len(self.basis)]
        # One scale for all components keeps their proportions, hence the geometry that the robust loss is about.
        self.basis.copy_(rows * variances.clamp_min(0).sum().sqrt().clamp_min(1e-6))
        self.basis_mean.copy_(mean)
        self.basis_fitted.fill_(True)

    def project(self, cochleagram: Tensor) -> Tensor:
        """Express cochleagrams (batch, 42, steps) in the principal basis: (batch, components, steps)."""
        # clamp_min keeps the root's slope finite at silence.
        rooted = cochleagram.clamp_min(1e-8).sqrt() - self.basis_mean[:, None]
        scale = self.basis[0].square().sum()
        return torch.einsum("kc,bct->bkt", self.basis / scale, rooted)

    def unproject(self, components: Tensor) -> Tensor:
        """Turn coordinates (batch, components, steps) back into cochleagrams (batch, 42, steps)."""
        rooted = torch.einsum("kc,bkt->bct", self.basis, components) + self.basis_mean[:, None]
        return rooted.clamp_min(0).square()

    def encode_ticks(self, spacetime: Tensor) -> Tensor:
        """Compute the vectors (n, features) of space-time images (n, 3, height, width), uint8 or float in 0 to 1."""
        inputs = self.backbone.normalize(spacetime)
        if self.spacetime != "grey":
            previous, current, following = inputs.unbind(dim=1)
            before, after = _ENLARGED * (current - previous), _ENLARGED * (following - current)
            middle = current if self.spacetime == "difference" else after - before
            inputs = torch.stack([before, middle, after], dim=1)
        vectors: Tensor = self.tick(self.backbone.encode(inputs))
        return vectors

    def encode_scenes(self, colour: Tensor) -> Tensor | None:
        """Compute the vectors (n, features) of colour frames (n, 3, height, width), uint8 or float in 0 to 1.

        None for a network that does not look at them.
        """
        return None if self.scene is None else self.scene(self.backbone.maps(colour))

    def predict(self, ticks: Tensor, scenes: Tensor | None) -> SoundOutput:
        """Predict sound from the vectors of ticks (batch, ticks, features) and of scenes (batch, features)."""
        if scenes is not None:
            ticks = torch.cat([ticks, scenes[:, None].expand(-1, ticks.shape[1], -1)], dim=-1)
        hidden = self.temporal(ticks)
        components = self.sound(hidden).transpose(1, 2).float()
        logits = None if self.onset is None else self.onset(hidden).squeeze(-1).float()
        return SoundOutput(components, self.unproject(self.contrast * components), logits)

    def forward(self, spacetime: Tensor, colour: Tensor) -> SoundOutput:
        """Predict the sound of stretches of video.

        ``spacetime`` is (batch, ticks, 3, height, width) and ``colour`` (batch, 3, height, width), uint8 or float in
        0 to 1.
        """
        batch, ticks = spacetime.shape[:2]
        vectors = self.encode_ticks(spacetime.flatten(0, 1)).reshape(batch, ticks, -1)
        return self.predict(vectors, self.encode_scenes(colour))

    @torch.no_grad()
    def predict_video(
        self,
        spacetime_of: Callable[[int, int], Tensor],
        ticks: int,
        colour_at: Callable[[int], Tensor],
        window_ticks: int = 180,
        overlap_ticks: int = 60,
    ) -> SoundOutput:
        """Predict the sound of a video of any length by overlapping windows that fade into each other.

        ``spacetime_of(first, count)`` gives the space-time images (count, 3, height, width) of a run of ticks;
        ``colour_at(tick)`` the colour frame (3, height, width) that opens the window starting there. The result has a
        batch of one. Images go through the backbone a few at a time, each once.
        """
        device = self.basis.device
        runs = [(first, min(_CHUNK, ticks - first)) for first in range(0, ticks, _CHUNK)]
        vectors = torch.cat([self.encode_ticks(spacetime_of(*run).to(device)) for run in runs])[None]
        window = min(window_ticks, ticks)
        hop = max(window - overlap_ticks, 1)
        fade = _fade(window, min(overlap_ticks, window // 2)).repeat_interleave(STEPS_PER_TICK).to(device)
        # Components and, as the last row, onset logits are blended alike.
        blended = torch.zeros(1, len(self.basis) + 1, ticks * STEPS_PER_TICK, device=device)
        weight = torch.zeros(ticks * STEPS_PER_TICK, device=device)
        for start in sorted({*range(0, ticks - window + 1, hop), ticks - window}):
            scene = self.encode_scenes(colour_at(start)[None].to(device))
            output = self.predict(vectors[:, start : start + window], scene)
            steps = slice(start * STEPS_PER_TICK, (start + window) * STEPS_PER_TICK)
            weight[steps] += fade
            blended[:, :-1, steps] += output.components * fade
            if output.onset_logits is not None:
                blended[:, -1, steps] += output.onset_logits * fade
        blended /= weight
        components = blended[:, :-1]
        cochleagram = self.unproject(self.contrast * components)
        return SoundOutput(components, cochleagram, None if self.onset is None else blended[:, -1])


class _ImageVector(nn.Module):
    """Average and maximum of feature maps over a coarse grid, mapped to one vector an image."""

    def __init__(self, channels: int, grid: tuple[int, ...], features: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d((grid[0], grid[1]))
        self.map = nn.Linear(channels * (grid[0] * grid[1] + 1), features)
        self.norm = nn.LayerNorm(features)

    def forward(self, maps: Tensor) -> Tensor:
        pooled = torch.cat([self.pool(maps).flatten(1), maps.amax(dim=(2, 3))], dim=1)
        vectors: Tensor = self.norm(self.map(pooled))
        return vectors


def _fade(window: int, overlap: int) -> Tensor:
    """Weights of a window's ticks: 1 inside, falling towards both ends, never 0."""
    rise = torch.arange(1, overlap + 1) / (overlap + 1)
    fade = torch.ones(window)
    fade[:overlap] = rise
    fade[window - overlap :] = rise.flip(0)
    return fade
