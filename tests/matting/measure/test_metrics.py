"""SAD, MSE, Grad and Conn, against slow references that follow their definitions pixel by pixel."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from a2u.errors import A2UError
from a2u.matting.measure.metrics import (
    Scores,
    body_levels,
    conn,
    conns,
    grad,
    gradient_length,
    measure,
    mse,
    sad,
    to_8bit,
)
from a2u.matting.measure.totals import Totals


def random_case(seed: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A matte, a truth and a trimap: smooth or rough, alike or not, with ties of thresholds and flat parts."""
    rng = np.random.default_rng(seed)
    values = rng.choice([0, 25, 26, 51, 76, 77, 102, 128, 153, 178, 204, 229, 230, 255], (height, width))
    true = np.where(rng.random((height, width)) < 0.5, values, rng.integers(0, 256, (height, width)))
    if rng.random() < 0.5:  # blocks, so that components are larger than a pixel
        true = np.kron(true, np.ones((3, 3), int))[:height, :width]
    noise = rng.integers(-60, 61, (height, width)) * (rng.random((height, width)) < 0.6)
    pred = np.clip(true + noise, 0, 255) if rng.random() < 0.7 else rng.integers(0, 256, (height, width))
    trimap = rng.choice([0, 128, 255], (height, width), p=[0.25, 0.5, 0.25])
    return pred.astype(np.uint8), true.astype(np.uint8), trimap.astype(np.uint8)


# --- references: nested loops over the definitions


def slow_sums(pred: np.ndarray, true: np.ndarray, trimap: np.ndarray) -> tuple[float, float]:
    absolutes, squares = [], []
    for i in range(pred.shape[0]):
        for j in range(pred.shape[1]):
            if trimap[i, j] == 128:
                d = int(pred[i, j]) / 255 - int(true[i, j]) / 255
                absolutes.append(abs(d))
                squares.append(d * d)
    return sum(absolutes) / 1000, sum(squares) / len(squares) if squares else 0.0


def gaussian(x: float) -> float:
    return math.exp(-x * x / (2 * 1.4**2)) / (1.4 * math.sqrt(2 * math.pi))


def slow_filter() -> np.ndarray:
    """The derivative of a Gaussian along the second axis, 9×9, squares summing to 1."""
    taps = np.zeros((9, 9))
    for a in range(9):
        for b in range(9):
            taps[a, b] = gaussian(a - 4) * -(b - 4) * gaussian(b - 4) / 1.4**2
    return taps / math.sqrt((taps**2).sum())


def slow_length(alpha: np.ndarray) -> np.ndarray:
    low, high = int(alpha.min()), int(alpha.max())
    height, width = alpha.shape
    taps = slow_filter()
    length = np.zeros(alpha.shape)
    for i in range(height):
        for j in range(width):
            across = down = 0.0
            for a in range(9):
                for b in range(9):
                    row, column = min(max(i + 4 - a, 0), height - 1), min(max(j + 4 - b, 0), width - 1)
                    value = (int(alpha[row, column]) - low) / (high - low) if high > low else 0.0
                    across += taps[a, b] * value
                    down += taps[b, a] * value
            length[i, j] = math.sqrt(across**2 + down**2)
    return length


def slow_grad(pred: np.ndarray, true: np.ndarray, trimap: np.ndarray) -> float:
    difference = slow_length(pred) - slow_length(true)
    places = np.argwhere(trimap == 128)
    return float(sum(difference[i, j] ** 2 for i, j in places)) / 1000


def slow_largest(mask: np.ndarray) -> set[tuple[int, int]]:
    """By flood fill, in reading order; the first of those equally large."""
    best: set[tuple[int, int]] = set()
    seen: set[tuple[int, int]] = set()
    for start in map(tuple, np.argwhere(mask)):
        if start in seen:
            continue
        component, waiting = {start}, [start]
        while waiting:
            i, j = waiting.pop()
            for a, b in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
                inside = 0 <= a < mask.shape[0] and 0 <= b < mask.shape[1]
                if inside and mask[a, b] and (a, b) not in component:
                    component.add((a, b))
                    waiting.append((a, b))
        seen |= component
        if len(component) > len(best):
            best = component
    return best


