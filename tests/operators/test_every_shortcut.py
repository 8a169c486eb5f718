"""Operators whose forward takes a shorter way than building their kernel: it is the formula with that kernel.

Nearest repeats, bilinear interpolates (on a CPU), deconvolution transposes a convolution. `kernel` and `witness` do not
know of it, so every one of these is held to them.
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import a2u
from a2u import formula

FORMATS = [torch.contiguous_format, torch.channels_last]
SHORT = ["nearest", "bilinear", "deconvolution"]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def built(name, channels=3, ratio=2, **options):
    with torch.random.fork_rng():
        torch.manual_seed(4)
        return a2u.build(name, channels, ratio, **options)


def by_formula(op, x):
    w = op.kernel(x).to(x.dtype)
    return (formula.universal if w.dim() == 2 else formula.reassemble)(x, w, op.ratio, "reference")


def assert_same_with_gradients(op, x, **tolerance):
    inputs = [x, *op.parameters()]
    ours, theirs = op(x), by_formula(op, x)
    torch.testing.assert_close(ours, theirs, **tolerance)
    seed = torch.randn(theirs.shape, generator=rng(7), dtype=x.dtype)
    for one, other in zip(*(torch.autograd.grad(y, inputs, seed) for y in (ours, theirs)), strict=True):
        torch.testing.assert_close(one, other, **tolerance)


@given(
    name=st.sampled_from(["nearest", "bilinear"]),
    n=st.integers(0, 2),
    ratio=st.integers(1, 6),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    layout=st.sampled_from(FORMATS),
)
def test_distances(name, n, ratio, height, width, layout):
    x = torch.randn(n, 3, height, width, generator=rng(), dtype=torch.float64).contiguous(memory_format=layout)
    assert_same_with_gradients(built(name, ratio=ratio), x.requires_grad_())


@given(
    n=st.integers(1, 2),
    ratio=st.integers(1, 4),
    beyond=st.integers(0, 6),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    out_channels=st.integers(1, 4),
    layout=st.sampled_from(FORMATS),
)
def test_deconvolution(n, ratio, beyond, height, width, out_channels, layout):
    """Kernels from r to r + 6, odd and even, wider than the map as well, and ratio 1."""
    op = built("deconvolution", ratio=ratio, out_channels=out_channels, kernel_size=ratio + beyond).double()
    x = torch.randn(n, 3, height, width, generator=rng(), dtype=torch.float64).contiguous(memory_format=layout)
    assert_same_with_gradients(op, x.requires_grad_())


def test_an_empty_batch_has_a_shape():
    assert built("deconvolution", out_channels=5)(torch.zeros(0, 3, 4, 2)).shape == (0, 5, 8, 4)


@pytest.mark.parametrize("name", SHORT)
def test_in_float32_they_differ_by_rounding(name):
    x = torch.randn(2, 16, 9, 7, generator=rng()).requires_grad_()
    assert_same_with_gradients(built(name, 16), x, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("ratio", [41, 47, 55, 61, 64])
def test_nearest_is_right_where_a_rounded_quotient_is_not(ratio):
    """41 · float32(1/41) is less than 1: an index computed so would name the neighbour."""
    x = torch.arange(14.0).view(1, 1, 7, 2)
    repeated = x.repeat_interleave(ratio, 2).repeat_interleave(ratio, 3)
    assert torch.equal(a2u.build("nearest", 1, ratio)(x), repeated)


@pytest.mark.parametrize("name", SHORT)
def test_layout_and_type_are_those_of_the_map(name):
    x = torch.randn(2, 4, 6, 5, generator=rng())
    op = built(name, 4)
    assert op(x.contiguous(memory_format=torch.channels_last)).is_contiguous(memory_format=torch.channels_last)
    for dtype in (torch.bfloat16, torch.float16, torch.float64):
        y = op(x.to(dtype))
        assert y.dtype == dtype
        torch.testing.assert_close(y.float(), op(x), rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("name", ["nearest", "bilinear"])
def test_under_autocast_the_type_stays_that_of_the_map(name):
    for dtype in (torch.float32, torch.bfloat16):
        with torch.autocast("cpu", torch.bfloat16):
            assert built(name)(torch.zeros(1, 3, 2, 2, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize("name", [*SHORT, "bicubic"])
def test_shapes_are_known_without_data_and_nothing_is_stored(name):
    op = built(name)
    assert op.to("meta")(torch.empty(2, 3, 4, 5, device="meta")).shape == (2, 3, 8, 10)
    assert set(op.state_dict()) == ({"weight"} if name == "deconvolution" else set())


@pytest.mark.parametrize("name", [*SHORT, "bicubic"])
def test_one_exported_program_serves_every_size(name):
    op = built(name)
    free = dict.fromkeys((0, 2, 3), torch.export.Dim.AUTO)
    program = torch.export.export(op, (torch.randn(2, 3, 4, 5, generator=rng()),), dynamic_shapes=(free,))
    traced = torch.compile(op, backend="eager", fullgraph=True, dynamic=True)
    for shape in ((2, 3, 4, 5), (3, 3, 7, 6)):
        x = torch.randn(shape, generator=rng(1))
        torch.testing.assert_close(program.module()(x), op(x))
        torch.testing.assert_close(traced(x), op(x))


@pytest.mark.parametrize("name", ["nearest", "bilinear"])
def test_a_path_that_was_asked_for_is_taken(name, monkeypatch):
    op, x = built(name), torch.randn(1, 3, 4, 5, generator=rng())
    asked = []
    whole = formula.reassemble
    monkeypatch.setattr(formula, "reassemble", lambda x, w, r, path: asked.append(path) or whole(x, w, r, path))
    short = op(x)
    assert asked == []
    op.path = "reference"
    torch.testing.assert_close(op(x), short)
    assert asked == ["reference"]
