"""Which network a word on the command line names, and that it is that one and no other."""

import os
from pathlib import Path

import pytest
import torch
from processes import python
from published_names import as_published
from safetensors.torch import load_file, save_file
from tiny_matting import build, case

from a2u.errors import A2UError
from a2u.matting import cutouts, experiment
from a2u.matting.cutouts import cut, pairs, results
from a2u.matting.data.composition import to_bytes
from a2u.matting.data.files import write_pixels
from a2u.matting.data.loader import Loader
from a2u.matting.rows import build as build_row
from a2u.pretrained.find import load_network, shipped
from a2u.pretrained.published import OPTIONS, ROW
from a2u.training import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three epochs, of which the second is best."""
    folder = tmp_path_factory.mktemp("weights") / "run"
    task = build()
    sads = iter([3.0, 1.0, 2.0])
    task.evaluate = lambda: {"sad": next(sads), "mse": 0.0}  # type: ignore[method-assign]
    with Run(folder, task.config) as opened:
        experiment.train(task, opened)
    return folder


def stem(path: Path) -> torch.Tensor:
    return load_file(path)["model/encoder.stem.conv.weight"]


def test_a_folder_is_its_best_epoch_and_a_file_is_itself(run: Path) -> None:
    best, last = stem(run / "best.safetensors"), stem(run / "checkpoint.safetensors")
    assert not torch.equal(best, last)
    wanted = {
        (run, True): (best, "epoch 2 of 3"),
        (run, False): (last, "epoch 3 of 3"),
        (run / "best.safetensors", True): (best, "epoch 2 of 3"),
        (run / "checkpoint.safetensors", True): (last, "epoch 3 of 3"),
    }
    for (path, take_best), (weight, words) in wanted.items():
        found = load_network(path, take_best)
        assert torch.equal(found.net.encoder.stem.conv.weight, weight)
        assert words in found.title
        assert "random encoder" in found.title
        assert not found.net.training


def test_a_copied_checkpoint_needs_no_folder(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "mine.safetensors"
    copy.write_bytes((run / "best.safetensors").read_bytes())
    assert torch.equal(load_network(copy).net.encoder.stem.conv.weight, stem(copy))
    content = copy.read_bytes()
    copy.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # a bit of a tensor
    with pytest.raises(A2UError, match="SHA-256"):
        load_network(copy)


def test_weights_that_ship_are_named() -> None:
    assert shipped()
    found = load_network(Path(shipped()[0]))
    assert found.data == "synthetic"
    assert "weights that ship" in found.title
    assert "SAD" in found.notes[0]


def test_what_is_in_published_weights_is_told(tmp_path: Path) -> None:
    state = as_published(build_row(ROW, **OPTIONS))
    state["extra.weight"] = torch.zeros(2)
    save_file(state, tmp_path / "theirs.safetensors")
    notes = load_network(tmp_path / "theirs.safetensors").notes
    assert notes[0] == f"{len(state) - 1} keys used, 1 ignored, 0 counters of batches skipped"
    assert notes[1] == "ignored extra.weight: no module of that name is known"


def test_what_is_no_network_is_explained(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("weights")
    with pytest.raises(A2UError, match="holds no weights: it begins like neither"):
        load_network(tmp_path / "notes.txt")
    with pytest.raises(A2UError, match=f"There are no weights at .*nowhere.*these ship with a2u: {shipped()[0]}"):
        load_network(tmp_path / "nowhere")
    (tmp_path / "text.pth").write_bytes(b"\x80\x02 weights")
    with pytest.raises(A2UError, match=r"cannot be read as weights \(\w+: ") as caught:
        load_network(tmp_path / "text.pth")
    assert "\x1b" not in str(caught.value)


def test_samples_prepared_ahead_leave_dropout_as_it_is() -> None:
    """A loader draws a number of its own, which must not come out of the generator of dropout."""
    drawn = []
    for workers in (0, 1):
        torch.manual_seed(5)
        list(Loader(build().train, 1, 2, workers).epoch(1))
        drawn.append(torch.rand(3))
    assert torch.equal(*drawn)


def test_a_cut_out_comes_with_its_alpha_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = case(0)
    write_pixels(tmp_path / "p.png", to_bytes(given.image))
    write_pixels(tmp_path / "t.png", given.trimap[0].numpy())

    def fails(*_: object) -> torch.Tensor:
        raise A2UError("no colours")

    monkeypatch.setattr(cutouts, "estimate_foreground", fails)
    (pair,), _ = pairs(tmp_path / "p.png", tmp_path / "t.png")
    half = cutouts.Predictor("half", lambda each: (torch.full_like(each.trimap, 0.5, dtype=torch.float32), None))
    out = results([pair], tmp_path / "out")
    with pytest.raises(A2UError, match="no colours"):
        cut(pair, half, out)
    assert not (tmp_path / "out").exists()
    cut(pair, half, out, colours=False)
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["p-alpha.png"]


@pytest.mark.parametrize(("rank", "speaks"), [("0", True), ("1", False)])
def test_of_several_processes_one_speaks(rank: str, speaks: bool) -> None:
    words = ["-m", "a2u.commands.cli", "matting", "train", "--row", "nearst"]
    done = python(*words, env={**os.environ, "RANK": rank})
    assert done.returncode == 1
    assert ("Did you mean 'nearest'" in done.stderr) == speaks
