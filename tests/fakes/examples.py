"""The inputs that the examples of the pages name, as tiny files: videos, walks, photographs, masks, weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from crossmodal import hub, noise
from crossmodal.audio import write_waveform
from crossmodal.data import write_noise_shards
from crossmodal.dissect import inputs_of
from crossmodal.labels import default_layers, synthesize_labels, train_head
from crossmodal.models import SmallGenerator, StyleGenerator2
from crossmodal.simulation.walks import InsoleModel, draw_walker, simulate_insoles
from crossmodal.tactile import ArrayFrames, PressureRecording, save
from tests.fakes.carpet import write_packed_carpet
from tests.fakes.image_folder import write_image_folder
from tests.fakes.step_up import write_step_up
from tests.fakes.videos import RATE_HZ, clicks, write_clip, write_hits_folder
from tests.fakes.walks import plan_walk, render_walk
from tests.unit.dissect.mask_folder import write_mask_folder

PITCH_MM = 10.0


def write_examples(root: Path) -> Path:
    """Write every input once; a page's examples run in a folder of links to them."""
    write_clip(root / "silent.mp4", seconds=1.0, sound=False)
    write_waveform(root / "prediction.wav", torch.from_numpy(clicks((0.2,), 0.5)), RATE_HZ)
    write_hits_folder(root / "hits", test=2, count=4)
    write_image_folder(root / "photographs")
    write_mask_folder(root / "street")
    write_noise_shards(root / "shards", noise.create("programs"), 4, size=16)
    torch.manual_seed(0)
    tiny = StyleGenerator2(size=8, latent=4, style=4, channel_base=32, channel_max=4, mapping_layers=1)
    hub.save_weights(tiny, root / "ffhq", card="A tiny random generator.")
    _write_labels(root / "made")
    write_packed_carpet(root / "carpet")
    write_step_up(root / "step_up")
    _write_walks(root)
    return root


def _write_labels(folder: Path) -> None:
    """Label images of a tiny generator, above and below."""
    torch.manual_seed(0)
    generator = SmallGenerator(size=16, latent=4).eval()
    mask = torch.arange(16)[:, None].expand(16, 16) // 8
    draw = inputs_of(generator)
    layers, classes = default_layers(generator), ("sky", "ground")
    head = train_head(generator, layers, lambda i: draw(np.array([i])), [mask], classes, members=1, steps=1)
    synthesize_labels(generator, head, folder, 4)


def _write_walks(root: Path) -> None:
    steps = plan_walk(steps=5)
    walk = render_walk(steps, rows=360, columns=120, pitch_mm=PITCH_MM)
    for path in (root / "walk.npz", root / "walks" / "walk-000001.npz"):
        path.parent.mkdir(exist_ok=True)
        save(walk, path)
    left, right = simulate_insoles(draw_walker(0, 0), 0, 0, 4.0).recordings
    save(left, root / "left.npz")
    save(right, root / "right.npz")
    (root / "recordings").mkdir()
    (cells,) = simulate_insoles(draw_walker(0, 0), 0, 0, 8.0, InsoleModel(layout="16 cells")).recordings
    save(cells, root / "recordings" / "insoles.npz")
    for number, step in enumerate(steps):
        alone = render_walk([step], rows=360, columns=120, pitch_mm=PITCH_MM)
        save(_print_of(alone), root / "recordings" / f"print_{number}.npz")
    foot = render_walk(plan_walk((100.0, 150.0), steps=1), rows=90, columns=60, pitch_mm=5.0)
    save(replace(foot, side="left"), root / "recordings" / "foot.npz")


def _print_of(recording: PressureRecording) -> PressureRecording:
    """The largest pressure of every cell, without time, as a plate that records single prints gives it."""
    peaks = ArrayFrames(np.asarray(recording.pressure).max(axis=0, keepdims=True))
    return replace(recording, frames=peaks, times_s=np.zeros(1))
