"""Published checkpoints: a synthetic one in the published names becomes our network, and every key is accounted for."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
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


@pytest.mark.parametrize(
    ("options", "found"),
    [({"share": "none"}, ("none", 3)), ({"kernel_size": 5}, ("channels", 5)), ({"kernel_size": 1}, ("channels", 1))],
    ids=["unshare", "k_up 5", "k_up 1"],
)
def test_the_shapes_tell_the_operator(options, found, tmp_path: Path):
    torch.manual_seed(0)
    net = build(ROW, **OPTIONS, **options).eval()
    state = as_published(net, "module._orig_mod.")
    torch.save({"state_dict": state, "epoch": 30, "measure": {"sad": [np.float64(31.87)]}}, tmp_path / "a.ckpt")
    loaded, report = load_published(tmp_path / "a.ckpt")
    assert (loaded.ups[0].share, loaded.ups[0].kernel_size) == found
    assert (len(report.used), report.missing, report.beside) == (len(state), [], ("epoch", "measure"))
    assert report.summary()[-1] == "beside the weights, and not used: epoch, measure"
    image, known = torch.rand(1, 3, 32, 32), torch.full((1, 1, 32, 32), 128, dtype=torch.uint8)
    torch.testing.assert_close(loaded.predict(image, known), net.predict(image, known), atol=1e-4, rtol=0)


def test_the_operator_of_each_channel_is_the_published_one():
    """U, V and P of one map by the formula of the published code ("unshare"), and the kernels that follow."""
    torch.manual_seed(0)
    net = build(ROW, **OPTIONS, share="none").eval()
    op, c = net.ups[3], 64
    x = torch.randn(1, c, 12, 16)
    weights = {name: value.detach() for name, value in op.state_dict().items()}

    def generated(name: str, size: int) -> torch.Tensor:
        pooled = F.adaptive_avg_pool2d(x, size)
        return F.conv2d(pooled, weights[f"{name}.generate.weight"], weights[f"{name}.generate.bias"])

    def encoding(name: str) -> torch.Tensor:
        y = F.conv2d(x, generated(name, 6).view(c, 1, 6, 6), stride=2, padding=2, groups=c)
        norm = weights[f"{name}_norm.0.weight"], weights[f"{name}_norm.0.bias"]
        return F.leaky_relu(F.group_norm(y, 32, *norm), 0.01)

    affinity = (encoding("u") * encoding("v")).sum(1, keepdim=True) / c**0.5  # 1 1 6 8
    rows = F.conv2d(affinity, generated("p", 1).view(36, 1, 1, 1))
    kernels = F.pixel_shuffle(rows, 2).sigmoid().softmax(1)  # 1 9 12 16
    torch.testing.assert_close(op.kernel(torch.zeros(1, c, 6, 8), x)[:, 0], kernels, atol=1e-5, rtol=0)


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
        "module.layer0.1.num_batches_tracked": "counts batches, and is not used",
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
