"""The thesis: behind every output value of every registered operator stand a w and a z, and wᵀz is that value.

Nothing here names an operator: whatever joins the registry is held to its witness, at every output position.
"""

import itertools

import pytest
import torch
from every import EVERY, built, channels_of, maps
from hypothesis import given
from hypothesis import strategies as st

import a2u
from a2u import A2UError
from a2u.operators import Card, Upsampler, card, names, register
from a2u.operators.registry import _REGISTRY

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4, torch.bfloat16: 5e-2}


def inputs(channels, height, width, ratio, *, n=2, dtype=torch.float64, seed=0):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(n, channels, height, width, generator=rng, dtype=torch.float64)
    guide = torch.randn(n, channels, height * ratio, width * ratio, generator=rng, dtype=torch.float64)
    return x.to(dtype), guide.to(dtype)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(("height", "width", "ratio"), [(3, 2, 2), (1, 1, 2), (2, 3, 3), (3, 2, 1)])
def test_every_output_value_has_its_witness(name, height, width, ratio):
    op = built(name, ratio).double()
    x, guide = maps(op, 1, height, width, torch.float64)
    y = op(x, guide).detach()
    channels, height, width = x.shape[1:]
    assert y.shape == (1, channels, height * ratio, width * ratio)
    some = range(0, channels, max(1, channels // 4))
    places = list(itertools.product((0,), some, range(height * ratio), range(width * ratio)))
    for at in places[:: 1 if len(places) < 400 else len(places) // 100]:
        check_witness(op, x, guide, y, at, TOLERANCE[torch.float64])


@given(
    name=st.sampled_from(EVERY),
    dtype=st.sampled_from(list(TOLERANCE)),
    height=st.integers(1, 7),
    width=st.integers(1, 7),
    ratio=st.integers(1, 4),
    data=st.data(),
)
def test_witness_for_random_shapes_ratios_and_dtypes(name, dtype, height, width, ratio, data):
    op = built(name, ratio).to(dtype)
    x, guide = maps(op, 2, height, width, dtype, seed=height * width)
    y = op(x, guide).detach()
    for _ in range(3):
        at = tuple(data.draw(st.integers(0, size - 1)) for size in y.shape)
        check_witness(op, x, guide, y, at, TOLERANCE[dtype])


@torch.no_grad()
def check_witness(op, x, guide, y, at, tolerance):
    t = op.witness(x, guide, at=at)
    assert t.w.dim() == t.z.dim() == 1
    assert t.w.shape == t.z.shape
    assert t.at == at
    scale = max(1.0, float((t.w.abs() * t.z.abs()).sum()))
    assert abs(float(t.w @ t.z) - float(y[at])) <= tolerance * scale, at
    assert float(t.value) == float(t.w @ t.z)
    # z is what the map shows at the places the witness names, and zero outside of it.
    for source, place, value in zip(t.source.tolist(), t.where.tolist(), t.z.tolist(), strict=True):
        (c, i, j), seen = place, (x, guide)[source]
        inside = 0 <= i < seen.shape[2] and 0 <= j < seen.shape[3]
        assert value == (float(seen[at[0], c, i, j]) if inside else 0.0)
    # Dropping the taps without weight changes nothing.
    small = t.compact()
    assert abs(float(small.value) - float(t.value)) <= tolerance * scale
    assert 1 <= len(small.w) <= len(t.w)


PAIRED = [name for name in EVERY if hasattr(built(name), "witness_down") and getattr(built(name), "paired", True)]


@pytest.mark.parametrize("name", PAIRED)
def test_what_goes_down_has_a_witness_too(name):
    op, channels = built(name).double(), channels_of(name)
    guide = torch.randn(2, channels, 6, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = op.downsample(guide).detach()
    assert y.shape == (2, channels, 3, 4)
    for at in itertools.product(range(2), range(0, channels, channels // 4), range(3), range(4)):
        t = op.witness_down(guide, at=at)
        torch.testing.assert_close(t.w @ t.z, y[at])
        for source, (c, i, j), value in zip(t.source.tolist(), t.where.tolist(), t.z.tolist(), strict=True):
            assert source == 1
            assert value == (float(guide[at[0], c, i, j]) if 0 <= i < 6 and 0 <= j < 8 else 0.0)


@pytest.mark.parametrize("name", names())
@torch.no_grad()
def test_what_the_card_says_of_the_weights_is_so(name):
    """Their sum over what the maps show, and whether two maps can be added before or after."""
    op = built(name).double()
    says = op.card
    x, guide = maps(op, 1, 5, 6, torch.float64)
    height, width = x.shape[2:]
    sums, outside = [], []
    for i, j in itertools.product((0, 1, height, 2 * height - 1), (0, width, 2 * width - 1)):
        t = op.witness(x, guide, at=(0, 1, i, j))
        sizes = torch.tensor([[height, width], [2 * height, 2 * width]])[t.source]
        seen = ((t.where[:, 1:] >= 0) & (t.where[:, 1:] < sizes)).all(1)
        sums.append(float(t.w[seen].sum()))
        outside.append(bool((t.w[~seen] != 0).any()))
    kept = [abs(total - 1) < 1e-9 for total in sums]
    inside = all(whole or beyond for whole, beyond in zip(kept, outside, strict=True))
    assert says.sums_to_one == ("always" if all(kept) else "inside" if inside else "no")
    other = torch.randn(x.shape, generator=torch.Generator().manual_seed(9), dtype=x.dtype)
    together, apart = op(x + other, guide), op(x, guide) + op(other, guide)
    assert torch.allclose(together, apart, rtol=0, atol=1e-12) == says.linear_in_x


def test_reference_points_are_what_the_survey_says():
    """Inside the map nearest has 1, bilinear 4, bicubic 16 of them; max-unpooling keeps one value of four."""
    x, guide = inputs(4, 6, 6, 2)
    for name, points in (("nearest", 1), ("bilinear", 4), ("bicubic", 16)):
        assert len(a2u.build(name, 4).witness(x, at=(0, 0, 5, 6)).compact().w) == points
    op = a2u.build("max_unpool", 4)
    block = torch.stack([op.witness(x, guide, at=(0, 1, 4 + a, 6 + b)).w for a in (0, 1) for b in (0, 1)])
    assert sorted(block.flatten().tolist()) == [0.0, 0.0, 0.0, 1.0]


def test_a_folded_border_keeps_the_weights_of_bilinear_summing_to_one():
    x, _ = inputs(1, 3, 3, 2)
    for i, j in itertools.product(range(6), range(6)):
        t = a2u.build("bilinear", 1).double().witness(x, at=(0, 0, i, j))
        assert float(t.w.sum()) == pytest.approx(1.0)
        assert bool((t.w[(t.where[:, 1:] < 0).any(1) | (t.where[:, 1:] > 2).any(1)] == 0).all())


def test_an_operator_whose_witness_lies_is_caught():
    """The check has teeth: an operator whose forward is not its wᵀz fails it."""

    class Liar(Upsampler):
        card = Card("liar", "Liar", "distance", 0, "none", "none", "none", "none")

        def kernel(self, x, guide=None):
            return x.new_ones(1, 1, 1, x.shape[2] * self.ratio, x.shape[3] * self.ratio)

        def forward(self, x, guide=None):
            return super().forward(x, guide) + 0.1

    x, _ = inputs(4, 2, 2, 2)
    op = Liar(4)
    with pytest.raises(AssertionError):
        check_witness(op, x, None, op(x), (0, 0, 0, 0), 1e-6)


def test_registering_puts_an_operator_under_test_and_names_are_unique():
    assert set(names()) == {name.partition(":")[0] for name in EVERY}
    with pytest.raises(A2UError, match="already registered: Bilinear"):
        register(card("bilinear"))(type("Second", (Upsampler,), {}))
    assert "Second" not in {op.__name__ for op in _REGISTRY.values()}


@pytest.mark.parametrize(
    "at", [(0, 0, 0), (0, 0, 6, 0), (2, 0, 0, 0), (0, 4, 0, 0), (-1, 0, 0, 0)], ids=lambda at: str(at)
)
def test_at_outside_the_output(at):
    x, _ = inputs(4, 3, 3, 2)
    with pytest.raises(A2UError, match=r"inside \(2, 4, 6, 6\), got"):
        a2u.build("bilinear", 4).witness(x, at=at)
