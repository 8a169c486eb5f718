"""Small IDX files that a2u takes for MNIST: for tests of the folder reader and of the command line."""

import gzip
import hashlib
from pathlib import Path

import pytest
import torch

from a2u.data import checksums, idx
from a2u.data.digits import load

COUNTS = {"train": 40, "t10k": 20}


def contents(name: str = "mnist") -> dict[str, bytes]:
    """The content of the four files by stem: the first images of the embedded sample."""
    files = {}
    for stem, count in COUNTS.items():
        digits = load(name, {"train": "train", "t10k": "test"}[stem])
        files[f"{stem}-images"] = idx.encode(digits.images[:count])
        files[f"{stem}-labels"] = idx.encode(digits.labels[:count].to(torch.uint8))
    return files


def write(folder: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool = True, name: str = "mnist") -> Path:
    """Write the files into `folder` and make their checksums the known ones of the full set."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {k: v for k, v in checksums.KNOWN.items() if (v.edition, v.name) != ("full", name)}
    for stem, content in contents(name).items():
        known[hashlib.sha256(content).hexdigest()] = checksums.Known("full", name, stem)
        file = folder / f"{stem}-idx{3 if stem.endswith('images') else 1}-ubyte"
        if zipped:
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(content))
        else:
            file.write_bytes(content)
    monkeypatch.setattr(checksums, "KNOWN", known)
    return folder
