"""The captured step: the same training as `update`, recorded once. What needs a GPU says so and is skipped without.

On a CPU a graph's likeness (recorded_graph.py) replays recorded operations without Python, as CUDA graphs do: frozen
numbers, gradients that add up, or momentum begun anew would show here. The first thing to run on a machine with a GPU:
`python -m pytest tests/training/test_captured.py`.
"""

import pytest
import torch
from recorded_graph import RecordedGraph
from tiny_task import CONFIG, TinyTask
from torch import Tensor, nn

from a2u.data import load
from a2u.errors import A2UError
from a2u.reconstruction import ROWS, Experiment, settings
from a2u.training import Run, choose_step, fit
from a2u.training.captured import WARM_UP, Captured, at_once
from a2u.training.graph import NotCaptured, why_not_captured
from a2u.training.loop import update
from a2u.training.precision import arithmetic, check_precision
from a2u.training.step import Compiled, Eager

CPU = torch.device("cpu")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")


class Quiet(TinyTask):
    """The tiny task without dropout, whose random numbers a replay would draw anew."""

    def __init__(self, epochs: int = 3, lr: float = 0.1) -> None:
        super().__init__(epochs, lr)
        self.model[3].p = 0.0


def recorded() -> tuple[Captured, list[RecordedGraph]]:
    made: list[RecordedGraph] = []

    def make(device: torch.device) -> RecordedGraph:
        made.append(RecordedGraph(device))
        return made[-1]

    return Captured(CPU, graph=make), made


def assert_same_weights(one: nn.Module, other: nn.Module, **tolerance: float) -> None:
    for (name, a), b in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, msg=lambda text, name=name: f"{name}: {text}", **tolerance)


def test_a_captured_run_is_the_eager_run():
    """Three epochs of four steps; the learning rate halves at each epoch, momentum and batch norm go on."""
    step, graphs = recorded()
    captured, eager = Quiet(), Quiet()
    one, other = fit(captured, step=step), fit(eager)
    assert [record["lr"] for record in one] == [record["lr"] for record in other] == [0.1, 0.05, 0.025]
    for a, b in zip(one, other, strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-5)
        assert a["error"] == pytest.approx(b["error"], rel=1e-4)
    assert_same_weights(captured.model, eager.model, rtol=1e-4, atol=1e-6)
    (graph,) = graphs
    assert (graph.warmed, graph.recorded, graph.replayed) == (WARM_UP, 1, 12 - WARM_UP)


def test_the_learning_rate_is_not_frozen():
    task = Quiet()
    step, _ = recorded()
    batch = task.images[:4]
    for _ in range(WARM_UP + 2):
        step(task, batch)
    before = [parameter.clone() for parameter in task.model.parameters()]
    task.optimizer.param_groups[0]["lr"] = 0.0
    step(task, batch)
    assert all(torch.equal(a, b) for a, b in zip(before, task.model.parameters(), strict=True))
    task.optimizer.param_groups[0]["lr"] = 0.1
    step(task, batch)
    assert not any(torch.equal(a, b) for a, b in zip(before, task.model.parameters(), strict=True))


@pytest.mark.parametrize("count", [2, 3])
def test_many_steps_in_one_graph_are_the_eager_run(count):
    """Batches are refilled for each replay; the learning rate changes inside a graph; what is left over is eager."""
    step, graphs = recorded()
    captured, eager = Quiet(), Quiet()
    for task in (captured, eager):
        task.scheduler = torch.optim.lr_scheduler.LambdaLR(task.optimizer, lambda step: 0.7**step)
    one, other = fit(captured, step=step, report_every=count), fit(eager)
    for a, b in zip(one, other, strict=True):
        assert a["lr"] == b["lr"]
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-5)
    assert_same_weights(captured.model, eager.model, rtol=1e-4, atol=1e-6)
    assert captured.scheduler.state_dict() == eager.scheduler.state_dict()
    (graph,) = graphs
    strides = 12 // count if count == 2 else 3  # of 4 steps, three fit and one is left over
    warm = 2 if count == 2 else 1
    assert (graph.warmed, graph.recorded, graph.replayed) == (warm, 1, strides - warm)


