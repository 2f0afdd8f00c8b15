"""The load of one step: vertical force over stance, and which region of the sole carries how much of it."""

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

# Share of the load over stance, chosen so that forces, times and the centre of pressure of real steps come out.
_PHASES = (0.00, 0.08, 0.12, 0.18, 0.25, 0.33, 0.42, 0.50, 0.57, 0.65, 0.73, 0.80, 0.87, 0.93, 0.97, 1.00)
_SHARES = {
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
# Phase about which feet begin to differ in when the forefoot hands over to the toes.
_HANDING_OVER = 0.85
# Phase from which on each toe goes its own way.
_LAST_PART = 0.87
# The part of unloading, before toe off, at which `Load.unloading` says how much is left.
_LATE = 0.11


@dataclass(frozen=True, eq=False)
class Load:
    """How a step loads the sole; phases run from 0 at heel strike to 1 at toe off.

    Attributes:
        peaks: (first, second) force peak in body weights.
        trough: force between them in body weights.
        peaks_at: their phases.
        trough_at: its phase.
        loading: 2 for a common heel strike, more for a harder one.
        roll: phases of a common step at which roll-over begins and ends: (0, 1) from heel to toe; a toe walker's
            begins late, a shuffler's ends early.
        pace: above 1, roll-over lags behind.
        emphasis: (regions,) factors on the shares.
        unloading: (power, share): towards toe off force falls like the power of the time that is left, and the share of
            the second peak is left when 11 % of the unloading are. In real steps 10, 20 and 50 N stand 11.5, 19.2 and
            33.7 ms before toe off on average.
        last: factors on the shares of the five toes at toe off: some feet leave with one toe, others with all.
        hurry: how much earlier (share of stance) the forefoot hands over to the toes; below 0 it is later.
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
        """Vertical force in body weights at phases (n,); 0 outside 0 to 1."""
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
        """Factors of ``left**power * (a + b * left + c * left**2)``, level at 1 and as low as is asked at 11 %."""
        power, share = self.unloading
        a = (share / _LATE**power - (2.0 + power) * _LATE + (1.0 + power) * _LATE**2) / (1.0 - _LATE) ** 2
        # Less would go below zero on its way, and more above the peak.
        a = min(max(a, 0.05), 0.9 * (1.0 + power) * (1.0 + 0.5 * power))
        return a, 2.0 + power - 2.0 * a, a - 1.0 - power

    @property
    def mean_force(self) -> float:
        """Mean of the force over stance, in body weights."""
        (first, second), (at, end) = self.peaks, self.peaks_at
        power, (a, b, c) = self.unloading[0], self._fall
        middle = 0.5 * (first + self.trough) * (self.trough_at - at) + 0.5 * (self.trough + second) * (
            end - self.trough_at
        )
        rise = first * at * self.loading / (self.loading + 1.0)
        return rise + middle + second * (1.0 - end) * (a / (power + 1.0) + b / (power + 2.0) + c / (power + 3.0))

    def region_force(self, phases: NDArray[np.float64]) -> NDArray[np.float64]:
        """Force of every region in body weights: (n, regions)."""
        begin, end = self.roll
        rolled = begin + (end - begin) * np.clip(phases, 0.0, 1.0) ** self.pace
        handed = np.clip((rolled - _HANDING_OVER) / (1.0 - _HANDING_OVER), 0.0, 1.0)
        rolled = rolled + 0.5 * self.hurry * (1.0 - np.cos(2.0 * np.pi * handed))
        shares = _SHARE_CURVES(rolled) * self.emphasis
        late = _ease((rolled - _LAST_PART) / (1.0 - _LAST_PART))
        shares[:, GREAT_TOE:] *= np.exp(np.outer(late, np.log(self.last)))
        return np.asarray(self.force(phases)[:, None] * shares / shares.sum(axis=1, keepdims=True))


def _ease(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Go from 0 to 1, level at both ends."""
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0.0, 1.0)))


def _spread_over_regions() -> PchipInterpolator:
    table = np.zeros((len(_PHASES), len(REGIONS)))
    table[:, HEEL] = np.stack([_SHARES["heel_back"], _SHARES["heel"]], axis=1)
    table[:, MIDFOOT] = _SHARES["midfoot"]
    table[:, MEDIAL_FOREFOOT] = np.outer(_SHARES["medial"], _MEDIAL_SPLIT)
    table[:, LATERAL_FOREFOOT] = np.outer(_SHARES["lateral"], _LATERAL_SPLIT)
    table[:, GREAT_TOE] = _SHARES["great_toe"]
    table[:, TOES] = np.outer(_SHARES["toes"], _TOE_SPLIT)
    return PchipInterpolator(_PHASES, table, axis=0)


_SHARE_CURVES = _spread_over_regions()
