"""How a learner's function runs in a check: what it prints, and how it is told where it stopped."""

import functools
import sys

import pytest
import torch

from a2u.lessons.answers.run import LONGEST, outcome, stopped
from a2u.lessons.exercises import Exercise

NAMES = ["x", "ratio"]
CASE = (torch.ones(2, 3), 2)


def told(function) -> str:
    error = outcome(function, CASE)
    assert isinstance(error, BaseException)
    return stopped(error, NAMES)


def in_a_function(x, ratio):
    y = x + ratio
    return y / torch.ones(7)  # the last line of ours


def in_a_helper(x, ratio):
    return helper(x)


def helper(x):
    raise KeyError("lost")


def nested(x, ratio):
    def inner(value):
        return value[5]

    return inner(x)


def recursive(x, ratio):
    return recursive(x, ratio)


def in_a_loop(x, ratio):
    return [row[9] for row in x]


def unreadable(x, ratio):
    exec("y = = 1")


class Silent(Exception):
    def __str__(self):
        raise RuntimeError


def silent(x, ratio):
    raise Silent


def long_message(x, ratio):
    raise ValueError("x" * 10_000)


class Callable:
    def __call__(self, x, ratio):
        return x.no_such_thing


@pytest.mark.parametrize(
    ("function", "exception", "line"),
    [
        (in_a_function, "RuntimeError: The size of tensor", "of in_a_function: return y / torch.ones(7)"),
        (in_a_helper, "KeyError: 'lost'", 'of helper: raise KeyError("lost")'),
        (nested, "IndexError", "of inner: return value[5]"),
        (recursive, "RecursionError", "of recursive: return recursive(x, ratio)"),
        (in_a_loop, "IndexError", "of in_a_loop: return [row[9] for row in x]"),
        (lambda x, ratio: x[2, 2, 2], "IndexError", 'of your lambda: (lambda x, ratio: x[2, 2, 2], "IndexError"'),
        (unreadable, "SyntaxError: invalid syntax", 'of unreadable: exec("y = = 1")'),
        (silent, "Silent\n", "of silent: raise Silent"),
        (Callable(), "AttributeError", "of __call__: return x.no_such_thing"),
        (functools.partial(helper), "TypeError", ""),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_last_line_of_the_learners_own_is_named(function, exception, line) -> None:
    message = told(function)
    assert message.startswith(f"your function stopped with {exception.strip()}")
    assert line in message
    assert "a2u/lessons" not in message
    assert "site-packages" not in message


def test_the_number_is_that_of_the_line() -> None:
    number = in_a_function.__code__.co_firstlineno + 2
    assert f"in line {number} of in_a_function: return" in told(in_a_function)


def test_a_function_without_source_is_told_its_line_alone() -> None:
    names: dict = {}
    exec("def f(x, ratio):\n    return x / 'a'", names)
    assert "in line 2 of f\n" in f"{told(names['f'])}\n"


def test_a_cell_of_a_notebook_is_named_as_the_notebook_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        shell.run_cell("def broken(x, ratio):\n    return x / 'a'", store_history=True)
        message = told(shell.user_ns["broken"])
        assert "in line 2 of broken (cell In[" in message
        assert message.splitlines()[1].endswith("return x / 'a'")
    finally:
        InteractiveShell.clear_instance()


def test_a_long_message_is_cut() -> None:
    assert len(told(long_message)) < LONGEST + 300


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        (lambda x: x, "It is called with 2 arguments: x, ratio."),
        (lambda x, ratio: x[: 3 / ratio], "`//` gives a whole number"),
        (lambda x, ratio: torch.zeros(x.shape[0] / ratio), "`//` gives a whole number"),
        (lambda x, ratio: my_window(x), "written in an earlier exercise"),  # type: ignore[name-defined]  # noqa: F821
        (lambda x, ratio: G.pad(x), "run the first code cell"),  # type: ignore[name-defined]  # noqa: F821
        (lambda x, ratio: x if x > 0 else -x, "torch.where"),
        (lambda x, ratio: ... + x, "A `...` is still in your function"),
        (lambda x, ratio: x.long() @ x.T, ".float()"),
        (lambda x, ratio: x @ x, "Print the .shape"),
        (lambda x, ratio: x + torch.ones(5), "Print the .shape"),
        (lambda x, ratio: x.view(4), "Print the .shape"),
        (lambda x, ratio: x[9], "An index lies outside"),
        (lambda x, ratio: sys.exit(), "Give the result back with `return`"),
    ],
)
def test_an_exception_with_a_usual_cause_gets_a_hint(function, hint) -> None:
    assert hint in told(function)


def test_an_interrupt_passes() -> None:
    def interrupted(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outcome(interrupted, CASE)


@pytest.mark.parametrize("right", [True, False])
def test_prints_and_warnings_of_the_first_case_appear_and_no_others(
    right: bool, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    def reference(n: int) -> torch.Tensor:
        return torch.tensor(float(n))

    def answer(n: int) -> torch.Tensor:
        print("n is", n)
        print("trouble", file=sys.stderr)
        return torch.tensor(float(n if right else n + 1))

    exercise = Exercise("1 · Count", reference, lambda generator, number: (number,))
    assert exercise.check(answer).passed is right
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("n is 0\n", "trouble\n")
