"""The data say what they are, and files that are not what they should be are named."""

import gzip
import hashlib
import shutil
import sys
import urllib.error
from pathlib import Path

import pytest
import small_digits
import torch

from a2u.data import checksums, load, to_float32x32
from a2u.data.digits import SAMPLE
from a2u.errors import A2UError

NAMES = ["mnist", "fashion"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("split", "count"), [("train", 4000), ("test", 1000)])
def test_the_sample_is_balanced_and_says_what_it_is(name: str, split: str, count: int) -> None:
    digits = load(name, split)
    assert digits.images.shape == (count, 28, 28)
    assert digits.images.dtype == torch.uint8
    assert digits.labels.dtype == torch.int64
    assert digits.labels.bincount().tolist() == [count // 10] * 10
    assert len(digits) == count
    assert len(digits.classes) == 10
    assert "embedded sample" in digits.source
    assert digits.title in digits.source
    assert f"{count:,}" in digits.source
    pixels = digits.images.numpy().tobytes() + digits.labels.to(torch.uint8).numpy().tobytes()
    assert digits.sha256 == hashlib.sha256(pixels).hexdigest()


def test_the_sample_is_what_was_committed() -> None:
    digests = {(name, split): load(name, split).sha256[:8] for name in NAMES for split in ("train", "test")}
    assert digests == {
        ("mnist", "train"): "bf54eb66",
        ("mnist", "test"): "f1b8a699",
        ("fashion", "train"): "b7ec42a1",
        ("fashion", "test"): "def1045e",
    }


def test_the_sample_is_small_and_has_its_licences() -> None:
    assert sum(file.stat().st_size for file in SAMPLE.rglob("*.gz")) < 4_000_000
    assert "creativecommons.org/licenses/by-sa/3.0" in (SAMPLE / "MNIST" / "LICENSE").read_text()
    assert "Zalando SE" in (SAMPLE / "FashionMNIST" / "LICENSE").read_text()


def test_images_become_32_by_32_floats_in_the_unit_interval() -> None:
    images = load("mnist", "test").images[:5]
    resized = to_float32x32(images)
    assert resized.shape == (5, 1, 32, 32)
    assert resized.dtype == torch.float32
    assert resized.min() >= 0
    assert resized.max() <= 1
    # Bilinear, centres aligned: output column j looks at input column (j + ½)·28/32 − ½.
    row = images[0, 14].double() / 255
    constant_rows = images[:1].clone()
    constant_rows[0] = images[0, 14]
    for j in range(32):
        at = max((j + 0.5) * 28 / 32 - 0.5, 0)
        left, right = int(at), min(int(at) + 1, 27)
        expected = row[left] * (1 - at % 1) + row[right] * (at % 1)
        assert to_float32x32(constant_rows)[0, 0, 7, j].item() == pytest.approx(expected.item(), abs=1e-6)
    assert to_float32x32(images[:0]).shape == (0, 1, 32, 32)
    assert torch.equal(to_float32x32(load("mnist", "test"))[:5], resized)


@pytest.mark.parametrize("bad", [torch.zeros(1, 1, 28, 28, dtype=torch.uint8), torch.zeros(1, 28, 28)])
def test_only_raw_images_are_resized(bad: torch.Tensor) -> None:
    with pytest.raises(A2UError, match=r"uint8 \(N, H, W\)"):
        to_float32x32(bad)


@pytest.mark.parametrize("place", ["MNIST", "MNIST/raw", "."])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_folder_of_idx_files_in_every_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, zipped: bool
) -> None:
    small_digits.write(tmp_path / place, monkeypatch, zipped)
    digits = load("mnist", "test", tmp_path)
    assert torch.equal(digits.images, load("mnist", "test").images[:20])
    assert torch.equal(digits.labels, load("mnist", "test").labels[:20])
    assert digits.edition == "full"
    assert "full MNIST" in digits.source
    assert str(tmp_path) in digits.source


