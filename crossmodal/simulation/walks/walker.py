"""A walker: body, feet, gait, shoes and pathology."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from crossmodal.randomness import generator
from crossmodal.simulation.walks.foot import GREAT_TOE, HEEL, REGIONS, Foot, draw_foot
from crossmodal.simulation.walks.load import Load
from crossmodal.tactile.recording import Side

Sex = Literal["female", "male"]
Pathology = Literal["none", "drop_foot", "antalgic", "toe_walking", "shuffling"]
SIDES: tuple[Side, Side] = ("left", "right")
PATHOLOGIES: tuple[Pathology, ...] = get_args(Pathology)

_COMMON_SPEED_M_S = 1.26
_COMMON_LEG_M = 0.90
# The ratio of step length to cadence hardly changes with speed (0.66 m at 113.5 steps per minute).
_WALK_RATIO = 0.66 / 113.5


@dataclass(frozen=True)
class Habit:
    """The effect of a pathology on one leg.

    Attributes:
        step_length, step_time: factors on the steps of this leg.
        support: factor on its force.
        trough: factor on the force between the two peaks.
        roll: phases at which roll-over begins and ends, see `Load`.
        heel: factor on the load of the heel.
        drag_n: force of toes that drag over the floor during swing; 0 for none.
    """

    step_length: float = 1.0
    step_time: float = 1.0
    support: float = 1.0
    trough: float = 1.0
    roll: tuple[float, float] = (0.0, 1.0)
    heel: float = 1.0
    drag_n: float = 0.0


@dataclass(frozen=True, eq=False)
class Leg:
    """One leg of a walker.

    Attributes:
        foot: its sole, with the shoe.
        load: the load of an average step.
        toe_out_deg: mean foot angle, outwards.
        habit: the effect of the pathology.
    """

    foot: Foot
    load: Load
    toe_out_deg: float
    habit: Habit


@dataclass(frozen=True, eq=False)
class Walker:
    """A person who walks at a given speed.

    Attributes:
        name: index among the walkers of a seed.
        sex: determines the proportions of the body.
        mass_kg, height_m, leg_m: body; the leg from the hip to the floor.
        foot_length_mm, foot_width_mm, arch: of the bare feet, see `Foot`.
        sole_mm: distance over which shoes spread a load; 0 is barefoot.
        speed_m_s, cadence_per_min, step_length_m: of undisturbed walking.
        step_width_mm, step_width_sd_mm: distance of the heels across the path, and its standard deviation.
        stance_share: stance time over stride time.
        step_length_sd, step_time_sd: relative standard deviation from step to step.
        toe_out_sd_deg: standard deviation of the foot angle.
        asymmetry: relative excess of the left step length.
        pathology: ``none`` for a healthy walker.
        affected: the affected leg; None for both or neither.
        left, right: the legs.
    """

    name: int
    sex: Sex
    mass_kg: float
    height_m: float
    leg_m: float
    foot_length_mm: float
    foot_width_mm: float
    arch: float
    sole_mm: float
    speed_m_s: float
    cadence_per_min: float
    step_length_m: float
    step_width_mm: float
    step_width_sd_mm: float
    stance_share: float
    step_length_sd: float
    step_time_sd: float
    toe_out_sd_deg: float
    asymmetry: float
    pathology: Pathology
    affected: Side | None
    left: Leg
    right: Leg

    @property
    def weight_n(self) -> float:
        """Body weight."""
        return 9.81 * self.mass_kg

    def leg(self, side: Side) -> Leg:
        """Return the leg of a side."""
        return self.left if side == "left" else self.right

    def as_json(self) -> dict[str, Any]:
        """Return all scalar attributes as JSON values, without the shapes of feet and loads."""
        plain = {key: value for key, value in vars(self).items() if key not in SIDES}
        legs = {
            f"{side}_{key}": value
            for side in SIDES
            for key, value in {"toe_out_deg": self.leg(side).toe_out_deg, **asdict(self.leg(side).habit)}.items()
        }
        return plain | legs


def draw_walker(
    seed: int,
    index: int,
    *,
    speed_m_s: float | None = None,
    pathology: Pathology = "none",
    sole_mm: float = 0.0,
) -> Walker:
    """Draw the adult ``index`` of a seed; speed, pathology and shoes do not change the person.

    Args:
        seed: of all walkers.
        index: of the walker.
        speed_m_s: walking speed before the effect of the pathology; None for the person's own.
        pathology: the pathology.
        sole_mm: of shoes, 0 for none; about 3 for soft and 6 for thick soles.

    References:
        Murray et al., "Walking patterns of normal men", J Bone Joint Surg 46-A, 1964 (steps, bases, foot angles).
        Sekiya and Nagasaki, "Reproducibility of the walking patterns of normal young adults: test-retest reliability
        of the walk ratio", Gait & Posture 7, 1998.
    """
    rng = generator(seed, "walking/walker", index)
    sex: Sex = "female" if rng.random() < 0.5 else "male"
    height_m = float(np.clip(rng.normal(1.63 if sex == "female" else 1.76, 0.066), 1.42, 2.05))
    mass_kg = float(np.clip((23.4 if sex == "female" else 24.6) * np.exp(0.14 * rng.normal()), 17.5, 38) * height_m**2)
    leg_m = float((0.528 if sex == "female" else 0.532) * height_m * np.exp(0.02 * rng.normal()))
    length_mm = float(1000 * 0.1535 * height_m * np.exp(0.035 * rng.normal()))
    width_mm = float((0.355 if sex == "female" else 0.363) * length_mm * np.exp(0.06 * rng.normal()))
    arch = float(np.clip(rng.normal(0.5, 0.2), 0.0, 1.0))
    own_speed = float(_COMMON_SPEED_M_S * np.sqrt(leg_m / _COMMON_LEG_M) * np.exp(0.11 * rng.normal()))
    speed = own_speed if speed_m_s is None else speed_m_s
    walk_ratio = _WALK_RATIO * (leg_m / _COMMON_LEG_M) ** 2 * float(np.exp(0.06 * rng.normal()))
    cadence = float(np.sqrt(60.0 * speed / walk_ratio))
    width_fraction = 0.115 * float(np.exp(0.20 * rng.normal()))
    width_sd_mm = float(rng.uniform(26.0, 37.0))
    stance_share = float(0.62 + 0.055 * (1.26 - speed) + 0.010 * rng.normal())
    toe_out = rng.normal(6.5, 4.5) + rng.normal(0.0, 1.5, 2)
    asymmetry, affected_draw = float(rng.normal(0.0, 0.015)), rng.random()
    legs = [_draw_leg(rng, (length_mm, width_mm, arch), speed, float(toe_out[k]), sole_mm) for k in (0, 1)]
    healthy = Walker(
        name=index,
        sex=sex,
        mass_kg=mass_kg,
        height_m=height_m,
        leg_m=leg_m,
        foot_length_mm=length_mm,
        foot_width_mm=width_mm,
        arch=arch,
        sole_mm=sole_mm,
        speed_m_s=speed,
        cadence_per_min=cadence,
        step_length_m=60.0 * speed / cadence,
        step_width_mm=1000.0 * width_fraction * leg_m,
        step_width_sd_mm=width_sd_mm,
        stance_share=stance_share,
        step_length_sd=float(rng.uniform(0.015, 0.035)),
        step_time_sd=float(rng.uniform(0.012, 0.025)),
        toe_out_sd_deg=float(rng.uniform(1.0, 2.2)),
        asymmetry=asymmetry,
        pathology="none",
        affected=None,
        left=legs[0],
        right=legs[1],
    )
    return afflict(healthy, pathology, "left" if affected_draw < 0.5 else "right", rng)


def afflict(walker: Walker, pathology: Pathology, affected: Side, rng: np.random.Generator) -> Walker:
    """Return a healthy walker with a pathology of a random degree."""
    if pathology == "none":
        return walker
    degree = float(rng.uniform(0.4, 1.0))
    speed, length, width, stance = 1.0, 1.0, 1.0, 0.0
    ill, well = Habit(), Habit()
    if pathology == "drop_foot":
        ill = Habit(0.96, 1.03, 0.98, 1.0, (0.10 + 0.14 * degree, 1.0), 1.0, 15.0 + 30.0 * degree)
        well, speed, width, stance = Habit(0.98, 0.97), 0.85, 1.1, 0.01
    elif pathology == "antalgic":
        # The stance on the painful leg is short, so the steps of the other leg are early and short.
        ill = Habit(1.0 + 0.04 * degree, 1.0 + 0.12 * degree, 1.0 - 0.10 * degree, 1.0 + 0.12 * degree)
        well, speed = Habit(1.0 - 0.12 * degree, 1.0 - 0.12 * degree), 0.8
    elif pathology == "toe_walking":
        ill = well = Habit(0.95, 1.0, 1.0, 1.05, (0.50 + 0.04 * degree, 1.0), 0.4 * (1.0 - degree))
        speed = 0.9
    else:
        ill = well = Habit(1.0, 1.0, 1.0, 1.0 + 0.25 * degree, (0.15 + 0.1 * degree, 0.96), 1.0, 20.0 * degree)
        speed, length, width, stance = 0.62, 0.75 - 0.15 * degree, 1.15, 0.03
    cadence = walker.cadence_per_min * np.sqrt(speed) / np.sqrt(length)
    legs = {name: _changed(walker.leg(name), ill if name == affected else well) for name in SIDES}
    return replace(
        walker,
        speed_m_s=walker.speed_m_s * speed,
        cadence_per_min=float(cadence),
        step_length_m=float(60.0 * walker.speed_m_s * speed / cadence),
        step_width_mm=walker.step_width_mm * width,
        stance_share=float(walker.stance_share + 0.055 * walker.speed_m_s * (1.0 - speed) + stance),
        pathology=pathology,
        affected=None if ill == well else affected,
        left=legs["left"],
        right=legs["right"],
    )


def _changed(leg: Leg, habit: Habit) -> Leg:
    emphasis = leg.load.emphasis.copy()
    emphasis[HEEL] *= habit.heel
    top = max(leg.load.peaks)
    trough = min(leg.load.trough * habit.trough, 0.97 * min(leg.load.peaks), top)
    return replace(leg, load=replace(leg.load, trough=trough, roll=habit.roll, emphasis=emphasis), habit=habit)


def _draw_leg(
    rng: np.random.Generator, size: tuple[float, float, float], speed: float, toe_out_deg: float, sole_mm: float
) -> Leg:
    foot = draw_foot(rng, *size).shod(sole_mm)
    # Heel pressure grows with speed (Shorten 1989: twice the pressure at twice the speed), more than the force does.
    foot.powers[HEEL] = (1.0 + foot.powers[HEEL]) * (speed / _COMMON_SPEED_M_S) ** 0.7 - 1.0
    first = 0.94 * float(np.exp(0.05 * rng.normal())) * (1.0 + 0.10 * (speed - _COMMON_SPEED_M_S))
    dip = float(np.clip(0.73 - 0.30 * (speed - _COMMON_SPEED_M_S) + 0.05 * rng.normal(), 0.35, 0.92))
    emphasis = np.exp(0.15 * rng.normal(size=len(REGIONS)))
    emphasis[GREAT_TOE] *= np.exp(0.25 * rng.normal())
    emphasis[HEEL] = np.exp(0.04 * rng.normal())
    at = float(np.clip(rng.normal(0.23, 0.018), 0.17, 0.30))
    end = float(np.clip(rng.normal(0.73, 0.014), 0.69, 0.77))
    load = Load(
        peaks=(first, 1.0),
        trough=min(0.5 * dip * (first + 1.0), 0.97 * min(first, 1.0)),
        peaks_at=(at, end),
        trough_at=float(0.5 * (at + end) + 0.01 * rng.normal()),
        loading=float(rng.uniform(1.8, 2.6) + 0.5 * max(speed - _COMMON_SPEED_M_S, 0.0)),
        roll=(0.0, 1.0),
        pace=float(np.exp(0.03 * rng.normal())),
        emphasis=emphasis,
        unloading=(float(rng.uniform(1.1, 2.0)), 0.031 * float(np.exp(np.clip(0.45 * rng.normal(), -0.8, 0.8)))),
        last=tuple(float(factor) for factor in np.exp(1.8 * rng.normal(size=5))),
        hurry=float(np.clip(0.025 * rng.normal(), -0.042, 0.042)),
    )
    return Leg(foot, load, toe_out_deg, Habit())
