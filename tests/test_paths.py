"""All paths under every mode of torch: the same values, gradients and dtypes, called once or twice."""

import contextlib
import itertools
import math

import pytest
import torch
from torch import nn

from a2u import paths
from a2u.formula import reassemble, reduce, universal

EAGER = ("reference", "shift", "tiles")
HALF = (torch.float16, torch.bfloat16)


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def deterministic():
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


MODES = {
    "autocast to bfloat16": lambda: torch.autocast("cpu", torch.bfloat16),
    "autocast to float16": lambda: torch.autocast("cpu", torch.float16),
    "default float64": lambda: default_dtype(torch.float64),
    "default float16": lambda: default_dtype(torch.float16),
    "default bfloat16": lambda: default_dtype(torch.bfloat16),
    "deterministic": deterministic,
}


def maps(dtype=torch.float32, k=3, groups=1, batch=2):
    rng = torch.Generator().manual_seed(k)
    x = torch.randn(2, 8, 6, 4, generator=rng, dtype=torch.float64)
    up = torch.randn(batch, groups, k * k, 12, 8, generator=rng, dtype=torch.float64)
    down = torch.randn(batch, groups, k * k, 3, 2, generator=rng, dtype=torch.float64)
    return x.to(dtype), up.to(dtype), down.to(dtype)


def everything(function, x, w, path):
    """Value, first and second derivatives of one call."""
    x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
    y = function(x, w, 2, path)
    seed = (torch.arange(y.numel(), dtype=torch.float64) % 17 / 8 - 1).view_as(y).to(y.dtype)  # exact in every dtype
    plain = torch.autograd.grad(y, (x, w), seed, retain_graph=True)
    first = torch.autograd.grad(y, (x, w), seed, create_graph=True)
    second = torch.autograd.grad(first[0].square().sum() + first[1].square().sum(), (x, w))
    return y.detach(), *plain, *(each.detach() for each in first), *second


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("path", EAGER)
def test_no_mode_changes_the_products(mode, path):
    """To the bit, backward and double backward within the mode or after it."""
    for function, k in itertools.product((reassemble, reduce), (1, 3)):
        x, up, down = maps(k=k)
        w = up if function is reassemble else down
        expected = everything(function, x, w, path)
        with MODES[mode]():
            for _ in range(2):
                for a, b in zip(everything(function, x, w, path), expected, strict=True):
                    assert a.dtype == b.dtype
                    assert torch.equal(a, b)
            y = function(x, leaf := w.clone().requires_grad_(), 2, path)
        (after,) = torch.autograd.grad(y.sum(), leaf)
        assert torch.equal(after, torch.autograd.grad(function(x, leaf, 2, path).sum(), leaf)[0])


@pytest.mark.parametrize("path", EAGER)
@pytest.mark.parametrize("frozen", [torch.no_grad, torch.inference_mode])
def test_without_gradients(path, frozen):
    x, up, down = maps()
    with frozen():
        assert torch.equal(reassemble(x, up, 2, path), reassemble(x, up, 2, path))
        low = reduce(x, down, 2, path)
    torch.testing.assert_close(low, reduce(x, down, 2, "reference"))
    everything(reassemble, x, up, path)  # nothing of the inference above gets in the way of a gradient


@pytest.mark.parametrize("mode", ["autocast to bfloat16", "default float16", "deterministic"])
@pytest.mark.parametrize(("k", "groups", "batch"), [(1, 1, 2), (3, 1, 2), (3, 8, 1), (4, 2, 1)])
def test_half_precision_adds_up_in_float32_and_rounds_once(mode, k, groups, batch):
    for path, dtype in itertools.product(("auto", *EAGER), HALF):
        rounds_once(mode, path, dtype, *maps(dtype, k, groups, batch))