def test_many_steps_stopped_and_resumed_give_the_same_bits(tmp_path):
    whole = Quiet(epochs=4)
    expected = fit(whole, step=recorded()[0], report_every=2)
    stopped, resumed = Quiet(epochs=2), Quiet(epochs=4)
    for task in (stopped, resumed):
        with Run(tmp_path, CONFIG) as run:
            history = fit(task, run, step=recorded()[0], report_every=2)
    assert [record["loss"] for record in history] == [record["loss"] for record in expected]
    assert resumed.bits() == whole.bits()


@pytest.mark.parametrize(
    ("steps", "expected"), [(600, 50), (3000, 50), (250, 50), (40, 40), (120, 40), (601, 1), (1, 1)]
)
def test_a_graph_takes_as_many_steps_as_divide_an_epoch(steps, expected):
    assert at_once(steps) == expected


def test_each_loss_is_a_tensor_of_its_own():
    task = Quiet()
    step, _ = recorded()
    losses = [step(task, batch) for epoch in (1, 2) for batch in task.batches(epoch)]
    eager = Quiet()
    expected = [update(eager, batch) for epoch in (1, 2) for batch in eager.batches(epoch)]
    torch.testing.assert_close(torch.stack(losses), torch.stack(expected))
    assert len({loss.data_ptr() for loss in losses}) == len(losses)


def test_a_batch_of_another_shape_takes_the_step_unrecorded():
    captured, eager = Quiet(), Quiet()
    step, graphs = recorded()
    batches = [captured.images[a : a + size] for a, size in ((0, 4), (4, 4), (8, 4), (12, 4), (1, 3), (5, 4), (9, 2))]
    for batch in batches:
        torch.testing.assert_close(step(captured, batch), update(eager, batch))
    assert_same_weights(captured.model, eager.model, rtol=1e-4, atol=1e-6)
    assert graphs[0].replayed == 2


def test_the_optimizer_keeps_numbers():
    """A checkpoint of a captured run is one of an eager run: no tensor where a number was, no option changed."""
    step, _ = recorded()
    captured, eager = Quiet(), Quiet()
    fit(captured, step=step)
    fit(eager)
    one, other = captured.optimizer.state_dict(), eager.optimizer.state_dict()
    assert one["param_groups"] == other["param_groups"]
    assert type(one["param_groups"][0]["lr"]) is float
    assert one["state"].keys() == other["state"].keys()


@pytest.mark.parametrize("first", [1, 2])
def test_a_stopped_run_resumes_to_the_same_bits(tmp_path, first):
    whole = Quiet()
    expected = fit(whole, step=recorded()[0])

    stopped = Quiet(epochs=first)
    with Run(tmp_path, CONFIG) as run:
        fit(stopped, run, step=recorded()[0])
    resumed = Quiet()
    with Run(tmp_path, CONFIG) as run:
        history = fit(resumed, run, step=recorded()[0])
    assert [record["loss"] for record in history] == [record["loss"] for record in expected]
    assert resumed.bits() == whole.bits()


def test_a_loaded_optimizer_is_recorded_again():
    """Loading puts new tensors into the optimizer: a recording of the old ones would train what nobody reads."""
    captured, eager = Quiet(), Quiet()
    step, graphs = recorded()
    for task, do in ((captured, step), (eager, update)):
        kept = {"model": {}, "optimizer": {}}
        for epoch in (1, 2, 3):
            for batch in task.batches(epoch):
                do(task, batch)
            if epoch == 1:
                kept["model"] = {key: value.clone() for key, value in task.model.state_dict().items()}
                kept["optimizer"] = task.optimizer.state_dict()
            if epoch == 2:  # back to the first epoch
                task.model.load_state_dict(kept["model"])
                task.optimizer.load_state_dict(kept["optimizer"])
    assert_same_weights(captured.model, eager.model, rtol=1e-4, atol=1e-6)
    assert [graph.recorded for graph in graphs] == [1, 1]


