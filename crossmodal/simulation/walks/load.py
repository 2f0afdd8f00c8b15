"""The load of one step: vertical force over the stance, and its distribution over the regions of the sole."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from crossmodal.simulation.walks.foot import (
    GREAT_TOE,
    HEEL,
    LATERAL_FOREFOOT,
    MEDIAL_FOREFOOT,
    MIDFOOT,
    REGIONS,
    TOES,
)

# Fraction of the load on each region over the stance, fitted to forces, times and centre of pressure of real steps.
_PHASES = (0.00, 0.08, 0.12, 0.18, 0.25, 0.33, 0.42, 0.50, 0.57, 0.65, 0.73, 0.80, 0.87, 0.93, 0.97, 1.00)
_FRACTIONS = {
    "heel_back": (1.00, 0.42, 0.30, 0.24, 0.16, 0.10, 0.06, 0.03, 0.00, 0, 0, 0, 0, 0, 0, 0),
    "heel": (0.00, 0.46, 0.55, 0.55, 0.47, 0.38, 0.28, 0.15, 0.02, 0, 0, 0, 0, 0, 0, 0),
    "midfoot": (0.00, 0.12, 0.12, 0.10, 0.10, 0.09, 0.08, 0.06, 0.03, 0.01, 0, 0, 0, 0, 0, 0),
    "medial": (0, 0.004, 0.03, 0.07, 0.13, 0.20, 0.25, 0.29, 0.31, 0.35, 0.38, 0.38, 0.33, 0.14, 0.01, 0),
    "lateral": (0, 0, 0.005, 0.04, 0.125, 0.215, 0.335, 0.455, 0.53, 0.48, 0.41, 0.34, 0.25, 0.08, 0, 0),
    "great_toe": (0, 0, 0, 0, 0, 0.004, 0.012, 0.025, 0.04, 0.07, 0.13, 0.20, 0.285, 0.50, 0.48, 0.46),
    "toes": (0, 0, 0, 0, 0, 0, 0, 0.002, 0.02, 0.03, 0.04, 0.05, 0.08, 0.19, 0.51, 0.54),
}
_MEDIAL_SPLIT = (0.45, 0.55)
_LATERAL_SPLIT = (0.41, 0.34, 0.25)
_TOE_SPLIT = (0.32, 0.30, 0.23, 0.15)
# Phase from which the load moves from the forefoot to the toes, at a time that varies between feet.
_TO_THE_TOES = 0.85
# Phase from which the loads of the toes vary independently.
_LAST_PART = 0.87
# Fraction of the unloading before toe off at which `Load.unloading` gives the force.
_LATE = 0.11


@dataclass(frozen=True, eq=False)
class Load:
    """The load of a step on the sole; phases run from 0 at heel strike to 1 at toe off.

    Attributes:
        peaks: (first, second) force peak in body weights.
        trough: force between them in body weights.
        peaks_at: their phases.
        trough_at: its phase.
        loading: power of the force at heel strike: 2 for a common one, more for a harder one.
        roll: phases of a common step at which roll-over begins and ends: (0, 1) from heel to toe; it begins late in toe
            walking and ends early in shuffling.
        pace: power of the phase of roll-over; above 1, roll-over is late.
        emphasis: (regions,) factors on the fractions of the regions.
        unloading: (power, fraction): towards toe off the force is proportional to this power of the remaining time, and
            this fraction of the second peak is left at 11 % of the unloading. Real steps reach 10, 20 and 50 N 11.5,
            19.2 and 33.7 ms before toe off on average.
        last: factors on the fractions of the five toes at toe off: some feet leave with one toe, others with all.
        hurry: advance of the load's move from the forefoot to the toes, as a fraction of stance; negative for a delay.
    """

    peaks: tuple[float, float]
    trough: float
    peaks_at: tuple[float, float]
    trough_at: float
    loading: float
    roll: tuple[float, float]
    pace: float
    emphasis: NDArray[np.float64]
    unloading: tuple[float, float] = (1.5, 0.031)
    last: tuple[float, ...] = (1.0,) * 5
    hurry: float = 0.0

    def force(self, phases: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the vertical force in body weights at phases (n,); 0 outside [0, 1]."""
        (first, second), (at, end) = self.peaks, self.peaks_at
        rise = first * (1.0 - (1.0 - np.clip(phases / at, 0.0, 1.0)) ** self.loading)
        left = np.clip((1.0 - phases) / (1.0 - end), 0.0, 1.0)
        power, (a, b, c) = self.unloading[0], self._fall
        fall = second * left**power * (a + b * left + c * left**2)
        fade_in = _ease((phases - at) / (self.trough_at - at))
        fade_out = _ease((phases - self.trough_at) / (end - self.trough_at))
        middle = first + (self.trough - first) * fade_in + (second - self.trough) * fade_out
        return np.where(phases < at, rise, np.where(phases > end, fall, middle))

    @property
    def _fall(self) -> tuple[float, float, float]:
        """Factors of ``left**power * (a + b * left + c * left**2)``, with slope 0 at 1 and the given value at 11 %."""
        power, fraction = self.unloading
        a = (fraction / _LATE**power - (2.0 + power) * _LATE + (1.0 + power) * _LATE**2) / (1.0 - _LATE) ** 2
        # A smaller factor makes the force negative in between, a larger one makes it exceed the peak.
        a = min(max(a, 0.05), 0.9 * (1.0 + power) * (1.0 + 0.5 * power))
        return a, 2.0 + power - 2.0 * a, a - 1.0 - power

    @property
    def mean_force(self) -> float:
        """Mean force over the stance, in body weights."""
        (first, second), (at, end) = self.peaks, self.peaks_at
        power, (a, b, c) = self.unloading[0], self._fall
        middle = 0.5 * (first + self.trough) * (self.trough_at - at) + 0.5 * (self.trough + second) * (
            end - self.trough_at
        )
        rise = first * at * self.loading / (self.loading + 1.0)
        return rise + middle + second * (1.0 - end) * (a / (power + 1.0) + b / (power + 2.0) + c / (power + 3.0))

    def region_force(self, phases: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the force of every region in body weights: (n, regions)."""
        begin, end = self.roll
        rolled = begin + (end - begin) * np.clip(phases, 0.0, 1.0) ** self.pace
        moved = np.clip((rolled - _TO_THE_TOES) / (1.0 - _TO_THE_TOES), 0.0, 1.0)
        rolled = rolled + 0.5 * self.hurry * (1.0 - np.cos(2.0 * np.pi * moved))
        fractions = _FRACTION_CURVES(rolled) * self.emphasis
        late = _ease((rolled - _LAST_PART) / (1.0 - _LAST_PART))
        fractions[:, GREAT_TOE:] *= np.exp(np.outer(late, np.log(self.last)))
        return np.asarray(self.force(phases)[:, None] * fractions / fractions.sum(axis=1, keepdims=True))


def _ease(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a smooth step from 0 to 1, with slope 0 at both ends."""
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0.0, 1.0)))


def _spread_over_regions() -> PchipInterpolator:
    """Return the fraction of the load on each region as a function of the phase."""
    table = np.zeros((len(_PHASES), len(REGIONS)))
    table[:, HEEL] = np.stack([_FRACTIONS["heel_back"], _FRACTIONS["heel"]], axis=1)
    table[:, MIDFOOT] = _FRACTIONS["midfoot"]
    table[:, MEDIAL_FOREFOOT] = np.outer(_FRACTIONS["medial"], _MEDIAL_SPLIT)
    table[:, LATERAL_FOREFOOT] = np.outer(_FRACTIONS["lateral"], _LATERAL_SPLIT)
    table[:, GREAT_TOE] = _FRACTIONS["great_toe"]
    table[:, TOES] = np.outer(_FRACTIONS["toes"], _TOE_SPLIT)
    return PchipInterpolator(_PHASES, table, axis=0)


_FRACTION_CURVES = _spread_over_regions()
