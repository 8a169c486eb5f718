"""g(w, z) = wᵀz: the formula against nested loops, its paths against each other, and what it refuses."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from a2u import A2UError, formula
from a2u.formula import reassemble, reduce, universal, window_start, windows

EAGER = ("reference", "shift", "tiles")
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}

sizes = st.integers(1, 9)


def loops_up(x, w, ratio):
    """The formula in the slowest and plainest form."""
    n, c, height, width = x.shape
    g, k = w.shape[1], round(w.shape[2] ** 0.5)
    start = window_start(k)
    y = torch.zeros(n, c, height * ratio, width * ratio, dtype=x.dtype)
    for s, ch, i, j in itertools.product(range(n), range(c), range(height * ratio), range(width * ratio)):
        for a, b in itertools.product(range(k), range(k)):
            row, column = i // ratio - start + a, j // ratio - start + b
            if 0 <= row < height and 0 <= column < width:
                weight = w[s if w.shape[0] > 1 else 0, ch * g // c, a * k + b, i, j]
                y[s, ch, i, j] += weight * x[s, ch, row, column]
    return y


def loops_down(x, w, ratio):
    n, c, height, width = x.shape
    g, k = w.shape[1], round(w.shape[2] ** 0.5)
    start = window_start(k, ratio)
    y = torch.zeros(n, c, height // ratio, width // ratio, dtype=x.dtype)
    for s, ch, i, j in itertools.product(range(n), range(c), range(height // ratio), range(width // ratio)):
        for a, b in itertools.product(range(k), range(k)):
            row, column = i * ratio - start + a, j * ratio - start + b
            if 0 <= row < height and 0 <= column < width:
                y[s, ch, i, j] += w[s if w.shape[0] > 1 else 0, ch * g // c, a * k + b, i, j] * x[s, ch, row, column]
    return y


def make(n, c, height, width, k, ratio, g, *, up=True, batch=None, dtype=torch.float64, seed=0):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(n, c, height, width, generator=rng, dtype=torch.float64)
    size = (height * ratio, width * ratio) if up else (height // ratio, width // ratio)
    w = torch.randn(n if batch is None else batch, g, k * k, *size, generator=rng, dtype=torch.float64)
    return x.to(dtype), w.to(dtype)


@pytest.mark.parametrize("path", EAGER)
@pytest.mark.parametrize(("k", "ratio", "g"), [(1, 2, 1), (2, 2, 1), (3, 2, 1), (3, 3, 2), (5, 2, 4), (5, 1, 2)])
def test_reassemble_equals_nested_loops(path, k, ratio, g):
    x, w = make(2, 4, 3, 2, k, ratio, g)
    torch.testing.assert_close(reassemble(x, w, ratio, path), loops_up(x, w, ratio))


@pytest.mark.parametrize("path", EAGER)
@pytest.mark.parametrize(
    ("k", "ratio", "g"), [(1, 2, 1), (2, 2, 4), (3, 2, 1), (4, 2, 2), (6, 2, 1), (1, 3, 1), (9, 3, 2)]
)
def test_reduce_equals_nested_loops(path, k, ratio, g):
    x, w = make(2, 4, 6, 6, k, ratio, g, up=False)
    torch.testing.assert_close(reduce(x, w, ratio, path), loops_down(x, w, ratio))


@given(
    n=st.integers(0, 3),
    groups=st.integers(1, 3),
    per_group=st.integers(1, 6),
    height=sizes,
    width=sizes,
    k=st.integers(1, 6),
    ratio=st.integers(1, 4),
    shared_batch=st.booleans(),
    seed=st.integers(0, 99),
)
def test_paths_agree_upwards_with_gradients(n, groups, per_group, height, width, k, ratio, shared_batch, seed):
    x, w = make(n, groups * per_group, height, width, k, ratio, groups, batch=1 if shared_batch else None, seed=seed)
    _assert_paths_agree(reassemble, x, w, ratio)


@given(
    n=st.integers(0, 3),
    groups=st.integers(1, 3),
    per_group=st.integers(1, 6),
    blocks=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    k=st.integers(1, 7),
    ratio=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_paths_agree_downwards_with_gradients(n, groups, per_group, blocks, k, ratio, seed):
    x, w = make(n, groups * per_group, blocks[0] * ratio, blocks[1] * ratio, k, ratio, groups, up=False, seed=seed)
    _assert_paths_agree(reduce, x, w, ratio)


def _assert_paths_agree(function, x, w, ratio):
    x.requires_grad_(), w.requires_grad_()
    reference = function(x, w, ratio, "reference")
    seed = torch.cos(torch.arange(reference.numel(), dtype=x.dtype)).view_as(reference)
    expected = torch.autograd.grad(reference, (x, w), seed)
    for path in ("shift", "tiles", "auto"):
        y = function(x, w, ratio, path)
        torch.testing.assert_close(y, reference)
        torch.testing.assert_close(torch.autograd.grad(y, (x, w), seed), expected)


@pytest.mark.parametrize("path", EAGER)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_every_dtype(path, dtype):
    x, w = make(2, 8, 5, 7, 3, 2, 1)
    expected = reassemble(x.to(dtype).double(), w.to(dtype).double(), 2, "reference")
    y = reassemble(x.to(dtype), w.to(dtype), 2, path)
    assert y.dtype == dtype
    error = (y.double() - expected).abs().max() / expected.abs().max()
    assert error < TOLERANCE[dtype]


@pytest.mark.parametrize("path", EAGER)
def test_memory_layout_does_not_matter(path):
    x, w = make(2, 8, 5, 7, 3, 2, 2)
    expected = reassemble(x, w, 2, "reference")
    layouts = {
        "channels last": x.contiguous(memory_format=torch.channels_last),
        "every second": torch.stack([x, x], -1).flatten(-2)[..., ::2],
        "transposed": x.transpose(2, 3).contiguous().transpose(2, 3),
        "expanded": x,
    }
    for name, other in layouts.items():
        torch.testing.assert_close(reassemble(other, w, 2, path), expected, msg=name)
    strided = w.permute(0, 3, 4, 1, 2).contiguous().permute(0, 3, 4, 1, 2)
    torch.testing.assert_close(reassemble(x, strided, 2, path), expected)


def test_channels_last_stays_channels_last():
    x, w = make(2, 8, 5, 7, 3, 2, 1)
    y = reassemble(x.contiguous(memory_format=torch.channels_last), w, 2)
    assert y.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("path", EAGER)
def test_gradcheck_to_first_and_second_order(path):
    x, w = make(1, 4, 3, 2, 3, 2, 1)
    x.requires_grad_(), w.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: reassemble(a, b, 2, path), (x, w))
    assert torch.autograd.gradgradcheck(lambda a, b: reassemble(a, b, 2, path), (x, w))
    x, w = make(1, 4, 4, 2, 4, 2, 1, up=False)
    x.requires_grad_(), w.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: reduce(a, b, 2, path), (x, w))
    assert torch.autograd.gradgradcheck(lambda a, b: reduce(a, b, 2, path), (x, w))


@pytest.mark.parametrize("frozen", ["x", "w"])
def test_gradient_to_one_input_only(frozen):
    x, w = make(2, 8, 3, 3, 3, 2, 1)
    leaf = w if frozen == "x" else x
    leaf.requires_grad_()
    (fast,) = torch.autograd.grad(reassemble(x, w, 2, "tiles").sin().sum(), leaf)
    (slow,) = torch.autograd.grad(reassemble(x, w, 2, "reference").sin().sum(), leaf)
    torch.testing.assert_close(fast, slow)
    # The second derivative with one input frozen takes the other branch of the backward.
    (first,) = torch.autograd.grad(reassemble(x, w, 2, "tiles").sin().sum(), leaf, create_graph=True)
    (reference,) = torch.autograd.grad(reassemble(x, w, 2, "reference").sin().sum(), leaf, create_graph=True)
    torch.testing.assert_close(
        torch.autograd.grad(first.square().sum(), leaf), torch.autograd.grad(reference.square().sum(), leaf)
    )


def test_export_keeps_the_values():
    class Up(torch.nn.Module):
        def forward(self, x, w):
            return reassemble(x, w, 2)

    x, w = make(2, 4, 3, 5, 3, 2, 1, dtype=torch.float32)
    program = torch.export.export(Up(), (x, w))
    torch.testing.assert_close(program.module()(x, w), reassemble(x, w, 2, "reference"))


def test_compiled_equals_reference_with_gradients():
    """One small compilation by torch's default backend."""
    x, w = make(1, 4, 4, 4, 3, 2, 1, dtype=torch.float32)
    x.requires_grad_(), w.requires_grad_()
    y, reference = reassemble(x, w, 2, "compiled"), reassemble(x, w, 2, "reference")
    torch.testing.assert_close(y, reference)
    torch.testing.assert_close(
        torch.autograd.grad(y.sin().sum(), (x, w)), torch.autograd.grad(reference.sin().sum(), (x, w))
    )


