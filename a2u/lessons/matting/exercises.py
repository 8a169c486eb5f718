"""The exercises of lesson 10, each with a reference made of plain loops and the mistakes that people make."""

import torch
from torch import Tensor

from a2u.lessons.exercises import Exercise, Mistake, Numeric
from a2u.matting.data.trimap import UNKNOWN


def compose_reference(foreground: Tensor, background: Tensor, alpha: Tensor) -> Tensor:
    """I[n, c, i, j] = α[n, i, j]·F[n, c, i, j] + (1 − α[n, i, j])·B[n, c, i, j]."""
    image = torch.zeros_like(foreground)
    for n, colours in enumerate(foreground):
        for c, colour in enumerate(colours):
            for i, j in torch.cartesian_prod(*map(torch.arange, colour.shape)).tolist():
                a = float(alpha[n, i, j])
                image[n, c, i, j] = a * float(colour[i, j]) + (1 - a) * float(background[n, c, i, j])
    return image


def _compose_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, Tensor]:
    height, width = 2 + number % 3, 3 + number % 2
    foreground, background = torch.rand(2, 3, 3, height, width, generator=generator)  # 3 pictures of 3 colours
    return foreground, background, torch.rand(3, height, width, generator=generator)


def sad_reference(pred: Tensor, true: Tensor, trimap: Tensor) -> Tensor:
    """Σ_U |p − g| / 1000 of 8-bit mattes, pixel by pixel."""
    total = 0
    for p, g, known in zip(*(each.flatten().tolist() for each in (pred, true, trimap)), strict=True):
        if known == UNKNOWN:
            total += abs(p - g)
    return torch.tensor(total / 255 / 1000)


def _sad_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, Tensor]:
    shape = 30 + 5 * number, 40
    pred, true = (torch.randint(0, 256, shape, generator=generator).to(torch.uint8) for _ in range(2))
    trimap = torch.tensor([0, UNKNOWN, UNKNOWN, 255], dtype=torch.uint8)[
        torch.randint(0, 4, shape, generator=generator)
    ]
    return pred, true, trimap


def _sad(
    pred: Tensor, true: Tensor, trimap: Tensor, *, where: str = "unknown", power: int = 1, size: bool = True
) -> Tensor:
    """Σ (p − g) of the unknown pixels in [0, 1], to a power, with or without the sign."""
    difference = (pred.double() - true.double()) / 255
    difference = difference.abs() if size else difference
    chosen = {"unknown": trimap == UNKNOWN, "known": trimap != UNKNOWN, "all": trimap >= 0}[where]
    return (difference**power)[chosen].sum()


def loss_reference(
    pred: Tensor, alpha: Tensor, image: Tensor, foreground: Tensor, background: Tensor, trimap: Tensor, epsilon: float
) -> Tensor:
    """½ Σ_U ρ(p − g) / |U| + ½ Σ_U Σ_c ρ(p·F_c + (1 − p)·B_c − I_c) / (3·|U|), pixel by pixel."""
    of_alpha = of_colour = 0.0
    count = 0
    for n, _, i, j in (trimap == UNKNOWN).nonzero().tolist():
        p = float(pred[n, 0, i, j])
        count += 1
        of_alpha += ((p - float(alpha[n, 0, i, j])) ** 2 + epsilon) ** 0.5
        for c in range(3):
            again = p * float(foreground[n, c, i, j]) + (1 - p) * float(background[n, c, i, j])
            of_colour += ((again - float(image[n, c, i, j])) ** 2 + epsilon) ** 0.5
    return torch.tensor(0.5 * of_alpha / count + 0.5 * of_colour / (3 * count))


def _loss_case(generator: torch.Generator, number: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, float]:
    shape = 1 + number % 3, 1, 4, 5
    alpha, pred = torch.rand(shape, generator=generator), torch.rand(shape, generator=generator)
    colours = torch.rand(2, shape[0], 3, *shape[2:], generator=generator)
    foreground, background = colours
    trimap = torch.tensor([0, UNKNOWN, 255], dtype=torch.uint8)[torch.randint(0, 3, shape, generator=generator)]
    image = alpha * foreground + (1 - alpha) * background
    return pred, alpha, image, foreground, background, trimap, (0.04, 0.01, 0.09, 0.04, 0.01)[number]


def _loss(
    pred: Tensor, alpha: Tensor, image: Tensor, foreground: Tensor, background: Tensor, trimap: Tensor, epsilon: float,
    *, rho: str = "", where: str = "unknown", weights: tuple[float, float] = (0.5, 0.5), reduce: str = "mean",
) -> Tensor:  # fmt: skip
    """The loss with one thing done otherwise."""
    kinds = {
        "": lambda d: (d.square() + epsilon).sqrt(),
        "absolute": lambda d: d.abs(),
        "squared": lambda d: d.square() + epsilon,
        "outside": lambda d: d.abs() + epsilon,
    }
    chosen = {"unknown": trimap == UNKNOWN, "known": trimap != UNKNOWN, "all": trimap >= 0}[where].double()
    total = 0.0
    again = pred * foreground + (1 - pred) * background
    for weight, difference in zip(weights, (pred - alpha, again - image), strict=True):
        each = kinds[rho](difference.double()) * chosen
        channels = difference.shape[1]
        size = {
            "mean": chosen.sum() * channels, "sum": 1.0, "pixels": chosen.sum(), "everything": chosen.numel() * channels
        }[reduce]  # fmt: skip
        total = total + weight * each.sum() / size
    return torch.as_tensor(total)


