"""A map read at a fractional place, one of the four cells after the other."""

import itertools
import math

import torch


def read(x, row, column):
    """x[:, row, column] at fractional places, 0 outside the map."""
    total, i, j = torch.zeros(len(x), dtype=x.dtype), math.floor(row), math.floor(column)
    for a, b in itertools.product((i, i + 1), (j, j + 1)):
        if 0 <= a < x.shape[1] and 0 <= b < x.shape[2]:
            total = total + (1 - abs(row - a)) * (1 - abs(column - b)) * x[:, a, b]
    return total
