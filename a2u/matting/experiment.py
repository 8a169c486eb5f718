"""One experiment = one row of Table 2: a matting network learns from composed images to find alpha.

Half an alpha loss, half a composition loss (`a2u.matting.losses`), Adam with one learning rate for the encoder and one
for everything else, both divided by 10 at milestones. Presets:

    paper   crops 512, batch 16, 30 epochs of 6,000 iterations, learning rate 0.01, encoder 1e-4 from ImageNet's weights
            with its batch norms fixed, ÷10 after epochs 20 and 26, trimaps of 1-29 pixels: for a GPU and the data sets
    narrow  a quarter of everything that has a size (channels, crops of 128, trimaps of 1-9), nothing trained before:
            some minutes on one CPU core
    brief   narrow, for a third of its iterations: for the ablation, which compares its runs with each other alone
    quick   the same, smaller and shorter still: to see everything run

Numbers of the short presets are not the paper's: every output says which preset and which data made it. After each
epoch the network is measured on validation images, which are neither trained on nor part of the test: of a folder
every 20th foreground (`a2u.matting.holdout`), unless it brings a validation folder.
"""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from a2u.errors import A2UError, near_match
from a2u.matting import metrics, trimap
from a2u.matting.distributed import ALONE, Together
from a2u.matting.inference import predict_large
from a2u.matting.losses import UNKNOWN, matting_loss
from a2u.matting.predictors import WHOLE
from a2u.matting.rows import build, row
from a2u.training import fit, read_best, read_run
from a2u.training.device import choose_device, derive_seed
from a2u.training.loop import Hook
from a2u.training.precision import arithmetic, check_precision
from a2u.training.run import History, Keeper
from a2u.training.step import choose_step

if TYPE_CHECKING:
    from a2u.matting.dataset import Case, Sample, TestSet, TrainSet
    from a2u.matting.network import MattingNet

