"""Design tasks: exercises that many answers solve. A specification is checked rule by rule.

A :class:`Rule` says what must hold of every result. Each rule carries an answer that breaks it and no rule before it,
so that the rules themselves are tested: see tests/lessons/test_every_exercise.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from a2u.lessons.answers.case import Case
from a2u.lessons.answers.run import Answer
from a2u.lessons.answers.words import call
from a2u.lessons.exercises import Exercise, Mistake, Verdict
from a2u.lessons.frame import Drawing


@dataclass(frozen=True)
class Rule:
    """One line of a specification.

    Args:
        name: a word or two.
        holds: called with the result (double precision) and the arguments; a result whose shape the rules before
            this one reject never arrives here.
        hint: what the learner is told when it does not hold.
        broken: an answer that breaks this rule and none of the rules before it.
    """

    name: str
    holds: Callable[..., bool]
    hint: str
    broken: Answer


class Design(Exercise):
    """An exercise with many right answers: any result that keeps every rule passes.

    Args:
        title, cases, kind: as for :class:`~a2u.lessons.exercises.Exercise`.
        reference: one of the right answers.
        rules: in the order in which they are checked, each in every case; the first one that is broken is named.
    """

    def __init__(
        self,
        title: str,
        reference: Answer,
        cases: Callable[..., tuple[Any, ...]],
        rules: Sequence[Rule],
        kind: str = "",
    ) -> None:
        super().__init__(title, reference, cases, [Mistake(r.name, r.broken, r.hint) for r in rules], kind)
        object.__setattr__(self, "rules", tuple(rules))

    rules: tuple[Rule, ...]

    def _misfit(self, target: Tensor, own: Tensor) -> str | None:
        return None  # what shapes are right is for the rules to say

    def _compare(self, cases: list[Case], names: list[str]) -> Verdict:
        for rule in self.rules:
            for case in cases:
                if not rule.holds(case.own, *case.arguments):
                    given = call(names, case.arguments)
                    what = f"the rule “{rule.name}” does not hold, given {given}"
                    return self._wrong(what, (rule.name, rule.hint), drawing=self._own(case.own, given))
        shown = self._own(cases[0].own, call(names, cases[0].arguments))
        message = f"✓ {self.title}: all {len(self.rules)} rules hold in {len(cases)} cases."
        return Verdict(True, message, drawing=shown)

    def _own(self, own: Tensor, given: str) -> Drawing | None:
        from a2u.plots.maps import flat, side_by_side

        if not own.numel() or not own.isfinite().all():
            return None
        kind = "weights" if self.kind == "w" else "signed"
        figure = side_by_side({"yours": flat(own.numpy())}, kind=kind, width=4.8, height=2.6)
        return Drawing(figure, f"What your function returns for {given}: from {own.min():.3f} to {own.max():.3f}.")
