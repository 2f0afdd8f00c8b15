"""The regions of a sole on the grid of a mat, each with a unit of force."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.foot import Foot
from crossmodal.simulation.walks.mat import Mat

_FINEST_MM = 3.0  # a cell reports the mean over its area, so wider cells are sampled at several points


@dataclass(frozen=True, eq=False)
class SoleOnMat:
    """The regions of one sole on a mat.

    Attributes:
        rows, columns: window of the mat that it touches.
        density: float32 (regions, rows, columns), 1 / mm2: pressure in a cell in MPa per newton on the region.
        on_mat: (regions,) fraction of the region's force on the mat.
        moments_mm: (regions, 2) centre (y, x) of that fraction, times the fraction.
    """

    rows: slice
    columns: slice
    density: NDArray[np.float32]
    on_mat: NDArray[np.float64]
    moments_mm: NDArray[np.float64]


def direction(heading_rad: float) -> NDArray[np.float64]:
    """Return the unit vector (y, x) of a heading: 0 points along y, pi / 2 along x."""
    return np.array([np.cos(heading_rad), np.sin(heading_rad)])


def outwards(heading_rad: float, side: str) -> NDArray[np.float64]:
    """Return the unit vector (y, x) from a foot's axis to its outer border, seen from above with row 0 at the top."""
    right = np.array([np.sin(heading_rad), -np.cos(heading_rad)])
    return right if side == "right" else -right


def lay_sole(foot: Foot, side: str, heel_mm: NDArray[np.float64], heading_rad: float, mat: Mat) -> SoleOnMat | None:
    """Place a sole on the mat with its heel centre at ``heel_mm`` (y, x); None for a sole beside the mat."""
    along, out = direction(heading_rad), outwards(heading_rad, side)
    frame = np.stack([along, out])  # rows: the foot's axes in (y, x) of the mat
    centres = heel_mm + (foot.centres_mm - foot.heel_mm) @ frame
    reach = foot.half_axes_mm.max(axis=1)[:, None]
    pitch = np.array(mat.pitch_mm)
    low = np.floor((centres - reach).min(axis=0) / pitch).astype(int)
    high = np.ceil((centres + reach).max(axis=0) / pitch).astype(int) + 1
    first, last = np.maximum(low, 0), np.minimum(high, (mat.rows, mat.columns))
    if (last <= first).any():
        return None
    fine = np.ceil(pitch / _FINEST_MM).astype(int)
    # Sampling points inside the cells.
    axes = [((np.arange(low[k] * fine[k], high[k] * fine[k]) + 0.5) / fine[k] - 0.5) * pitch[k] for k in (0, 1)]
    density = _region_density(foot, frame, centres, axes)
    # Sampling points only approximate areas; normalization makes sure that no force is lost or gained.
    density /= density.sum(axis=(1, 2), keepdims=True)
    kept = [slice((first[k] - low[k]) * fine[k], (last[k] - low[k]) * fine[k]) for k in (0, 1)]
    density = density[:, kept[0], kept[1]]
    y, x = axes[0][kept[0]], axes[1][kept[1]]
    blocks = density.reshape(len(density), last[0] - first[0], fine[0], last[1] - first[1], fine[1])
    return SoleOnMat(
        rows=slice(int(first[0]), int(last[0])),
        columns=slice(int(first[1]), int(last[1])),
        density=(blocks.sum(axis=(2, 4)) / pitch.prod()).astype(np.float32),
        on_mat=density.sum(axis=(1, 2)),
        moments_mm=np.stack([density.sum(axis=2) @ y, density.sum(axis=1) @ x], axis=1),
    )


def _region_density(
    foot: Foot, frame: NDArray[np.float64], centres: NDArray[np.float64], axes: list[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return the pressure of each region at the sampling points, 1 at its centre."""
    density = np.zeros((len(centres), len(axes[0]), len(axes[1])))
    step = [float(axis[1] - axis[0]) for axis in axes]
    for k, centre in enumerate(centres):
        radius = foot.half_axes_mm[k].max()
        spans = [
            slice(
                int(np.searchsorted(axis, centre[d] - radius - step[d])),
                int(np.searchsorted(axis, centre[d] + radius + step[d])),
            )
            for d, axis in enumerate(axes)
        ]
        y = axes[0][spans[0]][:, None] - centre[0]
        x = axes[1][spans[1]][None, :] - centre[1]
        cos, sin = np.cos(foot.turns_rad[k]), np.sin(foot.turns_rad[k])
        long, broad = cos * frame[0] + sin * frame[1], cos * frame[1] - sin * frame[0]
        half_long, half_broad = foot.half_axes_mm[k]
        radius_2 = ((y * long[0] + x * long[1]) / half_long) ** 2 + ((y * broad[0] + x * broad[1]) / half_broad) ** 2
        density[k, spans[0], spans[1]] = np.maximum(1.0 - radius_2, 0.0) ** foot.powers[k]
    return density
