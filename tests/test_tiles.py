"""The banded product: a NaN stays with its neighbours, no tensor outlives a call, and tiles of any side agree."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from a2u import tiles
from a2u.formula import PATHS, reassemble, reduce

BAD = [float("nan"), float("inf"), float("-inf")]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def make(direction, k, ratio, *, groups=1, dtype=torch.float64):
    """Map, kernels and a gradient for 9×7 base positions, ragged in tiles of 4×4."""
    base, up = (9, 7), direction is reassemble
    size, out = ((1, ratio) if up else (ratio, 1)) if ratio > 1 else (1, 1)
    x = torch.randn(2, 4, *(each * size for each in base), generator=rng(), dtype=torch.float64)
    w = torch.randn(2, groups, k * k, *(each * out for each in base), generator=rng(1), dtype=torch.float64)
    grad = torch.randn(2, 4, *w.shape[3:], generator=rng(2), dtype=torch.float64)
    return x.to(dtype), w.to(dtype), grad.to(dtype)


def run(direction, x, w, grad, ratio, path):
    x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
    y = direction(x, w, ratio, path)
    return y.detach(), *torch.autograd.grad(y, (x, w), grad)


def same(one, other):
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, equal_nan=True)


@given(
    direction=st.sampled_from([reassemble, reduce]),
    k=st.integers(1, 6),
    ratio=st.integers(1, 3),
    bad=st.sampled_from(BAD),
    where=st.integers(0, 2),
    place=st.integers(0, 251),
)
def test_what_is_not_finite_reaches_whom_the_formula_says(direction, k, ratio, bad, where, place):
    """In the map, the kernels or the gradient: values and both gradients are those of the reference."""
    given = make(direction, k, ratio)
    given[where].view(-1)[place % given[where].numel()] = bad
    expected = run(direction, *given, ratio, "reference")
    for path in ("shift", "tiles", "auto"):
        same(run(direction, *given, ratio, path), expected)


def test_one_nan_counted():
    """3×3 windows and ratio 2: nine positions see a value, 36 outputs; blocks of 2×2: one output."""
    x, w, _ = make(reassemble, 3, 2)
    x[0, 0, 4, 4] = torch.nan
    assert int(reassemble(x, w, 2, "tiles").isnan().sum()) == 36
    x, w, _ = make(reduce, 2, 2)
    x[0, 0, 4, 4] = torch.nan
    assert int(reduce(x, w, 2, "tiles").isnan().sum()) == 1


@pytest.mark.parametrize("direction", [reassemble, reduce])
@pytest.mark.parametrize(("k", "ratio"), [(1, 1), (1, 3), (2, 2), (3, 2), (4, 3), (5, 2), (6, 2)])
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_where_values_cannot_be_looked_at_nan_marks_the_same_places(monkeypatch, direction, k, ratio, bad, dtype):
    """The way of a GPU, on a CPU: NaN for infinity, in the same places and no others."""
    given = make(direction, k, ratio, dtype=dtype)
    given[0][1, 2, 3, 3] = given[2][0, 1, 2, 5] = bad
    expected = run(direction, *given, ratio, "reference")
    monkeypatch.setattr(tiles, "all_finite", lambda x: None)
    for a, b in zip(run(direction, *given, ratio, "tiles"), expected, strict=True):
        assert torch.equal(a.isfinite(), b.isfinite())
        torch.testing.assert_close(a[a.isfinite()], b[b.isfinite()])


@given(k=st.integers(1, 6), ratio=st.integers(1, 3), tile=st.integers(1, 6), groups=st.sampled_from([1, 2, 4]))
def test_tiles_of_any_side_agree(k, ratio, tile, groups):
    before = tiles.TILE
    for direction in (reassemble, reduce):
        given = make(direction, k, ratio, groups=groups)
        try:
            tiles.TILE = tile
            same(run(direction, *given, ratio, "tiles"), run(direction, *given, ratio, "reference"))
        finally:
            tiles.TILE = before


def test_looking_at_finite_values_costs_one_sum_and_a_sum_that_overflows_only_time():
    x, w, grad = make(reassemble, 3, 2, dtype=torch.float32)
    assert tiles.all_finite(x)
    x = x.abs() + 3e38
    assert tiles.all_finite(x) is False
    w, grad = w.abs() * 1e-30, grad.abs() * 1e-30
    same(run(reassemble, x, w, grad, 2, "tiles"), run(reassemble, x, w, grad, 2, "reference"))


# --- nothing remembered


class Up(torch.nn.Module):
    def forward(self, x, w):
        return reassemble(x, w, 2)


def pretend(x, w):
    with FakeTensorMode() as mode:
        return reassemble(mode.from_tensor(x), mode.from_tensor(w), 2, "tiles")


TRACES = {
    "export": lambda x, w: torch.export.export(Up(), (x, w)),
    "draft": lambda x, w: torch.export.export(Up(), (x, w), strict=False),
    "compile": lambda x, w: torch.compile(Up(), backend="eager", fullgraph=True)(x, w),
    "fake": pretend,
    "meta": lambda x, w: reassemble(x.to("meta"), w.to("meta"), 2, "tiles"),
    "inference": lambda x, w: torch.inference_mode()(lambda: reassemble(x, w, 2, "tiles"))(),
    "make_fx": lambda x, w: torch.fx.experimental.proxy_tensor.make_fx(lambda a, b: reassemble(a, b, 2))(x, w),
}


@pytest.mark.parametrize("trace", TRACES)
def test_no_trace_leaves_anything_behind(trace):
    """A size that nobody used before is traced first and then used: values, gradients and second derivatives."""
    k = 7 + list(TRACES).index(trace)
    x, w, grad = make(reassemble, k, 2, dtype=torch.float32)
    TRACES[trace](x, w)
    same(run(reassemble, x, w, grad, 2, "tiles"), run(reassemble, x, w, grad, 2, "reference"))


@pytest.mark.parametrize("path", PATHS)
def test_tensors_without_values_have_shapes(path):
    x, w, _ = make(reassemble, 3, 2)
    with FakeTensorMode() as mode:
        assert reassemble(mode.from_tensor(x), mode.from_tensor(w), 2, path).shape == (2, 4, 18, 14)
    assert reassemble(x.to("meta"), w.to("meta"), 2, path).shape == (2, 4, 18, 14)
