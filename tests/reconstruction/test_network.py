"""The auto-encoder of Table 1: its channels, its operators, and what does not fit."""

import pytest
import torch
from every import options_of
from torch import nn

import a2u
from a2u.data import load, to_float32x32
from a2u.errors import A2UError
from a2u.reconstruction import AutoEncoder, reconstruct, row
from a2u.reconstruction.experiment import build_model


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    return to_float32x32(load(split="test").images[:6])


@pytest.mark.parametrize("operator", a2u.operators.names())
def test_any_operator_fits_into_the_network(operator: str) -> None:
    downs = ["conv", "max"] + (["paired"] if operator in ("max_unpool", "indexnet", "carafe_plus") else [])
    for down in downs:
        model = AutoEncoder(operator, down, options_of(operator))
        images = torch.rand(2, 1, 24, 32)
        assert model(images).shape == images.shape


def test_paired_a2u_downsamples_with_its_own_kernels() -> None:
    model = AutoEncoder("a2u:dynamic-cs-d", "paired")
    images = torch.rand(2, 1, 32, 32)
    model(images).sum().backward()
    assert all(p.grad is not None for key, p in model.named_parameters() if "p_down" in key)


def test_the_channels_are_the_papers() -> None:
    model = AutoEncoder("nearest", "max")
    widths = [module.out_channels for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert widths == [32, 64, 128, 256, 128, 64, 32, 1]
    assert sum(isinstance(module, nn.BatchNorm2d) for module in model.modules()) == 8


def test_nearest_and_the_1x1_carafe_are_one_function() -> None:
    """Why their rows of Table 1 are close: with the same weights and D2 the two networks agree."""
    nearest, carafe = AutoEncoder("nearest"), AutoEncoder("carafe", options={"kernel_size": 1})
    carafe.load_state_dict(nearest.state_dict(), strict=False)
    images = torch.rand(2, 1, 32, 32)
    assert torch.allclose(nearest.eval()(images), carafe.eval()(images), atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 28, 28), (1, 3, 32, 32), (0, 1, 32, 32), (1, 1, 0, 32)])
def test_wrong_images_are_told(shape: tuple[int, ...]) -> None:
    with pytest.raises(A2UError, match=r"takes \(N, 1, H, W\).*to_float32x32"):
        AutoEncoder("nearest")(torch.rand(shape))


def test_what_is_no_image_is_refused() -> None:
    model, images = AutoEncoder("nearest"), torch.rand(1, 1, 32, 32)
    for wrong in (None, images.tolist(), images.numpy(), images[0], images.to_sparse()):
        for call in (model, lambda x: reconstruct(model, x)):
            with pytest.raises(A2UError, match=r"The images must (be|have)"):
                call(wrong)
    for wrong in (images.double(), images.half(), images.int(), torch.complex(images, images), images.to("meta")):
        with pytest.raises(A2UError, match=r"must have one dtype and device, got torch\.float32 on cpu and"):
            model(wrong)
    with pytest.raises(A2UError, match=r"more than one value of each channel.*eval\(\)"):
        model.train()(images[..., :8, :8])


def test_wrong_networks_are_told() -> None:
    with pytest.raises(A2UError, match="Did you mean 'max'"):
        AutoEncoder("nearest", "maxx")
    for arguments in ({"down": None}, {"head": 3}, {"options": 3}, {"options": {"ratio": 3}}, {"operator": None}):
        with pytest.raises(A2UError):
            AutoEncoder(**{"operator": "indexnet", **arguments})
    with pytest.raises(A2UError, match="nearest has no downsampling of its own"):
        AutoEncoder("nearest", "paired")
    with pytest.raises(A2UError, match="bilinear"):
        AutoEncoder("bilnear")


def test_reconstruct_is_the_model_in_evaluation_mode(digits: torch.Tensor) -> None:
    model = build_model(row("a2u"))
    expected = model.eval()(digits).detach()
    model.train()
    found = reconstruct(model, digits, batch=4)
    assert model.training
    assert not found.requires_grad
    assert torch.allclose(found, expected, atol=1e-6)
