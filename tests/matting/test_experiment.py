"""Training a matting network: what presets ask for, what is frozen, what is kept, and that a stop changes nothing."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from processes import python, stopped
from project import HELPERS
from safetensors.torch import load_file
from tiny_matting import build, gradients, small
from torch import nn

from a2u.errors import A2UError
from a2u.matting import campaign, experiment
from a2u.matting.experiment import load_model
from a2u.matting.report import collect
from a2u.matting.settings import run_name, settings
from a2u.training import Run, read_run
from a2u.training.campaign import Job
from a2u.training.kind import UnsuitableRun
from a2u.training.loop import update

# --- what is asked for


def test_the_paper_preset_is_the_papers() -> None:
    chosen = settings("dynamic-cs", "paper")
    assert (chosen.crop, chosen.batch, chosen.epochs, chosen.iterations) == (512, 16, 30, 6000)
    assert (chosen.lr, chosen.encoder_lr, chosen.milestones) == (0.01, 1e-4, (20, 26))
    assert (chosen.width, chosen.pretrained, chosen.freeze) == (1.0, True, True)


def test_norms_are_frozen_only_where_there_is_something_to_keep() -> None:
    assert not settings("nearest", "paper", pretrained=False).freeze
    assert settings("nearest", "paper", pretrained=False, freeze=True).freeze
    assert not settings("nearest", "narrow").freeze


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 1}, "batch must be at least 2"),
        ({"lr": 0.0}, "lr must be positive"),
        ({"crop": 8}, "crop must be at least 16"),
        ({"pretrained": True}, "fit the network of width 1, given 0.125"),
        ({"widht": 1.0}, "Did you mean 'width'"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        small(**changes)


def test_unknown_rows_and_presets_give_the_near_match() -> None:
    with pytest.raises(A2UError, match="Did you mean 'dynamic-cs'"):
        settings("dynamic_cs")
    with pytest.raises(A2UError, match="Did you mean 'narrow'"):
        settings("nearest", "narow")


# --- what learns, and how fast


def test_encoder_and_the_rest_have_their_own_rates_and_both_fall_at_milestones() -> None:
    task = build(small(lr=0.01, encoder_lr=1e-4))
    rest, encoder = task.optimizer.param_groups
    names = {id(value): name for name, value in task.model.named_parameters()}
    assert all(names[id(value)].startswith("encoder.") for value in encoder["params"])
    assert len(rest["params"]) + len(encoder["params"]) == len(names)
    seen = []
    experiment.train(
        task, on_epoch=lambda progress: seen.append([group["lr"] for group in task.optimizer.param_groups])
    )
    assert seen[0] == pytest.approx([1e-3, 1e-5])
    assert seen[1] == pytest.approx([1e-4, 1e-6])


def norms(task: experiment.Experiment, encoder: bool) -> list[torch.Tensor]:
    return [
        value.clone()
        for name, module in task.model.named_modules()
        if isinstance(module, nn.BatchNorm2d) and name.startswith("encoder.") == encoder
        for value in module.state_dict().values()
    ]


@pytest.mark.parametrize("freeze", [True, False])
def test_frozen_norms_keep_weights_and_statistics(freeze: bool) -> None:
    task = build(small(freeze=freeze, epochs=1))
    before, others = norms(task, encoder=True), norms(task, encoder=False)
    experiment.train(task)
    same = [torch.equal(a, b) for a, b in zip(before, norms(task, encoder=True), strict=True)]
    assert all(same) if freeze else not all(same)
    assert not all(torch.equal(a, b) for a, b in zip(others, norms(task, encoder=False), strict=True))


def test_a_few_steps_on_one_batch_lower_its_loss() -> None:
    task = build(small(lr=0.003, encoder_lr=0.003))
    batch = next(iter(task.batches(1)))
    losses = [float(update(task, batch)) for _ in range(30)]
    assert min(losses[-3:]) < 0.7 * losses[0]


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    task = build(small(lr=1e30, encoder_lr=1e30, milestones=()))
    with Run(tmp_path, task.config) as run, pytest.raises(A2UError, match="smaller learning rate"):
        experiment.train(task, run)


# --- what is kept


def test_the_best_epoch_is_kept_beside_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = build()
    sads = iter([3.0, 1.0, 2.0])
    states = []

    def evaluate() -> dict[str, float]:
        states.append({key: value.clone() for key, value in task.model.state_dict().items()})
        return {"sad": next(sads), "mse": 0.0}

    monkeypatch.setattr(task, "evaluate", evaluate)
    with Run(tmp_path, task.config) as run:
        experiment.train(task, run)
    for best, epoch in ((True, 2), (False, 3)):
        net, chosen, history = load_model(tmp_path, best)
        assert chosen == task.settings
        assert len(history) == 3
        assert not net.training
        state = net.state_dict()
        assert all(torch.equal(state[key], value) for key, value in states[epoch - 1].items())


def test_killed_in_an_epoch_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    whole = build()
    history = experiment.train(whole)
    folder = tmp_path / "run"
    with stopped("tiny_matting.py", "kill", folder) as process:
        process.kill()
    assert len(read_run(folder)[1]) == 1
    task = build()
    with Run(folder, task.config) as run:
        resumed = experiment.train(task, run)
    state = task.model.state_dict()
    assert all(torch.equal(state[key], value) for key, value in whole.model.state_dict().items())
    untimed = [[{**record, "seconds": 0} for record in records] for records in (history, resumed)]
    assert untimed[0] == untimed[1]


def test_a_run_of_another_experiment_is_refused(tmp_path: Path) -> None:
    with Run(tmp_path, {"row": "nearest"}) as run:
        run.save({}, [{"epoch": 1}])
    with pytest.raises(UnsuitableRun, match="of no known experiment, and a run of 'matting' is needed"):
        load_model(tmp_path)


# --- several processes


def test_two_processes_have_the_gradients_of_one(tmp_path: Path) -> None:
    """Each holds half the batch, with another number of unknown pixels; the mean is that of the whole batch."""
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = python(*words, HELPERS / "tiny_matting.py", "together", tmp_path, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    expected = gradients(build())
    for rank in (0, 1):
        found = load_file(tmp_path / f"gradients-{rank}.safetensors")
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert torch.allclose(found[name], value, rtol=1e-4, atol=1e-5 * float(value.abs().max() + 1e-3)), name
    weights = [load_file(tmp_path / f"weights-{rank}.safetensors") for rank in (0, 1)]
    assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())
    assert len(read_run(tmp_path / "run")[1]) == 1  # and one of them wrote it


def test_a_batch_that_cannot_be_divided_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from a2u.training.distributed import Together

    three = Together()
    monkeypatch.setattr(three, "world", 3)
    with pytest.raises(A2UError, match=r"A batch of 4 cannot be divided among 3 processes.* such as 6"):
        build(together=three)


# --- the campaign


def test_the_plan_trains_what_teaches_most_first(tmp_path: Path) -> None:
    jobs = campaign.plan(list(campaign.ORDER), "narrow", tmp_path)
    rows, below = jobs[: len(campaign.ORDER)], jobs[len(campaign.ORDER) :]
    assert [job.settings.row for job in rows] == list(campaign.ORDER)
    assert {job.settings.preset for job in rows} == {"narrow"}
    assert {job.settings.preset for job in below} == {"brief"}
    assert [job.settings.options for job in below] == [
        {"kernel_size": 1}, {}, {"kernel_size": 5}, {"normalization": "softmax"},
    ] * 2  # fmt: skip
    assert len({job.folder for job in jobs}) == len(jobs)


def test_what_both_tables_need_is_trained_once(tmp_path: Path) -> None:
    jobs = campaign.plan(["dynamic-cs"], "paper", tmp_path)
    assert [job.settings.options for job in jobs] == [
        {}, {"kernel_size": 1}, {"kernel_size": 5}, {"normalization": "softmax"},
    ]  # fmt: skip


def test_other_seeds_train_the_rows_alone_and_last(tmp_path: Path) -> None:
    jobs = campaign.plan(["nearest", "hybrid-cw"], "narrow", tmp_path, seeds=(2, 5, 2))
    found = [(job.settings.row, job.settings.seed, job.settings.preset) for job in jobs]
    assert found[:2] == [("nearest", 2, "narrow"), ("hybrid-cw", 2, "narrow")]
    assert found[2:-2] == [("hybrid-cw", 2, "brief")] * 4
    assert found[-2:] == [("nearest", 5, "narrow"), ("hybrid-cw", 5, "narrow")]


def test_what_was_run_can_be_asked_for_again() -> None:
    assert run_name(settings("a2u:toy", "quick")) == "matting-a2u-toy-quick"  # a colon is no part of a file's name
    chosen = settings("hybrid-cw", "narrow", seed=2, options={"kernel_size": 5})
    assert run_name(chosen) == "matting-hybrid-cw-kernel_size=5-narrow-2"
    assert chosen.command() == (
        "a2u matting train --row hybrid-cw --preset narrow --option kernel_size=5 --seed 2 --precision float32"
    )


def test_without_a_complete_run_there_is_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(A2UError, match="no complete run of matting with preset 'quick'"):
        collect(tmp_path, "quick", classical=False)


def test_a_job_knows_how_far_it_is(tmp_path: Path) -> None:
    task = build()
    job = Job(task.settings, tmp_path, task.config, task.steps, lambda on_progress: [])
    assert (job.kept().history, job.epochs, job.steps, str(job)) == ([], 3, 2, "Nearest, seed 0")
    with Run(tmp_path, task.config) as run:
        history = experiment.train(task, run)
    assert job.kept().history == history
    assert job.kept().complete
    other = replace(job, config=small(lr=1.0).as_config())
    assert (other.kept().history, other.kept().complete) == ([], False)
    assert json.loads((tmp_path / "metrics.json").read_text())[-1]["epoch"] == 3
