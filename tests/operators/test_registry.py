"""The registry: names in the order of the course, and a card that says everything."""

import pytest
import torch
from small_maps import maps

import a2u
from a2u import A2UError
from a2u.operators import card, names, presets


def test_names_follow_the_course():
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
def test_cards_say_everything(name):
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
