"""`a2u …` in the test's own process, through the function that the console script calls."""

import contextlib
import io
import sys
from typing import NamedTuple

from a2u.commands.cli import main


class Ended(NamedTuple):
    """How a command left, and what it printed."""

    code: int
    out: str
    err: str


def a2u(*arguments: object) -> Ended:
    """Run a command; what it prints is returned, and shown, too, where the test fails."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main([str(argument) for argument in arguments])
    except SystemExit as left:
        code = left.code or 0
    finally:
        sys.stdout.write(out.getvalue())
        sys.stderr.write(err.getvalue())
    assert isinstance(code, int), f"the command left with {code!r}, not with a number"
    return Ended(code, out.getvalue(), err.getvalue())
