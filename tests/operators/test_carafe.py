"""CARAFE against nested loops over its equations."""

import itertools

import torch
from small_maps import maps, seeded

from a2u.operators.carafe import carafe_kernel


def test_k1_is_nearest_neighbour():
    """A softmax over one tap is 1, whatever the features say."""
    x, _ = maps()
    torch.testing.assert_close(seeded("carafe", kernel_size=1)(x), seeded("nearest")(x))


def test_nested_loops():
    x, _ = maps(n=1, height=3, width=2)
    op = seeded("carafe", kernel_size=3)
    logits = op.encode(op.compress(x))  # 1, 9·4, 3, 2
    expected = torch.zeros(1, 4, 6, 4, dtype=x.dtype)
    for i, j in itertools.product(range(6), range(4)):
        phase = (i % 2) * 2 + j % 2
        w = torch.stack([logits[0, t * 4 + phase, i // 2, j // 2] for t in range(9)]).softmax(0)
        for t in range(9):
            a, b = i // 2 + t // 3 - 1, j // 2 + t % 3 - 1
            if 0 <= a < 3 and 0 <= b < 2:
                expected[0, :, i, j] += w[t] * x[0, :, a, b]
    torch.testing.assert_close(op(x), expected)


def test_kernels_are_positive_and_sum_to_one():
    x, _ = maps()
    w = seeded("carafe").kernel(x)
    assert bool((w > 0).all())
    torch.testing.assert_close(w.sum(2), torch.ones(2, 1, 10, 6, dtype=x.dtype))
    assert carafe_kernel(torch.zeros(1, 36, 2, 2), 2).shape == (1, 1, 9, 4, 4)
