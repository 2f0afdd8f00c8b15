"""What happens in one video: which thing is struck when, how hard, and what it does.

The gaps between touches follow the real law (Greatest Hits: never below 0.25 s, median 0.7 s, 5 % above 2.7 s). Between
touches the stick is swung now and then without touching anything, so that motion alone does not tell of a sound.
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
    """Something that can be struck, as the script needs to know it.

    Attributes:
        material: its material's name.
        spots_m: (n, 3) points of it that the stick can reach, in metres; the third is the height.
        thing: it is an object that can move, not the ground.
    """

    material: str
    spots_m: np.ndarray
    thing: bool


@dataclass(frozen=True)
class Touch:
    """One planned motion of the stick.

    Attributes:
        time_s: when the tip touches (for a miss: when it is lowest).
        kind: "hit", "scratch" or "miss" (a swing that touches nothing).
        surface: index of the surface.
        spot_m: where the tip touches, (x, y, z) in metres; for a miss the point below the tip.
        speed_m_s: speed of the tip at the touch.
        reaction: what the thing does; "" for a miss.
        seconds: how long the tip stays on the surface: 0 for a clean rebound.
        slide_m: (x, y) way of the tip on the surface while it scratches.
        clearance_m: how far a miss stays away from the surface.
        labels: material, action and reaction as written in the labels file, "None" where not told.
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
    """Draw gaps between touches in seconds: at least 0.25 s, log-normal beyond that."""
    excess = _MEDIAN_EXCESS_S * tempo * np.exp(_LOG_SPREAD * rng.standard_normal(count))
    return MINIMUM_GAP_S + np.minimum(excess, 6.0)


def draw_touch_times(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Draw the times of all touches of a video of ``seconds``; none when it is too short for one."""
    tempo = float(np.exp(0.2 * rng.standard_normal()))
    gaps = draw_gaps(rng, int(seconds / MINIMUM_GAP_S) + 2, tempo)
    gaps[0] = _MARGIN_S + rng.uniform(0.0, 0.6)
    times = np.cumsum(gaps)
    return times[times < seconds - _MARGIN_S]


def write_script(rng: np.random.Generator, surfaces: list[Surface], seconds: float) -> list[Touch]:
    """Write the script of one video: touches in order of time, misses among them."""
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
    shares = np.array(list(reactions.values()))
    reaction = str(rng.choice(list(reactions), p=shares / shares.sum()))
    scratch = gap_s > 0.4 and rng.random() < material.scratch_share
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
        labels=_forget_some((surface.material, action, reaction), rng),
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


def _forget_some(labels: tuple[str, str, str], rng: np.random.Generator) -> tuple[str, str, str]:
    """Leave labels out at about the rate of the real files: whole lines, or the material or reaction alone."""
    draw = rng.random()
    if draw < 0.08:
        return ("None", "None", "None")
    if draw < 0.10:
        return ("None", labels[1], labels[2])
    if draw < 0.14:
        return (labels[0], labels[1], "None")
    return labels
