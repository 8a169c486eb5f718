"""The runs of Table 1 as a campaign (`a2u.training.campaign`): all of it, or a part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from torch import Tensor

from a2u.data import Digits, load
from a2u.data.digits import TITLES
from a2u.errors import A2UError, near_match
from a2u.reconstruction import experiment as experiments
from a2u.reconstruction.experiment import Experiment
from a2u.reconstruction.presets import Settings, config_of, run_name, settings
from a2u.reconstruction.rows import ROWS
from a2u.training import Run, choose_device
from a2u.training.lane import JobInTurns
from a2u.training.loop import Hook, Turns, finish
from a2u.training.precision import check_precision
from a2u.training.run_folder import History


def plan(
    rows: Sequence[str],
    sets: Sequence[str],
    seeds: Sequence[int],
    preset: str,
    runs: Path,
    data: Path | None = None,
    download: bool = False,
    device: str = "auto",
    precision: str = "float32",
    epochs: int | None = None,
    keep_every: int = 1,
    lanes: int = 1,
) -> list[JobInTurns]:
    """The jobs of a part of Table 1, in the order in which they train: whole tables, one seed after the other.

    Folders are named as `a2u train` names them. Every name is checked here, before anything is trained.
    epochs: instead of the preset's. keep_every: see `a2u.training.fit`. lanes: how many runs will share the device,
    to be recorded with each.

    Raises:
        A2UError: No such row, set, preset, device or precision.
    """
    for given, known, what in ((rows, list(ROWS), "row of Table 1"), (sets, list(TITLES), "data set")):
        for word in given:
            if word not in known:
                raise A2UError(f"There is no {what} {word!r}. {near_match(word, known)}")
    choose_device(device)
    check_precision(precision, None)  # each run checks whether its own device has it
    wanted = [
        settings(row, data_set, preset, seed, epochs=epochs)
        for seed in dict.fromkeys(seeds)
        for data_set in dict.fromkeys(sets)
        for row in ROWS
        if row in rows
    ]
    place = _Place(data, download, device, precision, keep_every, lanes)
    return [_job(each, runs / run_name(each.row, each.set, each.preset, each.seed), place) for each in wanted]


@dataclass(frozen=True)
class _Place:
    """Where the data are, where runs compute and how: what is the same for all runs of a plan."""

    data: Path | None
    download: bool
    device: str
    precision: str
    keep_every: int
    lanes: int

    def images(self, data_set: str) -> tuple[Digits, Digits]:
        return images(data_set, self.data, self.download)


def _job(asked: Settings, folder: Path, place: _Place) -> JobInTurns:
    train, test = place.images(asked.set)
    return JobInTurns(
        asked,
        folder,
        config_of(asked, train, test, place.precision),
        len(train) // asked.batch,
        partial(_train, asked, folder, place),
        partial(_turns, asked, folder, place),
    )


def _train(asked: Settings, folder: Path, place: _Place, on_progress: Hook) -> History:
    return finish(_turns(asked, folder, place, on_progress, "auto"))


def _turns(asked: Settings, folder: Path, place: _Place, on_progress: Hook, how: str) -> Turns:
    experiment = ByIndex(asked, *place.images(asked.set), choose_device(place.device), place.precision)
    with Run(folder, experiment.config, experiment.device, place.lanes) as run:
        return (yield from experiments.turns(experiment, run, on_progress, on_progress, how, place.keep_every))


class ByIndex(Experiment):
    """The same experiment with batches that say which images they hold, for the loss to gather.

    A CUDA graph then gathers them itself, and needs only one index per image for each step.
    """

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """See `Experiment.order`."""
        return self.order(epoch)

    def loss(self, batch: Tensor) -> Tensor:
        """The loss of the images that `batch` names."""
        return super().loss(self.gather(batch))


@lru_cache(maxsize=2)
def images(data_set: str, data: Path | None, download: bool) -> tuple[Digits, Digits]:
    """Training and test images; the last two sets stay in memory, for the next run on them."""
    return load(data_set, "train", data, download), load(data_set, "test", data, download)
