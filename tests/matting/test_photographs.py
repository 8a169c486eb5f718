"""Photographs with painted trimaps: they are there, and what is said of a matte is what it is."""

import pytest
import torch

from a2u.errors import A2UError
from a2u.matting.data.trimap import VALUES
from a2u.matting.photographs import PHOTOGRAPHS, photograph, shares


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_trimap_leaves_a_band_between_what_is_known(name):
    case = photograph(name)
    left, top, right, bottom = PHOTOGRAPHS[name].crop
    assert case.image.shape == (3, bottom - top, right - left)
    assert case.trimap.shape == (1, bottom - top, right - left)
    assert case.trimap.unique().tolist() == list(VALUES)
    assert 0.05 < float((case.trimap == 128).double().mean()) < 0.3
    assert case.alpha is None
    y, x, side = PHOTOGRAPHS[name].zoom
    assert (case.trimap[0, y : y + side, x : x + side] == 128).any()
    assert y + side <= bottom - top
    assert x + side <= right - left


def test_shares_are_of_the_unknown_band_alone():
    trimap = torch.tensor([[[0, 128, 128, 128, 128, 255]]], dtype=torch.uint8)
    alpha = torch.tensor([[[1.0, 0.95, 0.5, 0.05, 0.0, 0.0]]])
    found = shares(alpha, trimap)
    assert (found.front, found.behind, found.mixed) == (0.25, 0.5, 0.25)
    with pytest.raises(A2UError, match="one shape"):
        shares(alpha[..., 1:], trimap)
    with pytest.raises(A2UError, match="no pixel as unknown"):
        shares(alpha, trimap.clamp(max=0))


def test_an_unknown_photograph_is_named():
    with pytest.raises(A2UError, match="Did you mean 'astronaut'"):
        photograph("astronout")
