"""LDA-AQU against nested loops over its equations, and where it begins."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from reading import read

import a2u
from a2u import A2UError


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(channels=8, spread=0.5, ratio=2, **options):
    op = a2u.build("lda_aqu", channels, ratio, **options).double().eval()
    with torch.no_grad():
        for p in op.parameters():
            p.copy_(spread * torch.randn(p.shape, generator=rng(p.numel()), dtype=torch.float64))
        op.place[-1].weight.mul_(0.1)
    return op


def a_map(n=1, channels=8, height=3, width=4):
    return torch.randn(n, channels, height, width, generator=rng(1), dtype=torch.float64)


@pytest.mark.parametrize(("groups", "heads"), [(2, 1), (2, 2), (1, 2), (1, 1)])
def test_nested_loops(groups, heads):
    op, x = drawn(groups=groups, heads=heads), a_map()
    normed = F.layer_norm(x.movedim(1, 3), (8,), op.norm.weight, op.norm.bias).movedim(3, 1)
    query = F.interpolate(F.conv2d(normed, op.query.weight), (6, 8), mode="bilinear", align_corners=True)[0]
    key = F.conv2d(normed, op.key.weight)[0]  # 2 channels, a quarter of eight
    own = 2 // groups
    inner, norm, _, last = op.place
    offsets = []
    for g in range(groups):
        seen = F.conv2d(query[None, g * own : (g + 1) * own], inner.weight, padding=1, groups=own)
        seen = F.layer_norm(seen.movedim(1, 3), (own,), norm.weight, norm.bias).movedim(3, 1)
        offsets.append(11 * torch.tanh(F.conv2d(F.gelu(seen), last.weight, last.bias, padding=1))[0].view(9, 2, 6, 8))
    expected = torch.zeros(1, 8, 6, 8, dtype=x.dtype)
    for i, j in itertools.product(range(6), range(8)):
        places = [
            [((i + t // 3 - 1 + float(o[t, 0, i, j])) * 2 / 5, (j + t % 3 - 1 + float(o[t, 1, i, j])) * 3 / 7)
             for t in range(9)] for o in offsets
        ]  # fmt: skip
        for c in range(8):
            h, g = c * heads // 8, c * groups // 8
            logits = []
            for t in range(9):
                total = torch.zeros((), dtype=x.dtype)
                for q in range(h * 2 // heads, (h + 1) * 2 // heads):
                    seen = read(key[q : q + 1], *places[q * groups // 2][t])[0]
                    total = total + query[q, i, j] * (seen + op.bias[t, q])
                logits.append(total / math.sqrt(2 / heads))
            values = torch.stack([read(x[0, c : c + 1], *place)[0] for place in places[g]])
            expected[0, c, i, j] = torch.stack(logits).softmax(0) @ values
    torch.testing.assert_close(op(x), expected)


def test_gradients_reach_the_map_and_every_parameter():
    op, x = drawn(spread=0.3), a_map(height=2, width=3).requires_grad_()
    assert torch.autograd.gradcheck(op, x)
    op(x).sin().sum().backward()
    assert all(bool(p.grad.any()) for p in op.parameters())


def test_it_begins_as_a_mean_of_nine_outputs_around():
    """Without offsets and with weights nearly even: a soft bilinear interpolation with corners aligned."""
    x = a_map(1, 64, 6, 6)
    torch.manual_seed(0)
    op = a2u.build("lda_aqu", 64).double()
    with torch.no_grad():
        op.query.weight.zero_()
    soft = F.avg_pool2d(F.interpolate(x, (12, 12), mode="bilinear", align_corners=True), 3, 1)
    torch.testing.assert_close(op(x)[:, :, 1:-1, 1:-1], soft)


def test_a_side_of_one_value_has_a_place():
    for height, width, ratio in ((1, 1, 1), (1, 1, 2), (1, 3, 1)):
        y = drawn(ratio=ratio)(a_map(height=height, width=width))
        assert y.shape == (1, 8, height * ratio, width * ratio)
        assert bool(y.isfinite().all())


def test_counts():
    assert sum(p.numel() for p in a2u.build("lda_aqu", 64).parameters()) == 3_722
    assert sum(p.numel() for p in a2u.build("lda_aqu", 256).parameters()) == 39_410
    assert sum(p.numel() for c in (64, 64, 128, 256) for p in a2u.build("lda_aqu", c).parameters()) == 58_376


def test_bad_input_gets_one_clear_message():
    for channels, options in ((12, {}), (16, {"groups": 2, "heads": 3}), (8, {"reduction": 8})):
        with pytest.raises(A2UError, match=rf"splits C/reduction channels .* got {channels} channels"):
            a2u.build("lda_aqu", channels, **options)
