"""A checkpoint holds everything, and a file that is damaged, foreign or holds a NaN is refused."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_task import CONFIG, TinyTask
from torch import nn

from a2u.errors import A2UError
from a2u.training import Run, checkpoint, fit, read_run


def test_a_checkpoint_holds_every_optimizer_and_scheduler(tmp_path: Path) -> None:
    def make() -> dict[str, Any]:
        torch.manual_seed(0)
        model = nn.Linear(3, 2)
        optimizer = torch.optim.AdamW(model.parameters(), betas=(0.8, 0.9))
        return {
            "model": model,
            "optimizer": optimizer,
            "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 3]),
        }

    def step(parts: dict[str, Any]) -> None:
        parts["optimizer"].zero_grad()
        parts["model"](torch.ones(1, 3)).sum().backward()
        parts["optimizer"].step()
        parts["scheduler"].step()

    parts, again = make(), make()
    step(parts)
    checkpoint.save(tmp_path / "c.safetensors", parts, {"epoch": 1})
    assert checkpoint.load(tmp_path / "c.safetensors", again) == {"epoch": 1}
    assert again["optimizer"].param_groups[0]["betas"] == (0.8, 0.9)
    for _ in range(3):
        step(parts)
        step(again)
    assert torch.equal(parts["model"].weight, again["model"].weight)
    assert parts["scheduler"].get_last_lr() == again["scheduler"].get_last_lr()


def test_any_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"model": nn.Linear(3, 2)}, {"history": []})
    good = path.read_bytes()
    fresh = nn.Linear(3, 2)
    before = fresh.weight.clone()
    for at in (len(good) - 1, len(good) // 2, 20, 0):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(A2UError, match=rf"{path.name} (is damaged|is not)"):
            checkpoint.load(path, {"model": fresh})
    for cut in (len(good) - 1, 100, 0):
        path.write_bytes(good[:cut])
        with pytest.raises(A2UError, match=r"is damaged, or not a safetensors file.*Delete it"):
            checkpoint.load(path, {"model": fresh})
    assert torch.equal(fresh.weight, before)
    with pytest.raises(A2UError, match="There is no checkpoint"):
        checkpoint.load(tmp_path / "other", {})


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_nan_is_refused_on_the_way_in_and_out(tmp_path: Path, bad: float, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.safetensors"
    model = nn.Linear(3, 2)
    checkpoint.save(path, {"model": model}, {})
    good = path.read_bytes()
    with torch.no_grad():
        model.bias[1] = bad
    with pytest.raises(A2UError, match=r"not written.*a NaN or an infinity in model/bias"):
        checkpoint.save(path, {"model": model}, {})
    assert path.read_bytes() == good
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "refuse_nan", lambda *_: None)
        checkpoint.save(path, {"model": model}, {})
    with pytest.raises(A2UError, match=rf"{path.name} holds a NaN or an infinity in model/bias"):
        checkpoint.load(path, {"model": nn.Linear(3, 2)})


def test_a_checkpoint_of_another_model_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"model": nn.Linear(3, 2)}, {})
    with pytest.raises(A2UError, match=r"belongs to a different model.*weight"):
        checkpoint.load(path, {"model": nn.Linear(4, 2)})
    with pytest.raises(A2UError, match="no state for optimizer; it has model"):
        checkpoint.load(path, {"optimizer": torch.optim.SGD(nn.Linear(1, 1).parameters(), 1.0)})


def test_a_checkpoint_takes_no_objects(tmp_path: Path) -> None:
    class Strange:
        def state_dict(self) -> dict[str, Any]:
            return {"thing": object()}

        def load_state_dict(self, state_dict: dict[str, Any], /) -> None: ...

    with pytest.raises(A2UError, match="strange/thing is a object"):
        checkpoint.save(tmp_path / "c", {"strange": Strange()}, {})
    assert list(tmp_path.iterdir()) == []


def parts_of(task: TinyTask) -> dict[str, Any]:
    return {"model": task.model, "optimizer": task.optimizer, "scheduler": task.scheduler}


def test_momentum_gets_its_layout_back(tmp_path: Path) -> None:
    task, again = TinyTask(epochs=1), TinyTask(epochs=1)
    with Run(tmp_path, CONFIG) as run:
        fit(task, run)
    read_run(tmp_path, parts_of(again))
    for before, after in zip(task.optimizer.state.values(), again.optimizer.state.values(), strict=True):
        assert before["momentum_buffer"].stride() == after["momentum_buffer"].stride()
