"""Figure 3: the matting network, drawn from the module itself. Nothing is said that a forward pass did not show."""

from typing import Any

import torch
from torch import Tensor, nn

from a2u.lessons.frame import Drawing
from a2u.lessons.matting.framework_picture import Map, Up, framework
from a2u.matting.network.network import MattingNet
from a2u.matting.rows import build, row
from a2u.operators import Upsampler

SIZE = 32  # of the image that walks through the network


def walk(net: MattingNet) -> dict[str, tuple[int, ...]]:
    """The shape (C, H, W) of what each module of the network makes of a 32×32 image, by the module's name."""
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Any:
        def hook(module: nn.Module, given: tuple[Tensor, ...], result: Any) -> None:
            if isinstance(result, Tensor):
                shapes[name] = tuple(result.shape[1:])

        return hook

    hooks = [module.register_forward_hook(note(name)) for name, module in net.named_modules() if name]
    try:
        net.features(torch.zeros(1, 3, SIZE, SIZE), torch.zeros(1, 1, SIZE, SIZE, dtype=torch.uint8))
    finally:
        for hook in hooks:
            hook.remove()
    return shapes


def level(shape: tuple[int, ...]) -> int:
    """How many times a map of this shape has been halved."""
    return (SIZE // shape[1]).bit_length() - 1


def figure_3(name: str = "dynamic-cs-d-norm") -> Drawing:
    """The network of a row of Table 2: maps, channels, skips, guides, and what goes up and down."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = build(name)
    met = walk(net)
    features = net.features(torch.zeros(1, 3, SIZE, SIZE), torch.zeros(1, 1, SIZE, SIZE, dtype=torch.uint8))
    stages = {"stage 1": "encoder.stage1.2", "stage 2": "encoder.stage2.3", "stage 3": "encoder.stage3.3"}
    stem = met["encoder.stem"]
    encoder = [Map("image, trimap", net.encoder.stem.conv.in_channels, 0), Map("stem, halved", stem[0], 1)]
    encoder += [Map(title, met[where][0], level(met[where])) for title, where in stages.items()]
    bottom = Map("ASPP", met["aspp"][0], level(met["aspp"]))
    ups, decoder = [], []
    for number, feature in enumerate(features):
        operator = net.ups[number]
        assert isinstance(operator, Upsampler)
        with torch.no_grad():
            taps = operator.kernel(feature.before, feature.guide).shape[2]
            down = operator.down_kernel(feature.guide).shape[2] if net.paired else None  # type: ignore[operator]
        shape = met[f"decoder.{number}"]
        ups.append(Up(level(shape), feature.after.shape[1], feature.guide.shape[1], taps, down))
        decoder.append(Map("blocks", shape[0], level(shape)))
    found = row(name)
    count = sum(p.numel() for p in net.parameters())
    blocks = sum(len(stage) for stage in (net.encoder.stage1, net.encoder.stage2, net.encoder.stage3))
    guided = all(isinstance(up, Upsampler) and up.card.needs_guide for up in net.ups)
    fig = framework(
        f"The matting network with {found.title}",
        f"{count:,} parameters; encoder: {blocks} residual blocks of ResNet-34; numbers in boxes are channels",
        encoder, bottom, ups, decoder, Map("alpha", met["head"][0], level(met["head"])), guided,
    )  # fmt: skip
    alt = (
        f"The matting network as a U with {found.title}: an encoder of {', '.join(str(m.channels) for m in encoder)} "
        f"channels goes down to 1/16 of the size, an ASPP of {bottom.channels} channels joins it to a decoder that "
        f"upsamples four times maps of {', '.join(str(up.channels) for up in ups)} channels, adds a skip each time and "
        f"ends with {decoder[-1].channels} channels, from which a head makes alpha; {count:,} parameters."
    )
    return Drawing(fig, alt)
