"""One training sample, from two foregrounds and a background to a crop: every step of section 6, in its order.

1. With probability ½ a second foreground lies behind the first (:func:`a2u.matting.data.composition.combine`).
2. With probability ¼ the whole is resized to a square of 1.25 × the crop (640 for crops of 512).
3. A random affine map: ±30°, scale 0.8–1.25 along each axis, shear ±10°, flips.
4. A trimap, by eroding both sure regions with ellipses of 1–29 pixels.
5. A crop around a pixel that is unknown.
6. Hue, saturation and value of the foreground are shifted.
7. It is composited over a random window of a random background.

Alpha is rounded to 8 bits after the map, as the files of a data set are, so that a pixel the trimap calls known is
exactly 0 or 1.
"""

import math
from typing import Any

import numpy as np

from a2u.matting.data import trimap
from a2u.matting.data.composition import Layer, alpha_tensor, combine, image_tensor, to_bytes
from a2u.matting.data.opencv import opencv

P_SECOND, P_RESIZE = 0.5, 0.25
RESIZE = 1.25  # of the crop: 640 / 512
DEGREES, SCALES, SHEAR, P_FLIP = 30.0, (0.8, 1.25), 10.0, 0.5
HUE, SATURATION, VALUE = 40.0, 0.1, 0.1  # ± degrees, and ± of the range [0, 1]

Random = np.random.Generator


def merge(front: Layer, behind: Layer) -> Layer:
    """Both as one foreground of the front one's size."""
    height, width = front.alpha.shape
    behind = resize(behind, width, height)
    colour, alpha = combine(
        (image_tensor(front.colour), alpha_tensor(front.alpha)),
        (image_tensor(behind.colour), alpha_tensor(behind.alpha)),
    )
    return Layer(to_bytes(colour), to_bytes(alpha), f"{front.name} + {behind.name}")


def resize(layer: Layer, width: int, height: int) -> Layer:
    """The layer at another size: averaged going down, interpolated linearly going up."""
    if (height, width) == layer.alpha.shape:
        return layer
    cv2 = opencv()
    down = width * height < layer.alpha.size
    how = cv2.INTER_AREA if down else cv2.INTER_LINEAR
    return Layer(
        cv2.resize(layer.colour, (width, height), interpolation=how),
        cv2.resize(layer.alpha, (width, height), interpolation=how),
        layer.name,
    )


def at_least(layer: Layer, size: int) -> Layer:
    """The layer, enlarged if its shorter side is below `size`."""
    height, width = layer.alpha.shape
    factor = size / min(height, width)
    if factor <= 1:
        return layer
    return resize(layer, max(size, round(width * factor)), max(size, round(height * factor)))


def affine(layer: Layer, generator: Random) -> Layer:
    """A random affine map about the centre; the size stays. Outside, alpha is 0 and the border's colour is repeated."""
    cv2 = opencv()
    height, width = layer.alpha.shape
    matrix = random_matrix(generator, width, height)
    common = {"M": matrix, "dsize": (width, height), "flags": cv2.INTER_LINEAR}
    colour = cv2.warpAffine(layer.colour, borderMode=cv2.BORDER_REPLICATE, **common)
    alpha = cv2.warpAffine(layer.alpha, borderMode=cv2.BORDER_CONSTANT, borderValue=0, **common)
    return Layer(colour, alpha, layer.name)


def random_matrix(generator: Random, width: int, height: int) -> Any:
    """Flip, shear, scale and rotate (in this order) about the centre of the picture: float64 (2, 3)."""
    angle = math.radians(generator.uniform(-DEGREES, DEGREES))
    slant = math.tan(math.radians(generator.uniform(-SHEAR, SHEAR)))
    scales = np.exp(generator.uniform(math.log(SCALES[0]), math.log(SCALES[1]), size=2))
    flips = np.where(generator.random(2) < P_FLIP, -1.0, 1.0)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = rotation @ np.diag(scales) @ np.array([[1.0, slant], [0.0, 1.0]]) @ np.diag(flips)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    return np.concatenate([linear, (centre - linear @ centre)[:, None]], axis=1)


def crop_corner(known: Any, size: int, generator: Random) -> tuple[int, int]:
    """Row and column of the corner of a crop around a random unknown pixel of a trimap (H, W), moved inside."""
    height, width = known.shape
    unknown = np.flatnonzero(known == trimap.UNKNOWN)
    # Without unknown pixels, around any pixel.
    centre = int(unknown[generator.integers(len(unknown))]) if len(unknown) else int(generator.integers(known.size))
    row, column = divmod(centre, width)
    top = min(max(row - size // 2, 0), height - size)
    left = min(max(column - size // 2, 0), width - size)
    return top, left


def jitter(colour: Any, generator: Random) -> Any:
    """Hue, saturation and value shifted, each by one number for the whole: uint8 (H, W, 3) → uint8 (H, W, 3)."""
    cv2 = opencv()
    hue, saturation, value = generator.uniform(-1, 1, size=3) * (HUE, SATURATION, VALUE)
    hsv = cv2.cvtColor(colour.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)  # H in degrees, S and V in [0, 1]
    hsv[..., 0] = np.mod(hsv[..., 0] + np.float32(hue), np.float32(360))
    grey = hsv[..., 1] == 0  # a grey has no hue, so none may appear
    hsv[..., 1] = np.where(grey, 0, np.clip(hsv[..., 1] + np.float32(saturation), 0, 1))
    hsv[..., 2] = np.clip(hsv[..., 2] + np.float32(value), 0, 1)
    return np.rint(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).clip(0, 1) * 255).astype(np.uint8)


def window(picture: Any, size: int, generator: Random) -> Any:
    """A random square of a background, at a random scale and mirrored or not: uint8 (size, size, 3)."""
    cv2 = opencv()
    shortest = min(picture.shape[:2])
    side = shortest if shortest <= size else int(generator.integers(size, shortest + 1))
    top = int(generator.integers(picture.shape[0] - side + 1))
    left = int(generator.integers(picture.shape[1] - side + 1))
    part = picture[top : top + side, left : left + side]
    if generator.random() < 0.5:
        part = part[:, ::-1]
    if side == size:
        return part.copy()  # a copy, because the source may keep the picture
    how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(part), (size, size), interpolation=how)