def rounds_once(mode, path, dtype, x, up, down):
    for function, w in ((reassemble, up), (reduce, down)):
        exact = everything(function, x.float(), w.float(), "reference")[:3]
        with MODES[mode]():
            found = everything(function, x, w, path)[:3]
        for a, b in zip(found, exact, strict=True):
            assert a.dtype == dtype
            one_rounding = torch.finfo(dtype).eps / 2 * b.abs() + 1e-5
            assert bool(((a.float() - b).abs() <= one_rounding).all())


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("path", ["auto", *EAGER])
def test_kernels_may_stay_float32_beside_half_precision(dtype, path):
    x, up, _ = maps()
    x = x.to(dtype)
    expected = reassemble(x.float(), up, 2, "reference").to(dtype)
    torch.testing.assert_close(reassemble(x, up, 2, path), expected, rtol=torch.finfo(dtype).eps, atol=1e-6)


@pytest.mark.parametrize("path", ["auto", "reference"])
@pytest.mark.parametrize("dtype", HALF)
def test_autocast_lowers_universal_kernels_as_convolutions(path, dtype):
    x, w = maps()[0], torch.randn(12, 72, generator=torch.Generator().manual_seed(0), requires_grad=True)
    with torch.autocast("cpu", dtype):
        y = universal(x, w, 2, path)
    assert y.dtype == dtype
    torch.testing.assert_close(y.float(), universal(x, w, 2), atol=0.3, rtol=0.02)
    y.float().sum().backward()
    assert w.grad.dtype == torch.float32


@pytest.mark.parametrize("path", ["auto", "shift", "tiles", "compiled"])
def test_transforms_of_torch_func(path):
    x, w, _ = maps(torch.float64)
    mapped = torch.func.vmap(lambda a, b: reassemble(a[None], b[None], 2, path)[0])(x, w)
    torch.testing.assert_close(mapped, reassemble(x, w, 2))
    ours, theirs = (torch.func.grad(lambda a, p=p: reassemble(a, w, 2, p).sin().sum())(x) for p in (path, "reference"))
    torch.testing.assert_close(ours, theirs)
    value, slope = torch.func.jvp(lambda a: reassemble(a, w, 2, path), (x,), (x,))
    torch.testing.assert_close(value, slope)  # the formula is linear in z


@pytest.mark.parametrize("mode", ["autocast to bfloat16", "default float64", "deterministic"])
@pytest.mark.parametrize("path", ["auto", "tiles"])
def test_a_compiled_caller(mode, path):
    torch._dynamo.reset()  # it counts what other tests compiled
    x, w, _ = maps()
    traced = torch.compile(lambda a, b: reassemble(a, b, 2, path), backend="eager", fullgraph=True)
    with MODES[mode]():
        torch.testing.assert_close(traced(x, w), reassemble(x, w, 2, "reference"))


