"""`a2u.files.writing`: a file is whole or not there, whoever writes beside, and whatever waits under a name."""

import errno
import fcntl
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from a2u.errors import A2UError
from a2u.files import writing
from a2u.files.writing import UNFINISHED, sweep, write_all, write_whole

PATTERN = re.compile(r"\.[0-9a-f]{16}\.unfinished$")


def leftover(folder: Path, name: str = "old.json.0123456789abcdef.unfinished") -> Path:
    (folder / name).write_bytes(b"half")
    return folder / name


def test_two_writers_of_one_file_never_meet(tmp_path: Path) -> None:
    """Readers see one whole content or the other, and no writer takes the other's temporary file away."""
    path, contents = tmp_path / "file", [bytes([65 + k]) * 200_000 for k in range(4)]
    write_whole(path, contents[0])
    faults: list[object] = []

    def write(content: bytes) -> None:
        try:
            for _ in range(15):
                write_whole(path, content)
                sweep(tmp_path)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        faults += [] if path.read_bytes() in contents else ["torn"]
    assert faults == []
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_link_that_waits_under_a_temporary_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, path = tmp_path / "victim", tmp_path / "file"
    victim.write_text("mine")
    tokens = iter(["a" * 16, "b" * 16])
    monkeypatch.setattr(writing.secrets, "token_hex", lambda _: next(tokens))
    (tmp_path / f"file.{'a' * 16}{UNFINISHED}").symlink_to(victim)
    (tmp_path / f"file{UNFINISHED}").symlink_to(victim)  # the name of older versions
    write_whole(path, b"new")
    assert (victim.read_text(), path.read_bytes()) == ("mine", b"new")


def test_a_link_in_the_place_of_the_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "file"
    victim.write_text("mine")
    path.symlink_to(victim)
    write_whole(path, b"new")
    assert (victim.read_text(), path.read_bytes(), path.is_symlink()) == ("mine", b"new", False)


def test_the_folder_is_brought_to_the_disk_after_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def watch_fsync(descriptor: int) -> None:
        events.append("folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file")
        fsync(descriptor)

    def watch_replace(self: Path, target: Path) -> Path:
        events.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", watch_fsync)
    monkeypatch.setattr(Path, "replace", watch_replace)
    write_whole(tmp_path / "file", b"new")
    assert events == ["file", "rename", "folder"]


@pytest.mark.parametrize(("number", "raises"), [(errno.EINVAL, False), (errno.EACCES, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, raises: bool
) -> None:
    """Some file systems cannot; a disk that fails is told."""
    fsync, calls = os.fsync, []

    def fail_second(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_second)
    if raises:
        with pytest.raises(A2UError, match="file cannot be written"):
            write_whole(tmp_path / "file", b"new")
    else:
        write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_leftovers_of_the_dead_are_swept_and_nothing_else(tmp_path: Path) -> None:
    others = ["notes.unfinished", "a.0123.unfinished", "x.0123456789ABCDEF.unfinished", ".0123456789abcdef.unfinished"]
    for name in others:
        (tmp_path / name).write_text("mine")
    leftover(tmp_path)
    (tmp_path / "l.0123456789abcdef.unfinished").symlink_to(tmp_path / others[0])
    (tmp_path / "d.0123456789abcdef.unfinished").mkdir()
    sweep(tmp_path)
    kept = {*others, "l.0123456789abcdef.unfinished", "d.0123456789abcdef.unfinished"}
    assert {each.name for each in tmp_path.iterdir()} == kept


def test_what_a_live_writer_writes_is_not_swept(tmp_path: Path) -> None:
    path = leftover(tmp_path)
    code = (
        "import fcntl, sys\nfile = open(sys.argv[1], 'r+b')\nfcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('locked', flush=True)\nsys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        sweep(tmp_path)
        assert path.exists()
        other.kill()
    sweep(tmp_path)
    assert not path.exists()


def test_a_writer_whose_file_is_swept_before_its_lock_takes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, seen = writing._lock, []

    def sweep_first(descriptor: int, wait: bool = False) -> bool:
        if not seen:
            seen.append(descriptor)
            sweep(tmp_path)
        return lock(descriptor, wait)

    monkeypatch.setattr(writing, "_lock", sweep_first)
    write_whole(tmp_path / "file", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"new"


def test_without_locks_nothing_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = leftover(tmp_path)
    write_whole(tmp_path / "file", b"new")
    sweep(tmp_path)
    assert path.exists()


def test_long_names_and_names_that_are_no_text(tmp_path: Path) -> None:
    for name in ("n" * 255, os.fsdecode(b"\xff\xfe.json"), "ü" * 120):
        write_whole(tmp_path / name, b"x")
        assert (tmp_path / name).read_bytes() == b"x"
    with pytest.raises(A2UError, match="too long"):
        write_whole(tmp_path / ("n" * 256), b"x")


def test_a_folder_of_that_name_stays(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(A2UError, match="choose another name"):
        write_whole(tmp_path / "file", b"x")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_temporary_names_say_whose_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: names.extend(each.name for each in tmp_path.iterdir()))
    write_all(tmp_path, {"scores.json": b"{}"})
    assert len(names) == 2
    assert PATTERN.search(names[0])
    assert names[0].startswith("scores.json.")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "may not write there")],
)
def test_a_failing_disk_gives_one_message_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(A2UError, match=rf"file cannot be written \(.*{remedy}"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