def slow_conn(pred: np.ndarray, true: np.ndarray, trimap: np.ndarray, convention: str) -> float:
    p, g = pred.astype(np.float32) / np.float32(255), true.astype(np.float32) / np.float32(255)
    thresholds = [np.float32(k / 10) for k in range(11)]
    level: dict[tuple[int, int], float] = {}
    for k in range(1, 11):
        body = slow_largest((p >= thresholds[k]) & (g >= thresholds[k]))
        if not body and convention == "skip":
            continue
        for i in range(p.shape[0]):
            for j in range(p.shape[1]):
                if (i, j) not in level and (i, j) not in body:
                    level[i, j] = (k - 1) / 10
    total = 0.0
    for i, j in np.argwhere(trimap == 128):
        phi = []
        for alpha in (int(pred[i, j]) / 255, int(true[i, j]) / 255):
            d = alpha - level.get((i, j), 1.0)
            phi.append(1 - (d if d >= 0.15 else 0.0))
        total += abs(phi[0] - phi[1])
    return total / 1000


SIZES = st.tuples(st.integers(1, 13), st.integers(1, 13))


@given(seed=st.integers(0, 2**32 - 1), size=SIZES)
def test_the_sums_are_those_of_the_definition(seed: int, size: tuple[int, int]) -> None:
    case = random_case(seed, *size)
    expected_sad, expected_mse = slow_sums(*case)
    assert sad(*case) == pytest.approx(expected_sad, abs=1e-12)
    assert mse(*case) == pytest.approx(expected_mse, abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1), size=SIZES)
def test_grad_is_that_of_the_definition(seed: int, size: tuple[int, int]) -> None:
    case = random_case(seed, *size)
    assert grad(*case) == pytest.approx(slow_grad(*case), abs=1e-12)
    np.testing.assert_allclose(gradient_length(case[0]), slow_length(case[0]), atol=1e-12)


@pytest.mark.parametrize("convention", ["skip", "empty"])
@given(seed=st.integers(0, 2**32 - 1), size=SIZES)
def test_conn_is_that_of_the_definition(convention: str, seed: int, size: tuple[int, int]) -> None:
    case = random_case(seed, *size)
    assert conn(*case, convention=convention) == pytest.approx(slow_conn(*case, convention), abs=1e-12)


def test_every_pair_of_values_gets_its_level() -> None:
    """One pixel each: whole numbers decide as float32 does, for all 65,536 pairs and every threshold."""
    p, g = (values.astype(np.uint8) for values in np.mgrid[:256, :256])
    both = np.minimum(p, g).astype(np.float32) / np.float32(255)
    reached = [(both >= np.float32(k / 10)) for k in range(1, 11)]
    expected = np.sum(reached, axis=0)  # minimum(p, g) grows with both indices: each region is one component
    levels = body_levels(p, g, "empty")
    np.testing.assert_array_equal(levels, expected)


# --- by hand


def flat(value: int, shape: tuple[int, int] = (8, 8)) -> np.ndarray:
    return np.full(shape, value, np.uint8)


def test_a_perfect_matte_scores_zero() -> None:
    _, true, trimap = random_case(3, 20, 30)
    assert measure(true, true.copy(), trimap) == Scores(0.0, 0.0, 0.0, 0.0)


def test_without_unknown_pixels_all_are_zero() -> None:
    pred, true, _ = random_case(4, 12, 9)
    for known in (0, 255):
        assert measure(pred, true, flat(known, (12, 9))) == Scores(0.0, 0.0, 0.0, 0.0)


def test_known_pixels_do_not_count_but_their_alpha_shapes_the_maps() -> None:
    pred, true, trimap = random_case(5, 12, 12)
    changed = np.where(trimap == 128, pred, 255 - pred)
    assert sad(changed, true, trimap) == sad(pred, true, trimap)
    assert mse(changed, true, trimap) == mse(pred, true, trimap)
    assert grad(changed, true, trimap) != grad(pred, true, trimap)


def test_sums_by_hand() -> None:
    pred, true, trimap = flat(255, (10, 100)), flat(0, (10, 100)), flat(128, (10, 100))
    assert (sad(pred, true, trimap), mse(pred, true, trimap)) == (1.0, 1.0)
    trimap[:, 50:] = 255
    assert (sad(pred, true, trimap), mse(pred, true, trimap)) == (0.5, 1.0)


def test_grad_of_a_step_by_hand() -> None:
    """A step from 0 to 1 far from the border: its gradient is the running sum of the filter's one side."""
    pred, true = flat(0, (20, 20)), flat(0, (20, 20))
    pred[:, 10:] = 255
    side = np.array([gaussian(x) * x for x in range(5)])
    across = np.array([gaussian(x) for x in range(-4, 5)])
    edge = side.sum() / math.sqrt(2 * (side**2).sum()) * across.sum() / math.sqrt((across**2).sum())
    assert gradient_length(pred)[10, 10] == pytest.approx(edge)
    trimap = flat(0, (20, 20))
    trimap[10, 10] = 128
    assert grad(pred, true, trimap) == pytest.approx(edge**2 / 1000)


