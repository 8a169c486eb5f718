"""What each operator is: equal to torch's own where torch has it, to nested loops where it has not."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import a2u
from a2u import A2UError, formula
from a2u.operators import card, names, presets
from a2u.operators.carafe import carafe_kernel

MATTING_CHANNELS = (64, 64, 128, 256)


def seeded(name, channels=4, ratio=2, **options):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return a2u.build(name, channels, ratio, **options).double().eval()


def maps(n=2, channels=4, height=5, width=3, ratio=2, seed=0):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(n, channels, height, width, generator=rng, dtype=torch.float64)
    guide = torch.randn(n, channels, height * ratio, width * ratio, generator=rng, dtype=torch.float64)
    return x, guide


class TestTorchAgrees:
    """Equal to torch to 1e-6 (float64 here: far better)."""

    @given(st.sampled_from(["nearest", "bilinear", "bicubic"]), st.integers(1, 5), st.integers(1, 9), st.integers(1, 9))
    def test_interpolate(self, name, ratio, height, width):
        x, _ = maps(height=height, width=width)
        expected = F.interpolate(x, scale_factor=ratio, mode=name)
        torch.testing.assert_close(seeded(name, ratio=ratio)(x), expected, atol=1e-6, rtol=1e-6)

    @given(st.integers(2, 4), st.integers(1, 7), st.integers(1, 5), st.integers(1, 6))
    def test_conv_transpose2d(self, ratio, size, height, width):
        if size < ratio:
            size = ratio
        x, _ = maps(height=height, width=width)
        op = seeded("deconvolution", ratio=ratio, out_channels=3, kernel_size=size)
        padding = math.ceil((size - ratio) / 2)
        expected = F.conv_transpose2d(x, op.weight, stride=ratio, padding=padding, output_padding=(size - ratio) % 2)
        torch.testing.assert_close(op(x), expected)

    @given(st.integers(1, 4), st.sampled_from([1, 3, 5]))
    def test_pixel_shuffle(self, ratio, size):
        x, _ = maps()
        op = seeded("pixel_shuffle", ratio=ratio, out_channels=3, kernel_size=size)
        torch.testing.assert_close(op(x), F.pixel_shuffle(F.conv2d(x, op.weight, padding=size // 2), ratio))

    def test_phases_alike_begin_as_interpolation(self):
        x, _ = maps(height=6, width=7)
        op = seeded("deconvolution", out_channels=3, phases="alike")
        mixture = op.weight.detach().sum((2, 3)).T / 4  # the triangle sums to 2 along an axis
        smooth = F.interpolate(torch.einsum("oc,nchw->nohw", mixture, x), scale_factor=2, mode="bilinear")
        inner = (..., slice(1, -1), slice(1, -1))  # zeros lie outside the map, where bilinear repeats its border
        torch.testing.assert_close(op(x)[inner], smooth[inner])
        op = seeded("pixel_shuffle", out_channels=3, phases="alike")
        coarse = F.conv2d(x, op.weight[::4], padding=1)
        torch.testing.assert_close(op(x), F.interpolate(coarse, scale_factor=2, mode="nearest"))
        assert not torch.equal(seeded("pixel_shuffle").weight[0], seeded("pixel_shuffle").weight[1])

    @given(st.integers(1, 4), st.integers(0, 50))
    def test_max_unpool2d(self, ratio, seed):
        x, guide = maps(ratio=ratio, seed=seed)
        guide = guide.round(decimals=0)  # many ties: the first maximum counts, as in torch
        pooled, index = F.max_pool2d(guide, ratio, return_indices=True)
        op = seeded("max_unpool", ratio=ratio)
        torch.testing.assert_close(op(x, guide), F.max_unpool2d(x, index, ratio))
        torch.testing.assert_close(op.downsample(guide), pooled)

    def test_gradients_of_torch(self):
        x, guide = (t.requires_grad_() for t in maps())
        _, index = F.max_pool2d(guide, 2, return_indices=True)
        pairs = {
            "bicubic": lambda: F.interpolate(x, scale_factor=2, mode="bicubic"),
            "max_unpool": lambda: F.max_unpool2d(x, index, 2),
        }
        for name, theirs in pairs.items():
            (ours,) = torch.autograd.grad(seeded(name)(x, guide).sin().sum(), x)
            torch.testing.assert_close(ours, torch.autograd.grad(theirs().sin().sum(), x)[0], msg=name)


class TestCarafe:
    def test_k1_is_nearest_neighbour(self):
        """A softmax over one tap is 1, whatever the features say."""
        x, _ = maps()
        torch.testing.assert_close(seeded("carafe", kernel_size=1)(x), seeded("nearest")(x))

    def test_nested_loops(self):
        x, _ = maps(n=1, height=3, width=2)
        op = seeded("carafe", kernel_size=3)
        logits = op.encode(op.compress(x))  # 1, 9·4, 3, 2
        expected = torch.zeros(1, 4, 6, 4, dtype=x.dtype)
        for i, j in itertools.product(range(6), range(4)):
            phase = (i % 2) * 2 + j % 2
            w = torch.stack([logits[0, t * 4 + phase, i // 2, j // 2] for t in range(9)]).softmax(0)
            for t in range(9):
                a, b = i // 2 + t // 3 - 1, j // 2 + t % 3 - 1
                if 0 <= a < 3 and 0 <= b < 2:
                    expected[0, :, i, j] += w[t] * x[0, :, a, b]
        torch.testing.assert_close(op(x), expected)

    def test_kernels_are_positive_and_sum_to_one(self):
        x, _ = maps()
        w = seeded("carafe").kernel(x)
        assert bool((w > 0).all())
        torch.testing.assert_close(w.sum(2), torch.ones(2, 1, 10, 6, dtype=x.dtype))
        assert carafe_kernel(torch.zeros(1, 36, 2, 2), 2).shape == (1, 1, 9, 4, 4)


class TestIndexNet:
    @pytest.mark.parametrize("kind", ["holistic", "depthwise-o2o", "depthwise-m2o"])
    @pytest.mark.parametrize("context", [False, True])
    def test_linear_indices_by_nested_loops(self, kind, context):
        x, guide = maps(n=1, height=3, width=2)
        op = seeded("indexnet", kind=kind, context=context)
        k, start = (4, 1) if context else (2, 0)
        padded = F.pad(guide, (k, k, k, k))
        expected = torch.zeros(1, 4, 6, 4, dtype=x.dtype)
        for c, i, j in itertools.product(range(4), range(6), range(4)):
            phase = (i % 2) * 2 + j % 2
            row = phase if kind == "holistic" else c * 4 + phase
            top, left = 2 * (i // 2) - start + k, 2 * (j // 2) - start + k
            seen = padded[0, c : c + 1] if kind == "depthwise-o2o" else padded[0]
            index = (op.index.weight[row] * seen[:, top : top + k, left : left + k]).sum().sigmoid()
            expected[0, c, i, j] = index * x[0, c, i // 2, j // 2]
        torch.testing.assert_close(op(x, guide), expected)

    @pytest.mark.parametrize("kind", ["holistic", "depthwise-o2o", "depthwise-m2o"])
    def test_nonlinear_blocks_one_phase_at_a_time(self, kind):
        """The r² blocks run side by side as groups; taken apart, each is conv, norm, ReLU6, conv."""
        x, guide = maps()
        op = seeded("indexnet", kind=kind, nonlinear=True)
        first, norm, _, last = op.index
        with torch.no_grad():
            norm.running_mean.uniform_(-0.2, 0.2), norm.running_var.uniform_(0.5, 2)
        hidden = F.conv2d(guide, first.weight, stride=2, padding=1, groups=first.groups)
        scale = (norm.weight / (norm.running_var + norm.eps).sqrt())[:, None, None]
        hidden = ((hidden - norm.running_mean[:, None, None]) * scale + norm.bias[:, None, None]).clamp(0, 6)
        logits = torch.zeros(2, 1 if kind == "holistic" else 4, 4, 5, 3, dtype=x.dtype)  # N G phase H W
        w = last.weight[:, :, 0, 0]
        for phase in range(4):
            if kind == "holistic":
                logits[:, 0, phase] = torch.einsum("h,nhij->nij", w[phase], hidden)
            elif kind == "depthwise-m2o":
                block = hidden[:, phase * 8 : phase * 8 + 8]
                logits[:, :, phase] = torch.einsum("ch,nhij->ncij", w[phase * 4 : phase * 4 + 4], block)
            else:
                for c in range(4):
                    pair = hidden[:, (c * 4 + phase) * 2 : (c * 4 + phase) * 2 + 2]
                    logits[:, c, phase] = torch.einsum("h,nhij->nij", w[c * 4 + phase], pair)
        torch.testing.assert_close(op.logits(guide), logits.flatten(1, 2))

    def test_index_pooling_is_a_weighted_mean_of_each_block(self):
        _, guide = maps()
        op = seeded("indexnet:holistic")
        w = op.down_kernel(guide)
        torch.testing.assert_close(w.sum(2), torch.ones(2, 1, 5, 3, dtype=guide.dtype))
        blocks = guide.unflatten(2, (5, 2)).unflatten(4, (3, 2)).permute(0, 1, 3, 5, 2, 4).flatten(2, 3)
        torch.testing.assert_close(op.downsample(guide), (w * blocks).sum(2))


class TestParameters:
    """The exact counts over the four stages of the matting network; each rounds to the paper's Table 2."""

    COUNTS = (
        ("carafe", {}, 263_824, 0.26e6),
        ("indexnet:depthwise-m2o", {"nonlinear": True}, 12_263_424, 12.26e6),
        ("a2u:static-pw-cw", {}, 102_436, 0.10e6),
        ("a2u:static-cw", {}, 25_744, 26e3),
        ("a2u:hybrid-cw", {}, 44_176, 44e3),
        ("a2u:hybrid-cs", {}, 18_776, 19e3),
        ("a2u:dynamic-cw", {}, 199_824, 0.20e6),
        ("a2u:dynamic-cs", {}, 19_608, 20e3),
        ("a2u:dynamic-cs-d", {}, 38_184, 38e3),
        ("a2u:dynamic-cs-d-norm", {}, 40_232, 38e3),
    )

    @pytest.mark.parametrize(("name", "options", "exact", "printed"), COUNTS, ids=[c[0] for c in COUNTS])
    def test_counts(self, name, options, exact, printed):
        ops = (a2u.build(name, c, **options) for c in MATTING_CHANNELS)
        counted = sum(p.numel() for op in ops for p in op.parameters())
        assert counted == exact
        assert abs(counted - printed) / printed < 0.06


