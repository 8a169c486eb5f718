"""Files read with care: only regular files, only so many bytes, and a message of its own for each kind of fault.

A file that cannot be read now (`Unreadable`: not there, no permission, a failing disk) may have sound content, so no
message about it advises deleting anything. Whether the content is wrong is for the caller to say.
"""

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

from a2u.errors import A2UError
from a2u.files.remedies import remedy_for

MIB = 2**20
JSON_LIMIT = 256 * MIB  # far more than the history of any run, far less than the memory of any machine
_QUIETLY = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_WORDS: dict[type, str] = {
    **{int: "a whole number", float: "a number", str: "text", bool: "true or false"},
    **{list: "a list", dict: "an object", type(None): "null"},
}
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Unreadable(A2UError):
    """A file that is not there, or cannot be read now. Its content may be whole."""


class Missing(Unreadable):
    """A file that is not there."""


def open_regular(path: Path) -> int:
    """A descriptor of `path`, a regular file, to read from. A pipe is refused at once: nothing waits for its other end.

    Raises:
        Missing: There is no such file.
        Unreadable: It may not be read, or is a folder, a pipe, a socket or a device.
    """
    try:
        descriptor = os.open(path, _QUIETLY)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise explain_read(error, path) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise Unreadable(f"{path} is {_kind(mode)}, but should be a file.")
    return descriptor


def read_bytes(path: str | Path, limit: int | None = None, what: str = "such a file") -> bytes:
    """The content of a regular file.

    Args:
        path: of the file.
        limit: the most bytes that `what` can have; a larger file is of another kind, and is not read.
        what: the name of what is expected, for the message.

    Raises:
        Missing: There is no such file.
        Unreadable: It may not be read, is not a file, or the disk fails.
        A2UError: It is larger than `limit`.
    """
    path = Path(path)
    descriptor = open_regular(path)
    with os.fdopen(descriptor, "rb") as file:
        try:
            size = os.fstat(descriptor).st_size
            content = b"" if limit is not None and size > limit else file.read(-1 if limit is None else limit + 1)
        except OSError as error:
            raise explain_read(error, path) from error
    size = max(size, len(content))
    if limit is not None and size > limit:
        raise A2UError(f"{path} has {size:,} bytes, but {what} has at most {limit:,}: it is of another kind.")
    return content


def explain_read(error: OSError | ValueError, path: Path) -> Unreadable:
    """The one message for a file that cannot be read."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENOTDIR):
        return Missing(f"{path} is not there. Check the name and its ending.")
    if number == errno.ENXIO:
        return Unreadable(f"{path} is a socket or a device, but should be a file.")
    reason = getattr(error, "strerror", None) or " ".join(str(error).split())
    advice = remedy_for(error).reading or "Its content may be whole: try again, or read a copy."
    return Unreadable(f"{path} cannot be read ({reason}). {advice}")


def read_json(path: Path, shape: Any = object, remedy: str = "", limit: int = JSON_LIMIT) -> Any:
    """The value in a JSON file, once it has the expected shape (see `fault`).

    Raises:
        Unreadable: The file is not there or cannot be read now.
        A2UError: It is not JSON, or of another shape; `remedy` ends the message.
    """
    content = read_bytes(path, limit, "a file of this kind")
    try:
        return parse_json(content, shape)
    except ValueError as error:
        raise A2UError(f"{path} is damaged or of another kind: {error}. {remedy}".rstrip()) from error


def parse_json(content: bytes | str, shape: Any = object) -> Any:
    """JSON text as a value of the expected shape.

    Raises:
        ValueError: It is not JSON of that shape; the message says what is wrong.
    """
    try:
        value = json.loads(content.decode("utf-8-sig") if isinstance(content, bytes) else content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"it is not JSON ({error})") from error
    wrong = fault(value, shape)
    if wrong:
        raise ValueError(wrong)
    return value


def fault(value: Any, shape: Any, name: str = "it") -> str | None:
    """Why `value` does not have a shape, in words; None if it has.

    A shape is a type; a tuple of types, one of which it must be; a list with the shape of every item; or a dict with
    the shape of some keys, all of which must be there (others may be). A whole number counts as a float.
    A bool does not count as a number.

    >>> fault({"epoch": "1"}, {"epoch": int})
    "it['epoch'] should be a whole number, but is '1'"
    """
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"{name} should be an object with {', '.join(shape)}, but is {_short(value)}"
        for key, inner in shape.items():
            if key not in value:
                return f"{name} has no {key!r}"
            found = fault(value[key], inner, f"{name}[{key!r}]")
            if found:
                return found
        return None
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{name} should be a list, but is {_short(value)}"
        every = (fault(item, shape[0], f"{name}[{index}]") for index, item in enumerate(value))
        return next((found for found in every if found), None)
    kinds = shape if isinstance(shape, tuple) else (shape,)
    if any(_is(value, kind) for kind in kinds):
        return None
    names = " or ".join(_WORDS.get(kind, kind.__name__) for kind in kinds)
    return f"{name} should be {names}, but is {_short(value)}"


def expanded(path: str | Path) -> Path:
    """`path` with a leading ~ or ~user replaced by that home folder.

    Raises:
        A2UError: That home folder is not known.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise A2UError(f"The home folder in {path} is not known. Give the full path, beginning with /.") from error


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind in (bool, object)
    return isinstance(value, kind) or (kind is float and isinstance(value, int))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"


def _kind(mode: int) -> str:
    return next((name for test, name in _KINDS if test(mode)), "something else")
