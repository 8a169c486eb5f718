"""The registry: names in the order of the course, and a card that says everything."""

import pytest
import torch
from every import built, maps

from a2u import A2UError
from a2u.operators import card, names, presets
from a2u.operators.contract import GUIDES, SUMS


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
        "dysample",
        "sapa",
        "fade",
        "bilateral",
        "naf",
        "sapa_d",
        "lda_aqu",
        "carafe_plus",
        "featup",
    ]
    assert "dynamic-cs-d" in presets("a2u")


@pytest.mark.parametrize("name", names())
def test_cards_say_everything(name):
    c = card(name)
    assert c.family in ("distance", "learned", "feature")
    assert c.order in (0, 1, 2)
    assert c.guided_by in GUIDES
    assert c.sums_to_one in SUMS
    assert all([c.title, c.kernel, c.window, c.cost, c.source, c.ratios, c.groups, c.border])
    op = built(name)
    assert c.pairs_down == hasattr(op, "downsample")
    x, guide = maps(op, 2, 5, 3)
    if c.needs_guide:
        with pytest.raises(A2UError, match="needs a guide"):
            op(x)
    else:  # a guide is accepted and changes nothing, so a network may treat all operators alike
        torch.testing.assert_close(op(x), op(x, guide))
