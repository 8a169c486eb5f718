"""Checks that judge learners are judged here: right answers pass, each known mistake gets its own hint."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import a2u
from a2u.lessons.a2u_operator import exercises as assemble_a2u
from a2u.lessons.affinity import exercises as affinity_exercises
from a2u.lessons.exercises import Exercise, Verdict, one_kernel
from a2u.lessons.one_formula import exercises as one_formula
from a2u.lessons.train_on_digits import exercises as train_on_digits

EXERCISES = one_formula.ALL


def not_written(*_arguments):
    raise NotImplementedError


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.title)
@pytest.mark.parametrize("answer", [..., lambda *_: ..., not_written])
def test_what_was_not_attempted_gets_a_friendly_word(exercise: Exercise, answer: object) -> None:
    verdict = exercise.check(answer)
    assert verdict.passed is None
    assert "not attempted yet" in verdict.message
    assert verdict.drawing is None


WRONG = [
    (
        lambda *a: torch.zeros(2),
        r"should have shape \(3, 3\), yours has \(2,\)\n  given x 4×9, row 7, column 1, ratio 2, ",
    ),
    (lambda *a: "a word", "return a tensor, got str"),
    (
        lambda *a: 1 / 0,
        r"stopped with ZeroDivisionError: division by zero\n  in line \d+ of your lambda: lambda \*a: 1 / 0,\n"
        r"  given x 4×9, row 7, column 1, ratio 2, k 3",
    ),
    (
        lambda: 1,
        r"with TypeError.*\n  It is called with 5 arguments: x, row, column, ratio, k\.\n  given x 4×9, ",
    ),
    (lambda *a: (torch.ones(2), torch.ones(3)), r"return a tensor, got tuple of 2: torch\.stack makes one"),
    (lambda *a: torch.ones(3, 3) * 1j, r"return real numbers, got torch\.complex64"),
    (lambda *a: (yield 1), "return a tensor, got generator"),
    (lambda *a: None, r"your function returns nothing \(None\)\. Is there a `return`\?"),
    (lambda x, i, j, r, k: torch.zeros(k, k), r"not yet, given x 4×9, i 7, j 1, r 2, k 3\n  The largest.*: expected"),
    (lambda x, i, j, r, k: torch.zeros(k, k), r"largest difference is at \[\d+, \d+\]: expected"),
    (lambda x, i, j, r, k: torch.full((k, k), float("nan")), "yours is nan"),
    (lambda x, i, j, r, k: torch.zeros(3, 3) if len(x) == 4 else None, "returns nothing"),
    (torch.zeros(3, 3), "hand over your function itself, got Tensor"),
    (None, "hand over your function itself, got NoneType"),
]


@pytest.mark.parametrize(("answer", "message"), WRONG)
def test_other_wrong_answers_are_told_what_is_wrong(answer: object, message: str) -> None:
    verdict = one_formula.WINDOW.check(answer)
    assert verdict.passed is False
    assert re.search(message, verdict.message), verdict.message


def test_an_answer_may_write_into_its_arguments_and_return_other_number_types() -> None:
    def tidy(x: Tensor, row: int, column: int, ratio: int, k: int):
        z = one_formula.window_reference(x, row, column, ratio, k).double().numpy()
        x.zero_()
        return z

    assert one_formula.WINDOW.check(tidy).passed


def test_cases_are_the_same_every_time() -> None:
    seen: list[list[float]] = []
    for _ in range(2):
        seen.append([])
        one_formula.WINDOW.check(lambda x, *_: seen[-1].append(float(x.sum())))
    assert seen[0] == seen[1] != []


def test_references_agree_with_the_library_and_with_torch() -> None:
    x = torch.rand(5, 4, generator=torch.Generator().manual_seed(3))
    bilinear = a2u.build("bilinear", channels=1, ratio=3)
    w = bilinear.kernel(x[None, None])[0, 0]
    assert torch.allclose(one_formula.upsample_reference(x, w, 3), bilinear(x[None, None])[0, 0], atol=1e-6)
    z = F.pad(x, (1, 1, 1, 1))[4:7, 0:3]
    assert torch.equal(one_formula.window_reference(x, 14, 2, 3, 3), z)


def test_a_verdict_shows_its_message_and_counts_as_true_only_when_passed(capsys: pytest.CaptureFixture[str]) -> None:
    Verdict(True, "✓ well done")._ipython_display_()
    assert "well done" in capsys.readouterr().out
    assert [bool(Verdict(passed, "")) for passed in (True, False, None)] == [True, False, False]


def test_a_wrong_number_is_told_with_its_case() -> None:
    verdict = train_on_digits.PSNR.check(lambda copies, images: torch.tensor(1.5))
    assert "for copies 1×1×4×6, images 1×1×4×6: expected 9.7230, yours is 1.5000\n" in verdict.message
    assert "You return the same whatever the arguments are" in verdict.message
    verdict = affinity_exercises.PAIRS.check(lambda *case: 128)
    assert verdict.message == (
        "✗ 3 · Estimate, then measure: all pairs, or pairs in windows: for height=512, width=512, k=5, ratio=2: "
        "expected 1,677.7216, yours is 128.0000\n"
        "  You return the same whatever the arguments are. Does the result use them?"
    )
    assert verdict.drawing is None
    half = affinity_exercises.PAIRS.check(lambda *case: affinity_exercises.pairs_reference(*case) + 0.5)
    assert "Each of your values is too large by 0.5." in half.message


def test_a_mistake_is_recognised_beside_others_where_it_is_the_first() -> None:
    """Exactly a known mistake in the first wrong case; something else in a later one."""

    def answer(x: Tensor, row: int, column: int, ratio: int, k: int) -> Tensor:
        z = one_formula.window_reference(x, row, column, ratio, k)
        return z.T if ratio == 2 else z + 1

    assert one_formula.WINDOW.check(answer).mistake == "transposed window"


def test_an_error_that_a_known_mistake_ends_in_is_recognised_and_others_are_not() -> None:
    def large(x: Tensor, w: Tensor, ratio: int) -> Tensor:
        y, padded = torch.zeros(w.shape[1:]), F.pad(x, (1, 1, 1, 1))
        for i in range(len(y)):
            for j in range(len(y[0])):
                y[i, j] = w[:, i, j] @ padded[i : i + 3, j : j + 3].flatten()
        return y

    verdict = one_formula.UPSAMPLE.check(large)
    assert "stopped with RuntimeError" in verdict.message
    assert "z comes from the small one" in verdict.message
    other = one_formula.UPSAMPLE.check(lambda x, w, r: w @ x)
    assert "stopped with RuntimeError" in other.message
    assert other.mistake is None


def test_of_many_kernels_one_is_drawn_where_they_differ_most() -> None:
    target, own = torch.zeros(2, 9, 4, 6)
    own[5, 3, 2] = 1
    first, second, name = one_kernel(target, own)
    assert (first.shape, int(second.argmax()), name) == ((3, 3), 5, "output (3, 2)")
    assemble_a2u.KERNELS.check(lambda a, p, r: own.expand(1))  # nothing breaks for a wrong shape
    drawing = assemble_a2u.KERNELS.check(assemble_a2u.kernels_reference).drawing
    assert drawing is not None
    assert "difference at output (" in drawing.alt
