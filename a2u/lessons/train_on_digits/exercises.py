"""The exercises of lesson 08: a bug hunt, a design task and the training loop, with the mistakes that people make."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.lessons.design import Design, Rule
from a2u.lessons.exercises import Exercise, Mistake, Numeric

BLOCK, CODE = 8, 128  # pixels under one place of the smallest map, per side; its channels where it is narrowest


def psnr_reference(copies: Tensor, images: Tensor) -> Tensor:
    """−20 log₁₀ RMSE over every pixel of every image, with loops: the peak value is 1."""
    total = 0.0
    for c, t in zip(copies.flatten().tolist(), images.flatten().tolist(), strict=True):
        total += (c - t) ** 2
    return torch.tensor(-20 * math.log(math.sqrt(total / images.numel())) / math.log(10))


def code_reference(images: Tensor) -> Tensor:
    """Each pixel of an 8×8 block becomes a channel of its place: (N, 1, H, W) → (N, 128, H/8, W/8), 64 in use."""
    n, _, height, width = images.shape
    code = torch.zeros(n, CODE, height // BLOCK, width // BLOCK)
    for row in range(height):
        for column in range(width):
            channel = BLOCK * (row % BLOCK) + column % BLOCK
            code[:, channel, row // BLOCK, column // BLOCK] = images[:, 0, row, column]
    return code


class Tiny(nn.Sequential):
    """A network of two small convolutions, the same for the same generator; each call of an answer gets a copy."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__(nn.Conv2d(1, 2, 3, padding=1), nn.Tanh(), nn.Conv2d(2, 1, 3, padding=1))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))

    def __repr__(self) -> str:
        return "of two convolutions"


def train_reference(model: nn.Module, batches: Tensor, lr: float) -> Tensor:
    """The ℓ1 loss of each batch before the step on it; the steps by hand, p ← p − lr · ∂loss/∂p."""
    return _trained(model, batches, lr)


def _trained(
    model: nn.Module, batches: Tensor, lr: float, *, clear: bool = True, step: float = 1.0, power: int = 1,
    reduce: str = "mean", after: bool = False,
) -> Tensor:  # fmt: skip
    """The losses of a training with one thing done otherwise."""

    def loss_of(batch: Tensor) -> Tensor:
        error: Tensor = (model(batch) - batch).abs() ** power
        return error.mean() if reduce == "mean" else error.sum()

    losses = []
    parameters = list(model.parameters())
    sums = [torch.zeros_like(p) for p in parameters]
    with torch.enable_grad():
        for batch in batches:
            loss = loss_of(batch)
            found = torch.autograd.grad(loss, parameters)
            sums = [new if clear else old + new for old, new in zip(sums, found, strict=True)]
            with torch.no_grad():
                for p, slope in zip(parameters, sums, strict=True):
                    p.sub_(step * lr * slope)
            losses.append((loss_of(batch) if after else loss).item())
    return torch.tensor(losses)


def _copies(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor]:
    shape = (1 + number, 1, 4 + number, 6)
    images = torch.rand(shape, generator=generator)
    return images + (0.3, 0.1, 0.03, 0.01, 0.2)[number] * torch.randn(shape, generator=generator), images


def _every_pixel(generator: torch.Generator, number: int) -> tuple[Tensor]:
    """An image for every pixel, which alone differs from the grey image before them all."""
    height, width = ((8, 8), (8, 16), (16, 8), (8, 8), (16, 16))[number]
    grey = torch.full((1, 1, height, width), 0.5)
    return (torch.cat([grey, grey + 0.5 * torch.eye(height * width).view(-1, 1, height, width)]),)


def _changes(code: Tensor) -> Tensor:
    """By how much each pixel changes a code: (pixels, 128, h, w)."""
    return code[1:] - code[:1]


