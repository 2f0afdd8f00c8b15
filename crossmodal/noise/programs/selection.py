"""Selection of programs: the first attempt of the grammar that passes a check is the program of that number."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crossmodal.compiled import compiled
from crossmodal.noise.programs.assembly import Assembled, assemble
from crossmodal.noise.programs.draw import Draw
from crossmodal.noise.programs.program import Parameter, Program
from crossmodal.noise.programs.scenery import write_plain_program, write_program

#: Attempts of the grammar before a plain program is used; about one attempt in ten fails.
ATTEMPTS = 16
_TIMES_S = (1.0, 8.0)
# Thresholds for the sample of an image: least standard deviation of grey, greatest fraction of the commonest colour,
# least correlation of neighbours at 128 pixels per side. Stricter than those of `crossmodal.noise.programs.census`.
_DEVIATION, _COMMONEST, _CORRELATION = 0.06, 0.7, 0.35
_QUADS, _PIXEL = 128, 2.0 / 128.0
PLAIN_VIEW = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0], dtype=np.float32)


@lru_cache(maxsize=512)
def select_program(seed: int, number: int) -> tuple[Program, Assembled]:
    """Return program ``number`` of the grammar with ``seed``, and its assembled form."""
    for attempt in range(ATTEMPTS):
        draw = Draw(seed, number * ATTEMPTS + attempt)
        program, assembled = _developed(write_program(draw), draw)
        if all(_is_varied(_sample(assembled, time_s)) for time_s in _TIMES_S):
            return program, assembled
    program = write_plain_program(Draw(seed, number * ATTEMPTS))
    return program, assemble(program)


def _developed(program: Program, draw: Draw) -> tuple[Program, Assembled]:
    """Set lift and exposure of the last step from the range of grey of the sample, like a light meter."""
    assembled = assemble(program)
    dark, bright = _range_of_grey(_sample(assembled, _TIMES_S[0]))
    strength = draw.between(0.5, 1.0)
    black = dark + (draw.between(0.0, 0.12) - dark) * strength
    white = bright + (draw.between(0.75, 1.0) - bright) * strength
    exposure = min(max((white - black) / max(bright - dark, 0.01), 0.5), 6.0)
    *others, last = program.steps
    lift, gain = Parameter(black / exposure - dark), Parameter(exposure)
    last = last._replace(parameters=(lift, gain, *last.parameters[2:]))
    assembled.parameters[-3:-1, 0] = lift.base, gain.base
    return Program((*others, last)), assembled


def _sample(assembled: Assembled, time_s: float) -> NDArray[np.uint8]:
    image = np.empty((3, 4 * _QUADS), dtype=np.uint8)
    assembled.paint(time_s, _SAMPLE_POSITIONS, PLAIN_VIEW, image)
    return image


def _sample_positions() -> NDArray[np.float32]:
    """Return squares of four neighbouring pixels, spread evenly over the image: (2, 4 quads)."""
    # Multiples of the powers of 1 / 1.3247 fill the square evenly (Roberts, "The unreasonable effectiveness of
    # quasirandom sequences", 2018).
    order = np.arange(1, _QUADS + 1)
    x, y = (2.0 * np.modf(order * step)[0] - 1.0 for step in (0.7548776662466927, 0.5698402909980532))
    across = np.stack([x, x + _PIXEL, x, x + _PIXEL], axis=1)
    up = np.stack([y, y, y + _PIXEL, y + _PIXEL], axis=1)
    return np.stack([across.ravel(), up.ravel()]).astype(np.float32)


_SAMPLE_POSITIONS = _sample_positions()


def _grey(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    grey: NDArray[np.float64] = image.sum(axis=0) / (3.0 * 255.0)
    return grey


def _range_of_grey(image: NDArray[np.uint8]) -> tuple[float, float]:
    ordered = np.sort(_grey(image))
    return float(ordered[len(ordered) // 50]), float(ordered[-len(ordered) // 50])


def _is_varied(image: NDArray[np.uint8]) -> bool:
    grey = _grey(image)
    if grey.std() < _DEVIATION or commonest_fraction(image) > _COMMONEST:
        return False
    quads = (grey - grey.mean()).reshape(-1, 4)
    products = (
        quads[:, 0] * quads[:, 1] + quads[:, 0] * quads[:, 2] + quads[:, 1] * quads[:, 3] + quads[:, 2] * quads[:, 3]
    )
    return bool(products.mean() / 4.0 >= _CORRELATION * grey.var())


@compiled
def commonest_fraction(image: NDArray[np.uint8]) -> float:
    """Return the fraction of pixels of the commonest colour, at 16 levels per channel: image (3, pixels)."""
    counts = np.zeros(4096, dtype=np.int64)
    for k in range(image.shape[1]):
        red, green, blue = image[0, k] >> 4, image[1, k] >> 4, image[2, k] >> 4
        counts[(np.int64(red) << 8) | (np.int64(green) << 4) | np.int64(blue)] += 1
    return float(counts.max() / image.shape[1])
