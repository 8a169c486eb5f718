"""Maps side by side and two answers compared: common scales, and colours that mean what they mean elsewhere."""

import numpy as np
import pytest
from rendered import pixels

from a2u.errors import A2UError
from a2u.plots import style
from a2u.plots.maps import comparison, flat, side_by_side

RNG = np.random.default_rng(0)


MAP = RNG.normal(size=(2, 4, 5))


def test_maps_side_by_side_share_one_scale() -> None:
    alone, beside = (pixels(side_by_side({"a": MAP[0], "b": factor * MAP[0]})) for factor in (1, 10))
    left = slice(40, 250), slice(0, alone.shape[1] // 2)
    assert beside[left].mean() > alone[left].mean() + 3, "beside a map ten times as strong, this one must look pale"


@pytest.mark.parametrize("maps", [{}, {"a": np.zeros((2, 3, 4))}, {"a": np.zeros((0, 4))}])
def test_what_is_no_map_is_refused(maps: dict) -> None:
    with pytest.raises(A2UError, match="arrays \\(height, width\\)"):
        side_by_side(maps)


def test_comparison_shows_where_two_answers_differ_and_nothing_is_white() -> None:
    target = np.ones((3, 3))
    wrong = target.copy()
    wrong[1, 2] -= 5
    drawn = [pixels(comparison(target, yours)) for yours in (target, target + 1e-6, wrong)]
    middle = (slice(45, 92), slice(658, 700))  # a cell of the difference, outlines left out
    violet = np.array([0x43, 0x20, 0x8F])
    found = [(np.abs(p[:, 640:] - violet).max(axis=-1) < 3).sum() for p in drawn]
    assert found[0] == found[1] == 0 < found[2], "what is too small is violet in the difference"
    assert [np.median(p[middle]) for p in drawn[:2]] == [254, 254], "no difference is as good as white"


def test_comparison_has_the_colours_of_what_it_compares() -> None:
    for kind, colour in style.COLOURS.items():
        drawn = pixels(comparison(MAP[0], MAP[0], kind, "one of two"))
        ink = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
        found = (np.abs(drawn - ink).max(axis=-1) < 3).any(axis=0).nonzero()[0]
        assert found.min() < 100 < 332 < found.max() < 640, "target and yours, not their difference"
        assert not np.array_equal(drawn, pixels(comparison(MAP[0], MAP[0], kind)))


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [((), (1, 1)), ((9,), (3, 3)), ((5,), (1, 5)), ((2, 3), (2, 3)), ((2, 3, 4), (3, 9)), ((5, 2, 1), (5, 5))],
)
def test_any_array_can_be_laid_flat(shape: tuple, drawn: tuple) -> None:
    assert flat(np.ones(shape)).shape == drawn
