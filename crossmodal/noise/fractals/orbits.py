"""Harmonic orbits: growing, wavy, noisy ellipses around a centre; their parameters are the class."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.fractals.orbit_lines import SUBPIXELS, draw_orbits, render_tensors
from crossmodal.noise.process import Process
from crossmodal.randomness import generator, random_bits, stream_key, uniforms

# The side of the published images, to which lengths refer, in pixels.
_SIDE = 512


@dataclass(frozen=True, eq=False)
class OrbitDraws:
    """Draws of n images of orbits, on the CPU; arrays are padded to the greatest numbers of vertices and orbits.

    Attributes:
        size: (height, width).
        vertices: int64 (n,), number of vertices of each orbit.
        orbits: int64 (n,).
        starts: int32 (n, vertices, 2), x and y before the first orbit, in pixels / SUBPIXELS.
        steps: float32 (n, vertices, 3), as in `orbit_lines.draw_orbits`.
        noise: float32 (n, 2, 256), as in `orbit_lines.draw_orbits`.
        greys: uint8 (n, orbits).
        indices: int64 (n,), of the random words of the noise.
        key: uint32 (2,), of the random words of the noise.
    """

    size: tuple[int, int]
    vertices: NDArray[np.int64]
    orbits: NDArray[np.int64]
    starts: NDArray[np.int32]
    steps: NDArray[np.float32]
    noise: NDArray[np.float32]
    greys: NDArray[np.uint8]
    indices: NDArray[np.int64]
    key: NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Atom:
    """The parameters of a class; lengths are in pixels of an image of 512 x 512.

    Attributes:
        orbits: number of orbits.
        angles: float64 (vertices,), around the centre.
        radii: (along x, along y), semi-axes before the first orbit.
        growth: float64 (vertices,), growth per orbit, without noise.
        amplitude: of the noise in the growth.
    """

    orbits: int
    angles: NDArray[np.float64]
    radii: tuple[float, float]
    growth: NDArray[np.float64]
    amplitude: float


@dataclass(frozen=True, kw_only=True)
class Orbits(Process[OrbitDraws]):
    """VisualAtom: closed lines of one pixel around a random centre, each in a random grey, on black.

    Each orbit moves each vertex of the previous one outwards by a + 0.5 sin(f1 angle) + 0.5 sin(f2 angle) + b - a *
    noise, where noise is one-dimensional Perlin noise at a random position, separately for x and y. A class determines
    the numbers of vertices and orbits, the frequencies f1 and f2, a ~ U(0, 4), b ~ U(0, 0.1), the radius (10 to 60) and
    two ellipse factors ~ U(1, 2). An image determines the centre, uniform over the image, the greys and the noise.
    Lengths are for an image of 512 pixels and scale with the shorter side. Classes are uniform and the same for all
    seeds.

    Vertices are integers in units of 1/4096 pixel and lines are drawn in integers, so images are bitwise the same on
    all devices.

    Args:
        classes: number of classes.
        vertices: least and greatest number of vertices of an orbit.
        orbits: least and greatest number of orbits.
        frequencies: least and greatest f1 and f2, which differ unless both are 0.

    References:
        Takashima et al., "Visual atoms: pre-training vision transformers with sinusoidal waves", CVPR 2023, section 3.
    """

    name: ClassVar[str] = "orbits"
    classes: int = 1000
    vertices: tuple[int, int] = (200, 1000)
    orbits: tuple[int, int] = (1, 200)
    frequencies: tuple[int, int] = (0, 20)

    def __post_init__(self) -> None:
        """Check the options."""
        if not 1 <= self.classes <= 2**31:
            raise ValueError(f"classes must be 1 to 2**31, got {self.classes}")
        for option, smallest, largest in (
            ("vertices", 3, 1 << 14),
            ("orbits", 1, 1 << 12),
            ("frequencies", 0, 1 << 12),
        ):
            least, most = getattr(self, option)
            if not smallest <= least <= most <= largest:
                raise ValueError(
                    f"{option} must be two numbers in order, {smallest} to {largest}, got {least} and {most}"
                )
            object.__setattr__(self, option, (int(least), int(most)))

    def _labels(self, indices: NDArray[np.int64], seed: int) -> Tensor:
        return (random_bits(seed, "noise/orbits/class", indices, 1)[:, 0] * self.classes) >> 32

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> OrbitDraws:
        labels = self._labels(indices, seed).tolist()
        atoms = [find_atom(self.vertices, self.orbits, self.frequencies, label) for label in labels]
        n, most = len(atoms), max((len(atom.angles) for atom in atoms), default=1)
        lines = max((atom.orbits for atom in atoms), default=1)
        unit = SUBPIXELS * min(size) / _SIDE
        centres = uniforms(seed, "noise/orbits", indices, 2).numpy().astype(np.float64) * size[::-1] * SUBPIXELS
        starts, steps = np.zeros((n, most, 2), np.int32), np.zeros((n, most, 3), np.float32)
        for i, atom in enumerate(atoms):
            directions = unit * np.stack([np.cos(atom.angles), np.sin(atom.angles)], -1)
            starts[i, : len(directions)] = np.floor(centres[i] + directions * atom.radii)
            steps[i, : len(directions)] = np.column_stack([directions, atom.growth])
        return OrbitDraws(
            size=size,
            vertices=np.array([len(atom.angles) for atom in atoms], np.int64),
            orbits=np.array([atom.orbits for atom in atoms], np.int64),
            starts=starts,
            steps=steps,
            noise=(np.array([atom.amplitude for atom in atoms])[:, None, None] * _noise_table()).astype(np.float32),
            greys=(random_bits(seed, "noise/orbits/grey", indices, lines) >> 24).numpy().astype(np.uint8),
            indices=indices,
            key=stream_key(seed, "noise/orbits/noise"),
        )

    def _render(self, draws: OrbitDraws, device: torch.device) -> Tensor:
        n = len(draws.indices)
        if device.type != "cpu":
            grey = _render_on_device(draws, device)
        else:
            grey = torch.zeros(n, *draws.size, dtype=torch.uint8)
            for i, index in enumerate(draws.indices.tolist()):
                count, orbits = int(draws.vertices[i]), int(draws.orbits[i])
                draw_orbits(
                    grey[i].numpy(),
                    draws.starts[i, :count],
                    draws.steps[i, :count],
                    draws.noise[i],
                    draws.greys[i, :orbits],
                    index,
                    draws.key,
                )
        return grey[:, None].repeat(1, 3, 1, 1)


def _render_on_device(draws: OrbitDraws, device: torch.device) -> Tensor:
    arrays = (draws.vertices, draws.orbits, draws.starts, draws.steps, draws.noise, draws.greys, draws.indices)
    key = (int(draws.key[0]), int(draws.key[1]))
    return render_tensors(draws.size, key, *(torch.from_numpy(array).to(device) for array in arrays))


@lru_cache(maxsize=1 << 12)
def find_atom(vertices: tuple[int, int], orbits: tuple[int, int], frequencies: tuple[int, int], label: int) -> Atom:
    """Draw the parameters of class ``label``; they depend only on the arguments."""
    rng = generator(0, f"noise/orbits/{vertices}/{orbits}/{frequencies}", label)
    count, lines = rng.integers(vertices[0], vertices[1] + 1), rng.integers(orbits[0], orbits[1] + 1)
    amplitude, base = rng.uniform(0, 4), rng.uniform(0, 0.1)
    radius = int(rng.integers(10, 61))
    first = second = rng.integers(frequencies[0], frequencies[1] + 1)
    while second == first != 0 and frequencies[0] < frequencies[1]:
        second = rng.integers(frequencies[0], frequencies[1] + 1)
    angles = 2 * np.pi / count * np.arange(count)
    growth = amplitude + 0.5 * np.sin(first * angles) + 0.5 * np.sin(second * angles) + base
    return Atom(int(lines), angles, (radius * rng.uniform(1, 2), radius * rng.uniform(1, 2)), growth, amplitude)


def _noise_table() -> NDArray[np.float64]:
    """Return the weights of the slopes at both ends of a unit interval in Perlin noise, at 256 positions: (2, 256).

    References:
        Perlin, "Improving noise", SIGGRAPH 2002: the interpolation 6 t^5 - 15 t^4 + 10 t^3.
    """
    t = (np.arange(256) + 0.5) / 256
    fade = t**3 * (t * (6 * t - 15) + 10)
    return 0.4 * np.stack([(1 - fade) * t, fade * (t - 1)])