def test_maps_of_one_value_have_no_gradient() -> None:
    assert gradient_length(flat(77)).max() == 0
    assert gradient_length(flat(77, (1, 1))).max() == 0


def test_grad_does_not_see_contrast() -> None:
    """Each map is stretched by its own range first, as the definition says."""
    true = np.tile(np.arange(0, 200, 10, dtype=np.uint8), (9, 1))
    assert grad(true // 2, true, flat(128, true.shape)) == pytest.approx(0, abs=1e-12)


def test_a_detached_piece_costs_connectivity() -> None:
    """A pixel that both mattes hold, off the largest body, is outside from the first threshold on: φ = 1 − alpha."""
    true = flat(0, (5, 9))
    true[:, :4] = 255
    true[2, 7] = 255
    pred, trimap = true.copy(), flat(128, (5, 9))
    pred[2, 7] = 204
    for convention in ("skip", "empty"):
        assert conn(pred, true, trimap, convention) == pytest.approx(0.2 / 1000)


def test_a_small_gap_of_alpha_is_connected_still() -> None:
    """d < 0.15 counts as connected: 255 against 217 leaves the body at 0.8; only the truth stands out by 0.2."""
    true, trimap = flat(255, (3, 3)), flat(128, (3, 3))
    pred = true.copy()
    pred[1, 1] = 217  # 0.851
    assert body_levels(pred, true)[1, 1] == 8
    assert conn(pred, true, trimap) == pytest.approx(0.2 / 1000)


def test_the_background_is_never_the_body() -> None:
    true = flat(0, (9, 9))
    true[4, 4] = 255
    levels = body_levels(true, true)
    assert levels[4, 4] == 10
    assert levels.sum() == 10


def test_diagonal_neighbours_are_not_connected() -> None:
    true = np.array([[255, 0], [0, 255]], np.uint8)
    assert body_levels(true, true).tolist() == [[10, 0], [0, 0]]  # the first in reading order


def test_where_nothing_survives_the_two_conventions_differ() -> None:
    """A matte that misses its object: "skip" finds no fault with it, "empty" counts every pixel."""
    pred, true, trimap = flat(0), flat(255), flat(128)
    assert conn(pred, true, trimap) == conn(pred, true, trimap, "skip") == 0.0
    assert conn(pred, true, trimap, "empty") == pytest.approx(64 / 1000)


def test_a_black_matte_is_perfect_by_one_convention_and_by_the_other_all_of_the_object() -> None:
    true = np.array([[0, 26, 51, 128, 255, 255]], np.uint8)  # 26 and less stand out by less than 0.15
    black, trimap = flat(0, true.shape), flat(128, true.shape)
    found = conns(black, true, trimap)
    assert found == {"skip": 0.0, "empty": pytest.approx((51 + 128 + 255 + 255) / 255 / 1000)}
    assert conns(black, true, flat(0, true.shape)) == {"skip": 0.0, "empty": 0.0}  # nothing is unknown


@pytest.mark.parametrize("seed", range(4))
def test_both_conventions_at_once_are_those_of_one_at_a_time(seed: int) -> None:
    given = random_case(seed, 9, 12)
    assert conns(*given) == {name: conn(*given, name) for name in ("skip", "empty")}
    assert conns(*given) == {name: pytest.approx(slow_conn(*given, name)) for name in ("skip", "empty")}


def test_nothing_above_a_threshold_that_others_reach() -> None:
    """Truth and matte agree up to 0.7 only: with "skip" what remains there keeps l = 1, with "empty" 0.7."""
    pred, true, trimap = flat(180, (1, 6)), flat(255, (1, 6)), flat(128, (1, 6))
    assert body_levels(pred, true, "skip").tolist() == [[10] * 6]
    assert body_levels(pred, true, "empty").tolist() == [[7] * 6]
    assert conn(pred, true, trimap, "skip") == 0.0
    assert conn(pred, true, trimap, "empty") == pytest.approx(6 * 0.3 / 1000)


@pytest.mark.parametrize("truth", [0, 255])
def test_a_fully_transparent_matte(truth: int) -> None:
    scores = measure(flat(0), flat(truth), flat(128))
    assert scores == Scores(64 * truth / 255 / 1000, truth / 255, 0.0, 0.0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (1, 40)])
def test_lines_and_single_pixels(shape: tuple[int, int]) -> None:
    case = random_case(11, *shape)
    scores = measure(*case)
    assert scores.grad == pytest.approx(slow_grad(*case), abs=1e-12)
    assert scores.conn == pytest.approx(slow_conn(*case, "skip"), abs=1e-12)


