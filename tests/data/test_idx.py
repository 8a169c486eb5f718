"""Files of MNIST read with bounds: what expands without end, ends early, or is no file."""

import gzip
import os
from pathlib import Path

import pytest
import torch

from a2u.data import idx, make_sample
from a2u.data.digits import load
from a2u.errors import A2UError
from a2u.files.reading import Unreadable

CONTENT = idx.encode(torch.arange(60, dtype=torch.uint8))


def put(folder: Path, content: bytes) -> Path:
    (folder / "a.gz").write_bytes(content)
    return folder / "a.gz"


@pytest.mark.parametrize("tail", [b"", b"\0" * 20])
def test_one_member_or_several_filled_up_or_not(tmp_path: Path, tail: bytes) -> None:
    halves = gzip.compress(CONTENT[:20]) + gzip.compress(CONTENT[20:]) + tail
    assert idx.read_content(put(tmp_path, halves)) == CONTENT
    assert idx.read_content(put(tmp_path, CONTENT)) == CONTENT


def test_a_file_that_expands_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idx, "LARGEST", 1000)
    bomb = put(tmp_path, gzip.compress(bytes(100_000)))
    assert bomb.stat().st_size < 1000
    with pytest.raises(A2UError, match="holds more than 1,000 bytes"):
        idx.read_content(bomb)
    many = put(tmp_path, gzip.compress(bytes(400)) * 3)
    with pytest.raises(A2UError, match="holds more than 1,000 bytes"):
        idx.read_content(many)
    with pytest.raises(A2UError, match=r"has 1,001 bytes, but a file of this set has at most 1,000"):
        idx.read_content(put(tmp_path, bytes(1001)))


@pytest.mark.parametrize("place", range(0, 60, 4))
def test_a_damaged_archive_is_named(tmp_path: Path, place: int) -> None:
    """Its own checksum, the length and the end mark are all compared."""
    whole = gzip.compress(CONTENT)
    with pytest.raises(A2UError, match=r"a\.gz is a damaged or incomplete gzip file"):
        idx.read_content(put(tmp_path, whole[: -1 - place % 12]))
    bad = put(tmp_path, whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:])
    with pytest.raises(A2UError, match=r"a\.gz is a damaged or incomplete gzip file"):
        idx.read_content(bad)


def test_a_pipe_in_the_place_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.gz")
    with pytest.raises(Unreadable, match="is a pipe"):
        idx.read_content(tmp_path / "a.gz")


def test_the_sample_is_not_written_over_the_full_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have the same names."""
    full = tmp_path / "MNIST" / "train-images-idx3-ubyte.gz"
    full.parent.mkdir()
    full.write_bytes(b"sixty thousand images")
    monkeypatch.setattr(make_sample, "load", lambda name, split, _: load(name, split))
    assert make_sample.main([str(tmp_path), "--out", str(tmp_path)]) == 1
    assert full.read_bytes() == b"sixty thousand images"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with nothing"),
        (b"\x89PNG....", "begins with 89 50 4e 47"),
        (b"\0\0\x08\x03\0\0", "ends inside its header: 16 bytes needed, 6 found"),
        (b"\0\0\x08\x01\0\0\0\x05abc", "should hold 13 bytes.*but holds 11"),
        (b"\0\0\x08\x01\0\0\0\x02abc", "should hold 10 bytes.*but holds 11"),
    ],
)
def test_what_is_not_idx_is_told(content: bytes, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        idx.parse(content, Path("some-file"))


def test_idx_round_trip() -> None:
    values = torch.randint(0, 256, (3, 5, 7), dtype=torch.uint8)
    assert torch.equal(idx.parse(idx.encode(values), Path("x")), values)
    with pytest.raises(A2UError, match="unsigned bytes"):
        idx.encode(values.float())
