"""The sample that ships with the package, made again from the full set."""

from pathlib import Path

import pytest
import torch

from a2u.data import idx, make_sample
from a2u.data.digits import SAMPLE
from a2u.errors import A2UError


def test_the_sample_is_evenly_spaced_over_each_class() -> None:
    labels = torch.arange(1000) % 10
    chosen = make_sample.choose(labels, 4)
    assert labels[chosen].bincount().tolist() == [4] * 10
    assert torch.equal(chosen, chosen.sort().values)
    of_class_3 = chosen[labels[chosen] == 3]
    assert of_class_3.tolist() == [3, 253, 503, 753]
    with pytest.raises(A2UError, match="Class 0 has 100 images, and 101 are needed"):
        make_sample.choose(labels, 101)


def test_make_sample_writes_the_same_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_sample, "PER_CLASS", {"train": 3, "test": 2})
    for out in ("a", "b"):
        code = make_sample.main([str(SAMPLE), "--out", str(tmp_path / out)])
        assert code == 1  # fewer than the real sample: said, and not passed off as it
    assert "NOT the known sample" in capsys.readouterr().out
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.gz")]
    assert len(files) == 8
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
    images = idx.parse(idx.read_content(tmp_path / "a" / "MNIST" / "t10k-images-idx3-ubyte.gz"), tmp_path)
    assert images.shape == (20, 28, 28)
    assert make_sample.main([str(tmp_path / "nowhere")]) == 1
