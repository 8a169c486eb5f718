"""Copies beside their errors, and Table 1 as a picture: the values that reach the page."""

from itertools import pairwise

import numpy as np
import pytest

from a2u.errors import A2UError
from a2u.plots import style
from a2u.plots.reconstruction import comparison, table_dots

IMAGES = np.random.default_rng(0).random((2, 1, 8, 8))


def panels(figure) -> list:
    return [ax for ax in figure.axes if ax.images and ax.images[0].get_array().shape == (8, 8)]


def test_each_row_shows_input_copies_and_absolute_errors() -> None:
    figure = comparison(IMAGES, {"a": IMAGES * 0.5, "b": IMAGES + 0.1})
    shown = [np.asarray(ax.images[0].get_array()) for ax in panels(figure)]
    image = IMAGES[0, 0]
    for panel, expected in zip(
        shown[:5], [image, image / 2, image + 0.1, image / 2, np.full((8, 8), 0.1)], strict=True
    ):
        np.testing.assert_allclose(panel, expected)
    assert len(shown) == 10


def test_all_errors_share_one_scale_and_all_images_another() -> None:
    scales = [ax.images[0].get_clim() for ax in panels(comparison(IMAGES, {"a": IMAGES, "b": 3 * IMAGES}, limit=0.4))]
    assert scales[:5] == [(-1, 1)] * 3 + [(0, 0.4)] * 2
    assert scales[5:] == scales[:5]


def test_scores_stand_in_the_titles() -> None:
    figure = comparison(IMAGES, {"a": IMAGES}, {"a": {"psnr": 12.345, "ssim": 0.678}})
    assert "12.3 dB, SSIM 0.68" in [text.get_text() for text in figure.texts]


def test_images_with_and_without_a_channel_axis_give_one_picture() -> None:
    figures = [comparison(images, {"a": images}) for images in (IMAGES, IMAGES[:, 0])]
    assert style.png(figures[0]) == style.png(figures[1])


def test_panels_do_not_overlap() -> None:
    boxes = [ax.get_position() for ax in panels(comparison(IMAGES, dict.fromkeys("abcd", IMAGES)))]
    for first, second in pairwise(boxes):
        assert first.x1 < second.x0 or first.y0 > second.y1
    assert max(box.x1 for box in boxes) <= 1
    assert min(box.x0 for box in boxes) >= 0


@pytest.mark.parametrize(
    ("images", "outputs", "message"),
    [
        (IMAGES, {}, "nothing to compare"),
        (IMAGES, {"a": IMAGES[:1]}, "a has shape"),
        (IMAGES[0, 0], {"a": IMAGES}, "Images are"),
    ],
)
def test_what_cannot_be_compared_is_refused(images, outputs, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        comparison(images, outputs)


def test_the_table_shows_paper_and_own_numbers_in_their_rows() -> None:
    ax = table_dots({"first": 28.5, "second": 47.6}, {"second": 22.0}).axes[0]
    points = {(float(line.get_xdata()[0]), int(line.get_ydata()[0])) for line in ax.lines if len(line.get_xdata()) == 1}
    assert points == {(28.5, 0), (47.6, 1), (22.0, 1)}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert ax.get_xlim()[0] < 22 < 47.6 < ax.get_xlim()[1]


def test_a_row_that_the_table_does_not_have_is_refused() -> None:
    with pytest.raises(A2UError, match="no row 'third'"):
        table_dots({"first": 1.0}, {"third": 2.0})
