"""The runs of the guided table as a campaign (`a2u.training.campaign`)."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from a2u.checks import check_choice
from a2u.errors import A2UError
from a2u.guided.experiment import train
from a2u.guided.pairs import FACTORS, TASKS
from a2u.guided.rows import row
from a2u.guided.settings import run_name, settings
from a2u.training import choose_device
from a2u.training.campaign import Job


def plan(
    rows: Sequence[str],
    tasks: Sequence[str],
    factors: Sequence[int],
    seeds: Sequence[int],
    preset: str,
    runs: Path,
    device: str = "auto",
    **changes: Any,
) -> list[Job]:
    """The jobs in the order in which they train: all rows of one task with one seed, then the next seed.

    Every name is checked here, before anything is trained.

    Raises:
        A2UError: No such row, task, factor, preset or device.
    """
    for name in rows:
        row(name)
    for task in tasks:
        check_choice("task", task, list(TASKS))
    for factor in factors:
        if factor not in FACTORS:
            raise A2UError(f"A factor is one of {', '.join(map(str, FACTORS))}, given {factor}.")
    choose_device(device)
    wanted = [
        settings(name, task, factor, preset, seed, **changes)
        for task in dict.fromkeys(tasks)
        for factor in dict.fromkeys(factors)
        for seed in dict.fromkeys(seeds)
        for name in dict.fromkeys(rows)
    ]
    places = [(each, runs / run_name(each)) for each in wanted]
    return [
        Job(each, folder, each.as_config(), each.steps, partial(train, each, folder, device)) for each, folder in places
    ]
