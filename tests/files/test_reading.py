"""`a2u.files.reading`: regular files only, only so many bytes, and what is wrong said without bad advice."""

import errno
import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from a2u.errors import A2UError
from a2u.files import reading
from a2u.files.reading import Missing, Unreadable, expanded, fault, parse_json, read_bytes, read_json


def test_what_is_no_file_is_said_and_nothing_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as opened:
        here = Path.cwd()
        os.chdir(tmp_path)  # a socket's path is short
        try:
            opened.bind("socket")
        finally:
            os.chdir(here)
        places = {tmp_path: "a folder", tmp_path / "pipe": "a pipe", tmp_path / "socket": "a socket"}
        places |= {Path("/dev/zero"): "a device"}
        for path, words in places.items():
            with pytest.raises(Unreadable, match=words):
                read_bytes(path, 1000)


@pytest.mark.parametrize("name", ["nothing", "file/below", "with\0nul"])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unreadable):
        read_bytes(tmp_path / name)


def test_a_file_too_large_is_another_file_and_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(A2UError, match=r"has 1,099,511,627,776 bytes, but a card has at most 1,000"):
        read_bytes(path, 1000, "a card")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ELOOP, errno.EMFILE, errno.ESTALE, errno.ENOMEM])
def test_a_file_that_cannot_be_read_now_is_never_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise OSError(number, os.strerror(number))

    (tmp_path / "file.json").write_text("{}")
    monkeypatch.setattr(reading.os, "open", fail)
    with pytest.raises(Unreadable) as error:
        read_json(tmp_path / "file.json", dict, "Delete it.")
    assert "elete" not in str(error.value)
    assert "damaged" not in str(error.value)
    assert os.strerror(number) in str(error.value)


def test_names_that_are_no_text_are_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.json")
    path.write_text('{"a": 1}')
    assert read_json(path) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "should be an object"),
        (b"null", "should be an object"),
        (b'{"confih": {}}', "has no 'config'"),
        (b'{"config": []}', r"it\['config'\] should be an object, but is \[\]"),
    ],
)
def test_json_of_any_shape(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(A2UError, match=rf"config.json is damaged or of another kind: .*{words}.*Put back"):
        read_json(path, {"config": dict}, "Put back a copy.")


def test_a_byte_order_mark_is_no_fault() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("value", "shape", "words"),
    [
        (1, float, None),
        (True, int, "should be a whole number, but is True"),
        (True, float, "should be a number, but is True"),
        (1.5, int, "should be a whole number"),
        (None, (str, type(None)), None),
        (3, (str, type(None)), "should be text or null, but is 3"),
        ([1, "2"], [int], r"it\[1\] should be a whole number, but is '2'"),
        ([{"a": 1}, {}], [{"a": int}], r"it\[1\] has no 'a'"),
        ("x" * 100, int, "x…"),
        (object(), object, None),
    ],
)
def test_shapes(value: Any, shape: Any, words: str | None) -> None:
    found = fault(value, shape)
    if words is None:
        assert found is None
    else:
        assert re.search(words, str(found))


def test_an_unknown_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/data") == tmp_path / "data"
    with pytest.raises(A2UError, match="home folder in ~nobody-of-this-name"):
        expanded("~nobody-of-this-name/data")


def test_missing_is_a_kind_of_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="is not there"):
        read_json(tmp_path / "config.json")
