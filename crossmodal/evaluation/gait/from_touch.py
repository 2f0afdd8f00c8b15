"""The evaluation of `GaitFromTouch` in recipes: footsteps of walks against their exact truth."""

from collections.abc import Callable, Sequence

from crossmodal.evaluation.gait.events import score_walk, summarise_walks
from crossmodal.gait import Stance, analyse
from crossmodal.gait.learned import GaitReader
from crossmodal.models import GaitFromTouch
from crossmodal.simulation.walks import SimulatedWalk


def evaluate_gait(
    predict: Callable[[SimulatedWalk], Sequence[Stance]], dataset: Sequence[SimulatedWalk], seed: int = 0
) -> dict[str, float]:
    """Score the predicted stances of every walk; see `summarise_walks` for the figures.

    Args:
        predict: returns the stances of a walk, from its recording alone.
        dataset: walks with their truth.
        seed: of the bootstrap.
    """
    walks = (dataset[number] for number in range(len(dataset)))
    return summarise_walks([score_walk(predict(walk), walk.truth) for walk in walks], seed=seed)


def predictor(model: GaitFromTouch) -> Callable[[SimulatedWalk], Sequence[Stance]]:
    """Return the ``predict`` of `evaluate_gait` for a network."""
    reader = GaitReader(model)
    return lambda walk: analyse(walk.recording, reader=reader).stances
