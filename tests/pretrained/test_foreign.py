"""Checkpoints of other programs: found whatever the file is called and however it is packed, and no code of it runs."""

import argparse
import io
import math
import pickle
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from a2u.errors import A2UError
from a2u.pretrained.foreign import STAND_INS, open_checkpoint
from a2u.pretrained.published import strip

WEIGHT = torch.arange(6.0).reshape(2, 3)
STATE = {"module.pred.1.weight": WEIGHT, "module.layer0.1.bias": torch.ones(3)}


def as_published(state: dict = STATE) -> dict:
    """What the published training script saves: metrics are means by numpy, NaN where nothing was measured."""
    return {
        "state_dict": state,
        "optimizer": {"state": {0: {"step": 5, "exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.01}]},
        "epoch": 30,
        "train_loss": {"running_loss": [0.1], "epoch_loss": [0.1]},
        "val_loss": {"running_loss": [], "epoch_loss": [np.mean([32.1, 32.3])]},
        "measure": {"sad": [np.float64(32.15)], "mse": [np.float32("nan")], "grad": [], "conn": [np.int64(3)]},
    }


def save(path: Path, content: object, zipped: bool = True) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
@pytest.mark.parametrize("name", ["a.pth", "a.pt", "a.ckpt", "a.PTH", "a.pth.tar", "a.bin", "a"])
def test_a_checkpoint_of_the_published_training_script_opens(name, zipped, tmp_path):
    opened = open_checkpoint(save(tmp_path / name, as_published(), zipped))
    assert list(opened.state) == list(STATE)
    assert torch.equal(opened.state["module.pred.1.weight"], WEIGHT)
    assert opened.beside == ("optimizer", "epoch", "train_loss", "val_loss", "measure")


def test_the_names_of_numpy_before_version_2_are_known_too(tmp_path):
    path = save(tmp_path / "a.pth", as_published(), zipped=False)
    assert b"numpy._core.multiarray" in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert torch.equal(open_checkpoint(path).state["module.pred.1.weight"], WEIGHT)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state},
        lambda state: {"model": state, "args": argparse.Namespace(lr=0.1, out=Path("x"))},
        lambda state: {"net": {"state_dict": state}, "epoch": torch.tensor(3)},
        lambda state: {"checkpoint": 1, "model": {"model_state_dict": state}, "ema": state},
    ],
)
def test_weights_are_found_under_the_usual_keys(wrap, tmp_path):
    opened = open_checkpoint(save(tmp_path / "a.pth", wrap(STATE)))
    assert list(opened.state) == list(STATE)
    beside = {key for key in wrap(STATE) if key not in (*STATE, "state_dict", "model", "net")}
    assert beside == set(opened.beside)


def test_weights_as_arrays_of_numpy_are_weights(tmp_path):
    arrays = {"a": np.arange(6, dtype=">f4").reshape(2, 3), "b": np.asfortranarray(np.arange(6.0).reshape(2, 3))}
    opened = open_checkpoint(save(tmp_path / "a.pth", {**arrays, "version": 3, "names": np.array([None, "x"])}))
    assert torch.equal(opened.state["a"], WEIGHT)
    assert torch.equal(opened.state["b"], WEIGHT.double())
    assert opened.odd == ("version", "names")


def test_safetensors_need_no_ending(tmp_path):
    save_file({"w": WEIGHT}, tmp_path / "A.SAFETENSORS")
    assert torch.equal(open_checkpoint(tmp_path / "A.SAFETENSORS").state["w"], WEIGHT)


@given(prefixes=st.lists(st.sampled_from(["module.", "model.", "net.", "_orig_mod."]), max_size=4))
def test_prefixes_of_wrappers_come_off_in_any_order(prefixes):
    assert strip("".join(prefixes) + "layer0.1.bias") == "layer0.1.bias"


# --- no code of a file runs


class Calls:
    """Pickled, it asks for a call of the given function."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.asked = function, arguments

    def __reduce__(self):
        return self.asked


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("function", [exec, eval, print, SimpleNamespace, np.load, np.frombuffer, Path.unlink])
def test_what_a_file_names_is_never_called(function, zipped, tmp_path):
    victim = tmp_path / "victim"
    victim.touch()
    content = {"state_dict": STATE, "epoch": Calls(function, str(victim))}
    path = save(tmp_path / "a.pth", content, zipped)
    with pytest.raises(A2UError, match=r"it needs .*, which is code, but no code of a file is run"):
        open_checkpoint(path)
    assert victim.exists()


def test_numbers_of_numpy_are_read_without_numpy_making_them(tmp_path):
    """An object in the place of a number is refused, and so is a type that is none."""
    scalar = np._core.multiarray.scalar
    for arguments in [(np.dtype("O"), b"x"), (np.dtype("f8"), b"\x00"), (np.dtype("V8"), bytes(8)), ("f8", bytes(8))]:
        with pytest.raises(A2UError, match="cannot be read as weights"):
            open_checkpoint(save(tmp_path / "a.pth", {"state_dict": STATE, "epoch": Calls(scalar, *arguments)}))


@settings(max_examples=50, deadline=None)
@given(value=st.one_of(st.floats(), st.integers(-(2**62), 2**62), st.booleans()))
@pytest.mark.parametrize("zipped", [True, False])
def test_numbers_beside_weights_come_back_as_they_are(value, zipped, tmp_path_factory):
    path = save(tmp_path_factory.mktemp("a") / "a.pth", {"x": np.array(value)[()]}, zipped)
    with torch.serialization.safe_globals(STAND_INS):
        found = torch.load(path, weights_only=True)["x"]
    assert found == value or (math.isnan(found) and math.isnan(value))


# --- what is no checkpoint is called by its name


def a_tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("tensors"))
    return content.getvalue()


def a_zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("readme.txt", "no weights")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "pointer of Git LFS.*git lfs pull"),
        (b"\n<!DOCTYPE html><html>", "web page, so the download went wrong"),
        (b"\x89PNG\r\n\x1a\n" + bytes(600), "begins like neither a torch checkpoint nor safetensors"),
        (a_tar(), "tar archive"),
        (a_zip(), "cannot be read as weights"),
        (pickle.dumps(STATE)[:100], "cannot be read as weights"),
    ],
)
def test_what_is_no_checkpoint_is_called_by_its_name(content, message, tmp_path):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(A2UError, match=message):
        open_checkpoint(tmp_path / "a.pth")


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {"state_dict": {}}, {"state_dict": {"a": 1}}, WEIGHT])
def test_a_file_without_weights_by_name_says_what_it_holds(content, tmp_path):
    with pytest.raises(A2UError, match="holds no weights by name"):
        open_checkpoint(save(tmp_path / "a.pth", content))
