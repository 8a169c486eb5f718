"""Batches of training samples, prepared by this process or ahead of it by others."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import torch
from torch.utils.data import DataLoader

from a2u.errors import A2UError
from a2u.matting.data.dataset import Sample, TrainSet
from a2u.matting.data.processes import Calls, deaths_explained, raised


class Loader:
    """Epochs of batches for one of `world` processes; the processes that prepare them live from epoch to epoch.

    Step t of all `world` processes together has the samples t·batch·world … (t + 1)·batch·world − 1, so that the same
    pictures make a step whatever the number of processes is (with batch·world the same).

    Args:
        train_set: what to draw from.
        count: batches of an epoch of this process.
        batch: samples in a batch of this process.
        workers: processes that prepare samples ahead; 0 prepares them here.
        rank, world: which process this is, of how many.
        pin: put batches into page-locked memory, from where a GPU copies while it computes. Only workers do that.
        context: how workers start, "fork" or "spawn"; None: as Python does on this machine.

    Raises:
        A2UError: Numbers that make no batch; later, a worker that died.
    """

    def __init__(
        self,
        train_set: TrainSet,
        count: int,
        batch: int,
        workers: int = 0,
        rank: int = 0,
        world: int = 1,
        pin: bool = False,
        context: str | None = None,
    ) -> None:
        if min(count, batch, world) < 1 or workers < 0 or not 0 <= rank < world:
            raise A2UError(
                f"Batches need count, batch and world of at least 1, workers of at least 0 and 0 ≤ rank < world; given "
                f"count={count}, batch={batch}, workers={workers}, rank={rank}, world={world}."
            )
        self.train_set, self.workers, self.pin, self.context = train_set, workers, pin, context
        starts = [(step * world + rank) * batch for step in range(count)]
        self._numbers = _Numbers([list(range(start, start + batch)) for start in starts])
        self._loader: DataLoader[Any] | None = None

    def epoch(self, epoch: int) -> Iterator[Sample]:
        """The batches of one epoch. One epoch at a time: the next one drops batches that are still being prepared."""
        self._numbers.epoch = epoch
        if self.workers == 0:
            return (stack([self.train_set.sample(*each) for each in numbers]) for numbers in self._numbers)
        if self._loader is None:
            self._loader = self._open()
        return self._explained(self._loader)

    def close(self) -> None:
        """End the workers; the next epoch starts others."""
        self._loader = None

    def _open(self) -> "DataLoader[Any]":
        source = self.train_set.source
        source.prepare(self.train_set.crop, self.context)  # before the workers start: they share it
        return DataLoader(
            Calls(_Samples(self.train_set)),
            batch_sampler=self._numbers,
            num_workers=self.workers,
            collate_fn=_stack_or_error,
            persistent_workers=True,
            pin_memory=self.pin,
            generator=torch.Generator(),  # a loader draws a random number, and must not take one from dropout
            multiprocessing_context=self.context,
        )

    @staticmethod
    def _explained(loader: "DataLoader[Any]") -> Iterator[Sample]:
        with deaths_explained():
            yield from map(raised, loader)


class _Numbers(torch.utils.data.Sampler[list[tuple[int, int]]]):
    """(epoch, index) of the samples, batch by batch; DataLoader asks again in each epoch."""

    def __init__(self, chosen: list[list[int]]) -> None:
        self.chosen, self.epoch = chosen, 0

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch = self.epoch
        return ([(epoch, index) for index in numbers] for numbers in self.chosen)

    def __len__(self) -> int:
        return len(self.chosen)


class _Samples:
    """A sample by (epoch, index), in a worker."""

    def __init__(self, train_set: TrainSet) -> None:
        self.train_set = train_set

    def __call__(self, place: tuple[int, int]) -> Sample:
        return self.train_set.sample(*place)


def stack(samples: list[Sample]) -> Sample:
    """Samples as one batch, with a leading N."""
    return Sample(*(torch.stack([getattr(one, each.name) for one in samples]) for each in fields(Sample)))


def _stack_or_error(samples: list[Any]) -> Any:
    return next((each for each in samples if isinstance(each, A2UError)), None) or stack(samples)
