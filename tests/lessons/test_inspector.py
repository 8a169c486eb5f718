"""The explorer of one value, driven as a learner would: each control over its whole range, extremes included."""

import ipywidgets as widgets
import pytest
import torch
from rendered import is_picture

import a2u
from a2u.errors import A2UError
from a2u.lessons import shared
from a2u.lessons.frame import Panel
from a2u.lessons.inspector import choices, example, explorer, inspect, look


def ends(control: widgets.Widget) -> list:
    """The extremes of a slider, and its middle; all options of a list."""
    if isinstance(control, widgets.IntSlider):
        return sorted({control.min, (control.min + control.max) // 2, control.max})
    return [option[1] if isinstance(option, tuple) else option for option in control.options]


def said_value(says: str) -> str:
    """The value at the end of the sum in words, which may be "0: every product is 0"."""
    return says.splitlines()[0].rsplit("= ", 1)[1].split(":")[0].replace("−", "-")


def drive(panel: Panel, name: str) -> list[tuple[bytes, str]]:
    """What the panel shows for every value of a control."""
    shown = []
    for value in ends(panel.controls[name]):
        drawing = panel.set(**{name: value})
        assert is_picture(panel.image.value)
        assert len(drawing.alt.split()) > 10
        assert drawing.alt in panel.caption.value
        shown.append((panel.image.value, drawing.words))
    return shown


@pytest.fixture(scope="module")
def panel() -> Panel:
    return explorer()


@pytest.mark.parametrize("name", ["operator", "ratio", "channel", "row", "column"])
def test_the_picture_and_its_words_change_with_every_control(panel: Panel, name: str) -> None:
    panel.set(operator="bilinear", ratio=2, channel=0, row=5, column=7)
    shown = drive(panel, name)
    assert len({picture for picture, _ in shown}) == len(shown)
    assert len({words for _, words in shown}) == len(shown)


@pytest.mark.parametrize("operator", [name for _, name in choices()])
def test_every_operator_opens_at_a_corner_and_says_its_value(panel: Panel, operator: str) -> None:
    says = panel.set(operator=operator, ratio=3, channel=3, row=23, column=0).says
    value = float(said_value(says))
    assert value == pytest.approx(float(example(operator, 3)[3][0, 3, 23, 0]), abs=6e-4)


def test_a_tap_that_reads_the_guide_is_drawn_and_said(panel: Panel) -> None:
    """FADE's gate: its picture differs from that of the same taps without it, and the words name its weight."""
    drawing = panel.set(operator="fade:lite", ratio=2, channel=0, row=5, column=7)
    op, x, guide, y = example("fade:lite", 2)
    t = op.witness(x, guide, at=(0, 0, 5, 7))
    assert f"and of the guide at the same place with the weight {float(t.w[-1]):.2f}." in drawing.alt
    assert "25 products of a window" in drawing.alt
    assert said_value(drawing.says) == f"{float(y[0, 0, 5, 7]):.3f}"


def test_a_sum_is_written_as_people_write_sums(panel: Panel) -> None:
    says = panel.set(operator="pixel_shuffle", ratio=2, channel=0, row=5, column=7).says
    assert "+ −" not in says
    assert " − " in says
    assert "= 0: every product is 0\n" in panel.set(operator="nearest", row=0, column=0).says


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        ("a2u:toy", "w: sigmoid of a low-rank bilinear form of the encoder map; shared by all channels.  z: 1×1 of "),
        ("a2u:static-cw", "w: softmax of the sigmoid of a low-rank bilinear form of the encoder map; shared by all "
         "channels.  z: 3×3 of one channel.  Feature family, order 2."),
        ("carafe", "z: 5×5 of one channel.  "),
        ("indexnet:holistic", "sigmoid of a stride-r convolution of the encoder map; shared by all channels.  z: 1×1."),
        ("indexnet:depthwise-o2o", "of the encoder map; one per channel.  z: 1×1.  "),
        ("bilinear", "w: products of (1 − distance) to 2×2 reference points.  z: 3×3, four of its taps in use.  "),
    ],
)  # fmt: skip
def test_words_say_what_this_operator_has_chosen(panel: Panel, operator: str, words: str) -> None:
    says = panel.set(operator=operator, ratio=2, channel=0, row=5, column=7).says
    assert words in says
    first = look(a2u.build("a2u:static-cw", channels=1, order=1), shared.small_map(), shared.encoder_map()[:, :1],
                 at=(0, 0, 5, 7))  # fmt: skip
    assert "of a linear form of" in first.says


def test_a_smaller_ratio_pulls_the_sliders_back_into_the_map(panel: Panel) -> None:
    panel.set(operator="nearest", ratio=4, row=31, column=31)
    panel.set(ratio=2)
    assert (panel.controls["row"].value, panel.controls["row"].max) == (15, 15)
    assert panel.error is None


def test_every_registered_operator_is_offered() -> None:
    assert {name.split(":")[0] for _, name in choices()} == set(a2u.operators.names())


def test_examples_are_the_same_every_time_and_leave_random_numbers_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    example.cache_clear()
    first = example("carafe", 2)[3]
    assert torch.equal(torch.rand(1), expected)
    example.cache_clear()
    assert torch.equal(first, example("carafe", 2)[3])


def test_inspect_opens_your_own_operator_on_your_own_map() -> None:
    x, guide = torch.randn(2, 3, 4, 6), torch.randn(2, 3, 8, 12)
    op = a2u.build("a2u:hybrid-cw", channels=3)
    own = inspect(op, x, guide)
    for name in own.controls:
        drive(own, name)
    assert all(control.layout.display is None for control in own.controls.values())
    only = inspect(a2u.build("nearest", channels=1), shared.small_map())
    assert {name for name, control in only.controls.items() if control.layout.display == "none"} == {
        "sample",
        "channel",
    }, "what has a single value needs no slider"
    y = op(x, guide)
    assert f"= {y[1, 2, 7, 11]:.3f}".replace("-", "−") in own.set(sample=1, channel=2, row=7, column=11).says


def test_inspect_says_what_it_needs() -> None:
    with pytest.raises(A2UError, match="inspect opens an Upsampler, got Conv2d"):
        inspect(torch.nn.Conv2d(1, 1, 1), torch.zeros(1, 1, 2, 2))
    with pytest.raises(A2UError, match="needs a guide"):
        inspect(a2u.build("max_unpool", channels=1), torch.zeros(1, 1, 2, 2))


def test_look_shows_one_value() -> None:
    drawing = look(a2u.build("nearest", channels=1), shared.small_map(), at=(0, 0, 0, 5))
    assert "row 0, column 5" in drawing.alt
    assert is_picture(drawing.png())


@pytest.mark.parametrize("name", ["sapa:b", "sapa:g", "naf"])
def test_operators_with_norms_choose_among_their_taps(name: str) -> None:
    """Weights of norms are no biases: with a scale of zero all kernels would be box filters."""
    op, x, guide, _ = example(name, 2)
    w = op.kernel(x, guide)
    assert float(w.amax(2).mean()) > 4 / w.shape[2]
