"""Files that are whole or not there: written beside the target under a temporary name, then renamed over it.

Two writers of one file never collide: each has a temporary name of its own, opened exclusively, so a link that someone
placed under it is not followed. While it writes, a writer holds a lock on its temporary file. The system releases the
lock when the process dies, however it dies, so `sweep` can tell a leftover from the work of a live writer.
"""

import errno
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from a2u.errors import A2UError
from a2u.files.remedies import remedy_for

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: there an open file cannot be deleted, which serves as well
    fcntl = None

UNFINISHED = ".unfinished"
_TOKEN = 16  # hexadecimal digits that tell one writer's temporary name from another's
_EXCLUSIVE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

# Errors of a system that cannot sync a folder, or does not allow this user to: then nothing can be done.
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM, errno.ENOSYS)


def explain(error: OSError, path: Path) -> A2UError:
    """The one message for a file or folder that cannot be written."""
    advice = remedy_for(error).writing or "Check the folder and try again."
    return A2UError(f"{path} cannot be written ({error.strerror or error}). {advice}")


def write_whole(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step: at any moment the old file is there, or the new one.

    Raises:
        A2UError: The disk is full or the folder not writable; the old file, if any, is unchanged.
    """
    try:
        unfinished, descriptor = _begin(path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # or the rename could reach the disk before the content
                if fcntl is not None:
                    unfinished.replace(path)  # while the lock is held, so that `sweep` does not take it for a leftover
            if fcntl is None:  # Windows renames no file that is open
                unfinished.replace(path)
        except BaseException:  # Ctrl-C too
            unfinished.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise explain(error, path) from error


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents, where they are missing.

    Raises:
        A2UError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error


def write_all(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files by name into `folder` (made if missing), each whole or not at all; returns their paths.

    Raises:
        A2UError: The folder or a file cannot be written.
    """
    make_folder(folder)
    for name, content in contents.items():
        write_whole(folder / name, content)
    return [folder / name for name in contents]


def sweep(folder: Path) -> None:
    """Remove what killed writers left in `folder`: nothing else, and nothing of a writer that is still running."""
    try:
        found = [each for each in folder.iterdir() if _is_ours(each.name)]
    except OSError:  # the next write there will give the reason
        return
    for leftover in found:
        _remove_if_dead(leftover)


def _begin(path: Path) -> tuple[Path, int]:
    """A new, locked, empty file beside `path`, and its descriptor."""
    for _ in range(100):
        unfinished = path.with_name(f"{path.name[:40]}.{secrets.token_hex(_TOKEN // 2)}{UNFINISHED}")
        try:
            descriptor = os.open(unfinished, _EXCLUSIVE, 0o666)
        except FileExistsError:  # something already has this very name, and keeps it
            continue
        _lock(descriptor, wait=True)  # `sweep` may hold it for the moment in which it removes the file
        if fcntl is None or os.fstat(descriptor).st_nlink:
            return unfinished, descriptor
        os.close(descriptor)  # swept away between its creation and its lock
    raise FileExistsError(errno.EEXIST, "no free name was found beside it")


def _lock(descriptor: int, wait: bool = False) -> bool:
    """Take the lock of an open file: at once or, with `wait`, when it is free. False if it was not to be locked."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _is_ours(name: str) -> bool:
    """Is this one of our temporary names?"""
    base, _, token = name.removesuffix(UNFINISHED).rpartition(".")
    hexadecimal = len(token) == _TOKEN and set(token) <= set("0123456789abcdef")
    return bool(base) and name.endswith(UNFINISHED) and hexadecimal


def _remove_if_dead(leftover: Path) -> None:
    try:
        descriptor = os.open(leftover, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:  # it is gone, is a link, or may not be opened
        return
    try:
        dead = stat.S_ISREG(os.fstat(descriptor).st_mode) and _lock(descriptor)
        if dead and fcntl is not None:
            leftover.unlink(missing_ok=True)
    except OSError:
        return
    finally:
        os.close(descriptor)
    if dead and fcntl is None:
        try:
            leftover.unlink(missing_ok=True)
        except OSError:  # another process has it open: it is being written
            return


def _sync_folder(folder: Path) -> None:
    """Sync a rename to the disk, on systems where a folder can be opened."""
    if fcntl is None:
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno in _NO_SYNC:
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)
