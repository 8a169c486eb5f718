"""Where the notebooks of the site come from: the last commit, so that nobody's working copy gets on a page.

A learner types answers into the notebooks, clears outputs, stops halfway. The site shows what was committed: git is
asked for every notebook of HEAD. Where git cannot say (an unpacked archive, no git), or where the author wants to see
uncommitted work, the files are taken as they lie in the folder. Either way every notebook is read once, before the
first page is made: what changes later changes nothing.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from a2u.errors import A2UError
from a2u.files.reading import read_bytes
from a2u.lessons import links
from a2u.lessons.editions import EDITIONS, target

NOTATION = "notation.md"  # the page that every lesson links
_SHOWN = re.compile(rf"(?:solutions/)?[0-9][0-9]_\w+\.ipynb|{re.escape(NOTATION)}")


@dataclass(frozen=True)
class Origin:
    """Notebooks, read.

    Attributes:
        folder: with the notebooks.
        files: content by path in the folder: "01_one_formula.ipynb", "solutions/01_one_formula.ipynb", "notation.md",
            and of each picture that a lesson links, "../figures/half-pixels.webp".
        words: where they are from, as a sentence for the reader of the command's output.
        committed: from git, not from the folder.
    """

    folder: Path
    files: Mapping[str, bytes]
    words: str
    committed: bool = False

    @property
    def names(self) -> list[str]:
        """The lessons, in order."""
        return sorted(path.removesuffix(".ipynb") for path in self.files if "/" not in path and path.endswith(".ipynb"))

    @property
    def notation(self) -> str:
        """The page of notation, in Markdown; empty without it."""
        return self.files.get(NOTATION, b"").decode()

    def content(self, name: str, edition: str = "student") -> bytes | None:
        """The file of one edition; None without it."""
        return self.files.get(target(Path(), name, edition).as_posix())

    def only(self, name: str) -> "Origin":
        """The same with one lesson alone, its pictures, and the page of notation."""
        paths = [*(target(Path(), name, edition).as_posix() for edition in EDITIONS), NOTATION]
        paths += _linked({"": self.content(name) or b""})
        return replace(self, files={path: self.files[path] for path in paths if path in self.files})


def find(folder: Path, stored: bool = False) -> Origin:
    """The notebooks of `folder` at the last commit, or with `stored` as they lie there.

    Raises:
        A2UError: there are none, or a file cannot be read.
    """
    if not folder.is_dir():
        raise A2UError(
            f"There is no folder {folder}: run this in the project's folder, or name the notebooks' `folder`."
        )
    if stored:
        return _stored(folder, "as asked for")
    try:
        commit = _git(folder, "rev-parse", "--short", "HEAD").decode().strip()
        files = _committed(folder)
    except FileNotFoundError:
        return _stored(folder, "there is no git on this machine")
    except subprocess.CalledProcessError as error:
        return _stored(folder, f"git says: {_first_line(error.stderr)}")
    if not Origin(folder, files, "").names:
        return _stored(folder, f"none is in commit {commit}")
    changed = [path for path in files if _differs(folder / path, files[path])]
    others = (
        f" {_list(changed)} in {folder} differ{'s' if len(changed) == 1 else ''} from it and stay out."
        if changed
        else ""
    )
    return Origin(folder, files, f"The notebooks are those of commit {commit}.{others}", committed=True)


def _stored(folder: Path, why: str) -> Origin:
    paths = sorted(path for part in (".", "solutions") for path in (folder / part).glob("*.*"))
    files = {
        relative: read_bytes(path)
        for path in paths
        if _SHOWN.fullmatch(relative := path.relative_to(folder).as_posix())
    }
    files |= {path: read_bytes(folder / path) for path in _linked(files) if (folder / path).is_file()}
    if not Origin(folder, files, "").names:
        raise A2UError(f"There are no built lessons in {folder}: run make notebooks first.")
    return Origin(folder, files, f"The notebooks are those that lie in {folder} now ({why}).")


def _committed(folder: Path) -> dict[str, bytes]:
    """Every lesson of HEAD in this folder, by its path there, and the pictures that they link."""
    found = {path: each for path, each in _listed(folder, ".").items() if _SHOWN.fullmatch(path)}
    files = _contents(folder, found)
    top = Path(_git(folder, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    linked = [path for path in _linked(files) if (folder / path).resolve().is_relative_to(top)]
    there = _listed(folder, *linked) if linked else {}
    return files | _contents(folder, {path: there[path] for path in linked if path in there})


def _linked(files: Mapping[str, bytes]) -> list[str]:
    """The pictures that lessons link; from the file as it is, so that one that is not whole is complained of later."""
    lessons = (content.decode(errors="replace") for path, content in files.items() if "/" not in path)
    return links.pictures("\n".join(lessons))


def _listed(folder: Path, *paths: str) -> dict[str, str]:
    """The objects of HEAD at or below these paths, by their paths from the folder."""
    listed = _git(folder, "ls-tree", "-r", "-z", "HEAD", *paths).decode().split("\0")  # MODE TYPE OBJECT\tPATH
    return {path: entry.split()[2] for entry, _, path in (line.partition("\t") for line in listed) if path}


def _contents(folder: Path, found: Mapping[str, str]) -> dict[str, bytes]:
    """The contents of objects."""
    answer = _git(folder, "cat-file", "--batch", given="".join(f"{each}\n" for each in found.values()).encode())
    files: dict[str, bytes] = {}
    at = 0
    for path in found:
        end = answer.index(b"\n", at)  # OBJECT blob SIZE, then the content and a line end
        size = int(answer[at:end].split()[2])
        files[path] = answer[end + 1 : end + 1 + size]
        at = end + 2 + size
    return files


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git answers for this folder, whatever the variables say that git sets for its hooks.

    Raises:
        FileNotFoundError: there is no git.
        CalledProcessError: it does not know the folder, or has no commit.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True, env=ours | {"LC_ALL": "C"}).stdout


def _differs(path: Path, content: bytes) -> bool:
    try:
        found = path.read_bytes()
        return content not in (found, found.replace(b"\r\n", b"\n"))
    except OSError:  # not there, or not to be read: the site does without it
        return True


def _list(paths: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(paths[:most])
    return shown if len(paths) <= most else f"{shown} and {len(paths) - most} more"


def _first_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "nothing"
