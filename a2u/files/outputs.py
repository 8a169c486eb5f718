"""What a command writes into a folder that may hold other things: it replaces its own earlier files, and no others.

Beside its files a command keeps a list, `.a2u-written.jsonl`: a line for each file with its name, the SHA-256 of its
content and the command that wrote it. A file that is there already may be replaced if the list has a line with its
name, its content as it is now, and the same command; so neither a photograph that happens to have the name of a result
is lost, nor a result that somebody has worked on since. A command never writes over a file that it reads.
All names are checked before the work begins, and each one again when it is written.

The line is written before the file: if the command is killed in between, the list has the old file and the new one.
"""

import hashlib
import json
import os
import stat
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from a2u.errors import A2UError
from a2u.files.reading import parse_json, read_bytes
from a2u.files.writing import explain, make_folder, sweep, write_whole

LIST = ".a2u-written.jsonl"
_LINE = {"name": str, "sha256": str, "by": str}
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_MOVE = "Give another folder, or move it away."


class Outputs:
    """The files that one command writes into one folder.

    Args:
        folder: made when the first file is written.
        by: the command, such as "a2u figure"; it replaces what it wrote itself.
        force: replace other files too. Files that the command reads are never replaced.
    """

    def __init__(self, folder: str | Path, by: str, force: bool = False) -> None:
        self.folder, self.by, self.force = Path(folder), by, force
        self._read: list[Path] = []
        self._written: set[Path] = set()
        self._lists: dict[Path, set[tuple[str, str]]] = {}  # of each folder: the names and digests that are our own

    def check(self, names: Sequence[str], read: Iterable[Path] = ()) -> None:
        """Refuse what must not be written, before any work is done.

        Args:
            names: of all files to come, in the folder or in folders within it ("mattes/a.png").
            read: every file that the command reads.

        Raises:
            A2UError: Two files have one name; a file would replace one that is read, or one that this command did not
                write. The message names them.
        """
        self._read = [path for path in read if _identity(path)]
        for folder in {(self.folder / name).parent for name in names}:
            sweep(folder)
        self._refuse_twins(names)
        inputs = {_identity(path): path for path in self._read}
        for name in names:
            self._refuse(name, inputs)

    def write(self, name: str, content: bytes) -> Path:
        """Write one file, whole or not at all; its path.

        Raises:
            A2UError: It would replace what it must not, or cannot be written.
        """
        path = self.folder / name
        if path in self._written:
            raise A2UError(f"Two results would be one file, {path}. Rename one of the inputs.")
        self._refuse(name, {_identity(each): each for each in self._read} if _identity(path) else {})
        make_folder(path.parent)
        self._note(path, content)
        write_whole(path, content)
        self._written.add(path)
        return path

    def _refuse(self, name: str, inputs: "dict[tuple[int, int] | None, Path]") -> None:
        path = self.folder / name
        found = _identity(path)
        if found is None and not os.path.lexists(path):
            return
        if found is not None and found in inputs:
            same = "" if inputs[found] == path else f" (as {inputs[found]})"
            raise A2UError(f"{path} is read by this command{same}, and would be replaced. Give another folder.")
        if path.is_symlink() or not path.is_file():
            what = "a link" if path.is_symlink() else "a folder" if path.is_dir() else "not a regular file"
            raise A2UError(f"{path} would be written, but it is {what}. {_MOVE}")
        if not self.force and not self._is_own(path):
            raise A2UError(
                f"{path} is there already, and `{self.by}` did not write it, or it was changed since. "
                f"It would be lost. {_MOVE}"
            )

    def _is_own(self, path: Path) -> bool:
        found = (path.name, hashlib.sha256(read_bytes(path)).hexdigest())
        if found in self._own(path.parent):
            return True
        return found in self._own(path.parent, again=True)  # another process may have written it meanwhile

    def _own(self, folder: Path, again: bool = False) -> set[tuple[str, str]]:
        if again or folder not in self._lists:
            self._lists[folder] = {(line["name"], line["sha256"]) for line in _lines(folder) if line["by"] == self.by}
        return self._lists[folder]

    def _note(self, path: Path, content: bytes) -> None:
        """Add a line to the folder's list, in one piece, so that two commands may add theirs at once."""
        found = (path.name, hashlib.sha256(content).hexdigest())
        if found in self._own(path.parent):
            return
        place, line = path.parent / LIST, json.dumps({"name": found[0], "sha256": found[1], "by": self.by})
        try:
            descriptor = os.open(place, _APPEND, 0o666)
            with os.fdopen(descriptor, "wb") as file:
                # A line that was cut short must not swallow this one.
                file.write(f"{'' if _ends_a_line(place) else chr(10)}{line}\n".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise explain(error, place) from error
        self._own(path.parent).add(found)

    def _refuse_twins(self, names: Sequence[str]) -> None:
        seen: dict[str, str] = {}
        for name in names:
            plain = unicodedata.normalize("NFC", name).casefold()
            twin = seen.get(plain)
            seen[plain] = name
            if twin is not None and (twin == name or _takes_for_one(self.folder)):
                also = "" if twin == name else f" (also for {twin}: this disk treats both as one name)"
                raise A2UError(f"Two results would be one file, {self.folder / name}{also}. Rename one of the inputs.")


def _takes_for_one(folder: Path) -> bool:
    """Does the file system treat upper and lower case, or two ways to write an accent, as the same name?"""
    place = next((each for each in (folder, *folder.absolute().parents) if each.is_dir()), Path())
    try:
        with tempfile.NamedTemporaryFile(prefix="a2u-é-", dir=place) as probe:
            name = Path(probe.name).name
            others = (name.upper(), unicodedata.normalize("NFD", name))
            return any((place / other).exists() for other in others)
    except OSError:  # nothing can be written there, and the command will say so
        return False


def _ends_a_line(place: Path) -> bool:
    """Is the list empty, or its last line whole?"""
    with place.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _lines(folder: Path) -> list[dict[str, str]]:
    """The lines of a folder's list; one that was cut short by a power failure is ignored."""
    try:
        content = read_bytes(folder / LIST)
    except A2UError:
        return []
    found = []
    for line in content.splitlines():
        try:
            found.append(parse_json(line, _LINE))
        except ValueError:
            continue
    return found


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file: the same for all of its names and links. None if there is no file."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return None if stat.S_ISDIR(found.st_mode) else (found.st_dev, found.st_ino)
