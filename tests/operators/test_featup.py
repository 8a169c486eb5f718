"""One stage of FeatUp against its two steps: interpolate, then filter each pixel."""

import itertools

import pytest
import torch
import torch.nn.functional as F

import a2u
from a2u import A2UError


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(channels=3, ratio=2, **options):
    op = a2u.build("featup", channels, ratio, **options).double().eval()
    with torch.no_grad():
        for p in op.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=rng(p.numel()), dtype=torch.float64))
    return op


def maps(n=1, channels=3, height=3, width=4, ratio=2):
    x = torch.randn(n, channels, height, width, generator=rng(1), dtype=torch.float64)
    return x, torch.rand(n, 3, height * ratio, width * ratio, generator=rng(2), dtype=torch.float64)


@pytest.mark.parametrize(("ratio", "radius", "fixup"), [(2, 3, True), (2, 3, False), (3, 2, True), (1, 1, False)])
def test_interpolate_then_filter(ratio, radius, fixup):
    """Nested loops over the pixels and their neighbours, reflected at the borders."""
    x, image = maps(ratio=ratio)
    op, side = drawn(ratio=ratio, radius=radius, fixup=fixup), 2 * radius + 1
    guess = F.interpolate(x, scale_factor=ratio, mode="bicubic")[0]
    height, width = guess.shape[1:]
    first, _, second = op.project
    seen = F.gelu(torch.einsum("oc,chw->ohw", first.weight[:, :, 0, 0], image[0]) + first.bias[:, None, None])
    seen = torch.einsum("oc,chw->ohw", second.weight[:, :, 0, 0], seen) + second.bias[:, None, None]
    line = torch.linspace(-1, 1, side, dtype=x.dtype)
    expected = torch.zeros_like(guess)
    for i, j in itertools.product(range(height), range(width)):
        near = [(abs(i + a), abs(j + b)) for a in range(-radius, radius + 1) for b in range(-radius, radius + 1)]
        near = [(min(a, 2 * (height - 1) - a), min(b, 2 * (width - 1) - b)) for a, b in near]
        scores = torch.stack([seen[:, i, j] @ seen[:, a, b] for a, b in near])
        kernel = (op.log_scale.exp() * scores).softmax(0)
        kernel = kernel * torch.exp(-(line[:, None] ** 2 + line**2).flatten() / (2 * op.sigma**2))
        kernel = kernel / kernel.sum()
        if fixup:
            inner, _, outer = op.fixup
            hidden = F.gelu(inner.weight[:, :, 0, 0] @ torch.cat([kernel, image[0, :, i, j]]) + inner.bias)
            kernel = kernel + 0.1 * (outer.weight[:, :, 0, 0] @ hidden + outer.bias)
        expected[:, i, j] = sum(w * guess[:, a, b] for w, (a, b) in zip(kernel, near, strict=True))
    torch.testing.assert_close(op(x, image)[0], expected)


def test_gradients_reach_map_image_and_every_parameter():
    x, image = (each.requires_grad_() for each in maps(channels=1, height=2, width=2))
    op = drawn(1, radius=1)
    assert torch.autograd.gradcheck(op, (x, image))
    op(x, image).sin().sum().backward()
    assert [name for name, p in op.named_parameters() if not p.grad.any()] == []


def test_without_the_correction_weights_sum_to_1_and_with_it_they_do_not():
    x, image = maps(2, height=6, width=6)
    torch.testing.assert_close(drawn(fixup=False).kernel(x, image).sum(2), torch.ones(2, 1, 12, 12, dtype=x.dtype))
    sums = drawn().kernel(x, image).sum(2)
    assert float((sums - 1).detach().abs().max()) > 0.05
    assert float(drawn().kernel(x, image).detach().min()) < 0


def test_it_is_additive_in_the_map_and_its_kernel_has_49_taps_at_ratio_2():
    x, image = maps(2, height=6, width=6)
    op, other = drawn(), torch.randn(2, 3, 6, 6, generator=rng(3), dtype=torch.float64)
    torch.testing.assert_close(op(x + other, image), op(x, image) + op(other, image))
    assert op.kernel(x, image).shape == (2, 1, 49, 12, 12)
    torch.testing.assert_close(op.kernel(x.flip(1), image), op.kernel(x, image))


def test_counts():
    for channels in (8, 64):
        assert sum(p.numel() for p in a2u.build("featup", channels).parameters()) == 6_233
    t = 25
    assert sum(p.numel() for p in a2u.build("featup", 8, radius=2).parameters()) == 1_186 + (t + 3) * t + t + t * t + t


def test_bad_input_gets_one_clear_message():
    x, image = maps(height=1, width=4)
    with pytest.raises(A2UError, match=r"FeatUp stage looks at a neighbourhood .* at least 2×2 values, got 1×4"):
        drawn()(x, image)
    with pytest.raises(A2UError, match="radius must be an integer ≥ 1, got 0"):
        a2u.build("featup", 4, radius=0)
