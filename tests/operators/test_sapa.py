"""SAPA against nested loops over its equations, and the box and the hard choice at its two ends."""

import itertools

import pytest
import torch
import torch.nn.functional as F

import a2u
from a2u import A2UError
from a2u.operators.sapa import BORDERS

# (preset, embedding): parameters with 64 channels, and of the matting network's four stages.
COUNTS = {
    ("i", 32): (0, 0),
    ("b", 32): (4_416, 35_072),
    ("b", 64): (8_576, 68_096),
    ("g", 32): (6_561, 52_100),
    ("g", 64): (12_801, 101_636),
}


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def sharp(preset, channels=4, ratio=2, **options):
    """With weights that make features differ."""
    op = a2u.build(f"sapa:{preset}", channels, ratio, **options).double().eval()
    with torch.no_grad():
        for p in op.parameters():
            p.copy_(torch.randn(p.shape, generator=rng(p.numel()), dtype=torch.float64))
    return op


def maps(n=1, channels=4, height=3, width=2, ratio=2, guide_channels=None):
    x = torch.randn(n, channels, height, width, generator=rng(1), dtype=torch.float64)
    size = (n, guide_channels or channels, height * ratio, width * ratio)
    return x, torch.randn(size, generator=rng(2), dtype=torch.float64)


def normed(norm, feature):
    """Layer norm of one feature, as its formula has it."""
    if isinstance(norm, torch.nn.Identity):
        return feature
    spread = feature.var(unbiased=False) + 1e-5
    return (feature - feature.mean()) / spread.sqrt() * norm.weight + norm.bias


def linear(convolution, feature):
    return convolution.weight[:, :, 0, 0] @ feature + convolution.bias


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(("preset", "options"), [("i", {}), ("i", {"layer_norm": True}), ("b", {}), ("g", {})])
def test_nested_loops(preset, options, border):
    op = sharp(preset, kernel_size=3, border=border, **options)
    x, guide = maps()
    expected = torch.zeros_like(guide)
    for i, j in itertools.product(range(6), range(4)):
        query, parent = normed(op.norm_guide, guide[0, :, i, j]), x[0, :, i // 2, j // 2]
        if preset != "i":
            query = linear(op.query, query)
        if preset == "g":
            s = torch.sigmoid(linear(op.gate, normed(op.norm_map, parent)))
            query = s * query + (1 - s) * linear(op.own_query, parent)
        logits, values = [], []
        for a, b in itertools.product((-1, 0, 1), repeat=2):
            row, column = i // 2 + a, j // 2 + b
            if 0 <= row < 3 and 0 <= column < 2:
                key = normed(op.norm_map, x[0, :, row, column])
                logits.append(query @ (key if preset == "i" else linear(op.key, key)))
                values.append(x[0, :, row, column])
            elif border == "zeros":
                logits.append(x.new_zeros(()))
                values.append(x.new_zeros(4))
        expected[0, :, i, j] = torch.stack(logits).softmax(0) @ torch.stack(values)
    torch.testing.assert_close(op(x, guide), expected)


@pytest.mark.parametrize("preset", ["i", "b", "g"])
def test_gradients_reach_map_guide_and_every_parameter(preset):
    op = sharp(preset, 2, kernel_size=3, embedding=3)
    x, guide = (each.requires_grad_() for each in maps(channels=2))
    assert torch.autograd.gradcheck(op, (x, guide))
    op(x, guide).sin().sum().backward()
    without = {"key.bias"} if preset in "bg" else set()  # moves the logits of inner taps alike, and meets zeros outside
    assert all(bool(p.grad.any()) for name, p in op.named_parameters() if name not in without)


def test_with_a_query_of_0_it_is_a_box():
    """Whatever the keys say: 25 equal weights, those outside the map included."""
    x, guide = maps(2, height=5, width=6)
    op = sharp("b")
    with torch.no_grad():
        op.query.weight.zero_(), op.query.bias.zero_()
    box = F.avg_pool2d(x, 5, 1, padding=2, count_include_pad=True).repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(op(x, guide), box)
    torch.testing.assert_close(sharp("i")(x, torch.zeros_like(guide)), box)
    inside = F.avg_pool2d(x, 5, 1, padding=2, count_include_pad=False).repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(sharp("i", border="renormalised")(x, torch.zeros_like(guide)), inside)


def test_it_begins_near_a_box_and_the_inner_product_is_nearly_a_hard_choice():
    torch.manual_seed(0)
    x, guide = torch.randn(1, 64, 12, 12), torch.randn(1, 64, 24, 24)
    largest = {}
    for preset, options in (("b", {}), ("i", {"layer_norm": True})):
        w = a2u.build(f"sapa:{preset}", 64, **options).kernel(x, guide).detach()[:, :, :, 4:-4, 4:-4]
        largest[preset] = float(w.amax(2).mean())
    assert 0.04 < largest["b"] < 0.08
    assert largest["i"] > 0.7


def test_permuted_channels_leave_the_kernels_of_the_inner_product_as_they_are():
    x, guide = maps(2, 6)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    op = sharp("i", 6)
    torch.testing.assert_close(op.kernel(x[:, order], guide[:, order]), op.kernel(x, guide))
    assert not torch.allclose(op.kernel(x[:, order], guide), op.kernel(x, guide))


@pytest.mark.parametrize(("preset", "embedding"), COUNTS)
def test_counts(preset, embedding):
    one, four = (
        sum(p.numel() for c in stages for p in a2u.build(f"sapa:{preset}", c, embedding=embedding).parameters())
        for stages in ((64,), (64, 64, 128, 256))
    )
    assert (one, four) == COUNTS[preset, embedding]


def test_the_guide_may_have_other_channels_where_a_convolution_looks_at_it():
    x, guide = maps(guide_channels=3)
    op = sharp("b", guide_channels=3)
    assert op(x, guide).shape == (1, 4, 6, 4)
    assert sum(p.numel() for p in op.parameters()) == 32 * (4 + 3 + 2) + 2 * 4 + 2 * 3
    with pytest.raises(A2UError, match=r"same channels, got channels=4 and guide_channels=3\. Use kind='bilinear'"):
        a2u.build("sapa:i", 4, guide_channels=3)


def test_bad_input_gets_one_clear_message():
    x, guide = maps()
    with pytest.raises(A2UError, match=r"SAPA needs a guide.* shape \(1, 4, 6, 4\), got \(1, 4, 6, 3\)"):
        sharp("b")(x, guide[..., 1:])
    with pytest.raises(A2UError, match="one dtype and device"):
        a2u.build("sapa:i", 4)(x, guide.float())
    with pytest.raises(A2UError, match=r"Unknown kind of SAPA 'inne'. Did you mean 'inner'"):
        a2u.build("sapa", 4, kind="inne")
    with pytest.raises(A2UError, match=r"Unknown border of SAPA 'zero'. Did you mean 'zeros'"):
        a2u.build("sapa", 4, border="zero")
