"""What guided upsampling learns from: maps in [0, 1], coarse ones that are means, parts that share nothing."""

import pytest
import torch

from a2u.errors import A2UError
from a2u.guided.pairs import TASKS, pairs

SMALL = {"size": 56, "count": 4}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("factor", [4, 8])
def test_the_coarse_map_is_the_mean_of_the_sharp_one(task: str, factor: int) -> None:
    found = pairs(task, "train", factor, **SMALL)
    assert found.picture.shape == (4, 3, 56, 56)
    assert found.sharp.shape == (4, TASKS[task], 56, 56)
    cells = found.sharp.unfold(2, factor, factor).unfold(3, factor, factor)
    assert torch.allclose(found.coarse, cells.mean((-1, -2)), atol=1e-6)
    for values in found:
        assert values.min() >= 0
        assert values.max() <= 1 + 1e-6
    assert (found.coarse - found.coarse.mean()).abs().max() > 0.1, "there is something to see"


def test_labels_say_which_digit_and_the_digits_say_how_much_of_any() -> None:
    labels, digits = (pairs(task, "test", **SMALL) for task in ("labels", "digits"))
    assert torch.equal(labels.picture, digits.picture)
    assert torch.allclose(labels.sharp.sum(1), torch.ones(4, 56, 56))
    assert torch.allclose(labels.sharp[:, 1:].sum(1, keepdim=True), digits.sharp, atol=1e-6)
    assert (labels.sharp[:, 1:].amax((2, 3)) > 0.5).sum(1).max() > 1, "several digits in a picture"


@pytest.mark.parametrize("task", ["alpha", "digits"])
def test_training_and_test_share_no_picture_and_a_call_repeats_itself(task: str) -> None:
    train, test = pairs(task, "train", **SMALL), pairs(task, "test", **SMALL)
    assert not any(torch.equal(a, b) for a in train.sharp for b in test.sharp)
    assert torch.equal(pairs(task, "train", **SMALL).picture, train.picture)
    chosen = train.of(torch.tensor([2, 0]))
    assert torch.equal(chosen.coarse, train.coarse[[2, 0]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("alfa", "train"), "Unknown task 'alfa'. Did you mean 'alpha'"),
        (("alpha", "validation"), "Unknown part 'validation'"),
        (("alpha", "train", 3), "factor is one of 4, 8, given 3"),
        (("alpha", "train", 4, 58), "multiple of the factor 4 and at least 56, given 58"),
        (("digits", "train", 4, 40), "at least 56, given 40"),
        (("digits", "train", 4, 56, 0), "at least one pair, given 0"),
    ],
)
def test_bad_input_gets_one_clear_message(given: tuple, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        pairs(*given)
