"""One video: planned from its index, rendered, and written to its files."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from crossmodal.files import replace_atomically
from crossmodal.randomness import generator
from crossmodal.simulation.hits.figure import Figure, draw_figure
from crossmodal.simulation.hits.film import Look, draw_look, film
from crossmodal.simulation.hits.material import MATERIALS
from crossmodal.simulation.hits.motion import Motion
from crossmodal.simulation.hits.reaction import Reactions, draw_reactions
from crossmodal.simulation.hits.scene import Scene, draw_scene
from crossmodal.simulation.hits.script import Touch, write_script
from crossmodal.simulation.hits.sound import Voice, contact_seconds, draw_voice
from crossmodal.simulation.hits.soundtrack import RATE_HZ, record_sound
from crossmodal.video import write_video

# Faster than the default of the writer; without the macroblock tree of x264, whose result differs between runs.
_PRESET = "superfast"


@dataclass(frozen=True)
class Options:
    """The options that determine the contents of every video."""

    seconds: float
    seed: int
    size: tuple[int, int]
    frame_rate_hz: Fraction

    def as_json(self) -> dict[str, Any]:
        """Return the options as in the truth file."""
        return {
            "seconds": self.seconds,
            "seed": self.seed,
            "size": list(self.size),
            "frame_rate_hz": str(self.frame_rate_hz),
        }


@dataclass(frozen=True)
class Take:
    """The plan of one video.

    Attributes:
        touches: the script, including misses.
        scene: the scene.
        figure: the person who strikes.
        motion: motion of the stick.
        reactions: visible reactions.
        look: rendering parameters of the camera.
        voices: sound parameters of each surface.
        waveform: float32 (time,) at 48 kHz.
        gain: gain of the clean strikes in the waveform.
        times_s: time of each frame.
    """

    touches: list[Touch]
    scene: Scene
    figure: Figure
    motion: Motion
    reactions: Reactions
    look: Look
    voices: list[Voice]
    waveform: np.ndarray
    gain: float
    times_s: np.ndarray


def video_id(index: int) -> str:
    """Return the id of video ``index``, in the format of the data set."""
    return f"2000-01-01-00-00-00-{index + 1}"


def _streams(seed: int, index: int) -> Callable[[str], np.random.Generator]:
    return lambda stream: generator(seed, f"stand_in_hits/{stream}", index)


def plan_take(index: int, options: Options) -> Take:
    """Plan video ``index``, a pure function of the index and the options."""
    rng = _streams(options.seed, index)
    scene = _draw_scene(index, options)
    figure = draw_figure(rng("figure"), scene.camera, scene.light)
    touches = write_script(rng("script"), scene.surfaces, options.seconds)
    motion = Motion(touches, scene.surfaces, figure.build, rng("motion"), options.seconds)
    draws = rng("voice")
    voices = [draw_voice(MATERIALS[surface.material].acoustics, draws) for surface in scene.surfaces]
    frames = max(round(options.seconds * options.frame_rate_hz), 1)
    seconds = float(frames / options.frame_rate_hz)
    waveform, gain = record_sound(touches, scene.surfaces, voices, seconds, rng("sound"))
    return Take(
        touches=touches,
        scene=scene,
        figure=figure,
        motion=motion,
        reactions=draw_reactions(touches, scene, rng("reaction")),
        look=draw_look(rng("look"), scene),
        voices=voices,
        waveform=waveform,
        gain=gain,
        times_s=np.arange(frames) / float(options.frame_rate_hz),
    )


def _draw_scene(index: int, options: Options) -> Scene:
    """Draw a scene with a surface to strike; 17 videos, the number of materials, require each material once."""
    names = sorted(MATERIALS)
    block, position = divmod(index, len(names))
    order = generator(options.seed, "stand_in_hits/order", block).permutation(len(names))
    rng = _streams(options.seed, index)("scene")
    while True:
        scene = draw_scene(rng, options.size, names[order[position]])
        if scene.surfaces:
            return scene


def film_take(take: Take, index: int, options: Options) -> Iterator[np.ndarray]:
    """Yield the frames of a take, uint8 (height, width, 3)."""
    return film(
        take.scene,
        take.figure,
        take.motion,
        take.reactions,
        take.look,
        take.times_s,
        options.frame_rate_hz,
        _streams(options.seed, index)("grain"),
    )


def write_take(folder: Path, index: int, options: Options) -> dict[str, Any]:
    """Plan and render video ``index``, write its mp4, wav and labels into ``folder``, and return its ground truth.

    Raises:
        OutputError: a file cannot be written.
    """
    name = video_id(index)
    take = plan_take(index, options)
    with replace_atomically(folder / f"{name}_denoised.wav") as path:
        soundfile.write(path, take.waveform, RATE_HZ, subtype="PCM_16")
    write_video(
        folder / f"{name}_denoised.mp4",
        film_take(take, index, options),
        options.frame_rate_hz,
        take.waveform,
        RATE_HZ,
        crf=take.look.compression,
        preset=_PRESET,
    )
    with replace_atomically(folder / f"{name}_times.txt") as path:
        path.write_text(labels_text(take.touches), encoding="ascii")
    truth = describe_take(take)
    with replace_atomically(truth_part(folder, name)) as path:
        path.write_text(json.dumps(truth), encoding="utf-8")
    return truth


def truth_part(folder: Path, name: str) -> Path:
    """Return the temporary file with the ground truth of one finished video, kept until all are done."""
    return folder / f".{name}_truth.json"


def labels_text(touches: list[Touch]) -> str:
    """Return the labels of a script in the format of the data set: one line ``time material action reaction`` each."""
    return "".join(f"{t.time_s:.6f} {' '.join(t.labels)}\n" for t in touches if t.kind != "miss")


def describe_take(take: Take) -> dict[str, Any]:
    """Return the exact ground truth of a take as JSON values; ``datasets/stand_in_hits/prepare.md`` lists the keys."""
    return {
        "gain": take.gain,
        "surfaces": [
            {
                "material": surface.material,
                "thing": surface.thing,
                "contact_s": voice.contact_s,
                "frequencies_hz": voice.modes.frequencies_hz.tolist(),
                "decays_s": voice.modes.decays_s.tolist(),
                "amplitudes": voice.modes.amplitudes.tolist(),
            }
            for surface, voice in zip(take.scene.surfaces, take.voices, strict=True)
        ],
        "hits": [_describe_touch(touch, take) for touch in take.touches if touch.kind != "miss"],
        "misses": [_describe_touch(touch, take) for touch in take.touches if touch.kind == "miss"],
    }


def _describe_touch(touch: Touch, take: Take) -> dict[str, Any]:
    pixel, _ = take.scene.camera.project(np.array(touch.spot_m))
    voice = take.voices[touch.surface]
    return {
        "time_s": touch.time_s,
        "surface": touch.surface,
        "material": take.scene.surfaces[touch.surface].material,
        "action": "none" if touch.kind == "miss" else touch.kind,
        "reaction": touch.reaction or "none",
        "speed_m_s": touch.speed_m_s,
        "contact_s": contact_seconds(voice.contact_s, touch.speed_m_s),
        "stays_s": touch.seconds,
        "position_m": list(touch.spot_m),
        "position_px": pixel.tolist(),
        "clearance_m": touch.clearance_m,
    }
