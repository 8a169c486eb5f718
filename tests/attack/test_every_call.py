"""The attack on formula and operators in small, and that it would see a fault."""

import pytest
import torch

import a2u
from a2u import formula
from tests.attack import operators


def test_random_calls_are_right_or_refused():
    tally, failures = operators.attack(120, seed=2)
    assert failures == []
    assert tally["tried"] == tally["right"] + tally["refused"] == 120
    assert tally["right"] > 60
    assert tally["refused"] > 15


@pytest.mark.parametrize(
    "fault",
    [
        lambda y: y + 0.01,  # other values
        lambda y: y.float(),  # another dtype
        lambda y: y[..., :0],  # another shape
        lambda y: y.nan_to_num(),  # a NaN that disappears
        lambda y: torch.where(y.isfinite().all(), y, torch.nan),  # one that spreads
        lambda y: y.detach() + 0 * y,  # no gradients
        lambda y: y.no_such_thing,  # another exception
    ],
)
def test_a_fault_is_seen(monkeypatch, fault):
    right = a2u.reassemble
    monkeypatch.setattr(a2u, "reassemble", lambda *arguments: fault(right(*arguments)))
    tally, failures = operators.attack(200, seed=0, kinds=(operators.call_function,))
    assert tally["failed"] == len(failures) > 0


def test_accepting_a_mistake_is_a_fault(monkeypatch):
    right = a2u.reassemble

    def lenient(*arguments):
        try:
            return right(*arguments)
        except a2u.A2UError:
            return None

    monkeypatch.setattr(a2u, "reassemble", lenient)
    _, failures = operators.attack(80, seed=0, kinds=(operators.call_function,))
    assert failures
    assert all(": accepted" in each for each in failures)


def test_a_call_follows_from_its_number():
    first, again = (operators.Draw(3, 7) for _ in range(2))
    assert [first.side() for _ in range(20)] == [again.side() for _ in range(20)]
    assert torch.equal(first.normal(3, 2), again.normal(3, 2))


@pytest.mark.parametrize(
    "fault",
    [
        lambda y: y.detach() + 1.01 * (y - y.detach()),  # other gradients
        lambda y: y + y.flatten()[:1].sum().item() * 1e-30,  # what vmap cannot look at
    ],
)
def test_a_fault_of_an_operator_is_seen(monkeypatch, fault):
    right = formula.reassemble
    monkeypatch.setattr(formula, "reassemble", lambda *arguments: fault(right(*arguments)))
    tally, failures = operators.attack(100, seed=0, kinds=(operators.call_operator,))
    assert tally["failed"] == len(failures) > 0
