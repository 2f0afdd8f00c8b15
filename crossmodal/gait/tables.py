"""The tables of a gait analysis: events, footprints and parameters, as rows of plain values."""

import math
from collections.abc import Sequence
from typing import Any

from crossmodal.gait.analysis import GaitAnalysis
from crossmodal.gait.norms import ADULTS, Norm, find_norm

Row = dict[str, Any]


def event_rows(analysis: GaitAnalysis) -> list[Row]:
    """Return one row for each event."""
    return [
        {
            "time_s": _rounded(event.time_s, 5),
            "event": event.kind,
            "side": event.side,
            "walker": event.walker,
            "stance": event.stance,
        }
        for event in analysis.events
    ]


def footprint_rows(analysis: GaitAnalysis) -> list[Row]:
    """Return one row for each stance; positions are (y, x) of the mat or of the insole."""
    rows = []
    for number, stance in enumerate(analysis.stances):
        row: Row = {
            "stance": number,
            "walker": stance.walker,
            "passage": stance.passage,
            "side": stance.side,
            "heel_strike_s": _rounded(stance.heel_strike_s, 5),
            "toe_off_s": _rounded(stance.toe_off_s, 5),
            "peak_force": _rounded(float(stance.force_n.max(initial=0.0)), 2) if len(stance.force_n) > 1 else None,
            "peak_pressure": _rounded(stance.peak, 2),
        }
        foot = stance.footprint
        if foot is not None:
            box = foot.box_mm
            row |= {
                "heel_y_mm": _rounded(foot.heel_mm[0], 2),
                "heel_x_mm": _rounded(foot.heel_mm[1], 2),
                "metatarsal_y_mm": _rounded(foot.metatarsal_mm[0], 2),
                "metatarsal_x_mm": _rounded(foot.metatarsal_mm[1], 2),
                "axis_degrees": _rounded(math.degrees(math.atan2(foot.axis[1], foot.axis[0])), 2),
                "axis_from": foot.axis_from,
                "length_mm": _rounded(foot.length_mm, 2),
                "width_mm": _rounded(foot.width_mm, 2),
                "box_y_low_mm": _rounded(box[0], 2),
                "box_x_low_mm": _rounded(box[1], 2),
                "box_y_high_mm": _rounded(box[2], 2),
                "box_x_high_mm": _rounded(box[3], 2),
                "partial": foot.partial,
            }
        rows.append(row)
    return rows


def parameter_rows(analysis: GaitAnalysis, norms: Sequence[Norm] = ADULTS, age: float | None = None) -> list[Row]:
    """Return one row for each parameter, with its norm."""
    rows = []
    for parameter in analysis.parameters:
        norm = find_norm(parameter.name, norms, age)
        rows.append(
            {
                "name": parameter.name,
                "side": parameter.side or "both",
                "walker": parameter.walker,
                "value": _rounded(parameter.value, 5),
                "sd": _rounded(parameter.sd, 5),
                "unit": parameter.unit,
                "steps": parameter.steps,
                "norm": norm.mean if norm else None,
                "norm_sd": _rounded(norm.sd, 5) if norm else None,
                "norm_source": norm.source if norm else None,
                "definition": parameter.definition,
            }
        )
    return rows


def summary(analysis: GaitAnalysis, norms: Sequence[Norm] = ADULTS, age: float | None = None) -> dict[str, Any]:
    """Return an analysis without its curves, as plain values."""
    return {
        "kind": analysis.kind,
        "method": analysis.method,
        "source": analysis.source,
        "rate_hz": _rounded(analysis.rate_hz, 4),
        "unit": analysis.unit,
        "events": event_rows(analysis),
        "footprints": footprint_rows(analysis),
        "parameters": parameter_rows(analysis, norms, age),
        "left_out": list(analysis.left_out),
    }


def _rounded(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
