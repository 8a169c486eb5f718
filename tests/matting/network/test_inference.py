"""Large images: the same alpha in tiles, from maps that are never whole."""

import pytest
import torch
from every import options_of
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from a2u import operators
from a2u.errors import A2UError
from a2u.matting.network.inference import predict_large
from a2u.matting.network.network import MattingNet
from a2u.matting.network.pieces import Box, local, tiles, whole
from a2u.matting.rows import ROWS, build

NARROW = 1 / 16


def pair(height: int, width: int, dtype=torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(3, height, width, generator=generator, dtype=dtype)
    return image, torch.full((1, height, width), 128, dtype=torch.uint8)


def settled(net: MattingNet, height: int, width: int) -> MattingNet:
    """Norms that have seen an image, and a head whose alphas lie about 0.5, so that clipping hides nothing."""
    net = net.double().train()
    image, trimap = pair(height, width)
    seen = []
    net.head.reduce.conv.register_forward_hook(lambda module, args, result: seen.append(result))
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        net(torch.stack([image, image.flip(2)]), torch.stack([trimap, trimap]))
        net.eval()(image[None], trimap[None])
        norm = net.head.reduce.norm
        norm.running_mean.fill_(seen[-1].mean())
        norm.running_var.fill_(seen[-1].var())
        norm.bias.fill_(3)
        net.head.alpha.weight.fill_(1 / 54)
    return net


def check(net: MattingNet, height: int, width: int, tile: int) -> None:
    net = settled(net, height, width)
    image, trimap = pair(height, width)
    whole_alpha = net.predict(image, trimap)
    inside = (whole_alpha > 0) & (whole_alpha < 1)
    assert inside.double().mean() > 0.5  # the comparison means something
    alpha, peak = predict_large(net, image, trimap, tile=tile)
    assert alpha.shape == (1, height, width)
    assert torch.allclose(alpha, whole_alpha, rtol=0, atol=1e-9)
    assert isinstance(peak, int)


@pytest.mark.parametrize("name", ROWS)
def test_tiles_equal_the_whole_for_every_row(name):
    torch.manual_seed(0)
    check(build(name, NARROW), 70, 100, tile=32)


@pytest.mark.parametrize("name", sorted(set(operators.names()) - {"nearest", "bilinear", "carafe", "indexnet"}))
def test_tiles_equal_the_whole_for_every_operator(name):
    torch.manual_seed(0)
    check(MattingNet(name, NARROW, **options_of(name)), 64, 48, tile=16)


@pytest.mark.parametrize("options", [
    {"kernel_size": 5, "encoder_kernel": 6}, {"kernel_size": 1, "rank": 2}, {"order": 1}, {"u_sigmoid": True},
    {"pointwise": True, "paired": True, "mode": "hybrid"},
], ids=str)  # fmt: skip
def test_tiles_equal_the_whole_for_options_of_a2u(options):
    torch.manual_seed(0)
    check(MattingNet("a2u", NARROW, **options), 64, 80, tile=32)


def test_known_pixels_and_batches():
    torch.manual_seed(0)
    net = settled(MattingNet("bilinear", NARROW), 20, 36)
    image, trimap = pair(20, 36)
    trimap[:, :10] = 255
    images, trimaps = torch.stack([image, image.flip(1)]), torch.stack([trimap, trimap.flip(1)])
    alpha, _ = predict_large(net, images, trimaps, tile=16)
    assert torch.allclose(alpha, net.predict(images, trimaps), atol=1e-9)
    assert (alpha[0, :, :10] == 1).all()


class Largest(TorchDispatchMode):
    """The most values that any tensor had that an operation made."""

    values = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        own = [t for t in tree_leaves(result) if isinstance(t, torch.Tensor) and t._base is None]
        self.values = max([self.values, *(t.numel() for t in own)])
        return result


@pytest.mark.parametrize("name", ["bilinear", "indexnet", "dynamic-cs-d"])
def test_no_map_of_full_size_and_many_channels_is_ever_made(name):
    torch.manual_seed(0)
    net = build(name, 0.25).eval()  # 16 channels at full size
    image, trimap = pair(160, 160, torch.float32)
    sizes = {}
    for way, predict in {"whole": net.predict, "tiles": lambda *a: predict_large(net, *a, tile=32)}.items():
        with Largest() as seen:
            predict(image, trimap)
        sizes[way] = seen.values
    assert sizes["whole"] >= 16 * 160 * 160
    assert sizes["tiles"] < 16 * 160 * 160 / 2  # what a tile sees around it is large beside so small an image


def test_the_tile_must_fit_the_stride():
    net = MattingNet("nearest", NARROW)
    with pytest.raises(A2UError, match="a multiple of 16, got 100"):
        predict_large(net, *pair(16, 16), tile=100)


def test_tiles_cover_a_map_once():
    seen = torch.zeros(21, 34)
    for box in tiles((21, 34), 8):
        box.of(seen).add_(1)
    assert (seen == 1).all()


def test_a_local_operation_is_exact_in_any_box():
    torch.manual_seed(0)
    x, convolution = torch.randn(1, 2, 12, 9, dtype=torch.float64), torch.nn.Conv2d(2, 3, 5, padding=2).double()
    source = local(convolution, 2, whole(x))
    for box in (Box(0, 0, 12, 9), Box(3, 2, 7, 9), Box(11, 8, 12, 9)):
        assert torch.allclose(source.region(box), box.of(convolution(x)))
