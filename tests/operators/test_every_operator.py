"""What holds for every operator: forward is the formula, state and autocast, parameter counts, and bad input.

What each operator computes stands in the test of its own file."""

import pytest
import torch
from every import built, maps, rebuilt

import a2u
from a2u import A2UError
from a2u.operators import names

MATTING_CHANNELS = (64, 64, 128, 256)

# The exact counts over the four stages of the matting network; each rounds to the paper's Table 2.
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
def test_counts(name, options, exact, printed):
    ops = (a2u.build(name, c, **options) for c in MATTING_CHANNELS)
    counted = sum(p.numel() for op in ops for p in op.parameters())
    assert counted == exact
    assert abs(counted - printed) / printed < 0.06


def test_the_thing_that_counts_is_that_forward_is_the_formula():
    """forward = reassemble(x, kernel) for all whose kernels are per position."""
    for name in names():
        op = built(name).double()
        x, guide = maps(op, 2, 5, 3, torch.float64)
        torch.testing.assert_close(op(x, guide), rebuilt(op, x, guide), msg=name)


@pytest.mark.parametrize("name", names())
def test_state_survives_a_round_trip(name):
    first, second = built(name), built(name, seed=8)
    x, guide = maps(first, 2, 5, 3)
    second.load_state_dict(first.state_dict())
    torch.testing.assert_close(second(x, guide), first(x, guide), rtol=0, atol=0)


@pytest.mark.parametrize("name", names())
def test_autocast(name):
    """Kernels made in bfloat16 meet a float32 map."""
    op = built(name)
    x, guide = maps(op, 2, 5, 3)
    with torch.autocast("cpu", torch.bfloat16):
        y = op(x, guide)
    torch.testing.assert_close(y.float(), op(x, guide), atol=0.1, rtol=0.1)


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
