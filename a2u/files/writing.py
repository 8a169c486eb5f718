"""Files that are whole or not there: written beside the target, then renamed over it."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from a2u.errors import A2UError

UNFINISHED = ".unfinished"

REMEDIES = {
    errno.ENOSPC: "The disk is full: free some space, or write to another disk.",
    errno.EDQUOT: "Your disk quota is used up: free some space, or write to another disk.",
    errno.EFBIG: "A file of that size is not allowed here: raise the limit, or write to another disk.",
    errno.EACCES: "You may not write there: choose another folder.",
    errno.EPERM: "You may not write there: choose another folder.",
    errno.EROFS: "That file system is read-only: choose another folder.",
    errno.ENOTDIR: "A part of that path is a file, not a folder: choose another folder.",
    errno.EEXIST: "A part of that path is a file, not a folder: choose another folder.",
}


def explain(error: OSError, path: Path) -> A2UError:
    """The one message for a file or folder that cannot be written."""
    remedy = REMEDIES.get(error.errno or 0, "Check the folder and try again.")
    return A2UError(f"{path} cannot be written ({error.strerror or error}). {remedy}")


def write_whole(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step: a reader, or a crash, sees the old file or the new one.

    Raises:
        A2UError: The disk is full or the place not writable; the old file, if any, is as it was.
    """
    unfinished = path.with_name(f"{path.name}{UNFINISHED}")
    try:
        try:
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # or the rename could reach the disk before the content
            unfinished.replace(path)
        except BaseException:  # Ctrl-C too
            unfinished.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise explain(error, path) from error


def make_folder(folder: Path) -> None:
    """Make `folder` and those around it, if they are not there.

    Raises:
        A2UError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error


def write_all(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files by name into `folder`, made if need be, each whole or not at all; their paths.

    Raises:
        A2UError: The folder or a file cannot be written.
    """
    make_folder(folder)
    for name, content in contents.items():
        write_whole(folder / name, content)
    return [folder / name for name in contents]
