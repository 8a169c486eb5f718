"""Slips that any exercise may meet: each is named where it explains all wrong cases, and nowhere else."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from a2u.lessons.answers.case import Case
from a2u.lessons.answers.slips import recognise

Make = Callable[[Tensor], Tensor]


def identity(x: Tensor, *_) -> Tensor:
    return x


def cases(made: Make, shapes=((3, 5), (4, 6), (6, 4)), dtype: torch.dtype = torch.float32, scale: float = 1.0):
    generator = torch.Generator().manual_seed(0)
    drawn = [scale * torch.randn(shape, generator=generator).double() for shape in shapes]
    return [Case((x,), x, made(x).double(), dtype) for x in drawn]


def name(given: list[Case]) -> str | None:
    found = recognise(given, identity, ["x"])
    return found and found[0]


def hint(given: list[Case]) -> str:
    found = recognise(given, identity, ["x"])
    assert found is not None
    return found[1]


TRANSFORMS: dict[str, tuple[Make, str]] = {
    "÷255 left out": (lambda t: 255 * t, "factor 255"),
    "÷255 twice": (lambda t: t / 255, "factor 0.003922"),
    "÷1000 left out": (lambda t: 1000 * t, "factor 1000"),
    "both left out": (lambda t: 255_000 * t, "factor 2.55e+05"),
    "percent": (lambda t: 100 * t, "factor 100"),
    "sign": (lambda t: -t, "wrong sign"),
    "twice": (lambda t: 2 * t, "factor 2"),
    "off by one": (lambda t: t + 1, "offset +1"),
    "off by a half": (lambda t: t - 0.5, "offset -0.5"),
    "one minus": (lambda t: 1 - t, "one minus"),
    "absolute": (lambda t: t.abs(), "absolute value"),
    "square": (lambda t: t**2, "square"),
    "reciprocal": (lambda t: 1 / t, "reciprocal"),
    "ReLU": (lambda t: t.relu(), "negatives cut off"),
    "sigmoid": (lambda t: t.sigmoid(), "sigmoid once more"),
    "transposed": (lambda t: t.T, "axes swapped"),
    "backwards": (lambda t: t.flip(1), "backwards"),
    "flattened": (lambda t: t.flatten(), "another shape"),
    "an axis of one": (lambda t: t[None], "another shape"),
    "sorted": (lambda t: t.flatten().sort()[0].view(t.shape), "another order"),
    "summed": (lambda t: t.sum(0), "sum too many"),
    "mean": (lambda t: t.mean(), "mean too many"),
    "border": (lambda t: torch.nn.functional.pad(t[1:-1, 1:-1], (1, 1, 1, 1)), "border"),
    "no padding": (lambda t: t[1:-1, 1:-1], "border missing"),
    "shifted": (lambda t: t.roll(1, 1), "shifted"),
    "shifted out": (lambda t: torch.nn.functional.pad(t[1:], (0, 0, 0, 1)), "shifted"),
    "longer": (lambda t: torch.ones(t.shape[0] + 2, t.shape[1] + 2), "length"),
    "larger": (lambda t: torch.ones(t.shape[0] * 2, t.shape[1] * 2), "length"),
    "too many axes": (lambda t: torch.ones(2, *t.shape), "number of axes"),
    "empty": (lambda t: t[-1:1], "empty result"),
    "zeros": (lambda t: 0 * t, "empty selection"),
    "NaN": (lambda t: t.sqrt(), "not a number"),
    "rounded": (lambda t: t.round(decimals=2), "rounded"),
}


@pytest.mark.parametrize("slip", TRANSFORMS)
def test_each_slip_is_named(slip: str) -> None:
    made, wanted = TRANSFORMS[slip]
    assert name(cases(made)) == wanted


def test_a_right_answer_gets_no_hint() -> None:
    assert name(cases(lambda t: t)) is None
    assert name(cases(lambda t: t + 1e-7)) is None


def test_an_answer_that_no_slip_explains_gets_no_hint() -> None:
    noise = torch.Generator().manual_seed(9)
    assert name(cases(lambda t: t + torch.randn(t.shape, generator=noise))) is None


def test_a_slip_must_explain_every_wrong_case_and_may_leave_others_right() -> None:
    first, second, third = cases(lambda t: -t)
    right = Case(third.arguments, third.target, third.target)
    assert name([first, second, right]) == "wrong sign"
    other = Case(third.arguments, third.target, 3 * third.target + 2)
    assert name([first, second, other]) is None


def test_one_wrong_number_is_not_some_factor_nor_some_offset() -> None:
    """Any number is some number times another; only a factor that people forget says something."""
    one = [Case((), torch.tensor(2.0).double(), torch.tensor(value).double()) for value in (7.3, 510.0)]
    assert name(one[:1]) is None
    assert name(one[1:]) == "factor 255"


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8])
def test_whole_numbers_where_fractions_belong(dtype: torch.dtype) -> None:
    found = cases(lambda t: t.trunc(), dtype=dtype, scale=20)
    assert name(found) == "whole numbers"
    assert ".float()" in hint(found)


def test_bytes_that_wrapped_around() -> None:
    shapes, generator = ((4, 5), (3, 3)), torch.Generator().manual_seed(0)
    targets = [torch.randint(-200, 400, shape, generator=generator).double() for shape in shapes]
    assert name([Case((t,), t, t % 256, torch.uint8) for t in targets]) == "bytes wrap around"


def test_masks_and_half_precision() -> None:
    assert name(cases(lambda t: t > 0, dtype=torch.bool)) == "True and False"
    assert name(cases(lambda t: t.half(), dtype=torch.float16)) == "half precision"


def test_an_empty_selection_names_the_values_that_a_mask_can_find() -> None:
    trimap = torch.tensor([0, 128, 255, 128], dtype=torch.uint8)
    for nothing in (0.0, float("nan")):
        case = Case((trimap,), torch.tensor(3.0).double(), torch.tensor(nothing).double())
        found = recognise([case], lambda t: t, ["trimap"])
        assert found is not None
        assert found[0] == "empty selection"
        assert "`trimap` holds 0, 128, 255 and nothing else (torch.uint8)" in found[1]


def test_values_outside_0_to_1_where_all_right_ones_lie_inside() -> None:
    generator = torch.Generator().manual_seed(0)
    targets = [torch.rand(3, 4, generator=generator).double() for _ in range(2)]
    found = [Case((t,), t, t + torch.rand(t.shape, generator=generator) * 7) for t in targets]
    assert name(found) == "outside 0 … 1"
    assert "Yours go from" in hint(found)


def test_swapped_arguments_are_named() -> None:
    def less(a: int, b: int) -> Tensor:
        return torch.tensor(float(a - 2 * b))

    found = [Case((a, b), less(a, b).double(), less(b, a).double()) for a, b in ((3, 5), (4, 4), (1, 7))]
    assert recognise(found, less, ["rows", "columns"]) == ("rows and columns swapped", "`rows` and `columns` have "
                                                           "changed places.")  # fmt: skip


def test_a_sum_for_a_mean_and_a_mean_for_a_sum() -> None:
    values = [torch.rand(n, generator=torch.Generator().manual_seed(n)).double() for n in (3, 5, 8)]
    summed = [Case((v,), v.mean(), v.sum()) for v in values]
    averaged = [Case((v,), v.sum(), v.mean()) for v in values]
    for found, words in ((summed, "a sum where a mean"), (averaged, "a mean where a sum")):
        told = recognise(found, lambda v: v, ["x"])
        assert told is not None
        assert "x.numel()" in told[0]
        assert words in told[1]


def test_a_factor_that_is_an_argument_is_named() -> None:
    found = [Case((r,), torch.tensor(1.0).double(), torch.tensor(float(r * r)).double()) for r in (2, 3, 5)]
    assert recognise(found, lambda r: r, ["ratio"]) == ("factor ratio²", "Your values are ratio² times too large.")


def test_the_same_whatever_the_arguments() -> None:
    assert name([Case((n,), torch.tensor(1.7 * n).double(), torch.tensor(9.1).double()) for n in (1, 4, 9)]) == (
        "always the same"
    )