BEST = "sad"  # the epoch with the lowest on validation images is the one that is kept beside the last
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {
        "width": 1.0, "crop": 512, "batch": 16, "epochs": 30, "iterations": 6000, "lr": 0.01, "encoder_lr": 1e-4,
        "milestones": (20, 26), "pretrained": True, "freeze": True, "test_size": 512, "kernels": (1, 29),
    },
    "narrow": {
        "width": 0.25, "crop": 128, "batch": 8, "epochs": 6, "iterations": 200, "lr": 0.005, "encoder_lr": 0.005,
        "milestones": (4, 5), "pretrained": False, "freeze": False, "test_size": 160, "kernels": (1, 9),
    },
    "brief": {
        "width": 0.25, "crop": 128, "batch": 8, "epochs": 2, "iterations": 200, "lr": 0.005, "encoder_lr": 0.005,
        "milestones": (1,), "pretrained": False, "freeze": False, "test_size": 160, "kernels": (1, 9),
    },
    "quick": {
        "width": 0.125, "crop": 64, "batch": 4, "epochs": 2, "iterations": 15, "lr": 0.003, "encoder_lr": 0.003,
        "milestones": (1,), "pretrained": False, "freeze": False, "test_size": 80, "kernels": (1, 5), "validation": 8,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Config:
    """What defines a result, beside the machine.

    data: "synthetic", or the folder of a data set. crop: side of the squares trained on. batch: of all processes
    together. iterations: of an epoch. encoder_lr: of the encoder; lr: of everything else, the operators included.
    milestones: both are divided by 10 after these epochs. freeze: the encoder's batch norms stay as they are.
    options: of the operator, over those of its row. validation: images measured after an epoch; 0: all there are.
    test_size: side of the synthetic scenes to validate and test on. kernels: the smallest and the largest ellipse of
    the trimaps trained on, in pixels. backgrounds: a folder to compose over, for data that hold none.
    """

    row: str
    preset: str
    data: str
    width: float
    crop: int
    batch: int
    epochs: int
    iterations: int
    lr: float
    encoder_lr: float
    milestones: tuple[int, ...]
    pretrained: bool
    freeze: bool
    seed: int = 0
    validation: int = 0
    test_size: int = 512
    kernels: tuple[int, int] = trimap.SIZES
    precision: str = "float32"
    options: dict[str, Any] = field(default_factory=dict)
    backgrounds: str | None = None

    def __post_init__(self) -> None:
        row(self.row)
        rules = {
            "crop": (self.crop >= 16, "at least 16 pixels: one position of the coarsest map"),
            "batch": (self.batch >= 2, "at least 2, for batch norm"),
            "epochs": (self.epochs >= 1, "at least 1"),
            "iterations": (self.iterations >= 1, "at least 1"),
            "lr": (self.lr > 0, "positive"),
            "encoder_lr": (self.encoder_lr > 0, "positive"),
            "validation": (self.validation >= 0, "at least 0"),
            "test_size": (self.test_size >= 16, "at least 16"),
            "kernels": (1 <= self.kernels[0] <= self.kernels[1], "two sizes of at least 1, the smaller first"),
        }
        for key, (kept, rule) in rules.items():
            if not kept:
                raise A2UError(f"{key} must be {rule}, given {getattr(self, key)}.")
        if self.pretrained and self.width != 1:
            raise A2UError(f"ImageNet's weights fit the network of width 1, given {self.width:g}: leave one of them.")
        if self.backgrounds is not None and self.data == "synthetic":
            raise A2UError(f"The synthetic set brings its backgrounds, given {self.backgrounds}: leave --backgrounds.")

    def as_dict(self) -> dict[str, Any]:
        """What a run's config.json holds; backgrounds only where they are given, so that older runs go on."""
        found = asdict(self)
        if self.backgrounds is None:
            del found["backgrounds"]
        return found


def config(row: str, preset: str = "narrow", data: str | Path = "synthetic", seed: int = 0, **changes: Any) -> Config:
    """A preset's config; `changes` (fields of `Config`) that are not None take precedence.

    Without ImageNet's weights the encoder's batch norms have nothing worth keeping, and are not frozen unless asked.

    >>> config("dynamic-cs").width
    0.25
    """
    if preset not in PRESETS:
        raise A2UError(f"There is no preset {preset!r}. {near_match(preset, list(PRESETS))}")
    changed = {key: value for key, value in changes.items() if value is not None}
    known = [each.name for each in dataclasses.fields(Config)]
    for key in changed:
        if key not in known:
            raise A2UError(f"A matting experiment has no setting {key!r}. {near_match(key, known)}")
    chosen = {**PRESETS[preset], **changed}
    if "freeze" not in changed and not chosen["pretrained"]:
        chosen["freeze"] = False
    return Config(row=row, preset=preset, data=str(data), seed=seed, **chosen)


def as_config(found: dict[str, Any]) -> Config:
    """The config that a run's config.json holds."""
    tuples: dict[str, Any] = {key: tuple(found[key]) for key in ("milestones", "kernels") if key in found}
    return Config(**{**found, **tuples})


def run_name(config: Config) -> str:
    """The name of a run's folder unless the user gives another.

    >>> run_name(config("dynamic-cs", options={"kernel_size": 5}))
    'matting-dynamic-cs-kernel_size=5-narrow'
    """
    extra = "".join(f"-{key}={value}" for key, value in sorted(config.options.items()))
    data = "" if config.data == "synthetic" else f"-{Path(config.data).name}"
    return f"matting-{config.row}{extra}{data}-{config.preset}{f'-{config.seed}' if config.seed else ''}"


def build_model(config: Config) -> "MattingNet":
    """The row's network with the initial weights of the config's seed; the caller's random numbers stay as they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(config.seed, "model"))
        net = build(config.row, config.width, config.pretrained, **config.options)
    return net.freeze_encoder_norms() if config.freeze else net


class Experiment:
    """The task that `a2u.training.fit` trains.

    Args:
        config: see `Config`.
        train: what to draw samples from; their order follows from the config's seed and the epoch.
        validation: images measured after each epoch.
        device: where to compute.
        workers: processes that prepare samples; 0 prepares them in this one. It changes no sample.
        together: the other processes of the same training, see `a2u.matting.distributed`.
    """

    def __init__(
        self,
        config: Config,
        train: "TrainSet",
        validation: "TestSet",
        device: torch.device | str = "cpu",
        workers: int = 0,
        together: Together = ALONE,
    ) -> None:
        self.settings, self.device, self.together = config, torch.device(device), together
        check_precision(config.precision, self.device)
        together.share(config.batch)  # refused before anything is built
        self.seed = derive_seed(config.seed, "process", together.rank) if together.rank else config.seed  # of dropout
        self.epochs, self.steps = config.epochs, config.iterations
        self.train, self.validation, self.workers = train, validation, workers
        self._cases: dict[int, Case] = {}
        net = build_model(config).to(self.device)
        # Convolutions read a pixel's channels as one run of memory: faster on CPUs and on GPUs.
        self.model: MattingNet = together.prepare(net.to(memory_format=torch.channels_last), self.device)
        self._forward = together.wrap(self.model, self.device)
        self.optimizer = torch.optim.Adam(
            [
                {"params": _learned(self.model, encoder=False), "lr": config.lr},
                {"params": _learned(self.model, encoder=True), "lr": config.encoder_lr},
            ]
        )
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._decay)

    @property
    def config(self) -> dict[str, Any]:
        """Everything that a run must agree on to be continued."""
        return self.settings.as_dict()

    def batches(self, epoch: int) -> Iterator["Sample"]:
        """This process's part of the epoch's batches, on the device."""
        from a2u.matting.dataset import batches

        chosen, together = self.settings, self.together
        part = together.share(chosen.batch)
        for batch in batches(self.train, epoch, self.steps, part, self.workers, together.rank, together.world):
            yield type(batch)(**{key: value.to(self.device, non_blocking=True) for key, value in vars(batch).items()})

    def loss(self, batch: "Sample") -> Tensor:
        """½ alpha loss + ½ composition loss over the unknown pixels.

        Of several processes the mean of this is the loss of their batches as one: each counts for its unknown pixels.
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
        if self.settings.data == "synthetic":  # small, and slower to draw than to measure
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


def prepare(config: Config, device: str = "auto", workers: int = 0, together: Together = ALONE) -> Experiment:
    """Open the data that `config` names and build the experiment."""
    from a2u.matting.dataset import TrainSet
    from a2u.matting.sources import open_test, open_train

    train = TrainSet(open_train(config.data, config.backgrounds), config.crop, config.seed, config.kernels)
    validation = open_test(config.data, "validation", config.test_size, config.backgrounds)
    return Experiment(config, train, validation, choose_device(device), workers, together)


def train(
    experiment: Experiment, run: Keeper | None = None, on_step: Hook | None = None, on_epoch: Hook | None = None
) -> History:
    """Train to the end, from where `run` is, and keep the last state and the best epoch; hooks as in `fit`."""
    report_every = 20 if experiment.device.type == "cuda" else 1  # reading the loss makes a GPU wait
    step = experiment.together.step(choose_step(experiment.device, "eager", experiment.settings.precision))
    return fit(experiment, experiment.together.keeper(run), on_step, on_epoch, report_every, step, best=BEST)


def load_model(folder: str | Path, best: bool = True) -> tuple["MattingNet", Config, History]:
    """The network of a run on the CPU in evaluation mode, its config and the records of its epochs.

    best: the epoch with the lowest SAD on validation images; otherwise the last.

    Raises:
        A2UError: Not a run of this experiment, or files that are damaged, or no complete epoch yet.
    """
    found, history = read_run(folder)
    if "encoder_lr" not in found:
        raise A2UError(f"{folder} is a run of another experiment: `a2u matting train` makes runs of matting networks.")
    if not history:
        raise A2UError(f"{folder} has no complete epoch yet: the command that began it goes on where it was.")
    chosen = as_config(found)
    net = build_model(replace(chosen, pretrained=False))
    if best:
        read_best(folder, net)
    else:
        read_run(folder, {"model": net})
    return net.eval(), chosen, history
