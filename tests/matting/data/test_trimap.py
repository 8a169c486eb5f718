"""Trimaps by erosion and by width, each against its definition pixel by pixel."""

import numpy as np
import pytest
import torch

from a2u.errors import A2UError
from a2u.matting.data import trimap


def disc(side: int = 25, radius: float = 8) -> torch.Tensor:
    """A disc with a soft rim two pixels wide, off centre."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return ((radius - torch.hypot(x - 11.0, y - 13.0)) / 2 + 0.5).clamp(0, 1)[None]


def slowly_eroded(sure: np.ndarray, size: int) -> np.ndarray:
    """A pixel stays if every pixel of the ellipse around it that is inside the picture is sure."""
    half, kept = size // 2, np.zeros_like(sure)
    across = size // 2
    for i, j in np.ndindex(*sure.shape):
        every = True
        for dy in range(-half, size - half):
            # the ellipse of an odd size s: rows dy hold |dx| ≤ round(half · √(1 − (dy / half)²))
            reach = round(across * (1 - (dy / half) ** 2) ** 0.5) if half else 0
            for dx in range(-reach, reach + 1):
                y, x = i + dy, j + dx
                if 0 <= y < sure.shape[0] and 0 <= x < sure.shape[1]:
                    every &= bool(sure[y, x])
        kept[i, j] = every
    return kept


@pytest.mark.parametrize(("fg_size", "bg_size"), [(1, 1), (3, 7), (9, 5)])
def test_trimap_by_erosion_is_its_definition(fg_size, bg_size):
    alpha = disc()
    levels = (alpha[0] * 255).round().numpy()
    expected = np.full(levels.shape, 128)
    expected[slowly_eroded(levels == 255, fg_size)] = 255
    expected[slowly_eroded(levels == 0, bg_size)] = 0
    found = trimap.trimap_of(alpha, fg_size, bg_size)
    assert found.dtype == torch.uint8
    assert found.shape == (1, 25, 25)
    assert np.array_equal(found[0].numpy(), expected)


@pytest.mark.parametrize("width", [0, 1, 2.5])
def test_trimap_by_width_is_its_definition(width):
    alpha = disc()
    levels = (alpha[0] * 255).round().numpy()
    expected = np.full(levels.shape, 128)
    for value, sure in ((255, levels == 255), (0, levels == 0)):
        others = np.argwhere(~sure)
        for place in np.argwhere(sure):
            if np.hypot(*(others - place).T).min() > width:
                expected[tuple(place)] = value
    assert np.array_equal(trimap.of_width(alpha, width)[0].numpy(), expected)


def test_width_zero_leaves_only_mixed_pixels_unknown():
    alpha = disc()
    levels = (alpha * 255).round()
    assert torch.equal(trimap.of_width(alpha, 0) == 128, (levels > 0) & (levels < 255))
    hard = (alpha > 0.5).float()
    assert set(trimap.of_width(hard, 0).unique().tolist()) == {0, 255}


def test_a_batch_is_each_of_its_alphas():
    batch = torch.stack([disc(), 1 - disc()])
    made = trimap.trimap_of(batch, 3, 5)
    assert torch.equal(made, torch.stack([trimap.trimap_of(each, 3, 5) for each in batch]))
    assert torch.equal(trimap.trimap_of(torch.ones(1, 6, 6)), torch.full((1, 6, 6), 255, dtype=torch.uint8))


def test_random_trimaps_use_both_ends_of_the_range():
    generator = np.random.default_rng(0)
    drawn = {size for _ in range(400) for size in trimap.random_sizes(generator)}
    assert drawn == set(range(1, 30))
    one, two = (trimap.random_trimap(disc(), np.random.default_rng(7)) for _ in range(2))
    assert torch.equal(one, two)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trimap.trimap_of(torch.zeros(4, 4)), r"given \(4, 4\)"),
        (lambda: trimap.trimap_of(torch.full((1, 4, 4), 255.0)), "Divide 8-bit values by 255"),
        (lambda: trimap.trimap_of(torch.zeros(1, 4, 4), fg_size=0), "fg_size is the size of a kernel.*given 0"),
        (lambda: trimap.of_width(torch.zeros(1, 4, 4), -1), "0 or more; given -1"),
    ],
)
def test_what_is_no_alpha_is_explained(call, message):
    with pytest.raises(A2UError, match=message):
        call()
