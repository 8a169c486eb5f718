"""PSNR, SSIM, RMSE and MAE against scikit-image, of a whole set and in batches."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from a2u.data import load, to_float32x32
from a2u.errors import A2UError
from a2u.reconstruction import Totals, ssim


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    return to_float32x32(load(split="test").images[:6])


@pytest.fixture(scope="module")
def noisy(digits: torch.Tensor) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return digits + 0.1 * torch.randn(digits.shape, generator=generator)


def test_ssim_is_scikit_images(digits: torch.Tensor, noisy: torch.Tensor) -> None:
    expected = [
        structural_similarity(t[0], p[0], data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
        for t, p in zip(digits.double().numpy(), noisy.double().numpy(), strict=True)
    ]
    assert ssim(noisy.double(), digits.double()).tolist() == pytest.approx(expected, abs=1e-9)
    assert ssim(noisy, digits).tolist() == pytest.approx(expected, abs=1e-5)


def test_ssim_of_colours_and_odd_sizes() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 2, 3, 17, 23, generator=generator, dtype=torch.float64)
    expected = [
        structural_similarity(
            *(x.permute(1, 2, 0).numpy() for x in pair),
            data_range=1.0,
            channel_axis=2,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for pair in zip(a, b, strict=True)
    ]
    assert ssim(a, b).tolist() == pytest.approx(expected, abs=1e-9)


def test_ssim_of_an_image_with_itself_is_one(digits: torch.Tensor) -> None:
    assert ssim(digits, digits).tolist() == pytest.approx([1.0] * len(digits), abs=1e-6)


def test_psnr_rmse_and_mae_are_of_the_whole_set(digits: torch.Tensor, noisy: torch.Tensor) -> None:
    scores = Totals()
    for start in (0, 1, 4):  # unequal batches: means of means would be wrong
        stop = {0: 1, 1: 4, 4: 6}[start]
        scores.update(noisy[start:stop], digits[start:stop])
    found = scores.compute()
    t, p = digits.double().numpy(), noisy.double().numpy()
    assert found["rmse"] == pytest.approx(math.sqrt(mean_squared_error(t, p)), rel=1e-6)
    assert found["psnr"] == pytest.approx(peak_signal_noise_ratio(t, p, data_range=1.0), rel=1e-6)
    assert found["mae"] == pytest.approx(np.abs(t - p).mean(), rel=1e-6)
    assert found["ssim"] == pytest.approx(ssim(noisy, digits).mean().item(), rel=1e-6)
    assert found["psnr"] == pytest.approx(-20 * math.log10(found["rmse"]))


def test_sums_on_the_device_are_those_of_numbers_read_batch_by_batch(digits: torch.Tensor, noisy: torch.Tensor) -> None:
    scores = Totals()
    squares = absolutes = similar = 0.0
    for p, t in zip(noisy.split(2), digits.split(2), strict=True):
        scores.update(p, t)
        difference = (p - t).double()
        squares += float(difference.square().sum())
        absolutes += float(difference.abs().sum())
        similar += float(ssim(p, t).double().sum())
    assert isinstance(scores.sums, torch.Tensor)
    assert scores.sums.tolist() == [squares, absolutes, similar]
    rmse = math.sqrt(squares / digits.numel())
    assert scores.compute() == {
        "psnr": -20 * math.log10(rmse),
        "ssim": similar / len(digits),
        "rmse": rmse,
        "mae": absolutes / digits.numel(),
    }


def test_metrics_do_not_depend_on_how_many_images_come_at_a_time(digits: torch.Tensor, noisy: torch.Tensor) -> None:
    found = []
    for size in (1, 4, len(digits)):
        scores = Totals()
        for p, t in zip(noisy.split(size), digits.split(size), strict=True):
            scores.update(p, t)
        found.append(scores.compute())
    for each in found[1:]:
        assert each == pytest.approx(found[0], rel=1e-7)  # SSIM maps are float32; sums are exact to 1e-15
        assert each["psnr"] == pytest.approx(found[0]["psnr"], abs=1e-9)


def test_a_perfect_reconstruction(digits: torch.Tensor) -> None:
    scores = Totals()
    scores.update(digits, digits)
    found = scores.compute()
    assert found["psnr"] == math.inf
    assert (found["rmse"], found["mae"]) == (0, 0)


def test_metrics_refuse_what_they_cannot_compare(digits: torch.Tensor) -> None:
    with pytest.raises(A2UError, match="two batches of one shape"):
        Totals().update(digits[:2], digits)
    with pytest.raises(A2UError, match="two batches of one shape"):
        ssim(digits[0], digits[0])
    with pytest.raises(A2UError, match="at least 11×11"):
        ssim(digits[..., :8], digits[..., :8])
    with pytest.raises(A2UError, match="zero images"):
        Totals().compute()
