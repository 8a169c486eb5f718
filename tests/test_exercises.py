"""Checks that judge learners are judged here: right answers pass, each known mistake gets its own hint."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import a2u
from a2u.lessons import one_formula, train_on_digits
from a2u.lessons.exercises import Exercise, Verdict

EXERCISES = one_formula.ALL


def not_written(*_arguments):
    raise NotImplementedError


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.title)
@pytest.mark.parametrize("answer", [None, ..., lambda *_: None, lambda *_: ..., not_written])
def test_what_was_not_attempted_gets_a_friendly_word(exercise: Exercise, answer: object) -> None:
    verdict = exercise.check(answer)
    assert verdict.passed is None
    assert "not attempted yet" in verdict.message
    assert verdict.drawing is None


WRONG = [
    (lambda *a: torch.zeros(2), r"should have shape \(3, 3\), yours has \(2,\)"),
    (lambda *a: "a word", "return a tensor, got str"),
    (lambda *a: 1 / 0, "stopped with ZeroDivisionError"),
    (lambda: 1, "stopped with TypeError"),
    (lambda x, i, j, r, k: torch.zeros(k, k), r"largest difference is at \[\d+, \d+\]: expected"),
    (lambda x, i, j, r, k: torch.full((k, k), float("nan")), "yours is nan"),
    (lambda x, i, j, r, k: x[0] if len(x) < 5 and k == 9 else (torch.zeros(3, 3) if len(x) == 4 else None), "return"),
    (torch.zeros(3, 3), "hand over your function itself, got Tensor"),
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
    assert torch.allclose(one_formula.bilinear_reference(2, 0, 3), w[:, 8, 3].view(3, 3), atol=1e-6)
    z = F.pad(x, (1, 1, 1, 1))[4:7, 0:3]
    assert torch.equal(one_formula.window_reference(x, 14, 2, 3, 3), z)


def test_a_verdict_shows_its_message_and_counts_as_true_only_when_passed(capsys: pytest.CaptureFixture[str]) -> None:
    Verdict(True, "✓ well done")._ipython_display_()
    assert "well done" in capsys.readouterr().out
    assert [bool(Verdict(passed, "")) for passed in (True, False, None)] == [True, False, False]


def test_a_wrong_number_is_told_as_a_number() -> None:
    verdict = train_on_digits.PSNR.check(lambda rmse: torch.tensor(1.5))
    assert re.search(r"Expected \d+\.\d{4}, yours is 1\.5000\.", verdict.message), verdict.message
