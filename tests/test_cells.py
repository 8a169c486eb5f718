"""Sums over listed cells: against nested loops, its paths against each other, and what it refuses."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import a2u
from a2u import A2UError, cells
from a2u.cells import bilinear_cells, gather, scored

EAGER = ("reference", "taps", "bags")


def loops(x, w, index):
    """The sum in the slowest and plainest form."""
    n, c, _, width = x.shape
    groups, (t, rows, columns) = max(w.shape[1], index.shape[1]), w.shape[2:]
    y = torch.zeros(n, c, rows, columns, dtype=x.dtype)
    for s, ch, k, i, j in itertools.product(range(n), range(c), range(t), range(rows), range(columns)):
        g = ch * groups // c
        place = int(index[s % len(index), g % index.shape[1], k, i, j])
        if place >= 0:
            y[s, ch, i, j] += w[s % len(w), g % w.shape[1], k, i, j] * x[s, ch, place // width, place % width]
    return y


def make(n=2, c=4, height=3, width=2, t=3, size=(4, 5), w_shape=None, index_shape=None, dtype=torch.float64):
    rng = torch.Generator().manual_seed(t)
    x = torch.randn(n, c, height, width, generator=rng, dtype=torch.float64)
    w = torch.randn(*(w_shape or (n, 1)), t, *size, generator=rng, dtype=torch.float64)
    index = torch.randint(-1, height * width, (*(index_shape or (n, 1)), t, *size), generator=rng)
    return x.to(dtype), w.to(dtype), index


@pytest.mark.parametrize("path", EAGER)
@pytest.mark.parametrize(
    ("w_shape", "index_shape"), [((2, 1), (2, 1)), ((2, 4), (1, 1)), ((1, 1), (2, 2)), ((1, 2), (1, 2))]
)
def test_gather_equals_nested_loops(path, w_shape, index_shape):
    x, w, index = make(w_shape=w_shape, index_shape=index_shape)
    torch.testing.assert_close(a2u.gather(x, w, index, path), loops(x, w, index))


@given(
    n=st.integers(1, 3),
    groups=st.integers(1, 3),
    per_group=st.integers(1, 4),
    map_size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    t=st.integers(1, 9),
    shared=st.sampled_from(["nothing", "batch", "groups", "both"]),
)
def test_paths_agree_with_gradients(n, groups, per_group, map_size, size, t, shared):
    shape = (1 if shared in ("batch", "both") else n, 1 if shared in ("groups", "both") else groups)
    x, w, index = make(n, groups * per_group, *map_size, t, size, (n, groups), shape)
    query = torch.randn(n, groups * per_group, *size, dtype=x.dtype, generator=torch.Generator().manual_seed(1))
    cells_of_groups = index.expand(-1, groups, -1, -1, -1)
    for leaves, call in (
        ((x, w), lambda a, b, path: gather(a, b, index, path)),
        ((query, x), lambda a, b, path: scored(a, b, cells_of_groups, path)),
    ):
        leaves = [leaf.detach().requires_grad_() for leaf in leaves]
        reference = call(*leaves, "reference")
        seed = torch.cos(torch.arange(reference.numel(), dtype=x.dtype)).view_as(reference)
        expected = torch.autograd.grad(reference, leaves, seed)
        for path in ("taps", "bags", "auto"):
            y = call(*leaves, path)
            torch.testing.assert_close(y, reference)
            torch.testing.assert_close(torch.autograd.grad(y, leaves, seed), expected)


def test_auto_takes_the_bags_where_it_can(monkeypatch):
    """And not for complex numbers, nor while torch transforms the call."""
    made = []
    for each in (cells.Gathered, cells.Scored):
        monkeypatch.setattr(each, "forward", lambda *given, f=each.forward: (made.append(1), f(*given))[1])
    x, w, index = make(index_shape=(2, 1))
    query = torch.randn(2, 4, 4, 5, dtype=x.dtype)
    gather(x, w, index), scored(query, x, index)
    assert len(made) == 2
    gather(x + 0j, w + 0j, index), torch.func.vmap(lambda a: gather(a[None], w[:1], index[:1]))(x)
    assert len(made) == 2


@pytest.mark.parametrize("path", EAGER)
def test_derivatives_of_every_kind(path):
    """Against finite differences: the gradient, and the gradient of the gradient."""
    x, w, index = make(1, 4, 3, 2, 3, (2, 3), (1, 2), (1, 2))
    query = torch.randn(1, 4, 2, 3, dtype=x.dtype)
    for call, leaves in (
        (lambda a, b: gather(a, b, index, path), (x, w)),
        (lambda a, b: scored(a, b, index, path), (query, x)),
    ):
        leaves = [leaf.detach().requires_grad_() for leaf in leaves]
        assert torch.autograd.gradcheck(call, leaves)
        assert torch.autograd.gradgradcheck(call, leaves)


@pytest.mark.parametrize("path", EAGER)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.complex64])
def test_every_dtype_and_layout(path, dtype):
    """Half precision adds up in float32 and rounds once; the layout of no argument matters."""
    x, w, index = make(c=8, t=9, dtype=dtype)
    wide = torch.complex128 if dtype.is_complex else torch.float64
    exact = loops(x.to(wide), w.to(wide), index)
    rounding = torch.finfo(dtype).eps / 2 + 16 * torch.finfo(torch.float32).eps
    layouts = [
        (x, w, index),
        (x.contiguous(memory_format=torch.channels_last), w.movedim(2, -1).contiguous().movedim(-1, 2), index),
        (x.mT.contiguous().mT, w.mT.contiguous().mT, index.movedim(0, -1).contiguous().movedim(-1, 0)),
    ]
    for case in layouts:
        y = gather(*case, path)
        assert y.dtype == dtype
        assert bool(((y.to(wide) - exact).abs() <= rounding * (exact.abs() + 4)).all())
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(gather(x, w, index, path), gather(x, w, index, path))
        assert gather(x, w, index, path).dtype == dtype


@pytest.mark.parametrize("path", EAGER)
def test_what_is_not_finite_stays_where_it_is(path):
    x, w, index = make()
    x[0, 1, 2, 1] = torch.nan
    seen = (index[:, 0] == 5).any(1)
    y = gather(x, w, index, path)
    assert torch.equal(y[0, 1].isnan(), seen[0])
    assert not y[:, [0, 2, 3]].isnan().any()
    leaf = x.nan_to_num().requires_grad_()
    seed = torch.zeros_like(y)
    seed[1, 2, 3, 4] = torch.nan
    (slope,) = torch.autograd.grad(gather(leaf, w, index, path), leaf, seed)
    listed = torch.zeros(6, dtype=torch.bool)
    listed[[place for place in index[1, 0, :, 3, 4].tolist() if place >= 0]] = True
    assert torch.equal(slope[1, 2].isnan().flatten(), listed)
    assert slope.isnan().sum() == listed.sum()


def test_windows_are_a_special_case():
    """reassemble is gather with the cells of each parent's window."""
    x, w, _ = make(2, 4, 3, 5, 9, (6, 10), (2, 2))
    i, j = torch.arange(6).view(-1, 1) // 2, torch.arange(10) // 2
    taps = [(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    inside = [(a >= 0) & (a < 3) & (b >= 0) & (b < 5) for a, b in taps]
    index = torch.stack([torch.where(ok, a * 5 + b, -1) for ok, (a, b) in zip(inside, taps, strict=True)])
    torch.testing.assert_close(gather(x, w, index[None, None]), a2u.reassemble(x, w, 2))


@pytest.mark.parametrize("shape", [(0, 4, 3, 2), (2, 0, 3, 2), (2, 4, 0, 2)])
def test_an_axis_of_0_gives_an_empty_or_a_zero_result(shape):
    x = torch.zeros(shape, requires_grad=True)
    w = torch.ones(shape[0], 1, 3, 4, 5, requires_grad=True)
    y = gather(x, w, torch.full((shape[0], 1, 3, 4, 5), -1))
    assert y.shape == (*shape[:2], 4, 5)
    y.sum().backward()
    assert not x.grad.any()
    assert not w.grad.any()


def test_compile_export_and_transforms():
    """Traced or transformed, one cell is added after the other, with the same values."""

    class Gather(torch.nn.Module):
        def forward(self, x, w, index):
            return cells.gather(x, w, index)

    x, w, index = make(dtype=torch.float32)
    expected = loops(x, w, index)
    program = torch.export.export(Gather(), (x, w, index))
    torch.testing.assert_close(program.module()(x, w, index), expected)
    torch.testing.assert_close(torch.compile(Gather(), backend="eager", fullgraph=True)(x, w, index), expected)
    each = torch.func.vmap(lambda a, b, i: gather(a[None], b[None], i[None])[0])(x, w, index)
    torch.testing.assert_close(each, expected)
    value, slope = torch.func.jvp(lambda a: gather(a, w, index), (x,), (x,))
    torch.testing.assert_close((value, slope), (expected, expected))
    assert gather(x.to("meta"), w.to("meta"), index.to("meta")).shape == expected.shape
    x.requires_grad_()
    y = gather(x, w, index)
    seeds = torch.stack([torch.ones_like(y), y.detach()])
    (many,) = torch.autograd.grad(y, x, seeds, is_grads_batched=True, retain_graph=True)
    one_by_one = torch.stack([torch.autograd.grad(y, x, seed, retain_graph=True)[0] for seed in seeds])
    torch.testing.assert_close(many, one_by_one)


# --- points


@pytest.mark.parametrize(("border", "theirs"), [("clamp", "border"), ("zeros", "zeros")])
def test_points_are_read_as_grid_sample_reads_them(border, theirs):
    """Values and gradients to the map and to the positions, inside and outside."""
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 4, 5, generator=rng, dtype=torch.float64).requires_grad_()
    place = (10 * torch.rand(2, 2, 6, 7, generator=rng, dtype=torch.float64) - 3).requires_grad_()  # row, column
    w, index = bilinear_cells(place[:, 0, None, None], place[:, 1, None, None], 4, 5, border)
    grid = torch.stack([(2 * place[:, 1] + 1) / 5 - 1, (2 * place[:, 0] + 1) / 4 - 1], -1)
    ours = gather(x, w, index)
    expected = F.grid_sample(x, grid, padding_mode=theirs, align_corners=False)
    torch.testing.assert_close(ours, expected)
    for one, other in zip(*(torch.autograd.grad(y.sin().sum(), (x, place)) for y in (ours, expected)), strict=True):
        torch.testing.assert_close(one, other)


def test_a_position_that_is_not_a_number_names_a_cell_and_makes_nan():
    rows = torch.tensor([torch.nan, torch.inf, 1e30, 1.0]).view(1, 1, 1, 1, 4)
    for border in ("clamp", "zeros"):
        w, index = bilinear_cells(rows, rows, 3, 3, border)
        assert -1 <= int(index.min()) <= int(index.max()) < 9
        y = gather(torch.ones(1, 1, 3, 3), w, index).flatten()
        assert y.isnan().tolist()[0]
        assert float(y[-1]) == 1


# --- what is refused

X, W, INDEX = make(dtype=torch.float32)
BAD = {
    "a map of three axes": (lambda: gather(X[0], W, INDEX), r"A map must have four axes"),
    "weights of four axes": (lambda: gather(X, W[0], INDEX), r"Weights must have five axes \(N, G, T, height, width\)"),
    "an index of a list": (lambda: gather(X, W, INDEX.tolist()), r"An index must be a torch.Tensor"),
    "other cells": (
        lambda: gather(X, W, INDEX[:, :, 1:]),
        r"same cells, T ≥ 1 .* \(2, 1, 2, 4, 5\)",
    ),
    "no cells": (lambda: gather(X, W[:, :, :0], INDEX[:, :, :0]), r"T ≥ 1"),
    "batch": (lambda: gather(X, torch.cat([W, W]), INDEX), r"a batch of 2 \(or 1"),
    "groups": (lambda: gather(X, W.expand(-1, 3, -1, -1, -1), INDEX), r"divide the channels, got G=3 for C=4"),
    "two groups": (lambda: gather(X, W.expand(-1, 4, -1, -1, -1), INDEX.expand(-1, 2, -1, -1, -1)), r"G groups \(or 1"),
    "float index": (lambda: gather(X, W, INDEX.float()), r"whole numbers of torch.int64 .* got torch.float32"),
    "index elsewhere": (lambda: gather(X, W, INDEX.to("meta")), r"on the map's device, got torch.int64 on meta"),
    "two dtypes": (lambda: gather(X, W.double(), INDEX), r"one dtype and device"),
    "beyond the map": (lambda: gather(X, W, INDEX + 1), r"3×2 map, 0 to 5 .* got 6"),
    "before the map": (lambda: gather(X, W, INDEX - 1), r"or −1 for outside, got -2"),
    "path": (lambda: gather(X, W, INDEX, "bag"), r"Unknown path 'bag'. Did you mean 'bags'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_message(case):
    call, message = BAD[case]
    with pytest.raises(A2UError, match=message):
        call()