def test_export_under_autocast_and_with_a_batch_of_any_size():
    class Up(nn.Module):
        def forward(self, x, w):
            return reassemble(x, w, 2)

    x, w, _ = maps()
    batch = torch.export.Dim("batch", min=2, max=64)
    with torch.autocast("cpu", torch.bfloat16):
        program = torch.export.export(Up(), (x, w), dynamic_shapes=({0: batch}, {0: batch}))
    for each in (x, torch.cat([x, x, x])):
        kernels = w.repeat(len(each) // 2, 1, 1, 1, 1)
        torch.testing.assert_close(program.module()(each, kernels), reassemble(each, kernels, 2, "reference"))


@pytest.mark.parametrize("ratio", [40, 41, 47, 55, 83])
def test_every_ratio_of_single_products_is_exact(ratio):
    """Where torch's nearest neighbour takes the wrong value: float32(1/41) · 41 is less than 1."""
    x = torch.arange(1.0, 61).view(1, 1, 1, 60)
    w = torch.ones(1, 1, 1, ratio, 60 * ratio)
    expected = x.repeat_interleave(ratio, -1).repeat_interleave(ratio, -2)
    for path in EAGER:
        assert torch.equal(reassemble(x, w, ratio, path), expected)


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_single_products_of_complex_maps_repeat_each_value_in_its_block(ratio):
    x = torch.complex(*torch.arange(48.0).view(2, 2, 2, 2, 3))
    w = torch.full((2, 1, 1, 2 * ratio, 3 * ratio), 2j)
    expected = 2j * x.repeat_interleave(ratio, -1).repeat_interleave(ratio, -2)
    for path in EAGER:
        assert torch.equal(reassemble(x, w, ratio, path), expected)


@pytest.mark.parametrize("dtype", [torch.float32, *HALF])
@pytest.mark.parametrize(("height", "size", "start"), [(12, 4, 1), (9, 5, 2), (8, 2, 0)])
def test_a_convolution_whose_result_is_one_column_is_right(dtype, height, size, start):
    rng = torch.Generator().manual_seed(0)
    x, weight = torch.randn(2, 6, height, 2, generator=rng), torch.randn(8, 6, size, size, generator=rng) / 10
    x, weight = x.to(dtype), weight.to(dtype)
    wide = paths.two_columns(x, 2)
    assert wide.shape[-1] == 4
    y = nn.functional.conv2d(wide, weight, stride=2, padding=start)[..., :1]
    exact = nn.functional.conv2d(x.double(), weight.double(), stride=2, padding=start)[..., :1]
    torch.testing.assert_close(y.double(), exact, atol=4 * torch.finfo(dtype).eps, rtol=torch.finfo(dtype).eps)
    assert paths.two_columns(wide, 2) is wide


# --- layouts


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 1, 4, 5), (2, 3, 1, 5), (2, 3, 4, 1), (1, 8, 1, 1), (3, 2, 2, 2)])
def test_the_layout_is_what_torch_says(shape):
    x = torch.arange(float(math.prod(shape))).view(shape)
    for each in (x, x.contiguous(memory_format=torch.channels_last), x.transpose(2, 3), x.transpose(1, 3)):
        assert paths.channels_last(each) == each.is_contiguous(memory_format=torch.channels_last)
        moved = paths.to_channels_last(each)
        assert torch.equal(moved, each)
        assert paths.channels_last(moved)


@pytest.mark.parametrize(("size", "step", "phases"), [(3, 1, 2), (5, 1, 3), (4, 2, 1), (1, 2, 1)])
def test_a_map_is_padded_by_what_its_windows_need_and_no_more(monkeypatch, size, step, phases):
    padded = []
    original = paths.pad_channels_last
    monkeypatch.setattr(paths, "pad_channels_last", lambda *given: padded.append(original(*given)) or padded[-1])
    h, w = 3, 4
    kernels = torch.ones(1, 1, size**2, h * phases, w * phases)
    paths.shift(torch.ones(1, 2, h * step, w * step), kernels, size, step, phases)
    assert [tuple(each.shape[1:3]) for each in padded] == [((h - 1) * step + size, (w - 1) * step + size)]


# --- what torch is doing with a call


def test_whether_autocast_is_on():
    cpu = torch.device("cpu")
    assert not paths.autocasts(cpu)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert paths.autocasts(cpu)
        with torch.autocast("cpu", enabled=False):
            assert not paths.autocasts(cpu)
        with paths.without_autocast(cpu):
            assert not paths.autocasts(cpu)
    assert not paths.autocasts(torch.device("meta"))
    x, w = torch.ones(1, 1, 2, 2, dtype=torch.bfloat16), torch.ones(4, 9, dtype=torch.bfloat16)
    assert universal(x, w, 2, "reference").dtype == torch.bfloat16


def test_which_tensors_have_values_to_look_at():
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.utils._python_dispatch import TorchDispatchMode

    class Watching(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            return function(*args, **(kwargs or {}))

    x = torch.ones(2)
    assert paths.concrete(x)
    assert paths.concrete(nn.Parameter(x))
    assert not paths.concrete(x.to("meta"))
    with Watching():
        assert not paths.concrete(x), "who watches records what is done"
    with FakeTensorMode() as mode:
        assert not paths.concrete(mode.from_tensor(x))
    seen = []
    torch.func.vmap(lambda row: (seen.append(paths.concrete(row)), row)[1])(torch.ones(2, 2))
    assert seen == [False]