class TestRegistry:
    def test_names_follow_the_course(self):
        assert names() == [
            "nearest",
            "bilinear",
            "bicubic",
            "max_unpool",
            "deconvolution",
            "pixel_shuffle",
            "carafe",
            "indexnet",
            "a2u",
        ]
        assert "dynamic-cs-d" in presets("a2u")

    @pytest.mark.parametrize("name", names())
    def test_cards_say_everything(self, name):
        c = card(name)
        assert c.family in ("distance", "learned", "feature")
        assert c.order in (0, 1, 2)
        assert all([c.title, c.kernel, c.window, c.cost, c.source, c.ratios])
        op = a2u.build(name, 4)
        assert c.pairs_down == hasattr(op, "downsample")
        x, guide = maps()
        if c.needs_guide:
            with pytest.raises(A2UError, match="needs a guide"):
                op(x.float())
        else:  # a guide is accepted and changes nothing, so a network may treat all operators alike
            torch.testing.assert_close(op(x.float()), op(x.float(), guide.float()))

    def test_the_thing_that_counts_is_that_forward_is_the_formula(self):
        """forward = reassemble(x, kernel) for all whose kernels are per position."""
        x, guide = maps()
        for name in names():
            op = seeded(name)
            w = op.kernel(x, guide)
            rebuilt = formula.universal(x, w, 2) if w.dim() == 2 else formula.reassemble(x, w, 2, "reference")
            torch.testing.assert_close(op(x, guide), rebuilt, msg=name)

    @pytest.mark.parametrize("name", names())
    def test_state_survives_a_round_trip(self, name):
        x, guide = maps()
        first, second = seeded(name), a2u.build(name, 4).double().eval()
        second.load_state_dict(first.state_dict())
        torch.testing.assert_close(second(x, guide), first(x, guide), rtol=0, atol=0)

    @pytest.mark.parametrize("name", names())
    def test_autocast(self, name):
        """Kernels made in bfloat16 meet a float32 map."""
        x, guide = maps()
        op = a2u.build(name, 4).eval()
        with torch.autocast("cpu", torch.bfloat16):
            y = op(x.float(), guide.float())
        torch.testing.assert_close(y.float(), op(x.float(), guide.float()), atol=0.1, rtol=0.1)


