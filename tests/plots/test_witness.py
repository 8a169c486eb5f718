"""The picture of one value, wᵀz: taps sorted into windows, on every map and with any number of channels."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from rendered import pixels

from a2u.errors import A2UError
from a2u.plots import style
from a2u.plots.witness import SHOWN, arrange, witness

RNG = np.random.default_rng(0)


MAP = RNG.normal(size=(2, 4, 5))


def window_witness(x: np.ndarray, channels: list[int], k: int, i: int, j: int):
    """A witness with random weights over the k×k window around (i, j) of some channels."""
    where, z = [], []
    for c in channels:
        for a in range(i - k // 2, i - k // 2 + k):
            for b in range(j - k // 2, j - k // 2 + k):
                inside = 0 <= a < x.shape[1] and 0 <= b < x.shape[2]
                where.append((c, a, b))
                z.append(x[c, a, b] if inside else 0.0)
    return RNG.normal(size=len(z)), np.array(z), np.array(where)


def test_channels_without_a_part_in_a_value_do_not_change_its_picture() -> None:
    x, y = np.random.default_rng(0).random((2, 3, 4, 4))
    y = np.repeat(np.repeat(y, 2, 1), 2, 2)
    w, z, where = np.ones(1), x[1, 1:2, 1], np.array([[1, 1, 1]])
    loud = x.copy()
    loud[2] *= 50
    pictures = [pixels(witness(each, y, w, z, where, (1, 2, 2))) for each in (x, loud)]
    assert np.array_equal(*pictures)


def test_taps_are_sorted_into_their_window_and_the_map_ends_where_it_ends() -> None:
    w, z, where = window_witness(MAP, [1], 3, 0, 4)
    shuffled = RNG.permutation(9)
    taps = arrange(w[shuffled], z[shuffled], where[shuffled], 4, 5)
    assert (taps.top, taps.left, taps.channels) == (-1, 3, [1])
    assert np.array_equal(taps.w[0], w.reshape(3, 3))
    assert np.array_equal(taps.outside, [[True] * 3, [False, False, True], [False, False, True]])


def test_of_many_channels_those_with_the_largest_products_are_shown() -> None:
    x = np.ones((20, 3, 3))
    w, z, where = window_witness(x, list(range(20)), 1, 1, 1)
    taps = arrange(w, z, where, 3, 3)
    assert taps.all_channels == 20
    assert set(taps.channels) == set(np.argsort(abs(w))[-SHOWN:].tolist())


def test_missing_taps_stay_missing() -> None:
    taps = arrange([1.0, 2.0], [0.5, 0.5], [(0, 0, 0), (0, 1, 1)], 4, 5)
    assert np.isnan(taps.w[0, 0, 1])
    assert not np.isnan(taps.w[0, 1, 1])


def test_a_witness_whose_parts_do_not_fit_is_refused() -> None:
    with pytest.raises(A2UError, match="w and z of one length"):
        arrange([1.0], [1.0, 2.0], [(0, 0, 0)], 4, 5)


@pytest.mark.parametrize(("size", "k"), [((1, 1), 3), ((1, 1), 1), ((4, 5), 2), ((3, 9), 7), ((64, 64), 5)])
def test_every_window_can_be_drawn_on_every_map(size: tuple, k: int) -> None:
    x = RNG.normal(size=(1, *size))
    y = x.repeat(2, 1).repeat(2, 2)
    w, z, where = window_witness(x, [0], k, size[0] - 1, 0)
    picture = pixels(witness(x, y, w, z, where, (0, 2 * size[0] - 1, 0), title="any"))
    assert picture.shape == (475, 960, 3)
    for kind in style.COLOURS:  # window, kernel and output are all there
        assert (abs(picture - np.round(255 * np.array(to_rgb(style.COLOURS[kind])))).max(axis=2) < 8).sum() > 50


def test_the_picture_follows_its_value() -> None:
    w, z, where = window_witness(MAP, [0], 3, 1, 1)
    y = MAP.repeat(2, 1).repeat(2, 2)
    pictures = [
        pixels(witness(MAP, y, a, z, where, at)) for a, at in [(w, (0, 2, 2)), (w, (0, 2, 3)), (2 * w, (0, 2, 2))]
    ]
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_a_tap_on_the_guide_has_cells_of_its_own_and_counts_in_the_sum():
    w, z, where = window_witness(MAP, [0], 3, 1, 1)
    y = np.zeros((1, 8, 10))
    plain, more, other = (
        pixels(witness(MAP, y, w, z, where, (0, 2, 2), guide=guide)) for guide in ([], [(0.4, 0.9)], [(0.4, -0.9)])
    )
    assert not np.array_equal(plain, more)
    assert not np.array_equal(more, other)
