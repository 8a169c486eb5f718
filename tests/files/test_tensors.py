"""`a2u.files.tensors`: tensors from bytes; archives of torch proven by their CRCs; NaN named."""

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from a2u.errors import A2UError
from a2u.files.tensors import parse_tensors, prove_archive, read_tensors, read_texts, refuse_nan

STATE = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(3, dtype=torch.int8)}


def archive() -> bytes:
    buffer = io.BytesIO()
    torch.save(STATE, buffer)
    return buffer.getvalue()


def test_tensors_and_texts_come_back_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff\xfe") / "t.safetensors"
    path.parent.mkdir()
    path.write_bytes(save(STATE, {"format": "mine"}))
    tensors, texts = read_tensors(path, "")
    assert texts == {"format": "mine"} == read_texts(path)
    assert all(torch.equal(tensors[name], STATE[name]) for name in STATE)


@pytest.mark.parametrize("at", range(0, 130, 7))
def test_a_cut_file_is_named_with_the_callers_advice(tmp_path: Path, at: int) -> None:
    path = tmp_path / "t.safetensors"
    path.write_bytes(save(STATE, {"format": "mine"})[:at])
    with pytest.raises(A2UError, match=r"t\.safetensors is damaged, or not a safetensors file .*Get it again"):
        read_tensors(path, "Get it again.")
    assert read_texts(path) in ({}, {"format": "mine"})


@pytest.mark.parametrize(
    "header", [b"[]", b'{"__metadata__": []}', b'{"a": 1}', b'{"__metadata__": {"a": 1}}', b"\xff"]
)
def test_headers_of_any_shape(header: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_tensors(struct.pack("<Q", len(header)) + header)


def test_every_flipped_byte_of_an_archives_content_is_noticed() -> None:
    """Torch itself compares no CRC, and would load other values."""
    whole = archive()
    prove_archive(whole)
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        part = next(each for each in opened.infolist() if each.filename.endswith("data/0"))
        begin = part.header_offset + 30 + len(part.filename) + 4
        data = whole.index(STATE["a"].numpy().tobytes(), begin)
    for place in range(data, data + 24):
        bad = whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :]
        assert not torch.equal(torch.load(io.BytesIO(bad), weights_only=True)["a"], STATE["a"])
        with pytest.raises(ValueError, match="the archive is damaged: Bad CRC-32"):
            prove_archive(bad)


def test_an_archive_that_expands_without_end() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("data", bytes(50_000_000))
    with pytest.raises(ValueError, match="would unpack to 50,000,000 bytes"):
        prove_archive(buffer.getvalue())


def test_what_is_no_archive_passes() -> None:
    prove_archive(b"\x80\x02 an older pickle")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), complex(0, float("nan"))])
def test_a_nan_is_named(bad: complex) -> None:
    with pytest.raises(A2UError, match=r"mine holds a NaN or an infinity in b\. Go"):
        refuse_nan({"a": torch.ones(2), "b": torch.tensor([1, bad])}, "mine", "Go.")
