"""Footsteps read from walks against their exact truth, as a recipe's evaluation."""

from collections.abc import Callable, Sequence

from crossmodal.evaluation.gait.events import score_walk, summarise_walks
from crossmodal.gait import Stance, analyse
from crossmodal.gait.learned import GaitReader
from crossmodal.models import GaitFromTouch
from crossmodal.simulation.walks import SimulatedWalk


def evaluate_gait(
    predict: Callable[[SimulatedWalk], Sequence[Stance]], dataset: Sequence[SimulatedWalk], seed: int = 0
) -> dict[str, float]:
    """Score the stances that are predicted for every walk; see `summarise_walks` for the figures.

    Args:
        predict: from a walk, of which it looks at the recording alone, to its stances.
        dataset: walks with their truth.
        seed: of the intervals' resamples.
    """
    walks = (dataset[number] for number in range(len(dataset)))
    return summarise_walks([score_walk(predict(walk), walk.truth) for walk in walks], seed=seed)


def predictor(model: GaitFromTouch) -> Callable[[SimulatedWalk], Sequence[Stance]]:
    """Return a network as `evaluate_gait` takes it: a function from a walk to its stances."""
    reader = GaitReader(model)
    return lambda walk: analyse(walk.recording, reader=reader).stances
