"""A generator whose units are known by construction: each draws one object, a door only on a wall."""

import numpy as np
import torch
from torch import nn

from crossmodal.dissect import DrawnSource

CONCEPTS = {0: "ground", 1: "sun", 2: "tree", 3: "wall", 4: "door"}
COLOURS = torch.tensor([[0.2, 0.5, 0.2], [1.0, 1.0, 0.2], [0.0, 0.3, 0.0], [0.7, 0.5, 0.4], [0.3, 0.1, 0.1]])
#: The object of each unit. The last three draw nothing: one is noise, one always 0, one always 1.
UNITS = ("sun", "tree", "wall", "door", None, None, None)
CELLS, SCALE = 8, 4


def draw_cells(indices):
    """Maps (n, units, 8, 8): about 1 at the object of a unit, about 0 elsewhere."""
    maps = np.zeros((len(indices), len(UNITS), CELLS, CELLS), np.float32)
    for row, index in enumerate(indices):
        draws = np.random.default_rng([7, int(index)])
        top, left = draws.integers(2, 5), draws.integers(0, 5)
        boxes = {
            0: (draws.integers(0, 6), draws.integers(0, 6), 2, 2, 0.7),
            1: (draws.integers(0, 6), draws.integers(0, 7), 3, 2, 0.7),
            2: (top, left, 4, 4, 0.8),
            3: (top + 2, left + draws.integers(0, 3), 2, 2, 1.0),
        }
        walled = False
        for unit, (first, column, rows, columns, probability) in boxes.items():
            shown = draws.random() < probability and (unit != 3 or walled)
            walled |= unit == 2 and shown
            maps[row, unit, first : first + rows, column : column + columns] = shown
        maps[row, 4] = draws.random((CELLS, CELLS))
        maps[row, :4] += 0.05 * draws.random((4, CELLS, CELLS))
        maps[row, 6] = 1
    return (torch.from_numpy(maps),)


class PlantedGenerator(nn.Module):
    """Paints the objects of its units over each other."""

    def __init__(self):
        super().__init__()
        self.paint = nn.Identity()

    def forward(self, maps):
        on = self.paint(maps)[:, :4] > 0.5
        classes = torch.zeros(on[:, 0].shape, dtype=torch.int64)
        for unit in (0, 1, 2):
            classes[on[:, unit]] = unit + 1
        classes[on[:, 3] & on[:, 2] & (classes == 3)] = 4
        large = classes.repeat_interleave(SCALE, 1).repeat_interleave(SCALE, 2)
        return COLOURS[large].permute(0, 3, 1, 2)


def segment(images):
    """Label pixels by the class of the nearest colour."""
    distances = (images[:, None] - COLOURS[None, :, :, None, None]).square().sum(dim=2)
    return distances.argmin(dim=1)


def planted_source(count=160):
    return DrawnSource(draw_cells, segment, CONCEPTS, count=count)
