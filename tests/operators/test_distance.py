"""Nearest, bilinear and bicubic are those of torch, to 1e-6 (float64 here: far better)."""

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from small_maps import maps, seeded


@given(st.sampled_from(["nearest", "bilinear", "bicubic"]), st.integers(1, 5), st.integers(1, 9), st.integers(1, 9))
def test_interpolate(name, ratio, height, width):
    x, _ = maps(height=height, width=width)
    expected = F.interpolate(x, scale_factor=ratio, mode=name)
    torch.testing.assert_close(seeded(name, ratio=ratio)(x), expected, atol=1e-6, rtol=1e-6)


def test_gradients_of_torch():
    x = maps()[0].requires_grad_()
    (ours,) = torch.autograd.grad(seeded("bicubic")(x).sin().sum(), x)
    theirs = F.interpolate(x, scale_factor=2, mode="bicubic")
    torch.testing.assert_close(ours, torch.autograd.grad(theirs.sin().sum(), x)[0])