def test_a_loss_that_is_not_finite_ends_the_run():
    step, _ = recorded()
    with pytest.raises(A2UError, match="The loss became"):
        fit(Quiet(lr=1e30, epochs=4), step=step)


def test_waiting_for_the_gpu_is_refused_while_recording():
    class Waits(Quiet):
        def loss(self, batch: Tensor) -> Tensor:
            loss = super().loss(batch)
            return loss * (2.0 if loss.item() > 0 else 1.0)

    step, _ = recorded()
    with pytest.raises(RuntimeError, match="not permitted when stream is capturing"):
        fit(Waits(), step=step)


def ended_with(first: Exception) -> Exception:
    """What a recording raises: the error inside is followed by that of ending the recording, as in torch.cuda.graph."""
    try:
        try:
            raise first
        finally:
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")
    except RuntimeError as error:
        return why_not_captured(error)


def test_the_cause_of_a_failed_recording_is_told_first():
    found = ended_with(RuntimeError("Cannot copy between CPU and CUDA tensors\n during CUDA graph capture"))
    assert type(found) is NotCaptured
    assert str(found) == (
        "This training step cannot be captured (Cannot copy between CPU and CUDA tensors during CUDA graph capture; "
        "then: CUDA error: operation failed due to a previous error during capture). Use `step='eager'`."
    )


