"""The exercises of lesson 10: a bug hunt, a design task and the loss, with the mistakes that people make."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.lessons.design import Design, Rule
from a2u.lessons.exercises import Mistake, Numeric
from a2u.matting.data.trimap import FOREGROUND, UNKNOWN


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


def trimap_reference(alpha: Tensor) -> Tensor:
    """Unknown is every pixel with a neighbour, itself among the nine, that is neither 0 nor 1 or differs from it."""
    rows, columns = alpha.shape
    out = torch.full(alpha.shape, UNKNOWN, dtype=torch.uint8)
    for i in range(rows):
        for j in range(columns):
            around = alpha[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
            if around.amin() == around.amax() and float(alpha[i, j]) in (0.0, 1.0):
                out[i, j] = FOREGROUND * int(alpha[i, j])
    return out


def _trimap_case(generator: torch.Generator, number: int) -> tuple[Tensor]:
    """A blob with a soft rim, some of them cut by the border; what is 0 or 1 is exactly so."""
    size = 18 + 2 * number
    row, column = torch.meshgrid(torch.arange(size), torch.arange(size + 3), indexing="ij")
    centre = size * (0.2 + 0.6 * torch.rand(2, generator=generator))
    radius = size * 0.3 + number % 2
    away = radius - torch.hypot(row - centre[0], column - centre[1])
    return ((away / (1 + number % 3) + 0.5).clamp(0, 1),)


def _sides(alpha: Tensor) -> list[Tensor]:
    """Alpha, and alpha moved by one pixel to each of the four sides; the border repeats."""
    padded = F.pad(alpha[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    height, width = alpha.shape
    return [padded[a : a + height, b : b + width] for a, b in ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))]


def _true_of(trimap: Tensor, alpha: Tensor) -> bool:
    """Does the trimap claim nothing that is wrong of this alpha?"""
    claims = trimap.round()
    return bool((alpha[claims == FOREGROUND] == 1).all() and (alpha[claims == 0] == 0).all())


def _sure(alpha: Tensor, away: int) -> Tensor:
    """Pixels around which everything is 1, or everything 0, up to `away` pixels in both directions."""
    wide = 2 * away + 1
    padded = F.pad(alpha[None, None], (away,) * 4, mode="replicate")
    low, high = -F.max_pool2d(-padded, wide, 1)[0, 0], F.max_pool2d(padded, wide, 1)[0, 0]
    return (low == 1) | (high == 0)


def _eroded(alpha: Tensor, away: int) -> Tensor:
    """The trimap that calls known what is sure up to `away` pixels."""
    known = alpha.double() * FOREGROUND
    return torch.where(_sure(alpha, away), known, torch.full_like(known, UNKNOWN)).to(torch.uint8)


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


def _loss_per_image(*given: Any) -> Tensor:
    """The mean over images of each one's own loss."""
    *maps, epsilon = given
    images = [[*one, epsilon] for one in zip(*(each.split(1) for each in maps), strict=True)]
    return torch.stack([_loss(*one) for one in images]).mean()


EMPTY = (
    "Your selection is empty. The trimap holds the bytes 0, 128 and 255, so that `trimap == 0.5` or `trimap == 1` "
    "selects nothing. Unknown is trimap == 128."
)

SAD = Numeric(
    "1 · Find the bug: a SAD that is too large",
    sad_reference,
    _sad_case,
    (
        Mistake("whole image", lambda p, g, t: _sad(p, g, t, where="all") / 1000,
                "You add up the whole image. Only the unknown region counts: trimap == 128."),
        Mistake("known region", lambda p, g, t: _sad(p, g, t, where="known") / 1000,
                "You measure where alpha is already known. The unknown pixels are those with trimap == 128."),
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
    given=lambda p, g, t: ((p - g).abs() / 255)[t == UNKNOWN].sum() / 1000,
)  # fmt: skip

TRIMAP = Design(
    "2 · Design: a trimap that survives a shift",
    trimap_reference,
    _trimap_case,
    (
        Rule("one value per pixel", lambda t, a: t.shape == a.shape,
             "A trimap has the height and the width of alpha, and no other axis.",
             lambda a: _eroded(a, 1)[None]),
        Rule("only 0, 128 and 255",
             lambda t, a: set(t.round().unique().tolist()) <= {0, UNKNOWN, FOREGROUND} and bool((t % 1).max() < 1e-3),
             "A trimap holds three bytes: 0, 128 and 255. (0, ½ and 1 are not bytes.)",
             lambda a: torch.where(_sure(a, 1), a, torch.full_like(a, 0.5))),
        Rule("what it claims is true", _true_of,
             "Somewhere it says 255 where alpha is below 1, or 0 where alpha is above 0. A threshold does so: mixed "
             "pixels have to stay unknown.",
             lambda a: ((a > 0.5) * FOREGROUND).to(torch.uint8)),
        Rule("what it claims stays true after a shift", lambda t, a: all(_true_of(t, each) for each in _sides(a)),
             "When alpha moved by one pixel to a side, a claim became wrong. Leave a margin: a pixel is sure "
             "only if its neighbours are.",
             lambda a: _eroded(a, 0)),
        Rule("not lazy", lambda t, a: bool((t.round()[_sure(a, 3)] != UNKNOWN).all()),
             "It leaves too much unknown: pixels with only 0, or only 1, within three pixels of them.",
             lambda a: torch.full(a.shape, UNKNOWN, dtype=torch.uint8)),
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
                "You train where alpha is already known. The unknown pixels are those with trimap == 128."),
        Mistake("sum", lambda *given: _loss(*given, reduce="sum"),
                "You add the errors up. Divide by how many there are, or a batch with wide bands counts for more."),
        Mistake("mean per image", _loss_per_image,
                "You take the mean of each image, and then the mean over images. |U| counts the unknown pixels of the "
                "whole batch: an image with more of them counts for more."),
        Mistake("colours added up", lambda *given: _loss(*given, reduce="pixels"),
                "The composition loss is a mean over three colours too: divide by 3·|U|."),
        Mistake("epsilon missing", lambda *given: _loss(*given, rho="absolute"),
                "√(d² + ε), not |d|: ε is missing. It keeps the slope finite where d is 0."),
        Mistake("epsilon outside", lambda *given: _loss(*given, rho="outside"),
                "ε stands outside the root. It belongs under it: √(d² + ε)."),
        Mistake("root missing", lambda *given: _loss(*given, rho="squared"),
                "The root is missing: you have d² + ε, a squared error."),
        Mistake("alpha only", lambda *given: _loss(*given, weights=(1, 0)),
                "That is the alpha loss. The other half compares the image with one composed by your alpha."),
        Mistake("composition only", lambda *given: _loss(*given, weights=(0, 1)),
                "That is the composition loss. The other half compares the alphas themselves."),
        Mistake("not halved", lambda *given: _loss(*given, weights=(1, 1)),
                "Both losses are there, and each should count half."),
        Mistake("foreground and background swapped",
                lambda p, a, i, f, b, t, e: _loss(p, a, i, b, f, t, e),
                "Foreground and background are swapped in the composition."),
    ),
)  # fmt: skip

ALL = (SAD, TRIMAP, LOSS)
