"""Makes the embedded sample from the full sets: `python -m a2u.data.make_sample FOLDER [--out FOLDER]`.

Of each class, 400 training and 100 test images, evenly spaced over the file (the two halves of MNIST's test
set come from different writers), kept in file order. The same input gives the same content on every machine;
a2u knows checksums of the content, so it does not matter how a compressor packs it.
"""

import argparse
import gzip
import hashlib
import sys
from pathlib import Path

import torch
from torch import Tensor

from a2u.data import checksums, idx
from a2u.data.digits import FOLDERS, SAMPLE, STEMS, Digits, load
from a2u.errors import A2UError
from a2u.files.outputs import Outputs

PER_CLASS = {"train": 400, "test": 100}


def choose(labels: Tensor, per_class: int) -> Tensor:
    """Positions of `per_class` evenly spaced members of each class, in file order."""
    chosen = []
    for label in range(10):
        members = torch.nonzero(labels == label).flatten()
        if len(members) < per_class:
            raise A2UError(f"Class {label} has {len(members)} images, and {per_class} are needed.")
        chosen.append(members[torch.arange(per_class) * len(members) // per_class])
    return torch.cat(chosen).sort().values


def write(digits: Digits, out: Outputs) -> dict[str, str]:
    """Write the sample of one split; returns the digest of each file's content by its stem.

    Raises:
        A2UError: A file that this command did not write is in the way, such as the full set itself.
    """
    keep = choose(digits.labels, PER_CLASS[digits.split])
    digests = {}
    for kind, values in (("images", digits.images[keep]), ("labels", digits.labels[keep].to(torch.uint8))):
        stem = f"{STEMS[digits.split]}-{kind}"
        content = idx.encode(values)
        name = f"{FOLDERS[digits.name]}/{stem}-idx{values.dim()}-ubyte.gz"
        out.write(name, gzip.compress(content, 9, mtime=0))
        digests[stem] = hashlib.sha256(content).hexdigest()
    return digests


def main(arguments: list[str] | None = None) -> int:
    """Make all four samples and compare them with the digests in `a2u/data/checksums.py`."""
    parser = argparse.ArgumentParser(
        prog="python -m a2u.data.make_sample", description="Make the embedded sample from the full sets."
    )
    parser.add_argument("folder", type=Path, help="folder of the full sets: IDX files, plain or .gz")
    parser.add_argument("--out", type=Path, default=SAMPLE, help="where to write (default: the package)")
    options = parser.parse_args(arguments)
    different, out = 0, Outputs(options.out, "a2u.data.make_sample", force=options.out == SAMPLE)
    try:
        for name in FOLDERS:
            for split in STEMS:
                for stem, digest in write(load(name, split, options.folder), out).items():
                    same = digest == checksums.expected("sample", name, stem)
                    different += not same
                    print(f"{digest}  {name} {stem}: {'as known' if same else 'NOT the known sample'}")
    except A2UError as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