def test_too_little_memory_while_recording_is_still_too_little_memory():
    found = ended_with(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB."))
    assert type(found) is torch.OutOfMemoryError
    assert "Tried to allocate 20 MiB" in str(found)


def test_what_cannot_be_captured_is_told():
    step, _ = recorded()
    with pytest.raises(A2UError, match="batches that are a tensor on cpu, given a tuple"):
        step(Quiet(), (torch.zeros(1), torch.zeros(1)))
    task = Quiet()
    task.optimizer = torch.optim.Adam(task.model.parameters())
    with pytest.raises(A2UError, match="works with the optimizer SGD only, given Adam"):
        step(task, task.images[:4])


# --- the networks of section 5


def experiment(name: str, device: str = "cpu", count: int = 40, precision: str = "float32", **changes) -> Experiment:
    chosen = settings(name, epochs=2, batch=8, **changes)
    train, test = (load("mnist", split) for split in ("train", "test"))
    small = [type(each)(**{**vars(each), "images": each.images[:count]}) for each in (train, test)]
    return Experiment(chosen, *small, device, precision)


@pytest.mark.parametrize("name", [*ROWS])
def test_every_row_can_be_captured(name):
    """Nothing in forward, backward and update waits or depends on values, and replays train as eager steps do."""
    captured, eager = experiment(name), experiment(name)
    step, (graphs) = recorded()
    for one, other in zip(captured.batches(1), eager.batches(1), strict=True):
        torch.testing.assert_close(step(captured, one), update(eager, other), rtol=1e-4, atol=1e-6)
    assert graphs[0].replayed == 2
    assert_same_weights(captured.model, eager.model, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [*ROWS])
def test_gradients_and_momentum_lie_in_memory_as_their_parameters_do(name):
    """The fused SGD of CUDA takes nothing else."""
    task = experiment(name)
    update(task, next(iter(task.batches(1))))
    for parameter in task.model.parameters():
        buffer = task.optimizer.state[parameter]["momentum_buffer"]
        assert parameter.grad.stride() == parameter.stride() == buffer.stride()


@pytest.mark.parametrize("name", [*ROWS])
def test_every_row_trains_in_bfloat16(name):
    task, exact = experiment(name, count=16, precision="bf16"), experiment(name, count=16)
    step = choose_step("cpu", "eager", "bf16")
    for one, other in zip(task.batches(1), exact.batches(1), strict=True):
        assert float(step(task, one)) == pytest.approx(float(update(exact, other)), rel=0.05)
    assert all(parameter.dtype == torch.float32 for parameter in task.model.parameters())
    assert task.config == {**exact.config, "precision": "bf16"}


# --- the choice


def test_the_choice_of_a_step():
    cuda = torch.device("cuda")
    assert choose_step(CPU) is choose_step("cpu", "eager") is update
    assert type(choose_step(CPU, "auto", "bf16")) is Eager
    assert type(choose_step(CPU, "compiled")) is Compiled
    assert type(choose_step(cuda)) is type(choose_step(cuda, "captured", "bf16")) is Captured
    assert type(choose_step(cuda, "eager")) is Eager
    for arguments, message in (
        ((CPU, "captured"), "A captured step is a CUDA graph, but the device is cpu"),
        ((CPU, "capture"), "Did you mean 'captured'"),
        ((CPU, "auto", "tf32"), "TF32 is arithmetic of NVIDIA GPUs"),
        ((CPU, "auto", "float16"), "Known: float32, tf32, bf16"),
    ):
        with pytest.raises(A2UError, match=message):
            choose_step(*arguments)


def test_a_card_without_tf32_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla T4")
    with pytest.raises(A2UError, match=r"TF32 needs a GPU of compute capability 8.0 or more, but Tesla T4 has less"):
        check_precision("tf32", torch.device("cuda"))
    check_precision("float32", torch.device("cuda"))


def test_arithmetic_is_as_before_afterwards():
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark
    with arithmetic("float32", benchmark=True):
        assert (cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark) == (False, False, True)
        with arithmetic("tf32"):
            assert (cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark) == (True, True, True)
        assert (cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark) == (False, False, True)
    assert (cudnn.allow_tf32, matmul.allow_tf32, cudnn.benchmark) == before


def test_a_compiled_step_takes_the_same_steps():
    step, compiled, eager = Compiled(CPU), Quiet(epochs=1), Quiet(epochs=1)
    assert fit(compiled, step=step)[0]["loss"] == pytest.approx(fit(eager)[0]["loss"], rel=1e-4)
    assert_same_weights(compiled.model, eager.model, rtol=1e-3, atol=1e-5)


# --- on a GPU


@needs_gpu
@pytest.mark.parametrize("name", [*ROWS])
def test_on_a_gpu_replayed_steps_equal_eager_ones(name):
    captured, eager = experiment(name, "cuda", 96), experiment(name, "cuda", 96)
    step, plain = Captured(torch.device("cuda")), Eager(torch.device("cuda"))
    for one, other in zip(captured.batches(1), eager.batches(1), strict=True):
        torch.testing.assert_close(step(captured, one), plain(eager, other), rtol=1e-3, atol=1e-5)
    assert step._loss is not None, "nothing was recorded"
    assert_same_weights(captured.model, eager.model, rtol=1e-2, atol=1e-3)


@needs_gpu
@pytest.mark.parametrize("how", ["captured", "compiled"])
@pytest.mark.parametrize("precision", ["float32", "tf32", "bf16"])
def test_on_a_gpu_every_step_trains_and_resumes(tmp_path, how, precision):
    step = choose_step("cuda", how, precision)
    history = fit(experiment("a2u", "cuda", 96), step=step)
    assert history[-1]["loss"] < history[0]["loss"]
    stopped = experiment("a2u", "cuda", 96)
    stopped.epochs = 1
    for task in (stopped, experiment("a2u", "cuda", 96)):
        with Run(tmp_path, {}) as run:
            resumed = fit(task, run, step=choose_step("cuda", how, precision))
    assert resumed[-1]["loss"] == pytest.approx(history[-1]["loss"], rel=0.05)
