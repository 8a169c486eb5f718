"""PSNR, SSIM, RMSE and MAE of reconstructions, as sums and counts, so that a data set adds up exactly.

Values are compared as they are: pixels in [0, 1], the reconstruction neither clipped nor rounded. Over all
N pixels of all images of a data set, with p the reconstruction and t the image:

    RMSE = √(Σ (p − t)² / N)        the paper's column "MSE"
    MAE  = Σ |p − t| / N
    PSNR = −20 log₁₀ RMSE           in dB, peak value 1; of the whole set, not a mean over images
    SSIM = mean over images of the mean of the SSIM map

The SSIM map is that of Z. Wang et al., *Image quality assessment: from error visibility to structural
similarity*, IEEE TIP 2004, Eq. (13): local moments under an 11×11 Gaussian window of σ = 1.5, C₁ = 0.01²,
C₂ = 0.03², at the positions where the whole window lies inside the image.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.errors import A2UError

WINDOW, SIGMA = 11, 1.5


def gaussian_window(size: int = WINDOW, sigma: float = SIGMA) -> Tensor:
    """One side of the separable window: float64 (size,), sums to 1."""
    offsets = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    weights = torch.exp(-(offsets**2) / (2 * sigma**2))
    return weights / weights.sum()


def ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """SSIM of each image: (N, C, H, W) twice → (N,), mean over channels and positions.

    Raises:
        A2UError: Two shapes, not four dimensions, or images smaller than the 11×11 window.
    """
    _check(prediction, target)
    if min(target.shape[-2:]) < WINDOW:
        raise A2UError(f"SSIM needs images of at least {WINDOW}×{WINDOW} pixels, given {tuple(target.shape)}.")
    n, c, height, width = target.shape
    p, t = (image.reshape(n * c, 1, height, width) for image in (prediction, target))
    side = gaussian_window().to(t)

    def mean(values: Tensor) -> Tensor:  # the local mean under the window
        return F.conv2d(F.conv2d(values, side.view(1, 1, -1, 1)), side.view(1, 1, 1, -1))

    mean_p, mean_t = mean(p), mean(t)
    var_p, var_t = mean(p * p) - mean_p**2, mean(t * t) - mean_t**2
    covariance = mean(p * t) - mean_p * mean_t
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_p * mean_t + c1) / (mean_p**2 + mean_t**2 + c1)
    structure = (2 * covariance + c2) / (var_p + var_t + c2)
    return (luminance * structure).reshape(n, -1).mean(1)


class Totals:
    """The four metrics of a whole data set, batch by batch.

    Sums stay where the batches are, in double precision, until `compute` reads them: a GPU is not made to wait.

    >>> scores = Totals()
    >>> scores.update(torch.full((1, 1, 16, 16), 0.6), torch.full((1, 1, 16, 16), 0.5))
    >>> {name: round(value, 3) for name, value in scores.compute().items()}
    {'psnr': 20.0, 'ssim': 0.984, 'rmse': 0.1, 'mae': 0.1}
    """

    def __init__(self) -> None:
        self.sums: Tensor | float = 0.0  # of squares, of absolute differences, of SSIM
        self.pixels = self.images = 0

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch (N, C, H, W) of reconstructions and of the images themselves."""
        _check(prediction, target)
        difference = (prediction - target).double()
        parts = difference.square().sum(), difference.abs().sum(), ssim(prediction, target).double().sum()
        self.sums = self.sums + torch.stack(parts)
        self.pixels += target.numel()
        self.images += len(target)

    def compute(self) -> dict[str, float]:
        """{"psnr", "ssim", "rmse", "mae"} of everything added so far."""
        if isinstance(self.sums, float):
            raise A2UError("There are no metrics of zero images: call update first.")
        squares, absolutes, ssims = self.sums.tolist()
        rmse = math.sqrt(squares / self.pixels)
        return {
            "psnr": -20 * math.log10(rmse) if rmse > 0 else math.inf,
            "ssim": ssims / self.images,
            "rmse": rmse,
            "mae": absolutes / self.pixels,
        }


def _check(prediction: Tensor, target: Tensor) -> None:
    if prediction.shape != target.shape or target.dim() != 4:
        raise A2UError(
            f"Metrics compare two batches of one shape (N, C, H, W), given {tuple(prediction.shape)} "
            f"and {tuple(target.shape)}."
        )
