"""Files in, files out: for each image and its trimap an alpha (`NAME-alpha.png`) and a cut-out (`NAME-cutout.png`).

The cut-out is an RGBA PNG. Its colours are not the image's, in which fine hair still shines with the old background,
but those of the foreground alone, estimated from image and alpha (:func:`a2u.matting.classical.estimate_foreground`):
laid over any other picture, α·F + (1 − α)·B shows no old rim. They are in the colour space of the image, whose profile
(ICC) the cut-out keeps.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.matting.classical import estimate_foreground
from a2u.matting.data.composition import to_bytes
from a2u.matting.data.dataset import Case
from a2u.matting.data.files import check_sizes, read_image, read_trimap, to_png
from a2u.matting.data.listing import Pictures, by_name, natural
from a2u.matting.data.pixels import SUFFIXES, profile_of
from a2u.matting.data.trimap import check_unknown
from a2u.matting.measure.evaluate import why
from a2u.matting.measure.metrics import to_8bit
from a2u.matting.measure.predictors import Predictor


@dataclass(frozen=True)
class Pair:
    """An image and its trimap, as files."""

    name: str
    image: Path
    trimap: Path


@dataclass(frozen=True)
class Cut:
    """What was written for one pair, and what its matte cost."""

    alpha: Path
    cutout: Path | None
    height: int
    width: int
    seconds: float
    peak_bytes: int | None


def pairs(image: Path, trimap: Path) -> tuple[list[Pair], dict[str, str]]:
    """One pair of two files, or all pairs of two folders; files belong together when their names are the same.

    Where no name is the same, upper and lower case and the Unicode form may differ (:class:`Pictures`).

    Returns:
        The pairs by name, and for each name that makes no pair the reason.

    Raises:
        A2UError: A path that does not exist, a file with a folder, or no image at all.
    """
    missing = [str(path) for path in (image, trimap) if not path.exists()]
    if missing:
        raise A2UError(f"There is no {' and no '.join(missing)}. Give an image and its trimap, or a folder of each.")
    if image.is_dir() != trimap.is_dir():
        file, folder = (trimap, image) if image.is_dir() else (image, trimap)
        raise A2UError(f"An image and its trimap are two files or two folders; {file} is a file, {folder} a folder.")
    if not image.is_dir():
        return [Pair(image.stem, image, trimap)], {}
    images, trimaps = by_name(image), by_name(trimap)
    if not images:
        raise A2UError(f"{image} holds no image; known endings: {', '.join(SUFFIXES)}.")
    found, failed = [], {name: _several(files) for name, files in (trimaps | images).items() if len(files) > 1}
    own, other = (Pictures({name: files[0] for name, files in each.items()}) for each in (images, trimaps))
    for name, files in images.items():
        partner = other.partner(name, own)
        if partner is None:
            failed.setdefault(name, f"it has no trimap in {trimap}.")
        elif len(trimaps[partner.stem]) > 1:
            failed.setdefault(name, _several(trimaps[partner.stem]))
        elif name not in failed:
            found.append(Pair(name, files[0], partner))
    for name in other:
        if own.partner(name, other) is None:
            failed.setdefault(name, f"it has no image in {image}.")
    return found, {name: failed[name] for name in sorted(failed, key=natural)}


def _several(files: list[Path]) -> str:
    return f"{', '.join(path.name for path in files)} have one name, so their mattes would be one file."


def results(chosen: Sequence[Pair], out: str | Path, colours: bool = True, read: Iterable[Path] = ()) -> Outputs:
    """Where the results of the pairs will be written; nothing is written yet.

    Args:
        chosen: from :func:`pairs`.
        out: the folder.
        colours: the cut-outs too, not only the alphas.
        read: what is read besides the pairs, such as the weights.

    Raises:
        A2UError: A result would replace a file that is read, or one that `a2u matting predict` did not write.
    """
    outputs = Outputs(out, "a2u matting predict")
    inputs = [path for pair in chosen for path in (pair.image, pair.trimap)]
    outputs.check([name for pair in chosen for name in _names(pair, colours)], [*inputs, *read])
    return outputs


def _names(pair: Pair, colours: bool) -> list[str]:
    return [f"{pair.name}-alpha.png", *([f"{pair.name}-cutout.png"] if colours else [])]


def cut_all(
    chosen: Sequence[Pair],
    predictor: Predictor,
    out: Outputs,
    *,
    colours: bool = True,
    on_pair: Callable[[Pair, Cut | str], None] | None = None,
) -> dict[str, str]:
    """Cut out every pair; returns the reason for each that failed, and goes on with the rest.

    Args:
        chosen: from :func:`pairs`.
        predictor: from :mod:`a2u.matting.measure.predictors`.
        out: from :func:`results`.
        colours: write the cut-out too, not only the alpha.
        on_pair: called after each pair with what was written, or with the reason why nothing was.
    """
    failed = {}
    for pair in chosen:
        try:
            result: Cut | str = cut(pair, predictor, out, colours)
        except Exception as error:  # a batch job goes on, and says in the end what it could not do
            result = failed[pair.name] = why(error)
        if on_pair:
            on_pair(pair, result)
    return failed


def cut(pair: Pair, predictor: Predictor, out: Outputs, colours: bool = True) -> Cut:
    """The alpha of one pair, and its cut-out if wanted, as files.

    Raises:
        A2UError: A file that is not an image or not a trimap, two sizes, a trimap that leaves nothing to find, or a
            result that would replace another file.
    """
    image, trimap, profile = read_image(pair.image), read_trimap(pair.trimap), profile_of(pair.image)
    check_sizes(image=(pair.image, tuple(image.shape[1:])), trimap=(pair.trimap, tuple(trimap.shape[1:])))
    check_unknown(trimap, pair.trimap)
    start = time.perf_counter()
    alpha, peak = predictor.matte(Case(pair.name, image, None, trimap))
    seconds = time.perf_counter() - start
    matte = to_8bit(alpha)
    contents = [matte]
    if colours:  # before anything is written: the two come together or not at all
        contents.append(np.dstack([to_bytes(estimate_foreground(image, alpha)), matte]))
    named = zip(_names(pair, colours), contents, strict=True)
    targets = [out.write(name, to_png(pixels, None if pixels is matte else profile)) for name, pixels in named]
    height, width = matte.shape
    return Cut(targets[0], targets[1] if colours else None, height, width, seconds, peak)
