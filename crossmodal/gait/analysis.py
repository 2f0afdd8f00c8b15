"""Gait analysis of the recordings of one walk: a walkway or plate, a single stance, footprints, or insoles."""

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.contact import Contact, find_contacts, find_print_contact, threshold_events
from crossmodal.gait.events import Event, list_events
from crossmodal.gait.insoles import stances_of_insoles
from crossmodal.gait.parameters import Parameter, Samples, measure_walk, summarise
from crossmodal.gait.pressure import measure_pressure
from crossmodal.gait.stance import Stance
from crossmodal.gait.walkway import StepFinder, stances_of_prints, stances_of_walkway, steps_by_force
from crossmodal.tactile.recording import InsoleRecording, PressureRecording, Recording

Floats = NDArray[np.float64]
Kind = Literal["walkway", "prints", "stance", "insoles"]
Method = Literal["learned", "classical", "threshold-20", "threshold-50"]
METHODS: tuple[Method, ...] = get_args(Method)

_NAMES = {"insoles": "insoles and single feet", "prints": "prints without time"}
#: Assumed frame rate of mats whose file does not state it: between the 14 Hz of carpets and the 60 Hz of small mats.
_NOMINAL_RATE_HZ = 20.0
#: Largest sensor for a single foot.
_ONE_FOOT_MM = (420.0, 200.0)


@dataclass(frozen=True, eq=False)
class GaitAnalysis:
    """The stances, events and parameters of one walk.

    Attributes:
        kind: ``walkway`` (a mat or plate with footprints), ``prints`` (footprints without time), ``stance`` (a single
            stance) or ``insoles``.
        method: the method that found the events.
        stances: all stances, in order of time.
        events: heel strikes and toe offs, in order of time.
        parameters: see `parameters.DEFINITIONS`.
        left_out: what the recordings cannot give, each with its reason, as sentences.
        unit: of pressures; where it is not kPa, forces are sums in this unit.
        rate_hz: frames per second; NaN without a clock.
        source: names of the recordings' formats.
    """

    kind: Kind
    method: Method
    stances: tuple[Stance, ...]
    events: tuple[Event, ...]
    parameters: tuple[Parameter, ...]
    left_out: tuple[str, ...]
    unit: str
    rate_hz: float
    source: str

    def find(self, name: str, side: str | None = None, walker: int = 0) -> Parameter | None:
        """Return a parameter by its name; None where it was left out."""
        return next((p for p in self.parameters if (p.name, p.side, p.walker) == (name, side, walker)), None)


def analyse(
    recordings: Recording | Sequence[Recording],
    method: Method = "learned",
    *,
    weights: str | os.PathLike[str] | None = None,
    reader: StepFinder | None = None,
) -> GaitAnalysis:
    """Find stances, footprints, events and parameters in the recordings of one walk.

    Args:
        recordings: one walkway or plate; one file of insoles with one or two feet; one recording of each insole, with a
            common clock; or several footprints of one walk without time.
        method: ``learned`` applies a network to mats and the classical rules to other recordings; ``classical`` applies
            the rules to all; ``threshold-20`` and ``threshold-50`` set events where the force of a foot crosses 20 or
            50 N.
        weights: of the network of ``learned``: a weights folder, or a name that ships; None for the default.
        reader: a loaded network instead of ``weights``, see `crossmodal.gait.learned.load_reader`.

    Raises:
        ValueError: an unknown method, no recording, recordings of different walks, or a network for a method that takes
            none.
        WeightsError: there are no such weights, or they belong to another model.
    """
    given = [recordings] if isinstance(recordings, PressureRecording | InsoleRecording) else list(recordings)
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    if method != "learned" and not (weights is None and reader is None):
        raise ValueError(f"only the method learned takes a network (weights, reader); got {method!r}")
    kind = kind_of(given)
    if method == "learned" and reader is None and (kind == "walkway" or weights is not None):
        from crossmodal.gait.learned import load_reader  # the rules need no torch, whose import takes seconds

        reader = load_reader(weights)
    left_out: list[str] = []
    timeless = any(one.meta.get("clock") == "unknown" for one in given)
    given = [_with_nominal_clock(one) for one in given] if timeless else given
    if method == "learned" and kind != "walkway":
        method = "classical"
        left_out.append(f"events by the network, which reads mats: {_NAMES[kind]} are read by the classical method")
    find = _contact_finder(method)
    find_print = _longest(find) if method.startswith("threshold") else find_print_contact
    if method.startswith("threshold") and _unit_unknown(given):
        left_out.append("events at a threshold in newtons: the recording is not calibrated, so they are arbitrary")
    if kind == "insoles":
        stances = stances_of_insoles(given, find, find_print, left_out)
        kind = "stance" if len(stances) == 1 else kind
    elif kind == "prints":
        stances = stances_of_prints([one for one in given if isinstance(one, PressureRecording)], left_out)
    else:
        assert isinstance(given[0], PressureRecording)
        stances = stances_of_walkway(given[0], reader or partial(steps_by_force, find=find_print), left_out)
        kind = "stance" if len(stances) == 1 else kind
    stances = sorted(stances, key=lambda stance: stance.time_s)
    parameters = _measure(stances, kind, given)
    left_out += _reasons(kind, stances, parameters, given)
    if timeless:
        parameters = [one for one in parameters if not {"s", "min"} & set(re.split("[ /]", one.unit))]
        left_out.append(
            "seconds, events, speed and cadence: the recording does not state its frame rate "
            f"({_NOMINAL_RATE_HZ:g} frames per second were assumed to find footsteps)"
        )
    return GaitAnalysis(
        kind,
        method,
        tuple(stances),
        tuple(list_events(() if timeless else stances)),
        tuple(parameters),
        tuple(dict.fromkeys(left_out)),
        given[0].sensor.unit if _unit_unknown(given) else "kPa",
        math.nan if timeless else given[0].rate_hz,
        ", ".join(dict.fromkeys(one.source for one in given)),
    )


