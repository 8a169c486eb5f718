"""Joint bilateral upsampling against nested loops over its formula, and what it owes to distance and to colour."""

import itertools
import math

import pytest
import torch

import a2u
from a2u import A2UError
from a2u.operators.image_guided import at_size


def maps(n=1, channels=4, height=4, width=3, image=None):
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(n, channels, height, width, generator=rng, dtype=torch.float64)
    size = image or (2 * height, 2 * width)
    return x, torch.rand(n, 3, *size, generator=rng, dtype=torch.float64)


@pytest.mark.parametrize("ratio", [2, 3])
def test_nested_loops(ratio):
    x, image = maps(image=(4 * ratio, 3 * ratio))
    op = a2u.build("bilateral", 4, ratio, kernel_size=3, sigma_space=0.7, sigma_range=0.3)
    coarse = image.unflatten(3, (3, ratio)).unflatten(2, (4, ratio)).mean((3, 5))
    expected = torch.zeros(1, 4, 4 * ratio, 3 * ratio, dtype=x.dtype)
    for i, j in itertools.product(range(4 * ratio), range(3 * ratio)):
        total, mass = torch.zeros(4, dtype=x.dtype), 0.0
        for a, b in itertools.product((-1, 0, 1), repeat=2):
            row, column = i // ratio + a, j // ratio + b
            if 0 <= row < 4 and 0 <= column < 3:
                far = (row - ((i + 0.5) / ratio - 0.5)) ** 2 + (column - ((j + 0.5) / ratio - 0.5)) ** 2
                unlike = float((image[0, :, i, j] - coarse[0, :, row, column]).square().sum())
                weight = math.exp(-far / (2 * 0.7**2)) * math.exp(-unlike / (2 * 0.3**2))
                total, mass = total + weight * x[0, :, row, column], mass + weight
        expected[0, :, i, j] = total / mass
    torch.testing.assert_close(op(x, image), expected)


def test_gradients_reach_map_and_image():
    x, image = (each.requires_grad_() for each in maps(channels=2, height=2, width=3))
    op = a2u.build("bilateral", 2, sigma_range=0.5)
    assert torch.autograd.gradcheck(op, (x, image))
    assert not list(op.parameters())


def test_it_is_additive_in_the_map_and_blind_to_the_order_of_channels():
    x, image = maps(2)
    op, other = a2u.build("bilateral", 4), torch.randn(2, 4, 4, 3, dtype=x.dtype)
    torch.testing.assert_close(op(x + other, image), op(x, image) + op(other, image))
    torch.testing.assert_close(op.kernel(x.flip(1), image), op.kernel(x, image))
    torch.testing.assert_close(op.kernel(other, image.flip(1)), op.kernel(x, image))


def test_a_flat_image_leaves_the_gaussian_of_distance_and_an_edge_stops_it():
    x, image = maps(height=6, width=6)
    flat = torch.full_like(image, 0.3)
    op = a2u.build("bilateral", 4, sigma_space=1.0)
    w = op.kernel(x, flat)[0, 0, :, 5, 5].view(5, 5)
    line = torch.exp(-((torch.arange(5.0, dtype=w.dtype) - 2 - 0.25) ** 2) / 2)
    torch.testing.assert_close(w, torch.outer(line, line) / line.sum() ** 2)
    step = flat.clone()
    step[..., 6:] = 0.9  # a vertical edge between the third and the fourth value
    beyond = op.kernel(x, step)[0, 0, :, 5, 5].view(5, 5)[:, 3:]
    assert float(beyond.sum()) < 1e-6


@pytest.mark.parametrize("size", [(8, 6), (16, 12), (19, 11), (5, 4), (4, 30), (1, 1)])
def test_an_image_of_any_size_will_do(size):
    x, image = maps(image=size)
    y = a2u.build("bilateral", 4)(x, image)
    assert y.shape == (1, 4, 8, 6)
    assert bool(y.isfinite().all())
    torch.testing.assert_close(at_size(image, *size), image)
    constant = torch.full_like(image, 0.4)
    torch.testing.assert_close(at_size(constant, 8, 6), torch.full((1, 3, 8, 6), 0.4, dtype=x.dtype))


def test_bad_input_gets_one_clear_message():
    x, image = maps(2)
    op = a2u.build("bilateral", 4)
    for wrong, message in (
        (None, r"needs a guide, the image \(N, 3, any size\), got none"),
        (image[0], r"An image must have four axes.*Add a batch axis"),
        (image[:, :2], r"was built for images \(N, 3, any size\), got \(2, 2, 8, 6\)"),
        (image[:1], "an image for each map of the batch, got 1 images and 2 maps"),
        (image[..., :0], r"an image that has pixels, got \(2, 3, 8, 0\)"),
        (image.to(torch.uint8), "must hold floating-point numbers, got torch.uint8"),
        (image.to("meta"), "one device, got cpu and meta"),
    ):
        with pytest.raises(A2UError, match=message):
            op(x, wrong)
    gray = a2u.build("bilateral", 4, guide_channels=1)
    assert gray(x, image[:, :1]).shape == (2, 4, 8, 6)
    for options, message in (
        ({"sigma_range": 0}, r"sigma_range is the width of a Gaussian, a number > 0, got 0"),
        ({"sigma_space": "1"}, "sigma_space is the width"),
        ({"sigma_space": math.inf}, "got inf"),
        ({"kernel_size": 4}, "kernel_size must be odd, got 4"),
    ):
        with pytest.raises(A2UError, match=message):
            a2u.build("bilateral", 4, **options)