def test_the_sample_copied_elsewhere_still_says_sample(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "copy")
    digits = load("fashion", "test", tmp_path / "copy")
    assert digits.edition == "sample"
    assert "a2u's sample in" in digits.source
    assert digits.sha256 == load("fashion", "test").sha256


@pytest.mark.parametrize(("argument", "value"), [("name", "mnst"), ("split", "tets")])
def test_an_unknown_name_gets_the_near_match(argument: str, value: str) -> None:
    near = {"mnst": "mnist", "tets": "test"}[value]
    with pytest.raises(A2UError, match=f"Did you mean '{near}'"):
        load(**{argument: value})


def test_a_missing_folder_and_a_folder_without_files(tmp_path: Path) -> None:
    with pytest.raises(A2UError, match="does not exist"):
        load(data=tmp_path / "nowhere")
    with pytest.raises(A2UError, match=r"holds no MNIST file train-images-idx3-ubyte.*`download=True`"):
        load(data=tmp_path)


def test_a_truncated_a_changed_and_a_foreign_file_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_digits.write(tmp_path / "MNIST", monkeypatch)
    images = folder / "t10k-images-idx3-ubyte.gz"
    good = images.read_bytes()
    wanted = checksums.expected("full", "mnist", "t10k-images")

    images.write_bytes(good[: len(good) // 2])
    with pytest.raises(A2UError, match=rf"{images.name} is a damaged or incomplete gzip.*{wanted}.*get it again"):
        load(split="test", data=tmp_path)

    content = bytearray(gzip.decompress(good))
    content[-1] ^= 1  # one bit of one pixel
    images.write_bytes(gzip.compress(bytes(content)))
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(A2UError, match=rf"{images.name}.*Expected SHA-256 {wanted}, found {found}"):
        load(split="test", data=tmp_path)

    shutil.copy(SAMPLE / "FashionMNIST" / "t10k-images-idx3-ubyte.gz", images)
    with pytest.raises(A2UError, match="is Fashion-MNIST's t10k-images, not MNIST's t10k-images"):
        load(split="test", data=tmp_path)


def test_images_and_labels_of_two_editions_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_digits.write(tmp_path, monkeypatch)
    shutil.copy(SAMPLE / "MNIST" / "t10k-labels-idx1-ubyte.gz", folder)
    with pytest.raises(A2UError, match=r"belongs to the full set.*to the sample"):
        load(split="test", data=tmp_path)


def test_a_damaged_package_does_not_fall_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SAMPLE, tmp_path / "sample")
    (tmp_path / "sample" / "MNIST" / "train-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8b nothing")
    monkeypatch.setattr("a2u.data.digits.SAMPLE", tmp_path / "sample")
    with pytest.raises(A2UError, match=r"train-labels.*Install a2u again"):
        load()


def test_download_reads_what_is_there_and_explains_what_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torchvision

    def offline(*_: object, **__: object) -> None:
        print("trying")
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(torchvision.datasets, "FashionMNIST", offline)
    monkeypatch.setattr(torchvision.datasets, "MNIST", offline)
    with pytest.raises(A2UError, match=r"could not be downloaded into .*no network.*`data`"):
        load("fashion", data=tmp_path / "new", download=True)
    assert list((tmp_path / "new").iterdir()) == []  # nothing half-written
    assert capsys.readouterr().out == ""  # stdout is for results

    small_digits.write(tmp_path / "MNIST" / "raw", monkeypatch)
    assert len(load("mnist", data=tmp_path, download=True)) == 40  # nothing is missing: no network needed


def test_download_puts_whole_files_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision

    def fetch(root: str, download: bool) -> None:
        assert download
        small_digits.write(Path(root) / "MNIST" / "raw", monkeypatch)

    monkeypatch.setattr(torchvision.datasets, "MNIST", fetch)
    assert len(load("mnist", "test", tmp_path / "cache", download=True)) == 20
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["MNIST"]


def test_download_without_torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(A2UError, match=r"needs torchvision.*a2u-upsampling\[lab\]"):
        load(data=tmp_path, download=True)
