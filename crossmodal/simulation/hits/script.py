"""The script of one video: the surface, time and speed of each touch, and the reaction.

The gaps between touches have the distribution of Greatest Hits (at least 0.25 s, median 0.7 s, 5 % above 2.7 s).
Sometimes the stick is swung between touches without touching anything, so that motion alone does not imply a sound.
"""

from dataclasses import dataclass

import numpy as np

from crossmodal.simulation.hits.material import MATERIALS

MINIMUM_GAP_S = 0.25
_MEDIAN_EXCESS_S = 0.465
_LOG_SPREAD = 0.95
_MARGIN_S = 0.35


@dataclass(frozen=True)
class Surface:
    """A surface that can be struck.

    Attributes:
        material: name of its material.
        spots_m: (n, 3) points that the stick can reach, in metres; the third coordinate is the height.
        thing: whether it is an object that can move, not the ground.
    """

    material: str
    spots_m: np.ndarray
    thing: bool


@dataclass(frozen=True)
class Touch:
    """One planned motion of the stick.

    Attributes:
        time_s: time of the contact (of a miss: of the lowest point).
        kind: "hit", "scratch" or "miss" (a swing that touches nothing).
        surface: index of the surface.
        spot_m: contact point, (x, y, z) in metres; for a miss the point below the tip.
        speed_m_s: speed of the tip at the touch.
        reaction: reaction of the surface; "" for a miss.
        seconds: contact time of the tip; 0 for a free rebound.
        slide_m: (x, y) displacement of the tip on the surface during a scratch.
        clearance_m: smallest distance of a miss from the surface.
        labels: material, action and reaction as written in the labels file, "None" if left out.
    """

    time_s: float
    kind: str
    surface: int
    spot_m: tuple[float, float, float]
    speed_m_s: float
    reaction: str = ""
    seconds: float = 0.0
    slide_m: tuple[float, float] = (0.0, 0.0)
    clearance_m: float = 0.0
    labels: tuple[str, str, str] = ("None", "None", "None")


def draw_gaps(rng: np.random.Generator, count: int, tempo: float = 1.0) -> np.ndarray:
    """Draw gaps between touches in seconds: 0.25 s plus a log-normal excess of at most 6 s."""
    excess = _MEDIAN_EXCESS_S * tempo * np.exp(_LOG_SPREAD * rng.standard_normal(count))
    return MINIMUM_GAP_S + np.minimum(excess, 6.0)


def draw_touch_times(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Draw the times of all touches of a video of ``seconds``; none if it is too short for one."""
    tempo = float(np.exp(0.2 * rng.standard_normal()))
    gaps = draw_gaps(rng, int(seconds / MINIMUM_GAP_S) + 2, tempo)
    gaps[0] = _MARGIN_S + rng.uniform(0.0, 0.6)
    times = np.cumsum(gaps)
    return times[times < seconds - _MARGIN_S]


def write_script(rng: np.random.Generator, surfaces: list[Surface], seconds: float) -> list[Touch]:
    """Draw the script of one video: touches and misses in order of time."""
    touches: list[Touch] = []
    surface = int(rng.integers(len(surfaces)))
    boldness = float(np.exp(0.3 * rng.standard_normal()))
    times = draw_touch_times(rng, seconds)
    ends = np.append(times, seconds)[1:]
    for time_s, next_s in zip(times, ends, strict=True):
        if rng.random() < 0.3:
            surface = int(rng.integers(len(surfaces)))
        touch = _plan_touch(rng, surfaces, surface, float(time_s), float(next_s - time_s), boldness)
        touches.append(touch)
        free_s = next_s - time_s - touch.seconds
        if free_s > 0.9 and rng.random() < 0.45:
            touches.append(_plan_miss(rng, surfaces, surface, float(next_s - free_s * rng.uniform(0.4, 0.6))))
    return touches


def _plan_touch(
    rng: np.random.Generator, surfaces: list[Surface], index: int, time_s: float, gap_s: float, boldness: float
) -> Touch:
    surface = surfaces[index]
    material = MATERIALS[surface.material]
    reactions = {k: v for k, v in material.reactions.items() if surface.thing or k != "rigid-motion"}
    weights = np.array(list(reactions.values()))
    reaction = str(rng.choice(list(reactions), p=weights / weights.sum()))
    scratch = gap_s > 0.4 and rng.random() < material.scratch_fraction
    speed = float(np.clip(boldness * 2.2 * np.exp(0.45 * rng.standard_normal()), 0.6, 7.0))
    spot = surface.spots_m[rng.integers(len(surface.spots_m))]
    seconds, slide = 0.0, (0.0, 0.0)
    if scratch:
        seconds = float(min(rng.uniform(0.15, 0.7), 0.55 * gap_s))
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.03, 0.12)
        slide = (float(length * np.cos(angle)), float(length * np.sin(angle)))
        speed *= 0.35
    elif rng.random() < 0.2 + 0.25 * (material.acoustics.restitution < 0.2):
        seconds = float(min(rng.uniform(0.03, 0.25), 0.3 * gap_s))
    action = "scratch" if scratch else "hit"
    return Touch(
        time_s=time_s,
        kind=action,
        surface=index,
        spot_m=(float(spot[0]), float(spot[1]), float(spot[2])),
        speed_m_s=speed,
        reaction=reaction,
        seconds=seconds,
        slide_m=slide,
        labels=_drop_labels((surface.material, action, reaction), rng),
    )


def _plan_miss(rng: np.random.Generator, surfaces: list[Surface], index: int, time_s: float) -> Touch:
    if rng.random() < 0.5:
        index = int(rng.integers(len(surfaces)))
    spot = surfaces[index].spots_m[rng.integers(len(surfaces[index].spots_m))]
    return Touch(
        time_s=time_s,
        kind="miss",
        surface=index,
        spot_m=(float(spot[0]), float(spot[1]), float(spot[2])),
        speed_m_s=float(rng.uniform(0.8, 4.0)),
        clearance_m=float(rng.uniform(0.04, 0.2)),
    )


def _drop_labels(labels: tuple[str, str, str], rng: np.random.Generator) -> tuple[str, str, str]:
    """Leave out labels at about the rate of the real files: whole lines, or only the material or the reaction."""
    draw = rng.random()
    if draw < 0.08:
        return ("None", "None", "None")
    if draw < 0.10:
        return ("None", labels[1], labels[2])
    if draw < 0.14:
        return (labels[0], labels[1], "None")
    return labels
