"""Gait from recordings of pressure, read by the network that ships with the package or by classical rules."""

import os
from collections.abc import Sequence

from crossmodal.gait import analyse as analyse_by_rules
from crossmodal.gait.analysis import GaitAnalysis, Method
from crossmodal.gait.walkway import StepFinder
from crossmodal.tactile.recording import Recording


def analyse(
    recordings: Recording | Sequence[Recording],
    method: Method = "learned",
    weights: str | os.PathLike[str] | None = None,
) -> GaitAnalysis:
    """Find contacts, footprints, events and parameters in the recordings of one walk.

    Args:
        recordings: as `crossmodal.gait.analyse` takes them.
        method: ``learned`` reads mats with the network; the other methods are classical rules.
        weights: of the network: a weights folder, or the name of some that ship; None for the usual ones.

    Raises:
        ValueError: an unknown method, no recording, or recordings that do not go together.
        WeightsError: there are no such weights, or they are another model's.
    """
    if method != "learned":
        return analyse_by_rules(recordings, method)
    return analyse_by_rules(recordings, method, load_reader(weights))


def load_reader(weights: str | os.PathLike[str] | None = None) -> StepFinder:
    """Load a network as the finder of footsteps that `crossmodal.gait.analyse` takes.

    Raises:
        WeightsError: there are no such weights, or they are another model's.
    """
    # Torch takes seconds to import, which the rules do not need.
    from crossmodal import hub
    from crossmodal.errors import WeightsError
    from crossmodal.gait.learned import GaitReader
    from crossmodal.models import GaitFromTouch

    model = hub.load_model(hub.DEFAULT_GAIT_WEIGHTS if weights is None else weights)
    if not isinstance(model, GaitFromTouch):
        raise WeightsError(f"{weights}: a {type(model).__name__} reads no gait; name weights of a GaitFromTouch")
    return GaitReader(model)
