"""The surroundings of a process, prepared once before a command runs: streams, working folder, environment."""

import codecs
import os
import sys

from a2u.errors import A2UError

_HANDLER = "a2u-escape"


def prepare() -> None:
    """Make the process fit to run a command.

    Raises:
        A2UError: The working folder does not exist any more.
    """
    codecs.register_error(_HANDLER, escape)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not where a test or a notebook has put its own
            stream.reconfigure(errors=_HANDLER)
    # torch's profiler announces itself on the terminal, over the tables, unless this is set before torch is loaded.
    os.environ.setdefault("KINETO_LOG_LEVEL", "5")
    try:
        os.getcwd()  # noqa: PTH109
    except OSError as error:
        raise A2UError("The folder that you are in does not exist any more: go to another one (cd) first.") from error


def escape(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that a stream cannot write, such as ² on an ASCII stream: \\u00b2.

    In the output of --json, where they occur only within texts, that is the same text for every reader. Names of files
    whose bytes are not text are written in the same way.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    codes = (units[place : place + 2].hex() for place in range(0, len(units), 2))
    return "".join(f"\\u{code}" for code in codes), error.end
