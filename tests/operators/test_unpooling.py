"""Max unpooling is that of torch, ties and gradients included."""

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from small_maps import maps, seeded


@given(st.integers(1, 4), st.integers(0, 50))
def test_max_unpool2d(ratio, seed):
    x, guide = maps(ratio=ratio, seed=seed)
    guide = guide.round(decimals=0)  # many ties: the first maximum counts, as in torch
    pooled, index = F.max_pool2d(guide, ratio, return_indices=True)
    op = seeded("max_unpool", ratio=ratio)
    torch.testing.assert_close(op(x, guide), F.max_unpool2d(x, index, ratio))
    torch.testing.assert_close(op.downsample(guide), pooled)


def test_gradients_of_torch():
    x, guide = (t.requires_grad_() for t in maps())
    _, index = F.max_pool2d(guide, 2, return_indices=True)
    (ours,) = torch.autograd.grad(seeded("max_unpool")(x, guide).sin().sum(), x)
    torch.testing.assert_close(ours, torch.autograd.grad(F.max_unpool2d(x, index, 2).sin().sum(), x)[0])
