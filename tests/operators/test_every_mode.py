"""Every operator in anyone's hands: modes of torch, the meta device, empty maps, and input that does not fit."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from every import EVERY, built, card_of, channels_of, side
from every import maps as fitting

import a2u
from a2u import A2UError
from a2u.operators import UniversalUpsampler

LINEAR = ["nearest", "bilinear", "bicubic", "deconvolution", "pixel_shuffle"]


def seeded(name, ratio=2):
    return built(name, ratio)


def maps(name, n=2, height=3, width=5, ratio=2, dtype=torch.float32):
    return fitting(built(name, ratio), n, height, width, dtype)


def goes_down(op):
    return getattr(op, "paired", hasattr(op, "downsample"))


# --- the meta device


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("ratio", [2, 3])
def test_built_without_values_and_loaded_it_is_the_same_operator(name, ratio):
    """As large models are loaded: nothing that the values depend on may be missing from the checkpoint."""
    op = seeded(name, ratio)
    with torch.device("meta"):
        other = seeded(name, ratio)
    other = other.to_empty(device="cpu")
    for tensor in (*other.parameters(), *other.buffers()):
        tensor.data.fill_(7)
    other.load_state_dict(op.state_dict(), assign=False)
    x, guide = maps(name, ratio=ratio)
    assert torch.equal(other(x, guide), op(x, guide))
    if goes_down(op):
        assert torch.equal(other.downsample(guide), op.downsample(guide))


@pytest.mark.parametrize("name", EVERY)
def test_on_the_meta_device_there_are_shapes(name):
    with torch.device("meta"):
        op = seeded(name)
    x, guide = (each.to("meta") for each in maps(name))
    assert op(x, guide).shape == (*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])


# --- modes


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", EVERY)
def test_trains_under_autocast(name, dtype):
    """Forward, backward and twice; the result has the map's dtype, but for convolutions, which autocast lowers."""
    op = seeded(name)
    x, guide = (each.requires_grad_() for each in maps(name))
    expected = op(x, guide)
    with torch.autocast("cpu", dtype):
        for _ in range(2):
            y = op(x, guide)
        assert y.dtype == (dtype if isinstance(op, UniversalUpsampler) else torch.float32)
        down = op.downsample(guide).sum() if goes_down(op) else 0
    (y.float().square().sum() + down).backward()
    torch.testing.assert_close(y.float(), expected, atol=0.1, rtol=0.1)
    assert all(p.grad.dtype == torch.float32 and bool(p.grad.isfinite().all()) for p in op.parameters())
    assert x.grad.dtype == torch.float32


@pytest.mark.parametrize("name", LINEAR[:3])
def test_interpolation_is_exact_under_autocast(name):
    x, _ = maps(name)
    with torch.autocast("cpu", torch.bfloat16):
        y = seeded(name)(x)
    assert torch.equal(y, seeded(name)(x))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["bilinear", "bicubic"])
@pytest.mark.parametrize("ratio", [2, 3, 5])
def test_interpolation_of_half_precision_rounds_once(name, dtype, ratio):
    """Its weights are float32, so they sum to 1 and a constant stays what it is."""
    op = seeded(name, ratio)
    x, _ = maps(name, dtype=dtype)
    torch.testing.assert_close(op(x), op(x.double()).to(dtype), rtol=torch.finfo(dtype).eps, atol=1e-4)
    constant = torch.full_like(x, 0.7)
    assert torch.equal(op(constant), torch.full_like(op(x), 0.7))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("default", [torch.float64, torch.bfloat16])
