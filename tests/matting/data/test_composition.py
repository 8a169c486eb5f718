"""I = αF + (1 − α)B, and two foregrounds as one."""

import numpy as np
import pytest
import torch

from a2u.errors import A2UError
from a2u.matting.data.composition import alpha_tensor, combine, compose, image_tensor, to_bytes


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_compose_is_the_formula_and_alpha_comes_back_from_it():
    f, b, alpha = random(3, 5, 7), random(3, 5, 7, seed=1), random(1, 5, 7, seed=2)
    image = compose(f, b, alpha)
    assert torch.equal(compose(f, b, torch.ones_like(alpha)), f)
    assert torch.equal(compose(f, b, torch.zeros_like(alpha)), b)
    again = ((image - b) * (f - b)).sum(0) / (f - b).square().sum(0)  # image − B = α(F − B)
    torch.testing.assert_close(again, alpha[0])


def test_two_foregrounds_are_one():
    """Over any background: first the one behind, then the front one, equals both at once."""
    f1, f2, b = (random(2, 3, 4, 6, seed=s) for s in range(3))
    a1, a2 = random(2, 1, 4, 6, seed=3), random(2, 1, 4, 6, seed=4)
    f, alpha = combine((f1, a1), (f2, a2))
    torch.testing.assert_close(alpha, 1 - (1 - a1) * (1 - a2))
    torch.testing.assert_close(compose(f, b, alpha), compose(f1, compose(f2, b, a2), a1))


def test_an_opaque_front_hides_and_a_clear_front_shows():
    f1, f2, one, zero = random(3, 2, 2), random(3, 2, 2, seed=1), torch.ones(1, 2, 2).double(), torch.zeros(1, 2, 2)
    assert torch.equal(combine((f1, one), (f2, one))[0], f1)
    assert torch.equal(combine((f1, zero.double()), (f2, one))[0], f2)
    assert torch.equal(combine((f1, zero.double()), (f2, zero.double()))[0], f1)  # nothing to see: the front one's


def test_shapes_that_do_not_belong_together_are_named():
    with pytest.raises(A2UError, match=r"background: given \(3, 4, 5\) and alpha \(1, 4, 4\)"):
        compose(torch.zeros(3, 4, 4), torch.zeros(3, 4, 5), torch.zeros(1, 4, 4))


def test_bytes_and_tensors_are_inverse():
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4
    assert np.array_equal(to_bytes(image_tensor(pixels)), pixels)
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(to_bytes(alpha_tensor(levels)), levels)