X, GUIDE = torch.zeros(2, 4, 5, 3), torch.zeros(2, 4, 10, 6)
BAD = {
    "unknown operator": (lambda: a2u.build("bilnear", 4), "Unknown operator 'bilnear'. Did you mean 'bilinear'"),
    "unknown preset": (lambda: a2u.build("a2u:dynamic-sc", 4), "Unknown preset 'dynamic-sc' of 'a2u'. Did you mean"),
    "preset of none": (lambda: a2u.build("carafe:small", 4), "'carafe' has no presets"),
    "unknown option": (lambda: a2u.build("a2u", 4, rnk=2), "no option 'rnk'. Did you mean 'rank'"),
    "option of none": (lambda: a2u.build("nearest", 4, mode="x"), "'nearest' has no option 'mode'. It has no options"),
    "channels": (lambda: a2u.build("nearest", 0), "channels must be an integer ≥ 1, got 0"),
    "ratio": (lambda: a2u.build("nearest", 4, 1.5), "ratio must be an integer ≥ 1, got 1.5"),
    "wrong rank": (lambda: a2u.build("nearest", 4)(X[0]), r"\(N, 4, H, W\), got \(4, 5, 3\)"),
    "channel mismatch": (lambda: a2u.build("carafe", 8)(X), r"\(N, 8, H, W\), got \(2, 4, 5, 3\)"),
    "guide size": (lambda: a2u.build("a2u", 4)(X, GUIDE[..., 1:]), r"\(2, 4, 10, 6\), got \(2, 4, 10, 5\)"),
    "guide channels": (lambda: a2u.build("a2u", 4, guide_channels=8)(X, GUIDE), r"\(2, 8, 10, 6\), got"),
    "unpool channels": (lambda: a2u.build("max_unpool", 4, guide_channels=8), "same channels"),
    "one-to-one channels": (lambda: a2u.build("indexnet:depthwise-o2o", 4, guide_channels=8), "same channels"),
    "kind": (lambda: a2u.build("indexnet", 4, kind="wholistic"), "Did you mean 'holistic'"),
    "small deconvolution": (lambda: a2u.build("deconvolution", 4, 3, kernel_size=2), "kernel_size ≥ ratio, got 2 < 3"),
    "phases": (lambda: a2u.build("pixel_shuffle", 4, phases="alik"), "Did you mean 'alike'"),
    "mode": (lambda: a2u.build("a2u", 4, mode="dynmic"), "Did you mean 'dynamic'"),
    "softmax of one": (lambda: a2u.build("a2u", 4, kernel_size=1, normalization="softmax"), "over one tap is always 1"),
    "rank too high": (lambda: a2u.build("a2u", 4, rank=26), "at most k_en² = 25"),
    "group norm": (lambda: a2u.build("a2u", 4, group_norm=True), "32 groups of the group norm must divide .* got 4"),
    "order": (lambda: a2u.build("a2u", 4, order=3), "order is 2"),
    "not paired": (lambda: a2u.build("a2u", 4).downsample(GUIDE), "paired=True"),
    "odd guide": (lambda: a2u.build("indexnet", 4).downsample(GUIDE[..., 1:]), "that 2 divides, got 10×5"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_message(case):
    call, message = BAD[case]
    with pytest.raises(A2UError, match=message):
        call()
