"""One scene of each kind of the synthetic set, as a picture: what its training and its tests are made of."""

import torch.nn.functional as F

from a2u.lessons.frame import Drawing
from a2u.lessons.matting.scenes_picture import Scene, contact_sheet
from a2u.matting.data.composition import image_tensor
from a2u.matting.data.synthetic import KINDS, scene
from a2u.matting.data.synthetic.source import FIRST_SEED, synthetic_case

SIZE = 292  # twice the pixels that a column has
CHOSEN = {"hair": 4, "fur": 3, "net": 3, "foliage": 2, "glass": 0, "bubbles": 1, "smoke": 1, "shapes": 0}


def synthetic_figure() -> Drawing:
    """Every kind: image, trimap, alpha, and the foreground over a flat background."""
    scenes = []
    for place, kind in enumerate(KINDS):
        seed = FIRST_SEED["test"] + CHOSEN[kind]
        case = synthetic_case(kind, seed, "test", place, SIZE)
        colour = image_tensor(scene(kind, seed, SIZE).colour)
        assert case.alpha is not None  # scenes know theirs
        image, colour, alpha = (F.avg_pool2d(each, 2) for each in (case.image, colour, case.alpha))
        scenes.append(Scene(kind, image, colour, alpha, case.trimap[:, ::2, ::2]))
    fig = contact_sheet(
        scenes,
        "The synthetic set: drawn by code from seeds, so that its alpha is known exactly",
        "test part, drawn at half size; in trimaps black is background, white foreground, grey to be found",
    )
    alt = f"Four rows of small pictures, a column each for {', '.join(KINDS)}: the image, its trimap, its exact alpha, "
    return Drawing(fig, alt + "and the same foreground over a flat blue background.")
