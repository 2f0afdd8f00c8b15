"""Checks of programs: their images are neither uniform nor noise, and differ from each other.

Criteria for each program, at 128 pixels, in the plain view, at 1 s:

- not constant: the standard deviation of grey is at least 0.03 of the range;
- not blank: no colour (of 16 levels per channel) covers more than 0.9 of the pixels;
- not white noise: the grey values of neighbouring pixels have a correlation of at least 0.1;
- distinct: no other program has the same text, or an image at a distance below 0.03 (see `describe_image`), which is
  about the change of a program's own image in a third of a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossmodal.noise.programs.process import Programs, screen
from crossmodal.noise.programs.selection import PLAIN_VIEW, commonest_fraction, select_program

LEAST_DEVIATION, MOST_COMMONEST, LEAST_CORRELATION, LEAST_DISTANCE = 0.03, 0.9, 0.1, 0.03
_SIDE, _TIME_S, _THUMBNAIL = 128, 1.0, 8
_ORIENTATIONS, _STRIDES = 6, (1, 3, 8)
_TOGETHER = 512

_Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class Census:
    """Measurements of programs: arrays with one number per program."""

    deviation: _Floats  #: standard deviation of grey, of the range 0 to 1
    commonest: _Floats  #: fraction of pixels of the commonest colour
    correlation: _Floats  #: between the grey values of neighbouring pixels
    flatness: _Floats  #: geometric / arithmetic mean of the power spectrum: 0.56 for white noise, near 0 for images
    slope: _Floats  #: alpha of the power spectrum f^-alpha, averaged over directions; about 2 for photographs
    nearest: _Floats  #: distance to the nearest other program
    texts: int  #: number of different printed programs
    structures: int  #: number of different graphs of operations

    @property
    def failures(self) -> NDArray[np.int64]:
        """Indices, within the census, of the programs that fail a criterion."""
        broken = (
            (self.deviation < LEAST_DEVIATION)
            | (self.commonest > MOST_COMMONEST)
            | (self.correlation < LEAST_CORRELATION)
            | (self.nearest < LEAST_DISTANCE)
        )
        return np.flatnonzero(broken)


def take_census(process: Programs, labels: Sequence[int]) -> Census:
    """Measure programs of a process; about 5 ms each."""
    positions = np.stack([plane.ravel() for plane in screen(_SIDE, _SIDE)])
    image = np.empty((3, _SIDE * _SIDE), dtype=np.uint8)
    texts, structures = set(), set()
    figures, descriptions = [], []
    for label in labels:
        program, assembled = select_program(process.grammar_seed, process.first_program + label)
        assembled.paint(_TIME_S, positions, PLAIN_VIEW, image)
        texts.add(str(program))
        structures.add(tuple((step.operation, step.inputs) for step in program.steps))
        figures.append(measure_image(image.reshape(3, _SIDE, _SIDE)))
        descriptions.append(describe_image(image.reshape(3, _SIDE, _SIDE)))
    deviation, commonest, correlation, flatness, slope = np.array(figures, dtype=np.float32).T
    return Census(
        deviation=deviation,
        commonest=commonest,
        correlation=correlation,
        flatness=flatness,
        slope=slope,
        nearest=nearest_distances(np.array(descriptions)),
        texts=len(texts),
        structures=len(structures),
    )


def measure_image(image: NDArray[np.uint8]) -> tuple[float, float, float, float, float]:
    """Return deviation, commonest, correlation, flatness and slope of an image (3, side, side), as in `Census`."""
    grey = image.mean(axis=0) / 255.0
    off = grey - grey.mean()
    variance = max(float(off.var()), 1e-12)
    neighbours = ((off[1:] * off[:-1]).mean() + (off[:, 1:] * off[:, :-1]).mean()) / 2.0
    side = len(grey)
    # The window removes the jump between opposite edges from the spectrum.
    window = np.hanning(side)
    power = np.abs(np.fft.rfft2(off * window[:, None] * window)) ** 2 + 1e-9
    rate = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    middle = (rate > 3.0 / side) & (rate < 0.4)
    log_rate, log_power = np.log(rate[middle]), np.log(power[middle])
    slope = -np.polyfit(log_rate, log_power, 1, w=1.0 / rate[middle])[0]
    flatness = np.exp(log_power.mean()) / power[middle].mean()
    return float(off.std()), commonest_fraction(image.reshape(3, -1)), float(neighbours / variance), flatness, slope


def describe_image(image: NDArray[np.uint8]) -> _Floats:
    """Return a descriptor of an image (3, side, side); distances of descriptors measure how different images look.

    One half is a thumbnail of 8 x 8 colours, the other the energy of edges at three scales in six directions. Each half
    is scaled so that a difference of 1 everywhere is a distance of 1.
    """
    colours = image.astype(np.float32) / 255.0
    cell = image.shape[-1] // _THUMBNAIL
    thumbnail = colours.reshape(3, _THUMBNAIL, cell, _THUMBNAIL, cell).mean(axis=(2, 4)).ravel()
    grey = colours.mean(axis=0)
    edges = np.concatenate([_edges(grey, stride) for stride in _STRIDES])
    halves = [thumbnail / np.sqrt(len(thumbnail)), edges / np.sqrt(len(edges))]
    description: _Floats = np.concatenate(halves)
    return description


def _edges(grey: _Floats, stride: int) -> _Floats:
    """Return the mean strength of edges in each direction, between pixels ``stride`` apart."""
    right = grey[:-stride, stride:] - grey[:-stride, :-stride]
    down = grey[stride:, :-stride] - grey[:-stride, :-stride]
    strength = np.hypot(right, down)
    direction = (np.arctan2(down, right) / np.pi % 1.0 * _ORIENTATIONS).astype(np.int64) % _ORIENTATIONS
    sums = np.bincount(direction.ravel(), strength.ravel(), minlength=_ORIENTATIONS)
    energies: _Floats = (_ORIENTATIONS * sums / strength.size).astype(np.float32)
    return energies


def nearest_distances(descriptions: _Floats) -> _Floats:
    """Return the distance of each row to the nearest other row."""
    squares = (descriptions**2).sum(axis=1)
    nearest = np.empty(len(descriptions), dtype=np.float32)
    for first in range(0, len(descriptions), _TOGETHER):
        part = slice(first, first + _TOGETHER)
        distances = squares[part, None] + squares - 2.0 * descriptions[part] @ descriptions.T
        rows = np.arange(len(distances))
        distances[rows, first + rows] = np.inf
        nearest[part] = np.sqrt(np.maximum(distances.min(axis=1), 0.0))
    return nearest
