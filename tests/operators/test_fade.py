"""FADE against nested loops over its equations, and what its gate does at either end."""

import itertools

import pytest
import torch

import a2u
from a2u import A2UError

PRESETS = ("", ":lite")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(preset, channels=4, **options):
    op = a2u.build(f"fade{preset}", channels, **options).double().eval()
    with torch.no_grad():
        for p in op.parameters():
            p.copy_(0.5 * torch.randn(p.shape, generator=rng(p.numel()), dtype=torch.float64))
    return op


def maps(n=1, channels=4, height=3, width=2):
    x = torch.randn(n, channels, height, width, generator=rng(1), dtype=torch.float64)
    return x, torch.randn(n, channels, height * 2, width * 2, generator=rng(2), dtype=torch.float64)


def encoded(op, compressed, i, j):
    """The 3×3 convolution that both maps share, at one position of one of them (C_m H W)."""
    logits = op.encode.bias.clone()
    for a, b in itertools.product(range(3), repeat=2):
        row, column = i + a - 1, j + b - 1
        if 0 <= row < compressed.shape[1] and 0 <= column < compressed.shape[2]:
            taps = op.encode.weight[:, :, a, b]
            seen = compressed[:, row, column]
            logits = logits + (taps[:, 0] * seen if op.lite else taps @ seen)
    return logits


@pytest.mark.parametrize("preset", PRESETS)
def test_nested_loops(preset):
    op = drawn(preset, kernel_size=3)
    x, guide = maps()
    of_guide = (
        torch.einsum("oc,chw->ohw", op.from_guide.weight[:, :, 0, 0], guide[0]) + op.from_guide.bias[:, None, None]
    )
    of_map = torch.einsum("oc,chw->ohw", op.from_map.weight[:, :, 0, 0], x[0])
    expected = torch.zeros_like(guide)
    for i, j in itertools.product(range(6), range(4)):
        w = (encoded(op, of_guide, i, j) + encoded(op, of_map, i // 2, j // 2)).softmax(0)
        gate = torch.sigmoid(op.gate.weight[0, :, 0, 0] @ x[0, :, i // 2, j // 2] + op.gate.bias)
        total = torch.zeros(4, dtype=x.dtype)
        for t in range(9):
            row, column = i // 2 + t // 3 - 1, j // 2 + t % 3 - 1
            if 0 <= row < 3 and 0 <= column < 2:
                total = total + w[t] * x[0, :, row, column]
        expected[0, :, i, j] = gate * guide[0, :, i, j] + (1 - gate) * total
    torch.testing.assert_close(op(x, guide), expected)


@pytest.mark.parametrize("preset", PRESETS)
def test_gradients_reach_map_guide_and_every_parameter(preset):
    op = drawn(preset, 2, kernel_size=3, compressed=3)
    x, guide = (each.requires_grad_() for each in maps(channels=2))
    assert torch.autograd.gradcheck(op, (x, guide))
    op(x, guide).sin().sum().backward()
    assert all(bool(p.grad.any()) for p in op.parameters())


def test_a_gate_of_0_is_the_semi_shift_kernel_and_a_gate_of_1_the_guide():
    x, guide = maps(2)
    op, plain = drawn(""), drawn("", gated=False)
    plain.load_state_dict({key: value for key, value in op.state_dict().items() if not key.startswith("gate")})
    with torch.no_grad():
        op.gate.weight.zero_(), op.gate.bias.fill_(-1000)
    torch.testing.assert_close(op(x, guide), plain(x, guide))
    torch.testing.assert_close(op(x, guide), a2u.reassemble(x, plain.kernel(x, guide), 2))
    with torch.no_grad():
        op.gate.bias.fill_(1000)
    torch.testing.assert_close(op(x, guide), guide)


def test_the_gate_is_a_26th_tap_that_reads_the_guide():
    x, guide = maps(2, height=6, width=6)
    t = drawn("").witness(x, guide, at=(1, 2, 5, 6))
    assert len(t.w) == 26
    assert t.source.tolist() == [0] * 25 + [1]
    assert t.where[-1].tolist() == [2, 5, 6]
    assert float(t.z[-1]) == float(guide[1, 2, 5, 6])
    assert float(t.w.sum()) == pytest.approx(1)
    assert t.compact().source.tolist() == t.source.tolist()
    assert len(drawn("", gated=False).witness(x, guide, at=(1, 2, 5, 6)).w) == 25


@pytest.mark.parametrize(("preset", "one", "four"), [("", 22_746, 124_008), (":lite", 3_540, 27_216)])
def test_counts(preset, one, four):
    found = [
        sum(p.numel() for c in stages for p in a2u.build(f"fade{preset}", c).parameters())
        for stages in ((64,), (64, 64, 128, 256))
    ]
    assert found == [one, four]


def test_bad_input_gets_one_clear_message():
    with pytest.raises(A2UError, match=r"same channels, got channels=8 and guide_channels=4.*1×1 .*gated=False"):
        a2u.build("fade", 8, guide_channels=4)
    assert a2u.build("fade", 8, guide_channels=4, gated=False).from_guide.in_channels == 4
    with pytest.raises(A2UError, match="encoder_kernel must be odd, got 4"):
        a2u.build("fade", 8, encoder_kernel=4)
    with pytest.raises(A2UError, match="gated is a switch"):
        a2u.build("fade", 8, gated=1)
