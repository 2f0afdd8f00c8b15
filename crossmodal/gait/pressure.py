"""Parameters of the pressure under a foot: centre of pressure, area, peaks and integrals, by region."""

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.parameters import REGIONS, Samples
from crossmodal.gait.shape import right_of
from crossmodal.gait.stance import Footprint, Stance

Floats = NDArray[np.float64]

#: At the first and last moments the centre of pressure depends on a few cells; its path is measured above this fraction
#: of the largest force.
_LEAST_FORCE = 0.05


def measure_pressure(stance: Stance, samples: Samples, known_area: bool = True, forces: bool = False) -> None:
    """Measure one stance; a stance that is not whole within the recording is left out.

    Args:
        stance: the stance.
        samples: receives the values.
        known_area: whether the size of the cells is known.
        forces: whether cells measure force, so that there are no pressures.
    """
    if not np.isfinite(stance.duration_s) and len(stance.times_s) > 1:
        return
    if len(stance.times_s) > 1:
        samples.add("peak_force", stance.side, float(stance.force_n.max()))
    if not forces:
        samples.add("peak_pressure", stance.side, stance.peak)
    foot = stance.footprint
    if foot is None or forces:
        return
    if known_area and len(stance.times_s) > 1:
        _measure_cop(stance, foot, samples)
    along, peaks, integrals = foot.along, foot.peaks, foot.integrals
    for region, (low, high) in {"": (-np.inf, np.inf), **REGIONS}.items():
        inside = (along >= low) & (along < high if high < 1 else True)
        if not inside.any():
            continue
        name = f"{region}_" if region else ""
        if known_area:
            samples.add(f"{name}contact_area", stance.side, float(foot.areas_mm2[inside & (peaks > 0)].sum()) / 100)
        if region:
            samples.add(f"{name}peak_pressure", stance.side, float(peaks[inside].max()))
        if integrals.sum() > 0:
            samples.add(f"{name}pressure_time_integral", stance.side, float(integrals[inside].max()))
            if region:
                percent = 100 * float(integrals[inside].sum() / integrals.sum())
                samples.add(f"{name}impulse_share", stance.side, percent)


def _measure_cop(stance: Stance, foot: Footprint, samples: Samples) -> None:
    """Measure the path of the centre of pressure."""
    loaded = np.flatnonzero(stance.force_n >= _LEAST_FORCE * stance.force_n.max())
    kept = slice(int(loaded[0]), int(loaded[-1]) + 1)
    path, times_s = stance.cop_mm[kept], stance.times_s[kept]
    known = np.isfinite(path).all(axis=1)
    path, times_s = path[known], times_s[known]
    if len(path) < 3:
        return
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    samples.add("cop_path_length", stance.side, length)
    samples.add("cop_velocity", stance.side, length / float(times_s[-1] - times_s[0]))
    samples.add("cop_excursion_along", stance.side, float(np.ptp(path @ foot.axis)))
    samples.add("cop_excursion_across", stance.side, float(np.ptp(path @ right_of(foot.axis))))
