"""What goes into the network: maps mirrored to a multiple of its stride."""

import numpy as np
import pytest
import torch

from a2u.matting.network.inputs import reflect_to_multiple


@pytest.mark.parametrize("size", [(5, 7), (1, 9), (1, 1), (2, 33), (16, 32)])
def test_borders_are_mirrored_as_numpy_does(size):
    x = torch.randn(2, 4, *size)
    height, width = (-s % 16 for s in size)
    expected = np.pad(x.numpy(), ((0, 0), (0, 0), (0, height), (0, width)), mode="reflect")
    assert np.array_equal(reflect_to_multiple(x, 16).numpy(), expected)
