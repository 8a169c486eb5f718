"""Every method of every operator, and the functions that make kernels, keep the contract of `forward`.

What they are given is right, and then the result is; or it is not, and one A2UError says so. An axis of 0 is right.
"""

import inspect

import pytest
import torch
from every import EVERY, built, maps
from torch import Tensor

from a2u import A2UError, formula
from a2u.operators import Upsampler
from a2u.operators.carafe import carafe_kernel
from a2u.operators.indexnet import down_index, up_index
from a2u.operators.unpooling import max_unpool_kernel

EMPTY = [(0, 6, 10), (2, 0, 10), (2, 6, 0), (0, 0, 0)]
OF_GUIDE = {"encode", "affinity", "logits", "down_kernel", "downsample"}  # methods that take a guide, and no more
OTHERS = {
    *(
        "kernel",
        "cells",
        "weights",
        "offsets",
        "forward",
        "witness",
        "witness_down",
        "upsample",
        "open",
        "whole_guide",
    ),  # of map and guide, or of a place in them
    *("encodings", "combine", "kernel_of", "down_kernel_of"),  # of what other methods of A²U return
    *(
        "check",
        "check_guide",
        "no_kernels",
        "no_cells",
        "no_image_kernels",
        "norms",
        "extra_repr",
    ),  # of shapes, or of nothing
}


def methods(op: Upsampler) -> set[str]:
    ours = {word for each in type(op).__mro__ if each.__module__.startswith("a2u") for word in vars(each)}
    found = inspect.getmembers(type(op), inspect.isfunction)
    return {word for word, _ in found if word in ours and not word.startswith("_")}


def guide_of(op: Upsampler, n: int, height: int, width: int) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(n, op.guide_channels, height, width, generator=rng).requires_grad_()


def results(found: object) -> list[Tensor]:
    return [each for each in (found if isinstance(found, tuple | list) else [found]) if each is not None]


PAIRS = [(name, word) for name in EVERY for word in sorted(OF_GUIDE & methods(built(name)))]
UP_ONLY = {name for name in EVERY if not getattr(built(name), "paired", True)}  # these refuse to go down


def test_no_method_is_left_out():
    for name in EVERY:
        assert methods(built(name)) <= OF_GUIDE | OTHERS, "a new method: say what it takes, and it is tried below"


@pytest.mark.parametrize(("n", "height", "width"), EMPTY)
@pytest.mark.parametrize(
    ("name", "word"), [(name, word) for name, word in PAIRS if not (name in UP_ONLY and "down" in word)]
)
def test_an_axis_of_0_gives_the_shapes_of_other_guides(name, word, n, height, width):
    op = built(name)
    usual = results(getattr(op, word)(guide_of(op, 5, 14, 22)))
    guide = guide_of(op, n, height, width)
    found = results(getattr(op, word)(guide))
    change = {5: n, 14: height, 22: width, 7: height // 2, 11: width // 2}
    assert [tuple(each.shape) for each in found] == [tuple(change.get(s, s) for s in each.shape) for each in usual]
    sum(each.sum() for each in found).backward()
    assert guide.grad is not None


@pytest.mark.parametrize(("name", "word"), PAIRS)
def test_a_wrong_guide_is_refused_as_forward_refuses_it(name, word):
    op = built(name)
    right = guide_of(op, 2, 6, 10).detach()
    wrong = [None, 3, right.tolist(), right.numpy(), right[0], right[:, :-1], right[..., 1:], right.int()]
    wrong += [torch.complex(right, right), right.to_sparse(), *([right.double()] if list(op.parameters()) else [])]
    for guide in wrong:
        with pytest.raises(A2UError) as caught:
            getattr(op, word)(guide)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in EVERY if {"cells", "weights", "offsets"} & methods(built(name))])
def test_what_an_operator_says_of_its_map_is_refused_as_forward_refuses_it(name):
    op = built(name)
    x, guide = maps(op, 2, 6, 10)
    wrong = [None, 3, x.tolist(), x[0], x[:, :-1], x.int(), x.to_sparse()]
    for word in sorted({"cells", "weights", "offsets", "kernel"} & methods(op)):
        call = getattr(op, word)
        for each in wrong:
            with pytest.raises(A2UError) as caught:
                call(each) if word == "offsets" else call(each, guide)
            assert "\n" not in str(caught.value)
        empty = call(x[:0]) if word == "offsets" else call(x[:0], guide[:0])
        assert all(len(part) in (0, 1) for part in results(empty))