def test_views_that_are_not_contiguous_give_the_same() -> None:
    pred, true, trimap = random_case(13, 14, 18)
    turned = [np.asfortranarray(array) for array in (pred, true, trimap)]
    mirrored = [array[::-1] for array in (pred[::-1].copy(), true[::-1].copy(), trimap[::-1].copy())]
    assert measure(*turned) == measure(*mirrored) == measure(pred, true, trimap)


# --- what is refused


def test_other_inputs_are_refused_by_name() -> None:
    pred, true, trimap = random_case(1, 6, 6)
    with pytest.raises(A2UError, match=r"pred is float32 \(6, 6\).*to_8bit"):
        sad(pred.astype(np.float32), true, trimap)
    with pytest.raises(A2UError, match=r"true is uint8 \(6, 6, 1\)"):
        mse(pred, true[..., None], trimap)
    with pytest.raises(A2UError, match=r"trimap is torch.uint8"):
        grad(pred, true, torch.from_numpy(trimap))
    with pytest.raises(A2UError, match=r"pred is uint8 \(0, 6\)"):
        sad(pred[:0], true[:0], trimap[:0])
    with pytest.raises(A2UError, match=r"one size.*true \(5, 6\)"):
        conn(pred, true[1:], trimap)
    with pytest.raises(A2UError, match=r"given also \[1, 127\]"):
        sad(pred, true, np.where(np.eye(6), 127, np.where(trimap == 0, 1, 255)).astype(np.uint8))
    with pytest.raises(A2UError, match=r"given also \[1, 2, 3, 4, 5, 6, 7, 8\]\.$"):  # eight are enough to see it
        sad(pred, true, np.arange(36, dtype=np.uint8).reshape(6, 6))
    with pytest.raises(A2UError, match=r"no convention 'skipp'. Did you mean 'skip'"):
        conn(pred, true, trimap, "skipp")


def test_an_alpha_becomes_the_bytes_that_are_written() -> None:
    alpha = torch.tensor([[-0.2, 0.0, 0.5 / 255 + 1e-6], [0.999, 1.0, 1.7]])
    assert to_8bit(alpha).tolist() == [[0, 0, 1], [255, 255, 255]]
    assert to_8bit(alpha[None, None].requires_grad_()).tolist() == to_8bit(alpha.numpy()).tolist()
    every = np.arange(256, dtype=np.uint8)[None]
    np.testing.assert_array_equal(to_8bit(torch.from_numpy(every).float() / 255), every)
    with pytest.raises(A2UError, match=r"given \(2, 3, 3\)"):
        to_8bit(np.zeros((2, 3, 3)))
    with pytest.raises(A2UError, match="finite"):
        to_8bit(np.array([[np.nan]]))


# --- a whole set


def test_a_set_is_the_mean_of_its_images_in_any_order_and_division() -> None:
    cases = [random_case(seed, 6 + seed, 15) for seed in range(9)]
    each = [measure(*case) for case in cases]
    whole, backwards, first, second = Totals(), Totals(), Totals(), Totals()
    assert [whole.update(*case) for case in cases] == each
    for case in reversed(cases):
        backwards.update(*case)
    for number, case in enumerate(cases):
        (first if number % 2 else second).update(*case)
    first.merge(second)
    assert whole.compute() == backwards.compute() == first.compute()
    for name in ("sad", "mse", "grad", "conn"):
        values = [getattr(scores, name) for scores in each]
        assert getattr(whole.compute(), name) == pytest.approx(sum(values) / 9, rel=1e-14)


def test_mse_of_a_set_weighs_images_alike_and_pooled_weighs_pixels() -> None:
    totals = Totals()
    totals.update(flat(255, (1, 1)), flat(0, (1, 1)), flat(128, (1, 1)))  # 1 pixel, MSE 1
    totals.update(flat(0, (1, 9)), flat(0, (1, 9)), flat(128, (1, 9)))  # 9 pixels, MSE 0
    assert totals.compute().mse == 0.5
    assert totals.pooled_mse() == pytest.approx(0.1)


def test_a_set_refuses_what_has_no_mean() -> None:
    with pytest.raises(A2UError, match="zero images"):
        Totals().compute()
    with pytest.raises(A2UError, match="no common mean"):
        Totals("skip").merge(Totals("empty"))
    nothing = Totals()
    nothing.update(flat(3), flat(9), flat(0))
    assert nothing.pooled_mse() == 0.0
