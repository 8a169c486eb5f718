"""IndexNet against nested loops: linear and nonlinear, with and without context, up and down."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from small_maps import maps, seeded


@pytest.mark.parametrize("kind", ["holistic", "depthwise-o2o", "depthwise-m2o"])
@pytest.mark.parametrize("context", [False, True])
def test_linear_indices_by_nested_loops(kind, context):
    x, guide = maps(n=1, height=3, width=2)
    op = seeded("indexnet", kind=kind, context=context)
    k, start = (4, 1) if context else (2, 0)
    padded = F.pad(guide, (k, k, k, k))
    expected = torch.zeros(1, 4, 6, 4, dtype=x.dtype)
    for c, i, j in itertools.product(range(4), range(6), range(4)):
        phase = (i % 2) * 2 + j % 2
        row = phase if kind == "holistic" else c * 4 + phase
        top, left = 2 * (i // 2) - start + k, 2 * (j // 2) - start + k
        seen = padded[0, c : c + 1] if kind == "depthwise-o2o" else padded[0]
        index = (op.index.weight[row] * seen[:, top : top + k, left : left + k]).sum().sigmoid()
        expected[0, c, i, j] = index * x[0, c, i // 2, j // 2]
    torch.testing.assert_close(op(x, guide), expected)


@pytest.mark.parametrize("kind", ["holistic", "depthwise-o2o", "depthwise-m2o"])
def test_nonlinear_blocks_one_phase_at_a_time(kind):
    """The r² blocks run side by side as groups; taken apart, each is conv, norm, ReLU6, conv."""
    x, guide = maps()
    op = seeded("indexnet", kind=kind, nonlinear=True)
    first, norm, _, last = op.index
    with torch.no_grad():
        norm.running_mean.uniform_(-0.2, 0.2), norm.running_var.uniform_(0.5, 2)
    hidden = F.conv2d(guide, first.weight, stride=2, padding=1, groups=first.groups)
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt())[:, None, None]
    hidden = ((hidden - norm.running_mean[:, None, None]) * scale + norm.bias[:, None, None]).clamp(0, 6)
    logits = torch.zeros(2, 1 if kind == "holistic" else 4, 4, 5, 3, dtype=x.dtype)  # N G phase H W
    w = last.weight[:, :, 0, 0]
    for phase in range(4):
        if kind == "holistic":
            logits[:, 0, phase] = torch.einsum("h,nhij->nij", w[phase], hidden)
        elif kind == "depthwise-m2o":
            block = hidden[:, phase * 8 : phase * 8 + 8]
            logits[:, :, phase] = torch.einsum("ch,nhij->ncij", w[phase * 4 : phase * 4 + 4], block)
        else:
            for c in range(4):
                pair = hidden[:, (c * 4 + phase) * 2 : (c * 4 + phase) * 2 + 2]
                logits[:, c, phase] = torch.einsum("h,nhij->nij", w[c * 4 + phase], pair)
    torch.testing.assert_close(op.logits(guide), logits.flatten(1, 2))


def test_index_pooling_is_a_weighted_mean_of_each_block():
    _, guide = maps()
    op = seeded("indexnet:holistic")
    w = op.down_kernel(guide)
    torch.testing.assert_close(w.sum(2), torch.ones(2, 1, 5, 3, dtype=guide.dtype))
    blocks = guide.unflatten(2, (5, 2)).unflatten(4, (3, 2)).permute(0, 1, 3, 5, 2, 4).flatten(2, 3)
    torch.testing.assert_close(op.downsample(guide), (w * blocks).sum(2))
