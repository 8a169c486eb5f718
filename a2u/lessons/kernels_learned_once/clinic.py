"""The checkerboard clinic of lesson 03: two tiny networks, trained in seconds, and three ways to see a checkerboard.

The **decoder** draws a digit of 32×32 pixels from 4×4 block averages, in three stages that each double the size. The
**reader** names the digit, in three stages that each halve the size. What a stage is, the lesson decides: it hands over
a function ``stage(channels, out_channels)`` that makes one. Everything is seeded, and nothing here is larger than it
must be: what these networks show is true of them, after a few steps of training.
"""

import itertools
from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.data import load
from a2u.lessons.frame import Drawing
from a2u.lessons.kernels_learned_once.picture import consultation

SIDE, CODE = 32, 4  # of a digit, and of the map that the decoder begins with
TRAIN, TEST, BATCH = 512, 200, 32
WIDTH = {"decoder": 8, "reader": 16}  # channels between the stages
RATE = {"decoder": 5e-3, "reader": 3e-3}  # learning rate of Adam
SEEDS = (0, 1, 2)

Stage = Callable[[int, int], nn.Module]


@cache
def digits(split: str) -> tuple[Tensor, Tensor]:
    """The first digits of a split, 28×28 in a frame of zeros: float32 Tensor[N, 1, 32, 32] in [0, 1], and labels."""
    number = TRAIN if split == "train" else TEST
    data = load("mnist", split)
    return F.pad(data.images[:number, None].float() / 255, (2, 2, 2, 2)), data.labels[:number]


def blurred(stage: Stage) -> Stage:
    """A stage of either kind with the blur [1, 2, 1]/4 along each axis on its large side; the edge is repeated.

    After a stage that doubles the size, or before one that halves it.
    """

    def made(channels: int, out_channels: int) -> nn.Module:
        inner = stage(channels, out_channels)
        probe = inner(torch.zeros(1, channels, 8, 8))
        return nn.Sequential(inner, Blur()) if probe.shape[-1] > 8 else nn.Sequential(Blur(), inner)

    return made


class Blur(nn.Module):
    """Each channel with [1, 2, 1]/4 along both axes; the edge is repeated."""

    def forward(self, x: Tensor) -> Tensor:
        """Tensor[N, C, H, W] → the same shape."""
        line = x.new_tensor([0.25, 0.5, 0.25])
        kernel = torch.outer(line, line).expand(x.shape[1], 1, 3, 3)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=x.shape[1])


def draw_digits(stage: Stage, seed: int = 0, steps: int = 20) -> Tensor:
    """What a decoder with these stages draws of the test digits after `steps` of training: Tensor[200, 1, 32, 32]."""
    width = WIDTH["decoder"]

    def build() -> nn.Module:
        relu = nn.ReLU()
        return nn.Sequential(stage(1, width), relu, stage(width, width), relu, stage(width, 1))

    def loss(net: nn.Module, images: Tensor, _labels: Tensor) -> Tensor:
        return F.mse_loss(net(F.avg_pool2d(images, SIDE // CODE)), images)

    net = _trained(build, loss, RATE["decoder"], seed, steps)
    with torch.no_grad():
        drawn: Tensor = net(F.avg_pool2d(digits("test")[0], SIDE // CODE))
    return drawn


def read_digits(stage: Stage, seed: int = 0, steps: int = 20) -> tuple[Tensor, float]:
    """A reader with these stages after `steps` of training.

    Returns:
        How strongly its loss depends on each pixel, |∂L/∂x| averaged over the test digits: Tensor[32, 32]; and the
        share of the test digits that it names rightly.
    """
    width = WIDTH["reader"]

    def build() -> nn.Module:
        stages = [stage(1, width), nn.ReLU(), stage(width, width), nn.ReLU(), stage(width, width)]
        return nn.Sequential(*stages, nn.Flatten(), nn.Linear(width * CODE**2, 10))

    def loss(net: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(net(images), labels)

    net = _trained(build, loss, RATE["reader"], seed, steps)
    images, labels = digits("test")
    with torch.enable_grad():
        pixels = images.clone().requires_grad_()
        answers = net(pixels)
        (gradient,) = torch.autograd.grad(F.cross_entropy(answers, labels), pixels)
    right = float((answers.argmax(dim=1) == labels).float().mean())
    return gradient.abs().mean(dim=(0, 1)) * len(images), right


def _trained(
    build: Callable[[], nn.Module], loss: Callable[..., Tensor], rate: float, seed: int, steps: int
) -> nn.Module:
    """A network after `steps` of Adam on random batches; weights and batches follow from the seed alone."""
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        net = build()
        optimiser = torch.optim.Adam(net.parameters(), rate)
        images, labels = digits("train")
        for _ in range(steps):
            chosen = torch.randint(len(images), (BATCH,))
            optimiser.zero_grad()
            loss(net, images[chosen], labels[chosen]).backward()
            optimiser.step()
    return net


# --- three ways to see it


def spectrum(images: Tensor) -> Tensor:
    """The mean energy at each frequency, the mean of each image left out: Tensor[N, 1, H, W] → [H, W], zero first."""
    images = images - images.mean(dim=(2, 3), keepdim=True)
    energy: Tensor = torch.fft.fft2(images).abs().square().mean(dim=(0, 1))
    return energy


def share(images: Tensor, stride: int = 2) -> float:
    """The part of the energy that stands at the frequencies of a pattern with the period `stride`: 0 … 1.

    A pattern that repeats every s pixels has only the frequencies a·H/s down and b·W/s across, 0 ≤ a, b < s; for s = 2
    these are three besides zero: stripes across, stripes down, and the checkerboard.
    """
    energy = spectrum(images)
    height, width = energy.shape
    places = itertools.product(range(0, height, height // stride), range(0, width, width // stride))
    found: float = sum(float(energy[at]) for at in places if at != (0, 0)) / float(energy.sum())
    return found


def phase_ratio(strength: Tensor, stride: int = 2, margin: int = 8) -> float:
    """The largest mean over one phase, divided by the smallest, `margin` pixels away from the border: 1 is even."""
    inside = strength[margin:-margin, margin:-margin]
    means = [inside[a::stride, b::stride].mean() for a in range(stride) for b in range(stride)]
    return float(max(means) / min(means))


def show(drawn: dict[str, Tensor], digit: int = 1) -> Drawing:
    """One digit as each decoder draws it, and below it the spectrum of all that the decoder draws."""
    pictures = {name: images[digit, 0] for name, images in drawn.items()}
    spectra = {name: torch.fft.fftshift(spectrum(images)) for name, images in drawn.items()}
    shares = {name: share(images) for name, images in drawn.items()}
    words = [f"{name:24} energy of the pattern {percent(value)}" for name, value in shares.items()]
    alt = "A digit as decoders draw it, and the spectrum of each below: " + "; ".join(
        f"{name}, {'dots at the edge of the spectrum' if value > 0.005 else 'no dots'}"
        for name, value in shares.items()
    )
    return Drawing(consultation(pictures, spectra), f"{alt}.", "\n".join(words))


def percent(value: float) -> str:
    """A share in words that do not depend on the last bits: "13 %", or "below 0.5 %"."""
    return "below 0.5 %" if value < 0.005 else f"{100 * value:.0f} %"
