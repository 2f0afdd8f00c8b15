"""The truth of a simulated walk."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.walker import SIDES, Walker
from crossmodal.tactile.recording import Side


@dataclass(frozen=True)
class Footstep:
    """One true foot on the mat; positions are (y, x) in mm of the mat, directions run from y towards x in degrees.

    Attributes:
        walker: index of the walker in the walk.
        crossing: index of the crossing of the mat.
        side: the foot.
        heel_strike_s, toe_off_s: first and last contact.
        heel_mm: heel centre.
        metatarsal_mm: second metatarsal head; the foot's axis runs from the heel centre through it.
        centre_mm: centre of the rectangle along the axis that contains the bare print.
        size_mm: length and width of that rectangle.
        axis_deg: direction of the axis.
        toe_out_deg: angle of the axis to the path, outwards positive.
        box_mm: (first y, first x, last y, last x) of the part on the mat.
        on_mat: fraction of the foot's impulse on the mat; 1 for a whole print.
        stands: whether the walker stands still on it.
        drag_s: interval in which the toes drag in the swing after it; None for none.
    """

    walker: int
    crossing: int
    side: Side
    heel_strike_s: float
    toe_off_s: float
    heel_mm: tuple[float, float]
    metatarsal_mm: tuple[float, float]
    centre_mm: tuple[float, float]
    size_mm: tuple[float, float]
    axis_deg: float
    toe_out_deg: float
    box_mm: tuple[float, float, float, float]
    on_mat: float
    stands: bool
    drag_s: tuple[float, float] | None

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Footstep":
        """Return the footstep of JSON values: the inverse of `dataclasses.asdict`."""
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in content.items()
        }
        return cls(**plain)

    def contains(self, positions_mm: NDArray[np.float64], margin_mm: float = 0.0) -> NDArray[np.bool_]:
        """Return whether positions (n, 2) are in the rectangle of the print, widened by a margin: bool (n,)."""
        angle = np.deg2rad(self.axis_deg)
        along = np.array([np.cos(angle), np.sin(angle)])
        offset = positions_mm - np.array(self.centre_mm)
        inside = np.stack([offset @ along, offset @ np.array([along[1], -along[0]])], axis=1)
        return np.asarray((np.abs(inside) <= 0.5 * np.array(self.size_mm) + margin_mm).all(axis=1))


@dataclass(frozen=True, eq=False)
class WalkTruth:
    """The exact truth of a walk.

    Attributes:
        walkers: the walkers; empty for a truth that was read from a file or replayed.
        footsteps: all that touch the mat during the recording, in order of heel strikes.
        times_s: (frames,) true times of the frames.
        force_n: float32 (frames, walkers, 2) vertical force on the mat of the left and the right foot.
        cop_mm: float32 (frames, walkers, 2, 2) centre of pressure (y, x) on the mat of each foot; NaN without load.
        parameters: gait parameters of each walker, see `measure_gait`; NaN for those without a value.
    """

    walkers: tuple[Walker, ...]
    footsteps: tuple[Footstep, ...]
    times_s: NDArray[np.float64]
    force_n: NDArray[np.float32]
    cop_mm: NDArray[np.float32]
    parameters: tuple[dict[str, float], ...]

    def as_json(self) -> dict[str, Any]:
        """Return all values as JSON; force and centre of pressure only for frames in which a foot is loaded."""
        frames: list[dict[str, Any]] = []
        for walker in range(self.force_n.shape[1]):
            for k, side in enumerate(SIDES):
                loaded = np.nonzero(self.force_n[:, walker, k] > 0)[0]
                frames.append(
                    {
                        "walker": walker,
                        "side": side,
                        "frames": loaded.tolist(),
                        "force_n": np.round(self.force_n[loaded, walker, k].astype(float), 2).tolist(),
                        "cop_mm": np.round(self.cop_mm[loaded, walker, k].astype(float), 2).tolist(),
                    }
                )
        return {
            "walkers": [walker.as_json() for walker in self.walkers],
            "parameters": [
                {name: value if np.isfinite(value) else None for name, value in one.items()} for one in self.parameters
            ],
            "footsteps": [asdict(step) for step in self.footsteps],
            "times_s": np.round(self.times_s, 6).tolist(),
            "feet": frames,
        }


def read_truth(path: str | os.PathLike[str]) -> WalkTruth:
    """Read a truth from JSON. The file describes the walkers only in part, so ``walkers`` is empty.

    Raises:
        ValueError: the file is not the truth of a walk.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        times_s, people = np.array(content["times_s"], np.float64), len(content["parameters"])
        force = np.zeros((len(times_s), people, 2), np.float32)
        cop = np.full((len(times_s), people, 2, 2), np.nan, np.float32)
        for foot in content["feet"]:
            index = np.array(foot["frames"], np.int64), foot["walker"], SIDES.index(foot["side"])
            force[index] = foot["force_n"]
            cop[index] = np.array(foot["cop_mm"], np.float32).reshape(-1, 2)
        return WalkTruth(
            walkers=(),
            footsteps=tuple(Footstep.from_json(one) for one in content["footsteps"]),
            times_s=times_s,
            force_n=force,
            cop_mm=cop,
            parameters=tuple(
                {name: float("nan") if value is None else float(value) for name, value in one.items()}
                for one in content["parameters"]
            ),
        )
    except (TypeError, KeyError, ValueError, IndexError, AttributeError) as error:
        raise ValueError(f"{path}: not the truth of a walk ({error})") from error
