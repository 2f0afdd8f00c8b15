"""The mat: a grid of pressure cells on the floor."""

from dataclasses import dataclass

import numpy as np

PITCHES_MM = (5.0, 20.0)


@dataclass(frozen=True)
class Mat:
    """A grid of cells, seen from above with row 0 at the top; the centre of cell (0, 0) is the origin.

    Attributes:
        rows, columns: number of cells.
        pitch_mm: distance of neighbouring rows and of neighbouring columns.
    """

    rows: int
    columns: int
    pitch_mm: tuple[float, float] = (5.0, 5.0)

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1 or min(self.pitch_mm) <= 0:
            raise ValueError(f"a mat has at least one cell of positive pitch, got {self}")

    @property
    def size_mm(self) -> tuple[float, float]:
        """Length along y and along x."""
        return self.rows * self.pitch_mm[0], self.columns * self.pitch_mm[1]

    @property
    def centre_mm(self) -> tuple[float, float]:
        """Centre of the mat: (y, x)."""
        return 0.5 * (self.rows - 1) * self.pitch_mm[0], 0.5 * (self.columns - 1) * self.pitch_mm[1]


def draw_mat(rng: np.random.Generator) -> Mat:
    """Draw a mat: 2 to 6 m long, 0.6 to 1.5 m wide, cells of 5 to 20 mm, some of them oblong."""
    pitch = float(np.exp(rng.uniform(np.log(PITCHES_MM[0]), np.log(PITCHES_MM[1]))))
    across = min(pitch * float(np.exp(rng.uniform(-0.2, 0.2))), PITCHES_MM[1]) if rng.random() < 0.2 else pitch
    across = max(across, PITCHES_MM[0])
    length_mm, width_mm = rng.uniform(2000, 6000), rng.uniform(600, 1500)
    return Mat(round(length_mm / pitch), round(width_mm / across), (pitch, across))
