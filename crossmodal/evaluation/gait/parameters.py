"""Errors of gait parameters against the exact truth of a walk."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from crossmodal.gait import GaitAnalysis
from crossmodal.interval import bootstrap_weights, percentile_interval
from crossmodal.simulation.walks import Footstep, WalkTruth, measure_gait


def score_parameters(analysis: GaitAnalysis, truth: WalkTruth) -> dict[str, float]:
    """Return the errors of the parameters of one walker: found minus true, in the parameters' units.

    The truth is `measure_gait` of all footsteps, without events outside the recording. Where the analysis finds several
    walkers, the one with the most stances is scored. NaN where either side has no value.

    Raises:
        ValueError: there are several walkers.
    """
    if len({step.walker for step in truth.footsteps}) > 1:
        raise ValueError("parameters are scored for one walker; this walk has several walkers")
    true = measure_gait([_as_recorded(step, truth) for step in truth.footsteps])
    stances = Counter(stance.walker for stance in analysis.stances)
    walker = stances.most_common(1)[0][0] if stances else 0
    found = {name: analysis.find(name, walker=walker) for name in true}
    return {name: one.value - true[name] if one is not None else float("nan") for name, one in found.items()}


def summarise_parameters(
    errors: Sequence[Mapping[str, float]], *, samples: int = 1000, seed: int = 0
) -> dict[str, float]:
    """Pool walks: ``<name>_mae`` and ``<name>_bias`` over walks, with ``_low`` and ``_high`` of a bootstrap over them.

    ``<name>_walks`` is the number of walks in which the parameter was found.

    Raises:
        ValueError: there is no walk.
    """
    weights = np.concatenate([np.ones((1, len(errors))), bootstrap_weights(len(errors), samples, seed=seed)])
    summary: dict[str, float] = {}
    for name in errors[0]:
        error = np.array([one[name] for one in errors])
        known = np.isfinite(error)
        with np.errstate(invalid="ignore"):
            for kind, values in (("mae", np.abs(error[known])), ("bias", error[known])):
                means = weights[:, known] @ values / weights[:, known].sum(axis=1)
                summary |= percentile_interval(means[0], means[1:]).named(f"{name}_{kind}")
        summary[f"{name}_walks"] = int(known.sum())
    return summary


def _as_recorded(step: Footstep, truth: WalkTruth) -> Footstep:
    """Return the footstep with NaN for events outside the recording."""
    first_s, last_s = truth.times_s[0], truth.times_s[-1]
    strike, off = (
        time_s if first_s < time_s < last_s else float("nan") for time_s in (step.heel_strike_s, step.toe_off_s)
    )
    return replace(step, heel_strike_s=strike, toe_off_s=off)
