"""Any target size: the rule, torch's values where torch has them, and a witness for every operator."""

import pytest
import torch
import torch.nn.functional as F
from every import EVERY, built, maps, side
from hypothesis import given
from hypothesis import strategies as st

import a2u
from a2u import A2UError
from a2u.operators import card, names

GUIDED = [name for name in names() if card(name).guided_by == "encoder map"]


def sized(name, ratio, cut_rows, cut_columns, dtype=torch.float64):
    """An operator, a map, a guide of the target's size, and a target that is some rows and columns smaller."""
    op = built(name, ratio).to(dtype)
    x, guide = maps(op, 2, 4, 3, dtype)
    size = x.shape[2] * ratio - cut_rows, x.shape[3] * ratio - cut_columns
    return op, x, guide, size


@pytest.mark.parametrize("name", EVERY)
def test_every_value_of_any_size_is_wtz(name):
    """The beginning of the whole map, and sizes that are read from it bilinearly, smaller and larger."""
    for cut in ((1, 0), (3, 4), (-2, 1)):
        op, x, guide, size = sized(name, 2, *cut)
        beside = F.interpolate(guide, size, mode="bilinear")
        y = op(x, beside, size=size)
        assert y.shape == (2, getattr(op, "out_channels", op.channels), *size)
        for at in ((0, 0, 0, 0), (1, 3, size[0] - 1, size[1] - 1), (0, 2, size[0] // 2, size[1] // 2)):
            t = op.witness(x, beside, at=at, size=size)
            torch.testing.assert_close(t.value, y[at], msg=f"{name} {size} {at}")
            assert t.at == at
            assert len(t.where.unique(dim=0)) == len(t.where) or (t.source == 1).any()


@pytest.mark.parametrize("name", EVERY)
def test_r_times_the_size_is_what_is_made_without_a_size(name):
    op, x, guide, size = sized(name, 2, 0, 0)
    torch.testing.assert_close(op(x, guide, size=size), op(x, guide), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", sorted({*names()} - {"nearest", "bilinear", "bicubic"}))
def test_up_to_r_values_less_are_the_beginning_of_the_whole_map(name):
    """65 of 33: the guide repeats its last row and column, the result leaves them out again."""
    for ratio in (2, 3):
        op, x, guide, size = sized(name, ratio, ratio - 1, 1)
        beside = guide[..., : size[0], : size[1]]
        whole = F.pad(beside, (0, 1, 0, ratio - 1), mode="replicate")
        torch.testing.assert_close(op(x, beside, size=size), op(x, whole)[..., : size[0], : size[1]])


@given(st.data())
def test_distance_operators_follow_torch_at_every_size(data):
    name = data.draw(st.sampled_from(("nearest", "bilinear", "bicubic")))
    sides = st.integers(1, 9)
    x = torch.randn(1, 2, data.draw(sides), data.draw(sides), dtype=torch.float64)
    size = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30))
    aligned = {} if name == "nearest" else {"align_corners": data.draw(st.booleans())}
    op = a2u.build(name, 2, data.draw(st.integers(1, 4)), **aligned)
    expected = F.interpolate(x, size, mode=name, **aligned)
    for op.path in ("auto", "reference"):
        torch.testing.assert_close(op(x, size=size), expected)
    at = (0, 1, size[0] - 1, size[1] // 2)
    torch.testing.assert_close(op.witness(x, at=at, size=size).value, expected[at])


@pytest.mark.parametrize("ratio", [1, 2, 3, 5])
def test_aligned_corners_at_a_ratio(ratio):
    for name in ("bilinear", "bicubic"):
        for height, width in ((1, 2), (4, 3), (7, 1)):
            x = torch.randn(2, 3, height, width, dtype=torch.float64)
            op = a2u.build(name, 3, ratio, align_corners=True)
            expected = F.interpolate(x, scale_factor=float(ratio), mode=name, align_corners=True)
            for op.path in ("auto", "reference", "shift", "tiles"):
                torch.testing.assert_close(op(x), expected)
            at = (1, 2, height * ratio - 1, width * ratio // 2)
            torch.testing.assert_close(op.witness(x, at=at).value, expected[at])


def test_a_deconvolution_makes_what_torch_makes_with_output_size():
    for kernel, ratio, target in ((3, 2, 9), (5, 2, 9), (4, 3, 14)):
        op = a2u.build("deconvolution", 3, ratio, kernel_size=kernel).double()
        x = torch.randn(1, 3, 5, 5, dtype=torch.float64)
        padding = -(-(kernel - ratio) // 2)
        torchs = torch.nn.ConvTranspose2d(3, 3, kernel, ratio, padding, bias=False).double()
        torchs.weight.data = op.weight.data
        torch.testing.assert_close(op(x, size=(target, target)), torchs(x, output_size=(target, target)))


def test_max_unpooling_of_an_odd_map_is_torchs():
    guide = torch.randn(1, 4, 7, 5)
    pooled, index = F.max_pool2d(guide, 2, ceil_mode=True, return_indices=True)
    op = a2u.build("max_unpool", 4)
    expected = F.max_unpool2d(pooled, index, 2, output_size=(7, 5))
    torch.testing.assert_close(op(pooled, guide, size=(7, 5)), expected)


def test_gradients_reach_map_guide_and_weights():
    for name in ("a2u:dynamic-cw", "sapa", "fade"):
        op, x, guide, size = sized(name, 2, 1, 3)
        x.requires_grad_(), (beside := guide[..., : size[0], : size[1]].contiguous()).requires_grad_()
        for target in (size, (3, 5)):
            seen = beside if target == size else F.interpolate(beside, target, mode="bilinear")
            found = torch.autograd.grad(op(x, seen, size=target).square().sum(), [x, beside, *op.parameters()])
            assert all(each.abs().sum() > 0 for each in found), name


def test_autocast_half_precision_and_layout_keep_the_size():
    for name in ("bilinear", "dysample", "carafe", "a2u"):
        op = built(name)
        x, guide = maps(op, 1, 4, 4)
        size = (7, 5)
        beside = guide[..., :7, :5]
        with torch.autocast("cpu", torch.bfloat16):
            assert op(x, beside, size=size).shape[2:] == size
        y = op.half()(x.half(), beside.half(), size=size)
        assert (y.shape[2:], y.dtype) == (size, torch.float16)
    y = built("bilinear")(x.to(memory_format=torch.channels_last), size=(9, 9))
    assert y.is_contiguous(memory_format=torch.channels_last)


X, GUIDE = torch.zeros(2, 4, 5, 3), torch.zeros(2, 4, 9, 5)
BAD = {
    "one number": (lambda: a2u.build("carafe", 4)(X, size=9), r"two integers, rows and columns.*got 9"),
    "three numbers": (lambda: a2u.build("carafe", 4)(X, size=(9, 5, 1)), r"two integers.*got \(9, 5, 1\)"),
    "a word": (lambda: a2u.build("carafe", 4)(X, size="95"), "two integers.*got '95'"),
    "zero": (
        lambda: a2u.build("nearest", 4)(X, size=(9, 0)),
        "columns of the target size must be an integer ≥ 1, got 0",
    ),
    "a fraction": (lambda: a2u.build("nearest", 4)(X, size=(9.5, 5)), "rows of the target size.*got 9.5"),
    "guide": (lambda: a2u.build("a2u", 4)(X, GUIDE, size=(9, 6)), r"guide of the size that it makes, 9×6, got"),
    "no guide": (lambda: a2u.build("a2u", 4)(X, size=(9, 5)), "needs a guide"),
    "no rows": (lambda: a2u.build("carafe", 4)(X[:, :, :0], size=(9, 5)), "without rows or columns"),
    "no map": (lambda: a2u.build("carafe", 4)(None, size=(9, 5)), "A map"),
    "place": (lambda: a2u.build("carafe", 4).witness(X, at=(0, 0, 9, 0), size=(9, 5)), r"\(2, 4, 9, 5\), got"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_message(what):
    call, message = BAD[what]
    with pytest.raises(A2UError, match=message):
        call()


def test_no_samples_and_one_row():
    for name in ("bilinear", "carafe", "dysample", *GUIDED):
        op, x, guide, size = sized(name, 2, 1, 1)
        assert op(x[:0], guide[:0, :, : size[0], : size[1]], size=size).shape == (0, x.shape[1], *size)
        assert side(op, 1) >= 1
