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


def stream() -> io.TextIOWrapper:
    """What takes text as a terminal does: encoded, so that a text which cannot be printed is an error here, too."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)


def a2u(*arguments: object) -> Ended:
    """Run a command; what it prints is returned, and shown, too, where the test fails."""
    out, err = stream(), stream()
    code: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main([str(argument) for argument in arguments])
    except SystemExit as left:
        code = left.code or 0
    finally:
        printed = [each.buffer.getvalue().decode(errors="replace") for each in (out, err)]
        sys.stdout.write(printed[0])
        sys.stderr.write(printed[1])
    assert isinstance(code, int), f"the command left with {code!r}, not with a number"
    return Ended(code, *printed)
