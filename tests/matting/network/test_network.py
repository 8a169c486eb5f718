"""The matting network: the one that is described, with any operator, for any size of image."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from command import a2u
from every import options_of
from torch import nn

from a2u import operators
from a2u.errors import A2UError
from a2u.matting.counts import count_after_a2u, count_network
from a2u.matting.network.encoder import ConvNorm
from a2u.matting.network.imagenet import load_resnet34, names
from a2u.matting.network.inputs import reflect_to_multiple
from a2u.matting.network.network import MattingNet
from a2u.matting.rows import ROWS, build, row

BASELINE = 8_049_003
EXTRA = {
    "nearest": 0,
    "bilinear": 0,
    "carafe": 263_824,
    "indexnet": 12_263_424,
    "static-pw-cw": 102_436,
    "static-cw": 25_744,
    "hybrid-cw": 44_176,
    "hybrid-cs": 18_776,
    "dynamic-cw": 199_824,
    "dynamic-cs": 19_608,
    "dynamic-cs-d": 38_184,
    "dynamic-cs-d-norm": 40_232,
}
NARROW = 1 / 16  # 4, 4, 8, 16 channels


def pair(height: int = 32, width: int = 32, batch: int = 2, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(batch, 3, height, width, generator=generator)
    trimap = torch.tensor([0, 128, 255], dtype=torch.uint8)[
        torch.randint(3, (batch, 1, height, width), generator=generator)
    ]
    return image, trimap


def made(name: str, seed: int = 0, **options) -> MattingNet:
    torch.manual_seed(seed)
    return build(name, NARROW, **options)


# --- what it is


@pytest.mark.parametrize("name", ROWS)
def test_parameters_of_every_row(name):
    found = count_network(name)
    assert found.extra == EXTRA[name]
    assert found.parameters == BASELINE + EXTRA[name]


def test_the_command_prints_the_counts():
    left = a2u("params", "--matting", "--json")
    assert left.code == 0
    rows = json.loads(left.out)
    found = {each["row"]: each["parameters"] for each in rows}
    assert {name: found.pop(name) for name in EXTRA} == {name: BASELINE + n for name, n in EXTRA.items()}
    # The operators after A²U, which add as much to the network as to its stages one by one.
    alone = {each.operator: each.parameters for each in count_after_a2u() if not each.options}
    assert found == {name: BASELINE + n for name, n in alone.items()}
    assert {each["row"]: each["paper"] for each in rows}["fade:lite"] == "+27K"


def test_eleven_residual_blocks_at_output_stride_16():
    net = made("nearest")
    encoder = net.encoder
    assert [len(stage) for stage in (encoder.stage1, encoder.stage2, encoder.stage3)] == [3, 4, 4]
    assert encoder.stem.conv.kernel_size == (7, 7)
    assert encoder.stem.conv.stride == (1, 1)
    encoded = encoder(torch.randn(1, 4, 32, 64))
    assert [tuple(skip.shape[1:]) for skip in encoded.skips] == [(4, 32, 64), (4, 16, 32), (4, 8, 16), (8, 4, 8)]
    assert tuple(encoded.bottom.shape[1:]) == (16, 2, 4)


def test_full_width_has_the_described_channels():
    net = MattingNet()
    assert [up.channels for up in net.ups] == [256, 128, 64, 64]
    assert [up.guide_channels for up in net.ups] == [256, 128, 64, 64]
    assert [(s.skip.conv.in_channels, s.skip.conv.out_channels) for s in net.decoder] == [
        (128, 256), (64, 128), (64, 64), (4, 64)]  # fmt: skip
    assert [s.blocks[1].second.conv.out_channels for s in net.decoder] == [128, 64, 64, 32]
    assert all(up.scaled for up in net.ups)
    assert net.head.alpha.bias is None


def test_paired_operators_take_over_every_stride():
    paired, plain = made("dynamic-cs-d"), made("dynamic-cs")
    assert paired.paired
    assert not plain.paired
    strides = {
        name: module.stride for name, module in paired.encoder.named_modules()
        if isinstance(module, nn.Conv2d) and module.stride != (1, 1)
    }  # fmt: skip
    assert set(strides) == {"stage2.0.shortcut.conv", "stage3.0.shortcut.conv"}
    calls = []
    for up in paired.ups:
        up.downsample = lambda guide, up=up, plain=up.downsample: (calls.append(tuple(guide.shape[1:])), plain(guide))[
            1
        ]
    guides = [feature.guide for feature in paired.features(*pair())]
    assert calls == [(4, 32, 32), (4, 16, 16), (8, 8, 8), (16, 4, 4)]  # finest first
    assert [tuple(guide.shape[1:]) for guide in guides] == calls[::-1]  # and the decoder is guided by the same maps


def test_norms_are_followed_by_a_leaky_relu_but_for_the_last_of_a_block():
    net = made("nearest")
    silent = {name for name, module in net.named_modules() if isinstance(module, ConvNorm) and not module.activate}
    assert all(name.endswith(("second", "shortcut")) for name in silent)
    layer = net.encoder.stem.eval()
    x = torch.randn(1, 4, 8, 8)
    assert torch.equal(layer(x), F.leaky_relu(layer.norm(layer.conv(x)), 0.01))


def test_the_input_is_normalised_with_the_trimap_beside_it():
    net = made("nearest")
    image, trimap = pair(16, 16)
    x = net.prepare(image, trimap)
    assert torch.allclose(x[:, 0], (image[:, 0] - 0.485) / 0.229)
    assert set(x[:, 3].unique().tolist()) == {0.0, np.float32(128 / 255), 1.0}


def test_state_names_are_readable_and_stable():
    names_of = list(made("dynamic-cs-d").state_dict())
    assert names_of[0] == "ups.0.v.generate.weight"
    assert {"encoder.stem.conv.weight", "encoder.stage2.0.shortcut.norm.running_var", "aspp.far.2.1.conv.weight",
            "aspp.whole.conv.weight", "decoder.3.skip.conv.weight", "decoder.0.blocks.1.second.norm.bias",
            "ups.3.p_down.generate.bias", "head.reduce.conv.weight", "head.alpha.weight"} <= set(names_of)  # fmt: skip
    assert len({name.partition(".")[0] for name in names_of}) == 5


# --- it runs, and learns


@pytest.mark.parametrize("name", ROWS)
def test_gradients_reach_every_parameter(name):
    net = made(name)
    net(*pair()).square().mean().backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []
    assert all(p.grad.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize("name", operators.names())
def test_any_registered_operator_upsamples(name):
    torch.manual_seed(0)
    net = MattingNet(name, NARROW, **options_of(name))
    features = net.features(*pair(48, 64))
    assert [tuple(f.after.shape[1:]) for f in features] == [(16, 6, 8), (8, 12, 16), (4, 24, 32), (4, 48, 64)]
    last = features[-1]
    guide = last.guide if net.ups[-1].card.needs_guide else None
    witness = net.ups[-1].witness(last.before, guide, at=(1, 2, 31, 47))
    assert torch.allclose(witness.value, last.after[1, 2, 31, 47], atol=1e-5)


def test_options_reach_the_operator_and_override_the_row():
    assert made("hybrid-cw", kernel_size=5).ups[0].kernel_size == 5
    assert not MattingNet("a2u:dynamic-cs-d", NARROW, paired=False).paired
    assert made("dynamic-cs", normalization="softmax").ups[3].normalization == "softmax"


@pytest.mark.parametrize("size", [(16, 16), (5, 7), (1, 9), (1, 1), (17, 40), (31, 2)])
@pytest.mark.parametrize("name", ["bilinear", "indexnet", "dynamic-cs-d"])
def test_any_size(name, size):
    net = made(name).eval()
    image, trimap = pair(*size)
    with torch.no_grad():
        alpha = net(image, trimap)
    assert alpha.shape == (2, 1, *size)
    assert alpha.isfinite().all()


def test_a_padded_image_is_the_mirrored_image():
    net = made("static-cw").eval()
    image, trimap = pair(21, 30)
    whole = [reflect_to_multiple(t, 16) for t in (image, trimap)]
    with torch.no_grad():
        assert torch.equal(net(image, trimap), net(*whole)[..., :21, :30])


def test_prediction_keeps_what_the_trimap_knows():
    net = made("bilinear").double().train()
    image, trimap = pair(24, 40)
    image = image.double()
    alpha = net.predict(image, trimap)
    assert net.training
    assert alpha.min() >= 0
    assert alpha.max() <= 1
    assert (alpha[trimap == 0] == 0).all()
    assert (alpha[trimap == 255] == 1).all()
    unknown = trimap == 128
    with torch.no_grad():
        assert torch.equal(alpha[unknown], net.eval()(image, trimap).clamp(0, 1)[unknown])
    assert torch.allclose(net.predict(image[0], trimap[0]), alpha[0], atol=1e-5)


def test_the_same_seed_makes_the_same_network():
    first, second, other = made("dynamic-cs", 1), made("dynamic-cs", 1), made("dynamic-cs", 2)
    image, trimap = pair()
    assert torch.equal(first.predict(image, trimap), second.predict(image, trimap))
    assert not torch.equal(first.predict(image, trimap), other.predict(image, trimap))


# --- frozen norms


def test_frozen_norms_stay_frozen():
    net = made("dynamic-cs-d").freeze_encoder_norms()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    net.eval()
    net.train()
    net(*pair()).square().mean().backward()
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.requires_grad:
                parameter -= 0.1 * parameter.grad
    frozen = {name for name in before if name.startswith("encoder.") and ".norm." in name}
    after = net.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in frozen)
    assert not torch.equal(before["encoder.stem.conv.weight"], after["encoder.stem.conv.weight"])
    assert not torch.equal(before["aspp.near.norm.running_mean"], after["aspp.near.norm.running_mean"])


def test_statistics_alone_can_be_frozen():
    net = made("nearest").freeze_encoder_norms(affine=False).train()
    net(*pair()).mean().backward()
    norm = net.encoder.stem.norm
    assert not norm.training
    assert norm.num_batches_tracked == 0
    assert norm.weight.grad.abs().sum() > 0


# --- ImageNet's weights


def test_imagenet_weights_find_their_places():
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(3)
    source = torchvision.models.resnet34()
    net = MattingNet("nearest")
    load_resnet34(net.encoder, source.state_dict())
    assert (net.encoder.stem.conv.weight[:, 3] == 0).all()
    # The stages are those of torchvision, up to the slope of the leaky ReLU: with slope 0 they agree.
    x = torch.randn(1, 64, 8, 8)
    block, theirs = net.encoder.stage2[0].eval(), source.layer2[0].eval()
    inside = theirs.bn1(theirs.conv1(x)).relu()
    assert torch.allclose(block.second(inside) + block.shortcut(x),
                          theirs.bn2(theirs.conv2(inside)) + theirs.downsample(x), atol=1e-5)  # fmt: skip
    own = {name for name in net.encoder.state_dict() if not name.endswith("num_batches_tracked")}
    assert set(names()) == own
    assert not [name for name in source.state_dict() if name.startswith(("layer1", "layer2"))
                and name not in names().values() and not name.endswith("num_batches_tracked")]  # fmt: skip


def test_weights_that_cannot_be_fetched_are_explained(monkeypatch, tmp_path, capsys):
    models = pytest.importorskip("torchvision.models")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def offline(self, **_):
        raise OSError("no network")

    monkeypatch.setattr(models.ResNet34_Weights, "get_state_dict", offline)
    with pytest.raises(A2UError, match=r"no network.*put it at .*resnet34-\w+\.pth.*pretrained=False"):
        MattingNet("nearest", pretrained=True)
    said = capsys.readouterr()
    assert "83 MB" in said.err  # never silently
    assert said.out == ""  # which results have for themselves


def test_other_weights_are_refused():
    with pytest.raises(A2UError, match=r"'conv1\.weight' is missing"):
        load_resnet34(made("nearest").encoder, {})


# --- errors teach


@pytest.mark.parametrize("name", ["deconvolution", "pixel_shuffle", "max_unpool", "bicubic", "a2u:toy"])
def test_any_operator_is_a_row_that_the_paper_did_not_measure(name):
    found = row(name)
    assert (found.name, found.upsampler, found.paper) == (name, name, None)
    image, trimap = pair()
    assert made(name).eval()(image, trimap).shape == (2, 1, 32, 32)
    assert made(name).paired == (name == "max_unpool")


@pytest.mark.parametrize(("width", "groups"), [(1, 32), (0.25, 8), (NARROW, 2), (1 / 32, 1)])
def test_groups_of_the_norm_keep_their_two_channels_at_any_width(width, groups):
    with torch.device("meta"):
        norms = [m for m in build("dynamic-cs-d-norm", width).modules() if isinstance(m, torch.nn.GroupNorm)]
    assert len(norms) == 8
    assert {norm.num_groups for norm in norms} == {groups}
    assert min(norm.num_channels for norm in norms) == 2 * groups


def test_errors_teach():
    with pytest.raises(A2UError, match=r"Did you mean 'hybrid-cw'"):
        row("hybird-cw")
    with pytest.raises(A2UError, match=r"Did you mean 'deconvolution'"):
        row("deconvolutio")
    with pytest.raises(A2UError, match="no such operator"):
        row("a2u:plain")
    with pytest.raises(A2UError, match=r"width must be a positive multiple of 1/32.*got 0\.3"):
        MattingNet(width=0.3)
    with pytest.raises(A2UError, match="Bilinear cannot go down"):
        MattingNet("bilinear", NARROW, paired=True)
    with pytest.raises(A2UError, match=r"for width 1, got 0\.5"):
        MattingNet("bilinear", 0.5, pretrained=True)
    with pytest.raises(A2UError, match="has no option 'kernel'"):
        MattingNet("a2u:static-cw", NARROW, kernel=3)


def test_wrong_inputs_are_explained():
    net = made("nearest")
    image, trimap = pair()
    with pytest.raises(A2UError, match="Divide 8-bit images by 255"):
        net((image * 255).to(torch.uint8), trimap)
    with pytest.raises(A2UError, match=r"The image must have four axes"):
        net(image[0], trimap)
    with pytest.raises(A2UError, match=r"must be uint8 \(2, 1, 32, 32\)"):
        net(image, trimap.float())
    with pytest.raises(A2UError, match=r"must be uint8 \(2, 1, 32, 32\)"):
        net(image, trimap[..., :30])
    with pytest.raises(A2UError, match="a batch of at least 2"):
        net.train()(image[:1], trimap[:1])
    with pytest.raises(A2UError, match="more than one value of each channel"):
        net(image[:1, :, :16, :16], trimap[:1, :, :16, :16])


@pytest.mark.parametrize("method", ["forward", "predict", "features", "prepare"])
def test_what_is_no_picture_is_refused(method):
    net, (image, trimap) = made("nearest").eval(), pair()
    call = getattr(net, method)
    for wrong in (None, image.tolist(), image.numpy(), image.to_sparse(), image[:0], image[..., :0], torch.tensor(1.0)):
        with pytest.raises(A2UError, match=r"The image must|takes images as floats"):
            call(wrong, trimap)
    for wrong in (None, trimap.tolist(), trimap[0], trimap[:1], trimap.int()):
        with pytest.raises(A2UError, match=r"The trimap"):
            call(image, wrong)
    for wrong in (image.double(), image.half(), image.to("meta")):
        with pytest.raises(A2UError, match=r"one dtype and device|on one device"):
            call(wrong, trimap)


def test_run_takes_what_prepare_returns():
    net = made("nearest").eval()
    prepared = net.prepare(*pair())
    assert net.run(prepared).shape[2:] == prepared.shape[2:]
    for wrong in (None, prepared[0], prepared[:, :3], prepared[..., :-1], prepared[:0]):
        with pytest.raises(A2UError, match=r"prepare\(\) returns"):
            net.run(wrong)


@pytest.mark.parametrize("width", [None, "1", True, float("nan"), float("inf"), 0, -1, 1e-3])
def test_a_width_is_a_number_of_channels(width):
    with pytest.raises(A2UError, match="width must be a positive multiple"):
        MattingNet("nearest", width)


def test_each_stage_sets_its_own_channels():
    for name in ("channels", "ratio"):
        with pytest.raises(A2UError, match=f"sets '{name}' itself"):
            MattingNet("nearest", 0.25, **{name: 3})
    for name in (None, 3, ["nearest"]):
        with pytest.raises(A2UError, match="Unknown operator"):
            MattingNet(name, 0.25)
