"""One foreground, or one test case, from its files."""

from functools import lru_cache
from typing import Any

from torch import Tensor

from a2u.errors import A2UError
from a2u.matting.data import trimap
from a2u.matting.data.composition import Layer, alpha_tensor, compose, image_tensor, to_bytes
from a2u.matting.data.dataset import Case
from a2u.matting.data.entries import Entry, LayerFiles
from a2u.matting.data.files import check_sizes, read_colour, read_grey, read_image, read_trimap
from a2u.matting.data.opencv import opencv

KERNEL = 15  # of trimaps that are made here, where a folder has none


@lru_cache(maxsize=8)
def read_layer(pair: LayerFiles) -> Layer:
    """A foreground and its alpha, which must be of one size."""
    colour, alpha = read_colour(pair.foreground), read_grey(pair.alpha)
    check_sizes(foreground=(pair.foreground, colour.shape[:2]), alpha=(pair.alpha, alpha.shape))
    return Layer(colour, alpha, pair.foreground.stem)


def read_case(entry: Entry, kernels: tuple[int, int] = (KERNEL, KERNEL)) -> Case:
    """One test case from its files; `kernels` make a trimap where there is none.

    Raises:
        A2UError: A file that cannot be used or is not there, or sizes that differ; both are named.
    """
    if entry.fault is not None:
        raise A2UError(entry.fault)
    if entry.image is not None:
        file, image = entry.image, read_image(entry.image)
        alpha = None if entry.alpha is None else alpha_tensor(read_grey(entry.alpha))
    elif entry.pair is not None and entry.background is not None:
        file, layer = entry.pair.foreground, read_layer(entry.pair)
        alpha = alpha_tensor(layer.alpha)
        behind = image_tensor(cover(read_colour(entry.background), *layer.alpha.shape))
        image = image_tensor(to_bytes(compose(image_tensor(layer.colour), behind, alpha)))  # 8 bits, as a file has
    else:
        raise A2UError(f"{entry.name} is neither a picture nor a foreground with a background.")
    known: Tensor
    if entry.trimap is not None:
        known = read_trimap(entry.trimap)
        check_sizes(image=(file, tuple(image.shape[1:])), trimap=(entry.trimap, tuple(known.shape[1:])))
    elif alpha is not None:
        known = trimap.trimap_of(alpha, *kernels)
    else:
        raise A2UError(f"{file} has neither a trimap nor an alpha to make one from.")
    if alpha is not None and entry.alpha is not None:
        check_sizes(image=(file, tuple(image.shape[1:])), alpha=(entry.alpha, tuple(alpha.shape[1:])))
    return Case(entry.name, image, alpha, known)


def cover(picture: Any, height: int, width: int) -> Any:
    """A background enlarged, if necessary, until it covers height × width, and cut at its top left corner."""
    cv2 = opencv()
    factor = max(height / picture.shape[0], width / picture.shape[1])
    if factor > 1:
        size = (max(width, round(picture.shape[1] * factor)), max(height, round(picture.shape[0] * factor)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    return picture[:height, :width].copy()
