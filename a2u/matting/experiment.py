"""One experiment = one row of Table 2: a matting network learns from composed images to find alpha.

Half an alpha loss, half a composition loss (`a2u.matting.losses`), Adam with one learning rate for the encoder and one
for everything else, both divided by 10 at milestones (`a2u.matting.settings`). After each epoch the network is measured
on validation images, which are neither trained on nor part of the test: in a folder every 20th foreground
(`a2u.matting.data.holdout`), unless it has a validation folder.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from a2u.matting.data.trimap import UNKNOWN
from a2u.matting.losses import matting_loss
from a2u.matting.measure import metrics
from a2u.matting.measure.predictors import WHOLE
from a2u.matting.network.inference import predict_large
from a2u.matting.rows import build
from a2u.matting.settings import EXPERIMENT, SYNTHETIC, Settings, settings_of
from a2u.training import fit, read_best, read_run
from a2u.training.device import choose_device, derive_seed
from a2u.training.distributed import ALONE, Together
from a2u.training.kind import check_begun
from a2u.training.loop import Hook
from a2u.training.precision import arithmetic, check_precision
from a2u.training.run import Keeper
from a2u.training.run_folder import History
from a2u.training.step import choose_step

if TYPE_CHECKING:
    from a2u.matting.data.dataset import Case, Sample, TestSet, TrainSet
    from a2u.matting.data.loader import Loader
    from a2u.matting.network.network import MattingNet

BEST = "sad"  # the epoch with the lowest on validation images is the one that is kept beside the last


def build_model(settings: Settings) -> "MattingNet":
    """The row's network with the initial weights of the settings' seed; no random numbers of the caller are used."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(settings.seed, "model"))
        net = build(settings.row, settings.width, settings.pretrained, **settings.options)
    return net.freeze_encoder_norms() if settings.freeze else net


class Experiment:
    """The task that `a2u.training.fit` trains.

    Args:
        settings: what was asked for.
        train: what to draw samples from; their order follows from the settings' seed and the epoch.
        validation: images measured after each epoch.
        device: where to compute.
        workers: processes that prepare samples; 0 prepares them in this one. Samples are the same.
        together: the other processes of the same training, see `a2u.training.distributed`.
    """

    def __init__(
        self,
        settings: Settings,
        train: "TrainSet",
        validation: "TestSet",
        device: torch.device | str = "cpu",
        workers: int = 0,
        together: Together = ALONE,
    ) -> None:
        self.settings, self.device, self.together = settings, torch.device(device), together
        check_precision(settings.precision, self.device)
        together.share(settings.batch)  # refused before anything is built
        self.seed = (
            derive_seed(settings.seed, "process", together.rank) if together.rank else settings.seed
        )  # of dropout
        self.epochs, self.steps = settings.epochs, settings.iterations
        self.train, self.validation, self.workers = train, validation, workers
        self._cases: dict[int, Case] = {}
        self._loader: Loader | None = None
        net = build_model(settings).to(self.device)
        # Convolutions read a pixel's channels as one run of memory, which was faster where it was tried.
        self.model: MattingNet = together.prepare(net.to(memory_format=torch.channels_last), self.device)
        self._forward = together.wrap(self.model, self.device)
        self.optimizer = torch.optim.Adam(
            [
                {"params": _learned(self.model, encoder=False), "lr": settings.lr},
                {"params": _learned(self.model, encoder=True), "lr": settings.encoder_lr},
            ]
        )
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._decay)

    @property
    def config(self) -> dict[str, Any]:
        """Everything that a run must agree on to be continued."""
        return self.settings.as_config()

    def batches(self, epoch: int) -> Iterator["Sample"]:
        """This process's part of the epoch's batches, on the device."""
        from a2u.matting.data.loader import Loader

        if self._loader is None:
            together, part = self.together, self.together.share(self.settings.batch)
            place, on_gpu = (together.rank, together.world), self.device.type == "cuda"
            self._loader = Loader(self.train, self.steps, part, self.workers, *place, pin=on_gpu)
        return (batch.to(self.device, non_blocking=True) for batch in self._loader.epoch(epoch))

    def close(self) -> None:
        """End the processes that prepare samples; `batches` starts them again."""
        if self._loader is not None:
            self._loader.close()
            self._loader = None

    def loss(self, batch: "Sample") -> Tensor:
        """½ alpha loss + ½ composition loss over the unknown pixels.

        With several processes the mean of this is the loss of their batches as one: each counts by its unknown pixels.
        """
        image = batch.image.contiguous(memory_format=torch.channels_last)
        pred = self._forward(image, batch.trimap)
        loss = matting_loss(pred, batch.alpha, batch.image, batch.foreground, batch.background, batch.trimap)
        return self.together.weigh(loss, (batch.trimap == UNKNOWN).sum())

    @property
    def measured(self) -> int:
        """How many validation images are measured after an epoch: the first so many."""
        count = len(self.validation)
        return min(self.settings.validation or count, count)

    @property
    def measured_on(self) -> str:
        """Those images in words."""
        words, count = self.validation.describe, len(self.validation)
        return words if self.measured == count else f"the first {self.measured} of {count} images of: {words}"

    def evaluate(self) -> dict[str, float]:
        """SAD and MSE on the validation images, means over images."""
        scores = []
        with arithmetic(self.settings.precision):
            for index in range(self.together.rank, self.measured, self.together.world):
                scores.append(self._score(index))
        everyone = self.together.gather(scores)
        return {name: math.fsum(each[k] for each in everyone) / len(everyone) for k, name in enumerate(("sad", "mse"))}

    def _score(self, index: int) -> tuple[float, float]:
        case = self._cases.get(index) or self.validation[index]
        if self.settings.data == SYNTHETIC:  # small, and slower to draw than to measure
            self._cases[index] = case
        assert case.alpha is not None
        image, known = case.image.to(self.device), case.trimap.to(self.device)
        # Large pictures in tiles, as they are in evaluation: the whole takes gigabytes.
        if known.numel() > WHOLE:
            pred, _ = predict_large(self.model, image, known)
        else:
            pred = self.model.predict(image, known)
        given = metrics.to_8bit(pred.float().cpu()[0]), metrics.to_8bit(case.alpha[0]), case.trimap[0].numpy()
        return metrics.sad(*given), metrics.mse(*given)

    def _decay(self, step: int) -> float:
        return float(0.1 ** sum(step >= epoch * self.steps for epoch in self.settings.milestones))


