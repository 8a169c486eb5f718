"""a2u.swap on networks as people write them: what is replaced and by what guided, what is left, what stays the same."""

import copy
import pickle
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torch.utils import _pytree as pytree

import a2u
from a2u import A2UError
from a2u.operators import card, names
from a2u.swapping.plugged import Plugged

IMAGE = torch.randn(2, 3, 32, 40, generator=torch.Generator().manual_seed(0))


class Up(nn.Module):
    """The usual step of a U-Net: enlarge, pad to the encoder map where a side was odd, concatenate, convolve."""

    def __init__(self, deep, skip, out, up):
        super().__init__()
        self.up, self.fuse = up, nn.Conv2d(deep + skip, out, 3, padding=1)

    def forward(self, x, skip):
        x = self.up(x)
        rows, columns = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
        x = F.pad(x, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])
        return self.fuse(torch.cat([skip, x], dim=1)).relu()


class UNet(nn.Module):
    """Two steps down, two steps up; `kind` says how it enlarges."""

    def __init__(self, kind="bilinear"):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, 2, 1)
        self.three, self.norm = nn.Conv2d(8, 8, 3, 2, 1), nn.BatchNorm2d(8)
        ups = {
            "nearest": lambda: nn.Upsample(scale_factor=2),
            "bilinear": lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            "half pixel": lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
            "old": lambda: nn.UpsamplingBilinear2d(scale_factor=2),
            "older": lambda: nn.UpsamplingNearest2d(scale_factor=2),
            "transposed": lambda: nn.ConvTranspose2d(8, 8, 2, 2),
        }
        self.up_two, self.up_one = Up(8, 8, 8, ups[kind]()), Up(8, 4, 4, ups[kind]())
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        one = self.one(x).relu()
        two = self.two(one).relu()
        three = self.norm(self.three(two)).relu()
        return self.head(self.up_one(self.up_two(three, two), one))


class Sums(nn.Module):
    """An FPN written by hand: functions, sizes of the encoder maps, sums."""

    def __init__(self, mode="bilinear", **options):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 6, 3, 2, 1), nn.Conv2d(6, 6, 3, 2, 1)
        self.lateral, self.options = nn.Conv2d(6, 6, 1), {"mode": mode, **options}

    def forward(self, x):
        one = self.one(x).relu()
        deep = self.two(one)
        deep = F.interpolate(deep, size=one.shape[-2:], **self.options) + self.lateral(one)
        return F.interpolate(deep, size=x.shape[2:], **self.options)


class Neck(nn.Module):
    """A neck as in YOLO: one nn.Upsample serves maps of different channels."""

    def __init__(self):
        super().__init__()
        self.up = nn.Upsample(scale_factor=2)
        self.down = nn.ModuleList([nn.Conv2d(c, 8, 3, 2, 1) for c in (3, 8, 8, 8)])
        self.first, self.second = nn.Conv2d(16, 6, 1), nn.Conv2d(14, 4, 1)

    def forward(self, x):
        found = []
        for down in self.down:
            x = down(x).relu()
            found.append(x)
        middle = self.first(torch.cat([self.up(found[3]), found[2]], 1))
        large = self.second(torch.cat([self.up(middle), found[1]], 1))
        return [large, middle, found[3]]


def pyramid():
    extra = torchvision.ops.feature_pyramid_network.LastLevelMaxPool()
    maps = [("a", torch.randn(1, 4, 17, 13)), ("b", torch.randn(1, 8, 9, 7)), ("c", torch.randn(1, 8, 5, 4))]
    return torchvision.ops.FeaturePyramidNetwork([4, 8, 8], 4, extra_blocks=extra), (OrderedDict(maps),)


def outputs(model, example):
    arguments = example if isinstance(example, tuple) else (example,)
    with torch.no_grad():
        return [leaf for leaf in pytree.tree_leaves(model(*arguments)) if isinstance(leaf, torch.Tensor)]


