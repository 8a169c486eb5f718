"""What a run folder keeps, for reports and campaigns: a complete run, a part of one, or why there is none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from a2u.errors import A2UError
from a2u.training.kind import UnsuitableRun, with_experiment
from a2u.training.run_folder import Config, History, is_run, read_environment, read_run

COMPLETE, NOT_RUN = "complete", "not run"


@dataclass(frozen=True)
class Kept:
    """What was found in a run folder.

    status: "complete"; otherwise "not run", with the reason in words if one is known. history: the
    complete epochs. config, environment: as the run recorded them. All three are empty where the run cannot be used.
    """

    status: str
    config: Config = field(default_factory=dict)
    history: History = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Was it trained to its last epoch?"""
        return self.status == COMPLETE

    @property
    def seconds(self) -> float:
        """Seconds of training, over all epochs."""
        return round(sum(float(record["seconds"]) for record in self.history), 1)


def kept_in(folder: Path, experiment: str, config: Mapping[str, Any] | None = None) -> Kept:
    """What `folder` keeps of a run of this experiment; never an error.

    config: the settings that the run must have; None accepts any run of the experiment.
    """
    if not is_run(folder):
        return Kept(NOT_RUN)
    try:
        found, history = read_run(folder, experiment=experiment)
        environment = read_environment(folder)
    except UnsuitableRun as error:
        return Kept(f"{NOT_RUN}: {folder.name} is {error.reason}")
    except A2UError as error:
        return Kept(f"{NOT_RUN}: its files cannot be read ({short(error)})")
    if config is not None and found != with_experiment(json.loads(json.dumps(config))):
        return Kept(f"{NOT_RUN}: {folder.name} was trained with other settings than the preset's")
    epochs = found["epochs"]
    stopped = len(history) < epochs
    status = f"{NOT_RUN}: stopped after epoch {len(history)} of {epochs}" if stopped else COMPLETE
    return Kept(status, found, history, environment)


def short(error: Exception) -> str:
    """The beginning of an error's message, on one line: for a cell of a table."""
    text = " ".join(str(error).split())
    return text if len(text) <= 160 else f"{text[:159]}…"
