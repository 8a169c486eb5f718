"""The auto-encoder, the nine rows of Table 1 and the metrics, each against an independent source."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from torch import nn

import a2u
from a2u.data import load, to_float32x32
from a2u.errors import A2UError
from a2u.reconstruction import ROWS, AutoEncoder, Experiment, Totals, reconstruct, row, settings, ssim
from a2u.reconstruction.experiment import build_model, evaluate_on
from a2u.reconstruction.presets import PRESETS


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    return to_float32x32(load(split="test").images[:6])


@pytest.fixture(scope="module")
def noisy(digits: torch.Tensor) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return digits + 0.1 * torch.randn(digits.shape, generator=generator)


# --- metrics ----------------------------------------------------------------------------------------------------


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


# --- rows -------------------------------------------------------------------------------------------------------


def test_table_1_has_its_nine_rows_in_order() -> None:
    assert list(ROWS) == [
        *("nearest", "bilinear", "deconvolution", "pixel_shuffle", "max_unpool", "carafe"),
        *("indexnet-holistic", "indexnet-depthwise", "a2u"),
    ]
    assert [row(name).down for name in ROWS] == ["conv"] * 4 + ["max"] * 5


@pytest.mark.parametrize("name", list(ROWS))
@pytest.mark.parametrize("set_name", ["mnist", "fashion"])
def test_the_papers_mse_is_a_root(name: str, set_name: str) -> None:
    """PSNR = −20 log₁₀ RMSE, to the digits printed: so the numbers were copied right, and the definition holds."""
    paper = row(name).paper[set_name]
    low, high = (-20 * math.log10(paper.rmse + half) for half in (0.00005, -0.00005))
    assert low - 0.02 <= paper.psnr <= high + 0.02


def test_an_unknown_row_gets_the_near_match() -> None:
    with pytest.raises(A2UError, match=r"no row 'indexnet-holistc'.*Did you mean 'indexnet-holistic'"):
        row("indexnet-holistc")


# --- network ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(ROWS))
def test_every_row_reconstructs_and_every_parameter_learns(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(row(name))
    images = torch.rand(3, 1, 32, 32)
    output = model(images)
    assert output.shape == images.shape
    F.mse_loss(output, images).backward()
    # A softmax over one tap is constant: CARAFE's kernel of 1×1 has nothing to learn.
    dead = {key for key, p in model.named_parameters() if p.grad is None or not p.grad.any()}
    assert dead == {key for key, _ in model.named_parameters() if name == "carafe" and key.startswith("up.")}


@pytest.mark.parametrize("operator", a2u.operators.names())
def test_any_operator_fits_into_the_network(operator: str) -> None:
    downs = ["conv", "max"] + (["paired"] if operator in ("max_unpool", "indexnet") else [])
    for down in downs:
        assert AutoEncoder(operator, down)(torch.rand(2, 1, 16, 24)).shape == (2, 1, 16, 24)


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


# --- experiment -------------------------------------------------------------------------------------------------


def test_the_papers_schedule() -> None:
    chosen = settings("a2u", preset="paper")
    assert (chosen.epochs, chosen.batch, chosen.lr) == (100, 100, 0.01)
    experiment = Experiment(chosen, load(split="test"), load(split="test"))
    rates = []
    for _ in range(100):
        rates.append(experiment.scheduler.get_last_lr()[0])
        for _ in range(experiment.steps):
            experiment.optimizer.step()
            experiment.scheduler.step()
    assert rates == pytest.approx([0.01] * 50 + [1e-3] * 20 + [1e-4] * 15 + [1e-5] * 15)


def test_settings_reject_what_makes_no_sense() -> None:
    with pytest.raises(A2UError, match="Did you mean 'quick'"):
        settings("a2u", preset="quik")
    for key, value in {
        "epochs": 0,
        "batch": 1,
        "lr": -1.0,
        "momentum": 1.0,
        "weight_decay": -1.0,
        "head": "c2",
    }.items():
        with pytest.raises(A2UError, match=f"{key} must be"):
            settings("a2u", **{key: value})
    assert settings("a2u", epochs=None) == settings("a2u")
    assert set(PRESETS) == {"paper", "medium", "reduced", "quick"}


def test_the_seed_decides_weights_and_order() -> None:
    test = load(split="test")
    make = lambda seed: Experiment(settings("nearest", seed=seed), test, test)
    one, same, other = make(0), make(0), make(1)
    assert all(map(torch.equal, one.model.state_dict().values(), same.model.state_dict().values()))
    assert not torch.equal(one.model.encoder[0][0].weight, other.model.encoder[0][0].weight)
    first = next(iter(one.batches(1)))
    assert torch.equal(first, next(iter(same.batches(1))))
    assert not torch.equal(first, next(iter(one.batches(2))))
    assert not torch.equal(first, next(iter(other.batches(1))))


def test_an_epoch_shows_every_image_once() -> None:
    test = load(split="test")
    experiment = Experiment(settings("nearest", batch=300), test, test)
    batches = list(experiment.batches(1))
    assert len(batches) == experiment.steps == 3
    seen = torch.cat(batches).flatten(1)
    assert len(torch.unique(seen, dim=0)) == 900
    with pytest.raises(A2UError, match="batch of 1001 needs as many images"):
        Experiment(settings("nearest", batch=1001), test, test)


def test_the_config_names_the_data() -> None:
    train, test = load("fashion"), load("fashion", "test")
    config = Experiment(settings("nearest", "fashion"), train, test).config
    assert config["data"] == "sample"
    assert (config["train_sha256"], config["test_sha256"]) == (train.sha256, test.sha256)


def test_evaluation_does_not_depend_on_the_batches(digits: torch.Tensor) -> None:
    model = build_model(row("nearest"))
    one, two = evaluate_on(model, digits), evaluate_on(model, digits, batch=4)
    assert one == pytest.approx(two, rel=1e-5)