def check_equal(model, example, name, least=1):
    """Swapping the same for the same leaves every output equal."""
    model.eval()
    swapped, report = a2u.swap(model, name, example)
    assert len(report.replaced) >= least, str(report)
    for new, old in zip(outputs(swapped, example), outputs(model, example), strict=True):
        torch.testing.assert_close(new, old, rtol=1e-6, atol=1e-6)
    return report


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("nearest", "nearest"),
        ("older", "nearest"),
        ("bilinear", "bilinear"),
        ("old", "bilinear"),
        ("half pixel", "bilinear"),
    ],
)
def test_the_same_for_the_same_leaves_every_output_equal(kind, name):
    assert len(check_equal(UNet(kind), IMAGE, name).replaced) == 2
    assert len(check_equal(UNet(kind), IMAGE[..., :31, :37], name).replaced) == 2, "odd sides"


def test_functions_with_a_size_and_reused_modules_too():
    for options in ({"mode": "nearest"}, {"mode": "bilinear"}, {"mode": "bilinear", "align_corners": True}):
        for image in (IMAGE, IMAGE[..., :29, :35]):
            report = check_equal(Sums(**options), image, options["mode"], 2)
            assert [change.place for change in report.changes] == [
                "the model: interpolate 1",
                "the model: interpolate 2",
            ]
    report = check_equal(Neck(), torch.randn(1, 3, 48, 32), "nearest")
    assert report.changes[0].why == "one for each of 2 calls of this module"
    assert report.changes[0].channels == "8, 6"


def test_torchvisions_segmentation_and_detection():
    network = torchvision.models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None)
    check_equal(network, torch.randn(1, 3, 64, 64), "bilinear", 2)
    backbone = torchvision.models.detection.backbone_utils.resnet_fpn_backbone(backbone_name="resnet18", weights=None)
    detector = torchvision.models.detection.FasterRCNN(backbone, 2, min_size=64, max_size=90)
    report = check_equal(detector, ([torch.rand(3, 50, 70)],), "nearest", 3)
    assert {change.place.split(":")[0] for change in report.replaced} == {"backbone.fpn"}
    assert [change.place for change in report.left] == ["transform: interpolate 1"], (
        "the image is brought to a size there"
    )


def test_a_pyramid_with_odd_sides_takes_lateral_maps_as_guides():
    network, maps = pyramid()
    check_equal(network, maps, "nearest", 2)
    swapped, report = a2u.swap(network, "a2u", maps)
    assert [change.guide for change in report.replaced] == ["inner_blocks.1.0", "inner_blocks.0.0"]
    assert list(swapped(*maps)) == ["a", "b", "c", "pool"]
    assert [tuple(each.shape[2:]) for each in swapped(*maps).values()] == [(17, 13), (9, 7), (5, 4), (3, 2)]


@pytest.mark.parametrize("kind", ["Unet", "UnetPlusPlus", "FPN"])
def test_segmentation_models_pytorch(kind):
    smp = pytest.importorskip("segmentation_models_pytorch", reason="comes with the test dependencies")
    options = {} if kind == "FPN" else {"encoder_depth": 3, "decoder_channels": (16, 8, 4)}
    network = getattr(smp, kind)("resnet18", encoder_weights=None, **options)
    image = torch.randn(1, 3, 64, 64)
    if kind == "FPN":  # nearest in the pyramid, bilinear in the branches and in the head
        swapped, report = a2u.swap(network.eval(), "nearest", image)
        only = [change.place for change in report.changes if "nearest" in change.was]
        swapped, _ = a2u.swap(network, "nearest", image, only=only)
        torch.testing.assert_close(swapped(image), network(image))
    else:
        check_equal(network, image, "nearest", 3)
    swapped, report = a2u.swap(network.eval(), "a2u", image)
    assert report.replaced
    assert all("skip" in change.guide for change in report.replaced)
    assert all("meets no encoder map" in change.why and "without a guide" in change.why for change in report.left)
    assert swapped(image).shape == network(image).shape


