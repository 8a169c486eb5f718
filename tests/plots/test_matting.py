"""The qualitative figure of section 6: which arrays reach the page, and on which scales."""

import numpy as np
import pytest
import torch

from a2u.errors import A2UError
from a2u.plots import style
from a2u.plots.matting import Example, busiest, qualitative

RNG = np.random.default_rng(0)
IMAGE, TRUTH = RNG.random((12, 16, 3)), RNG.random((12, 16))
TRIMAP = np.where(TRUTH < 0.3, 0, np.where(TRUTH > 0.7, 255, 128)).astype(np.uint8)
MATTES = {"one": TRUTH * 0.5, "two": TRUTH + 0.1}


def example(**changes) -> Example:
    given = {"title": "strands", "image": IMAGE, "trimap": TRIMAP, "truth": TRUTH, "mattes": MATTES}
    return Example(**{**given, "zoom": (2, 3, 6), **changes})


def shown(figure) -> list:
    return [np.asarray(image.get_array()) for image in figure.axes[0].images]


def texts(figure) -> int:
    return len(figure.axes[0].patches) + len(figure.axes[0].artists)


def test_whole_images_enlarged_places_and_errors() -> None:
    panels = shown(qualitative([example()]))
    whole = [IMAGE, TRIMAP / 255, TRUTH, MATTES["one"], MATTES["two"].clip(0, 1)]
    expected = [panel for each in whole for panel in (each, each[2:8, 3:9])]
    errors = [np.abs(matte - TRUTH)[2:8, 3:9].clip(0, 0.3) for matte in MATTES.values()]
    for found, wanted in zip(shown(qualitative([example()], limit=0.3)), [*expected, *errors], strict=True):
        np.testing.assert_allclose(found, wanted)
    assert len(panels) == 12


def test_mattes_share_one_scale_and_errors_another() -> None:
    images = qualitative([example(), example(title="glass")], limit=0.4).axes[0].images
    scales = [(image.get_cmap().name, *image.get_clim()) for image in images if image.get_array().ndim == 2]
    greys, errors = [("gray", 0, 1)] * 8, [("inferno", 0, 0.4)] * 2
    assert scales == 2 * [*greys, *errors]


def test_panels_lie_on_the_page_and_apart() -> None:
    figure = qualitative([example(), example(title="glass")])
    boxes = [image.get_extent() for image in figure.axes[0].images]
    width, height = figure.get_size_inches()
    for left, right, bottom, top in boxes:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for number, a in enumerate(boxes):
        for b in boxes[:number]:
            assert a[1] <= b[0] or b[1] <= a[0] or a[2] <= b[3] or b[2] <= a[3]


def test_without_a_truth_there_are_no_errors() -> None:
    panels = shown(qualitative([example(truth=None)]))
    assert len(panels) == 8  # image, trimap and two mattes, whole and enlarged
    assert len(qualitative([example(truth=None)]).axes) == 1  # no scale of errors
    for found, wanted in zip(panels[:2], (IMAGE, IMAGE[2:8, 3:9]), strict=True):
        np.testing.assert_allclose(found, wanted)
    np.testing.assert_allclose(panels[4], MATTES["one"].clip(0, 1))  # in the third column, where the truth would be


def test_one_unknown_truth_among_known_ones_leaves_its_place_free() -> None:
    figure = qualitative([example(), example(truth=None)])
    assert len(shown(figure)) == 12 + 8  # with the errors of the first, without a truth in the second
    assert len(figure.axes) == 2
    first, second = (figure.axes[0].images[number].get_extent()[:2] for number in (6, 12 + 4))
    assert first == second  # the mattes of one method stand in one column


def test_tensors_and_leading_axes_of_one_give_the_same_picture() -> None:
    tensors = example(
        image=torch.from_numpy(IMAGE).permute(2, 0, 1),
        trimap=torch.from_numpy(TRIMAP)[None],
        truth=torch.from_numpy(TRUTH)[None],
        mattes={name: torch.from_numpy(matte)[None] for name, matte in MATTES.items()},
    )
    assert style.png(qualitative([tensors])) == style.png(qualitative([example()]))


def test_scores_and_notes_are_written() -> None:
    bare, full = example(), example(scores={"one": "SAD 0.31", "two": "SAD 0.12"})
    assert texts(qualitative([full], note="synthetic set")) == texts(qualitative([bare])) + 3


def test_the_busiest_place_is_enlarged_by_itself() -> None:
    alpha = np.zeros((20, 30))
    alpha[13:16, 21:24] = 0.5
    top, left, side = busiest(alpha, 5)
    assert top <= 13
    assert top + side >= 16
    assert left <= 21
    assert left + side >= 24
    assert busiest(alpha, 999) == (0, 4, 20)  # the first of the largest squares that holds all of it
    assert busiest(np.ones((4, 4)), 2) == (0, 0, 2)
    slow = max(
        ((i, j) for i in range(12 - 4 + 1) for j in range(16 - 4 + 1)),
        key=lambda at: (np.abs(TRUTH[at[0] : at[0] + 4, at[1] : at[1] + 4] - 0.5) < 0.48).sum(),
    )
    assert busiest(TRUTH, 4) == (*slow, 4)
    chosen = shown(qualitative([example(zoom=None)]))[1]
    assert chosen.shape == (4, 4, 3)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([], "nothing to compare"),
        ([example(mattes={})], "nothing to compare"),
        ([example(), example(title="glass", mattes={"two": TRUTH})], r"glass has mattes of \['two'\]"),
        ([example(mattes={"one": TRUTH[1:]})], r"strands: one is \(11, 16\), but the image is \(12, 16\)"),
        ([example(image=IMAGE[..., :2])], r"an image is \(H, W, 3\)"),
        ([example(trimap=IMAGE)], r"one map \(H, W\)"),
        ([example(zoom=(8, 0, 6))], "leaves the image"),
        ([example(zoom=(0, 0, 0))], "leaves the image"),
    ],
)
def test_what_cannot_be_drawn_is_refused(examples: list, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        qualitative(examples)
