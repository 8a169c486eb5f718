"""Published checkpoints: a synthetic one in the published names becomes our network, and every key is accounted for."""

from pathlib import Path

import pytest
import torch
from published_names import as_published
from safetensors.torch import save_file

from a2u.errors import A2UError
from a2u.matting.network.network import MattingNet
from a2u.matting.rows import build
from a2u.pretrained.published import OPTIONS, ROW, convert, load_published


@pytest.fixture(scope="module")
def source() -> MattingNet:
    torch.manual_seed(0)
    net = build(ROW, **OPTIONS)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith(".norm.weight"):
                parameter.add_(torch.rand_like(parameter))
    return net.eval()


@pytest.mark.parametrize("kind", ["pth", "bare.pth", "safetensors"])
def test_round_trip(source, kind, tmp_path: Path):
    path, state = tmp_path / f"weights.{kind}", as_published(source)
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save(state if kind == "bare.pth" else {"state_dict": state}, path)
    net, report = load_published(path)
    assert not net.training
    assert (len(report.used), report.ignored, report.missing) == (len(state), {}, [])
    for name, value in source.state_dict().items():
        assert torch.allclose(net.state_dict()[name], value, atol=1e-6), name
    assert net.ups[0].encoder_kernel == 6


def test_every_key_is_accounted_for(source):
    state = as_published(source)
    own = source.state_dict()
    lost = state.pop("module.pred.1.weight")
    state["module.module.pred.2.weight"] = lost
    state["module.layer0.1.num_batches_tracked"] = torch.tensor(1)
    state["module.short0.0.weight"] = torch.zeros(64, 3, 3, 3)
    converted, report = convert(state, own)
    assert report.missing == ["decoder.3.skip.conv.weight", "head.alpha.weight"]
    assert report.ignored == {
        "module.module.pred.2.weight": "no module of that name is known",
        "module.layer0.1.num_batches_tracked": "counts batches, which nothing reads",
        "module.short0.0.weight": "shape (64, 3, 3, 3), but decoder.3.skip.conv.weight has (64, 4, 3, 3)",
    }
    assert len(report.used) + len(report.ignored) == len(state)
    assert set(converted) == set(report.used.values())
    assert "missing head.alpha.weight" in str(report)


def test_an_incomplete_file_is_refused(source, tmp_path):
    state = as_published(source)
    del state["module.pred.1.weight"]
    save_file(state, tmp_path / "part.safetensors")
    with pytest.raises(A2UError, match=r"1 of \d+ weights are missing, such as head\.alpha\.weight"):
        load_published(tmp_path / "part.safetensors")


def test_no_code_of_a_file_runs(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (exec, ("raise SystemExit('code ran')",))

    torch.save({"state_dict": Harmful()}, tmp_path / "harmful.pth")
    with pytest.raises(A2UError, match="cannot be read as weights"):
        load_published(tmp_path / "harmful.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(A2UError, match="holds no weights by name"):
        load_published(tmp_path / "list.pth")
