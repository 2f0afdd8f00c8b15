"""Saved walks: recordings with their truth."""

from collections.abc import Sequence
from pathlib import Path

from torch.utils.data import Dataset

from crossmodal.errors import DatasetError, FormatError
from crossmodal.simulation.walks.simulate import SimulatedWalk
from crossmodal.simulation.walks.truth import read_truth
from crossmodal.tactile.reading import read
from crossmodal.tactile.recording import PressureRecording


class SavedWalks(Dataset[SimulatedWalk]):
    """Walks of a folder that `make_walks` wrote; a sample is a recording with its truth.

    Reading a walk that is missing or damaged raises `DatasetError`.

    Args:
        root: the folder.
        walks: ids of the walks.
    """

    def __init__(self, root: Path, walks: Sequence[str]) -> None:
        self.root = root
        self.walks = tuple(walks)

    def __len__(self) -> int:
        return len(self.walks)

    def __getitem__(self, index: int) -> SimulatedWalk:
        return read_walk(self.root, self.walks[index])


def read_walk(root: Path, name: str) -> SimulatedWalk:
    """Read a walk by its id.

    Raises:
        DatasetError: a file of it is missing or damaged.
    """
    try:
        recording = read(root / f"{name}.npz")
        truth = read_truth(root / f"{name}_truth.json")
    except (OSError, ValueError, FormatError) as error:
        raise DatasetError(f"{root}: walk {name} cannot be read ({error}); make the walks again") from error
    if not isinstance(recording, PressureRecording):
        raise DatasetError(f"{root / name}.npz: not a recording of a mat")
    return SimulatedWalk(recording, truth)
