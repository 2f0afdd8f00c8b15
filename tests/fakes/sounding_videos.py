"""Tiny whole videos with sound, as a data set of hits would give them."""

from dataclasses import dataclass, field

import numpy as np
import torch

CHANNELS, SIZE = 42, (24, 32)
MATERIALS = ("metal", "rock", "wood")


@dataclass(frozen=True)
class FakeHit:
    video: str
    time_s: float
    material: str | None = None
    action: str | None = None
    reaction: str | None = None


@dataclass
class FakeVideos:
    """A bright square jumps at every hit; the material sets its place, the colour and the channel that sounds."""

    ids: list[str]
    hits: list[FakeHit]
    seconds: float = 6.0
    silent: set[str] = field(default_factory=set)

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, index):
        video = self.ids[index]
        hits = [hit for hit in self.hits if hit.video == video]
        steps = 3 * int(np.ceil(self.seconds * 30))
        cochleagram, onset = np.zeros((CHANNELS, steps), np.float32), np.zeros(steps, np.float32)
        frames = np.full((steps // 3 + 1, *SIZE), 90, np.uint8)
        for number, hit in enumerate(hits):
            step, force = round(hit.time_s * 90), 1.0 + 0.5 * np.sin(7.0 * number + index)
            channel = 5 + 12 * MATERIALS.index(hit.material or "wood")
            decay = np.exp(-np.arange(min(30, steps - step)) / 8.0)
            cochleagram[channel : channel + 3, step : step + 30] += (force * decay).astype(np.float32)
            onset[step] = 1.0
            frames[step // 3 + 1 :, 4:12, 4 + channel % 20 : 12 + channel % 20] = 40 * (number % 2) + 100 + channel
        spacetime = np.stack([frames[[0, *range(steps // 3 - 1)]], frames[:-1], frames[1:]], axis=1)
        colour = np.full((3, *SIZE), 100, np.uint8)
        return {
            "spacetime": torch.from_numpy(spacetime),
            "colour": torch.from_numpy(colour),
            "cochleagram": torch.from_numpy(cochleagram),
            "onset": torch.from_numpy(onset),
            "video": torch.tensor(index),
            "has_sound": torch.tensor(video not in self.silent),
        }


def make_videos(names, *, hits=5, seconds=6.0, silent=(), seed=0):
    draws = np.random.default_rng(seed)
    made = []
    for place, name in enumerate(names):
        times = np.sort(draws.permutation(np.arange(1, int(seconds * 2)))[:hits] * 0.5 + draws.uniform(-0.1, 0.1, hits))
        for number, time_s in enumerate(times):
            material = MATERIALS[(place + number) % 3]
            made.append(FakeHit(name, float(time_s), material, "hit", "static"))
    return FakeVideos(list(names), made, seconds, set(silent))
