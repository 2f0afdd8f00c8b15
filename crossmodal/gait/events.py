"""Events of a walk: heel strikes and toe offs, in order of time."""

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple

from crossmodal.gait.stance import Stance
from crossmodal.tactile.recording import Side


class Event(NamedTuple):
    """A heel strike or a toe off.

    Attributes:
        kind: ``heel_strike`` (first contact, with any part of the foot) or ``toe_off`` (last contact).
        time_s: on the recording's clock.
        side: the foot; None where it is unknown.
        walker: from 0.
        stance: index of the stance that begins or ends, from 0.
    """

    kind: Literal["heel_strike", "toe_off"]
    time_s: float
    side: Side | None
    walker: int
    stance: int


def list_events(stances: Iterable[Stance]) -> list[Event]:
    """Return the events of stances in order of time, without those outside the recording."""
    events = []
    for number, stance in enumerate(stances):
        events.append(Event("heel_strike", stance.heel_strike_s, stance.side, stance.walker, number))
        events.append(Event("toe_off", stance.toe_off_s, stance.side, stance.walker, number))
    return sorted((event for event in events if math.isfinite(event.time_s)), key=lambda event: event.time_s)
