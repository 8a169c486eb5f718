"""NAF against nested loops over its equations, its windows, and what it looks at."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

import a2u
from a2u import A2UError
from a2u.operators.naf import neighbourhood, rotated


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(channels=8, ratio=2, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        op = a2u.build("naf", channels, ratio, **{"features": 16, "kernel_size": 3, **options}).double().eval()
    with torch.no_grad():
        for p in op.parameters():
            p.mul_(3)
    return op


def maps(n=1, channels=8, height=4, width=5, image=None):
    x = torch.randn(n, channels, height, width, generator=rng(1), dtype=torch.float64)
    return x, torch.rand(n, 3, *(image or (2 * height, 2 * width)), generator=rng(2), dtype=torch.float64)


def branch(module, image, size):
    """The layers one by one, with torch's functions and the module's weights."""
    seen = F.conv2d(F.pad(image, (size // 2,) * 4, mode="reflect"), module[0].weight, module[0].bias)
    for at in range(1, len(module), 3):
        norm, convolution = module[at], module[at + 2]
        seen = F.silu(F.group_norm(seen, 8, norm.weight, norm.bias, 1e-5))
        seen = F.conv2d(F.pad(seen, (size // 2,) * 4, mode="reflect"), convolution.weight, convolution.bias)
    return seen


def turned(vector, i, j, height, width):
    """One head's query at output (i, j), turned by the angles of its row and its column."""
    count = len(vector) // 4
    u, v = (2 * i + 1) / height - 1, (2 * j + 1) / width - 1
    angles = [2 * math.pi * u / 100 ** (2 * m / (2 * count)) for m in range(count)]
    angles += [2 * math.pi * v / 100 ** (2 * m / (2 * count)) for m in range(count)]
    out, half = vector.clone(), 2 * count
    for m, angle in enumerate(angles):
        a, b = vector[m], vector[m + half]
        out[m] = a * math.cos(angle) - b * math.sin(angle)
        out[m + half] = b * math.cos(angle) + a * math.sin(angle)
    return out


def test_nested_loops():
    """Four heads, a 3×3 neighbourhood, an image of another size: larger than four outputs a side in one direction."""
    x, image = maps(image=(40, 20))
    op = drawn()
    image_seen = F.interpolate(image, (32, 20), mode="bilinear")
    features = torch.cat([branch(op.pixel, image_seen, 1), branch(op.surround, image_seen, 3)], 1)
    features = F.adaptive_avg_pool2d(features, (8, 10))[0].unflatten(0, (4, 8))  # heads d H' W'
    query = torch.empty_like(features)
    for h, i, j in itertools.product(range(4), range(8), range(10)):
        query[h, :, i, j] = turned(features[h, :, i, j], i, j, 8, 10)
    key = query.unflatten(3, (5, 2)).unflatten(2, (4, 2)).mean((3, 5))
    expected = torch.zeros(1, 8, 8, 10, dtype=x.dtype)
    for h, i, j in itertools.product(range(4), range(8), range(10)):
        top, left = min(max(i // 2 - 1, 0), 1), min(max(j // 2 - 1, 0), 2)
        cells = [(top + a, left + b) for a in range(3) for b in range(3)]
        logits = torch.stack([query[h, :, i, j] @ key[h, :, a, b] for a, b in cells]) / math.sqrt(8)
        values = torch.stack([x[0, 2 * h : 2 * h + 2, a, b] for a, b in cells])
        expected[0, 2 * h : 2 * h + 2, i, j] = logits.softmax(0) @ values
    torch.testing.assert_close(op(x, image), expected)


def test_gradients_reach_map_image_and_every_parameter():
    x, image = (each.requires_grad_() for each in maps(channels=4, height=3, width=3))
    op = drawn(4, features=8, heads=2)
    assert torch.autograd.gradcheck(op, (x, image), atol=1e-4)
    op(x, image).sin().sum().backward()
    # Before a group norm of single channels a bias does nothing.
    assert [name for name, p in op.named_parameters() if p.grad is None] == []
    assert sum(not p.grad.abs().sum() > 1e-9 for p in op.parameters()) <= 8


def test_it_is_additive_in_the_map_and_blind_to_its_features():
    x, image = maps(2)
    op, other = drawn(), torch.randn(2, 8, 4, 5, generator=rng(3), dtype=torch.float64)
    torch.testing.assert_close(op(x + other, image), op(x, image) + op(other, image))
    torch.testing.assert_close(op.kernel(other, image), op.kernel(x, image))
    torch.testing.assert_close(op.kernel(x.flip(1), image), op.kernel(x, image))


def test_the_neighbourhood_is_moved_inside_and_has_distinct_cells():
    index = neighbourhood(9, 12, 9, 2, torch.device("cpu"))[0, 0]
    assert index.shape == (81, 18, 24)
    assert all(len(index[:, i, j].unique()) == 81 for i, j in ((0, 0), (17, 23), (8, 11)))
    rows, columns = index // 12, index % 12
    assert int(rows.max()) == 8
    assert columns[:, 0, 12].unique().tolist() == list(range(2, 11))  # parent 6, four to each side
    assert columns[:, 0, 23].unique().tolist() == list(range(3, 12))


def test_a_rotation_keeps_lengths_and_makes_scores_depend_on_the_difference_of_places():
    q, k = (torch.randn(1, 8, 1, 1, generator=rng(s), dtype=torch.float64).expand(-1, -1, 6, 6) for s in (1, 2))
    a, b = rotated(q, 1)[0], rotated(k, 1)[0]
    torch.testing.assert_close(a.norm(dim=0), q[0].norm(dim=0))
    torch.testing.assert_close(a[:, 1, 2] @ b[:, 3, 1], a[:, 2, 4] @ b[:, 4, 3])


@pytest.mark.parametrize("channels", [8, 64])
def test_counts_do_not_depend_on_the_channels(channels):
    op = a2u.build("naf", channels)
    assert sum(p.numel() for p in op.parameters()) == 662_528
    assert (op.kernel_size, op.heads, op.pixel[0].out_channels) == (9, 4, 128)


def test_bad_input_gets_one_clear_message():
    x, image = maps(channels=8, height=8, width=12)
    with pytest.raises(A2UError, match=r"NAF looks at a neighbourhood .* at least 9×9 values, got 8×12\. .*smaller"):
        a2u.build("naf", 8)(x.float(), image.float())
    for options, message in (
        ({"channels": 6}, "heads must divide them, got heads=4 for 6 channels"),
        ({"features": 12}, r"multiple of 8.* got features=12 and heads=4"),
        ({"kernel_size": 8}, "kernel_size must be odd, got 8"),
    ):
        with pytest.raises(A2UError, match=message):
            a2u.build("naf", **{"channels": 8, **options})
