"""DySample against nested loops, and as bilinear interpolation that has not moved yet."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from every import built

import a2u
from a2u import A2UError

PRESETS = ("", ":plus", ":s", ":s-plus")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def moving(name, channels=8, ratio=2, spread=1.0, **options):
    """With weights that move points by about one cell, beyond the border as well."""
    op = a2u.build(f"dysample{name}", channels, ratio, **options).double().eval()
    with torch.no_grad():
        for parameter in op.parameters():
            parameter.copy_(
                spread * torch.randn(parameter.shape, generator=rng(parameter.numel()), dtype=torch.float64)
            )
    return op


def read(x, row, column):
    """x[:, row, column] at fractional places, moved to the edge."""
    row, column = min(max(row, 0), x.shape[1] - 1), min(max(column, 0), x.shape[2] - 1)
    i, j = min(math.floor(row), x.shape[1] - 2), min(math.floor(column), x.shape[2] - 2)
    a, b = row - i, column - j
    upper = (1 - b) * x[:, i, j] + b * x[:, i, j + 1]
    return (1 - a) * upper + a * ((1 - b) * x[:, i + 1, j] + b * x[:, i + 1, j + 1])


@pytest.mark.parametrize("preset", PRESETS)
def test_nested_loops(preset):
    op, r = moving(preset), 2
    x = torch.randn(1, 8, 3, 4, generator=rng(), dtype=torch.float64)
    expected = torch.zeros(1, 8, 6, 8, dtype=x.dtype)
    g = op.groups
    for group, i, j in itertools.product(range(g), range(6), range(8)):
        phase, place = (i % r) * r + j % r, (slice(None), i // r, j // r)
        if op.style == "lp":  # channel order of the convolution: x or y, group, phase
            seen, rows = x[0][place], [(xy * g + group) * r * r + phase for xy in (0, 1)]
        else:  # of the shuffled map: this pixel has every r²-th channel
            seen, rows = x[0][place][phase :: r * r], [xy * g + group for xy in (0, 1)]
        offset = op.offset.weight[rows, :, 0, 0] @ seen + op.offset.bias[rows]
        gate = 0.25 if op.scope is None else 0.5 * torch.sigmoid(op.scope.weight[rows, :, 0, 0] @ seen)
        dx, dy = (offset * gate).tolist()
        mine = slice(group * 8 // g, (group + 1) * 8 // g)
        expected[0, mine, i, j] = read(x[0, mine], (i + 0.5) / r - 0.5 + dy, (j + 0.5) / r - 0.5 + dx)
    torch.testing.assert_close(op(x), expected)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("ratio", [1, 2, 3, 4])
def test_with_offsets_of_0_it_is_bilinear_at_any_ratio(preset, ratio):
    op = moving(preset, 16 if ratio != 3 else 72, ratio, spread=0.0)
    x = torch.randn(2, op.channels, 4, 3, generator=rng(), dtype=torch.float64)
    torch.testing.assert_close(op(x), F.interpolate(x, scale_factor=float(ratio), mode="bilinear"))


@pytest.mark.parametrize("preset", PRESETS)
def test_gradients_reach_the_map_by_both_ways_and_every_parameter(preset):
    op = moving(preset, spread=0.3)
    x = torch.randn(1, 8, 2, 3, generator=rng(), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(op, x)
    op(x).sin().sum().backward()
    assert all(bool(p.grad.any()) for p in op.parameters())


def test_positions_stay_float32_in_half_precision():
    """Of 1200 columns half precision would know no half; a constant offset of ¼ cell moves every column alike."""
    for dtype in (torch.bfloat16, torch.float16):
        op = moving("", 4, 2, spread=0.0, groups=1).to(dtype)
        with torch.no_grad():
            op.offset.bias[:4] = 1  # columns, times ¼
        w, _ = op.cells(torch.zeros(1, 4, 1, 1200, dtype=dtype))
        assert w.dtype == torch.float32
        right = w[0, 0, 1] + w[0, 0, 3]
        torch.testing.assert_close(right[0, 2:-2].unique(), torch.tensor([0.0, 0.5]), rtol=0, atol=1e-4)


def test_weights_are_those_of_distance_and_four():
    t = built("dysample").witness(torch.randn(1, 4, 5, 5, generator=rng()), at=(0, 0, 5, 5))
    assert len(t.w) == 4
    assert float(t.w.min()) >= 0
    assert float(t.w.sum()) == pytest.approx(1)


def test_bad_input_gets_one_clear_message():
    with pytest.raises(A2UError, match="groups of DySample must divide the channels, got groups=4 for 6"):
        a2u.build("dysample", 6)
    with pytest.raises(A2UError, match=r"2×2 pixels, so 4 must divide them, got 6. Use style='lp'"):
        a2u.build("dysample", 6, style="pl", groups=2)
    with pytest.raises(A2UError, match="Unknown style of DySample 'ps'"):
        a2u.build("dysample", 8, style="ps")
    x = torch.zeros(1, 4, 3, 3)
    x[0, 0, 1, 1] = torch.inf
    with pytest.raises(A2UError, match=r"An offset says how many cells .* must be finite, got NaN or infinity"):
        built("dysample")(x)
