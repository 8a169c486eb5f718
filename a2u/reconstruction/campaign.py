"""The runs of Table 1 as a campaign (`a2u.training.campaign`): all of it, or a part."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from a2u.data import Digits, load
from a2u.data.digits import TITLES
from a2u.errors import A2UError, near_match
from a2u.reconstruction import experiment as experiments
from a2u.reconstruction.experiment import Experiment, Settings, config_of, run_name, settings
from a2u.reconstruction.rows import ROWS
from a2u.training import Progress, Run, choose_device, read_run
from a2u.training.campaign import Attempt, Meter, Outcome, Tell, attempt, one_by_one
from a2u.training.loop import Turns, finish
from a2u.training.precision import check_precision
from a2u.training.run import History

__all__ = ["Attempt", "Job", "Meter", "Outcome", "Tell", "attempt", "images", "one_by_one", "plan"]


@dataclass(frozen=True)
class Job:
    """One run to be trained: its settings, where it is kept, where its data are, and how and where it computes.

    keep_every: see `a2u.training.fit`. lanes: how many runs share the device, to be recorded with it.
    """

    settings: Settings
    folder: Path
    data: Path | None = None
    download: bool = False
    device: str = "auto"
    precision: str = "float32"
    keep_every: int = 1
    lanes: int = 1

    def __str__(self) -> str:
        chosen = self.settings
        return f"{ROWS[chosen.row].title} on {TITLES[chosen.set]}, seed {chosen.seed}"

    @property
    def epochs(self) -> int:
        """Of the whole run."""
        return self.settings.epochs

    @property
    def steps(self) -> int:
        """Of an epoch."""
        return len(self.images()[0]) // self.settings.batch

    def done(self) -> int:
        """How many epochs the folder holds; 0 also for what `train` will refuse, so that it is told there."""
        try:
            config, history = read_run(self.folder)
        except A2UError:
            return 0
        wanted = config_of(self.settings, *self.images(), self.precision)
        return len(history) if config == json.loads(json.dumps(wanted)) else 0

    def train(self, tell: Tell) -> History:
        """Train to the end, from where the folder is."""
        return finish(self.turns(tell, "auto"))

    def turns(self, tell: Tell, how: str) -> Turns:
        """`train` as a generator that pauses."""
        experiment = ByIndex(self.settings, *self.images(), choose_device(self.device), self.precision)
        with Run(self.folder, experiment.config, experiment.device, self.lanes) as run:

            def hook(progress: Progress) -> None:
                tell(self, progress)

            return (yield from experiments.turns(experiment, run, hook, hook, how, self.keep_every))

    def images(self) -> tuple[Digits, Digits]:
        """For training and for the test."""
        return images(self.settings.set, self.data, self.download)


class ByIndex(Experiment):
    """The same experiment with batches that say which images they hold, for the loss to gather.

    A CUDA graph then gathers them itself, and all that it must be given is 400 numbers a step.
    """

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """See `Experiment.order`."""
        return self.order(epoch)

    def loss(self, batch: Tensor) -> Tensor:
        """The loss of the images that `batch` names."""
        return super().loss(self.gather(batch))


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
) -> list[Job]:
    """The jobs of a part of Table 1, in the order in which they train: whole tables, one seed after the other.

    Folders are named as `a2u train` names them. Every word is checked here, before anything is trained.
    epochs: instead of the preset's. Everything else: see `Job`.

    Raises:
        A2UError: No such row, set, preset, device or precision.
    """
    for given, known, what in ((rows, list(ROWS), "row of Table 1"), (sets, list(TITLES), "data set")):
        for word in given:
            if word not in known:
                raise A2UError(f"There is no {what} {word!r}. {near_match(word, known)}")
    check_precision(precision, choose_device(device))
    how = (data, download, device, precision, keep_every, lanes)
    return [
        Job(settings(row, set, preset, seed, epochs=epochs), runs / run_name(row, set, preset, seed), *how)
        for seed in dict.fromkeys(seeds)
        for set in dict.fromkeys(sets)
        for row in ROWS
        if row in rows
    ]


@lru_cache(maxsize=2)
def images(set: str, data: Path | None, download: bool) -> tuple[Digits, Digits]:
    """Training and test images; the last two sets stay in memory, for the next run on them."""
    return load(set, "train", data, download), load(set, "test", data, download)
