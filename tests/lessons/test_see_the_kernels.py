"""Lesson 09: thick strokes tell edges from ink, and a kernel can lean only so far."""

import pytest
import torch

from a2u.lessons.see_the_kernels import exercises
from a2u.lessons.see_the_kernels import explorer as lesson


def test_thick_strokes_hold_the_digit_and_reach_as_far_as_said() -> None:
    digit = torch.zeros(1, 1, 9, 9)
    digit[0, 0, 4, 4] = 0.5
    assert torch.equal(lesson.thick(digit, 1), digit)
    grown = lesson.thick(digit, 5)
    assert grown.shape == digit.shape
    assert grown[0, 0, 2:7, 2:7].eq(0.5).all()
    assert grown.sum() == 25 * 0.5


def test_edges_of_the_first_column_are_those_of_the_other_measure() -> None:
    """On digits as they are, over the same images, the correlation with edges is that of `follows_edges`."""
    whole = lesson.follows_edges(lesson.network("a2u-hybrid"), lesson.images(lesson.MEASURED // 2))
    for (size, edge, ink), each in zip(lesson.edge_or_ink("a2u-hybrid"), whole, strict=True):
        assert (size, edge) == (each.size, pytest.approx(each.mean, abs=1e-6))
        assert -1 <= ink <= 1


def test_another_beginning_has_other_kernels() -> None:
    first, again, other = (lesson.edge_or_ink.__wrapped__("a2u-hybrid", False, 5, seed)[0] for seed in (0, 0, 1))
    assert first == again
    assert first[0] == other[0]
    assert first[1:] != other[1:]


def test_even_kernels_change_copies_only_where_kernels_differ() -> None:
    plain = lesson.copies("carafe")  # 1×1 kernels after a softmax: every weight is 1
    assert torch.allclose(lesson.copies("carafe", even=True), plain)
    before = lesson.copies("a2u-hybrid")
    assert not torch.allclose(lesson.copies("a2u-hybrid", even=True), before, atol=0.1)
    assert torch.equal(lesson.copies.__wrapped__("a2u-hybrid"), before), "the network is as it was"


@pytest.mark.parametrize("side", [(0, 1), (0, -1), (1, 0), (-1, 0)])
def test_no_kernel_leans_farther_than_the_reference(side: tuple[int, int]) -> None:
    along, across = exercises.centre(exercises.aside_reference(*side), *side)
    assert 0.36 < along < 0.365
    assert across == pytest.approx(0, abs=1e-9)
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        assert exercises.centre(20 * torch.randn(9, generator=generator), *side)[0] < along + 1e-9


def test_another_design_passes_and_the_bug_is_not_attempted() -> None:
    assert exercises.ASIDE.check(lambda down, right: [
        9.0 if i * down + j * right > 0 else -9.0 for i in (-1, 0, 1) for j in (-1, 0, 1)
    ]).passed  # fmt: skip
    assert exercises.NORMALISE.check(lambda x: torch.softmax(torch.sigmoid(x), dim=2)).passed is None
