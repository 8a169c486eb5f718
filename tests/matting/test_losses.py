"""The matting loss, against its definition pixel by pixel."""

import math

import pytest
import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.matting.losses import alpha_loss, composition_loss, matting_loss


def batch(n: int = 2, height: int = 5, width: int = 7, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def random(channels: int) -> Tensor:
        return torch.rand(n, channels, height, width, generator=generator, dtype=torch.float64)

    alpha, foreground, background = random(1), random(3), random(3)
    return {
        "pred": random(1) * 1.4 - 0.2,  # a network's output may leave [0, 1]
        "alpha": alpha,
        "image": alpha * foreground + (1 - alpha) * background,
        "foreground": foreground,
        "background": background,
        "trimap": torch.tensor([0, 128, 255], dtype=torch.uint8)[torch.randint(0, 3, alpha.shape, generator=generator)],
    }


def slow_losses(given: dict[str, Tensor]) -> tuple[float, float]:
    alphas, colours = [], []
    for n, _, i, j in torch.nonzero(given["trimap"] == 128).tolist():
        p = float(given["pred"][n, 0, i, j])
        alphas.append(math.sqrt((p - float(given["alpha"][n, 0, i, j])) ** 2 + 1e-12))
        for c in range(3):
            f, b, colour = (float(given[name][n, c, i, j]) for name in ("foreground", "background", "image"))
            colours.append(math.sqrt((p * f + (1 - p) * b - colour) ** 2 + 1e-12))
    return sum(alphas) / len(alphas), sum(colours) / len(colours)


def of_composition(given: dict[str, Tensor]) -> Tensor:
    return composition_loss(*(given[name] for name in ("pred", "image", "foreground", "background", "trimap")))


@pytest.mark.parametrize(("n", "height", "width"), [(1, 1, 9), (2, 5, 7), (3, 8, 1)])
def test_both_losses_are_those_of_the_definition(n: int, height: int, width: int) -> None:
    given = batch(n, height, width)
    by_alpha, by_colour = slow_losses(given)
    assert alpha_loss(given["pred"], given["alpha"], given["trimap"]).item() == pytest.approx(by_alpha, rel=1e-12)
    assert of_composition(given).item() == pytest.approx(by_colour, rel=1e-12)
    assert matting_loss(**given).item() == pytest.approx((by_alpha + by_colour) / 2, rel=1e-12)


def test_the_truth_costs_nothing_but_the_smoothing() -> None:
    given = batch()
    given["pred"] = given["alpha"].clone()
    assert matting_loss(**given).item() == pytest.approx(1e-6, rel=1e-3)


def test_a_unit_error_costs_one() -> None:
    ones, zeros = torch.ones(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    white, black = ones.expand(1, 3, 4, 4), zeros.expand(1, 3, 4, 4)
    unknown = torch.full((1, 1, 4, 4), 128, dtype=torch.uint8)
    assert alpha_loss(ones, zeros, unknown).item() == pytest.approx(1)
    assert composition_loss(ones, black, white, black, unknown).item() == pytest.approx(1)
    assert composition_loss(ones, black, black, black, unknown).item() == pytest.approx(1e-6)  # F = B: any alpha fits


def test_images_weigh_as_much_as_their_unknown_region() -> None:
    """One pixel unknown in the first image, three in the second: the mean is over four pixels, not over two images."""
    pred, alpha = torch.zeros(2, 1, 2, 2), torch.zeros(2, 1, 2, 2)
    pred[0, 0, 0, 0] = 1.0
    trimap = torch.full((2, 1, 2, 2), 128, dtype=torch.uint8)
    trimap[0, 0, 0, 1] = trimap[0, 0, 1, 0] = trimap[0, 0, 1, 1] = 255
    trimap[1, 0, 1, 1] = 0
    assert alpha_loss(pred, alpha, trimap).item() == pytest.approx(1 / 4, abs=1e-5)


def test_known_pixels_neither_count_nor_learn() -> None:
    given = batch()
    given["pred"].requires_grad_()
    (slope,) = torch.autograd.grad(matting_loss(**given), given["pred"])
    known = given["trimap"] != 128
    assert bool((slope[known] == 0).all())
    assert bool((slope[~known] != 0).all())
    wrong = torch.where(known, given["pred"] + 0.5, given["pred"])
    torch.testing.assert_close(matting_loss(**(given | {"pred": wrong})), matting_loss(**given), rtol=0, atol=0)


@pytest.mark.parametrize("known", [0, 255])
def test_without_unknown_pixels_loss_and_gradient_are_zero(known: int) -> None:
    given = batch()
    given["trimap"] = torch.full_like(given["trimap"], known)
    given["pred"].requires_grad_()
    loss = matting_loss(**given)
    (slope,) = torch.autograd.grad(loss, given["pred"])
    assert loss.item() == 0
    assert bool((slope == 0).all())


def test_gradients_are_right_and_finite_where_the_error_is_zero() -> None:
    given = batch(1, 3, 4)
    given["pred"].requires_grad_()
    assert torch.autograd.gradcheck(lambda pred: matting_loss(**(given | {"pred": pred})), (given["pred"],))
    exact = given["alpha"].clone().requires_grad_()
    (slope,) = torch.autograd.grad(alpha_loss(exact, given["alpha"], given["trimap"]), exact)
    assert bool((slope == 0).all())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened(dtype: torch.dtype) -> None:
    """In float16, 10⁻¹² is 0, and the slope of √ at 0 infinite."""
    given = batch()
    pred = given["alpha"].to(dtype).requires_grad_()
    loss = alpha_loss(pred, pred.detach(), given["trimap"])
    (slope,) = torch.autograd.grad(loss, pred)
    assert loss.dtype == torch.float32
    assert bool(slope.isfinite().all())


def test_other_shapes_are_refused_by_name() -> None:
    given = batch()
    with pytest.raises(A2UError, match=r"image must be \(2, 3, 5, 7\).*given \(2, 1, 5, 7\)"):
        matting_loss(**(given | {"image": given["alpha"]}))
    with pytest.raises(A2UError, match=r"trimap must be \(2, 1, 5, 7\)"):
        matting_loss(**(given | {"trimap": given["trimap"][:1]}))
    with pytest.raises(A2UError, match=r"batch of alphas \(N, 1, H, W\), given \(1, 5, 7\)"):
        alpha_loss(given["pred"][0], given["alpha"][0], given["trimap"][0])
