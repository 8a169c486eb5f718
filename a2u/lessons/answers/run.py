"""What a learner's function does with one case: its result, or how it stopped, in the learner's own lines.

A check calls the function several times. What it prints or displays appears for the first case alone. When it stops,
the message names the exception, the last line of the learner's own code that was running, and a hint where the
exception has a usual cause. No line of this library or of torch appears.
"""

import contextlib
import copy
import linecache
import re
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from torch import Tensor, nn

Answer = Callable[..., Any]

LONGEST = 300  # letters of an exception's own message
_OURS = Path(__file__).resolve().parents[2]
_STANDARD = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))
_INSTALLED = ("site-packages", "dist-packages")
_TYPED = ("<ipython-input", "<stdin>", "<string>", "<doctest")

# What usually causes an exception: the words in its message, and what to do.
_CAUSES = (
    (r"ellipsis", "A `...` is still in your function. Replace every one of them."),
    (r"name 'my_\w+' is not defined", "This function is written in an earlier exercise. Run that cell first."),
    (r"name '\w+' is not defined", "Python does not know this name. Is it spelled as you defined it? If it is an "
     "import, run the first code cell of the lesson."),
    (r"slice indices must be integers|cannot be interpreted as an integer|only integers, slices|must be tuple of ints",
     "A position or a size must be a whole number. `/` gives a fraction even where it divides evenly; `//` gives a "
     "whole number."),
    (r"Boolean value of Tensor", "An `if`, `and`, `or` or `not` met a whole tensor. Use a mask or torch.where, or "
     "`&`, `|` and `~`."),
    (r"same dtype|expected scalar type|can't be cast|dtype.*(?:Byte|Long|Int|Bool)|(?:Byte|Long|Int|Bool)Tensor",
     "Number types do not fit together here (dtype). Convert with .float() or .double() first."),
    (r"must match the size of tensor|shape .* invalid|invalid for input of size|shapes cannot be multiplied|"
     r"inconsistent tensor size|expected tensor to have size|size of tensor a|but got .*size",
     "Two shapes do not fit together. Print the .shape of each tensor in this line."),
    (r"maximum recursion depth", "Your function calls itself and never ends."),
    (r"out of (?:range|bounds)", "An index lies outside. Print it, and the .shape of what it is used on."),
)  # fmt: skip


def outcome(function: Answer, arguments: tuple[Any, ...], *, quiet: bool = True) -> Any:
    """What a function returns, or the exception that stops it: whatever a learner's code does is an answer.

    Args:
        function: gets copies, so that it may write into its arguments.
        arguments: of one case.
        quiet: nothing that it prints, displays or warns of appears.

    Raises:
        KeyboardInterrupt: the learner interrupted it.
    """
    with _silence() if quiet else contextlib.nullcontext():
        try:
            return function(*map(copied, arguments))
        except (Exception, SystemExit) as error:  # `exit()` in a function must not end the kernel
            return error


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    import warnings

    from IPython.utils.capture import capture_output

    with capture_output(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def copied(argument: Any) -> Any:
    """A tensor that may be written into, a network that may be trained."""
    if isinstance(argument, nn.Module):
        return copy.deepcopy(argument)
    return argument.clone() if isinstance(argument, Tensor) else argument


def stopped(error: BaseException, names: list[str]) -> str:
    """How a learner's function stopped: the exception, the learner's line, and its usual cause if it has one."""
    lines = [f"your function stopped with {_exception(error)}"]
    place = _place(error)
    if place:
        lines.append(place)
    hint = _cause(error, bool(place), names)
    return "\n  ".join([*lines, *([hint] if hint else [])])


def _exception(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # an exception of the learner's own may fail here, too
        text = ""
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _place(error: BaseException) -> str:
    """The last of the learner's own lines that was running: "in line 2 of my_window (cell In[5]): y = 1 / 0"."""
    own = [
        (frame.f_code, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if line is not None and _is_learners(frame.f_code.co_filename)
    ]
    if not own:
        return ""
    code, line = own[-1]
    text = linecache.getline(code.co_filename, line).strip()
    names = [c.co_name for c, _ in own if c.co_name not in ("<module>", "<listcomp>", "<genexpr>", "<dictcomp>")]
    function = f" of {'your lambda' if names[-1] == '<lambda>' else names[-1]}" if names else ""
    return f"in line {line}{function}{_cell(code.co_filename)}{': ' if text else ''}{text}"


def _is_learners(filename: str) -> bool:
    if filename.startswith("<"):
        return filename.startswith(_TYPED)
    path = Path(filename)
    if _OURS in path.parents or any(part in path.parts for part in _INSTALLED):
        return False
    return not filename.startswith(_STANDARD)


def _cell(filename: str) -> str:
    """Which cell of a notebook a file name stands for: " (cell In[5])"; "" elsewhere."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    label = shell.compile.format_code_name(filename) if shell is not None else None
    return f" (cell {label[1]})" if label else ""


def _cause(error: BaseException, inside: bool, names: list[str]) -> str:
    if isinstance(error, TypeError) and not inside:
        return f"It is called with {len(names)} argument{'s' * (len(names) != 1)}: {', '.join(names)}."
    if isinstance(error, SystemExit):
        return "It called exit(). Give the result back with `return`."
    text = _exception(error)
    return next((hint for words, hint in _CAUSES if re.search(words, text)), "")
