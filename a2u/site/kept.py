"""What a build has finished, kept beside the site until its inputs change: a killed build goes on where it was.

    .site.build/              hidden, beside site/; nothing in it is for git
        page/01_one_formula-3f2a…/     one finished piece: its files as the site has them, and record.json
        next/                 the new site, until it takes the old one's place
        before/               the old site, for the moment in which they change places

A piece is written under a temporary name and then renamed, so it is whole or not there. Its name ends with a digest of
all that it was made from. Its record holds the digest of each file, so that a piece damaged by a crash, a full disk or
a hand is made again.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from a2u.errors import A2UError

_RECORD = "record.json"
_PART = ".part"  # end of a temporary name
_DIGITS = 24  # hexadecimal ones, of a digest in a name


def digest(*parts: str | bytes) -> str:
    """One digest of several parts, each with its length."""
    found = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        found.update(b"%d:" % len(content))
        found.update(content)
    return found.hexdigest()


@dataclass(frozen=True)
class Piece:
    """A finished piece: where it is, its files by their paths in the site, and what else was found out."""

    folder: Path
    files: Sequence[str]
    record: Any

    def put(self, site: Path) -> None:
        """Copy the files to their places in `site`. Equal names have equal content: they are digests of it."""
        for name in self.files:
            if not (site / name).exists():
                (site / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.folder / name, site / name)


def find(work: Path, kind: str, name: str, key: str) -> Piece | None:
    """The kept piece, if it is there and whole."""
    folder = _place(work, kind, name, key)
    try:
        kept = json.loads((folder / _RECORD).read_bytes())
        whole = all(digest((folder / file).read_bytes()) == found for file, found in kept["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Piece(folder, list(kept["files"]), kept["record"]) if whole else None


def keep(work: Path, kind: str, name: str, key: str, files: Mapping[str, bytes], record: Any) -> None:
    """Write a piece, whole or not at all; one of this name that is not whole goes."""
    folder = _place(work, kind, name, key)
    part = folder.with_name(f"{folder.name}{_PART}")
    shutil.rmtree(part, ignore_errors=True)
    for path, content in files.items():
        (part / path).parent.mkdir(parents=True, exist_ok=True)
        (part / path).write_bytes(content)
    part.mkdir(parents=True, exist_ok=True)
    written = {"files": {path: digest(content) for path, content in files.items()}, "record": record}
    (part / _RECORD).write_text(json.dumps(written), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def forget(work: Path, names: Sequence[str], used: Sequence[Piece]) -> None:
    """Remove what these lessons no longer need: pieces of older inputs, and what a killed build left half."""
    needed = {piece.folder for piece in used}
    for folder in [each for kind in work.iterdir() if kind.is_dir() for each in kind.iterdir()]:
        lesson, _, key = folder.name.rpartition("-")
        ours = lesson in names and len(key.removesuffix(_PART)) == _DIGITS
        if ours and folder not in needed:
            shutil.rmtree(folder, ignore_errors=True)


def _place(work: Path, kind: str, name: str, key: str) -> Path:
    return work / kind / f"{name}-{key[:_DIGITS]}"


@contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """The hidden folder beside `out`, for one build at a time; a site that a killed build had set aside is put back.

    Raises:
        A2UError: another build is at work there.
        OSError: the folder cannot be made.
    """
    work = out.with_name(f".{out.name}.build")
    work.mkdir(parents=True, exist_ok=True)
    (work / ".gitignore").write_text("*\n")
    lock = FileLock(work / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise A2UError(f"Another process is writing {out}: wait until it ends.") from error
    try:
        if not out.exists() and (work / "before").exists():
            (work / "before").rename(out)
        yield work
    finally:
        lock.release()


def exchange(work: Path, out: Path) -> None:
    """Put `next` of the workshop at `out`; where that fails, what was there stays."""
    before = work / "before"
    shutil.rmtree(before, ignore_errors=True)
    if out.exists():
        out.rename(before)
    try:
        (work / "next").rename(out)
    except BaseException:
        if before.exists():
            before.rename(out)
        raise
    shutil.rmtree(before, ignore_errors=True)
