"""One run: a row learns to enlarge the coarse maps of one task.

The mean absolute error of all pixels, Adam, a learning rate that falls to 0. The runs of one seed and task see the same
pictures in the same order and begin with the same weights, but for those of the operator.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.guided.measure import scores
from a2u.guided.network import GuidedNet
from a2u.guided.pairs import TASKS, Pairs, pairs
from a2u.guided.rows import row
from a2u.guided.settings import EXPERIMENT, Settings, settings_of
from a2u.training import Run, fit, read_run
from a2u.training.device import choose_device, permutation
from a2u.training.evaluating import evaluating
from a2u.training.kind import check_begun
from a2u.training.loop import Hook
from a2u.training.run_folder import History


def build_model(chosen: Settings) -> GuidedNet:
    """The row's network with the initial weights of the settings' seed."""
    found = row(chosen.row)
    return GuidedNet(
        found.operator,
        found.options,
        maps=TASKS[chosen.task],
        stages=chosen.stages,
        channels=chosen.channels,
        skip=found.skip,
        source=found.source,
        seed=chosen.seed,
    )


def data(chosen: Settings, part: str) -> Pairs:
    """The pairs of "train" or "test"."""
    count = chosen.train if part == "train" else chosen.test
    return pairs(chosen.task, part, chosen.factor, chosen.size, count)


class Experiment:
    """The task that `a2u.training.fit` trains."""

    def __init__(self, chosen: Settings, device: torch.device | str = "cpu") -> None:
        self.settings, self.device = chosen, torch.device(device)
        self.seed, self.epochs, self.steps = chosen.seed, chosen.epochs, chosen.steps
        self.train, self.test = (Pairs(*(each.to(device) for each in data(chosen, part))) for part in ("train", "test"))
        self.model = build_model(chosen).to(device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), chosen.lr)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._decay)

    @property
    def config(self) -> dict[str, Any]:
        """Everything that a run must agree on to be continued."""
        return self.settings.as_config()

    def batches(self, epoch: int) -> Iterator[Pairs]:
        """Batches of pictures, as many passes over them as the steps need; in the order of (seed, epoch)."""
        count, wanted = len(self.train), self.steps * self.settings.batch
        passes = -(-wanted // count)
        order = torch.cat([permutation(count, self.seed, epoch * passes + number) for number in range(passes)])
        return (self.train.of(which.to(self.device)) for which in order[:wanted].split(self.settings.batch))

    def loss(self, batch: Pairs) -> Tensor:
        """ℓ1 over all pixels and maps."""
        return F.l1_loss(self.model(batch.coarse, batch.picture), batch.sharp)

    def evaluate(self) -> dict[str, float]:
        """The scores of `a2u.guided.measure` on the test pictures."""
        return scores(sharpen(self.model, self.test), self.test.sharp)

    def _decay(self, step: int) -> float:
        return 0.5 * (1 + math.cos(math.pi * step / (self.epochs * self.steps)))


def sharpen(net: GuidedNet, given: Pairs, batch: int = 8) -> Tensor:
    """What the network makes of these coarse maps and pictures: Tensor[N, K, S, S], not clipped."""
    with evaluating(net):
        chunks = zip(given.coarse.split(batch), given.picture.split(batch), strict=True)
        return torch.cat([net(coarse, picture) for coarse, picture in chunks])


def train(chosen: Settings, folder: Path, device: str, on_progress: Hook) -> History:
    """Train from where the folder is to the end."""
    experiment = Experiment(chosen, choose_device(device))
    with Run(folder, experiment.config, experiment.device) as run:
        return fit(experiment, run, on_progress, on_progress)


def load_model(folder: str | Path) -> tuple[GuidedNet, Settings, History]:
    """The trained network of a run on the CPU in evaluation mode, its settings and the records of its epochs.

    Raises:
        UnsuitableRun: Not a run, one of another experiment, or one without a complete epoch.
        A2UError: Files that are damaged.
    """
    config, history = read_run(folder, experiment=EXPERIMENT)
    check_begun(history, folder)
    chosen = settings_of(config)
    net = build_model(chosen)
    read_run(folder, {"model": net})
    return net.eval(), chosen, history