@pytest.mark.parametrize("name", sorted({*names()} - {"max_unpool"}))
def test_every_operator_can_be_put_into_a_u_net(name):
    options = {"naf": {"features": 16, "kernel_size": 3}, "lda_aqu": {"reduction": 2}}.get(name, {})
    if name == "fade":
        options = {"gated": False}  # its gate needs equal channels, which the second step has not
    network = UNet().eval()
    swapped, report = a2u.swap(network, name, IMAGE, **options)
    assert len(report.replaced) == 2, str(report)
    kind = card(name).guided_by
    guides = {"nothing": [""] * 2, "encoder map": ["skip"] * 2, "image": ["x"] * 2}[kind]
    assert [change.guide for change in report.changes] == guides
    assert swapped(IMAGE).shape == network(IMAGE).shape
    swapped.train()(IMAGE).square().sum().backward()
    for module in swapped.modules():  # CARAFE++ has weights of its own for the way down
        if isinstance(module, Plugged) and name != "carafe_plus":
            assert all(p.grad is not None for p in module.parameters())
    counted = sum(p.numel() for p in swapped.parameters()) - sum(p.numel() for p in network.parameters())
    assert sum(change.parameters for change in report.changes) == counted


def test_a_transposed_convolution_becomes_a_1x1_convolution_and_the_operator():
    swapped, report = a2u.swap(UNet("transposed"), "carafe", IMAGE)
    op = swapped.up_two.up
    assert (op.project is None, op.op.channels) == (True, 8)
    wide = nn.Sequential(nn.ConvTranspose2d(6, 4, 4, 2, 1))
    swapped, report = a2u.swap(wide, "bilinear", torch.randn(1, 6, 5, 5))
    assert swapped[0].project.weight.shape == (4, 6, 1, 1)
    assert "1×1 convolution brings 6 channels to 4" in report.changes[0].why
    assert report.changes[0].parameters == 6 * 4 + 4 - (6 * 4 * 16 + 4)
    assert swapped(torch.randn(1, 6, 7, 5)).shape == (1, 4, 14, 10)


def test_the_multiply_adds_are_those_of_the_convolutions_and_of_wtz():
    _, report = a2u.swap(nn.Sequential(nn.Upsample(scale_factor=2)), "carafe", torch.randn(1, 4, 6, 5), compressed=8)
    compress, encode, product = 4 * 8 * 30, 9 * 8 * 100 * 30, 25 * 4 * 120
    assert report.changes[0].multiply_adds == compress + encode + product


def test_the_model_itself_stays_and_the_copy_keeps_weights_modes_and_state():
    network = UNet().double()
    network.up_one.eval()
    before = copy.deepcopy(network.state_dict())
    swapped, _ = a2u.swap(network, "sapa", IMAGE.double())
    assert not any(isinstance(module, Plugged) for module in network.modules())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), "running averages included"
        assert torch.equal(value, swapped.state_dict()[name])
    assert {p.dtype for p in swapped.parameters()} == {torch.float64}
    assert (swapped.training, swapped.up_one.training, swapped.up_two.training) == (True, False, True)
    again = pickle.loads(pickle.dumps(copy.deepcopy(swapped)))
    torch.testing.assert_close(again.eval()(IMAGE.double()), swapped.eval()(IMAGE.double()))


class Odd(nn.Module):
    """Places that no operator can take, and one that each can."""

    def __init__(self):
        super().__init__()
        self.unused, self.shuffle = nn.Upsample(scale_factor=2), nn.PixelShuffle(2)
        self.uneven, self.part = nn.Upsample(scale_factor=(2, 3)), nn.Upsample(scale_factor=1.5)
        self.line, self.good = nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=2, mode="bicubic")
        self.border = nn.ConvTranspose2d(4, 4, 4, 2)

    def forward(self, x):
        y = F.interpolate(x, scale_factor=0.5) + F.interpolate(x, scale_factor=0.5, mode="area")
        y = self.good(y) + F.interpolate(x, size=x.shape[2:])
        self.line(x[:, 0].flatten(1)[:, None])
        return self.shuffle(y), self.uneven(x), self.part(x), self.border(x)