def _learned(net: "MattingNet", encoder: bool) -> list[torch.nn.Parameter]:
    return [
        value
        for name, value in net.named_parameters()
        if value.requires_grad and name.startswith("encoder.") == encoder
    ]


def prepare(settings: Settings, device: str = "auto", workers: int = 0, together: Together = ALONE) -> Experiment:
    """Open the data that `settings` names and build the experiment."""
    from a2u.matting.data.dataset import TrainSet
    from a2u.matting.data.sources import open_test, open_train

    train = TrainSet(open_train(settings.data, settings.backgrounds), settings.crop, settings.seed, settings.kernels)
    validation = open_test(settings.data, "validation", settings.test_size, settings.backgrounds)
    return Experiment(settings, train, validation, choose_device(device), workers, together)


def train(
    experiment: Experiment, run: Keeper | None = None, on_step: Hook | None = None, on_epoch: Hook | None = None
) -> History:
    """Train to the end, from where `run` is, and keep the last state and the best epoch; hooks as in `fit`."""
    from a2u.matting.data.processes import deaths_explained

    report_every = 20 if experiment.device.type == "cuda" else 1  # reading the loss makes a GPU wait
    step = experiment.together.step(choose_step(experiment.device, "eager", experiment.settings.precision))
    keeper = experiment.together.keeper(run)
    try:
        with deaths_explained():
            return fit(experiment, keeper, on_step, on_epoch, report_every, step, best=BEST)
    finally:
        experiment.close()


def load_model(folder: str | Path, best: bool = True) -> tuple["MattingNet", Settings, History]:
    """The network of a run on the CPU in evaluation mode, its settings and the records of its epochs.

    best: the epoch with the lowest SAD on validation images; otherwise the last.

    Raises:
        UnsuitableRun: Not a run, one of another experiment, or one without a complete epoch.
        A2UError: Files that are damaged.
    """
    found, history = read_run(folder, experiment=EXPERIMENT)
    check_begun(history, folder)
    chosen = settings_of(found)
    net = build_model(replace(chosen, pretrained=False))
    if best:
        read_best(folder, net)
    else:
        read_run(folder, {"model": net})
    return net.eval(), chosen, history
