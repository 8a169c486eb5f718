"""Three photographs that ship with scikit-image, with trimaps painted by hand: what a method is worth outside its data.

A trimap is painted as anyone would paint it: an outline around the object, filled, and strokes of a brush along what is
not sure, broad where there is hair. The coordinates below define it. No true alpha is known, so nothing is
scored: the pictures are looked at, and :func:`shares` says how much of the painted band a method decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from a2u.errors import A2UError, near_match
from a2u.matting.data.composition import image_tensor
from a2u.matting.data.dataset import Case
from a2u.matting.data.opencv import opencv
from a2u.matting.data.trimap import FOREGROUND, UNKNOWN

Points = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Painted:
    """How the trimap of a photograph is painted; all in pixels of the photograph, x before y.

    title: what it shows. crop: left, top, right, bottom of what is used of it. outline: of the object; its ends lie on
    the border where the object goes on. width: of the brush along the outline. strokes: further ones, with a width.
    zoom: top, left and side of the place to be enlarged, within the crop.
    """

    title: str
    crop: tuple[int, int, int, int]
    outline: Points
    width: int
    strokes: tuple[tuple[Points, int], ...]
    zoom: tuple[int, int, int]


# fmt: off
_HAIR: Points = (
    (170, 128), (161, 112), (155, 95), (154, 72), (162, 54), (174, 45), (188, 36), (202, 23), (218, 17), (236, 16),
    (256, 21), (274, 31), (288, 46), (297, 65), (300, 85), (296, 104), (288, 120), (278, 132),
)
_EAR: Points = ((397, 2), (387, 16), (374, 40), (360, 66), (355, 84), (358, 108), (361, 128))
PHOTOGRAPHS: dict[str, Painted] = {
    "astronaut": Painted(
        "hair (astronaut)", (90, 0, 350, 260),
        ((0, 512), (20, 400), (25, 345), (40, 285), (60, 248), (80, 230), (112, 209), (117, 188), (128, 165),
         (146, 153), (184, 150), (182, 131), *_HAIR, (268, 135), (263, 152), (256, 176), (272, 184), (288, 203),
         (300, 222), (304, 240), (318, 243), (336, 263), (349, 285), (357, 310), (363, 346), (512, 512)),
        14, ((_HAIR, 30), (((166, 144), (182, 140)), 16)), (5, 55, 70),
    ),
    "cat": Painted(
        "fur and whiskers (chelsea)", (230, 0, 451, 220),
        ((200, -20), (405, -20), *_EAR, (357, 155), (346, 178), (331, 196), (318, 216), (316, 240), (200, 240)),
        24, ((((362, 78), (395, 80), (420, 100)), 22),), (50, 85, 70),
    ),
    "cup": Painted(
        "a hard edge (coffee)", (40, 0, 520, 400),
        ((182, 70), (150, 86), (121, 111), (99, 141), (84, 177), (77, 215), (80, 258), (92, 293), (113, 325),
         (146, 353), (187, 373), (232, 385), (286, 389), (336, 385), (376, 374), (411, 357), (441, 332), (463, 300),
         (475, 266), (479, 231), (474, 196), (462, 165), (444, 135), (420, 108), (423, 88), (424, 73), (414, 66),
         (404, 67), (398, 72), (390, 58), (370, 41), (340, 27), (302, 19), (270, 18), (241, 22), (215, 34), (195, 50)),
        12, (), (40, 310, 90),
    ),
}
# fmt: on


def photograph(name: str) -> Case:
    """One of them with its painted trimap; its alpha is not known.

    Raises:
        A2UError: There is none of that name, or scikit-image, which contains them, is not installed.
    """
    if name not in PHOTOGRAPHS:
        raise A2UError(f"There is no photograph {name!r}. {near_match(name, list(PHOTOGRAPHS))}")
    try:
        from skimage import data
    except ImportError as error:
        raise A2UError(
            f"The photographs come with scikit-image, which cannot be imported ({error}): "
            f"pip install 'a2u-upsampling[matting]'."
        ) from error
    load: Callable[[], Any] = {"astronaut": data.astronaut, "cat": data.chelsea, "cup": data.coffee}[name]
    pixels = load()
    painted = PHOTOGRAPHS[name]
    left, top, right, bottom = painted.crop
    here = slice(top, bottom), slice(left, right)
    known = paint(painted, *pixels.shape[:2])
    return Case(name, image_tensor(pixels[here].copy()), None, torch.from_numpy(known[here].copy())[None])


def paint(painted: Painted, height: int, width: int) -> Any:
    """The trimap as uint8 (H, W): the outline filled with 255, then strokes of 128."""
    cv2 = opencv()
    trimap = np.zeros((height, width), dtype=np.uint8)
    outline = np.array(painted.outline, dtype=np.int32)
    cv2.fillPoly(trimap, [outline], FOREGROUND)
    cv2.polylines(trimap, [outline], True, UNKNOWN, painted.width)
    for points, brush in painted.strokes:
        cv2.polylines(trimap, [np.array(points, dtype=np.int32)], False, UNKNOWN, brush)
    return trimap


@dataclass(frozen=True)
class Shares:
    """Of the unknown pixels of one trimap, the shares that a matte makes foreground, background and a mixture.

    front: alpha above 0.9. behind: below 0.1. mixed: between. They add up to 1.
    """

    front: float
    behind: float
    mixed: float


def shares(alpha: Tensor, trimap: Tensor) -> Shares:
    """How a matte divides the unknown band of its trimap, both Tensor[1, H, W]; alpha in [0, 1].

    Raises:
        A2UError: Two shapes, or a trimap without unknown pixels.
    """
    if alpha.shape != trimap.shape:
        raise A2UError(f"A matte and its trimap have one shape; given {tuple(alpha.shape)} and {tuple(trimap.shape)}.")
    inside = alpha[trimap == UNKNOWN]
    if not inside.numel():
        raise A2UError(f"The trimap marks no pixel as unknown ({UNKNOWN}), so nothing was decided.")
    front, behind = float((inside > 0.9).double().mean()), float((inside < 0.1).double().mean())
    return Shares(front, behind, 1 - front - behind)