COMPOSE = Exercise(
    "1 · Compose",
    compose_reference,
    _compose_case,
    (
        Mistake("swapped", lambda f, b, a: a[:, None] * b + (1 - a[:, None]) * f,
                "Foreground and background are swapped: where α is 1, the foreground must be seen."),
        Mistake("alpha not broadcast", lambda f, b, a: a * f + (1 - a) * b,
                "Without a channel axis, (3, H, W) is laid along the colours: alpha 0 goes to red, alpha 1 to green. "
                "Torch aligns shapes from the right and says nothing. Give each picture its own: alpha[:, None]."),
        Mistake("background in full", lambda f, b, a: a[:, None] * f + b,
                "The background shines through in full. Only 1 − α of it passes."),
        Mistake("foreground in full", lambda f, b, a: f + (1 - a[:, None]) * b,
                "The foreground is not weighted. (Some programs store α·F, 'premultiplied', and add it like this; "
                "here F is the plain colour.)"),
        Mistake("background forgotten", lambda f, b, a: a[:, None] * f,
                "That is the object over black. Add what the background contributes."),
    ),
)  # fmt: skip

EMPTY = (
    "Your selection is empty. The trimap holds the bytes 0, 128 and 255, so that `trimap == 0.5` or `trimap == 1` "
    "selects nothing. Unknown is trimap == 128."
)

SAD = Numeric(
    "2 · SAD of 8-bit mattes",
    sad_reference,
    _sad_case,
    (
        Mistake("whole image", lambda p, g, t: _sad(p, g, t, where="all") / 1000,
                "You add up the whole image. Only the unknown region counts: trimap == 128."),
        Mistake("known region", lambda p, g, t: _sad(p, g, t, where="known") / 1000,
                "You measure where the trimap already knows. The unknown pixels are those with trimap == 128."),
        Mistake("bytes wrap around",
                lambda p, g, t: (p - g).abs()[t == UNKNOWN].double().sum() / 255 / 1000,
                "3 − 5 is 254 in 8 bits without a sign. Convert with .int() or .float() before you subtract."),
        Mistake("not in [0, 1]", lambda p, g, t: _sad(p, g, t) * 255 / 1000,
                "Alphas are numbers in [0, 1]: divide the bytes by 255."),
        Mistake("not in thousands", _sad,
                "The sum is right. Papers give it in thousands: divide by 1000."),
        Mistake("bytes, not in thousands", lambda p, g, t: _sad(p, g, t) * 255,
                "Both divisions are missing: by 255, which takes bytes to [0, 1], and by 1000."),
        Mistake("empty selection", lambda p, g, t: _sad(p, g, t)[None][:0].sum(), EMPTY),
        Mistake("mean of an empty selection", lambda p, g, t: _sad(p, g, t)[None][:0].mean(), EMPTY),
        Mistake("mean", lambda p, g, t: _sad(p, g, t) / (t == UNKNOWN).sum(),
                "That is the mean over the unknown pixels. SAD is a sum, and grows with the image."),
        Mistake("mean in thousands", lambda p, g, t: _sad(p, g, t) / (t == UNKNOWN).sum() / 1000,
                "You take the mean before you divide by 1000. SAD is a sum: no mean."),
        Mistake("squared", lambda p, g, t: _sad(p, g, t, power=2) / 1000,
                "You square the differences, as MSE does. SAD takes their absolute values."),
        Mistake("no absolute value", lambda p, g, t: _sad(p, g, t, size=False) / 1000,
                "Too much and too little cancel. Take absolute values before you add."),
    ),
)  # fmt: skip

LOSS = Numeric(
    "3 · The loss",
    loss_reference,
    _loss_case,
    (
        Mistake("whole image", lambda *given: _loss(*given, where="all"),
                "You average over the whole image. Count the unknown pixels alone: trimap == 128."),
        Mistake("empty selection", lambda *given: torch.empty(0).mean(), EMPTY),
        Mistake("known pixels as zeros", lambda *given: _loss(*given, reduce="everything"),
                "You set the known pixels to zero and then average over all of them. Divide by the number of unknown "
                "ones."),
        Mistake("known region", lambda *given: _loss(*given, where="known"),
                "You train where the trimap already knows. The unknown pixels are those with trimap == 128."),
        Mistake("sum", lambda *given: _loss(*given, reduce="sum"),
                "You add the errors up. Divide by how many there are, or an image with a wide band weighs more."),
        Mistake("colours added up", lambda *given: _loss(*given, reduce="pixels"),
                "The composition loss is a mean over three colours too: divide by 3·|U|."),
        Mistake("epsilon missing", lambda *given: _loss(*given, rho="absolute"),
                "√(d² + ε), not |d|: ε is missing. It keeps the slope finite where d is 0."),
        Mistake("epsilon outside", lambda *given: _loss(*given, rho="outside"),
                "ε stands outside the root. It belongs under it: √(d² + ε)."),
        Mistake("root missing", lambda *given: _loss(*given, rho="squared"),
                "The root is missing: you have d² + ε, a squared error."),
        Mistake("alpha only", lambda *given: _loss(*given, weights=(1, 0)),
                "That is the alpha loss. The other half compares colours: composed with your alpha, and as they are."),
        Mistake("composition only", lambda *given: _loss(*given, weights=(0, 1)),
                "That is the composition loss. The other half compares the alphas themselves."),
        Mistake("not halved", lambda *given: _loss(*given, weights=(1, 1)),
                "Both losses are there, and each should count half."),
        Mistake("foreground and background swapped",
                lambda p, a, i, f, b, t, e: _loss(p, a, i, b, f, t, e),
                "Foreground and background are swapped in the composition."),
    ),
)  # fmt: skip

ALL = (COMPOSE, SAD, LOSS)
