"""Training curves: what is smoothed, what is drawn, and where."""

import numpy as np
import pytest

from a2u.errors import A2UError
from a2u.lessons.train_on_digits.curves import Curve, smooth, training_curves
from a2u.plots import style


def test_smoothing_keeps_a_constant_as_it_is() -> None:
    np.testing.assert_allclose(smooth([0.4] * 20), 0.4)


def test_smoothing_is_the_weighted_mean_of_what_came_before() -> None:
    a, b, c = smooth([1.0, 0.0, 3.0], memory=0.5)
    assert (a, b) == (1.0, pytest.approx(0.5 / 1.5))
    assert c == pytest.approx((0.25 * 1 + 0.5 * 0 + 3) / 1.75)


def test_without_memory_nothing_is_smoothed() -> None:
    np.testing.assert_array_equal(smooth([3.0, 1.0, 2.0], memory=0), [3, 1, 2])


@pytest.mark.parametrize("memory", [-0.1, 1.0])
def test_memory_out_of_range_is_refused(memory: float) -> None:
    with pytest.raises(A2UError, match="memory is in"):
        smooth([1.0], memory)


def test_both_panels_show_every_curve() -> None:
    curves = {"one": Curve([0.5, 0.4], [(2, 12.0)]), "two": Curve([0.3, 0.2], [(1, 14.0), (2, 15.0)])}
    loss, psnr = training_curves(curves).axes
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), [0.5, 0.4])  # as measured, pale
    np.testing.assert_allclose(loss.lines[1].get_ydata(), smooth([0.5, 0.4]))
    assert [list(line.get_ydata()) for line in psnr.lines] == [[12.0], [14.0, 15.0]]
    assert [text.get_text() for text in psnr.texts] == ["one  12.0", "two  15.0"]


def test_axes_stay_while_curves_grow() -> None:
    limits = [training_curves({"a": Curve([0.5] * done)}, steps=100).axes[0].get_xlim() for done in (1, 50, 100)]
    assert set(limits) == {(0, 100)}


def test_names_do_not_touch_where_curves_end_together() -> None:
    curves = {name: Curve([0.5], [(1, 20.0 + 0.001 * n)]) for n, name in enumerate("abcd")}
    psnr = training_curves(curves).axes[1]
    heights = sorted(text.xy[1] for text in psnr.texts)
    low, high = psnr.get_ylim()
    assert min(np.diff(heights)) > 0.08 * (high - low)


@pytest.mark.parametrize("curves", [{}, {"just begun": Curve()}, {"one step": Curve([0.5])}])
def test_a_training_that_has_hardly_begun_can_be_drawn(curves: dict[str, Curve]) -> None:
    assert style.png(training_curves(curves, steps=10)).startswith(b"\x89PNG")
