"""The contact sheet of the synthetic set: each part of a scene is where it should be, and bad input is named."""

import numpy as np
import pytest

from a2u.errors import A2UError
from a2u.lessons.matting.scenes_picture import ROWS, SHADES, Scene, contact_sheet


def example(title: str = "disc", size: int = 12) -> Scene:
    rng = np.random.default_rng(0)
    alpha = np.zeros((1, size, size))
    alpha[:, 3:9, 3:9] = 0.5
    trimap = np.where(alpha > 0, 128, 0)
    return Scene(title, rng.random((3, size, size)), np.ones((3, size, size)), alpha, trimap)


def test_each_column_shows_image_trimap_alpha_and_the_foreground_elsewhere():
    scene = example()
    fig = contact_sheet([scene, example("other")], "two scenes")
    shown = [np.asarray(image.get_array()) for image in fig.axes[0].images]
    assert len(shown) == 2 * len(ROWS)
    image, trimap, alpha, elsewhere = shown[:4]
    np.testing.assert_allclose(image, np.moveaxis(scene.image, 0, -1), atol=0.5 / SHADES)
    np.testing.assert_allclose(trimap, scene.trimap[0] / 255, atol=0.5 / SHADES)
    np.testing.assert_allclose(alpha, scene.alpha[0], atol=0.5 / SHADES)
    behind = elsewhere[0, 0]
    np.testing.assert_allclose(elsewhere[5, 5], 0.5 + 0.5 * behind, atol=1 / SHADES)


def test_what_cannot_be_shown_is_explained():
    with pytest.raises(A2UError, match="at least one scene"):
        contact_sheet([], "nothing")
    wrong = Scene("disc", *(getattr(example(), name) for name in ("image", "colour", "alpha")), np.zeros((1, 5, 5)))
    with pytest.raises(A2UError, match=r"'disc' must have one size, given \[\(5, 5\), \(12, 12\)\]"):
        contact_sheet([wrong], "wrong")