def kind_of(recordings: Sequence[Recording]) -> Kind:
    """Return the kind of the recordings.

    Raises:
        ValueError: there is none, or they are not of one walk.
    """
    if not recordings:
        raise ValueError("no recording was given")
    if all(isinstance(one, PressureRecording) and one.shape[0] == 1 for one in recordings):
        return "prints"
    if all(_is_of_one_foot(one) for one in recordings):
        if len(recordings) > 2:
            raise ValueError(f"{len(recordings)} recordings of single feet; give one or two")
        return "insoles"
    if len(recordings) > 1:
        raise ValueError("several recordings go together only as a pair of insoles, or as prints without time")
    return "walkway"


def _with_nominal_clock(recording: Recording) -> Recording:
    """Return a recording with the nominal frame rate, which the rules about time need."""
    return replace(recording, times_s=np.arange(len(recording.times_s)) / _NOMINAL_RATE_HZ)


def _is_of_one_foot(recording: Recording) -> bool:
    if isinstance(recording, InsoleRecording) or recording.side is not None:
        return True
    extent = sorted(
        (count * pitch for count, pitch in zip(recording.shape[1:], recording.pitch_mm, strict=True)), reverse=True
    )
    return not (extent[0] > _ONE_FOOT_MM[0] or extent[1] > _ONE_FOOT_MM[1])


def _unit_unknown(recordings: Sequence[Recording]) -> bool:
    return any(not one.sensor.calibrated or getattr(one, "quantity", "") == "raw" for one in recordings)


def _contact_finder(method: Method) -> Callable[[Floats, Floats], list[Contact]]:
    if method in ("classical", "learned"):
        return find_contacts
    threshold_n = float(method.removeprefix("threshold-"))
    return lambda force_n, times_s: threshold_events(force_n, times_s, threshold_n)


def _longest(find: Callable[[Floats, Floats], list[Contact]]) -> Callable[[Floats, Floats], Contact | None]:
    """Return a finder of the one contact of a footprint: the longest of those that a threshold finds."""
    return lambda force_n, times_s: max(find(force_n, times_s), key=lambda one: one.last - one.first, default=None)


def _measure(stances: Sequence[Stance], kind: Kind, recordings: Sequence[Recording]) -> list[Parameter]:
    units = {
        "kPa": recordings[0].sensor.unit,
        "kPa s": f"{recordings[0].sensor.unit} s",
        "N": f"sum of {recordings[0].sensor.unit}",
    }
    forces = any(isinstance(one, InsoleRecording) and one.quantity == "force_n" for one in recordings)
    found: list[Parameter] = []
    for walker in sorted({stance.walker for stance in stances}):
        own = [stance for stance in stances if stance.walker == walker]
        samples = measure_walk(own, kind in ("walkway", "prints")) if len(own) > 1 else _of_one(own[0])
        for stance in own:
            measure_pressure(stance, samples, _knows_area(recordings), forces)
        found += summarise(samples, walker, units if _unit_unknown(recordings) else None)
    return found


def _of_one(stance: Stance) -> Samples:
    """Measure a single stance."""
    samples = Samples()
    samples.add("stance_time", stance.side, stance.duration_s)
    if stance.footprint is not None and stance.footprint.axis_from != "insole":
        samples.add("foot_length", stance.side, stance.footprint.length_mm)
        samples.add("foot_width", stance.side, stance.footprint.width_mm)
    return samples


def _knows_area(recordings: Sequence[Recording]) -> bool:
    return all(
        bool(np.isfinite(one.areas_mm2).all() if isinstance(one, InsoleRecording) else np.isfinite(one.cell_area_mm2))
        for one in recordings
    )


def _reasons(
    kind: Kind, stances: Sequence[Stance], parameters: Sequence[Parameter], recordings: Sequence[Recording]
) -> list[str]:
    """Return what the recordings cannot give, each with its reason."""
    names = {parameter.name for parameter in parameters}
    reasons = []
    if not stances:
        reasons.append("everything: no foot was found on the floor")
        return reasons
    if kind == "prints":
        reasons.append(
            "events, times, forces and the centre of pressure: the recording has no time, only peak pressures"
        )
    elif "stride_time" not in names:
        reasons.append("cadence, stride, swing and support times: no foot has two heel strikes")
    elif "double_support" not in names:
        reasons.append("step times and double support: only one foot was recorded")
    if kind == "insoles":
        reasons.append("step and stride length, width, speed and foot angle: insoles do not record where a foot stands")
    elif kind != "stance" and "step_length" not in names:
        reasons.append("step length, width and speed: there are no two successive whole footprints of different feet")
    elif kind == "walkway" and "step_width" not in names:
        reasons.append("step width: there are no three successive whole footprints")
    if kind == "stance":
        reasons.append("lengths, widths and foot angle: a single stance has no line of progression")
    if any(stance.side is None for stance in stances):
        reasons.append("sides: neither the file nor the shape shows which foot it is")
    if kind != "prints" and all(stance.footprint is None for stance in stances):
        reasons.append("centre of pressure, contact area and regions: the positions or areas of the cells are unknown")
    if _unit_unknown(recordings):
        reasons.append(f"kPa and newtons: the recording is not calibrated (its unit: {recordings[0].sensor.unit})")
    cut = sum(not np.isfinite(stance.duration_s) for stance in stances)
    if cut and kind != "prints":
        reasons.append(
            f"{cut} of {len(stances)} stances from the pressure parameters: the recording begins or ends during them"
        )
    return reasons
