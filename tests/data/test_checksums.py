"""Checksums are known for every file of every set."""

from a2u.data import checksums
from a2u.data.digits import CLASSES, FOLDERS


def test_every_set_has_folder_classes_and_checksums() -> None:
    assert list(FOLDERS) == list(CLASSES) == ["mnist", "fashion"]
    known = set(checksums.KNOWN.values())
    stems = ("train-images", "train-labels", "t10k-images", "t10k-labels")
    assert known == {
        checksums.Known(edition, name, stem) for edition in ("full", "sample") for name in FOLDERS for stem in stems
    }
