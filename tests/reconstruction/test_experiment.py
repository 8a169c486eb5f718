"""Training on digits: the paper's schedule, what the seed decides, what the config says, and the measurement."""

import pytest
import torch
import torch.nn.functional as F

from a2u.data import load, to_float32x32
from a2u.errors import A2UError
from a2u.reconstruction import ROWS, Experiment, row, settings
from a2u.reconstruction.experiment import build_model, evaluate_on


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    return to_float32x32(load(split="test").images[:6])


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
