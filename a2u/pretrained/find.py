"""Which network a word on the command line names: a run, a checkpoint, weights that ship, or published ones."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from a2u.errors import A2UError
from a2u.matting.measure.predictors import Predictor, of_network
from a2u.pretrained.cards import MATTING, names
from a2u.training import checkpoint
from a2u.training.kind import check_begun, check_experiment

if TYPE_CHECKING:
    from a2u.matting.network.network import MattingNet
    from a2u.matting.settings import Settings


@dataclass(frozen=True)
class Trained:
    """A trained network on the CPU.

    title: what it is, for a table. data, test_size: those of its training, None where they are not known. notes: lines
    on how it was read, for people.
    """

    net: "MattingNet"
    title: str
    data: str | None = None
    test_size: int | None = None
    notes: tuple[str, ...] = ()

    def predictor(self, device: torch.device | str = "cpu", tile: int | None = None) -> Predictor:
        """Its mattes; see :func:`a2u.matting.measure.predictors.of_network`."""
        return of_network(self.net, self.title, device, tile)


def load_network(path: Path, best: bool = True) -> Trained:
    """A trained network.

    Args:
        path: a run folder of `a2u matting train`; one of its checkpoints, there or copied elsewhere; the name of
            weights that ship ("matting/dynamic-cs"); or a published A²U checkpoint.
        best: for a run folder, the epoch with the lowest SAD on its validation images; otherwise the last.

    Raises:
        A2UError: None of these, or a file that is damaged.
    """
    if path.is_dir():
        return _of_run(path, best)
    if path.exists():
        if checkpoint.is_checkpoint(path):
            return _of_checkpoint(path)
        return _of_published(path)
    if path.as_posix() in shipped():
        return _of_shipped(path.as_posix())
    raise A2UError(
        f"There are no weights at {path}. `a2u matting train` makes them, as runs/NAME; these ship with a2u: "
        f"{', '.join(shipped())}."
    )


def shipped() -> list[str]:
    """The names of the matting networks that ship."""
    return [name for name in names() if name.startswith(f"{MATTING}/")]


def _of_run(folder: Path, best: bool) -> Trained:
    from a2u.matting.experiment import load_model

    net, config, history = load_model(folder, best)
    epoch = min(history, key=lambda each: float(each["sad"]))["epoch"] if best else len(history)
    return Trained(net, _title(config, epoch, folder), config.data, config.test_size)


def _of_checkpoint(path: Path) -> Trained:
    """The network of one checkpoint, whose metadata say what was trained."""
    from a2u.matting.experiment import build_model
    from a2u.matting.settings import EXPERIMENT, settings_of

    state = checkpoint.load(path, {})
    check_experiment(state["config"], EXPERIMENT, path)
    check_begun(state["history"], path)
    config = settings_of(state["config"])
    net = build_model(replace(config, pretrained=False))
    checkpoint.load(path, {"model": net})
    return Trained(net.eval(), _title(config, state["history"][-1]["epoch"], path), config.data, config.test_size)


def _of_shipped(name: str) -> Trained:
    from a2u.pretrained.load import load_pretrained

    net, card = load_pretrained(name)
    data = card.set if card.set == "synthetic" else None
    return Trained(net, f"{card.title}, weights that ship ({name})", data, card.settings["test_size"], (card.training,))


def _of_published(path: Path) -> Trained:
    from a2u.pretrained.published import load_published

    net, conversion = load_published(path)
    return Trained(net, f"published weights {path.name}", notes=tuple(conversion.summary()))


def _title(config: "Settings", epoch: int, path: Path) -> str:
    from a2u.matting.rows import row

    begun = "ImageNet encoder" if config.pretrained else "random encoder"
    trained = f"epoch {epoch} of {config.epochs} × {config.iterations} iterations on crops of {config.crop}²"
    return f"{row(config.row).title}, {config.preset} preset, {begun}, seed {config.seed}, {trained} ({path})"