def test_a_traced_call_takes_the_path_that_compilers_fuse():
    """auto inside torch.compile: no graph break, and the same values."""
    x, w = make(1, 8, 4, 4, 3, 2, 1, dtype=torch.float32)
    traced = torch.compile(lambda a, b: reassemble(a, b, 2), backend="eager", fullgraph=True)
    torch.testing.assert_close(traced(x, w), reassemble(x, w, 2, "reference"))


def test_auto_is_a_function_of_shapes():
    shared, single, own = (make(1, 8, 4, 4, k, 2, g) for k, g in ((3, 1), (1, 1), (3, 8)))
    assert formula.choose_path(*shared) == "tiles"
    assert formula.choose_path(*single) == "shift"
    assert formula.choose_path(*own) == "shift"


@pytest.mark.parametrize(("k", "ratio"), [(1, 1), (1, 3), (2, 2), (3, 2), (4, 2), (5, 1), (6, 2), (6, 3)])
def test_windows_equal_unfold(k, ratio):
    """torch's unfold gives the same windows where its symmetric padding allows the same start."""
    x = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    start = window_start(k, ratio)
    ours = windows(x, k, ratio)
    if start >= 0:
        theirs = F.unfold(F.pad(x, (start, k, start, k)), k, stride=ratio).view(2, 3, k * k, -1)
        line = (6 + k + start - k) // ratio + 1
        theirs = theirs.view(2, 3, k * k, line, line)[..., : 6 // ratio, : 6 // ratio]
        torch.testing.assert_close(ours, theirs)
    else:  # a window smaller than its block: the block's centre
        torch.testing.assert_close(ours[:, :, 0], x[:, :, -start::ratio, -start::ratio])


@given(
    channels=st.integers(1, 4), out=st.integers(1, 3), k=st.integers(1, 5), ratio=st.integers(1, 3), h=sizes, w=sizes
)
def test_universal_equals_its_reference(channels, out, k, ratio, h, w):
    rng = torch.Generator().manual_seed(k)
    x = torch.randn(2, channels, h, w, generator=rng, dtype=torch.float64)
    kernel = torch.randn(out * ratio**2, channels * k * k, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(universal(x, kernel, ratio), universal(x, kernel, ratio, "reference"))


X, W = torch.zeros(2, 4, 6, 6), torch.zeros(2, 1, 9, 12, 12)
BAD = {
    "rank of the map": (lambda: reassemble(X[0], W, 2), r"four axes \(N, C, H, W\), got shape \(4, 6, 6\)"),
    "rank of the kernels": (lambda: reassemble(X, W[0], 2), r"five axes .* got shape \(1, 9, 12, 12\)"),
    "size of the kernels": (lambda: reassemble(X, W, 3), r"6×6 map up by 3 gives 18×18, got kernels for 12×12"),
    "taps": (lambda: reassemble(X, W[:, :, :8], 2), r"k² taps .* got 8"),
    "groups": (lambda: reassemble(X, W.expand(-1, 3, -1, -1, -1), 2), r"divide the channels, got G=3 for C=4"),
    "batch": (lambda: reassemble(X, torch.zeros(3, 1, 9, 12, 12), 2), r"batch of 2 \(or 1, .*\), got 3"),
    "dtype": (lambda: reassemble(X.double(), W, 2), r"one dtype and device, got torch.float64 .* torch.float32"),
    "ratio": (lambda: reassemble(X, W, 2.5), r"integer ≥ 1, got 2.5"),
    "path": (lambda: reassemble(X, W, 2, "tils"), r"Unknown path 'tils'. Did you mean 'tiles'"),
    "ratio that does not divide": (lambda: reduce(X, W, 4), r"height and width that 4 divides, got 6×6"),
    "window": (lambda: windows(X, 0), r"side k ≥ 1, got k=0"),
    "universal columns": (lambda: universal(X, torch.zeros(4, 35), 2), r"C=4 and r=2, got \(4, 35\)"),
    "universal taps": (lambda: universal(X, torch.zeros(4, 12), 2), r"k² taps .* got 3"),
    "universal path": (lambda: universal(X, torch.zeros(4, 36), 2, "tiles"), r"'auto' and 'reference', got 'tiles'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_message(case):
    call, message = BAD[case]
    with pytest.raises(A2UError, match=message):
        call()


# --- which path, and maps with an axis of 0


@pytest.mark.parametrize(
    ("channels", "groups", "taps", "path"),
    [
        (4, 1, 9, "tiles"),  # four channels share a kernel: a matrix product has something to batch
        (3, 1, 9, "shift"),
        (8, 2, 9, "tiles"),
        (6, 2, 9, "shift"),
        (9, 9, 25, "shift"),
        (64, 1, 1, "shift"),  # one product
    ],
)
def test_the_path_follows_from_the_shapes(channels, groups, taps, path):
    x, w = torch.zeros(2, channels, 5, 7), torch.zeros(2, groups, taps, 10, 14)
    assert formula.choose_path(x, w) == path
    assert formula.choose_path(x, w[:, :0]) == formula.choose_path(x, w[:, :1])  # no kernels: as if there were one
    asked = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("shift", "banded"):
            module = formula if name == "banded" else formula.paths
            original = getattr(module, name)
            patch.setattr(module, name, lambda *given, n=name, call=original: (asked.append(n), call(*given))[1])
        reassemble(x, w, 2)
    assert asked == [{"shift": "shift", "tiles": "banded"}[path]]


def test_what_is_asked_to_be_compiled_is_compiled_where_it_has_values(monkeypatch):
    asked = []
    monkeypatch.setattr(
        formula.paths, "compiled", lambda *given: (asked.append("compiled"), formula.paths.shift(*given))[1]
    )
    x, w = torch.zeros(1, 2, 3, 4), torch.zeros(1, 1, 9, 6, 8)
    reassemble(x, w, 2, "compiled")
    assert asked == ["compiled"]
    assert reassemble(x.to("meta"), w.to("meta"), 2, "compiled").device.type == "meta"
    assert asked == ["compiled"], "there is nothing to compile for"


@pytest.mark.parametrize(("path", "calls"), [("reference", 1), ("auto", 0)])
def test_universal_reads_like_the_formula_where_it_is_asked_to(monkeypatch, path, calls):
    made, original = [], formula._universal_reference
    monkeypatch.setattr(formula, "_universal_reference", lambda *given: (made.append(1), original(*given))[1])
    universal(torch.zeros(1, 2, 3, 4), torch.zeros(8, 18), 2, path)
    assert len(made) == calls


@pytest.mark.parametrize("shape", [(0, 3, 4, 6), (2, 0, 4, 6), (2, 3, 0, 6), (2, 3, 4, 0)], ids=str)
def test_maps_with_an_axis_of_0(shape):
    n, c, h, w = shape
    x = torch.zeros(shape, requires_grad=True)
    assert windows(x, 3).shape == (n, c, 9, h, w)
    assert windows(x, 5, 2).shape == (n, c, 25, h // 2, w // 2)
    up, down = torch.zeros(n, 1, 9, 3 * h, 3 * w), torch.zeros(n, 1, 9, h // 2, w // 2)
    for path in ("auto", "reference", "shift", "tiles"):
        assert reassemble(x, up, 3, path).shape == (n, c, 3 * h, 3 * w)
        assert reduce(x, down, 2, path).shape == (n, c, h // 2, w // 2)
    if c:
        for path in ("auto", "reference"):
            y = universal(x, torch.zeros(45, 9 * c, requires_grad=True), 3, path)
            assert y.shape == (n, 5, 3 * h, 3 * w)
            y.sum().backward()
            assert x.grad.shape == x.shape


@pytest.mark.parametrize("path", EAGER)
@pytest.mark.parametrize(
    ("k", "ratio", "height", "width"), [(5, 3, 7, 6), (3, 2, 5, 4), (4, 3, 8, 3), (2, 4, 9, 9), (1, 3, 4, 5)]
)
def test_windows_centred_on_strided_values(path, k, ratio, height, width):
    """Any size: as many kernels as a convolution of this stride makes, each around r·i, r·j."""
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, height, width, generator=rng, dtype=torch.float64)
    rows, columns = -(-height // ratio), -(-width // ratio)
    w = torch.randn(2, 2, k * k, rows, columns, generator=rng, dtype=torch.float64)
    expected = torch.zeros(2, 4, rows, columns, dtype=x.dtype)
    for c, i, j, t in itertools.product(range(4), range(rows), range(columns), range(k * k)):
        row, column = ratio * i + t // k - window_start(k), ratio * j + t % k - window_start(k)
        if 0 <= row < height and 0 <= column < width:
            expected[:, c, i, j] += w[:, c // 2, t, i, j] * x[:, c, row, column]
    torch.testing.assert_close(reduce(x, w, ratio, path, align="stride"), expected)


def test_both_alignments_are_one_for_odd_windows_at_ratio_2():
    x, w = make(2, 4, 6, 6, 5, 2, 1, up=False)
    torch.testing.assert_close(reduce(x, w, 2, align="stride"), reduce(x, w, 2))
    with pytest.raises(A2UError, match="Unknown align 'centre'"):
        reduce(x, w, 2, align="centre")
    with pytest.raises(A2UError, match="got kernels for 3×3"):
        reduce(x[..., 1:, 2:], w, 2, align="stride")
    assert reduce(x[:, :, :0], w[..., :0, :], 2, align="stride").shape == (2, 4, 0, 3)
