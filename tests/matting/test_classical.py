"""Closed-form and KNN matting, and foreground colours, through pymatting."""

import sys
import warnings

import pytest
import torch
from processes import python
from torch import Tensor

from a2u.errors import A2UError
from a2u.matting import classical

FOREGROUND, BACKGROUND = torch.tensor([0.9, 0.3, 0.1]), torch.tensor([0.1, 0.4, 0.8])


def ramp(height: int = 24, width: int = 40) -> tuple[Tensor, Tensor, Tensor]:
    """Two plain colours, and a soft border between them: image, alpha, trimap."""
    alpha = torch.linspace(-0.5, 1.5, width).clamp(0, 1).expand(1, height, width)
    image = alpha * FOREGROUND[:, None, None] + (1 - alpha) * BACKGROUND[:, None, None]
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    trimap = torch.full(alpha.shape, 128, dtype=torch.uint8)
    trimap[alpha <= 0], trimap[alpha >= 1] = 0, 255
    return (image + 0.01 * noise).clamp(0, 1), alpha, trimap


@pytest.mark.parametrize("name", classical.METHODS)
def test_a_soft_border_between_two_colours_is_found(name: str) -> None:
    image, alpha, trimap = ramp()
    found = classical.predict(name, image, trimap)
    assert found.shape == alpha.shape
    assert found.dtype == torch.float32
    assert bool(((found >= 0) & (found <= 1)).all())
    assert float((found - alpha).abs().mean()) < 0.03  # half of the picture is a guess of 0.25 away, on average


@pytest.mark.parametrize("name", classical.METHODS)
def test_known_pixels_are_the_trimaps(name: str) -> None:
    image, _, trimap = ramp()
    found = classical.predict(name, image, trimap)
    assert bool((found[trimap == 0] == 0).all())
    assert bool((found[trimap == 255] == 1).all())


def test_a_trimap_without_unknown_pixels_is_its_own_matte() -> None:
    image, _, trimap = ramp()
    known = torch.where(trimap == 128, 0, trimap).to(torch.uint8)
    assert bool((classical.predict("knn", image, known) == (known == 255)).all())


@pytest.mark.parametrize("name", classical.METHODS)
def test_with_one_kind_of_known_pixels_that_kind_is_everywhere(name: str) -> None:
    """The cost αᵀLα of a constant is 0, so no other alpha fits better."""
    image, _, trimap = ramp()
    for missing, expected in ((255, 0.0), (0, 1.0)):
        known = torch.where(trimap == missing, 128, trimap).to(torch.uint8)
        assert bool((classical.predict(name, image, known) == expected).all())


@pytest.mark.parametrize("name", classical.METHODS)
def test_the_input_is_left_as_it_was_and_nothing_is_warned(name: str) -> None:
    image, _, trimap = ramp(5, 9)
    before = image.clone(), trimap.clone()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classical.predict(name, image, trimap)
    assert torch.equal(image, before[0])
    assert torch.equal(trimap, before[1])


def test_the_foreground_is_unmixed() -> None:
    """Where alpha is a half the image shows a mixture of both colours; the estimate is nearer to the first."""
    image, alpha, _ = ramp()
    found = classical.estimate_foreground(image, alpha)
    assert found.shape == image.shape
    middle = (alpha[0] > 0.3) & (alpha[0] < 0.7)
    mixed = (image - FOREGROUND[:, None, None])[:, middle].abs().mean()
    unmixed = (found - FOREGROUND[:, None, None])[:, middle].abs().mean()
    assert unmixed < mixed / 4


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (3, 2)])
def test_the_foreground_of_tiny_images(size: tuple[int, int]) -> None:
    image = torch.rand(3, *size, generator=torch.Generator().manual_seed(1))
    found = classical.estimate_foreground(image, torch.ones(1, *size))
    torch.testing.assert_close(found, image, rtol=0, atol=1e-3)


def test_what_cannot_be_solved_is_explained() -> None:
    image, _, trimap = ramp()
    with pytest.raises(A2UError, match=r"no classical method 'knnn'. Did you mean 'knn'"):
        classical.predict("knnn", image, trimap)
    with pytest.raises(A2UError, match="starts from known pixels, but this trimap has none"):
        classical.predict("knn", image, torch.full_like(trimap, 128))
    with pytest.raises(A2UError, match=r"\(3, H, W\).*given \(3, 24, 40\) and \(1, 24, 39\)"):
        classical.predict("knn", image, trimap[..., 1:])
    with pytest.raises(A2UError, match=r"at least 5×5, given \(4, 40\)"):
        classical.predict("knn", image[:, :4], trimap[:, :4])


def test_a_solver_that_gives_up_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    import pymatting

    def hopeless(image: object, trimap: object) -> None:
        raise ValueError("Conjugate gradient descent did not converge within 3 iterations")

    monkeypatch.setattr(pymatting, "estimate_alpha_cf", hopeless)
    with pytest.raises(A2UError, match=r"Closed-form matting found no alpha.*3 iterations.*other method"):
        classical.predict("closed-form", *ramp()[::2])


def test_the_library_loads_when_it_is_used_and_its_absence_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = "a2u.matting.measure.metrics, a2u.matting.classical"
    code = f"import sys, {modules}; print({{'pymatting', 'scipy'}} & set(sys.modules))"
    done = python("-c", code, check=True)
    assert done.stdout.strip() == "set()"
    monkeypatch.setitem(sys.modules, "pymatting", None)
    with pytest.raises(A2UError, match=r"pip install 'a2u-upsampling\[matting\]'"):
        classical.predict("knn", *ramp()[::2])
