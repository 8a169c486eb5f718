"""The runs of Table 1 as a campaign (`a2u.training.campaign`): all of it, or a part."""

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from a2u.data import Digits, load
from a2u.data.digits import TITLES
from a2u.errors import A2UError, near_match
from a2u.reconstruction import experiment as experiments
from a2u.reconstruction.experiment import Experiment, Settings, config_of, run_name, settings
from a2u.reconstruction.rows import ROWS
from a2u.training import Run, choose_device
from a2u.training.campaign import Job
from a2u.training.loop import Hook
from a2u.training.run import History


def plan(
    rows: Sequence[str],
    sets: Sequence[str],
    seeds: Sequence[int],
    preset: str,
    runs: Path,
    data: Path | None = None,
    download: bool = False,
    device: str = "auto",
) -> list[Job]:
    """The jobs of a part of Table 1, in the order in which they train: whole tables, one seed after the other.

    Folders are named as `a2u train` names them. Every word is checked here, before anything is trained.

    Raises:
        A2UError: No such row, set, preset or device.
    """
    for given, known, what in ((rows, list(ROWS), "row of Table 1"), (sets, list(TITLES), "data set")):
        for word in given:
            if word not in known:
                raise A2UError(f"There is no {what} {word!r}. {near_match(word, known)}")
    choose_device(device)
    wanted = [
        settings(row, data_set, preset, seed)
        for seed in dict.fromkeys(seeds)
        for data_set in dict.fromkeys(sets)
        for row in ROWS
        if row in rows
    ]
    return [_job(each, runs, data, download, device) for each in wanted]


def _job(asked: Settings, runs: Path, data: Path | None, download: bool, device: str) -> Job:
    folder = runs / run_name(asked.row, asked.set, asked.preset, asked.seed)
    train, test = images(asked.set, data, download)
    return Job(
        asked,
        folder,
        config_of(asked, train, test),
        len(train) // asked.batch,
        partial(_train, asked, folder, data, download, device),
    )


def _train(asked: Settings, folder: Path, data: Path | None, download: bool, device: str, on_progress: Hook) -> History:
    experiment = Experiment(asked, *images(asked.set, data, download), choose_device(device))
    with Run(folder, experiment.config, experiment.device) as run:
        return experiments.train(experiment, run, on_progress, on_progress)


@lru_cache(maxsize=2)
def images(data_set: str, data: Path | None, download: bool) -> tuple[Digits, Digits]:
    """Training and test images; the last two sets stay in memory, for the next run on them."""
    return load(data_set, "train", data, download), load(data_set, "test", data, download)
