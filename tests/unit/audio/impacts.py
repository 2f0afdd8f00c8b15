"""Synthetic recordings of impacts: damped sines over the noise of a quiet room."""

import numpy as np
import torch


def make_impacts(rate_hz, seconds, times_s, *, seed=0, room=1e-3, peak=0.8):
    """Return a waveform (time,) with a ring of six modes at each time; the first ring is the loudest."""
    draws = np.random.default_rng(seed)
    time_s = np.arange(round(rate_hz * seconds)) / rate_hz
    sound = room * draws.standard_normal(len(time_s))
    for number, hit_s in enumerate(times_s):
        since_s = np.maximum(time_s - hit_s, 0)
        ring = np.zeros_like(time_s)
        for frequency_hz in draws.uniform(200, min(7000, 0.45 * rate_hz), 6):
            decay_s = draws.uniform(0.01, 0.06)
            ring += np.exp(-since_s / decay_s) * np.sin(2 * np.pi * frequency_hz * since_s)
        sound += ring * (time_s >= hit_s) / np.abs(ring).max() * peak / (1 + 0.3 * number)
    return torch.from_numpy(sound.clip(-1, 1).astype(np.float32))
