"""Depth-wise convolutions with several filters, their gradients written as convolutions: equal to torch's own."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import a2u
from a2u.operators import encoding
from a2u.operators.encoding import responses, responses_to
from a2u.operators.strided import pays, strided
from a2u.paths import window_start

FORMATS = [torch.contiguous_format, torch.channels_last]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def torchs_own(x, sets, ratio):
    """One grouped convolution for each set, as N h M w C."""
    (_, c, height, width), k = x.shape, sets[0].shape[-1]
    start = window_start(k, ratio)
    if start < 0:
        x, start = x[..., -start:, -start:], 0
    found = []
    for filters in sets:
        weights = filters.transpose(0, 1).reshape(-1, 1, k, k)
        y = F.conv2d(x, weights, stride=ratio, padding=start, groups=c)[..., : height // ratio, : width // ratio]
        found.append(y.unflatten(1, (c, -1)).permute(0, 3, 2, 4, 1))
    return found


def drawn(n, c, counts, k, height, width, dtype=torch.float64, layout=torch.contiguous_format):
    x = torch.randn(n, c, height, width, generator=rng(), dtype=dtype).contiguous(memory_format=layout)
    sets = [torch.randn(m, c, k, k, generator=rng(m), dtype=dtype) for m in counts]
    return [tensor.requires_grad_() for tensor in (x, *sets)]


@given(
    n=st.integers(0, 3),
    c=st.integers(1, 4),
    counts=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    k=st.integers(1, 7),
    ratio=st.integers(1, 4),
    height=st.integers(4, 11),
    width=st.integers(4, 11),
    layout=st.sampled_from(FORMATS),
)
def test_responses_and_gradients_are_those_of_a_grouped_convolution(n, c, counts, k, ratio, height, width, layout):
    """Any size of filter, ratio, border and remainder: values, ∂x and ∂filters."""
    inputs = drawn(n, c, counts, k, height, width, layout=layout)
    ours, theirs = (f(inputs[0], inputs[1:], ratio) for f in (strided, torchs_own))
    seeds = [torch.randn(y.shape, generator=rng(9), dtype=y.dtype) for y in ours]
    for y, expected in zip(ours, theirs, strict=True):
        assert y.is_contiguous()
        torch.testing.assert_close(y, expected)
    found, expected = (torch.autograd.grad(y, inputs, seeds) for y in (ours, theirs))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 2), (1, 2)], ids=str)
def test_only_the_wanted_gradients_are_made(wanted):
    inputs = drawn(2, 3, [1, 2], 4, 6, 8)
    fixed = [t if i in wanted else t.detach() for i, t in enumerate(inputs)]
    found = torch.autograd.grad(sum(y.sin().sum() for y in strided(fixed[0], fixed[1:], 2)), [fixed[i] for i in wanted])
    every = torch.autograd.grad(sum(y.sin().sum() for y in torchs_own(inputs[0], inputs[1:], 2)), inputs)
    for i, gradient in zip(wanted, found, strict=True):
        torch.testing.assert_close(gradient, every[i])


@pytest.mark.parametrize(("k", "ratio"), [(4, 2), (3, 2), (5, 3), (1, 2)])
def test_derivatives_of_every_kind(k, ratio):
    """Against finite differences: the gradient, forward mode, and the gradient of the gradient."""

    def both(x, *sets):
        return tuple(strided(x, list(sets), ratio))

    inputs = drawn(1, 2, [1, 2], k, 5, 6)
    assert torch.autograd.gradcheck(both, inputs, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(both, inputs)


class TestTheChoice:
    """`responses_to` takes this way where it pays, and is the same function with and without it."""

    X, SETS = (2, 16, 12, 10), (1, 4, 16, 4, 4)

    def given(self, dtype=torch.float32, **changes):
        shape = {"x": self.X, "filters": self.SETS, **changes}
        x = torch.randn(shape["x"], generator=rng(), dtype=dtype)
        return x, [torch.randn(shape["filters"], generator=rng(seed), dtype=dtype) for seed in (1, 2)]

    def test_it_pays_for_several_small_filters_per_channel(self):
        assert pays(*self.given(), 2)
        others = {
            "another type": self.given(torch.float64),
            "half precision": self.given(torch.bfloat16),
            "no samples": self.given(x=(0, 16, 12, 10)),
            "few channels": self.given(x=(2, 8, 12, 10), filters=(1, 4, 8, 4, 4)),
            "few filters": self.given(filters=(1, 1, 16, 4, 4)),
            "large filters": self.given(filters=(1, 4, 16, 5, 5)),
            "filters by sample": self.given(filters=(2, 4, 16, 4, 4)),
        }
        assert [name for name, given in others.items() if pays(*given, 2)] == []
        x, sets = self.given()
        assert not pays(x, sets, 1)
        assert not pays(x.to("meta"), [f.to("meta") for f in sets], 2)
        with torch.autocast("cpu", torch.bfloat16):
            assert not pays(x, sets, 2)

    @pytest.mark.parametrize("layout", FORMATS)
    @pytest.mark.parametrize("shared", [False, True])
    def test_both_ways_are_one_function(self, monkeypatch, layout, shared):
        x, sets = self.given(filters=(1, 4, 1 if shared else 16, 4, 4))
        inputs = [t.requires_grad_() for t in (x.contiguous(memory_format=layout), *sets)]
        results = []
        for choice in (True, False):
            monkeypatch.setattr(encoding, "pays", lambda *_, choice=choice: choice)
            found = responses_to(inputs[0], inputs[1:], 2)
            assert [tuple(y.shape) for y in found] == [(2, 4, 16, 6, 5)] * 2
            results.append([*found, *torch.autograd.grad(sum(y.sin().sum() for y in found), inputs)])
        for one, other in zip(*results, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_half_precision_and_empty_batches_keep_their_types(self, dtype):
        for samples in (0, 2):
            x, sets = self.given(dtype, x=(samples, *self.X[1:]))
            for y in responses_to(x, sets, 2):
                assert y.dtype == dtype
                assert y.shape == (samples, 4, 16, 6, 5)
        with torch.autocast("cpu", dtype):
            x, sets = self.given()
            assert {y.dtype for y in responses_to(x, sets, 2)} == {responses(x, sets[0], 2).dtype}

    def test_an_operator_that_takes_it_exports_and_compiles(self):
        """What is traced is the sum over taps; what runs in eager mode is the fast way; they agree."""
        op = a2u.build("a2u:toy", 16)
        x, guide = torch.randn(1, 16, 3, 5, generator=rng()), torch.randn(1, 16, 6, 10, generator=rng(1))
        assert pays(guide, [op.u(None), op.v(None)], 2)
        program = torch.export.export(op, (x, guide))
        torch.testing.assert_close(program.module()(x, guide), op(x, guide))
        traced = torch.compile(op, backend="eager", fullgraph=True)
        torch.testing.assert_close(traced(x, guide), op(x, guide))

    def test_each_step_is_the_same_to_the_bit(self):
        x, sets = (t for t in self.given())
        inputs = [t.requires_grad_() for t in (x, *sets)]

        def gradients():
            return torch.autograd.grad(sum(y.sin().sum() for y in responses_to(x, sets, 2)), inputs)

        for one, other in zip(gradients(), gradients(), strict=True):
            assert torch.equal(one, other)
