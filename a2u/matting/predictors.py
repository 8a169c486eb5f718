"""Whatever makes a matte of an image and a trimap, behind one function: a network, a classical method, files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from a2u.errors import A2UError

if TYPE_CHECKING:
    from a2u.matting.dataset import Case
    from a2u.matting.network import MattingNet

PUBLISHED = (".pth", ".pt", ".tar")  # endings of checkpoints that torch wrote


@dataclass(frozen=True)
class Predictor:
    """title: of the method, for a table. matte: a case's alpha, Tensor[1, H, W] in [0, 1], and the bytes that it took.

    The bytes are None where nobody counted them. Known pixels are the trimap's.
    """

    title: str
    matte: Callable[["Case"], tuple[Tensor, int | None]]


def of_network(net: "MattingNet", title: str, device: torch.device | str = "cpu", tile: int | None = None) -> Predictor:
    """A network's mattes.

    Args:
        net: moved to the device, and used in evaluation mode.
        title: of the method.
        device: where to compute.
        tile: side of the squares that an image is computed in, None for the whole at once. See
            :mod:`a2u.matting.inference`.
    """
    from a2u.matting.inference import predict_large

    net = net.to(device).eval()

    def matte(case: "Case") -> tuple[Tensor, int | None]:
        alpha, peak = predict_large(net, case.image.to(device), case.trimap.to(device), tile=tile)
        return alpha.cpu(), peak

    return Predictor(title, matte)


def of_classical(name: str) -> Predictor:
    """Closed-form or KNN matting, see :mod:`a2u.matting.classical`."""
    from a2u.matting import classical

    chosen = classical.method(name)
    return Predictor(
        f"{chosen.title} ({chosen.source})", lambda case: (classical.predict(name, case.image, case.trimap), None)
    )


def of_mattes(folder: Path) -> Predictor:
    """Mattes that some other program wrote: `NAME.png` for each case, 8-bit grey.

    Raises:
        A2UError: There is no such folder; of a single case, when it is asked for: no such file, or another size.
    """
    from a2u.matting.files import read_alpha

    if not folder.is_dir():
        raise A2UError(f"There is no folder {folder} of mattes; it should hold NAME.png for each image.")

    def matte(case: "Case") -> tuple[Tensor, int | None]:
        alpha = torch.from_numpy(read_alpha(folder / f"{case.name}.png")).float()[None] / 255
        known = torch.where(case.trimap == 128, alpha, case.trimap / 255) if alpha.shape == case.trimap.shape else alpha
        return known, None

    return Predictor(f"mattes in {folder}", matte)


def of_weights(path: Path, device: torch.device | str = "cpu", tile: int | None = None, best: bool = True) -> Predictor:
    """The network of a run folder, of a file in one, or of a published checkpoint."""
    net, title = load_network(path, best)
    return of_network(net, title, device, tile)


def load_network(path: Path, best: bool = True) -> tuple["MattingNet", str]:
    """A trained network on the CPU, and its title.

    Args:
        path: a run folder of `a2u matting train`, the checkpoint in one, or a published A²U checkpoint.
        best: of a run, the epoch with the lowest SAD on its validation images; otherwise the last.

    Raises:
        A2UError: Neither, or a file that is damaged.
    """
    from a2u.matting.experiment import load_model
    from a2u.matting.rows import row

    if path.is_file() and path.name.endswith(PUBLISHED):
        from a2u.matting.published import load_published

        return load_published(path), f"published weights {path.name}"
    folder = path.parent if path.suffix == ".safetensors" else path
    if not path.exists():
        raise A2UError(f"There are no weights at {path}. Give a run folder of `a2u matting train`, such as runs/NAME.")
    net, config, history = load_model(folder, best)
    trained = (
        f"{len(history)} of {config.epochs} epochs of {config.iterations} iterations on {config.data} ({config.crop}²)"
    )
    return net, f"{row(config.row).title}, {config.preset} preset, seed {config.seed}: {trained}, {path}"
