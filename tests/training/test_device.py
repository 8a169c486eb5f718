"""The device that a name chooses, and random numbers that follow from a seed alone."""

import pytest
import torch

from a2u.errors import A2UError
from a2u.training import choose_device
from a2u.training.device import derive_seed, permutation


def test_the_order_follows_from_seed_and_epoch_alone() -> None:
    assert torch.equal(permutation(50, 1, 2), permutation(50, 1, 2))
    assert sorted(permutation(50, 1, 2).tolist()) == list(range(50))
    assert not torch.equal(permutation(50, 1, 2), permutation(50, 1, 3))
    assert not torch.equal(permutation(50, 1, 2), permutation(50, 2, 2))
    assert derive_seed(0, "order", 1) == 1332101017241992705  # on every machine, in every version


def test_auto_is_whatever_there_is() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == torch.device("cpu")


def test_a_gpu_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(A2UError, match=r"needs an NVIDIA GPU.*`device='cpu'`"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(A2UError, match=r"this machine has 2 GPU"):
        choose_device("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "cudda", "cpu:0", "cuda:x", "cuda:-1", ""])
def test_an_unknown_device(name: str) -> None:
    with pytest.raises(A2UError, match="There is no device"):
        choose_device(name)
