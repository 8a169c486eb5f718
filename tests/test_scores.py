"""Queries meet the keys of their windows: against nested loops, and as the partner of reassembly."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import a2u
from a2u.scores import window_scores


def make(n, c, height, width, ratio, dtype=torch.float64):
    rng = torch.Generator().manual_seed(ratio)
    query = torch.randn(n, c, height * ratio, width * ratio, generator=rng, dtype=torch.float64)
    return query.to(dtype), torch.randn(n, c, height, width, generator=rng, dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("path", ["auto", "reference"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_nested_loops(path, k):
    query, key = make(1, 4, 2, 3, 2)
    expected = torch.zeros(1, 2, k * k, 4, 6, dtype=key.dtype)
    for g, t, i, j in itertools.product(range(2), range(k * k), range(4), range(6)):
        row, column = i // 2 - k // 2 + t // k, j // 2 - k // 2 + t % k
        if 0 <= row < 2 and 0 <= column < 3:
            expected[0, g, t, i, j] = query[0, 2 * g : 2 * g + 2, i, j] @ key[0, 2 * g : 2 * g + 2, row, column]
    torch.testing.assert_close(window_scores(query, key, k, 2, 2, path), expected)


@given(
    n=st.integers(1, 2),
    groups=st.integers(1, 3),
    k=st.integers(1, 5),
    ratio=st.integers(1, 3),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
)
def test_it_is_the_partner_of_reassembly(n, groups, k, ratio, height, width):
    """⟨query, reassemble(key, w)⟩ = ⟨w, scores⟩, and so are all gradients."""
    query, key = (each.requires_grad_() for each in make(n, 2 * groups, height, width, ratio))
    w = torch.cos(torch.arange(n * groups * k * k * query[0, 0].numel(), dtype=key.dtype))
    w = w.view(n, groups, k * k, *query.shape[2:])
    for found, expected in (
        (w * window_scores(query, key, k, ratio, groups), query * a2u.reassemble(key, w, ratio, "reference")),
    ):
        torch.testing.assert_close(found.sum(), expected.sum())
        slopes = (torch.autograd.grad(each.sum(), (query, key)) for each in (found, expected))
        for one, other in zip(*slopes, strict=True):
            torch.testing.assert_close(one, other)


def test_derivatives_of_every_kind_and_transforms():
    query, key = make(2, 2, 2, 3, 2)

    def scores(a, b):
        return window_scores(a, b, 3, 2)

    leaves = query[:1].requires_grad_(), key[:1].requires_grad_()
    assert torch.autograd.gradcheck(scores, leaves)
    assert torch.autograd.gradgradcheck(scores, leaves)
    expected = scores(query, key)
    each = torch.func.vmap(lambda a, b: scores(a[None], b[None])[0])(query, key)
    torch.testing.assert_close(each, expected)
    torch.testing.assert_close(torch.func.jvp(lambda a: scores(a, key), (query,), (query,))[1], expected)
    torch.testing.assert_close(torch.compile(scores, backend="eager", fullgraph=True)(query, key), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_added_up_and_kept_in_float32(dtype):
    query, key = make(1, 64, 3, 3, 2, dtype)
    with torch.autocast("cpu", torch.bfloat16):
        found = window_scores(query, key, 3, 2)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), window_scores(query.double(), key.double(), 3, 2), rtol=1e-5, atol=1e-5)
