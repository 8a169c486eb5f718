"""Deconvolution and pixel shuffle are those of torch; phases that begin alike begin as interpolation."""

import math

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from small_maps import maps, seeded


@given(st.integers(2, 4), st.integers(1, 7), st.integers(1, 5), st.integers(1, 6))
def test_conv_transpose2d(ratio, size, height, width):
    if size < ratio:
        size = ratio
    x, _ = maps(height=height, width=width)
    op = seeded("deconvolution", ratio=ratio, out_channels=3, kernel_size=size)
    padding = math.ceil((size - ratio) / 2)
    expected = F.conv_transpose2d(x, op.weight, stride=ratio, padding=padding, output_padding=(size - ratio) % 2)
    torch.testing.assert_close(op(x), expected)


@given(st.integers(1, 4), st.sampled_from([1, 3, 5]))
def test_pixel_shuffle(ratio, size):
    x, _ = maps()
    op = seeded("pixel_shuffle", ratio=ratio, out_channels=3, kernel_size=size)
    torch.testing.assert_close(op(x), F.pixel_shuffle(F.conv2d(x, op.weight, padding=size // 2), ratio))


def test_phases_alike_begin_as_interpolation():
    x, _ = maps(height=6, width=7)
    op = seeded("deconvolution", out_channels=3, phases="alike")
    mixture = op.weight.detach().sum((2, 3)).T / 4  # the triangle sums to 2 along an axis
    smooth = F.interpolate(torch.einsum("oc,nchw->nohw", mixture, x), scale_factor=2, mode="bilinear")
    inner = (..., slice(1, -1), slice(1, -1))  # zeros lie outside the map, where bilinear repeats its border
    torch.testing.assert_close(op(x)[inner], smooth[inner])
    op = seeded("pixel_shuffle", out_channels=3, phases="alike")
    coarse = F.conv2d(x, op.weight[::4], padding=1)
    torch.testing.assert_close(op(x), F.interpolate(coarse, scale_factor=2, mode="nearest"))
    assert not torch.equal(seeded("pixel_shuffle").weight[0], seeded("pixel_shuffle").weight[1])