def _shape_of_code(code: Tensor, images: Tensor) -> bool:
    n, _, height, width = images.shape
    return code.shape == (n, CODE, height // BLOCK, width // BLOCK)


def _at_its_place(code: Tensor, images: Tensor) -> bool:
    changes, where = _changes(code).abs().amax(1), code_reference(images)
    own = _changes(where).abs().amax(1) > 0  # the place of each pixel
    return bool((changes[~own] < 1e-6).all())


def _training(generator: torch.Generator, number: int) -> tuple[Tiny, Tensor, float]:
    batches = torch.rand(3 + number, 2, 1, 5, 4, generator=generator)
    return Tiny(generator), batches, (0.5, 0.2, 0.8, 0.5, 0.3)[number]


PSNR = Numeric(
    "1 · Find the bug: a PSNR that is too good",
    psnr_reference,
    _copies,
    (
        Mistake("natural logarithm", lambda c, t: -20 * (c - t).square().mean().sqrt().log(),
                "Decibels count powers of ten: log10, not log."),
        Mistake("sign", lambda c, t: 20 * (c - t).square().mean().sqrt().log10(),
                "A smaller error should give a larger PSNR: the sign is missing."),
        Mistake("factor 10 with the root", lambda c, t: -10 * (c - t).square().mean().sqrt().log10(),
                "10 log₁₀ goes with the squared error, 20 log₁₀ with its root. You took the root and the 10."),
        Mistake("mean absolute error", lambda c, t: -20 * (c - t).abs().mean().log10(),
                "That is the mean of |copy − image|. PSNR is made from the mean of squares."),
        Mistake("8 bits", lambda c, t: -20 * ((c - t).square().mean().sqrt() / 255).log10(),
                "Here a pixel goes from 0 to 1, so the peak value is 1, not 255."),
        Mistake("mean over images", lambda c, t: (-10 * (c - t).square().mean((1, 2, 3)).log10()).mean(),
                "You average the PSNRs of the images. Take one mean of squares over all of them, then the logarithm."),
    ),
    given=lambda c, t: -20 * (c - t).square().mean().log10(),
)  # fmt: skip

PACK = Design(
    "2 · Design: a code that loses nothing",
    code_reference,
    _every_pixel,
    (
        Rule("its shape", _shape_of_code,
             "The code has 128 numbers at each place, one place for each 8×8 pixels: (N, 128, H/8, W/8).",
             lambda x: F.avg_pool2d(x, BLOCK)),
        Rule("a pixel changes its own place alone", _at_its_place,
             "A pixel changes the code at another place than that of its 8×8 block. `reshape` keeps numbers, but not "
             "their places; pixel_unshuffle keeps both.",
             lambda x: F.pad(x.reshape(len(x), -1, x.shape[2] // BLOCK, x.shape[3] // BLOCK).flip(-1, -2, -3),
                             (0, 0, 0, 0, 0, CODE - BLOCK**2)) if x.shape[2] * x.shape[3] > BLOCK**2
             else code_reference(x)),
        Rule("no pixel is lost", lambda code, x: int(torch.linalg.matrix_rank(_changes(code).flatten(1))) == len(x) - 1,
             "From this code the image cannot be brought back: the changes that the single pixels make are not "
             "independent. An average mixes them, and a maximum or every eighth pixel drops them.",
             lambda x: F.avg_pool2d(x, BLOCK).expand(-1, CODE, -1, -1)),
    ),
)  # fmt: skip

TRAIN = Exercise(
    "3 · The training loop",
    train_reference,
    _training,
    (
        Mistake("gradients add up", lambda m, b, lr: _trained(m, b, lr, clear=False),
                "The gradients of all batches add up. Clear them for each batch: optimizer.zero_grad()."),
        Mistake("no step", lambda m, b, lr: _trained(m, b, lr, step=0.0),
                "The weights never change. Is optimizer.step() there, and no zero_grad() between backward() and it?"),
        Mistake("uphill", lambda m, b, lr: _trained(m, b, lr, step=-1.0),
                "The loss grows: you go up the slope. Subtract the gradient, or let the optimizer do it."),
        Mistake("squared", lambda m, b, lr: _trained(m, b, lr, power=2),
                "You minimise squares. The ℓ1 loss is the mean of absolute differences."),
        Mistake("sum", lambda m, b, lr: _trained(m, b, lr, reduce="sum"),
                "You add the differences up. The loss is their mean, so that it does not grow with the batch."),
        Mistake("loss after the step", lambda m, b, lr: _trained(m, b, lr, after=True),
                "You note the loss after the step on the same batch. Note the one that you computed the gradient of."),
    ),
)  # fmt: skip

ALL = (PSNR, PACK, TRAIN)
