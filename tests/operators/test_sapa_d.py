"""SAPA-D against nested loops over its equations, and where it begins."""

import itertools

import pytest
import torch
from reading import read

import a2u
from a2u import A2UError


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def maps(n=1, channels=4, height=3, width=4):
    x = torch.randn(n, channels, height, width, generator=rng(1), dtype=torch.float64)
    return x, torch.randn(n, channels, 2 * height, 2 * width, generator=rng(2), dtype=torch.float64)


def drawn(channels=4, spread=0.7, **options):
    op = a2u.build("sapa_d", channels, **options).double().eval()
    with torch.no_grad():
        for p in op.parameters():
            p.copy_(spread * torch.randn(p.shape, generator=rng(p.numel()), dtype=torch.float64))
    return op


def linear(convolution, feature):
    return convolution.weight[:, :, 0, 0] @ feature + convolution.bias


def test_nested_loops():
    op, (x, guide) = drawn(groups=2, points=3, embedding=5), maps()
    key = torch.einsum("oc,chw->ohw", op.key.weight[:, :, 0, 0], x[0]) + op.key.bias[:, None, None]
    expected = torch.zeros_like(guide)
    for g, i, j in itertools.product(range(2), range(6), range(8)):
        phase, parent = (i % 2) * 2 + j % 2, x[0, :, i // 2, j // 2]
        # The channels of the convolution: group, point, x or y, phase.
        offsets = linear(op.offset, parent).view(2, 3, 2, 4)[g, :, :, phase].tolist()
        query = linear(op.query, guide[0, :, i, j]).view(2, 5)[g]
        places = [(i // 2 + dy, j // 2 + dx) for dx, dy in offsets]
        w = torch.stack([query @ read(key.view(2, 5, 3, 4)[g], *place) for place in places]).softmax(0)
        mine = slice(2 * g, 2 * g + 2)
        expected[0, mine, i, j] = w @ torch.stack([read(x[0, mine], *place) for place in places])
    torch.testing.assert_close(op(x, guide), expected)


def test_gradients_reach_map_guide_and_every_parameter():
    op = drawn(2, 0.3, groups=2, points=2, embedding=2)
    x, guide = (each.requires_grad_() for each in maps(channels=2, height=2, width=3))
    assert torch.autograd.gradcheck(op, (x, guide))
    op(x, guide).sin().sum().backward()
    assert all(bool(p.grad.any()) for p in op.parameters())


def test_it_begins_as_nearest_neighbour():
    x, guide = maps(2, 64, 6, 6)
    torch.manual_seed(0)
    y = a2u.build("sapa_d", 64).double()(x, guide)
    nearest = a2u.build("nearest", 64)(x)
    inner = (slice(None), slice(None), slice(2, -2), slice(2, -2))
    assert float((y - nearest)[inner].detach().abs().mean()) < 0.35 * float(nearest.abs().mean())
    still = drawn(spread=0.0)
    torch.testing.assert_close(still(*maps()), a2u.build("nearest", 4)(maps()[0]))


def test_counts():
    for channels in (64, 256):
        assert sum(p.numel() for p in a2u.build("sapa_d", channels).parameters()) == 544 * (channels + 1)
    assert sum(p.numel() for c in (64, 64, 128, 256) for p in a2u.build("sapa_d", c).parameters()) == 280_704


def test_positions_stay_float32_in_half_precision():
    x, guide = (each.bfloat16() for each in maps())
    assert drawn(spread=0.0).bfloat16().cells(x, guide)[0].dtype == torch.float32


def test_bad_input_gets_one_clear_message():
    with pytest.raises(A2UError, match="groups of SAPA-D must divide the channels, got groups=4 for 6"):
        a2u.build("sapa_d", 6)
    x, guide = maps()
    x[0, 0, 1, 1] = torch.nan
    with pytest.raises(A2UError, match="must be finite, got NaN or infinity"):
        a2u.build("sapa_d", 4).double()(x, guide)
