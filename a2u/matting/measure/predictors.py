"""Whatever makes a matte of an image and a trimap, behind one function: a network, a classical method, files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from a2u.errors import A2UError

if TYPE_CHECKING:
    from a2u.matting.data.dataset import Case
    from a2u.matting.network.network import MattingNet

WHOLE, TILE = 1_500_000, 512  # pixels of an image that is computed at once; side of the tiles of larger ones


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
        tile: side of the squares in which an image is computed, with the same result in less memory
            (:mod:`a2u.matting.network.inference`). None: the whole at once up to 1.5 million pixels, tiles of 512
            above.
    """
    from a2u.matting.network.inference import predict_large
    from a2u.training.memory import PeakMemory

    net = net.to(device).eval()

    def matte(case: "Case") -> tuple[Tensor, int | None]:
        if tile is not None or case.trimap.numel() > WHOLE:
            alpha, peak = predict_large(net, case.image, case.trimap, TILE if tile is None else tile)
            return alpha.cpu(), peak
        with PeakMemory(torch.device(device)) as memory:
            alpha = net.predict(case.image.to(device), case.trimap.to(device)).cpu()
        return alpha, memory.bytes

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
    from a2u.matting.data.files import read_alpha

    if not folder.is_dir():
        raise A2UError(f"There is no folder {folder} of mattes; it should hold NAME.png for each image.")

    def matte(case: "Case") -> tuple[Tensor, int | None]:
        path = folder / f"{case.name}.png"
        alpha = read_alpha(path)
        if alpha.shape != case.trimap.shape:
            sizes = (f"{each.shape[2]}×{each.shape[1]}" for each in (alpha, case.trimap))
            raise A2UError("{} is {} and its image {} (width × height).".format(path, *sizes))
        return torch.where(case.trimap == 128, alpha, case.trimap.float() / 255), None

    return Predictor(f"mattes in {folder}", matte)
