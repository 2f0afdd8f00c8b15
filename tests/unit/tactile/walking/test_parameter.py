"""Parameters of exact footsteps agree with those that an analysis would report of the same steps."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from crossmodal.tactile.gait import Footprint, Stance
from crossmodal.tactile.gait.parameters import DEFINITIONS, measure_walk, summarise
from crossmodal.tactile.walking import Footstep, Mat, draw_walker, measure_gait, simulate_walk


def stance_of(step: Footstep) -> Stance:
    heel, head = np.array(step.heel_mm), np.array(step.metatarsal_mm)
    footprint = Footprint(
        places_mm=np.zeros((1, 2)),
        peaks=np.ones(1),
        integrals=np.ones(1),
        areas_mm2=np.ones(1),
        pitch_mm=(5.0, 5.0),
        axis=(head - heel) / np.linalg.norm(head - heel),
        axis_from="metatarsal",
        heel_mm=heel,
        metatarsal_mm=head,
        centre_mm=heel,
        length_mm=250.0,
        width_mm=90.0,
        begin_mm=0.0,
        partial=step.on_mat < 0.999,
    )
    return Stance(
        side=step.side,
        heel_strike_s=step.heel_strike_s,
        toe_off_s=step.toe_off_s,
        times_s=np.array([step.heel_strike_s, step.toe_off_s]),
        force_n=np.ones(2),
        cop_mm=np.zeros((2, 2)),
        peak=1.0,
        footprint=footprint,
        passage=step.crossing,
    )


@pytest.mark.parametrize("path", ["straight", "oblique", "turning"])
@pytest.mark.parametrize("pathology", ["none", "antalgic"])
def test_they_are_those_of_an_analysis_of_the_same_steps(path: str, pathology: str) -> None:
    mat = Mat(400, 160, (10.0, 10.0))
    walks = [simulate_walk([draw_walker(8, k, pathology=pathology)], mat, 8, k, 7.0, path=path) for k in range(6)]
    for steps in (walk.truth.footsteps for walk in walks):
        if all(a.side != b.side for a, b in pairwise(steps) if a.crossing == b.crossing):
            compare(steps)


def compare(steps: Sequence[Footstep]) -> None:
    samples = measure_walk([stance_of(step) for step in steps], on_a_mat=True)
    found = {one.name: one.value for one in summarise(samples) if one.side is None}
    measured = measure_gait(steps)
    assert set(measured) <= set(DEFINITIONS)
    for name, value in measured.items():
        assert value == pytest.approx(found[name], rel=1e-9), name


def test_a_stop_parts_a_walk_and_what_is_not_known_lends_nothing() -> None:
    steps = list(simulate_walk([draw_walker(8, 2)], Mat(600, 120, (10.0, 10.0)), 8, 2, 6.0).truth.footsteps)
    first = [step for step in steps if step.crossing == 0]
    whole = measure_gait(first)
    stopped = [*first[:3], replace(first[3], stands=True, toe_off_s=first[3].toe_off_s + 3.0), *first[4:]]
    assert measure_gait(stopped)["stride_time"] == pytest.approx(whole["stride_time"], rel=0.1)
    unknown = measure_gait([replace(first[0], heel_strike_s=np.nan), *first[1:]])
    assert np.isfinite([unknown["step_time"], unknown["initial_double_support"]]).all()
    assert np.isnan(list(measure_gait([]).values())).all()
