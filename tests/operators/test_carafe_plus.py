"""CARAFE++ on the way down against nested loops, and on the way up as CARAFE."""

import itertools

import torch

import a2u


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(channels=2, ratio=2, **options):
    op = a2u.build("carafe_plus", channels, ratio, **options).double().eval()
    with torch.no_grad():
        for p in op.parameters():
            p.copy_(torch.randn(p.shape, generator=rng(p.numel()), dtype=torch.float64))
    return op


def test_nested_loops_going_down():
    for ratio in (2, 3):
        op = drawn(ratio=ratio, down_kernel_size=3)
        guide = torch.randn(1, 2, 2 * ratio, 3 * ratio, generator=rng(), dtype=torch.float64)
        compressed = torch.einsum("oc,chw->ohw", op.down_compress.weight[:, :, 0, 0], guide[0])
        compressed = compressed + op.down_compress.bias[:, None, None]
        expected = torch.zeros(1, 2, 2, 3, dtype=guide.dtype)
        for i, j in itertools.product(range(2), range(3)):
            logits, values = op.down_encode.bias.clone(), []
            for a, b in itertools.product(range(3), repeat=2):
                row, column = ratio * i + a - 1, ratio * j + b - 1
                inside = 0 <= row < 2 * ratio and 0 <= column < 3 * ratio
                values.append(guide[0, :, row, column] if inside else guide.new_zeros(2))
                if inside:
                    logits = logits + op.down_encode.weight[:, :, a, b] @ compressed[:, row, column]
            expected[0, :, i, j] = logits.softmax(0) @ torch.stack(values)
        torch.testing.assert_close(op.downsample(guide), expected)


def test_gradients_and_the_way_up_of_carafe():
    op = drawn(down_kernel_size=3, kernel_size=3, compressed=3)
    guide = torch.randn(1, 2, 4, 4, generator=rng(), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(op.downsample, guide)
    carafe = a2u.build("carafe", 2, kernel_size=3, compressed=3).double()
    carafe.load_state_dict({key: value for key, value in op.state_dict().items() if not key.startswith("down")})
    torch.testing.assert_close(carafe(guide), op(guide))


def test_counts_of_the_way_down():
    for channels, expected in (((64,), 4_665), ((64, 64, 128, 256), 22_756)):
        ops = [a2u.build("carafe_plus", c) for c in channels]
        assert sum(p.numel() for op in ops for name, p in op.named_parameters() if name.startswith("down")) == expected


def test_the_map_that_goes_down_may_have_other_channels():
    op = drawn(guide_channels=3)
    assert op.downsample(torch.zeros(1, 3, 4, 6, dtype=torch.float64)).shape == (1, 3, 2, 3)
    assert op(torch.zeros(1, 2, 4, 6, dtype=torch.float64)).shape == (1, 2, 8, 12)
