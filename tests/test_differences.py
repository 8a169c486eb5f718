"""Two rows of a table over seeds: paired differences, and whether their order is more than a seed changes."""

import math

import pytest

from a2u.differences import Difference, difference

SEEDS = {"a": {0: 30.0, 1: 31.0, 2: 32.0}, "b": {0: 29.0, 1: 30.2, 2: 30.8}, "c": {0: 29.9}, "d": {7: 1.0}}


def test_rows_are_compared_seed_by_seed() -> None:
    """The runs of one seed share their images' order: a and b vary by 1 dB, their difference by 0.2."""
    found = difference(SEEDS, "a", "b")
    assert found is not None
    assert dict(found.by_seed) == pytest.approx({0: 1.0, 1: 0.8, 2: 1.2})
    assert (found.n, found.mean) == (3, pytest.approx(1.0))
    assert found.sd == pytest.approx(0.2)
    assert found.error == pytest.approx(0.2 / math.sqrt(3))
    assert found.sign == 1
    assert found.words("A", "B") == "A − B: +1.00 ± 0.12 dB (n = 3)"


def test_only_seeds_that_both_have_count() -> None:
    found = difference(SEEDS, "a", "c")
    assert found is not None
    assert dict(found.by_seed) == pytest.approx({0: 0.1})
    assert difference(SEEDS, "a", "d") is None
    assert difference(SEEDS, "a", "not measured") is None


def test_one_seed_tells_no_order_however_far_apart() -> None:
    found = Difference("a", "b", {0: 20.0})
    assert (found.sd, found.error, found.sign) == (None, None, 0)
    assert found.words("A", "B") == "A − B: +20.00 dB (n = 1)"


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ((1.0, 1.1), 1),  # error 0.05, t 12.7: 1.05 > 0.64
        ((1.0, 1.2), 0),  # error 0.1: 1.1 < 1.27
        ((-1.0, -1.1), -1),
        ((0.5, 0.5), 1),  # no spread at all
        ((0.0, 0.0), 0),
        ((0.2, -0.1, 0.1), 0),
        ((0.2, 0.1, 0.15), 1),  # error 0.029, t 4.3: 0.15 > 0.12
    ],
)
def test_an_order_is_told_if_the_interval_of_the_mean_does_not_contain_0(values: tuple[float, ...], sign: int) -> None:
    assert Difference("a", "b", dict(enumerate(values))).sign == sign


def test_students_t_is_that_of_the_tables() -> None:
    stats = pytest.importorskip("scipy.stats")
    from a2u.differences import T

    assert pytest.approx([stats.t.ppf(0.975, df) for df in range(1, 11)], abs=1e-3) == T
    assert Difference("a", "b", dict.fromkeys(range(40), 1.0) | {0: 1.1}).sign == 1  # more seeds than the table has
