"""Matting without learning: closed-form and KNN matting, and the colours of a foreground, by the library pymatting.

Both methods say how alike the alphas of two pixels should be, as a matrix L, and ask for the alpha that fits best
while the trimap's known pixels stay what they are: αᵀLα → min, one sparse linear system per image. They are the
classical rows of the paper's Tables 5 and 7:

- closed-form: alike within 3×3 windows in which colours lie on one line. A. Levin et al., *A closed-form solution to
  natural image matting*, TPAMI 2008.
- knn: alike among the nearest neighbours in colour and place. Q. Chen et al., *KNN matting*, TPAMI 2013 (pymatting
  follows it in spirit, with neighbours in RGB and two weights of place).

pymatting (MIT licence) compiles itself through numba when a machine first imports it, which takes about a minute, once;
so it is imported only when a function here runs.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from a2u.errors import A2UError, near_match
from a2u.matting.data.trimap import UNKNOWN

SMALLEST = 5  # pixels per side: closed-form has 3×3 windows, KNN 20 neighbours


@dataclass(frozen=True)
class Method:
    """A classical method: its title in a table, where it is from, and the name of its function in pymatting."""

    title: str
    source: str
    function: str


METHODS = {
    "closed-form": Method("Closed-form matting", "Levin et al., TPAMI 2008", "estimate_alpha_cf"),
    "knn": Method("KNN matting", "Chen et al., TPAMI 2013", "estimate_alpha_knn"),
}


def method(name: str) -> Method:
    """The method of this name; an A2UError names those that exist."""
    if name not in METHODS:
        raise A2UError(f"There is no classical method {name!r}. {near_match(name, list(METHODS))}")
    return METHODS[name]


def predict(name: str, image: Tensor, trimap: Tensor) -> Tensor:
    """The alpha of one image by a classical method, float32 Tensor[1, H, W] in [0, 1], the trimap where it is known.

    Args:
        name: "closed-form" or "knn".
        image: RGB in [0, 1], Tensor[3, H, W], at least 5×5.
        trimap: uint8 Tensor[1, H, W] of 0, 128 (unknown) and 255. Where it knows only one of background and foreground,
            the best fit is that one everywhere.

    Raises:
        A2UError: An unknown method, another shape, a trimap that knows nothing, a system that does not
            converge, or pymatting is not installed.
    """
    chosen = method(name)
    _check(image, trimap)
    alpha = (trimap == 255).float().cpu()
    unknown = (trimap == UNKNOWN).cpu()
    background, foreground = (bool((trimap == value).any()) for value in (0, 255))
    if not unknown.any():
        return alpha
    if not (background or foreground):
        raise A2UError(
            f"{chosen.title} starts from known pixels, but this trimap has none: any constant would fit. Mark some "
            f"background (0) or foreground (255); a trained network needs no known pixels."
        )
    if not (background and foreground):  # L's rows sum to 0: the constant costs nothing
        return torch.full_like(alpha, float(foreground))
    estimate = getattr(_pymatting(), chosen.function)
    found = _solve(estimate, chosen.title, _channels_last(image), trimap[0].cpu().double().numpy() / 255)
    return torch.where(unknown, torch.from_numpy(found).float()[None].clamp(0, 1), alpha)


def estimate_foreground(image: Tensor, alpha: Tensor) -> Tensor:
    """The colours of what alpha cuts out, float32 Tensor[3, H, W] in [0, 1].

    A pixel of hair against the sky is a mixture, image = α·F + (1 − α)·B. Pasted with its mixed colour it would keep a
    rim of sky; F is what to paste. Estimated by T. Germer et al., *Fast multi-level foreground estimation*, ICPR 2020.

    Args:
        image: RGB in [0, 1], Tensor[3, H, W].
        alpha: in [0, 1], Tensor[1, H, W].

    Raises:
        A2UError: Another shape, or pymatting is not installed.
    """
    _check(image, alpha, "alpha", smallest=1)
    if image[0].numel() == 1:  # a single pixel has no neighbours
        return image.detach().cpu().float().clamp(0, 1)
    estimate = _pymatting().estimate_foreground_ml
    found = estimate(_channels_last(image), alpha[0].detach().cpu().double().numpy())
    return torch.from_numpy(found).float().permute(2, 0, 1).contiguous().clamp(0, 1)


def _solve(estimate: Callable[[Any, Any], Any], title: str, image: Any, trimap: Any) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it warns of is checked above
            found = estimate(image, trimap)
    except ValueError as error:
        raise A2UError(f"{title} found no alpha for this image ({error}). Try the other method.") from error
    if not bool(torch.from_numpy(found).isfinite().all()):
        raise A2UError(f"{title} found no finite alpha for this image. Try the other method.")
    return found


def _pymatting() -> Any:
    try:
        import pymatting
    except ImportError as error:
        raise A2UError(
            f"Classical matting and foreground colours need the library pymatting ({error}): "
            f"pip install 'a2u-upsampling[matting]'."
        ) from error
    return pymatting


def _channels_last(image: Tensor) -> Any:
    return image.detach().cpu().double().permute(1, 2, 0).numpy().copy()  # H W 3


def _check(image: Tensor, second: Tensor, name: str = "trimap", smallest: int = SMALLEST) -> None:
    if image.dim() != 3 or image.shape[0] != 3 or tuple(second.shape) != (1, *image.shape[1:]):
        raise A2UError(
            f"One image (3, H, W) and its {name} (1, H, W) are needed, given {tuple(image.shape)} and "
            f"{tuple(second.shape)}."
        )
    if min(image.shape[1:]) < smallest:
        raise A2UError(f"An image must be at least {smallest}×{smallest}, given {tuple(image.shape[1:])}.")