@pytest.mark.parametrize("name", [name for name in EVERY if name.startswith("a2u")])
class TestThePartsOfA2U:
    """They are public because the matting network works through a picture tile by tile."""

    def test_together_they_are_the_kernel(self, name):
        op, guide = built(name), guide_of(built(name), 2, 6, 10)
        affinity, mean = op.encode(guide)
        torch.testing.assert_close(op.kernel_of(affinity, mean), op.kernel(None, guide))
        if op.paired:
            torch.testing.assert_close(op.down_kernel_of(affinity, mean), op.down_kernel(guide))

    @pytest.mark.parametrize(("n", "height", "width"), EMPTY)
    def test_an_axis_of_0(self, name, n, height, width):
        op = built(name)
        found = op.encode(guide_of(op, n, height, width))
        k = op.kernel_size
        assert op.kernel_of(*found).shape == (n, 1, k * k, height, width)
        if op.paired:
            assert op.down_kernel_of(*found).shape == (n, 1, 4 * k * k, height // 2, width // 2)

    def test_what_does_not_belong_together_is_refused(self, name):
        op, guide = built(name), guide_of(built(name), 2, 6, 10)
        affinity, mean = op.encode(guide)
        wrong = [(None, mean), (affinity[0], mean), (affinity[:, :0], mean), (torch.cat([affinity] * 2, 1), mean)]
        wrong += [] if op.mode == "static" else [(affinity, None), (affinity, mean[:1]), (affinity, mean[:, :1])]
        for pair in wrong:
            with pytest.raises(A2UError, match=r"Affinities must|Kernels are made of what encode\(\) returns"):
                op.kernel_of(*pair)
        for each in (None, [], [guide], ["a", "b", "c"], [guide, guide, guide]):
            with pytest.raises(A2UError, match=r"combine takes|A response must"):
                op.combine(each)
        if op.u is not None and op.u.dynamic:
            with pytest.raises(A2UError, match="The pooled guide must be"):
                op.encodings(guide, None)
        if not op.paired:
            for call in (lambda: op.down_kernel_of(affinity, mean), lambda: op.down_kernel(guide[:0])):
                with pytest.raises(A2UError, match="built for upsampling only"):
                    call()


# --- the functions that make kernels

SHAPES = {  # of the kernels, from a tensor n c h w and ratio 2
    carafe_kernel: lambda n, c, h, w: (n, 1, c // 4, 2 * h, 2 * w),
    up_index: lambda n, c, h, w: (n, c // 4, 1, 2 * h, 2 * w),
    down_index: lambda n, c, h, w: (n, c // 4, 4, h, w),
    max_unpool_kernel: lambda n, c, h, w: (n, c, 1, h, w),
}


@pytest.mark.parametrize("make", SHAPES)
@pytest.mark.parametrize("shape", [(2, 36, 4, 6), (0, 36, 4, 6), (2, 36, 0, 6), (2, 36, 4, 0), (0, 36, 0, 0)], ids=str)
def test_a_kernel_has_its_shape_with_an_axis_of_0_as_well(make, shape):
    assert make(torch.randn(shape), 2).shape == SHAPES[make](*shape)


@pytest.mark.parametrize("make", SHAPES)
def test_what_no_kernel_can_be_made_of_is_refused(make):
    right = torch.randn(2, 36, 4, 6)
    for wrong in (None, "text", right.tolist(), right[0], right.int(), torch.complex(right, right), right.to_sparse()):
        with pytest.raises(A2UError):
            make(wrong, 2)
    for ratio in (0, -1, 2.0, None, "2", True):
        with pytest.raises(A2UError, match="ratio must be an integer ≥ 1"):
            make(right, ratio)
    with pytest.raises(A2UError, match="that 5 divides" if make is max_unpool_kernel else "a multiple of 25"):
        make(right, 5)


def test_a_path_is_chosen_for_tensors_alone():
    x, w = torch.randn(1, 4, 3, 3), torch.randn(1, 1, 9, 6, 6)
    assert formula.choose_path(x, w) == "tiles"
    for wrong in ((None, w), (x, None), (x[0], w), (x, w[0]), (x.tolist(), w)):
        with pytest.raises(A2UError, match=r"A map must|Kernels must"):
            formula.choose_path(*wrong)