def test_the_default_dtype_changes_no_result(name, default):
    op, (x, guide) = seeded(name), maps(name)
    expected = op(x, guide)
    torch.set_default_dtype(default)
    try:
        assert torch.equal(op(x, guide), expected)
        assert seeded(name)(*(each.to(default) for each in (x, guide))).dtype == default
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", EVERY)
def test_inference_and_determinism(name):
    op, (x, guide) = seeded(name), maps(name)
    with torch.inference_mode():
        y = op(x, guide)
    torch.use_deterministic_algorithms(True)
    try:
        z = op(x.requires_grad_(), guide.requires_grad_())
        z.sum().backward()
    finally:
        torch.use_deterministic_algorithms(False)
    assert torch.equal(y, z)


# --- empty maps


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(("n", "height", "width"), [(0, 3, 5), (2, 0, 5), (2, 3, 0), (0, 0, 0)])
def test_an_axis_of_0_gives_an_empty_result_and_zeros_as_gradients(name, n, height, width):
    op, c = seeded(name).train(), channels_of(name)
    height, width = side(op, height), side(op, width)
    state = {key: value.clone() for key, value in op.state_dict().items()}
    x, guide = (each.requires_grad_() for each in maps(name, n, height, width))
    y = op(x, guide)
    assert y.shape == (n, c, 2 * height, 2 * width)
    kernel = op.kernel(x, guide)
    if not isinstance(op, UniversalUpsampler):
        assert kernel.shape[0] in (1, n)
        assert kernel.shape[-2:] == (2 * height, 2 * width)
    total = y.sum()
    if goes_down(op):
        down = op.downsample(guide)
        assert down.shape == x.shape
        total = total + down.sum()
    total.backward()
    assert all(p.grad is not None and not bool(p.grad.any()) for p in op.parameters())
    assert x.grad.shape == x.shape
    assert all(torch.equal(value, state[key]) for key, value in op.state_dict().items())


def test_a_batch_of_one_position_has_its_group_norm():
    """torch refuses one value a group in a batch of 1 only; a batch equals its samples here as well."""
    op = seeded("a2u:dynamic-cs-d-norm", 1)
    x, guide = maps("a2u:dynamic-cs-d-norm", n=2, height=1, width=1, ratio=1)
    torch.testing.assert_close(op(x[:1], guide[:1]), op(x, guide)[:1])


# --- what does not fit


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool])
@pytest.mark.parametrize("name", EVERY)
def test_whole_numbers_are_refused_alike(name, dtype):
    op, (x, guide) = seeded(name), maps(name)
    with pytest.raises(A2UError, match=rf"must hold floating-point.* got torch\.{str(dtype)[6:]}\. .*float"):
        op(x.to(dtype), guide.to(dtype))


@pytest.mark.parametrize("name", LINEAR)
def test_complex_maps_and_their_gradients(name):
    op, (x, _) = seeded(name).to(torch.complex128), maps(name, n=1, height=2, width=2)
    x = torch.complex(x, x.flip(-1)).to(torch.complex128)
    torch.testing.assert_close(op(x).real + 0, op(x.real.to(x.dtype)).real)  # real weights keep the parts apart
    assert torch.autograd.gradcheck(op, x.requires_grad_())


@pytest.mark.parametrize("name", [name for name in EVERY if card_of(name).family == "feature"])
def test_kernels_made_from_complex_features_are_refused(name):
    op, (x, guide) = seeded(name), maps(name)
    x = torch.complex(x, x)
    with pytest.raises(A2UError, match=r"must hold floating-point numbers, got torch\.complex64"):
        op(x, torch.complex(guide, guide))
    if card_of(name).needs_guide and card_of(name).linear_in_x:  # a complex map beside a real guide is another matter
        torch.testing.assert_close(op(x, guide).real, op(x.real, guide))


