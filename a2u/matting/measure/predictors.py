"""Whatever makes a matte of an image and a trimap, behind one function: a network, a classical method, files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from a2u.errors import A2UError
from a2u.matting.data.trimap import UNKNOWN

if TYPE_CHECKING:
    from a2u.matting.data.dataset import Case
    from a2u.matting.network.network import MattingNet

WHOLE, TILE = 1_500_000, 512  # pixels of an image that is computed at once; side of the tiles of larger ones


@dataclass(frozen=True)
class Predictor:
    """title: of the method, for a table. matte: a case's alpha, Tensor[1, H, W] in [0, 1], and the bytes that it took.

    The bytes are None where they were not counted. Known pixels are the trimap's.
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
    """Mattes that some other program wrote, or `a2u matting predict`: a grey file for each case, as :func:`matte_file`
    finds it.

    Raises:
        A2UError: There is no such folder, or no picture in it; of a single case, when it is asked for: no such file, or
            another size.
    """
    from a2u.matting.data.files import read_alpha
    from a2u.matting.data.listing import by_name

    files = by_name(folder) if folder.is_dir() else {}
    if not files:
        what = "holds no pictures" if folder.is_dir() else "is not a folder"
        raise A2UError(f"{folder} {what}; mattes are in a folder, NAME.png or NAME-alpha.png for each image.")

    def matte(case: "Case") -> tuple[Tensor, int | None]:
        path = matte_file(case.name, files, folder)
        alpha = read_alpha(path)
        if alpha.shape != case.trimap.shape:
            sizes = (f"{each.shape[2]}×{each.shape[1]}" for each in (alpha, case.trimap))
            raise A2UError("{} is {} and its image {} (width × height).".format(path, *sizes))
        return torch.where(case.trimap == UNKNOWN, alpha, case.trimap.float() / 255), None

    return Predictor(f"mattes in {folder}", matte)


def matte_file(name: str, files: Mapping[str, Sequence[Path]], folder: Path) -> Path:
    """The matte of a case among the files of a folder: NAME.png, or NAME-alpha.png as `a2u matting predict` writes it.

    Any ending of a picture will do; names match as in :class:`a2u.matting.data.listing.Pictures`.

    Raises:
        A2UError: There is none, or more than one.
    """
    from a2u.matting.data.listing import Pictures

    first = Pictures({each: paths[0] for each, paths in files.items()})
    partners = [first.partner(each) for each in (name, f"{name}-alpha")]
    found = [path for partner in partners if partner for path in files[partner.stem]]
    if not found:
        raise A2UError(f"There is neither {name}.png nor {name}-alpha.png in {folder}.")
    if len(found) > 1:
        raise A2UError(f"{folder} holds {' and '.join(each.name for each in found)}: which is the matte? Remove one.")
    return found[0]