def test_each_place_that_is_left_says_why():
    swapped, report = a2u.swap(Odd(), "dysample", torch.randn(1, 4, 8, 8))
    why = {change.place: change.why for change in report.changes}
    for place, words in {
        "the model: interpolate 1": "makes the map smaller, 8×8 → 4×4",
        "the model: interpolate 3": "the map stays 8×8",
        "shuffle": "only rearranges",
        "uneven": "different factors, 8×8 → 16×24",
        "part": "scale_factor of 1.5 is no integer",
        "line": "3 axes",
        "border": "border beyond stride times the map, 8×8 → 18×18",
        "unused": "did not run on the example",
    }.items():
        assert words in why[place], (place, why[place])
    assert [change.place for change in report.replaced] == ["good"]
    assert f"1 of {len(report.changes)} places replaced" in str(report)
    assert "good: nn.Upsample(bicubic) → DySample, ratio 2, 4 channels" in str(report)
    assert isinstance(swapped.good, Plugged)


class Stubborn(nn.Module):
    """Its forward looks at values, so that it cannot be read as a graph."""

    def __init__(self):
        super().__init__()
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, x):
        y = self.up(x)
        if y.mean() > 0:
            y = y * 2
        return y + F.interpolate(x, scale_factor=2.0)


def test_a_forward_that_cannot_be_read_keeps_its_functions_and_says_so():
    swapped, report = a2u.swap(Stubborn(), "carafe", torch.rand(1, 4, 4, 4))
    up, function = report.changes
    assert up.now == "CARAFE", "a module without a guide needs no graph"
    assert not function.now
    assert "torch.fx cannot read its forward" in function.why
    _, report = a2u.swap(Stubborn(), "a2u", torch.rand(1, 4, 4, 4))
    assert not report.replaced
    assert isinstance(swapped.up, Plugged)


class Moody(nn.Module):
    def forward(self, x):
        y = F.interpolate(x, scale_factor=2)
        return y * 2 if self.training else y


def test_a_forward_that_depends_on_training_is_left():
    _, report = a2u.swap(Moody(), "carafe", torch.rand(1, 4, 4, 4))
    assert "something else in training than in evaluation" in report.changes[0].why


def test_swapping_twice_says_what_is_there():
    once, _ = a2u.swap(UNet(), "dysample", IMAGE)
    twice, report = a2u.swap(once, "carafe", IMAGE)
    assert all("operator of a2u already" in change.why for change in report.changes)
    torch.testing.assert_close(twice.eval()(IMAGE), once.eval()(IMAGE))


def test_only_some_places():
    swapped, report = a2u.swap(UNet(), "carafe", IMAGE, only=["up_one.up"])
    assert [change.place for change in report.replaced] == ["up_one.up"]
    assert isinstance(swapped.up_two.up, nn.Upsample)


def test_an_operator_that_fits_one_place_alone_is_put_there_alone():
    """NAF's window is larger than the smallest map: that place is left whole."""
    swapped, report = a2u.swap(UNet(), "naf", IMAGE, kernel_size=9, features=16)
    assert ["" if change.now else change.why[:30] for change in report.changes] == [
        "NAF looks at a neighbourhood t",
        "",
    ]
    assert swapped(IMAGE).shape == (2, 2, 32, 40)


BAD = {
    "no network": (lambda: a2u.swap(print, "carafe", IMAGE), "takes a network, a torch.nn.Module, got builtin"),
    "operator": (lambda: a2u.swap(UNet(), "carafee", IMAGE), "Unknown operator 'carafee'. Did you mean 'carafe'"),
    "option": (lambda: a2u.swap(UNet(), "carafe", IMAGE, kernel=5), "'carafe' has no option 'kernel'"),
    "example": (lambda: a2u.swap(UNet(), "carafe", 3), "a tensor, a tuple of arguments or a dict"),
    "does not run": (lambda: a2u.swap(UNet(), "carafe", IMAGE[:, :2]), "does not run on the example"),
    "no place": (lambda: a2u.swap(nn.Conv2d(3, 3, 1), "carafe", IMAGE), "upsamples nowhere"),
    "only": (lambda: a2u.swap(UNet(), "carafe", IMAGE, only=["up"]), "'up' is no place.*Places: up_two.up, up_one.up"),
    "only a word": (lambda: a2u.swap(UNet(), "carafe", IMAGE, only="up_one.up"), "list of places"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_message(what):
    call, message = BAD[what]
    with pytest.raises(A2UError, match=message):
        call()