X, GUIDE = maps("a2u")
MIXED = {
    "double map": (lambda: seeded("carafe")(X.double()), "one dtype and device, got torch.float32 on cpu and torch.f"),
    "double guide": (lambda: seeded("a2u")(X, GUIDE.double()), "torch.float32 on cpu and torch.float64 on cpu"),
    "half operator": (lambda: seeded("indexnet").half()(X, GUIDE), r"op\.to\(x\)"),
    "operator elsewhere": (lambda: seeded("carafe").to("meta")(X), "on meta and"),
    "weights elsewhere": (lambda: seeded("deconvolution").to("meta")(X), "on meta and a map"),
    "guide elsewhere": (lambda: seeded("max_unpool")(X, GUIDE.to("meta")), "one device, got cpu and meta"),
    "a list": (lambda: seeded("bilinear")(X.tolist()), "built for maps .*, got list"),
    "nothing": (lambda: seeded("bilinear")(None), "built for maps .*, got none"),
    "a sparse map": (lambda: seeded("bilinear")(X.to_sparse()), "dense tensor, got the layout torch.sparse_coo"),
    "an array as guide": (lambda: seeded("a2u")(X, GUIDE.numpy()), "needs a guide.* got ndarray"),
    "kernel without guide": (lambda: seeded("indexnet").kernel(X), "needs a guide"),
    "kernel of a small guide": (lambda: seeded("a2u").kernel(None, GUIDE[:, :2]), r"guides \(N, 4, rH, rW\), got"),
    "down, odd": (lambda: seeded("max_unpool").downsample(GUIDE[..., 1:]), "that 2 divides, got 6×9"),
    "down, rank": (lambda: seeded("a2u:dynamic-cs-d").downsample(GUIDE[0]), r"four axes .* Add a batch axis"),
    "path": (lambda: path_of("bilinear", None)(X), "Unknown path None"),
    "path of down": (lambda: path_of("indexnet", "tils").downsample(GUIDE), "Did you mean 'tiles'"),
    "bool channels": (lambda: a2u.build("nearest", True), "channels must be an integer ≥ 1, got True"),
    "float channels": (lambda: a2u.build("nearest", 4.0), "integer ≥ 1, got 4.0"),
    "no name": (lambda: a2u.build(None, 4), "Unknown operator 'None'"),
    "switch": (lambda: a2u.build("a2u", 4, paired="yes"), "paired is a switch: True or False, got 'yes'"),
    "switch of IndexNet": (lambda: a2u.build("indexnet", 4, context=1), "context is a switch"),
    "size in words": (lambda: a2u.build("carafe", 4, kernel_size="5"), "kernel_size must be an integer ≥ 1, got '5'"),
    "mode": (lambda: a2u.build("a2u", 4, mode=None), "Unknown mode None"),
    "order": (lambda: a2u.build("a2u", 4, order=True), "order is 2"),
    "a place of words": (lambda: seeded("nearest").witness(X, at="abcd"), "at names one output value"),
}


def path_of(name, path):
    op = seeded(name)
    op.path = path
    return op


@pytest.mark.parametrize("case", MIXED)
def test_what_does_not_fit_gets_one_clear_message(case):
    call, message = MIXED[case]
    with pytest.raises(A2UError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_are_numbers():
    op = a2u.build("a2u", np.int64(4), np.int32(2), rank=np.int64(1), guide_channels=np.uint8(4))
    assert all(type(each) is int for each in (op.channels, op.ratio, op.rank, op.guide_channels))
    assert op(X, GUIDE).shape == (2, 4, 6, 10)
    t = seeded("bilinear").witness(X, at=tuple(np.array([0, 1, 2, 3])))
    assert float(t.value) == pytest.approx(float(F.interpolate(X, scale_factor=2.0, mode="bilinear")[0, 1, 2, 3]))


@pytest.mark.parametrize("name", ["dysample", "sapa", "fade", "naf", "lda_aqu", "featup"])
def test_an_operator_exports_with_its_values(name):
    """One of each kind: points, windows, a tap on the guide, listed cells, points with attention, a folded filter."""
    op, (x, guide) = seeded(name), maps(name, 1)
    program = torch.export.export(op, (x, guide))
    torch.testing.assert_close(program.module()(x, guide), op(x, guide), rtol=1e-4, atol=1e-5)
