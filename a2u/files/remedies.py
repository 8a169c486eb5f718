"""What helps when the operating system refuses a file: one table for reading, for writing and for commands."""

import errno
from typing import NamedTuple


class Remedy(NamedTuple):
    """What helps with one error number; None where no particular advice is known.

    reading, writing: for an error while a known file is read or written. command: for an error that reaches the end of
    a command; None where it may be a fault of the program, which then keeps its traceback.
    """

    reading: str | None = None
    writing: str | None = None
    command: str | None = None


_ASK = "You may not read it: change its permissions, or ask its owner for a copy."
_NOT_YOURS = Remedy(_ASK, "You may not write there: choose another folder.", "Choose a folder that you may write to.")
_NO_FOLDER = Remedy(writing="A part of that path is a file, not a folder: choose another folder.")
_FULL = "free some space, or write to another disk."
_KEPT = "What was complete before is still there."
_FAULT = "The disk reports a fault"
_TOO_LONG = "That name is too long for the file system"
_OPEN = "Too many files are open: raise the limit (ulimit -n)."
_OPEN_HERE = "Too many files are open on this machine: close some programs."
_MEMORY = "The memory of this machine ran out: free some, and try again."

_REMEDIES = {
    errno.EACCES: _NOT_YOURS,
    errno.EPERM: _NOT_YOURS,
    errno.EROFS: Remedy(
        writing="That file system is read-only: choose another folder.",
        command="Choose a folder that is not read-only.",
    ),
    errno.ENOSPC: Remedy(writing=f"The disk is full: {_FULL}", command=f"The disk is full: {_FULL} {_KEPT}"),
    errno.EDQUOT: Remedy(
        writing=f"Your disk quota is used up: {_FULL}", command=f"Your disk quota is used up: {_FULL} {_KEPT}"
    ),
    errno.EFBIG: Remedy(writing="A file of that size is not allowed here: raise the limit, or write to another disk."),
    errno.EISDIR: Remedy(writing="There is a folder of that name: choose another name."),
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
    errno.ENAMETOOLONG: Remedy(f"{_TOO_LONG}.", f"{_TOO_LONG}: choose a shorter one.", "Choose a shorter name."),
    errno.EIO: Remedy(
        f"{_FAULT}, which says nothing about the content: try again, or read a copy elsewhere.",
        f"{_FAULT}: check it, and write to another one meanwhile.",
        f"{_FAULT}: check it.",
    ),
    errno.ELOOP: Remedy("Its links go round in a circle.", "Its links go round in a circle: choose another name."),
    errno.EMFILE: Remedy(_OPEN, _OPEN, _OPEN),
    errno.ENFILE: Remedy(_OPEN_HERE, _OPEN_HERE, _OPEN_HERE),
    errno.ENOMEM: Remedy(_MEMORY, _MEMORY, _MEMORY),
    errno.ESTALE: Remedy(*["The file server lost it: try again."] * 2),
}
_NONE = Remedy()


def remedy_for(error: BaseException) -> Remedy:
    """What helps with an error of the operating system; an empty `Remedy` where nothing particular is known."""
    return _REMEDIES.get(getattr(error, "errno", None) or 0, _NONE)
