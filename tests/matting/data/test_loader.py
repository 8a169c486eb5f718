"""Batches: the same samples however many processes prepare them, and one message when such a process dies."""

import os
import signal
from collections.abc import Iterator
from dataclasses import fields

import pytest
import tiny_matting
import torch
from tiny_matting import Discs

from a2u.errors import A2UError
from a2u.matting import experiment
from a2u.matting.data.composition import Layer
from a2u.matting.data.dataset import Sample, TrainSet
from a2u.matting.data.loader import Loader
from a2u.matting.data.synthetic.source import SyntheticSource


def synthetic() -> TrainSet:
    source = SyntheticSource(per_kind=1)
    source.backgrounds = 4
    return TrainSet(source, crop=48, seed=3)


@pytest.fixture(scope="module")
def train_set() -> TrainSet:
    return synthetic()


def same(one: Sample, two: Sample) -> bool:
    return all(torch.equal(getattr(one, each.name), getattr(two, each.name)) for each in fields(Sample))


@pytest.mark.parametrize(("workers", "context"), [(2, None), (1, "spawn")])
def test_batches_are_the_same_for_any_number_of_workers(train_set: TrainSet, workers: int, context: str | None) -> None:
    """In every epoch; and whether the scenes are drawn one by one when they are asked for, or all before."""
    here = Loader(train_set, count=2, batch=3)
    ahead = Loader(synthetic(), count=2, batch=3, workers=workers, context=context)
    for epoch in (1, 2):
        one, two = list(here.epoch(epoch)), list(ahead.epoch(epoch))
        assert [each.image.shape for each in one] == [each.image.shape for each in two] == [(3, 3, 48, 48)] * 2
        assert all(same(*pair) for pair in zip(one, two, strict=True))
        assert torch.equal(one[1].image[0], train_set.sample(epoch, 3).image)
    ahead.close()


def test_processes_share_the_samples_of_one_large_batch(train_set: TrainSet) -> None:
    whole = list(Loader(train_set, count=2, batch=4).epoch(0))
    parts = [list(Loader(train_set, count=2, batch=2, rank=rank, world=2).epoch(0)) for rank in (0, 1)]
    for step in (0, 1):
        assert torch.equal(whole[step].image, torch.cat([part[step].image for part in parts]))


class Telling(Discs):
    """Discs over a picture whose level says which process made it."""

    def background(self, number: int) -> object:
        return super().background(0) + os.getpid() % 251


def test_workers_live_from_epoch_to_epoch_and_end_when_closed() -> None:
    loader = Loader(TrainSet(Telling(), crop=16), count=4, batch=1, workers=2)
    made = [{float(each.background.mean()) for each in loader.epoch(epoch)} for epoch in (1, 2)]
    assert made[0] == made[1]
    workers = list(loader._loader._iterator._workers)
    assert all(worker.is_alive() for worker in workers)
    loader.close()
    assert not any(worker.is_alive() for worker in workers)
    assert len(list(loader.epoch(3))) == 4  # others start


def test_an_epoch_that_is_left_in_its_middle_disturbs_no_other(train_set: TrainSet) -> None:
    loader = Loader(train_set, count=4, batch=1, workers=2)
    begun = loader.epoch(1)
    next(begun)
    found = list(loader.epoch(2))
    assert all(same(one, two) for one, two in zip(found, Loader(train_set, 4, 1).epoch(2), strict=True))
    loader.close()


class Deadly(Discs):
    """A source that kills the process that asks it, unless that is the one that made it."""

    home = os.getpid()

    def foreground(self, number: int, crop: int) -> Layer:
        if os.getpid() != self.home:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().foreground(number, crop)


def test_a_worker_that_is_killed_is_one_message() -> None:
    loader = Loader(TrainSet(Deadly(), crop=16), count=2, batch=1, workers=1)
    with pytest.raises(A2UError, match=r"A process that prepares samples died: .*use fewer workers. What was complete"):
        list(loader.epoch(1))


def test_training_ends_with_that_message_and_leaves_no_process() -> None:
    chosen = tiny_matting.small()
    train = TrainSet(Deadly(), chosen.crop)
    task = experiment.Experiment(chosen, train, tiny_matting.discs_to_test(), workers=2)
    with pytest.raises(A2UError, match="A process that prepares samples died"):
        experiment.train(task)
    assert task._loader is None


class Refusing(Discs):
    """A source with a file that cannot be read."""

    def foreground(self, number: int, crop: int) -> Layer:
        raise A2UError("disc-3.png cannot be read.")


@pytest.mark.parametrize("workers", [0, 1])
def test_what_a_source_refuses_is_its_own_message(workers: int) -> None:
    with pytest.raises(A2UError, match=r"^disc-3.png cannot be read.$"):
        list(Loader(TrainSet(Refusing(), crop=16), count=1, batch=2, workers=workers).epoch(1))


@pytest.mark.parametrize(("device", "pinned"), [("cpu", False), ("cuda", True)])
def test_batches_for_a_gpu_come_in_pinned_memory(device: str, pinned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without, copies to the GPU would not run beside its work."""
    task = tiny_matting.build()
    task.workers, task.device = 1, torch.device(device)
    opened = []

    def nothing(loader: Loader, epoch: int) -> Iterator[Sample]:
        opened.append(loader._open())
        return iter(())

    monkeypatch.setattr(Loader, "epoch", nothing)
    list(task.batches(1))
    list(task.batches(2))
    assert [each.pin_memory for each in opened] == [pinned, pinned]
    assert opened[0].persistent_workers
    assert opened[0].batch_sampler is opened[1].batch_sampler  # one loader for all epochs


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"count": 0}, "count=0"),
        ({"batch": 0}, "batch=0"),
        ({"workers": -1}, "workers=-1"),
        ({"rank": 2, "world": 2}, "rank=2, world=2"),
    ],
)
def test_numbers_that_make_no_batch_are_refused(numbers: dict[str, int], message: str) -> None:
    with pytest.raises(A2UError, match=message):
        Loader(TrainSet(Discs(), crop=16), **{"count": 1, "batch": 2, **numbers})
